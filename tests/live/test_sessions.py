"""Random sessions of five people against an exact oracle: what was typed and not deleted is there, each character once.

Every character that is typed in a session is another one, so that nothing can be lost, doubled or emptied unseen. The
room and the seats are the real ones; the network between is made of dice: what is sent over different connections
comes in any order, late or twice, connections break with all that is on the way, and the server dies with what it has
not committed.
"""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from prompt_kernel.live import Connection, Participant, Seat, Settings
from prompt_kernel.live import protocol as wire
from prompt_kernel.live.document import seed
from prompt_kernel.live.log import Opened
from prompt_kernel.live.room import Room
from prompt_kernel.store.live import LiveDocument, LiveStatus, LiveUpdate
from tests.live.client import Client, Line

#: These show that nothing is lost, again and again, of what others have covered; measuring doubles their time.
pytestmark = pytest.mark.no_cover

SESSIONS, CHUNK, STEPS, PEOPLE = 1500, 100, 60, 5

SETTINGS = Settings(rate=1e9, burst=10**9)
_RANGES = [(0x1F300, 0x1F5FF), (0x300, 0x36F), (0x5D0, 0x5EA), (0x620, 0x64A), (0x4E00, 0x4FFF), (0x61, 0x7A)]
ALPHABET = [chr(code) for first, last in _RANGES for code in range(first, last + 1)]
NEWLINES = "\r\n"

#: So many edits of the server arrive twice.
_AGAIN = 0.1
UPDATE = wire.number(wire.SYNC) + wire.number(wire.UPDATE)


class Wire:
    """What the server says to one client, on its way."""

    def __init__(self, line: Connection) -> None:
        self.line, self.waiting = line, list[bytes]()

    def send(self, message: bytes, /) -> None:
        self.waiting.append(message)

    def close(self, code: int, reason: str, /) -> None:
        self.line.close(code, reason)

    def deliver(self, dice: random.Random) -> None:
        """Let the next message arrive, and keep an edit sometimes, so that it arrives again."""
        if self.waiting:
            is_kept = self.waiting[0].startswith(UPDATE) and dice.random() < _AGAIN
            self.line.send(self.waiting[0] if is_kept else self.waiting.pop(0))


class Relay:
    """A server of one room, whose log is a list."""

    def __init__(self) -> None:
        self.state, self.upto, self.rows = seed(""), 0, list[LiveUpdate]()
        self.wires: list[Wire] = []
        self.open()

    def open(self) -> None:
        kept = LiveDocument("uid", "epoch", self.state, self.upto, tuple(self.rows), 1)
        status = LiveStatus(
            uid="uid", path="note", head=1, enabled=True, deleted=False, epoch="epoch", upto=self.upto, synced=1,
            author="ana", origin="python", message="",
        )  # fmt: skip
        self.room = Room(Opened(kept, status, "", self.last), SETTINGS)

    @property
    def last(self) -> int:
        return self.rows[-1].id if self.rows else self.upto

    async def join(self, _uid: str, participant: Participant, line: Line, *, epoch: str = "") -> Seat:
        assert epoch in ("", "epoch")
        connection = Wire(line)
        self.wires.append(connection)
        seat = Seat(self.room, participant, connection, self, SETTINGS)
        self.room.enter(seat)
        return seat

    def wake(self) -> None:
        """Whoever drives the session flushes."""

    def watch(self, seat: Seat) -> None:
        """There are no previews here."""

    def ask(self, seat: Seat, content: Mapping[str, Any]) -> None:
        """There is nobody to answer."""

    def flush(self) -> None:
        batch = self.room.drain()
        if batch is None:
            return
        for data, author in batch.changes:
            self.rows.append(LiveUpdate(self.last + 1, "uid", "epoch", data, author, "process"))
        for seat, count in batch.counts.items():
            seat.acknowledge(count)

    def compact(self) -> None:
        self.flush()
        self.state, self.upto = self.room.snapshot().state, self.last
        self.rows.clear()

    def read_log(self) -> None:
        """Read again what was read before, as a hub does that heard of it twice."""
        self.room.cursor = self.upto
        self.room.read(self.rows, self.last)


class Session:
    """Five people, and what they have typed and deleted."""

    def __init__(self, seed_: int) -> None:
        self.dice = random.Random(seed_)  # noqa: S311 - dice
        self.unused = self.dice.sample(ALPHABET, len(ALPHABET))
        self.relay = Relay()
        self.clients = [Client(self.relay, "uid", f"p{number}") for number in range(PEOPLE)]  # type: ignore[arg-type]  # it joins
        self.runs: list[str] = []
        self.deleted: set[str] = set()

    async def play(self) -> None:
        for client in self.clients:
            await client.join()
        for _ in range(STEPS):
            await self.step(self.dice.choice(self.clients))
        await self.settle()

    async def step(self, client: Client) -> None:
        dice, roll = self.dice, self.dice.random()
        if roll < 0.35:
            self.type(client)
        elif roll < 0.5:
            self.delete(client)
        elif roll < 0.6:
            await client.pump()
        elif roll < 0.8:
            for connection in self.relay.wires:
                for _ in range(dice.randrange(4)):
                    connection.deliver(dice)
        elif roll < 0.88:
            self.relay.flush()
        else:
            await self.trouble(client)

    def type(self, client: Client) -> None:
        run = "".join(self.unused.pop() for _ in range(self.dice.randint(1, 4)))
        if self.dice.random() < 0.2:
            run += NEWLINES
        self.runs.append(run)
        client.insert(self.dice.randint(0, len(client.text)), run)

    def delete(self, client: Client) -> None:
        places = [at for at, character in enumerate(client.text) if character not in NEWLINES]
        if places:
            at = self.dice.choice(places)
            self.deleted.add(client.text[at])
            client.change(at, at + 1, "")

    async def trouble(self, client: Client) -> None:
        kind = self.dice.choice(["cut", "join", "reload", "kill", "compact", "reread", "twice"])
        if kind == "cut":
            await self.cut(client)
        elif kind == "join" and client.seat is None:
            await client.join()
        elif kind == "reload" and client.is_saved:
            await self.cut(client)
            client.forget()
            await client.join()
        elif kind == "kill":
            for other in self.clients:
                await self.cut(other)
            self.relay.open()
        elif kind == "compact":
            self.relay.compact()
        elif kind == "reread":
            self.relay.read_log()
        elif kind == "twice" and client.outbox:
            client.sent += client.outbox[-1].startswith(wire.number(wire.SYNC)) and client.outbox[-1][1] != wire.STEP1
            client.outbox.append(client.outbox[-1])

    async def cut(self, client: Client) -> None:
        line = client.line
        self.relay.wires = [connection for connection in self.relay.wires if connection.line is not line]
        await client.drop()

    async def settle(self) -> None:
        """Connect everybody again, and let everything arrive."""
        for client in self.clients:
            if client.seat is None:
                await client.join()
        while any(client.outbox for client in self.clients) or any(link.waiting for link in self.relay.wires):
            for client in self.clients:
                await client.pump()
            for link in self.relay.wires:
                while link.waiting:
                    link.line.send(link.waiting.pop(0))
            self.relay.flush()

    def check(self) -> None:
        texts = [client.text for client in self.clients]
        assert texts == [self.relay.room.text] * PEOPLE
        assert all(client.is_saved for client in self.clients)
        text = texts[0]
        typed = Counter("".join(self.runs))
        for character in self.deleted:
            del typed[character]
        assert Counter(text) == typed
        for run in self.runs:
            places = [text.index(character) for character in run if character in typed and character not in NEWLINES]
            assert places == sorted(places)
        self.relay.open()
        assert self.relay.room.text == text


@pytest.mark.parametrize("first", range(0, SESSIONS, CHUNK))
async def test_a_random_session_ends_as_the_oracle_says(first: int) -> None:
    for number in range(first, first + CHUNK):
        session = Session(number)
        await session.play()
        session.check()
