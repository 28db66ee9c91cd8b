"""Obsidian: embeds include, links stay text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]
Plant = Callable[..., Path]
Harvest = Callable[[Path], dict[str, bytes]]

NOTE = """\
---
tags: [one, 'two']
aliases: [N]
cssclasses: wide   # kept
---
See [[Other]], [[Other|that]], `[[Other]]` and ![[Other]] and ![[deep note]] {{date}}.
![[Other#Part]] ![[picture.png]] ![[Other.md]] `![[Other]]`

```
![[Other]]
```
"""
VAULT = {
    ".obsidian/app.json": "{}",
    "Note.md": NOTE,
    "Other.md": "other",
    "sub/Deep Note.md": "---\ntags: a, b\n---\ndeep ![[Other]]\r\n",
    "sub/picture.png": b"\x89PNG",
    "2024-01-01.md": "![[Other]] today",
    "Day.md": "![[2024-01-01]]",
}


def test_embeds_become_inclusions_and_links_stay_text(trip: Trip) -> None:
    result = trip(VAULT, "obsidian")
    assert result.said == {
        "_2024-01-01": ("![[Other]] today", "simple", "", (), {}),
        "Day": ("[[_2024-01-01]]", "simple", "", (), {}),
        "Note": (
            (
                "See \\[[Other]], [[Other|that]], `[[Other]]` and ![[Other]] and ![[deep note]] {{date}}.\n"
                "![[Other#Part]] !\\[[picture.png]] [[Other]] `!\\[[Other]]`\n\n```\n!\\[[Other]]\n```\n"
            ),
            "plain",
            "",
            ("one", "two"),
            {},
        ),
        "Other": ("other", "simple", "", (), {}),
        "sub/Deep Note": ("deep ![[Other]]\r\n", "simple", "", ("a", "b"), {}),
    }
    assert result.imported.losses == (
        Loss("2024-01-01.md", "its name cannot be a path, so that it became _2024-01-01"),
        Loss("Note.md", "![[Other#Part]] stays text: it is a part of a note"),
        Loss("Note.md", "![[picture.png]] stays text: it is no note of this vault"),
        Loss("Note.md", "1 link stays text"),
    )


def test_notes_come_back_byte_for_byte(trip: Trip) -> None:
    expected = {name: text.encode() for name, text in VAULT.items() if name.endswith(".md") and isinstance(text, str)}
    result = trip(VAULT, "obsidian")
    assert (result.files, result.exported.losses) == (expected, ())


def test_an_expansion_shows_what_the_note_shows(store: Store, plant: Plant) -> None:
    report = store.import_from(plant(VAULT))
    assert report.format == "obsidian"
    assert store.expand("Note") == (
        "See [[Other]], [[Other|that]], `[[Other]]` and other and deep other\r\n {{date}}.\n"
        "![[Other#Part]] ![[picture.png]] other `![[Other]]`\n\n```\n![[Other]]\n```\n"
    )


def test_a_library_becomes_a_vault(library: Store, harvest: Harvest, tmp_path: Path) -> None:
    library.save("links", "[[style/base@1]] \\[[style/base]] \\![[x]]")
    report = library.export_to(tmp_path / "to", format="obsidian")
    files = harvest(tmp_path / "to")
    assert files["style/base.md"] == b"---\ntags: [style]\n---\n![[style/tone]]Be brief.\n"
    assert files["links.md"].startswith(b"Speak in a {{ tone }} voice.\nBe brief.\n [[style/base]] ")
    assert Loss("style/tone", "its variables are text there") in report.losses
