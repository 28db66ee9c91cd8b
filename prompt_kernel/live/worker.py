"""A thread of its own for something that only one may use at a time, and that the loop must not wait for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


class Worker(Generic[_R]):
    """Runs jobs on a resource, one after the other in the order that they were given, in one thread."""

    def __init__(self, name: str, make: Callable[[], _R], close: Callable[[_R], None]) -> None:
        """Name the thread; `make` gives the resource there, and `close` ends it."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._make, self._close = make, close
        self._resource: _R

    async def start(self) -> None:
        """Make the resource; what that raises is raised here."""
        self._resource = await asyncio.get_running_loop().run_in_executor(self._thread, self._make)

    def __call__(self, job: Callable[[_R], _T], /) -> "asyncio.Future[_T]":
        """Run a job, and give what it returns or raises."""
        return asyncio.get_running_loop().run_in_executor(self._thread, lambda: job(self._resource))

    async def stop(self) -> None:
        """Close the resource, after all jobs that were given."""
        await self(self._close)
        self._thread.shutdown()
