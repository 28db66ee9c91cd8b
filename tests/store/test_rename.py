"""Renaming and moving: whatever mentioned a prompt before mentions it afterwards, and nothing else is touched."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import (
    DirectoryNotFoundError,
    InvalidPathError,
    PathTakenError,
    PromptKernelError,
    PromptNotFoundError,
)
from prompt_kernel.records import Draft
from prompt_kernel.store import Store


def fill(store: Store, texts: Mapping[str, str]) -> None:
    """Save all of `texts` at once."""
    store.save_many(Draft(path, text) for path, text in texts.items())


def texts(store: Store) -> dict[str, str]:
    """Return every text by its path."""
    return {path: store[path].text for path in store}


# Rewriting


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[[style/tone]]", "[[voice/sound]]"),
        ("[[tone]]", "[[sound]]"),
        ("[[Style/TONE]]", "[[voice/sound]]"),
        ("![[tone]]", "![[sound]]"),
        ("[[tone@3]][[style/tone@good]]", "[[sound@3]][[voice/sound@good]]"),
        ("[[tone(a=1, b='[[x]]')]]", "[[sound(a=1, b='[[x]]')]]"),
        ('[[tone@good( a = "\\"" )]]', '[[sound@good( a = "\\"" )]]'),
        ("[[tone]] [[tone]]\n[[style/tone]]", "[[sound]] [[sound]]\n[[voice/sound]]"),
        ("a\r\n[[tone]]\ufeff\t\u2028", "a\r\n[[sound]]\ufeff\t\u2028"),
        ("```\n![[tone]] [[tone]]\n```", "```\n![[sound]] [[tone]]\n```"),
        ("\\[[tone]] [[tone]]", "\\[[tone]] [[sound]]"),
        ("`[[tone]]` {{ tone }} [[ tone ]]", "`[[tone]]` {{ tone }} [[ tone ]]"),
        ("[[style/*]] [[other]]", "[[style/*]] [[other]]"),
    ],
)  # fmt: skip
def test_every_spelling_is_rewritten_and_all_else_is_kept(store: Store, before: str, after: str) -> None:
    fill(store, {"style/tone": "T", "style/other": "O", "a": before})
    assert store.rename("style/tone", "voice/sound") == (["a"] if before != after else [])
    assert texts(store) == {"a": after, "style/other": "O", "voice/sound": "T"}
    assert store["a"].version == 1 + (before != after)


def test_every_referrer_is_rewritten_as_a_new_version_that_says_why(store: Store) -> None:
    fill(store, {"a": "A", "d/b": "[[a]]", "c": "[[a]] [[d/b]]"})
    store.label("c", "good")
    rewritten = store.rename("a", "x")
    assert (rewritten, rewritten.title) == (["c", "d/b"], "Rewritten for x")
    assert [(version.number, version.text, version.message) for version in store.history("c")] == [
        (2, "[[x]] [[d/b]]", "a is now x"),
        (1, "[[a]] [[d/b]]", ""),
    ]
    assert (store["c"].labels, store["x"].version) == ({"good": 1}, 1)
    assert (store.expand("c"), store.expand("c@1")) == ("A A", "A A")
    assert sorted(hit.path for hit in store.search("x")) == ["c", "d/b", "x"]


def test_what_is_included_by_nobody_is_just_moved(store: Store) -> None:
    first = store.save("a", "text", tags=["t"], description="d")
    store.label("a", "good")
    assert store.rename("a", "d/b") == []
    moved = store["d/b"]
    assert (moved.uid, moved.version, moved.tags, moved.labels) == (first.uid, 1, ("t",), {"good": 1})
    assert [directory.path for directory in store.directories()] == ["d"]
    assert [hit.path for hit in store.search("b")] == ["d/b"]


def test_a_short_name_stays_short_unless_it_would_mean_something_else(store: Store) -> None:
    fill(store, {"x/tone": "X", "y/sound": "Y", "a": "[[tone]]", "y/b": "[[tone]]"})
    store.rename("x/tone", "x/sound")
    assert (store["a"].text, store["y/b"].text) == ("[[x/sound]]", "[[x/sound]]")
    assert (store.expand("a"), store.expand("y/b")) == ("X", "X")


def test_a_short_name_that_still_fits_is_left_alone(store: Store) -> None:
    fill(store, {"x/tone": "X", "a": "[[tone]]", "b": "[[x/tone]]"})
    assert store.rename("x/tone", "y/z/tone") == ["b"]
    assert (store["a"].text, store["b"].text) == ("[[tone]]", "[[y/z/tone]]")


def test_a_moved_prompt_takes_its_siblings_along_by_name(store: Store) -> None:
    fill(store, {"d/a": "[[b]] [[c]] [[d/c]] [[gone]]", "d/b": "B", "d/c": "C", "e/c": "E"})
    assert store.rename("d/a", "e/a") == ["e/a"]
    assert store["e/a"].text == "[[b]] [[d/c]] [[d/c]] [[gone]]"
    assert store.expand("e/a", strict=False) == "B C C [[gone]]"


def test_a_moved_prompt_takes_the_globs_of_its_directory_along(store: Store) -> None:
    fill(store, {"d/rules/one": "1", "d/rules/two": "2", "d/a": "[[rules/*]] [[d/rules/t*@1]] [[none/*]]"})
    store.rename("d/a", "d/b")
    assert store["d/b"].text == "[[rules/*]] [[d/rules/t*@1]] [[none/*]]"
    assert store.rename("d/b", "e/a") == ["e/a"]
    assert store["e/a"].text == "[[d/rules/*]] [[d/rules/t*@1]] [[none/*]]"
    assert store.expand("e/a", strict=False) == "1\n2 2 [[none/*]]"


def test_what_includes_itself_follows_its_own_name(store: Store) -> None:
    store.save("a", "[[a]]")
    assert store.rename("a", "b") == ["b"]
    assert store["b"].text == "[[b]]"


def test_a_referrer_in_the_trash_finds_the_prompt_by_its_former_path(store: Store) -> None:
    fill(store, {"a": "A", "b": "[[a]]"})
    store.delete("b")
    assert store.rename("a", "c") == []
    store.recover("b")
    assert (store["b"].text, store.expand("b"), store.includes("b")[0].target) == ("[[a]]", "A", "c")


def test_a_reference_by_a_former_path_is_rewritten_too(store: Store) -> None:
    fill(store, {"a": "A"})
    store.rename("a", "b")
    store.save("x", "[[a]]")
    assert store.rename("b", "c") == ["x"]
    assert (store["x"].text, store.expand("x")) == ("[[c]]", "A")


# Paths


def test_a_taken_path_is_refused_and_nothing_is_changed(store: Store, dump: Callable[[Store], dict[str, Any]]) -> None:
    fill(store, {"a": "A", "b": "[[a]]", "d/c": "C"})
    before = dump(store)
    with pytest.raises(PathTakenError) as caught:
        store.rename("a", "b")
    assert str(caught.value) == "b exists already. Choose another path, or rename the other one first."
    with pytest.raises(PathTakenError, match=r"D/C is too close to d/c, which exists\. Choose another path"):
        store.rename("a", "D/C")
    with pytest.raises(InvalidPathError):
        store.rename("a", "a//b")
    with pytest.raises(PromptNotFoundError):
        store.rename("missing", "x")
    assert dump(store) == before


def test_a_prompt_can_be_renamed_to_another_case_of_itself(store: Store) -> None:
    fill(store, {"style/tone": "T", "a": "[[style/tone]]"})
    store.rename("style/tone", "Style/TONE")
    assert (list(store), store.expand("a"), store["tone"].path) == (["a", "Style/TONE"], "T", "Style/TONE")
    assert store.rename("style/tone", "Style/TONE") == []


def test_a_path_in_the_trash_is_free(store: Store) -> None:
    fill(store, {"a": "A", "b": "B"})
    store.delete("a")
    store.rename("b", "a")
    assert (store["a"].text, store.trash()[0].path) == ("B", "a")


def test_two_prompts_swap_their_names_by_a_third(store: Store) -> None:
    fill(store, {"a": "A", "b": "B", "x": "[[a]] [[b]] [[a@1]]"})
    store.rename("a", "t")
    store.rename("b", "a")
    store.rename("t", "b")
    assert texts(store) == {"a": "B", "b": "A", "x": "[[b]] [[a]] [[b@1]]"}
    assert store.expand("x") == "A B A"
    assert (store["t"].path, store["a"].text) == ("b", "B")


def test_a_chain_of_former_paths_leads_to_the_prompt(store: Store) -> None:
    store.save("a", "text")
    for old, new in (("a", "b"), ("b", "d/c"), ("c", "e")):
        store.rename(old, new)
    assert [store[name].path for name in ("a", "b", "d/c", "e")] == ["e"] * 4
    store.rename("e", "a")
    assert [store[name].path for name in ("a", "b", "d/c", "e")] == ["a"] * 4


def test_a_move_into_a_disabled_directory_switches_the_prompt_off(store: Store) -> None:
    fill(store, {"a": "A", "b": "[[a]]", "off/x": "X"})
    store.update_directory("off", enabled=False)
    store.rename("a", "off/a")
    assert (store["b"].text, store["off/a"].enabled, store.includes("b")[0].target) == ("[[off/a]]", False, None)
    store.rename("off/a", "a")
    assert (store["a"].enabled, store["b"].text) == (True, "[[off/a]]")
    assert store.expand("b") == "A"


# Directories


def test_a_renamed_directory_moves_with_all_that_is_in_it(store: Store) -> None:
    fill(
        store, {"d/a": "[[b]]", "d/b": "B", "d/e/c": "[[d/a]]", "x": "[[d/e/c]] [[c]] [[d/*]] [[d/e/c*]]", "dd/y": "."}
    )
    store.update_directory("d/e", description="kept")
    assert store.rename_directory("d", "n/m") == ["n/m/e/c", "x"]
    assert texts(store) == {
        "dd/y": ".",
        "n/m/a": "[[b]]",
        "n/m/b": "B",
        "n/m/e/c": "[[n/m/a]]",
        "x": "[[n/m/e/c]] [[c]] [[n/m/*]] [[n/m/e/c*]]",
    }
    assert [(found.path, found.description, found.prompts) for found in store.directories()] == [
        ("dd", "", 1), ("n", "", 3), ("n/m", "", 3), ("n/m/e", "kept", 1),
    ]  # fmt: skip
    assert store.expand("x") == "B B B\nB B"
    assert (store["d/a"].path, store["d/e/c"].path) == ("n/m/a", "n/m/e/c")


def test_a_glob_spelled_from_its_own_directory_stays_so(store: Store) -> None:
    fill(store, {"d/rules/one": "1", "d/a": "[[rules/*]]", "d/rules/all": "[[d/rules/*]]"})
    store.rename_directory("d/rules", "d/laws")
    assert (store["d/a"].text, store["d/laws/all"].text) == ("[[laws/*]]", "[[d/laws/*]]")
    store.rename_directory("d", "e")
    assert (store["e/a"].text, store["e/laws/all"].text) == ("[[laws/*]]", "[[e/laws/*]]")
    assert (store.expand("e/a"), store.expand("e/laws/all")) == ("1\n1", "1")


def test_a_glob_is_spelled_in_full_where_another_directory_would_be_found_first(store: Store) -> None:
    fill(store, {"d/rules/one": "1", "d/a": "[[rules/*]]", "laws/other": "wrong"})
    store.rename_directory("d/rules", "d/laws")
    assert (store["d/a"].text, store.expand("d/a")) == ("[[d/laws/*]]", "1")


def test_two_directories_become_one(store: Store) -> None:
    fill(store, {"a/x": "X", "b/y": "Y"})
    store.update_directory("a", description="gone")
    store.update_directory("b", description="kept", enabled=False)
    store.rename_directory("a", "b")
    assert [(found.path, found.description, found.prompts) for found in store.directories()] == [("b", "kept", 2)]
    assert [store[path].enabled for path in store] == [False, False]


def test_a_clash_between_two_directories_changes_nothing(store: Store, dump: Callable[[Store], dict[str, Any]]) -> None:
    fill(store, {"a/x": "X", "a/y": "Y", "b/Y": "Z"})
    before = dump(store)
    with pytest.raises(PathTakenError, match="b/y is too close to b/Y, which exists"):
        store.rename_directory("a", "b")
    with pytest.raises(PathTakenError, match="a/b is too close to a, which exists"):
        store.rename_directory("a", "a/b")
    with pytest.raises(DirectoryNotFoundError, match=r"There is no directory 'missing'\."):
        store.rename_directory("missing", "c")
    with pytest.raises(InvalidPathError):
        store.rename_directory("a", "")
    assert dump(store) == before


def test_a_directory_can_move_to_its_own_parent_and_change_its_case(store: Store) -> None:
    fill(store, {"a/b/x": "X", "a/b/c/y": "Y", "r": "[[a/b/x]] [[a/b/c/y]]"})
    store.rename_directory("a/b", "a")
    assert texts(store) == {"a/c/y": "Y", "a/x": "X", "r": "[[a/x]] [[a/c/y]]"}
    store.rename_directory("a", "A")
    assert list(store) == ["A/c/y", "A/x", "r"]
    assert [found.path for found in store.directories()] == ["A", "A/c"]
    assert store.expand("r") == "X Y"


def test_the_top_is_no_directory_to_be_renamed(store: Store) -> None:
    store.save_many([Draft("a/x", "x"), Draft("gone/y", "y")])
    with pytest.raises(DirectoryNotFoundError):
        store.rename_directory("", "gone")
    assert list(store) == ["a/x", "gone/y"]


def test_a_directory_is_moved_however_it_is_spelled(store: Store) -> None:
    fill(store, {"straße/x": "X", "strasse/y": "Y"})
    store.rename_directory("STRASSE", "road")
    assert list(store) == ["road/x", "road/y"]
    assert [(found.path, found.prompts) for found in store.directories()] == [("road", 2)]


def test_an_empty_directory_is_moved_with_those_that_it_comes_to_lie_in(store: Store) -> None:
    store.add_directory("a", description="kept")
    store.rename_directory("a", "x/y")
    assert [(found.path, found.description) for found in store.directories()] == [("x", ""), ("x/y", "kept")]


# Always

_NAMES = ["a", "b", "d/a", "d/b", "d/e/f", "g/f"]
_PLACES = ["a", "c", "d/a", "d/c", "d/e/a", "g/f", "g/h", "h"]
_spelled = st.sampled_from([*_NAMES, "f", "e/f"])
_worlds = st.dictionaries(
    st.sampled_from(_NAMES),
    st.lists(_spelled, max_size=3).map(lambda names: " ".join(f"[[{name}]]" for name in names)),
    min_size=2,
)


def meaning(store: Store) -> dict[str, list[str | None]]:
    """Return what each prompt includes, all by uid: what a rename must not change."""
    return {
        store[path].uid: [found.target and store[found.target].uid for found in store.includes(path)] for path in store
    }


@settings(max_examples=80, deadline=None)
@given(_worlds, st.data())
def test_a_rename_leaves_every_inclusion_of_and_in_the_moved_prompt_leading_where_it_led(
    world: dict[str, str], data: st.DataObject
) -> None:
    with Store(":memory:") as store:
        fill(store, world)
        for _ in range(3):
            old, new = data.draw(st.sampled_from(list(store))), data.draw(st.sampled_from(_PLACES))
            before, moved = meaning(store), store[old].uid
            try:
                store.rename(old, new)
            except PathTakenError:
                continue
            after = meaning(store)
            for uid, targets in before.items():
                kept = {target for target in targets if target == moved or (uid == moved and target)}
                assert kept <= set(after[uid])
            assert store[new].uid == moved


_CHARACTERS = st.text("abc \n`\\[]{}!*@", max_size=12)


@st.composite
def _mentioning(draw: st.DrawFn) -> str:
    """Return a text that mentions prompts in every way, between anything else."""
    pieces: list[str] = []
    for name in draw(st.lists(st.sampled_from(["one", "x/one", "two", "y/two", "x/y/three", "y/three", "three"]))):
        tail = draw(st.sampled_from(["", "@2", "@good", "(n=1)", "@1(n='[[one]]', m=\"x\")"]))
        pieces += [draw(_CHARACTERS), draw(st.sampled_from(["", "!", "\\"])), f"[[{name}{tail}]]"]
    return "".join(pieces) + draw(_CHARACTERS)


@settings(max_examples=60, deadline=None)
@given(_mentioning(), st.sampled_from(["x/one", "y/two", "x/y/three"]))
def test_there_and_back_restores_every_text(text: str, path: str) -> None:
    world = {"x/one": text, "y/two": "[[one]]" + text, "x/y/three": text, "z/four": text}
    away = "/".join(["away"] * path.count("/") + ["other"])
    with Store(":memory:") as store:
        fill(store, world)
        before = meaning(store)
        store.rename(path, away)
        assert meaning(store) == before
        store.rename(away, path)
        assert texts(store) == world


@settings(max_examples=40, deadline=None)
@given(_mentioning(), st.sampled_from([("x", "away"), ("x/y", "x/away"), ("y", "away")]))
def test_a_directory_there_and_back_restores_every_text(text: str, move: tuple[str, str]) -> None:
    world = {"x/one": text + "[[y/*]]", "y/two": "[[x/y/*]]" + text, "x/y/three": text, "z/four": "[[x/t*]]" + text}
    old, new = move
    with Store(":memory:") as store:
        fill(store, world)
        before = meaning(store)
        store.rename_directory(old, new)
        assert meaning(store) == before
        store.rename_directory(new, old)
        assert texts(store) == world


@settings(max_examples=40, deadline=None)
@given(_worlds, st.sampled_from([("d", "g"), ("d", "z"), ("d/e", "z/e"), ("g", "d/e"), ("d/e", "d")]))
def test_whatever_happens_to_a_directory_its_references_are_right(world: dict[str, str], move: tuple[str, str]) -> None:
    with Store(":memory:") as store:
        fill(store, world)
        before, moved = meaning(store), {store[path].uid for path in store if path.startswith(move[0] + "/")}
        try:
            store.rename_directory(*move)
        except PromptKernelError:
            assert texts(store) == world
            return
        after = meaning(store)
        for uid, targets in before.items():
            kept = {target for target in targets if target in moved or (uid in moved and target)}
            assert kept <= set(after[uid])
