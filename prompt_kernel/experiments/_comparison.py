"""Two prompts of an experiment, or two of its models, side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from prompt_kernel.display import Rows, Shown
from prompt_kernel.experiments._statistics import interval
from prompt_kernel.records import TextDiff
from prompt_kernel.runs import Run


class Pair(NamedTuple):
    """Two runs that differ in one thing; `same` is the model, or the prompt, that both have."""

    row: str
    same: str
    repeat: int
    before: Run
    after: Run

    @property
    def diff(self) -> TextDiff:
        """The difference of the two outputs; a run without one has its error."""
        first, second = self.before, self.after
        names = (first.prompt, second.prompt) if first.prompt != second.prompt else (first.model, second.model)
        return TextDiff(said(first), said(second), *names)


class Difference(NamedTuple):
    """How much the second has more of one score: the mean of the `n` pairs that have it, and its interval.

    Pairing takes out what makes one row harder than another.
    `better` counts the pairs in which the second is higher, `worse` those in which it is lower.
    """

    score: str
    n: int
    mean: float | None
    low: float | None
    high: float | None
    better: int
    worse: int


@dataclass(frozen=True, slots=True)
class Comparison(Shown):
    """The outputs of `first` and `second` beside each other, row by row, and by how much their scores differ.

    `alone` counts the runs that have no counterpart.
    """

    experiment: str
    first: str
    second: str
    pairs: Rows[Pair]
    differences: Rows[Difference]
    alone: int = 0

    @property
    def changed(self) -> Rows[Pair]:
        """The pairs whose outputs differ; first those whose scores differ most, the worse before the better."""
        found = [pair for pair in self.pairs if said(pair.before) != said(pair.after)]
        return Rows(sorted(found, key=_gain), title=f"{self.first} → {self.second}", empty="All outputs are the same.")


def said(run: Run) -> str:
    """Return the output of a run, or its error."""
    return run.output if run.output is not None else run.error


def gains(pair: Pair) -> dict[str, float]:
    """Return for each score of both runs how much the second has more."""
    before, after = _values(pair.before), _values(pair.after)
    return {name: after[name] - value for name, value in before.items() if name in after}


def _values(run: Run) -> dict[str, float]:
    return {name: score.value for name, score in run.scores.items() if score.value is not None}


def _gain(pair: Pair) -> tuple[float, bool]:
    found = gains(pair)
    most = max(found.values(), key=abs, default=0.0)
    return -abs(most), most > 0


_Key = tuple[str, str, int]


def compared(
    experiment: str, runs: Sequence[Run], scores: Sequence[str], kind: str, first: str, second: str
) -> Comparison:
    """Put the runs of two prompts, or of two models (the `kind`), beside each other."""
    of: Callable[[Run], str] = attrgetter(kind)
    other: Callable[[Run], str] = attrgetter("model" if kind == "prompt" else "prompt")
    keyed = [{(run.row, other(run), run.repeat): run for run in runs if of(run) == name} for name in (first, second)]
    pairs = [Pair(*key, run, keyed[1][key]) for key, run in keyed[0].items() if key in keyed[1]]
    return Comparison(
        experiment,
        first,
        second,
        Rows(pairs, title=f"{first} → {second}", empty="No row was run with both."),
        Rows([_difference(name, keyed[0], keyed[1]) for name in scores]),
        len(keyed[0]) + len(keyed[1]) - 2 * len(pairs),
    )


def _difference(score: str, first: Mapping[_Key, Run], second: Mapping[_Key, Run]) -> Difference:
    before, after = _scored(score, first), _scored(score, second)
    more = [(key[0], after[key] - value) for key, value in before.items() if key in after]
    better, worse = sum(gain > 0 for _, gain in more), sum(gain < 0 for _, gain in more)
    return Difference(score, *interval(more), better, worse)


def _scored(score: str, runs: Mapping[_Key, Run]) -> dict[_Key, float]:
    values = {key: _values(run) for key, run in runs.items() if not run.error}
    return {key: found[score] for key, found in values.items() if score in found}
