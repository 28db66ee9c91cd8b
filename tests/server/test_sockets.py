"""Sockets and copies between real clients and a room that only repeats what it hears: what the way between must do."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from prompt_kernel.errors import InvalidTextError, PromptNotFoundError
from prompt_kernel.live.settings import Connection, Participant, Settings
from prompt_kernel.server import Tokens
from prompt_kernel.server.live import live_routes

FEW, BIG = 20, 1000
FLOOD = b"flood"


class Copy(NamedTuple):
    path: str


class Rooms:
    """Stands in for the hub: a message goes to everybody in its room, and those who are slow are sent away."""

    def __init__(self) -> None:
        self.settings = Settings(queue=FEW)
        self.rooms: dict[str, set[Connection]] = {}
        self.joined: list[tuple[str, Participant, str]] = []
        self.copies: list[tuple[str, str, Participant, str]] = []
        self.left = asyncio.Semaphore(0)

    async def join(self, uid: str, participant: Participant, connection: Connection, *, epoch: str = "") -> "Seat":
        if uid == "gone":
            raise PromptNotFoundError("gone")
        self.joined.append((uid, participant, epoch))
        self.rooms.setdefault(uid, set()).add(connection)
        connection.send(b"hello")
        return Seat(self, uid, connection)

    async def keep_copy(self, uid: str, text: str, participant: Participant, reason: str) -> Copy:
        if uid == "gone":
            raise PromptNotFoundError("gone")
        if "\0" in text:
            raise InvalidTextError("a-conflict", "it holds a NUL character")
        self.copies.append((uid, text, participant, reason))
        return Copy("a-conflict")


class Seat:
    def __init__(self, rooms: Rooms, uid: str, connection: Connection) -> None:
        self.rooms, self.room, self.connection = rooms, rooms.rooms[uid], connection

    async def receive(self, data: bytes) -> None:
        if data == b"break":
            raise RuntimeError("a fault in the room")
        if data == b"leave":
            self.connection.send(b"goodbye")
            self.connection.close(4404, "The prompt was purged. " + "☕" * 100)
        for other in list(self.room):
            self.send(other, bytes(BIG * BIG) if data == FLOOD else data)

    def send(self, other: Connection, data: bytes) -> None:
        try:
            other.send(data)
        except asyncio.QueueFull:
            self.room.discard(other)
            other.close(4508, "too slow")

    async def leave(self) -> None:
        self.room.discard(self.connection)
        self.rooms.left.release()


class Place:
    """A server with rooms, and clients of it."""

    def __init__(self, rooms: Rooms, tokens: Tokens, port: int) -> None:
        self.rooms, self.tokens, self.address = rooms, tokens, f"127.0.0.1:{port}"

    def join(self, uid: str = "abc", name: str = "Ana", *, token: str = "", query: str = "", **options: Any) -> Any:
        """Open a socket with a good token, or with the one that is given."""
        given = token or self.tokens.mint(uid, name)
        protocols: Any = ["pk", given]
        return connect(f"ws://{self.address}/live/{uid}{query}", subprotocols=protocols, proxy=None, **options)

    async def copy(self, uid: str, body: Any, token: str | None = None) -> tuple[int, Any]:
        """Ask for a conflict copy."""
        headers = {"Authorization": f"Bearer {self.tokens.mint(uid, 'Ana') if token is None else token}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"http://{self.address}/live/{uid}/copy", content=content, headers=headers)
        return answer.status_code, answer.json()


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    # Compression would cost these tests most of their time; the dashboard does not use it either.
    options: dict[str, Any] = {"log_config": None, "ws": "websockets-sansio", "ws_per_message_deflate": False}
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=1, **options))
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        task = asyncio.create_task(server.serve([listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    rooms, tokens = Rooms(), Tokens()
    hub: Any = rooms
    async with serving(Starlette(routes=live_routes(hub, tokens))) as port:
        yield Place(rooms, tokens, port)


async def end_of(client: ClientConnection) -> tuple[int, str]:
    """Read until the server closes, and return why."""
    try:
        async with asyncio.timeout(30):
            while True:
                await client.recv()
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


# Coming in


async def test_a_socket_joins_the_room_under_the_name_of_its_token(place: Place) -> None:
    token = place.tokens.mint("abc", "Ben", may_write=False)
    async with place.join(query="?epoch=e1") as ana, place.join(token=token) as ben:
        assert (ana.subprotocol, await ana.recv(), await ben.recv()) == ("pk", b"hello", b"hello")
        await ana.send(b"to both")
        assert (await ana.recv(), await ben.recv()) == (b"to both", b"to both")
        joined = [(uid, who.name, who.may_write, epoch) for uid, who, epoch in place.rooms.joined]
        assert joined == [("abc", "Ana", True, "e1"), ("abc", "Ben", False, "")]


@pytest.mark.parametrize(
    ("uid", "token", "end"),
    [
        ("abc", "wrong", (4401, "The token is too old or of another server: load the page again.")),
        ("abc", "other", (4403, "The token is for another prompt.")),
        ("abc", "old", (4401, "The token is too old or of another server: load the page again.")),
        ("gone", "", (4404, "There is no prompt 'gone'.")),
    ],
)
async def test_a_refusal_comes_after_the_handshake_with_its_reason(
    place: Place, uid: str, token: str, end: tuple[int, str]
) -> None:
    tokens = {"other": place.tokens.mint("another", "Ana"), "old": Tokens(lifetime=-1).mint("abc", "Ana")}
    async with place.join(uid, token=tokens.get(token, token)) as client:
        assert await end_of(client) == end


async def test_a_socket_without_any_token_is_refused(place: Place) -> None:
    async with connect(f"ws://{place.address}/live/abc", proxy=None) as client:
        assert (await end_of(client))[0] == 4401


# Being in


async def test_the_room_closes_a_socket_after_what_it_said_last(place: Place) -> None:
    async with place.join() as client:
        await client.send(b"leave")
        assert [await client.recv(), await client.recv()] == [b"hello", b"goodbye"]
        code, reason = await end_of(client)
    assert (code, reason) == (4404, ("The prompt was purged. " + "☕" * 100).encode()[:120].decode(errors="ignore"))


async def test_text_messages_end_their_sender_alone(place: Place) -> None:
    async with place.join() as client, place.join() as other:
        await client.send("text")
        assert await end_of(client) == (4400, "Messages are binary here.")
        await other.send(b"still here")
        assert [await other.recv(), await other.recv()] == [b"hello", b"still here"]


@pytest.mark.parametrize("data", [b"break"])
async def test_a_fault_in_the_room_ends_one_socket(place: Place, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with place.join() as client, place.join() as other:
        await client.send(data)
        await end_of(client)
        await other.send(b"still here")
        assert [await other.recv(), await other.recv()] == [b"hello", b"still here"]
    assert "a fault in the room" in caplog.text


async def test_who_goes_has_left(place: Place) -> None:
    async with place.join():
        pass
    client = await place.join()
    client.transport.abort()
    async with asyncio.timeout(30):
        await place.rooms.left.acquire()
        await place.rooms.left.acquire()
    assert place.rooms.rooms == {"abc": set()}


async def test_a_slow_reader_is_sent_away_and_holds_nobody_up(place: Place) -> None:
    async with place.join() as writer, place.join(max_queue=1, max_size=None) as slow:
        assert await writer.recv() == b"hello"
        writer_size = BIG * BIG
        for _ in range(60):
            await writer.send(FLOOD)
            assert len(await asyncio.wait_for(writer.recv(), 30)) == writer_size
            if len(place.rooms.rooms["abc"]) == 1:
                break
        async with asyncio.timeout(30):
            await place.rooms.left.acquire()
        assert len(place.rooms.rooms["abc"]) == 1
        await writer.send(b"still here")
        assert await writer.recv() == b"still here"
        slow.transport.abort()


async def test_a_reader_that_reads_again_learns_that_it_was_too_slow(place: Place) -> None:
    async with place.join() as client:
        assert await client.recv() == b"hello"
        [connection] = place.rooms.rooms["abc"]
        for _ in range(FEW):
            connection.send(b"x")
        with pytest.raises(asyncio.QueueFull):
            connection.send(b"x")
        connection.close(4508, "too slow")
        assert await end_of(client) == (4508, "too slow")


async def test_a_thousand_quick_visitors_do_not_disturb(place: Place) -> None:
    async def visit() -> None:
        async with place.join(open_timeout=60):
            pass

    async with place.join("quiet") as client:
        assert await client.recv() == b"hello"
        for _ in range(20):
            visitors = [asyncio.create_task(visit()) for _ in range(50)]
            await client.send(b"ping")
            assert await asyncio.wait_for(client.recv(), 30) == b"ping"
            await asyncio.gather(*visitors)
        for _ in range(1000):
            await asyncio.wait_for(place.rooms.left.acquire(), 30)
        assert {uid: len(room) for uid, room in place.rooms.rooms.items()} == {"abc": 0, "quiet": 1}


# Copies


async def test_a_copy_is_kept_under_the_name_of_its_token(place: Place) -> None:
    assert await place.copy("abc", {"text": "mine ☕\r\n", "reason": "epoch"}) == (200, {"path": "a-conflict"})
    assert await place.copy("abc", {"text": ""}) == (200, {"path": "a-conflict"})
    assert place.rooms.copies == [
        ("abc", "mine ☕\r\n", Participant("Ana"), "epoch"),
        ("abc", "", Participant("Ana"), ""),
    ]


_SHAPE = 'A copy is JSON: {"text": "…", "reason": "…"}.'


@pytest.mark.parametrize(
    ("uid", "body", "answer"),
    [
        ("abc", b"{", (400, {"problem": _SHAPE})),
        ("abc", b"\xff", (400, {"problem": _SHAPE})),
        ("abc", b"[" * 100_000, (400, {"problem": _SHAPE})),
        ("abc", [], (400, {"problem": _SHAPE})),
        ("abc", {"reason": "x"}, (400, {"problem": _SHAPE})),
        ("abc", {"text": 1}, (400, {"problem": _SHAPE})),
        ("abc", {"text": "x", "reason": None}, (400, {"problem": _SHAPE})),
        ("gone", {"text": "x"}, (404, {"problem": "There is no prompt 'gone'."})),
        (
            "abc",
            {"text": "\0"},
            (409, {"problem": "The text of a-conflict was not saved: it holds a NUL character."}),
        ),
        ("abc", b"x" * (17 * 2**20), (413, {"problem": "A copy has at most 16,777,216 bytes."})),
    ],
)
async def test_a_copy_that_cannot_be_kept_says_why(place: Place, uid: str, body: Any, answer: Any) -> None:
    assert await place.copy(uid, body) == answer
    assert place.rooms.copies == []


async def test_a_copy_needs_a_token_for_its_prompt_that_may_write(place: Place) -> None:
    unknown = {"problem": "The token is too old or of another server: load the page again."}
    forbidden = {"problem": "The token does not allow to write to this prompt."}
    tokens = place.tokens
    cases = {"wrong": "x", "old": Tokens(lifetime=-1).mint("abc", "Ana"), "none": "."}
    cases |= {"other": tokens.mint("other", "Ana"), "reader": tokens.mint("abc", "Ana", may_write=False)}
    answers = {name: await place.copy("abc", {"text": "x"}, token) for name, token in cases.items()}
    assert answers == {
        "wrong": (401, unknown),
        "old": (401, unknown),
        "none": (401, unknown),
        "other": (403, forbidden),
        "reader": (403, forbidden),
    }
    assert place.rooms.copies == []
