from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.experiments._statistics import MOST_CLUSTERS, Interval, interval

numbers = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Interval(0, None, None, None)),
        ([("a", 0.5)], Interval(1, 0.5, None, None)),
        ([("a", 0.0), ("a", 1.0)], Interval(2, 0.5, None, None)),
        ([("a", 1.0), ("b", 1.0), ("c", 1.0)], Interval(3, 1.0, 1.0, 1.0)),
        ([("a", 0.0), ("b", 1.0)], Interval(2, 0.5, 0.0, 1.0)),
    ],
)
def test_an_interval_needs_two_rows_and_a_mean_one_value(values: list[tuple[str, float]], expected: Interval) -> None:
    assert interval(values) == expected


@given(st.lists(numbers, min_size=2, max_size=12))
def test_the_mean_lies_in_its_interval_and_the_interval_among_the_values(values: list[float]) -> None:
    found = interval(enumerate(values))

    assert (found.n, found.mean) == (len(values), pytest.approx(sum(values) / len(values), abs=1e-6))
    assert found.mean is not None
    assert found.low is not None
    assert found.high is not None
    assert min(values) - 1e-6 <= found.low <= found.mean <= found.high <= max(values) + 1e-6


@given(st.lists(numbers, min_size=2, max_size=8), st.integers(2, 4))
def test_repeats_of_a_row_are_no_further_evidence(values: list[float], times: int) -> None:
    once = interval(enumerate(values))
    often = interval((row, value) for _ in range(times) for row, value in enumerate(values))

    assert often.n == once.n * times
    assert often[1:] == pytest.approx(once[1:], abs=1e-6)


def test_the_same_scores_give_the_same_interval() -> None:
    values = [(row, float(row % 3)) for row in range(50)]

    assert interval(values) == interval(values)


def test_19_intervals_in_20_hold_the_true_mean_though_a_row_has_three_repeats() -> None:
    held = 0
    for seed in range(200):
        random = Random(seed)  # noqa: S311 - data of a test
        rows = [random.gauss(0, 1) for _ in range(40)]
        found = interval((row, at + random.gauss(0, 0.3)) for row, at in enumerate(rows) for _ in range(3))
        held += found.low is not None and found.high is not None and found.low <= 0 <= found.high

    assert 180 <= held <= 198


@pytest.mark.parametrize("rows", [MOST_CLUSTERS, 50 * MOST_CLUSTERS])
def test_many_rows_give_the_width_that_theory_says(rows: int) -> None:
    random = Random(rows)  # noqa: S311 - data of a test
    found = interval((row, float(random.random() < 0.3)) for row in range(rows))

    assert found.mean == pytest.approx(0.3, abs=0.05)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.3 * 0.7 / rows) ** 0.5, rel=0.15)
