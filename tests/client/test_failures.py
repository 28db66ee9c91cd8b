"""What can go wrong between here and a server: each is one sentence that says what, where, and what to do."""

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import prompt_kernel as pk
from prompt_kernel.client import AsyncClient, Client
from prompt_kernel.errors import (
    AccessDeniedError,
    InvalidMetadataError,
    InvalidRequestError,
    MissingExtraError,
    PromptKernelError,
    PromptNotFoundError,
    ReadOnlyStoreError,
    StoreUnavailableError,
    VersionNotFoundError,
)
from prompt_kernel.store import Store
from tests.client.servers import Canned, ServerProcess, canned, free_port

_ELSE = "what answers there is no Prompt Kernel server"


async def _sentence(error: type[PromptKernelError], url: str, **options: object) -> str:
    """What both clients say when they are asked for a prompt; it is the same."""
    with Client(url, **options) as client, pytest.raises(error) as waited:  # type: ignore[arg-type]  # of the tests
        client.get("style/tone")
    async with AsyncClient(url, **options) as aclient:  # type: ignore[arg-type]  # see above
        with pytest.raises(error) as awaited:
            await aclient.get("style/tone")
    assert str(waited.value) == str(awaited.value)
    return str(waited.value)


async def test_a_stopped_server() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    assert await _sentence(StoreUnavailableError, url) == (
        f"The store {url} cannot be used: the server does not answer; start it with `prompt-kernel serve`, or check "
        "the address."
    )
    with pytest.raises(StoreUnavailableError, match="the server does not answer"):
        pk.connect(url)


async def test_a_host_that_nobody_knows() -> None:
    assert await _sentence(StoreUnavailableError, "http://no-such-host.invalid:8501") == (
        "The store http://no-such-host.invalid:8501 cannot be used: no host of that name is known; check the address, "
        "and the network."
    )


async def test_a_server_that_takes_too_long() -> None:
    with Canned(None) as silent:
        assert await _sentence(StoreUnavailableError, silent.url, timeout=0.2) == (
            f"The store {silent.url} cannot be used: no answer came within 0.2 seconds; try again, or give it longer "
            "with timeout=…."
        )
        assert silent.asked == 2  # each of them once: who was slow is not asked again


def test_a_write_that_nobody_heard_of_says_so() -> None:
    with (
        Canned(None) as silent,
        Client(silent.url, timeout=0.2) as client,
        pytest.raises(StoreUnavailableError, match=r"may have been done all the same: look before you repeat it\.$"),
    ):
        client.save("style/tone", "x")
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(StoreUnavailableError) as refused:
        client.save("style/tone", "x")

    assert "may have been done" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (canned("200 OK", "<html>"), f"{_ELSE} (it sent text/html); check the address"),
        (canned("200 OK", "{", "application/json"), f"{_ELSE} (it sent application/json); check the address"),
        (canned("404 Not Found", "<html>"), f"{_ELSE} (it answered 404 Not Found); check the address"),
        (canned("404 Not Found", '{"detail":"x"}', "application/json"), f"{_ELSE} (it answered 404 Not Found); check"),
        (canned("500 Oops", "<html>"), f"{_ELSE} (it answered 500 Oops); check the address"),
        (canned("418 I'm a teapot", ""), f"{_ELSE} (it answered 418 I'm a teapot); check the address"),
        (canned("502 Bad Gateway", "<html>"), "a proxy answered 502 Bad Gateway for the server; try again in a while"),
        (canned("503 Busy", "busy", "text/plain"), "a proxy answered 503 Busy for the server; try again in a while"),
        (
            canned("308 Moved", Location="https://host.example/x?token=secret#y"),
            "the server has moved to https://host.example/x; connect to that address",
        ),
        (b"220 mail.example ESMTP\r\n\r\n", f"{_ELSE} (it does not speak HTTP); check the address"),
        (b"", "the connection broke off; try again"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "the connection broke off; try again"),
    ],
)
async def test_a_server_of_something_else(answer: bytes, reason: str) -> None:
    with Canned(answer) as server:
        sentence = await _sentence(StoreUnavailableError, server.url)

    assert sentence.startswith(f"The store {server.url} cannot be used: {reason}")
    assert "secret" not in sentence


@pytest.mark.parametrize(
    ("status", "version", "theirs"), [("404 Not Found", "0.0.1", "0.0.1"), ("405 Method Not Allowed", "99.0", "99.0")]
)
async def test_a_server_of_another_version(status: str, version: str, theirs: str) -> None:
    """It knows no such address, and says so in its own words."""
    with _Two(
        canned(status, '{"error": "InvalidRequestError", "detail": "no such address"}', "application/problem+json"),
        canned("200 OK", f'{{"status": "ok", "version": "{version}"}}', "application/json"),
    ) as server:
        sentence = await _sentence(StoreUnavailableError, server.url)

    assert sentence == (
        f"The store {server.url} cannot be used: the server is of version {theirs}, and this is {pk.__version__}: they "
        "do not understand each other here; upgrade the older one."
    )


def test_a_server_of_something_else_is_told_at_the_beginning() -> None:
    with (
        Canned(canned("200 OK", '{"status": "ok"}', "application/json")) as server,
        pytest.raises(StoreUnavailableError, match="is no Prompt Kernel server"),
    ):
        pk.connect(server.url)


def test_what_is_no_data_is_not_sent(client: Client) -> None:
    with pytest.raises(InvalidRequestError, match=r"^This cannot be sent: .*not JSON serializable\.$"):
        client.describe("a", description=object())  # type: ignore[arg-type]  # on purpose
    client.save("half", "x")
    with pytest.raises(InvalidRequestError, match="half of a surrogate pair"):
        client.save("half", "\ud800")
    with pytest.raises(VersionNotFoundError):
        client.get("half", version="\ud800")
    with pytest.raises(PromptNotFoundError):
        client.get("ha\ud800lf")


async def test_an_answer_that_this_version_cannot_read() -> None:
    with _Two(
        canned("200 OK", '{"path": "style/tone"}', "application/json"),
        canned("200 OK", '{"status": "ok", "version": "99.0"}', "application/json"),
    ) as server:
        assert "the server is of version 99.0" in await _sentence(StoreUnavailableError, server.url)


class _Two(Canned):
    """Answers one way, and about its health another."""

    def __init__(self, answer: bytes, health: bytes) -> None:
        super().__init__(answer)
        self._other, self._health = answer, health

    def answer_to(self, first: str) -> bytes:
        return self._health if "/api/health" in first else self._other


async def test_a_problem_of_a_class_that_is_not_known_here_has_its_sentence() -> None:
    body = '{"error": "BrandNewError", "detail": "Something new is wrong.", "status": 422}'
    with Canned(canned("422 Unprocessable", body, "application/problem+json")) as server:
        assert await _sentence(PromptKernelError, server.url) == "Something new is wrong."


def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    with _secured(tmp_path) as url, Client(url) as client, pytest.raises(StoreUnavailableError) as caught:
        client.get("a")

    assert str(caught.value) == (
        f"The store {url} cannot be used: no secure connection can be made (self-signed certificate); check that it is "
        "https, and its certificate."
    )


def test_https_where_plain_http_is_spoken(server: ServerProcess) -> None:
    with Client(server.url.replace("http:", "https:")) as client, pytest.raises(StoreUnavailableError) as caught:
        client.get("a")

    assert "no secure connection can be made (" in str(caught.value)


class _secured:  # noqa: N801 - used like a function
    """A server with a certificate that it made itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        key, certificate = self._folder / "key.pem", self._folder / "certificate.pem"
        subprocess.run(  # noqa: S603 - fixed arguments
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",  # noqa: S607 - the machine's own
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, args=(context,), daemon=True).start()
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self, context: ssl.SSLContext) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(client, server_side=True).close()
            except OSError:
                client.close()

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


# Who may


class Locked(NamedTuple):
    """A server that asks for a token, and the tokens that are kept in its store."""

    url: str
    reader: str
    writer: str


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    home = tmp_path_factory.mktemp("locked")
    with Store(home / "prompts.db") as store:
        reader = store.add_token("reader")
        writer = store.add_token("writer", write=True, author="Wren")
    with ServerProcess(home, "--token", "a token of some length") as server:
        yield Locked(server.url, reader, writer)


async def test_no_token(locked: Locked) -> None:
    sentence = await _sentence(AccessDeniedError, locked.url)

    assert sentence == (
        f"The server {locked.url} asks for a token. Give it as connect(…, token=…), in $PROMPT_KERNEL_TOKEN, or as "
        "?token=… of the address."
    )


async def test_a_wrong_token(locked: Locked) -> None:
    sentence = await _sentence(AccessDeniedError, locked.url, token="wrong-secret")  # noqa: S106 - it is wrong

    assert sentence == f"The server {locked.url} does not know this token. Ask whoever runs it for another one."
    for token in ("wrong\nsecret", "secret ümläut"):
        with pytest.raises(AccessDeniedError) as caught:
            Client(locked.url, token=token)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("way", ["argument", "address", "environment"])
def test_a_token_comes_in_any_of_three_ways(locked: Locked, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "a token of some length"  # noqa: S105 - the test's own
    url = f"{locked.url}/api/docs?token=a%20token%20of+some%20length" if way == "address" else locked.url
    if way == "environment":
        monkeypatch.setenv("PROMPT_KERNEL_TOKEN", token)

    with pk.connect(url, token=token if way == "argument" else None) as store:
        assert (store.count(), store.url, repr(store)) == (0, locked.url, f"Client({locked.url!r})")
        assert "token" not in repr(vars(store))


def test_a_token_that_may_only_read(locked: Locked) -> None:
    with pk.connect(locked.url, token=locked.reader) as store:
        assert store.count() == 0
        with pytest.raises(AccessDeniedError, match="This token may only read"):
            store.save("style/tone", "x")


def test_the_author_of_a_token_counts_more_than_the_name_one_gives(locked: Locked) -> None:
    with pk.connect(locked.url, token=locked.writer, author="ana") as store:
        assert store.save("style/wren", "x").author == "Wren"


def test_a_server_that_is_called_by_a_name_that_is_not_its_own() -> None:
    words = "This server does not answer to that name."
    with (
        Canned(canned("403 Forbidden", words, "text/plain; charset=utf-8")) as server,
        Client(server.url) as client,
        pytest.raises(AccessDeniedError) as caught,
    ):
        client.get("a")

    assert str(caught.value) == f"The server {server.url} does not let you in: {words}"


# What is given


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://", "The store http: cannot be used: the address names no host."),
        ("http://:80/x", "The store http://:80/x cannot be used: the address names no host."),
        ("http://host:port", "The store http://host:port cannot be used: this is no address."),
        ("http://[::1", "The store http://[::1 cannot be used: this is no address."),
        (
            "http://ana:secret@host",
            "The store http://host cannot be used: an address takes no name or password; give the token as token=….",
        ),
        ("/a/file.db", "The store /a/file.db cannot be used: the address of a server begins with http:// or https://."),
    ],
)
def test_what_is_no_address(url: str, sentence: str) -> None:
    with pytest.raises(StoreUnavailableError) as caught:
        Client(url)

    assert str(caught.value) == sentence


@pytest.mark.parametrize("address", ["{}/", "{}/api", "{}/api/", "{}/api/docs", "{}/?x=y#z"])
def test_what_leads_to_the_server_all_the_same(server: ServerProcess, address: str) -> None:
    with pk.connect(address.format(server.url)) as store:
        assert store.url == server.url


def test_a_store_is_no_server(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = (
        f"The store {server.url} cannot be used: a server has it; open it with connect(), or run this over there."
    )
    with pytest.raises(StoreUnavailableError) as caught:
        Store(f"{server.url}/?token=secret")
    assert str(caught.value) == sentence
    monkeypatch.setenv("PROMPT_KERNEL_URL", server.url)
    with pytest.raises(StoreUnavailableError) as caught:
        Store()
    assert str(caught.value) == sentence
    with pk.connect() as store:
        assert store.url == server.url


def test_an_origin_that_is_none(client: Client, server: ServerProcess) -> None:
    with pytest.raises(InvalidMetadataError, match="origin: 'mail' is not one of notebook, "):
        Client(server.url, origin="mail")
    with pytest.raises(InvalidMetadataError, match="origin: 'mail' is not one of notebook, "):
        client.by("ana", origin="mail")


def test_a_version_that_no_prompt_has(client: Client) -> None:
    client.save("numbers", "x")

    for number in (0, -1, 2**31, 10**30):
        with pytest.raises(VersionNotFoundError, match=r"It has version 1\.$"):
            client.get("numbers", version=number)


@pytest.mark.parametrize("path", ["", "/", ".", "..", "../x", "a/../b", "a//b", "/a", "a/", "x" * 1001, "a\0b"])
def test_a_path_that_would_lead_elsewhere_is_not_sent(path: str) -> None:
    with Canned(b"") as nobody, Client(nobody.url) as elsewhere:
        for verb in (elsewhere.get, elsewhere.history, elsewhere.delete, elsewhere.includes, elsewhere.favourite):
            with pytest.raises(PromptNotFoundError):
                verb(path)
        assert nobody.asked == 0


def test_a_store_that_was_opened_for_reading(server: ServerProcess) -> None:
    with pk.connect(server.url, read_only=True) as store:
        assert (
            store.read_only
            == f"The store {server.url} is open for reading only: it was opened so. Nothing was changed."
        )
        with pytest.raises(ReadOnlyStoreError, match="it was opened so"):
            store.save("style/tone", "x")


def test_a_closed_client_says_so(server: ServerProcess) -> None:
    store = pk.connect(server.url)
    other = store.by("bob")
    store.close()

    for closed in (store, other):
        with pytest.raises(StoreUnavailableError, match=r"it was closed; open it again with connect\(\)"):
            closed.get("a")
    store.close()


async def test_a_closed_asynchronous_client_says_so(server: ServerProcess) -> None:
    async with AsyncClient(server.url) as client:
        await client.opened()

    with pytest.raises(StoreUnavailableError, match="it was closed"):
        await client.get("a")


def test_without_httpx_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['httpx'] = None\nimport prompt_kernel as pk\n"
        "try: pk.connect('http://127.0.0.1:1')\nexcept pk.errors.MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert done.stdout == (
        'The store of a server needs an optional part. Install it with: pip install "prompt-kernel[client]"\n'
    )
    assert MissingExtraError("client", "The store of a server").extra == "client"
