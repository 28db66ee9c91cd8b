"""The grid: prompts, swaps, crossed values, and what each is called."""

from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.errors import ExpansionError, InvalidMetadataError, PromptNotFoundError
from prompt_kernel.experiments._grid import Variant, variants_of
from prompt_kernel.experiments._inputs import Row
from prompt_kernel.store import Store


def texts(store: Store, prompts: Any, cross: Any = None, **variables: Any) -> dict[str, str]:
    """The text of each variant, by its name."""
    row = Row("0", {"topic": "sums"})
    return {one.name: str(one.expand(row)) for one in variants_of(store, prompts, variables, cross or {})}


def test_a_prompt_is_called_by_the_version_that_it_resolved_to(lessons: Store) -> None:
    lessons.label("lesson", "production", version=1)
    lessons.save("lesson", "[[style/tone]] Teach {{ topic }}.")

    assert texts(lessons, ["lesson", "lesson@1", lessons["lesson@2"]]) == {
        "lesson@2": "Speak plainly. Teach sums.",
        "lesson@1": "Speak plainly. Explain sums.",
    }
    assert texts(lessons, "lesson@production") == {"lesson@1": "Speak plainly. Explain sums."}
    assert texts(lessons, lessons.compile("lesson@1")) == {"lesson@1": "Speak plainly. Explain sums."}


def test_texts_that_are_not_stored_have_the_name_they_are_given(lessons: Store) -> None:
    assert texts(lessons, {"a": "[[tone]] {{ topic }}", "b": lessons.compile_text("B {{ topic }}")}) == {
        "a": "Speak plainly. sums",
        "b": "B sums",
    }


def test_a_fragment_is_swapped_for_its_alternatives_and_left_out(lessons: Store) -> None:
    assert texts(lessons, ["lesson", pk.swap("lesson", "style/tone", ["style/warm", "terse", None])]) == {
        "lesson@1": "Speak plainly. Explain sums.",
        "lesson@1 (style/tone → style/warm)": "Speak warmly. Explain sums.",
        "lesson@1 (style/tone → terse)": "Be terse. Explain sums.",
        "lesson@1 (without style/tone)": " Explain sums.",
    }


def test_an_alternative_can_be_a_text_or_a_version(lessons: Store) -> None:
    lessons.save("style/warm", "Speak very warmly.")
    swaps = [
        pk.swap("lesson", "tone", {"loud": "SPEAK UP.", "none": None}),
        pk.swap("lesson", "tone", [lessons["style/warm@1"], lessons.compile("style/warm")]),
    ]

    assert texts(lessons, swaps) == {
        "lesson@1 (tone → loud)": "SPEAK UP. Explain sums.",
        "lesson@1 (without tone)": " Explain sums.",
        "lesson@1 (tone → style/warm@1)": "Speak warmly. Explain sums.",
        "lesson@1 (tone → style/warm@2)": "Speak very warmly. Explain sums.",
    }


def test_two_fragments_are_swapped_for_each_other_s_alternatives(lessons: Store) -> None:
    lessons.save("form", "Use prose.")
    lessons.save("essay", "[[style/tone]] [[form]] {{ topic }}")
    both = pk.swap(pk.swap("essay", "style/tone", ["style/warm", None]), "form", {"list": "Use a list."})

    assert texts(lessons, both) == {
        "essay@1 (style/tone → style/warm) (form → list)": "Speak warmly. Use a list. sums",
        "essay@1 (without style/tone) (form → list)": " Use a list. sums",
    }


def test_a_variable_is_crossed_with_every_prompt_that_has_it(lessons: Store) -> None:
    lessons.save("tone", "Be {{ tone }}, {{ n }} times: {{ topic }}")
    cross = {"tone": ["plain", "formal"], "n": {"once": 1, "often": 100}}

    assert texts(lessons, ["tone", "lesson"], cross) == {
        "tone@1 [tone=plain, n=once]": "Be plain, 1 times: sums",
        "tone@1 [tone=plain, n=often]": "Be plain, 100 times: sums",
        "tone@1 [tone=formal, n=once]": "Be formal, 1 times: sums",
        "tone@1 [tone=formal, n=often]": "Be formal, 100 times: sums",
        "lesson@1": "Speak plainly. Explain sums.",
    }


def test_a_long_value_is_called_by_its_beginning(lessons: Store) -> None:
    (name,) = texts(lessons, "lesson", {"topic": ["the history of\nall the known world, and more"]})

    assert name == "lesson@1 [topic=the history of all the known …]"


def test_values_for_all_rows_come_before_the_columns_and_crossed_ones_before_both(lessons: Store) -> None:
    assert texts(lessons, {"p": "{{ topic }}"}, topic="maps") == {"p": "maps"}
    assert texts(lessons, {"p": "{{ topic }}"}, {"topic": ["sets"]}, topic="maps") == {"p [topic=sets]": "sets"}


def test_what_a_swap_leaves_of_the_variables_is_what_is_crossed(lessons: Store) -> None:
    lessons.save("style/tone", "Be {{ tone }}.")
    swaps = ["lesson", pk.swap("lesson", "style/tone", [None])]

    assert texts(lessons, swaps, {"tone": ["kind"]}) == {
        "lesson@1 [tone=kind]": "Be kind. Explain sums.",
        "lesson@1 (without style/tone)": " Explain sums.",
    }


@pytest.mark.parametrize(
    ("prompts", "cross", "sentence"),
    [
        ([], {}, "prompts: write at least one: a path, {name: text}, or swap(…)."),
        ([3], {}, "prompts: a int is none; write a path, {name: text} or swap(…)."),
        ("lesson", {"topik": ["a"]}, "cross: no prompt has the variable topik; did you mean topic?."),
        ("lesson", {"topic": "abc"}, "cross: write the values of topic as a list."),
        ("lesson", {"topic": [1, "1"]}, "cross: two values of topic look alike; give each a name, as {name: value}."),
    ],
)
def test_a_grid_that_cannot_be_is_said(lessons: Store, prompts: Any, cross: Any, sentence: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        texts(lessons, prompts, cross)
    assert str(caught.value).replace("topic?.", "topic?.") == sentence


@pytest.mark.parametrize("alternatives", [[], "style/warm"])
def test_a_swap_has_a_list_of_alternatives(alternatives: Any) -> None:
    with pytest.raises(InvalidMetadataError, match="the alternatives are a list of paths"):
        pk.swap("lesson", "style/tone", alternatives)


def test_a_fragment_that_is_not_included_is_an_error(lessons: Store) -> None:
    with pytest.raises(PromptNotFoundError, match="style/warm"):
        texts(lessons, pk.swap("lesson", "style/warm", [None]))
    with pytest.raises((PromptNotFoundError, ExpansionError)):
        texts(lessons, pk.swap("lesson", "style/tone", ["style/nowhere"]))


def test_every_variant_expands_again_from_what_is_recorded(lessons: Store) -> None:
    found = pk.Experiment(
        "all",
        store=lessons,
        prompts=[
            "lesson",
            pk.swap("lesson", "style/tone", {"loud": "SPEAK UP.", "none": None}),
            {"free": "{{ topic }}"},
        ],
        inputs=[{"topic": "sums"}],
        models=lambda text: text,
        cross={"topic": ["sets", "maps"]},
    ).run(progress=False)

    assert len(found.runs) == 8
    assert [str(found.expansion(run)) for run in found.runs] == [run.output for run in found.runs]


def test_what_is_none_is_not_given() -> None:
    compiled = pk.connect(":memory:").compile_text("{{ a }}")

    assert Variant("v", compiled, {"a": None}, "").given(Row("0", {"a": 1})) == {}
