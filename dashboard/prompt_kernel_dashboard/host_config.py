"""What Streamlit's page is told about the server that it belongs to."""

import json
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ROUTE: Final = "/_stcore/host-config"
#: Without its dialog about a lost connection, one can go on typing until the server is back. Nobody frames the page,
#: and nobody is told of its use.
_CHANGES: Final[dict[str, Any]] = {"blockErrorDialogs": True, "allowedOrigins": [], "metricsUrl": "off"}


class HostConfig:
    """ASGI middleware that changes the answer of `/_stcore/host-config`."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on to the application, and change what it answers."""
        if scope["type"] != "http" or not scope["path"].endswith(_ROUTE):
            await self._app(scope, receive, send)
            return
        plain = [entry for entry in scope["headers"] if entry[0] != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, _Changed(send))


class _Changed:
    """A `send` that holds the answer back until it is whole, and changes it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = _changed(self._body)
        MutableHeaders(scope=self._start)["Content-Length"] = str(len(body))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


def _changed(body: bytes) -> bytes:
    try:
        known = json.loads(body)
    except ValueError:
        return body
    return json.dumps({**known, **_CHANGES}).encode() if isinstance(known, dict) else body
