"""Find and replace: what is shown is what is done, all of it or nothing, and one word takes it back."""

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.errors import (
    ConflictError,
    InvalidMetadataError,
    InvalidTextError,
    MissingExtraError,
    NotFoundError,
    ReadOnlyStoreError,
)
from prompt_kernel.records import Draft, Replaced, Replacement
from prompt_kernel.store import Store, _pattern, _rows

Dump = Callable[[Store], dict[str, Any]]


@pytest.fixture
def colours(store: Store) -> Store:
    """Give a few prompts that speak of colours."""
    store.save_many([
        Draft("a", "The colour of COLOUR.\n"),
        Draft("b/one", "Colour [[a]]\n", tags=("style",)),
        Draft("b/two", "nothing\n"),
        Draft("c", "A (colour).\n", tags=("style",)),
    ])  # fmt: skip
    return store


def texts(store: Store) -> list[str]:
    """Return the texts of all prompts, by path."""
    return [store[path].text for path in store]


# Before it is done


def test_what_would_change_is_shown_and_nothing_is_changed(colours: Store, dump: Dump) -> None:
    before = dump(colours), colours.changes()
    assert colours.replacements("colour", "color") == [
        Replacement("a", 1, 2, "The colour of COLOUR.\n", "The color of color.\n"),
        Replacement("b/one", 1, 1, "Colour [[a]]\n", "color [[a]]\n"),
        Replacement("c", 1, 1, "A (colour).\n", "A (color).\n"),
    ]
    assert (dump(colours), colours.changes()) == before


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"case": True}, ["a", "c"]),
        ({"directory": "B"}, ["b/one"]),
        ({"tag": "style"}, ["b/one", "c"]),
        ({"paths": ["C", "nowhere", "a"]}, ["a", "c"]),
        ({"paths": ["a", "c"], "tag": "style"}, ["c"]),
        ({"paths": []}, []),
        ({"limit": 2}, ["a", "b/one"]),
    ],
)
def test_it_is_looked_for_where_one_says(colours: Store, options: dict[str, Any], found: list[str]) -> None:
    assert [change.path for change in colours.replacements("colour", "color", **options)] == found
    assert list(colours.replace("colour", "color", **options).paths) == found


@pytest.mark.parametrize(
    ("find", "replacement", "text", "after"),
    [
        ("a.c", "$1$&\\1\\n", "a.c abc", "$1$&\\1\\n abc"),
        ("[[x]]", "[[y/x]]", "[[x]] [[x]]", "[[y/x]] [[y/x]]"),
        ("É", "e", "é É", "e e"),
        ("😀", "", "a😀b", "ab"),
        ("\r\n", "\n", "a\r\nb\n", "a\nb\n"),
    ],
)
def test_without_an_expression_everything_is_literal(
    store: Store, find: str, replacement: str, text: str, after: str
) -> None:
    store.save("a", text)
    assert [change.after for change in store.replacements(find, replacement)] == [after]


@pytest.mark.parametrize(
    ("find", "replacement", "text", "after"),
    [
        (r"(\w)(\d)", "$2$1", "a1 b2", "1a 2b"),
        (r"(?<letter>\w)(?P<digit>\d)", "$<digit>$<letter>", "a1", "1a"),
        (r"\d", "<$&>", "a1", "a<1>"),
        (r"\d", "$$&$$", "a1", "a$&$"),
        (r"(\d)", "$1$10$01", "a1", "a1101"),
        (r"\d", "$1 $<x> $ $x", "a1", "a$1 $<x> $ $x"),
        (r"(a)|(b)", "[$1$2]", "ab", "[a][b]"),
        (r"\d", "\\1\\g<0>", "a1", "a\\1\\g<0>"),
        ("^", "> ", "a\nb", "> a\n> b"),
        ("b$", "c", "ab\nab", "ac\nac"),
        (r"\p{Lu}", "x", "aÉ", "xx"),
        ("É", "e", "é", "e"),
        (r"a\nb", "c", "a\nb", "c"),
    ],
)
def test_an_expression_and_its_replacement_are_as_in_the_editor(
    store: Store, find: str, replacement: str, text: str, after: str
) -> None:
    store.save("a", text)
    assert [change.after for change in store.replacements(find, replacement, regex=True)] == [after]


def test_an_expression_can_tell_capitals(store: Store) -> None:
    store.save("a", "a A")
    assert store.replacements("A", "b", regex=True, case=True)[0].after == "a b"


@given(text=st.text("aAb.$(\n", max_size=20), find=st.text("aAb.$(\n", min_size=1, max_size=3), new=st.text("x$\\1&"))
def test_a_literal_replacement_is_that_of_a_str(text: str, find: str, new: str) -> None:
    replace = _pattern.replacer(find, new, regex=False, case=True)
    assert replace("a", text) == (text.replace(find, new), text.count(find))


@pytest.mark.parametrize(
    ("find", "problem"),
    [
        ("", "find: write what to look for."),
        ("(", "find: this is no regular expression: missing ) at position 1."),
        (r"\p{Nothing}", "find: this is no regular expression: unknown property at position 11."),
        (
            "(?:(?:a{1000}){1000}){1000}",
            "find: this expression is too large; write a shorter one, with smaller counts.",
        ),
        ("a" * 1001, "find: this expression is too large; write a shorter one, with smaller counts."),
        ("(?:" * 330, "find: this expression is too large; write a shorter one, with smaller counts."),
    ],
)
def test_an_expression_that_makes_no_sense_is_a_sentence(store: Store, find: str, problem: str) -> None:
    for verb in (store.replacements, store.replace):
        with pytest.raises(InvalidMetadataError) as caught:
            verb(find, "x", regex=True)
        assert str(caught.value) == problem


def test_expressions_need_a_part_that_may_be_missing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "regex", None)
    store.save("a", "b")
    assert store.replace("b", "c").count == 1
    with pytest.raises(MissingExtraError, match=r'pip install "prompt-kernel\[dashboard\]"$'):
        store.replacements("b", "c", regex=True)


def test_a_slow_expression_is_stopped_and_nobody_waits_for_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pattern, "_MOST_SECONDS", 1.0)
    store.save("a", "a" * 60 + "b")
    store.save("b", "x" * 5)
    raised: list[BaseException] = []

    def look() -> None:
        try:
            store.replacements("(?:a|aa)+$", "x", regex=True)
        except InvalidMetadataError as error:
            raised.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    others = 0
    while thread.is_alive():
        assert store.save("c", f"{others}").text == store["c"].text
        others += 1
    thread.join(10)
    sentence = "find: this expression takes more than 1 seconds; write it without nested repeats."
    assert list(map(str, raised)) == [sentence]
    assert others > 5


# Doing it


def test_each_prompt_that_is_touched_gets_one_version(colours: Store) -> None:
    done = colours.by("bo", origin="dashboard").replace("colour", "color", message="US spelling")
    assert (done.paths, done.count) == (("a", "b/one", "c"), 4)
    assert str(done) == f"Replaced 4 times in 3 prompts; undo_replace({done.id!r}) puts it back."
    assert texts(colours) == ["The color of color.\n", "color [[a]]\n", "nothing\n", "A (color).\n"]
    newest = colours.history("a")[0]
    assert (newest.number, newest.author, newest.origin, newest.message) == (
        2, "bo", "dashboard", f"US spelling ({done.id})",
    )  # fmt: skip
    assert [colours[path].version for path in colours] == [2, 2, 1, 2]
    assert [change.path for change in colours.search("color")] == ["a", "c", "b/one"]


def test_without_words_for_it_the_log_says_what_was_replaced(colours: Store) -> None:
    done = colours.replace("colour\n", "x" * 50)
    assert done == Replaced("", (), 0)
    assert str(done) == "Nothing matched, and nothing was changed."
    done = colours.replace(" of\x20colour.\n", "x" * 50)
    assert colours["a"].message == f'replaced " of colour. " by "{"x" * 39}…" ({done.id})'
    assert str(done) == f"Replaced once in 1 prompt; undo_replace({done.id!r}) puts it back."


def test_references_follow_what_was_replaced(colours: Store) -> None:
    colours.replace("[[a]]", "[[c]]")
    assert [found.target for found in colours.includes("b/one")] == ["c"]


def test_a_text_that_could_not_be_saved_is_told_before_and_stops_everything(
    colours: Store, dump: Dump, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(colours)
    problem = "it holds a NUL character at position 4"
    assert colours.replacements("colour", "\0")[0].problem == problem
    with pytest.raises(InvalidTextError, match=f"^The text of a was not saved: {problem}"):
        colours.replace("colour", "\0")
    monkeypatch.setattr(_pattern, "MOST_TEXT_BYTES", 100)
    monkeypatch.setattr(_rows, "MOST_TEXT_BYTES", 100)
    found = colours.replacements("colour", "x" * 60)
    assert [(change.path, change.count, change.problem) for change in found] == [
        ("a", 0, "it would have over 100 bytes"), ("b/one", 1, ""), ("c", 1, ""),
    ]  # fmt: skip
    assert str(found[0]) == "a@1: it would have over 100 bytes"
    assert str(found[1]) == str(found[1].diff)
    assert colours.replacements("u", "é" * 60)[1].problem == "it has 132 bytes, and 100 is the most"
    with pytest.raises(InvalidTextError):
        colours.replace("colour", "x" * 60)
    assert dump(colours) == before
    assert colours.replace("colour", "x" * 60, paths=["b/one", "c"]).paths == ("b/one", "c")


def test_what_somebody_saves_meanwhile_is_looked_at_again(colours: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(colours.url, author="bo") as other:
        look = _pattern.replacer

        def meddle(*arguments: Any, **options: Any) -> _pattern.Replace:
            replace = look(*arguments, **options)
            meddled: list[str] = []

            def replace_later(path: str, text: str) -> tuple[str, int]:
                if path == "c" and not meddled:
                    meddled.append(path)
                    other.save("a", "Their colour, theirs.\n")
                    other.save("b/one", "not a word of it\n")
                    other.delete("c")
                return replace(path, text)

            return replace_later

        monkeypatch.setattr(_pattern, "replacer", meddle)
        done = colours.replace("colour", "color")
    assert (done.paths, done.count) == (("a",), 1)
    assert [version.text for version in colours.history("a")][:2] == [
        "Their color, theirs.\n",
        "Their colour, theirs.\n",
    ]
    assert texts(colours)[1:] == ["not a word of it\n", "nothing\n"]


def test_of_hundreds_of_prompts_none_is_left_out(store: Store) -> None:
    store.save_many(Draft(f"p{number:03}", f"old {number}") for number in range(250))
    done = store.replace("old", "new")
    assert (len(done.paths), done.count) == (250, 250)
    assert texts(store) == [f"new {number}" for number in range(250)]
    assert len(store.undo_replace(done.id)) == 250


def test_a_store_that_takes_no_changes_can_be_looked_through(colours: Store) -> None:
    with Store(colours.url, read_only=True) as reader:
        assert len(reader.replacements("colour", "color")) == 3
        with pytest.raises(ReadOnlyStoreError):
            reader.replace("colour", "color")


# Taking it back


def test_one_word_puts_everything_back_also_after_a_restart(colours: Store) -> None:
    before = texts(colours)
    done = colours.replace("colour", "color")
    colours.replace("nothing", "something")
    with Store(colours.url, author="bo") as later:
        assert later.undo_replace(done.id) == ["a", "b/one", "c"]
        assert texts(later) == [*before[:2], "something\n", before[3]]
        assert (later["a"].version, later["a"].author, later["a"].message) == (3, "bo", f"undid {done.id}")
        assert later.undo_replace(done.id) == []


def test_what_was_changed_since_stays(colours: Store) -> None:
    colours.save("a", "The colour of COLOUR.\n\nMore.\n")
    done = colours.replace("colour", "color")
    colours.save("a", "The color of color.\n\nMuch more.\n")
    colours.rename("b/one", "b/first")
    colours.delete("c")
    assert colours.undo_replace(done.id) == ["a", "b/first"]
    assert colours["a"].text == "The colour of COLOUR.\n\nMuch more.\n"
    assert colours["b/first"].text == "Colour [[a]]\n"


def test_where_the_same_lines_were_changed_nothing_is_put_back(colours: Store) -> None:
    done = colours.replace("colour", "color")
    colours.by("bo").save("c", "A (color), mine.\n")
    before = texts(colours)
    with pytest.raises(ConflictError) as caught:
        colours.undo_replace(done.id)
    error = caught.value
    assert (error.path, error.base, error.theirs, error.mine, error.version, error.author) == (
        "c", "A (color).\n", "A (color), mine.\n", "A (colour).\n", 3, "bo",
    )  # fmt: skip
    assert texts(colours) == before


def test_only_what_was_replaced_together_is_put_back(colours: Store) -> None:
    first = colours.replace("colour", "color", paths=["a"])
    second = colours.replace("colour", "color", message=f"not {first.id}")
    assert colours.undo_replace(first.id) == ["a"]
    assert colours.undo_replace(second.id) == ["b/one", "c"]


@pytest.mark.parametrize("unknown", ["", "replace-000000000000", "%", "replace-%", "' OR 1 --", "replace-00000000000"])
def test_what_never_was_cannot_be_put_back(colours: Store, unknown: str) -> None:
    colours.replace("colour", "color")
    with pytest.raises(NotFoundError) as caught:
        colours.undo_replace(unknown)
    assert str(caught.value) == (f"There is no replacement {unknown!r}. Its id stands in the messages of its versions.")
