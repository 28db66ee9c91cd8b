"""The ledger of experiments over HTTP, as plain data; that a client gets values of it, `tests/client` shows."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from prompt_kernel.runs import Run
from prompt_kernel.store import Store
from prompt_kernel.wire import to_data
from tests.ledger import begin
from tests.server.api import an_api, as_caller

RUN = {"prompt": "review", "row": "7", "model": "m", "repeat": 1, "inputs": {"code": "x"}, "call": "c"}


@pytest.fixture
def client(library: Store) -> TestClient:
    begin(library, "tone", "review", [{"code": "x = 1"}, {"code": "y"}])
    return TestClient(an_api(library))


def first(store: Store) -> Run:
    return store.experiments.runs("tone")[0]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", lambda store: {"items": store.experiments.list()}),
        ("?using=style/tone", lambda store: {"items": store.experiments.using("style/tone")}),
        ("?using=format/json", lambda store: {"items": store.experiments.list()}),
        ("/one?name=TONE", lambda store: store.experiments.get("tone")),
        ("/runs?name=tone", lambda store: {"items": store.experiments.runs("tone")}),
        ("/runs?name=tone&limit=1&after=1&model=gpt", lambda s: {"items": s.experiments.runs("tone", after=1)}),
        ("/runs?name=tone&errors=true", {"items": []}),
        ("/count?name=tone&prompt=review&round=1", {"count": 2}),
        ("/run?name=tone&id=1", first),
        ("/expansion?name=tone&id=1", lambda store: store.experiments.expansion(first(store))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reading_over_http_gives_what_the_verb_gives(
    client: TestClient, library: Store, address: str, expected: Callable[[Store], Any] | dict[str, Any]
) -> None:
    answer = client.get(f"/experiments{address}")
    assert answer.json() == to_data(expected(library) if callable(expected) else expected)
    assert client.get(f"/experiments{address}", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_round_is_begun_recorded_renamed_and_removed(client: TestClient, library: Store) -> None:
    assert client.post("/experiments", json={"name": "a/b?", "spec": {"prompts": ["x"]}}).json() == {"round": 1}
    assert client.post("/experiments/runs", json={"name": "a/b?", "runs": [RUN]}).json() == {"count": 1}
    assert library.experiments.runs("a/b?")[0].inputs == {"code": "x"}
    asked = client.post("/experiments/known", json={"name": "a/b?", "calls": ["c"]})
    assert asked.json() == {}  # it has no answer
    assert client.patch("/experiments/one?name=a/b?", json={"name": "c"}).json()["runs"] == 1
    assert client.delete("/experiments/one?name=c").json() == {"count": 1}


@pytest.mark.parametrize(
    ("method", "address", "body", "status"),
    [
        ("GET", "/one", None, 422),
        ("GET", "/one?name=tune", None, 404),
        ("GET", "/run?name=tone&id=99", None, 404),
        ("GET", "/manifest?name=tone&sha256=0", None, 404),
        ("POST", "", {"name": " ", "spec": {}}, 422),
        ("POST", "/runs", {"name": "tone", "runs": [{**RUN, "manifest": "0"}]}, 422),
        ("POST", "/runs", {"name": "tone", "runs": [{**RUN, "author": "me"}]}, 422),
        ("POST", "/runs", {"name": "tone", "runs": [RUN], "contents": {"0": {"entries": []}}}, 422),
        ("POST", "/runs", {"name": "tune", "runs": []}, 404),
    ],
)
def test_what_cannot_be_is_told_with_its_status(
    client: TestClient, method: str, address: str, body: Any, status: int
) -> None:
    answer = client.request(method, f"/experiments{address}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_who_may_only_read_records_nothing(library: Store) -> None:
    begin(library, "tone", "review", [{"code": "x"}])
    reader = TestClient(as_caller(an_api(library), may_write=False))
    for method, address in (("POST", ""), ("POST", "/runs"), ("PATCH", "/one?name=tone"), ("DELETE", "/one?name=tone")):
        assert reader.request(method, f"/experiments{address}", json={}).status_code == 403
    assert reader.post("/experiments/known", json={"name": "tone", "calls": []}).json() == {}
    assert len(library.experiments.runs("tone")) == 1
