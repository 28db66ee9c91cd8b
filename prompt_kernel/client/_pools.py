"""What sends: the connections of one process, and for who awaits of one event loop."""

import os
import ssl
from typing import Any, Final

import anyio.lowlevel
import httpx

from prompt_kernel.client._address import LOOPBACK
from prompt_kernel.errors import StoreUnavailableError

_CLOSED: Final = "it was closed; open it again with connect()"


class Pool:
    """The connections of one process: a child that was forked off has its own, and leaves its parent's alone."""

    def __init__(self, url: str) -> None:
        """Make connections to the server at `url` when they are needed."""
        self._url = url
        self._process = os.getpid()
        self._http: httpx.Client | None = httpx.Client(**_settings(url))
        self._left: list[httpx.Client] = []

    def current(self) -> httpx.Client:
        """Return what sends.

        Raises:
            StoreUnavailableError: it was closed.
        """
        if self._http is None:
            raise StoreUnavailableError(self._url, _CLOSED)
        if self._process != os.getpid():
            self._left.append(self._http)  # neither used nor closed: the parent may be using it
            self._http, self._process = httpx.Client(**_settings(self._url)), os.getpid()
        return self._http

    def close(self) -> None:
        """Close the connections of this process."""
        http, self._http = self._http, None
        if http is not None and self._process == os.getpid():
            http.close()


class AsyncPool:
    """The connections of one process and one event loop; who comes with another loop gets others."""

    def __init__(self, url: str) -> None:
        """Make connections to the server at `url` when they are needed."""
        self._url = url
        self._owner: tuple[int, object] = (0, None)
        self._http: httpx.AsyncClient | None = None
        self._left: list[httpx.AsyncClient] = []
        self._closed = False

    def current(self) -> httpx.AsyncClient:
        """Return what sends.

        Raises:
            StoreUnavailableError: it was closed.
        """
        if self._closed:
            raise StoreUnavailableError(self._url, _CLOSED)
        owner = _here()
        if self._http is None or owner != self._owner:
            if self._http is not None and self._owner[0] != owner[0]:
                self._left.append(self._http)  # neither used nor closed: the parent may be using it
            self._http, self._owner = httpx.AsyncClient(**_settings(self._url)), owner
        return self._http

    async def close(self) -> None:
        """Close the connections of this process and loop."""
        self._closed = True
        http, self._http = self._http, None
        if http is not None and self._owner == _here():
            await http.aclose()


def _here() -> tuple[int, object]:
    return os.getpid(), anyio.lowlevel.current_token()


def _settings(url: str) -> dict[str, Any]:
    """Return how to reach a server: one on this machine directly, as no proxy of the environment can."""
    settings: dict[str, Any] = {"mounts": dict.fromkeys((f"all://{host}" for host in LOOPBACK), None)}
    if url.startswith("http://"):
        # The certificates that are trusted take long to read, and are of no use here.
        settings["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return settings
