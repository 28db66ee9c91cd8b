"""What cards are put together from: lines, sizes, tables of records, and how much of something large is shown."""

from collections.abc import Iterable, Sequence
from typing import Final

from prompt_kernel.notebook._columns import Marked, cell, columns_of
from prompt_kernel.notebook._html import Html, cut, details, join, marked, table, tag

MOST_CHARACTERS: Final = 20_000
MOST_ROWS: Final = 200
MOST_IN_CELL: Final = 200


def line(*children: str | Iterable[str], soft: bool = False) -> Html:
    """Return a line of a card; a soft one steps back."""
    return tag("p", *children, class_="pk-line pk-soft" if soft else "pk-line")


def head(title: str, *rest: str) -> Html:
    """Return the first line: what this is, and what else is worth knowing at a glance."""
    return line(tag("strong", cut(title, MOST_IN_CELL)), *(f" · {part}" for part in rest if part))


def counted(number: int, thing: str) -> str:
    """Return `1 line` or `1,200 lines`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def size_of(text: str) -> str:
    """Return how long `text` is, in characters, lines and a rough number of tokens."""
    lines = text.count("\n") + (text != "" and not text.endswith("\n"))
    tokens = f"≈ {counted(-(-len(text) // 4), 'token')} (characters / 4)"
    return f"{counted(len(text), 'character')}, {counted(lines, 'line')}, {tokens}"


def more(left: int, thing: str) -> Html | None:
    """Say how many things a card leaves out, if it does."""
    return line(f"… and {left:,} more {thing}{'' if left == 1 else 's'}", soft=True) if left > 0 else None


def hidden(text: str) -> Html | None:
    """Say how much of `text` a card leaves out, if it does."""
    left = len(text) - MOST_CHARACTERS
    return line(f"… and {left:,} more characters, which the value holds.", soft=True) if left > 0 else None


def shown(text: str) -> str:
    """Return what of `text` a card shows."""
    return text[:MOST_CHARACTERS]


def named(name: str, value: str) -> str:
    """Return `value` after its `name`, or nothing for nothing."""
    return f"{name}{cut(value, MOST_IN_CELL)}" if value else ""


def record_table(records: Sequence[object], thing: str = "row") -> Html:
    """Return a table of records of one kind; columns that none of them fills are left out."""
    rows = records[:MOST_ROWS]
    columns = columns_of(rows[0])
    cells = [[cell(column.value(record)) for column in columns] for record in rows]
    used = [at for at in range(len(columns)) if any(str(row[at]) for row in cells)] or [0]
    body = ([_content(row[at]) for at in used] for row in cells)
    return join([table([columns[at].head for at in used], body), more(len(records) - len(rows), thing)])


def _content(content: str | Marked) -> str | list[str]:
    if isinstance(content, Marked):
        return marked(*content)
    return cut(content, MOST_IN_CELL)


def names(title: str, paths: Sequence[str]) -> Html | None:
    """Return a list of paths under a title that opens."""
    if not paths:
        return None
    items = tag("ul", *(tag("li", cut(path, MOST_IN_CELL)) for path in paths[:MOST_ROWS]))
    return details(f"{title}: {len(paths):,}", items, more(len(paths) - MOST_ROWS, "path"))
