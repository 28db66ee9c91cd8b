"""Servers to talk to: a real one as a process of its own, and one in between that counts, holds back and drops."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

PROGRAM = [sys.executable, "-m", "prompt_kernel.cli"]


class ServerProcess:
    """`prompt-kernel serve`, on a store of its own."""

    def __init__(self, home: Path, *arguments: str, port: int = 0) -> None:
        """Start it on the store in `home`, and wait until it says where it is."""
        self.store_url = f"sqlite:///{home / 'prompts.db'}"
        self.log = home / "server.log"
        command = [*PROGRAM, "serve", "--port", str(port), "--store", self.store_url, "--author", "host", *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - ourselves
                command, stdout=subprocess.PIPE, stderr=log, env=os.environ | {"HOME": str(home)}, cwd=home, text=True
            )
        guard = threading.Timer(60, self.process.kill)
        guard.start()
        line = self.process.stdout.readline() if self.process.stdout else ""
        guard.cancel()
        found = re.search(r"http://127\.0\.0\.1:([0-9]+)", line)
        if found is None:
            raise RuntimeError(f"the server did not start: {line}\n{self.log.read_text()}")
        self.url, self.port = found[0], int(found[1])

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Exchange(NamedTuple):
    """One request and its answer, as they went by."""

    method: str
    target: str
    headers: dict[str, str]
    status: int


class _Message(NamedTuple):
    first: str
    headers: dict[str, str]
    raw: bytes


#: Whether an answer is to be dropped: it is told how many came before, and the exchange.
Drop = Callable[[int, Exchange], bool]


class Between:
    """A TCP proxy before a server. What it drops, the server has done, and the client never hears of."""

    def __init__(self, port: int, *, drop: Drop = lambda _number, _exchange: False) -> None:
        self._port, self._drop = port, drop
        self.seen: list[Exchange] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = {self._listener}
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def statuses(self, method: str, target: str) -> list[int]:
        """Return what requests to one address were answered, in order."""
        return [each.status for each in self.seen if (each.method, each.target) == (method, target)]

    def close(self) -> None:
        with self._lock:
            for each in self._open:
                _end(each)
            self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(client)
                self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, socket.create_connection(("127.0.0.1", self._port)) as server:
                asking, answering = client.makefile("rb"), server.makefile("rb")
                with asking, answering:
                    while self._pass_on(client, server, asking, answering):
                        continue
        except OSError:
            return
        finally:
            with self._lock:
                self._open.discard(client)

    def _pass_on(self, client: socket.socket, server: socket.socket, asking: object, answering: object) -> bool:
        request = _message(asking)
        if request is None:
            return False
        server.sendall(request.raw)
        method, target, _ = request.first.split(" ")
        answer = _message(answering)
        if answer is None:
            return False
        with self._lock:
            exchange = Exchange(method, target, request.headers, int(answer.first.split(" ")[1]))
            drop = self._drop(len(self.seen), exchange)
            self.seen.append(exchange)
        if drop:
            return False
        client.sendall(answer.raw)
        return True


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


def _message(stream: object) -> _Message | None:
    """Read one message of HTTP that says how long it is."""
    lines = []
    while (line := stream.readline()) not in (b"\r\n", b""):  # type: ignore[attr-defined]  # a file of a socket
        lines.append(line)
    if not lines:
        return None
    pairs = (line.decode("latin-1").rstrip("\r\n").partition(":") for line in lines[1:])
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = stream.read(int(headers.get("content-length", "0")))  # type: ignore[attr-defined]  # see above
    return _Message(lines[0].decode("latin-1").rstrip("\r\n"), headers, b"".join([*lines, b"\r\n", body]))


class Canned:
    """A server that answers everything with the same bytes, and then closes; or never answers at all."""

    def __init__(self, answer: bytes | None) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.asked = 0
        self._waiting: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def answer_to(self, first: str) -> bytes | None:  # noqa: ARG002 - for who answers by it
        """Return what to answer to a request with that first line."""
        return self._answer

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._waiting.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client.makefile("rb") as stream:
                request = _message(stream)
            self.asked += 1
            answer = self.answer_to(request.first if request else "")
            if answer is not None:
                client.sendall(answer)
                _end(client)
        except (OSError, ValueError):
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._listener)
        for client in self._waiting:
            _end(client)


def canned(status: str, body: str = "", kind: str = "text/html", **headers: str) -> bytes:
    """Return an answer of HTTP as bytes."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    content = body.encode()
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(content)}", *lines]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + content


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
