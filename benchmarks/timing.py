"""Time contenders that do the same work, side by side.

A shared machine is now fast and now slow. So nobody is measured alone: in every repeat each contender gets one sample,
the order turns from repeat to repeat, and the ratio is taken within the repeat. What is reported is the median of
those ratios, so that a repeat in which the machine was busy decides nothing.
"""

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Call = Callable[[], Any]
Clock = Callable[[], float]

#: For pure computation: the time of this process, whatever the others do. For disks: what a person waits.
PROCESSOR: Clock = time.process_time
WALL: Clock = time.perf_counter
_MOST_CALLS = 1_000_000


class DisagreementError(Exception):
    """Contenders that should do the same work gave different outcomes."""


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    `call` does it once. With `prepare`, that runs before each call and is not timed, so a sample is a single call.
    `read` turns what `call` returned into a value that all contenders should agree on; it is not timed either.
    """

    name: str
    call: Call
    prepare: Call | None = None
    read: Callable[[Any], object] = str


class Timing(NamedTuple):
    """What one contender took: the median seconds of a call, and its ratio to `Work.against` with the quartiles."""

    name: str
    seconds: float
    ratio: float
    low: float
    high: float


@dataclass
class Work:
    """A piece of work and those who can do it. The first contender is ours; `at_most` is the ratio we allow it.

    `refused` says why somebody is not among the contenders. What is measured with servers has none: there, who does
    the work stands in the result alone.
    """

    name: str
    title: str
    against: str
    at_most: float | None
    contenders: list[Contender]
    clock: Clock = PROCESSOR
    refused: dict[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Do the work once with everybody; who fails moves to `refused`.

        Raises:
            DisagreementError: somebody came to another outcome than ours.
        """
        ours, *others = self.contenders
        wanted = _outcome(ours)
        able = [ours]
        for contender in others:
            try:
                outcome = _outcome(contender)
            except Exception as error:  # noqa: BLE001 - whatever stops a peer is the reason that we print
                self.refused[contender.name] = f"fails: {_first_line(error)}"
                continue
            if outcome != wanted:
                raise DisagreementError(
                    f"{self.name}: {contender.name} gives {outcome!r:.300}, we give {wanted!r:.300}"
                )
            able.append(contender)
        self.contenders = able


@dataclass
class Result:
    """A measured work: the timings in the order of the contenders, ours first."""

    work: Work
    timings: list[Timing]

    @property
    def ours(self) -> Timing:
        """Our own timing."""
        return self.timings[0]

    @property
    def theirs(self) -> Timing:
        """The timing of the one that the limit is stated against."""
        return next(timing for timing in self.timings if timing.name == self.work.against)

    @property
    def reached(self) -> bool | None:
        """Whether we stayed within the limit; None where there is none."""
        return None if self.work.at_most is None else self.ours.ratio <= self.work.at_most


def measure(work: Work, *, repeats: int, seconds: float) -> Result:
    """Check `work` and time it: `repeats` samples of each contender, each of about `seconds`."""
    work.check()
    calls = {contender.name: _calls_for(contender, work.clock, seconds) for contender in work.contenders}
    taken: dict[str, list[float]] = {contender.name: [] for contender in work.contenders}
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for repeat in range(repeats):
            gc.collect()
            for contender in _turned(work.contenders, repeat):
                taken[contender.name].append(_sample(contender, calls[contender.name], work.clock))
    finally:
        if was_enabled:
            gc.enable()
    return compared(work, taken)


def compared(work: Work, taken: Mapping[str, Sequence[float]]) -> Result:
    """Put beside each other what everybody took, by name and repeat; ours comes first."""
    base = taken[work.against]
    return Result(work, [_timing(name, seconds, base) for name, seconds in taken.items()])


def p95(values: Sequence[float]) -> float:
    """Return what 95 of a hundred `values` do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def _outcome(contender: Contender) -> object:
    if contender.prepare:
        contender.prepare()
    return contender.read(contender.call())


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def _turned(contenders: Sequence[Contender], repeat: int) -> list[Contender]:
    """Return the contenders in this repeat's order: each comes first in turn, and the neighbours change sides."""
    at = repeat % len(contenders)
    order = [*contenders[at:], *contenders[:at]]
    return order if repeat % 2 else order[::-1]


def _sample(contender: Contender, calls: int, clock: Clock) -> float:
    """Return the seconds of one call, as the mean of `calls` of them."""
    if contender.prepare:
        contender.prepare()
    call = contender.call
    turns = range(calls)
    start = clock()
    for _ in turns:
        call()
    return (clock() - start) / calls


def _calls_for(contender: Contender, clock: Clock, seconds: float) -> int:
    """Return how many calls take about `seconds`; this also warms the contender up."""
    if contender.prepare:
        return 1
    calls = 1
    while True:
        took = _sample(contender, calls, clock) * calls
        if took >= seconds or calls >= _MOST_CALLS:
            return calls
        calls = min(_MOST_CALLS, max(calls * 2, int(calls * min(seconds / max(took, 1e-9), 20))))


def _timing(name: str, taken: Sequence[float], base: Sequence[float]) -> Timing:
    ratios = [mine / other for mine, other in zip(taken, base, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return Timing(name, statistics.median(taken), middle, low, high)
