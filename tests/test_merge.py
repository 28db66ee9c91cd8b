"""Merging: changes that do not touch are both taken, and nothing that anybody wrote is ever dropped."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.merge import merge

BASE = "one\ntwo\nthree\nfour\nfive\n"


@pytest.mark.parametrize(
    ("mine", "theirs", "merged"),
    [
        (BASE, BASE, BASE),
        ("other", BASE, "other"),
        (BASE, "other", "other"),
        ("same", "same", "same"),
        ("ONE\ntwo\nthree\nfour\nfive\n", "one\ntwo\nthree\nfour\nFIVE\n", "ONE\ntwo\nthree\nfour\nFIVE\n"),
        ("ONE\ntwo\nTHREE\nfour\nfive\n", "ONE\ntwo\nthree\nfour\nFIVE\n", "ONE\ntwo\nTHREE\nfour\nFIVE\n"),
        ("zero\n" + BASE, BASE + "six\n", "zero\n" + BASE + "six\n"),
        ("two\nthree\nfour\nfive\n", "one\ntwo\nthree\n", "two\nthree\n"),
        ("one\n1.5\ntwo\nthree\nfour\nfive\n", "one\ntwo\nthree\nfive\n", "one\n1.5\ntwo\nthree\nfive\n"),
        ("one\r\ntwo\nthree\nfour\nfive\n", "one\ntwo\nthree\nfour\nfive", "one\r\ntwo\nthree\nfour\nfive"),
    ],
    ids=["none", "mine", "theirs", "same", "apart", "shared", "ends", "removed", "inserted", "line-ends"],
)
def test_changes_apart_from_each_other_are_both_taken(mine: str, theirs: str, merged: str) -> None:
    assert merge(BASE, mine, theirs) == merged
    assert merge(BASE, theirs, mine) == merged


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("ONE\ntwo\nthree\nfour\nfive\n", "Uno\ntwo\nthree\nfour\nfive\n"),
        ("ONE\ntwo\nthree\nfour\nfive\n", "one\nTWO\nthree\nfour\nfive\n"),
        ("a\n" + BASE, "b\n" + BASE),
        (BASE + "a\n", BASE + "b\n"),
        ("one\ntwo\nnew\nthree\nfour\nfive\n", "one\ntwo\nfour\nfive\n"),
        ("one\nthree\nfour\nfive\n", "one\nTWO\nthree\nfour\nfive\n"),
        ("", "one\ntwo\nthree\nfour\nFIVE\n"),
        ("mine", "theirs"),
    ],
    ids=["same-line", "next-line", "start", "end", "in-a-removed-place", "removed", "everything", "replaced"],
)
def test_changes_that_touch_are_not_merged(mine: str, theirs: str) -> None:
    assert merge(BASE, mine, theirs) is None
    assert merge(BASE, theirs, mine) is None


def test_an_empty_base_holds_no_lines_to_tell_changes_apart() -> None:
    assert merge("", "mine", "theirs") is None
    assert merge("", "mine", "") == "mine"


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_every_kind_of_line_end_is_kept(separator: str) -> None:
    base, mine, theirs = (separator.join(text) for text in ("abcde", "Abcde", "abcdE"))
    assert merge(base, mine, theirs) == separator.join("AbcdE")


def test_texts_that_repeat_a_line_thousands_of_times_are_merged_or_not_but_never_in_hours() -> None:
    blank = "\n" * 50_000
    assert merge(f"a\n{blank}b\n", f"A\n{blank}B\n", f"a\n{blank}b\nc\n") is None
    assert merge(f"a\n{blank}b\n", f"A\n{blank}b\n", f"a\n{blank}b\nc\n") == f"A\n{blank}b\nc\n"


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "x"]), max_size=8).map("".join)


@settings(deadline=None)
@given(LINES, LINES, LINES)
def test_the_order_of_the_two_sides_does_not_matter(base: str, mine: str, theirs: str) -> None:
    assert merge(base, mine, theirs) == merge(base, theirs, mine)


@settings(deadline=None)
@given(st.text(), st.text())
def test_one_side_alone_is_taken_as_it_is(base: str, text: str) -> None:
    assert merge(base, text, base) == merge(base, base, text) == merge(base, text, text) == text


@settings(deadline=None)
@given(LINES, LINES, LINES)
def test_what_was_merged_once_is_merged_to_the_same_again(base: str, mine: str, theirs: str) -> None:
    merged = merge(base, mine, theirs)
    if merged is not None:
        assert merge(base, mine, merged) in (merged, None)
        assert merge(mine, merged, mine) == merged


@settings(deadline=None)
@given(st.data())
def test_changes_to_different_lines_of_any_text_are_all_there(data: st.DataObject) -> None:
    base = [f"line {number}\n" for number in range(data.draw(st.integers(1, 12)))]
    mine, theirs, both = list(base), list(base), list(base)
    free = -1
    for number in range(len(base)):
        who = data.draw(st.sampled_from(["nobody", "me", "them"]))
        change = data.draw(st.sampled_from(["", "changed\n", "changed\nand more\n", f"before\n{base[number]}"]))
        if number > free and who != "nobody":
            for lines in (both, mine if who == "me" else theirs):
                lines[number] = change
            free = number + 1
    assert merge("".join(base), "".join(mine), "".join(theirs)) == "".join(both)
