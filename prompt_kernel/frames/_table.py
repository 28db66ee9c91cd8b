"""What rows are read from: a few things that every kind of frame can do, and the plainest kind, a list of mappings."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, ClassVar, Final

from prompt_kernel.display import Rows
from prompt_kernel.errors import InvalidFrameError
from prompt_kernel.frames._columns import Cells, Column
from prompt_kernel.measures import RowProblem
from prompt_kernel.variables import Declaration

#: What columns are laid out with: characters, and the texts of columns.
Parts = Sequence[Any]


class Table(ABC):
    """Rows of named cells. What `join` gives is of the frame's own kind: a part of what `whole` puts together."""

    #: So many rows are filled at a time: few enough to stay in the processor's caches.
    rows_at_once: ClassVar[int] = 10_000
    #: Whether `join` gives the library's own kind of column; an array can hold so much, so that sizes are seen before.
    is_native: ClassVar[bool] = False

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """What the columns are called."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def part(self, start: int, stop: int) -> "Table":
        """Return some of the rows."""

    @abstractmethod
    def cells(self, name: str) -> Cells:
        """Return a column, as Python has its values."""

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self.names

    def native(self, name: str, declaration: Declaration, default: str | None) -> Column | None:  # noqa: ARG002 - for others
        """Return a column's texts as the frame itself makes them, None where Python has to."""
        return None

    def join(self, parts: Parts) -> Any:
        """Return the text of each row."""
        return joined(parts, len(self))

    def without(self, texts: Any, bad: Sequence[int]) -> Any:
        """Return what `join` gave with None in the rows that are `bad`."""
        for at in bad:
            texts[at] = None
        return texts

    def labels(self, positions: Sequence[int]) -> list[Any]:
        """Return what the frame calls the rows at `positions`."""
        return list(positions)

    @abstractmethod
    def whole(self, done: list[Any], name: str) -> Any:
        """Return what the calls of `join` have given, as one column of the frame's kind."""

    def noting(self, texts: Any, problems: Rows[RowProblem]) -> Any:  # noqa: ARG002 - for others
        """Return what `whole` gave, with what is wrong with some rows where such a column has a place for it."""
        return texts


def joined(parts: Parts, length: int) -> list[str]:
    """Return the text of each row: characters are the same in all of them, lists have a text for each."""
    columns = [repeat(part, length) if isinstance(part, str) else part for part in parts or [""]]
    return list(map("".join, zip(*columns, strict=True)))


#: An error names the columns of so many rows at most.
_LOOKED_THROUGH: Final = 1000


class RowsTable(Table):
    """A list of mappings; a row that lacks a name, or has None for it, has no value there."""

    def __init__(self, rows: Iterable[Any]) -> None:
        """Read `rows`, all of them.

        Raises:
            InvalidFrameError: one of them is no mapping.
        """
        self._rows: list[Mapping[str, Any]] = rows if isinstance(rows, list) else list(rows)
        wrong = next((row for row in self._rows if not hasattr(row, "keys") or not hasattr(row, "get")), None)
        if wrong is not None:
            raise InvalidFrameError(
                f"A {type(wrong).__name__} is no row. Give a DataFrame of pandas or polars, a table of Arrow, or"
                " mappings of names to values, one for each row."
            )

    @property
    def names(self) -> list[str]:
        """Every name that one of the first rows has, in order of first use."""
        return [name for name in dict.fromkeys(_keys(self._rows[:_LOOKED_THROUGH])) if isinstance(name, str)]

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, name: str) -> bool:
        """Whether one of the rows has such a name; of no rows at all nobody can tell that they lack it."""
        return not self._rows or any(name in row for row in self._rows)

    def part(self, start: int, stop: int) -> Table:
        """Return some of the rows."""
        return _Some(self._rows[start:stop])

    def cells(self, name: str) -> Cells:
        """Return the values of a name."""
        values = [row.get(name) for row in self._rows]
        return Cells(values, [at for at, value in enumerate(values) if value is None] if None in values else ())

    def whole(self, done: list[Any], name: str) -> list[str | None]:  # noqa: ARG002 - a list has no name
        """Return the texts as one list."""
        return list(chain.from_iterable(done))


class _Some(RowsTable):
    """Rows that have been looked at."""

    def __init__(self, rows: list[Mapping[str, Any]]) -> None:
        self._rows = rows


def _keys(rows: Iterable[Mapping[Any, Any]]) -> Iterable[Any]:
    return (name for row in rows for name in row)
