"""Prompty: inputs of both its versions become declarations; a template with more than variables stays a template."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]
Harvest = Callable[[Path], dict[str, bytes]]

BASIC = """\
---
name: Basic
description: Answers
authors: [me]   # kept
model: {api: chat}
inputs:
  question:
    type: string
    sample: Why?
  times: {type: integer, default: 3}
  city: Oslo
---
system:
Be brief, {{times}} times. [[x]] {% raw %}{{ literal }}{% endraw %}

user:
{{ question }}
"""
NEWER = """\
---
name: newer
tags: [a, b]
inputs:
  - name: items
    kind: array
  - {name: tone, kind: string, enumValues: [dry, warm], default: dry, description: how}
template: {format: {kind: jinja2}}
---
{% for item in items %}[[note]] {{ item | upper }}{% endfor %}
"""


def test_files_become_prompts(trip: Trip) -> None:
    result = trip({"basic.prompty": BASIC, "newer.prompty": NEWER}, "prompty")
    assert result.said == {
        "basic": (
            "system:\nBe brief, {{times}} times. \\[[x]] \\{{ literal }}\n\nuser:\n{{ question }}\n",
            "simple",
            "Answers",
            (),
            {"question": {}, "times": {"type": "integer", "default": 3}, "city": {"default": "Oslo"}},
        ),
        "newer": (
            "{% for item in items %}\\[[note]] {{ item | upper }}{% endfor %}\n",
            "jinja",
            "",
            ("a", "b"),
            {
                "items": {},
                "tone": {"type": "enum", "values": ["dry", "warm"], "default": "dry", "description": "how"},
            },
        ),
    }
    assert result.imported.losses == (Loss("newer.prompty", "the type array of items"),)


def test_files_come_back_byte_for_byte(trip: Trip) -> None:
    files = {"basic.prompty": BASIC, "d/newer.prompty": NEWER.replace("\n", "\r\n")}
    assert trip(files, "prompty").files == {name: text.encode() for name, text in files.items()}


def test_changed_inputs_are_written_in_the_version_of_the_file(
    store: Store, plant: Callable[..., Path], harvest: Harvest, tmp_path: Path
) -> None:
    store.import_from(plant({"basic.prompty": BASIC, "newer.prompty": NEWER}))
    store.save("basic", "{{question}}", variables={"question": {"description": "what"}})
    store.save("newer", "{{ n }}", variables={"n": {"type": "number"}})
    store.export_to(tmp_path / "to", format="prompty")
    files = harvest(tmp_path / "to")
    assert files["basic.prompty"] == (
        b"---\nname: Basic\ndescription: Answers\nauthors: [me]   # kept\nmodel: {api: chat}\n"
        b"inputs:\n  question: {sample: 'Why?', description: what, type: string}\n---\n{{question}}"
    )
    assert files["newer.prompty"] == (
        b"---\nname: newer\ntags: [a, b]\ninputs:\n  - name: n\n    kind: number\n"
        b"template: {format: {kind: jinja2}}\n---\n{{ n }}"
    )


def test_another_template_language_is_reported(trip: Trip) -> None:
    result = trip({"a.prompty": "---\nname: x\ntemplate: mustache\n---\n{{a}} {{#b}}c{{/b}}"}, "prompty")
    assert result.said["a"][:2] == ("{{a}} {{#b}}c{{/b}}", "simple")
    assert [loss.what for loss in result.imported.losses] == [
        "{{#b}} stays text",
        "{{/b}} stays text",
        "its template is mustache, of which plain variables are read only",
    ]


@pytest.mark.parametrize("text", ["{{ a", "{% x", "a }} b", "\\{{ a }}", "{{ a }}{{ b }}", "{#", "{{a}}\n\n"])
def test_odd_braces_come_back_as_they_were(trip: Trip, text: str) -> None:
    assert trip({"a.prompty": text}, "prompty").files == {"a.prompty": text.encode()}


def test_a_library_goes_out_with_its_inputs(library: Store, harvest: Harvest, tmp_path: Path) -> None:
    library.save("odd", "{{#x}} {{ y }} {% z %}")
    report = library.export_to(tmp_path / "to", format="prompty")
    files = harvest(tmp_path / "to")
    assert files["odd.prompty"] == b"{% raw %}{{#x}} {% endraw %}{{ y }}{% raw %} {% z %}{% endraw %}"
    assert files["style/tone.prompty"] == (
        b"---\ndescription: How to sound\ntags: [style]\ninputs:\n  tone:\n    type: string\n    default: plain\n"
        b"    enumValues: [formal, plain]\n---\nSpeak in a {{ tone }} voice.\n"
    )
    assert [loss for loss in report.losses if "written out" not in loss.what] == []
