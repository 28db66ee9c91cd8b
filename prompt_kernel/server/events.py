"""`/api/events`: tells of every change in the store, over a WebSocket or as server-sent events.

Each message is one entry of the log as JSON. The first one is `{"kind": "hello", "id": N}`: everything after entry N
follows. With `?after=N` (or `Last-Event-ID`, which a browser sends by itself) that is the entry which the client has
seen last, so that who was away misses none; without, it is the newest one. What clients send is not read.

A socket is accepted first and then closed with a code that says why: a refusal before that is, to a browser, a server
that is away. Every code but 4400 means that the client may come back with the id it has seen last.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from prompt_kernel.errors import InvalidRequestError, PromptKernelError, StoreError
from prompt_kernel.server.answers import Problem
from prompt_kernel.server.feed import Event, Feed

PATH: Final = "/api/events"

MALFORMED: Final = 4400
TOO_SLOW: Final = 4508
#: Codes of WebSockets themselves.
FLOODED: Final = 1008
TOO_BIG: Final = 1009
STOPPING: Final = 1012
TRY_AGAIN: Final = 1013

#: How long, in seconds, a reader that takes nothing may keep us from closing its socket.
_GRACE: Final = 1.0
#: Milliseconds after which a browser comes back by itself, and seconds after which there may be room again.
_RETRY: Final = 1000
_LATER: Final = {"Retry-After": "5"}
#: More than any id has.
_DIGITS: Final = 20
_FULL: Final = "So many follow the events of this server that there is no room for more: come back later."
_STOPPING: Final = "The server is stopping: come back with the id that you have seen last."


@dataclass(frozen=True)
class EventLimits:
    """What one client may ask of a server, and how many there may be.

    `message` counts characters; `messages` may come within `window` seconds. After `patience` seconds in which a reader
    has taken nothing, it is sent away. A stream says every `heartbeat` seconds that it is still there.
    """

    clients: int = 1_000
    message: int = 64 * 1024
    messages: int = 1_000
    window: float = 10.0
    patience: float = 20.0
    heartbeat: float = 15.0


_DEFAULT: Final = EventLimits()


class End(NamedTuple):
    """Why a socket is closed."""

    code: int
    reason: str


class Events:
    """The clients that follow a feed."""

    def __init__(self, feed: Feed, limits: EventLimits = _DEFAULT) -> None:
        """Tell of what `feed` gives."""
        self._feed, self._limits = feed, limits
        self.clients = 0

    @property
    def routes(self) -> list[BaseRoute]:
        """The two routes of one address."""
        return [WebSocketRoute(PATH, self._socket), Route(PATH, _Stream(self))]

    @contextmanager
    def seat(self) -> Iterator["End | None"]:
        """Count a client in the block; give why there is no room for it, or None."""
        if self._feed.is_over:
            yield End(STOPPING, _STOPPING)
        elif self.clients >= self._limits.clients:
            yield End(TRY_AGAIN, _FULL)
        else:
            self.clients += 1
            try:
                yield None
            finally:
                self.clients -= 1

    async def cursor(self, connection: HTTPConnection) -> int:
        """Return the id after which a client wants to hear.

        Raises:
            InvalidRequestError: it is none of this log.
            StoreError: the log cannot be read.
        """
        given = connection.headers.get("last-event-id") or connection.query_params.get("after")
        if given is None:
            return await self._feed.newest()
        if not (given.isascii() and given.isdecimal() and len(given) < _DIGITS):
            raise InvalidRequestError(f"after={given[:40]!r} is not the id of a change: it is a whole number.")
        return await self._feed.check(int(given))

    # Server-sent events

    async def lines(self, cursor: int) -> AsyncIterator[str]:
        """Give the text of a stream: a block of lines for each message, and a comment where there is none."""
        yield f"retry: {_RETRY}\n{_block(_hello(cursor))}"
        async for events in self._feed.follow(cursor, pause=self._limits.heartbeat):
            yield "".join(map(_block, events)) or ": still here\n\n"

    # Sockets

    async def _socket(self, websocket: WebSocket) -> None:
        await websocket.accept()
        with self.seat() as refused:
            end = refused or await self._tell(websocket)
            if end is not None:
                await _say_goodbye(websocket, end)

    async def _tell(self, websocket: WebSocket) -> End | None:
        try:
            return await self._carry(websocket, await self.cursor(websocket))
        except InvalidRequestError as error:
            return End(MALFORMED, str(error))
        except StoreError as error:
            return End(TRY_AGAIN, str(error))

    async def _carry(self, websocket: WebSocket, cursor: int) -> End | None:
        """Tell of changes until either side ends; return why, None where the client has gone."""
        sides = [asyncio.create_task(self._write(websocket, cursor)), asyncio.create_task(self._read(websocket))]
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in sides:
                side.cancel()
            ended = await asyncio.gather(*sides, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception) and not isinstance(error, WebSocketDisconnect):
                raise error
        return next((end for end in ended if isinstance(end, End)), None)

    async def _write(self, websocket: WebSocket, cursor: int) -> End:
        await websocket.send_text(_hello(cursor).data)
        async for events in self._feed.follow(cursor):
            for event in events:
                try:
                    async with asyncio.timeout(self._limits.patience):
                        await websocket.send_text(event.data)
                except TimeoutError:
                    return End(TOO_SLOW, "You read too slowly: come back with the id that you have seen last.")
        return End(STOPPING, _STOPPING)

    async def _read(self, websocket: WebSocket) -> End | None:
        """Let messages pass, unless they are too large or too many; end when the client has gone."""
        loop = asyncio.get_running_loop()
        count, until = 0, 0.0
        while (message := await websocket.receive())["type"] == "websocket.receive":
            if len(message.get("text") or message.get("bytes") or "") > self._limits.message:
                return End(TOO_BIG, f"A message has at most {self._limits.message:,} characters; none is read here.")
            now = loop.time()
            count, until = (count + 1, until) if now < until else (1, now + self._limits.window)
            if count > self._limits.messages:
                return End(FLOODED, "That were too many messages; none is read here.")
        return None


class _Stream:
    """Answers as an ASGI application, so that the client is counted until the stream has ended."""

    def __init__(self, events: Events) -> None:
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with self._events.seat() as end:
            answer = await self._answer(request, end)
            await answer(scope, receive, send)

    async def _answer(self, request: Request, end: End | None) -> Response:
        if request.method != "GET":
            error = InvalidRequestError("Events are asked for with GET, or by a WebSocket.")
            return Problem(error, status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET"})
        if end is not None:
            return Problem(PromptKernelError(end.reason), status=HTTPStatus.SERVICE_UNAVAILABLE, headers=_LATER)
        try:
            return _streaming(self._events.lines(await self._events.cursor(request)))
        except InvalidRequestError as error:
            return Problem(error, status=HTTPStatus.BAD_REQUEST)
        except StoreError as error:
            return Problem(error, headers=_LATER)


def _streaming(lines: AsyncIterator[str]) -> Response:
    # The last one is for proxies, which would hold the stream back until there is more of it.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, media_type="text/event-stream", headers=headers)


def _hello(cursor: int) -> Event:
    return Event(cursor, json.dumps({"kind": "hello", "id": cursor}))


def _block(event: Event) -> str:
    return f"id: {event.id}\ndata: {event.data}\n\n"


async def _say_goodbye(websocket: WebSocket, end: End) -> None:
    reason = end.reason.encode()[:120].decode(errors="ignore")
    with suppress(TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(_GRACE):
            await websocket.close(end.code, reason)
