"""The `jinja` engine: templates of a graph, their errors, and what the sandbox keeps from them.

Payloads and bombs lie in `cases/expansion`, one a line. They run in a process of their own, where a hook sees every
file that is opened and every command that is started, and where memory and processor time are limited.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel.errors import (
    ExpansionTooLargeError,
    InvalidVariableError,
    MissingVariableError,
    PromptKernelError,
    PromptSyntaxError,
)
from prompt_kernel.expansion import Expander, Expansion, Limits, SourceText, Texts
from prompt_kernel.store import Store
from prompt_kernel.variables import declare

CASES = Path(__file__).parents[1] / "cases" / "expansion"


def template(text: str, path: str = "t", **variables: Any) -> SourceText:
    return SourceText(path, text, engine="jinja", variables=declare(variables))


def render(text: str, /, strict: bool = True, **values: object) -> Expansion:  # noqa: FBT001, FBT002 - short here
    texts = Texts({"t": template(text), "a": "A", "b": "B{{ x }}", "d/one": "1", "d/two": "2", "empty": ""})
    return Expander(texts).expand("t", values, strict=strict)


def failure(text: str, /, **values: object) -> str:
    """Return the first line of the error that a template gives."""
    with pytest.raises(PromptKernelError) as caught:
        render(text, **values)
    return str(caught.value).partition("\n")[0]


def codes(expansion: Expansion) -> list[str]:
    return [found.code for found in expansion.diagnostics]


# What a template can do


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("{% if x %}yes{% else %}no{% endif %}", {"x": True}, "yes"),
        ("{% if x %}yes{% elif y %}maybe{% endif %}", {"x": 0, "y": 1}, "maybe"),
        (
            "{% for i in xs %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ ',' if not loop.last }}{% endfor %}",
            {"xs": [5, 6]},
            "1/2:5,2/2:6",
        ),
        ("{% for i in xs if i > 1 %}{{ i }}{% else %}none{% endfor %}", {"xs": [1]}, "none"),
        ("{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", {"d": {"a": 1, "b": 2}}, "a=1;b=2;"),
        ("{% for k, v in d|dictsort %}{{ k }}{{ v }}{% endfor %}", {"d": {"b": 1, "a": 2}}, "a2b1"),
        (
            "{% for c in tree recursive %}{{ c.n }}{% if 'sub' in c %}({{ loop(c.sub) }}){% endif %}{% endfor %}",
            {"tree": [{"n": 1, "sub": [{"n": 2}]}]},
            "1(2)",
        ),
        ("{% for i in range(3) %}{% if loop.changed(i // 2) %}{{ i }}{% endif %}{% endfor %}", {}, "02"),
        (
            "{% for i in [1, 2, 3] %}{{ loop.revindex }}{{ loop.previtem }}{{ loop.cycle('a', 'b') }}{% endfor %}",
            {"x": 1},
            None,
        ),
        (
            "{% set x = 3 %}{{ x + 1 }}{{ x * 2 }}{{ x ** 2 }}{{ 7 % x }}{{ -x }}{{ 7 // 2 }}{{ 1 / 2 }}",
            {},
            "4691-330.5",
        ),
        ("{{ 'a' ~ 1 ~ [2] }}{{ 'a' + 'b' }}{{ [1] + [2] }}{{ (1,) + (2,) }}", {}, "a1[2]ab[1, 2](1, 2)"),
        ("{% set b %}x{{ 1 }}{% endset %}{{ b }}{{ b|upper }}", {}, "x1X1"),
        ("{% set b | upper %}x{% endset %}{{ b }}", {}, "X"),
        ("{% macro m(x, y=2) %}<{{ x }}{{ y }}>{% endmacro %}{{ m(1) }}{{ m(3, y=4) }}", {}, "<12><34>"),
        ("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{% endcall %}", {}, "<in>"),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}", {}, "AB"),
        ("{% set n = namespace(c=0) %}{% for i in [1, 2] %}{% set n.c = n.c + i %}{% endfor %}{{ n.c }}", {}, "3"),
        ("{% with y = 2 %}{{ y }}{% endwith %}", {}, "2"),
        ("{% block b %}in {{ x }}{% endblock %}", {"x": 1}, "in 1"),
        ("{# comment #}a{% raw %}{{ b }}{% endraw %}", {}, "a{{ b }}"),
        ("a \n {%- if true -%} \n b \n {%- endif +%} c\n", {}, "ab c\n"),
        (
            "{{ x|join(', ') }}{{ x|join }}{{ ds|join('-', attribute='k') }}",
            {"x": [1, "a"], "ds": [{"k": 1}, {"k": 2}]},
            "1, a1a1-2",
        ),
        ("{{ ', '.join(['a', 'b']) }}{{ 'aba'.replace('a', 'c') }}{{ 'aba'.replace('a', 'c', 1) }}", {}, "a, bcbccba"),
        ("{{ 'aba'|replace('a', 'c') }}{{ 'aba'|replace('a', '', 1) }}{{ 'aa'|replace('', '-') }}", {}, "cbcba-a-a-"),
        ("{{ 2.567|round(1) }}{{ 2.1|round(0, 'ceil') }}{{ 1234|round(-2) }}", {}, "2.63.01200"),
        ("{{ x|tojson }}{{ [1]|tojson(indent=1) }}", {"x": {"a": ["é", None]}}, '{"a": ["\\u00e9", null]}[\n 1\n]'),
        ("{{ x|string|length }}{{ x|upper }}{{ x|trim|title }}{{ x|e }}", {"x": " a<b "}, "5 A<B A<B a&lt;b "),
        (
            "{{ 'a/é'|urlencode }} {{ '<'|forceescape|escape }} {{ 'x www.a.org'|urlize }}",
            {},
            'a/%C3%A9 &lt; x <a href="https://www.a.org" rel="noopener">www.a.org</a>',
        ),
        (
            "{{ none }}{{ true }}{{ 1.50 }}{{ range(2) }}{{ {'a': [1]} }}{{ (1, 2) }}",
            {},
            "NoneTrue1.5range(0, 2){'a': [1]}(1, 2)",
        ),
        (
            "{{ xs|map('upper')|list }}{{ xs|select('eq', 'a')|join }}{{ xs|sort|first }}{{ xs|max }}",
            {"xs": ["b", "a"]},
            "['B', 'A']aab",
        ),
        (
            "{{ x is defined }}{{ y is defined }}{{ y|default('none') }}{{ x is string }}",
            {"x": "a"},
            "TrueFalsenoneTrue",
        ),
        (
            "{{ x.a.b[0] }}{{ x['a'] }}{{ x.get('z', 'no') }}{{ x.a.b|last }}",
            {"x": {"a": {"b": [1, 2]}}},
            "1{'b': [1, 2]}no2",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_template_is_jinja(text: str, values: dict[str, object], expected: str | None) -> None:
    if expected is None:  # the first item has none before it, which is an undefined value
        assert failure(text, **values).startswith("The template of t failed: there is no previous item")
    else:
        assert render(text, **values) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[a]]", "A"),
        ("{% if true %}[[a]]{% else %}[[b]]{% endif %}", "A"),
        ("{% for i in range(3) %}{{ i }}[[a]]{% endfor %}", "0A1A2A"),
        ("{% for i in [1, 2] %}{% if i > 1 %}[[d/*]]{% endif %}{% endfor %}", "1\n2"),
        ("{% macro m() %}[[a]]{% endmacro %}{{ m() }}{{ m() }}", "AA"),
        ("{% set x %}<[[a]]>{% endset %}{{ x }}{{ x }}{{ x|string }}{{ x ~ x }}", "<A><A><A><A><A>"),
        ("{{ '[[a]]' }}{{ ['[[a]]', '[[empty]]']|join('+') }}", "AA+"),
        ("{% raw %}[[a]]{{ x }}{% endraw %}", "A{{ x }}"),
        ("{# [[a]] #}", ""),
        ("`![[a]]` `[[a]]` \\[[a]]", "`A` `[[a]]` [[a]]"),
        ("[[b(x='{{ y }}')]]", "B{{ y }}"),
        ("[[a]]\r\n[[a]]\r", "A\r\nA\r"),
    ],
)
def test_a_template_places_inclusions(text: str, expected: str) -> None:
    expanded = render(text)

    assert (expanded, "".join(piece.text for piece in expanded.pieces)) == (expected, expected)


def test_what_is_included_is_no_template() -> None:
    texts = {
        "t": template("[[s]][[p]]{{ x }}"),
        "s": "{{ x }}{% if %}",
        "p": SourceText("p", "{{ x }}{{", engine="plain"),
    }

    assert pk.expand("[[t]]", texts, x="{{ 1 + 1 }}") == "{{ 1 + 1 }}{% if %}{{ x }}{{{{ 1 + 1 }}"


@pytest.mark.parametrize(
    "text",
    [
        *("{% filter upper %}[[a]]{% endfilter %}", "{% filter lower %}[[a]]{% endfilter %}"),
        *("{{ '[[a]]'[:5] }}", "{{ '[[a]]'|reverse }}", "{{ '[[a]]'|list }}", "{{ '[[a]]'|title }}"),
        *("{{ '[[a]]'|replace('i', 'j') }}", "{{ '[[a]]'|tojson }}", "{{ '[[a]]'|urlencode }}", "{{ ['[[a]]'] }}"),
        *("{{ '[[a]]'.swapcase() }}", "{{ '[[a]]'|first }}"),
    ],
)
def test_no_filter_changes_what_is_included(text: str) -> None:
    assert failure(text) == "The template of t failed: a filter cannot change what an inclusion stands for."
    assert render(text, strict=False) == text


def test_templates_include_templates(store: Store) -> None:
    store.save("a", "{% for i in [1, 2] %}a{{ i }}[[b]]{% endfor %}", engine="jinja")
    store.save("b", "<{% if x %}[[c(y=7)]]{% endif %}>", engine="jinja")
    store.save("c", "{{ x + y }}", engine="jinja", variables={"x": {"type": "integer"}})
    expanded = store.expand("a", x="3")

    assert expanded == "a1<10>a2<10>"
    assert [(piece.text, piece.path) for piece in expanded.pieces][:4] == [
        *(("a1", "a"), ("<", "b"), ("10", "c"), (">", "b")),
    ]
    assert expanded.variables == {"x": 3}


def test_a_chain_of_two_hundred_templates_renders() -> None:
    texts: dict[str, str | SourceText] = {
        f"t{n}": template(f"{{% if true %}}[[t{n + 1}]]{{% endif %}}{{{{ x }}}}", f"t{n}") for n in range(200)
    }
    texts["t200"] = "."

    assert pk.expand("[[t0]]", texts, x=1) == "." + "1" * 200


def test_a_chain_of_five_thousand_with_a_template_below_renders() -> None:
    texts: dict[str, str | SourceText] = {f"p{n}": f"[[p{n + 1}]]" for n in range(5_000)}
    texts["p5000"] = template("{{ x }}", "p5000")

    assert pk.expand("[[p0]]", texts, x=1) == "1"


def test_arguments_are_values_of_a_template() -> None:
    texts = Texts(
        {"t": template("{{ n + 1 }}{{ s }}{{ b }}", n={"type": "integer"}), "outer": "[[t(n='41', s='x', b=true)]]"}
    )

    assert Expander(texts).expand("outer") == "42xTrue"
    texts["outer"] = "[[t(n='many', s='x', b=true)]]"
    with pytest.raises(InvalidVariableError, match="n='many' does not fit: it must be a whole number"):
        Expander(texts).expand("outer")
    lenient = Expander(texts).expand("outer", strict=False)
    assert (lenient, codes(lenient)) == ("{{ n + 1 }}{{ s }}{{ b }}", ["invalid-variable"])


def test_declared_types_and_defaults_reach_a_template() -> None:
    text = template(
        "{{ n + 1 }} {{ f }} {{ e|upper }}<{{ o }}>", n={"type": "integer"}, f=False, e="x", o={"required": False}
    )

    assert Expander(Texts({"t": text})).expand("t", {"n": "1"}) == "2 False X<>"


# Newlines

WORDS = st.sampled_from(
    [
        "a",
        " ",
        "\n",
        "\n\n",
        "{{ x }}",
        "{{\n x }}",
        "{% if x %}",
        "{%- if x -%}",
        "{# c\n #}",
        "{% raw %}\n{{{% endraw %}",
        "[[a]]",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=12).map("".join))
def test_a_template_keeps_the_newlines_of_its_text(text: str) -> None:
    text += "{% endif %}" * (text.count("{% if") + text.count("{%- if"))
    unix = render(text, x="v")

    assert render(text.replace("\n", "\r\n"), x="v") == unix.replace("\n", "\r\n")
    assert render(text.replace("\n", "\r"), x="v") == unix.replace("\n", "\r")


def test_newlines_pass_through_filters_that_change_case() -> None:
    assert render("{% filter upper %}a\r\nb\rc{% endfilter %}\r\n") == "A\r\nB\rC\r\n"


# Variables


def test_a_missing_variable_is_an_error_unless_it_is_asked_for() -> None:
    assert failure("a\n{{ x }}") == "No value was given for the variable x. Give x=…."
    assert failure("{% if x %}{% endif %}") == "No value was given for the variable x. Give x=…."
    assert failure("{{ x.y }}") == "No value was given for the variable x. Give x=…."
    assert failure("{% for i in x %}{% endfor %}") == "No value was given for the variable x. Give x=…."
    assert failure("{{ x ~ 'a' }}{{ x * 2 }}") == "No value was given for the variable x. Give x=…."
    assert failure("{{ 2 * x }}") == "No value was given for the variable x. Give x=…."
    assert failure("{{ [x] }}") == "No value was given for the variable x. Give x=…."
    assert failure("{{ größe }}") == "No value was given for the variable größe. Give größe=…."
    assert render("{{ x is defined }} {{ x|default('d') }}{% if false %}{{ x }}{% endif %}") == "False d"


def test_a_missing_element_is_a_failure_of_the_template() -> None:
    assert failure("{{ d.a }}", d={}) == "The template of t failed: 'dict object' has no attribute 'a'."
    assert failure("{{ l[3] }}", l=[]) == "The template of t failed: list object has no element 3."


@pytest.mark.parametrize(
    ("text", "expected", "missing"),
    [
        ("{{ x }}", "{{ x }}", ["x"]),
        ("{{ x.y.z }} {{ x['a'] }}", "{{ x }} {{ x }}", ["x"]),
        ("{{ x }}{{ y }}{{ x }}", "{{ x }}{{ y }}{{ x }}", ["x", "y"]),
        ("{% if x %}yes{% else %}no{% endif %}", "no", ["x"]),
        ("{% for i in x %}{{ i }}{% else %}none{% endfor %}", "none", ["x"]),
        ("{{ x|length }}", "0", ["x"]),
        ("{{ x == 1 }}{{ x != 1 }}", "FalseTrue", ["x"]),
        ("{{ {x: 1}|length }}", "1", ["x"]),
        ("{{ 1 in x }}", "False", ["x"]),
        ("{{ [x] }}{{ {'a': x} }}{{ [x]|join }}", "[{{ x }}]{'a': {{ x }}}{{ x }}", ["x"]),
        ("{{ x is defined }}{{ x|default(1) }}", "False1", []),
        ("{% if false %}{{ x }}{% endif %}", "", []),
        # What cannot go on without the value stands as it is written, all of it.
        ("a {{ x + 1 }}", "a {{ x + 1 }}", ["x"]),
        ("a {{ x() }} [[a]]", "a {{ x() }} [[a]]", ["x"]),
        ("{{ 2 * x }}", "{{ 2 * x }}", ["x"]),
    ],
)
def test_a_lenient_template_shows_what_is_missing(text: str, expected: str, missing: list[str]) -> None:
    expanded = render(text, strict=False)

    assert expanded == expected
    assert [found.message for found in expanded.diagnostics] == [str(MissingVariableError([name])) for name in missing]
    assert set(codes(expanded)) <= {"missing-variable"}


def test_what_is_missing_is_shown_in_its_line() -> None:
    with pytest.raises(MissingVariableError) as caught:
        render("one\r\ntwo {{ x }}\r\n")
    [found] = render("one\n{% if y %}\n{% endif %}", strict=False).diagnostics

    assert str(caught.value).endswith("\n  t, line 2\n    two {{ x }}\n    ^^^^^^^^^^^^")
    assert (found.line, found.excerpt) == (2, "\n  t, line 2\n    {% if y %}\n    ^^^^^^^^^^")


def test_only_what_a_template_reaches_needs_values(make_world: Callable[..., Any]) -> None:
    prompts = {
        "t": {"text": "{% if more %}[[details]]{% endif %}.", "engine": "jinja"},
        "details": "{{ a }}[[inner]]",
        "inner": {"text": "{{ b }}", "engine": "jinja"},
    }
    world = make_world(prompts)

    assert world.expand_path("t", {"more": False}) == "."
    assert world.expand_path("t", {"more": True, "a": 1, "b": 2}) == "12."
    for few in ({}, {"a": 1}, {"b": 2}):
        with pytest.raises(MissingVariableError):
            world.expand_path("t", {"more": True, **few})
    lenient = world.expand_path("t", {"more": True}, strict=False)
    assert (lenient, codes(lenient)) == ("{{ a }}{{ b }}.", ["missing-variable", "missing-variable"])
    assert world.expand_path("t", {"more": False, "a": 1, "b": 2, "c": 3}).diagnostics[0].message == (
        "c was given, but nothing here uses it"
    )


# Errors


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{% if %}", 1, "Expected an expression, got 'end of statement block'"),
        ("a\n{{ x", 2, "unexpected end of template, expected 'end of print statement'"),
        ("a\n\n{% endif %}\nb", 3, "Encountered unknown tag 'endif'"),
        ("{% for i in x %}\n\na", 1, "Unexpected end of template"),
        ("a\r\nb\r\n{{ 1 + }}", 3, "unexpected 'end of print statement'"),
        ("{{ x|nosuch }}", 1, "No filter named 'nosuch'"),
        ("\n{{ x|random }}", 2, "No filter named 'random'"),
        ("{{ x is nosuch }}", 1, "No test named 'nosuch'"),
        ("a\n{# b", 2, "Missing end of comment tag"),
        ("{{ a ! b }}", 1, "unexpected char '!' at 5"),
        ("{% do x %}", 1, "Encountered unknown tag 'do'"),
    ],
)
def test_a_malformed_template_is_shown_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(PromptSyntaxError) as caught:
        render(text, x=1)
    reason, _, place = str(caught.value).partition("\n")

    assert reason.startswith(f"The template of t is malformed: {message}")
    assert place.startswith(f"  t, line {line}\n")
    assert caught.value.span is not None
    lines = text.split("\n")
    assert text[slice(*caught.value.span)] == lines[line - 1]
    lenient = render(text, strict=False)
    assert (lenient, codes(lenient)) == (text, ["template"])
    assert lenient.diagnostics[0].message == reason


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\nb {{ 1 / 0 }}", 2, "division by zero"),
        ("\n\n{{ 'a' + 1 }}", 3, 'can only concatenate str (not "int") to str'),
        ("{% macro m() %}\n{{ [].x }}\n{% endmacro %}\n\n{{ m() }}", 2, "'list object' has no attribute 'x'"),
        ("{{ ''.__class__ }}", 1, "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ {}.items }}", 1, "a builtin_function_or_method is no text; a filter such as list or join makes it one"),
        ("a\n{{ [1]|map('string') }}", 2, "a generator is no text; a filter such as list or join makes it one"),
        ("{{ 'a' * 2 }}", 1, "* is for numbers only; build texts with ~"),
        ("{{ 'a%s' % 2 }}", 1, "% is for numbers only; build texts with ~"),
        ("{{ range }}", 1, "a method is no text; a filter such as list or join makes it one"),
        ("{% include 'a' %}", 1, "no loader for this environment specified"),
        ("{{ 10**400 }}", 1, "a power of that size is not allowed"),
        ("{{ 5() }}", 1, "'int' object is not callable"),
    ],
)
def test_a_template_that_fails_is_shown_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(PromptSyntaxError) as caught:
        render(text)

    assert str(caught.value).startswith(f"The template of t failed: {message}.\n  t, line {line}\n")
    lenient = render(f"{text}[[a]]", strict=False)
    assert (lenient, codes(lenient)) == (f"{text}[[a]]", ["template"])


def test_an_error_without_words_is_called_by_its_name() -> None:
    assert failure("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").startswith(
        "The template of t failed: maximum recursion"
    )
    assert failure("{{ range(0, 1, 0) }}") == "The template of t failed: range() arg 3 must not be zero."
    assert failure("{{ [].pop() }}").startswith("The template of t failed: ")


def test_every_malformed_template_is_an_error_reached_or_not() -> None:
    texts = {"t": template("{% if false %}[[u]]{% endif %}."), "u": template("{% if %}", "u")}

    with pytest.raises(PromptSyntaxError, match="The template of u is malformed"):
        pk.expand("[[t]]", texts)
    lenient = pk.expand("[[t]]", texts, strict=False)
    assert (lenient, codes(lenient)) == (".", ["template"])


# Data


def test_plain_data_is_taken_as_it_is() -> None:
    value = {"a": [1, 2.5, True, None, "s", (3,)], "b": {"c": []}}

    assert render("{{ v }}", v=value) == "{'a': [1, 2.5, True, None, 's', [3]], 'b': {'c': []}}"


class Loud(str):
    """A text with a method of its own."""

    __slots__ = ()

    def shout(self) -> str:
        return self.upper() + "!"


class Written(float):
    """A number that can do harm, as numpy's can."""

    def tofile(self, name: str) -> None:
        Path(name).write_text("harm")


class Count(int):
    def double(self) -> int:
        return self * 2


@pytest.mark.parametrize("value", [Loud("a"), Written(1.5), Count(3), [Written(1.5)], {Loud("k"): Count(3)}])
def test_what_is_data_by_inheritance_loses_its_methods(value: object) -> None:
    path = {list: "v[0]", dict: "v.k"}.get(type(value), "v")  # type: ignore[call-overload]  # of the table's types

    assert render(f"{{{{ {path} }}}}", v=value) in ("a", "1.5", "3")
    for method in ("shout()", "tofile('x')", "double()"):
        assert "has no attribute" in failure(f"{{{{ {path}.{method} }}}}", v=value)


@pytest.mark.parametrize(
    "value", [object(), b"bytes", {1: "number as a key"}, {"a": {1, 2}}, [object()], Path("x"), 1j, len, iter([1])]
)
def test_what_is_no_plain_data_is_refused(value: object) -> None:
    reason = "a jinja prompt takes plain data only: text, numbers, lists and dicts of these; convert it first"
    with pytest.raises(InvalidVariableError) as caught:
        render("a\n{{ v }}", v=value)

    assert (caught.value.name, caught.value.reason) == ("v", reason)
    assert str(caught.value).endswith("\n  t, line 2\n    {{ v }}\n    ^^^^^^^")
    lenient = render("a\n{{ v }}", strict=False, v=value)
    assert (lenient, codes(lenient)) == ("a\n{{ v }}", ["invalid-variable"])


def test_what_no_template_uses_may_be_anything() -> None:
    class Frame:
        def __str__(self) -> str:
            return "frame"

    assert pk.expand("{{ f }} [[t]]", {"t": template("{{ x }}")}, f=Frame(), x=1) == "frame 1"


def test_data_that_holds_itself_or_is_too_deep_is_refused() -> None:
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(2_000):
        deep = [deep]

    for value in (circle, {"a": circle}):
        with pytest.raises(InvalidVariableError, match="it is nested too deeply, or holds itself"):
            render("{{ v }}", v=value)
    with pytest.raises(InvalidVariableError):
        render("{{ v }}", v=deep)


def test_the_data_of_the_caller_stays_as_it_is() -> None:
    data = {"l": [3, 1, 2], "d": {"k": [1]}}
    for text in (
        "{{ v.l.append(1) }}",
        "{{ v.l.sort() }}",
        "{{ v.d.update({}) }}",
        "{{ v.d.pop('k') }}",
        "{{ v.clear() }}",
    ):
        assert "unsafe" in failure(text, v=data)
    assert render("{% set v = {'l': []} %}{{ v.l }}{{ v|length }}", v=data) == "[]1"
    assert render("{{ v.l|sort }}{{ v.l|reverse|list }}", v=data) == "[1, 2, 3][2, 1, 3]"
    assert data == {"l": [3, 1, 2], "d": {"k": [1]}}


def test_a_template_gives_the_same_each_time() -> None:
    text = "{% for k in d %}{{ k }}{% endfor %}{{ d|tojson }}{{ l|unique|list }}{{ l|sort }}"
    values = {"d": {"b": 1, "a": 2}, "l": [3, 1, 3]}

    assert {str(render(text, **values)) for _ in range(3)} == {'ba{"a": 2, "b": 1}[3, 1][1, 3, 3]'}


# Limits


def test_output_is_counted_exactly_and_without_the_marks() -> None:
    texts = {"t": template("{% for i in range(10) %}{{ i }}[[a]]\r\n{% endfor %}"), "a": "x{{ v }}"}

    assert len(pk.expand("[[t]]", texts, v="yz", limits=Limits(characters=60))) == 60
    with pytest.raises(ExpansionTooLargeError) as caught:
        pk.expand("[[t]]", texts, v="yz", limits=Limits(characters=59))
    assert (caught.value.limit, caught.value.size) == ("characters", 60)


def test_output_is_stopped_while_it_is_made() -> None:
    with pytest.raises(ExpansionTooLargeError, match="the limit is 2,000,000"):
        render("{% for i in range(100000) %}" + "x" * 1_000 + "{% endfor %}")


@pytest.mark.parametrize("leaf", ["x", ""])
def test_templates_that_repeat_each_other_are_refused_by_what_they_would_give(leaf: str) -> None:
    loop = "{{% for i in range(3000) %}}[[{}]]{{% endfor %}}"
    texts = {
        "t": template(loop.format("u")),
        "u": template(loop.format("v"), "u"),
        "v": template(loop.format("w"), "v"),
    }
    with pytest.raises(ExpansionTooLargeError) as caught:
        pk.expand("[[t]]", {**texts, "w": leaf})

    inclusions = 1 + 3_000 + 3_000**2 + 3_000**3
    assert (caught.value.limit, caught.value.size) == (("characters", 3_000**3) if leaf else ("inclusions", inclusions))


def test_inclusions_that_are_rendered_count() -> None:
    texts = {"t": template("{% for i in range(20) %}[[a]]{% endfor %}"), "a": ""}

    assert pk.expand("[[t]]", texts, limits=Limits(inclusions=21)) == ""
    with pytest.raises(ExpansionTooLargeError, match="would expand to 21 inclusions, and the limit is 20"):
        pk.expand("[[t]]", texts, limits=Limits(inclusions=20))


def test_all_templates_of_an_expansion_draw_on_one_budget() -> None:
    loop = "{% for i in range(400000) %}{% endfor %}"
    texts = {f"t{n}": template(loop, f"t{n}") for n in range(2)}

    assert pk.expand("[[t0]]", texts) == ""
    with pytest.raises(
        PromptSyntaxError, match="loops, calls and ranges of more than 1,000,000 steps in all are not allowed"
    ):
        pk.expand("[[t0]][[t1]]", texts)
    assert pk.expand("[[t1]]", texts) == ""


def test_all_templates_of_an_expansion_share_the_limit_of_characters() -> None:
    texts = {f"t{n}": template("{% for i in range(60) %}x{% endfor %}", f"t{n}") for n in range(2)}

    assert len(pk.expand("[[t0]]", texts, limits=Limits(characters=60))) == 60
    with pytest.raises(ExpansionTooLargeError):
        pk.expand("[[t0]][[t1]]", texts, limits=Limits(characters=100))


# The sandbox, in a process of its own

PROLOGUE = """
import json, resource, sys
from pathlib import Path
import prompt_kernel as pk
from prompt_kernel.errors import PromptKernelError
from prompt_kernel.expansion import SourceText

lines = Path(sys.argv[1]).read_text("utf-8").splitlines()

class Loud(str):
    def shout(self):
        return open("/etc/hostname").read()

class Written(float):
    def tofile(self, name):
        open(name, "w").close()

VALUES = {"t": "text", "n": 3, "f": Written(1.5), "s": Loud("s"), "d": {"k": [1]}, "l": [2, 1]}

def outcome(text, source, values):
    try:
        return "text", str(pk.expand(text, source, values))
    except PromptKernelError as error:
        return type(error).__name__, str(error).partition("\\n")[0]

def rendered(line):
    return outcome("[[j]]", {"j": SourceText("j", line, engine="jinja")}, VALUES)
"""

AUDITED = (
    PROLOGUE
    + """
for warm in ("{{ t }}\\r\\n", "{{ n / 0 }}", "{% if %}", "{{ nothing }}", "[[x]]", r"{{ '\\x5f' }}"):
    rendered(warm), outcome(warm, {}, VALUES)

seen = []
watching = False
HARMLESS = {"object.__getattr__", "object.__setattr__", "sys._getframe", "code.__new__", "sys.excepthook"}

def watch(event, args):
    if not watching or event in HARMLESS:
        return
    # Jinja2 compiles a template to Python and runs that, and reads a number as Python does.
    if event == "compile" and (args[1] == "<template>" or args[0] in (b"raise __jinja_exception__", b"1.0")):
        return
    if event == "exec" and args[0].co_filename in ("<template>", "<unknown>"):
        return
    seen.append([event, str(args)[:200]])

sys.addaudithook(watch)
report = []
for line in lines:
    watching = True
    found = {
        "template": rendered(line),
        "simple": outcome(line, {}, {}),
        "plain": outcome("[[p]]", {"p": SourceText("p", line, engine="plain")}, {}),
        "path": outcome("[[" + line + "]]", {}, {}),
        "value": outcome("{{ v }}[[j]]", {"j": SourceText("j", "{{ v }}", engine="jinja")}, {"v": line}),
        "name": outcome("{{ v }}", {}, {"v": "v", line: "x"}),
        "argument": outcome("[[a(v=" + json.dumps(line) + ")]]", {"a": "{{ v }}"}, {}),
    }
    watching = False
    report.append([line, found])
print(json.dumps({"seen": seen, "report": report}))
"""
)

LIMITED = (
    PROLOGUE
    + """
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
rendered("{{ t }}")
held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({line: rendered(line)[0] for line in lines}))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held)
"""
)


def in_a_process(script: str, *arguments: str) -> str:
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - our own
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_no_payload_runs_code_or_reads_files() -> None:
    found = json.loads(in_a_process(AUDITED, str(CASES / "payloads.txt")))

    assert found["seen"] == []
    assert len(found["report"]) >= 60
    for line, outcomes in found["report"]:
        literal = {way: result for way, result in outcomes.items() if way != "template"}
        assert literal == {
            "simple": ["text", line],
            "plain": ["text", line],
            "path": ["text", f"[[{line}]]"],
            "value": ["text", line + line],
            "name": ["text", "v"],
            "argument": ["text", line],
        }
    gave = {line: result[1] for line, outcomes in found["report"] if (result := outcomes["template"])[0] == "text"}
    assert gave == {"{{ [t]|sort(attribute='__class__') }}": "['text']", "{{ [t]|min(attribute='__class__') }}": "text"}


def test_no_bomb_goes_off() -> None:
    outcomes, megabytes = in_a_process(LIMITED, str(CASES / "bombs.txt")).splitlines()

    failed = {line: outcome for line, outcome in json.loads(outcomes).items() if outcome not in _REFUSED}
    assert failed == {}
    assert int(megabytes) < 400 * 1024


_REFUSED = {"PromptSyntaxError", "ExpansionTooLargeError"}

WITHOUT_JINJA = """
import sys
sys.modules["jinja2"] = None
import prompt_kernel as pk
from prompt_kernel.errors import MissingExtraError
from prompt_kernel.expansion import SourceText

print(pk.expand("[[a]]{{ x }}", {"a": SourceText("a", "{{ x }}", engine="plain")}, x=1))
for strict in (True, False):
    try:
        pk.expand("[[a]]", {"a": SourceText("a", "{{ x }}", engine="jinja")}, strict=strict, x=1)
    except MissingExtraError as error:
        print(error)
"""


def test_without_jinja2_only_templates_are_refused() -> None:
    refusal = 'The jinja engine needs an optional part. Install it with: pip install "prompt-kernel[jinja]"'

    assert in_a_process(WITHOUT_JINJA).splitlines() == ["{{ x }}1", refusal, refusal]
