"""The two kinds of routes: those that read, for everybody who was let in, and those that write."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from prompt_kernel.server.answers import unless_known
from prompt_kernel.server.api.bodies import ReadRequest, read_body
from prompt_kernel.server.api.idempotency import HEADER, Answers
from prompt_kernel.server.callers import caller_of
from prompt_kernel.store import Store

_Handle = Callable[[Request], Coroutine[Any, Any, Response]]


class ReadingRoute(APIRoute):
    """A route that changes nothing. What it gives can be asked for again with the ETag that it came with."""

    def get_route_handler(self) -> _Handle:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            if self.body_field is not None:
                return await handle(await read_body(request))
            return unless_known(request, await handle(request))

        return answer


class WritingRoute(APIRoute):
    """A route that changes the store, for a caller who may write. The same key again gets the same answer."""

    def get_route_handler(self) -> _Handle:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            caller_of(request).check_writing()
            read = await read_body(request)
            key = request.headers.get(HEADER)
            if key is None:
                return await handle(read)
            caller = caller_of(request)
            answers: Answers = request.app.state.answers
            return await answers.once(key, (caller.author, caller.origin), await _name(read), lambda: handle(read))

        return answer


async def _name(request: ReadRequest) -> str:
    """Return what tells a request from all others: the method, the address and the body."""
    address = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(address + await request.body()).hexdigest()


def routers(tag: str) -> tuple[APIRouter, APIRouter]:
    """Return a router for what reads and one for what writes, both under one heading of the documentation."""
    return APIRouter(route_class=ReadingRoute, tags=[tag]), APIRouter(route_class=WritingRoute, tags=[tag])


async def _store_of(request: Request) -> Store:
    caller = caller_of(request)
    store: Store = request.app.state.store
    return store.by(caller.author or store.author, origin=caller.origin)


#: The store, in the name of who asks.
StoreOf = Annotated[Store, Depends(_store_of)]
