"""Declared variables: what metadata may say of them, and which values fit."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import InvalidMetadataError, InvalidVariableError
from prompt_kernel.variables import TYPES, Declaration, as_data, declare, variable_name

MANY = settings(max_examples=500, deadline=None)


class Whole:
    """Like an integer of numpy: no int, and yet an index."""

    def __index__(self) -> int:
        return 7

    def __repr__(self) -> str:
        return "Whole()"


class Real:
    """Like a float of numpy or a decimal: no float, and yet it has one."""

    def __float__(self) -> float:
        return 0.5

    def __repr__(self) -> str:
        return "Real()"


class bool_:  # noqa: N801 - numpy's name for it
    def __init__(self, *, truth: bool) -> None:
        self._truth = truth

    def __bool__(self) -> bool:
        return self._truth

    def __repr__(self) -> str:
        return "np.True_"


REAL = Real()


# Reading metadata


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, {}),
        ({}, {}),
        ({"code": None}, {"code": Declaration("code")}),
        ({"code": {}}, {"code": Declaration("code")}),
        ({"city": "Oslo"}, {"city": Declaration("city", default="Oslo")}),
        ({"city": ""}, {"city": Declaration("city", default="")}),
        ({"n": 3}, {"n": Declaration("n", "integer", 3)}),
        ({"x": 0.5}, {"x": Declaration("x", "number", 0.5)}),
        ({"b": False}, {"b": Declaration("b", "boolean", default=False)}),
        ({"n": {"type": "integer"}}, {"n": Declaration("n", "integer")}),
        ({"n": {"type": "integer", "default": "3"}}, {"n": Declaration("n", "integer", "3")}),
        ({"n": {"type": "number", "default": 3}}, {"n": Declaration("n", "number", 3)}),
        ({"a": {"default": "b", "required": False}}, {"a": Declaration("a", default="b", required=False)}),
        ({"a": {"description": "what"}}, {"a": Declaration("a", description="what")}),
        ({"a": {"description": None}}, {"a": Declaration("a")}),
        ({"a": {"description": 3}}, {"a": Declaration("a", description="3")}),
        ({"t": {"values": ["a", "b"]}}, {"t": Declaration("t", "enum", values=("a", "b"))}),
        ({"t": {"values": ("a",), "type": "enum"}}, {"t": Declaration("t", "enum", values=("a",))}),
        ({"t": {"values": [1, True], "default": 1}}, {"t": Declaration("t", "enum", 1, values=("1", "True"))}),
        ({"größe": 1, "नाम": None}, {"größe": Declaration("größe", "integer", 1), "नाम": Declaration("नाम")}),
        ({"e\u0301": None, "ﬁ": 1}, {"\u00e9": Declaration("\u00e9"), "fi": Declaration("fi", "integer", 1)}),
        ({"a": Declaration("b", "integer", 3)}, {"a": Declaration("a", "integer", 3)}),
        ({"a": Declaration("a")}, {"a": Declaration("a")}),
    ],
    ids=ascii,
)
def test_metadata_declares_variables(data: object, expected: dict[str, Declaration]) -> None:
    assert declare(data) == expected
    assert list(declare(data)) == list(expected)


_IDENTIFIER = "a variable's name is an identifier: letters, digits and _"
_DEFAULT = "a default is text, a number, true or false"
_VALUES = "values is a list of the allowed texts"
_ENUM = "an enum, and nothing else, has a list of values"
_KINDS = "string, integer, number, boolean, enum"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        *(
            (data, "variables: write a mapping of names, as in {tone: {default: plain}}.")
            for data in ([], ["tone"], "tone", 3, True, ())
        ),
        *(({name: None}, f"variables.{name}: {_IDENTIFIER}.") for name in ("", "a b", "a.b", "1", "a-b", "é?", "²")),
        *(({name: None}, f"variables.{name}: {_IDENTIFIER}.") for name in (1, True, None, ("a",))),
        *(({"a": default}, f"variables.a: {_DEFAULT}.") for default in ([], ["x"], (), b"x", REAL)),
        ({"a": {"default": ["x"]}}, f"variables.a: {_DEFAULT}."),
        ({"a": {"default": {}}}, f"variables.a: {_DEFAULT}."),
        (
            {"a": {"typ": "string", "also": 1}},
            "variables.a: 'also' is not one of default, description, required, type, values.",
        ),
        ({"a": {1: 2}}, "variables.a: '1' is not one of default, description, required, type, values."),
        ({"a": {"type": "text"}}, f"variables.a: type 'text' is not one of {_KINDS}."),
        ({"a": {"type": None}}, f"variables.a: type None is not one of {_KINDS}."),
        ({"a": {"type": ["string"]}}, f"variables.a: type ['string'] is not one of {_KINDS}."),
        *(({"a": {"values": values}}, f"variables.a: {_VALUES}.") for values in ([], "ab", 3, {}, {"x": 1}, [None])),
        ({"a": {"values": ["x", ["y"]]}}, f"variables.a: {_VALUES}."),
        ({"a": {"type": "enum"}}, f"variables.a: {_ENUM}."),
        ({"a": {"type": "enum", "values": None}}, f"variables.a: {_ENUM}."),
        ({"a": {"type": "string", "values": ["x"]}}, f"variables.a: {_ENUM}."),
        ({"a": Declaration("a", "enum")}, f"variables.a: {_ENUM}."),
        *(({"a": {"required": word}}, "variables.a: required is true or false.") for word in ("yes", 1, None, ["yes"])),
        ({"n": {"type": "integer", "default": "x"}}, "variables.n.default: 'x': it must be a whole number."),
        ({"n": {"type": "integer", "default": 1.5}}, "variables.n.default: 1.5: it must be a whole number."),
        ({"n": {"type": "number", "default": True}}, "variables.n.default: True: it must be a number."),
        ({"n": {"type": "boolean", "default": 1}}, "variables.n.default: 1: it must be true or false."),
        ({"n": {"values": ["a", "b"], "default": "c"}}, "variables.n.default: 'c': it must be one of a, b."),
        ({"n": Declaration("n", "integer", "x")}, "variables.n.default: 'x': it must be a whole number."),
    ],
    ids=ascii,
)
def test_other_metadata_is_refused_with_the_reason(data: object, sentence: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        declare(data)

    assert str(caught.value) == sentence


def test_there_are_five_types() -> None:
    assert TYPES == ("string", "integer", "number", "boolean", "enum")


@pytest.mark.parametrize(
    ("text", "name"),
    [("a", "a"), ("_1", "_1"), ("ﬁ", "fi"), ("e\u0301", "é"), ("नाम", "नाम"), ("1a", ""), ("", ""), ("a b", "")],
    ids=ascii,
)
def test_a_name_is_an_identifier_as_python_spells_it(text: str, name: str) -> None:
    assert variable_name(text) == name


# Writing metadata


@pytest.mark.parametrize(
    ("declaration", "data"),
    [
        (Declaration("a"), None),
        (Declaration("a", default=""), {"default": ""}),
        (Declaration("a", "boolean", default=False), {"type": "boolean", "default": False}),
        (Declaration("a", "number", 0, required=False), {"type": "number", "default": 0, "required": False}),
        (
            Declaration("a", "enum", "x", "which", values=("x", "y")),
            {"type": "enum", "values": ["x", "y"], "default": "x", "description": "which"},
        ),
    ],
)
def test_what_is_usual_is_not_written(declaration: Declaration, data: dict[str, Any] | None) -> None:
    assert as_data({"a": declaration}) == {"a": data}


def _fits(declaration: Declaration) -> bool:
    try:
        declaration.convert(declaration.default)
    except InvalidVariableError:
        return declaration.default is None
    return True


def _declarations() -> st.SearchStrategy[Declaration]:
    scalars = st.none() | st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans()
    plain = st.builds(
        Declaration,
        st.just("a"),
        st.sampled_from([kind for kind in TYPES if kind != "enum"]),
        scalars,
        st.text(),
        st.booleans(),
    )
    choices = st.lists(st.text(), min_size=1).map(tuple)
    enums = choices.flatmap(
        lambda values: st.builds(
            Declaration,
            st.just("a"),
            st.just("enum"),
            st.none() | st.sampled_from(values),
            st.text(),
            st.booleans(),
            st.just(values),
        )
    )
    return (plain | enums).filter(_fits)


@given(_declarations())
@MANY
def test_declare_reads_what_as_data_writes(declaration: Declaration) -> None:
    assert declare(as_data({"a": declaration})) == {"a": declaration}
    assert declare({"a": declaration}) == {"a": declaration}
    assert as_data(declare(as_data({"a": declaration}))) == as_data({"a": declaration})


# Values


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", "", ""),
        ("string", "a", "a"),
        ("string", 3, 3),
        ("string", REAL, REAL),
        ("string", ["a"], ["a"]),
        ("integer", 3, 3),
        ("integer", "3", 3),
        ("integer", " -3 ", -3),
        ("integer", Whole(), 7),
        ("integer", 10**400, 10**400),
        ("number", 3, 3),
        ("number", 0.5, 0.5),
        ("number", "3", 3),
        ("number", " +3", 3),
        ("number", "0.5", 0.5),
        ("number", "1e3", 1000.0),
        ("number", REAL, REAL),
        ("number", Decimal("0.10"), Decimal("0.10")),
        ("number", Fraction(1, 3), Fraction(1, 3)),
        ("number", 10**400, 10**400),
        ("boolean", True, True),
        ("boolean", False, False),
        ("boolean", "true", True),
        ("boolean", " FALSE\n", False),
        ("boolean", bool_(truth=True), True),
        ("boolean", bool_(truth=False), False),
        ("enum", "plain", "plain"),
        ("enum", 3, "3"),
    ],
)
def test_a_value_is_converted_to_the_declared_type(kind: Any, value: object, expected: object) -> None:
    declaration = Declaration("x", kind, values=("plain", "3") if kind == "enum" else ())

    assert declaration.convert(value) == expected
    assert type(declaration.convert(value)) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("string", None, "x=None does not fit: it must be some text, not None."),
        ("integer", None, "x=None does not fit: it must be a whole number."),
        ("integer", "", "x='' does not fit: it must be a whole number."),
        ("integer", "3.0", "x='3.0' does not fit: it must be a whole number."),
        ("integer", 3.0, "x=3.0 does not fit: it must be a whole number."),
        ("integer", True, "x=True does not fit: it must be a whole number."),
        ("integer", REAL, "x=Real() does not fit: it must be a whole number."),
        ("integer", "9" * 5_000, f"x='{'9' * 56}… does not fit: it must be a whole number."),
        ("integer", [3], "x=[3] does not fit: it must be a whole number."),
        ("number", None, "x=None does not fit: it must be a number."),
        ("number", "many", "x='many' does not fit: it must be a number."),
        ("number", False, "x=False does not fit: it must be a number."),
        ("number", 1j, "x=1j does not fit: it must be a number."),
        ("number", [], "x=[] does not fit: it must be a number."),
        ("boolean", None, "x=None does not fit: it must be true or false."),
        ("boolean", "yes", "x='yes' does not fit: it must be true or false."),
        ("boolean", 1, "x=1 does not fit: it must be true or false."),
        ("enum", None, "x=None does not fit: it must be one of plain, formal."),
        ("enum", "Plain", "x='Plain' does not fit: it must be one of plain, formal."),
        ("enum", "", "x='' does not fit: it must be one of plain, formal."),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_reason(kind: Any, value: object, sentence: str) -> None:
    declaration = Declaration("x", kind, values=("plain", "formal") if kind == "enum" else ())

    with pytest.raises(InvalidVariableError) as caught:
        declaration.convert(value)

    assert str(caught.value) == sentence
    assert (caught.value.name, caught.value.value, caught.value.reason) == ("x", value, declaration.expectation)


def test_a_fraction_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(InvalidVariableError, match="it must be a number"):
        Declaration("x", "number").convert(Fraction(10**400))


def test_a_refusal_shows_the_place() -> None:
    with pytest.raises(InvalidVariableError) as caught:
        Declaration("n", "integer").convert("x")

    assert (
        str(caught.value.at("\n  a, line 1\n    {{ n }}\n    ^"))
        == "n='x' does not fit: it must be a whole number.\n  a, line 1\n    {{ n }}\n    ^"
    )


@given(_declarations(), st.none() | st.text() | st.integers() | st.floats() | st.booleans())
@MANY
def test_what_was_converted_fits_again(declaration: Declaration, value: object) -> None:
    try:
        converted = declaration.convert(value)
    except InvalidVariableError:
        return
    again = declaration.convert(converted)

    assert again == converted or converted != converted  # noqa: PLR0124 - not a number is no number, and equals nothing
    assert type(again) is type(converted)
