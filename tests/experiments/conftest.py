"""Fixtures of the experiments' tests: a server that speaks OpenAI's protocol, and models that count."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prompt_kernel.store import Store
from tests.experiments.openai_server import ServerProcess

_PATIENCE = 60


@pytest.fixture(scope="session")
def openai_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("openai") / "log") as server:
        yield server


@pytest.fixture
def openai(openai_process: ServerProcess) -> Iterator[ServerProcess]:
    """Give the server, with no calls so far; whoever it holds is let go at the end."""
    openai_process.reset()
    yield openai_process
    openai_process.open()


class Upper:
    """A model that answers in capitals, and remembers what it was asked."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, text: str) -> Any:
        with self._lock:
            self.texts.append(text)
        return text.upper()


@pytest.fixture
def upper() -> Upper:
    return Upper()


@pytest.fixture
def lessons(store: Store) -> Store:
    """A small library: lesson includes style/tone; style/warm and style/terse could stand in its place."""
    store.save("style/tone", "Speak plainly.")
    store.save("style/warm", "Speak warmly.")
    store.save("style/terse", "Be terse.")
    store.save("lesson", "[[style/tone]] Explain {{ topic }}.")
    return store


def eventually(is_so: Callable[[], object]) -> None:
    """Wait until something is so that another process does, and nobody tells of."""
    end = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("it never was so")
        threading.Event().wait(0.01)
