"""The language: what counts as a construct, where it stands, and that nothing is lost on the way.

The longer texts lie in `cases/syntax`: a text and the constructs in it, as `[kind, line, source]`. To add a case, add
two files.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prompt_kernel import language
from prompt_kernel.codespans import code_spans
from prompt_kernel.language import (
    ENGINES,
    Engine,
    Escape,
    Inclusion,
    Part,
    Quoted,
    Text,
    Variable,
    escape,
    inclusions,
    parse,
    unparse,
)
from prompt_kernel.spans import Span, caret, line_of

CASES = Path(__file__).parent / "cases" / "syntax"

MANY = settings(max_examples=2_000, deadline=None)
#: Rich in what the grammar is made of, so that chance meets it; with lone surrogates, marks and look-alikes.
PIECES = st.sampled_from(
    [
        *"[]{}()`~!\\\"'@/.-_>*#=,: \t\r\n1",
        *("[[", "]]", "![[", "\\[[", "{{", "}}", "\\{{", "```", "~~~", "\n\n", "\r\n", "- ", "> ", "1. "),
        *("a", "b", "é", "e\u0301", "क\u094d", "ﬁ", "²", "\u200d", "\ufeff", "\ud800", "\udfff", "\x00", "🙂"),
        *("[[a]]", "![[b/c]]", "[[a@3]]", '[[a(x="1")]]', "[[d/*]]", "{{ a }}", "{{b}}", "`[[a]]`", '[[a("', "n=1"),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=24).map("".join), st.text(st.characters(), max_size=60))


def constructs(text: str, engine: Engine = "simple") -> list[Part]:
    return [part for part in parse(text, engine) if not isinstance(part, Text)]


def included(source: str, path: str, pin: int | str | None = None, **arguments: object) -> tuple[object, ...]:
    return (source, path, pin, tuple(arguments.items()))


def inclusion_data(text: str) -> list[tuple[object, ...]]:
    return [(part.source, part.path, part.pin, part.arguments) for part in constructs(text) if type(part) is Inclusion]


def literal(text: str) -> str:
    """What a text without inclusions and variables expands to."""
    return "".join(part.literal if isinstance(part, Escape) else part.source for part in parse(text))


# Inclusions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a [[hello]] b", [included("[[hello]]", "hello")]),
        ("[[alpha/hello]]", [included("[[alpha/hello]]", "alpha/hello")]),
        ("[[a/b/c/d]]", [included("[[a/b/c/d]]", "a/b/c/d")]),
        ("[[Hello]]", [included("[[Hello]]", "Hello")]),
        ("[[hello.md]]", [included("[[hello.md]]", "hello.md")]),
        ("[[x.md.md]]", [included("[[x.md.md]]", "x.md.md")]),
        ("[[a.b]]", [included("[[a.b]]", "a.b")]),
        ("[[has space]]", [included("[[has space]]", "has space")]),
        ("[[my notes/to do list]]", [included("[[my notes/to do list]]", "my notes/to do list")]),
        ("[[_private]]", [included("[[_private]]", "_private")]),
        ("[[a-b_c-]]", [included("[[a-b_c-]]", "a-b_c-")]),
        ("[[v2]]", [included("[[v2]]", "v2")]),
        ("[[nope]] [[nope]]", [included("[[nope]]", "nope"), included("[[nope]]", "nope")]),
        ("[[a]][[b]]", [included("[[a]]", "a"), included("[[b]]", "b")]),
        ("A\n[[nl]]\nB", [included("[[nl]]", "nl")]),
        ("<[[empty]]>", [included("[[empty]]", "empty")]),
        ("  - [[nl]]", [included("[[nl]]", "nl")]),
        # A bracket too many on either side is text, and so is an inclusion around an inclusion.
        ("[[[hello]]]", [included("[[hello]]", "hello")]),
        ("[[[[hello]]]]", [included("[[hello]]", "hello")]),
        ("[[outer [[hello]] x]]", [included("[[hello]]", "hello")]),
        ("[[a]b]] [[c]]", [included("[[c]]", "c")]),
        ("[[ [[a]] ]]", [included("[[a]]", "a")]),
        # An embed.
        ("![[hello]]", [included("![[hello]]", "hello")]),
        ("!![[hello]]", [included("![[hello]]", "hello")]),
        ("Stop![[hello@2]]", [included("![[hello@2]]", "hello", 2)]),
        ("[[a]]![[b]]", [included("[[a]]", "a"), included("![[b]]", "b")]),
        ("! [[hello]]", [included("[[hello]]", "hello")]),
        # Other scripts; a name stays as it is typed.
        ("[[unié]]", [included("[[unié]]", "unié")]),
        ("[[unie\u0301/e\u0301]]", [included("[[unie\u0301/e\u0301]]", "unie\u0301/e\u0301")]),
        ("[[नमस्ते/शैली]]", [included("[[नमस्ते/शैली]]", "नमस्ते/शैली")]),
        ("[[أسلوب/نَبْرة]]", [included("[[أسلوب/نَبْرة]]", "أسلوب/نَبْرة")]),
        ("[[提示/语气]]", [included("[[提示/语气]]", "提示/语气")]),
        ("[[プロンプト か\u3099]]", [included("[[プロンプト か\u3099]]", "プロンプト か\u3099")]),
        ("[[тон/краткий]]", [included("[[тон/краткий]]", "тон/краткий")]),
        ("[[葛\U000e0100城]]", [included("[[葛\U000e0100城]]", "葛\U000e0100城")]),
        # Pins.
        ("[[a@3]]", [included("[[a@3]]", "a", 3)]),
        ("[[a/b@007]]", [included("[[a/b@007]]", "a/b", 7)]),
        ("[[a@999999999]]", [included("[[a@999999999]]", "a", 999_999_999)]),
        ("[[a@production]]", [included("[[a@production]]", "a", "production")]),
        ("[[a@_v1.2-rc]]", [included("[[a@_v1.2-rc]]", "a", "_v1.2-rc")]),
        ("[[a@ऐच्छिक]]", [included("[[a@ऐच्छिक]]", "a", "ऐच्छिक")]),
        # Globs.
        ("[[rules/*]]", [included("[[rules/*]]", "rules/*")]),
        ("[[a/b/*]]", [included("[[a/b/*]]", "a/b/*")]),
        ("[[rules/py*]]", [included("[[rules/py*]]", "rules/py*")]),
        ("[[rules/*-v*.x]]", [included("[[rules/*-v*.x]]", "rules/*-v*.x")]),
        ("[[rules/*@production]]", [included("[[rules/*@production]]", "rules/*", "production")]),
        ("[[rules/*(n=1)]]", [included("[[rules/*(n=1)]]", "rules/*", n=1)]),
    ],
    ids=ascii,
)
def test_an_inclusion_is_a_path_between_double_brackets(text: str, expected: list[tuple[object, ...]]) -> None:
    assert inclusion_data(text) == expected
    assert inclusion_data(f"Before.\n\n{text}\nafter") == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("()", {}),
        ('(tone="formal", n=3)', {"tone": "formal", "n": 3}),
        ("(tone='formal',n=3,)", {"tone": "formal", "n": 3}),
        ("( tone = 'formal' , n = 3 )", {"tone": "formal", "n": 3}),
        ("(a=0, b=-7, c=1234567890123)", {"a": 0, "b": -7, "c": 1_234_567_890_123}),
        ("(a=0.5, b=-3.25, c=1.0)", {"a": 0.5, "b": -3.25, "c": 1.0}),
        ("(a=true, b=True, c=false, d=False)", {"a": True, "b": True, "c": False, "d": False}),
        ("(a=\"\", b='')", {"a": "", "b": ""}),
        ('(a="it\'s", b=\'"so"\')', {"a": "it's", "b": '"so"'}),
        (r'(a="\"q\"", b="\\", c="\n", d="\t", e="\'")', {"a": '"q"', "b": "\\", "c": "\n", "d": "\t", "e": "'"}),
        (r"(a='\'q\'', b='\"')", {"a": "'q'", "b": '"'}),
        (r'(a="\d+\.\w")', {"a": r"\d+\.\w"}),
        ('(a="(x)", b="[y]", c="[[z]]", d="{{ v }}")', {"a": "(x)", "b": "[y]", "c": "[[z]]", "d": "{{ v }}"}),
        ('(a="x, b=2", c="@3")', {"a": "x, b=2", "c": "@3"}),
        ('(a="`")', {"a": "`"}),
        ("(नाम='अ', größe=1)", {"नाम": "अ", "größe": 1}),
        ("(ﬁ=1)", {"fi": 1}),
        (f"(n={'9' * 300})", {"n": int("9" * 300)}),
    ],
    ids=ascii,
)
def test_arguments_are_texts_numbers_and_truth_values(arguments: str, expected: dict[str, object]) -> None:
    assert inclusion_data(f"[[a{arguments}]]") == [included(f"[[a{arguments}]]", "a", None, **expected)]
    assert inclusion_data(f"[[a@3{arguments}]]") == [included(f"[[a@3{arguments}]]", "a", 3, **expected)]
    assert [type(value) for _, value in inclusions(f"[[a{arguments}]]")[0].arguments] == list(
        map(type, expected.values())
    )


@pytest.mark.parametrize(
    "text",
    [
        *("[[]]", "[[ ]]", "[[ hello ]]", "[[ hello]]", "[[hello ]]", "[[\thello]]", "[[\u00a0hello]]", "[[a  b]]"),
        *("[[hello", "[[hello]", "[hello]]", "[ [hello]]", "[[hello] ]", "[[a]b]]", "[[a[b]]", "[hello]", "[]"),
        *("[[hel\nlo]]", "[[hel\r\nlo]]", "[[hel\rlo]]", "[[hello\n]]", "[[\nhello]]", "[[a(x=1,\ny=2)]]"),
        *("[[.md]]", "[[.hidden]]", "[[hello.]]", "[[a. b]]", "[[-a]]", "[[3d]]", "[[7]]", "[[²]]", "[[Ⅳ]]"),
        *("[[/abs/hello]]", "[[hello/]]", "[[a//b]]", "[[./hello]]", "[[../hello]]", "[[a/../b]]", "[[/]]"),
        *("[[a:b]]", "[[a|b]]", "[[a#b]]", "[[a\\b]]", "[[a+b]]", "[[a,b]]", "[[a=b]]", "[[a?]]", "[[hel.*]]"),
        *("[[<b>]]", "[[a&b]]", "[[$HOME]]", "[[%d]]", "[['a']]", '[["a"]]', "[[a'b]]", '[[a"b]]', "[[a;b]]"),
        # Marks belong to a letter; what is drawn as nothing is no name.
        *("[[\u0301a]]", "[[a \u0301b]]", "[[a/\u0301b]]", "[[\u3164]]", "[[a\u1160]]", "[[a\u200b]]", "[[a\u200db]]"),
        *("[[🙂]]", "[[\ud800]]", "[[a\x00]]", "[[a\x7f]]"),
        # Shell, TOML, Python, JSON, regular expressions, mathematics.
        *("[[ -f x ]]", "[[ $a == b ]]", "[[[1, 2], [3]]]", "[[1, 2]]", "[[0]]", "[[1]]", "[[:alpha:]]", "[[^a]]"),
        *('df[["a"]]', "df[['a', 'b']]", "x[y[0]]", "[[:space:]]+", "[[a-z]+]", "[[x, y]]", "\\[[0,1]\\]"),
        # Pins.
        *("[[a@]]", "[[a@ 3]]", "[[a@3 ]]", "[[a @3]]", "[[@3]]", "[[a@3@4]]", "[[a@-1]]", "[[a@1.5]]", "[[a@3x]]"),
        *("[[a@9999999999]]", "[[a@٣]]", "[[a@²]]", "[[a@b c]]", "[[a@\u0301]]", "[[a@sha256:00]]"),
        # Globs.
        *("[[*]]", "[[**]]", "[[/*]]", "[[*/a]]", "[[a*/b]]", "[[a*]]", "[[a/* ]]", "[[a/ *]]", "[[a/.*]]"),
        *("[[rules/[ab]*]]", "[[a/?]]"),
        # Arguments.
        *("[[(x=1)]]", "[[a (x=1)]]", "[[a(x=1) ]]", "[[a(x=1)b]]", "[[a(x=1)(y=2)]]", "[[a(x=1)@3]]", "[[a( )]]"),
        *("[[a(,)]]", "[[a(x)]]", "[[a(x=)]]", "[[a(=1)]]", "[[a(1)]]", '[[a("x")]]', "[[a(x=1 y=2)]]"),
        *("[[a(x=1,,)]]", "[[a(x=1, x=2)]]", "[[a(ﬁ=1, fi=2)]]", "[[a(3x=1)]]", "[[a(x-y=1)]]", "[[a(x.y=1)]]"),
        *("[[a(x=y)]]", "[[a(x=None)]]", "[[a(x=null)]]", "[[a(x=TRUE)]]", "[[a(x=truely)]]", "[[a(x=+1)]]"),
        *("[[a(x=1.)]]", "[[a(x=.5)]]", "[[a(x=1e5)]]", "[[a(x=1_000)]]", "[[a(x=--1)]]", "[[a(x=0x1)]]"),
        *('[[a(x="b)]]', "[[a(x='b\")]]", '[[a(x="b"c)]]', '[[a(x="b""c")]]', '[[a(x="b\\")]]', "[[a(x=[1])]]"),
        *("[[a(x=(1))]]", '[[a(x=\\"b\\")]]', "[[a(x=1]]", "[[a(x=1))]]", '[[a(x="b\nc")]]', "[[a(*x=1)]]"),
        f"[[a(n={'9' * 301})]]",
        f"[[a(n=1.{'9' * 301})]]",
        f"[[a(n={'9' * 5_000})]]",
        f"[[{'a' * 1_001}]]",
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_what_is_not_of_the_grammar_is_text(text: str) -> None:
    assert parse(text) == [Text(text, 0)]


def test_a_path_may_have_a_thousand_characters() -> None:
    assert [found.path for found in inclusions(f"[[{'a' * 1_000}]]")] == ["a" * 1_000]


def test_long_arguments_are_read_like_short_ones() -> None:
    text = f'[[a(x="{"b" * 100_000}")]]'

    assert [found.arguments for found in inclusions(text)] == [(("x", "b" * 100_000),)]


def test_inclusions_gives_the_inclusions_alone() -> None:
    text = "{{ v }} [[a]] \\[[b]] `[[c]]` ![[d@2]]"

    assert inclusions(text) == [Inclusion("[[a]]", 8, "a", None, ()), Inclusion("![[d@2]]", 29, "d", 2, ())]


@pytest.mark.parametrize(("path", "is_glob"), [("rules/*", True), ("rules/a*b", True), ("rules/a", False)])
def test_a_glob_is_told_from_a_path(path: str, is_glob: bool) -> None:  # noqa: FBT001 - a column of the table
    assert [found.is_glob for found in inclusions(f"[[{path}]]")] == [is_glob]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("[[a]]", "b/c", "[[b/c]]"),
        ("![[a]]", "b", "![[b]]"),
        ("[[a/b@3]]", "c", "[[c@3]]"),
        ("![[a@production( x = 'a' )]]", "b", "![[b@production( x = 'a' )]]"),
        ("[[e\u0301]]", "a", "[[a]]"),
        ("[[rules/*]]", "laws/*", "[[laws/*]]"),
    ],
)
def test_with_path_keeps_the_spelling_of_all_but_the_path(text: str, path: str, expected: str) -> None:
    [renamed] = [found.with_path(path) for found in inclusions(f"..{text}")]

    assert renamed.source == expected
    assert [renamed._replace(start=0)] == parse(expected)


# Escapes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\[[x]]", [Escape(r"\[[x]]", 0, "[[x]]")]),
        (r"\\[[x]]", [Text("\\", 0), Escape(r"\[[x]]", 1, "[[x]]")]),
        (r"!\[[x]]", [Text("!", 0), Escape(r"\[[x]]", 1, "[[x]]")]),
        (r"\![[x]]", [Text("\\", 0), Inclusion("![[x]]", 1, "x", None, ())]),
        (r"\[[x@3(n=1)]]", [Escape(r"\[[x@3(n=1)]]", 0, "[[x@3(n=1)]]")]),
        (r"[\[[x]]]", [Text("[", 0), Escape(r"\[[x]]", 1, "[[x]]"), Text("]", 7)]),
        (r"[[a]]\[[b]]", [Inclusion("[[a]]", 0, "a", None, ()), Escape(r"\[[b]]", 5, "[[b]]")]),
        (r"\{{x}}", [Escape(r"\{{x}}", 0, "{{x}}")]),
        (r"\{{ x }}", [Escape(r"\{{ x }}", 0, "{{ x }}")]),
        (r"\\{{x}}", [Text("\\", 0), Escape(r"\{{x}}", 1, "{{x}}")]),
        (r"{{x}}\{{y}}", [Variable("{{x}}", 0, "x"), Escape(r"\{{y}}", 5, "{{y}}")]),
        # In code a bare inclusion is text, and so is a backslash before it. An embed and a variable are active there.
        (r"`\[[x]]`", [Text(r"`\[[x]]`", 0)]),
        (r"`!\[[x]]`", [Text("`!", 0), Escape(r"\[[x]]", 2, "[[x]]"), Text("`", 8)]),
        (r"`!\\[[x]]`", [Text("`!\\", 0), Escape(r"\[[x]]", 3, "[[x]]"), Text("`", 9)]),
        (r"`\\[[x]]`", [Text(r"`\\[[x]]`", 0)]),
        (r"`\{{x}}`", [Text("`", 0), Escape(r"\{{x}}", 1, "{{x}}"), Text("`", 7)]),
    ],
)
def test_a_backslash_makes_the_construct_after_it_literal(text: str, expected: list[Part]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text", ["\\", "\\[", "\\[[", "\\[[ x ]]", "\\{{", "\\{{ a.b }}", "\\n", "\\\\", "\\[x]", "\\`", "C:\\x", "\\(x\\)"]
)
def test_a_backslash_before_anything_else_is_a_backslash(text: str) -> None:
    assert parse(text) == [Text(text, 0)]


# Code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Fences.
        ("```\n[[x]]\n```", True),
        ("~~~\n[[x]]\n~~~", True),
        ("```python\n[[x]]\n```", True),
        ("``` python title=a\n[[x]]\n```", True),
        ("~~~ `a`\n[[x]]\n~~~", True),
        ("```[[x]]\n```", True),
        ("```\na\n```\n[[x]]", False),
        ("[[x]]\n```\na\n```", False),
        ("```\na\n```\nb\n```\n[[x]]\n```", True),
        ("```\r\n[[x]]\r\n```\r\n", True),
        ("```\r\na\r\n```\r\n[[x]]", False),
        ("````\n```\n[[x]]\n````", True),
        ("```\na\n````\n[[x]]", False),
        ("```\n~~~\n[[x]]\n```", True),
        ("```\n~~~\n```\n[[x]]", False),
        ("```\n``` a\n[[x]]\n```", True),
        ("```\n[[x]]", True),
        ("~~~~\n~~~\n[[x]]", True),
        ("``` a ` b\n[[x]]", False),
        ("a ```\n[[x]]", False),
        ("\\```\n[[x]]", False),
        ("``\n[[x]]\n\n``", False),
        # Fences in lists and quotations, and what only looks like the end of one.
        ("- ```\n  [[x]]\n  ```", True),
        ("- ```\n  a\n  ```\n- [[x]]", False),
        ("- ```\n  a\n- ```\n  [[x]]\n  ```", True),
        ("1. ```\n   [[x]]\n   ```", True),
        ("1) a\n   ```\n   b\n   ```\n   [[x]]", False),
        ("- 1. ```\n     [[x]]\n     ```", True),
        ("> ```\n> [[x]]\n> ```", True),
        ("> ```\n> a\n> ```\n> [[x]]", False),
        (">```\n>a\n>```\n[[x]]", False),
        ("> - ```\n>   [[x]]\n>   ```", True),
        ("> ```\n> a\n```\n[[x]]", False),
        ("        ```\n        [[x]]\n        ```", True),
        ("```\n> ```\n[[x]]\n```", True),
        ("```\n- ```\n[[x]]\n```", True),
        ('```\ndef f():\n    """\n    ```\n    [[x]]\n    ```\n    """\n```', True),
        ("```\na\n   ```\n[[x]]", False),
        ("```\na\n\t```\n[[x]]\n```", True),
        # Inline code.
        ("`[[x]]`", True),
        ("`a` [[x]] `b`", False),
        ("``[[x]]``", True),
        ("`` ` [[x]] ``", True),
        ("```[[x]]```", True),
        ("` [[x]]", False),
        ("`` [[x]] `", False),
        ("` a `` b ` [[x]] ``", False),
        ("`a\n[[x]]\nb`", True),
        ("`a\n\n[[x]]`", False),
        ("`a\r\n\r\n[[x]]`", False),
        ("`a\n \t \n[[x]]`", False),
        ("> `a\n>\n> [[x]]`", False),
        ("`a\n\n`[[x]]`", True),
        ("- a `\n- [[x]] `", False),
        ("1. a `\n2. [[x]] `", False),
        ("# a `\n## [[x]] `", False),
        ("`a\n-b [[x]]`", True),
        ("\\`[[x]]`", False),
        ("\\``[[x]]`", True),
        ("\\\\`[[x]]`", True),
        ("\\\\\\`[[x]]`", False),
        ("`a\\` [[x]] `", False),
        ("`[[x]]\\`", True),
        ("`~~~ [[x]]`", True),
        ("~~ [[x]] ~~", False),
        # Not code in this language.
        ("    [[x]]", False),
        ("<code>[[x]]</code>", False),
        ("$[[x]]$", False),
    ],
    ids=ascii,
)
def test_a_bare_inclusion_is_quoted_in_code(text: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    start = text.index("[[x]]")
    part = Quoted("[[x]]", start, "x", None) if expected else Inclusion("[[x]]", start, "x", None, ())

    assert constructs(text) == [part]
    assert constructs(text.replace("[[x]]", "![[x]]")) == [Inclusion("![[x]]", start, "x", None, ())]
    assert constructs(text.replace("[[x]]", "{{x}}")) == [Variable("{{x}}", start, "x")]


def test_what_is_quoted_keeps_its_pin_and_its_argument_is_no_variable() -> None:
    text = '`[[a/b@3(x="{{ v }}")]]`'

    assert constructs(text) == [Quoted('[[a/b@3(x="{{ v }}")]]', 1, "a/b", 3)]


def test_code_spans_are_in_order_and_without_overlap() -> None:
    text = "`a` b ``c``\n\n```\nd\n```\ne `f`\n\n~~~\ng"

    assert [text[start:end] for start, end in code_spans(text)] == ["`a`", "``c``", "```\nd\n```", "`f`", "~~~\ng"]


@given(TEXTS)
@MANY
def test_code_spans_lie_in_the_text_one_after_the_other(text: str) -> None:
    bounds = [bound for span in code_spans(text) for bound in span]

    assert bounds == sorted(bounds)
    assert all(0 <= start < end <= len(text) for start, end in code_spans(text))


# Variables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{name}}", [Variable("{{name}}", 0, "name")]),
        ("{{ name }}", [Variable("{{ name }}", 0, "name")]),
        ("{{\t name  }}", [Variable("{{\t name  }}", 0, "name")]),
        ("{{_}}", [Variable("{{_}}", 0, "_")]),
        ("{{a1}}{{b}}", [Variable("{{a1}}", 0, "a1"), Variable("{{b}}", 6, "b")]),
        ("a{{b}}c", [Text("a", 0), Variable("{{b}}", 1, "b"), Text("c", 6)]),
        ("{{{x}}}", [Text("{", 0), Variable("{{x}}", 1, "x"), Text("}", 6)]),
        ("{{{{x}}}}", [Text("{{", 0), Variable("{{x}}", 2, "x"), Text("}}", 7)]),
        ('{"a": {{x}}}', [Text('{"a": ', 0), Variable("{{x}}", 6, "x"), Text("}", 11)]),
        ("{{ {{x}} }}", [Text("{{ ", 0), Variable("{{x}}", 3, "x"), Text(" }}", 8)]),
        ("{{größe}}", [Variable("{{größe}}", 0, "größe")]),
        ("{{नाम}}", [Variable("{{नाम}}", 0, "नाम")]),
        ("{{e\u0301}}", [Variable("{{e\u0301}}", 0, "é")]),
        ("{{ﬁ}}", [Variable("{{ﬁ}}", 0, "fi")]),
        ("[[a]]{{b}}", [Inclusion("[[a]]", 0, "a", None, ()), Variable("{{b}}", 5, "b")]),
        ("{{[[a]]}}", [Text("{{", 0), Inclusion("[[a]]", 2, "a", None, ()), Text("}}", 7)]),
    ],
    ids=ascii,
)
def test_a_variable_is_an_identifier_between_double_braces(text: str, expected: list[Part]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("{{}}", "{{ }}", "{x}", "{ {x} }", "{{x}", "{x}}", "{{ x", "{{x} }", "{{a b}}", "{{\nx\n}}", "{{x\n}}"),
        *("{{a.b}}", "{{ a.b }}", "{{a[0]}}", "{{ x | upper }}", "{{x|f}}", "{{#each xs}}", "{{/each}}", "{{> part}}"),
        *("{{!x}}", "{{&x}}", "{{^x}}", "{{x()}}", "{{'x'}}", "{{1}}", "{{1x}}", "{{a-b}}", "{{$x}}", "{{@x}}"),
        *("{{x:y}}", "{{ a, b }}", "{{x=1}}", "{{*x}}", "{{²}}", "{{\u00a0x}}", "{{x\u200b}}", "{{🙂}}", "{{\ud800}}"),
        *("{% if x %}", "{# x #}", "${x}", "$x", "%s", r"\frac{{a}{b}}", "}}x{{", "{{{}}}", "f{{ø|}}"),
    ],
    ids=ascii,
)
def test_braces_around_anything_else_are_text(text: str) -> None:
    assert parse(text) == [Text(text, 0)]


@pytest.mark.parametrize("engine", ["plain", "jinja"])
def test_other_engines_leave_braces_alone(engine: Engine) -> None:
    text = r"{{ a }} \{{ b }} [[c]] {{{d}}} \[[e]]"

    assert parse(text, engine) == [
        Text(r"{{ a }} \{{ b }} ", 0),
        Inclusion("[[c]]", 17, "c", None, ()),
        Text(" {{{d}}} ", 22),
        Escape(r"\[[e]]", 31, "[[e]]"),
    ]


def test_there_are_three_engines() -> None:
    assert ENGINES == ("simple", "plain", "jinja")


# Whole texts


@pytest.mark.parametrize("text", ["", "a", "\ufeffa\r\n", "\x00", "]]}}`", "a [b] {c} `d` \\e\n"], ids=ascii)
def test_a_text_without_constructs_is_one_part(text: str) -> None:
    assert parse(text) == ([Text(text, 0)] if text else [])


def _found(text: str) -> list[list[object]]:
    return [[type(part).__name__, line_of(text, part.start), part.source] for part in constructs(text)]


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.md")))
def test_the_constructs_of_a_text_are_found(case: str) -> None:
    text = (CASES / f"{case}.md").read_bytes().decode()

    assert _found(text) == json.loads((CASES / f"{case}.json").read_bytes())


def test_each_text_of_the_cases_has_its_expectation() -> None:
    texts, expectations = ({path.stem for path in CASES.glob(f"*.{kind}")} for kind in ("md", "json"))

    assert texts == expectations != set()


# What holds for every text


@given(TEXTS, st.sampled_from(ENGINES))
@example("[[a]]\ud800{{b}}", "simple")
@MANY
def test_unparse_gives_back_the_text(text: str, engine: Engine) -> None:
    assert unparse(parse(text, engine)) == text


@given(TEXTS, st.sampled_from(ENGINES))
@MANY
def test_parts_are_without_a_gap_and_know_their_place(text: str, engine: Engine) -> None:
    position, before = 0, None
    for part in parse(text, engine):
        assert part.span == Span(position, position + len(part.source))
        assert part.source
        assert text[slice(*part.span)] == part.source
        assert not (isinstance(part, Text) and isinstance(before, Text))
        position, before = part.span.end, part
    assert position == len(text)


@given(TEXTS)
@example("`\\[[a]]`")
@example("\\\\[[a]]`{{b}}")
@example("`!\\[[a]]` !\\[[a]]")
@MANY
def test_an_escaped_text_stands_for_the_text_itself(text: str) -> None:
    escaped = escape(text)

    assert not [part for part in parse(escaped) if isinstance(part, Inclusion | Variable)]
    assert literal(escaped) == text


@given(TEXTS)
@MANY
def test_a_construct_alone_is_the_same_construct(text: str) -> None:
    for part in constructs(text):
        [again] = parse(part.source)
        if isinstance(part, Quoted):
            assert isinstance(again, Inclusion)
            assert Quoted(again.source, part.start, again.path, again.pin) == part
        else:
            assert again == part._replace(start=0)


@given(TEXTS)
@MANY
def test_a_text_outside_code_alone_is_the_same_text(text: str) -> None:
    prose = text.replace("`", "").replace("~~~", "")
    for part in parse(prose):
        if isinstance(part, Text):
            assert parse(part.source) == [part._replace(start=0)]


@given(TEXTS)
@example("[[a]] [[ b ]] [[c]]")
@MANY
def test_a_backslash_at_the_end_changes_nothing_before_it(text: str) -> None:
    # A text without code and escapes is read in a faster way.
    prose = text.replace("`", "").replace("\\", "").replace("~~~", "").replace("![[", "[[")

    assert constructs(prose + "\n\\") == constructs(prose)


@given(TEXTS, TEXTS)
@MANY
def test_a_paragraph_changes_nothing_after_it(before: str, text: str) -> None:
    # Only a fence that was left open reaches beyond a blank line.
    paragraph = before.replace("```", "").replace("~~~", "") + ".\n\n"
    after = [part for part in constructs(paragraph + text) if part.start >= len(paragraph)]

    assert [part._replace(start=part.start - len(paragraph)) for part in after] == constructs(text)


# Adversaries: each of these made some matcher read a line again and again.

ADVERSARIES = {
    "opening brackets": "[[",
    "brackets and a letter": "[[a",
    "brackets and a bracket": "[[a]",
    "padded inclusions": "[[ a ]] ",
    "inclusions in inclusions": "[[a [[b]] ",
    "arguments left open": "[[a(",
    "texts left open": '[[a("',
    "escaped quotes outside a text": '[[a(\\"',
    "quotes of both kinds": "[[a(\"'",
    "quotes and backslashes": "[[a('\\\"\\'",
    "empty arguments": "[[a(x=",
    "embeds": "![[",
    "escapes": "\\[[",
    "escaped inclusions": "\\[[a]]",
    "opening braces": "{{",
    "padded braces": "{{ \t ",
    "braces and a name": "{{a",
    "dotted variables": "{{a.b}}",
    "escaped variables": "\\{{a}}",
    "backticks": "`",
    "backticks and inclusions": "`[[a]]",
    "backticks, each run longer": "",
    "escaped backticks": "\\`",
    "backslashes": "\\",
    "backslashes and an inclusion": "\\" * 50 + "`[[a]]",
    "fences": "```\n",
    "fences with a word": "``` a\n",
    "fences of both kinds": "```\n~~~\n[[a]]\n",
    "quoted fences": "> ```\n",
    "deeper and deeper fences": "",
    "marks of a list": "- ",
    "numbers of a list": "1. ",
    "lists of fences": "- ```\n",
    "quotation marks": ">",
    "blank lines": "\n",
    "blank lines of spaces": "`\n   \t>  ",
    "spaces": " ",
    "segments": "a/",
    "dots": "a.",
    "stars": "a/*",
    "marks on a letter": "a\u0301",
    "arguments": "x=1, ",
}


def adversary(name: str, size: int) -> str:
    if name == "backticks, each run longer":
        return " [[a]] ".join("`" * length for length in range(1, int((2 * size) ** 0.5)))
    if name == "deeper and deeper fences":
        return "\n".join(" " * depth + "~~~ a" for depth in range(int((2 * size) ** 0.5)))
    if name in ("segments", "dots", "stars", "marks on a letter"):
        return f"[[{ADVERSARIES[name] * (size // 2)}]] [[b]]"
    if name == "arguments":
        return f"[[a({''.join(f'x{number}=1, ' for number in range(size // 8))}=)]]"
    return ADVERSARIES[name] * (size // len(ADVERSARIES[name]))


READ_FROM_STANDARD_INPUT = """
import sys
from prompt_kernel.language import escape, parse
text = sys.stdin.buffer.read().decode()
for variation in (text, text + "]]", text + '")]]', "`[[a]]\\n" + text + "`", "```\\n" + text + "\\n```\\n[[a]]"):
    parse(variation), escape(variation)
"""


@pytest.mark.parametrize("name", ADVERSARIES)
def test_no_text_of_200_kilobytes_keeps_the_parser_busy(name: str) -> None:
    """In a process of its own, because a matcher that runs away holds the whole interpreter.

    Most take a tenth of a second, and what is quadratic takes minutes, so that the bound says nothing of the machine.
    """
    text = adversary(name, 200_000).encode()

    subprocess.run([sys.executable, "-c", READ_FROM_STANDARD_INPUT], input=text, timeout=60, check=True)  # noqa: S603 - our own program


def _calls(text: str) -> int:
    count = 0

    def hook(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    language._read.cache_clear()  # noqa: SLF001 - or the second text would find what the first left
    before = sys.getprofile()
    sys.setprofile(hook)
    try:
        parse(text)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", ADVERSARIES)
def test_a_text_twice_as_long_takes_twice_the_steps(name: str) -> None:
    once, twice = (_calls("`[[a]] [[b]]`" + adversary(name, size)) for size in (4_000, 8_000))

    assert twice <= 2.2 * once + 50


# Places


@pytest.mark.parametrize(
    ("text", "position", "line"),
    [("", 0, 1), ("abc", 3, 1), ("a\nb", 1, 1), ("a\nb", 2, 2), ("a\r\nb\r\n\r\nc", 9, 4), ("\n\n\n", 3, 4)],
)
def test_lines_are_counted_from_one(text: str, position: int, line: int) -> None:
    assert line_of(text, position) == line


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("a [[b]] c", Span(2, 7), "\n  text, line 1\n    a [[b]] c\n      ^^^^^"),
        ("x\n[[b]]\ny", Span(2, 7), "\n  text, line 2\n    [[b]]\n    ^^^^^"),
        ("x\r\n[[b]]\r\ny", Span(3, 8), "\n  text, line 2\n    [[b]]\n    ^^^^^"),
        ("a\t\tb [[c]]", Span(5, 10), "\n  text, line 1\n    a\t\tb [[c]]\n     \t\t  ^^^^^"),
        (
            "a\x1b[2J\rb\x9b\u2028\ud800c",
            Span(10, 11),
            "\n  text, line 1\n    a\ufffd[2J\ufffdb\ufffd\ufffd\ufffdc\n              ^",
        ),
        ("ab\ncd", Span(1, 4), "\n  text, line 1\n    ab\n     ^"),
        ("ab\ncd", Span(2, 2), "\n  text, line 1\n    ab\n      ^"),
        ("ab\n", Span(3, 3), "\n  text, line 2\n    \n    ^"),
        ("", Span(0, 0), "\n  text, line 1\n    \n    ^"),
        (
            "a" * 100 + "[[b]]" + "c" * 100,
            Span(100, 105),
            "\n  text, line 1\n    …" + "a" * 40 + "[[b]]" + "c" * 35 + "…\n    " + " " * 41 + "^^^^^",
        ),
        (
            "a [[" + "b" * 500 + "]] c",
            Span(2, 506),
            "\n  text, line 1\n    a [[" + "b" * 78 + "…\n      " + "^" * 80,
        ),
    ],
)
def test_a_caret_line_shows_the_place(text: str, span: Span, expected: str) -> None:
    assert caret(text, span) == expected


def test_a_caret_line_names_the_prompt() -> None:
    assert caret("a\nb", Span(2, 3), "style/tone@3") == "\n  style/tone@3, line 2\n    b\n    ^"


@given(TEXTS, st.integers(0, 60), st.integers(0, 60))
@MANY
def test_a_caret_line_is_short_and_its_carets_are_under_the_place(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    _, heading, shown, carets = caret(text, Span(start, min(start + length, len(text)))).split("\n")

    assert heading == f"  text, line {line_of(text, start)}"
    assert len(shown) <= 130
    under = shown[carets.index("^") :][:1]
    assert under in ("", "\ufffd", text[start : start + 1])
    assert under or text[start:].lstrip("\r")[:1] in ("", "\n")
