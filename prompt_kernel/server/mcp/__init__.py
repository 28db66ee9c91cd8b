"""The Model Context Protocol: the library as prompts, resources and tools, for whatever hosts a model.

It is an edge over the same verbs that everybody uses. Over stdio it serves whoever started it; over HTTP everybody who
was let in, as what their token says. Both the protocol of 2026-07-28 and the ones before it are answered.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from prompt_kernel.server.mcp._server import PromptServer
from prompt_kernel.store import Store

_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_SESSIONS: Final = 1_000
_NOT_RUNNING: Final = "The MCP server is not running."


class McpService:
    """The protocol over HTTP, for a server that lets in only who may come in: this itself asks nobody for anything."""

    def __init__(self, store: Store, *, writes: bool) -> None:
        """Serve `store`; the tools that write are there with `writes` only, and for who may write."""
        self._store, self._writes = store, writes
        self._manager: StreamableHTTPSessionManager | None = None

    @property
    def app(self) -> ASGIApp:
        """What answers the requests, wherever a server mounts it."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await WebSocketClose()(scope, receive, send)
        elif self._manager is None:
            await PlainTextResponse(_NOT_RUNNING, 503)(scope, receive, send)
        else:
            await self._manager.handle_request(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep sessions, and tell them of changes, as long as the block lasts."""
        server = PromptServer(self._store, writes=self._writes)
        # The guard before this one has checked host and origin, and knows by which names the server goes.
        manager = StreamableHTTPSessionManager(
            server, max_request_body_size=_MOST_BYTES, max_sessions=_MOST_SESSIONS, security_settings=None
        )
        async with manager.run(), anyio.create_task_group() as group:
            group.start_soon(server.announcer.run)
            self._manager = manager
            try:
                yield
            finally:
                self._manager = None
                server.listening.close()
                group.cancel_scope.cancel()


def serve_stdio(store: Store, *, writes: bool) -> None:
    """Serve `store` over this process's stdin and stdout until stdin is closed."""
    anyio.run(_serve_stdio, store, writes)


async def _serve_stdio(store: Store, writes: bool) -> None:  # noqa: FBT001 - anyio passes on positions alone
    server = PromptServer(store, writes=writes)
    async with stdio_server() as (receiving, sending), anyio.create_task_group() as group:
        group.start_soon(server.announcer.run)
        await server.run(receiving, sending, server.create_initialization_options())
        group.cancel_scope.cancel()


__all__ = ["McpService", "serve_stdio"]
