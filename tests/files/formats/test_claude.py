"""Claude Code: commands and skills; what they would run or read is text here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]
Harvest = Callable[[Path], dict[str, bytes]]

COMMIT = """\
---
allowed-tools: Bash(git add:*), Bash(git status:*)
description: Commit it   # soon
argument-hint: message
model: small
---
Status: !`git status`. Say $ARGUMENTS, then $1 of $10, by @docs/style.md and ${CLAUDE_ROOT}.
[[x]] `[[y]]` {{z}}
"""
PDF = "---\nname: pdf\ndescription: Reads PDFs\n---\n\n# PDF\n\nRun `scripts/a.py`. {{z}}\n"
PROJECT = {
    ".claude/commands/git/commit.md": COMMIT,
    ".claude/skills/pdf/SKILL.md": PDF,
    ".claude/skills/pdf/reference.md": "no skill",
    ".claude/settings.json": "{}",
    "README.md": "no command",
}


def test_commands_and_skills_become_prompts(trip: Trip) -> None:
    result = trip(PROJECT, "claude")
    assert result.said == {
        "commands/git/commit": (
            (
                "Status: !`git status`. Say {{ ARGUMENTS }}, then {{ argument_1 }} of $10, by @docs/style.md and "
                "${CLAUDE_ROOT}.\n\\[[x]] `[[y]]` \\{{z}}\n"
            ),
            "simple",
            "Commit it",
            (),
            {"ARGUMENTS": {"description": "message", "required": False}, "argument_1": {"required": False}},
        ),
        "skills/pdf": ("\n# PDF\n\nRun `scripts/a.py`. {{z}}\n", "plain", "Reads PDFs", (), {}),
    }
    assert [loss.what for loss in result.imported.losses] == [
        "${CLAUDE_ROOT} stays text",
        "!`git status` stays text, and is never run",
        "@docs/style.md stays text, and the file is not read",
    ]


def test_files_come_back_byte_for_byte(trip: Trip) -> None:
    assert trip(PROJECT, "claude").files == {
        ".claude/commands/git/commit.md": COMMIT.encode(),
        ".claude/skills/pdf/SKILL.md": PDF.encode(),
    }


def test_a_changed_description_changes_only_its_line(
    store: Store, plant: Callable[..., Path], harvest: Harvest, tmp_path: Path
) -> None:
    store.import_from(plant(PROJECT))
    store.describe("commands/git/commit", description="Commit: all")
    store.export_to(tmp_path / "to", format="claude")
    expected = COMMIT.replace("Commit it", "'Commit: all'").encode()
    assert harvest(tmp_path / "to")[".claude/commands/git/commit.md"] == expected


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        (".claude", ["commands/git/commit", "skills/pdf"]),
        (".claude/commands", ["git/commit"]),
        (".claude/commands/git/commit.md", ["commit"]),
        (".claude/skills/pdf/SKILL.md", ["pdf"]),
        (".claude/skills", ["pdf"]),
    ],
)
def test_a_part_of_a_project_is_recognised(
    store: Store, plant: Callable[..., Path], source: str, paths: list[str]
) -> None:
    report = store.import_from(plant(PROJECT) / source)
    assert (report.format, list(store)) == ("claude", paths)


def test_variables_of_ours_become_positions(library: Store, harvest: Harvest, tmp_path: Path) -> None:
    library.save("skills/help", "Help with {{ARGUMENTS}}.", description="helps")
    report = library.export_to(tmp_path / "to", format="claude")
    files = harvest(tmp_path / "to")
    assert files[".claude/commands/review.md"].startswith(
        b"---\ndescription: Review some code\nargument-hint: '[tone] [code]'\n---\nSpeak in a $1 voice."
    )
    assert files[".claude/skills/help/SKILL.md"] == b"---\nname: help\ndescription: helps\n---\nHelp with $ARGUMENTS."
    assert Loss("review", "its variables have become positions: $1 tone, $2 code") in report.losses
