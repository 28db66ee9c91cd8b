"""The changes of a store as they happen, in whichever process: read once, and handed to everybody who follows.

One thread waits for the store and reads what was added to its log. The latest entries are kept; whoever follows has a
cursor of their own and takes from these at their own pace, or from the log itself where they are further back. So there
is one way to the next entry, with no seam between old and new, and nothing piles up for somebody who is slow.
"""

import asyncio
import json
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from prompt_kernel.errors import InvalidRequestError, StoreError
from prompt_kernel.records import Change
from prompt_kernel.store import Store
from prompt_kernel.wire import to_data

_logger = logging.getLogger(__name__)

#: Seconds after which the watching thread looks whether it is to end.
_LOOK_UP: Final = 0.2
#: Seconds until a store is asked again that could not answer.
_AGAIN: Final = 1.0
#: The log's ids are of 64 bits.
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True)
class FeedLimits:
    """How many entries are read at once, and how many, of how many characters together, are kept."""

    page: int = 200
    entries: int = 2_000
    characters: int = 16 * 2**20


_DEFAULT: Final = FeedLimits()


class Event(NamedTuple):
    """One change: its id in the log, and the JSON that tells of it."""

    id: int
    data: str


class Feed:
    """The log of one store. Use it on the loop on which it is `running`."""

    def __init__(self, store: Store, limits: FeedLimits = _DEFAULT) -> None:
        """Be the feed of `store`, which others may use meanwhile."""
        self._store, self._limits = store, limits
        self._kept: deque[Event] = deque()
        self._characters = 0
        #: All that came after this one is kept.
        self._before = self.last = 0
        self._news = asyncio.Event()
        self._is_over = False
        self._stopping = threading.Event()
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="events-log")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the store in the block.

        Raises:
            StoreUnavailableError: it cannot be read.
        """
        loop = asyncio.get_running_loop()
        self._before = self.last = await self.newest()
        self._wake()
        watching = threading.Thread(target=self._watch, args=(loop, self.last), name="events", daemon=True)
        watching.start()
        try:
            yield
        finally:
            self.end()
            await asyncio.to_thread(watching.join)
            self._reading.shutdown()

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._is_over

    def end(self) -> None:
        """Let everybody who follows come to the end; again changes nothing."""
        self._is_over = True
        self._stopping.set()
        self._wake()

    # In threads

    def _newest(self) -> int:
        latest = self._store.activity(limit=1)
        return latest[0].id if latest else 0

    def _watch(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                revision = self._store.revision
                while (page := self._page(seen)) and not self._stopping.is_set():
                    loop.call_soon_threadsafe(self._take, page)
                    seen = page[-1].id
                self._store.wait(revision, _LOOK_UP)
                failures = 0
            except Exception as error:  # noqa: BLE001 - it is logged, and asked again
                # Whatever it was, it must not be the end of all events.
                failures += 1
                self._tell_of(error, failures)
                self._stopping.wait(_AGAIN)

    def _tell_of(self, error: Exception, failures: int) -> None:
        if self._stopping.is_set() or failures > 1:
            return
        trace = None if isinstance(error, StoreError) else error
        _logger.warning("Events have to wait: %s", error, exc_info=trace)

    def _page(self, after: int) -> list[Event]:
        return list(map(_event, self._store.changes(after, limit=self._limits.page)))

    # On the loop

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            self._kept.append(event)
            self._characters += len(event.data)
        while len(self._kept) > self._limits.entries or self._characters > self._limits.characters:
            oldest = self._kept.popleft()
            self._characters -= len(oldest.data)
            self._before = oldest.id
        self.last = events[-1].id
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def newest(self) -> int:
        """Return the id of the newest entry, which may not be here yet; 0 where there is none.

        Raises:
            StoreError: the log cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._newest)

    async def check(self, cursor: int) -> int:
        """Return `cursor` if it is the id of an entry, or 0.

        Raises:
            InvalidRequestError: it lies beyond the log.
            StoreError: the log cannot be read.
        """
        if 0 <= cursor <= self.last:
            return cursor
        last = await self.newest()
        if not 0 <= cursor <= last:
            raise InvalidRequestError(
                f"There is no entry {min(cursor, _LARGEST)}: the log goes from 0 to {last}. "
                "If this is another store than before, read it anew and come without a cursor."
            )
        return cursor

    async def follow(self, cursor: int, *, pause: float | None = None) -> AsyncIterator[list[Event]]:
        """Give what came after `cursor`, some at a time, each once and in order, until the feed ends.

        With `pause`, give nothing (an empty list) whenever that many seconds have passed without any.
        """
        while not self._is_over:
            news = self._news
            events = self._after(cursor)
            if events is None:
                events = await asyncio.get_running_loop().run_in_executor(self._reading, self._page, cursor)
            if events:
                cursor = events[-1].id
                yield events
            elif not await _is_set(news, pause):
                yield []

    def _after(self, cursor: int) -> list[Event] | None:
        """Return what is kept after `cursor`, None where more than that came after it."""
        if cursor < self._before:
            return None
        found = []
        for event in reversed(self._kept):
            if event.id <= cursor:
                break
            found.append(event)
        return found[: -self._limits.page - 1 : -1]


async def _is_set(event: asyncio.Event, pause: float | None) -> bool:
    try:
        async with asyncio.timeout(pause):
            return await event.wait()
    except TimeoutError:
        return False


def _event(change: Change) -> Event:
    return Event(change.id, json.dumps(to_data(change), ensure_ascii=False, separators=(",", ":")))
