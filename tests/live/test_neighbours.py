"""Two servers on one database: whoever is in a room of the one is seen in the same room of the other."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from prompt_kernel.live import Hub, Settings
from prompt_kernel.store import Store
from tests.live.client import Client, Clock, kill

Hubs = tuple[Hub, Hub]


@pytest.fixture
def shared(postgres: str) -> Iterator[Store]:
    with Store(postgres, author="ana") as opened:
        opened.save("note", "Begin.")
        yield opened


@pytest.fixture
async def hubs(shared: Store, settings: Settings) -> AsyncIterator[Hubs]:
    started = Hub(shared.url, settings=settings), Hub(shared.url, settings=settings)
    for hub in started:
        await hub.start()
    yield started
    for hub in started:
        if not hub._stopping.is_set():  # noqa: SLF001 - some tests stop theirs
            await hub.stop()


def seen_by(client: Client) -> dict[int, str]:
    """Return whom a client sees, by their number."""
    return {number: str(state["user"]["name"]) for number, state in client.others.items()}


async def enter(hub: Hub, store: Store, name: str, number: int) -> Client:
    """Let somebody in, who tells where their cursor is."""
    client = await Client(hub, store["note"].uid, name).join()
    client.point(number, 1, {"cursor": 0})
    await client.until(lambda: seen_by(client).get(number) == name)
    return client


async def test_people_of_two_servers_see_each_other_come_move_and_go(shared: Store, hubs: Hubs) -> None:
    ana = await enter(hubs[0], shared, "Ana", 1)
    ben = await enter(hubs[1], shared, "Ben", 2)

    for one in (ana, ben):
        await one.until(lambda one=one: seen_by(one) == {1: "Ana", 2: "Ben"})
    ben.point(2, 2, {"cursor": 5})
    await ben.pump()
    await ana.until(lambda: ana.others[2]["cursor"] == 5)
    await ben.drop()
    await ana.until(lambda: seen_by(ana) == {1: "Ana"})


async def test_a_text_that_is_typed_on_one_server_is_at_once_on_the_other(shared: Store, hubs: Hubs) -> None:
    ana, ben = await enter(hubs[0], shared, "Ana", 1), await enter(hubs[1], shared, "Ben", 2)

    ana.append(" Ana was here.")
    await ana.until_saved()
    await ben.until(lambda: ben.text == "Begin. Ana was here.")
    ben.insert(0, "Ben too. ")
    await ben.until_saved()
    await ana.until(lambda: ana.text == "Ben too. Begin. Ana was here.")


async def test_who_comes_later_is_told_of_those_on_the_other_server(shared: Store, hubs: Hubs) -> None:
    await enter(hubs[0], shared, "Ana", 1)

    ben = await Client(hubs[1], shared["note"].uid, "Ben").join()

    await ben.until(lambda: seen_by(ben) == {1: "Ana"})


async def test_people_of_a_server_that_died_are_forgotten(shared: Store, hubs: Hubs, clock: Clock) -> None:
    ana, ben = await enter(hubs[0], shared, "Ana", 1), await enter(hubs[1], shared, "Ben", 2)
    await ana.until(lambda: seen_by(ana) == {1: "Ana", 2: "Ben"})

    await kill(hubs[1])
    assert ben.seat is not None
    clock.pass_by(Settings().forget + 1)

    await ana.until(lambda: seen_by(ana) == {1: "Ana"})


async def test_who_moves_to_the_other_server_is_there_once_and_under_their_name(shared: Store, hubs: Hubs) -> None:
    ana, ben = await enter(hubs[0], shared, "Ana", 1), await enter(hubs[0], shared, "Ben", 2)
    await ben.drop()
    ben = await Client(hubs[1], shared["note"].uid, "Ben").join()

    ben.point(2, 3, {"cursor": 4})
    await ben.pump()

    for one in (ana, ben):
        await one.until(lambda one=one: one.others.get(2, {}).get("cursor") == 4 and len(one.others) == 2)
        assert seen_by(one) == {1: "Ana", 2: "Ben"}


@pytest.mark.parametrize(
    "message",
    [
        "", "no JSON", "[]", "{}", "null", "[1, 2, 3]", "[" * 5000, '["p", {}, null]', '["p", "note", [1]]',
        '["p", "note", ["x", 1, ""]]', '["p", "note", {}]', json.dumps(["p", "unknown", [1, 1, "null"]]),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_counts_for_nothing(shared: Store, hubs: Hubs, message: str) -> None:
    ana = await enter(hubs[0], shared, "Ana", 1)

    shared.live.tell([message])
    ben = await enter(hubs[1], shared, "Ben", 2)

    await ana.until(lambda: seen_by(ana) == {1: "Ana", 2: "Ben"})
    await ben.until(lambda: seen_by(ben) == {1: "Ana", 2: "Ben"})
    assert (hubs[0].stats["failures"], hubs[1].stats["failures"]) == (0, 0)
