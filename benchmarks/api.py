"""The API beside a bare route of FastAPI that gives the same answers and asks nobody for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import servers
import worlds
from store import OURS, Stores
from timing import WALL, Contender, Result, Work, measure

if TYPE_CHECKING:
    import httpx

NAMES = ("http-get", "http-expand", "http-warm")
_BARE = "FastAPI"
_PROMPT = f"api/prompts/{worlds.TREE}"
_EXPAND: dict[str, Any] = {"path": worlds.COMPOSITE}


def measure_api(stores: Stores) -> list[Result]:
    """Measure requests to both servers, which take turns.

    Raises:
        MissingError: a package that is needed is not installed.
    """
    servers.need("fastapi", "httpx")
    sizes = stores.sizes
    with _both(stores) as (ours, bare, url):
        return [measure(work, repeats=sizes.repeats, seconds=sizes.seconds * 5) for work in _works(ours, bare, url)]


@contextmanager
def _both(stores: Stores) -> Iterator[tuple["httpx.Client", "httpx.Client", str]]:
    import httpx  # noqa: PLC0415 - not everybody has it

    folder, answers = stores.folder, stores.folder / "answers.json"
    with (
        servers.api(stores.build(stores.sizes.middle), folder) as server,
        httpx.Client(base_url=server.url) as ours,
    ):
        given = {"get": ours.get(_PROMPT).json(), "expand": ours.post("api/expand", json=_EXPAND).json()}
        answers.write_text(json.dumps(given), "utf-8")
        with servers.route(answers, folder) as other, httpx.Client(base_url=other.url) as bare:
            yield ours, bare, server.url


def _works(ours: "httpx.Client", bare: "httpx.Client", url: str) -> Iterator[Work]:
    from prompt_kernel.client import Client  # noqa: PLC0415 - it needs httpx

    yield _work("http-get", "`GET` of a prompt", lambda: ours.get(_PROMPT), lambda: bare.get("get"))
    yield _work(
        "http-expand",
        "`POST /api/expand`, 10 includes",
        lambda: ours.post("api/expand", json=_EXPAND),
        lambda: bare.post("expand", json=_EXPAND),
    )
    with Client(url) as client:
        title = "a prompt by the client, read before: validated, not sent again"
        contenders = [
            Contender(OURS, lambda: client.get(worlds.TREE), None, lambda prompt: prompt.text),
            Contender(_BARE, lambda: bare.get("get"), None, lambda answer: answer.json()["text"]),
        ]
        yield Work("http-warm", title, _BARE, None, contenders, WALL)


def _work(name: str, title: str, ours: Any, bare: Any) -> Work:
    def text(answer: "httpx.Response") -> object:
        return answer.raise_for_status().json()["text"]

    return Work(name, title, _BARE, None, [Contender(OURS, ours, None, text), Contender(_BARE, bare, None, text)], WALL)
