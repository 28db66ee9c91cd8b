"""How experiments look where there are no cards."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from prompt_kernel.experiments.results import Comparison, Results
from prompt_kernel.notebook.plain import table
from prompt_kernel.runs import ExperimentSummary, Run


def _results(value: Results) -> str:
    errors = f", {len(value.errors):,} failed" if value.errors else ""
    first = f"{value.name} · round {value.round} · {len(value.runs):,} runs{errors}"
    return "\n".join([first, *([table(value.summary())] if value.runs else [])])


def _comparison(value: Comparison) -> str:
    found = value.differences
    changed = value.changed
    return "\n".join([
        f"{value.first} → {value.second} · {len(value.pairs):,} pairs, {len(changed):,} with different outputs",
        *([table(found)] if any(one.n for one in found) else []),
        *([table(changed)] if changed else []),
    ])  # fmt: skip


def _run(value: Run) -> str:
    return f"{table([value])}\n\n{value.output if value.output is not None else value.error}"


def _experiment(value: ExperimentSummary) -> str:
    return table([value])


TEXTS: Final[Mapping[type, Callable[[Any], str]]] = {
    Results: _results,
    Comparison: _comparison,
    Run: _run,
    ExperimentSummary: _experiment,
}
