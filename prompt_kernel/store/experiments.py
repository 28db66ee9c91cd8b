"""The ledger of experiments: every cell of every grid, with what made it and what came of it.

Many runs share their inputs and manifests, which are kept once each. A run is found again by its cell (prompt, row,
model, repeat and call), so that what is recorded again takes its place; and by its call, so that nothing is paid twice.

A manifest names the versions of the prompts by path, number and hash, and holds no text but that of a free prompt. So
when a prompt is purged, the ledger keeps its path and the hash of its text, what models have answered, and the inputs;
the text itself is gone, and `expansion` says so. `remove` takes away an experiment with all of that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from prompt_kernel.display import Rows
from prompt_kernel.errors import NotFoundError
from prompt_kernel.expansion import CompiledPrompt, Expansion, Manifest
from prompt_kernel.runs import ExperimentSummary, Run, expansion_of
from prompt_kernel.store import _ledger, _read, _runs
from prompt_kernel.store._engine import Database
from prompt_kernel.store._rows import Writer

_EMPTY: Final = "No experiments yet. Run one: see prompt_kernel.Experiment."


class Experiments:
    """The experiments of one store; `Store.experiments` is the way to them. Safe to use from several threads."""

    def __init__(self, database: Database, writer: Writer, compile_: Callable[[Manifest], CompiledPrompt]) -> None:
        """Keep them in `database`, by `writer`; `compile_` puts together what a manifest names."""
        self._database, self._writer, self._compile = database, writer, compile_

    # Writing

    def begin(self, name: str, spec: Mapping[str, Any], *, description: str = "") -> int:
        """Begin a new round of an experiment, which is made if there is none of that name; return its number.

        `spec` is plain data that says what is to be done: `prompts`, `models` and `scorers` (lists of names),
        `repeats`, and whatever else is worth keeping, but no texts of prompts, which would outlive a purge.

        Raises:
            InvalidMetadataError: the name cannot be one, or the spec is no plain data.
        """
        with self._database.writing() as connection:
            return _ledger.begin(connection, name, spec, description, self._writer)

    def record(self, name: str, runs: Sequence[Run], contents: Mapping[str, Mapping[str, Any]]) -> None:
        """Record runs, all of them or none; one of a cell that is there already takes its place.

        A run of round 0 is of the last round. Author and time are noted here, and stay as they were where the answer
        is the same. `contents` has the manifests that the runs name and that are not recorded yet, by their hashes, as
        `Manifest.as_data` gives them.

        Raises:
            ExperimentNotFoundError: nobody has begun it.
            InvalidMetadataError: a run names a manifest that is nowhere, or holds what cannot be kept.
        """
        with self._database.writing() as connection:
            _ledger.record(connection, name, runs, contents, self._writer)

    def rename(self, old: str, new: str) -> ExperimentSummary:
        """Give an experiment another name.

        Raises:
            ExperimentNotFoundError: there is none of that name.
            InvalidMetadataError: the new name is another one's, or cannot be one.
        """
        with self._database.writing() as connection:
            renamed = _ledger.rename(connection, old, new, self._writer)
            return _ledger.get(connection, renamed)

    def remove(self, name: str) -> int:
        """Remove an experiment with all its runs for good, and return how many there were; backups still hold them.

        Raises:
            ExperimentNotFoundError: there is none of that name.
        """
        with self._database.writing() as connection:
            removed = _ledger.remove(connection, name, self._writer)
        self._database.vacuum()
        return removed

    # Reading

    def known(self, name: str, calls: Iterable[str]) -> dict[str, Run]:
        """Return the latest run of each of `calls` that has an answer and no error, of any round.

        Its scores are of its own row: another row may have asked for the same and expect something else.

        Raises:
            ExperimentNotFoundError: there is no such experiment.
        """
        with self._database.reading() as connection:
            return _runs.known(connection, _ledger.find(connection, name), calls)

    def runs(
        self,
        name: str,
        *,
        round: int | None = None,  # noqa: A002 - the word for it
        prompt: str | None = None,
        model: str | None = None,
        errors: bool | None = None,
        after: int = 0,
        limit: int = 1000,
    ) -> Rows[Run]:
        """Return up to `limit` runs of a round, the last one by default, in the order they were recorded first.

        For the next page pass the last id as `after`. With `errors` there are only those that failed, or only others.

        Raises:
            ExperimentNotFoundError: there is no such experiment.
        """
        wanted = _runs.Wanted(round, prompt, model, errors)
        with self._database.reading() as connection:
            found = _runs.page(connection, _ledger.find(connection, name), wanted, after, limit)
        return Rows(found, title=f"Runs of {name}", empty="No such runs.")

    def count(
        self,
        name: str,
        *,
        round: int | None = None,  # noqa: A002 - the word for it
        prompt: str | None = None,
        model: str | None = None,
        errors: bool | None = None,
    ) -> int:
        """Return how many runs there are; see `runs`."""
        wanted = _runs.Wanted(round, prompt, model, errors)
        with self._database.reading() as connection:
            return _runs.count(connection, _ledger.find(connection, name), wanted)

    def run(self, name: str, id: int) -> Run:  # noqa: A002 - what `Run` calls it
        """Return one run, of any round, by its id.

        Raises:
            NotFoundError: there is none.
        """
        with self._database.reading() as connection:
            found = _runs.one(connection, _ledger.find(connection, name), id)
        if found is None:
            raise NotFoundError(f"The experiment {name} has no run {id}.")
        return found

    def list(self) -> Rows[ExperimentSummary]:
        """Return every experiment, the latest first."""
        with self._database.reading() as connection:
            return Rows(_ledger.summaries(connection), title="Experiments", empty=_EMPTY)

    def get(self, name: str) -> ExperimentSummary:
        """Return one experiment.

        Raises:
            ExperimentNotFoundError: there is none of that name.
        """
        with self._database.reading() as connection:
            return _ledger.get(connection, name)

    def using(self, path: str) -> Rows[ExperimentSummary]:
        """Return the experiments whose last round used a prompt, also where it is only included, the latest first.

        Raises:
            PromptNotFoundError: there is no such prompt.
        """
        with self._database.reading() as connection:
            uid = _read.get(connection, path).uid
            return Rows(_ledger.using(connection, uid), title=f"Experiments with {path}", empty="None has used it.")

    def manifest(self, run: Run) -> Manifest:
        """Return the exact versions that a run's text was made of.

        Raises:
            NotFoundError: it has none, because its prompt could not be expanded, or its experiment was removed.
        """
        return self.named_manifest(run.experiment, run.manifest)

    def named_manifest(self, name: str, sha256: str) -> Manifest:
        """Return a manifest of an experiment's runs by its hash, as `Run.manifest` has it.

        Raises:
            NotFoundError: there is none.
        """
        with self._database.reading() as connection:
            return _ledger.manifest(connection, name, sha256)

    def expansion(self, run: Run) -> Expansion:
        """Return the exact text that a run asked with, and where each of its characters came from.

        Raises:
            PromptNotFoundError: a prompt in it was purged.
            DamagedTextError: what is stored no longer gives that text.
            ExpansionError: it could not be expanded, which is the run's error.
        """
        return expansion_of(run, self._compile(self.manifest(run)))


__all__ = ["Experiments"]
