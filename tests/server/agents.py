"""Agents for the tests: the SDK's own client, over stdio and over HTTP, in either of the protocol's two eras."""

import asyncio
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
import uvicorn
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent
from starlette.applications import Starlette
from starlette.routing import Mount

import prompt_kernel as pk
from prompt_kernel.server import Guard
from prompt_kernel.server.mcp import McpService

HANDSHAKE, MODERN = "legacy", "auto"


@contextmanager
def served(store: pk.Store, *, writes: bool = False, hosts: tuple[str, ...] = ()) -> Iterator[str]:
    """Serve a store over HTTP in a thread; give the address."""
    service = McpService(store, writes=writes)
    app = Starlette(routes=[Mount("/mcp", service.app)], lifespan=lambda _: service.running())
    with serving(Guard(app, hosts=hosts, token_of=store.token_of)) as address:
        yield f"{address}/mcp/"


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application in a thread; who connects before it is up waits in the backlog."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
    if thread.is_alive():
        raise RuntimeError("the server did not stop")


@asynccontextmanager
async def over_http(address: str, mode: str = MODERN, *, bearer: str = "", **options: Any) -> AsyncIterator[Client]:
    """Give a client of the server at `address`."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode, **options) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(url: str, mode: str = MODERN, *arguments: str, **options: Any) -> AsyncIterator[Client]:
    """Give a client of the command that serves the store at `url`."""
    command = ["-m", "prompt_kernel.cli", "--store", url, "--author", "ada", "mcp", *arguments]
    parameters = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))
    async with Client(parameters, mode=mode, **options) as client:
        yield client


def text_of(result: CallToolResult) -> str:
    """Return the texts of an answer."""
    return "\n".join(content.text for content in result.content if isinstance(content, TextContent))


async def all_pages(ask: Callable[..., Awaitable[Any]], field: str) -> list[Any]:
    """Return what all pages of a list hold."""
    found: list[Any] = []
    cursor = None
    while True:
        page = await ask(cursor=cursor)
        found += getattr(page, field)
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor
