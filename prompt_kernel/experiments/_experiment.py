"""An experiment: prompts over data on models, every cell of the grid a row in the store.

exp = pk.Experiment(
    "tone",
    prompts=["review@1", "review@2", pk.swap("review", "style/tone", ["style/terse", None])],
    inputs=frame,
    models={"gpt": ask},
    scorers=[pk.scorers.exact("label")],
)
exp.plan()
exp.run(concurrency=8)
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from prompt_kernel.errors import ExperimentNotFoundError, InvalidMetadataError
from prompt_kernel.experiments import scorers as scoring
from prompt_kernel.experiments._grid import Cell, Variant, cases_of, cells_of, check_columns, variants_of
from prompt_kernel.experiments._inputs import rows_of
from prompt_kernel.experiments._loop import complete
from prompt_kernel.experiments._models import EndpointModel, Model, Session, models_of
from prompt_kernel.experiments._plan import Plan, planned
from prompt_kernel.experiments._retries import Retry
from prompt_kernel.experiments._round import Round, grouped
from prompt_kernel.experiments.results import Results
from prompt_kernel.progress import Progress, tracking
from prompt_kernel.tokens import Spec
from prompt_kernel.tokens import tokenizer as tokenizer_of

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_TICK = 0.1


class Experiment:
    """Prompts, inputs, models and scorers, and the verbs to run them and to look at what came of it.

    Nothing is paid twice: an answer is known by the model's name and parameters, the text and the repeat. So a run that
    was killed goes on where it was, and after a change only those rows are asked again whose text has changed. What a
    function does inside is not seen: give a model that has changed another name, or run it with `again=True`.

    Args:
        name: what it is called in the store. The same name goes on with the same experiment.
        prompts: paths (`review`, `review@2`, `review@production`), `{name: text}` for texts that are not stored,
            `swap(…)`, or a list of these.
        models: `{name: model}`. A model is a function, sync or async, from the text to the answer (a text or an
            `Answer`), one marked by `messages`, an `Endpoint`, or the URL of one.
        inputs: a DataFrame of pandas or polars, an Arrow table, or an iterable of mappings; columns fill the
            variables of their names. None is one row without columns.
        scorers: functions of the output and the row, by name or in a list; see `scorers`.
        repeats: how often each cell is asked.
        cross: variables with several values each, `{name: [values]}` or `{name: {label: value}}`: every prompt
            that has the variable is tried with each of them.
        variables: values for all rows; they come before the columns.
        description: what it is for.
        store: where the prompts are and the runs go; None is the usual store.
    """

    def __init__(
        self,
        name: str,
        *,
        prompts: Any,
        models: Any,
        inputs: Any = None,
        scorers: Mapping[str, scoring.Scorer] | Iterable[scoring.Scorer] = (),
        repeats: int = 1,
        cross: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        description: str = "",
        store: "Store | None" = None,
    ) -> None:
        """Put an experiment together; nothing is looked up or asked before it runs.

        Raises:
            InvalidMetadataError: one of these cannot be so.
            MissingExtraError: an endpoint needs httpx.
        """
        if not isinstance(repeats, int) or repeats < 1:
            raise InvalidMetadataError("repeats", "write a whole number from 1 on")
        self.name, self.prompts, self.repeats, self.description = name, prompts, repeats, description
        self.models: tuple[Model, ...] = tuple(models_of(models))
        self.rows = rows_of(inputs)
        self.scorers = scoring.named(scorers)
        self.cross, self.variables = dict(cross or {}), dict(variables or {})
        self._store = store

    @property
    def store(self) -> "Store":
        """The store of the prompts and the runs, opened when first used."""
        if self._store is None:
            from prompt_kernel.store import connect  # noqa: PLC0415 - who has a store open needs no other

            self._store = connect()
        return self._store

    def __repr__(self) -> str:
        models = [model.name for model in self.models]
        return f"Experiment({self.name!r}, rows={len(self.rows)}, models={models!r}, repeats={self.repeats})"

    # Verbs

    def plan(self, *, tokenizer: Spec = None) -> Plan:
        """Return what a run would do now: how many calls, of how many tokens, at what cost. Nothing is asked.

        `tokenizer` is as `tokens.tokenizer` takes it; without one the tokens are an estimate.

        Raises:
            PromptKernelError: a prompt is not there, or nothing fills one of its variables.
        """
        grid = self._grid()
        return planned(self.name, grouped(grid.cells), self._known, self.models, tokenizer_of(tokenizer))

    def run(
        self,
        *,
        concurrency: int = 8,
        progress: Progress = True,
        retry: Retry | int | None = None,
        rescore: bool = False,
        again: bool = False,
    ) -> Results:
        """Ask what is not known yet, score it, record each answer as it comes, and return the results.

        The prompts are compiled once at the start. What goes wrong with a cell is that cell's row. A Ctrl-C ends the
        run and keeps what is done; the next run goes on from there. It works in a script, in a notebook and within a
        running event loop, which it blocks: see `arun`.

        Args:
            concurrency: how many calls at a time, and how many threads for sync functions.
            progress: whether to show a bar, with errors and cost so far; or a function that is told (done, of).
            retry: how often to try what may pass (rate limits, overload, timeouts), or a `Retry`. 1 is once.
            rescore: score known answers anew.
            again: pay known answers anew.

        Raises:
            PromptKernelError: a prompt is not there, nothing fills one of its variables, or nothing can be recorded.
        """
        made = self._round(concurrency, Retry.of(retry), rescore=rescore, again=again)
        with tracking(self.name, len(made.cells), progress) as advance:
            complete(made.conduct(), lambda: made.tally.tell(advance, made.session.retries))
        return self._read(made.number)

    async def arun(
        self,
        *,
        concurrency: int = 8,
        progress: Progress = True,
        retry: Retry | int | None = None,
        rescore: bool = False,
        again: bool = False,
    ) -> Results:
        """Do what `run` does in the event loop that awaits it: asynchronous models run in that loop.

        Raises:
            PromptKernelError: see `run`.
        """
        made = await asyncio.to_thread(self._round, concurrency, Retry.of(retry), rescore=rescore, again=again)
        with tracking(self.name, len(made.cells), progress) as advance:
            watching = asyncio.create_task(_watch(made, advance))
            try:
                await made.conduct()
            finally:
                watching.cancel()
            made.tally.tell(advance, made.session.retries)
        return await asyncio.to_thread(self._read, made.number)

    def results(self) -> Results:
        """Return the results of the last round.

        Raises:
            ExperimentNotFoundError: it has never been run.
        """
        self.store.experiments.get(self.name)
        return Results(self.store, self.name)

    # What is behind them

    def _grid(self) -> "_Grid":
        variants = variants_of(self.store, self.prompts, self.variables, self.cross)
        check_columns(variants, self.rows)
        cases = list(cases_of(variants, self.rows))
        return _Grid(variants, list(cells_of(cases, self.models, self.repeats)))

    def _read(self, number: int) -> Results:
        """Return the results of a round, read: the next round takes over what it knows, and these are to stay."""
        results = Results(self.store, self.name, number)
        _ = results.runs
        return results

    def _known(self, calls: Sequence[str]) -> Iterable[str]:
        try:
            return self.store.experiments.known(self.name, calls)
        except ExperimentNotFoundError:
            return ()

    def _round(self, concurrency: int, retry: Retry, *, rescore: bool, again: bool) -> Round:
        if not isinstance(concurrency, int) or concurrency < 1:
            raise InvalidMetadataError("concurrency", "write a whole number from 1 on")
        grid, prepared = self._grid(), scoring.prepare(self.scorers, self.store)
        manifests = {variant.manifest: variant.compiled.manifest.as_data() for variant in grid.variants}
        number = self.store.experiments.begin(self.name, self._spec(grid), description=self.description)
        return Round(
            self.store, self.name, number, grid.cells, {**scoring.contents(prepared), **manifests}, prepared,
            Session(concurrency, retry), rescore, again,
        )  # fmt: skip

    def _spec(self, grid: "_Grid") -> dict[str, Any]:
        """Return what is asked for as plain data; no texts, which would outlive a purge of their prompt."""
        return {
            "prompts": [variant.name for variant in grid.variants],
            "models": [model.name for model in self.models],
            "scorers": list(self.scorers),
            "repeats": self.repeats,
            "rows": len(self.rows),
            "cells": len(grid.cells),
            "cross": list(self.cross),
            "parameters": {model.name: dict(model.parameters) for model in self.models},
            "endpoints": {model.name: model.endpoint.url for model in self.models if isinstance(model, EndpointModel)},
        }


class _Grid(NamedTuple):
    variants: Sequence[Variant]
    cells: Sequence[Cell]


async def _watch(made: Round, advance: Any) -> None:
    while True:
        await asyncio.sleep(_TICK)
        made.tally.tell(advance, made.session.retries)
