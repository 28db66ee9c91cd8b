"""The API over real sockets, and beside another process."""

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from prompt_kernel.server.api.bodies import MOST_BYTES
from prompt_kernel.store import Store
from tests.server.api import an_api


@contextmanager
def _served(store: Store) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(an_api(store), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def port(library: Store) -> Iterator[int]:
    with _served(library) as port:
        yield port


def _get(port: int, address: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", address)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def _begin(port: int, *headers: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    lines = ["POST /expand HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    return client


def _send_chunks(client: socket.socket, count: int) -> int:
    """Send a mebibyte again and again, until the server does not take more."""
    for number in range(count):
        try:
            client.sendall(b"100000\r\n" + b" " * 2**20 + b"\r\n")
        except OSError:
            return number
    return count


def _all_of(client: socket.socket) -> bytes:
    answer = b""
    try:
        while part := client.recv(65536):
            answer += part
    except ConnectionResetError:
        pass
    return answer


def test_a_body_in_chunks_is_cut_off_at_the_limit(port: int) -> None:
    with _begin(port, "Transfer-Encoding: chunked") as client:
        _send_chunks(client, MOST_BYTES // 2**20)
        client.sendall(b"2\r\n{}\r\n")
        answer = _all_of(client)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"larger than 16 MiB" in answer
    assert _get(port, "/health")[0] == 200


def test_a_length_that_is_too_large_is_refused_before_the_body(port: int) -> None:
    with _begin(port, f"Content-Length: {MOST_BYTES + 1}") as client:
        assert _all_of(client).startswith(b"HTTP/1.1 413 ")


def test_who_never_ends_their_body_keeps_nobody_waiting(port: int) -> None:
    slow = [_begin(port, "Content-Length: 1000") for _ in range(100)]
    for client in slow:
        client.sendall(b'{"te')

    assert _get(port, "/prompts/review")[0] == 200
    slow[0].sendall(b'xt": "x"}' + b" " * 987)
    assert slow[0].recv(12) == b"HTTP/1.1 200"
    for client in slow:
        client.close()
    assert _get(port, "/health")[1]["status"] == "ok"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/prompts/style%2Ftone", 200),
        ("/prompts/%73tyle/tone", 200),
        ("/prompts/%ED%A0%80", 404),
        ("/prompts/%00", 404),
        ("/prompts/%25", 404),
        ("/prompts/style/../review", 404),
        ("//prompts/review", 404),
        ("/prompts/review?version=%00", 422),
        ("/prompts?search=%ED%A0%80%00", 200),
    ],
)
def test_an_address_is_read_as_it_was_sent(port: int, address: str, status: int) -> None:
    assert _get(port, address)[0] == status


SAVING = """
import sys
from pathlib import Path
from starlette.testclient import TestClient
from prompt_kernel.server.api import make_api
from prompt_kernel.store import Store

with Store(sys.argv[1], author=sys.argv[2]) as store:
    client = TestClient(make_api(store, roots=[]))
    client.get("/prompts/a")
    print("ready", flush=True)
    sys.stdin.readline()
    answer = client.put("/prompts/a", json={"text": "by " + sys.argv[2], "expected": 1})
    print(answer.status_code, answer.json().get("mine", ""), flush=True)
"""


def test_of_two_processes_that_save_over_the_same_version_one_gets_a_409(store: Store) -> None:
    store.save("a", "first")
    programs = [
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", SAVING, store.url, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("ana", "ben")
    ]  # fmt: skip
    for program in programs:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
    outputs = [program.stdin.write("\n") or program.stdin.flush() for program in programs if program.stdin]
    outputs = [program.communicate()[0].strip() for program in programs]
    statuses = sorted(output.split()[0] for output in outputs)

    assert statuses == ["200", "409"]
    (loser,) = [name for name, output in zip(("ana", "ben"), outputs, strict=True) if output.startswith("409")]
    assert f"409 by {loser}" in outputs
    assert store.get("a").text != f"by {loser}"
    assert store.get("a").version == 2
