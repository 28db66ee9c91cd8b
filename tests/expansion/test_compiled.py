import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel import CompiledPrompt, Store
from prompt_kernel.errors import ExpansionError, PromptNotFoundError
from prompt_kernel.expansion import Expander, SourceText, Texts

FRAGMENTS = ["plain ", "{{ a }}", "[[b]]", "[[c(a='x')]]", "\\[[b]]", "{{ b }} ", "[[d/*]]"]


def compiled(**texts: str | SourceText) -> CompiledPrompt:
    return Expander(Texts({name.replace("__", "/"): text for name, text in texts.items()})).compile("a")


def test_a_compiled_prompt_expands_what_the_store_expanded_whatever_changes_later(library: Store) -> None:
    prompt = library.compile("review")
    before, declared = library.expand("review", code="x = 1"), library.declarations("review")
    library.save("style/tone", "Another text.")
    library.rename("style/base", "style/basis")
    after = prompt.expand(code="x = 1")
    assert (after, after.pieces, after.manifest, after.variables) == (
        before,
        before.pieces,
        before.manifest,
        before.variables,
    )
    assert (prompt.path, prompt.version, prompt.declarations) == ("review", 1, declared)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=8), st.text(max_size=5))
def test_compiled_and_not_a_prompt_expands_to_the_same(parts: list[str], value: str) -> None:
    texts = Texts({"a": "".join(parts), "b": "B{{ a }}[[c]]", "c": "C{{ a }}", "d/x": "1", "d/y": "2{{ b }}"})
    values = {"a": value, "b": "b"}
    expander = Expander(texts)
    expected, found = expander.expand("a", values), expander.compile("a").expand(values)
    assert (found, found.pieces, found.manifest) == (expected, expected.pieces, expected.manifest)


def test_a_compiled_prompt_pickles_copies_and_goes_through_json() -> None:
    prompt = compiled(a="[[b]] {{ n }}", b=SourceText("b", "{% if n %}yes{% endif %}", engine="jinja", uid="b"))
    for again in (
        pickle.loads(pickle.dumps(prompt)),  # noqa: S301 - our own
        copy.deepcopy(prompt),
        CompiledPrompt.from_data(json.loads(json.dumps(prompt.as_data()))),
    ):
        assert (again, hash(again), again.expand(n=1)) == (prompt, hash(prompt), "yes 1")


def test_segments_are_characters_and_holes() -> None:
    assert compiled(a="[[b]]-{{ x }}[[b(x=1)]]", b="<{{ x }}>").segments == ["<", ("x",), ">-", ("x",), "<1>"]
    with pytest.raises(ExpansionError, match="template"):
        _ = compiled(a=SourceText("a", "{{ x }}", engine="jinja")).segments


def test_a_fragment_is_swapped_wherever_it_is_included_and_the_manifest_says_so() -> None:
    prompt = compiled(a="[[style/tone]]|[[b]]", b="([[tone]])", style__tone="T{{ x }}[[style/deep]]", style__deep="D")
    other = Expander(Texts({"warm": "W{{ y }}[[deep]]", "deep": "E"})).compile("warm")
    swapped = prompt.swap("tone", other)
    assert swapped.expand(y=1) == "W1E|(W1E)"
    assert [entry.path for entry in swapped.manifest.entries] == ["a", "warm", "b", "deep"]
    assert swapped.expand(y=1).manifest == swapped.manifest
    assert prompt.expand(x=0) == "T0D|(T0D)"


def test_a_fragment_is_left_out() -> None:
    left = compiled(a="1[[b]]2", b="b[[c]]", c="c").swap("b", None)
    assert (left.expand(), [entry.path for entry in left.manifest.entries]) == ("12", ["a"])
    template = SourceText("a", "{% if 1 %}1[[b]]2{% endif %}", engine="jinja")
    assert compiled(a=template, b="b").swap("b", None).expand() == "12"


def test_an_alternative_may_include_what_it_stands_for() -> None:
    prompt = compiled(a="[[b]]", b="b")
    louder = Expander(Texts({"loud": "[[b]]!", "b": "b"})).compile("loud")
    assert prompt.swap("b", louder).expand() == "b!"


def test_what_cannot_be_swapped_is_an_error_that_says_why() -> None:
    prompt = compiled(a="[[b]]", b="[[c]]", c="c")
    with pytest.raises(PromptNotFoundError, match="nothing"):
        prompt.swap("nothing", None)
    around = Expander(Texts({"x": "[[b]]", "b": "[[c]]", "c": "c"})).compile("x")
    with pytest.raises(ExpansionError, match="b is included by what is swapped in as well"):
        prompt.swap("c", around)
