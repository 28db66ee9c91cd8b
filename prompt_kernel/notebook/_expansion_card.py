"""The card of an expansion: the text with the origin of each piece, the values, the findings and the manifest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from prompt_kernel.expansion import Diagnostic, Expansion, Manifest, Piece
from prompt_kernel.notebook._columns import pinned
from prompt_kernel.notebook._html import Html, cut, details, join, preformatted, table, tag
from prompt_kernel.notebook._parts import (
    MOST_CHARACTERS,
    MOST_IN_CELL,
    MOST_ROWS,
    counted,
    head,
    hidden,
    line,
    more,
    record_table,
    size_of,
)

_MOST_PIECES: Final = 300
_MOST_LEGEND: Final = 12
_MOST_PATH: Final = 80

#: One wash of colour for each prompt that an expansion is made of, thin enough to read through in light and in dark.
#: They are set on the elements themselves, because a notebook from elsewhere loses its style sheets only.
_WASHES: Final = (
    "rgba(66,133,244,.22)", "rgba(52,168,83,.24)", "rgba(251,188,5,.26)", "rgba(171,71,188,.22)",
    "rgba(0,172,193,.24)", "rgba(255,112,67,.24)", "rgba(158,157,36,.28)", "rgba(236,64,122,.20)",
)  # fmt: skip


def expansion_card(value: Expansion) -> Html:
    """Return the card of `value`."""
    runs = list(_runs(value.pieces))
    washes = _washes_for(value, runs)
    return join([
        head(pinned(value.path, value.version), "expanded", size_of(value)),
        _findings(value.diagnostics),
        preformatted(*_colored(runs, washes)),
        hidden(value),
        _legend(runs, washes),
        _bound(value),
        _made_of(value.manifest),
    ])  # fmt: skip


def manifest_card(value: Manifest) -> Html:
    """Return the card of a manifest."""
    if not value.entries:
        return head("Manifest", "empty")
    return join([head("Manifest", counted(len(value.entries), "text")), record_table(value.entries, "text")])


def diagnostic_card(value: Diagnostic) -> Html:
    """Return the card of one finding."""
    return preformatted(_finding(value))


def _runs(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Join neighbours of one origin, so that the card needs fewer elements."""
    texts: list[str] = []
    last: Piece | None = None
    for piece in pieces:
        if last is not None and _origin(last) == _origin(piece) and last.variable is None:
            texts.append(piece.text)
            last = last._replace(source=last.source._replace(end=max(last.source.end, piece.source.end)))
            continue
        if last is not None:
            yield last._replace(text="".join(texts))
        last, texts = piece, [piece.text]
    if last is not None:
        yield last._replace(text="".join(texts))


def _origin(piece: Piece) -> tuple[str, int | None, str | None]:
    return piece.path, piece.version, piece.variable


def _washes_for(value: Expansion, runs: Iterable[Piece]) -> dict[str, str]:
    """Give each prompt but the expanded one a colour, in order of appearance."""
    own = pinned(value.path, value.version)
    others = [name for name in dict.fromkeys(pinned(run.path, run.version) for run in runs) if name != own]
    washes = {name: f"background-color:{_WASHES[at % len(_WASHES)]}" for at, name in enumerate(others)}
    return {own: "", **washes}


def _colored(runs: Sequence[Piece], washes: Mapping[str, str]) -> Iterator[str]:
    left = MOST_CHARACTERS
    for run in runs[:_MOST_PIECES]:
        name = pinned(run.path, run.version)
        kind = "pk-hole" if run.variable else ""
        yield tag("span", run.text[:left], class_=kind, style=washes[name], title=_where(run, cut(name, _MOST_PATH)))
        left -= len(run.text)
        if left <= 0:
            return
    # Beyond so many pieces the origin is left to `.pieces`; the text goes on.
    yield "".join(run.text for run in runs[_MOST_PIECES:])[:left]


def _where(run: Piece, name: str) -> str:
    if run.variable:
        return f"the value of {run.variable}, in {name}"
    return f"{name}, characters {run.source.start:,} to {run.source.end:,}"


def _legend(runs: Iterable[Piece], washes: Mapping[str, str]) -> Html | None:
    """Return how many characters came from each prompt, if there is more than one."""
    if len(washes) == 1:
        return None
    lengths = dict.fromkeys(washes, 0)
    for run in runs:
        lengths[pinned(run.path, run.version)] += len(run.text)
    chips = [
        tag("span", f"{cut(name, _MOST_PATH)} ({length:,})", class_="pk-chip", style=washes[name])
        for name, length in islice(lengths.items(), _MOST_LEGEND)
    ]
    left = len(lengths) - len(chips)
    return line("Characters by origin: ", join(chips, " "), f" … and {left:,} more" if left else "")


def _bound(value: Expansion) -> Html | None:
    """Return what each variable was filled with, and who gave it."""
    values = value.variables
    if not values:
        return None
    from_notebook: frozenset[str] = getattr(value, "from_notebook", frozenset())
    rows = [
        (
            tag("code", cut(name, _MOST_PATH)),
            tag("span", cut(str(item), MOST_IN_CELL), style="white-space:pre-wrap"),
            "default" if name in value.defaults else "notebook" if name in from_notebook else "given",
        )
        for name, item in islice(values.items(), MOST_ROWS)
    ]
    return join([table(("variable", "value", "from"), rows), more(len(values) - len(rows), "variable")])


def _made_of(manifest: Manifest) -> Html | None:
    if not manifest.entries:
        return None
    return details(f"Made of {counted(len(manifest.entries), 'text')}", record_table(manifest.entries, "text"))


def _findings(findings: Sequence[Diagnostic]) -> Html | None:
    if not findings:
        return None
    texts = [_finding(found) for found in findings[:MOST_ROWS]]
    return join([preformatted(join(texts, "\n")), more(len(findings) - len(texts), "finding")])


def _finding(found: Diagnostic) -> Html:
    kind = f"pk-{found.severity}" if found.severity in ("error", "warning") else ""
    message = cut(found.message, 10 * MOST_IN_CELL) + cut(found.excerpt, 10 * MOST_IN_CELL)
    return join([tag("strong", found.severity, class_=kind), f": {message}"])
