"""What a store hands out: plain values that read well, compare by content and cannot be changed by accident."""

import copy
import dataclasses
import inspect
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from prompt_kernel import records
from prompt_kernel.display import Shown
from prompt_kernel.expansion import expand
from prompt_kernel.records import (
    ORIGINS,
    Change,
    Directory,
    Draft,
    Drift,
    Entry,
    ExportReport,
    Finding,
    Frozen,
    Hit,
    Impact,
    ImportReport,
    Loss,
    Prompt,
    Reference,
    Replaced,
    Replacement,
    Rows,
    Salvaged,
    Suggestion,
    Summary,
    SyncReport,
    TextDiff,
    Token,
    Trashed,
    Version,
)
from prompt_kernel.spans import Span
from prompt_kernel.variables import Declaration

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

PROMPT = Prompt(
    path="style/tone",
    version=2,
    text="Speak plainly.\n",
    description="How to sound",
    tags=("style",),
    engine="simple",
    variables={"tone": Declaration("tone")},
    labels={"production": 1},
    author="ana",
    origin="python",
    message="shorter",
    updated_at=NOON,
    sha256="ab" * 32,
    uid="u1",
    display_name="tone",
)
DIFF = TextDiff("a\nb\nc\n", "a\nB\nc\n", "a@1", "a@2")
SUMMARY = Summary(
    url="sqlite:///prompts.db",
    prompts=25,
    versions=1234,
    directories=4,
    labels=2,
    trashed=1,
    characters=65_432,
    schema=1,
    journal="wal",
)
EXAMPLES: list[Any] = [
    PROMPT,
    Entry("style/tone", 2, "How to sound", ("style",), NOON, "ana", 15, enabled=True),
    Hit("style/tone", 2, "How to sound", ("style",), "Speak plainly.", (Span(6, 13),)),
    Suggestion("style/tone", "tone", "How to sound"),
    Version("style/tone", 2, "Speak.", "ab" * 32, "plain", {}, "ana", "notebook", "", NOON, ("production",)),
    Reference("review", "tone", 3, "style/tone", 1),
    Replacement("a", 2, 1, "before\n", "after\n"),
    Replaced("replace-0123456789ab", ("a", "b"), 3),
    Directory("style/house", "Ours", enabled=True, source="", prompts=3),
    Trashed("style/tone", "u1", 2, NOON, "ana"),
    Token("ci", may_write=True, author="Ana", created_at=NOON),
    Salvaged("style/tone", 2, "", "it does not match its SHA-256"),
    Change(7, "save", "style/tone", 2, "", "ana", "python", NOON),
    DIFF,
    Impact("review", expand("before"), expand("after"), "It breaks."),
    Finding("error", "cycle", "a", "It includes itself."),
    ImportReport("prompts/", ("a",), ("b", "c"), (), {"d.txt": "it is no markdown"}),
    ExportReport("out", ("a.md",), ("b.md",)),
    Loss("a.prompt", "its tags are left out"),
    SyncReport("notes", "/home/ana/notes", ("notes/a",), conflicts={"notes/b": "notes/b-conflict"}, unchanged=3),
    Draft("a", "text"),
    Drift("changed", "a", 1, "a@2", "it has another text", ("review",), TextDiff("x", "y", "a@1", "a@2")),
    Frozen("prompts.lock", 2, added=("review",), notes=("A draft was used.",)),
    SUMMARY,
    Rows([1, 2], title="Numbers", empty="None at all."),
]
each_example = pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)


def test_the_public_names_are_complete() -> None:
    here = {name for name, value in vars(records).items() if getattr(value, "__module__", "") == records.__name__}
    here = {name for name in here if not name.startswith("_")}

    assert sorted(records.__all__) == sorted(here | {"ORIGINS", "Origin", "Rows"})


def test_every_record_has_an_example() -> None:
    kinds = {name for name in records.__all__ if inspect.isclass(getattr(records, name))}

    assert {type(example).__name__ for example in EXAMPLES} == kinds


@each_example
def test_a_record_survives_a_process_boundary(record: Any) -> None:
    for again in (pickle.loads(pickle.dumps(record)), copy.copy(record)):  # noqa: S301 - our own bytes
        assert type(again) is type(record)
        assert again == record


@each_example
def test_a_record_cannot_be_changed_by_accident(record: Any) -> None:
    if isinstance(record, Rows):
        record = record[:]
        record.append(3)
        assert record == [1, 2, 3]
        return
    name = dataclasses.fields(record)[0].name if dataclasses.is_dataclass(record) else record._fields[0]
    with pytest.raises(AttributeError):
        setattr(record, name, "changed")


@each_example
def test_a_record_is_shown_as_a_card_or_is_a_row_of_one(record: Any) -> None:
    assert isinstance(record, Shown | tuple | Draft)


def test_the_origins_are_those_who_write() -> None:
    assert ORIGINS == ("notebook", "dashboard", "api", "mcp", "import", "cli", "python")


# Names and directories


@pytest.mark.parametrize("record", [PROMPT, EXAMPLES[1]], ids=["Prompt", "Entry"])
def test_a_prompt_knows_its_name_and_its_directory(record: Any) -> None:
    assert (record.name, record.directory) == ("tone", "style")


def test_a_prompt_at_the_top_is_in_no_directory() -> None:
    assert dataclasses.replace(PROMPT, path="tone").directory == ""


def test_a_directory_has_a_name() -> None:
    assert Directory("style/house", "", enabled=True, source="", prompts=0).name == "house"


def test_a_prompt_prints_as_its_text() -> None:
    assert str(PROMPT) == f"{PROMPT}" == "Speak plainly.\n"


# Differences


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a", "a", []),
        ("", "", []),
        ("a\nb\nc\n", "a\nB\nc\n", ["--- old", "+++ new", "@@ -1,3 +1,3 @@", " a", "-b", "+B", " c"]),
        ("", "a\n", ["--- old", "+++ new", "@@ -0,0 +1 @@", "+a"]),
        ("a\n", "", ["--- old", "+++ new", "@@ -1 +0,0 @@", "-a"]),
        ("-a", "+a", ["--- old", "+++ new", "@@ -1 +1 @@", "--a", "++a"]),
    ],
)
def test_a_difference_is_told_by_lines(before: str, after: str, lines: list[str]) -> None:
    diff = TextDiff(before, after, "old", "new")

    assert list(diff.lines()) == lines
    assert str(diff) == "\n".join(lines)
    assert bool(diff) == (before != after)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("a\r\nb\n", "a\nb\n", ["-a␍", "+a", " b", " "]),
        ("a", "a\n", [" a", "+"]),
    ],
)
def test_a_difference_in_nothing_but_line_ends_is_shown(before: str, after: str, changed: list[str]) -> None:
    assert list(TextDiff(before, after, "old", "new").lines())[3:] == changed


def test_a_difference_shows_as_much_around_it_as_asked_for() -> None:
    assert list(DIFF.lines(context=0)) == ["--- a@1", "+++ a@2", "@@ -2 +2 @@", "-b", "+B"]


def test_an_impact_has_the_difference_of_the_expansions() -> None:
    impact = Impact("review", expand("be brief"), expand("be clear"))

    assert impact.diff == TextDiff("be brief", "be clear", "review now", "review then")
    assert impact.problem == ""


# Sentences


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (Finding("warning", "unused", "style/old", "Nothing includes it."), "warning: style/old: Nothing includes it."),
        (Finding("info", "ok", "", "All is well."), "info: All is well."),
        (ImportReport("prompts/"), "Imported prompts/: 0 created, 0 updated, 0 unchanged."),
        (
            ImportReport("prompts/", ("a", "b"), ("c",), ("d",), {"e.txt": "no markdown"}),
            "Imported prompts/: 2 created, 1 updated, 1 unchanged, 1 skipped.",
        ),
        (
            ImportReport("vault", ("a",), format="obsidian", losses=(Loss("a.md", "1 link stays text"),)),
            "Imported vault as obsidian: 1 created, 0 updated, 0 unchanged. 1 thing could not be carried over.",
        ),
        (Loss("a.md", "1 link stays text"), "a.md: 1 link stays text"),
        (Replaced("", (), 0), "Nothing matched, and nothing was changed."),
        (Replaced("r-1", ("a",), 1), "Replaced once in 1 prompt; undo_replace('r-1') puts it back."),
        (Replaced("r-1", ("a", "b"), 1234), "Replaced 1,234 times in 2 prompts; undo_replace('r-1') puts it back."),
        (Replacement("a", 2, 1, "b\n", "c\n"), "--- a@2\n+++ a then\n@@ -1 +1 @@\n-b\n+c"),
        (Replacement("a", 2, 0, "b", "b", "it is too long"), "a@2: it is too long"),
        (ExportReport("out"), "Exported to out: 0 written, 0 unchanged."),
        (
            ExportReport("out", ("a.prompt",), format="dotprompt", losses=(Loss("a", "b"), Loss("a", "c"))),
            "Exported to out as dotprompt: 1 written, 0 unchanged. 2 things could not be carried over.",
        ),
        (ExportReport("out", ("a.md", "b.md"), ("c.md",)), "Exported to out: 2 written, 1 unchanged."),
        (SyncReport(), "Synced the linked directories: 0 unchanged."),
        (
            SyncReport(
                *("notes", "/n", ("a", "b"), ("c",), ("d",), {"e": "e-conflict"}, ("f",), ("g",), {"h": "i"}),
                unchanged=1200,
                skipped={"j.md": "it is no text"},
            ),
            (
                "Synced notes with /n: 2 pulled, 1 pushed, 1 merged, 1 deleted, 1 recovered, 1 renamed, 1 in conflict,"
                " 1 skipped, 1,200 unchanged."
            ),
        ),
        (
            SUMMARY,
            (
                "sqlite:///prompts.db\n"
                "25 prompts in 4 directories, 1,234 versions, 2 labels, 1 in the trash, 65,432 characters"
            ),
        ),
        (
            dataclasses.replace(SUMMARY, prompts=1, versions=1, directories=1, labels=1, characters=1),
            "sqlite:///prompts.db\n1 prompt in 1 directory, 1 version, 1 label, 1 in the trash, 1 character",
        ),
        (
            dataclasses.replace(SUMMARY, read_only="you asked for it"),
            (
                "sqlite:///prompts.db\n"
                "25 prompts in 4 directories, 1,234 versions, 2 labels, 1 in the trash, 65,432 characters\n"
                "read only: you asked for it"
            ),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_record_prints_as_a_sentence(record: Any, sentence: str) -> None:
    assert str(record) == sentence


def test_a_sync_says_what_somebody_should_look_at() -> None:
    report = SyncReport("d", "/d", conflicts={"d/a": "d/a-conflict"}, skipped={"b.md": "it is no text"})

    assert report.remarks == (
        "d/a was changed on both sides in the same place: the store's text stands, the file's is kept as d/a-conflict.",
        "Skipped b.md: it is no text",
    )
    assert report.changed
    assert not SyncReport("d", "/d", unchanged=2, skipped={"b.md": "it is no text"}).changed


# Rows


def test_rows_are_a_list_with_a_title() -> None:
    rows = Rows((number for number in (3, 1, 2)), title="Numbers")

    assert rows == [3, 1, 2]
    assert sorted(rows) == [1, 2, 3]
    assert (rows.title, rows.empty) == ("Numbers", "Nothing here yet.")


def test_no_rows_are_false_and_say_why() -> None:
    rows: Rows[str] = Rows(empty="No prompt matches.")

    assert not rows
    assert rows == []
    assert rows.empty == "No prompt matches."
