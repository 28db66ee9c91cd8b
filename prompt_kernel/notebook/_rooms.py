"""The live rooms that the widgets of this process are in.

All of them are on one loop in one thread, so that typing goes on while a cell runs. For a store in a database there is
a hub here, which meets those of other processes in the store; for one of a server there is a line to its rooms.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel.errors import PromptKernelError, PromptNotFoundError
from prompt_kernel.locations import is_server, recall

if TYPE_CHECKING:
    from prompt_kernel.live import Hub

#: The codes of closing that the editor knows: come back, and this prompt is gone.
TRY_AGAIN: Final = 1013
GONE: Final = 4404
#: A page says something every half a minute; one that was closed says nothing any more. A browser may let a page that
#: nobody sees wait for a minute.
_SILENCE: Final = 180.0
#: How long, in seconds, the end of a kernel waits for what is to be kept.
_PATIENCE: Final = 4.0


@dataclass(frozen=True, slots=True)
class Place:
    """A prompt in a store, and who comes in from this notebook."""

    store_url: str
    uid: str
    author: str
    may_write: bool = True


class Line:
    """One socket of an editor. `hear` and `leave` are the editor's, in any thread; the rest is the room's."""

    def __init__(self, place: Place, epoch: str, say: Callable[..., None]) -> None:
        """Lead to `place`; `epoch` is that of the document that the editor has, "" for none."""
        self.place, self.epoch = place, epoch
        self._say = say
        self._count = 0
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._is_closed = False
        #: Does something on the loop of the rooms that this leads to.
        self.do: Callable[..., None] = _nowhere

    # The editor's end

    def hear(self, message: bytes) -> None:
        """Take a message of the editor."""
        self.do(self._inbox.put_nowait, message)

    def leave(self) -> None:
        """Take it that the editor has gone."""
        self.do(self.end)

    # The room's end

    def open(self) -> None:
        """Tell the editor that it can begin."""
        self._say({"kind": "open"})

    def send(self, message: bytes) -> None:
        """Send a message of the room; the count lets the editor see that one was lost on its way."""
        if not self._is_closed:
            self._count += 1
            self._say({"kind": "data", "count": self._count}, message)

    def close(self, code: int, reason: str) -> None:
        """Tell the editor that it is over; again changes nothing."""
        if not self._is_closed:
            self._say({"kind": "close", "code": code, "reason": reason})
        self.end()

    def end(self) -> None:
        """Say nothing any more: the editor has gone."""
        self._is_closed = True
        self._inbox.put_nowait(None)

    async def next(self) -> bytes | None:
        """Wait for the next message of the editor; None when it has gone."""
        try:
            async with asyncio.timeout(_SILENCE):
                return await self._inbox.get()
        except TimeoutError:
            return None


class Rooms:
    """The loop, and what is on it. `serve` may be called from any thread."""

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._hubs: dict[str, asyncio.Task[Hub]] = {}
        self._serving: dict[asyncio.Task[None], Line] = {}
        self._thread = threading.Thread(target=self._run, name="prompt-kernel-rooms", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _do(self, action: Callable[..., object], *arguments: object) -> None:
        """Do something on the loop, soon and in the order in which it was asked for."""
        with suppress(RuntimeError):  # it is closed: who is still in a room then has been told
            self._loop.call_soon_threadsafe(action, *arguments)

    def serve(self, line: Line) -> None:
        """Let an editor in, until either side ends."""
        line.do = self._do
        self._do(self._begin, line)

    def _begin(self, line: Line) -> None:
        task = self._loop.create_task(self._serve(line))
        self._serving[task] = line
        task.add_done_callback(self._serving.pop)

    async def _serve(self, line: Line) -> None:
        line.open()
        try:
            await (_relay(line) if is_server(line.place.store_url) else self._seat(line))
        except PromptNotFoundError as error:
            line.close(GONE, str(error))
        except PromptKernelError as error:
            line.close(TRY_AGAIN, str(error))

    async def _seat(self, line: Line) -> None:
        from prompt_kernel.live import Participant  # noqa: PLC0415 - a notebook on a server needs no rooms of its own

        place = line.place
        hub = await self._hub(place.store_url)
        person = Participant(place.author, may_write=place.may_write)
        seat = await hub.join(place.uid, person, line, epoch=line.epoch)
        try:
            while (message := await line.next()) is not None:
                await seat.receive(message)
        finally:
            line.end()
            await seat.leave()

    async def _hub(self, url: str) -> "Hub":
        opening = self._hubs.get(url)
        if opening is None or (opening.done() and opening.exception()):
            opening = self._hubs[url] = self._loop.create_task(_open_hub(url))
        return await asyncio.shield(opening)

    def stop(self, *, quietly: bool) -> None:
        """Keep what is to be kept, send everybody away and end the thread; `quietly` where nobody can be told."""
        try:
            self._hold(self._halt(quietly=quietly), _PATIENCE)
        finally:
            self._do(self._loop.stop)
            self._thread.join(_PATIENCE)
            if not self._thread.is_alive():
                self._loop.close()

    async def _halt(self, *, quietly: bool) -> None:
        if quietly:
            for line in self._serving.values():
                line.end()
        hubs = await asyncio.gather(*self._hubs.values(), return_exceptions=True)
        stops: list[Awaitable[None]] = [hub.stop() for hub in hubs if not isinstance(hub, BaseException)]
        await asyncio.gather(*stops, return_exceptions=True)
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _hold(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        """Do something on the loop and wait for it, so many seconds."""
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)


def _nowhere(*_: object) -> None:
    """Do nothing: it leads to no room yet."""


async def _open_hub(url: str) -> "Hub":
    from prompt_kernel.live import Hub, Settings  # noqa: PLC0415 - see `_seat`

    # While a cell runs, what is typed may wait and then come all at once; nobody but the notebook's own user sends it.
    hub = Hub(recall(url), settings=Settings(rate=1e6, burst=1_000_000), origin="notebook")
    await hub.start()
    return hub


async def _relay(line: Line) -> None:
    from prompt_kernel.client.rooms import Member, relay  # noqa: PLC0415 - it is optional

    place = line.place
    member = Member(recall(place.store_url), place.uid, place.author, may_write=place.may_write)
    await relay(member, line, line.epoch)


# The one of this process ----------------------------------------------------------------------------------------------


class _Ours:
    """The rooms of this process, and the process: a child that was forked off has no thread of its parent's."""

    rooms: Rooms | None = None
    process = 0


_lock: Final = threading.Lock()


def rooms() -> Rooms:
    """Return the rooms of this process, which begin with the first call."""
    with _lock:
        if _Ours.rooms is None or _Ours.process != os.getpid():
            if not _Ours.process:
                atexit.register(close_rooms, quietly=True)
            _Ours.rooms, _Ours.process = Rooms(), os.getpid()
        return _Ours.rooms


def close_rooms(*, quietly: bool = False) -> None:
    """End the rooms of this process, if there are any; versions of what was typed are made.

    The editors are told, and come back where they can, unless it is done `quietly`, as when the kernel itself ends.
    """
    with _lock:
        ours, _Ours.rooms = _Ours.rooms, None
    if ours is not None and _Ours.process == os.getpid():
        ours.stop(quietly=quietly)
