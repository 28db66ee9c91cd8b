"""A server for all tests of a module, on a store that these use too."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from prompt_kernel.client import AsyncClient, Client
from prompt_kernel.store import Store
from tests.client.servers import ServerProcess


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("PROMPT_KERNEL_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
def direct(server: ServerProcess) -> Iterator[Store]:
    """The server's store, opened as what it is."""
    with Store(server.store_url, author="bob") as opened:
        yield opened


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.url, author="ana") as opened:
        yield opened


@pytest.fixture
async def aclient(server: ServerProcess) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(server.url, author="ana") as opened:
        yield opened
