"""How a server is started and stopped: where it listens, who may come in, and `prompt-kernel serve` itself.

The dashboard starts in the same way, with its pages and rooms besides.
"""

import asyncio
import errno
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Any, Final
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.locations import is_server, shown, url_of
from prompt_kernel.server.folders import home_and_here
from prompt_kernel.server.security import Guard, Locked, hosts_of, is_loopback
from prompt_kernel.server.services import API, PAGE, Services
from prompt_kernel.store import Store

#: One more than the dashboard's, so that both can be on one machine.
PORT: Final = 8502
SHORTEST_TOKEN: Final = 12
#: Bytes. The sockets of rooms and events have lower limits of their own; Streamlit sends all widgets' values at once.
LONGEST_MESSAGE: Final = 16 * 2**20

#: How long, in seconds, open requests may keep a server from stopping, and those who do not take what they asked for.
_PATIENCE: Final = 3
_GRACE: Final = 0.5
#: How long, in seconds, somebody may take nothing of what is sent to them, or ask for nothing at all.
_LONGEST_SILENCE: Final = 30
_TICKS: Final = 10
_BACKLOG: Final = 2048
_HIGHEST_PORT: Final = 65_535
_OPEN_FILES: Final = 65_536


class LaunchError(PromptKernelError):
    """A server cannot be started like this; the sentence says what to do."""


def run(
    url: str | None,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    roots: Sequence[Path] = (),
    mcp_writes: bool = False,
    author: str | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the API, the events and MCP of the store at `url` until Ctrl-C or SIGTERM.

    `announce` is told, once it serves, in one line where. Port 0 takes a free one. An empty `token` makes a random one,
    which stands in the address. Without `roots` the API reaches the home folder and the current one.

    Raises:
        LaunchError: the port is taken, or the host can be reached by others and nothing says who may come in.
        StoreUnavailableError: the store cannot be opened.
    """
    made, token = token == "", secret_of(token)
    others = is_for_others(host, port)
    with listen(host, port) as listener, open_store(url, author=author, origin="api") as store:
        if others and token is None and not store.tokens():
            raise LaunchError(
                f"Others can reach {host}. Say who may come in: with --token, or make tokens with "
                "`prompt-kernel token NAME`; or leave --host out."
            )
        services = Services(store, roots=roots or home_and_here(), mcp_writes=mcp_writes)
        address = address_of(host, listener)
        page = f"{address}{PAGE}" + (f"?token={quote(token, safe='')}" if token and made else "")
        line = f"Prompt Kernel server: {address}{API} (about it: {page}; store {place_of(store)}; Ctrl-C stops it)"
        guard = guard_of(host, token=token, store=store, locked="everything" if others else "nothing")
        serve(_app(services, guard, lambda: announce(line)), listener, on_stop=services.stop)


def _app(services: Services, guard: Middleware, on_start: Callable[[], None]) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with services.running():
            on_start()
            yield

    async def lead_to_the_page(_: Request) -> Response:
        return RedirectResponse(PAGE)

    return Starlette(routes=[*services.routes, Route("/", lead_to_the_page)], middleware=[guard], lifespan=lifespan)


# The store ------------------------------------------------------------------------------------------------------------


@contextmanager
def open_store(url: str | None, *, author: str | None, origin: str) -> Iterator[Store]:
    """Open the store that is to be served.

    Raises:
        LaunchError: it is in no database that several connections can use.
        StoreUnavailableError: it cannot be opened.
    """
    if is_server(url_of(url)):
        place = shown(url_of(url))
        raise LaunchError(f"{place} is a server already. Give the database that it serves, or open its address.")
    with Store(url, author=author, origin=origin) as store:
        if store.url.endswith(":memory:"):
            raise LaunchError("A server needs a store in a file: several connections use it at once.")
        yield store


def place_of(store: Store) -> str:
    """Return where a store is, without a password that may stand in its URL."""
    return shown(store.url).removeprefix("sqlite:///")


# Who may come in ------------------------------------------------------------------------------------------------------


def secret_of(token: str | None) -> str | None:
    """Return the token of a server: the one that is given, or for an empty one a random one.

    Raises:
        LaunchError: it is too short.
    """
    if token == "":
        return secrets.token_urlsafe(24)
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise LaunchError(f"A token has at least {SHORTEST_TOKEN} characters. Leave it out, and one is made.")
    return token


def is_for_others(host: str, port: int) -> bool:
    """Tell whether others can reach what listens on `host`.

    Raises:
        LaunchError: nobody knows that host.
    """
    try:
        return not is_loopback(host)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error


def guard_of(
    host: str, *, token: str | None, store: Store, locked: Locked = "nothing", proxies: Sequence[str] = ()
) -> Middleware:
    """Return the guard of a server on `host`; `proxies` are names or URLs that it has behind a proxy."""
    given: dict[str, Any] = {"token": token, "token_of": store.token_of, "locked": locked, "proxies": hosts_of(proxies)}
    if is_loopback(host):
        return Middleware(Guard, **given)
    return Middleware(Guard, **given, hosts=hosts_of([host, socket.gethostname()]), addresses=True)


# Listening ------------------------------------------------------------------------------------------------------------


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; what connects before the server is up waits for it.

    Raises:
        LaunchError: there is no such host or port, or it is taken.
    """
    if not 0 <= port <= _HIGHEST_PORT:
        raise LaunchError(
            f"There is no port {port}: a port is a number from 1 to {_HIGHEST_PORT}, or 0 for a free one."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        # With its protocol: asyncio turns Nagle's algorithm off only where it sees that this is TCP, and an answer in
        # two parts would wait 40 ms for an acknowledgement.
        listener = socket.socket(family, kind, protocol)
        try:
            _set_options(listener)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    return listener


def _set_options(listener: socket.socket) -> None:
    if os.name != "nt":  # there it would share a port that is in use
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "linux":
        # Whoever takes nothing of what is sent to them is let go by the kernel, whatever it was.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _LONGEST_SILENCE * 1000)


def _cannot_listen(host: str, port: int, error: OSError) -> LaunchError:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        found = _next_free(host, port)
        what = "taken" if error.errno == errno.EADDRINUSE else "not open to you"
        return LaunchError(f"Port {port} is {what}. Port {found} is free: add --port {found}.")
    return LaunchError(f"This machine cannot listen on {host}, port {port}: {error.strerror}.")


def _next_free(host: str, port: int) -> int:
    for candidate in range(max(port, 1023) + 1, _HIGHEST_PORT):
        with suppress(OSError), socket.create_server((host.strip("[]"), candidate)):
            return candidate
    return 0


def address_of(host: str, listener: socket.socket) -> str:
    """Return the address of a server as this machine's browser has it."""
    return f"http://{_shown(host)}:{listener.getsockname()[1]}"


def _shown(host: str) -> str:
    with suppress(ValueError):
        if ip_address(host.strip("[]")).is_unspecified:
            return "127.0.0.1"
    return f"[{host.strip('[]')}]" if ":" in host else host


# Serving --------------------------------------------------------------------------------------------------------------


def serve(app: ASGIApp, listener: socket.socket, *, on_stop: Callable[[], None] = lambda: None) -> None:
    """Serve `app` until a signal says to stop; `on_stop` is called first then, to end what would go on for ever."""
    _allow_open_files()
    with _quiet_signals():
        make_server(app, on_stop=on_stop).run(sockets=[listener])


def make_server(app: ASGIApp, *, on_stop: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """Return what serves `app`, for those who have a loop already."""
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=LONGEST_MESSAGE,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_PATIENCE,
        # An address can hold a token.
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
    )
    return _Server(config, on_stop)


class _Server(uvicorn.Server):
    """Lets go of those who connect and ask for nothing, and, when it stops, of those who take nothing."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._mute: set[Any] = set()

    async def on_tick(self, counter: int) -> bool:
        if counter % (_LONGEST_SILENCE * _TICKS) == 0:
            self._dismiss_the_mute()
        return await super().on_tick(counter)

    def _dismiss_the_mute(self) -> None:
        """Close what was mute at the last look already: thousands of them would use up the files of the process."""
        mute = {one for one in self.server_state.connections if getattr(one, "cycle", one) is None}
        for connection in mute & self._mute:
            connection.transport.abort()
        self._mute = mute

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        last = asyncio.get_running_loop().call_later(_GRACE, self._dismiss_the_stuck)
        try:
            await super().shutdown(sockets)
        finally:
            last.cancel()

    def _dismiss_the_stuck(self) -> None:
        for connection in list(self.server_state.connections):
            if connection.transport.get_write_buffer_size():
                connection.transport.abort()


def _allow_open_files() -> None:
    """Raise the number of files that may be open, which is 256 here and 1,024 there, as far as the system lets us."""
    if os.name == "nt":
        return
    import resource  # noqa: PLC0415 - Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """Let SIGINT and SIGTERM end nothing but the server, which sends itself once more what it has stopped for."""

    def ignore(_: int, __: FrameType | None) -> None:
        pass

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
