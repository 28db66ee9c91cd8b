"""The documentation: the schema, the page made of it, and the page for people, whose commands are run."""

import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from prompt_kernel.server.api.docs import schema_of
from prompt_kernel.store import Store
from tests.server.api import an_api, operations

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def _mounted(store: Store) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/api", an_api(store))]), base_url="http://127.0.0.1:8501")


def _curl(client: TestClient, command: str) -> Any:
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    method, address, body, headers = "", "", None, {}
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        else:
            address = word
    return client.request(method or ("POST" if body else "GET"), address, content=body, headers=headers)


def test_every_command_of_the_page_does_what_it_should(store: Store) -> None:
    client = _mounted(store)
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [found for block in blocks for found in re.findall(r"curl (?:\\\n|.)+", block)]
    answers = [_curl(client, command) for command in commands]

    assert [
        (command, answer.text) for command, answer in zip(commands, answers, strict=True) if not answer.is_success
    ] == []
    assert len(answers) == 18
    assert answers[13].json()["items"][0] == {"text": "Speak in a very formal voice."}
    assert answers[12].json()["text"] == "Speak in a very plain voice. Be brief."
    assert answers[17].json()["items"][0]["prompt"] == "voice/tone"
    assert [text["path"] for text in answers[14].json()["texts"]] == ["voice/tone"]


def test_the_schema_says_what_each_route_takes_and_answers(store: Store) -> None:
    api = an_api(store)
    schema = _mounted(store).get("/api/openapi.json").json()
    lacking = [
        (operation.method, operation.path)
        for operation in operations(api)
        if not operation.description.get("summary")
        or not operation.description.get("description")
        or {"403", "404", "422", "503"} - set(operation.description["responses"])
        or any("description" not in parameter for parameter in operation.description.get("parameters", ()))
        or ("requestBody" in operation.description and {"400", "413", "415"} - set(operation.description["responses"]))
    ]

    assert lacking == []
    assert schema["servers"] == [{"url": "/api"}]
    assert len(list(operations(api))) == 67
    assert schema["paths"] == json.loads(json.dumps(schema_of(api)["paths"]))
    problem = schema["components"]["responses"]["Problem409"]["content"]
    assert list(problem) == ["application/problem+json"]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_lists_every_route_and_asks_nobody_else(store: Store) -> None:
    client = _mounted(store)
    response = client.get("/api/docs")
    reader = _Reader()
    reader.feed(response.text)

    assert sum(tag == "details" for tag, _ in reader.tags) == len(list(operations(an_api(store))))
    assert not {"script", "link", "img", "iframe", "form"} & {tag for tag, _ in reader.tags}
    assert [attributes["href"] for _, attributes in reader.tags if "href" in attributes] == ["openapi.json"]
    assert "url(" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "light-dark(" in response.text


def test_what_stands_in_the_schema_is_text_on_the_page(store: Store) -> None:
    api = an_api(store)
    schema = schema_of(api)
    schema["info"]["description"] = "<script>alert(1)</script> and `<b>`"
    page = TestClient(api).get("/docs").text

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; and <code>&lt;b&gt;</code>" in page
