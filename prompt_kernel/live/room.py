"""A room: the live document of one prompt, who is in it, and what is not yet in the log.

Everything here happens at once, in the thread of the hub's loop; what takes time is the hub's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from prompt_kernel.live import protocol
from prompt_kernel.live.document import Document
from prompt_kernel.live.log import News, Opened
from prompt_kernel.live.newlines import like, to_lf
from prompt_kernel.live.notices import CHANGES, of_change, of_statuses, of_version
from prompt_kernel.live.presence import Presence
from prompt_kernel.live.protocol import State
from prompt_kernel.live.settings import Settings
from prompt_kernel.records import Prompt
from prompt_kernel.store.live import LiveDocument, LiveStatus, LiveUpdate

if TYPE_CHECKING:
    from prompt_kernel.live.seats import Seat


_NOTHING: Mapping[str, Any] = {}


class TooLargeError(Exception):
    """An edit that would make a text larger than a room takes."""


class Pending(NamedTuple):
    """A change that everybody in the room has, and the log not yet."""

    data: bytes
    author: str


class Batch(NamedTuple):
    """What is to be logged at once, and how many edits of each seat are committed with it."""

    room: "Room"
    changes: list[Pending]
    counts: "dict[Seat, int]"


class Snapshot(NamedTuple):
    """A room at one moment: its text with the prompt's own line ends, and a state that has all up to an id."""

    state: bytes
    upto: int
    text: str
    changes: int


#: A document of so many times the size of the largest text holds mostly what is no text.
_MOST_WEIGHT = 8


class Room:
    """One prompt that is open for live editing."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        """Open a room on what the log has.

        Raises:
            MalformedMessageError: the log is damaged.
        """
        kept = opened.kept
        self.uid, self.epoch = kept.uid, kept.epoch
        self.document = Document(kept.state, (update.data for update in kept.updates))
        self.cursor = opened.cursor
        self.status = opened.status
        #: The text of the newest version; the number of the one that the document has taken in last, and of the one
        #: that everybody was told of.
        self.head = opened.head
        self.synced = self.version = kept.synced
        self.seats: list[Seat] = []
        self.presence = Presence()
        #: Who has changed the text since the newest version, in the order of their first edit.
        self.editors: dict[str, None] = dict.fromkeys(update.author for update in kept.updates)
        self.logged = len(kept.updates)
        #: Counts the changes of the text, so that it can be told whether there was one meanwhile.
        self.changes = 0
        self.refused = -1
        self.absorbed = 0
        self.touched = self.left = settings.clock()
        self.is_closed = False
        #: What everybody who comes later is told as well: the conflict copies of a text.
        self._copies: dict[str, bytes] = {}
        #: Is called after each change of the text.
        self.on_change: Callable[[Room], object] = _nothing
        #: Is called with what somebody in the room tells of themselves.
        self.on_presence: Callable[[Room, list[State]], object] = _nothing
        self._settings = settings
        self._pending: list[Pending] = []

    # Who is here

    def enter(self, seat: "Seat") -> None:
        """Let somebody in: from here on it hears everything, and it is told what there is."""
        self.seats.append(seat)
        seat.send(protocol.message(protocol.HELLO, self._hello(seat)))
        seat.send(protocol.sync(protocol.STEP1, self.document.vector))
        self.tell_presence(seat)
        for notice in self._copies.values():
            seat.send(notice)

    def _hello(self, seat: "Seat") -> dict[str, Any]:
        status, participant = self.status, seat.participant
        return {
            "epoch": self.epoch,
            "uid": self.uid,
            "path": status.path,
            "version": status.head,
            "enabled": status.enabled,
            "deleted": status.deleted,
            "readOnly": not participant.may_write,
            "clean": self.is_clean,
            "you": {"name": participant.name, "color": participant.color},
        }

    def tell_presence(self, seat: "Seat") -> None:
        """Tell one seat of everybody's cursor."""
        if self.presence.states:
            seat.send(protocol.awareness(self.presence.states))

    def leave(self, seat: "Seat") -> None:
        """Let somebody out."""
        if seat not in self.seats:
            return
        self.seats.remove(seat)
        self.left = self._settings.clock()
        self.tell(self.presence.leave(seat))

    def tell(self, states: list[State]) -> None:
        """Tell everybody, here and elsewhere, where clients of this server are."""
        if states:
            self.show(states)
            self.on_presence(self, states)

    def show(self, states: list[State]) -> None:
        """Tell everybody here where clients are."""
        if states:
            self.broadcast(protocol.awareness(states))

    def broadcast(self, message: bytes) -> None:
        """Send a message to everybody."""
        for seat in list(self.seats):
            seat.send(message)

    def notice(self, kind: str, message: str, details: Mapping[str, Any] = _NOTHING) -> None:
        """Tell everybody what has happened to the prompt, in a sentence."""
        content = {"kind": kind, "path": self.status.path, **details, "message": message}
        self.broadcast(protocol.message(protocol.NOTICE, content))

    def tell_of_copy(self, copy: str) -> None:
        """Tell everybody, and those who come later, that a text that was not merged is kept in the prompt `copy`."""
        path = self.status.path
        sentence = f"A text of {path} that could not be merged is kept in {copy}."
        content = {"kind": "conflict_copy", "path": path, "copy": copy, "message": sentence}
        self._copies[copy] = protocol.message(protocol.NOTICE, content)
        self.broadcast(self._copies[copy])

    def close(self, code: int, reason: str) -> None:
        """Send everybody away; the room takes nothing any more."""
        self.is_closed = True
        for seat in list(self.seats):
            seat.close(code, reason)

    # Edits

    @property
    def text(self) -> str:
        """The live text, with plain line ends."""
        return self.document.text

    @property
    def wants_version(self) -> bool:
        """Whether something was typed since the newest version, and a version of it can be made."""
        return bool(self.editors) and not self.status.deleted and self.refused != self.changes

    @property
    def is_clean(self) -> bool:
        """Whether the live text is that of the newest version."""
        return self.head is not None and self.text == to_lf(self.head)

    def accept(self, seat: "Seat", update: bytes) -> None:
        """Take an edit of a participant, and pass it on to everybody.

        Raises:
            MalformedMessageError: it is no edit of this text.
            TooLargeError: the text would be too large.
        """
        document, most = self.document, self._settings.max_text
        # What was deleted weighs, too; much of it goes when everything is put together.
        heaviest = _MOST_WEIGHT * most - len(update)
        if document.weight > heaviest and document.settled_weight() > heaviest:
            raise TooLargeError
        before = document.size
        change = document.take(update)
        if change is None:
            return
        if before < document.size > most:
            document.take_back(change)
            raise TooLargeError
        self._pending.append(Pending(change, seat.participant.name))
        self._changed(change, seat.participant.name)

    def _changed(self, change: bytes, author: str = "") -> None:
        if author:
            self.editors.setdefault(author)
        self.changes += 1
        self.touched = self._settings.clock()
        self.broadcast(protocol.sync(protocol.UPDATE, change))
        self.on_change(self)

    # The log

    @property
    def has_pending(self) -> bool:
        """Whether something is not yet in the log."""
        return bool(self._pending)

    def drain(self) -> Batch | None:
        """Give what is to be logged, None where nothing is and nobody waits for an answer."""
        counts = {seat: seat.taken for seat in self.seats if seat.taken > seat.acknowledged}
        if not self._pending and not counts:
            return None
        changes, self._pending = self._pending, []
        return Batch(self, changes, counts)

    def put_back(self, changes: Sequence[Pending]) -> None:
        """Take back what could not be logged, before all that came later."""
        self._pending = [*changes, *self._pending]

    def read(self, rows: Iterable[LiveUpdate], cursor: int) -> None:
        """Take in what the log has up to the id `cursor`, of whichever process.

        Raises:
            MalformedMessageError: a row is damaged.
        """
        for row in rows:
            if row.id <= self.cursor or row.epoch != self.epoch:
                continue
            self.logged += 1
            change = self.document.take(row.data)
            if change is not None:
                self._changed(change, row.author)
        self.cursor = max(self.cursor, cursor)

    def merge(self, kept: LiveDocument) -> None:
        """Take in the whole document, where updates were put together that have not been read here.

        Raises:
            MalformedMessageError: it is damaged.
        """
        if kept.epoch != self.epoch:
            return
        change = self.document.take(kept.state)
        if change is not None:
            self._changed(change)
        self.cursor = max(self.cursor, kept.upto)
        self.read(kept.updates, self.cursor)

    def hear(self, status: LiveStatus, news: News) -> None:
        """Take in how the prompt stands now, and tell everybody what that changes."""
        before, self.status = self.status, status
        self.synced = status.synced
        self.head = news.heads.get(self.uid, self.head)
        for notice in of_statuses(before, status):
            self.notice(*notice)
        for change in news.changes:
            if change.path == status.path and change.kind in CHANGES:
                self.notice(*of_change(change))
        if status.synced > self.version and status.synced == status.head:
            self.version = status.synced
            merged = status.origin != "dashboard" or self.absorbed == status.head
            self.notice(*of_version(status, merged=merged))
            if self.is_clean:
                self.editors.clear()

    def snapshot(self) -> Snapshot:
        """Return the room as it is now."""
        return Snapshot(self.document.state(), self.cursor, like(self.head or "", self.text), self.changes)

    def compacted(self) -> None:
        """Note that the log was put together."""
        self.logged = 0

    def saved(self, prompt: Prompt, changes: int) -> None:
        """Note that the text, as it was after so many changes, is this version."""
        self.head, self.synced, self.version = prompt.text, prompt.version, prompt.version
        self.status = self.status._replace(
            path=prompt.path, head=prompt.version, author=prompt.author, origin=prompt.origin, message=prompt.message
        )
        self.compacted()
        if self.changes == changes:
            self.editors.clear()


def _nothing(*_: object) -> None:
    """Nobody listens yet."""
