"""A server that speaks OpenAI's protocol, as a process of its own: how it behaves is in the name of the model.

`python openai_server.py` says where it is in its first line. `GET /calls` tells every call that it has had.
"""

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

_calls: list[dict[str, Any]] = []
_tried: Counter[tuple[str, str]] = Counter()
_opened = asyncio.Event()


def answer(text: str, **extra: Any) -> Response:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, **extra}
    return JSONResponse({"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage})


def refusal(status: int, message: str, headers: dict[str, str] | None = None, **error: Any) -> Response:
    return JSONResponse({"error": {"message": message, **error}}, status, headers)


async def echo(body: dict[str, Any], _: int) -> Response:
    return answer(f"{body['model']}: {body['messages'][-1]['content']}")


async def busy(body: dict[str, Any], number: int) -> Response:
    """Is too busy for the first two calls of a text, and says when to come again."""
    in_a_moment = {"Retry-After": format_datetime(datetime.now(UTC) - timedelta(seconds=5), usegmt=True)}
    ways = [{"retry-after-ms": "5"}, in_a_moment]
    return refusal(429, "Slow down.", ways[number - 1]) if number <= 2 else await echo(body, number)


async def flaky(body: dict[str, Any], number: int) -> Response:
    return refusal(503, "Overloaded") if number == 1 else await echo(body, number)


async def down(_: dict[str, Any], number: int) -> Response:
    return PlainTextResponse(f"crashed {number} times", 500)


async def later(_: dict[str, Any], __: int) -> Response:
    return refusal(429, "Come tomorrow.", {"Retry-After": "86400"})


async def poor(_: dict[str, Any], __: int) -> Response:
    return refusal(429, "You exceeded your quota.", code="insufficient_quota")


async def denied(_: dict[str, Any], __: int) -> Response:
    return refusal(401, f"Incorrect API key provided: {_calls[-1]['headers'].get('authorization', '')}.")


async def nowhere(body: dict[str, Any], __: int) -> Response:
    return refusal(404, f"The model {body['model']} does not exist.", code="model_not_found")


async def hanging(body: dict[str, Any], number: int) -> Response:
    await _opened.wait()
    return await echo(body, number)


async def tap(body: dict[str, Any], number: int) -> Response:
    """Answers six calls, and the others when it is opened."""
    if sum(call["model"] == "tap" for call in _calls) > 6:
        await _opened.wait()
    return await echo(body, number)


async def page(_: dict[str, Any], __: int) -> Response:
    return Response("<html>Welcome to the proxy</html>", media_type="text/html")


async def odd(_: dict[str, Any], __: int) -> Response:
    return JSONResponse({"choices": []})


async def prim(_: dict[str, Any], __: int) -> Response:
    message = {"role": "assistant", "content": None, "refusal": "I would rather not."}
    return JSONResponse({"choices": [{"message": message, "finish_reason": "stop"}]})


async def mute(_: dict[str, Any], __: int) -> Response:
    return JSONResponse({"choices": [{"message": {"role": "assistant", "content": None}, "finish_reason": "length"}]})


async def parts(_: dict[str, Any], __: int) -> Response:
    content = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    return JSONResponse({"choices": [{"message": {"content": content}}], "usage": {"cost": 0.5}})


async def judge(body: dict[str, Any], _: int) -> Response:
    long = len(body["messages"][-1]["content"]) > 40
    return answer(f'{{"score": {int(long)}, "reason": "its length"}}')


MODES: dict[str, Callable[[dict[str, Any], int], Awaitable[Response]]] = {
    mode.__name__: mode
    for mode in (
        echo,
        busy,
        flaky,
        down,
        later,
        poor,
        denied,
        nowhere,
        hanging,
        tap,
        page,
        odd,
        prim,
        mute,
        parts,
        judge,
    )
}


async def complete(request: Request) -> Response:
    body = await request.json()
    model, text = body["model"], body["messages"][-1]["content"]
    _calls.append({"model": model, "text": text, "body": body, "headers": dict(request.headers)})
    _tried[model, text] += 1
    return await MODES.get(model, echo)(body, _tried[model, text])


async def calls(_: Request) -> Response:
    return JSONResponse(_calls)


async def reset(_: Request) -> Response:
    _calls.clear()
    _tried.clear()
    _opened.clear()
    return Response()


async def opened(_: Request) -> Response:
    _opened.set()
    return Response()


APP = Starlette(
    routes=[
        Route("/v1/chat/completions", complete, methods=["POST"]),
        Route("/calls", calls),
        Route("/reset", reset, methods=["POST"]),
        Route("/open", opened, methods=["POST"]),
    ]
)


class ServerProcess:
    """The server, and what a test asks it."""

    def __init__(self, log: Path) -> None:
        """Start it, and wait until it says where it is."""
        with log.open("wb") as file:
            self.process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, __file__], stdout=subprocess.PIPE, stderr=file, env=os.environ, text=True
            )
        guard = threading.Timer(60, self.process.kill)
        guard.start()
        line = self.process.stdout.readline() if self.process.stdout else ""
        guard.cancel()
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", line)
        if found is None:
            raise RuntimeError(f"the server did not start: {line}\n{log.read_text()}")
        self.url = f"{found[0]}/v1"
        self._http = httpx.Client(base_url=found[0], trust_env=False)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call that it has had."""
        return list(self._http.get("/calls").json())

    def texts(self) -> Counter[str]:
        """How often each text was sent."""
        return Counter(call["text"] for call in self.calls)

    def reset(self) -> None:
        """Forget all calls."""
        self._http.post("/reset").raise_for_status()

    def open(self) -> None:
        """Let those go on that are held."""
        self._http.post("/open").raise_for_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self.process.terminate()
        self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(APP, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])
