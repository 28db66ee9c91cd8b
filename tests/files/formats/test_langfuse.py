"""Langfuse: JSON of text and chat prompts, with all versions and labels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import ImportFileError
from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]
Plant = Callable[..., Path]

CRITIC: dict[str, Any] = {
    "name": "film/movie critic",
    "type": "text",
    "prompt": "As a {{level}} critic: {{ film }}? {{#odd}} [[x]] @@@langfusePrompt:name=base|label=latest@@@",
    "version": 2,
    "labels": ["production", "latest"],
    "tags": ["movies"],
    "config": {"model": "small", "temperature": 0.5},
    "commitMessage": "more of it",
}
OLDER = {**CRITIC, "prompt": "v1 {{film}}", "version": 1, "labels": ["old"], "commitMessage": None}
CHAT: dict[str, Any] = {
    "name": "base",
    "type": "chat",
    "prompt": [
        {"role": "system", "content": "You are {{who}}.\n"},
        {"type": "placeholder", "name": "history"},
        {"role": "user", "content": "user: hi\n\nthere"},
    ],
    "version": 1,
    "labels": ["latest"],
    "tags": [],
    "config": {},
    "commitMessage": None,
}


def test_texts_chats_versions_labels_and_tags_are_carried(store: Store, plant: Plant) -> None:
    report = store.import_from(plant({"p.json": json.dumps([CRITIC, OLDER, CHAT])}) / "p.json")
    critic, base = store["film/movie critic"], store["base"]
    assert (report.format, report.created) == ("langfuse", ("film/movie critic", "base"))
    assert (critic.text, critic.version, critic.tags, dict(critic.labels)) == (
        "As a {{level}} critic: {{ film }}? {{#odd}} \\[[x]] [[base]]",
        2,
        ("movies",),
        {"old": 1, "production": 2},
    )
    assert [(version.text, version.message) for version in store.history(critic.path)] == [
        (critic.text, "more of it"),
        ("v1 {{film}}", ""),
    ]
    assert base.text == "system:\nYou are {{who}}.\n\n\nplaceholder:\n{{ history }}\n\nuser:\nuser: hi\n\nthere"
    assert report.losses == (Loss("p.json, item 1", "{{#odd}} stays text"),)


def test_a_second_import_finds_everything_there(store: Store, plant: Plant) -> None:
    file = plant({"p.json": json.dumps([CRITIC, OLDER, CHAT])}) / "p.json"
    store.import_from(file)
    before = store.summary(), store.changes()
    assert store.import_from(file).unchanged == ("film/movie critic", "base")
    assert (store.summary(), store.changes()) == before


def test_a_newer_version_is_added_to_those_that_are_there(store: Store, plant: Plant) -> None:
    store.import_from(plant({"p.json": json.dumps(OLDER)}) / "p.json")
    store.import_from(plant({"p.json": json.dumps([OLDER, CRITIC])}) / "p.json")
    assert [version.number for version in store.history("film/movie critic")] == [2, 1]
    assert dict(store["film/movie critic"].labels) == {"old": 1, "production": 2}


def test_json_comes_back_with_every_key(trip: Trip) -> None:
    other = {"name": "x", "prompt": "y", "version": 1, "labels": [], "tags": [], "config": {"a": [1]}, "isActive": True}
    result = trip({"p.json": json.dumps([CHAT, OLDER, CRITIC, other])}, "langfuse", file="p.json")
    latest = ["production"]  # the label `latest` is moved by Langfuse itself
    assert json.loads(result.files["langfuse.json"]) == [
        {**CHAT, "labels": []},
        OLDER,
        {**CRITIC, "labels": latest},
        {**other, "type": "text", "commitMessage": None},
    ]


@pytest.mark.parametrize("wrap", [lambda item: item, lambda item: [item], lambda item: {"data": [item], "meta": {}}])
def test_one_prompt_a_list_or_an_answer_is_read(store: Store, plant: Plant, wrap: Callable[[Any], Any]) -> None:
    store.import_from(plant({"p.json": json.dumps(wrap(CHAT))}) / "p.json")
    assert list(store) == ["base"]


def test_a_library_goes_out_with_its_references(library: Store, tmp_path: Path) -> None:
    library.save("style/tone", "Speak.")
    library.label("style/tone", "production", version=1)
    library.save("pinned", "[[tone@production]] [[tone@1]]")
    library.export_to(tmp_path / "out.json", format="langfuse")
    items = {(item["name"], item["version"]): item for item in json.loads((tmp_path / "out.json").read_text())}
    assert items["style/base", 1]["prompt"] == "@@@langfusePrompt:name=style/tone|label=latest@@@Be brief.\n"
    assert items["pinned", 1]["prompt"] == (
        "@@@langfusePrompt:name=style/tone|label=production@@@ @@@langfusePrompt:name=style/tone|version=1@@@"
    )
    assert [items["style/tone", number]["labels"] for number in (1, 2)] == [["production"], []]


def test_missing_versions_are_reported(store: Store, plant: Plant) -> None:
    report = store.import_from(plant({"p.json": json.dumps({**OLDER, "version": 7})}) / "p.json")
    assert report.losses == (Loss("p.json, item 1", "versions are missing here, so that the others have new numbers"),)


BAD: dict[str, tuple[str, str, str]] = {
    "no JSON": ('[{"name": "a",\n"prompt" "x"}]', "p.json:2", "this is not valid JSON: Expecting ':' delimiter"),
    "nothing": ("[]", "p.json", "this is no prompt of Langfuse, and no list of them"),
    "a number": ("7", "p.json", "this is no prompt of Langfuse, and no list of them"),
    "a key twice": ('{"name": "a", "name": "b"}', "p.json", "this is not valid JSON: the key 'name' is given twice"),
    "NaN": ('{"name": "a", "version": NaN}', "p.json", "this is not valid JSON: NaN is no value"),
    "deep": ("[" * 100_000, "p.json", "this is nested too deeply"),
    "no name": ('[{"prompt": "x"}]', "p.json, item 1", "it has no name"),
    "only a list": (
        '{"data": [{"name": "a", "versions": [1]}]}',
        "p.json, item 1",
        "it has no prompt; a list request leaves the texts out, so fetch each prompt by its name",
    ),
    "a NUL": (
        r'[{"name": "a", "prompt": "\u0000"}]',
        "p.json, item 1",
        "it holds a character that no text can have (NUL or half a surrogate pair)",
    ),
    "half a pair": (
        r'[{"name": "a", "prompt": "\ud800"}]',
        "p.json, item 1",
        "it holds a character that no text can have (NUL or half a surrogate pair)",
    ),
    "a number as a prompt": (
        '[{"name": "a", "prompt": 5}]',
        "p.json, item 1",
        "its prompt is neither a text nor a list of messages",
    ),
    "no role": (
        '[{"name": "a", "prompt": [{"content": "x"}]}]',
        "p.json, item 1",
        "a message has no role, or no text as its content",
    ),
}


@pytest.mark.parametrize(("content", "where", "reason"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_a_file_is_said(store: Store, plant: Plant, content: str, where: str, reason: str) -> None:
    file = plant({"p.json": content}) / "p.json"
    with pytest.raises(ImportFileError) as caught:
        store.import_from(file, format="langfuse")
    found = {name.replace(str(file), "p.json"): why for name, why in caught.value.problems.items()}
    assert (found, len(store)) == ({where: reason}, 0)
