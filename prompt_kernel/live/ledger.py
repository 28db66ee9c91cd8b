"""The ledger: what rooms hold and what the log has are made the same, in turn.

What was typed is committed and then acknowledged; what others committed is taken in; and a version is saved only of a
text that has everything. Each of these is several jobs for the database, and they do not get between each other.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from prompt_kernel.errors import InvalidTextError, PromptNotFoundError, StoreError, StoreUnavailableError
from prompt_kernel.live import protocol
from prompt_kernel.live.log import Known, Log, News
from prompt_kernel.live.notices import of_version
from prompt_kernel.live.protocol import MalformedMessageError
from prompt_kernel.live.room import Batch, Room
from prompt_kernel.live.worker import Worker
from prompt_kernel.records import Prompt

_T = TypeVar("_T")
_logger = logging.getLogger(__name__)

#: Other processes may type faster than one saves; each try takes in what they typed.
_MOST_TRIES: Final = 100

OTHER_EPOCH: Final = "The document was made anew meanwhile; it is opened again."


class Ledger:
    """The way between the rooms of a hub and the log."""

    def __init__(self, rooms: dict[str, Room], work: Worker[Log]) -> None:
        """Keep `rooms`, which others add to; `work` is the database thread."""
        self._rooms, self._work = rooms, work
        self._turn = asyncio.Lock()
        #: Whether a room was opened, which may lack what was committed while it was.
        self.is_new = False
        self.counts = dict.fromkeys(("updates", "flushes", "versions", "merges", "copies"), 0)

    async def flush(self) -> None:
        """Commit what was typed until now, and acknowledge it.

        Raises:
            StoreError: it cannot be committed; it waits for the next time, and nobody is told that it is safe.
        """
        async with self._turn:
            await self._flush()

    async def _flush(self) -> None:
        batches = [batch for room in self._rooms.values() if (batch := room.drain()) is not None]
        updates = [(room.uid, room.epoch, *change) for room, changes, _ in batches for change in changes]
        ids: list[int | None] = []
        try:
            if updates:
                ids = await self._work(lambda log: log.append(updates))
        except BaseException:
            for batch in batches:
                batch.room.put_back(batch.changes)
            raise
        self.counts["flushes"] += bool(updates)
        self.counts["updates"] += len(updates)
        if not self._acknowledge(batches, ids):
            await self._catch_up(always=True)

    def _acknowledge(self, batches: list[Batch], ids: list[int | None]) -> bool:
        """Tell clients what is committed; return whether all of it was."""
        done = 0
        for room, changes, counts in batches:
            logged = ids[done : done + len(changes)]
            done += len(changes)
            if None in logged:
                # The prompt or its document is gone: what to do about it is known once that is looked at.
                room.put_back(changes)
                continue
            for seat, count in counts.items():
                seat.acknowledge(count)
        return None not in ids

    async def look(self) -> set[Room]:
        """Take in what came from elsewhere; return the rooms whose expansions may have changed."""
        async with self._turn:
            return await self._catch_up()

    async def _catch_up(self, *, always: bool = False) -> set[Room]:
        """Take in everything that was committed, and every version from elsewhere; call it in turn."""
        stale: set[Room] = set()
        while rooms := list(self._rooms.values()):
            news = await self._news(rooms, always=always)
            if news is None:
                break
            # Rooms that were opened or closed meanwhile are left to the next time.
            behind = [room for room in rooms if self._rooms.get(room.uid) is room and await self._take(room, news)]
            stale |= set(self._rooms.values()) if news.changes else set()
            for room in behind:
                await self._absorb(room)
            if not behind:
                break
            always = False
        return stale

    async def _news(self, rooms: list[Room], *, always: bool) -> News | None:
        known = {room.uid: Known(room.status.head, room.status.deleted, room.cursor) for room in rooms}
        always, self.is_new = always or self.is_new, False
        return await self._work(lambda log: log.news(known, always=always))

    async def _take(self, room: Room, news: News) -> bool:
        """Take in what is new of one prompt; tell whether its document lacks a version from elsewhere."""
        status = news.statuses.get(room.uid)
        if status is None:
            self._dismiss(room)
            return False
        if status.epoch != room.epoch:
            await self._rescue(room)
            return False
        try:
            if room.uid in news.documents:
                room.merge(news.documents[room.uid])
            room.read([row for row in news.updates if row.uid == room.uid], news.cursor)
        except MalformedMessageError:
            room.synced = 0  # it cannot be told what was read before the damage
            await self._restart(room)
            return False
        room.hear(status, news)
        return status.head != status.synced

    async def _absorb(self, room: Room) -> None:
        """Merge a version from elsewhere into the live text; everybody gets it by the log."""
        try:
            room.absorbed = await self._work(lambda log: log.absorb(room.uid)) or room.absorbed
        except MalformedMessageError:
            await self._restart(room)
        self.counts["merges"] += 1

    # What ends a room early

    def _dismiss(self, room: Room) -> None:
        """Close the room of a prompt that was purged."""
        del self._rooms[room.uid]
        path = room.status.path
        room.notice("purged", f"{path} was removed for good, and its text with it. Copy what you still need.")
        room.close(protocol.GONE, f"{path} was removed for good.")

    async def _rescue(self, room: Room) -> None:
        """Keep the text of a room whose document was replaced in the store, and send everybody to the new one."""
        text, author = room.text, ", ".join(room.editors)
        await self._move_on(room, lambda log: log.keep_lost(room.uid, text, author))

    async def _restart(self, room: Room) -> None:
        """Begin a new document with the text of a room whose own is damaged in the store."""
        _logger.warning("The live text of %s was damaged, and is made anew.", room.status.path)
        text, author = room.text, ", ".join(room.editors)
        await self._move_on(room, lambda log: log.replace(room.uid, room.epoch, room.synced, text, author))

    async def _move_on(self, room: Room, keep: Callable[[Log], Prompt | None]) -> None:
        """Let `keep` see to the text of a room, tell of a copy that it has made, and send everybody to the new one."""
        try:
            copy = await self._while_closed(room, keep)
        except InvalidTextError as error:
            room.notice("refused", f"The document of {room.status.path} was replaced. {error}")
            copy = None
        if copy is not None:
            self.counts["copies"] += 1
            room.tell_of_copy(copy.path)
        del self._rooms[room.uid]
        room.close(protocol.OTHER_EPOCH, OTHER_EPOCH)

    async def _while_closed(self, room: Room, job: Callable[[Log], _T]) -> _T:
        """Do something with the text of a room that takes no edits meanwhile; where it fails, all is as before."""
        room.is_closed = True
        try:
            return await self._work(job)
        except StoreError:
            room.is_closed, self.is_new = False, True
            raise

    # Versions

    async def save(self, room: Room, author: str, message: str) -> tuple[Prompt, bool]:
        """Save the live text as a version, with everything that anybody has typed or saved until now.

        Returns the newest version, and whether that is a new one.

        Raises:
            InvalidTextError: no store can hold the text, which stays as it is.
            PromptNotFoundError: the prompt is in the trash, or gone.
        """
        for _ in range(_MOST_TRIES):
            async with self._turn:
                await self._flush()
                await self._catch_up()
                if room.is_closed:
                    raise PromptNotFoundError(room.status.path)
                saved = await self._save(room, author, message)
            if saved is not None:
                return saved
        raise StoreUnavailableError(room.status.path, "others write faster than a version is saved; try again")

    async def _save(self, room: Room, author: str, message: str) -> tuple[Prompt, bool] | None:
        now, before = room.snapshot(), room.version
        saved = await self._work(
            lambda log: log.save(room.uid, room.epoch, now.upto, now.state, now.text, author=author, message=message)
        )
        if saved is None:
            return None
        room.saved(saved, now.changes)
        if saved.version != before:
            self.counts["versions"] += 1
            room.notice(*of_version(room.status, merged=False))
        return saved, saved.version != before

    async def compact(self, room: Room) -> None:
        """Put the log of a room together, unless somebody logs something at this moment."""
        async with self._turn:
            await self._flush()
            await self._catch_up()
            now = room.snapshot()
            if not room.is_closed and await self._work(
                lambda log: log.compact(room.uid, room.epoch, now.upto, now.state)
            ):
                room.compacted()
