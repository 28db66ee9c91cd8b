"""Sending again is safe: what was done and not heard of is not done twice."""

import asyncio
from itertools import count
from pathlib import Path

import pytest

from prompt_kernel.client import AsyncClient, Client
from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.store import Store
from tests.client.servers import Between, Canned, Drop, Exchange, ServerProcess, canned

TIMES = 200


def _first_times() -> Drop:
    """Drop the answer to each write the first time that it comes."""
    known: set[str] = set()

    def drop(_number: int, exchange: Exchange) -> bool:
        key = exchange.headers["idempotency-key"]
        is_new = key not in known
        known.add(key)
        return is_new

    return drop


def test_answers_that_were_dropped_make_no_second_version(server: ServerProcess, direct: Store) -> None:
    with Between(server.port, drop=_first_times()) as between, Client(between.url, author="ana") as client:
        saved = [client.save("often", f"text {number}", message=str(number)) for number in range(TIMES)]

    assert [prompt.version for prompt in saved] == list(range(1, TIMES + 1))
    assert [version.message for version in direct.history("often")] == [
        str(number) for number in reversed(range(TIMES))
    ]
    sent = [each for each in between.seen if each.method == "PUT"]
    keys = [each.headers["idempotency-key"] for each in sent]
    assert (len(sent), len(set(keys))) == (2 * TIMES, TIMES)
    assert keys[::2] == keys[1::2]


async def test_the_same_awaited_and_many_at_once(server: ServerProcess, direct: Store) -> None:
    with Between(server.port, drop=_first_times()) as between:
        async with AsyncClient(between.url, author="ana") as client:
            await asyncio.gather(*(client.save(f"at-once/number{number}", "x") for number in range(TIMES)))

    assert direct.count("at-once") == TIMES
    assert {entry.version for entry in direct.prompts(directory="at-once", limit=TIMES)} == {1}
    changes = [change.kind for change in direct.activity(directory="at-once", limit=2 * TIMES)]
    assert changes.count("created") == TIMES


def test_what_fails_when_it_is_done_twice_does_not(server: ServerProcess, direct: Store) -> None:
    """Each of these would be refused the second time: the prompt has moved, the directory is there, the trash empty."""
    with Between(server.port, drop=_first_times()) as between, Client(between.url, author="ana") as client:
        client.save("twice/a", "x", expected=0)
        assert client.rename("twice/a", "twice/b") == []
        assert client.add_directory("twice/new").path == "twice/new"
        client.remove_directory("twice/new")
        assert client.delete("twice/b").path == "twice/b"
        assert client.purge("twice/b") == 1

    assert direct.count("twice") == 0
    kinds = [change.kind for change in direct.activity(directory="twice", limit=20)]
    assert kinds.count("created") == kinds.count("deleted") == 1


def test_reads_are_sent_again(server: ServerProcess, direct: Store) -> None:
    direct.save("read/again", "x")
    with Between(server.port, drop=lambda number, _: number < 2) as between, Client(between.url) as client:
        assert client.get("read/again").text == "x"

    assert between.statuses("GET", "/api/prompts/read/again") == [200, 200, 200]
    assert "idempotency-key" not in between.seen[0].headers


def test_three_times_is_enough(server: ServerProcess, direct: Store) -> None:
    with (
        Between(server.port, drop=lambda _number, _exchange: True) as between,
        Client(between.url) as client,
        pytest.raises(StoreUnavailableError, match=r"broke off; try again\. It may have been done all the same"),
    ):
        client.save("dropped", "x")

    assert len(between.seen) == 3
    assert direct["dropped"].version == 1


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"])
def test_a_server_that_starts_again_is_asked_again(status: str) -> None:
    busy, fine = canned(status), canned("200 OK", '{"count": 3}', "application/json")
    number = count()

    class Starting(Canned):
        def answer_to(self, first: str) -> bytes:  # noqa: ARG002 - it says the same to all
            return busy if next(number) < 2 else fine

    with Starting(b"") as server, Client(server.url) as client:
        assert client.count() == 3
        assert server.asked == 3


@pytest.mark.parametrize(("name", "times"), [("DamagedTextError", 1), ("StoreUnavailableError", 3)])
def test_what_will_not_pass_is_not_asked_again(name: str, times: int) -> None:
    body = f'{{"error": "{name}", "detail": "x", "status": 503}}'
    with Canned(canned("503 Service Unavailable", body, "application/problem+json")) as server:
        with Client(server.url) as client, pytest.raises(Exception, match=r"^x$") as caught:
            client.get("a")
        assert (type(caught.value).__name__, server.asked) == (name, times)


def test_a_server_that_was_restarted_is_found_again(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as first, Client(first.url) as client:
        client.save("a", "x")
        port = first.port
        first.stop()
        with ServerProcess(tmp_path, port=port):
            assert client.get("a").text == "x"
            assert client.save("a", "y").version == 2
