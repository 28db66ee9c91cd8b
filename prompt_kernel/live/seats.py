"""A seat: one participant's connection to a room, and what may come over it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

from prompt_kernel.live import protocol
from prompt_kernel.live.protocol import MalformedMessageError, Received
from prompt_kernel.live.room import Room, TooLargeError
from prompt_kernel.live.settings import Connection, Participant, Settings
from prompt_kernel.live.updates import parse


class Host(Protocol):
    """What a seat asks of the hub that it is in."""

    def wake(self) -> None:
        """There is something to log, or somebody waits for an answer."""

    def watch(self, seat: "Seat") -> None:
        """The seat has begun to watch an expansion."""

    def ask(self, seat: "Seat", content: Mapping[str, Any]) -> None:
        """The seat asks for something that takes time."""


class Watch:
    """What one client wants to see expanded: the live text under some variables."""

    __slots__ = ("has_pieces", "last", "variables")

    def __init__(self, variables: Mapping[str, Any], *, has_pieces: bool) -> None:
        """Watch the text under `variables`; `has_pieces` tells whether its text and pieces are wanted, too."""
        self.variables, self.has_pieces = variables, has_pieces
        #: What was sent last, so that the same is not sent again.
        self.last = b""


class Allowance:
    """So many messages a second, and some more at once after a pause."""

    def __init__(self, settings: Settings) -> None:
        """Begin with as many as `settings` allow at once."""
        self._settings = settings
        self._left, self._asked = float(settings.burst), settings.clock()

    def take(self) -> bool:
        """Tell whether one more message may come."""
        now, settings = self._settings.clock(), self._settings
        self._left = min(settings.burst, self._left + (now - self._asked) * settings.rate)
        self._asked = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


_MOST_WATCHES: Final = 8


class Seat:
    """A participant in a room. `receive` takes the messages of its client, `leave` ends it."""

    def __init__(
        self, room: Room, participant: Participant, connection: Connection, host: Host, settings: Settings
    ) -> None:
        """Seat `participant`, whom `connection` leads to, in `room`; `Room.enter` makes it known."""
        self.room, self.participant = room, participant
        self.watches: dict[str, Watch] = {}
        #: How many edits came, how many of these are in the room, and how many of those are committed.
        self.received = self.taken = self.acknowledged = 0
        self.is_closed = False
        self._connection, self._host, self._settings = connection, host, settings
        self._allowance = Allowance(settings)
        self._has_synced = False
        self._early: list[bytes] = []
        self._early_size = 0

    # Towards the client

    def send(self, message: bytes) -> None:
        """Send a message; who reads too slowly is sent away, and comes back to a fresh start."""
        if self.is_closed:
            return
        try:
            self._connection.send(message)
        except asyncio.QueueFull:
            self.close(protocol.TOO_SLOW, "The connection is too slow; it is opened again.")

    def close(self, code: int, reason: str) -> None:
        """End the connection."""
        if not self.is_closed:
            self.is_closed = True
            self._connection.close(code, reason)
            self.room.leave(self)

    async def leave(self) -> None:
        """Leave the room; the connection is gone."""
        self.is_closed = True
        self.room.leave(self)

    def acknowledge(self, count: int) -> None:
        """Tell the client that its first `count` edits are committed."""
        self.acknowledged = count
        self.send(protocol.ack(count))

    def answer(self, request: object, content: Mapping[str, Any]) -> None:
        """Answer a request of the client."""
        self.send(protocol.message(protocol.ANSWER, {"id": request, **content}))

    # From the client

    async def receive(self, data: bytes) -> None:
        """Take one message of the client. What is malformed, too large or too fast ends this connection alone."""
        if self.is_closed:
            return
        if len(data) > self._settings.max_message:
            most = self._settings.max_message
            self.close(protocol.TOO_LARGE, f"A message has {len(data):,} bytes, and {most:,} is the most.")
        elif not self._allowance.take():
            self.close(protocol.TOO_FAST, "Too many messages at once; wait a moment and reload the page.")
        else:
            self._handle(data)

    def _handle(self, data: bytes) -> None:
        try:
            self._dispatch(protocol.read(data), data)
        except MalformedMessageError as error:
            self.close(protocol.MALFORMED, str(error))
        except TooLargeError:
            most = self._settings.max_text
            self.close(protocol.TOO_LARGE, f"The text would have more than {most:,} bytes; nothing was added to it.")

    def _dispatch(self, received: Received, data: bytes) -> None:
        if received.kind == protocol.SYNC:
            self._sync(received)
        elif received.kind == protocol.AWARENESS:
            state = self.room.presence.accept(self, self.participant, received.states)
            if state is not None:
                self.room.tell([state])
        elif received.kind == protocol.QUERY_AWARENESS:
            self.room.tell_presence(self)
        elif received.kind == protocol.WATCH:
            self._watch(received.content)
        elif received.kind == protocol.ASK:
            self._host.ask(self, received.content)
        else:
            self.send(data)

    def _watch(self, content: Mapping[str, Any]) -> None:
        name, variables = content.get("id"), content.get("variables", {})
        if not isinstance(name, str) or not isinstance(variables, dict):
            raise MalformedMessageError("it does not say what to watch")
        self.watches.pop(name, None)
        if content.get("off"):
            return
        if len(self.watches) >= _MOST_WATCHES:
            raise MalformedMessageError(f"it watches more than {_MOST_WATCHES} expansions")
        self.watches[name] = Watch(variables, has_pieces=content.get("pieces", True) is not False)
        self._host.watch(self)

    # Edits

    def _sync(self, received: Received) -> None:
        if received.part == protocol.STEP1:
            missing = self.room.document.missing(received.data)
            self.send(protocol.sync(protocol.STEP2, missing))
            return
        if self.room.is_closed:
            return  # it is not acknowledged, so that the client keeps it
        self.received += 1
        if self.participant.may_write:
            self._edit(received)
        else:
            self._refuse(received)
        self._host.wake()

    def _edit(self, received: Received) -> None:
        """Take an edit once everything is here that it may refer to.

        A client that was away tells what it typed meanwhile in its second step; what it types while that is on its
        way may come before it, and waits.
        """
        if not self._has_synced and received.part == protocol.UPDATE:
            self._early_size += len(received.data)
            if self._early_size > self._settings.max_text:
                raise TooLargeError
            self._early.append(received.data)
            return
        self._has_synced = True
        self.room.accept(self, received.data)
        early, self._early = self._early, []
        for update in early:
            self.room.accept(self, update)
        self.taken = self.received

    def _refuse(self, received: Received) -> None:
        """Drop the edit of somebody who may only read. The second step of such a client says nothing new."""
        is_new = received.part == protocol.UPDATE or parse(received.data).adds(self.room.document.known)
        if is_new:
            path = self.room.status.path
            sentence = f"You may read {path}, and not change it; what you typed is not kept."
            notice = {"kind": "refused", "path": path, "message": sentence}
            self.send(protocol.message(protocol.NOTICE, notice))
        elif self.taken == self.received - 1:
            self.taken = self.received
