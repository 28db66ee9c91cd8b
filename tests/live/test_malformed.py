"""Messages that are no messages, through the way that all take: they end their sender's connection and nothing else."""

import random
from collections.abc import Callable

import pytest

from prompt_kernel.live import Hub, draft_text
from prompt_kernel.live import protocol as wire
from prompt_kernel.store import Store
from tests.live.client import Client, Join, Line

MESSAGES, CHUNK = 2000, 250


def mark(number: int) -> str:
    """Return a character that stands for a number."""
    return chr(0x20000 + number)


Mutation = Callable[[random.Random, bytearray], None]


def flip(dice: random.Random, data: bytearray) -> None:
    for _ in range(dice.randint(1, 4)):
        data[dice.randrange(len(data))] = dice.choice([dice.randrange(256), 0xFF, 0x80, 0x7F, 0])


def cut(dice: random.Random, data: bytearray) -> None:
    del data[dice.randrange(len(data)) :]


def stuff(dice: random.Random, data: bytearray) -> None:
    at = dice.randrange(len(data) + 1)
    data[at:at] = bytes([0xFF]) * dice.randint(1, 9) if dice.random() < 0.5 else dice.randbytes(dice.randint(1, 9))


def replace(dice: random.Random, data: bytearray) -> None:
    data[:] = dice.randbytes(dice.randrange(80))


def reframe(dice: random.Random, data: bytearray) -> None:
    """Damage what is in the frame, and leave the frame right: so it comes to the document itself."""
    reader = wire.Reader(bytes(data))
    kind, part, update = reader.number(), reader.number(), bytearray(reader.block())
    if update:
        dice.choice([flip, cut, stuff])(dice, update)
    data[:] = wire.number(kind) + wire.number(part) + wire.block(bytes(update))


MUTATIONS: list[Mutation] = [flip, cut, stuff, replace, reframe, reframe, reframe]


def good_messages(client: Client) -> list[bytes]:
    """Return the messages of somebody who types, deletes, points and asks, without sending them."""
    client.insert(0, "Good 🙂 words ")
    client.change(2, 5, "")
    client.append("שלום")
    client.point(5, 1, {"cursor": {"anchor": 1}})
    client.send(wire.sync(wire.STEP1, client.doc.get_state()))
    client.send(wire.sync(wire.STEP2, client.doc.get_update()))
    client.send(wire.message(wire.WATCH, {"id": "editor", "variables": {"a": 1}}))
    client.send(wire.message(wire.ASK, {"id": 1, "do": "suggest", "beginning": "n"}))
    messages = list(client.outbox)
    client.outbox.clear()
    return messages


@pytest.mark.parametrize("first", range(0, MESSAGES, CHUNK))
async def test_a_mutated_message_harms_only_its_sender(store: Store, hub: Hub, join: Join, first: int) -> None:
    dice = random.Random(first)  # noqa: S311 - dice
    uid = store.save("note", "Hello 🙂.\n").uid
    elsewhere = store.save("other", "Another room.").uid
    ana, ben = await join("note", "ana"), await join("other", "ben")
    codes: set[int] = set()
    for number in range(first, first + CHUNK):
        mallory = await Client(hub, uid, "mallory").join()
        messages = good_messages(mallory)
        data = bytearray(dice.choice(messages))
        mutation = dice.choice(MUTATIONS) if data[0] == wire.SYNC else dice.choice(MUTATIONS[:4])
        mutation(dice, data)
        mallory.send(bytes(data))
        await mallory.pump()
        codes.update(mallory.codes)
        await mallory.drop()
        ana.insert(dice.randint(0, len(ana.text)), mark(number))
        ben.append(f"<{number}>")
        await ana.pump()
        await ben.pump()
    await ana.until_saved()
    await ben.until_saved()

    fresh = await join("note", "fresh")
    assert (ana.codes, ben.codes, codes) == ([], [], {4400})
    assert fresh.text == ana.text == draft_text(store, "note")
    # Some mutations are edits: of another client's number, a whole text is one that was pasted.
    assert [number for number in range(first, first + CHUNK) if mark(number) not in ana.text] == []
    assert ben.text == "Another room." + "".join(f"<{number}>" for number in range(first, first + CHUNK))
    assert elsewhere != uid


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\xff" * 20,
        wire.sync(wire.UPDATE, b""),
        wire.sync(wire.STEP1, b"\x05"),
        wire.sync(wire.STEP2, b"\x01\x01\x07\x00\x04\x01\x05other\x01a\x00"),
        wire.sync(wire.STEP2, b"\x01\x01\x07\x05\x84\x07\x04\x01a\x00"),
        wire.sync(wire.STEP2, b"\x02\x01\x07\x00\x04\x01\x04text\x01a\x01\x07\x00\x04\x01\x04text\x01a\x00"),
        wire.sync(wire.STEP2, b"\x01\x01\x07\x00\x00\x00\x00"),
        wire.awareness([wire.State(1, 1, "nothing")]),
        wire.message(wire.WATCH, {"id": 3}),
        wire.message(wire.WATCH, {"id": "x", "variables": []}),
        wire.number(wire.HELLO) + wire.block(b"{}"),
    ],
)
async def test_what_is_malformed_closes_with_4400(store: Store, join: Join, data: bytes) -> None:
    store.save("note", "Hello.")
    ana, mallory = await join("note", "ana"), await join("note", "mallory")

    mallory.send(data)
    await mallory.pump()

    assert (await mallory.until_closed(), ana.codes, ana.text) == (4400, [], "Hello.")


async def test_watching_too_much_is_malformed(store: Store, join: Join) -> None:
    store.save("note", "Hello.")
    ana = await join()

    for number in range(9):
        ana.send(wire.message(wire.WATCH, {"id": str(number), "variables": {}}))
    await ana.pump()

    assert await ana.until_closed() == 4400


async def test_messages_of_who_was_closed_count_for_nothing(store: Store, hub: Hub, join: Join) -> None:
    store.save("note", "Hello.")
    ana = await join()
    mallory = Client(hub, ana.uid, "mallory")
    seat = await hub.join(ana.uid, mallory.participant, Line(mallory))

    await seat.receive(b"")
    await seat.receive(wire.sync(wire.STEP2, mallory.doc.get_update()))
    await seat.leave()

    assert (mallory.codes, seat.received, hub.stats["seats"]) == ([4400], 0, 1)
