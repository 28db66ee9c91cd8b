"""A thread of its own for something that only one may use at a time, and that the loop must not wait for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


class Worker(Generic[_R]):
    """Runs jobs on a resource, one after the other in the order that they were given, in one thread.

    It is a daemon, and no executor's: a notebook's kernel stops its hubs when the interpreter ends, and an executor
    takes nothing any more by then.
    """

    def __init__(self, name: str, make: Callable[[], _R], close: Callable[[_R], None]) -> None:
        """Name the thread; `make` gives the resource there, and `close` ends it."""
        self._jobs: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._make, self._close = make, close
        self._resource: _R

    async def start(self) -> None:
        """Make the resource; what that raises is raised here."""
        self._thread.start()
        try:
            self._resource = await self._do(self._make)
        except BaseException:
            self._jobs.put(None)
            raise

    def __call__(self, job: Callable[[_R], _T], /) -> "asyncio.Future[_T]":
        """Run a job, and give what it returns or raises."""
        return self._do(lambda: job(self._resource))

    async def stop(self) -> None:
        """Close the resource, after all jobs that were given."""
        await self(self._close)
        self._jobs.put(None)
        self._thread.join()

    def _do(self, job: Callable[[], _T]) -> "asyncio.Future[_T]":
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._jobs.put((job, future))
        return future

    def _work(self) -> None:
        while (given := self._jobs.get()) is not None:
            job, future = given
            if future.cancelled():
                continue
            try:
                value, error = job(), None
            except BaseException as raised:  # noqa: BLE001 - whoever waits for it gets it, whatever it is
                value, error = None, raised
            _tell(future, value, error)


def _tell(future: "asyncio.Future[Any]", value: object, error: BaseException | None) -> None:
    def settle() -> None:
        if future.done():
            return  # whoever waited for it has given up
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
        future.get_loop().call_soon_threadsafe(settle)
