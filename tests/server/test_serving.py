"""A server in a process of its own: where it listens, how it ends, what it keeps, and whom it tells of changes."""

import asyncio
import json
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from prompt_kernel.live import draft_text
from prompt_kernel.live.protocol import ACK, HELLO, STEP1, STEP2, SYNC, UPDATE, Reader, sync
from prompt_kernel.server import serving
from prompt_kernel.store import Store

Serve = Callable[..., Any]


class Typist:
    """Somebody at an editor: a document of their own, in step with the room."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: Doc[Text] = Doc()
        self.content = self.doc.get("text", type=Text)
        self.version = self.sent = self.acknowledged = 0
        self.is_synced = False

    @property
    def text(self) -> str:
        return str(self.content)

    async def type(self, text: str) -> None:
        """Append `text`."""
        before = self.doc.get_state()
        self.content += text
        await self._edit(UPDATE, self.doc.get_update(before))

    async def _edit(self, part: int, update: bytes) -> None:
        self.sent += 1
        await self.socket.send(sync(part, update))

    async def until(self, look: Callable[[], bool]) -> None:
        """Take messages until `look` is true."""
        async with asyncio.timeout(30):
            while not look():
                await self._take(Reader(bytes(await self.socket.recv())))

    async def _take(self, message: Reader) -> None:
        kind = message.number()
        if kind == HELLO:
            self.version = message.json()["version"]
        elif kind == ACK:
            self.acknowledged = message.number()
        elif kind == SYNC:
            part, data = message.number(), message.block()
            if part == STEP1:
                await self._edit(STEP2, self.doc.get_update(data))
            else:
                self.doc.apply_update(data)
                self.is_synced = True

    async def saved(self) -> None:
        """Wait until all that was typed is acknowledged."""
        await self.until(lambda: self.is_synced and self.acknowledged == self.sent)

    async def closed(self) -> int:
        """Wait until the server closes, and return the code."""
        try:
            await self.until(lambda: False)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
        return 0


Enter = Callable[..., Awaitable[Typist]]


@pytest.fixture
async def enter(serve: Serve) -> AsyncIterator[Enter]:  # noqa: ARG001 - servers are to end after their clients
    """Join rooms, and get in step."""
    opened: list[ClientConnection] = []

    async def join(server: Any, uid: str, token: str) -> Typist:
        url = f"ws://127.0.0.1:{server.port}/live/{uid}"
        protocols: Any = ["pk", token]
        typist = Typist(await connect(url, subprotocols=protocols, proxy=None))
        opened.append(typist.socket)
        await typist.socket.send(sync(STEP1, typist.doc.get_state()))
        await typist.saved()
        return typist

    yield join
    for client in opened:
        await client.close()


@pytest.fixture
def note(store: Store) -> Any:
    return store.save("note", "Hello")


# Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_that_is_told_to_stop_keeps_what_was_typed_as_a_version(
    serve: Serve, enter: Enter, store: Store, note: Any, number: signal.Signals
) -> None:
    server = serve(mint=[note.uid])
    typist = await enter(server, note.uid, server.tokens[0])
    async with connect(f"ws://127.0.0.1:{server.port}/_stcore/stream", proxy=None):
        await typist.type(" world")
        await typist.saved()
        assert await asyncio.to_thread(server.end, number, within=10) == 0
    assert await typist.closed() in (1001, 1012)
    head = store["note"]
    assert (head.text, head.version, head.author, head.message) == ("Hello world", 2, "Ana", "Edited live by Ana")
    assert server.log.read_text() == ""


async def test_what_was_acknowledged_survives_a_kill_once(serve: Serve, enter: Enter, store: Store, note: Any) -> None:
    server = serve(mint=[note.uid])
    typist = await enter(server, note.uid, server.tokens[0])
    for word in [" one", " two", " three"]:
        await typist.type(word)
    await typist.saved()
    server.end(signal.SIGKILL)
    assert (store["note"].text, draft_text(store, "note")) == ("Hello", "Hello one two three")

    again = serve(port=server.port, mint=[note.uid])
    assert again.port == server.port
    back = await enter(again, note.uid, again.tokens[0])
    assert back.text == "Hello one two three"
    # The page still has its document: what both know already is not taken twice.
    typist.socket, typist.sent, typist.acknowledged, typist.is_synced = back.socket, 0, 0, False
    await typist.socket.send(sync(STEP1, typist.doc.get_state()))
    await typist.until(lambda: typist.is_synced)
    assert typist.text == "Hello one two three"


async def test_a_socket_of_the_server_before_is_told_to_load_the_page_again(serve: Serve, note: Any) -> None:
    old, new = serve(mint=[note.uid]), serve(mint=[note.uid])
    url = f"ws://127.0.0.1:{new.port}/live/{note.uid}"
    protocols: Any = ["pk", old.tokens[0]]
    async with connect(url, subprotocols=protocols, proxy=None) as client:
        assert await Typist(client).closed() == 4401


async def test_a_message_that_is_too_large_ends_its_sender_alone(serve: Serve, enter: Enter, note: Any) -> None:
    server = serve(mint=[note.uid])
    typist, large, huge = [await enter(server, note.uid, server.tokens[0]) for _ in range(3)]
    await large.socket.send(bytes(2**20 + 1))
    assert await large.closed() == 4413
    with suppress(ConnectionClosed):  # it may be closed before the end is sent
        await huge.socket.send(bytes(17 * 2**20))
    assert await huge.closed() == 1009
    await typist.type(" still here")
    await typist.saved()
    assert typist.text == "Hello still here"


# Listening


def _listening(pid: int) -> set[str]:
    """The addresses on which a process listens, as the kernel writes them."""
    links = [entry.readlink().name for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()]
    inodes = set(re.findall(r"socket:\[(\d+)\]", " ".join(links)))
    tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables for line in table.splitlines()]
    return {line[1] for line in lines if line[3] == "0A" and line[9] in inodes}


def test_it_listens_on_the_loopback_alone_and_says_where(serve: Serve, store: Store) -> None:
    server = serve("--store", store.url)
    place = store.url.removeprefix("sqlite:///")
    said = f"Prompt Kernel dashboard: http://127.0.0.1:{server.port} (store {place}; Ctrl-C stops it)"
    assert server.line == said
    assert _listening(server.process.pid) == {f"0100007F:{server.port:04X}"}


def test_a_server_without_pages_listens_on_the_loopback_alone_too(serve: Serve, store: Store) -> None:
    server = serve("--store", store.url, pages=False)
    address = f"http://127.0.0.1:{server.port}"
    place = store.url.removeprefix("sqlite:///")
    assert server.line == (
        f"Prompt Kernel server: {address}/api (about it: {address}/api/docs; store {place}; Ctrl-C stops it)"
    )
    assert _listening(server.process.pid) == {f"0100007F:{server.port:04X}"}
    for target in ("/", "/api"):
        answer = server.ask("GET", target)
        assert (answer.status, answer.header("location").removeprefix(address)) == (307, "/api/docs")
    assert server.ask("GET", "/edit").status == 404


def test_a_made_token_of_a_server_without_pages_stands_in_the_address_of_its_page(serve: Serve) -> None:
    server = serve("--token", pages=False)
    found = re.search(r"about it: http://127\.0\.0\.1:\d+(/api/docs\?token=[\w-]{32});", server.line)
    assert found
    answer = server.ask("GET", found[1])
    assert (answer.status, answer.header("location")) == (303, "/api/docs")
    cookie = answer.header("set-cookie").partition(";")[0]
    assert [server.ask("GET", "/api/docs", {"Cookie": given}).status for given in (cookie, "")] == [200, 401]


def test_a_made_token_stands_in_the_address_and_lets_in(serve: Serve) -> None:
    server = serve("--token")
    found = re.search(r"http://127\.0\.0\.1:\d+(/\?token=[\w-]{32}) \(", server.line)
    assert found
    answer = server.ask("GET", found[1])
    assert (answer.status, answer.header("location")) == (303, "/")
    assert server.ask("GET", "/").status == 401


def test_a_port_is_free_again_as_soon_as_a_server_was_killed(serve: Serve) -> None:
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port)):
        server.end(signal.SIGKILL)
    assert serve(port=server.port).port == server.port


# What Streamlit's page is told


def test_the_page_opens_no_dialog_when_the_server_is_away(open_server: Any) -> None:
    answer = open_server.ask("GET", "/_stcore/host-config", {"Accept-Encoding": "gzip"})
    told = json.loads(answer.body)
    assert (told["blockErrorDialogs"], told["allowedOrigins"], told["metricsUrl"]) == (True, [], "off")
    assert int(answer.header("content-length")) == len(answer.body)
    # The answer of a preflight or of another method is left as it is.
    assert open_server.ask("HEAD", "/_stcore/host-config").status == 200


# Events of other processes

WRITER = """
import sys
from prompt_kernel.records import Draft
from prompt_kernel.store import Store

with Store(sys.argv[1], author=sys.argv[2]) as store:
    for number in range(int(sys.argv[3])):
        store.save_many([Draft(f"{sys.argv[2]}/n{number}/a{at}", "text") for at in range(10)])
        print(number, flush=True)
"""


def _write(store: Store, author: str, rounds: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, store.url, author, str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves


class Listener:
    """A client that goes away now and then, and comes back with what it has seen last."""

    def __init__(self, port: int) -> None:
        self.url = f"ws://127.0.0.1:{port}/api/events"
        self.seen: list[int] = []
        self.chance = random.Random(port)  # noqa: S311 - no secret

    async def hear(self, most: int, until: Callable[[], bool]) -> None:
        """Hear at most so many at a time, until all is seen."""
        async with asyncio.timeout(60):
            while not until():
                with suppress(OSError, ConnectionClosed, TimeoutError):
                    client = await connect(f"{self.url}?after={self.seen[-1] if self.seen else 0}", proxy=None)
                    try:
                        await self._take(client, self.chance.randint(1, most))
                    finally:
                        client.transport.abort()
                        await client.wait_closed()

    async def _take(self, client: ClientConnection, count: int) -> None:
        assert json.loads(await client.recv())["kind"] == "hello"
        for _ in range(count):
            async with asyncio.timeout(0.5):
                self.seen.append(json.loads(await client.recv())["id"])


async def test_of_2000_changes_by_two_processes_who_comes_and_goes_misses_none(serve: Serve, store: Store) -> None:
    server = serve("--store", store.url, pages=False)
    writers = [_write(store, name, 100) for name in ("ana", "ben")]
    listener = Listener(server.port)
    await listener.hear(120, lambda: len(listener.seen) >= 2000)
    assert [writer.wait(30) for writer in writers] == [0, 0]
    assert listener.seen == [change.id for change in store.changes(limit=10_000)] == list(range(1, 2001))
    for writer in writers:
        writer.communicate()


async def test_a_writer_that_is_killed_leaves_no_gap_and_no_change_that_is_not_there(
    serve: Serve, store: Store
) -> None:
    server = serve("--store", store.url, pages=False)
    listener = Listener(server.port)
    for rounds in (3, 7):
        writer = _write(store, f"ana{rounds}", 1000)
        for _ in range(rounds):
            await asyncio.to_thread(writer.stdout.readline if writer.stdout else str)
        writer.kill()
        writer.communicate()
        last = store.changes(limit=10_000)[-1].id
        await listener.hear(500, lambda last=last: bool(listener.seen) and listener.seen[-1] >= last)  # type: ignore[misc]
    assert listener.seen == [change.id for change in store.changes(limit=10_000)]
    assert len(listener.seen) % 10 == 0


async def test_who_hears_of_changes_goes_on_with_the_next_server(serve: Serve, store: Store) -> None:
    server = serve("--store", store.url, pages=False)
    store.save("a", "one")
    listener = Listener(server.port)
    await listener.hear(10, lambda: listener.seen == [1])
    server.end(signal.SIGKILL)
    store.save("a", "two")
    again = serve("--store", store.url, port=server.port, pages=True)
    store.save("a", "three")
    await listener.hear(10, lambda: listener.seen == [1, 2, 3])
    assert again.port == server.port


@pytest.mark.parametrize("pages", [True, False])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_that_is_told_to_stop_sends_everybody_away_at_once(
    serve: Serve, store: Store, number: signal.Signals, *, pages: bool
) -> None:
    server = serve("--store", store.url, pages=pages)
    place = ("127.0.0.1", server.port)
    with socket.create_connection(place) as stuck, socket.create_connection(place):
        stuck.sendall(b"GET /api/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await _stop_while_somebody_listens(server, store, number)
    assert server.log.read_text() == ""


async def _stop_while_somebody_listens(server: Any, store: Store, number: signal.Signals) -> None:
    async with connect(f"ws://127.0.0.1:{server.port}/api/events", proxy=None) as client:
        await client.recv()
        for count in range(40):
            store.save("a", f"text {count}", message="x" * 200_000)
            await client.recv()
        # One that had waited for the stuck in vain would say so in its log.
        assert await asyncio.to_thread(server.end, number, within=10) == 0
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code in (1001, 1012)


# Those who take nothing, and those who ask for nothing


async def _fine(_: object, __: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(64 * 2**20)})


async def test_a_connection_that_takes_nothing_is_let_go_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_LONGEST_SILENCE", 1)
    with serving.listen("127.0.0.1", 0) as listener:
        server: Any = serving.make_server(_fine)  # type: ignore[arg-type]
        server.config.lifespan = "off"
        task = asyncio.create_task(server.serve([listener]))
        with socket.create_connection(listener.getsockname()) as stuck:
            stuck.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            async with asyncio.timeout(30):
                while not server.server_state.connections:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0)
                while server.server_state.connections:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.01)
        server.should_exit = True
        await task


async def test_a_connection_that_asks_for_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_TICKS", 0.05)
    with serving.listen("127.0.0.1", 0) as listener:
        server: Any = serving.make_server(_fine)  # type: ignore[arg-type]
        server.config.lifespan = "off"
        task = asyncio.create_task(server.serve([listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: loc")
        async with asyncio.timeout(30):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
        server.should_exit = True
        await task
