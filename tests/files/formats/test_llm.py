"""`llm` templates: YAML with `$input`."""

from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import ImportFileError
from prompt_kernel.files.formats._braces import written
from prompt_kernel.files.formats._llm import _apart
from prompt_kernel.records import Draft, Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]
Harvest = Callable[[Path], dict[str, bytes]]

BOTH = """\
# mine
model: small
system: You are brief; it costs $$5.
prompt: |
  Sum up $input
  in ${lang}. {{x}} [[y]]
defaults:
  lang: English
  tone: ''
options: {temperature: 1.8}
"""


def test_templates_become_prompts(trip: Trip) -> None:
    files = {"sum.yaml": BOTH, "say.yml": "'Say: $input'\n", "fr.yaml": "system: Speak French\n"}
    result = trip(files, "llm")
    assert result.said == {
        "fr": ("Speak French", "simple", "", (), {}),
        "say": ("Say: {{ input }}", "simple", "", (), {}),
        "sum": (
            "system:\nYou are brief; it costs $5.\n\nuser:\nSum up {{ input }}\nin {{ lang }}. \\{{x}} \\[[y]]\n",
            "simple",
            "",
            (),
            {"lang": {"default": "English"}, "tone": {"required": False}},
        ),
    }
    assert (result.files, result.imported.losses) == ({name: text.encode() for name, text in files.items()}, ())


def test_a_changed_template_keeps_what_only_llm_knows(
    store: Store, plant: Callable[..., Path], harvest: Harvest, tmp_path: Path
) -> None:
    store.import_from(plant({"sum.yaml": BOTH}))
    store.save("sum", "system:\nBe $.\n\nuser:\n{{ input }}s {{ lang }}")
    store.export_to(tmp_path / "to", format="llm")
    assert harvest(tmp_path / "to") == {
        "sum.yaml": (
            b"system: Be $$.\nprompt: ${input}s $lang\nmodel: small\noptions:\n  temperature: 1.8\n"
            b"defaults:\n  lang: English\n  tone: ''\n"
        )
    }


def test_a_library_becomes_templates(library: Store, harvest: Harvest, tmp_path: Path) -> None:
    library.save("costs", "$5 of {{ x }}1", description="d")
    report = library.export_to(tmp_path / "to", format="llm")
    files = harvest(tmp_path / "to")
    assert files["costs.yaml"] == b"prompt: $$5 of ${x}1\n"
    assert files["style/base.yaml"] == b"prompt: |\n  Speak in a $tone voice.\n  Be brief.\ndefaults:\n  tone: plain\n"
    assert Loss("costs", "its description is left out") in report.losses


BAD: dict[str, tuple[str, str, str]] = {
    "a list": ("- a\n", "t.yaml", "this is no template: it has neither a prompt nor a system prompt"),
    "neither": ("model: x\n", "t.yaml", "this is no template: it has neither a prompt nor a system prompt"),
    "a mapping as prompt": ("model: x\nprompt: {a: 1}\n", "t.yaml:2", "prompt must be a text"),
    "an alias": (
        "prompt: &a x\nsystem: *a\n",
        "t.yaml:2",
        "*a is an alias, and these are not read; quote it if it is text",
    ),
    "an object": ("prompt: !!python/object:os.system x\n", "t.yaml:1", "the tag !!python/object:os.system is not read"),
    "a key twice": ("prompt: a\nprompt: b\n", "t.yaml:2", "the key 'prompt' is given twice"),
    "too deep": (f"prompt: {'[' * 30}{']' * 30}\n", "t.yaml:1", "this is nested more than 20 levels deep"),
}


@pytest.mark.parametrize(("content", "where", "reason"), BAD.values(), ids=BAD)
def test_what_is_no_template_is_named(
    store: Store, plant: Callable[..., Path], content: str, where: str, reason: str
) -> None:
    with pytest.raises(ImportFileError) as caught:
        store.import_from(plant({"t.yaml": content, "fine.yaml": "prompt: x"}), format="llm")
    assert (caught.value.problems, len(store)) == ({where: reason}, 0)


PIECES = st.sampled_from(["$a", "${b}", "$$", "$$$a", " ", "x", "{{a}}", "[[a]]", "\\", "`", "!", "{", "}", "1", "\n"])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_an_expansion_is_what_llm_would_substitute(text: str) -> None:
    composed, losses = written(_apart(text))
    if not losses:
        with Store(":memory:") as store:
            store.save_many([Draft("a", composed.text, engine=composed.engine)])
            values = {name: f"{{{{{name}}}}} $a [[a]]" for name in store.declarations("a")}
            assert store.expand("a", variables=values) == Template(text).substitute(values)
