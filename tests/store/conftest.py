"""What the tests of the store share: a whole dump of one, a log of its SQL, and processes of their own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.store import Store
from prompt_kernel.variables import as_data

WORKER = Path(__file__).with_name("worker.py")

Dump = dict[str, Any]


@pytest.fixture
def store(each_store: Store) -> Store:
    """What is true of a store is true on both engines."""
    return each_store


def _dump(store: Store) -> Dump:
    return {
        "prompts": {
            prompt.path: (
                prompt.version,
                prompt.text,
                prompt.description,
                prompt.tags,
                prompt.engine,
                as_data(prompt.variables),
                prompt.labels,
                prompt.enabled,
                prompt.display_name,
            )
            for prompt in map(store.get, store)
        },
        "history": {
            path: [
                (version.number, version.text, version.author, version.origin, version.message, version.labels)
                for version in store.history(path)
            ]
            for path in store
        },
        "includes": {
            path: [(found.spelled, found.pin, found.target, found.line) for found in store.includes(path)]
            for path in store
        },
        "directories": [
            (directory.path, directory.description, directory.enabled, directory.source, directory.prompts)
            for directory in store.directories()
        ],
        "trash": [(trashed.path, trashed.uid, trashed.version, trashed.deleted_by) for trashed in store.trash()],
        "tags": store.tags(),
    }


@pytest.fixture(scope="session")
def dump() -> Callable[[Store], Dump]:
    """Return everything that a store holds but for times, as plain values."""
    return _dump


@contextmanager
def _traced(store: Store) -> Iterator[list[str]]:
    found: list[str] = []
    store._database.raw.set_trace_callback(found.append)  # noqa: SLF001 - the one way to see what SQLite is asked
    try:
        yield found
    finally:
        store._database.raw.set_trace_callback(None)  # noqa: SLF001 - as above


@pytest.fixture(scope="session")
def traced() -> Callable[[Store], AbstractContextManager[list[str]]]:
    """Give the statements that SQLite runs for a store while the block lasts."""
    return _traced


@pytest.fixture
def worker() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a task of `worker.py` in a process of its own, which ends with the test at the latest."""
    started: list[subprocess.Popen[str]] = []

    def start(task: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, str(WORKER), task, *map(str, arguments)]
        process = subprocess.Popen(  # noqa: S603 - our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
