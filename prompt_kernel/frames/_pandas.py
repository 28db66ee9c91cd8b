"""Rows of a pandas DataFrame. What comes out is a Series with the frame's index, and holds the texts as they are."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from prompt_kernel.display import Rows
from prompt_kernel.errors import InvalidFrameError
from prompt_kernel.frames._columns import Cells
from prompt_kernel.frames._table import Table
from prompt_kernel.measures import RowProblem

#: What the values of a column are in Python, by the kind of its type.
_KINDS: Final = {"i": frozenset({int}), "u": frozenset({int}), "b": frozenset({bool}), "f": frozenset({float})}
#: Floats of fewer digits, which say fewer: 0.1 is no 0.10000000149011612.
_SHORT_FLOATS: Final = frozenset({"float16", "float32", "Float32"})
#: As many characters as a whole number of 64 bits has at most, with its sign.
_MOST_DIGITS: Final = 20
_TEXTS: Final = frozenset({"str", "string"})


class PandasTable(Table):
    """The rows of a DataFrame; null is what pandas calls so: None, NaN, NaT and NA."""

    def __init__(self, frame: Any) -> None:
        """Read `frame`."""
        self._frame = frame

    @property
    def names(self) -> list[str]:
        """What the columns are called."""
        return [name for name in self._frame.columns if isinstance(name, str)]

    def __len__(self) -> int:
        return len(self._frame)

    def part(self, start: int, stop: int) -> Table:
        """Return some of the rows."""
        return PandasTable(self._frame.iloc[start:stop])

    def cells(self, name: str) -> Cells:
        """Return a column, with numbers as Python has them.

        Raises:
            InvalidFrameError: two columns have that name.
        """
        series = self._frame[name]
        if series.ndim > 1:
            raise InvalidFrameError(f"There are several columns {name}. Give each a name of its own.")
        nulls: list[int] = series.isna().to_numpy().nonzero()[0].tolist() if series.hasnans else []
        if series.dtype.name in _SHORT_FLOATS:
            values = list(series.to_numpy(series.dtype.name.lower(), na_value=float("nan")))
        else:
            values = series.tolist()
        for at in nulls:
            values[at] = None
        return Cells(values, nulls, _kinds(series.dtype), _longest(series))

    def labels(self, positions: Sequence[int]) -> list[Any]:
        """Return the labels of the rows at `positions`."""
        labels: list[Any] = self._frame.index[list(positions)].tolist()
        return labels

    def whole(self, done: list[Any], name: str) -> Any:
        """Return the texts as a Series of Python's own, which costs no copy of them."""
        import pandas as pd  # noqa: PLC0415 - whoever has such a frame has it

        return pd.Series(list(chain.from_iterable(done)), index=self._frame.index, name=name, dtype=object)

    def noting(self, texts: Any, problems: Rows[RowProblem]) -> Any:
        """Note the problems in the attributes of the Series."""
        texts.attrs["problems"] = problems
        return texts


def _kinds(dtype: Any) -> frozenset[type] | None:
    if dtype.name in _TEXTS:
        return frozenset({str})
    # Arrow's types have a kind too, and may hold what has no exact one in Python.
    return None if dtype.name in _SHORT_FLOATS or "pyarrow" in dtype.name else _KINDS.get(dtype.kind)


def _longest(series: Any) -> int | None:
    """Return how long no text is, where the type tells, or the bytes of all together, which Arrow knows."""
    if series.dtype.name in _TEXTS:
        return int(series.nbytes) if series.dtype.storage == "pyarrow" else None
    return _MOST_DIGITS if series.dtype.kind in "iub" else None
