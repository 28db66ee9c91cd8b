"""An event loop in a thread of its own, so that `run` works wherever it is called: a script, a kernel, another loop.

There is one for the process, and it stays: what an asynchronous client of the user's has tied to it in one run serves
in the next.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from typing import Any, Final, TypeVar

from prompt_kernel.errors import InvalidRequestError

_T = TypeVar("_T")

#: Seconds between two looks at how far it is; also how soon a Ctrl-C is heard on Windows.
_TURN: Final = 0.1


class _Loop:
    """The loop of this process; a child that was forked off makes its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = 0
        self.thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._process != os.getpid():
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                self.thread = threading.Thread(target=self._loop.run_forever, name="prompt-kernel-loop", daemon=True)
                self.thread.start()
            return self._loop


_LOOP: Final = _Loop()


def complete(work: Coroutine[Any, Any, _T], look: Callable[[], None]) -> _T:
    """Run `work` in the background loop until it is done; `look` is called now and then in the thread that waits.

    A Ctrl-C, and whatever else is raised here meanwhile, cancels the work, waits until it has tidied up, and goes on.

    Raises:
        InvalidRequestError: it is called in that loop itself, which would wait for itself.
    """
    loop = _LOOP.get()
    if threading.current_thread() is _LOOP.thread:
        work.close()
        raise InvalidRequestError(
            "An asynchronous model cannot call run(), which would wait for it; await arun() there."
        )
    ended = threading.Event()
    future = asyncio.run_coroutine_threadsafe(_marked(work, ended), loop)
    try:
        while not wait([future], _TURN).done:
            look()
    except BaseException:
        future.cancel()
        ended.wait()
        raise
    look()
    return future.result()


async def _marked(work: Coroutine[Any, Any, _T], ended: threading.Event) -> _T:
    try:
        return await work
    finally:
        ended.set()
