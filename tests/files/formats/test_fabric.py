"""Fabric: a folder a pattern; only `{{name}}` without blanks is a variable there."""

from collections.abc import Callable
from typing import Any

import pytest

from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]

PATTERNS: dict[str, bytes | str] = {
    "summarize/system.md": "# IDENTITY\n\nYou sum up.\n\n# INPUT\n\n{{input}}\n",
    "translate/system.md": "To {{lang_code}}: {{ lang_code }}, {{plugin:datetime:now}}, {a}, [[x]] and `[[y]]`.\r\n",
    "translate/user.md": "",
    "write essay/system.md": b"\xef\xbb\xbfx",
    "write essay/user.md": "Begin with {{name}}.",
    "don't (do) it/system.md": "{{lang}",
    "summarize/README.md": "not a prompt",
}


def test_patterns_become_prompts_with_their_variables(trip: Trip) -> None:
    assert trip(PATTERNS, "fabric").said == {
        "dont do it": ("{{lang}", "simple", "", (), {}),
        "summarize": ("# IDENTITY\n\nYou sum up.\n\n# INPUT\n\n{{input}}\n", "simple", "", (), {}),
        "translate": (
            "To {{lang_code}}: \\{{ lang_code }}, {{plugin:datetime:now}}, {a}, \\[[x]] and `[[y]]`.\r\n",
            "simple",
            "",
            (),
            {},
        ),
        "write essay": ("x", "simple", "", (), {}),
        "write essay/user": ("Begin with {{name}}.", "simple", "", (), {}),
    }


def test_patterns_come_back_byte_for_byte(trip: Trip) -> None:
    prompts = {name: content for name, content in PATTERNS.items() if content and "README" not in name}
    expected = {name: text.encode() if isinstance(text, str) else text for name, text in prompts.items()}
    assert trip(PATTERNS, "fabric").files == expected


def test_what_is_fabrics_own_is_reported(trip: Trip) -> None:
    assert trip(PATTERNS, "fabric").imported.losses == (
        Loss("don't (do) it/system.md", "its name cannot be a path, so that it became dont do it"),
        Loss("translate/system.md", "{{ lang_code }} is Fabric's own and stays text"),
        Loss("translate/system.md", "{{plugin:datetime:now}} is Fabric's own and stays text"),
    )


@pytest.mark.parametrize("home", ["", "patterns/", "data/patterns/"])
def test_patterns_are_found_where_fabric_keeps_them(trip: Trip, home: str) -> None:
    assert list(trip({f"{home}sum/system.md": "x"}, "fabric").said) == ["sum"]


def test_a_library_becomes_patterns_with_everything_in_its_place(
    library: Store, harvest: Callable[..., Any], tmp_path: Any
) -> None:
    report = library.export_to(tmp_path / "to", format="fabric")
    assert harvest(tmp_path / "to") == {
        "format/json/system.md": 'Answer as JSON: {"answer": "…"}\n'.encode(),
        "review/system.md": (
            "Speak in a {{tone}} voice.\nBe brief.\nReview this code:\n\n```\n{{code}}\n```\n"
            'Answer as JSON: {"answer": "…"}\n'
        ).encode(),
        "style/base/system.md": b"Speak in a {{tone}} voice.\nBe brief.\n",
        "style/tone/system.md": b"Speak in a {{tone}} voice.\n",
    }
    assert (report.format, Loss("style/tone", "the defaults of its variables are left out") in report.losses) == (
        "fabric",
        True,
    )
    assert [loss.what for loss in report.losses if loss.where == "style/base"] == [
        "what it includes was written out",
        "its tags are left out",
        "the types of its variables are left out",
        "the defaults of its variables are left out",
    ]


def test_what_would_be_a_variable_there_and_is_text_here_is_reported(store: Store, tmp_path: Any) -> None:
    store.save("a", "{{x}} {{ y }}", engine="plain")
    losses = store.export_to(tmp_path / "to", format="fabric").losses
    assert losses == (Loss("a", "Fabric reads characters of it as something else, as {{x}}"),)
