"""Saving: every text becomes an immutable version, and nothing that anybody wrote is overwritten silently."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from prompt_kernel.errors import (
    ConflictError,
    InvalidMetadataError,
    InvalidPathError,
    InvalidTextError,
    PathTakenError,
    PromptNotFoundError,
    VersionNotFoundError,
)
from prompt_kernel.expansion import Limits
from prompt_kernel.records import Draft, ImportReport
from prompt_kernel.store import Store
from prompt_kernel.variables import Declaration

LINES = "one\ntwo\nthree\nfour\nfive\n"


def texts(store: Store, path: str) -> list[str]:
    """Return the texts of all versions, the oldest first."""
    return [version.text for version in reversed(store.history(path))]


def test_a_saved_prompt_is_what_was_handed_in(store: Store) -> None:
    before = datetime.now(UTC)
    prompt = store.save(
        "style/tone",
        "Speak {{ how }}.\r\n",
        message="first",
        tags=["style", " voice ", "style"],
        description="How to sound",
        engine="simple",
        variables={"how": "plainly"},
    )
    assert (prompt.path, prompt.version, prompt.text) == ("style/tone", 1, "Speak {{ how }}.\r\n")
    assert (prompt.tags, prompt.description) == (("style", "voice"), "How to sound")
    assert prompt.variables == {"how": Declaration("how", default="plainly")}
    assert (prompt.author, prompt.origin, prompt.message) == ("ana", "python", "first")
    assert prompt.sha256 == hashlib.sha256(b"Speak {{ how }}.\r\n").hexdigest()
    assert (prompt.name, prompt.directory, prompt.display_name) == ("tone", "style", "tone")
    assert (prompt.labels, prompt.enabled, prompt.merged, prompt.engine) == ({}, True, False, "simple")
    assert before <= prompt.updated_at <= datetime.now(UTC)
    assert store["style/tone"] == prompt


def test_every_changed_text_is_a_new_version(store: Store) -> None:
    uids = {store.save("a", text, message=text).uid for text in ("one", "two", "")}
    assert [(version.number, version.text, version.message) for version in store.history("a")] == [
        (3, "", ""),
        (2, "two", "two"),
        (1, "one", "one"),
    ]
    assert len(uids) == 1
    assert store["a@2"].text == "two"


def test_an_unchanged_text_makes_no_version(store: Store) -> None:
    first = store.save("a", "one", message="first")
    assert store.save("a", "one", message="again") == first
    assert [change.kind for change in store.changes()] == ["created"]


@pytest.mark.parametrize(
    ("change", "makes_a_version"),
    [
        ({"engine": "plain"}, True),
        ({"variables": {"x": None}}, True),
        ({"variables": {}}, False),
        ({"description": "new"}, False),
        ({"tags": ["new"]}, False),
        ({"engine": "simple", "description": "", "tags": []}, False),
    ],
)
def test_what_changes_the_meaning_makes_a_version_and_what_describes_it_does_not(
    store: Store, change: dict[str, Any], *, makes_a_version: bool
) -> None:
    store.save("a", "one {{ x }}")
    assert store.save("a", "one {{ x }}", **change).version == 1 + makes_a_version


def test_what_is_not_given_stays_as_it_is(store: Store) -> None:
    store.save("a", "one", tags=["t"], description="d", engine="plain", variables={"x": 1})
    prompt = store.save("a", "two")
    kept = (prompt.tags, prompt.description, prompt.engine, dict(prompt.variables))
    assert kept == (("t",), "d", "plain", {"x": Declaration("x", "integer", 1)})


def test_describing_changes_words_about_a_prompt_and_no_version(store: Store) -> None:
    store.save("style/tone", "one", tags=["t"], description="d")
    described = store.describe("tone", description="new")
    assert (described.version, described.description, described.tags) == (1, "new", ("t",))
    described = store.describe("tone", tags=[])
    assert (described.version, described.description, described.tags) == (1, "new", ())
    assert [change.kind for change in store.changes()] == ["created", "described", "described"]
    assert store.describe("tone") == described
    assert len(store.changes()) == 3


# Two writers


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ("ONE\ntwo\nthree\nfour\nfive\n", "one\ntwo\nthree\nfour\nFIVE\n", "ONE\ntwo\nthree\nfour\nFIVE\n"),
        ("zero\n" + LINES, LINES + "six\n", "zero\n" + LINES + "six\n"),
        ("one\nthree\nfour\nfive\n", "one\ntwo\nthree\nfour\n4.5\nfive\n", "one\nthree\nfour\n4.5\nfive\n"),
    ],
)
def test_changes_in_different_lines_are_merged(store: Store, mine: str, theirs: str, both: str) -> None:
    store.save("a", LINES)
    store.save("a", theirs, author="bob")
    merged = store.save("a", mine, expected=1)
    assert (merged.text, merged.version, merged.merged) == (both, 3, True)
    assert texts(store, "a") == [LINES, theirs, both]
    assert store["a"].merged is False


def test_changes_in_the_same_lines_are_a_conflict_that_carries_all_three_texts(store: Store) -> None:
    store.save("a", "base\n")
    store.save("a", "theirs\n", author="bob")
    with pytest.raises(ConflictError) as caught:
        store.save("a", "mine\n", expected=1)
    error = caught.value
    assert (error.path, error.base, error.theirs, error.mine) == ("a", "base\n", "theirs\n", "mine\n")
    assert (error.version, error.author) == (2, "bob")
    assert str(error) == (
        "a was changed by bob to version 2 in the same lines. Nothing was saved; "
        "merge both texts and save again with expected=2."
    )
    assert texts(store, "a") == ["base\n", "theirs\n"]
    assert store.save("a", "both\n", expected=2).version == 3


def test_both_writing_the_same_is_no_conflict(store: Store) -> None:
    store.save("a", "base\n")
    theirs = store.save("a", "same\n", author="bob")
    assert store.save("a", "same\n", expected=1) == theirs


def test_saving_what_one_has_seen_last_is_no_merge(store: Store) -> None:
    store.save("a", "one")
    saved = store.save("a", "two", expected=1)
    assert (saved.version, saved.merged) == (2, False)


def test_expecting_none_creates_and_meets_an_existing_one_as_a_conflict_without_a_base(store: Store) -> None:
    assert store.save("a", "theirs", expected=0).version == 1
    assert store.save("a", "theirs", expected=0).version == 1
    with pytest.raises(ConflictError) as caught:
        store.save("a", "mine", expected=0)
    assert (caught.value.base, caught.value.theirs, caught.value.mine, caught.value.version) == (
        "", "theirs", "mine", 1,
    )  # fmt: skip


def test_expecting_a_version_of_what_is_gone_is_an_error(store: Store) -> None:
    store.save("abc", "text")
    with pytest.raises(PromptNotFoundError, match=r"There is no prompt 'abcd'\. Did you mean abc\?"):
        store.save("abcd", "text", expected=1)
    with pytest.raises(VersionNotFoundError, match=r"abc has no version 7\. It has version 1\."):
        store.save("abc", "other", expected=7)
    assert list(store) == ["abc"]


def test_a_save_whose_answer_was_lost_can_be_repeated(store: Store) -> None:
    store.save("a", LINES)
    mine = LINES.replace("one", "ONE")
    assert store.save("a", mine, expected=1).version == 2
    assert store.save("a", mine, expected=1).version == 2
    store.save("a", mine.replace("five", "FIVE"), author="bob", expected=2)
    again = store.save("a", mine, expected=1)
    assert (again.version, again.text) == (3, mine.replace("five", "FIVE"))
    assert len(texts(store, "a")) == 3


def test_a_thousand_retries_make_one_version(store: Store) -> None:
    assert {store.save("a", "text", expected=0).version for _ in range(1000)} == {1}
    assert len(store.history("a")) == 1


def test_saving_to_a_former_path_saves_the_prompt_that_was_renamed(store: Store) -> None:
    store.save("old", "one")
    store.rename("old", "new")
    saved = store.save("old", "two", expected=1)
    assert (saved.path, saved.version) == ("new", 2)
    assert list(store) == ["new"]


def test_the_author_and_the_origin_of_one_save_can_be_named(store: Store) -> None:
    store.save("a", "one")
    saved = store.save("a", "two", author="bob", origin="dashboard", message="why")
    assert (saved.author, saved.origin, saved.message) == ("bob", "dashboard", "why")
    assert [(change.author, change.origin, change.detail) for change in store.changes()] == [
        ("ana", "python", ""),
        ("bob", "dashboard", "why"),
    ]


# What is refused


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\0b", "it holds a NUL character at position 1"),
        ("ab\ud800", "it holds half a character (a lone surrogate) at position 2"),
        (None, "it must be text, not NoneType"),
        (b"bytes", "it must be text, not bytes"),
        ("x" * (10 * 2**20 + 1), "it has 10,485,761 bytes, and 10,485,760 is the most"),
        ("é" * (5 * 2**20 + 1), "it has 10,485,762 bytes, and 10,485,760 is the most"),
    ],
    ids=["nul", "surrogate", "none", "bytes", "long", "long-in-bytes"],
)
def test_a_text_that_no_store_can_hold_is_refused(store: Store, text: Any, reason: str) -> None:
    with pytest.raises(InvalidTextError) as caught:
        store.save("a", text)
    assert str(caught.value) == f"The text of a was not saved: {reason}."
    assert list(store) == []
    store.save("a", "fine")
    with pytest.raises(InvalidTextError):
        store.save("a", text)
    assert store["a"].text == "fine"


def test_the_longest_text_that_is_allowed_is_kept(store: Store) -> None:
    text = "é" * (5 * 2**20)
    assert store.save("a", text).text == text
    assert store.expand("a", limits=Limits(characters=len(text))) == text


@pytest.mark.parametrize(
    "text", ["\x01\x02\x7f", "\r\n\r", "\ufeffbom", "\u2028\u2029", "\ufdd0\uffff", "🙂\U0010ffff", " \n "]
)
def test_any_other_character_is_kept_as_it_is(store: Store, text: str) -> None:
    store.save("a", text)
    assert (store["a"].text, store.expand("a"), store.history("a")[0].text) == (text, text, text)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("", "'' cannot be a path: it is empty."),
        ("/a", "'/a' cannot be a path: it has an empty segment; write it without a slash at either end."),
        ("nul", "'nul' cannot be a path: 'nul' is a device on Windows, so it could not be exported."),
        (3, "'3' cannot be a path: a path is text, not int."),
    ],
)
def test_a_path_that_no_prompt_can_have_is_refused(store: Store, path: Any, sentence: str) -> None:
    with pytest.raises(InvalidPathError) as caught:
        store.save(path, "text")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        ({"tags": "draft"}, "tags: write a list of texts."),
        ({"tags": 3}, "tags: write a list of texts."),
        ({"tags": ["a", 3]}, "tags: write a list of texts."),
        ({"tags": ["a", " "]}, "tags: a tag is a text of one line without a comma, and not empty."),
        ({"tags": ["a,b"]}, "tags: a tag is a text of one line without a comma, and not empty."),
        ({"tags": ["a\nb"]}, "tags: a tag is a text of one line without a comma, and not empty."),
        ({"tags": list(map(str, range(101)))}, "tags: 101 are too many, 100 is the most."),
        ({"tags": ["a\0"]}, "tags: it holds a NUL character at position 1."),
        ({"description": 3}, "description: it must be text, not int."),
        ({"description": "\ud800"}, "description: it holds half a character (a lone surrogate) at position 0."),
        ({"engine": "mustache"}, "engine: 'mustache' is not one of simple, plain, jinja."),
        ({"variables": {"a b": None}}, "variables.a b: a variable's name is an identifier: letters, digits and _."),
        ({"variables": ["a"]}, "variables: write a mapping of names, as in {tone: {default: plain}}."),
        (
            {"variables": {"a": {"description": "\udfff"}}},
            "variables: it holds half a character (a lone surrogate) at position 21.",
        ),
        ({"message": "a\0"}, "message: it holds a NUL character at position 1."),
        ({"author": "\ud800"}, "author: it holds half a character (a lone surrogate) at position 0."),
        (
            {"origin": "email"},
            "origin: 'email' is not one of notebook, dashboard, api, mcp, import, cli, python.",
        ),
    ],
)
@pytest.mark.parametrize("exists", [False, True])
def test_metadata_that_makes_no_sense_is_refused(
    store: Store, metadata: dict[str, Any], sentence: str, *, exists: bool
) -> None:
    if exists:
        store.save("a", "text", tags=["kept"])
    with pytest.raises(InvalidMetadataError) as caught:
        store.save("a", "other", **metadata)
    assert str(caught.value) == sentence
    assert [(prompt.version, prompt.tags) for prompt in map(store.get, store)] == ([(1, ("kept",))] if exists else [])


# Labels


def test_a_label_means_a_version_until_it_is_moved(store: Store) -> None:
    for text in ("one", "two", "three"):
        store.save("style/tone", text)
    assert store.label("tone", "production", version=1).text == "one"
    assert store.label("tone", "newest").version == 3
    assert store["style/tone"].labels == {"newest": 3, "production": 1}
    assert store.label("tone", "production", version=2).text == "two"
    assert store.get("tone", version="production") == store["style/tone@production"] == store["style/tone@2"]
    assert [version.labels for version in store.history("tone")] == [("newest",), ("production",), ()]
    assert store.unlabel("tone", "newest").labels == {"production": 2}
    assert [(change.kind, change.version, change.detail) for change in store.changes(3)] == [
        ("labelled", 1, "production"),
        ("labelled", 3, "newest"),
        ("labelled", 2, "production"),
        ("unlabelled", 3, "newest"),
    ]


def test_saving_leaves_labels_where_they_are(store: Store) -> None:
    store.save("a", "one")
    store.label("a", "production")
    assert store.save("a", "two").labels == {"production": 1}


@pytest.mark.parametrize("label", ["", "3", "1st", "a b", "-x", "a@b", "\ud800"])
def test_what_could_not_stand_after_an_at_sign_is_no_label(store: Store, label: str) -> None:
    store.save("a", "one")
    with pytest.raises(InvalidMetadataError) as caught:
        store.label("a", label)
    rule = "must start with a letter or _ and hold letters, digits, _, - and ."
    assert str(caught.value) == f"label: {label!r} {rule}."


@pytest.mark.parametrize(
    ("pin", "sentence"),
    [
        (4, "a has no version 4. It has versions 1 to 2, label production."),
        (0, "a has no version 0. It has versions 1 to 2, label production."),
        (-1, "a has no version -1. It has versions 1 to 2, label production."),
        (10**30, f"a has no version {10**30}. It has versions 1 to 2, label production."),
        ("staging", "a has no label staging. It has versions 1 to 2, label production."),
        ("\ud800", "a has no label \ud800. It has versions 1 to 2, label production."),
    ],
)
def test_a_version_that_is_not_there_is_refused_and_the_others_are_named(
    store: Store, pin: int | str, sentence: str
) -> None:
    store.save("a", "one")
    store.save("a", "two")
    store.label("a", "production")
    for ask in (lambda: store.get("a", version=pin), lambda: store.restore("a", pin), lambda: store.diff("a", pin)):
        with pytest.raises(VersionNotFoundError) as caught:
            ask()
        assert str(caught.value) == sentence


def test_a_label_of_a_missing_version_and_a_missing_label_are_refused(store: Store) -> None:
    store.save("a", "one")
    with pytest.raises(VersionNotFoundError, match=r"a has no version 2\. It has version 1\."):
        store.label("a", "production", version=2)
    with pytest.raises(VersionNotFoundError, match=r"a has no label production\. It has version 1\."):
        store.unlabel("a", "production")


# Looking back


def test_restoring_saves_an_old_version_as_the_newest(store: Store) -> None:
    store.save("a", "one {{ x }}", variables={"x": 1}, engine="simple", tags=["t"])
    store.save("a", "two", variables={}, engine="plain", tags=["u"])
    restored = store.restore("a", 1)
    assert (restored.version, restored.text, restored.engine) == (3, "one {{ x }}", "simple")
    assert restored.variables == {"x": Declaration("x", "integer", 1)}
    assert (restored.tags, restored.message) == (("u",), "restored version 1")
    store.label("a", "good", version=2)
    assert store.restore("a", "good", message="back").message == "back"
    assert store.restore("a", 4).version == 4


def test_a_diff_shows_the_last_change_or_any_two_versions(store: Store) -> None:
    for text in ("one\n", "one\ntwo\n", "two\n"):
        store.save("a", text)
    assert str(store.diff("a")) == "--- a@2\n+++ a@3\n@@ -1,2 +1 @@\n-one\n two"
    assert str(store.diff("a", 1, 2)) == "--- a@1\n+++ a@2\n@@ -1 +1,2 @@\n one\n+two"
    assert str(store.diff("a", after=2)) == str(store.diff("a", 1, 2))
    store.label("a", "first", version=1)
    diff = store.diff("a", "first")
    assert (diff.before, diff.after, diff.before_name, diff.after_name) == ("one\n", "two\n", "a@1", "a@3")
    assert not store.diff("a", 2, 2)


def test_the_diff_of_a_first_version_is_empty(store: Store) -> None:
    store.save("a", "one")
    assert (bool(store.diff("a")), str(store.diff("a"))) == (False, "")


def test_a_diff_of_expansions_shows_what_a_reader_would_get(library: Store) -> None:
    library.save("review", "[[style/base]]Review {{ code }}")
    diff = library.diff("review", expanded=True)
    assert (diff.before_name, diff.after_name) == ("review@1", "review@2")
    assert diff.after == "Speak in a plain voice.\nBe brief.\nReview {{ code }}"
    assert diff.before.startswith("Speak in a plain voice.\nBe brief.\nReview this code:")


# Many at once


def test_many_are_saved_in_one_transaction_and_the_outcome_is_told(store: Store) -> None:
    store.save("a", "same")
    store.save("b", "old", tags=["t"])
    told: list[tuple[int, int]] = []
    drafts = [Draft("c/d", "new", tags=("x",)), Draft("a", "same"), Draft("b", "new", description="d")]
    report = store.save_many(drafts, message="m", origin="import", progress=lambda done, of: told.append((done, of)))
    assert report == ImportReport("drafts", ("c/d",), ("b",), ("a",))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert [(p.path, p.version, p.tags, p.description, p.message, p.origin) for p in map(store.get, store)] == [
        ("a", 1, (), "", "", "python"),
        ("b", 2, ("t",), "d", "m", "import"),
        ("c/d", 1, ("x",), "", "m", "import"),
    ]


def test_one_that_cannot_be_saved_stops_all_of_them(store: Store, dump: Callable[[Store], dict[str, Any]]) -> None:
    store.save("a", "old")
    before = dump(store)
    with pytest.raises(InvalidTextError):
        store.save_many([Draft("a", "new"), Draft("b", "[[a]]"), Draft("c", "\0")])
    with pytest.raises(PathTakenError, match="B is too close to b, which exists"):
        store.save_many([Draft("a", "new"), Draft("b", "x"), Draft("B", "y")])
    assert dump(store) == before


def test_more_than_a_thousand_new_ones_are_saved_in_parts(store: Store) -> None:
    told: list[tuple[int, int]] = []
    drafts = [Draft(f"d{number % 7}/p{number}", f"[[p{number + 1}]]") for number in range(1500)]
    report = store.save_many(drafts, progress=lambda done, of: told.append((done, of)))
    assert (len(report.created), told[-2:]) == (1500, [(1000, 1500), (1500, 1500)])
    targets = [store.includes(draft.path)[0].target for draft in drafts]
    assert targets == [draft.path for draft in drafts[1:]] + [None]
    assert len(store) == 1500


def test_what_a_callback_reads_before_a_failure_is_not_remembered(store: Store) -> None:
    store.save("a", "old")
    store.save("b", "[[a]]")
    seen: list[str] = []

    def look(_done: int, _of: int) -> None:
        seen.append(store["a"].text + store.expand("b"))

    with pytest.raises(InvalidTextError):
        store.save_many([Draft("a", "new"), Draft("c", "\0")], progress=look)
    assert seen == ["newnew", "newnew"]
    assert (store["a"].text, store.expand("b")) == ("old", "old")
    store.save("b", "![[a]]")
    assert store.expand("b") == "old"


def test_an_importers_layout_is_kept_for_the_exporter(store: Store) -> None:
    store.save_many([Draft("a", "text", layout={"newline": "\r\n"}), Draft("b", "text")])
    assert store.layouts(["a", "b", "missing"]) == {"a": {"newline": "\r\n"}}
    store.save_many([Draft("a", "text", layout={"newline": "\n"})])
    assert store.layouts(["a"]) == {"a": {"newline": "\n"}}
    assert len(store.changes()) == 2


def test_who_changes_the_text_keeps_the_engine_that_somebody_else_has_changed_meanwhile(store: Store) -> None:
    store.save("a", "one")
    store.save("a", "one", engine="plain")

    saved = store.save("a", "two", expected=1)

    assert (saved.version, saved.text, saved.engine) == (3, "two", "plain")


def test_who_changes_the_variables_keeps_the_text_that_somebody_else_has_changed_meanwhile(store: Store) -> None:
    store.save("a", "one {{ n }}")
    store.save("a", "two {{ n }}")

    saved = store.save("a", "one {{ n }}", variables={"n": 1}, expected=1)

    assert (saved.text, saved.variables["n"].default, saved.merged) == ("two {{ n }}", 1, True)


def test_two_who_change_the_same_declaration_are_told(store: Store) -> None:
    store.save("a", "{{ n }}", variables={"n": 1})
    store.save("a", "{{ n }}", variables={"n": 2})

    with pytest.raises(ConflictError):
        store.save("a", "{{ n }}", variables={"n": 3}, expected=1)

    assert store["a"].variables["n"].default == 2
