"""One round of an experiment: what is known is taken over, what is not is asked for, and all of it is recorded."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.experiments import scorers as scoring
from prompt_kernel.experiments._grid import Case, Cell
from prompt_kernel.experiments._models import Session
from prompt_kernel.experiments._recorder import Recorder
from prompt_kernel.progress import Advance
from prompt_kernel.runs import Run, Score

if TYPE_CHECKING:
    from prompt_kernel.store import Store

#: So many calls are looked up at a time.
_CHUNK: Final = 2_000
#: Seconds that a worker may keep the loop to itself, where the model answers at once.
_TURN: Final = 0.01
_LONGEST: Final = 4_000

#: The cells of a call, and its answer where that is known.
_Job = tuple[list[Cell], Run | None]


@dataclass
class Tally:
    """How far a round is: for whoever watches, from any thread."""

    done: int = 0
    errors: int = 0
    cost: float | None = None
    told: int = 0

    def add(self, run: Run, cost: float | None) -> None:
        """Count a run; `cost` is what it has cost now."""
        self.done += 1
        self.errors += bool(run.error)
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost

    def tell(self, advance: Advance, retries: int) -> None:
        """Say what has been done since this was said last."""
        if self.done == self.told:
            return
        more, self.told = self.done - self.told, self.done
        remarks = [f"{self.errors} errors"] if self.errors else []
        remarks += [f"{retries} retries"] if retries else []
        remarks += [f"cost {self.cost:.4g}"] if self.cost is not None else []
        advance(more, ", ".join(remarks))


@dataclass
class Round:
    """A round that is prepared: everything is compiled and counted, and nothing asked."""

    store: "Store"
    name: str
    number: int
    cells: Sequence[Cell]
    contents: Mapping[str, Mapping[str, Any]]
    scorers: Mapping[str, scoring.Scorer]
    session: Session
    rescore: bool
    again: bool
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        """Note which prompts each judge asks with."""
        self._judges = {name: frozenset(scoring.contents({name: scorer})) for name, scorer in self.scorers.items()}

    async def conduct(self) -> None:
        """Do it.

        Raises:
            PromptKernelError: something could not be recorded; what could be, is.
        """
        groups = grouped(self.cells)
        async with self.session, Recorder(self.store.experiments, self.name, self.contents) as recorder:
            for cell in groups.pop("", []):
                self._put(recorder, self._made(cell, error=cell.case.error), None)
            left = [job async for job in self._left(groups, recorder)]
            jobs, workers = iter(left), min(self.session.concurrency, len(left))
            await _all([self._work(jobs, recorder) for _ in range(workers)])

    # What is known

    async def _left(self, groups: Mapping[str, list[Cell]], recorder: Recorder) -> AsyncIterator[_Job]:
        """Take over what is known, and give the rest, with the answer where only scores are missing."""
        calls = list(groups)
        for start in range(0, len(calls), _CHUNK):
            chunk = calls[start : start + _CHUNK]
            known = {} if self.again else await asyncio.to_thread(self.store.experiments.known, self.name, chunk)
            for call in chunk:
                answered = known.get(call)
                if answered is None or not self._take_over(groups[call], answered, recorder):
                    yield groups[call], answered

    def _take_over(self, cells: Sequence[Cell], answered: Run, recorder: Recorder) -> bool:
        """Record an answer that is known for its cells; return whether that is all, and nothing is to be scored."""
        runs = [self._with_answer(cell, answered) for cell in cells]
        is_all = not any(self._unscored(run) for run in runs)
        for run in runs if is_all or not self.rescore else ():
            recorder.put(run)
        for run in runs if is_all else ():
            self.tally.add(run, None)
        return is_all

    def _with_answer(self, cell: Cell, answered: Run) -> Run:
        """Return the run of a cell with the answer of one of the same call, and its scores where the row is the same.

        A judge's score is kept also where that judge is not asked for now: it was paid for.
        """
        is_same = (cell.case.row.inputs, cell.case.variant.values) == (answered.inputs, answered.variables)
        kept = answered.scores if is_same and not self.rescore else {}
        return self._made(
            cell, output=answered.output, error=answered.error, seconds=answered.seconds,
            tokens_in=answered.tokens_in, tokens_out=answered.tokens_out, cost=answered.cost,
            scores={name: score for name, score in kept.items() if name in self.scorers or score.manifest},
        )  # fmt: skip

    def _unscored(self, run: Run) -> list[str]:
        """Return the scorers whose score is missing, failed, or by a judge whose prompt has changed."""
        return [name for name, manifests in self._judges.items() if not _is_good(run.scores.get(name), manifests)]

    # What is asked for

    async def _work(self, jobs: Iterator[_Job], recorder: Recorder) -> None:
        last = time.monotonic()
        for cells, answered in jobs:
            await self._do(cells, answered, recorder)
            if time.monotonic() - last > _TURN:
                await asyncio.sleep(0)
                last = time.monotonic()

    async def _do(self, cells: Sequence[Cell], answered: Run | None, recorder: Recorder) -> None:
        paid, is_kept = None, answered is not None
        if answered is None:
            answered = await self._ask(cells[0])
            paid = answered.cost
        for cell in cells:
            run = self._with_answer(cell, answered)
            # An answer is there before its scores are, which take as long as a judge does. Old scores stay till then.
            keep = None if self.rescore and is_kept else recorder.put
            run, judged = await self._scored(run, cell.case, keep)
            self._put(recorder, run, _sum(paid, judged))
            paid = None

    async def _ask(self, cell: Cell) -> Run:
        """Return a run with what the model said."""
        case, started = cell.case, time.perf_counter()
        try:
            text = case.variant.expand(case.row)
            reply = await self.session.ask(cell.model, text, is_template=case.variant.compiled.has_templates)
        except Exception as error:  # noqa: BLE001 - the user's own model: its error is the result
            return self._made(cell, error=sentence_of(error), seconds=time.perf_counter() - started)
        answer = reply.answer
        return self._made(
            cell, output=answer.text, seconds=reply.seconds, tokens_in=answer.tokens_in, tokens_out=answer.tokens_out,
            cost=answer.cost,
        )  # fmt: skip

    async def _scored(self, run: Run, case: Case, keep: Callable[[Run], None] | None) -> tuple[Run, float | None]:
        """Return a run with the scores that it lacks, and what making them has cost; `keep` takes it on the way."""
        missing = [] if run.output is None else self._unscored(run)
        cost, prompt = None, case.variant.expand(case.row) if missing else ""
        for name in missing:
            if keep is not None:
                keep(run)
            row = {**run.inputs, **run.variables}
            score = await scoring.apply(self.scorers[name], run.output or "", row, prompt)
            run, cost = replace(run, scores={**run.scores, name: score}), _sum(cost, score.cost)
        return run, cost

    def _made(self, cell: Cell, **said: Any) -> Run:
        case, model = cell.case, cell.model
        return Run(
            self.name, case.variant.name, case.row.name, model.name, cell.repeat, case.row.inputs, case.variant.values,
            model.parameters, case.variant.manifest, case.text_sha256, cell.call, round=self.number, **said,
        )  # fmt: skip

    def _put(self, recorder: Recorder, run: Run, cost: float | None) -> None:
        recorder.put(run)
        self.tally.add(run, cost)


def grouped(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Return the cells of each call, in the order of the grid: they share one payment."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.call, []).append(cell)
    return groups


def sentence_of(error: Exception) -> str:
    """Return what a row says of an error: ours are sentences, others have their class before it."""
    said = str(error) if isinstance(error, PromptKernelError) else f"{type(error).__name__}: {error}"
    return said[:_LONGEST]


def _is_good(score: Score | None, manifests: frozenset[str]) -> bool:
    if score is None or score.error:
        return False
    return not manifests or score.manifest in manifests


def _sum(first: float | None, second: float | None) -> float | None:
    return second if first is None else first if second is None else first + second


async def _all(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; when one fails, end the others, and raise what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


__all__ = ["Round", "Tally", "grouped", "sentence_of"]
