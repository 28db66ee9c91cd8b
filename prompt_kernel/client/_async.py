"""The client that is awaited: the same verbs, for whoever has an event loop."""

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import anyio.to_thread
import httpx

from prompt_kernel.client import _reads
from prompt_kernel.client._call import PAGE, Asked
from prompt_kernel.client._client import Client
from prompt_kernel.client._line import Pause, Talk
from prompt_kernel.client._pools import AsyncPool
from prompt_kernel.client._remote import Remote
from prompt_kernel.client._verbs import Awaits
from prompt_kernel.client.experiments import AsyncExperiments
from prompt_kernel.locations import LOCK_FILE
from prompt_kernel.lock import Lock
from prompt_kernel.measures import Measure, RowProblem
from prompt_kernel.progress import Progress
from prompt_kernel.records import Drift, ExportReport, Frozen, ImportReport, Rows, Summary
from prompt_kernel.tokens import Spec

_T = TypeVar("_T")


class AsyncClient(Remote, Awaits):
    """The store of a server: the verbs of `Store`, awaited. `read_only` and `revision` are awaited too.

    An asynchronous context manager, for asyncio and for Trio. Of what a store is as a collection there is `async for`;
    the rest is `get` and `count`.
    """

    _new_pool = AsyncPool
    _pool: AsyncPool

    async def opened(self) -> Self:
        """Make sure that the server is there, and lets us in; see `Client.opened`."""
        try:
            if not self.offline:
                await self._hold(self._line.open())
        except BaseException:
            await self.close()
            raise
        return self

    async def _ask(self, asked: Asked[_T]) -> _T:
        return await self._hold(self._line.talk(asked))

    async def _hold(self, talk: Talk[_T]) -> _T:
        answer: Any = None
        while True:
            try:
                step = talk.send(answer)
            except StopIteration as end:
                value: _T = end.value
                return value
            if isinstance(step, Pause):
                await anyio.sleep(step.seconds)
            else:
                answer = await self._send(step)

    async def _send(self, request: httpx.Request) -> httpx.Response | httpx.RequestError:
        try:
            return await self._pool.current().send(request)
        except httpx.RequestError as error:
            return error

    # What a store is, besides its verbs

    @property
    def read_only(self) -> Coroutine[Any, Any, str]:
        """Why the store takes no changes, "" where it does; to be awaited."""
        return self._read_only()

    async def _read_only(self) -> str:
        return self._opened_for_reading or (await self.summary()).read_only

    @property
    def revision(self) -> Coroutine[Any, Any, object]:
        """A value that changes whenever anybody changed a prompt or a directory; to be awaited."""
        return self._hold(self._line.revision())

    async def wait(self, known: object, timeout: float) -> object:  # noqa: ASYNC109 - the signature of the store's verb
        """Wait until `revision` is another than `known`, at most `timeout` seconds; return what it is then."""
        return await self._hold(self._line.wait(known, timeout))

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[str]:
        after: str | None = None
        while page := await self.prompts(after=after, limit=PAGE):
            for entry in page:
                yield entry.path
            after = page[-1].path

    @property
    def experiments(self) -> AsyncExperiments:
        """The ledger of experiments: every run, what made it, and what came of it."""
        return AsyncExperiments(self)

    # What takes more than asking

    async def summary(self) -> Summary:
        """Return the store at a glance."""
        return replace(await self._ask(_reads.summary()), url=self.url)

    async def render_frame(
        self,
        path: str,
        frame: Any,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        progress: Progress = True,
        **values: object,
    ) -> Any:
        """Return what a prompt expands to with each row of a frame, and the values that all rows share."""
        return await self._in_thread(
            lambda client: client.render_frame(path, frame, variables, progress=progress, **values)
        )

    async def check_frame(
        self, path: str, frame: Any, /, variables: Mapping[str, object] | None = None, **values: object
    ) -> Rows[RowProblem]:
        """Return the rows of a frame that a prompt cannot be filled with, and why; see `render_frame`."""
        return await self._in_thread(lambda client: client.check_frame(path, frame, variables, **values))

    async def measure(
        self,
        path: str,
        frame: Any,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        tokenizer: Spec = None,
        limit: int | None = None,
        price: float | None = None,
        **values: object,
    ) -> Measure:
        """Return how large a prompt's texts for a frame are, in characters and tokens; see `render_frame`."""
        return await self._in_thread(
            lambda client: client.measure(
                path, frame, variables, tokenizer=tokenizer, limit=limit, price=price, **values
            )
        )

    async def import_folder(
        self,
        folder: str | os.PathLike[str],
        *,
        into: str = "",
        message: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Import a folder of markdown files, all of them or none; see `files.import_folder`."""
        return await self._in_thread(
            lambda client: client.import_folder(folder, into=into, message=message, progress=progress)
        )

    async def export_folder(
        self,
        folder: str | os.PathLike[str],
        *,
        directory: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportReport:
        """Export prompts as markdown files, each one atomically; see `files.export_folder`."""
        return await self._in_thread(
            lambda client: client.export_folder(folder, directory=directory, progress=progress)
        )

    async def import_from(
        self,
        source: str | os.PathLike[str],
        *,
        format: str | None = None,  # noqa: A002 - the word for it
        into: str = "",
        message: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Import another tool's file or folder, recognised unless `format` names it; see `files.import_from`."""
        return await self._in_thread(
            lambda client: client.import_from(source, format=format, into=into, message=message, progress=progress)
        )

    async def export_to(
        self,
        target: str | os.PathLike[str],
        *,
        format: str = "markdown",  # noqa: A002 - the word for it
        directory: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportReport:
        """Export prompts in another tool's format, with a report of what it has no place for; see `files.export_to`."""
        return await self._in_thread(
            lambda client: client.export_to(target, format=format, directory=directory, progress=progress)
        )

    async def freeze(
        self, file: str | os.PathLike[str] = LOCK_FILE, paths: Iterable[str] | None = None, *, prune: bool = False
    ) -> Frozen:
        """Write the exact versions that were used here, or `paths` as they are now, into a lock."""
        return await self._in_thread(lambda client: client.freeze(file, paths, prune=prune))

    async def verify(self, lock: "str | os.PathLike[str] | Lock" = LOCK_FILE) -> Rows[Drift]:
        """Return how the store differs now from what a lock has frozen; no rows where it does not."""
        return await self._in_thread(lambda client: client.verify(lock))

    async def _in_thread(self, act: Callable[[Client], _T]) -> _T:
        """Do what works on the disk too in a thread, so that the loop goes on."""

        def run() -> _T:
            with Client.on(self._line) as client:
                return act(client)

        return await anyio.to_thread.run_sync(run)
