"""Rows of a polars DataFrame, filled by polars' own expressions wherever it writes a value as Python does."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from prompt_kernel.frames._columns import Cells, Column, absence
from prompt_kernel.frames._table import Parts, Table
from prompt_kernel.variables import Declaration

_WHOLE: Final = frozenset({"string", "integer", "number"})
_WORDS: Final = frozenset({"string", "enum"})


class PolarsTable(Table):
    """The rows of a DataFrame; null is null, and NaN is a number."""

    rows_at_once: ClassVar[int] = 100_000
    is_native: ClassVar[bool] = True

    def __init__(self, frame: Any) -> None:
        """Read `frame`."""
        self._frame = frame

    @property
    def names(self) -> list[str]:
        """What the columns are called."""
        return list(self._frame.columns)

    def __len__(self) -> int:
        return len(self._frame)

    def part(self, start: int, stop: int) -> Table:
        """Return some of the rows."""
        return PolarsTable(self._frame.slice(start, stop - start))

    def cells(self, name: str) -> Cells:
        """Return a column, as `frame.row` has its values."""
        series = self._frame[name]
        return Cells(series.to_list(), _nulls(series), _kinds(series.dtype))

    def native(self, name: str, declaration: Declaration, default: str | None) -> Column | None:
        """Return texts and whole numbers as a Series; floats and truth values are written otherwise than in Python."""
        import polars as pl  # noqa: PLC0415 - whoever has such a frame has it

        series = self._frame[name]
        if not _is_written_alike(pl, series.dtype, declaration):
            return None
        texts = series.cast(pl.String)
        if declaration.type == "enum" and not texts.drop_nulls().is_in(list(declaration.values)).all():
            return None
        nulls = _nulls(texts)
        if nulls and default is not None:
            texts, nulls = texts.fill_null(default), []
        problems = dict.fromkeys(nulls, absence(declaration.name))
        return Column(texts, texts.str.len_bytes().max() or 0, problems)

    def join(self, parts: Parts) -> Any:
        """Return the texts as a Series."""
        import polars as pl  # noqa: PLC0415 - see above

        if all(isinstance(part, str) for part in parts):
            return pl.repeat("".join(parts), len(self), dtype=pl.String, eager=True)
        return pl.select(pl.concat_str([_expression(pl, part) for part in parts])).to_series()

    def without(self, texts: Any, bad: Sequence[int]) -> Any:
        """Return the texts with null in the rows that are `bad`."""
        return texts.scatter(list(bad), None) if bad else texts

    def whole(self, done: list[Any], name: str) -> Any:
        """Return the texts as one Series, made of what there is without a copy."""
        import polars as pl  # noqa: PLC0415 - see above

        texts = pl.concat(done, rechunk=False) if done else pl.Series([], dtype=pl.String)
        return texts.rename(name)


def _is_written_alike(pl: Any, dtype: Any, declaration: Declaration) -> bool:
    if dtype.is_integer():
        return declaration.type in _WHOLE
    return declaration.type in _WORDS and (dtype == pl.String or dtype in (pl.Categorical, pl.Enum))


def _expression(pl: Any, part: Any) -> Any:
    if isinstance(part, str):
        return pl.lit(part)
    return pl.lit(pl.Series(part, dtype=pl.String) if isinstance(part, list) else part)


def _nulls(series: Any) -> list[int]:
    if not series.null_count():
        return []
    nulls: list[int] = series.is_null().arg_true().to_list()
    return nulls


def _kinds(dtype: Any) -> frozenset[type] | None:
    if dtype.is_integer():
        return frozenset({int})
    kind = {"String": str, "Float64": float, "Float32": float, "Boolean": bool}.get(str(dtype))
    return None if kind is None else frozenset({kind})
