"""The sockets of live rooms: what comes in goes to the room, what the room says goes out, and the slow hold nobody up.

A socket brings its token in the list of subprotocols, because a browser can give it no header and because addresses end
up in logs. It is accepted first and then closed with a code that says why: a refusal before that is, to a browser, a
server that is away.
"""

import asyncio
import json
from collections import deque
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from prompt_kernel.errors import PromptKernelError, PromptNotFoundError, StoreError
from prompt_kernel.live import Hub, Participant, Seat, Settings
from prompt_kernel.live.protocol import GONE, MALFORMED, TOO_SLOW
from prompt_kernel.server.callers import caller_of
from prompt_kernel.server.security import Claim, Tokens

PROTOCOL: Final = "pk"

UNAUTHORIZED: Final = 4401
FORBIDDEN: Final = 4403
#: A code of WebSockets themselves, after which a client comes back.
TRY_AGAIN: Final = 1013

#: Who says no name.
_NOBODY: Final = "Somebody"
_UNKNOWN: Final = "The token is too old or of another server: load the page again."

#: Bytes that may wait for one reader, besides the limit on messages, before it is closed and has to come back.
_MOST_WAITING: Final = 32 * 2**20
#: How long, in seconds, a reader that takes nothing may keep us from closing its socket.
_GRACE: Final = 1.0
#: The longest body of a copy; JSON can spell one byte of text with six.
_MOST_COPIED: Final = 16 * 2**20


def live_routes(hub: Hub, tokens: Tokens) -> list[BaseRoute]:
    """Return the routes of live rooms.

    `WS /live/{uid}?epoch=…` joins the room of a prompt, with the subprotocols `pk` and a token. `POST /live/{uid}/copy`
    keeps `{"text": …, "reason": …}` as a conflict copy, with `Authorization: Bearer` and the token, for a page whose
    socket is refused; it answers `{"path": …}`, or `{"problem": …}` with a sentence.

    `WS /api/live/{uid}?epoch=…` is for programs, such as the kernel of a notebook: who may use the API may join, under
    the name that their token or their header says, and only reads where their token may only read, or with `&read=1`.
    """

    async def join(websocket: WebSocket) -> None:
        await _serve(hub, tokens, websocket)

    async def join_as_program(websocket: WebSocket) -> None:
        await websocket.accept()
        await _seat(hub, websocket, _caller(websocket))

    async def copy(request: Request) -> JSONResponse:
        return await _keep_copy(hub, tokens, request)

    return [
        WebSocketRoute("/live/{uid}", join),
        WebSocketRoute("/api/live/{uid}", join_as_program),
        Route("/live/{uid}/copy", copy, methods=["POST"]),
    ]


# Sockets --------------------------------------------------------------------------------------------------------------


async def _serve(hub: Hub, tokens: Tokens, websocket: WebSocket) -> None:
    offered: list[str] = websocket.scope["subprotocols"]
    protocol, token, *_ = [*offered, "", ""]
    await websocket.accept(subprotocol=PROTOCOL if protocol == PROTOCOL else None)
    uid, claim = websocket.path_params["uid"], tokens.read(token)
    if claim is None:
        await websocket.close(UNAUTHORIZED, _UNKNOWN)
        return
    if claim.uid != uid:
        await websocket.close(FORBIDDEN, "The token is for another prompt.")
        return
    await _seat(hub, websocket, _participant(claim))


async def _seat(hub: Hub, websocket: WebSocket, participant: Participant) -> None:
    """Let somebody in whose socket is open, until either side ends."""
    line, uid = _Line(websocket, hub.settings), websocket.path_params["uid"]
    try:
        seat = await hub.join(uid, participant, line, epoch=websocket.query_params.get("epoch", ""))
    except PromptNotFoundError as error:
        await websocket.close(GONE, _short(str(error)))
        return
    except StoreError as error:
        # The client comes back, and it may work then.
        await websocket.close(TRY_AGAIN, _short(str(error)))
        return
    try:
        await line.run(seat)
    finally:
        await seat.leave()


def _participant(claim: Claim) -> Participant:
    return Participant(claim.name, may_write=claim.may_write)


def _caller(websocket: WebSocket) -> Participant:
    caller = caller_of(websocket)
    may_write = caller.may_write and not websocket.query_params.get("read")
    return Participant(caller.author or _NOBODY, may_write=may_write)


def _short(reason: str) -> str:
    """Return as much of `reason` as fits a close frame."""
    return reason.encode()[:120].decode(errors="ignore")


class _Line:
    """The connection of one participant to the room: a queue with a limit, so that the room never waits for it."""

    def __init__(self, websocket: WebSocket, settings: Settings) -> None:
        self._websocket, self._settings = websocket, settings
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._changed = asyncio.Event()
        self._end: tuple[int, str] | None = None
        self._writer: asyncio.Task[None] | None = None

    def send(self, message: bytes) -> None:
        """Queue `message`.

        Raises:
            asyncio.QueueFull: the reader has let too much pile up.
        """
        if len(self._waiting) >= self._settings.queue or self._size > _MOST_WAITING:
            raise asyncio.QueueFull
        self._waiting.append(message)
        self._size += len(message)
        self._changed.set()

    def close(self, code: int, reason: str) -> None:
        """Close the socket after what is queued, at once for a reader that is too slow; again changes nothing."""
        if self._end is not None:
            return
        self._end = code, _short(reason)
        self._changed.set()
        if code == TOO_SLOW:
            self._waiting.clear()
            if self._writer is not None:
                self._writer.cancel()  # it may be stuck in a message that nobody reads

    async def run(self, seat: Seat) -> None:
        """Carry messages both ways until either side ends."""
        self._writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read(seat))
        try:
            await asyncio.wait({self._writer, reader}, return_when=asyncio.FIRST_COMPLETED)
            if self._end is not None and not reader.done():
                await self._say_goodbye(*self._end)
        finally:
            self._writer.cancel()
            reader.cancel()
            ended = await asyncio.gather(self._writer, reader, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception) and not isinstance(error, WebSocketDisconnect):
                raise error

    async def _say_goodbye(self, code: int, reason: str) -> None:
        with suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(_GRACE):
                await self._websocket.close(code, reason)

    async def _write(self) -> None:
        while self._end is None or self._waiting:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                message = self._waiting.popleft()
                self._size -= len(message)
                await self._websocket.send_bytes(message)

    async def _read(self, seat: Seat) -> None:
        while (message := await self._websocket.receive())["type"] == "websocket.receive":
            data = message.get("bytes")
            if data is None:
                self.close(MALFORMED, "Messages are binary here.")
            else:
                await seat.receive(data)


# Copies ---------------------------------------------------------------------------------------------------------------


async def _keep_copy(hub: Hub, tokens: Tokens, request: Request) -> JSONResponse:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    claim = tokens.read(token) if scheme.lower() == "bearer" else None
    if claim is None:
        return _problem(HTTPStatus.UNAUTHORIZED, _UNKNOWN)
    if claim.uid != request.path_params["uid"] or not claim.may_write:
        return _problem(HTTPStatus.FORBIDDEN, "The token does not allow to write to this prompt.")
    return await _keep(hub, claim, request)


async def _keep(hub: Hub, claim: Claim, request: Request) -> JSONResponse:
    body = await _body(request)
    if body is None:
        return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A copy has at most {_MOST_COPIED:,} bytes.")
    text, reason = _read_copy(body)
    if text is None:
        return _problem(HTTPStatus.BAD_REQUEST, 'A copy is JSON: {"text": "…", "reason": "…"}.')
    try:
        kept = await hub.keep_copy(claim.uid, text, _participant(claim), reason)
    except PromptNotFoundError as error:
        return _problem(HTTPStatus.NOT_FOUND, str(error))
    except PromptKernelError as error:
        return _problem(HTTPStatus.CONFLICT, str(error))
    return JSONResponse({"path": kept.path})


def _problem(status: HTTPStatus, sentence: str) -> JSONResponse:
    return JSONResponse({"problem": sentence}, status)


async def _body(request: Request) -> bytes | None:
    """Return the body; None if it is too large, of which no more is read than shows that."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > _MOST_COPIED:
            return None
    return b"".join(parts)


def _read_copy(body: bytes) -> tuple[str | None, str]:
    try:
        given: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None, ""
    text, reason = (given.get("text"), given.get("reason", "")) if isinstance(given, dict) else (None, "")
    return (text, reason) if isinstance(text, str) and isinstance(reason, str) else (None, "")
