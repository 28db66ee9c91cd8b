"""What came of an experiment: its runs, as a tidy table, as means with their intervals, and side by side."""

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from prompt_kernel.display import Rows, Shown
from prompt_kernel.errors import ExportFileError, InvalidMetadataError, NotFoundError
from prompt_kernel.experiments import _tables
from prompt_kernel.experiments._comparison import Comparison, Difference, Pair, compared, gains, said
from prompt_kernel.experiments._statistics import interval
from prompt_kernel.names import near
from prompt_kernel.runs import ExperimentSummary, Run

if TYPE_CHECKING:
    from prompt_kernel.expansion import Expansion
    from prompt_kernel.store import Store

_PAGE: Final = 1_000


class Cell(NamedTuple):
    """One prompt under one model by one score: the mean of its `n` values and the interval that it lies in.

    `low` and `high` hold the mean with 95 % confidence, by bootstrap over the rows of the inputs; they are None with
    fewer than two rows, and `mean` is None without values. `runs` are all cells of the grid, `errors` those of them
    that have no output: these are in no mean. `seconds` is the mean for a call; `tokens_in`, `tokens_out` and `cost`
    are sums over the calls, each counted once, and None where nobody told.
    """

    prompt: str
    model: str
    score: str
    n: int
    mean: float | None
    low: float | None
    high: float | None
    runs: int
    errors: int
    seconds: float | None
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None


class Results(Shown):
    """The results of one round of an experiment.

    They are read from the store when first needed, and stay as they were then. A round that comes later takes over
    every run whose cell it still asks for, and an earlier one then has the others only.
    """

    def __init__(
        self,
        store: "Store",
        name: str,
        round: int | None = None,  # noqa: A002 - the word for it
        runs: Iterable[Run] | None = None,
    ) -> None:
        """Take the results of the experiment `name` from `store`: of its last round, or of `round`.

        `runs` are its runs, for whoever has them already.
        """
        self.store, self.name = store, name
        self._round = round
        self._given = None if runs is None else list(runs)
        self._summaries: dict[str, list[Cell]] = {}

    def __repr__(self) -> str:
        return f"Results({self.name!r}, {len(self.runs):,} runs)"

    @cached_property
    def experiment(self) -> ExperimentSummary:
        """The experiment at a glance.

        Raises:
            ExperimentNotFoundError: the store has none of that name.
        """
        return self.store.experiments.get(self.name)

    @property
    def round(self) -> int:
        """Which round these are the results of."""
        return self.experiment.round if self._round is None else self._round

    @cached_property
    def runs(self) -> Rows[Run]:
        """Every run: by prompt, model, row and repeat."""
        found = list(self._read()) if self._given is None else self._given
        prompts, models = (
            _places(self.experiment.prompts, found, "prompt"),
            _places(self.experiment.models, found, "model"),
        )
        found.sort(key=lambda run: (prompts[run.prompt], models[run.model], _natural(run.row), run.repeat))
        return Rows(found, title=self.name, empty="There are no runs.")

    def _read(self) -> Iterable[Run]:
        last = 0
        while page := self.store.experiments.runs(self.name, round=self._round, after=last, limit=_PAGE):
            yield from page
            last = page[-1].id

    @property
    def errors(self) -> Rows[Run]:
        """The runs that have no output, because something went wrong."""
        found = [run for run in self.runs if run.error]
        return Rows(found, title=f"{self.name}: errors", empty="There are no errors.")

    @cached_property
    def prompts(self) -> tuple[str, ...]:
        """The names of the prompts, in the order of the experiment."""
        return tuple(dict.fromkeys(run.prompt for run in self.runs))

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The names of the models, in the order of the experiment."""
        return tuple(
            sorted(
                {run.model: None for run in self.runs},
                key=_places(self.experiment.models, self.runs, "model").__getitem__,
            )
        )

    @cached_property
    def scores(self) -> tuple[str, ...]:
        """The names of the scorers, in the order of the experiment."""
        found = dict.fromkeys(name for run in self.runs for name in run.scores)
        return tuple(dict.fromkeys([*(name for name in self.experiment.scorers if name in found), *found]))

    def records(self, *, details: bool = False) -> list[dict[str, Any]]:
        """Return a tidy table: for each run a mapping of column to value, with the same columns for all.

        The columns are prompt, model, row, repeat, those of the inputs, the variables given besides, output, error,
        seconds, tokens_in, tokens_out, cost, a column for each score, and `run`, by which `expansion` finds the text.
        A column whose name is taken has `input.`, `variable.` or `score.` before it. `details` adds what the scorers
        said, and the hashes of the text, the manifest and the call.
        """
        return _tables.records(self.runs, self.scores, details=details)

    def frame(self, kind: Literal["pandas", "polars"] | None = None) -> Any:
        """Return `records` as a DataFrame of pandas if it is installed, else of polars; or of the one named.

        Raises:
            PromptKernelError: it is not installed.
        """
        return _tables.frame(self.records(), kind)

    def summary(self, score: str | None = None) -> Rows[Cell]:
        """Return the mean of `score`, or of every score, for each prompt and model.

        Raises:
            NotFoundError: there is no such score.
        """
        names = self.scores if score is None else (self._score(score),)
        cells = [cell for name in names or ("",) for cell in self._cells(name)]
        return Rows(cells, title=self.name, empty="There are no runs.")

    def _cells(self, score: str) -> list[Cell]:
        if score not in self._summaries:
            groups: dict[tuple[str, str], list[Run]] = {}
            for run in self.runs:
                groups.setdefault((run.prompt, run.model), []).append(run)
            self._summaries[score] = [_cell(*key, score, runs) for key, runs in groups.items()]
        return self._summaries[score]

    def _score(self, name: str) -> str:
        if name not in self.scores:
            raise NotFoundError(f"{self.name} has no score {name!r}; {_known(name, self.scores)}.")
        return name

    def compare(self, first: str | None = None, second: str | None = None) -> Comparison:
        """Return the outputs of two prompts side by side, or of two models, and by how much their scores differ.

        Runs of the same row, repeat and model (or prompt) are put beside each other. Without names these are the
        first two prompts, or the first two models where there is one prompt.

        Raises:
            NotFoundError: there is no prompt or model of that name.
            InvalidMetadataError: one is a prompt and the other a model, or there is one of each alone.
        """
        kind, names = ("prompt", self.prompts) if len(self.prompts) > 1 else ("model", self.models)
        if first is None and second is None and len(names) > 1:
            return compared(self.name, self.runs, self.scores, kind, *names[:2])
        if first is None or second is None:
            raise InvalidMetadataError("compare", "it takes the names of two prompts, or of two models")
        kinds = {self._kind(first), self._kind(second)}
        if len(kinds) > 1:
            raise InvalidMetadataError(
                "compare", f"{first} and {second} are a prompt and a model; name two of one kind"
            )
        return compared(self.name, self.runs, self.scores, kinds.pop(), first, second)

    def _kind(self, name: str) -> str:
        for kind, names in (("prompt", self.prompts), ("model", self.models)):
            if name in names:
                return kind
        raise NotFoundError(f"{self.name} has no {name!r}; {_known(name, (*self.prompts, *self.models))}.")

    def run(self, run: Run | int) -> Run:
        """Return the run of that id, which is the column `run` of `records` and `frame`.

        Raises:
            NotFoundError: there is none.
        """
        if isinstance(run, Run):
            return run
        found = next((one for one in self.runs if one.id == index(run)), None)
        if found is None:
            raise NotFoundError(f"{self.name} has no run {run}.")
        return found

    def expansion(self, run: Run | int) -> "Expansion":
        """Return the text that a run asked, byte for byte, with the prompt and version of each of its pieces.

        Raises:
            NotFoundError: there is no such run, or a version that it used was purged.
            DamagedTextError: the text is not the one that was asked.
        """
        return self.store.experiments.expansion(self.run(run))

    def to_bytes(self, ending: str) -> bytes:
        """Return the records with their details as the content of a file: `.csv`, `.jsonl` or `.parquet`.

        Raises:
            InvalidMetadataError: the ending is none of these.
            MissingExtraError: Parquet needs pyarrow.
        """
        return _tables.to_bytes(self.records(details=True), ending)

    def export(self, file: str | os.PathLike[str]) -> Path:
        """Write the records with their details to `file`; its ending says how: `.csv`, `.jsonl` or `.parquet`.

        Raises:
            InvalidMetadataError: the ending is none of these.
            ExportFileError: the file cannot be written.
            MissingExtraError: Parquet needs pyarrow.
        """
        path = Path(file)
        content = self.to_bytes(path.suffix)
        try:
            path.write_bytes(content)
        except OSError as error:
            raise ExportFileError(str(path.parent), {path.name: error.strerror or str(error)}) from error
        return path


def results(name: str, store: "Store | None" = None, round: int | None = None) -> Results:  # noqa: A002 - the word for it
    """Return the results of the experiment `name` in `store`, or in the usual store, of its last round or of `round`.

    Raises:
        ExperimentNotFoundError: there is no such experiment.
    """
    if store is None:
        from prompt_kernel.store import connect  # noqa: PLC0415 - whoever has a store open needs no other

        store = connect()
    found = Results(store, name, round)
    _ = found.experiment
    return found


def _cell(prompt: str, model: str, score: str, runs: Sequence[Run]) -> Cell:
    values = (
        (run.row, value.value)
        for run in runs
        if not run.error and (value := run.scores.get(score)) is not None and value.value is not None
    )
    found = interval((row, value) for row, value in values if value is not None)
    calls = list({run.call: run for run in runs}.values())
    seconds = [run.seconds for run in calls if run.seconds is not None]
    return Cell(
        prompt,
        model,
        score,
        *found,
        len(runs),
        sum(1 for run in runs if run.error),
        sum(seconds) / len(seconds) if seconds else None,
        _total([run.tokens_in for run in calls]),
        _total([run.tokens_out for run in calls]),
        cost_of(runs),
    )


def cost_of(runs: Iterable[Run]) -> float | None:
    """Return what `runs` have cost, each call counted once, with what their judges have; None where nobody told."""
    calls = {run.call: run for run in runs}.values()
    costs = [cost for run in calls for cost in (run.cost, *(score.cost for score in run.scores.values()))]
    return None if all(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None)


def _total(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _places(wanted: Sequence[str], runs: Sequence[Run], field: str) -> dict[str, int]:
    """Return the place of each name in the order of the experiment; what it does not know comes last, as it came."""
    names = dict.fromkeys([*wanted, *(getattr(run, field) for run in runs)])
    return {name: place for place, name in enumerate(names)}


def _natural(row: str) -> tuple[bool, int, str]:
    is_number = row.isascii() and row.isdigit()
    return not is_number, int(row) if is_number else 0, row


def _known(name: str, names: Sequence[str]) -> str:
    close = near(name, list(names))
    return f"did you mean {' or '.join(close)}" if close else f"it has {', '.join(names) or 'none'}"


__all__ = ["Cell", "Comparison", "Difference", "Pair", "Results", "cost_of", "gains", "results", "said"]
