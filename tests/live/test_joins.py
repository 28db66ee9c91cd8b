"""People come and go while others type: everybody ends with the same text."""

import asyncio
import random

import pytest

from prompt_kernel.live import Hub
from prompt_kernel.store import Store
from tests.live.client import Client

JOINS, CHUNK, TYPISTS = 500, 100, 5


def mark(number: int) -> str:
    """Return a character that stands for a number; half of them take two UTF-16 units."""
    return chr((0x4E00 if number % 2 else 0x20000) + number)


@pytest.mark.parametrize("first", range(0, JOINS, CHUNK))
async def test_whoever_joins_while_others_type_has_the_same_text(store: Store, hub: Hub, first: int) -> None:
    dice = random.Random(first)  # noqa: S311 - dice
    uid = store.save("note", "Begin 🙂.\n").uid
    typists = [await Client(hub, uid, f"typist {number}").join() for number in range(TYPISTS)]
    guests: list[Client] = []
    for number in range(first, first + CHUNK):
        guest = Client(hub, uid, f"guest {number}")
        await guest.connect()
        for typist in dice.sample(typists, 3):
            typist.insert(dice.randint(0, len(typist.text)), mark(number))
            if dice.random() < 0.7:
                await typist.pump()
        if dice.random() < 0.3:
            guest.insert(0, f"[{number}]")
        await guest.pump()
        guests.append(guest)
        if dice.random() < 0.3:
            await dice.choice(guests).drop()

    for client in [*typists, *guests]:
        if client.seat is None:
            await client.join()
        await client.until_saved()

    (text,) = {client.text for client in [*typists, *guests]}
    assert [text.count(mark(number)) for number in range(first, first + CHUNK)] == [3] * CHUNK


async def test_many_join_a_room_that_is_just_being_opened(store: Store, hub: Hub) -> None:
    store.save("note", "Hello.")
    uid = store["note"].uid
    clients = [Client(hub, uid, f"p{number}") for number in range(50)]

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.join())
    clients[0].append(" Typed.")
    for client in clients:
        await client.until_saved()

    assert {client.text for client in clients} == {"Hello. Typed."}
    assert (hub.stats["rooms"], hub.stats["seats"]) == (1, 50)


async def test_who_gives_up_joining_does_not_keep_the_others_from_it(store: Store, hub: Hub) -> None:
    uid = store.save("note", "Hello.").uid
    first, second = Client(hub, uid), Client(hub, uid, "ben")
    hasty = asyncio.create_task(first.join())
    patient = asyncio.create_task(second.join())
    await asyncio.sleep(0)

    hasty.cancel()
    await patient
    await second.until_saved()

    assert (hasty.cancelled() or hasty.cancelling(), second.text) == (True, "Hello.")
