"""What goes over the wire: the messages of the y-websocket protocol, and ours from 100 on.

A message is a number of its kind and a payload; numbers are variable-length (seven bits a byte, the lowest first), and
bytes and strings are preceded by their length. Every position in a JSON payload counts UTF-16 units of the live text.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from prompt_kernel.errors import PromptKernelError

SYNC: Final = 0
AWARENESS: Final = 1
QUERY_AWARENESS: Final = 3
ACK: Final = 100
HELLO: Final = 101
WATCH: Final = 102
PREVIEW: Final = 103
NOTICE: Final = 104
ASK: Final = 105
ANSWER: Final = 106
PING: Final = 107

STEP1: Final = 0
STEP2: Final = 1
UPDATE: Final = 2

MALFORMED: Final = 4400
OTHER_EPOCH: Final = 4409
GONE: Final = 4404
TOO_FAST: Final = 4408
TOO_LARGE: Final = 4413
TOO_SLOW: Final = 4508
STOPPING: Final = 1001


class MalformedMessageError(PromptKernelError):
    """Bytes that are no message of the protocol, or an update that its document cannot take."""

    def __init__(self, reason: str) -> None:
        """Say what is wrong with them."""
        super().__init__(f"A message could not be read: {reason}. Reload the page.")
        self.reason = reason


class Reader:
    """Reads numbers, bytes and strings one after another.

    Every method raises MalformedMessageError where they are not there.
    """

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        """Read from the beginning of `data`."""
        self._data, self._at = data, 0

    @property
    def is_done(self) -> bool:
        """Whether everything was read."""
        return self._at == len(self._data)

    def byte(self) -> int:
        """Return the next byte."""
        if self._at >= len(self._data):
            raise MalformedMessageError("it ends too early")
        self._at += 1
        return self._data[self._at - 1]

    def number(self) -> int:
        """Return the next number."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < _MORE:
                break
            shift += 7
        if value > _HIGHEST:
            raise MalformedMessageError("a number is too high")
        return value

    def block(self) -> bytes:
        """Return the next bytes, which their length precedes."""
        length = self.number()
        start, self._at = self._at, self._at + length
        if self._at > len(self._data):
            raise MalformedMessageError("it ends too early")
        return self._data[start : self._at]

    def string(self) -> str:
        """Return the next string."""
        try:
            return self.block().decode()
        except UnicodeDecodeError as error:
            raise MalformedMessageError("a string is not UTF-8") from error

    def json(self) -> dict[str, Any]:
        """Return the next string as the JSON object that it is."""
        return parse_object(self.string())

    def finish(self) -> None:
        """Raise MalformedMessageError unless everything was read."""
        if not self.is_done:
            raise MalformedMessageError("there is more than belongs to it")


_MORE: Final = 0x80
#: What a browser can count to.
_HIGHEST: Final = 2**53 - 1


def parse_object(text: str) -> dict[str, Any]:
    """Return the JSON object that `text` is.

    Raises:
        MalformedMessageError: it is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError("it is not JSON") from error
    if not isinstance(value, dict):
        raise MalformedMessageError("it is not a JSON object")
    return value


def number(value: int) -> bytes:
    """Return a number as it is written."""
    written = bytearray()
    while value >= _MORE:
        written.append(value & 0x7F | _MORE)
        value >>= 7
    written.append(value)
    return bytes(written)


def block(data: bytes) -> bytes:
    """Return bytes as they are written, their length first."""
    return number(len(data)) + data


def sync(kind: int, data: bytes) -> bytes:
    """Return a message of synchronisation: `STEP1` with a state vector, `STEP2` or `UPDATE` with an update."""
    return number(SYNC) + number(kind) + block(data)


def ack(count: int) -> bytes:
    """Return the message that the first `count` edits of a connection are committed."""
    return number(ACK) + number(count)


def message(kind: int, content: Mapping[str, Any]) -> bytes:
    """Return a message whose payload is JSON."""
    return number(kind) + block(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))


class State(NamedTuple):
    """What one client tells of itself; `content` is JSON, "null" when it has left. `clock` grows with every change."""

    client: int
    clock: int
    content: str


def awareness(states: list[State]) -> bytes:
    """Return the message that tells the states of clients."""
    payload = number(len(states))
    for state in states:
        payload += number(state.client) + number(state.clock) + block(state.content.encode())
    return number(AWARENESS) + block(payload)


class Received(NamedTuple):
    """A message of a client. `part` is the kind of synchronisation; one of the other fields holds the payload."""

    kind: int
    part: int = 0
    data: bytes = b""
    states: tuple[State, ...] = ()
    content: Mapping[str, Any] = {}


def read(data: bytes) -> Received:
    """Return the message of a client that `data` is.

    Raises:
        MalformedMessageError: it is none.
    """
    reader = Reader(data)
    kind = reader.number()
    if kind == SYNC:
        received = Received(kind, part=reader.number(), data=reader.block())
        if received.part not in (STEP1, STEP2, UPDATE):
            raise MalformedMessageError(f"there is no synchronisation {received.part}")
    elif kind == AWARENESS:
        received = Received(kind, states=_read_states(reader.block()))
    elif kind in (WATCH, ASK):
        received = Received(kind, content=reader.json())
    elif kind in (QUERY_AWARENESS, PING):
        received = Received(kind)
    else:
        raise MalformedMessageError(f"there is no message {kind}")
    reader.finish()
    return received


def _read_states(data: bytes) -> tuple[State, ...]:
    reader = Reader(data)
    states = tuple(State(reader.number(), reader.number(), reader.string()) for _ in range(reader.number()))
    reader.finish()
    return states


def read_vector(data: bytes) -> dict[int, int]:
    """Return a state vector: by client, how much of what it wrote is known.

    Raises:
        MalformedMessageError: it is none.
    """
    reader = Reader(data)
    vector = {reader.number(): reader.number() for _ in range(reader.number())}
    reader.finish()
    return vector
