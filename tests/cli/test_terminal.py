import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Show = Callable[..., Any]


def test_list_is_a_table(in_terminal: Show, library: pk.Store) -> None:
    library.describe("review", description="[red]not markup[/red] :smile:", tags=["code"])
    screen = in_terminal("list")
    when = library["review"].updated_at.strftime("%Y-%m-%d %H:%M")
    lines = screen.text.splitlines()
    assert screen.code == 0
    assert lines[1].split() == ["path", "version", "updated", "author", "tags", "description"]
    assert set(lines[2]) == {"─", " "}
    assert lines[4].split() == ["review", "1", *when.split(), "ana", "code", "[red]not", "markup[/red]", ":smile:"]
    assert re.search(r"\x1b\[1mreview", screen.drawn)


def test_show_puts_the_facts_above_the_text(in_terminal: Show, library: pk.Store) -> None:
    library.label("style/tone", "live")
    facts, _, text = in_terminal("show", "tone").text.partition("─" * 100 + "\n")
    assert text == "Speak in a {{ tone }} voice.\n"
    assert [line.split("  ", 1)[0] for line in facts.splitlines()] == [
        "path", "version", "saved", "author", "labels", "tags", "description", "engine", "{{ tone }}",
    ]  # fmt: skip
    assert [line.split("  ", 1)[1].strip() for line in facts.splitlines()] == [
        "style/tone",
        "1",
        library["style/tone"].updated_at.strftime("%Y-%m-%d %H:%M"),
        "ana",
        "live=1",
        "style",
        "How to sound",
        "simple",
        "formal | plain = plain",
    ]


def test_show_makes_escape_sequences_visible_and_ends_the_last_line(in_terminal: Show, library: pk.Store) -> None:
    library.save("trick", "\x1b[2Jgone\x07", variables={"x": {"description": "any text"}})
    screen = in_terminal("show", "trick")
    assert screen.text.endswith("─\n␛[2Jgone␇\n")
    assert "\n{{ x }}  string: any text\n" in screen.text


def test_expand_prints_the_text_alone(in_terminal: Show) -> None:
    assert in_terminal("expand", "style/base") == (0, "Speak in a plain voice.\nBe brief.\n")


def test_search_highlights_what_it_found(in_terminal: Show) -> None:
    screen = in_terminal("search", "brief")
    assert re.search(r"\x1b\[1;33mbrief\x1b\[0m", screen.drawn)
    assert "style/base" in screen.text


def test_diff_is_coloured(in_terminal: Show, library: pk.Store) -> None:
    library.save("style/base", "[[style/tone]]Be [b]short[/b].\n")
    drawn = in_terminal("diff", "style/base").drawn
    assert "\x1b[31m-[[style/tone]]Be brief.\x1b[0m" in drawn
    assert "\x1b[32m+[[style/tone]]Be [b]short[/b].\x1b[0m" in drawn


def test_findings_have_the_colour_of_their_severity(in_terminal: Show, library: pk.Store) -> None:
    library.save("broken", "[[nowhere]]")
    screen = in_terminal("check")
    assert screen.code == 1
    assert "\x1b[1;31merror" in screen.drawn


def test_where_is_a_list_of_facts(in_terminal: Show, library: pk.Store) -> None:
    facts = [line.split(None, 1) for line in in_terminal("where").text.splitlines()]
    assert ["prompts", "4"] in facts
    assert library.url in "".join("".join(fact) for fact in facts).replace(" ", "")


def test_json_is_json_in_a_terminal_too(in_terminal: Show) -> None:
    assert in_terminal("tags", "--json") == (0, '{\n  "format": 1,\n  "style": 2\n}\n')


def test_a_table_without_rows_is_not_drawn(in_terminal: Show) -> None:
    assert in_terminal("trash") == (0, "The trash is empty.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rename", "tone", "voice"], "Renamed tone to voice; rewrote 1 prompt that includes it:\nstyle/base\n"),
        (["rename", "review", "ask"], "Renamed review to ask.\n"),
        (
            ["rename", "style", "voice"],
            "Renamed style to voice; rewrote 2 prompts that include what is in it:\nreview\nvoice/base\n",
        ),
        (["delete", "review"], "review is in the trash. Take it out with: prompt-kernel recover 'review'\n"),
        (["label", "tone", "live"], "style/tone@live is version 1.\n"),
        (["describe", "tone", "--description", "Sound", "--tag", "a"], "style/tone: [a] Sound\n"),
        (["dirs", "drafts", "--add"], "Added the directory drafts.\n"),
        (["purge", "--all"], "Removed 0 prompts for good.\n"),
    ],
)
def test_a_terminal_gets_a_sentence_about_what_was_done(in_terminal: Show, arguments: list[str], sentence: str) -> None:
    assert in_terminal(*arguments).text == sentence


def test_import_and_export_show_progress_and_sum_up(in_terminal: Show, tmp_path: Path) -> None:
    exported = in_terminal("export", tmp_path / "out")
    assert (exported.code, exported.text.splitlines()[-1]) == (
        0, f"Exported to {tmp_path / 'out'} as markdown: 4 written, 0 unchanged.",
    )  # fmt: skip
    assert "Exporting" in exported.text
    imported = in_terminal("import", tmp_path / "out", "--into", "again")
    assert imported.code == 0
    assert "Importing" in imported.text
    assert "4 created, 0 updated, 0 unchanged." in imported.text
