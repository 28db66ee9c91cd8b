"""The client that waits: a store over HTTP, for whoever has a `Store` otherwise."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import httpx

from prompt_kernel import files, uses
from prompt_kernel.client import _reads
from prompt_kernel.client._call import PAGE, Asked
from prompt_kernel.client._line import Pause, Talk
from prompt_kernel.client._pools import Pool
from prompt_kernel.client._remote import Remote
from prompt_kernel.client._verbs import Verb, Waits
from prompt_kernel.client.experiments import Experiments
from prompt_kernel.errors import AmbiguousNameError
from prompt_kernel.locations import LOCK_FILE
from prompt_kernel.lock import Lock, freeze, verify
from prompt_kernel.records import Drift, ExportReport, Frozen, ImportReport, Rows, Summary
from prompt_kernel.store.expanding import FillsFrames

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_T = TypeVar("_T")


class Client(Remote, Waits, FillsFrames):
    """The store of a server: the same verbs as `Store`, each of which asks the server and waits for its answer.

    A context manager; safe to use from several threads, after a fork, and inside of a running event loop.
    """

    _new_pool = Pool
    _pool: Pool

    def opened(self) -> Self:
        """Make sure that the server is there, and lets us in; nothing is asked of one that may be offline.

        Raises:
            StoreUnavailableError, AccessDeniedError: it is not, or does not.
        """
        try:
            if not self.offline:
                self._hold(self._line.open())
        except BaseException:
            self.close()
            raise
        return self

    def _ask(self, asked: Asked[_T]) -> _T:
        return self._hold(self._line.talk(asked))

    def _hold(self, talk: Talk[_T]) -> _T:
        """Hold a conversation to its end."""
        answer: Any = None
        while True:
            try:
                step = talk.send(answer)
            except StopIteration as end:
                value: _T = end.value
                return value
            if isinstance(step, Pause):
                time.sleep(step.seconds)
            else:
                answer = self._send(step)

    def _send(self, request: httpx.Request) -> httpx.Response | httpx.RequestError:
        try:
            return self._pool.current().send(request)
        except httpx.RequestError as error:
            return error

    # What a store is, besides its verbs

    @property
    def read_only(self) -> str:
        """Why the store takes no changes, "" where it does."""
        return self._opened_for_reading or self.summary().read_only

    @property
    def revision(self) -> object:
        """A value that changes whenever anybody changed a prompt or a directory; one short request."""
        return self._hold(self._line.revision())

    def wait(self, known: object, timeout: float) -> object:
        """Wait until `revision` is another than `known`, at most `timeout` seconds; return what it is then."""
        return self._hold(self._line.wait(known, timeout))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # As a collection of prompts

    __getitem__ = Verb(_reads.get)

    def __contains__(self, path: object) -> bool:
        try:
            return isinstance(path, str) and self.get(path) is not None
        except (LookupError, AmbiguousNameError):
            return False

    def __bool__(self) -> bool:
        """A store is there, also an empty one."""
        return True

    def __len__(self) -> int:
        return self.count()

    def __iter__(self) -> Iterator[str]:
        after: str | None = None
        while page := self.prompts(after=after, limit=PAGE):
            yield from (entry.path for entry in page)
            after = page[-1].path

    @property
    def experiments(self) -> Experiments:
        """The ledger of experiments: every run, what made it, and what came of it."""
        return Experiments(self)

    # What takes more than asking

    def summary(self) -> Summary:
        """Return the store at a glance."""
        return replace(self._ask(_reads.summary()), url=self.url)

    def import_folder(
        self,
        folder: str | os.PathLike[str],
        *,
        into: str = "",
        message: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Import a folder of markdown files, all of them or none; see `files.import_folder`."""
        return files.import_folder(self._as_store, folder, into=into, message=message, progress=progress)

    def export_folder(
        self,
        folder: str | os.PathLike[str],
        *,
        directory: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportReport:
        """Export prompts as markdown files, each one atomically; see `files.export_folder`."""
        return files.export_folder(self._as_store, folder, directory=directory, progress=progress)

    def import_from(
        self,
        source: str | os.PathLike[str],
        *,
        format: str | None = None,  # noqa: A002 - the word for it
        into: str = "",
        message: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Import another tool's file or folder, recognised unless `format` names it; see `files.import_from`."""
        return files.import_from(self._as_store, source, format=format, into=into, message=message, progress=progress)

    def export_to(
        self,
        target: str | os.PathLike[str],
        *,
        format: str = "markdown",  # noqa: A002 - the word for it
        directory: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportReport:
        """Export prompts in another tool's format, with a report of what it has no place for; see `files.export_to`."""
        return files.export_to(self._as_store, target, format=format, directory=directory, progress=progress)

    # Locks

    def freeze(
        self, file: str | os.PathLike[str] = LOCK_FILE, paths: Iterable[str] | None = None, *, prune: bool = False
    ) -> Frozen:
        """Write the exact versions that were used here, or `paths` as they are now, into a lock."""
        return freeze(self._as_store, uses.of(self.url), file, paths, prune=prune)

    def verify(self, lock: "str | os.PathLike[str] | Lock" = LOCK_FILE) -> Rows[Drift]:
        """Return how the store differs now from what a lock has frozen; no rows where it does not."""
        return verify(self._as_store, lock)

    @property
    def _as_store(self) -> "Store":
        return cast("Store", self)  # it has the verbs that files ask for
