"""What every server has for programs: the API, its events and MCP; the dashboard and `prompt-kernel serve` mount it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from prompt_kernel.errors import MissingExtraError, PromptKernelError
from prompt_kernel.server.answers import Problem
from prompt_kernel.server.events import Events
from prompt_kernel.server.feed import Feed
from prompt_kernel.store import Store

if TYPE_CHECKING:
    from prompt_kernel.server.mcp import McpService

API: Final = "/api"
MCP: Final = "/mcp"
#: The page of the API, where a browser can read about it and try it.
PAGE: Final = "/api/docs"


class Services:
    """The API, its events and MCP, all of one store.

    The API links and completes only folders below `roots`; agents may change prompts only with `mcp_writes`.
    """

    def __init__(self, store: Store, *, roots: Sequence[Path], mcp_writes: bool = False) -> None:
        """Serve `store`, which is closed by whoever opened it."""
        self._feed = Feed(store)
        self._agents = _Agents(store, writes=mcp_writes)
        self.routes: list[BaseRoute] = [
            *Events(self._feed).routes,
            Route(API, _lead_to_the_page),
            Mount(API, _api(store, roots)),
            # A Mount alone would lead from /mcp to /mcp/, which not every client follows.
            Route(MCP, self._agents),
            Mount(MCP, self._agents),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the store, and keep the sessions of agents, in the block; for the lifespan of the server.

        Raises:
            StoreUnavailableError: the store cannot be read.
        """
        async with self._feed.running():
            keeping = asyncio.create_task(self._agents.keep())
            try:
                yield
            finally:
                self.stop()
                await keeping

    def stop(self) -> None:
        """End all that would go on for ever, so that the server need not wait for it; again changes nothing."""
        self._feed.end()
        self._agents.end()


class _Agents:
    """MCP, from the first request on: its import takes longer than all the rest of a server, and few have agents.

    Its sessions live in a task of their own, so that they can end before the server does.
    """

    def __init__(self, store: Store, *, writes: bool) -> None:
        self._store, self._writes = store, writes
        self._called, self._ready, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._app: ASGIApp = _Refusal(PromptKernelError("MCP is not running: the server is stopping."), 503)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._called.set()
        await self._ready.wait()
        await self._app(scope, receive, send)

    async def keep(self) -> None:
        """Answer requests until it is told to end."""
        stopped = self._app
        try:
            await self._called.wait()
            if not self._over.is_set():
                await self._serve()
        finally:
            self._app = stopped
            self._ready.set()

    async def _serve(self) -> None:
        try:
            service = await asyncio.to_thread(self._make)
        except MissingExtraError as error:
            self._app = _Refusal(error)
            self._ready.set()
            await self._over.wait()
            return
        async with service.running():
            self._app = service.app
            self._ready.set()
            await self._over.wait()

    def _make(self) -> "McpService":
        try:
            from prompt_kernel.server.mcp import McpService  # noqa: PLC0415 - it is optional, and see above
        except ModuleNotFoundError as error:
            raise _missing(error, "mcp", "MCP") from error
        return McpService(self._store, writes=self._writes)

    def end(self) -> None:
        """Come to the end."""
        self._over.set()
        self._called.set()


class _Refusal:
    """Answers every request with one error."""

    def __init__(self, error: PromptKernelError, status: int | None = None) -> None:
        self._answer = Problem(error, status=status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send)


def _api(store: Store, roots: Sequence[Path]) -> ASGIApp:
    try:
        from prompt_kernel.server.api import make_api  # noqa: PLC0415 - it is optional
    except ModuleNotFoundError as error:
        missing = _missing(error, "server", "The API")
        if isinstance(missing, MissingExtraError):
            return _Refusal(missing)
        raise
    return make_api(store, roots=roots)


def _missing(error: ModuleNotFoundError, extra: str, what: str) -> ModuleNotFoundError | MissingExtraError:
    return error if (error.name or "").startswith("prompt_kernel") else MissingExtraError(extra, what)


async def _lead_to_the_page(_: Request) -> Response:
    return RedirectResponse(PAGE)
