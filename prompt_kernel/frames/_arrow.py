"""Rows of an Arrow table or batch, filled by Arrow's own kernels wherever it writes a value as Python does."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from prompt_kernel.errors import InvalidFrameError, MissingExtraError
from prompt_kernel.frames._columns import Cells, Column, absence
from prompt_kernel.frames._table import Parts, Table
from prompt_kernel.variables import Declaration

_WHOLE: Final = frozenset({"string", "integer", "number"})
_WORDS: Final = frozenset({"string", "enum"})
#: An array of texts counts their bytes in 31 bits.
_MOST_BYTES: Final = 2**31 - 1


class ArrowTable(Table):
    """The rows of a table; null is null, and NaN is a number."""

    is_native: ClassVar[bool] = True

    def __init__(self, table: Any, *, is_batch: bool = False) -> None:
        """Read `table`; where it is one batch, the texts are to be one array."""
        self._table, self._is_batch = table, is_batch

    @classmethod
    def of(cls, frame: Any) -> "ArrowTable":
        """Read a table, a batch, or whatever hands itself out as Arrow does."""
        try:
            import pyarrow as pa  # noqa: PLC0415 - it is optional
        except ImportError as error:
            raise MissingExtraError("frames", f"A {type(frame).__name__} as rows") from error
        if isinstance(frame, pa.RecordBatch):
            return cls(pa.Table.from_batches([frame]), is_batch=True)
        return cls(frame if isinstance(frame, pa.Table) else pa.table(frame))

    @property
    def names(self) -> list[str]:
        """What the columns are called."""
        return list(self._table.column_names)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def part(self, start: int, stop: int) -> Table:
        """Return some of the rows."""
        return ArrowTable(self._table.slice(start, stop - start))

    def cells(self, name: str) -> Cells:
        """Return a column, as `to_pylist` has its values."""
        values = self._column(name).to_pylist()
        return Cells(values, [at for at, value in enumerate(values) if value is None])

    def _column(self, name: str) -> Any:
        if self.names.count(name) > 1:
            raise InvalidFrameError(f"There are several columns {name}. Give each a name of its own.")
        return self._table[name]

    def native(self, name: str, declaration: Declaration, default: str | None) -> Column | None:
        """Return texts and whole numbers as an array; floats and truth values are written otherwise than in Python."""
        import pyarrow as pa  # noqa: PLC0415 - whoever has such a table has it
        import pyarrow.compute as pc  # noqa: PLC0415 - see above

        column = self._column(name)
        if not _is_written_alike(pa.types, column.type, declaration):
            return None
        texts = column.cast(pa.string()).combine_chunks()
        if not isinstance(texts, pa.Array):  # too much for one array
            return None
        if declaration.type == "enum" and not _are_choices(pa, pc, texts, declaration.values):
            return None
        if texts.null_count and default is not None:
            texts = texts.fill_null(default)
        nulls = pc.indices_nonzero(texts.is_null()).to_pylist() if texts.null_count else []
        longest = pc.max(pc.binary_length(texts)).as_py() or 0
        return Column(texts, longest, dict.fromkeys(nulls, absence(declaration.name)))

    def join(self, parts: Parts) -> Any:
        """Return the texts as an array."""
        import pyarrow as pa  # noqa: PLC0415 - see above
        import pyarrow.compute as pc  # noqa: PLC0415 - see above

        if all(isinstance(part, str) for part in parts):
            return pa.repeat(pa.scalar("".join(parts), pa.string()), len(self))
        arrays = [pa.array(part, pa.string()) if isinstance(part, list) else part for part in parts]
        return pc.binary_join_element_wise(*arrays, "", null_handling="emit_null")

    def without(self, texts: Any, bad: Sequence[int]) -> Any:
        """Return the texts with null in the rows that are `bad`."""
        import pyarrow as pa  # noqa: PLC0415 - see above
        import pyarrow.compute as pc  # noqa: PLC0415 - see above

        if not bad:
            return texts
        mask = [False] * len(texts)
        for at in bad:
            mask[at] = True
        return pc.if_else(pa.array(mask, pa.bool_()), pa.scalar(None, pa.string()), texts)

    def whole(self, done: list[Any], name: str) -> Any:  # noqa: ARG002 - an array has no name
        """Return the texts as a chunked array; those of a batch as one array."""
        import pyarrow as pa  # noqa: PLC0415 - see above

        if not self._is_batch:
            return pa.chunked_array(done, pa.string())
        if sum(array.nbytes for array in done) > _MOST_BYTES:
            done = [array.cast(pa.large_string()) for array in done]
        return pa.concat_arrays(done) if done else pa.array([], pa.string())


def _is_written_alike(types: Any, kind: Any, declaration: Declaration) -> bool:
    if types.is_integer(kind):
        return declaration.type in _WHOLE
    return declaration.type in _WORDS and bool(types.is_string(kind) or types.is_large_string(kind))


def _are_choices(pa: Any, pc: Any, texts: Any, choices: Sequence[str]) -> bool:
    found = pc.is_in(texts.drop_null(), value_set=pa.array(choices, pa.string()))
    return bool(pc.all(found, min_count=0).as_py())
