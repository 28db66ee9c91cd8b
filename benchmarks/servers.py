"""Servers in processes of their own: the dashboard, and what it is measured beside."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

_PATIENCE = 60
_PAUSE = 0.002
_SCRIPT = str(Path(__file__).with_name("serve.py"))


class MissingError(Exception):
    """Something cannot be measured here; the sentence says what is missing."""


class ServerError(Exception):
    """A server did not start; the message has what it printed."""


def need(*modules: str) -> None:
    """Make sure that these modules are installed; the dashboard's own need not be named.

    Raises:
        MissingError: one of them is not.
    """
    for module in (*modules, "streamlit", "pycrdt"):
        if find_spec(module) is None:
            raise MissingError(f"{module} is not installed")


class Server:
    """A server on a free port of this machine. `arguments` are Python's; `{port}` stands for the port.

    Within the block it runs; `start` and `stop` can also be called by hand.
    """

    def __init__(self, name: str, arguments: Sequence[str], folder: Path, health: str = "_stcore/health") -> None:
        """Log to `folder`; the server is up when it answers to the path `health`."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        self.name, self.url = name, f"http://127.0.0.1:{port}"
        self._command = [sys.executable, *(argument.replace("{port}", port) for argument in arguments)]
        self._log = folder / f"server-{port}.log"
        self._health = f"{self.url}/{health}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> float:
        """Start it, and return the seconds until it answered.

        Raises:
            ServerError: it has ended, or does not answer.
        """
        started = time.perf_counter()
        with self._log.open("ab") as log:
            process = self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: S603 - our own
        while (took := time.perf_counter() - started) < _PATIENCE and process.poll() is None:
            # Before it listens the connection is refused, and the answer could be an error until it is ready.
            with suppress(OSError), urllib.request.urlopen(self._health):  # noqa: S310 - always http
                return took
            time.sleep(_PAUSE)
        self.stop()
        raise ServerError(f"{self.name} did not start:\n{self._log.read_text('utf-8', 'replace')}")

    def stop(self) -> None:
        """Stop it, and wait until it has kept what it has to keep."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def memory(self) -> int:
        """Return the bytes of memory that the running server holds."""
        if self._process is None:
            raise ServerError(f"{self.name} does not run.")
        pid = self._process.pid
        counted = Path(f"/proc/{pid}/statm")
        if counted.exists():
            return int(counted.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
        command = ["/bin/ps", "-o", "rss=", "-p", str(pid)]
        listed = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - a fixed command
        return int(listed.stdout) * 1024


def dashboard(store: Path, folder: Path) -> Server:
    """Return the dashboard of `store`, as a user starts it."""
    command = ["-m", "prompt_kernel.cli", "dashboard", "--no-open", "--port", "{port}", "--store", str(store)]
    return Server("Prompt Kernel", command, folder)


def dashboard_with_tokens(store: Path, uid: str, tokens: Path, count: int, folder: Path) -> Server:
    """Return the same, which writes `count` tokens for the room of the prompt `uid` to the file `tokens`."""
    return Server("Prompt Kernel", [_SCRIPT, "dashboard", "{port}", str(store), uid, str(tokens), str(count)], folder)


def broadcast(folder: Path) -> Server:
    """Return a server with one WebSocket, `/socket`, that sends everybody what anybody sends, and a page for it."""
    return Server("bare socket", [_SCRIPT, "broadcast", "{port}"], folder, health="")


def hello(folder: Path) -> Server:
    """Return Streamlit with a page of two lines, served as the dashboard is."""
    return Server("Streamlit hello", [_SCRIPT, "hello", "{port}"], folder)


def api(store: Path, folder: Path) -> Server:
    """Return the API of `store` without pages, as a user starts it."""
    command = ["-m", "prompt_kernel.cli", "serve", "--port", "{port}", "--store", str(store)]
    return Server("Prompt Kernel's API", command, folder, health="api/health")


def route(answers: Path, folder: Path) -> Server:
    """Return a server of two bare routes, `/get` and `/expand`, that give what the file `answers` holds."""
    return Server("bare routes", [_SCRIPT, "route", "{port}", str(answers)], folder, health="get")
