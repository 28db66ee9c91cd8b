"""How values look where there are no cards: in a terminal, and as the plain text that a notebook keeps beside a card.

An `Expansion` is not here: it is its own raw text.
"""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any, Final

from prompt_kernel.display import Rows
from prompt_kernel.errors import ConflictError
from prompt_kernel.notebook._columns import Value, cell, columns_of, is_of_experiments, listed, moment
from prompt_kernel.notebook._html import cut, visible
from prompt_kernel.notebook._saved import Saved
from prompt_kernel.records import Directory, Drift, Finding, Impact, Prompt, Summary, TextDiff, Version

_MOST_ROWS: Final = 200
_MOST_IN_CELL: Final = 48


def text(value: object) -> str:
    """Return `value` as plain text in which no control character acts."""
    return visible(_text(value))


@singledispatch
def _text(value: object) -> str:
    if is_of_experiments(value):
        from prompt_kernel.notebook._experiment_texts import TEXTS  # noqa: PLC0415 - most notebooks have no experiments

        return TEXTS.get(type(value), str)(value)
    return str(value)


@_text.register(Rows)
def _rows(value: Rows[Any]) -> str:
    differences = [str(row.diff) for row in value if isinstance(row, Drift) and row.diff]
    return "\n".join([*([value.title] if value.title else []), table(value) if value else value.empty, *differences])


def table(records: Sequence[object]) -> str:
    """Return a table of records of one kind, without the columns that none of them fills."""
    rows = records[:_MOST_ROWS]
    columns = columns_of(rows[0])
    lines = [[column.head for column in columns], *([_cell(column.value(row)) for column in columns] for row in rows)]
    used = [at for at in range(len(columns)) if any(line[at] for line in lines[1:])]
    widths = [max(len(line[at]) for line in lines) for at in used]
    drawn = ["  ".join(line[at].ljust(width) for at, width in zip(used, widths, strict=True)) for line in lines]
    left = len(records) - len(rows)
    more = [f"… and {left:,} more"] if left else []
    return "\n".join(line.rstrip() for line in [*(drawn if drawn[0].strip() else drawn[1:]), *more])


def _cell(value: Value) -> str:
    words = " ".join(str(cell(value)).split())
    return words if len(words) <= _MOST_IN_CELL else words[: _MOST_IN_CELL - 1] + "…"


@_text.register
def _prompt(value: Prompt) -> str:
    facts = [f"version {value.version}"]
    facts += [f"tags {listed(value.tags)}"] if value.tags else []
    facts += [f"labels {listed(value.labels)}"] if value.labels else []
    return f"{value.path} · {' · '.join(facts)}\n\n{value.text}"


@_text.register
def _saved(value: Saved) -> str:
    note = "".join(f"{note}\n" for note in value.notes)
    return f"{note}{value.path} · version {value.version}"


@_text.register
def _version(value: Version) -> str:
    by = f" by {value.author}" if value.author else ""
    return f"{value.path} · version {value.number} · {moment(value.created_at)}{by}\n\n{value.text}"


@_text.register
def _directory(value: Directory) -> str:
    return table([value])


@_text.register
def _diff(value: TextDiff) -> str:
    return str(value) or "There is no difference."


@_text.register
def _impact(value: Impact) -> str:
    return "\n".join([*([value.problem] if value.problem else []), _diff(value.diff)])


@_text.register
def _conflict(value: ConflictError) -> str:
    theirs = f"version {value.version}{f' by {value.author}' if value.author else ''}"
    difference = TextDiff(value.theirs, value.mine, theirs, "this cell")
    lines = [
        f"{value.path} was changed meanwhile, in the same lines; nothing was saved. Run this cell again with",
        "  --mine    to save this cell; theirs stays in the history",
        f"  --theirs  to keep {theirs}; this cell is not saved",
        "",
    ]
    return "\n".join([*lines, cut(str(difference), 20_000)])


#: The kinds that IPython is to show this way, as their modules and names: naming them imports nothing.
SHOWN: Final = {
    "prompt_kernel.display": ("Rows",),
    "prompt_kernel.records": tuple(
        kind.__name__ for kind in (Prompt, Version, Directory, TextDiff, Impact, Finding, Summary)
    ),
}
