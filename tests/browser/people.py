"""A real dashboard in a process of its own, and the people who use it with real browsers."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
from playwright.async_api import Dialog, Locator, Page, Request, WebSocket, expect

from prompt_kernel.store import Store

SECONDS = 1000


class Dashboard:
    """A server process on a free port, and a store of the test's own beside it."""

    def __init__(self, place: Path, url: str = "") -> None:
        self.place, self.url_of_store = place, url or str(place)
        self.store = Store(self.url_of_store, author="ana", origin="notebook")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        command = [sys.executable, "-m", "prompt_kernel.cli", "dashboard", "--no-open", "--port", str(self.port)]
        with (self.place.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen([*command, "--store", self.url_of_store], stdout=log, stderr=log)  # noqa: S603 - our own command
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{self.url}/_stcore/health")
                return
        raise RuntimeError(f"the dashboard did not start:\n{self.log()}")

    def log(self) -> str:
        """What it has printed."""
        return (self.place.parent / "server.log").read_text("utf-8", "replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server: stop, continue, kill."""
        if self.process is not None:
            os.kill(self.process.pid, number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the server and wait for it."""
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(number)
            self.process.wait(30)


class Person:
    """Somebody at a browser."""

    def __init__(self, name: str, page: Page, dashboard: Dashboard) -> None:
        self.name, self.page, self.dashboard = name, page, dashboard
        self.alerts: list[str] = []
        self.foreign: list[str] = []
        self.stream: WebSocket | None = None
        page.on("dialog", self._dismiss)
        page.on("websocket", self._meet)
        page.on("request", self._note)

    async def _dismiss(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        await dialog.dismiss()

    def _meet(self, socket: WebSocket) -> None:
        if socket.url.endswith("/_stcore/stream"):
            self.stream = socket

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Wait until the page has told its server what is done in the block: a table waits for more before it does."""
        assert self.stream is not None
        async with self.stream.expect_event("framesent"):
            yield

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self.dashboard.url, "data:", "blob:")):
            self.foreign.append(request.url)

    @property
    def root(self) -> Locator:
        """The shared editor."""
        return self.page.locator(".pk-editor")

    @property
    def content(self) -> Locator:
        """Where one types."""
        return self.page.locator(".pk-editor .cm-content")

    async def visit(self, where: str = "") -> None:
        """Go to a page, and wait until its script has run and it hears keys."""
        await self.page.goto(f"{self.dashboard.url}/{where}")
        await self.idle()
        await expect(self.page.locator(".pk-keys")).to_be_attached(timeout=40 * SECONDS)

    async def idle(self) -> None:
        """Wait until Streamlit has nothing left to do."""
        app = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
        await expect(self.page.locator(app)).to_be_visible(timeout=40 * SECONDS)

    async def undo(self) -> None:
        """Take back what was done last."""
        await self.idle()
        await self.button("Undo").click()
        await expect(self.button("Undo")).to_be_hidden()

    async def edit(self, path: str) -> None:
        """Open a prompt in the shared editor and wait until it is in step with the server."""
        await self.visit(f"edit?prompt={quote(path)}")
        await self.synced()

    async def synced(self) -> None:
        """Wait until the editor is in step with the server."""
        await expect(self.page.locator(".pk-editor[data-synced=true]")).to_be_visible(timeout=40 * SECONDS)

    async def saved(self) -> None:
        """Wait until the database has acknowledged all that was typed."""
        await expect(self.page.locator(".pk-editor[data-state=saved]")).to_be_visible(timeout=40 * SECONDS)

    async def text(self) -> str:
        """The text of the editor."""
        found: str = await self.page.evaluate("[...promptKernel.editors.values()][0].view.state.doc.toString()")
        return found

    async def put_cursor(self, at: int) -> None:
        """Focus the editor with the cursor before the character at `at`."""
        await self.page.evaluate(
            "at => { const { view } = [...promptKernel.editors.values()][0];"
            " view.focus(); view.dispatch({ selection: { anchor: at } }); }",
            at,
        )

    async def type(self, text: str, *, at: int | None = None, delay: float = 5) -> None:
        """Type into the editor, key by key, at `at` or where the cursor is."""
        if at is not None:
            await self.put_cursor(at)
        await self.page.keyboard.type(text, delay=delay)

    async def sees(self, text: str) -> None:
        """Wait until the editor shows exactly `text`."""
        await until(self.text, text)

    def button(self, name: str) -> Locator:
        """The button with exactly this name; a shortcut stands behind it."""
        return self.page.get_by_role("button", name=re.compile(f"^{re.escape(name)}( Shortcut .*)?$"))

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog")

    async def address(self) -> str:
        """Where the browser is, without the server."""
        # `page.url` changes only while the loop runs, which asking the page lets it.
        return unquote(await self.page.evaluate("location.href")).removeprefix(f"{self.dashboard.url}/")

    async def is_at(self, address: str) -> None:
        """Wait until the browser is there."""
        await until(self.address, address)

    def row(self, path: str) -> Locator:
        """A prompt in the library's list."""
        return self.page.locator(f'.pk-library tr[data-path="{path}"]')

    async def paths(self) -> list[str]:
        """The prompts that the library lists, in order."""
        rows = self.page.locator(".pk-library tr[data-path]")
        return [path or "" for path in await rows.evaluate_all("rows => rows.map(row => row.dataset.path)")]

    async def lists(self, *paths: str) -> None:
        """Wait until the library lists exactly these prompts."""
        await until(self.paths, list(paths))

    async def reads(self, sentence: str | re.Pattern[str]) -> None:
        """Wait until the page says this."""
        await expect(self.page.get_by_text(sentence).filter(visible=True).first).to_be_visible()

    async def choose(self, field: str, option: str) -> None:
        """Choose an option of a field, or write a new one into it."""
        box = self.page.get_by_role("combobox", name=field)
        await box.click()
        await box.fill(option)
        await self.page.get_by_role("option").filter(has_text=option).first.click()

    async def pane(self, title: str) -> Locator:
        """Open a pane beside the editor, and return it."""
        pane = self.page.get_by_test_id("stExpander").filter(has=self.page.locator("summary", has_text=title))
        if await pane.locator("details").get_attribute("open") is None:
            await pane.locator("summary").click()
        return pane


async def until(look: Callable[[], Awaitable[object]], wanted: object, seconds: float = 30) -> None:
    """Look again until it is what was wanted; fail with what it was at last."""
    end = time.monotonic() + seconds
    while (found := await look()) != wanted and time.monotonic() < end:
        pass
    assert found == wanted, f"{found!r}, and not {wanted!r}"


Enter = Callable[..., Awaitable[Person]]
