"""Each verb over HTTP gives what the store gives, as plain data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from prompt_kernel.expansion import Expansion, Limits
from prompt_kernel.records import Draft, Prompt
from prompt_kernel.server.api import make_api
from prompt_kernel.store import Store
from prompt_kernel.wire import from_data, to_data


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    for name in ("linked", "Projects/deep", "prompts"):
        (tmp_path / "roots" / name).mkdir(parents=True)
    return tmp_path / "roots"


@pytest.fixture
def client(library: Store, roots: Path) -> Iterator[TestClient]:
    library.label("style/tone", "production", version=1)
    library.save("style/tone", "Speak in a very {{ tone }} voice.\n", message="stronger")
    with TestClient(make_api(library, roots=[roots])) as client:
        yield client


def _ask(client: TestClient, method: str, address: str, body: Any = None) -> Any:
    response = client.request(method, address, **({} if body is None else {"json": body}))
    assert response.is_success, response.text
    return response.json() if response.content else None


def _short(value: Any) -> str:
    return "" if callable(value) else str(value)[:40]


READS: list[tuple[str, str, Any, Any]] = [
    ("GET", "/prompts/review", None, lambda store: store.get("review")),
    ("GET", "/prompts/style/tone?version=1", None, lambda store: store.get("style/tone", version=1)),
    ("GET", "/prompts/style/tone?label=production", None, lambda store: store.get("style/tone", version="production")),
    ("GET", "/prompts/tone", None, lambda store: store.get("style/tone")),
    ("GET", "/prompts", None, lambda store: {"items": store.prompts(), "next": None}),
    (
        "GET",
        "/prompts?sort=name&descending=true&limit=2",
        None,
        lambda store: {"items": store.prompts(sort="name", descending=True, limit=2), "next": "review"},
    ),
    (
        "GET",
        "/prompts?sort=name&descending=true&after=review",
        None,
        lambda store: {"items": store.prompts(sort="name", descending=True, after="review"), "next": None},
    ),
    (
        "GET",
        "/prompts?directory=style&tag=style",
        None,
        lambda s: {"items": s.prompts(directory="style"), "next": None},
    ),
    ("GET", "/prompts?search=voice", None, lambda store: {"items": store.search("voice"), "next": None}),
    ("GET", "/count", None, {"count": 4}),
    ("GET", "/count?directory=style", None, {"count": 2}),
    ("GET", "/versions/style/tone", None, lambda store: {"items": store.history("style/tone")}),
    ("GET", "/includes/review", None, lambda store: {"items": store.includes("review")}),
    ("GET", "/referrers/style/tone", None, lambda store: {"items": store.referrers("style/tone")}),
    ("GET", "/impact/style/tone?text=Sing.", None, lambda store: {"items": store.impact("style/tone", "Sing.")}),
    ("POST", "/impact/style/tone", {"text": "Sing."}, lambda store: {"items": store.impact("style/tone", "Sing.")}),
    ("GET", "/suggest?q=to", None, lambda store: {"items": store.suggest("to")}),
    ("GET", "/declarations/review", None, lambda store: store.declarations("review")),
    ("POST", "/declarations", {"text": "[[tone]] {{ x }}"}, lambda store: store.declarations_in("[[tone]] {{ x }}")),
    ("POST", "/compile", {"path": "review"}, lambda store: store.compile("review")),
    ("POST", "/compile", {"path": "style/tone", "version": 1}, lambda store: store.compile("style/tone@1")),
    ("POST", "/compile", {"path": "style/tone", "label": "production"}, lambda s: s.compile("style/tone@production")),
    (
        "POST",
        "/compile",
        {"text": "[[tone]]!", "directory": "style", "limits": {"depth": 5}},
        lambda s: s.compile_text("[[tone]]!", directory="style", limits=Limits(depth=5)),
    ),
    ("POST", "/entries", {"paths": ["review", "nope"]}, lambda store: {"items": store.entries(["review", "nope"])}),
    ("POST", "/display-names", {"paths": ["style/tone"]}, {"style/tone": "tone"}),
    ("POST", "/layouts", {"paths": ["review"]}, lambda store: store.layouts(["review"])),
    ("GET", "/tags", None, {"format": 1, "style": 2}),
    ("GET", "/authors", None, {"items": ["ana"]}),
    ("GET", "/trash", None, {"items": []}),
    ("GET", "/changes", None, lambda store: {"items": store.changes()}),
    ("GET", "/changes?after=2&limit=1", None, lambda store: {"items": store.changes(2, limit=1)}),
    (
        "GET",
        "/activity?kind=saved&path=review&author=ana&limit=3&before=100",
        None,
        lambda store: {"items": store.activity(kind="saved", path="review", author="ana", limit=3, before=100)},
    ),
    ("GET", "/summary", None, lambda store: store.summary()),
    ("GET", "/check", None, lambda store: {"items": store.check()}),
    ("GET", "/directories", None, lambda store: {"items": store.directories()}),
    ("GET", "/favourites", None, {"items": []}),
    ("GET", "/recent", None, {"items": []}),
    ("GET", "/preferences/theme", None, {"value": None}),
    ("GET", "/find?prompt=TONE", None, lambda store: store.find_prompt("TONE")),
    ("GET", "/find?directory=styl", None, lambda store: store.find_directory("styl")),
    (
        "POST",
        "/replacements",
        {"find": "voice", "replacement": "tone"},
        lambda store: {"items": store.replacements("voice", "tone")},
    ),
]


@pytest.mark.parametrize(("method", "address", "body", "expected"), READS, ids=_short)
def test_reading_over_http_gives_what_the_verb_gives(
    client: TestClient, library: Store, method: str, address: str, body: Any, expected: Any
) -> None:
    assert _ask(client, method, address, body) == to_data(expected(library) if callable(expected) else expected)


EXPANSIONS: list[tuple[dict[str, Any], Any]] = [
    ({"path": "review"}, lambda store: store.expand("review", strict=False)),
    ({"path": "review", "variables": {"code": "x"}, "strict": True}, lambda store: store.expand("review", code="x")),
    ({"path": "style/tone", "version": 1}, lambda store: store.expand("style/tone@1")),
    ({"path": "style/tone", "label": "production"}, lambda store: store.expand("style/tone@production")),
    ({"text": "[[tone]]!", "directory": "style"}, lambda s: s.expand_text("[[tone]]!", directory="style")),
    ({"text": ""}, lambda store: store.expand_text("")),
    ({"path": "style/tone", "text": "New."}, lambda store: store.expand_as("style/tone", "New.")),
    (
        {"path": "style/base", "limits": {"characters": 1000}},
        lambda store: store.expand("style/base"),
    ),
]


@pytest.mark.parametrize(("body", "expected"), EXPANSIONS, ids=_short)
def test_expanding_gives_the_text_and_where_it_is_from(
    client: TestClient, library: Store, body: dict[str, Any], expected: Any
) -> None:
    found = _ask(client, "POST", "/expand", body)

    assert found == to_data(expected(library))
    assert "".join(piece["text"] for piece in found["pieces"]) == found["text"]


def test_a_manifest_compiles_to_the_same_again(client: TestClient, library: Store) -> None:
    first = _ask(client, "POST", "/compile", {"path": "review"})
    library.save("style/tone", "New")

    assert _ask(client, "POST", "/compile", {"manifest": first["manifest"]}) == first
    flat = {"entries": [entry | {"includes": []} for entry in first["manifest"]["entries"]]}
    for what in ({"manifest": first["manifest"], "path": "review"}, {"manifest": flat}, {}):
        assert client.post("/compile", json=what).status_code == 422


def test_a_manifest_expands_to_the_same_again(client: TestClient, library: Store) -> None:
    first = _ask(client, "POST", "/expand", {"path": "review", "variables": {"code": "x"}})
    library.save("style/tone", "Something else.")
    again = _ask(client, "POST", "/expand", {"manifest": first["manifest"], "variables": {"code": "x"}})

    assert again["text"] == first["text"]
    assert from_data(Expansion, again).manifest == from_data(Expansion, first).manifest


def test_many_rows_are_rendered_with_the_problem_of_each(client: TestClient) -> None:
    rows = [{"tone": "plain"}, {"tone": "loud"}, {}]
    found = _ask(client, "POST", "/render", {"path": "style/tone", "rows": rows, "variables": {"tone": "formal"}})

    assert [row.get("text") for row in found["items"]] == [
        "Speak in a very plain voice.\n",
        None,
        "Speak in a very formal voice.\n",
    ]
    assert found["items"][1]["problem"]["error"] == "InvalidVariableError"
    assert found["items"][1]["problem"]["status"] == 422


def test_a_text_is_rendered_for_many_rows(client: TestClient) -> None:
    body = {"text": "{{ a }}-{{ b }}", "rows": [{"a": 1}, {"a": 2, "b": 3}], "strict": False}

    assert _ask(client, "POST", "/render", body) == {"items": [{"text": "1-{{ b }}"}, {"text": "2-3"}]}


def test_a_diff_is_told_whole_and_by_lines(client: TestClient, library: Store) -> None:
    diff = library.diff("style/tone", "production", 2)

    assert _ask(client, "GET", "/diff/style/tone?before=production&after=2") == {**to_data(diff), "unified": str(diff)}
    assert _ask(client, "GET", "/diff/style/tone") == {**to_data(diff), "unified": str(diff)}
    expanded = library.diff("style/base", 1, 1, expanded=True)
    found = _ask(client, "GET", "/diff/style/base?before=1&after=1&expanded=true")
    assert found["after"] == expanded.after


def test_a_prompt_is_made_saved_described_and_deleted(client: TestClient, library: Store) -> None:
    made = client.post("/prompts", json={"path": "new/a b", "text": "{{ n }}", "variables": {"n": 3}, "message": "m"})
    assert (made.status_code, made.headers["location"]) == (201, "/api/prompts/new/a%20b")
    assert made.json() == to_data(library.get("new/a b"))

    saved = client.put("/prompts/new/a%20b", json={"text": "two", "expected": 1, "tags": ["t"], "engine": "plain"})
    assert (saved.status_code, saved.json()["version"], saved.json()["tags"]) == (200, 2, ["t"])
    assert client.put("/prompts/new/c", json={"text": "c"}).status_code == 201

    described = _ask(client, "PATCH", "/prompts/new/a%20b", {"description": "d"})
    assert (described["description"], described["tags"]) == ("d", ["t"])
    gone = _ask(client, "DELETE", "/prompts/new/a%20b")
    assert gone == to_data(library.trash()[0])
    assert _ask(client, "POST", "/recover", {"path": "new/a b", "to": "back"})["path"] == "back"
    _ask(client, "DELETE", "/prompts/back")
    assert _ask(client, "POST", "/purge", {"path": None}) == {"count": 1}


def test_what_was_read_can_be_written_back(client: TestClient, library: Store) -> None:
    read = _ask(client, "GET", "/prompts/style/tone")
    names = ("text", "description", "tags", "engine", "variables")
    written = _ask(client, "PUT", "/prompts/style/tone", {name: read[name] for name in names})

    assert written == read
    assert library.get("style/tone").version == 2


def test_prompts_are_saved_together(client: TestClient, library: Store) -> None:
    drafts = [{"path": "a", "text": "1"}, {"path": "review", "text": library["review"].text, "layout": {"k": 1}}]
    report = _ask(client, "POST", "/save-many", {"drafts": drafts, "message": "both"})

    assert (report["created"], report["unchanged"]) == (["a"], ["review"])
    assert library.get("a").message == "both"
    assert library.layouts(["review"]) == {"review": {"k": 1}}
    assert library.save_many([Draft("a", "1")]).unchanged == ("a",)


def test_versions_are_labelled_and_restored(client: TestClient, library: Store) -> None:
    labelled = _ask(client, "POST", "/labels", {"path": "style/tone", "label": "staging"})
    assert labelled["labels"] == {"production": 1, "staging": 2}
    assert _ask(client, "DELETE", "/labels/style/tone?label=staging")["labels"] == {"production": 1}
    restored = _ask(client, "POST", "/restore", {"path": "style/tone", "label": "production", "message": "back"})
    assert (restored["version"], restored["text"]) == (3, library.get("style/tone", version=1).text)


def test_prompts_and_directories_are_renamed(client: TestClient, library: Store) -> None:
    renamed = _ask(client, "POST", "/rename", {"old": "style/tone", "new": "style/voice"})
    assert renamed == {"path": "style/voice", "rewritten": ["style/base"]}
    renamed = _ask(client, "POST", "/rename", {"old": "style", "new": "manner", "kind": "directory"})
    assert set(renamed["rewritten"]) == {"review", "manner/base"}
    assert "manner/voice" in library


def test_directories_are_added_changed_and_removed(client: TestClient, library: Store, roots: Path) -> None:
    linked = str(roots / "linked")
    added = client.post("/directories", json={"path": "team", "description": "ours", "source": linked})
    assert (added.status_code, added.json()["source"]) == (201, linked)
    changed = _ask(client, "PUT", "/directories/team", {"enabled": False, "source": ""})
    assert (changed["enabled"], changed["source"], changed["description"]) == (False, "", "ours")
    assert client.delete("/directories/team").status_code == 204
    assert "team" not in [directory.path for directory in library.directories()]


def test_a_linked_directory_is_synced(client: TestClient, library: Store, roots: Path) -> None:
    (roots / "linked" / "note.md").write_text("From a file.\n", encoding="utf-8")
    library.add_directory("team", source=str(roots / "linked"))
    report = _ask(client, "POST", "/sync/team", {"delete": True})

    assert (report["directory"], report["pulled"], report["folder"]) == ("team", ["team/note"], str(roots / "linked"))
    assert _ask(client, "POST", "/sync/team")["unchanged"] == 1
    assert client.post("/sync/nowhere").status_code == 404


@pytest.mark.parametrize(
    "source", ["/etc", "relative", "{roots}/../..", "{roots}/.hidden", "{roots}/gone", "~", "a\0b"]
)
def test_a_directory_is_linked_below_the_roots_only(
    client: TestClient, library: Store, roots: Path, source: str
) -> None:
    (roots / ".hidden").mkdir()
    source = source.format(roots=roots)
    refused = [
        client.post("/directories", json={"path": "team", "source": source}),
        client.put("/directories/style", json={"source": source}),
    ]

    assert [(response.status_code, response.json()["error"]) for response in refused] == [
        (422, "InvalidMetadataError")
    ] * 2
    assert [directory.source for directory in library.directories()] == ["", ""]


def test_what_belongs_to_a_person_is_theirs(client: TestClient, library: Store) -> None:
    ben = {"Prompt-Kernel-Author": quote("Bén"), "Prompt-Kernel-Origin": "notebook"}
    client.put("/favourites/review", headers=ben)
    client.post("/opened", json={"path": "style/tone"}, headers=ben)
    client.put("/preferences/theme", json={"value": {"dark": True}}, headers=ben)

    assert library.favourites() == []
    hers = library.by("Bén")
    assert [entry.path for entry in hers.favourites()] == ["review"]
    assert [entry.path for entry in hers.recent()] == ["style/tone"]
    assert client.get("/preferences/theme", headers=ben).json() == {"value": {"dark": True}}
    assert client.get("/preferences/theme").json() == {"value": None}
    assert client.delete("/favourites/review", headers=ben).json()["path"] == "review"
    assert hers.favourites() == []
    saved = client.put("/prompts/review", json={"text": "new"}, headers=ben).json()
    assert (saved["author"], saved["origin"]) == ("Bén", "notebook")
    assert client.put("/prompts/review", json={"text": "newer"}).json()["origin"] == "api"


def test_find_and_replace_can_be_undone(client: TestClient, library: Store) -> None:
    before = library["style/tone"].text
    done = _ask(client, "POST", "/replace", {"find": "voice", "replacement": "tone", "paths": ["style/tone"]})
    assert (done["paths"], done["count"]) == (["style/tone"], 1)
    assert _ask(client, "POST", "/undo-replace", {"id": done["id"]}) == {"items": ["style/tone"]}
    assert library["style/tone"].text == before


def test_health_tells_nothing_of_what_is_in_the_store(client: TestClient) -> None:
    found = _ask(client, "GET", "/health")

    assert (found.pop("version"), found.pop("schema") >= 3) == ("0.1.0", True)
    assert found == {"status": "ok"}


def test_paths_are_completed_in_the_roots_alone(client: TestClient, roots: Path) -> None:
    for typed, path, suggestions in [
        (f"{roots}/", f"{roots}/", ["linked/", "Projects/", "prompts/"]),
        (f"{roots}/L", f"{roots}/linked/", []),
        (f"{roots}/P", f"{roots}/Pro", ["Projects/", "prompts/"]),
        (f"{roots}/pro", f"{roots}/Pro", ["Projects/", "prompts/"]),
        (f"{roots}/none", f"{roots}/none", []),
        (f"{roots}/../", f"{roots}/../", []),
        ("/etc/", "/etc/", []),
        ("", "", []),
        ("~", "~", []),
    ]:
        assert _ask(client, "POST", "/complete-path", {"path": typed}) == {"path": path, "suggestions": suggestions}


def test_a_page_is_followed_by_the_next_until_the_end(client: TestClient, library: Store) -> None:
    paths, after = [], ""
    while after is not None:
        page = _ask(client, "GET", f"/prompts?limit=1&after={after}" if after else "/prompts?limit=1")
        paths += [entry["path"] for entry in page["items"]]
        after = page["next"]

    assert paths == list(library)
    assert from_data(Prompt, _ask(client, "GET", "/prompts/review")) == library["review"]
