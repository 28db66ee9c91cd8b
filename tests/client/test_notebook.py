"""Every magic on a team's server, in a real kernel; and a Tab that waits for nobody."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from IPython.core import completer
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import KernelManager

import prompt_kernel
from prompt_kernel.notebook._world import NotebookWorld
from prompt_kernel.store import Store
from tests.client.servers import Canned, ServerProcess, free_port
from tests.notebook.conftest import SECONDS, Kernel, bare_shell

KNOWS_CELLS = hasattr(completer, "context_matcher")
__all__ = ["bare_shell"]


@pytest.fixture(scope="module")
def shared(server: ServerProcess) -> Iterator[Store]:
    """The server's store, as its colleagues have it."""
    with Store(server.store_url, author="bob") as opened:
        opened.save("style/tone", "Speak in a {{ tone }} voice.\n", variables={"tone": "plain"})
        opened.save("style/base", "[[style/tone]]Be brief.\n")
        opened.save("review", "[[style/base]]Review this: {{ code }}", tags=["code"])
        opened.label("review", "production")
        yield opened


@pytest.fixture(scope="module")
def kernel(server: ServerProcess, shared: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that uses the server by `PROMPT_KERNEL_URL` alone."""
    assert len(shared) == 3
    home = tmp_path_factory.mktemp("kernel")
    manager = KernelManager(kernel_name="python3", connection_file=str(home / "kernel.json"))
    homes = dict.fromkeys(("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME"), str(home))
    manager.start_kernel(env={**os.environ, **homes, "PROMPT_KERNEL_URL": server.url}, cwd=str(home))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        started = Kernel(client)
        started.run("%load_ext prompt_kernel\n%config PromptMagics.author = 'ana'\n%prompts where")
        yield started
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


MAGICS = [
    "%prompts where",
    "%prompts list",
    "%prompts list style --limit 1",
    "%prompts search brief",
    "%prompts show style/tone",
    "%prompts history style/tone",
    "%prompts diff style/tone",
    "%prompts dirs",
    "%prompts label style/tone staging 1",
    "%prompts restore style/tone 1",
    "%prompts referrers style/tone",
    "text = 'new text'\n%prompts impact style/tone text",
    "%prompts check",
    "%prompts export exported",
    "%prompts import exported --into imported",
    "%prompts rename imported/review imported/moved",
    "%prompts delete imported/moved",
    "%prompts trash",
    "%prompts recover imported/moved",
    "code = 'x = 1'\n%prompt review",
    "%prompt review@production code=y",
    "%prompt review --raw",
    "x = %prompt style/base tone=loud\nx",
    "%%prompt new/one -m first --tag a\nHello {{ name }}.",
    "%%expand name=Ada\n[[new/one]]",
]


def test_every_magic_works_on_a_server(kernel: Kernel) -> None:
    """In this order: some of them use what others have made."""
    shown = {cell: kernel.run(cell) for cell in MAGICS}

    types = {cell: {output["type"] for output in outputs} - {"display_data"} for cell, outputs in shown.items()}
    assert types == {cell: {"execute_result"} for cell in MAGICS}
    assert all(outputs[-1]["data"]["text/plain"] for outputs in shown.values())


def test_what_a_magic_shows_and_saves_is_what_the_team_has(kernel: Kernel, shared: Store) -> None:
    kernel.run("%%prompt team/prompt -m first\n>>> 1 + {{ n }}")
    assert (shared["team/prompt"].text, shared["team/prompt"].author) == (">>> 1 + {{ n }}", "ana")
    assert shared["team/prompt"].origin == "notebook"
    shown = kernel.run("%prompt team/prompt n=2")
    assert shown[0]["data"]["text/plain"] == ">>> 1 + 2"
    assert "pk-card" in shown[0]["data"]["text/html"]


def test_a_conflict_is_found_over_http_too(kernel: Kernel, shared: Store) -> None:
    kernel.run("%%prompt disputed\nmine")
    shared.save("disputed", "theirs")
    shown = kernel.run("%%prompt disputed\nmine again")
    assert [output["type"] for output in shown] == ["display_data", "error"]
    assert shown[1]["ename"] == "ConflictError"
    assert shared["disputed"].text == "theirs"


def test_an_error_is_one_line_with_its_own_name(kernel: Kernel) -> None:
    shown = kernel.run("%prompt reviw")
    assert [(output["ename"], output["evalue"]) for output in shown] == [
        ("PromptNotFoundError", "There is no prompt 'reviw'. Did you mean review?")
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%prompt sty|", ["style/base", "style/tone"]),
        ("%prompt review@p|", ["review@production"]),
        ("%prompt review co|", ["code="]),
        ("%%prompt new\n[[style/b|", ["style/base]]"]),
        ("%prompt nothing-like-it|", ["nothing-like-it"]),
    ],
)
def test_tab_asks_the_server(kernel: Kernel, code: str, expected: list[str]) -> None:
    found = kernel.complete(code)["matches"]
    # What other cells have made comes after it: it matches in the middle.
    assert found[: len(expected)] == expected if KNOWS_CELLS else set(expected) <= set(found)


def test_the_store_is_an_ordinary_one_in_the_kernel_and_its_loop(kernel: Kernel, server: ServerProcess) -> None:
    shown = kernel.run(
        "import asyncio, prompt_kernel as pk\nfrom prompt_kernel.client import AsyncClient\n"
        f"client = AsyncClient({server.url!r})\n"
        "texts = [(await client.get('style/base')).text, pk.connect()['style/base'].text]\n"
        "await client.close()\nasyncio.get_running_loop().is_running(), len(set(texts))"
    )
    assert shown[0]["data"]["text/plain"] == "(True, 1)"


def test_use_goes_from_one_store_to_another(kernel: Kernel, server: ServerProcess, tmp_path: Path) -> None:
    assert kernel.run(f"%prompts use {tmp_path / 'other.db'}")[0]["type"] == "execute_result"
    shown = kernel.run(f"%prompts use {server.url}/?token=of-no-use")
    assert shown[0]["type"] in ("execute_result", "error")
    shown = kernel.run(f"%prompts use {server.url}")
    assert server.url in shown[0]["data"]["text/plain"]
    shown = kernel.run(f"%prompts use http://127.0.0.1:{free_port()}")
    assert shown[0]["ename"] == "StoreUnavailableError"
    assert kernel.run("%prompts where")[0]["data"]["text/plain"].startswith(server.url)


# A Tab


@pytest.fixture
def world(bare_shell: InteractiveShell) -> Iterator[Callable[[str], NotebookWorld]]:
    """What completion asks in a notebook whose store is at a URL."""

    def load(url: str) -> NotebookWorld:
        bare_shell.config.PromptMagics.store = url
        prompt_kernel.load_ipython_extension(bare_shell)
        return NotebookWorld(bare_shell.magics_manager.registry["PromptMagics"])

    yield load
    prompt_kernel.unload_ipython_extension(bare_shell)


def test_a_tab_waits_half_a_second_at_most(world: Callable[[str], NotebookWorld]) -> None:
    with Canned(None) as silent:
        asked = world(silent.url)
        began = time.monotonic()
        found = [asked.paths("sty", 5), asked.pins("review"), asked.variables("review"), asked.paths("", 5)]
        first = time.monotonic() - began
        # As many threads wait for the server as may; nobody else waits at all.
        began = time.monotonic()
        found += [asked.paths("sty", 5) for _ in range(100)]
        rest = time.monotonic() - began

    assert found == [[]] * 104
    assert first < 10
    assert rest < 10


def test_a_notebook_goes_to_another_store_while_a_tab_waits(
    world: Callable[[str], NotebookWorld], bare_shell: InteractiveShell, tmp_path: Path
) -> None:
    with Canned(None) as silent:
        world(silent.url).paths("sty", 5)
        magics = bare_shell.magics_manager.registry["PromptMagics"]
        began = time.monotonic()
        magics.store = str(tmp_path / "other.db")
        assert magics.session.store.url.endswith("other.db")
        assert time.monotonic() - began < 10


def test_a_tab_on_a_server_that_is_gone_is_no_error(world: Callable[[str], NotebookWorld]) -> None:
    asked = world(f"http://127.0.0.1:{free_port()}")

    assert (asked.paths("sty", 5), asked.pins("review"), asked.variables("review")) == ([], [], [])


def test_a_tab_offers_the_newest_of_many_versions(
    world: Callable[[str], NotebookWorld], server: ServerProcess, shared: Store
) -> None:
    for number in range(60):
        shared.save("versions/many", str(number))
    shared.label("versions/many", "best", version=3)
    asked = world(server.url)
    asked.paths("", 1)  # opening the store may take longer than a Tab

    assert _until_answered(lambda: asked.pins("versions/many")) == ["best", *map(str, range(60, 10, -1))]


def _until_answered(ask: Callable[[], list[str]]) -> list[str]:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := ask():
            return found
    return []
