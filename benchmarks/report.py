"""The tables of a run, in markdown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from statistics import median

import crowds
from counting import Counts
from frames import Memory
from live import Live
from load import Load
from sizes import Sizes
from timing import WALL, Result, Timing, p95

#: Opening a large store may take this many times the steps of a small one: only the depth of the indexes may differ.
_MOST_GROWTH = 1.1
_MEGABYTE = 1_000_000


def markdown(
    computed: Sequence[Result],
    growth: tuple[Counts, Counts] | None,
    live: Live,
    sizes: Sizes,
    machine: Iterable[str],
    memory: Sequence[Memory] = (),
) -> str:
    """Return all tables of a run."""
    results = [*computed, *live.results]
    lines = [f"# Measured on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "", ", ".join(machine) + "."]
    if results:
        lines += ["", *_limits(results), "", *_everybody(results)]
    lines += _refused(results, live)
    if growth:
        lines += ["", *_growth(growth, sizes)]
    if memory:
        lines += ["", *_memory(memory)]
    if live.loads:
        lines += ["", *_loads(live.loads, sizes)]
    if live.crowds:
        lines += ["", *crowds.measured(sizes, live.crowds)]
    return "\n".join(lines)


def _limits(results: Sequence[Result]) -> list[str]:
    reached = [result.reached for result in results if result.reached is not None]
    title = f"## Against the limits: {sum(reached)} of {len(reached)} reached in this run"
    return [
        title if reached else "## Beside the others",
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


def _refused(results: Sequence[Result], live: Live) -> list[str]:
    rows = [f"* {result.work.name}: {who} {why}" for result in results for who, why in result.work.refused.items()]
    rows += [f"* {name}: {why}" for name, why in live.missing.items()]
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


def _memory(memory: Sequence[Memory]) -> list[str]:
    return [
        "## Filling a frame: memory beside the texts that come out",
        "",
        "| rows | of | texts | growth at most | ratio |",
        "|---|---|---|---|---|",
        *(
            f"| {of.rows:,} | {of.name} | {of.text / _MEGABYTE:.0f} MB | {of.growth / _MEGABYTE:.0f} MB"
            f" | {of.growth / of.text:.2f} |"
            for of in memory
        ),
    ]


def _loads(loads: Sequence[Load], sizes: Sizes) -> list[str]:
    seconds = sizes.load_turns * sizes.load_seconds
    return [
        f"## {sizes.clients} clients write on one prompt, {sizes.edits_per_second:g} edits/s each, for {seconds:g} s",
        "",
        "| who | edits | at another client | p95 | acknowledged | p95 | memory | growth | texts that differ |",
        "|---|---|---|---|---|---|---|---|---|",
        *map(_load, loads),
        "",
        f"Everybody has the same text in the end, and so has the store: {'**no**' if loads[0].differ else 'yes'}.",
    ]


def _load(load: Load) -> str:
    others, acknowledged = list(chain(*load.others)), list(chain(*load.acknowledged))
    delays = [duration(value) for taken in (others, acknowledged) for value in (median(taken), p95(taken))]
    memory = f"{load.before / _MEGABYTE:.0f} MB | {(load.after - load.before) / _MEGABYTE:.1f} MB"
    return f"| {load.name} | {load.edits:,} | {' | '.join(delays)} | {memory} | {load.differ} |"


def _quartiles(timing: Timing) -> str:
    return f"{timing.low:.3g} to {timing.high:.3g}"


def duration(seconds: float) -> str:
    """Return a duration with three digits and a unit that fits."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
