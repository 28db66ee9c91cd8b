"""A headless Chromium."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from servers import MissingError, need

if TYPE_CHECKING:
    from playwright.async_api import Browser

#: Selects the editor of a prompt, once it is in step with the server.
SYNCED = ".pk-editor[data-synced=true]"
MILLISECONDS = 1000
#: How long, in milliseconds, a page may take for anything.
PATIENCE = 60 * MILLISECONDS

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@asynccontextmanager
async def chromium(count: int = 1) -> AsyncIterator[list["Browser"]]:
    """Launch `count` browsers: the system's Chromium, or the one that Playwright has fetched.

    Raises:
        MissingError: there is none, or a package that this needs is not installed.
    """
    need("playwright")
    from playwright.async_api import Error, async_playwright  # noqa: PLC0415 - not everybody has it

    async with async_playwright() as playwright:
        found = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
        try:
            launched = [await playwright.chromium.launch(executable_path=found, args=_FLAGS) for _ in range(count)]
        except Error as error:
            raise MissingError("no Chromium starts: install it, or run `playwright install chromium`") from error
        try:
            yield launched
        finally:
            for browser in launched:
                await browser.close()
