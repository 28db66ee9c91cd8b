"""The command experiments: list the experiments, show, export, rename or remove one."""

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from prompt_kernel.cli._command import USAGE_ERROR, Command, Refusal, add_json, open_store
from prompt_kernel.cli._output import Column, Output
from prompt_kernel.runs import ExperimentSummary

if TYPE_CHECKING:
    from prompt_kernel.experiments.results import Cell
    from prompt_kernel.store import Store


def _money(cost: float | None) -> str:
    return "" if cost is None else f"{cost:.4g}"


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


_EXPERIMENT: Final[list[Column[ExperimentSummary]]] = [
    Column("experiment", lambda one: one.name, "bold"),
    Column("round", lambda one: one.round),
    Column("prompts", lambda one: len(one.prompts)),
    Column("models", lambda one: len(one.models)),
    Column("runs", lambda one: one.runs),
    Column("errors", lambda one: one.errors),
    Column("cost", lambda one: _money(one.cost)),
    Column("updated", lambda one: one.updated_at),
    Column("description", lambda one: one.description),
]
_CELL: Final[list[Column["Cell"]]] = [
    Column("prompt", lambda cell: cell.prompt, "bold"),
    Column("model", lambda cell: cell.model),
    Column("score", lambda cell: cell.score),
    Column("mean", lambda cell: _rounded(cell.mean)),
    Column("low", lambda cell: _rounded(cell.low)),
    Column("high", lambda cell: _rounded(cell.high)),
    Column("runs", lambda cell: cell.runs),
    Column("errors", lambda cell: cell.errors),
    Column("cost", lambda cell: _money(cell.cost)),
]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", metavar="ACTION", nargs="?", help="show, export, rename or remove (default: list)")
    parser.add_argument("names", metavar="NAME", nargs="*", help="the experiment, and what the action takes besides")
    parser.add_argument("--round", type=int, metavar="N", help="of this round (default: the last one)")
    parser.add_argument("--yes", action="store_true", help="really remove it; what is removed cannot be recovered")
    add_json(parser)


def _list(store: "Store", _: argparse.Namespace, output: Output) -> None:
    if not output.rows(store.experiments.list(), _EXPERIMENT):
        output.note("There are no experiments. Run one in Python: prompt_kernel.Experiment, or %%experiment.")


def _show(store: "Store", arguments: argparse.Namespace, output: Output) -> None:
    from prompt_kernel.experiments.results import Results  # noqa: PLC0415 - a list needs none of it

    (name,) = arguments.names
    results = Results(store, name, arguments.round)
    experiment = results.experiment
    if output.terminal:
        output.record({
            "experiment": experiment.name, "description": experiment.description,
            "round": f"{results.round} of {experiment.round}", "prompts": experiment.prompts,
            "models": experiment.models, "scorers": experiment.scorers, "cost": _money(experiment.cost),
            "author": experiment.author, "updated": experiment.updated_at,
        })  # fmt: skip
    if not output.rows(results.summary(), _CELL):
        output.note(f"The round {results.round} of {experiment.name} has no runs.")


def _export(store: "Store", arguments: argparse.Namespace, output: Output) -> None:
    from prompt_kernel.experiments.results import Results  # noqa: PLC0415 - a list needs none of it

    name, file = arguments.names
    results = Results(store, name, arguments.round)
    written = results.export(file)
    output.result(f"Wrote {len(results.runs):,} runs of {name} to {written}.", written, len(results.runs))


def _rename(store: "Store", arguments: argparse.Namespace, output: Output) -> None:
    old, new = arguments.names
    renamed = store.experiments.rename(old, new)
    output.result(f"{old} is called {renamed.name} now.", renamed.name)


def _remove(store: "Store", arguments: argparse.Namespace, output: Output) -> None:
    (name,) = arguments.names
    found = store.experiments.get(name).name
    if not arguments.yes:
        raise Refusal(f"This would remove {found} for good, with the runs of all rounds; add --yes.", USAGE_ERROR)
    removed = store.experiments.remove(name)
    output.result(f"Removed {name} with {removed:,} runs.", removed)


#: What each action takes besides, and what it does.
_ACTIONS: Final[Mapping[str, tuple[tuple[str, ...], Callable[["Store", argparse.Namespace, Output], None]]]] = {
    "list": ((), _list),
    "show": (("NAME",), _show),
    "export": (("NAME", "FILE.csv|.jsonl|.parquet"), _export),
    "rename": (("NAME", "NEW"), _rename),
    "remove": (("NAME",), _remove),
}


def _run(arguments: argparse.Namespace, output: Output) -> int:
    action = arguments.action or "list"
    if action not in _ACTIONS:
        raise Refusal(f"There is no action {action!r}; there are {', '.join(_ACTIONS)}.", USAGE_ERROR)
    wanted, act = _ACTIONS[action]
    if len(arguments.names) != len(wanted):
        raise Refusal(f"Write: prompt-kernel experiments {' '.join((action, *wanted))}", USAGE_ERROR)
    with open_store(arguments, output) as store:
        act(store, arguments, output)
    return 0


COMMANDS: Final = {
    "experiments": Command(
        "List the experiments; show, export, rename or remove one.\n\n"
        "In a pipe, tab-separated: name, round, prompts, models, runs, errors, cost, time, description; of one:\n"
        "prompt, model, score, its mean with the ends of its 95 % interval, runs, errors, cost.",
        [
            "experiments",
            "experiments show tone",
            "experiments export tone tone.csv",
            "experiments export tone runs.parquet --round 1",
            "experiments remove tone --yes",
        ],
        _arguments,
        _run,
    )
}
