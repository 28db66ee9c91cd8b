"""The hub: all rooms of one process, and the way between them and the store.

Everything that touches a room runs on one event loop; everything that touches the database runs in one thread, so that
typing never waits for a disk. Hubs of several processes share nothing but the store: each appends what its people type
to the log there, and reads what the others appended.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from prompt_kernel.errors import InvalidTextError, PromptKernelError, PromptNotFoundError, StoreUnavailableError
from prompt_kernel.live import protocol
from prompt_kernel.live.answers import Answers
from prompt_kernel.live.ledger import OTHER_EPOCH, Ledger
from prompt_kernel.live.log import Log
from prompt_kernel.live.neighbours import Neighbours
from prompt_kernel.live.previews import Previews
from prompt_kernel.live.protocol import MalformedMessageError
from prompt_kernel.live.room import Room
from prompt_kernel.live.seats import Seat
from prompt_kernel.live.settings import Connection, Participant, Settings
from prompt_kernel.live.worker import Worker
from prompt_kernel.records import Prompt
from prompt_kernel.store import Store

_logger = logging.getLogger(__name__)

#: A state that is so much larger than its text, and than this, is made anew when everybody has left.
_HEAVY: Final = 1 << 20
_TIMES_THE_TEXT: Final = 10
#: How long, in seconds, one look for what others tell may take: as long a stop may have to wait.
_ATTENTION: Final = 0.3
_DEFAULT: Final = Settings()


class Hub:
    """All live editing of one process. Make it, `start` it on the loop that is to run it, and `stop` it there."""

    def __init__(
        self, url: str | os.PathLike[str] | None, *, settings: Settings = _DEFAULT, origin: str = "dashboard"
    ) -> None:
        """Be the hub of the store at `url`; `origin` is the end by which its versions are noted to come."""
        self.settings, self._origin = settings, origin
        self._url = url
        self._rooms: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._work = Worker("live-log", lambda: Log(self._open_store()), lambda log: log.store.close())
        self._read = Worker("live-previews", self._open_store, Store.close)
        self._ledger = Ledger(self._rooms, self._work)
        self._ears = Worker("live-ears", self._open_store, Store.close)
        self._neighbours = Neighbours(self._rooms, settings)
        self._previews = Previews(self._read, settings.preview)
        self._answers = Answers(self, self._read)
        self._tasks: list[asyncio.Task[None]] = []
        self._wakened, self._stopping, self._has_news = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._joins = self._failures = 0
        self._known: object = None

    def _open_store(self) -> Store:
        return Store(self._url, author="live", origin=self._origin)

    async def start(self) -> None:
        """Open the store, and begin.

        Raises:
            StoreUnavailableError: it cannot be opened.
        """
        await self._work.start()
        await self._read.start()
        loops = [self._keep_flushing, self._keep_looking]
        if self.settings.listens:
            await self._ears.start()
            loops += [self._keep_listening, self._keep_telling]
        self._tasks = [asyncio.create_task(loop()) for loop in loops]

    async def stop(self) -> None:
        """Commit everything, save the versions of rooms that changed, send everybody away and close the store."""
        self._stopping.set()
        self._wakened.set()
        self._has_news.set()
        await asyncio.gather(*self._tasks, *self._opening.values(), return_exceptions=True)
        for room in list(self._rooms.values()):
            await self._guarded(self._save_session, room)
        await self._guarded(self._ledger.flush)
        for room in list(self._rooms.values()):
            room.close(protocol.STOPPING, _STOPPING)
        await self._halt()

    async def _halt(self) -> None:
        """Let go of everything; what was not committed until here is not."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._previews.stop()
        await self._answers.stop()
        self._rooms.clear()
        await self._work.stop()
        await self._read.stop()
        if self.settings.listens:
            await self._ears.stop()

    @property
    def stats(self) -> dict[str, int]:
        """Counts for those who look after it: what is here now, and what was done since the start."""
        seats = sum(len(room.seats) for room in self._rooms.values())
        here = {"rooms": len(self._rooms), "seats": seats, "joins": self._joins, "failures": self._failures}
        return {**here, **self._ledger.counts}

    async def _guarded(self, action: Callable[..., Awaitable[object]], *arguments: object) -> bool:
        """Do something that may fail without ending what goes on for ever; tell whether it was done."""
        try:
            await action(*arguments)
        except PromptKernelError as error:
            self._failures += 1
            _logger.warning("%s", error)
            return False
        except Exception:
            self._failures += 1
            _logger.exception("Live editing goes on, but something failed in it.")
            return False
        return True

    # Rooms

    async def join(self, uid: str, participant: Participant, connection: Connection, *, epoch: str = "") -> Seat:
        """Seat somebody in the room of a prompt; give `epoch` where the client has a document already.

        A client whose document is of another epoch is closed with 4409: the two must not be put together.

        Raises:
            PromptNotFoundError: the prompt was purged.
            StoreUnavailableError: the hub is stopping, or its store cannot be read.
        """
        room = await self._room(uid)
        seat = Seat(room, participant, connection, self, self.settings)
        self._joins += 1
        if epoch and epoch != room.epoch:
            seat.close(protocol.OTHER_EPOCH, OTHER_EPOCH)
        else:
            room.enter(seat)
        return seat

    async def _room(self, uid: str) -> Room:
        while (room := self._rooms.get(uid)) is None or self._stopping.is_set():
            if self._stopping.is_set():
                raise StoreUnavailableError(str(self._url), "its server is stopping")
            opening = self._opening.get(uid)
            if opening is None:
                opening = self._opening[uid] = asyncio.create_task(self._open(uid))
                opening.add_done_callback(lambda task: self._opened(uid, task))
            # Who gives up waiting must not keep the others from it.
            await asyncio.shield(opening)
        return room

    async def _open(self, uid: str) -> None:
        opened = await self._work(lambda log: log.open(uid))
        try:
            room = Room(opened, self.settings)
        except MalformedMessageError:
            _logger.warning("The live text of %s was damaged, and is made anew.", opened.status.path)
            kept = opened.kept
            room = Room(await self._work(lambda log: log.renew(kept)), self.settings)
        room.on_change = self._previews.touch
        room.on_presence = self._neighbours.tell
        self._neighbours.ask(room)
        self._rooms[uid] = room
        self._ledger.is_new = True

    def _opened(self, uid: str, opening: asyncio.Task[None]) -> None:
        del self._opening[uid]
        if not opening.cancelled():
            opening.exception()  # so that it counts as seen, also where nobody waits any more

    # What goes on for ever

    def wake(self) -> None:
        """There is something to log; it is done soon, together with what else comes until then."""
        self._wakened.set()

    async def _keep_flushing(self) -> None:
        delay = self.settings.flush
        while not self._stopping.is_set():
            await self._wakened.wait()
            await self._pause(delay)
            self._wakened.clear()
            if await self._guarded(self._ledger.flush):
                delay = self.settings.flush
            else:
                delay = min(1.0, delay * 2 + 0.001)
                self._wakened.set()

    async def _pause(self, seconds: float, event: asyncio.Event | None = None) -> None:
        """Wait, but not beyond `event`, and not when the hub is to stop."""
        try:
            async with asyncio.timeout(seconds):
                await (event or self._stopping).wait()
        except TimeoutError:
            return

    async def _keep_looking(self) -> None:
        while not self._stopping.is_set():
            await self._pause(self.settings.poll, self._has_news)
            self._has_news.clear()
            await self._guarded(self._look)

    async def _keep_listening(self) -> None:
        """Hear at once what others have committed, and what other servers tell."""
        while not self._stopping.is_set():
            if not await self._guarded(self._listen):
                await self._pause(1.0)

    async def _listen(self) -> None:
        known = self._known
        self._known, messages = await self._ears(lambda store: store.live.hear(known, _ATTENTION))
        for message in messages:
            self._neighbours.hear(message)
        if self._known != known:
            self._has_news.set()

    async def _keep_telling(self) -> None:
        while not self._stopping.is_set():
            await self._pause(self.settings.beat)
            self._neighbours.forget()
            messages = self._neighbours.take()
            if messages:
                await self._guarded(self._tell, messages)

    async def _tell(self, messages: list[str]) -> None:
        await self._work(lambda log: log.store.live.tell(messages))

    async def _look(self) -> None:
        """Take in what came from elsewhere, and do what is due."""
        for room in await self._ledger.look():
            self._previews.touch(room)
        for room in list(self._rooms.values()):
            await self._guarded(self._tend, room)

    async def _save_session(self, room: Room) -> None:
        """Make a version of what was typed since the last one, where that can be."""
        if not room.wants_version:
            return
        authors = ", ".join(room.editors)
        try:
            await self._ledger.save(room, authors, f"Edited live by {authors}")
        except (InvalidTextError, PromptNotFoundError) as error:
            # Until somebody changes it, it would be refused again.
            room.refused = room.changes
            room.notice("refused", f"No version was made. {error}")

    async def _tend(self, room: Room) -> None:
        """Do what is due in a room: a version after a quiet time, a log put together, the end of a session."""
        now, settings = self.settings.clock(), self.settings
        if not room.seats:
            if now - room.left >= settings.linger:
                await self._end(room)
        elif now - room.touched >= settings.quiet:
            await self._save_session(room)
        elif room.logged >= settings.compact_after:
            await self._ledger.compact(room)

    async def _end(self, room: Room) -> None:
        """Close a room that nobody is in, unless somebody comes meanwhile."""
        await self._save_session(room)
        if room.document.settled_weight() > max(_HEAVY, _TIMES_THE_TEXT * room.document.size) and room.is_clean:
            await self._work(lambda log: log.restart(room.uid, room.epoch, room.synced, None))
        if not room.seats and not room.has_pending and self._rooms.get(room.uid) is room:
            del self._rooms[room.uid]
            room.is_closed = True

    # What participants ask for

    def watch(self, seat: Seat) -> None:
        """The seat has begun to watch an expansion."""
        self._previews.touch(seat.room)

    def ask(self, seat: Seat, content: Mapping[str, Any]) -> None:
        """The seat asks for something that takes time."""
        self._answers.ask(seat, content)

    async def save(self, room: Room, author: str, message: str) -> tuple[Prompt, bool]:
        """Save the live text of a room as a version; see `Ledger.save`."""
        return await self._ledger.save(room, author, message)

    async def keep_copy(self, uid_or_path: str, text: str, participant: Participant, reason: str) -> Prompt:
        """Keep a text that no document can take as a prompt beside its own, and tell everybody in the room.

        Raises:
            InvalidTextError: no store can hold the text.
        """
        copy = await self._work(lambda log: log.keep_copy(uid_or_path, text, participant.name, reason))
        self._ledger.counts["copies"] += 1
        for room in self._rooms.values():
            if uid_or_path in (room.uid, room.status.path):
                room.tell_of_copy(copy.path)
        return copy


_STOPPING: Final = "The server is stopping; the connection is opened again when it is back."


__all__ = ["Hub", "Seat"]
