"""The store as a source of texts: what is stored is expanded as it is now, or exactly as it once was."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from prompt_kernel.errors import (
    AmbiguousNameError,
    DamagedTextError,
    DisabledPromptError,
    ExpansionTooLargeError,
    InclusionCycleError,
    MissingVariableError,
    PromptNotFoundError,
    VersionNotFoundError,
)
from prompt_kernel.expansion import Limits, Manifest
from prompt_kernel.records import Draft
from prompt_kernel.store import Store, _source
from prompt_kernel.variables import Declaration
from tests.postgres import on_sqlite

Traced = Callable[[Store], AbstractContextManager[list[str]]]


def test_a_prompt_is_expanded_with_all_that_it_includes(library: Store) -> None:
    expansion = library.expand("review", code="x = 1", tone="formal")
    assert expansion == (
        'Speak in a formal voice.\nBe brief.\nReview this code:\n\n```\nx = 1\n```\nAnswer as JSON: {"answer": "…"}\n'
    )
    assert (expansion.path, expansion.version, expansion.diagnostics) == ("review", 1, ())
    assert [(entry.path, entry.version) for entry in expansion.manifest.entries] == [
        ("review", 1), ("style/base", 1), ("format/json", 1), ("style/tone", 1),
    ]  # fmt: skip
    assert library.expand("review", {"code": "y"}, code="x = 1", tone="formal") == expansion


def test_a_prompt_is_expanded_as_if_it_had_another_text(library: Store) -> None:
    expansion = library.expand_as("style/base", "[[tone]]Be {{ how }}.", how="kind")
    assert expansion == "Speak in a plain voice.\nBe kind."
    assert [(piece.path, piece.version) for piece in expansion.pieces] == [
        ("style/tone", 1), ("style/tone", 1), ("style/tone", 1), ("style/base", None), ("style/base", None),
        ("style/base", None),
    ]  # fmt: skip
    assert library.expand("style/base") == "Speak in a plain voice.\nBe brief.\n"
    with pytest.raises(InclusionCycleError, match="style/base -> review -> style/base"):
        library.expand_as("style/base", "[[review]]", code="x")


def test_what_another_process_has_declared_counts_at_once(library: Store) -> None:
    assert library.expand_as("style/tone", "{{ tone }}") == "plain"
    with Store(library.url) as other:
        other.save("style/tone", "Sound {{ tone }}.", variables={"tone": {"default": "kind"}})
    assert library.expand_as("style/tone", "{{ tone }}") == "kind"


def test_what_a_variable_is_called_by_is_no_hindrance(store: Store) -> None:
    store.save("a", "{{ path }} {{ strict }} {{ self }}")
    assert store.expand("a", {"path": 1, "strict": 2, "self": 3}) == "1 2 3"
    assert store.expand("a", {"strict": 2}, path=1, self=3) == "1 2 3"


def test_a_missing_variable_or_inclusion_stops_a_strict_expansion_and_no_lenient_one(library: Store) -> None:
    with pytest.raises(MissingVariableError):
        library.expand("review")
    lenient = library.expand("review", strict=False)
    assert "{{ code }}" in lenient
    assert [found.code for found in lenient.diagnostics] == ["missing-variable"]
    library.save("broken", "[[nowhere]]")
    with pytest.raises(PromptNotFoundError):
        library.expand("broken")
    assert library.expand("broken", strict=False) == "[[nowhere]]"


def test_an_expansion_is_remembered_for_as_long_as_nothing_changes(library: Store) -> None:
    first = library.expand("style/base")
    assert library.expand("style/base") is first
    library.save("other", "text")
    assert library.expand("style/base") == first
    library.save("style/tone", "New.\n")
    assert library.expand("style/base") == "New.\nBe brief.\n"


def test_pins_and_labels_give_that_version_with_what_it_includes_now(store: Store) -> None:
    store.save("a", "one")
    store.save("b", "[[a@1]] [[a]] [[a@good]]")
    store.label("a", "good")
    store.save("a", "two")
    assert store.expand("b") == "one two one"
    store.label("a", "good", version=2)
    assert store.expand("b") == "one two two"
    store.save("b", "[[a]]")
    assert (store.expand("b@1"), store.expand("b")) == ("one two two", "two")
    store.label("b", "old", version=1)
    assert store.expand("b@old") == "one two two"
    for pinned in ("b@3", "b@nope", "[[a@9]]"):
        with pytest.raises((VersionNotFoundError, PromptNotFoundError)):
            store.expand(pinned)


def test_a_pinned_prompt_may_be_called_by_any_of_its_names(store: Store) -> None:
    store.save("d/a", "one")
    store.save("d/a", "two")
    store.rename("d/a", "d/b")
    store.save("x", "[[b@1]] [[d/b@1]] [[d/a@1]]")
    assert store.expand("x") == "one one one"
    assert (store.expand("b@1"), store.expand("d/a@1")) == ("one", "one")


def test_a_glob_joins_what_it_matches(store: Store) -> None:
    store.save_many([Draft("r/b", "B"), Draft("r/a", "A"), Draft("all", "[[r/*]]"), Draft("r/all", "[[r/*]]!")])
    store.label("r/a", "good")
    assert (store.expand("all"), store.expand("r/all")) == ("A\nA\nB!\nB", "A\nB!")
    store.save("r/c", "C")
    assert store.expand("r/all") == "A\nB\nC!"


def test_a_disabled_prompt_is_expanded_when_it_is_named_itself(store: Store) -> None:
    store.save_many([Draft("off/a", "A"), Draft("off/b", "[[a]]"), Draft("on/a", "[[off/a]]")])
    store.save("off/a", "A2")
    store.update_directory("off", enabled=False)
    assert (store.expand("off/a"), store.expand("off/a@1")) == ("A2", "A")
    assert store.expand("off/b", strict=False) == "[[off/a]]"
    with pytest.raises(DisabledPromptError):
        store.expand("on/a")
    store.delete("on/a", force=True)
    with pytest.raises(DisabledPromptError):
        store.expand("off/b")


def test_what_cannot_be_told_apart_is_refused(store: Store) -> None:
    store.save_many([Draft("x/t", "X"), Draft("y/t", "Y"), Draft("a", "[[t]]")])
    for name in ("t", "a"):
        with pytest.raises(AmbiguousNameError, match=r"'t' could be x/t or y/t\. Write one of these paths\."):
            store.expand(name)
    store.update_directory("y", enabled=False)
    assert (store.expand("a"), store.expand("t")) == ("X", "X")


def test_circles_and_sizes_are_refused_before_anything_is_built(store: Store) -> None:
    store.save_many([Draft("a", "[[b]]"), Draft("b", "[[a]]")])
    with pytest.raises(InclusionCycleError) as caught:
        store.expand("a")
    assert caught.value.chain == ("a", "b", "a")
    store.save_many([Draft("p0", "x"), *(Draft(f"p{n + 1}", f"[[p{n}]][[p{n}]]") for n in range(40))])
    with pytest.raises(ExpansionTooLargeError):
        store.expand("p40")
    with pytest.raises(ExpansionTooLargeError):
        store.expand("p2", limits=Limits(inclusions=3))


def test_a_long_chain_is_read_and_expanded(store: Store) -> None:
    store.save_many([*(Draft(f"p{n}", f"[[p{n + 1}]]") for n in range(3000)), Draft("p3000", "end")])
    assert store.expand("p0") == "end"


def test_a_free_text_is_expanded_as_if_it_stood_in_a_directory(library: Store) -> None:
    assert library.expand_text("[[base]]{{ x }}", directory="style", x=1) == "Speak in a plain voice.\nBe brief.\n1"
    assert library.expand_text("[[nowhere]]", strict=False) == "[[nowhere]]"
    assert library.expand_text("{{ content }}", {"content": "c"}) == "c"


def test_declarations_are_own_and_inherited_in_order_of_first_use(library: Store) -> None:
    declared = library.declarations("review")
    assert list(declared) == ["tone", "code"]
    assert declared["code"] == Declaration("code", description="the code")
    assert declared["tone"].values == ("formal", "plain")
    library.save("loose", "{{ b }}{{ a }}")
    assert library.declarations("loose") == {"b": Declaration("b"), "a": Declaration("a")}
    assert list(library.declarations_in("{{ z }}[[base]]", directory="style")) == ["z", "tone"]


# Exactly as it was


def test_a_manifest_gives_the_same_again_whatever_has_changed_since(library: Store) -> None:
    first = library.expand("review", code="x")
    manifest = Manifest.from_data(first.manifest.as_data())
    library.save("style/tone", "Shout!\n")
    library.rename("style/base", "moved/base")
    library.delete("format/json", force=True)
    library.save("format/json", "none")
    library.update_directory("moved", enabled=False)
    assert library.expand_manifest(manifest, code="x") == first
    assert library.expand_manifest(first.manifest, {"code": "y"}) == first.replace("\nx\n", "\ny\n")


def test_a_manifest_of_a_free_text_holds_the_text(library: Store) -> None:
    first = library.expand_text("[[style/tone]]{{ x }}", x=1)
    library.save("style/tone", "Shout!\n")
    assert library.expand_manifest(first.manifest, x=1) == first == "Speak in a plain voice.\n1"


def test_a_manifest_whose_text_is_another_one_is_refused(library: Store) -> None:
    data = library.expand("format/json").manifest.as_data()
    data["entries"][0]["sha256"] = "0" * 64
    with pytest.raises(DamagedTextError, match="format/json@1 does not match"):
        library.expand_manifest(Manifest.from_data(data))


# Names that lead nowhere


@on_sqlite
def test_what_a_name_may_have_meant_is_looked_up_once(library: Store, traced: Traced) -> None:
    def looked_up(text: str) -> tuple[str, int]:
        with traced(library) as statements:
            diagnostics = library.expand_text(text, strict=False).diagnostics
        return diagnostics[0].message, len([statement for statement in statements if "LIKE" in statement])

    meant_tone = "There is no prompt 'style/tonne'. Did you mean style/tone?"
    assert looked_up("[[style/tonne]]") == (meant_tone, 1)
    assert looked_up("[[style/tonne]] and more, [[style/tonne]]") == (meant_tone, 0)
    library.save("style/base", "other text")
    library.live.open(library["review"].uid, str.encode)
    assert looked_up("[[style/tonne]]") == (meant_tone, 0)
    library.save("style/tonnes", "x")
    meant_both = "There is no prompt 'style/tonne'. Did you mean style/tonnes or style/tone?"
    assert looked_up("[[style/tonne]]") == (meant_both, 1)
    with Store(library.url) as other:
        other.delete("style/tonnes")
    assert looked_up("[[style/tonne]]") == (meant_tone, 1)


def test_not_every_name_that_ever_led_nowhere_is_remembered(library: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_source, "_MOST_NEAR", 2)
    for number in (1, 2, 3, 1, 2):
        with pytest.raises(PromptNotFoundError):
            library.expand_text(f"[[tonne{number}]]")
