"""Which kind of frame something is, without importing any library for it."""

import sys
from collections.abc import Mapping

from prompt_kernel.errors import InvalidFrameError
from prompt_kernel.frames._arrow import ArrowTable
from prompt_kernel.frames._pandas import PandasTable
from prompt_kernel.frames._polars import PolarsTable
from prompt_kernel.frames._table import RowsTable, Table


def table_of(frame: object) -> Table:
    """Return the rows of `frame`, whatever it is of.

    Raises:
        InvalidFrameError: it has none that can be read.
        MissingExtraError: Arrow is needed for it, and is not installed.
    """
    # Whoever has a frame of a library has imported it.
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return PandasTable(frame)
    if polars is not None and isinstance(frame, polars.LazyFrame):
        raise InvalidFrameError("A LazyFrame has no rows yet. Give its collect().")
    if polars is not None and isinstance(frame, polars.DataFrame):
        return PolarsTable(frame)
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
        return ArrowTable.of(frame)
    if isinstance(frame, str | bytes | Mapping) or not hasattr(frame, "__iter__"):
        raise InvalidFrameError(
            f"A {type(frame).__name__} has no rows. Give a DataFrame of pandas or polars, a table of Arrow, or mappings"
            " of names to values, one for each row. Of a Dask DataFrame use map_partitions with a BatchRenderer."
        )
    return RowsTable(frame)
