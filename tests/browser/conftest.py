"""Each test has its own server and store, and each person a browser context of their own: cookies and storage apart.

The browser belongs to the session, so that all tests of this folder share the session's event loop.
"""

import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from tests.browser.lab import Lab, Notebook, OpenNotebook
from tests.browser.people import SECONDS, Dashboard, Enter, Person

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=20 * SECONDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def _chromium() -> str | None:
    """The system's own Chromium, or None for the one that Playwright has fetched."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard that is not started yet."""
    made = Dashboard(tmp_path / "prompts.db")
    yield made
    made.end(signal.SIGKILL)
    made.store.close()


@pytest.fixture
def dashboard(stopped: Dashboard) -> Dashboard:
    """A running dashboard on the small library that the notebook tests know."""
    stopped.store.save("style/tone", "Speak plainly.\n", description="How to sound", tags=["style"])
    stopped.store.save("style/base", "[[style/tone]]Be brief.\n", tags=["style"])
    stopped.store.save("review", "[[style/base]]Review this: {{ code }}\n", description="Review some code")
    stopped.start()
    return stopped


@pytest.fixture
def two_dashboards(postgres: str, tmp_path: Path) -> Iterator[tuple[Dashboard, Dashboard]]:
    """Two running dashboards on one store in PostgreSQL."""
    made = Dashboard(tmp_path / "first", postgres), Dashboard(tmp_path / "second", postgres)
    for one in made:
        one.start()
    yield made
    for one in made:
        one.end(signal.SIGKILL)
        one.store.close()


@pytest_asyncio.fixture(loop_scope="session")
async def enter(browser: Browser, stopped: Dashboard) -> AsyncIterator[Enter]:
    """Let a person come in, with a browser of their own: `ben = await enter("Ben")`."""
    contexts: list[BrowserContext] = []

    async def come(
        name: str, *, width: int = 1280, height: int = 900, dark: bool = False, to: Dashboard = stopped
    ) -> Person:
        context = await browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        await context.add_init_script("localStorage.setItem('pk:test', '1')")
        await context.add_cookies([{"name": "pk_name", "value": quote(name), "url": to.url}])
        return Person(name, await context.new_page(), to)

    yield come
    for context in contexts:
        await context.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running JupyterLab, one for all tests: starting it takes longer than what is asked of it."""
    made = Lab(tmp_path_factory.mktemp("lab"))
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest_asyncio.fixture(loop_scope="session")
async def open_notebook(browser: Browser, lab: Lab, tmp_path: Path) -> AsyncIterator[OpenNotebook]:
    """Open a new notebook in a browser of its own: `notebook = await open_notebook(store.url)`.

    Its page asks nothing of anything but this machine; that is looked at in the end.
    """
    opened: list[Notebook] = []

    async def come(
        store: str = "", *, cells: tuple[str, ...] = (), author: str = "ana", width: int = 1280, height: int = 900,
        dark: bool = False,
    ) -> Notebook:  # fmt: skip
        context = await browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        await context.add_init_script("localStorage.setItem('pk:test', '1')")
        name = lab.write_notebook(*cells)
        notebook = Notebook(await context.new_page(), lab, name, store or str(tmp_path / "prompts.db"), author)
        opened.append(notebook)
        await notebook.open()
        return notebook

    yield come
    for notebook in opened:
        await notebook.close()
    assert [address for notebook in opened for address in notebook.foreign] == []
