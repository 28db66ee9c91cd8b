"""A field that was changed in the store changes that key in the file, and not one character besides."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from prompt_kernel.files._document import decode, encode
from prompt_kernel.files._frontmatter import Metadata
from prompt_kernel.store import Store
from prompt_kernel.variables import declare

Plant = Callable[[Mapping[str, bytes | str]], Path]
Harvest = Callable[[Path], dict[str, bytes]]

ORIGINAL = """\
---
# ours, and others'
title: "Tone: é 😀"      # kept
description: How we speak  # why
date: 2024-01-01

tags: [style, tone]   # by hand
nested: {b: 1, a: [2, 3]}
variables:
  # one of two
  tone: {values: [formal, plain], default: plain}
# about the engine
engine: simple
version: 1.10
# the end
---
Speak plainly.
"""


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_changed_field_changes_only_its_lines(
    store: Store, plant: Plant, harvest: Harvest, tmp_path: Path, newline: str
) -> None:
    store.import_folder(plant({"tone.md": ORIGINAL.replace("\n", newline)}))
    store.describe("tone", description="Of voices: 1", tags=["style", "a b", "#c"])
    store.save("tone", store["tone"].text, engine="plain", variables={"tone": {"default": "dry"}, "n": 3})
    store.export_folder(tmp_path / "to")
    expected = (
        ORIGINAL.replace("How we speak", "'Of voices: 1'")
        .replace("[style, tone]", "[style, a b, '#c']")
        .replace("engine: simple", "engine: plain")
        .replace(
            "  tone: {values: [formal, plain], default: plain}\n",
            "  tone: {default: dry}\n  n: {type: integer, default: 3}\n",
        )
    )
    assert harvest(tmp_path / "to") == {"tone.md": expected.replace("\n", newline).encode()}


def test_a_new_field_comes_before_the_others(store: Store, plant: Plant, harvest: Harvest, tmp_path: Path) -> None:
    store.import_folder(plant({"a.md": "---\n# first\nauthor: me\n---\nx"}))
    store.describe("a", description="d", tags=["t"])
    store.export_folder(tmp_path / "to")
    assert harvest(tmp_path / "to") == {"a.md": b"---\n# first\ndescription: d\ntags: [t]\nauthor: me\n---\nx"}


def test_a_file_without_front_matter_gets_one_in_its_own_newlines(
    store: Store, plant: Plant, harvest: Harvest, tmp_path: Path
) -> None:
    store.import_folder(plant({"a.md": "x\r\ny"}))
    store.describe("a", description="d")
    store.export_folder(tmp_path / "to")
    assert harvest(tmp_path / "to") == {"a.md": b"---\r\ndescription: d\r\n---\r\nx\r\ny"}


def test_a_closing_line_without_a_newline_gets_one_where_a_text_follows(
    store: Store, plant: Plant, harvest: Harvest, tmp_path: Path
) -> None:
    store.import_folder(plant({"a.md": "---\ntags: [t]\n---"}))
    store.save("a", "now there is a text")
    store.export_folder(tmp_path / "to")
    assert harvest(tmp_path / "to") == {"a.md": b"---\ntags: [t]\n---\nnow there is a text"}


def test_reordered_tags_are_no_change(store: Store, plant: Plant, harvest: Harvest, tmp_path: Path) -> None:
    store.import_folder(plant({"a.md": "---\ntags: [b, a, b]\n---\n"}))
    store.describe("a", tags=["a", "b"])
    store.export_folder(tmp_path / "to")
    assert harvest(tmp_path / "to") == {"a.md": b"---\ntags: [b, a, b]\n---\n"}


class Edit(NamedTuple):
    """A block, what becomes of our keys, and the block after that."""

    before: str
    changes: Mapping[str, Any]
    after: str


EDITS: dict[str, Edit] = {
    "a text with its comment": Edit("description: a # c\n", {"description": "b"}, "description: b # c\n"),
    "a text in quotes": Edit('description: "a"  # c\n', {"description": "b: c"}, "description: 'b: c'  # c\n"),
    "a text of two lines": Edit("description: a\n  b\ntags: x\n", {"description": "c"}, "description: c\ntags: x\n"),
    "a text that is emptied": Edit("description: a\n", {"description": ""}, "description: ''\n"),
    "a text that was empty": Edit("description:  # c\n", {"description": "b"}, "description: b  # c\n"),
    "a key with a blank": Edit("description : a\n", {"description": "b"}, "description : b\n"),
    "a text with line breaks": Edit("description: a\n", {"description": "b\n\u2028c"}, 'description: "b\\n\\Lc"\n'),
    "a text that ends in a return": Edit("description: a\n", {"description": "b\r"}, 'description: "b\\r"\n'),
    "a literal": Edit(
        "description: |\n  a\n  # a\n\n# c\ntags: x\n", {"description": "b"}, "description: b\n\n# c\ntags: x\n"
    ),
    "a literal at the end": Edit("x: 1\ndescription: >+\n  a\n\n", {"description": "b"}, "x: 1\ndescription: b\n\n"),
    "a number": Edit("description: 5\n", {"description": "1.10"}, "description: '1.10'\n"),
    "tags by lines": Edit("tags:  # c\n- a\n- b\n# d\nx: 1\n", {"tags": ["b"]}, "tags:  # c\n- b\n# d\nx: 1\n"),
    "tags by lines, further in": Edit("tags:\n   - a\n   # c\n", {"tags": ["b", "c"]}, "tags:\n   - b\n   - c\n"),
    "tags by lines, emptied": Edit("tags:\n- a\nx: 1\n", {"tags": []}, "tags:\n  []\nx: 1\n"),
    "tags with commas": Edit("tags: a, b # c\n", {"tags": ["a"]}, "tags: [a] # c\n"),
    "tags over two lines": Edit("tags: [a,\n  b]\n", {"tags": ["c: d", "e"]}, "tags: ['c: d', e]\n"),
    "an engine": Edit("engine: jinja # c\n", {"engine": "simple"}, "engine: simple # c\n"),
    "an engine that was empty": Edit("engine:\n", {"engine": "plain"}, "engine: plain\n"),
    "variables": Edit(
        "variables:\n    a:\n    b: 1\nx: 1\n",
        {"variables": {"b": {"type": "enum", "values": ["1", "x"], "default": "1"}}},
        "variables:\n    b:\n      type: enum\n      values: ['1', x]\n      default: '1'\nx: 1\n",
    ),
    "variables in braces": Edit(
        "variables: {a: 1} # c\n", {"variables": {"a": 2}}, "variables: {a: {type: integer, default: 2}} # c\n"
    ),
    "variables that are gone": Edit("variables:\n  a: 1\n", {"variables": {}}, "variables:\n  {}\n"),
    "a variable that was only named": Edit("x: 1\n", {"variables": {"a": None}}, "variables: {a: null}\nx: 1\n"),
    "a default without a type": Edit(
        "x: 1\n", {"variables": {"a": {"default": 3}}}, "variables:\n  a: {default: '3'}\nx: 1\n"
    ),
    "a default that is another number": Edit(
        "variables: {a: 3.0}\n",
        {"variables": {"a": {"type": "integer", "default": 3}}},
        "variables: {a: {type: integer, default: 3}}\n",
    ),
    "everything in braces": Edit(
        "{description: a, x: 1}\n", {"description": "b, c", "tags": ["t"]}, "{tags: [t], description: 'b, c', x: 1}\n"
    ),
    "an indented block": Edit(
        "  x: 1\n  description: |\n    a\n  # c\n  y: 2\n",
        {"description": "b", "tags": ["t"]},
        "  tags: [t]\n  x: 1\n  description: b\n  # c\n  y: 2\n",
    ),
    "an empty block": Edit("", {"description": "a", "engine": "plain"}, "description: a\nengine: plain\n"),
    "a blank block": Edit("\n", {"tags": ["t"]}, "tags: [t]\n\n"),
    "dots at the end": Edit("x: 1\n...\n", {"tags": ["t"]}, "tags: [t]\nx: 1\n...\n"),
    "an open literal at the end": Edit("x: |+\n  a\n\n", {"tags": ["t"]}, "tags: [t]\nx: |+\n  a\n\n"),
    # Where only a rewrite helps, keys and values stay as spelled, and comments are lost.
    "question marks": Edit(
        "? tags\n: - a\n# c\n? x\n: 1.10\n? y\n: 2024-01-01\n", {"tags": ["b"]}, "tags: [b]\nx: 1.10\ny: 2024-01-01\n"
    ),
    "a tag before the block": Edit("!!map\nx: yes # c\n", {"tags": ["b"]}, "tags: [b]\nx: yes\n"),
}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("before", "changes", "after"), EDITS.values(), ids=EDITS)
def test_an_edit_is_as_small_as_the_table_says(before: str, changes: Mapping[str, Any], after: str) -> None:
    """Below the store, so that a table of fifty layouts needs no fifty stores."""
    read = decode(f"---\n{before}---\nx".encode())
    fields = {name: getattr(read.metadata, name) for name in Metadata.__slots__} | dict(changes)
    wanted = Metadata(
        fields["description"], tuple(fields["tags"] or ()), fields["engine"], declare(fields["variables"])
    )
    assert encode("x", wanted, read.layout).decode() == f"---\n{after}---\nx"
