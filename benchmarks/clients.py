"""People who write, without browsers: each has a document of their own and a socket, and sends what an editor sends.

All that they send and receive are updates of documents, which come out the same in whatever order they arrive. So the
same people can write through the dashboard and through a socket that just sends everybody everything.
"""

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from pycrdt import (
    Awareness,
    Decoder,
    Doc,
    Text,
    create_awareness_message,
    create_sync_message,
    create_update_message,
    handle_sync_message,
    write_message,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

_SYNC, _ACK, _WATCH = 0, 100, 102
_STEP2, _UPDATE = 1, 2
_WATCHING = b'{"id": "editor", "variables": {}, "pieces": false}'
_MARK = re.compile(rb"<[0-9]+:[0-9]+>")
#: Every so many-th edit takes something away.
_DELETION = 4
_PATIENCE = 60


@dataclass
class Delays:
    """Seconds from an edit to each of the others, and to its acknowledgement."""

    others: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)


class Writer:
    """Somebody who writes. With a `token` it is the dashboard's protocol, without one all echo to all."""

    def __init__(self, number: int, url: str, token: str, room: "Room") -> None:
        """Be the client `number` in a room; nothing is sent before `join`."""
        self._number, self._url, self._token, self._room = number, url, token, room
        self._random = random.Random(number)  # noqa: S311 - where to write, no secrets
        self._doc: Doc[Text] = Doc()
        self._text = self._doc.get("text", type=Text)
        self._presence = Awareness(self._doc)
        self._updates: list[bytes] = []
        self._doc.observe(lambda event: self._updates.append(event.update))
        #: When the edits that are not acknowledged were made; None for what was no edit. Without a token, also what.
        self._waiting: deque[tuple[float | None, bytes]] = deque()
        self._acknowledged = self._edits = 0
        self._synced = asyncio.Event()
        self._settled = asyncio.Event()
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]

    @property
    def text(self) -> str:
        """The text of its document."""
        return str(self._text)

    async def join(self) -> None:
        """Connect, and wait until the document is as the server has it."""
        protocols = [Subprotocol("pk"), Subprotocol(self._token)] if self._token else None
        self._socket = await connect(self._url, subprotocols=protocols, compression=None, max_size=None)
        self._reader = asyncio.create_task(self._read())
        if self._token:
            await self._socket.send(create_sync_message(self._doc))
            await self._socket.send(bytes([_WATCH]) + write_message(_WATCHING))
            await asyncio.wait_for(self._synced.wait(), _PATIENCE)

    async def write(self, seconds: float, pause: float) -> None:
        """Make an edit each `pause` seconds, for so many seconds."""
        due = time.perf_counter() + self._random.random() * pause
        end = due + seconds
        while due < end:
            await asyncio.sleep(due - time.perf_counter())
            await self._edit()
            due += pause

    async def settle(self) -> None:
        """Wait until all edits are acknowledged.

        Raises:
            TimeoutError: some are not, after a minute.
        """
        while self._waiting and not self._reader.done():
            self._settled.clear()
            await asyncio.wait_for(self._settled.wait(), _PATIENCE)

    async def leave(self) -> None:
        """Disconnect.

        Raises:
            ConnectionClosed: the server had closed the connection before.
        """
        if self._reader.done():
            self._reader.result()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()

    async def _edit(self) -> None:
        """Write a marked word somewhere, or delete some characters, and tell where the cursor is then."""
        self._updates.clear()
        at = self._random.randint(0, len(self._text))
        self._edits += 1
        made = time.perf_counter()
        if self._edits % _DELETION or len(self._text) - at < _DELETION:
            mark = f"<{self._number}:{self._edits}>"
            self._room.made[mark.encode()] = made
            self._text.insert(at, f" word {mark}")
        else:
            del self._text[at : at + _DELETION]
        for update in self._updates:
            await self._send_edit(create_update_message(update), made)
        cursor = self._text.sticky_index(at).to_json()
        self._presence.set_local_state({"cursor": {"anchor": cursor, "head": cursor}})
        await self._socket.send(create_awareness_message(self._presence.encode_awareness_update([self._doc.client_id])))

    async def _send_edit(self, message: bytes, made: float | None) -> None:
        self._waiting.append((made, message))
        await self._socket.send(message)

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if isinstance(message, bytes):
                    await self._take(message)
        finally:
            # Whoever waits finds out that nothing more comes.
            self._synced.set()
            self._settled.set()

    async def _take(self, message: bytes) -> None:
        if message[0] == _ACK:
            count = Decoder(message[1:]).read_var_uint()
            while self._acknowledged < count:
                self._acknowledge()
        elif not self._token and self._waiting and message == self._waiting[0][1]:
            self._acknowledge()
        elif message[0] == _SYNC:
            await self._synchronise(message)

    async def _synchronise(self, message: bytes) -> None:
        answer = handle_sync_message(message[1:], self._doc)
        if answer is not None:
            await self._send_edit(answer, None)
        if message[1] == _UPDATE:
            self._note(message)
        elif message[1] == _STEP2:
            self._synced.set()

    def _note(self, message: bytes) -> None:
        now = time.perf_counter()
        own = b"<%d:" % self._number
        for mark in _MARK.findall(message):
            if not mark.startswith(own):
                self._room.delays.others.append(now - self._room.made[mark])

    def _acknowledge(self) -> None:
        made, _ = self._waiting.popleft()
        self._acknowledged += 1
        if made is not None:
            self._room.delays.acknowledged.append(time.perf_counter() - made)
        self._settled.set()


class Room:
    """Everybody who writes on one prompt."""

    def __init__(self, url: str, tokens: Sequence[str]) -> None:
        """Let one person join at `url` for each of `tokens`."""
        self.delays = Delays()
        #: When the edits were made, by their marks.
        self.made: dict[bytes, float] = {}
        self._writers = [Writer(number, url, token, self) for number, token in enumerate(tokens)]

    async def __aenter__(self) -> Self:
        for writer in self._writers:
            await writer.join()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(writer.leave() for writer in self._writers))

    async def write(self, seconds: float, pause: float) -> Delays:
        """Let everybody write for so many seconds, wait until all is acknowledged, and return the delays."""
        self.delays = Delays()
        await asyncio.gather(*(writer.write(seconds, pause) for writer in self._writers))
        await asyncio.gather(*(writer.settle() for writer in self._writers))
        await self._agree()
        return self.delays

    def texts(self) -> list[str]:
        """Return what each of them has."""
        return [writer.text for writer in self._writers]

    async def _agree(self) -> None:
        """Wait until all have the same text, or it takes too long: who differs then is counted."""
        end = time.perf_counter() + _PATIENCE / 6
        while len(set(self.texts())) > 1 and time.perf_counter() < end:  # noqa: ASYNC110 - no event says it of all
            await asyncio.sleep(0.05)
