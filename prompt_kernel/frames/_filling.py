"""From rows to texts, some thousands at a time: columns become texts, and texts are joined."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from prompt_kernel.errors import ExpansionError, ExpansionTooLargeError, MissingVariableError
from prompt_kernel.expansion import Expansion
from prompt_kernel.frames._binding import Binding, Source
from prompt_kernel.frames._columns import Column, absence, column_of, longest_of
from prompt_kernel.frames._table import Table

#: No more characters are made at once of an array: each can take four of the 2**31 bytes that it has.
_MOST_AT_ONCE: Final = 2**28


class Prepared(NamedTuple):
    """Some rows whose columns are texts by now; `problems` are those of its rows that are bad, by number."""

    table: Table
    columns: Mapping[str, Column]
    problems: Mapping[int, str]


def prepared(binding: Binding, table: Table, *, native: bool = False) -> Iterator[Prepared]:
    """Give all rows of `table`, a part at a time. Texts are lists, unless the frame's own kind (`native`) will do."""
    for start in range(0, len(table), table.rows_at_once):
        part = table.part(start, min(start + table.rows_at_once, len(table)))
        yield from _prepared(binding, part, native=native)


def _prepared(binding: Binding, table: Table, *, native: bool) -> Iterator[Prepared]:
    columns = {name: _column(table, source, native=native) for name, source in binding.columns.items()}
    if _longest(binding, columns) > binding.prompt.limits.characters:
        columns = {name: _looked_at(column) for name, column in columns.items()}
    longest = _longest(binding, columns)
    if table.is_native and longest * len(table) > _MOST_AT_ONCE and len(table) > 1:
        middle = len(table) // 2
        for half in (table.part(0, middle), table.part(middle, len(table))):
            yield from _prepared(binding, half, native=native)
        return
    problems: dict[int, str] = {}
    for column in columns.values():
        for at, reason in column.problems.items():
            problems[at] = f"{problems[at]} {reason}" if at in problems else reason
    if longest > binding.prompt.limits.characters:
        columns = {name: _column(table, source, native=False) for name, source in binding.columns.items()}
        _leave_out_too_large(binding, columns, problems)
    yield Prepared(table, columns, problems)


def _longest(binding: Binding, columns: Mapping[str, Column]) -> int:
    """Return how many characters no row has more than; there may be far fewer."""
    uses = binding.uses
    return binding.fixed + sum(uses[name] * column.longest for name, column in columns.items())


def _looked_at(column: Column) -> Column:
    return column._replace(longest=longest_of(column.texts)) if isinstance(column.texts, list) else column


def _column(table: Table, source: Source, *, native: bool) -> Column:
    found = table.native(source.column, source.declaration, source.default) if native else None
    return found or column_of(table.cells(source.column), source.declaration)


def _leave_out_too_large(binding: Binding, columns: Mapping[str, Column], problems: dict[int, str]) -> None:
    uses, most = binding.uses, binding.prompt.limits.characters
    for at, texts in enumerate(zip(*(column.texts for column in columns.values()), strict=True)):
        size = binding.fixed + sum(uses[name] * len(text) for name, text in zip(columns, texts, strict=True))
        if size > most:
            problems[at] = str(ExpansionTooLargeError("characters", most, size))
            for column in columns.values():
                column.texts[at] = ""


def texts_of(binding: Binding, rows: Prepared) -> Any:
    """Return the text of each row, as `Table.join` gives them."""
    parts = [part if isinstance(part, str) else rows.columns[part[0]].texts for part in binding.parts]
    return rows.table.without(rows.table.join(parts), sorted(rows.problems))


def rendered(binding: Binding, table: Table) -> Iterator[tuple[Table, Any, Mapping[int, str]]]:
    """Give some rows at a time: the rows, their texts as `Table.join` gives them, and what is wrong with which."""
    if binding.prompt.has_templates:
        for part, found in expansions(binding, table):
            problems = _sentences(found)
            yield part, part.without(part.join([list(map(str, found))]), sorted(problems)), problems
    else:
        for rows in prepared(binding, table, native=True):
            yield rows.table, texts_of(binding, rows), rows.problems


def checked(binding: Binding, table: Table) -> Iterator[tuple[Table, Mapping[int, str]]]:
    """Give some rows at a time, and what is wrong with which; no more is made of them than that takes."""
    if binding.prompt.has_templates:
        for part, found in expansions(binding, table):
            yield part, _sentences(found)
    else:
        for rows in prepared(binding, table, native=True):
            yield rows.table, rows.problems


# Templates


def expansions(binding: Binding, table: Table) -> Iterator[tuple[Table, list[Expansion | str]]]:
    """Give some rows at a time, and what each expands to; of one that is bad the sentence about it, a plain str."""
    for start in range(0, len(table), table.rows_at_once):
        part = table.part(start, min(start + table.rows_at_once, len(table)))
        cells = {name: part.cells(source.column).values for name, source in binding.columns.items()}
        rows = ({name: values[at] for name, values in cells.items()} for at in range(len(part)))
        yield part, [_expanded(binding, row) for row in rows]


def _expanded(binding: Binding, row: Mapping[str, object]) -> Expansion | str:
    given = {name: value for name, value in row.items() if value is not None}
    try:
        return binding.prompt.expand({**given, **binding.shared})
    except MissingVariableError as error:
        return " ".join(absence(name) if name in row else f"Nothing fills {name}." for name in error.names)
    except ExpansionError as error:
        return str(error).partition("\n")[0]


def _sentences(found: list[Expansion | str]) -> dict[int, str]:
    return {at: text for at, text in enumerate(found) if not isinstance(text, Expansion)}
