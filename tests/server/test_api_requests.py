"""What comes in: oddly named prompts, bodies of every kind, tokens that may only read, and the same request twice."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from prompt_kernel.errors import ConflictError, InvalidRequestError
from prompt_kernel.server.api.bodies import MOST_BYTES, MOST_LEVELS
from prompt_kernel.server.api.idempotency import Answers
from prompt_kernel.store import Store
from prompt_kernel.wire import error_from_data
from tests.server.api import an_api, as_caller, operations

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(library: Store) -> Iterator[TestClient]:
    with TestClient(an_api(library)) as client:
        yield client


def _problem(response: Any, status: int, name: str) -> str:
    """The sentence of a problem, after a look at all that goes with it."""
    data = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, data["status"], data["error"]) == (status, status, name), data
    assert data["type"] == f"urn:prompt-kernel:error:{name}"
    assert data["title"]
    return str(data["detail"])


# Paths

NAMES = [
    "all", "health", "prompts", "count", "a/versions", "a/diff", "versions/a", "openapi.json", "docs", "trash",
    "Überblick", "日本語/プロンプト", "with space/and more", "v1.2", "a.b/c.d", "_x", "q-r_s", "é" * 50, "a/b/c/d/e/f",
]  # fmt: skip


@pytest.mark.parametrize("path", NAMES)
def test_a_prompt_is_reached_by_its_path_whatever_it_is_called(client: TestClient, path: str) -> None:
    where = f"/prompts/{quote(path)}"

    assert client.put(where, json={"text": f"of {path}"}).status_code == 201
    assert client.get(where).json()["path"] == path
    assert client.get(f"/prompts/{quote(path, safe='')}").json()["path"] == path
    assert client.get(f"/versions/{quote(path)}").json()["items"][0]["text"] == f"of {path}"
    assert client.delete(where).status_code == 200
    assert client.get(where).status_code == 404


ODD = [
    "%00",
    "%ED%A0%80",
    "%FF",
    "%25",
    "..",
    "%2E%2E/x",
    "a//b",
    "/",
    "",
    "a%0Ab",
    "a@3",
    "%3Cb%3E",
    "x" * 3000,
    "%20",
]


@pytest.mark.parametrize("path", ODD)
def test_what_no_path_can_be_is_not_found_and_not_made(client: TestClient, path: str) -> None:
    assert client.get(f"/prompts/{path}").status_code in (404, 405)
    assert client.put(f"/prompts/{path}", json={"text": "x"}).status_code in (404, 405, 422)


def test_nothing_is_redirected(client: TestClient) -> None:
    assert client.get("/prompts/review/", follow_redirects=False).status_code == 404
    assert client.get("/health/", follow_redirects=False).status_code == 404


# Addresses and methods


def test_an_unknown_address_and_a_wrong_method_are_problems_too(client: TestClient) -> None:
    assert _problem(client.get("/nope"), 404, "InvalidRequestError").startswith("There is no such address")
    wrong = client.post("/prompts/review", json={})
    assert _problem(wrong, 405, "InvalidRequestError") == "This address takes DELETE, GET, PATCH, PUT, and not POST."
    assert wrong.headers["allow"] == "DELETE, GET, PATCH, PUT"


def test_an_error_of_the_store_has_its_class_and_its_sentence(client: TestClient, library: Store) -> None:
    sentence = _problem(client.get("/prompts/reveiw"), 404, "PromptNotFoundError")
    assert sentence == "There is no prompt 'reveiw'. Did you mean review?"
    assert client.get("/prompts/reveiw").json()["suggestions"] == ["review"]
    assert _problem(client.get("/prompts/review?version=9"), 404, "VersionNotFoundError")
    assert _problem(client.delete("/prompts/style/tone"), 409, "ReferencedError")
    assert _problem(client.delete("/directories/style"), 409, "DirectoryNotEmptyError")
    assert _problem(client.post("/rename", json={"old": "review", "new": "style/tone"}), 409, "PathTakenError")
    library.save("other/tone", "x")
    assert _problem(client.get("/prompts/tone"), 409, "AmbiguousNameError")
    assert _problem(client.post("/expand", json={"path": "review", "strict": True}), 422, "MissingVariableError")
    assert _problem(client.post("/prompts", json={"path": "a b ", "text": ""}), 422, "InvalidPathError")


def test_a_stale_save_answers_with_all_three_texts(client: TestClient, library: Store) -> None:
    library.save("a", "one\n")
    library.by("ben").save("a", "two\n")
    stale = client.put("/prompts/a", json={"text": "three\n", "expected": 1})
    _problem(stale, 409, "ConflictError")
    error = error_from_data(stale.json())

    assert isinstance(error, ConflictError)
    assert (error.base, error.theirs, error.mine) == ("one\n", "two\n", "three\n")
    assert (error.version, error.author, library["a"].text) == (2, "ben", "two\n")


def test_making_what_is_there_is_a_conflict(client: TestClient) -> None:
    assert client.post("/prompts", json={"path": "review", "text": "mine"}).status_code == 409


# Bodies

_DEEP = "[" * 1_000_000
BODIES: list[tuple[bytes, int, str]] = [
    (b"{", 400, "The body is no JSON"),
    (b'{"text": "\xff"}', 400, "The body is not UTF-8."),
    (b"\xef\xbb\xbf{}", 400, "The body is no JSON"),
    (_DEEP.encode(), 422, "nested deeper than"),
    ((_DEEP + "]" * len(_DEEP)).encode(), 422, "nested deeper than"),
    (b'{"text":' + b"[" * MOST_LEVELS + b"]" * MOST_LEVELS + b"}", 422, "nested deeper than"),
    (b'{"text": NaN}', 422, "NaN is no number of JSON."),
    (b'{"text": -Infinity}', 422, "-Infinity is no number of JSON."),
    (b'{"text": 1e999}', 422, "too large"),
    (b'{"text": ' + b"9" * 5000 + b"}", 422, "too many digits"),
    (b'{"text": "\\ud800"}', 422, "half of a surrogate pair"),
    (b'{"\\udfff": 1}', 422, "half of a surrogate pair"),
    (b'{"text": "\\u0000"}', 422, "NUL"),
    (b"", 422, "The body: it is missing."),
    (b"null", 422, "The body: it should be an object."),
    (b"[]", 422, "The body: it should be an object."),
    (b"{}", 422, "text (body): it is missing."),
    (b'{"text": 3}', 422, "text (body): it should be a valid string."),
    (b'{"text": "", "tags": ["a", 2]}', 422, "tags[1] (body): it should be a valid string."),
    (b'{"text": "", "txet": ""}', 422, "txet (body): there is no such field."),
    (b'{"text": "", "expected": 99999999999999999999}', 422, "expected (body): "),
    (b'{"text": "", "expected": true}', 422, "expected (body): it should be a valid integer."),
    (b'{"text": "", "engine": "perl"}', 422, "engine (body): it should be 'simple', 'plain' or 'jinja'."),
    (b'{"text": "", "variables": {"a b": 1}}', 422, "variable"),
    (b'{"text": "", "author": "somebody else"}', 422, "author (body): there is no such field."),
]


@pytest.mark.parametrize(("body", "status", "sentence"), BODIES, ids=lambda value: str(value)[:30])
def test_a_body_that_cannot_be_used_is_refused_with_a_sentence(
    client: TestClient, library: Store, body: bytes, status: int, sentence: str
) -> None:
    response = client.put("/prompts/new", content=body, headers=JSON)

    assert response.status_code == status
    assert sentence in response.json()["detail"]
    assert response.headers["content-type"] == "application/problem+json"
    assert "new" not in library


def test_a_whole_surrogate_pair_is_a_character(client: TestClient, library: Store) -> None:
    assert client.put("/prompts/new", content=b'{"text": "\\ud83d\\ude42"}', headers=JSON).status_code == 201
    assert library["new"].text == "🙂"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"])
def test_only_json_is_taken(client: TestClient, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = client.post("/expand", content=b'{"text": "x"}', headers=headers)

    assert _problem(response, 415, "InvalidRequestError").startswith("Send the body as JSON")


def test_json_may_say_its_charset(client: TestClient) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}

    assert client.post("/expand", content=b'{"text": "x"}', headers=headers).json()["text"] == "x"


def test_a_body_that_is_too_large_is_not_even_read(client: TestClient) -> None:
    response = client.post("/expand", content=b"x", headers={**JSON, "Content-Length": str(MOST_BYTES + 1)})

    assert _problem(response, 413, "InvalidRequestError") == "The body is larger than 16 MiB. Send less at a time."


def test_a_body_in_pieces_is_read_up_to_the_limit_only(client: TestClient) -> None:
    given: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(64):
            given.append(number)
            yield b"x" * 2**20

    response = client.post("/expand", content=pieces(), headers=JSON)

    _problem(response, 413, "InvalidRequestError")
    assert response.headers["connection"] == "close"


QUERIES = [
    ("/prompts?limit=0", "limit (query): it should be greater than or equal to 1."),
    ("/prompts?limit=x", "limit (query): it should be a whole number."),
    ("/activity?before=1.0", "before (query): it should be a whole number."),
    ("/prompts/review?version=-1", "version (query): it should be a whole number."),
    ("/prompts?sort=colour", "sort: 'colour' is not one of path, name, directory, tags, version, updated, author."),
    ("/prompts/review?version=99999999999999999999", "version (query): it should be less than or equal to 2147483647."),
    ("/prompts/review?version=1&label=x", "Give a version or a label, not both."),
    ("/find", "Give a prompt or a directory to find, one of them."),
    ("/impact/review", "text (query): it is missing."),
]


@pytest.mark.parametrize(("address", "sentence"), QUERIES)
def test_a_query_that_makes_no_sense_is_refused_with_a_sentence(
    client: TestClient, address: str, sentence: str
) -> None:
    response = client.get(address)

    assert (response.status_code, response.json()["detail"]) == (422, sentence)


COMBINATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("/expand", {}, "The body: give a path, a text or a manifest."),
    ("/expand", {"text": "x", "version": 1}, "The body: a version or a label is of a path alone."),
    ("/expand", {"path": "a", "version": 1, "label": "x"}, "The body: give a version or a label, not both."),
    ("/expand", {"path": "a", "manifest": {"entries": []}}, "at least 1 item"),
    ("/expand", {"text": "x", "limits": {"characters": 10**12}}, "less than or equal to 2000000"),
    ("/render", {"rows": []}, "The body: give a path or a text, one of them."),
    ("/render", {"text": "x", "rows": [{}] * 1001}, "at most 1000 items"),
    ("/restore", {"path": "review"}, "The body: give a version or a label, one of them."),
    ("/purge", {}, "path (body): it is missing."),
]


@pytest.mark.parametrize(("address", "body", "sentence"), COMBINATIONS)
def test_what_contradicts_itself_is_refused_with_a_sentence(
    client: TestClient, address: str, body: dict[str, Any], sentence: str
) -> None:
    response = client.post(address, json=body)

    assert response.status_code == 422
    assert sentence in response.json()["detail"]


def test_a_manifest_that_leads_nowhere_is_refused(client: TestClient) -> None:
    entry = {"path": "review", "version": 1, "uid": "x", "sha256": "y", "includes": [[7]], "text": "[[a]]"}

    assert client.post("/expand", json={"manifest": {"entries": [entry]}}).status_code == 422


def test_rows_stop_where_all_together_grow_too_large(client: TestClient) -> None:
    rows = [{"a": "x" * 1_900_000}] + [{}] * 9
    body = {"text": "{{ a }}", "variables": {"a": "y" * 1_900_000}, "rows": rows}
    found = client.post("/render", json=body).json()["items"]

    assert [len(row.get("text", "")) for row in found] == [1_900_000] * 8 + [0, 0]
    assert found[-1]["problem"]["error"] == "ExpansionTooLargeError"


# Cached reads

CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/prompts/style/tone", {"text": "other"}),
    ("PATCH", "/prompts/style/tone", {"description": "other"}),
    ("PATCH", "/prompts/style/tone", {"tags": ["other"]}),
    ("POST", "/labels", {"path": "style/tone", "label": "production"}),
    ("PUT", "/directories/style", {"enabled": False}),
    ("POST", "/prompts", {"path": "other/tone", "text": "its display name is longer now"}),
    ("POST", "/rename", {"old": "style/tone", "new": "style/voice"}),
]


@pytest.mark.parametrize(("method", "address", "body"), CHANGES, ids=lambda value: str(value)[:30])
def test_whatever_changes_in_the_answer_changes_its_etag(
    client: TestClient, method: str, address: str, body: dict[str, Any]
) -> None:
    first = client.get("/prompts/style/tone")
    tag = first.headers["etag"]
    held = client.get("/prompts/style/tone", headers={"If-None-Match": f'"x", W/{tag}'})

    assert (first.headers["cache-control"], tag[0]) == ("no-cache", '"')
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", tag)
    assert client.request(method, address, json=body).is_success
    changed = client.get("/prompts/style/tone", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


def test_a_problem_is_not_kept(client: TestClient) -> None:
    assert client.get("/prompts/nope").headers["cache-control"] == "no-store"


# Who may write


def test_every_route_that_writes_refuses_who_may_only_read(library: Store) -> None:
    api = an_api(library)
    before = library.revision
    client = TestClient(as_caller(api, may_write=False))
    answered = {
        (operation.method, operation.path, operation.writes): client.request(operation.method, operation.address)
        for operation in operations(api)
    }
    denied = {route for route, response in answered.items() if response.status_code == 403}

    assert denied == {route for route in answered if route[2]}
    assert {response.json()["error"] for route, response in answered.items() if route[2]} == {"AccessDeniedError"}
    # Whatever is not asked for with GET writes, but for these questions that need a body.
    questions = {
        "/impact/{path}", "/expand", "/render", "/compile", "/declarations", "/entries", "/display-names", "/layouts",
        "/replacements", "/experiments/known",
    }  # fmt: skip
    assert {path for method, path, writes in answered if method != "GET" and not writes} == questions
    assert not any(writes for method, _, writes in answered if method == "GET")
    assert library.revision == before


def test_a_store_that_is_read_only_says_so(library: Store) -> None:
    with Store(library.url, read_only=True) as store, TestClient(an_api(store)) as client:
        _problem(client.put("/prompts/a", json={"text": "x"}), 403, "ReadOnlyStoreError")


# Twice


def test_the_same_request_with_the_same_key_happens_once(client: TestClient, library: Store) -> None:
    key = {"Idempotency-Key": "k1"}
    first = client.post("/prompts", json={"path": "a", "text": "x"}, headers=key)
    library.delete("a")
    again = client.post("/prompts", json={"path": "a", "text": "x"}, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
    assert again.headers["idempotency-replayed"] == "true"
    assert "a" not in library


def test_a_key_that_came_with_another_request_is_refused(client: TestClient) -> None:
    key = {"Idempotency-Key": "k1"}
    assert client.post("/prompts", json={"path": "a", "text": "x"}, headers=key).status_code == 201
    others = [
        client.post("/prompts", json={"path": "b", "text": "x"}, headers=key),
        client.put("/prompts/a", json={"text": "x"}, headers=key),
        client.delete("/prompts/a", headers=key),
    ]

    assert [_problem(other, 422, "InvalidRequestError") for other in others] == [
        "This Idempotency-Key came with another request before. Choose a new key."
    ] * 3
    for odd in ("k" * 201, "", "a b"):
        assert client.delete("/prompts/a", headers={"Idempotency-Key": odd}).status_code == 422


def test_two_people_may_choose_the_same_key(client: TestClient) -> None:
    for name in ("ana", "ben"):
        headers = {"Idempotency-Key": "k1", "Prompt-Kernel-Author": name}
        assert client.post("/prompts", json={"path": name, "text": "x"}, headers=headers).json()["author"] == name


def test_what_failed_can_be_asked_for_again(client: TestClient, library: Store) -> None:
    key = {"Idempotency-Key": "k1"}
    assert client.delete("/prompts/later", headers=key).status_code == 404
    library.save("later", "x")
    assert client.delete("/prompts/later", headers=key).status_code == 200


async def test_who_asks_while_the_first_is_being_answered_waits_for_it() -> None:
    answers, may_go, made = Answers(), asyncio.Event(), []

    async def make() -> Response:
        made.append(1)
        await may_go.wait()
        return Response(b"done")

    waiting = [asyncio.create_task(answers.once("k", ("ana",), "r", make)) for _ in range(3)]
    await asyncio.sleep(0)
    may_go.set()

    assert [bytes((await task).body) for task in waiting] == [b"done"] * 3
    assert made == [1]


async def test_only_so_much_is_remembered() -> None:
    async def once(answers: Answers, key: str, request: str) -> bytes:
        async def make() -> Response:
            return Response(request.encode() * 10)

        return bytes((await answers.once(key, (), request, make)).body)

    few, small, short = Answers(most=2), Answers(most_bytes=15), Answers(seconds=0)
    for answers in (few, small, short):
        for key in "abc":
            await once(answers, key, "1")
        assert await once(answers, "a", "2") == b"2" * 10
    with pytest.raises(InvalidRequestError):
        await once(few, "c", "2")


# Many


def test_a_page_of_ten_thousand_prompts_is_read_alone(store: Store) -> None:
    from prompt_kernel.records import Draft

    store.save_many([Draft(f"d/p{number:05}", f"text {number}") for number in range(10_000)])
    client = TestClient(an_api(store))
    asked: list[dict[str, Any]] = []
    real = store.__class__.prompts
    page = client.get("/prompts?limit=100&after=d/p04999").json()

    class Counting(Store):
        def prompts(self, **how: Any) -> Any:
            found = real(self, **how)
            asked.append({**how, "found": len(found)})
            return found

    store.__class__ = Counting
    last = client.get("/prompts?limit=100&after=d/p09900").json()

    assert [page["items"][0]["path"], page["items"][-1]["path"], page["next"]] == ["d/p05000", "d/p05099", "d/p05099"]
    assert (len(last["items"]), last["next"], asked[0]["found"]) == (99, None, 99)
    assert len(json.dumps(page)) < 30_000


def test_threads_that_save_at_once_all_get_an_answer(client: TestClient, library: Store) -> None:
    statuses: list[int] = []

    def save(number: int) -> None:
        body = {"path": f"t{number % 4}", "text": f"{number}"}
        statuses.append(client.post("/prompts", json=body).status_code)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [201] * 4 + [409] * 12
    assert len(library) == 8


def test_what_nobody_has_thought_of_is_a_problem_that_tells_nothing(
    library: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(Store, "get", fail)
    client = TestClient(an_api(library), raise_server_exceptions=False)
    response = client.get("/prompts/review")

    assert _problem(response, 500, "PromptKernelError").startswith("Something has gone wrong in the server")
    assert "secret" not in response.text


def test_a_store_that_cannot_be_read_is_unavailable(library: Store) -> None:
    client = TestClient(an_api(library))
    library.close()

    assert _problem(client.get("/health"), 503, "StoreUnavailableError").startswith("The store sqlite:")
