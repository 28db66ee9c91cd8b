"""Who may come in: the names that the server answers to, the pages that may call it, and the tokens that open it.

A browser sends requests to this machine for any page that asks it to. So each request, and each socket before it opens,
must name the server by a name that is its own (a foreign name that leads here is DNS rebinding), and must come from a
page of the server itself.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from http import HTTPStatus
from typing import Final, Literal, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from prompt_kernel.errors import AccessDeniedError, PromptKernelError
from prompt_kernel.records import Token
from prompt_kernel.server.answers import Problem
from prompt_kernel.server.callers import set_caller

#: Who needs a token: nobody, programs (which have no login to go through), or everybody.
Locked = Literal["nothing", "programs", "everything"]

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_FOREIGN_HOST: Final = "This server does not answer to that name. Open it by the address that was printed at its start."
_FOREIGN_PAGE: Final = "Pages of another site cannot use this server. Open it by the address that was printed."
_LOCKED: Final = "This server needs its token. Open it by the address with the token, as it was given at its start."
_UNKNOWN: Final = "This token is not known here, or was removed. Make one with: prompt-kernel token NAME"
_LOCKED_TO_PROGRAMS: Final = (
    "This server needs a token, sent as `Authorization: Bearer`. Make one with: prompt-kernel token NAME"
)

#: What is there for programs; all else is pages.
_FOR_PROGRAMS: Final = ("/api", "/mcp")
#: A browser can give a stream no header, so that a token may stand in this one address.
_EVENTS: Final = "/api/events"

#: A browser sends the cookie along a link of this page, and not along one of a foreign page that led here.
_LOCKED_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Prompt Kernel</title>'
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
    '<body style="font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:30em;padding:0 1em">'
    f'<p>{_LOCKED}</p><p>Been here before with this browser? <a href="">Go on</a></p></body></html>'
)

#: Nobody frames the pages, guesses types, or learns an address that may hold more than it should.
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Referrer-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address to listen on, is reached from this machine alone.

    Raises:
        OSError: the name is unknown.
    """
    if not host:
        return False
    found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    return all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_loopback for entry in found)


class Guard:
    """ASGI middleware that lets in only who may come in; all others get 403 or 401 and a sentence.

    `hosts` are names beside those of the loopback that the server answers to; `proxies` are those that pages have who
    come through a proxy, which may serve another port; `addresses` says that the server answers to any IP address too,
    which no foreign name can imitate. With a `token`, each request must bring it: as the cookie that
    the first visit with `?token=` sets, or as `Authorization: Bearer`.

    `token_of` knows the tokens of the store: as Bearer, and for events as `?token=`, these open what is for programs,
    never a page. `locked` says who needs a token where the server has none of its own. A program that brings a token
    which nobody knows is refused anywhere.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str] = (),
        proxies: Collection[str] = (),
        addresses: bool = False,
        token: str | None = None,
        token_of: Callable[[str], Token | None] = lambda _: None,
        locked: Locked = "nothing",
    ) -> None:
        """Stand before `app`."""
        self._app = app
        self._proxies = frozenset(name.lower().rstrip(".") for name in proxies)
        self._hosts = LOOPBACK | self._proxies | {name.lower().rstrip(".") for name in hosts}
        self._addresses = addresses
        self._token, self._token_of = token.encode() if token else b"", token_of
        self._locked: Locked = "everything" if token else locked
        key = hmac.new(self._token, b"prompt-kernel cookie", hashlib.sha256).hexdigest()
        # Cookies are shared by all ports of a host, so that each server needs a name of its own.
        self._cookie, self._proof = f"pk_{key[:8]}", key[8:]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the application, or hand on to it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = await self._answer(HTTPConnection(scope))
        if answer is None:
            await self._app(_of_one_origin(scope), receive, _with_headers(send))
        elif scope["type"] == "http":
            await answer(scope, receive, _with_headers(send))
        else:
            await _deny(WebSocket(scope, receive, send), answer)

    async def _answer(self, request: HTTPConnection) -> Response | None:
        """Return what to answer instead of the application; None to let the request in."""
        host = _authority(request.headers.getlist("host"), request.scope["scheme"])
        if host is None or not self._is_ours(host[0]):
            return _refusal(request, HTTPStatus.FORBIDDEN, _FOREIGN_HOST)
        origins = request.headers.getlist("origin")
        if origins and not self._may_call(origins, host):
            return _refusal(request, HTTPStatus.FORBIDDEN, _FOREIGN_PAGE)
        secret = _brought(request)
        if secret is not None:
            return await self._check(request, secret)
        if self._locked == "everything" or (self._locked == "programs" and _is_of_program(request)):
            return self._ask_for_token(request)
        return None

    async def _check(self, request: HTTPConnection, secret: str) -> Response | None:
        """Look at the token that a program has brought, and note whose it is."""
        if self._token and _same(secret, self._token):
            return None
        try:
            # In a thread, because somebody may be busy with the store.
            token = await run_in_threadpool(self._token_of, secret)
        except PromptKernelError as error:
            return Problem(error)
        if token is None:
            return _refusal(request, HTTPStatus.UNAUTHORIZED, _UNKNOWN, 'Bearer error="invalid_token"')
        set_caller(request.scope, token.author, may_write=token.may_write)
        return None

    def _is_ours(self, name: str) -> bool:
        return name in self._hosts or (self._addresses and _is_address(name))

    def _may_call(self, origins: list[str], host: tuple[str, int]) -> bool:
        """Whether a page of `origins` may call the server as `host`: another port is another server."""
        scheme, _, authority = origins[0].partition("://")
        origin = _authority([authority], scheme) if len(origins) == 1 and scheme in ("http", "https") else None
        if origin is None or not self._is_ours(origin[0]):
            return False
        return origin[1] == host[1] or origin[0] in self._proxies

    def _ask_for_token(self, request: HTTPConnection) -> Response | None:
        if self._token and self._has_token(request):
            return None
        given = request.query_params.get("token", "")
        if self._token and request.scope["type"] == "http" and _same(given, self._token):
            return self._welcome(request)
        return _refusal(request, HTTPStatus.UNAUTHORIZED, _LOCKED, "Bearer")

    def _has_token(self, request: HTTPConnection) -> bool:
        if _same(request.cookies.get(self._cookie, ""), self._proof.encode()):
            return True
        return _same(_bearer(request) or "", self._token)

    def _welcome(self, request: HTTPConnection) -> Response:
        """Set the cookie, and lead to the same address without the token."""
        rest = urlencode([entry for entry in request.query_params.multi_items() if entry[0] != "token"])
        # Two slashes at the beginning would lead to another host.
        path = "/" + quote(request.scope["path"].lstrip("/\\"))
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, HTTPStatus.SEE_OTHER)
        answer.headers["Cache-Control"] = "no-store"
        secure = request.scope["scheme"] == "https"
        answer.set_cookie(self._cookie, self._proof, httponly=True, samesite="strict", secure=secure)
        return answer


def _authority(given: list[str], scheme: str) -> tuple[str, int] | None:
    """Return the name and the port of the one entry in `given`; None if it is not a host."""
    found = _AUTHORITY.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        return None
    name, port = found.groups()
    return name.lower().rstrip("."), int(port) if port else _PORTS[scheme]


def _is_of_program(request: HTTPConnection) -> bool:
    path = request.scope["path"]
    return any(path == place or path.startswith(f"{place}/") for place in _FOR_PROGRAMS)


def _bearer(request: HTTPConnection) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _brought(request: HTTPConnection) -> str | None:
    """Return the token that a program has brought; None where there is none, or where a page was asked for."""
    if not _is_of_program(request):
        return None
    secret = _bearer(request)
    if secret is None and request.scope["path"] == _EVENTS:
        return request.query_params.get("token")
    return secret


def _refusal(request: HTTPConnection, status: HTTPStatus, sentence: str, challenge: str = "") -> Response:
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    if _is_of_program(request):
        said = _LOCKED_TO_PROGRAMS if sentence == _LOCKED else sentence
        return Problem(AccessDeniedError(said), status=status, headers=headers)
    if status == HTTPStatus.UNAUTHORIZED and "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(_LOCKED_PAGE, status)
    return PlainTextResponse(sentence, status, headers)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _same(given: str, expected: bytes) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected)


def _of_one_origin(scope: Scope) -> Scope:
    """Let an origin of the loopback be the one that was called: to an application behind, names of it may differ."""
    headers = Headers(scope=scope)
    scheme, _, origin = headers.get("origin", "").partition("://")
    host = headers["host"]
    found = [_AUTHORITY.fullmatch(authority) for authority in (origin, host)]
    if not all(match and match[1].lower() in LOOPBACK for match in found):
        return scope
    others = [entry for entry in scope["headers"] if entry[0] != b"origin"]
    return {**scope, "headers": [*others, (b"origin", f"{scheme}://{host}".encode("latin-1"))]}


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


async def _deny(websocket: WebSocket, answer: Response) -> None:
    """Refuse a socket before it opens, with a sentence where the server can send one."""
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(answer)
    else:
        await websocket.close()


def hosts_of(addresses: Iterable[str]) -> set[str]:
    """Return the hosts of `addresses`, each a name, a name with a port, or a URL; what is none of these is left out."""
    found = {urlsplit(address if "://" in address else f"//{address}").hostname for address in addresses}
    return {f"[{name}]" if ":" in name else name for name in found if name}


class Claim(NamedTuple):
    """What a token says: the prompt that it opens, for whom, and whether they may write."""

    uid: str
    name: str
    may_write: bool


class Tokens:
    """Makes and reads the tokens of sockets. The secret is random: a token is of no use to the next server.

    A page hands them out, so that the name is the session's and not what somebody writes into a message.
    """

    def __init__(self, *, lifetime: float = 24 * 3600) -> None:
        """Make tokens that can be used for `lifetime` seconds."""
        self._signer = URLSafeTimedSerializer(secrets.token_bytes(32), salt="prompt-kernel live")
        self._lifetime = lifetime
        self._made: dict[Claim, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def mint(self, uid: str, name: str, *, may_write: bool = True) -> str:
        """Return a token for `name` to open the prompt `uid`; the same one for a while, so that a page stays as is."""
        claim, now = Claim(uid, name, may_write), time.monotonic()
        with self._lock:
            token, until = self._made.get(claim, ("", 0.0))
            if now >= until:
                self._made = {old: made for old, made in self._made.items() if now < made[1]}
                token = str(self._signer.dumps(list(claim)))
                self._made[claim] = token, now + self._lifetime / 4
            return token

    def read(self, token: str) -> Claim | None:
        """Return what `token` says; None if it is forged, damaged or too old."""
        try:
            uid, name, may_write = self._signer.loads(token, max_age=int(self._lifetime))
        except BadData:
            return None
        return Claim(uid, name, may_write)
