"""One prompt over batches: what goes in comes out with two columns more.

On two worker processes of Dask it is run as an example of `docs/dataframes.md`, by `tests/test_docs.py`.
"""

import pickle
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from prompt_kernel import CompiledPrompt, Store
from prompt_kernel.errors import InvalidFrameError, InvalidVariableError, MissingColumnError
from prompt_kernel.frames import BatchRenderer, render_batch

COLUMNS: dict[str, list[Any]] = {"code": ["a", None, "b"], "n": [1, 2, 3]}
ROWS = [
    {"code": "a", "n": 1, "prompt": "Review a in a plain way.", "prompt_problem": None},
    {"code": None, "n": 2, "prompt": None, "prompt_problem": "code is null and has no default."},
    {"code": "b", "n": 3, "prompt": "Review b in a plain way.", "prompt_problem": None},
]
KINDS: list[Callable[[Any], Any]] = [pa.RecordBatch.from_pydict, pa.Table.from_pydict, pl.DataFrame, pd.DataFrame]


@pytest.fixture
def prompt(store: Store) -> CompiledPrompt:
    store.save("review", "Review {{ code }} in a {{ tone }} way.", variables={"tone": "plain"})
    return store.compile("review")


def rows_of(batch: Any) -> list[dict[str, Any]]:
    if isinstance(batch, pd.DataFrame):
        return batch.astype(object).where(batch.notna(), None).to_dict("records")
    return list(batch.rows(named=True) if isinstance(batch, pl.DataFrame) else batch.to_pylist())


@pytest.mark.parametrize("kind", KINDS, ids=["batch", "table", "polars", "pandas"])
def test_a_batch_comes_back_with_its_texts_and_with_what_is_wrong(
    kind: Callable[[Any], Any], prompt: CompiledPrompt
) -> None:
    batch = kind(COLUMNS)
    done = render_batch(prompt, batch)

    assert (type(done), rows_of(done)) == (type(batch), ROWS)
    assert rows_of(batch) == [{name: row[name] for name in COLUMNS} for row in ROWS]
    other = render_batch(prompt, batch, column="text", shared={"tone": "warm", "code": "c"})
    assert [(row["text"], row["text_problem"]) for row in rows_of(other)] == [("Review c in a warm way.", None)] * 3


@pytest.mark.parametrize("kind", KINDS, ids=["batch", "table", "polars", "pandas"])
def test_a_batch_of_bad_rows_and_one_of_none_have_the_same_columns(
    kind: Callable[[Any], Any], prompt: CompiledPrompt
) -> None:
    some, bad = render_batch(prompt, kind(COLUMNS)), render_batch(prompt, kind({"code": ["x"], "n": [1]}), shared={})
    none = render_batch(prompt, kind(COLUMNS)[:0] if kind is not KINDS[0] else kind(COLUMNS).slice(3))
    assert _types(some) == _types(bad) == _types(none)
    assert len(none) == 0


def _types(batch: Any) -> list[str]:
    return [str(kind) for kind in (batch.dtypes if hasattr(batch, "dtypes") else batch.schema.types)]


def test_an_index_is_kept(prompt: CompiledPrompt) -> None:
    frame = pd.DataFrame(COLUMNS, index=[7, 7, 9])
    assert render_batch(prompt, frame).index.tolist() == [7, 7, 9]


def test_what_cannot_be_a_batch_of_this_prompt_is_an_error(prompt: CompiledPrompt) -> None:
    with pytest.raises(MissingColumnError):
        render_batch(prompt, pa.RecordBatch.from_pydict({"n": [1]}))
    with pytest.raises(InvalidVariableError):
        render_batch(prompt, pd.DataFrame(COLUMNS), shared={"tone": None})
    with pytest.raises(InvalidFrameError, match="There is a column prompt already"):
        render_batch(prompt, render_batch(prompt, pl.DataFrame(COLUMNS)))
    with pytest.raises(InvalidFrameError, match="There is a column text_problem already"):
        render_batch(prompt, pd.DataFrame({"code": ["a"], "text_problem": [""]}), column="text")
    with pytest.raises(InvalidFrameError, match="A list is no batch"):
        render_batch(prompt, [{"code": "a"}])


def test_a_renderer_is_one_function_that_pickles(prompt: CompiledPrompt) -> None:
    renderer = BatchRenderer(prompt, column="text", shared={"tone": "warm"})
    again = pickle.loads(pickle.dumps(renderer))  # noqa: S301 - our own
    batch = pa.RecordBatch.from_pydict(COLUMNS)

    assert again(batch).equals(renderer(batch))
    assert again(batch).column("text").to_pylist() == ["Review a in a warm way.", None, "Review b in a warm way."]
    assert repr(again) == "BatchRenderer(CompiledPrompt('review@1', variables=['code', 'tone']), column='text')"


def test_a_renderer_takes_an_iterator_of_batches_as_spark_hands_over(prompt: CompiledPrompt) -> None:
    batches = pa.Table.from_pydict(COLUMNS).to_batches(max_chunksize=2)
    done = BatchRenderer(prompt)(iter(batches))

    assert [rows_of(batch) for batch in done] == [ROWS[:2], ROWS[2:]]
