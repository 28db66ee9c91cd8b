"""Reading: one prompt by whatever name it goes, many by page, and never a text that is not what was saved."""

import sqlite3
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.display import Rows
from prompt_kernel.errors import (
    AmbiguousNameError,
    DamagedTextError,
    PromptKernelError,
    PromptNotFoundError,
    ReadOnlyStoreError,
)
from prompt_kernel.locations import is_postgres
from prompt_kernel.names import is_suffix, key_of
from prompt_kernel.records import Draft
from prompt_kernel.store import Store
from tests.postgres import on_sqlite


def test_an_empty_store_is_a_store_all_the_same(store: Store) -> None:
    assert (bool(store), len(store)) == (True, 0)


def fill(store: Store, *paths: str) -> None:
    """Save a prompt at each of `paths`, with its path as its text."""
    store.save_many(Draft(path, path) for path in paths)


def damage(store: Store, where: str) -> None:
    """Flip a letter of the stored texts that `where` selects, behind the store's back."""
    raw = store._database.raw  # noqa: SLF001 - no verb damages a text
    raw.execute("DROP TRIGGER version_is_immutable" + (" ON version" if is_postgres(store.url) else ""))
    raw.execute(f"UPDATE version SET text = 'X' || substr(text, 2) WHERE {where}")  # noqa: S608 - of this file
    store._database.writes += 1  # noqa: SLF001 - as a commit would


# By name


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("style/tone", "style/tone"),
        ("STYLE/Tone", "style/tone"),
        ("tone", "style/tone"),
        ("ToNe", "style/tone"),
        ("base", "a/style/base"),
        ("style/base", "a/style/base"),
        ("café", "Café"),
        ("cafe\u0301", "Café"),
        ("ｃａｆé", "Café"),
        ("style/to\u200dne", "style/tone"),
        ("short", "short"),
        ("x/short", "x/short"),
    ],
)
def test_a_prompt_is_found_by_its_path_in_any_case_or_by_a_unique_end_of_it(store: Store, name: str, path: str) -> None:
    fill(store, "style/tone", "a/style/base", "Café", "short", "x/short")
    assert (store[name].path, store.expand(name).path, name in store) == (path, path, True)


def test_a_name_that_fits_several_prompts_is_refused_with_all_of_them(store: Store) -> None:
    fill(store, "a/tone", "b/tone", "b/c/tone")
    for ask in (store.get, store.expand, store.history, store.includes, store.referrers, store.delete):
        with pytest.raises(AmbiguousNameError) as caught:
            ask("tone")
        assert str(caught.value).startswith("'tone' could be a/tone or b/c/tone or b/tone. Write one of these paths.")
    assert "tone" not in store
    assert store["c/tone"].path == "b/c/tone"


def test_a_missing_prompt_is_an_error_that_suggests_near_names(store: Store) -> None:
    fill(store, "style/tone", "style/tune", "other")
    with pytest.raises(PromptNotFoundError) as caught:
        store.get("style/tonne")
    assert str(caught.value) == "There is no prompt 'style/tonne'. Did you mean style/tone or style/tune?"
    assert caught.value.suggestions == ("style/tone", "style/tune")
    with pytest.raises(PromptNotFoundError, match=r"There is no prompt 'zzz'\.$"):
        store.get("zzz")


@pytest.mark.parametrize("name", ["", "a/", "%", "_", "\\", "a\0b", "\ud800", "x" * 5000, "a b  c", "@", "@1", "[[a]]"])
def test_what_could_be_no_path_is_simply_not_there(store: Store, name: str) -> None:
    fill(store, "abc")
    assert name not in store
    for ask in (store.get, store.history, store.referrers, store.expand, store.declarations):
        with pytest.raises(PromptNotFoundError):
            ask(name)


@pytest.mark.parametrize("name", [3, None, ("a",)])
def test_what_is_no_text_is_no_prompt(store: Store, name: Any) -> None:
    assert name not in store


def test_a_pin_after_the_path_gives_that_version(store: Store) -> None:
    store.save("style/tone", "one")
    store.save("style/tone", "two")
    store.label("tone", "first", version=1)
    assert [store[name].text for name in ("tone", "tone@1", "tone@2", "style/tone@first")] == [
        "two", "one", "two", "one",
    ]  # fmt: skip
    assert store.get("tone@2", version=1).text == "one"
    assert (store["tone@1"].version, store["tone@1"].labels) == (1, {"first": 1})


def test_a_former_path_still_finds_the_prompt_until_another_one_has_it(store: Store) -> None:
    fill(store, "old")
    store.rename("old", "new")
    assert (store["old"].path, store.expand("old"), [v.path for v in store.history("old")]) == ("new", "old", ["new"])
    fill(store, "x/old")
    assert (store["old"].path, store["x/old"].display_name) == ("new", "x/old")
    store.rename("x/old", "old")
    assert (store["old"].path, store["old"].text) == ("old", "x/old")


# Display names


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), unique=True, max_size=12))
def test_every_display_name_finds_its_prompt_and_none_is_longer_than_it_must_be(paths: list[str]) -> None:
    with Store(":memory:") as store:
        fill(store, *paths)
        shown = store.display_names(paths)
        assert shown == {path: store[path].display_name for path in paths}
        for path, name in shown.items():
            assert store[name].path == path
            shorter = name.partition("/")[2]
            rivals = [other for other in paths if shorter and is_suffix(shorter, other)]
            assert not shorter or len(rivals) > 1


@on_sqlite
def test_display_names_of_thousands_are_asked_for_in_parts(store: Store) -> None:
    paths = [f"d{number % 2}/p{number // 2}" for number in range(3000)]
    fill(store, *paths)
    # As some builds of SQLite have it.
    store._database.raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)  # noqa: SLF001 - no verb does this
    assert store.display_names(paths) == {path: path for path in paths}


# Many


def test_pages_follow_each_other_in_the_order_of_paths(store: Store) -> None:
    paths = ["B", "a", "a b", "a-b", "a/b", "a/b/c", "a.b", "c", "Ä"]
    fill(store, *paths)
    in_order = sorted(paths, key=key_of)
    assert list(store) == in_order
    seen: list[str] = []
    while page := store.prompts(after=seen[-1] if seen else None, limit=2):
        seen += [entry.path for entry in page]
    assert seen == in_order
    assert len(store) == len(paths)


def test_an_entry_says_what_a_prompt_is_about(store: Store) -> None:
    prompt = store.save("d/a", "text\n", description="about", tags=["t"], author="bob")
    store.update_directory("d", enabled=False)
    (entry,) = store.prompts()
    assert entry == ("d/a", 1, "about", ("t",), prompt.updated_at, "bob", 5, False)
    assert (entry.name, entry.directory) == ("a", "d")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["a", "a/b", "a/b/c", "ab", "z"]),
        ({"directory": "a"}, ["a/b", "a/b/c"]),
        ({"directory": "A/B"}, ["a/b/c"]),
        ({"directory": "missing"}, []),
        ({"directory": ""}, ["a", "a/b", "a/b/c", "ab", "z"]),
        ({"tag": "t"}, ["a/b", "z"]),
        ({"tag": "t", "directory": "a"}, ["a/b"]),
        ({"tag": "T"}, []),
        ({"tag": '"'}, []),
        ({"tag": "%"}, []),
        ({"tag": "\ud800"}, []),
        ({"directory": "\ud800"}, ["a", "a/b", "a/b/c", "ab", "z"]),
        ({"after": "a/b"}, ["a/b/c", "ab", "z"]),
        ({"after": "a/b", "tag": "t"}, ["z"]),
        ({"after": "zz"}, []),
        ({"limit": 2}, ["a", "a/b"]),
        ({"limit": 0}, []),
    ],
)
def test_a_list_is_narrowed_by_directory_tag_and_page(store: Store, asked: dict[str, Any], found: list[str]) -> None:
    fill(store, "a", "a/b", "a/b/c", "ab", "z")
    store.describe("a/b", tags=["t", "u"])
    store.describe("z", tags=["t"])
    assert [entry.path for entry in store.prompts(**asked)] == found


def test_tags_are_counted(store: Store) -> None:
    for path, tags in {"a": ["x", "y"], "b": ["x"], "c": []}.items():
        store.save(path, path, tags=tags)
    assert store.tags() == {"x": 2, "y": 1}
    store.delete("a")
    assert store.tags() == {"x": 1}


def test_a_summary_counts_what_there_is(library: Store) -> None:
    library.save("review", "new {{ code }}")
    library.label("review", "first", version=1)
    library.save("gone", "x")
    library.delete("gone")
    summary = library.summary()
    characters = sum(len(prompt.text) for prompt in map(library.get, library))
    assert (summary.prompts, summary.versions, summary.directories, summary.labels) == (4, 6, 2, 1)
    assert (summary.trashed, summary.characters, summary.schema, summary.read_only) == (1, characters, 4, "")
    assert (summary.url, summary.journal) == (library.url, library._database.journal)  # noqa: SLF001 - compared


def test_lists_have_a_title_and_a_sentence_for_nothing(store: Store) -> None:
    store.save("a", "text")
    lists = [
        store.prompts(), store.search("a"), store.history("a"), store.includes("a"), store.referrers("a"),
        store.impact("a", "b"), store.trash(), store.directories(), store.check(), store.doctor(), store.changes(),
    ]  # fmt: skip
    assert all(isinstance(rows, Rows) and rows.title and rows.empty for rows in lists)


# The log


def test_the_log_tells_every_kind_of_change_in_order(store: Store) -> None:
    store.save("a", "one", message="first")
    store.save("a", "two")
    store.save("b", "[[a]]")
    store.describe("a", tags=["t"])
    store.label("a", "good")
    store.unlabel("a", "good")
    store.rename("a", "d/c")
    store.delete("b")
    store.recover("b")
    store.delete("b")
    store.purge("b")
    store.add_directory("e")
    store.update_directory("e", enabled=False)
    store.update_directory("e", description="new")
    store.update_directory("e", enabled=True)
    store.rename_directory("e", "f")
    store.remove_directory("f")
    assert [(change.kind, change.path, change.version, change.detail) for change in store.changes()] == [
        ("created", "a", 1, "first"),
        ("saved", "a", 2, ""),
        ("created", "b", 1, ""),
        ("described", "a", None, ""),
        ("labelled", "a", 2, "good"),
        ("unlabelled", "a", 2, "good"),
        ("renamed", "d/c", None, "from a"),
        ("saved", "b", 2, ""),
        ("deleted", "b", None, ""),
        ("recovered", "b", None, ""),
        ("deleted", "b", None, ""),
        ("purged", "b", None, ""),
        ("directory", "e", None, "added"),
        ("directory", "e", None, "disabled"),
        ("directory", "e", None, "changed"),
        ("directory", "e", None, "enabled"),
        ("directory", "f", None, "renamed from e"),
        ("directory", "f", None, "removed"),
    ]
    assert {(change.author, change.origin) for change in store.changes()} == {("ana", "python")}


def test_the_log_is_asked_for_what_came_after_an_entry(store: Store) -> None:
    fill(store, "a", "b", "c")
    ids = [change.id for change in store.changes()]
    assert ids == sorted(set(ids))
    assert [change.path for change in store.changes(ids[0], limit=1)] == ["b"]
    assert store.changes(ids[-1]) == []


def test_an_entry_of_the_log_keeps_its_number_for_good(store: Store) -> None:
    fill(store, "a", "b")
    last = store.changes()[-1].id
    store.delete("b")
    store.purge()
    assert min(change.id for change in store.changes(last)) == last + 1


# Damage


def test_a_text_that_does_not_match_its_hash_is_never_handed_out(store: Store) -> None:
    store.save("a", "one")
    store.save("a", "two")
    store.save("b", "[[a]]")
    assert store.expand("b") == "two"
    damage(store, "number = 2")
    sentence = (
        "The stored text of a@2 does not match its SHA-256: the file was damaged. "
        "Run `prompt-kernel doctor`, and restore a backup or another version."
    )
    store._source.forget()  # noqa: SLF001 - as another process, which has not read it yet
    for ask in (
        lambda: store["a"],
        lambda: store["a@2"],
        lambda: store.expand("a"),
        lambda: store.expand("b"),
        lambda: store.expand("b", strict=False),
        lambda: store.expand("a@2"),
        lambda: store.diff("a"),
        lambda: store.restore("a", 2),
    ):
        with pytest.raises(DamagedTextError) as caught:
            ask()
        assert str(caught.value).startswith(sentence)
    assert store["a@1"].text == "one"
    assert store.restore("a", 1).text == "one"
    assert store.expand("b") == "one"


def test_a_version_cannot_be_changed_even_by_sql(store: Store) -> None:
    store.save("a", "one")
    with pytest.raises(PromptKernelError, match="a version is immutable"), store._database.writing() as connection:  # noqa: SLF001 - no verb does this
        connection.exec_driver_sql("UPDATE version SET text = 'two'")
    assert store["a"].text == "one"


# For reading only


def test_a_store_opened_for_reading_reads_and_refuses_every_change(library: Store) -> None:
    with Store(library.url, read_only=True) as reader:
        assert reader.read_only == (
            f"The store {library.url} is open for reading only: it was opened so. Nothing was changed."
        )
        assert list(reader) == list(library)
        assert reader.expand("review", code="x") == library.expand("review", code="x")
        assert reader.search("brief")
        assert reader.doctor() == []
        assert reader.check() == library.check()
        changes = {
            "save": lambda: reader.save("a", "x"),
            "save_many": lambda: reader.save_many([Draft("a", "x")]),
            "describe": lambda: reader.describe("review", description="x"),
            "label": lambda: reader.label("review", "x"),
            "unlabel": lambda: reader.unlabel("review", "x"),
            "restore": lambda: reader.restore("review", 1),
            "rename": lambda: reader.rename("review", "x"),
            "rename_directory": lambda: reader.rename_directory("style", "x"),
            "delete": lambda: reader.delete("review"),
            "recover": lambda: reader.recover("review"),
            "purge": reader.purge,
            "add_directory": lambda: reader.add_directory("x"),
            "update_directory": lambda: reader.update_directory("style", enabled=False),
            "remove_directory": lambda: reader.remove_directory("style"),
        }
        for change in changes.values():
            with pytest.raises(ReadOnlyStoreError) as caught:
                change()
            assert str(caught.value) == reader.read_only
        library.save("style/tone", "Now {{ tone }}.")
        assert reader.expand("style/tone") == "Now plain."


# Several threads


def test_threads_that_share_a_store_read_what_was_saved_last(store: Store) -> None:
    store.save("a", "0")
    store.save("b", "[[a]]")
    errors: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        last = 0
        try:
            while not stop.is_set():
                for text in (store["a"].text, store.expand("b"), store.expand("a")):
                    assert int(text) >= last
                    last = int(text)
        except BaseException as error:  # noqa: BLE001 - the thread's own end would go unnoticed
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 151):
        store.save("a", str(number))
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (store["a"].text, store.expand("b"), len(store.history("a"))) == ("150", "150", 151)
