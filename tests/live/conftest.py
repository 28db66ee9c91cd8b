"""What the tests of live editing share: a hub that does not wait, and clients for it."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from prompt_kernel.live import Hub, Settings
from prompt_kernel.store import Store
from tests.live.client import Client, Clock, Damage, Join, StartHub


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(clock: Clock) -> Settings:
    """As in earnest, but quick: what takes seconds waits for the clock of the test."""
    return Settings(flush=0.0, poll=0.01, preview=0.0, rate=1e9, burst=10**9, clock=clock)


@pytest.fixture
async def start_hub(store: Store, settings: Settings) -> AsyncIterator[StartHub]:
    """Start a hub on the store, which stops with the test at the latest."""
    started: list[Hub] = []

    async def start(own: Settings = settings) -> Hub:
        hub = Hub(store.url, settings=own)
        await hub.start()
        started.append(hub)
        return hub

    yield start
    for hub in started:
        if not hub._stopping.is_set():  # noqa: SLF001 - some tests stop theirs
            await hub.stop()


@pytest.fixture
async def hub(start_hub: StartHub) -> Hub:
    return await start_hub()


@pytest.fixture
def join(hub: Hub, store: Store) -> Join:
    """Seat somebody at a prompt."""

    async def join(path: str = "note", name: str = "ana", *, may_write: bool = True, at: Hub = hub) -> Client:
        client = Client(at, store.get(path).uid, name, may_write=may_write)
        await client.join()
        await client.until(lambda: client.is_synced)
        return client

    return join


@pytest.fixture
def damage(store: Store) -> Damage:
    """Change the database past the store, as no one should."""

    def damage(*statements: str) -> None:
        with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"), isolation_level=None, timeout=10)) as raw:
            for statement in statements:
                raw.execute(statement)

    return damage
