"""One prompt over a batch of rows that somebody else has cut: what Dask, Ray and Spark call on their workers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from prompt_kernel.errors import InvalidFrameError, MissingExtraError
from prompt_kernel.expansion import NO_VALUES, CompiledPrompt
from prompt_kernel.frames._binding import bind
from prompt_kernel.frames._filling import rendered
from prompt_kernel.frames._pandas import PandasTable
from prompt_kernel.frames._polars import PolarsTable
from prompt_kernel.frames._table import Table
from prompt_kernel.frames._tables import table_of

PROBLEM: Final = "_problem"


def render_batch(
    prompt: CompiledPrompt, batch: Any, *, column: str = "prompt", shared: Mapping[str, object] = NO_VALUES
) -> Any:
    """Return a batch with two more columns: the text of each row, and under `column_problem` why a row has none.

    `batch` is a RecordBatch or a table of Arrow, or a DataFrame of pandas or polars; the same comes back. A bad row is
    one of the batch like others: nothing is raised or warned of, for nobody looks at a worker.

    Raises:
        MissingColumnError: nothing fills a variable: no column, no shared value, no default.
        InvalidVariableError: a shared value does not fit.
        InvalidFrameError: it is no such batch, or has one of the two columns already.
    """
    table = table_of(batch)
    taken = [name for name in (column, column + PROBLEM) if name in table.names]
    if taken:
        raise InvalidFrameError(f"There is a column {taken[0]} already. Give another name with column=.")
    done: list[Any] = []
    reasons: list[str | None] = []
    for part, texts, problems in rendered(bind(prompt, table, shared), table):
        done.append(texts)
        reasons += map(problems.get, range(len(part)))
    return _extended(table)(batch, {column: table.whole(done, column), column + PROBLEM: reasons})


def _extended(table: Table) -> Callable[[Any, Mapping[str, Any]], Any]:
    if isinstance(table, PandasTable):
        return _of_pandas
    return _of_polars if isinstance(table, PolarsTable) else _of_arrow


def _of_pandas(frame: Any, columns: Mapping[str, Any]) -> Any:
    import pandas as pd  # noqa: PLC0415 - whoever has such a frame has it

    # The usual type of texts, which engines expect of a frame that they put together of many.
    kind = pd.Series(["text"]).dtype
    return frame.assign(**{name: pd.Series(texts, index=frame.index, dtype=kind) for name, texts in columns.items()})


def _of_polars(frame: Any, columns: Mapping[str, Any]) -> Any:
    import polars as pl  # noqa: PLC0415 - whoever has such a frame has it

    return frame.with_columns(pl.Series(name, texts, dtype=pl.String) for name, texts in columns.items())


def _of_arrow(batch: Any, columns: Mapping[str, Any]) -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 - it is optional
    except ImportError as error:
        raise MissingExtraError("frames", "A batch") from error
    if not isinstance(batch, pa.RecordBatch | pa.Table):
        raise InvalidFrameError(
            f"A {type(batch).__name__} is no batch. Give a RecordBatch or a table of Arrow, or a DataFrame of pandas or"
            " polars."
        )
    for name, texts in columns.items():
        batch = batch.append_column(name, pa.array(texts, pa.string()) if isinstance(texts, list) else texts)
    return batch


class BatchRenderer:
    """`render_batch` with a prompt and what goes with it, as one function that pickles: for whoever calls it elsewhere.

    Dask: `frame.map_partitions(BatchRenderer(prompt))`. Ray: `data.map_batches(BatchRenderer(prompt))`, with any
    `batch_format` that is a frame. Spark: `frame.mapInArrow(BatchRenderer(prompt), schema)`, or `mapInPandas`, which
    hand over an iterator of batches and get one back.
    """

    def __init__(
        self, prompt: CompiledPrompt, *, column: str = "prompt", shared: Mapping[str, object] = NO_VALUES
    ) -> None:
        """See `render_batch`, which takes the same."""
        self.prompt, self.column, self.shared = prompt, column, dict(shared)

    def __call__(self, batch: Any) -> Any:
        """Return `batch`, or each batch of an iterator, with the texts of its rows."""
        if isinstance(batch, Iterator):
            return map(self._rendered, batch)
        return self._rendered(batch)

    def _rendered(self, batch: Any) -> Any:
        return render_batch(self.prompt, batch, column=self.column, shared=self.shared)

    def __repr__(self) -> str:
        return f"BatchRenderer({self.prompt!r}, column={self.column!r})"
