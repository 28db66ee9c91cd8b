"""The cards of experiments: their results as a chart, two outputs side by side, one run."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from prompt_kernel.experiments import Plan
from prompt_kernel.experiments.results import Cell, Comparison, Difference, Pair, Results, cost_of, gains
from prompt_kernel.notebook._columns import between, figure, listed, moment, scores_of, worth
from prompt_kernel.notebook._html import Html, cut, details, facts, join, preformatted, table, tag
from prompt_kernel.notebook._parts import (
    MOST_IN_CELL,
    MOST_ROWS,
    counted,
    head,
    hidden,
    line,
    more,
    named,
    names,
    record_table,
    shown,
)
from prompt_kernel.notebook._side_by_side import marked_words
from prompt_kernel.runs import ExperimentSummary, Run, Score

_MOST_BARS: Final = 60
_MOST_SIDES: Final = 4
_MOST_OUTPUTS: Final = 6
_MOST_IN_OUTPUT: Final = 600
_MOST_PAIRS: Final = 20
_OPEN_PAIRS: Final = 3
_MOST_IN_PAIR: Final = 5_000
#: A colour for each model, seen well on white and on black; set on the bars, as notebooks from elsewhere lose styles.
_COLORS: Final = ("#4f8ad9", "#3a9d6a", "#c98a1b", "#a86fc4", "#d9655b", "#2a9aa8")

_STYLE: Final = Html(
    """<style>
.pk-card .pk-chart .pk-axis,.pk-card .pk-chart .pk-track{width:clamp(8em,24vw,18em)}
.pk-card .pk-chart table.pk-table .pk-cell:first-child{min-width:9em}
.pk-card .pk-chart table.pk-table .pk-cell:not(:first-child){white-space:nowrap}
.pk-card .pk-chart .pk-axis{display:flex;justify-content:space-between;font-weight:400;opacity:.75}
.pk-card .pk-chart .pk-track{position:relative;height:1.05em;margin-top:.2em;border-radius:2px;\
background:rgba(128,128,128,.16)}
.pk-card .pk-chart .pk-bar{border-radius:2px}
.pk-card .pk-chart .pk-range{position:absolute;top:50%;height:0;border-top:1.5px solid currentColor}
.pk-card .pk-chart .pk-range::before,.pk-card .pk-chart .pk-range::after{content:"";position:absolute;top:-.3em;\
height:.5em;border-left:1.5px solid currentColor}
.pk-card .pk-chart .pk-range::before{left:0}
.pk-card .pk-chart .pk-range::after{right:0}
.pk-card .pk-sides table.pk-table{display:table;width:100%;table-layout:fixed}
.pk-card .pk-sides table.pk-table .pk-cell{max-width:none;overflow-wrap:anywhere}
</style>"""
)


def results_card(value: Results) -> Html:
    """Return the card of an experiment's results."""
    runs, failed = value.runs, value.errors
    counts = [
        f"round {value.round}",
        counted(len(runs), "run"),
        counted(len(failed), "error") if failed else "",
        _spent(cost_of(runs)),
    ]
    about = value.experiment.description
    return join([
        _STYLE,
        head(value.name, *counts),
        line(cut(about, MOST_IN_CELL)) if about else None,
        *(_chart(name, value) for name in value.scores or ("",) if runs),
        _note(value),
        _problems("could not be answered", [run.error for run in failed]),
        _problems("could not be scored", _unscored(runs)),
        _outputs(value),
        line("More: ", tag("code", ".frame()"), ", ", tag("code", ".compare()"), ", ", tag("code", ".errors"), ", ",
             tag("code", ".expansion(run)"), " for the exact text of a run, ", tag("code", ".export(file)"), soft=True),
    ])  # fmt: skip


def _spent(cost: float | None) -> str:
    return "" if cost is None else f"cost {figure(cost)}"


def _note(value: Results) -> Html | None:
    if not value.scores:
        return None
    return line(
        "Bars are means. Lines are 95 % intervals, by bootstrap over the rows; errors are in no mean.", soft=True
    )


# The chart


def _chart(score: str, value: Results) -> Html:
    """Return a table of the means with a bar each: it reads without any style, too."""
    cells = value.summary(score) if score else value.summary()
    shown_cells = cells[:_MOST_BARS]
    axis = _axis(shown_cells)
    colors = {model: _COLORS[at % len(_COLORS)] for at, model in enumerate(value.models)}
    columns = [column for column in _columns(score, axis, colors, value) if column is not None]
    rows = [[content(cell) for _, content in columns] for cell in shown_cells]
    used = [at for at in range(len(columns)) if any(row[at] for row in rows)]
    body = ([row[at] for at in used] for row in rows)
    return tag(
        "div", table([columns[at][0] for at in used], body), more(len(cells) - len(rows), "row"), class_="pk-chart"
    )


def _columns(score: str, axis: tuple[float, float], colors: Mapping[str, str], value: Results) -> Iterator[Any]:
    """Give the heads of the chart's columns, and what a cell has under each."""
    yield "prompt", lambda cell: cut(cell.prompt, MOST_IN_CELL)
    if len(value.models) > 1 or not value.prompts:
        yield "model", lambda cell: cut(cell.model, MOST_IN_CELL)
    if score:
        yield score, _mean
        yield _axis_head(axis), lambda cell: _bar(cell, axis, colors[cell.model])
        yield "n", lambda cell: f"{cell.n:,}"
    else:
        yield "runs", lambda cell: f"{cell.runs:,}"
    yield "errors", lambda cell: f"{cell.errors:,}" if cell.errors else ""
    if score in ("", *value.scores[:1]):  # they are the same for every score
        yield "s/run", lambda cell: figure(cell.seconds)
        yield "tokens", _tokens
        yield "cost", lambda cell: figure(cell.cost)


def _mean(cell: Cell) -> str:
    if cell.mean is None:
        return ""
    return f"{figure(cell.mean)} {between(cell.low, cell.high)}".rstrip()


def _tokens(cell: Cell) -> str:
    if cell.tokens_in is None and cell.tokens_out is None:
        return ""
    return f"{cell.tokens_in or 0:,} + {cell.tokens_out or 0:,}"


def _axis(cells: Iterable[Cell]) -> tuple[float, float]:
    """Return from where to where the bars can go: 0 to 1 where that holds them all."""
    ends = [end for cell in cells for end in (cell.mean, cell.low, cell.high) if end is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return 0.0 - _round_up(-low), max(_round_up(high), 1.0) if low == 0 else _round_up(high)


def _round_up(number: float) -> float:
    """Return the next number of one digit that is one of 1, 2, 3, 5."""
    if number <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(number))
    return next((step * power for step in (1, 2, 3, 5) if step * power >= number), 10 * power)


def _axis_head(axis: tuple[float, float]) -> Html:
    ends = join([tag("span", f"{end:g}") for end in axis], " ")
    return tag("div", ends, class_="pk-axis")


def _bar(cell: Cell, axis: tuple[float, float], color: str) -> Html | str:
    if cell.mean is None:
        return ""
    start, end = _share(min(cell.mean, 0.0), axis), _share(max(cell.mean, 0.0), axis)
    bar = tag(
        "div",
        class_="pk-bar",
        style=f"margin-left:{start:.1f}%;width:{end - start:.1f}%;height:1.05em;background-color:{color}",
    )
    return tag("div", bar, _range(cell, axis), class_="pk-track", title=f"{cell.prompt}, {cell.model}: {_mean(cell)}")


def _range(cell: Cell, axis: tuple[float, float]) -> Html | None:
    if cell.low is None or cell.high is None:
        return None
    start, end = _share(cell.low, axis), _share(cell.high, axis)
    return tag("div", class_="pk-range", style=f"left:{start:.1f}%;width:{end - start:.1f}%")


def _share(value: float, axis: tuple[float, float]) -> float:
    low, high = axis
    return 100 * (value - low) / (high - low) if high > low else 0.0


# What stands below it


def _problems(what: str, reasons: Sequence[str]) -> Html | None:
    """Return the reasons why runs have come to nothing, the most frequent first."""
    if not reasons:
        return None
    counts = Counter(reasons).most_common()
    rows = [(f"{times:,}", cut(reason, 2 * MOST_IN_CELL)) for reason, times in counts[:MOST_ROWS]]
    title = f"{counted(len(reasons), 'run')} {what}"
    return details(title, table(("times", "why"), rows), more(len(counts) - len(rows), "reason"))


def _unscored(runs: Iterable[Run]) -> list[str]:
    return [f"{name}: {score.error}" for run in runs for name, score in run.scores.items() if score.error]


def _outputs(value: Results) -> Html | None:
    """Return what prompts and models have said to the first rows, beside each other."""
    sides = list(dict.fromkeys((run.prompt, run.model) for run in value.runs))[:_MOST_SIDES]
    cells = {(run.row, run.prompt, run.model): run for run in reversed(value.runs)}
    rows = list(dict.fromkeys(run.row for run in value.runs))
    if not rows:
        return None
    body = [[row, *(_said(cells.get((row, *side))) for side in sides)] for row in rows[:_MOST_OUTPUTS]]
    heads = ["row", *(_side_name(side, value) for side in sides)]
    title = "Outputs of the first rows" if len(rows) > len(body) else "Outputs"
    left = len({(run.prompt, run.model) for run in value.runs}) - len(sides)
    return details(title, table(heads, body), more(len(rows) - len(body), "row"), more(left, "column"))


def _side_name(side: tuple[str, str], value: Results) -> str:
    prompt, model = (cut(name, MOST_IN_CELL) for name in side)
    return prompt if len(value.models) == 1 else f"{prompt} · {model}"


def _said(run: Run | None) -> Html | str:
    if run is None:
        return ""
    if run.output is None:
        return join([tag("strong", "error", class_="pk-error"), f": {cut(run.error, _MOST_IN_OUTPUT)}"])
    scores = scores_of(run)
    return join([cut(run.output, _MOST_IN_OUTPUT), tag("div", scores, class_="pk-soft") if scores else None], "\n")


# Side by side


def comparison_card(value: Comparison) -> Html:
    """Return the card of two prompts, or models, beside each other: scores, and the outputs that differ."""
    changed = value.changed
    same = len(value.pairs) - len(changed)
    shown_pairs = changed[:_MOST_PAIRS]
    return join([
        _STYLE,
        head(f"{value.first} → {value.second}", value.experiment, counted(len(value.pairs), "pair"),
             f"{same:,} with the same output" if same else "",
             f"{counted(value.alone, 'run')} without a counterpart" if value.alone else ""),
        _differences(value.differences),
        *(_pair(pair, value, is_open=at < _OPEN_PAIRS) for at, pair in enumerate(shown_pairs)),
        more(len(changed) - len(shown_pairs), "pair"),
    ])  # fmt: skip


def _differences(found: Sequence[Difference]) -> Html | None:
    rows = [
        (
            one.score,
            _more(one),
            f"{one.n:,}",
            f"{one.better:,}",
            f"{one.worse:,}",
            f"{one.n - one.better - one.worse:,}",
        )
        for one in found
        if one.n
    ]
    heads = ("score", "second has more (95 %)", "pairs", "higher", "lower", "equal")
    return table(heads, rows) if rows else None


def _more(one: Difference) -> str:
    if one.mean is None:
        return ""
    return _signed(one.mean) + (
        "" if one.low is None or one.high is None else f" [{_signed(one.low)}, {_signed(one.high)}]"
    )


def _signed(number: float) -> str:
    return f"{'+' if number > 0 else ''}{figure(number)}"


def _pair(pair: Pair, value: Comparison, *, is_open: bool) -> Html:
    texts = [cut(text, _MOST_IN_PAIR) for text in (pair.diff.before, pair.diff.after)]
    repeat = f"repeat {pair.repeat}" if pair.repeat > 1 else ""
    moved = [f"{name} {_change(pair, name)}" for name in gains(pair)]
    title = " · ".join(filter(None, (f"row {pair.row}", cut(pair.same, MOST_IN_CELL), repeat, ", ".join(moved))))
    heads = (cut(value.first, MOST_IN_CELL), cut(value.second, MOST_IN_CELL))
    sides = tag("div", table(heads, [marked_words(*texts)]), class_="pk-sides")
    return details(title, sides, is_open=is_open)


def _change(pair: Pair, name: str) -> str:
    before, after = worth(pair.before.scores[name]), worth(pair.after.scores[name])
    return before if before == after else f"{before} → {after}"


# One run, one experiment


def run_card(value: Run) -> Html:
    """Return the card of one run: what came out, what it was worth, and what went in."""
    repeat = f"repeat {value.repeat}" if value.repeat > 1 else ""
    problem = line(tag("strong", "error", class_="pk-error"), f": {cut(value.error, 10 * MOST_IN_CELL)}")
    given = {**value.inputs, **value.variables}
    return join([
        head(f"{value.prompt} · {value.model}", f"row {value.row}", repeat, value.experiment),
        problem if value.error else None,
        None if value.output is None else join([preformatted(shown(value.output)), hidden(value.output)]),
        _score_table(value.scores),
        details("What went in", facts({name: cut(str(entry), MOST_IN_CELL) for name, entry in given.items()})),
        line(_took(value), soft=True),
    ])  # fmt: skip


def _score_table(scores: Mapping[str, Score]) -> Html | None:
    if not scores:
        return None
    rows = [(name, worth(score), cut(score.error or score.detail, MOST_IN_CELL)) for name, score in scores.items()]
    return table(("score", "value", "why"), rows)


def _took(run: Run) -> str:
    parts = [
        "" if run.seconds is None else f"{figure(run.seconds)} s",
        "" if run.tokens_in is None else counted(run.tokens_in, "token") + " in",
        "" if run.tokens_out is None else counted(run.tokens_out, "token") + " out",
        _spent(run.cost),
        named("text sha256 ", run.text_sha256[:12]),
        f"round {run.round}" if run.round else "",
        moment(run.at) if run.at else "",
        named("by ", run.author),
    ]
    return " · ".join(filter(None, parts))


def experiment_card(value: ExperimentSummary) -> Html:
    """Return the card of one experiment at a glance."""
    by = f"by {value.author} " if value.author else ""
    return join([
        head(value.name, f"round {value.round}", counted(value.runs, "run"),
             counted(value.errors, "error") if value.errors else "", _spent(value.cost)),
        line(cut(value.description, MOST_IN_CELL)) if value.description else None,
        facts({"models": cut(listed(value.models), MOST_IN_CELL), "scores": cut(listed(value.scorers), MOST_IN_CELL),
               "repeats": f"{value.repeats:,}" if value.repeats > 1 else ""}),
        names("prompts", value.prompts),
        line(f"last run {by}at {moment(value.updated_at)}, first at {moment(value.created_at)}", soft=True),
    ])  # fmt: skip


def plan_card(value: Plan) -> Html:
    """Return the card of what a run would do."""
    counts = {
        "known already": f"{value.known:,}" if value.known else "",
        "to be paid": counted(value.calls, "call"),
        "the same as another": f"{value.shared:,}" if value.shared else "",
        "cannot be asked": f"{value.bad:,}" if value.bad else "",
        "tokens in": f"{value.tokens_in:,} by {value.tokenizer}",
        "cost of these": figure(value.cost),
    }
    problems = record_table(value.problems, "problem") if value.problems else None
    return join([
        head(value.experiment, "plan", counted(value.cells, "run")),
        facts(counts),
        record_table(value.models) if value.models else None,
        details(f"{counted(value.bad, 'run')} cannot be asked", problems) if problems else None,
    ])  # fmt: skip


CARDS: Final[Mapping[type, Callable[[Any], Html]]] = {
    Results: results_card,
    Comparison: comparison_card,
    Run: run_card,
    ExperimentSummary: experiment_card,
    Plan: plan_card,
}
