"""One prompt over many rows: a DataFrame of pandas or polars, a table of Arrow, or mappings.

A prompt is compiled once. Columns become texts, and texts are joined: in Python by `map("".join, zip(…))`, which is as
fast as a generated f-string, and in polars and Arrow by their own expressions. What a row gives is byte for byte what
`CompiledPrompt.expand` gives for it, where a cell that is null counts as not given.
"""

import inspect
import warnings
from collections.abc import Mapping
from typing import Any, Final

from prompt_kernel.display import Rows
from prompt_kernel.errors import BadRowsError
from prompt_kernel.expansion import NO_VALUES, CompiledPrompt
from prompt_kernel.frames._batches import BatchRenderer, render_batch
from prompt_kernel.frames._binding import bind
from prompt_kernel.frames._filling import checked, rendered
from prompt_kernel.frames._measuring import measure
from prompt_kernel.frames._table import Table
from prompt_kernel.frames._tables import table_of
from prompt_kernel.measures import RowProblem
from prompt_kernel.progress import Progress, tracking

_MOST_NAMED: Final = 3


class BadRowsWarning(UserWarning):
    """Some rows have no text; `problems` says which, and why."""

    def __init__(self, count: int, problems: Rows[RowProblem]) -> None:
        """Tell of `problems` among `count` rows."""
        rows = f"{len(problems):,} of {count:,} rows {'has' if len(problems) == 1 else 'have'} no text"
        left = len(problems) - _MOST_NAMED
        more = f" And {left:,} more: check_frame tells." if left > 0 else ""
        super().__init__(f"{rows}: {_first(problems)}{more}")
        self.problems = problems


def _first(problems: Rows[RowProblem]) -> str:
    return " ".join(map(str, problems[:_MOST_NAMED]))


def render_frame(
    prompt: CompiledPrompt,
    frame: Any,
    variables: Mapping[str, object] = NO_VALUES,
    *,
    progress: Progress = True,
) -> Any:
    """Return what `prompt` expands to with each row of `frame`, and the `variables` that all rows share.

    It comes as a column of the frame's own kind: a Series of pandas, with its index, or of polars, an array of Arrow,
    or a list. A row that is bad has None, and one `BadRowsWarning` tells of all of them.

    Raises:
        MissingColumnError: nothing fills a variable: no column, no shared value, no default.
        InvalidVariableError: a shared value does not fit.
        BadRowsError: there are rows, and all of them are bad.
        InvalidFrameError: there are no rows that can be read.
    """
    table = table_of(frame)
    binding = bind(prompt, table, variables)
    done: list[Any] = []
    found: dict[int, str] = {}
    rows = 0
    with tracking(prompt.path or "text", len(table), progress) as advance:
        for part, texts, problems in rendered(binding, table):
            done.append(texts)
            found.update((rows + at, reason) for at, reason in sorted(problems.items()))
            rows += len(part)
            advance(len(part))
    whole = table.whole(done, prompt.path)
    return _noted(table, whole, _labelled(table, found), prompt) if found else whole


def check_frame(prompt: CompiledPrompt, frame: Any, variables: Mapping[str, object] = NO_VALUES) -> Rows[RowProblem]:
    """Return the rows of `frame` that `prompt` cannot be filled with, and why; nothing is kept of the texts.

    Raises:
        MissingColumnError, InvalidVariableError, InvalidFrameError: see `render_frame`.
    """
    table = table_of(frame)
    found: dict[int, str] = {}
    rows = 0
    for part, problems in checked(bind(prompt, table, variables), table):
        found.update((rows + at, reason) for at, reason in sorted(problems.items()))
        rows += len(part)
    return _labelled(table, found)


def _labelled(table: Table, found: Mapping[int, str]) -> Rows[RowProblem]:
    problems = map(RowProblem, table.labels(list(found)), found.values())
    return Rows(problems, title="Bad rows", empty="All rows are sound.")


def _noted(table: Table, texts: Any, problems: Rows[RowProblem], prompt: CompiledPrompt) -> Any:
    if len(problems) == len(table):
        raise BadRowsError(prompt.path or "the text", len(table), [str(problem) for problem in problems[:_MOST_NAMED]])
    warnings.warn(BadRowsWarning(len(table), problems), stacklevel=_outside())
    return table.noting(texts, problems)


def _outside() -> int:
    """Return how many calls above is the first that is not of this package: what a warning should point to."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals["__name__"].partition(".")[0] == "prompt_kernel":
        frame, level = frame.f_back, level + 1
    return level


__all__ = ["BadRowsWarning", "BatchRenderer", "check_frame", "measure", "render_batch", "render_frame"]
