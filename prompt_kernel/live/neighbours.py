"""The other servers on one store: they tell each other where in a text somebody is, which no log keeps.

A text goes by the log, and is never lost. A cursor is told once, to whoever listens just then; where the database
cannot pass that on, each server knows its own people alone.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Final

from prompt_kernel.live.presence import Elsewhere
from prompt_kernel.live.protocol import State
from prompt_kernel.live.room import Room
from prompt_kernel.live.settings import Settings

#: Bytes of one message: PostgreSQL passes on less than 8,000 (https://www.postgresql.org/docs/current/sql-notify.html).
_LONGEST: Final = 7_000


class Neighbours:
    """Tells other servers who is in the rooms of this one, and shows in these who is elsewhere in the same text."""

    def __init__(self, rooms: Mapping[str, Room], settings: Settings) -> None:
        """Speak for `rooms`, which others add to."""
        self._rooms, self._settings = rooms, settings
        self._process = uuid.uuid4().hex
        #: What is to be told, by prompt and client: of two states of one client only the newer one.
        self._states: dict[tuple[str, int], State] = {}
        self._questions: set[str] = set()

    def tell(self, room: Room, states: list[State]) -> None:
        """Tell the others of clients in a room, next time."""
        self._states.update({(room.uid, state.client): state for state in states})

    def ask(self, room: Room) -> None:
        """Ask the others who is in a text that was opened here, next time."""
        self._questions.add(room.uid)

    def take(self) -> list[str]:
        """Give the messages that are to be sent now."""
        states, self._states = self._states, {}
        questions, self._questions = self._questions, set()
        messages = [self._message(uid, None) for uid in sorted(questions)]
        messages += [self._message(uid, state) for (uid, _), state in states.items()]
        return [message for message in messages if len(message) <= _LONGEST]

    def _message(self, uid: str, state: State | None) -> str:
        # In ASCII, so that its bytes are its characters.
        return json.dumps([self._process, uid, state], separators=(",", ":"))

    def hear(self, message: str) -> None:
        """Take in what another server tells or asks; what makes no sense, or comes from here, counts for nothing."""
        try:
            process, uid, state = json.loads(message)
            told = None if state is None else State(int(state[0]), int(state[1]), str(state[2]))
        except (ValueError, TypeError, LookupError, RecursionError):
            return
        room = self._rooms.get(uid) if isinstance(uid, str) else None
        if room is None or process == self._process:
            return
        if told is None:
            self.tell(room, room.presence.own)
        else:
            room.show(room.presence.hear(Elsewhere(str(process)), told, self._settings.clock()))

    def forget(self) -> None:
        """Let go of whom nobody has told of for a while: their server may have died."""
        before = self._settings.clock() - self._settings.forget
        for room in self._rooms.values():
            room.show(room.presence.forget(before))
