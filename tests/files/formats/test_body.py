"""Whatever characters a foreign text has, ours expands to exactly these, with its holes and inclusions in between."""

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel.expansion import SourceText, Texts
from prompt_kernel.files.formats._body import Hole, Include, Part, compose, decompose, escape_inclusions, joined, same

LITERALS = st.text(st.sampled_from(list("[]{}\\!`~a@(),=\"' \n.3")), max_size=10) | st.sampled_from(
    ["[[a]]", "![[a]]", "\\[[a]]", "{{ a }}", "\\{{a}}", "```\n", "~~~", '[[a(n="', '")]]', "[[", "]]", "{{", "}}"]
)
CONSTRUCTS = st.sampled_from(
    [
        Hole("a", "${a}"),
        Hole("b", "{{ b }}"),
        Hole("b", "{{b}}"),
        Include("p/q", "@p"),
        Include("x", "![[x]]"),
        Include("x", "<x>", 3),
        Include("x", "<x>", "production"),
        Include("x", "<x>", None, (("n", 'q"\\\n\t'), ("m", -3), ("t", True), ("f", 0.5))),
    ]
)
PARTS = st.lists(LITERALS | CONSTRUCTS, max_size=8)


def plainly(parts: Sequence[Part], demoted: Sequence[Part] = ()) -> str:
    """Return all of `parts` as characters: those that were given up as they are spelled, others by their meaning."""
    return "".join(
        part if isinstance(part, str) else part.source if part in demoted else repr(part._replace(source=""))
        for part in parts
    )


@settings(max_examples=2_000, deadline=None)
@given(PARTS)
@example(["\\", Hole("a", "${a}")])
@example(["!", Include("x", "<x>")])
@example(['[[a(n="', Hole("a", "${a}"), '")]]'])
@example(["`", Include("x", "<x>"), "`"])
def test_parts_become_a_text_and_the_text_these_parts(parts: list[Part]) -> None:
    composed = compose(parts)
    again = decompose(composed.text, composed.engine)
    if not composed.demoted:
        assert same(again, parts)
    constructs = [part for part in joined(parts) if not isinstance(part, str)]
    assert len(constructs) == len(composed.demoted) + sum(not isinstance(part, str) for part in again)


@settings(max_examples=500, deadline=None)
@given(st.lists(LITERALS, max_size=8).map("".join))
def test_a_text_without_constructs_expands_to_itself(text: str) -> None:
    composed = compose([text])
    source = Texts({"t": SourceText("t", composed.text, engine=composed.engine)})
    assert pk.expand("[[t]]", source) == text
    assert composed.demoted == ()


@settings(max_examples=500, deadline=None)
@given(st.lists(LITERALS, max_size=8).map("".join))
def test_no_character_of_a_template_includes_anything(text: str) -> None:
    escaped = escape_inclusions(text)
    assert not any(isinstance(part, Include) for part in decompose(escaped, "plain"))
    assert "".join(part for part in decompose(escaped, "plain") if isinstance(part, str)) == text


def test_braces_without_a_variable_need_no_escapes() -> None:
    assert [compose([text])[:2] for text in ("{{x}}", "{x}", "[[x]]", "{{x}} [[x]]", "`[[x]]`")] == [
        ("{{x}}", "plain"),
        ("{x}", "simple"),
        ("\\[[x]]", "simple"),
        ("{{x}} \\[[x]]", "plain"),
        ("`[[x]]`", "simple"),
    ]


def test_what_cannot_be_said_becomes_characters() -> None:
    assert compose(["\\", Hole("a", "${a}"), Hole("b", "${b}")]) == (
        "\\${a}{{ b }}",
        "simple",
        (Hole("a", "${a}"),),
    )
