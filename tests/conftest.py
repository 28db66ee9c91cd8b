"""Fixtures for every test: a store, a small library in one, and a home of its own."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prompt_kernel.store import Store

if TYPE_CHECKING:
    from tests.postgres import Server

# Who runs the tests in the background of a shell has Ctrl-C ignored, and a test that presses it would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own store or configuration."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("PROMPT_KERNEL_URL", raising=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["Server"]:
    """Give a PostgreSQL server that all tests of this process share: no test may stop it."""
    from tests.postgres import running  # where only notebooks are tested, there is no driver for it

    with running() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: "Server") -> Iterator[str]:
    """Give the URL of an empty schema in a PostgreSQL database."""
    with postgres_server.schema() as url:
        yield url


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "prompts.db", author="ana") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def each_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Give a store on each engine; see `on_sqlite` and `on_postgres` of `tests.postgres`."""
    if request.param == "sqlite":
        yield request.getfixturevalue("file_store")
    else:
        with Store(request.getfixturevalue("postgres"), author="ana") as opened:
            yield opened


@pytest.fixture
def store(file_store: Store) -> Store:
    return file_store


@pytest.fixture
def library(store: Store) -> Store:
    """A small named world: review includes style/base, which includes style/tone, and format/json."""
    store.save(
        "style/tone",
        "Speak in a {{ tone }} voice.\n",
        variables={"tone": {"type": "enum", "values": ["formal", "plain"], "default": "plain"}},
        description="How to sound",
        tags=["style"],
    )
    store.save("style/base", "[[style/tone]]Be brief.\n", tags=["style"])
    store.save("format/json", 'Answer as JSON: {"answer": "…"}\n', tags=["format"])
    store.save(
        "review",
        "[[style/base]]Review this code:\n\n```\n{{ code }}\n```\n[[format/json]]",
        variables={"code": {"description": "the code"}},
        description="Review some code",
    )
    return store
