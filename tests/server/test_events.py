"""Events on real sockets: everybody hears of every change once and in order, and nobody harms another."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.records import Change, Draft
from prompt_kernel.server.events import EventLimits, Events
from prompt_kernel.server.feed import Event, Feed, FeedLimits
from prompt_kernel.server.serving import make_server
from prompt_kernel.store import Store
from prompt_kernel.wire import from_data

BEYOND = "the log goes from 0 to 1. If this is another store than before, read it anew and come without a cursor."


class Place:
    """A server of events, and clients of it."""

    def __init__(self, feed: Feed, events: Events, port: int) -> None:
        self.feed, self.events, self.port = feed, events, port

    def socket(self, query: str = "", **options: Any) -> Any:
        """Open a socket."""
        return connect(f"ws://127.0.0.1:{self.port}/api/events{query}", proxy=None, **options)

    @asynccontextmanager
    async def stream(self, query: str = "", **headers: str) -> AsyncIterator[httpx.Response]:
        """Open a stream of server-sent events."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            httpx.AsyncClient(trust_env=False, timeout=30) as client,
            client.stream("GET", f"http://127.0.0.1:{self.port}/api/events{query}", headers=given) as response,
        ):
            yield response

    async def until_clients(self, count: int) -> None:
        """Wait until so many are counted."""
        async with asyncio.timeout(30):
            while self.events.clients != count:  # noqa: ASYNC110 - it tells nobody, and need not
                await asyncio.sleep(0)


@asynccontextmanager
async def serving(store: Store, feed_limits: FeedLimits | None = None, **limits: Any) -> AsyncIterator[Place]:
    feed = Feed(store, feed_limits or FeedLimits())
    events = Events(feed, EventLimits(**limits))

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with feed.running():
            yield

    server = make_server(Starlette(routes=events.routes, lifespan=lifespan), on_stop=feed.end)
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        task = asyncio.create_task(server.serve([listener]))
        yield Place(feed, events, listener.getsockname()[1])
        server.should_exit = True
        await task


@pytest.fixture
async def place(store: Store) -> AsyncIterator[Place]:
    async with serving(store) as opened:
        yield opened


async def hear(client: ClientConnection, count: int) -> list[dict[str, Any]]:
    """Return the next messages."""
    async with asyncio.timeout(30):
        return [json.loads(await client.recv()) for _ in range(count)]


async def changes(client: ClientConnection, count: int) -> list[Change]:
    return [from_data(Change, data) for data in await hear(client, count)]


async def end_of(client: ClientConnection) -> tuple[int, str]:
    """Read until the server closes, and return why."""
    try:
        async with asyncio.timeout(30):
            while True:
                await client.recv()
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


async def blocks(response: httpx.Response, count: int) -> list[list[str]]:
    """Return the next blocks of lines of a stream."""
    found: list[list[str]] = [[]]
    async with asyncio.timeout(30):
        async for line in response.aiter_lines():
            if line:
                found[-1].append(line)
            elif len(found) == count:
                break
            else:
                found.append([])
    return found


# What is told


async def test_a_socket_hears_of_every_change_from_any_process_as_the_log_has_it(place: Place, store: Store) -> None:
    store.save("before", "nobody hears of it")
    async with place.socket() as client:
        [hello] = await hear(client, 1)
        assert hello == {"kind": "hello", "id": store.changes()[-1].id}
        with Store(store.url, author="ben", origin="notebook") as other:
            other.save("a", "one ☕", message="first")
            other.rename("a", "style/b")
            store.add_directory("rules", description="ours")
            store.update_directory("rules", enabled=False)
            other.label("style/b", "production")
            store.delete("style/b")
            other.recover("style/b")
            secret = store.add_token("ci")
        expected = store.changes(hello["id"])
        assert await changes(client, len(expected)) == expected
        assert {"created", "renamed", "directory", "labelled", "deleted", "recovered", "token"} <= {
            change.kind for change in expected
        }
        assert secret not in repr(expected)


async def test_a_stream_of_lines_tells_the_same(place: Place, store: Store) -> None:
    async with place.stream() as response:
        assert (response.status_code, response.headers["content-type"], response.headers["cache-control"]) == (
            200,
            "text/event-stream; charset=utf-8",
            "no-store",
        )
        assert await blocks(response, 1) == [["retry: 1000", "id: 0", 'data: {"kind": "hello", "id": 0}']]
    async with place.stream("?after=0") as response:
        store.save("a", "one ☕", message="two\nlines")
        [_, [number, data]] = await blocks(response, 2)
        [change] = store.changes()
        assert (number, from_data(Change, json.loads(data.removeprefix("data: ")))) == (f"id: {change.id}", change)


async def test_a_cursor_gets_what_came_after_it(place: Place, store: Store) -> None:
    store.save_many([Draft(f"p{number}", "text") for number in range(450)])
    log = store.changes(limit=1000)
    for cursor in (0, 1, 200, 449, 450):
        async with place.socket(f"?after={cursor}") as client:
            assert await hear(client, 1) == [{"kind": "hello", "id": cursor}]
            assert await changes(client, 450 - cursor) == log[cursor:]
    async with place.stream("?after=3", last_event_id="448") as response:
        told = await blocks(response, 3)
    assert [lines[-2] for lines in told] == ["id: 448", "id: 449", "id: 450"]


async def test_a_browser_that_comes_back_is_taken_by_what_it_has_seen_last(place: Place, store: Store) -> None:
    for number in range(3):
        store.save("a", f"text {number}")
    async with place.stream("?after=0", last_event_id="2") as response:
        assert [lines[-2] for lines in await blocks(response, 2)] == ["id: 2", "id: 3"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("x", "after='x' is not the id of a change: it is a whole number."),
        ("-1", "after='-1' is not the id of a change: it is a whole number."),
        ("1.5", "after='1.5' is not the id of a change: it is a whole number."),
        ("", "after='' is not the id of a change: it is a whole number."),
        ("%D9%A3", "after='٣' is not the id of a change: it is a whole number."),
        ("9" * 30, f"after='{'9' * 30}' is not the id of a change: it is a whole number."),
        ("2", f"There is no entry 2: {BEYOND}"),
        ("9" * 19, f"There is no entry 9223372036854775807: {BEYOND}"),
    ],
)
async def test_a_cursor_that_is_none_of_this_log_is_a_clear_error(
    place: Place, store: Store, given: str, sentence: str
) -> None:
    store.save("a", "text")
    async with place.socket(f"?after={given}") as client:
        assert await end_of(client) == (4400, sentence.encode()[:120].decode(errors="ignore"))
    async with place.stream(f"?after={given}") as response:
        problem = json.loads(await response.aread())
        assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert (problem["status"], problem["error"], problem["detail"]) == (400, "InvalidRequestError", sentence)


async def test_other_methods_are_refused(place: Place) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            answer = await client.request(method, f"http://127.0.0.1:{place.port}/api/events")
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert place.events.clients == 0


async def test_a_stream_without_news_says_that_it_is_still_there(store: Store) -> None:
    async with serving(store, heartbeat=0.01) as place, place.stream() as response:
        assert await blocks(response, 3) == [
            ["retry: 1000", "id: 0", 'data: {"kind": "hello", "id": 0}'],
            [": still here"],
            [": still here"],
        ]


# Reading once


@settings(max_examples=60, deadline=None)
@given(
    page=st.integers(1, 7),
    kept=st.integers(0, 20),
    characters=st.sampled_from([0, 500, 10**6]),
    cursors=st.lists(st.integers(0, 12), max_size=4),
)
def test_whatever_is_kept_each_cursor_gets_the_rest_of_the_log_once_and_in_order(
    page: int, kept: int, characters: int, cursors: Iterable[int]
) -> None:
    async def follow() -> list[list[int]]:
        feed = Feed(store, FeedLimits(page, kept, characters))
        async with feed.running():
            readers = [asyncio.create_task(ids(feed, cursor, 24)) for cursor in cursors]
            for number in range(12):
                store.save("a", f"more {number}")
                await asyncio.sleep(0)
            return await asyncio.wait_for(asyncio.gather(*readers), 30)

    async def ids(feed: Feed, cursor: int, last: int) -> list[int]:
        found: list[int] = []
        async for events in feed.follow(cursor):
            found += [event.id for event in events]
            if cursor == last or found[-1] >= last:
                break
        return found

    with Store(":memory:", author="ana") as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr("prompt_kernel.server.feed._LOOK_UP", 0.01)
        for number in range(12):
            store.save("a", f"text {number}")
        assert asyncio.run(follow()) == [list(range(cursor + 1, 25)) for cursor in cursors]


async def test_the_log_is_read_once_for_everybody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read = Store.changes

    def counting(self: Store, after: int = 0, *, limit: int = 100) -> Any:
        found = read(self, after, limit=limit)
        asked.append(len(found))
        return found

    monkeypatch.setattr(Store, "changes", counting)
    async with serving(store) as place:
        clients = [await place.socket() for _ in range(50)]
        assert [await hear(client, 1) for client in clients] == [[{"kind": "hello", "id": 0}]] * 50
        for number in range(20):
            store.save("a", f"text {number}")
        heard = [await hear(client, 20) for client in clients]
        for client in clients:
            await client.close()
    assert [[message["id"] for message in messages] for messages in heard] == [list(range(1, 21))] * 50
    assert sum(asked) == 20


async def test_a_store_that_cannot_be_read_for_a_while_is_no_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("prompt_kernel.server.feed._AGAIN", 0.01)
    failing = [StoreUnavailableError("x", "it is locked"), ValueError("a fault"), ValueError("again")]
    read = Store.changes

    def changes_of(self: Store, after: int = 0, *, limit: int = 100) -> Any:
        if failing and self.revision:
            raise failing.pop(0)
        return read(self, after, limit=limit)

    async with serving(store) as place, place.socket() as client:
        await hear(client, 1)
        monkeypatch.setattr(Store, "changes", changes_of)
        store.save("a", "text")
        assert [message["id"] for message in await hear(client, 1)] == [1]
    assert [record.message for record in caplog.records if "wait" in record.message] == [
        "Events have to wait: The store x cannot be used: it is locked."
    ]


async def test_a_log_that_cannot_be_read_now_lets_the_client_come_back(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailableError("x", "it is locked")

    monkeypatch.setattr(Store, "activity", fail)
    async with place.socket("?after=7") as client:
        assert await end_of(client) == (1013, "The store x cannot be used: it is locked.")
    async with place.stream("?after=7") as response:
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert store.changes() == []


# Clients that misbehave


async def test_what_clients_send_is_not_read_and_disturbs_nobody(place: Place, store: Store) -> None:
    async with place.socket() as client, place.socket() as other:
        assert await hear(client, 1) == await hear(other, 1)
        for message in ["ping", "{", "[" * 1000, b"\x00\xff", "", b"", '{"kind": "save", "path": "a"}', "☕" * 1000]:
            await client.send(message)
        store.save("a", "text")
        for each in (client, other):
            assert [message["id"] for message in await hear(each, 1)] == [1]
    assert store.get("a").version == 1


async def test_a_message_that_is_too_large_ends_its_sender_alone(place: Place, store: Store) -> None:
    async with place.socket() as other:
        for size, code in ((64 * 1024 + 1, 1009), (17 * 2**20, 1009)):
            async with place.socket() as client:
                with suppress(ConnectionClosed):  # it may be closed before the end is sent
                    await client.send("x" * size)
                assert (await end_of(client))[0] == code
        await hear(other, 1)
        store.save("a", "text")
        assert [message["id"] for message in await hear(other, 1)] == [1]
        await place.until_clients(1)


async def test_a_flood_of_messages_ends_its_sender_alone(place: Place, store: Store) -> None:
    async with place.socket() as client, place.socket() as other:
        with suppress(ConnectionClosed):
            for _ in range(10_000):
                await client.send("again")
        assert await end_of(client) == (1008, "That were too many messages; none is read here.")
        await hear(other, 1)
        store.save("a", "text")
        assert [message["id"] for message in await hear(other, 1)] == [1]


async def test_text_that_is_no_unicode_ends_its_sender_alone(place: Place, store: Store) -> None:
    async with place.socket() as client, place.socket() as other:
        await client.send(b"\xff\xfe", text=True)
        assert (await end_of(client))[0] == 1007
        await hear(other, 1)
        store.save("a", "text")
        assert [message["id"] for message in await hear(other, 1)] == [1]


async def test_there_is_room_for_so_many_and_again_when_one_goes(store: Store) -> None:
    full = "So many follow the events of this server that there is no room for more: come back later."
    async with serving(store, clients=2) as place:
        async with place.socket() as first, place.stream() as second:
            await hear(first, 1)
            assert second.status_code == 200
            async with place.socket() as third:
                assert await end_of(third) == (1013, full)
            async with place.stream() as fourth:
                problem = json.loads(await fourth.aread())
                assert (fourth.status_code, fourth.headers["retry-after"], problem["detail"]) == (503, "5", full)
        await place.until_clients(0)
        async with place.socket() as again:
            assert await hear(again, 1) == [{"kind": "hello", "id": 0}]


async def test_hundreds_of_quick_visitors_do_not_disturb(place: Place, store: Store) -> None:
    async def visit(number: int) -> None:
        if number % 5 == 0:
            async with place.stream():
                return
        client = await place.socket(open_timeout=60)
        if number % 2:
            client.transport.abort()
        else:
            await client.close()

    async with place.socket() as client:
        await hear(client, 1)
        for wave in range(20):
            visitors = [asyncio.create_task(visit(number)) for number in range(25)]
            await asyncio.to_thread(store.save, "a", f"text {wave}")
            assert [message["id"] for message in await hear(client, 1)] == [wave + 1]
            await asyncio.gather(*visitors)
        await place.until_clients(1)


@pytest.mark.parametrize("kind", ["socket", "stream"])
async def test_a_reader_that_never_reads_is_let_go_and_holds_nobody_up(store: Store, kind: str) -> None:
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    async with serving(store, FeedLimits(entries=20), patience=0.2) as place, place.socket() as other:
        await hear(other, 1)
        with socket.create_connection(("127.0.0.1", place.port)) as stuck:
            head = f"GET /api/events HTTP/1.1\r\nHost: localhost\r\n{upgrade if kind == 'socket' else ''}\r\n"
            stuck.sendall(head.encode())
            await place.until_clients(2)
            for number in range(60):
                await asyncio.to_thread(store.save, "a", f"text {number}", message="x" * 200_000)
                assert [message["id"] for message in await hear(other, 1)] == [number + 1]
            if kind == "socket":
                await place.until_clients(1)
        await place.until_clients(1)
        assert len(place.feed._kept) <= 20  # noqa: SLF001 - it is what does not grow


async def test_who_was_slow_and_reads_again_gets_everything_in_order(store: Store) -> None:
    async with (
        serving(store, FeedLimits(page=5, entries=10)) as place,
        place.socket(max_queue=1) as slow,
        place.socket() as other,
    ):
        assert await hear(slow, 1) == await hear(other, 1)
        for number in range(60):
            await asyncio.to_thread(store.save, "a", f"text {number}", message="x" * 100_000)
            await hear(other, 1)
        assert [message["id"] for message in await hear(slow, 60)] == list(range(1, 61))


async def test_a_slow_reader_that_reads_in_time_learns_that_it_may_come_back(place: Place) -> None:
    sent: list[Any] = []

    class Stuck:
        query_params: dict[str, str] = {}  # noqa: RUF012 - of a test
        headers: dict[str, str] = {}  # noqa: RUF012 - of a test

        async def accept(self) -> None: ...

        async def send_text(self, data: str) -> None:
            if "hello" not in data:
                raise TimeoutError
            sent.append(json.loads(data))

        async def receive(self) -> None:
            await asyncio.Event().wait()

        async def close(self, code: int, reason: str) -> None:
            sent.append((code, reason))

    websocket: Any = Stuck()
    place.feed._take([Event(1, "{}")])  # noqa: SLF001 - something to tell
    websocket.query_params = {"after": "0"}
    await place.events._socket(websocket)  # noqa: SLF001 - no client can be so slow and still read
    assert sent == [
        {"kind": "hello", "id": 0},
        (4508, "You read too slowly: come back with the id that you have seen last."),
    ]


# Going away and coming back


async def test_a_client_that_comes_and_goes_hears_of_everything_once_and_in_order(store: Store) -> None:
    chance = random.Random(4)  # noqa: S311 - no secret

    async def write() -> None:
        for number in range(100):
            drafts = [Draft(f"p{number}/a{at}", "text") for at in range(chance.randint(1, 5))]
            await asyncio.to_thread(store.save_many, drafts)

    heard: list[int] = []
    async with serving(store, FeedLimits(page=7, entries=25)) as place:
        writing = asyncio.create_task(write())
        while not writing.done() or heard[-1] < store.changes(limit=10_000)[-1].id:
            async with place.socket(f"?after={heard[-1] if heard else 0}") as client:
                await hear(client, 1)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        for _ in range(chance.randint(1, 30)):
                            heard += [json.loads(await client.recv())["id"]]
                client.transport.abort()
        await writing
    assert heard == [change.id for change in store.changes(limit=10_000)]


# Ending


async def test_a_server_that_stops_ends_every_stream_at_once(store: Store) -> None:
    loop = asyncio.get_running_loop()
    async with serving(store) as place:
        client = await place.socket()
        await hear(client, 1)
        stuck = socket.create_connection(("127.0.0.1", place.port))
        stuck.sendall(b"GET /api/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await place.until_clients(2)
        for number in range(40):
            store.save("a", f"text {number}", message="x" * 200_000)
        await hear(client, 40)
        async with place.stream("?after=40") as response:
            reading = asyncio.create_task(blocks(response, 2))
            await place.until_clients(3)
            begun = loop.time()
            place.feed.end()
            assert (await reading)[0][-1] == 'data: {"kind": "hello", "id": 40}'
        assert await end_of(client) == (1012, "The server is stopping: come back with the id that you have seen last.")
        async with place.socket() as late:
            assert (await end_of(late))[0] == 1012
        async with place.stream() as late_too:
            assert late_too.status_code == 503
    assert loop.time() - begun < 2.5
    stuck.close()


def test_nothing_of_a_feed_is_left_when_it_has_ended(tmp_path: Path) -> None:
    async def use() -> set[str]:
        with Store(tmp_path / "own.db") as store:
            feed = Feed(store)
            async with feed.running():
                assert [one.name for one in threads() if one.name == "events"] == ["events"]
        return {one.name for one in threads()}

    def threads() -> list[Any]:
        import threading

        return threading.enumerate()

    assert not {name for name in asyncio.run(use()) if name.startswith("events")}
