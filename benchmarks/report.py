"""The tables of a run, in markdown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from counting import Counts
from sizes import Sizes
from timing import WALL, Result, Timing

#: Opening a large store may take this many times the steps of a small one: only the depth of the indexes may differ.
_MOST_GROWTH = 1.1


def markdown(
    results: Sequence[Result], growth: tuple[Counts, Counts] | None, sizes: Sizes, machine: Iterable[str]
) -> str:
    """Return all tables of a run."""
    lines = [f"# Measured on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "", ", ".join(machine) + "."]
    if results:
        lines += ["", *_limits(results), "", *_everybody(results), *_refused(results)]
    if growth:
        lines += ["", *_growth(growth, sizes)]
    return "\n".join(lines)


def _limits(results: Sequence[Result]) -> list[str]:
    reached = [result.reached for result in results if result.reached is not None]
    return [
        f"## Against the limits: {sum(reached)} of {len(reached)} reached in this run",
        "",
        "| name | work | beside | ratio | quartiles | at most | reached | ours | theirs | clock |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(_limit, results),
    ]


def _limit(result: Result) -> str:
    work, ours = result.work, result.ours
    at_most = "" if work.at_most is None else f"{work.at_most:g}"
    reached = {True: "yes", False: "**no**", None: ""}[result.reached]
    clock = "wall" if work.clock is WALL else "processor"
    return (
        f"| {work.name} | {work.title} | {work.against} | {ours.ratio:.3g} | {_quartiles(ours)} | {at_most} | {reached}"
        f" | {duration(ours.seconds)} | {duration(result.theirs.seconds)} | {clock} |"
    )


def _everybody(results: Sequence[Result]) -> list[str]:
    lines = [
        "## Everybody, the fastest first",
        "",
        "| name | who | median | ratio | quartiles |",
        "|---|---|---|---|---|",
    ]
    for result in results:
        for timing in sorted(result.timings, key=lambda timing: timing.seconds):
            name, took = result.work.name, duration(timing.seconds)
            lines.append(f"| {name} | {timing.name} | {took} | {timing.ratio:.3g} | {_quartiles(timing)} |")
    return lines


def _refused(results: Sequence[Result]) -> list[str]:
    rows = [f"* {result.work.name}: {who} {why}" for result in results for who, why in result.work.refused.items()]
    return ["", "Not measured:", "", *rows] if rows else []


def _growth(growth: tuple[Counts, Counts], sizes: Sizes) -> list[str]:
    small, large = growth
    same = (large.statements, large.rows) == (small.statements, small.rows)
    reached = same and large.steps <= small.steps * _MOST_GROWTH
    return [
        "## Opening a store and expanding one composite of 10",
        "",
        "| prompts | SQL statements | rows read | steps of SQLite's machine |",
        "|---|---|---|---|",
        f"| {sizes.small:,} | {small.statements} | {small.rows} | {small.steps} |",
        f"| {sizes.large:,} | {large.statements} | {large.rows} | {large.steps} |",
        "",
        f"Reads only what it needs, however large the store: {'yes' if reached else '**no**'}.",
    ]


def _quartiles(timing: Timing) -> str:
    return f"{timing.low:.3g} to {timing.high:.3g}"


def duration(seconds: float) -> str:
    """Return a duration with three digits and a unit that fits."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
