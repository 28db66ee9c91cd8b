"""Copilot's and Cursor's files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]
Harvest = Callable[[Path], dict[str, bytes]]

NEW = """\
---
mode: agent
tools: ['search']
description: 'Make a part'
---
Make ${input:part-name:what it is called} for ${input:part-name} in ${workspaceFolder}, see #file:a.ts. {{x}}
"""
RULE = "---\ndescription: Rules\nglobs: *.ts,*.tsx\nalwaysApply: false\n---\nUse types. [[x]]\n"
PROJECT = {
    ".github/prompts/new.prompt.md": NEW,
    ".github/instructions/py.instructions.md": "---\napplyTo: '**/*.py'\n---\nUse types.\r\n",
    ".github/copilot-instructions.md": "Be kind.",
    ".cursor/rules/ts.mdc": RULE,
    "README.md": "x",
}


def test_files_become_prompts(trip: Trip) -> None:
    result = trip(PROJECT, "copilot")
    assert result.said == {
        "copilot-instructions": ("Be kind.", "simple", "", (), {}),
        "instructions/py": ("Use types.\r\n", "simple", "", (), {}),
        "prompts/new": (
            "Make {{ part_name }} for {{ part_name }} in ${workspaceFolder}, see #file:a.ts. \\{{x}}\n",
            "simple",
            "Make a part",
            (),
            {"part_name": {"description": "what it is called"}},
        ),
        "rules/ts": ("Use types. \\[[x]]\n", "simple", "Rules", (), {}),
    }
    assert result.imported.losses == (
        Loss(".github/prompts/new.prompt.md", "${workspaceFolder} stays text"),
        Loss(".github/prompts/new.prompt.md", "#file:a.ts stays text"),
    )


def test_files_come_back_byte_for_byte(trip: Trip) -> None:
    expected = {name: text.encode() for name, text in PROJECT.items() if name != "README.md"}
    assert trip(PROJECT, "copilot").files == expected


def test_rules_whose_front_matter_is_no_yaml_keep_it(
    store: Store, plant: Callable[..., Path], harvest: Harvest, tmp_path: Path
) -> None:
    store.import_from(plant({"ts.mdc": RULE}))
    store.save("ts", "Use no types.")
    store.export_to(tmp_path / "to", format="copilot")
    assert harvest(tmp_path / "to") == {"ts.mdc": RULE.replace("Use types. [[x]]\n", "Use no types.").encode()}


def test_a_library_becomes_prompt_files(library: Store, harvest: Harvest, tmp_path: Path) -> None:
    library.export_to(tmp_path / "to", format="copilot", directory="style")
    assert harvest(tmp_path / "to") == {
        "base.prompt.md": b"Speak in a ${input:tone} voice.\nBe brief.\n",
        "tone.prompt.md": b"---\ndescription: How to sound\n---\nSpeak in a ${input:tone} voice.\n",
    }
