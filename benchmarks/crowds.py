"""Many processes that write to one store at the same time, on each engine; and how soon another one notices."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines import ENGINES, empty
from sizes import Sizes
from store import Stores
from timing import WALL, Result, Work, compared
from writer import PATHS

from prompt_kernel.store import Store

CROWDS = tuple(f"crowd-{engine}" for engine in ENGINES)
NOTICES = tuple(f"notice-{engine}" for engine in ENGINES)
_SCRIPT = str(Path(__file__).with_name("writer.py"))
_PATIENCE = 60.0


@dataclass(frozen=True)
class Crowd:
    """What so many processes did together: `seconds` for all, and of each save."""

    engine: str
    processes: int
    seconds: float
    taken: list[float]
    errors: int
    lost: int


@contextmanager
def _writer(url: str, name: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that writes once it is told; it is ready."""
    process = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, _SCRIPT, url, name, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        _line(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(process: "subprocess.Popen[str]") -> str:
    return process.stdout.readline() if process.stdout else ""


def _tell(process: "subprocess.Popen[str]") -> None:
    if process.stdin:
        process.stdin.write("\n")
        process.stdin.flush()


def crowds(stores: Stores, engine: str) -> list[Crowd]:
    """Let one process write alone, and then as many as `sizes` say together, each as much as the one.

    Raises:
        MissingError: there is no such engine here.
    """
    sizes, made = stores.sizes, []
    for processes in (1, sizes.writers):
        with empty(engine, stores.folder) as url:
            made.append(_crowd(engine, url, processes, sizes.writes))
    return made


def _crowd(engine: str, url: str, processes: int, writes: int) -> Crowd:
    Store(url).close()  # so that nobody measures how it is made
    with ExitStack() as stack:
        writers = [stack.enter_context(_writer(url, f"w{number}", str(writes))) for number in range(processes)]
        started = time.perf_counter()
        for writer in writers:
            _tell(writer)
        told: list[dict[str, Any]] = [json.loads(_line(writer)) for writer in writers]
        seconds = time.perf_counter() - started
    with Store(url) as store:
        kept = {version.text for path in PATHS if path in store for version in store.history(path)}
    wanted = {f"w{number} {write}\n" for number in range(processes) for write in range(writes)}
    errors = sum(len(one["errors"]) for one in told)
    taken = [seconds for one in told for seconds in one["taken"]]
    return Crowd(engine, processes, seconds, taken, errors, len(wanted - kept) - errors)


def crowd_result(made: list[Crowd]) -> Result:
    """Return how the seconds of one save compare: one of many who write, beside one who writes alone."""
    alone, together = made
    title = f"a save, {together.processes} processes write at once, {together.engine}; the rate of all of them"
    work = Work(f"crowd-{together.engine}", title, "alone", None, [], WALL)
    per_save = {"together": together.seconds / len(together.taken), "alone": alone.seconds / len(alone.taken)}
    return compared(work, {name: [seconds] for name, seconds in per_save.items()})


def notice(stores: Stores, engine: str) -> Result:
    """Measure from the beginning of a save in one process to the notice of it in this one, beside the save alone.

    Raises:
        MissingError: there is no such engine here.
    """
    taken: dict[str, list[float]] = {"Prompt Kernel": [], "the save alone": []}
    with empty(engine, stores.folder) as url, Store(url) as store, _writer(url, "writer") as writer:
        _tell(writer)
        for _ in range(stores.sizes.notices):
            known = store.revision
            _tell(writer)
            store.wait(known, _PATIENCE)
            noticed = time.perf_counter()
            # Both clocks are the machine's.
            started, committed = json.loads(_line(writer))
            taken["Prompt Kernel"].append(noticed - started)
            taken["the save alone"].append(committed - started)
    title = f"from the beginning of a save to its notice in another process, {engine}"
    return compared(Work(f"notice-{engine}", title, "the save alone", None, [], WALL), taken)


def measured(sizes: Sizes, made: list[Crowd]) -> list[str]:
    """Return the lines of the table of all crowds."""
    rows = [
        f"| {one.engine} | {one.processes} | {len(one.taken):,} | {len(one.taken) / one.seconds:,.0f} | {one.errors}"
        f" | {one.lost} |"
        for one in made
    ]
    return [
        f"## Processes that write at once, {sizes.writes} saves each",
        "",
        "| engine | processes | saves | saves a second | errors | lost |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
