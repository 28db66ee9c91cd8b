"""Many people who write on one prompt at the same time, through the dashboard and through a bare socket."""

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import servers
import worlds
from sizes import Sizes
from store import Stores
from timing import WALL, Result, Work, compared, p95

from prompt_kernel.store import Store

if TYPE_CHECKING:
    from clients import Room

NAMES = ("load-other", "load-acknowledged")
_PATH = "shared/load"


@dataclass
class Load:
    """What one server did: seconds per turn, bytes, and how many texts differ from the first one."""

    name: str
    edits: int = 0
    others: list[list[float]] = field(default_factory=list)
    acknowledged: list[list[float]] = field(default_factory=list)
    before: int = 0
    after: int = 0
    differ: int = 0


def measure(stores: Stores) -> list[Load]:
    """Let everybody write, in turns through each server.

    Raises:
        MissingError: a package that the clients need is not installed.
    """
    servers.need("websockets")
    return asyncio.run(_measure(stores))


async def _measure(stores: Stores) -> list[Load]:
    from clients import Room  # noqa: PLC0415 - it needs what not everybody has

    sizes, folder = stores.sizes, stores.folder
    file, tokens = folder / "load.db", folder / "tokens.json"
    shutil.copyfile(stores.build(sizes.small), file)
    with Store(file) as store:
        uid = store.save(_PATH, worlds.prose(2_000, 1)).uid
    ours, bare = Load("Prompt Kernel"), Load("bare socket")
    with (
        servers.dashboard_with_tokens(file, uid, tokens, sizes.clients, folder) as dashboard,
        servers.broadcast(folder) as broadcast,
    ):
        handed = json.loads(tokens.read_text("utf-8"))
        async with (
            Room(f"{_socket(dashboard)}/live/{uid}", handed) as room,
            Room(f"{_socket(broadcast)}/socket", [""] * sizes.clients) as other,
        ):
            await _turns(sizes, [(ours, dashboard, room), (bare, broadcast, other)])
            text = room.texts()[0]
    with Store(file) as store:
        # What the server has kept at its end is one more text that must not differ.
        ours.differ += store[_PATH].text != text
    return [ours, bare]


def _socket(server: servers.Server) -> str:
    return server.url.replace("http", "ws", 1)


async def _turns(sizes: Sizes, all_of_them: list[tuple[Load, servers.Server, "Room"]]) -> None:
    for load, server, _ in all_of_them:
        load.before = server.memory()
    for turn in range(sizes.load_turns):
        for load, _, room in all_of_them if turn % 2 else reversed(all_of_them):
            delays = await room.write(sizes.load_seconds, 1 / sizes.edits_per_second)
            load.edits += len(delays.acknowledged)
            load.others.append(delays.others)
            load.acknowledged.append(delays.acknowledged)
    for load, server, room in all_of_them:
        load.after = server.memory()
        first, *others = room.texts()
        load.differ = sum(text != first for text in others)


def results(loads: Sequence[Load], sizes: Sizes) -> list[Result]:
    """Return how the delays of `loads` compare; the last one is the bare socket."""
    other, acknowledged = NAMES
    return [
        _p95(other, "another client", {load.name: load.others for load in loads}, sizes),
        _p95(acknowledged, "its acknowledgement, or its echo", {load.name: load.acknowledged for load in loads}, sizes),
    ]


def _p95(name: str, to: str, taken: Mapping[str, list[list[float]]], sizes: Sizes) -> Result:
    title = f"p95: from an edit to {to}, {sizes.clients} clients write on one prompt"
    work = Work(name, title, list(taken)[-1], None, [], WALL)
    return compared(work, {who: [p95(turn) for turn in turns] for who, turns in taken.items()})
