"""A form of variables: its fields, what was given, and the table of declarations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.variables import Declaration, as_data, declare
from prompt_kernel_dashboard import form

DECLARED = declare(
    {
        "code": None,
        "tone": {"type": "enum", "values": ["formal", "plain"], "default": "plain", "description": "How to sound."},
        "strict": {"type": "boolean", "default": False},
        "count": {"type": "integer", "default": 3},
        "heat": {"type": "number", "required": False},
    }
)
FIELDS = form.fields(DECLARED)


def test_a_field_says_how_it_is_asked_for_and_what_an_empty_one_means() -> None:
    assert [(one.name, one.kind, one.choices, one.placeholder) for one in FIELDS] == [
        ("code", "text", (), "needs a value"),
        ("tone", "choice", ("formal", "plain"), "plain"),
        ("strict", "switch", ("yes", "no"), "no"),
        ("count", "whole", (), "3"),
        ("heat", "number", (), "may stay empty"),
    ]


def test_the_help_of_a_field_is_its_description_what_is_expected_and_its_default() -> None:
    assert {one.name: one.help for one in FIELDS} == {
        "code": "",
        "tone": "How to sound. It must be one of formal, plain. Empty means plain.",
        "strict": "It must be true or false. Empty means no.",
        "count": "It must be a whole number. Empty means 3.",
        "heat": "It must be a number.",
    }


def test_an_empty_field_gives_no_value_and_the_others_give_what_the_type_says() -> None:
    raw = {"code": "", "tone": None, "strict": "no", "count": 7, "heat": "0.25"}
    assert form.given(FIELDS, raw) == form.Given({"strict": False, "count": 7, "heat": 0.25}, {})


def test_what_does_not_fit_is_left_out_and_explained() -> None:
    assert form.given(FIELDS, {"heat": "warm", "code": "x"}) == form.Given(
        {"code": "x"}, {"heat": "heat='warm' does not fit: it must be a number."}
    )


def test_a_jinja_template_can_be_given_a_list_as_json() -> None:
    raw: dict[str, object] = {"code": ' ["a", {"b": 1}]'}
    assert form.given(FIELDS, raw, structured=True).values == {"code": ["a", {"b": 1}]}
    assert form.given(FIELDS, raw).values == raw


def test_json_that_is_none_is_explained_with_its_line() -> None:
    assert form.given(FIELDS, {"code": '["a"\n'}, structured=True).problems == {
        "code": "code='[\"a\"\\n' does not fit: it begins like JSON and is none: Expecting ',' delimiter, line 2."
    }


def test_a_number_that_a_browser_would_change_goes_as_its_digits() -> None:
    values = {"a": 2**53 + 1, "b": float("inf"), "c": 3, "d": 0.1, "e": True, "f": ["x"]}
    assert form.portable(values) == {"a": "9007199254740993", "b": "inf", "c": 3, "d": 0.1, "e": True, "f": ["x"]}


# The table


def test_a_table_has_a_row_for_each_declaration() -> None:
    assert form.rows_of(declare({"n": {"type": "integer", "default": 3, "required": False}})) == [
        {"name": "n", "type": "integer", "default": "3", "description": "", "values": [], "required": False}
    ]


_DECLARATIONS = st.one_of(
    st.builds(
        lambda default, description, required: Declaration("x", "string", default, description, required),
        st.one_of(st.none(), st.text()), st.text(), st.booleans(),
    ),
    st.builds(lambda default: Declaration("x", "integer", default), st.one_of(st.none(), st.integers())),
    st.builds(lambda default: Declaration("x", "boolean", default), st.one_of(st.none(), st.booleans())),
    st.builds(
        lambda default: Declaration("x", "number", default),
        st.one_of(st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    ),
    st.builds(
        lambda values, required: Declaration("x", "enum", values[0], "", required, tuple(values)),
        st.lists(st.text("abc", min_size=1), min_size=1, unique=True), st.booleans(),
    ),
)  # fmt: skip


@given(_DECLARATIONS)
def test_a_table_that_nobody_edited_declares_what_it_was_made_of(declaration: Declaration) -> None:
    before = {"x": declaration}
    assert form.variables_of(form.rows_of(before), before) == as_data(before)


def test_an_emptied_default_is_none_and_rows_with_nothing_in_them_are_left_out() -> None:
    rows = [
        {"name": "n", "type": "integer", "default": "", "description": None, "values": None, "required": None},
        {"name": None, "type": "string", "default": None, "description": None, "values": None, "required": True},
    ]
    assert form.variables_of(rows, declare({"n": 3})) == {"n": {"type": "integer"}}


def test_a_default_in_a_table_is_read_by_the_type_of_its_row() -> None:
    rows = [
        {"name": "a", "type": "boolean", "default": "yes"},
        {"name": "b", "type": "number", "default": "1e-7"},
        {"name": "c", "type": "enum", "default": "x", "values": ["x", " y ", ""]},
        {"name": "d", "default": "3"},
    ]
    assert form.variables_of(rows, {}) == {
        "a": {"type": "boolean", "default": True},
        "b": {"type": "number", "default": 1e-7},
        "c": {"type": "enum", "values": ["x", "y"], "default": "x"},
        "d": {"default": "3"},
    }


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([{"description": "what for"}], "variables: each row needs a name."),
        ([{"name": "x"}, {"name": " x "}], "variables: two rows have the name x."),
        (
            [{"name": "n", "type": "integer", "default": "many"}],
            "variables.n.default: 'many': it must be a whole number.",
        ),
        ([{"name": "n", "type": "enum"}], "variables.n: an enum, and nothing else, has a list of values."),
        ([{"name": "two words"}], "variables.two words: a variable's name is an identifier: letters, digits and _."),
    ],
)
def test_a_row_that_makes_no_sense_is_explained(rows: list[dict[str, object]], sentence: str) -> None:
    with pytest.raises(InvalidMetadataError) as raised:
        form.variables_of(rows, {})
    assert str(raised.value) == sentence
