"""A server as a process of its own, with pages or without, and requests to it byte by byte."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

PROGRAM = [sys.executable, "-m", "prompt_kernel.cli"]
MINTING = """
import sys
from prompt_kernel_dashboard import launch, resources

def announce(line):
    print(line, *[resources.get().tokens.mint(uid, "Ana") for uid in sys.argv[2:]], sep="\\t", flush=True)

launch.run(None, port=int(sys.argv[1]), open_browser=False, announce=announce)
"""
SOCKET = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


class Answer(NamedTuple):
    """An answer of HTTP; `headers` are as they came, in lower case."""

    status: int
    headers: str
    body: bytes

    def header(self, name: str) -> str:
        """Return a header, "" where there is none."""
        lines = (line.partition(": ") for line in self.headers.split("\r\n"))
        return next((value for key, _, value in lines if key == name), "")


def ask(port: int, method: str, target: str, headers: dict[str, str | None], body: bytes = b"") -> Answer:
    """Send one request, exactly as given (a header of None is left out), and return the answer to it."""
    given = {"Host": f"127.0.0.1:{port}", "Connection": "close", "Content-Length": str(len(body)), **headers}
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""])
        connection.sendall(head.encode() + body)
        return _read(connection)


def _read(connection: socket.socket) -> Answer:
    received = b""
    while part := connection.recv(65_536):
        received += part
        if received.startswith(b"HTTP/1.1 101") and b"\r\n\r\n" in received:
            break  # it stays open now
    head, _, body = received.partition(b"\r\n\r\n")
    first, _, headers = head.decode("latin-1").partition("\r\n")
    return Answer(int(first.split()[1]), headers.lower(), body)


class Server:
    """A server that runs in a process of its own."""

    def __init__(
        self, home: Path, *arguments: str, port: int = 0, mint: Sequence[str] = (), pages: bool = True
    ) -> None:
        """Start it on the store in `home` and wait until it says where it is.

        It is a dashboard, or without `pages` what programs need of one. `mint` are uids to make tokens for, which pages
        do otherwise.
        """
        command = [sys.executable, "-c", MINTING, str(port), *mint]
        if not mint:
            kind = ["dashboard", "--no-open"] if pages else ["serve"]
            command = [*PROGRAM, *kind, "--port", str(port), *arguments]
        environment = os.environ | {"HOME": str(home), "PROMPT_KERNEL_URL": str(home / "prompts.db")}
        self.log = home / "server.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - ourselves
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                cwd=home,
                text=True,
            )
        guard = threading.Timer(60, self.process.kill)
        guard.start()
        first = self.process.stdout.readline().rstrip("\n") if self.process.stdout else ""
        guard.cancel()
        self.line, *self.tokens = first.split("\t")
        if not self.line:
            raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")
        found = re.search(r"http://\S+?:(\d+)", self.line)
        self.port = int(found[1]) if found else 0

    def end(self, number: signal.Signals = signal.SIGTERM, *, within: float = 30) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(within)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def ask(self, method: str, target: str, headers: dict[str, str | None] | None = None, body: bytes = b"") -> Answer:
        """Send it one request; see `ask`."""
        return ask(self.port, method, target, headers or {}, body)

    def knock(self, target: str, headers: dict[str, str | None] | None = None) -> Answer:
        """Ask it to open a WebSocket; 101 says that it did."""
        return self.ask("GET", target, {**SOCKET, **(headers or {})})


Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers on the test's own store."""
    started: list[Server] = []

    def start(*arguments: str, port: int = 0, mint: Sequence[str] = (), pages: bool = True) -> Server:
        started.append(Server(tmp_path, *arguments, port=port, mint=mint, pages=pages))
        return started[-1]

    yield start
    for server in started:
        server.end(signal.SIGKILL)


@pytest.fixture(scope="session")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard that everybody on this machine may use, for tests that change nothing."""
    server = Server(tmp_path_factory.mktemp("open"))
    yield server
    server.end()


@pytest.fixture(scope="session")
def locked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard that asks for a token, for tests that change nothing."""
    server = Server(tmp_path_factory.mktemp("locked"), "--token", "a token: of some length")
    yield server
    server.end()


@pytest.fixture(scope="session")
def open_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without pages that everybody on this machine may use, for tests that change nothing."""
    server = Server(tmp_path_factory.mktemp("programs"), pages=False)
    yield server
    server.end()


@pytest.fixture(scope="session")
def locked_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without pages that asks for a token, for tests that change nothing."""
    home = tmp_path_factory.mktemp("locked-programs")
    server = Server(home, "--token", "a token: of some length", pages=False)
    yield server
    server.end()
