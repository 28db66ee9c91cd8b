"""Filling the holes: declared types, defaults, what is missing, what does not fit, and what nobody asked for."""

from collections.abc import Callable
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.errors import InvalidVariableError, MissingVariableError
from prompt_kernel.expansion import Expander, Expansion, SourceText, Texts
from prompt_kernel.store import Store
from prompt_kernel.variables import Declaration, declare


def declared(text: str, /, **variables: Any) -> SourceText:
    return SourceText("p", text, variables=declare(variables))


def expand(text: SourceText, /, strict: bool = True, **values: object) -> Expansion:  # noqa: FBT001, FBT002 - short here
    return Expander(Texts({"p": text})).expand("p", values, strict=strict)


def codes(expansion: Expansion) -> list[str]:
    return [found.code for found in expansion.diagnostics]


# Types


@pytest.mark.parametrize(
    ("declaration", "value", "expected"),
    [
        ({}, "a", "a"),
        ({}, "", ""),
        ({}, 3, "3"),
        ({}, [1, "a"], "[1, 'a']"),
        ({"type": "integer"}, 3, "3"),
        ({"type": "integer"}, "3", "3"),
        ({"type": "integer"}, " -07 ", "-7"),
        ({"type": "integer"}, 10**30, "1" + "0" * 30),
        ({"type": "number"}, 3, "3"),
        ({"type": "number"}, 2.50, "2.5"),
        ({"type": "number"}, "2.50", "2.5"),
        ({"type": "number"}, "1e3", "1000.0"),
        ({"type": "boolean"}, True, "True"),
        ({"type": "boolean"}, "false", "False"),
        ({"type": "boolean"}, " TRUE ", "True"),
        ({"values": ["a", 1]}, "a", "a"),
        ({"values": ["a", 1]}, 1, "1"),
    ],
)
def test_a_value_becomes_the_declared_type(declaration: dict[str, Any], value: object, expected: str) -> None:
    expanded = expand(declared("<{{ v }}>", v=declaration or None), v=value)

    assert (expanded, expanded.diagnostics) == (f"<{expected}>", ())


@pytest.mark.parametrize(
    ("declaration", "value", "reason"),
    [
        (None, None, "it must be some text, not None"),
        ({"type": "integer"}, 2.5, "it must be a whole number"),
        ({"type": "integer"}, True, "it must be a whole number"),
        ({"type": "integer"}, "many", "it must be a whole number"),
        ({"type": "integer"}, "9" * 5_000, "it must be a whole number"),
        ({"type": "integer"}, "", "it must be a whole number"),
        ({"type": "integer"}, None, "it must be a whole number"),
        ({"type": "number"}, "1.5.2", "it must be a number"),
        ({"type": "number"}, [1], "it must be a number"),
        ({"type": "number"}, False, "it must be a number"),
        ({"type": "boolean"}, 1, "it must be true or false"),
        ({"type": "boolean"}, "yes", "it must be true or false"),
        ({"values": ["a", "b"]}, "c", "it must be one of a, b"),
        ({"values": ["a", "b"]}, "A", "it must be one of a, b"),
        ({"values": ["a", "b"], "default": "a"}, "", "it must be one of a, b"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(declaration: dict[str, Any] | None, value: object, reason: str) -> None:
    prompt = declared("a\n<{{ v }}>", v=declaration)
    with pytest.raises(InvalidVariableError) as caught:
        expand(prompt, v=value)
    shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…"

    assert (caught.value.name, caught.value.value, caught.value.reason) == ("v", value, reason)
    assert str(caught.value) == f"v={shown} does not fit: {reason}.\n  p, line 2\n    <{{{{ v }}}}>\n     ^^^^^^^"
    lenient = expand(prompt, strict=False, v=value)
    assert (lenient, codes(lenient), lenient.variables) == ("a\n<{{ v }}>", ["invalid-variable"], {})


def test_a_value_that_cannot_be_written_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (10**5_000, deep):
        with pytest.raises(InvalidVariableError, match="does not fit: it cannot be written as text: "):
            pk.expand("{{ v }}", v=value)


# Defaults


def test_a_default_fills_in_for_the_caller() -> None:
    prompt = declared(
        "{{ tone }} {{ n }} {{ flag }} {{ e }}", tone="plain", n=3, flag=False, e={"values": ["x"], "default": "x"}
    )
    expanded = expand(prompt, n=4)

    assert expanded == "plain 4 False x"
    assert expanded.variables == {"tone": "plain", "n": 4, "flag": False, "e": "x"}
    assert expanded.defaults == {"tone", "flag", "e"}


@pytest.mark.parametrize("default", ["", 0, False, 0.0])
def test_a_default_may_be_false(default: Any) -> None:
    expanded = expand(declared("<{{ v }}>", v={"default": default, "type": declare({"v": default})["v"].type}))

    assert (expanded, expanded.defaults) == (f"<{default}>", {"v"})


def test_a_default_is_of_the_declared_type() -> None:
    expanded = expand(declared("{{ n }}", n={"type": "number", "default": "1.50"}))

    assert (expanded, expanded.variables) == ("1.5", {"n": 1.5})


def test_what_is_not_required_is_empty() -> None:
    expanded = expand(declared("<{{ a }}{{ n }}>", a={"required": False}, n={"type": "integer", "required": False}))

    assert (expanded, expanded.variables, expanded.defaults) == ("<>", {"a": "", "n": ""}, {"a", "n"})


def test_defaults_are_inherited() -> None:
    texts = Texts({"p": declared("{{ v }}", v="inner"), "outer": "[[p]] {{ v }}", "outermost": "[[outer]]"})
    expander = Expander(texts)

    assert expander.expand("outermost") == "inner inner"
    assert expander.expand("outermost", {"v": "given"}) == "given given"


def test_the_nearest_to_the_root_has_the_last_word() -> None:
    inner = SourceText("inner", "{{ v }}", variables=declare({"v": "inner"}))
    outer = SourceText("outer", "[[inner]] {{ v }}", variables=declare({"v": "outer"}))
    expander = Expander(Texts({"inner": inner, "outer": outer, "above": "[[inner]][[outer]]"}))

    assert expander.expand("outer") == "outer outer"
    assert expander.expand("inner") == "inner"
    # Of two at one distance it is the first.
    assert expander.expand("above") == "innerinner inner"


# Missing


def test_all_that_is_missing_is_named_and_the_first_is_shown(make_world: Callable[..., Any]) -> None:
    world = make_world({"a": "x {{ b }}\ny {{ a }}", "top": "[[a]] {{ c }} {{ a }}"})
    with pytest.raises(MissingVariableError) as caught:
        world.expand("[[top]] {{ d }}", {"d": "D"})

    assert caught.value.names == ("b", "a", "c")
    assert str(caught.value).partition("\n")[0] == ("No value was given for the variables b, a, c. Give b=…, a=…, c=….")
    assert str(caught.value).endswith("\n    x {{ b }}\n      ^^^^^^^\n  included by: text -> top -> a")
    lenient = world.expand("[[top]] {{ d }}", {"d": "D"}, strict=False)
    assert lenient == "x {{ b }}\ny {{ a }} {{ c }} {{ a }} D"
    assert [(found.code, found.path, found.line) for found in lenient.diagnostics] == [
        ("missing-variable", "a", 1),
        ("missing-variable", "top", 1),
        ("missing-variable", "top", 1),
    ]


def test_what_is_declared_may_still_be_missing() -> None:
    with pytest.raises(MissingVariableError, match=r"No value was given for the variable v\. Give v=…\."):
        expand(declared("{{ v }}", v={"description": "needed"}))


def test_what_is_declared_and_not_used_is_not_needed() -> None:
    assert expand(declared("nothing", v=None)) == "nothing"


# Unused


def test_an_unused_value_is_warned_of_with_what_may_be_meant(make_world: Callable[..., Any]) -> None:
    world = make_world({"a": "{{ tone }}{{ topic }}"})
    expanded = world.expand("[[a]]", {"tone": 1, "topic": 2, "tonne": 3, "zzz": 4})

    assert expanded == "12"
    assert [(found.severity, found.code, found.message) for found in expanded.diagnostics] == [
        ("warning", "unused-variable", "tonne was given, but nothing here uses it; did you mean tone?"),
        ("warning", "unused-variable", "zzz was given, but nothing here uses it"),
    ]


def test_a_value_that_is_used_is_not_warned_of() -> None:
    prompt = declared("{{ a }}{{ b }}{{ c }}", a="default", b="default")

    assert expand(prompt, a=1, c=2).diagnostics == ()
    assert codes(expand(prompt, c=2, d=3)) == ["unused-variable"]
    assert codes(expand(declared("{{ n }}", n=3), strict=False, n="x")) == ["invalid-variable"]


# Types that clash


def test_two_types_for_one_name_are_warned_of(store: Store) -> None:
    store.save("inner", "x\n{{ n }}", variables={"n": {"type": "integer"}})
    store.save("outer", "[[inner]] {{ n }}", variables={"n": {"type": "string"}})
    store.save("same", "[[outer]]", variables={"n": {"type": "string", "default": "d", "description": "D"}})
    expanded = store.expand("same")

    assert expanded == "x\nd d"
    [clash] = expanded.diagnostics
    assert (clash.severity, clash.code, clash.path, clash.version, clash.line, clash.chain) == (
        *("warning", "clashing-types", "inner", 1, 2),
        ("same", "outer", "inner"),
    )
    assert str(clash) == (
        "warning: inner declares n as integer, but it is string here, nearer to the expanded prompt"
        "\n  inner, line 2\n    {{ n }}\n    ^^^^^^^"
    )


def test_two_lists_of_choices_for_one_name_are_warned_of() -> None:
    texts = {
        "a": SourceText("a", "{{ e }}", variables=declare({"e": {"values": ["x"]}})),
        "b": SourceText("b", "only declared", variables=declare({"e": {"values": ["y"]}})),
        "c": SourceText("c", "{{ e }}", variables=declare({"e": {"values": ["x"], "default": "x"}})),
    }
    expanded = pk.expand("[[a]][[b]][[c]]", texts, e="x")

    assert [(found.path, found.span) for found in expanded.diagnostics] == [("b", (0, 0))]


# Names


def test_names_are_compared_in_compatibility_form() -> None:
    assert pk.expand("{{ ﬁ }}{{ größe }}{{ नाम }}", fi="1", größe="2", नाम="3") == "123"


def test_variables_come_in_order_of_first_use(library: Store) -> None:
    expanded = pk.expand("[[a]]{{ x }}[[b]]", {"a": "{{ y }}{{ x }}", "b": "{{ z }}{{ y }}"}, x=1, y=2, z=3)

    assert list(expanded.variables.items()) == [("y", 2), ("x", 1), ("z", 3)]
    assert list(library.expand("review", code="c").variables) == ["tone", "code"]


def test_the_declarations_of_a_prompt_include_what_it_inherits(make_world: Callable[..., Any]) -> None:
    prompts = {
        "a": "[[b]] {{ x }} [[c(y=1)]]",
        "b": {"text": "{{ z }}{{ unsaid }}", "variables": {"z": {"type": "integer"}, "x": 1}},
        "c": "{{ y }}{{ w }}[[missing]]",
        "t": {"text": "{% if q %}[[b]]{{ p }}{% endif %}", "engine": "jinja", "variables": {"p": "default"}},
        "u": "[[t(q=1)]]",
        "malformed": {"text": "{% if %}[[b]]", "engine": "jinja"},
    }
    world = make_world(prompts)
    ask = world.store.declarations if world.store else Expander(Texts(world.texts)).declarations

    assert list(ask("a").items()) == [
        ("z", Declaration("z", "integer")),
        ("unsaid", Declaration("unsaid")),
        ("x", Declaration("x", "integer", 1)),
        ("w", Declaration("w")),
    ]
    assert list(ask("t")) == ["p", "q", "z", "unsaid"]
    assert list(ask("u")) == ["p", "z", "unsaid"]
    assert list(ask("malformed")) == ["z", "unsaid"]


def test_a_variable_filled_by_arguments_everywhere_is_none_of_the_caller() -> None:
    expander = Expander(Texts({"a": "[[b(x=1)]]", "b": "{{ x }}"}))

    assert expander.declarations("a") == {}
    assert codes(expander.expand("a", {"x": 2})) == ["unused-variable"]


def test_a_name_in_another_form_of_unicode_is_the_same_variable() -> None:
    assert pk.expand("{{ ﬁné }}", {}, {"ﬁne\u0301": "a", "unused": "b"}).variables == {"finé": "a"}
