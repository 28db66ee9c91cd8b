"""Random schedules of what goes wrong while people type: restarts, evictions, lost rows, outside writers, two servers.

Everybody types characters that nobody else types. At the end each of them is in the live text, and that once, or in a
conflict copy; and what the prompt began with is still there.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from prompt_kernel.errors import ConflictError
from prompt_kernel.live import Hub, Settings, draft_text
from prompt_kernel.store import Store
from tests.live.client import Client, Damage, eventually, kill

#: These show that nothing is lost, again and again, of what others have covered; measuring doubles their time.
pytestmark = pytest.mark.no_cover

SCHEDULES, CHUNK, STEPS = 120, 10, 40
BASE = "ABCDEFGH\n\u05e9\u05dc\u05d5\u05dd\nIJKL 🙂\n"

LOST_ROWS = [
    ["DELETE FROM live_update"],
    ["DELETE FROM live_document"],
    ["DELETE FROM live_update", "DELETE FROM live_document"],
    ["DELETE FROM live_update WHERE id % 2"],
    ["UPDATE live_document SET state = x'ffff'"],
    ["UPDATE live_document SET synced_state = x'ffff'"],
]


class Schedule:
    """A prompt, two servers, three to five people, and dice."""

    def __init__(self, seed: int, store: Store, damage: Callable[..., None], settings: Settings) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - dice
        self.path = f"note{seed}"
        self.uid = store.save(self.path, BASE).uid
        self.store, self.damage, self.settings = store, damage, settings
        self.typed: list[str] = []
        self.hubs: list[Hub] = []
        self.clients: list[Client] = []
        self.has_lost_rows = False

    async def play(self) -> None:
        self.hubs = [await self.start(), await self.start()]
        for number in range(self.dice.randint(3, 5)):
            self.clients.append(Client(self.dice.choice(self.hubs), self.uid, f"p{number}"))
        for client in self.clients:
            await client.join()
        for _ in range(STEPS):
            await self.step()
        await self.settle()
        for hub in self.hubs:
            await hub.stop()

    async def start(self) -> Hub:
        hub = Hub(self.store.url, settings=self.settings)
        await hub.start()
        return hub

    async def step(self) -> None:
        client = self.dice.choice(self.clients)
        roll = self.dice.random()
        if roll < 0.55:
            self.type(client)
        elif roll < 0.8:
            await client.pump()
        else:
            trouble: list[Callable[[Client], Any]] = [self.restart, self.crash, self.evict, self.lose, self.write]
            await self.dice.choice([*trouble, self.write, self.move, self.save])(client)
        await self.come_back(client)

    def type(self, client: Client) -> None:
        character = chr((0x20000 if len(self.typed) % 2 else 0x4E00) + len(self.typed))
        self.typed.append(character)
        client.insert(self.dice.randint(0, len(client.text)), character)

    async def restart(self, client: Client) -> None:
        await self.replace(client.hub, client.hub.stop)

    async def crash(self, client: Client) -> None:
        if self.dice.random() < 0.3:
            await self.lose(client)
        await self.replace(client.hub, lambda: kill(client.hub))

    async def replace(self, hub: Hub, end: Callable[[], Any]) -> None:
        await end()
        new = self.hubs[self.hubs.index(hub)] = await self.start()
        for client in self.clients:
            if client.hub is hub:
                await client.drop()
                client.hub = new

    async def evict(self, client: Client) -> None:
        hub = client.hub
        for other in self.clients:
            if other.hub is hub:
                await other.drop()
        self.settings.clock.pass_by(3)  # type: ignore[attr-defined]  # the clock of the tests
        await eventually(lambda: hub.stats["rooms"] == 0)

    async def lose(self, _client: Client) -> None:
        self.has_lost_rows = True
        self.damage(*self.dice.choice(LOST_ROWS))

    async def write(self, _client: Client) -> None:
        character = chr(0x21000 + len(self.typed))
        self.typed.append(character)
        head = self.store[self.path]
        place = self.dice.choice([0, len(head.text)])
        try:
            text = head.text[:place] + character + "\n" + head.text[place:]
            self.store.save(self.path, text, expected=head.version, author="outside", origin="notebook")
        except ConflictError:
            self.typed.remove(character)

    async def move(self, client: Client) -> None:
        await client.drop()
        client.hub = self.dice.choice(self.hubs)

    async def save(self, client: Client) -> None:
        if client.seat is not None:
            client.ask_to_save()
            await client.pump()

    async def come_back(self, client: Client) -> None:
        """Connect again as a browser does; a text that the new document does not have becomes a conflict copy."""
        if client.seat is not None:
            return
        if client.codes and client.codes[-1] == 4409:
            client.codes.clear()
            before = client.text
            client.forget()
            await client.join()
            await client.until(lambda: client.is_synced or client.seat is None)
            if client.text != before:
                await client.hub.keep_copy(self.uid, before, client.participant, "of an older document")
        else:
            await client.join()

    async def settle(self) -> None:
        async def is_settled() -> bool:
            for client in self.clients:
                await self.come_back(client)
                await client.pump()
            texts = {client.text for client in self.clients}
            saved = all(client.seat is not None and client.is_saved for client in self.clients)
            # Where rows were lost, the rooms have what the store has not, until they save it.
            return saved and len(texts) == 1 and (self.has_lost_rows or texts == {draft_text(self.store, self.path)})

        await eventually(is_settled)

    def check(self) -> None:
        live = draft_text(self.store, self.path)
        copies = [self.store[path].text for path in self.store if path.startswith(f"{self.path}-conflict")]
        everywhere = live
        if self.has_lost_rows:
            # What an outside writer saved is a version, whatever becomes of the live text.
            everywhere += "".join([*copies, *(version.text for version in self.store.history(self.path))])
        else:
            assert copies == []
        counts = Counter(live)
        assert [character for character in self.typed if character not in everywhere] == []
        assert [character for character in self.typed if counts[character] > 1] == []
        assert Counter(BASE) - counts == Counter()
        assert sum(counts[character] for character in BASE if character not in "\n ") == len(
            BASE.replace("\n", "").replace(" ", "")
        )


@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
async def test_nothing_is_lost_doubled_or_emptied_whatever_happens(
    store: Store, damage: Damage, settings: Settings, first: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        for seed in range(first, first + CHUNK):
            schedule = Schedule(seed, store, damage, settings)
            await schedule.play()
            schedule.check()
