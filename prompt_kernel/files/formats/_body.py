"""Between texts of other tools and ours, by way of parts: characters, holes that are filled, and inclusions.

A format reads its text into parts (`Hole`, `Include`, and characters that stand for themselves), and `compose` writes
these in our language so that an expansion gives exactly these characters; `decompose` is the inverse. What cannot be
said in our language becomes characters, and is reported.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from prompt_kernel.language import Engine, Escape, Inclusion, Quoted, Text, Variable, parse
from prompt_kernel.names import is_suffix, key_of
from prompt_kernel.spans import Span
from prompt_kernel.variables import Scalar


class Hole(NamedTuple):
    """A variable: its name, which is an identifier, and how the tool spells it."""

    name: str
    source: str = ""


class Include(NamedTuple):
    """A place where another prompt is to stand, and how the tool spells it."""

    path: str
    source: str = ""
    pin: int | str | None = None
    arguments: tuple[tuple[str, Scalar], ...] = ()


Part = str | Hole | Include


class Composed(NamedTuple):
    """A text of ours, the engine that it needs, and the constructs that had to become characters."""

    text: str
    engine: Engine
    demoted: tuple[Hole | Include, ...] = ()


#: Each round settles all conflicts that it finds; new ones hardly ever come of that.
_ROUNDS: Final = 8
_VARIABLE = re.compile(r"\{\{[ \t]*[^\s{}]+[ \t]*\}\}")
_OPENING = re.compile(r"\\|\[\[|\{\{")


def compose(parts: Iterable[Part]) -> Composed:
    """Return a text that expands to `parts`, whatever their characters look like.

    The engine is `plain` where braces stand for themselves and there is no hole, so that they need no escapes.
    """
    wanted = joined(parts)
    demoted: list[Hole | Include] = []
    for _ in range(_ROUNDS):
        engine: Engine = _engine_for(wanted)
        text, spans = _spelled(wanted, engine)
        conflicts = _conflicts(text, spans, engine)
        if not conflicts:
            found = _escaped(text, {span.start for _, span in spans}, engine)
            if same(decompose(found, engine), wanted):
                return Composed(found, engine, tuple(demoted))
            conflicts = set(range(len(wanted)))
        demoted += [part for at, part in enumerate(wanted) if at in conflicts and not isinstance(part, str)]
        wanted = joined(_as_text(part) if at in conflicts else part for at, part in enumerate(wanted))
    demoted += [part for part in wanted if not isinstance(part, str)]
    text = "".join(map(_as_text, wanted))
    return Composed(_escaped(text, set(), "simple"), "simple", tuple(demoted))


def escape_inclusions(text: str) -> str:
    """Return a text for the engines `plain` and `jinja` in which no character of `text` includes anything."""
    return _escaped(text, set(), "plain")


def same(parts: Iterable[Part], others: Iterable[Part]) -> bool:
    """Tell whether both mean the same, however it is spelled."""
    return list(map(_bare, joined(parts))) == list(map(_bare, joined(others)))


def joined(parts: Iterable[Part]) -> list[Part]:
    """Return `parts` with neighbouring characters put together, and none that are empty."""
    found: list[Part] = []
    run: list[str] = []
    for part in parts:
        if isinstance(part, str):
            run.append(part)
            continue
        if text := "".join(run):
            found.append(text)
        run = []
        found.append(part)
    if text := "".join(run):
        found.append(text)
    return found


def decompose(text: str, engine: Engine) -> list[Part]:
    """Return the parts of a text of ours; under `jinja` the template's own braces are characters."""
    return joined(map(_part, parse(text, engine)))


def _part(part: object) -> Part:
    if isinstance(part, Variable):
        return Hole(part.name, part.source)
    if isinstance(part, Inclusion):
        return Include(part.path, part.source, part.pin, part.arguments)
    if isinstance(part, Escape):
        return part.literal
    return part.source if isinstance(part, Text | Quoted) else ""


def _engine_for(parts: Sequence[Part]) -> Engine:
    if any(isinstance(part, Hole) for part in parts):
        return "simple"
    braces = any(isinstance(part, str) and _has_variables(part) for part in parts)
    return "plain" if braces else "simple"


def _has_variables(text: str) -> bool:
    return any(isinstance(part, Variable | Escape) and "{{" in part.source for part in parse(text))


def _bare(part: Part) -> Part:
    """Return `part` without its spelling, so that two of the same meaning are equal."""
    return part if isinstance(part, str) else part._replace(source="")


def _as_text(part: Part) -> str:
    return part if isinstance(part, str) else part.source


def _spelled(parts: Sequence[Part], engine: Engine) -> tuple[str, list[tuple[int, Span]]]:
    """Return the text without any escapes, and where each construct of ours stands in it, by its number in `parts`."""
    pieces = list(map(_ours, parts))
    for _ in range(2):
        text, spans = "".join(pieces), list(_places(parts, pieces))
        quoted = {part.start for part in parse(text, engine) if isinstance(part, Quoted)}
        in_code = [at for at, span in spans if span.start in quoted]
        if not in_code:
            break
        for at in in_code:
            pieces[at] = "!" + pieces[at]
    return text, spans


def _ours(part: Part) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Hole):
        return part.source if is_spelled_alike(part) else f"{{{{ {part.name} }}}}"
    if _bare_inclusion(part.source) == part._replace(source=""):
        return part.source
    given = ", ".join(f"{name}={_value(value)}" for name, value in part.arguments)
    pin = "" if part.pin is None else f"@{part.pin}"
    return f"[[{part.path}{pin}{f'({given})' if given else ''}]]"


def is_spelled_alike(hole: Hole) -> bool:
    """Tell whether the tool spells a hole as we do, so that its text can stay as it is."""
    return _VARIABLE.fullmatch(hole.source) is not None and hole.source.strip("{} \t") == hole.name


def _bare_inclusion(source: str) -> Part | None:
    """Return what `source` includes if it is one inclusion of ours and nothing else."""
    parts = parse(source, "plain") if "[[" in source else []
    return _bare(_part(parts[0])) if len(parts) == 1 else None


def shortest(include: Include) -> str:
    """Return the name of what is included as it was spelled, if that is the end of its path; else the whole path."""
    spelled = _bare_inclusion(include.source)
    if isinstance(spelled, Include) and is_suffix(key_of(spelled.path), key_of(include.path)):
        return spelled.path
    return include.path


def included(parts: Iterable[Part]) -> dict[str, str]:
    """Return the paths of what `parts` include by all names that they may be spelled with."""
    found = [part for part in parts if isinstance(part, Include)]
    return {name: part.path for part in found for name in (part.path, shortest(part))}


def is_more_than_a_name(part: Part) -> bool:
    """Tell an inclusion that is pinned or has arguments."""
    return isinstance(part, Include) and (part.pin is not None or bool(part.arguments))


def _value(value: Scalar) -> str:
    if not isinstance(value, str):
        return str(value).lower()
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _places(parts: Sequence[Part], pieces: Sequence[str]) -> Iterator[tuple[int, Span]]:
    position = 0
    for at, piece in enumerate(pieces):
        if not isinstance(parts[at], str):
            yield at, Span(position, position + len(piece))
        position += len(piece)


def _conflicts(text: str, spans: Sequence[tuple[int, Span]], engine: Engine) -> set[int]:
    """Return which constructs of ours are not read as such, because of what stands around them."""
    read = {part.span for part in parse(text, engine) if isinstance(part, Variable | Inclusion)}
    return {at for at, span in spans if span not in read}


def _escaped(text: str, ours: set[int], engine: Engine) -> str:
    """Put a backslash before each construct of `text` that does not begin at one of `ours`."""
    pieces: list[str] = []
    for part in parse(text, engine):
        foreign = isinstance(part, Escape | Inclusion | Variable) and part.start not in ours
        pieces.append(_OPENING.sub(r"\\\g<0>", part.source, count=1) if foreign else part.source)
    return "".join(pieces)
