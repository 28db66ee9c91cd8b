"""Runs one of the servers of `servers.py`; what it is and its arguments stand on the command line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import uvicorn

#: What the dashboard sets for its sockets, too.
_SOCKETS: dict[str, Any] = {"ws": "websockets-sansio", "ws_per_message_deflate": False}
_PAGE = """<!doctype html><title>Bare socket</title><pre id="text" tabindex="0">We write together: </pre><script>
const text = document.querySelector("#text");
const socket = new WebSocket(`ws://${location.host}/socket`);
socket.onopen = () => (text.dataset.open = "true");
socket.onmessage = (message) => text.append(message.data);
text.addEventListener("keydown", (event) => socket.send(event.key));
</script>"""


def broadcast(port: str) -> None:
    """Send everybody what anybody sends, and do nothing else."""
    from starlette.applications import Starlette  # noqa: PLC0415 - the dashboard shall start as it does without us
    from starlette.requests import Request  # noqa: PLC0415 - the same
    from starlette.responses import HTMLResponse  # noqa: PLC0415 - the same
    from starlette.routing import Route, WebSocketRoute  # noqa: PLC0415 - the same
    from starlette.websockets import WebSocket  # noqa: PLC0415 - the same

    present: set[WebSocket] = set()

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(_PAGE)

    async def share(websocket: WebSocket) -> None:
        await websocket.accept()
        present.add(websocket)
        try:
            while (message := await websocket.receive())["type"] == "websocket.receive":
                for other in list(present):
                    await other.send({**message, "type": "websocket.send"})
        finally:
            present.discard(websocket)

    app = Starlette(routes=[Route("/", page), WebSocketRoute("/socket", share)])
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", **_SOCKETS)


def hello(port: str) -> None:
    """Serve the page of `hello.py` as the dashboard serves its own: one process, no browser, no watched files."""
    import streamlit as st  # noqa: PLC0415 - each kind of server imports its own

    options = {
        "browser.gatherUsageStats": False,
        "server.address": "127.0.0.1",
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.port": int(port),
    }
    st.App(Path(__file__).with_name("hello.py")).run(config=options)


def dashboard(port: str, store: str, uid: str, file: str, count: str) -> None:
    """Serve the dashboard of `store`, and write `count` tokens for the prompt `uid` to `file`."""
    from prompt_kernel.server import Tokens  # noqa: PLC0415 - the same
    from prompt_kernel_dashboard import launch  # noqa: PLC0415 - each kind of server imports its own

    class Handed(Tokens):
        def __init__(self) -> None:
            super().__init__()
            made = [self.mint(uid, f"Client {number}") for number in range(int(count))]
            Path(file).write_text(json.dumps(made), "utf-8")

    with patch.object(launch, "Tokens", Handed):
        launch.run(store, port=int(port), open_browser=False)


def route(port: str, answers: str) -> None:
    """Answer two routes with what a file holds, and ask nobody."""
    from fastapi import FastAPI  # noqa: PLC0415 - each kind of server imports its own

    app = FastAPI()
    given: dict[str, dict[str, Any]] = json.loads(Path(answers).read_text("utf-8"))

    @app.get("/get")
    def get() -> dict[str, Any]:
        return given["get"]

    @app.post("/expand")
    def expand(_: dict[str, Any]) -> dict[str, Any]:
        return given["expand"]

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


_KINDS: dict[str, Callable[..., None]] = {
    "broadcast": broadcast,
    "hello": hello,
    "dashboard": dashboard,
    "route": route,
}

if __name__ == "__main__":
    _KINDS[sys.argv[1]](*sys.argv[2:])
