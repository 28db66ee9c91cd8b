"""Every character of an expansion knows the prompt, the version and the span that it came from."""

from collections.abc import Callable
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.expansion import Expander, Expansion, Piece, SourceText, Texts
from prompt_kernel.spans import Span
from prompt_kernel.store import Store
from prompt_kernel.variables import Declaration


def located(expansion: Expansion) -> list[tuple[str, str, tuple[int, int], str | None]]:
    """Return the pieces without their place in the expansion, which must follow from the pieces before."""
    position = 0
    for piece in expansion.pieces:
        assert piece.span == Span(position, position + len(piece.text))
        position = piece.span.end
    assert "".join(piece.text for piece in expansion.pieces) == expansion
    return [(p.text, p.path, (p.source.start, p.source.end), p.variable) for p in expansion.pieces]


def test_a_piece_says_where_it_is_and_where_it_is_from(library: Store) -> None:
    library.save("style/tone", "Use a {{ tone }} voice.\n")
    expanded = library.expand("review", tone="formal", code="x = 1")

    assert expanded.pieces == (
        Piece("Use a ", "style/tone", 2, Span(0, 6), Span(0, 6), None),
        Piece("formal", "style/tone", 2, Span(6, 12), Span(6, 16), "tone"),
        Piece(" voice.\n", "style/tone", 2, Span(12, 20), Span(16, 24), None),
        Piece("Be brief.\n", "style/base", 1, Span(20, 30), Span(14, 24), None),
        Piece("Review this code:\n\n```\n", "review", 1, Span(30, 53), Span(14, 37), None),
        Piece("x = 1", "review", 1, Span(53, 58), Span(37, 47), "code"),
        Piece("\n```\n", "review", 1, Span(58, 63), Span(47, 52), None),
        Piece('Answer as JSON: {"answer": "…"}\n', "format/json", 1, Span(63, 95), Span(0, 32), None),
    )


def test_a_free_text_has_no_path() -> None:
    assert located(pk.expand("a[[b]]c", {"b": "B"})) == [
        ("a", "", (0, 1), None),
        ("B", "b", (0, 1), None),
        ("c", "", (6, 7), None),
    ]


def test_an_escape_comes_from_more_than_it_gives() -> None:
    assert located(pk.expand(r"x\[[a]]\{{ b }}!\[[c]]")) == [
        ("x", "", (0, 1), None),
        ("[[a]]", "", (1, 7), None),
        ("{{ b }}", "", (7, 15), None),
        ("!", "", (15, 16), None),
        ("[[c]]", "", (16, 22), None),
    ]


def test_the_newlines_of_a_glob_come_from_the_glob() -> None:
    assert located(pk.expand("<[[d/*]]>", {"d/a": "A", "d/b": "", "d/c": "C"})) == [
        ("<", "", (0, 1), None),
        ("A", "d/a", (0, 1), None),
        ("\n", "", (1, 8), None),
        ("\n", "", (1, 8), None),
        ("C", "d/c", (0, 1), None),
        (">", "", (8, 9), None),
    ]


def test_a_value_is_a_piece_of_the_prompt_that_has_the_hole() -> None:
    texts = {"a": "{{ x }}{{y}}", "b": '[[a(y="")]][[a(y="Y")]]'}

    assert located(pk.expand("[[b]]", texts, x="X")) == [
        ("X", "a", (0, 7), "x"),
        ("X", "a", (0, 7), "x"),
        ("Y", "a", (7, 12), "y"),
    ]


def test_an_empty_text_has_no_pieces() -> None:
    assert pk.expand("[[a]]{{ v }}", {"a": ""}, v="").pieces == ()


def test_what_is_kept_is_a_piece_too() -> None:
    texts = {"a": SourceText("a", "{{ n }}{{ m }}", variables={"n": Declaration("n", "integer")})}

    assert located(pk.expand("[[a(n='x')]][[nope]]{{ k }}", texts, strict=False)) == [
        ("{{ n }}", "a", (0, 7), "n"),
        ("{{ m }}", "a", (7, 14), "m"),
        ("[[nope]]", "", (12, 20), None),
        ("{{ k }}", "", (20, 27), "k"),
    ]


def test_pinned_pieces_know_their_version(store: Store) -> None:
    for text in ("one", "two", "three"):
        store.save("a", text)
    store.label("a", "live", version=2)

    pieces = store.expand_text("[[a@1]][[a@live]][[a]]").pieces
    assert [(piece.text, piece.path, piece.version) for piece in pieces] == [
        ("one", "a", 1),
        ("two", "a", 2),
        ("three", "a", 3),
    ]


def test_a_piece_of_a_template_comes_from_the_whole_template() -> None:
    template = "{% for i in range(2) %}<{{ v }}[[a]]>{% endfor %}\r\n"
    texts = {"t": SourceText("t", template, engine="jinja"), "a": "A{{ v }}"}
    whole = (0, len(template))

    assert located(pk.expand("[[t]]!", texts, v="x")) == [
        ("<x", "t", whole, None),
        ("A", "a", (0, 1), None),
        ("x", "a", (1, 8), "v"),
        ("><x", "t", whole, None),
        ("A", "a", (0, 1), None),
        ("x", "a", (1, 8), "v"),
        (">\r\n", "t", whole, None),
        ("!", "", (5, 6), None),
    ]


def test_a_glob_in_a_template_keeps_the_origin_of_each_part() -> None:
    texts = Texts({"t": SourceText("t", "[[d/*]]{# none #}", engine="jinja"), "d/a": "A", "d/b": "B"})

    assert located(Expander(texts).expand("t")) == [
        ("A", "d/a", (0, 1), None),
        ("\n", "t", (0, 17), None),
        ("B", "d/b", (0, 1), None),
    ]


def test_pieces_can_be_many() -> None:
    expanded = pk.expand("{{ v }} [[a]] " * 5_000, {"a": "{{ v }}"}, v="x")

    assert len(expanded.pieces) == 20_000
    assert "".join(piece.text for piece in expanded.pieces) == expanded == "x x " * 5_000


def test_an_expansion_without_details_is_one_piece() -> None:
    assert Expansion("abc").pieces == (Piece("abc", "", None, Span(0, 3), Span(0, 3)),)
    assert Expansion("").pieces == ()


@pytest.mark.parametrize("strict", [True, False])
def test_pieces_are_alike_on_every_source(make_world: Callable[..., Any], strict: bool) -> None:  # noqa: FBT001 - a column
    world = make_world(
        {"a": "A[[b]]{{ v }}", "b": {"text": "{{ v }}[[d/*]]", "engine": "plain"}, "d/c": "C", "d/e": "E"}
    )

    assert located(world.expand("[[a(v='x')]]", strict=strict)) == [
        ("A", "a", (0, 1), None),
        ("{{ v }}", "b", (0, 7), None),
        ("C", "d/c", (0, 1), None),
        ("\n", "b", (7, 14), None),
        ("E", "d/e", (0, 1), None),
        ("x", "a", (6, 13), "v"),
    ]
