"""How long pages take to open, beside a page of Streamlit with nothing on it.

Both servers are started anew in each repeat. The first page after that pays for what a server imports on use; then a
browser that has nothing in its cache opens pages of the warm server, and then the same browser opens them again.
"""

import asyncio
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import servers
import worlds
from browsers import MILLISECONDS, PATIENCE, SYNCED, chromium
from store import Stores
from timing import WALL, Result, Work, compared

if TYPE_CHECKING:
    from playwright.async_api import Browser

Page = tuple[str, str]

_OURS, _HELLO = "Prompt Kernel", "Streamlit hello"
_ROWS = ".pk-library tbody [data-path]"
_SAID = "text=Welcome to Streamlit."
_LIBRARY, _EDITOR = "", f"edit?prompt={quote(worlds.COMPOSITE)}"
#: Milliseconds from the navigation until the browser had painted something of the page.
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
#: What is measured, and what each of it is called in a table.
_TITLES = {
    "page-start": "from the start of the server to its first answer",
    "page-first": "the first page after that: to the rows of the library",
    "page-paint": "from the navigation to the first paint, cold browser",
    "page-library": "from the navigation to the rows of the library, cold browser",
    "page-editor": "from the navigation to the editor in step with the server, cold browser",
    "page-library-again": "to the rows, the browser was there before",
    "page-editor-again": "to the editor in step, the browser was there before",
}
NAMES = tuple(_TITLES)


def measure(stores: Stores) -> list[Result]:
    """Start both servers and open their pages, in turns.

    Raises:
        MissingError: there is no browser.
    """
    return asyncio.run(_measure(stores))


async def _measure(stores: Stores) -> list[Result]:
    size, folder = stores.sizes.middle, stores.folder
    file = folder / "pages.db"
    shutil.copyfile(stores.build(size), file)
    taken: dict[str, dict[str, list[float]]] = {name: {_OURS: [], _HELLO: []} for name in NAMES}
    async with chromium() as (browser,):
        for repeat in range(stores.sizes.page_repeats):
            for visit in (_ours, _hello) if repeat % 2 else (_hello, _ours):
                who, figures = await visit(browser, file, folder)
                for name, seconds in figures.items():
                    taken[name][who].append(seconds)
    return [
        compared(Work(name, f"{title}, {size:,} prompts", _HELLO, None, [], WALL), taken[name])
        for name, title in _TITLES.items()
    ]


async def _ours(browser: "Browser", file: Path, folder: Path) -> tuple[str, dict[str, float]]:
    server = servers.dashboard(file, folder)
    return _OURS, await _visit(browser, server, (_LIBRARY, _ROWS), (_EDITOR, SYNCED))


async def _hello(browser: "Browser", _: Path, folder: Path) -> tuple[str, dict[str, float]]:
    return _HELLO, await _visit(browser, servers.hello(folder), ("", _SAID), ("", _SAID))


async def _visit(browser: "Browser", server: servers.Server, library: Page, editor: Page) -> dict[str, float]:
    """Return the seconds of everything that is measured; a page is its path, and what selects when it is there."""
    figures = {"page-start": server.start()}
    try:
        [(figures["page-first"], _)] = await _open(browser, server.url, library)
        (figures["page-library"], figures["page-paint"]), (figures["page-library-again"], _) = await _open(
            browser, server.url, library, library
        )
        (figures["page-editor"], _), (figures["page-editor-again"], _) = await _open(
            browser, server.url, editor, editor
        )
    finally:
        server.stop()
    return figures


async def _open(browser: "Browser", url: str, *pages: Page) -> list[tuple[float, float]]:
    """Open one page after the other with an empty cache; return the seconds until each was there, and was painted."""
    context = await browser.new_context()
    taken = []
    for path, ready in pages:
        page = await context.new_page()
        started = time.perf_counter()
        await page.goto(f"{url}/{path}", wait_until="commit")
        await page.locator(ready).first.wait_for(timeout=PATIENCE)
        there = time.perf_counter() - started
        painted = await page.wait_for_function(_PAINTED, timeout=PATIENCE)
        taken.append((there, await painted.json_value() / MILLISECONDS))
        await page.close()
    await context.close()
    return taken
