"""What the tests of the API share: the application behind somebody who may write or not, and every route of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from prompt_kernel.server.api import make_api
from prompt_kernel.server.api.docs import schema_of
from prompt_kernel.server.callers import set_caller
from prompt_kernel.store import Store


class Operation(NamedTuple):
    """One method of one address."""

    method: str
    path: str
    writes: bool
    description: dict[str, Any]

    @property
    def address(self) -> str:
        """The address with something in place of its parameters."""
        return self.path.replace("{path}", "style/tone").replace("{name}", "theme")


def as_caller(app: ASGIApp, *, may_write: bool, author: str = "") -> ASGIApp:
    """Return `app` as it is behind a guard who has seen a token."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            set_caller(scope, author, may_write=may_write)
        await app(scope, receive, send)

    return guarded


def operations(api: FastAPI) -> Iterator[Operation]:
    """Every operation that the schema knows."""
    for path, methods in schema_of(api)["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described["x-writes"], described)


def an_api(store: Store, *roots: Path) -> FastAPI:
    """The application."""
    return make_api(store, roots=list(roots))
