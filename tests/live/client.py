"""A client for tests: a document of its own, and the wire protocol as a browser speaks it."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any

from pycrdt import Doc, Text

from prompt_kernel.live import Hub, Participant, Seat
from prompt_kernel.live import protocol as wire
from prompt_kernel.live.positions import Positions

_PATIENCE = 20.0


#: What the fixtures give: a way to seat somebody, to start a hub, and to change the database past the store.
Join = Callable[..., Awaitable["Client"]]
StartHub = Callable[..., Awaitable[Hub]]
Damage = Callable[..., None]


class Clock:
    """A time that goes on when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class Line:
    """The server's end of a connection, for the `Hub`: what it sends comes to the client in order."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self.end: tuple[int, str] | None = None

    def send(self, message: bytes, /) -> None:
        if self.end is None:
            self._client.deliver(self, message)

    def close(self, code: int, reason: str, /) -> None:
        if self.end is None:
            self.end = (code, reason)
            self._client.closed(self, code)


class Client:
    """Somebody's editor. What it types while it is away is told when it is back, as Yjs does."""

    def __init__(self, hub: Hub, uid: str, name: str = "ana", *, may_write: bool = True) -> None:
        self.hub, self.uid = hub, uid
        self.participant = Participant(name, may_write=may_write)
        self.seat: Seat | None = None
        self.notices: list[dict[str, Any]] = []
        self.answers: dict[object, dict[str, Any]] = {}
        self.previews: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.hello: dict[str, Any] = {}
        self.codes: list[int] = []
        self.changed = asyncio.Event()
        #: Where the messages of the server go to instead, for tests of their bytes.
        self.raw: list[bytes] = []
        self.line: Line | None = None
        self.outbox: deque[bytes] = deque()
        self._requests = 0
        self.forget()

    # The document

    def forget(self) -> None:
        """Begin with an empty document, as after reloading the page."""
        self.doc: Doc[Text] = Doc()
        self.content = self.doc.get("text", type=Text)
        self.epoch = ""
        self.others: dict[int, dict[str, Any]] = {}
        self.sent = self.acknowledged = 0
        self.is_synced = False

    @property
    def text(self) -> str:
        return str(self.content)

    @property
    def is_saved(self) -> bool:
        """Whether everything that was typed here is known to be committed."""
        return self.is_synced and self.sent == self.acknowledged

    def change(self, start: int, end: int, text: str) -> None:
        """Put `text` in the place of the characters from `start` to `end`."""
        positions = Positions(self.text)
        first, last = positions.to_utf8(start), positions.to_utf8(end)
        updates: list[bytes] = []
        watching = self.doc.observe(lambda event: updates.append(event.update))
        with self.doc.transaction():
            if last > first:
                del self.content[first:last]
            if text:
                self.content.insert(first, text)
        self.doc.unobserve(watching)
        for update in updates:
            self.send_edit(wire.UPDATE, update)

    def insert(self, at: int, text: str) -> None:
        self.change(at, at, text)

    def append(self, text: str) -> None:
        self.insert(len(self.text), text)

    def send_edit(self, part: int, update: bytes) -> None:
        if self.line is not None:
            self.sent += 1
            self.send(wire.sync(part, update))

    # The connection

    async def join(self) -> "Client":
        """Connect, and exchange what both sides lack."""
        await self.connect()
        await self.pump()
        return self

    async def connect(self) -> None:
        """Connect; what is said to that is on its way."""
        self.line = line = Line(self)
        self.sent = self.acknowledged = 0
        self.is_synced = False
        self.seat = None
        seat = await self.hub.join(self.uid, self.participant, line, epoch=self.epoch)
        if self.line is line:
            self.seat = seat
            self.send(wire.sync(wire.STEP1, self.doc.get_state()))

    async def drop(self) -> None:
        """Lose the connection, and whatever was on its way."""
        seat, self.seat, self.line = self.seat, None, None
        self.outbox.clear()
        self.others.clear()
        self.is_synced = False
        if seat is not None:
            await seat.leave()

    def send(self, message: bytes) -> None:
        """Send a message; it is on its way until `pump`."""
        self.outbox.append(message)

    async def pump(self) -> None:
        """Let everything arrive that was sent."""
        while self.outbox and self.seat is not None:
            await self.seat.receive(self.outbox.popleft())

    def closed(self, line: Line, code: int) -> None:
        self.codes.append(code)
        if line is self.line:
            self.line = self.seat = None
            self.outbox.clear()
            self.is_synced = False
        self.changed.set()

    # What the server says

    def deliver(self, line: Line, message: bytes) -> None:
        self.raw.append(message)
        if line is self.line:
            self._read(wire.Reader(message))
        self.changed.set()

    def _read(self, reader: wire.Reader) -> None:
        kind = reader.number()
        if kind == wire.SYNC:
            self._sync(reader.number(), reader.block())
        elif kind == wire.AWARENESS:
            self._meet(wire.Reader(reader.block()))
        elif kind == wire.ACK:
            self.acknowledged = reader.number()
            assert self.acknowledged <= self.sent
        elif kind != wire.PING:
            self._told(kind, reader.json())
        reader.finish()

    def _sync(self, part: int, data: bytes) -> None:
        if part == wire.STEP1:
            self.send_edit(wire.STEP2, self.doc.get_update(data))
            return
        self.doc.apply_update(data)
        self.is_synced = self.is_synced or part == wire.STEP2

    def _meet(self, reader: wire.Reader) -> None:
        for _ in range(reader.number()):
            client, _clock, state = reader.number(), reader.number(), json.loads(reader.string())
            if state is None:
                self.others.pop(client, None)
            else:
                self.others[client] = state

    def _told(self, kind: int, content: dict[str, Any]) -> None:
        if kind == wire.HELLO:
            assert not self.epoch or self.epoch == content["epoch"]
            self.hello, self.epoch = content, content["epoch"]
        elif kind == wire.NOTICE:
            self.notices.append(content)
        elif kind == wire.ANSWER:
            self.answers[content.pop("id")] = content
        elif kind == wire.PREVIEW:
            self.previews[content.pop("id")].append(content)

    # What a browser does

    async def ask(self, do: str, **content: object) -> dict[str, Any]:
        """Ask for something, and wait for the answer."""
        self._requests += 1
        number = self._requests
        self.send(wire.message(wire.ASK, {"id": number, "do": do, **content}))
        await self.pump()
        await self.until(lambda: number in self.answers)
        return self.answers[number]

    def ask_to_save(self) -> None:
        """Ask for a version, and do not wait for it."""
        self._requests += 1
        self.send(wire.message(wire.ASK, {"id": self._requests, "do": "save", "message": ""}))

    async def watch(self, name: str = "editor", **content: object) -> dict[str, Any]:
        """Watch the expansion, and wait for it."""
        seen = len(self.previews[name])
        self.send(wire.message(wire.WATCH, {"id": name, **content}))
        await self.pump()
        await self.until(lambda: len(self.previews[name]) > seen)
        return self.previews[name][-1]

    def point(self, number: int, clock: int, state: dict[str, Any] | None) -> None:
        """Tell where the cursor is."""
        self.send(wire.awareness([wire.State(number, clock, json.dumps(state))]))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; what is sent meanwhile arrives."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                self.changed.clear()
                await self.pump()
                if is_so():
                    return
                await self.changed.wait()

    async def until_saved(self) -> None:
        await self.until(lambda: self.is_saved)

    async def until_noticed(self, kind: str) -> dict[str, Any]:
        await self.until(lambda: any(notice["kind"] == kind for notice in self.notices))
        return next(notice for notice in reversed(self.notices) if notice["kind"] == kind)

    async def until_closed(self) -> int:
        await self.until(lambda: self.seat is None and self.line is None)
        return self.codes[-1]


async def eventually(is_so: Callable[[], bool | Awaitable[bool]]) -> None:
    """Let the loop turn until something is so that nobody tells of."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = is_so()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0)


async def kill(hub: Hub) -> None:
    """End a hub as a crash does: what is not committed is not, and nobody is told."""
    await hub._halt()  # noqa: SLF001 - no caller but a test wants that
