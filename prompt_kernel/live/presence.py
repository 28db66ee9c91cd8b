"""Who is in a room and where their cursors are: what clients tell of themselves, under the names that sessions have."""

import json
from collections.abc import Hashable
from dataclasses import dataclass

from prompt_kernel.live.protocol import MalformedMessageError, State, parse_object
from prompt_kernel.live.settings import Participant

#: A cursor takes a few hundred characters.
_LONGEST = 10_000
_LEFT = "null"


class Elsewhere(str):
    """The server that speaks for a client which is connected to it and not to this one."""

    __slots__ = ()


@dataclass(slots=True)
class _Client:
    holder: Hashable
    name: str
    state: State
    heard: float = 0.0


class Presence:
    """The states of the clients of one room. Each connection, the `holder`, speaks for one client: its own."""

    def __init__(self) -> None:
        """Know of nobody yet."""
        self._clients: dict[int, _Client] = {}

    @property
    def states(self) -> list[State]:
        """What is known of everybody."""
        return [client.state for client in self._clients.values()]

    @property
    def own(self) -> list[State]:
        """What is known of those who are connected to this server."""
        return [client.state for client in self._clients.values() if not isinstance(client.holder, Elsewhere)]

    def hear(self, server: Elsewhere, state: State, now: float) -> list[State]:
        """Take what another server tells of one of its clients, and return what is new in that."""
        known = self._clients.get(state.client)
        if known is not None and (known.state.clock > state.clock or not isinstance(known.holder, Elsewhere)):
            return []
        if state.content == _LEFT:
            return [state] if self._clients.pop(state.client, None) else []
        self._clients[state.client] = _Client(server, "", state, now)
        return [state]

    def forget(self, before: float) -> list[State]:
        """Forget the clients of other servers that were told of last `before` then; return what tells others so."""
        gone = [
            number
            for number, client in self._clients.items()
            if isinstance(client.holder, Elsewhere) and client.heard < before
        ]
        return [self._clients.pop(number).state._replace(content=_LEFT) for number in gone]

    def accept(self, holder: Hashable, participant: Participant, states: tuple[State, ...]) -> State | None:
        """Take what a connection tells of its own client, and return it under the participant's name.

        What it passes on of other clients counts for nothing.

        Raises:
            MalformedMessageError: the state is no JSON object, or much too long.
        """
        own = self._own(holder, participant, states)
        if own is None:
            return None
        state = State(own.client, own.clock, _signed(own.content, participant))
        known = self._clients.get(own.client)
        if known is not None and known.state.clock > own.clock:
            return None
        self._clients[own.client] = _Client(holder, participant.name, state)
        return state

    def _own(self, holder: Hashable, participant: Participant, states: tuple[State, ...]) -> State | None:
        held = [number for number, client in self._clients.items() if client.holder is holder]
        if held:
            return next((state for state in states if state.client == held[0]), None)
        # After a reconnection the old connection may not have been noticed to be gone: the same person takes over.
        free = (
            state
            for state in states
            if (known := self._clients.get(state.client)) is None
            or known.name == participant.name
            or isinstance(known.holder, Elsewhere)
        )
        return next(free, None)

    def leave(self, holder: Hashable) -> list[State]:
        """Forget the client of a connection, and return what tells the others so."""
        gone = [number for number, client in self._clients.items() if client.holder is holder]
        states = [self._clients.pop(number).state for number in gone]
        # With the same clock, so that the client is believed again when it comes back.
        return [state._replace(content=_LEFT) for state in states if state.content != _LEFT]


def _signed(content: str, participant: Participant) -> str:
    if len(content) > _LONGEST:
        raise MalformedMessageError("a cursor is too long")
    if content == _LEFT:
        return content
    user = {"name": participant.name, "color": participant.color, "colorLight": participant.color + "33"}
    return json.dumps({**parse_object(content), "user": user}, separators=(",", ":"))
