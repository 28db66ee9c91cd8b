"""Starts the dashboard: one process, one port, with the pages, the live rooms and the browser module.

Streamlit's options are set here, above the user's own configuration files: what makes the server safe is not to be
changed by a file in the working directory. Streamlit's way to run an app would do that too, but waits for open
connections without end when it is to stop.
"""

import errno
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import uvicorn
from starlette.middleware import Middleware

import prompt_kernel as pk
from prompt_kernel.live import Hub
from prompt_kernel.server import Guard, Tokens, hosts_of, is_loopback, live_routes
from prompt_kernel_dashboard.host_config import HostConfig

if TYPE_CHECKING:
    from streamlit import App

PORT: Final = 8501
SHORTEST_TOKEN: Final = 12

_PAGES: Final = Path(__file__).with_name("app.py")
#: How long, in seconds, open requests may keep a server from stopping.
_PATIENCE: Final = 3
_BACKLOG: Final = 2048
_HIGHEST_PORT: Final = 65_535

#: Bytes. The sockets of rooms have a lower limit of their own; Streamlit sends the values of all widgets at once.
_LONGEST_MESSAGE: Final = 16 * 2**20

#: What Streamlit is set to; the address and the theme's base, which the browser chooses, are left out.
_OPTIONS: Final[dict[str, object]] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "logger.level": "warning",
    "runner.magicEnabled": False,
    "server.baseUrlPath": "",
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 20,
    "server.maxWidgetStateSize": _LONGEST_MESSAGE // 2**20,
    "theme.baseRadius": "0.5rem",
    "theme.light.primaryColor": "#3b5bdb",
    "theme.light.linkColor": "#3b5bdb",
    "theme.dark.primaryColor": "#4263eb",
    "theme.dark.linkColor": "#91a7ff",
}


class LaunchError(pk.PromptKernelError):
    """The dashboard cannot be served like this; the sentence says what to do."""


def run(
    url: str | None,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    open_browser: bool = True,
    author: str | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the store at `url` until Ctrl-C or SIGTERM, then keep what is in the rooms and return.

    `announce` is told, once it serves, in one line where. Port 0 takes a free one. An empty `token` makes a random one,
    which stands in the address.

    Raises:
        LaunchError: the port is taken, or the host can be reached by others and nothing says who may come in.
        StoreUnavailableError: the store cannot be opened.
    """
    made = token == ""
    token = secrets.token_urlsafe(24) if made else token
    _check_access(host, port, token)
    with _listen(host, port) as listener, pk.connect(url, author=author, origin="dashboard") as store:
        if store.url.endswith(":memory:"):
            raise LaunchError("The dashboard needs a store in a file: several connections use it at once.")
        port = listener.getsockname()[1]
        _set_options(host, port)
        address = f"http://{_shown(host)}:{port}"
        secret = f"/?token={quote(token, safe='')}" if token else ""
        line = f"Prompt Kernel dashboard: {address}{secret if made else ''} (store {_place(store)}; Ctrl-C stops it)"

        def on_start() -> None:
            announce(line)
            if open_browser:
                open_page(address + secret)

        _serve(_app(store, _guard(host, token), on_start), listener)


# Who may come in ------------------------------------------------------------------------------------------------------


def _check_access(host: str, port: int, token: str | None) -> None:
    """Refuse a short token, and a host that others reach if nothing says who may come in."""
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise LaunchError(f"A token has at least {SHORTEST_TOKEN} characters. Leave it out, and one is made.")
    try:
        needs_more = not (token or is_loopback(host))
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    if needs_more:
        _set_options(host, port)
        if not _must_log_in():
            raise LaunchError(f"Others can reach {host}. Say who may come in with --token, or leave --host out.")


def _must_log_in() -> bool:
    if "auth" not in _secrets():
        return False
    if find_spec("authlib") is None:
        raise LaunchError(
            'The login that [auth] configures needs Authlib. Install it with: pip install "Authlib>=1.3.2"'
        )
    return True


def _secrets() -> dict[str, Any]:
    """Return Streamlit's secrets, whose `[auth]` configures the login; none where there is no file of them."""
    import streamlit as st  # noqa: PLC0415 - it takes a while, and a refusal comes before
    from streamlit.errors import StreamlitSecretNotFoundError  # noqa: PLC0415 - the same

    try:
        return dict(st.secrets)
    except StreamlitSecretNotFoundError:
        return {}


def _guard(host: str, token: str | None) -> Middleware:
    """Return the guard for a server on `host`; Streamlit's own option `server.allowedHosts` adds names of a proxy."""
    from streamlit import get_option  # noqa: PLC0415 - it takes a while, and a refusal comes before

    auth = _secrets().get("auth", {})
    proxies = hosts_of([*get_option("server.allowedHosts"), str(auth.get("redirect_uri", ""))])
    if is_loopback(host):
        return Middleware(Guard, proxies=proxies, token=token)
    hosts = hosts_of([host, socket.gethostname()])
    return Middleware(Guard, hosts=hosts, proxies=proxies, addresses=True, token=token)


# Serving --------------------------------------------------------------------------------------------------------------


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; what connects before the server is up waits for it."""
    if not 0 <= port <= _HIGHEST_PORT:
        raise LaunchError(
            f"There is no port {port}: a port is a number from 1 to {_HIGHEST_PORT}, or 0 for a free one."
        )
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        try:
            if os.name != "nt":  # there it would share a port that is in use
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> LaunchError:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        found = _next_free(host, port)
        what = "taken" if error.errno == errno.EADDRINUSE else "not open to you"
        return LaunchError(f"Port {port} is {what}. Port {found} is free: add --port {found}.")
    return LaunchError(f"The dashboard cannot listen on {host}, port {port}: {error.strerror}.")


def _next_free(host: str, port: int) -> int:
    for candidate in range(max(port, 1023) + 1, _HIGHEST_PORT):
        with suppress(OSError), socket.create_server((host.strip("[]"), candidate)):
            return candidate
    return 0


def _set_options(host: str, port: int) -> None:
    from streamlit import config  # noqa: PLC0415 - it takes a while, and a refusal comes before

    for name, value in (_OPTIONS | {"server.address": host, "server.port": port}).items():
        config.set_option(name, value)


def _app(store: pk.Store, guard: Middleware, on_start: Callable[[], None]) -> "App":
    import streamlit as st  # noqa: PLC0415 - it takes a while, and a refusal comes before

    from prompt_kernel_dashboard import resources  # noqa: PLC0415 - the same

    hub, tokens = Hub(store.url), Tokens()
    resources.install(resources.Resources(store, tokens, hub, must_log_in=_must_log_in()))

    @asynccontextmanager
    async def rooms(_: object) -> AsyncIterator[None]:
        await hub.start()
        on_start()
        try:
            yield
        finally:
            await hub.stop()

    return st.App(
        _PAGES,
        routes=live_routes(hub, tokens),
        lifespan=rooms,
        middleware=[guard, Middleware(HostConfig)],
        on_script_error=apologise,
    )


def apologise(error: Exception) -> bool:
    """Show a sentence instead of a traceback, which is logged if no page can have expected it."""
    import streamlit as st  # noqa: PLC0415 - it takes a while, and a refusal comes before

    if isinstance(error, pk.PromptKernelError):
        st.error(str(error))
    else:
        logging.getLogger(__name__).error("A page failed.", exc_info=error)
        st.error("Something went wrong here. What it was stands in the terminal of the server.")
    return True


def _serve(app: "App", listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=_LONGEST_MESSAGE,
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
    with _quiet_signals():
        uvicorn.Server(config).run(sockets=[listener])


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


# What is shown --------------------------------------------------------------------------------------------------------


def _shown(host: str) -> str:
    """Return `host` as an address of this machine's browser has it."""
    with suppress(ValueError):
        if ip_address(host.strip("[]")).is_unspecified:
            return "127.0.0.1"
    return f"[{host.strip('[]')}]" if ":" in host else host


def _place(store: pk.Store) -> str:
    return store.url.removeprefix("sqlite:///")


def open_page(address: str) -> threading.Thread | None:
    """Open `address` in a browser that has a window; a browser of the terminal would take the terminal over."""
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return None
    opening = threading.Thread(target=webbrowser.open, args=(address,), daemon=True)
    opening.start()
    return opening
