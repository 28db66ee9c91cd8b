"""How sure a mean is: percentile bootstrap over the rows of the inputs.

The rows are what was drawn from the world; repeats and outputs of one row are no further evidence of their own. So
whole rows are drawn again, with all that belongs to them (a cluster bootstrap: Davison and Hinkley, Bootstrap Methods
and their Application, 1997, section 3.8). The draws are seeded: the same scores give the same interval.
"""

from collections.abc import Hashable, Iterable
from itertools import starmap
from random import Random
from typing import Final, NamedTuple

#: How many times the rows are drawn, and the number that the draws start from.
DRAWS: Final = 1_000
SEED: Final = 20_260_101
#: The share of the draws whose means lie within the interval.
LEVEL: Final = 0.95
#: More rows than this are dealt into so many hands first, and the hands are drawn. That estimates the same spread, to
#: 1/sqrt(2 * 400), about 4 %, of the interval's width, and takes as long for a million rows as for these.
MOST_CLUSTERS: Final = 400


class Interval(NamedTuple):
    """A mean of `n` values, and between which numbers it lies with 95 % confidence.

    `mean` is None where there are no values; `low` and `high` are None where there are fewer than two rows. Where all
    rows have the same value the interval has no width: too few rows have been seen to tell.
    """

    n: int
    mean: float | None
    low: float | None
    high: float | None


def interval(values: Iterable[tuple[Hashable, float]]) -> Interval:
    """Return the mean of values that come with the row that they belong to, and its bootstrap interval."""
    clusters: dict[Hashable, list[float]] = {}
    for row, value in values:
        clusters.setdefault(row, []).append(value)
    sums = [(sum(group), len(group)) for group in clusters.values()]
    n = sum(count for _, count in sums)
    if not n:
        return Interval(0, None, None, None)
    mean = sum(total for total, _ in sums) / n
    if len(sums) == 1:
        return Interval(n, mean, None, None)
    low, high = _bounds(_dealt(sums))
    return Interval(n, mean, min(low, mean), max(high, mean))


_Sum = tuple[float, int]


def _dealt(sums: list[_Sum]) -> list[_Sum]:
    if len(sums) <= MOST_CLUSTERS:
        return sums
    cards = Random(SEED).sample(sums, len(sums))  # noqa: S311 - statistics, no secrets
    hands = (cards[hand::MOST_CLUSTERS] for hand in range(MOST_CLUSTERS))
    return [(sum(total for total, _ in hand), sum(count for _, count in hand)) for hand in hands]


def _bounds(sums: list[_Sum]) -> tuple[float, float]:
    random = Random(SEED)  # noqa: S311 - statistics, no secrets
    draws = (random.choices(sums, k=len(sums)) for _ in range(DRAWS))
    means = sorted(starmap(_quotient, (map(sum, zip(*drawn, strict=True)) for drawn in draws)))
    return _quantile(means, (1 - LEVEL) / 2), _quantile(means, (1 + LEVEL) / 2)


def _quotient(total: float, count: float) -> float:
    return total / count


def _quantile(ordered: list[float], share: float) -> float:
    """Return the quantile between the nearest two of `ordered` (type 7 of Hyndman and Fan, which most take)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
