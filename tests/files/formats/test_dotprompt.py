"""Dotprompt: Picoschema becomes declarations, partials become inclusions, the rest of Handlebars stays text."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]
Harvest = Callable[[Path], dict[str, bytes]]

GREET = """\
---
model: vendor/model-1   # the good one
description: Greets
config: {temperature: 0.9}
input:
  schema:
    name: string, who it is
    count?: integer
    tone(enum, how it sounds): [formal, plain]
    people(array): string
  default: {name: Guest}
---
{{role "system"}}
Hello {{name}}, {{ count }} times. {{>style tone="a" n=3 x=true}}
{{#if tone}}In {{tone}}.{{/if}} \\{{raw}} {{{tone}}} {{history}} {{! aside }} [[x]]
{{#each people}}{{name}}{{/each}}
"""


def test_files_become_prompts(trip: Trip) -> None:
    result = trip(
        {"greet.prompt": GREET, "_style.prompt": "Be {{tone}}.", "sub/_deep.prompt": "{{>style}}"}, "dotprompt"
    )
    assert result.said == {
        "greet": (
            (
                '{{role "system"}}\nHello {{name}}, {{ count }} times. [[style(tone="a", n=3, x=true)]]\n'
                "{{#if tone}}In {{tone}}.{{/if}} \\{{raw}} {{ tone }} \\{{history}} {{! aside }} \\[[x]]\n"
                "{{#each people}}\\{{name}}{{/each}}\n"
            ),
            "simple",
            "Greets",
            (),
            {
                "count": {"type": "integer", "required": False},
                "name": {"default": "Guest", "description": "who it is"},
                "tone": {"type": "enum", "values": ["formal", "plain"], "description": "how it sounds"},
            },
        ),
        "style": ("Be {{tone}}.", "simple", "", (), {}),
        "sub/deep": ("[[style]]", "simple", "", (), {}),
    }
    assert result.imported.losses == tuple(
        Loss("greet.prompt", what)
        for what in (
            "the type array of people",
            '{{role "system"}} stays text',
            "{{#if tone}} stays text",
            "{{/if}} stays text",
            "{{history}} stays text",
            "{{! aside }} stays text",
            "{{#each people}} stays text",
            "{{name}} stays text",
            "{{/each}} stays text",
        )
    )


def test_files_come_back_byte_for_byte(trip: Trip) -> None:
    files = {"greet.prompt": GREET, "_style.prompt": "Be {{tone}}.", "sub/_deep.prompt": "x\r\n"}
    assert trip(files, "dotprompt").files == {name: text.encode() for name, text in files.items()}


def test_a_changed_text_leaves_the_front_matter_alone(
    store: Store, plant: Callable[..., Path], harvest: Harvest, tmp_path: Path
) -> None:
    store.import_from(plant({"greet.prompt": GREET}))
    store.save("greet", "Hi {{name}}!")
    store.describe("greet", description="Short")
    store.export_to(tmp_path / "to", format="dotprompt")
    front = GREET[: GREET.index("{{role")].replace("Greets", "Short")
    assert harvest(tmp_path / "to") == {"greet.prompt": f"{front}Hi {{{{name}}}}!".encode()}


SCHEMAS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "a type": ("{schema: {n: integer}}", {"n": {"type": "integer"}}),
    "any": ("{schema: {n: 'any, whatever'}}", {"n": {"description": "whatever"}}),
    "optional": ("{schema: {n?: string}}", {"n": {"required": False}}),
    "a default": ("{schema: {n: boolean}, default: {n: true}}", {"n": {"type": "boolean", "default": True}}),
    "a default alone": ("{default: {n: 3}}", {"n": {"default": 3}}),
    "JSON Schema": (
        "{schema: {type: object, properties: {n: {type: number, description: d}, m: {enum: [a, 1]}}, required: [n]}}",
        {"n": {"type": "number", "description": "d"}, "m": {"type": "enum", "values": ["a", "1"], "required": False}},
    ),
    "a name of a schema": ("{schema: Known}", {}),
    "a default that does not fit": ("{schema: {n: integer}, default: {n: many}}", {"n": {"type": "integer"}}),
}


@pytest.mark.parametrize(("source", "declared"), SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_becomes_declarations(trip: Trip, source: str, declared: Mapping[str, Any]) -> None:
    assert trip({"a.prompt": f"---\ninput: {source}\n---\n{{{{n}}}}"}, "dotprompt").said["a"][4] == declared


def test_a_library_goes_out_with_partials_and_a_schema(library: Store, harvest: Harvest, tmp_path: Path) -> None:
    report = library.export_to(tmp_path / "to", format="dotprompt")
    assert harvest(tmp_path / "to") == {
        "format/_json.prompt": 'Answer as JSON: {"answer": "…"}\n'.encode(),
        "review.prompt": (
            b"---\ndescription: Review some code\ninput:\n  schema: {code: 'string, the code'}\n---\n"
            b"{{>style/base}}Review this code:\n\n```\n{{code}}\n```\n{{>format/json}}"
        ),
        "style/_base.prompt": b"{{>style/tone}}Be brief.\n",
        "style/_tone.prompt": (
            b"---\ndescription: How to sound\ninput:\n  schema:\n    tone?(enum): [formal, plain]\n"
            b"  default: {tone: plain}\n---\nSpeak in a {{tone}} voice.\n"
        ),
    }
    assert report.losses == tuple(
        Loss(path, "its tags are left out") for path in ("format/json", "style/base", "style/tone")
    )


def test_braces_of_ours_that_are_text_are_text_there(store: Store, harvest: Harvest, tmp_path: Path) -> None:
    store.save("a", "{{#if x}} \\{{y}} {{y}}")
    assert store.export_to(tmp_path / "to", format="dotprompt").losses == ()
    assert harvest(tmp_path / "to")["a.prompt"].endswith(b"\\{{#if x}} \\{{y}} {{y}}")
