"""Which text a name means: in a plain dict, in `Texts`, and what only a store knows of renamed and disabled ones."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel.errors import (
    AmbiguousNameError,
    DisabledPromptError,
    PromptNotFoundError,
    VersionNotFoundError,
)
from prompt_kernel.expansion import Expander, SourceText, Texts, choose, find, matching, split_pin
from prompt_kernel.names import key_of, shortest_names
from prompt_kernel.store import Store

SEGMENT = st.text(st.sampled_from("abcAé"), min_size=1, max_size=2)
PATHS = st.lists(st.lists(SEGMENT, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8, unique_by=key_of)


@settings(max_examples=300, deadline=None)
@given(PATHS)
def test_every_display_name_finds_its_prompt(paths: list[str]) -> None:
    texts = Texts({path: f"<{path}>" for path in paths})

    for path, name in shortest_names(paths).items():
        for spelled in (name, path, name.swapcase(), unicodedata.normalize("NFD", name)):
            assert pk.expand(f"[[{spelled}]]", texts) == f"<{path}>"


@settings(max_examples=300, deadline=None)
@given(PATHS, SEGMENT)
def test_a_glob_gives_a_directory_in_order(paths: list[str], directory: str) -> None:
    expected = sorted(
        (path for path in paths if key_of(path).startswith(key_of(directory) + "/") and path.count("/") == 1),
        key=key_of,
    )
    expanded = pk.expand(f"[[{directory}/*]]", {path: path for path in paths}, strict=False)

    assert expanded == ("\n".join(expected) if expected else f"[[{directory}/*]]")


@pytest.mark.parametrize(
    ("pattern", "directory", "expected"),
    [
        ("d/*", "", ["d/A", "d/b", "d/c.x"]),
        ("d/*", "e", ["d/A", "d/b", "d/c.x"]),
        ("D/*B*", "", ["d/b"]),
        ("d/*.x", "", ["d/c.x"]),
        ("d/*", "d", ["d/A", "d/b", "d/c.x"]),
        ("f/*", "", []),
        ("f/*", "d", ["d/f/g", "d/f/h"]),
        ("d/f/*", "x", ["d/f/g", "d/f/h"]),
        ("e/*", "", []),
    ],
)
def test_a_pattern_matches_names_of_one_directory(pattern: str, directory: str, expected: list[str]) -> None:
    paths = ["d/f/h", "d/c.x", "d/b", "d/A", "d", "d/f/g", "top"]

    assert matching(pattern, directory, paths) == expected
    assert matching(pattern, directory, paths[::-1]) == expected


def test_the_nearest_of_several_is_chosen() -> None:
    paths = {key_of(path): path for path in ("tone", "a/tone", "a/b/tone", "c/b/tone")}

    assert [choose("tone", directory, paths) for directory in ("", "a", "c/b", "x")] == ["tone"] * 4
    assert choose("b/tone", "a", paths) == "a/b/tone"
    assert choose("B/Tone", "c", paths) == "c/b/tone"
    assert choose("a/tone", "", {"x/a/tone": "x/a/tone"}) == "x/a/tone"
    assert choose("zz/tone", "", paths) is None
    with pytest.raises(AmbiguousNameError) as caught:
        choose("b/tone", "", paths)
    assert caught.value.candidates == ("a/b/tone", "c/b/tone")


# Pins


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", ("a", None)),
        ("a/b@3", ("a/b", 3)),
        ("a@003", ("a", 3)),
        ("a@production", ("a", "production")),
        ("a@", ("a", "")),
        ("a@3@4", ("a", "3@4")),
        ("a@²", ("a", "²")),
        ("a@٣", ("a", "٣")),
        ("a@999999999", ("a", 999_999_999)),
        # No database could hold these, and Python would not even read the last one.
        ("a@9999999999", ("a", "9999999999")),
        ("a@" + "9" * 5_000, ("a", "9" * 5_000)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_pin_is_a_number_or_a_label(path: str, expected: tuple[str, object]) -> None:
    assert split_pin(path) == expected


def test_a_pin_too_long_for_a_version_is_one_that_is_not_there(store: Store) -> None:
    store.save("a", "A")

    for pin in ("9" * 20, "9" * 5_000):
        with pytest.raises(VersionNotFoundError):
            store.expand(f"a@{pin}")


def test_a_dict_may_hold_pinned_texts_only() -> None:
    texts = Texts({"d/a@3": "third", "d/a@live": "live", "b": "[[a@3]]"})

    assert pk.expand("[[d/a@3]] [[a@live]] [[A@003]] [[b]]", texts) == "third live third third"
    assert (find(texts, "a@3").path, find(texts, "a@3").version, find(texts, "a@live").version) == ("d/a", 3, None)
    with pytest.raises(PromptNotFoundError, match="There is no prompt 'a'"):
        pk.expand("[[a]]", texts)
    with pytest.raises(PromptNotFoundError):
        pk.expand("[[d/a]]", texts)


def test_the_versions_of_one_prompt_are_not_those_of_another() -> None:
    texts = {"a": "A", "a@1": "A1", "a@live": "AL", "xa": "X", "xa@3": "X3", "b/a@5": "B5"}

    with pytest.raises(VersionNotFoundError) as caught:
        pk.expand("[[a@7]]", texts)
    assert (caught.value.path, caught.value.pin, caught.value.available) == ("a", 7, ("1", "live"))
    assert str(caught.value) == "a has no version 7. It has 1, live.\n  text, line 1\n    [[a@7]]\n    ^^^^^^^"


def test_what_only_looks_like_a_version_is_a_label() -> None:
    texts = Texts({"a": "A", "a@²": "squared", "a@٣": "three"})

    assert [find(texts, path).version for path in ("a", "a@²", "a@٣")] == [None, None, None]
    assert find(texts, "a@²").text == "squared"


def test_a_pinned_text_is_another_than_the_newest() -> None:
    texts = {"a": "new, was: [[a@1]]", "a@1": "old, was: [[a@0]]", "a@0": "oldest"}

    assert pk.expand("[[a]]", texts) == "new, was: old, was: oldest"


def test_a_glob_leaves_pinned_texts_out() -> None:
    texts = {"d/a": "A", "d/a@1": "A1", "d/b@1": "B1"}

    assert pk.expand("[[d/*]]|[[d/*@1]]", texts) == "A|A1"


# Texts


def test_texts_behave_like_a_dict_of_strings() -> None:
    texts = Texts({"a": "A", "b": SourceText("b", "{{ x }}", engine="plain")})
    texts["c"] = "[[b]]"
    before = texts.revision

    assert dict(texts) == {"a": "A", "b": "{{ x }}", "c": "[[b]]"}
    assert ("a" in texts, "z" in texts, len(texts), list(texts)) == (True, False, 3, ["a", "b", "c"])
    assert pk.expand("[[c]]", texts) == "{{ x }}"
    assert texts.pop("b") == "{{ x }}"
    assert texts.revision > before
    with pytest.raises(PromptNotFoundError):
        pk.expand("[[c]]", texts)
    with pytest.raises(KeyError):
        del texts["b"]


def test_texts_are_found_by_name_after_a_change() -> None:
    texts = Texts({"d/a": "A"})
    first = pk.expand("[[a]]", texts)
    texts["e/b"] = "B"

    assert (first, pk.expand("[[b]]", texts)) == ("A", "B")


def test_texts_are_copied_from_what_they_are_made_of() -> None:
    given = {"a": "A"}
    texts = Texts(given)
    given["a"] = "changed"

    assert texts["a"] == "A"


def test_two_spellings_of_one_path_are_ambiguous_unless_exact() -> None:
    for texts in ({"Tone": "1", "tone": "2"}, {"tone": "2", "Tone": "1"}):
        assert pk.expand("[[Tone]][[tone]]", texts) == "12"
        with pytest.raises(AmbiguousNameError, match="'TONE' could be Tone or tone"):
            pk.expand("[[TONE]]", texts)


def test_a_free_text_has_siblings_where_it_is_said_to_stand() -> None:
    expander = Expander(Texts({"a/x": "AX", "b/x": "BX", "b/sub/y": "Y"}))

    assert expander.expand_text(SourceText("", "[[x]] [[sub/y]]", directory="b")) == "BX Y"
    with pytest.raises(AmbiguousNameError):
        expander.expand_text(SourceText("", "[[x]]"))


@pytest.mark.parametrize(
    ("wanted", "suggestions"),
    [("tones", ("style/tone",)), ("ton", ("style/tone",)), ("formats/jsn", ("format/json",)), ("qqq", ())],
)
def test_near_names_are_suggested(wanted: str, suggestions: tuple[str, ...], library: Store) -> None:
    texts = dict.fromkeys(library, "") | {"style/tone@3": ""}

    for source in (texts, library):
        with pytest.raises(PromptNotFoundError) as caught:
            pk.expand(f"a\n[[{wanted}]]", source)
        meant = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
        carets = "^" * (len(wanted) + 4)
        assert caught.value.suggestions == suggestions
        assert str(caught.value) == (
            f"There is no prompt {wanted!r}.{meant}\n  text, line 2\n    [[{wanted}]]\n    {carets}"
        )


# Code


def test_a_quoted_inclusion_that_would_be_found_is_remarked_on(make_world: Callable[..., Any]) -> None:
    world = make_world({"d/a": "A", "d/a@1": "old", "uses": "x\n`[[d/a]]`", "e/b": "", "f/b": ""})
    expanded = world.expand("[[uses]] `[[a@1]]` `[[zz]]` `[[a@9]]` `[[b]]` `[[d/*]]`", strict=True)

    assert expanded == "x\n`[[d/a]]` `[[a@1]]` `[[zz]]` `[[a@9]]` `[[b]]` `[[d/*]]`"
    assert [(found.severity, found.code, found.path, found.line) for found in expanded.diagnostics] == [
        ("info", "quoted-inclusion", "", 1),
        ("info", "quoted-inclusion", "uses", 2),
    ]
    assert str(expanded.diagnostics[1]) == (
        "info: [[d/a]] is text here, because it stands in code; write ![[d/a]] to include it"
        "\n  uses, line 2\n    `[[d/a]]`\n     ^^^^^^^"
    )


# What only a store knows


def test_a_renamed_prompt_is_found_with_a_remark(store: Store) -> None:
    store.save("style/tone", "T")
    store.save("other/voice", "V")
    store.rename("style/tone", "style/monotone")
    for text in ("[[style/tone]]", "![[style/tone@1]]"):
        expanded = store.expand_text(text)
        assert expanded == "T"
        assert [(found.severity, found.code, found.message) for found in expanded.diagnostics] == [
            ("info", "redirected", "style/tone was renamed to style/monotone")
        ]
    assert store.expand_text("[[tone]]", directory="style") == "T"
    assert store.expand_text("[[monotone]] [[style/monotone]] [[STYLE/MonoTone]]").diagnostics == ()


def test_a_glob_is_never_a_redirect(store: Store) -> None:
    store.save("style/tone", "T")

    assert store.expand_text("[[style/*]] [[STYLE/*e]]").diagnostics == ()


def test_prompts_of_a_disabled_directory_do_not_resolve(store: Store) -> None:
    store.save("old/tone", "old")
    store.save("old/uses", "[[tone]]")
    store.save("new/tone", "new")
    store.save("only", "[[old/tone]]")
    store.update_directory("old", enabled=False)

    assert store.expand_text("[[tone]]") == "new"
    assert store.expand("old/tone") == "old"
    assert store.expand_text("[[old/*]]", strict=False) == "[[old/*]]"
    with pytest.raises(DisabledPromptError) as caught:
        store.expand("only")
    assert str(caught.value) == (
        "old/tone is in a disabled directory, so 'old/tone' does not resolve. Enable the directory."
        "\n  only@1, line 1\n    [[old/tone]]\n    ^^^^^^^^^^^^"
    )
    lenient = store.expand("only", strict=False)
    assert (lenient, [found.code for found in lenient.diagnostics]) == ("[[old/tone]]", ["not-found"])
