"""A real JupyterLab in a process of its own, and notebooks that are open in a real browser."""

import ast
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from playwright.async_api import Dialog, Locator, Page, Request, WebSocket, expect

from tests.browser.people import SECONDS, until

#: Nothing is asked of the world beyond this machine, nothing asks the user, and every cell is in the page.
_OPTIONS = {
    "LabApp.expose_app_in_browser": True,
    "LabApp.extension_manager": "readonly",
    "LabApp.news_url": "None",
    "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "IdentityProvider.token": "",
    "ServerApp.ip": "127.0.0.1",
    "ServerApp.port_retries": 0,
    "ServerApp.allow_root": True,
    "ServerApp.open_browser": False,
    "ServerApp.terminals_enabled": False,
    "FileContentsManager.delete_to_trash": False,
}
_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"adaptive-theme": True},
    "notebook-extension/tracker": {"windowingMode": "none", "recordTiming": False},
    "docmanager-extension/plugin": {"autosave": False},
}
_HOMES = ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "XDG_DATA_HOME")


class Lab:
    """A JupyterLab server on a free port of the loopback, with a folder and a home of its own.

    All tests share one; each notebook has a kernel of its own, which uses the store that it was opened with.
    """

    def __init__(self, place: Path) -> None:
        self.place, self.root = place, place / "root"
        self.root.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._opened = 0

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._write_settings()
        options = {**_OPTIONS, "ServerApp.port": self.port, "ServerApp.root_dir": self.root}
        command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
        homes = dict.fromkeys(_HOMES, str(self.place / "home"))
        with (self.place / "lab.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **homes})  # noqa: S603 - our own command
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{self.url}/api")
                return
        raise RuntimeError(f"JupyterLab did not start:\n{self.log()}")

    def _write_settings(self) -> None:
        folder = self.place / "home" / "lab" / "user-settings" / "@jupyterlab"
        for name, settings in _SETTINGS.items():
            file = folder / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings), "utf-8")

    def log(self) -> str:
        """What it has printed."""
        return (self.place / "lab.log").read_text("utf-8", "replace")

    def end(self) -> None:
        """End the server with its kernels, and wait for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def write_notebook(self, *cells: str) -> str:
        """Write a notebook of code cells into the root; return its name."""
        self._opened += 1
        name = f"notebook{self._opened}.ipynb"
        content = {
            "cells": [{"cell_type": "code", "id": f"c{at}", "source": cell, "metadata": {}, "outputs": [],
                       "execution_count": None} for at, cell in enumerate(cells)],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }  # fmt: skip
        (self.root / name).write_text(json.dumps(content), "utf-8")
        return name


class Notebook:
    """A notebook that is open in a page of JupyterLab.

    `foreign` lists what the page asked of anything but this machine; `alerts` what its browser asked.
    """

    def __init__(self, page: Page, lab: Lab, name: str, store: str = "", author: str = "ana") -> None:
        self.page, self.lab, self.name = page, lab, name
        self._beginning = (
            f"__import__('os').environ['PROMPT_KERNEL_URL'] = {store!r}\n"
            f"%load_ext prompt_kernel\n%config PromptMagics.author = {author!r}"
        )
        self.foreign: list[str] = []
        self.alerts: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._note)
        page.on("websocket", self._note)
        page.on("dialog", self._dismiss)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, made: Request | WebSocket) -> None:
        address = urlsplit(made.url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.foreign.append(made.url)

    async def _dismiss(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        await dialog.accept()

    async def open(self) -> None:
        """Open it alone in the page, and wait until its kernel is ready."""
        await self.page.goto(f"{self.lab.url}/doc/tree/{quote(self.name)}")
        await expect(self.page.locator(".jp-Notebook")).to_be_visible(timeout=60 * SECONDS)
        await self.begin_session()

    async def begin_session(self) -> None:
        """Wait for a new kernel, and give it the extension and the notebook's store, without a cell."""
        await self.ready()
        await self.do(self._beginning)

    async def ready(self) -> None:
        """Wait until the kernel has nothing to do: what is asked of it earlier would be lost."""
        await self.page.wait_for_function(
            "() => { const session = jupyterapp.shell.currentWidget?.sessionContext?.session;"
            " return session?.kernel?.connectionStatus === 'connected' && session.kernel.status === 'idle'; }",
            timeout=60 * SECONDS,
        )

    async def add(self, source: str, *, run: bool = True) -> Locator:
        """Add a code cell at the end; run it, and wait until it has run. Return the cell."""
        index = await self.page.evaluate(
            "async ([source, run]) => {"
            " const { content, sessionContext } = jupyterapp.shell.currentWidget;"
            " const cells = content.model.sharedModel;"
            " const index = cells.cells.length;"
            " cells.insertCell(index, { cell_type: 'code', source });"
            " content.activeCellIndex = index;"
            " if (run) await jupyterapp.commands.execute('notebook:run-cell');"
            " return index; }",
            [source, run],
        )
        return self.cell(index)

    async def run(self, source: str) -> Locator:
        """Add a cell at the end and run it; return where its outputs are.

        Raises:
            AssertionError: the cell has failed.
        """
        cell = await self.add(source)
        failed = [output for output in (await self.outputs())[-1] if output["output_type"] == "error"]
        assert failed == [], failed
        return cell.locator(".jp-OutputArea").first

    async def begin(self, source: str) -> Locator:
        """Add a cell at the end and start it; return the cell without waiting for its end."""
        cell = await self.add(source, run=False)
        await self.page.evaluate("() => { void jupyterapp.commands.execute('notebook:run-cell'); }")
        return cell

    async def value(self, expression: str) -> Any:
        """Ask the kernel for the value of an expression, which JSON can write, beside the cells of the notebook."""
        found = await self.do("", value=f"__import__('json').dumps({expression})")
        # The representation of a string of JSON is a literal of Python; the reply has no other form of it.
        return json.loads(ast.literal_eval(found["value"]["data"]["text/plain"]))

    async def do(self, code: str, **expressions: str) -> dict[str, Any]:
        """Let the kernel run code without a cell; return what it says of the expressions."""
        reply = await self.page.evaluate(
            "async ([code, user_expressions]) => {"
            " const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;"
            " return (await kernel.requestExecute({ code, user_expressions, store_history: false }).done).content; }",
            [code, expressions],
        )
        assert reply["status"] == "ok", reply
        found: dict[str, Any] = reply["user_expressions"]
        assert all(value["status"] == "ok" for value in found.values()), found
        return found

    def cell(self, index: int) -> Locator:
        """The cell at `index`."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    async def sources(self) -> list[str]:
        """The texts of all cells, in order."""
        found: list[str] = await self.page.evaluate(
            "() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(cell => cell.source)"
        )
        return found

    async def outputs(self) -> list[list[dict[str, Any]]]:
        """What each cell has put out, as it would be saved."""
        found: list[list[dict[str, Any]]] = await self.page.evaluate(
            "() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells"
            ".map(cell => cell.toJSON().outputs ?? [])"
        )
        return found

    async def restart(self) -> None:
        """Restart the kernel, as the menu does, and wait until it is ready again."""
        await self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
        await self.begin_session()

    async def save(self) -> dict[str, Any]:
        """Save the notebook; return what was written."""
        await self.page.evaluate("() => jupyterapp.shell.currentWidget.context.save()")
        written: dict[str, Any] = json.loads((self.lab.root / self.name).read_text("utf-8"))
        return written

    async def close(self) -> None:
        """End its kernel, and leave without saving."""
        await self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        await self.page.context.close()


#: `await open_notebook(store_url)`, with `width=`, `height=` and `dark=`.
OpenNotebook = Callable[..., Awaitable[Notebook]]


class LabEditor:
    """The shared editor in the output of a cell."""

    def __init__(self, notebook: Notebook, output: Locator) -> None:
        self.page, self.root = notebook.page, output.locator(".pk-editor")

    @property
    def content(self) -> Locator:
        """Where one types."""
        return self.root.locator(".cm-content")

    async def synced(self) -> None:
        """Wait until it is in step with its room."""
        await expect(self.root).to_have_attribute("data-synced", "true", timeout=40 * SECONDS)

    async def is_in(self, state: str) -> None:
        """Wait until it says that all is `saved`, or what else is the case."""
        await expect(self.root).to_have_attribute("data-state", state, timeout=40 * SECONDS)

    async def text(self) -> str:
        """The text that it shows."""
        # Cursors of others stand in the lines, with their names.
        lines: list[str] = await self.content.locator(".cm-line").evaluate_all(
            "lines => lines.map(line => { const copy = line.cloneNode(true);"
            " copy.querySelectorAll('.pk-caret').forEach(caret => caret.remove()); return copy.textContent; })"
        )
        return "\n".join(lines)

    async def sees(self, text: str) -> None:
        """Wait until it shows exactly `text`."""
        await until(self.text, text)

    async def type(self, text: str) -> None:
        """Type at the end of the text, key by key."""
        await self.content.focus()
        await self.page.keyboard.press("Control+End")
        await self.page.keyboard.type(text, delay=5)
