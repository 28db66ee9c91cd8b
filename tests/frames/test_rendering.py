"""A frame's texts are those of its rows, one by one, whatever kind of frame it is."""

import datetime as dt
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel import CompiledPrompt, Limits, Store, frames
from prompt_kernel.errors import (
    BadRowsError,
    ExpansionError,
    InvalidFrameError,
    InvalidVariableError,
    MissingColumnError,
    MissingExtraError,
)
from prompt_kernel.expansion import Expander, SourceText, Texts
from prompt_kernel.frames import _arrow, _filling
from prompt_kernel.variables import declare


def compiled(text: str, engine: Any = "simple", limits: Limits | None = None, **variables: Any) -> CompiledPrompt:
    source = SourceText("p", text, engine=engine, variables=declare(variables))
    return Expander(Texts({"p": source})).compile("p", limits=limits or Limits())


def table(columns: dict[str, list[Any]]) -> Any:
    return pa.table({name: pa.array(cells) for name, cells in columns.items()})


def batch(columns: dict[str, list[Any]]) -> Any:
    return pa.record_batch({name: pa.array(cells) for name, cells in columns.items()})


def mappings(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def polars(columns: dict[str, list[Any]]) -> Any:
    return pl.DataFrame(columns, strict=False)


FRAMES: list[Callable[[dict[str, list[Any]]], Any]] = [pd.DataFrame, polars, table, batch, mappings]


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """The rows as the frame itself has them, without what it calls null."""
    if isinstance(frame, pd.DataFrame):
        cells = {name: [frame[name].iloc[at] for at in range(len(frame))] for name in frame.columns}
        return [{name: cells[name][at] for name in cells if not _is_null(cells[name][at])} for at in range(len(frame))]
    rows = frame.rows(named=True) if isinstance(frame, pl.DataFrame) else frame
    rows = rows if isinstance(rows, list) else rows.to_pylist()
    return [{name: cell for name, cell in row.items() if cell is not None} for row in rows]


def _is_null(cell: Any) -> bool:
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def expected(prompt: CompiledPrompt, frame: Any, shared: dict[str, Any]) -> list[str | None]:
    texts: list[str | None] = []
    for row in rows_of(frame):
        try:
            texts.append(str(prompt.expand({**row, **shared})))
        except ExpansionError:
            texts.append(None)
    return texts


def listed(texts: Any) -> list[str | None]:
    if isinstance(texts, pd.Series):
        return list(texts.array)
    return texts if isinstance(texts, list) else list(texts.to_pylist() if hasattr(texts, "to_pylist") else texts)


def rendered(prompt: CompiledPrompt, frame: Any, shared: dict[str, Any]) -> list[str | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", frames.BadRowsWarning)
        return listed(frames.render_frame(prompt, frame, shared))


NUMBERS = st.one_of(st.integers(-(2**62), 2**62), st.floats(), st.booleans())
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["1", " 7 ", "1e5", "true", "No", "x", "y"])
CELLS: list[st.SearchStrategy[Any]] = [
    st.integers(-(2**62), 2**62),
    st.floats(width=64),
    st.booleans(),
    TEXTS,
    st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)),
]
DECLARED = [
    None,
    "d",
    {"type": "integer"},
    {"type": "integer", "default": 3},
    {"type": "number", "required": False},
    {"type": "boolean", "default": True},
    {"values": ["x", "y", "1", "True"]},
    {"values": ["x", "y"], "default": "y"},
]


@st.composite
def columns(draw: st.DrawFn, length: int) -> list[Any]:
    cells = draw(st.sampled_from(CELLS))
    return draw(st.lists(cells | st.none() if draw(st.booleans()) else cells, min_size=length, max_size=length))


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_each_row_gives_what_expanding_it_gives(kind: Callable[[Any], Any], data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 5))
    frame = kind({name: data.draw(columns(length)) for name in ("a", "b", "unused")})
    declared = {name: data.draw(st.sampled_from(DECLARED)) for name in ("a", "b")}
    prompt = compiled("<{{ a }}|{{ b }}>{{ a }}{{ c }}", **declared, c="usual")
    shared = data.draw(st.sampled_from([{}, {"c": "given"}]))

    wanted = expected(prompt, frame, shared)
    if wanted == [None] * length:
        with pytest.raises(BadRowsError):
            frames.render_frame(prompt, frame, shared)
    else:
        assert rendered(prompt, frame, shared) == wanted
    problems = frames.check_frame(prompt, frame, shared)
    assert [problem.index for problem in problems] == [at for at, text in enumerate(wanted) if text is None]


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", ["", "the same", "{{ a }}", "{{ a }}{{ a }}", "{{ a }}\n{{ b }}.", "{{ b }}"])
def test_a_prompt_of_any_shape_is_filled(kind: Callable[[Any], Any], text: str) -> None:
    frame = kind({"a": ["x", "ü🙂", ""], "b": [1, 2, 3]})

    assert rendered(compiled(text), frame, {}) == expected(compiled(text), frame, {})


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_a_template_runs_for_each_row(kind: Callable[[Any], Any]) -> None:
    frame = kind({"n": [1, 2, None], "who": ["ana", "bo", "zoe"]})
    prompt = compiled("{% for i in range(n | int) %}{{ who }} {% endfor %}{{ greet }}", "jinja", n={"type": "number"})

    texts = rendered(prompt, frame, {"greet": "hi"})

    assert texts == ["ana hi", "bo bo hi", None]
    (problem,) = frames.check_frame(prompt, frame, {"greet": "hi"})
    assert problem == (2, "n is null and has no default.")


def test_a_template_that_fails_is_a_bad_row_and_what_nothing_fills_is_told() -> None:
    prompt = compiled("{{ 6 // n }}", "jinja", n={"type": "integer"})
    assert rendered(prompt, [{"n": 2}, {"n": 0}], {}) == ["3", None]
    (problem,) = frames.check_frame(prompt, [{"n": 2}, {"n": 0}])
    assert "division" in problem.reason
    assert "\n" not in problem.reason
    with pytest.raises(BadRowsError, match=r"The only row is bad.*row 0: Nothing fills n\."):
        frames.render_frame(prompt, [{"m": 2}])


def special(name: str) -> Any:
    """Columns of types that only one kind of frame has."""
    made: dict[str, Callable[[], Any]] = {
        "category": lambda: pd.DataFrame({"a": pd.Categorical(["x", None, "y"])}),
        "nullable": lambda: pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64")}),
        "nullable float": lambda: pd.DataFrame({"a": pd.array([0.1, None, 3], dtype="Float32")}),
        "nullable bool": lambda: pd.DataFrame({"a": pd.array([True, None, False], dtype="boolean")}),
        "float32": lambda: pd.DataFrame({"a": np.array([0.1, np.nan, 1e20], dtype="float32")}),
        "float16": lambda: pd.DataFrame({"a": np.array([0.1, 2, 3], dtype="float16")}),
        "unsigned": lambda: pd.DataFrame({"a": np.array([0, 2**64 - 1], dtype="uint64")}),
        "times": lambda: pd.DataFrame(
            {"a": pd.to_datetime(["2024-01-02 00:00:00.000", None, "2024-01-02 03:04:05.678"])}
        ),
        "zones": lambda: pd.DataFrame({"a": pd.to_datetime(["2024-01-02", "2025-06-07"]).tz_localize("Europe/Oslo")}),
        "spans": lambda: pd.DataFrame({"a": pd.to_timedelta(["1 day", "2h"])}),
        "objects": lambda: pd.DataFrame({"a": [1, "x", None, 2.5, [1, 2], {"k": 1}, np.float64(0.1), np.nan, pd.NaT]}),
        "python strings": lambda: pd.DataFrame({"a": pd.array(["x", None, "é"], dtype="string[python]")}),
        "arrow ints": lambda: pd.DataFrame({"a": pd.array([1, None], dtype="int64[pyarrow]")}),
        "arrow floats": lambda: pd.DataFrame({"a": pd.array([0.1, None], dtype="float[pyarrow]")}),
        "arrow texts": lambda: pd.DataFrame({"a": pd.array(["x", None], dtype="string[pyarrow]")}),
        "polars categories": lambda: pl.DataFrame({"a": pl.Series(["x", None, "y"], dtype=pl.Categorical)}),
        "polars enum": lambda: pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"]))}),
        "polars small": lambda: pl.DataFrame({"a": pl.Series([1, None, -3], dtype=pl.Int8)}),
        "polars float32": lambda: pl.DataFrame({"a": pl.Series([0.1, None], dtype=pl.Float32)}),
        "polars nan": lambda: pl.DataFrame({"a": [1e16, float("nan"), float("inf"), 1e-5, None, 0.1]}),
        "polars lists": lambda: pl.DataFrame({"a": [[1, 2], None, []]}),
        "polars structs": lambda: pl.DataFrame({"a": [{"k": 1}, {"k": None}]}),
        "polars decimals": lambda: pl.DataFrame({"a": [Decimal("1.50"), None]}),
        "polars times": lambda: pl.DataFrame({"a": [dt.datetime(2024, 1, 2, 3, 4, 5, 6), None]}),  # noqa: DTZ001 - naive
        "large": lambda: pa.table({"a": pa.array(["x", None], pa.large_string())}),
        "dictionary": lambda: pa.table({"a": pa.array(["x", None, "x"]).dictionary_encode()}),
        "chunks": lambda: pa.table({"a": pa.chunked_array([["x", "y"], [], [None, "z"]])}),
        "slice": lambda: pa.table({"a": ["0", "x", None, "y"]}).slice(1),
        "view": lambda: pa.table({"a": pa.array(["x", None]).cast(pa.string_view())}),
        "arrow small": lambda: pa.record_batch({"a": pa.array([1, None, 255], pa.uint8())}),
        "arrow bytes": lambda: pa.table({"a": [b"x", None]}),
        "arrow halves": lambda: pa.table({"a": pa.array([0.5, None], pa.float32())}),
    }
    return made[name]() if name else list(made)


@pytest.mark.parametrize("name", special(""))
@pytest.mark.parametrize("declared", [None, {"type": "number"}, {"values": ["x", "y"]}, {"default": "d"}], ids=str)
def test_every_type_of_column_is_written_as_python_writes_it(name: str, declared: Any) -> None:
    frame, prompt = special(name), compiled("<{{ a }}>", a=declared)
    wanted = expected(prompt, frame, {})
    if not any(wanted):
        with pytest.raises(BadRowsError):
            frames.render_frame(prompt, frame)
    else:
        assert rendered(prompt, frame, {}) == wanted


def test_short_floats_keep_their_few_digits() -> None:
    frame = pd.DataFrame({"a": np.array([0.1], dtype="float32")})
    assert rendered(compiled("{{ a }}"), frame, {}) == ["0.1"]


# What comes out


def test_pandas_gets_a_series_with_its_index_and_the_name_of_the_prompt(library: Store) -> None:
    frame = pd.DataFrame({"code": ["a", "b"]}, index=pd.Index(["x", "y"], name="id"))
    texts = library.render_frame("review", frame, tone="formal")

    pd.testing.assert_index_equal(texts.index, frame.index)
    assert (texts.name, texts.tolist()) == (
        "review",
        [library.expand("review", code=code, tone="formal") for code in ("a", "b")],
    )
    assert texts.attrs == {}
    assert all(type(text) is str for text in texts)


def test_an_index_that_has_a_label_twice_is_kept() -> None:
    frame = pd.DataFrame({"a": ["x", None, None]}, index=[7, 7, 8])
    with pytest.warns(frames.BadRowsWarning):
        texts = frames.render_frame(compiled("{{ a }}"), frame)
    assert texts.index.tolist() == [7, 7, 8]
    assert [problem.index for problem in texts.attrs["problems"]] == [7, 8]


def test_polars_and_arrow_get_columns_of_their_own(library: Store) -> None:
    columns = {"code": ["a", "b"]}
    wanted = [str(library.expand("review", code=code)) for code in columns["code"]]

    series = library.render_frame("review", pl.DataFrame(columns))
    assert (series.name, series.dtype, series.to_list()) == ("review", pl.String, wanted)
    chunked = library.render_frame("review", table(columns))
    assert (chunked.type, chunked.to_pylist()) == (pa.string(), wanted)
    array = library.render_frame("review", batch(columns))
    assert (type(array), array.to_pylist()) == (pa.StringArray, wanted)
    assert library.render_frame("review", ({"code": code} for code in "ab")) == wanted


@pytest.mark.parametrize("kind", FRAMES[:-1], ids=lambda kind: kind.__name__)
def test_no_rows_give_no_texts_of_the_right_kind(kind: Callable[[Any], Any]) -> None:
    frame = kind({"a": ["x"]})
    texts = frames.render_frame(compiled("{{ a }}"), frame)
    none = frames.render_frame(compiled("{{ a }}"), frame[:0] if not isinstance(frame, pa.Table) else frame.slice(1))
    assert (len(none), type(none)) == (0, type(texts))
    assert frames.render_frame(compiled("{{ a }}"), []) == []


def test_whatever_hands_itself_out_as_arrow_does_is_rows() -> None:
    class Relation:
        def __init__(self) -> None:
            self.table = table({"a": ["x", "y"]})

        def __arrow_c_stream__(self, requested: Any = None) -> Any:
            return self.table.__arrow_c_stream__(requested)

    assert listed(frames.render_frame(compiled("<{{ a }}>"), Relation())) == ["<x>", "<y>"]


def test_many_rows_are_filled_in_order_a_part_at_a_time() -> None:
    told: list[tuple[int, int]] = []
    rows = [{"a": number} for number in range(25_001)]
    texts = frames.render_frame(compiled("{{ a }}."), rows, progress=lambda done, of: told.append((done, of)))
    assert texts == [f"{number}." for number in range(25_001)]
    assert told == [(10_000, 25_001), (20_000, 25_001), (25_001, 25_001)]


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_what_no_array_could_hold_is_filled_in_smaller_parts(
    kind: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_filling, "_MOST_AT_ONCE", 20)
    frame = kind({"a": ["x", "y" * 50, None, "z", "é" * 9], "b": [1.5, 2.0, 3.0, 4.0, 5.0]})
    prompt = compiled("{{ a }}{{ b }}{{ a }}")
    assert rendered(prompt, frame, {}) == expected(prompt, frame, {})


def test_a_batch_of_more_than_an_array_can_hold_is_one_large_array(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_arrow, "_MOST_BYTES", 10)
    array = frames.render_frame(compiled("{{ a }}"), batch({"a": ["x" * 10, "y" * 10]}))
    assert (array.type, array.to_pylist()) == (pa.large_string(), ["x" * 10, "y" * 10])


# What fills a variable


def test_what_is_shared_comes_before_a_column_and_this_before_a_default() -> None:
    prompt = compiled("{{ a }}{{ b }}{{ c }}", a="1", b="2", c="3")
    frame = pd.DataFrame({"a": ["x"], "b": ["y"]})
    assert rendered(prompt, frame, {"a": "s", "nobody": "asks"}) == ["sy3"]


def test_shared_values_are_converted_as_any_value_is() -> None:
    prompt = compiled("{{ n }}{{ a }}", n={"type": "integer"})
    assert rendered(prompt, [{"a": 1}], {"n": " 7 "}) == ["71"]
    with pytest.raises(InvalidVariableError, match="n='x' does not fit: it must be a whole number"):
        frames.render_frame(prompt, [{"a": 1}], {"n": "x"})


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_what_nothing_fills_is_one_error_that_names_the_columns(kind: Callable[[Any], Any]) -> None:
    frame = kind({"ton": ["x"], "code": ["y"]})
    with pytest.raises(MissingColumnError) as caught:
        frames.render_frame(compiled("{{ tone }}{{ code }}{{ z }}"), frame)
    error = caught.value
    assert (error.names, error.columns, error.suggestions) == (("tone", "z"), ("ton", "code"), ("ton",))
    with pytest.raises(MissingColumnError):
        frames.check_frame(compiled("{{ tone }}"), frame)


def test_names_are_those_that_python_has() -> None:
    prompt = compiled("{{ größe }}{{ ﬁ }}")
    for kind in FRAMES:
        assert rendered(prompt, kind({"größe": [1], "ﬁ": [2]}), {}) == ["12"]
    assert rendered(prompt, [{"größe": 1}], {"ﬁ": 2}) == ["12"]


def test_columns_that_are_no_names_are_left_alone() -> None:
    frame = pd.DataFrame([["x", "y"]], columns=["a", 5])
    assert rendered(compiled("{{ a }}"), frame, {}) == ["x"]
    assert rendered(compiled("{{ ä }}"), frame.rename(columns={"a": "ä"}), {}) == ["x"]


def test_a_row_may_lack_what_others_have() -> None:
    prompt = compiled("{{ a }}{{ b }}", b="-")
    assert rendered(prompt, [{"a": 1}, {"a": 2, "b": 3}], {}) == ["1-", "23"]


# Bad rows


def test_bad_rows_are_told_once_with_every_reason_and_stop_nobody(library: Store) -> None:
    library.save("order", "{{ n }} of {{ what }}", variables={"n": {"type": "integer"}})
    frame = pd.DataFrame(
        {"n": ["1", "two", None, "4", "five"], "what": ["a", "b", None, "d", None]}, index=list("vwxyz")
    )

    with pytest.warns(frames.BadRowsWarning) as told:
        texts = library.render_frame("order", frame)

    problems = [
        ("w", "n='two' does not fit: it must be a whole number."),
        ("x", "n is null and has no default. what is null and has no default."),
        ("z", "n='five' does not fit: it must be a whole number. what is null and has no default."),
    ]
    assert texts.tolist() == ["1 of a", None, None, "4 of d", None]
    (warning,) = told
    assert warning.message.problems == problems  # type: ignore[union-attr]  # it is ours
    assert str(warning.message) == "3 of 5 rows have no text: " + " ".join(
        f"row {index}: {reason}" for index, reason in problems
    )
    assert warning.filename == __file__
    assert texts.attrs["problems"] == problems == library.check_frame("order", frame)


def test_a_long_list_of_bad_rows_is_cut_in_the_sentence_alone() -> None:
    with pytest.warns(frames.BadRowsWarning, match=r"row 2: .* And 7 more: check_frame tells\.$") as told:
        frames.render_frame(compiled("{{ a }}"), [{"a": None}] * 10 + [{"a": 1}])
    assert len(told[0].message.problems) == 10  # type: ignore[union-attr]  # it is ours
    with pytest.warns(frames.BadRowsWarning, match=r"^1 of 2 rows has no text: row 0: "):
        frames.render_frame(compiled("{{ a }}"), [{"a": None}, {"a": 1}])


def test_only_bad_rows_are_an_error() -> None:
    with pytest.raises(BadRowsError, match=r"^All 4 rows are bad, so nothing was made of p: row 0: .* row 2: [^:]*\.$"):
        frames.render_frame(compiled("{{ a }}"), [{"a": None}] * 4)
    assert len(frames.check_frame(compiled("{{ a }}"), [{"a": None}] * 4)) == 4


@pytest.mark.parametrize("kind", FRAMES, ids=lambda kind: kind.__name__)
def test_a_row_that_grows_too_large_is_bad_and_nothing_of_it_is_made(kind: Callable[[Any], Any]) -> None:
    prompt = compiled("{{ a }}{{ a }}{{ a }}.", limits=Limits(characters=10))
    frame = kind({"a": ["xxx", "xxxx", "é", "🙂🙂🙂", "🙂" * 4]})
    assert (
        rendered(prompt, frame, {})
        == expected(prompt, frame, {})
        == ["xxx" * 3 + ".", None, "ééé.", "🙂" * 9 + ".", None]
    )
    sentence = "This would expand to 13 characters, and the limit is 10."
    problems = frames.check_frame(prompt, frame)
    assert [(at, reason.startswith(sentence)) for at, reason in problems] == [(1, True), (4, True)]


def test_what_cannot_be_written_is_a_bad_row() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    frame = pd.DataFrame({"a": ["x", deep, 10**5000]}, dtype=object)
    first, second = frames.check_frame(compiled("{{ a }}"), frame)
    assert (first.index, second.index) == (1, 2)
    assert "it cannot be written as text" in first.reason
    assert "it cannot be written as text" in second.reason
    del frame
    while deep:
        deep = deep.pop()


# What are no rows


@pytest.mark.parametrize("frame", ["text", b"bytes", {"a": [1]}, 5, None])
def test_what_has_no_rows_says_what_to_give(frame: Any) -> None:
    with pytest.raises(InvalidFrameError, match=f"A {type(frame).__name__} has no rows. Give a DataFrame"):
        frames.render_frame(compiled("{{ a }}"), frame)


def test_without_arrow_what_needs_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    relation = table({"a": ["x"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"A Table as rows needs.*prompt-kernel\[frames\]"):
        frames.render_frame(compiled("{{ a }}"), relation)
    with pytest.raises(MissingExtraError, match=r"A batch needs.*prompt-kernel\[frames\]"):
        frames.render_batch(compiled("{{ a }}"), [{"a": 1}])


def test_rows_that_are_none_say_so() -> None:
    with pytest.raises(InvalidFrameError, match="A int is no row"):
        frames.render_frame(compiled("{{ a }}"), [{"a": 1}, 2])
    with pytest.raises(InvalidFrameError, match="collect"):
        frames.render_frame(compiled("{{ a }}"), pl.LazyFrame({"a": [1]}))


def test_a_column_that_is_there_twice_is_an_error() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    for frame in (twice, pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])):
        with pytest.raises(InvalidFrameError, match="There are several columns a"):
            frames.render_frame(compiled("{{ a }}"), frame)
