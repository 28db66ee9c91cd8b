"""Starts the dashboard: one process, one port, with the pages, the live rooms and the browser module.

Streamlit's options are set here, above the user's own configuration files: what makes the server safe is not to be
changed by a file in the working directory. Streamlit's way to run an app would do that too, but waits for open
connections without end when it is to stop.
"""

import logging
import os
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.middleware import Middleware

import prompt_kernel as pk
from prompt_kernel.live import Hub
from prompt_kernel.server import Tokens
from prompt_kernel.server.folders import home_and_here
from prompt_kernel.server.live import live_routes
from prompt_kernel.server.security import Locked
from prompt_kernel.server.services import Services
from prompt_kernel.server.serving import (
    LONGEST_MESSAGE,
    LaunchError,
    address_of,
    guard_of,
    is_for_others,
    listen,
    open_store,
    place_of,
    secret_of,
    serve,
)
from prompt_kernel_dashboard.host_config import HostConfig

if TYPE_CHECKING:
    from streamlit import App

PORT: Final = 8501

_PAGES: Final = Path(__file__).with_name("app.py")

#: What Streamlit is set to; the address and the theme's base, which the browser chooses, are left out.
_OPTIONS: Final[dict[str, object]] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "logger.level": "warning",
    # One run of a session at a time: two would do what was clicked twice, or each its half.
    "runner.fastReruns": False,
    "runner.magicEnabled": False,
    "server.baseUrlPath": "",
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 20,
    "server.maxWidgetStateSize": LONGEST_MESSAGE // 2**20,
    "theme.baseRadius": "0.5rem",
    "theme.light.primaryColor": "#3b5bdb",
    "theme.light.linkColor": "#3b5bdb",
    "theme.dark.primaryColor": "#4263eb",
    "theme.dark.linkColor": "#91a7ff",
}


def run(
    url: str | None,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    roots: Sequence[Path] = (),
    mcp_writes: bool = False,
    open_browser: bool = True,
    author: str | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the store at `url` until Ctrl-C or SIGTERM, then keep what is in the rooms and return.

    `announce` is told, once it serves, in one line where. Port 0 takes a free one. An empty `token` makes a random one,
    which stands in the address. Only folders below `roots` are reached, by default the home folder and the current
    one. Agents may change prompts only with `mcp_writes`.

    Raises:
        LaunchError: the port is taken, or the host can be reached by others and nothing says who may come in.
        StoreUnavailableError: the store cannot be opened.
    """
    made, token = token == "", secret_of(token)
    _check_access(host, port, token)
    with listen(host, port) as listener, open_store(url, author=author, origin="dashboard") as store:
        _set_options(host, listener.getsockname()[1])
        address = address_of(host, listener)
        secret = f"/?token={quote(token, safe='')}" if token else ""
        line = f"Prompt Kernel dashboard: {address}{secret if made else ''} (store {place_of(store)}; Ctrl-C stops it)"

        def on_start() -> None:
            announce(line)
            if open_browser:
                open_page(address + secret)

        services = Services(store, roots=roots or home_and_here(), mcp_writes=mcp_writes)
        app = _app(store, services, _guard(host, token, store), on_start, roots)
        serve(app, listener, on_stop=services.stop)


# Who may come in ------------------------------------------------------------------------------------------------------


def _check_access(host: str, port: int, token: str | None) -> None:
    """Refuse a host that others reach if nothing says who may come in."""
    if token is None and is_for_others(host, port):
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


def _guard(host: str, token: str | None, store: pk.Store) -> Middleware:
    """Return the guard for a server on `host`; Streamlit's own option `server.allowedHosts` adds names of a proxy."""
    from streamlit import get_option  # noqa: PLC0415 - it takes a while, and a refusal comes before

    auth = _secrets().get("auth", {})
    proxies = [*get_option("server.allowedHosts"), str(auth.get("redirect_uri", ""))]
    # Programs cannot log in: where people have to, these need a token.
    locked: Locked = "programs" if _must_log_in() else "nothing"
    return guard_of(host, token=token, store=store, locked=locked, proxies=proxies)


# Serving --------------------------------------------------------------------------------------------------------------


def _set_options(host: str, port: int) -> None:
    from streamlit import config  # noqa: PLC0415 - it takes a while, and a refusal comes before

    for name, value in (_OPTIONS | {"server.address": host, "server.port": port}).items():
        config.set_option(name, value)


def _app(
    store: pk.Store, services: Services, guard: Middleware, on_start: Callable[[], None], roots: Sequence[Path]
) -> "App":
    import streamlit as st  # noqa: PLC0415 - it takes a while, and a refusal comes before

    from prompt_kernel_dashboard import resources  # noqa: PLC0415 - the same

    hub, tokens = Hub(store.url), Tokens()
    resources.install(resources.Resources(store, tokens, hub, must_log_in=_must_log_in(), roots=tuple(roots)))

    @asynccontextmanager
    async def rooms(_: object) -> AsyncIterator[None]:
        async with services.running():
            await hub.start()
            on_start()
            try:
                yield
            finally:
                await hub.stop()

    return st.App(
        _PAGES,
        # Rooms first, because all else below /api is the API's.
        routes=[*live_routes(hub, tokens), *services.routes],
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


# What is shown --------------------------------------------------------------------------------------------------------


def open_page(address: str) -> threading.Thread | None:
    """Open `address` in a browser that has a window; a browser of the terminal would take the terminal over."""
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return None
    opening = threading.Thread(target=webbrowser.open, args=(address,), daemon=True)
    opening.start()
    return opening
