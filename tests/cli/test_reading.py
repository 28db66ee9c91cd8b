from collections.abc import Callable
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.live.document import seed

Run = Callable[..., Any]

EMPTY_STORE = (
    "This store is empty. Save a first prompt:  echo 'Speak plainly.' | prompt-kernel save style/tone -m first\n"
    "or bring in a folder of markdown:          prompt-kernel import FOLDER\n"
)


def seconds(prompt: pk.Prompt) -> str:
    return prompt.updated_at.isoformat(timespec="seconds")


def test_list_gives_a_line_a_prompt_in_order(run: Run, library: pk.Store) -> None:
    library.describe("review", description="What a\treviewer\nasks", tags=["code", "long"])
    facts = [
        ("format/json", "format", ""),
        ("review", "code,long", "What a reviewer asks"),
        ("style/base", "style", ""),
        ("style/tone", "style", "How to sound"),
    ]
    assert run("list").rows == [
        (path, "1", seconds(library[path]), "ana", tags, description) for path, tags, description in facts
    ]


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        (["style"], ["style/base", "style/tone"]),
        (["--limit", "2"], ["format/json", "review"]),
        (["--limit", "0"], []),
        (["--tag", "code"], ["review"]),
        (["style", "--tag", "code"], []),
    ],
)
def test_list_filters(run: Run, library: pk.Store, arguments: list[str], paths: list[str]) -> None:
    library.describe("review", tags=["code"])
    result = run("list", *arguments)
    assert [row[0] for row in result.rows] == paths
    assert (result.code, result.err) == (0, "" if paths else "No prompt matches.\n")


def test_list_reads_page_after_page(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompt_kernel.cli._reading._PAGE", 3)
    assert [row[0] for row in run("list").rows] == ["format/json", "review", "style/base", "style/tone"]


def test_list_as_json_has_every_field(run: Run, library: pk.Store) -> None:
    prompt = library["style/tone"]
    assert run("list", "style", "--limit", "9", "--json").data[1] == {
        "path": "style/tone",
        "version": 1,
        "description": "How to sound",
        "tags": ["style"],
        "updated_at": prompt.updated_at.isoformat(),
        "author": "ana",
        "characters": len(prompt.text),
        "enabled": True,
    }


@pytest.mark.parametrize("arguments", [["list"], ["search", "word"]])
def test_an_empty_store_says_what_to_do_first(run_empty: Run, arguments: list[str]) -> None:
    assert run_empty(*arguments) == (0, "", EMPTY_STORE)


def test_an_empty_store_is_an_empty_list_in_json(run_empty: Run) -> None:
    assert run_empty("list", "--json") == (0, "[]\n", EMPTY_STORE)


@pytest.mark.parametrize("text", ["one\r\ntwo\rthree", "\ufeffmark", "no end", "\x1b[31mred\x1b[0m", "tab\t\n\n", ""])
def test_show_gives_the_text_byte_for_byte(run: Run, library: pk.Store, text: str) -> None:
    library.save("odd", text)
    assert run("show", "odd") == (0, text, "")


def test_show_takes_names_versions_and_labels(run: Run, library: pk.Store) -> None:
    library.label("style/base", "production")
    library.save("style/base", "new")
    shown = {name: run("show", name).out for name in ("base", "style/base@1", "base@production")}
    old = "[[style/tone]]Be brief.\n"
    assert shown == {"base": "new", "style/base@1": old, "base@production": old}


def test_show_as_json_has_every_field(run: Run, library: pk.Store) -> None:
    prompt = library["style/tone"]
    data = run("show", "style/tone", "--json").data
    assert data == {
        "path": "style/tone",
        "version": 1,
        "text": prompt.text,
        "description": "How to sound",
        "tags": ["style"],
        "engine": "simple",
        "variables": {"tone": {"type": "enum", "values": ["formal", "plain"], "default": "plain"}},
        "labels": {},
        "author": "ana",
        "origin": "python",
        "message": prompt.message,
        "updated_at": prompt.updated_at.isoformat(),
        "sha256": prompt.sha256,
        "uid": prompt.uid,
        "display_name": "tone",
        "enabled": True,
        "merged": False,
    }


def test_search_finds_words_and_the_beginning_of_the_last(run: Run) -> None:
    result = run("search", "review", "cod")
    assert [row[:2] for row in result.rows] == [("review", "1")]
    assert "code" in result.rows[0][2]


def test_search_filters(run: Run, library: pk.Store) -> None:
    library.describe("style/base", tags=["short"])
    assert [row[0] for row in run("search", "b", "--tag", "short").rows] == ["style/base"]
    assert run("search", "brief", "--directory", "format") == (0, "", "No prompt matches.\n")
    assert [row["path"] for row in run("search", "brief", "--limit", "1", "--json").data] == ["style/base"]


def test_tags_are_counted(run: Run, library: pk.Store) -> None:
    library.describe("style/base", tags=["style", "short"])
    assert run("tags").rows == [("format", "1"), ("short", "1"), ("style", "2")]
    assert run("tags", "--json").data == {"format": 1, "short": 1, "style": 2}


def test_includes_and_referrers_are_the_two_ends_of_a_reference(run: Run) -> None:
    assert run("includes", "review").rows == [
        ("review", "1", "style/base", "", "style/base"),
        ("review", "6", "format/json", "", "format/json"),
    ]
    assert run("referrers", "tone").rows == [("style/base", "1", "style/tone", "", "style/tone")]
    assert run("referrers", "tone", "--json").data == [
        {"path": "style/base", "spelled": "style/tone", "pin": None, "target": "style/tone", "line": 1}
    ]


def test_show_draft_prints_the_text_that_is_being_edited(run: Run, library: pk.Store) -> None:
    library.live.open(library["style/base"].uid, lambda _: seed("[[style/tone]]Be\x1b brief, and ☕.\n"))
    assert run("show", "base", "--draft") == (0, "[[style/tone]]Be\x1b brief, and ☕.\n", "")
    assert run("show", "base") == (0, "[[style/tone]]Be brief.\n", "")
    assert run("show", "style/tone", "--draft") == (0, library["style/tone"].text, "")


@pytest.mark.parametrize("arguments", [["base@1", "--draft"], ["base", "--draft", "--json"]])
def test_a_draft_is_a_text_and_has_no_versions(run: Run, arguments: list[str]) -> None:
    refused = "prompt-kernel: --draft prints the text that is being edited now: leave --json and @ out.\n"
    assert run("show", *arguments) == (2, "", refused)
