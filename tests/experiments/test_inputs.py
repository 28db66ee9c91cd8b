"""The inputs as plain data: what is recorded gives the text again."""

import json
import math
from datetime import date
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.experiments._inputs import Row, plain, rows_of


class Level(IntEnum):
    HIGH = 3


ROWS = [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (None, [Row("0", {})]),
        (ROWS, [Row("0", ROWS[0]), Row("1", ROWS[1])]),
        (iter(ROWS), [Row("0", ROWS[0]), Row("1", ROWS[1])]),
        (pl.DataFrame(ROWS), [Row("0", ROWS[0]), Row("1", ROWS[1])]),
        (pl.LazyFrame(ROWS), [Row("0", ROWS[0]), Row("1", ROWS[1])]),
        (pa.Table.from_pylist(ROWS), [Row("0", ROWS[0]), Row("1", ROWS[1])]),
        (pd.DataFrame(ROWS, index=["p", "q"]), [Row("p", {"a": 1.0, "b": "x"}), Row("q", {"a": None, "b": "y"})]),
        (pd.DataFrame({"a": [1, 2]}, index=[7, 7]), [Row("7", {"a": 1}), Row("7 (2)", {"a": 2})]),
        (
            pd.DataFrame({"a": [1, 2, 3]}, index=["7", "7 (2)", 7]),
            [
                Row("7", {"a": 1}),
                Row("7 (2)", {"a": 2}),
                Row("7 (3)", {"a": 3}),
            ],
        ),
        (pd.DataFrame(index=[3, 5]), [Row("3", {}), Row("5", {})]),
        (pd.DataFrame({5: [1]}), [Row("0", {"5": 1})]),
    ],
    ids=["none", "list", "iterator", "polars", "lazy", "arrow", "pandas", "twice", "names", "no-columns", "number"],
)
def test_rows_of_anything_that_has_rows(inputs: Any, expected: list[Row]) -> None:
    assert rows_of(inputs) == expected


def test_what_has_no_rows_is_said() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    for inputs, sentence in [
        ({"a": [1]}, "inputs: a dict has no rows; write a list of them, or a frame."),
        (5, "inputs: a int has no rows; write a list of them, or a frame."),
        (twice, "inputs: two columns have the same name."),
        ([{"a": nested}], "inputs: row 0 holds a value that is nested too deep."),
    ]:
        with pytest.raises(InvalidMetadataError) as caught:
            rows_of(inputs)
        assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.float32(0.1), 0.1),
        (np.float64(0.1), 0.1),
        (np.bool_(1), True),
        (np.str_("x"), "x"),
        (np.array([1, 2]), [1, 2]),
        (np.float64("nan"), None),
        (math.nan, None),
        (Decimal("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (math.inf, "inf"),
        (Decimal("1.10"), "1.10"),
        (Fraction(1, 3), "1/3"),
        (Level.HIGH, 3),
        (date(2026, 1, 2), "2026-01-02"),
        (pd.Timestamp("2026-01-02 03:04"), "2026-01-02 03:04:00"),
        ((1, [np.float32(0.5)], {"k": None}), [1, [0.5], {"k": None}]),
    ],
    ids=repr,
)
def test_values_become_plain(value: object, expected: object) -> None:
    found = plain(value)

    assert (found, type(found)) == (expected, type(expected))


_SCALARS = st.one_of(
    st.integers(),
    st.booleans(),
    st.text(),
    st.floats(allow_nan=False),
    st.floats(width=32, allow_nan=False).map(np.float32),
    st.integers(-(2**63), 2**63 - 1).map(np.int64),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.dates(),
    st.datetimes(),
)


@given(_SCALARS)
def test_what_a_plain_value_reads_as_is_what_the_value_reads_as(value: object) -> None:
    found = plain(value)

    assert str(found) == str(value)
    assert plain(found) == found
    assert str(json.loads(json.dumps(found))) == str(value)
