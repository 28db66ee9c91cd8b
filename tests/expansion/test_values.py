"""An `Expansion` is a str to everybody; what it knows besides travels with it."""

import copy
import json
import pickle
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.expansion import Expansion, Manifest, ManifestEntry, Piece
from prompt_kernel.spans import Span
from prompt_kernel.store import Store


@pytest.fixture
def expansion(library: Store) -> Expansion:
    return library.expand_text("é [[style/base]]{{ x }}[[nope]]", strict=False, x=3, y=4)


def details(expansion: Expansion) -> tuple[Any, ...]:
    return (
        str(expansion),
        *(expansion.path, expansion.version, expansion.variables, expansion.defaults),
        *(expansion.diagnostics, expansion.pieces, expansion.manifest),
    )


def test_an_expansion_knows_what_it_was_made_of(expansion: Expansion) -> None:
    assert expansion == "é Speak in a plain voice.\nBe brief.\n3[[nope]]"
    assert (expansion.path, expansion.version) == ("", None)
    assert (expansion.variables, expansion.defaults) == ({"tone": "plain", "x": 3}, {"tone"})
    assert [found.code for found in expansion.diagnostics] == ["not-found", "unused-variable"]
    assert [entry.path for entry in expansion.manifest.entries] == ["", "style/base", "style/tone"]


def test_an_expansion_of_a_prompt_has_its_path_and_version(library: Store) -> None:
    library.save("style/base", "New.")

    assert [(library.expand(name).path, library.expand(name).version) for name in ("base", "style/base@1")] == [
        ("style/base", 2),
        ("style/base", 1),
    ]


def test_an_expansion_is_a_str(expansion: Expansion) -> None:
    text = "é Speak in a plain voice.\nBe brief.\n3[[nope]]"

    assert isinstance(expansion, str)
    assert (expansion == text, text == expansion, hash(expansion) == hash(text)) == (True, True, True)
    assert {text: 1}[expansion] == 1
    assert {text, expansion, str(expansion)} == {text}
    assert (len(expansion), expansion[:7], expansion[0]) == (len(text), "é Speak", "é")
    assert f"{expansion}|{expansion:>60}|{expansion!r}" == f"{text}|{text:>60}|{text!r}"
    assert (repr(expansion), str(expansion), ascii(expansion)) == (repr(text), text, ascii(text))
    assert (expansion + "a", "a" + expansion, expansion * 2) == (text + "a", "a" + text, text * 2)
    assert json.dumps([expansion]) == json.dumps([text])
    assert expansion.encode() == text.encode()
    assert "-".join(list(expansion[:2])) == "é- "


def test_what_is_made_of_an_expansion_is_a_plain_str(expansion: Expansion) -> None:
    made = [
        *(str(expansion), expansion[1:], expansion[:], expansion.upper(), expansion + "", expansion.strip()),
        *(f"{expansion}", expansion.replace("é", "e"), format(expansion), expansion * 1),
        *(expansion.split()[0], expansion.partition(" ")[0], json.loads(json.dumps(expansion))),
    ]

    assert {type(text) for text in made} == {str}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_expansion_goes_through_pickle(protocol: int, expansion: Expansion) -> None:
    again = pickle.loads(pickle.dumps(expansion, protocol))  # noqa: S301 - our own

    assert type(again) is Expansion
    assert details(again) == details(expansion)
    assert details(pickle.loads(pickle.dumps(again, protocol))) == details(expansion)  # noqa: S301 - our own


def test_an_expansion_can_be_copied(expansion: Expansion) -> None:
    for made in (copy.copy(expansion), copy.deepcopy(expansion), copy.deepcopy([expansion])[0]):
        assert type(made) is Expansion
        assert details(made) == details(expansion)
    assert copy.deepcopy(expansion) is expansion


def test_the_values_of_an_expansion_cannot_be_changed_from_outside(expansion: Expansion) -> None:
    expansion.variables["x"] = 5

    assert expansion.variables["x"] == 3


def test_a_terminal_shows_the_text_itself(expansion: Expansion) -> None:
    class Printer:
        """As IPython has one."""

        shown: list[str] = []  # noqa: RUF012 - of one test

        def text(self, text: str) -> None:
            self.shown.append(text)

    printer = Printer()
    expansion._repr_pretty_(printer, cycle=False)
    expansion._repr_pretty_(printer, cycle=True)

    assert printer.shown == [str(expansion), "…"]
    assert type(printer.shown[0]) is str


def test_a_notebook_shows_a_card(expansion: Expansion) -> None:
    assert "Be brief." in expansion._repr_html_()
    assert expansion.manifest.entries[1].sha256[:8] in expansion.manifest._repr_html_()


def test_an_expansion_can_be_made_of_a_text_alone() -> None:
    made = Expansion("abc")

    assert details(made) == (
        "abc",
        "",
        None,
        {},
        frozenset(),
        (),
        (Piece("abc", "", None, Span(0, 3), Span(0, 3)),),
        Manifest(()),
    )
    assert Expansion() == ""
    assert details(pickle.loads(pickle.dumps(made))) == details(made)  # noqa: S301 - our own


def test_pieces_and_manifest_are_made_once() -> None:
    expanded = pk.expand("a[[b]]", {"b": "B"})

    assert expanded.pieces is expanded.pieces
    assert expanded.manifest is expanded.manifest


def test_a_manifest_of_versions_shows_them() -> None:
    manifest = Manifest(
        (ManifestEntry("a/b", 3, "u", "0123456789abcdef"), ManifestEntry("", None, "", "f" * 64, (None, (0,)), "t"))
    )

    assert str(manifest) == "0123456789ab  a/b@3\nffffffffffff  text"
    assert Manifest.from_data(manifest.as_data()) == manifest
    assert json.loads(json.dumps(manifest.as_data()))["entries"][1]["includes"] == [None, [0]]
