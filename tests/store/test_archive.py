"""All of a store as records, and back: whatever happened to it, what comes out of a load is the same library."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import (
    DamagedTextError,
    DivergedError,
    InvalidMetadataError,
    InvalidPathError,
    InvalidTextError,
    PathTakenError,
    PromptKernelError,
)
from prompt_kernel.expansion import hash_of
from prompt_kernel.records import Draft
from prompt_kernel.store import Store, _loading
from tests.postgres import Server
from tests.store.histories import live_histories, live_through, told

Dump = Callable[[Store], dict[str, Any]]
Record = dict[str, Any]


@pytest.fixture
def other() -> Iterator[Store]:
    with Store(":memory:", author="bo") as opened:
        yield opened


def assert_same(first: Store, second: Store, dump: Dump) -> None:
    """Both hold the same, by all that can be asked of them; and neither is damaged."""
    assert second.archive.digest(live=True) == first.archive.digest(live=True)
    assert dump(second) == dump(first)
    assert told(second) == told(first)
    assert second.doctor() == []


class Interrupted(Exception):  # noqa: N818 - a test throws it
    """What a load is interrupted with."""


def interrupt_at(limit: int) -> Callable[[int], None]:
    def progress(done: int) -> None:
        if done >= limit:
            raise Interrupted

    return progress


@settings(max_examples=150, deadline=None)
@given(history=live_histories)
def test_what_is_loaded_is_the_same_library(dump: Dump, history: list[Any]) -> None:
    with Store(":memory:") as first, Store(":memory:") as second:
        live_through(first, history)
        records = list(first.archive.records(live=True))
        assert sum(first.archive.counts(live=True).values()) == len(records)
        second.archive.load(iter(records))
        assert list(second.archive.records(live=True)) == records
        assert_same(first, second, dump)


@settings(max_examples=100, deadline=None)
@given(history=live_histories, size=st.integers(1, 6), limit=st.integers(1, 40))
def test_an_interrupted_load_goes_on_when_it_is_run_again(
    dump: Dump, history: list[Any], size: int, limit: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, Store(":memory:") as first, Store(":memory:") as second:
        patch.setattr(_loading, "_MOST_RECORDS", size)
        live_through(first, history)
        try:
            second.archive.load(first.archive.records(live=True), progress=interrupt_at(limit))
        except Interrupted:
            # What is there so far is sound, and only less.
            assert second.doctor() == []
            assert all(second[path].text == second.history(path)[0].text for path in second)
        second.archive.load(first.archive.records(live=True))
        assert_same(first, second, dump)


@settings(max_examples=150, deadline=None)
@given(before=live_histories, after=live_histories, size=st.integers(1, 6), limit=st.integers(1, 40))
def test_a_mirror_becomes_what_the_other_store_has_become(
    dump: Dump, before: list[Any], after: list[Any], size: int, limit: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, Store(":memory:") as first, Store(":memory:") as second:
        patch.setattr(_loading, "_MOST_RECORDS", size)
        live_through(first, before)
        second.archive.load(first.archive.records(live=True), mirror=True)
        live_through(first, after)
        try:
            second.archive.load(first.archive.records(live=True), mirror=True, progress=interrupt_at(limit))
        except Interrupted:
            assert second.doctor() == []
        second.archive.load(first.archive.records(live=True), mirror=True)
        assert_same(first, second, dump)


@settings(max_examples=50, deadline=None)
@given(history=live_histories)
def test_loading_again_writes_nothing(history: list[Any]) -> None:
    with Store(":memory:") as first, Store(":memory:") as second:
        live_through(first, history)
        second.archive.load(first.archive.records(live=True))
        raw = second._database.raw  # noqa: SLF001 - only SQLite knows
        before = raw.total_changes
        second.archive.load(first.archive.records(live=True), mirror=True)
        # The sweep empties what is empty; no row is touched.
        assert raw.total_changes == before


@settings(max_examples=15, deadline=None)
@given(before=live_histories, after=live_histories)
def test_the_way_through_postgresql_and_back_changes_nothing(
    dump: Dump, postgres_server: Server, before: list[Any], after: list[Any]
) -> None:
    with (
        postgres_server.schema() as url,
        Store(":memory:") as first,
        Store(url) as between,
        Store(":memory:") as last,
    ):
        for history in (before, after):
            live_through(first, history)
            between.archive.load(first.archive.records(live=True), mirror=True)
            last.archive.load(between.archive.records(live=True), mirror=True)
            assert_same(first, between, dump)
            assert_same(first, last, dump)


def test_records_say_all_of_a_prompt_and_nothing_of_ids(library: Store) -> None:
    library.label("style/tone", "good")
    library.rename("style/tone", "tone")
    records = [record for record in library.archive.records() if record.get("path") == "tone"]
    prompt = library["tone"]
    assert records[0] == {
        "record": "prompt",
        "uid": prompt.uid,
        "path": "tone",
        "description": "How to sound",
        "tags": ["style"],
        "head": 1,
        "author": "ana",
        "updated_at": prompt.updated_at.isoformat(timespec="microseconds"),
        "deleted_at": None,
        "deleted_by": None,
        "layout": None,
        "labels": {"good": 1},
        "former": ["style/tone"],
    }
    assert [(record["kind"], record["uid"]) for record in records[1:]] == [("renamed", prompt.uid)]


def test_a_directory_gives_itself_and_what_is_in_it(library: Store) -> None:
    library.delete("style/base", force=True)
    library.save("styles", "not in it")
    found = [(each["record"], each.get("path")) for each in library.archive.records(directory="Style")]
    assert found == [
        ("directory", "style"), ("prompt", "style/tone"), ("version", None), ("prompt", "style/base"), ("version", None)
    ]  # fmt: skip


def test_a_long_history_is_read_in_steps(store: Store, other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompt_kernel.store._packing._MOST_CHARACTERS", 3000)
    monkeypatch.setattr(_loading, "_MOST_CHARACTERS", 3000)
    for number in range(20):
        store.save("long", f"{number} " * 100)
        store.save(f"short{number}", "x")
    store.label("long", "last")
    other.archive.load(store.archive.records())
    assert other.history("long") == store.history("long")
    assert other.archive.digest() == store.archive.digest()


def test_a_snapshot_is_of_one_moment_and_nobody_waits_for_it(store: Store) -> None:
    for number in range(20):
        store.save(f"p{number}", "before")
    with store.archive.snapshot() as archive:
        with Store(store.url) as another:
            another.save("p3", "after")
            another.delete("p4")
        texts = {record["text"] for record in archive.records() if record["record"] == "version"}
        assert (texts, archive.counts()["prompts"]) == ({"before"}, 20)
    assert store["p3"].text == "after"


def test_a_damaged_text_is_not_passed_on(file_store: Store) -> None:
    file_store.save("a", "text")
    with closing(file_store._database.raw.cursor()) as raw:  # noqa: SLF001 - no verb damages a text
        raw.execute("DROP TRIGGER version_is_immutable")
        raw.execute("UPDATE version SET text = 'forged'")
    with pytest.raises(DamagedTextError) as caught:
        list(file_store.archive.records())
    assert (caught.value.path, caught.value.version) == ("a", 1)


# What a load refuses


def changed_records(store: Store, kind: str, **fields: Any) -> list[Record]:
    return [{**each, **fields} if each["record"] == kind else each for each in store.archive.records()]


def test_another_text_of_the_same_version_is_refused_and_nothing_is_changed(
    store: Store, other: Store, dump: Dump
) -> None:
    store.save("a", "first")
    store.save("b", "second")
    other.archive.load(store.archive.records())
    before = dump(other)
    forged = changed_records(store, "version", text="x", sha256=hash_of("x"))
    with pytest.raises(DivergedError) as caught:
        other.archive.load(forged)
    assert str(caught.value) == "a@1 is no earlier copy: here this version is another text. Nothing of it was changed."
    assert dump(other) == before


def test_a_store_that_went_on_is_refused(store: Store, other: Store) -> None:
    store.save("a", "first")
    records = list(store.archive.records())
    other.archive.load(records)
    other.save("a", "its own")
    with pytest.raises(DivergedError, match="a is no earlier copy: here it has 2 versions, and there 1"):
        other.archive.load(records)


def test_a_path_of_another_prompt_is_refused(store: Store, other: Store) -> None:
    store.save("A/b", "mine")
    other.save("a/B", "theirs")
    with pytest.raises(PathTakenError) as caught:
        other.archive.load(store.archive.records(only={"prompt", "version"}))
    assert (caught.value.path, caught.value.taken_by) == ("A/b", "a/B")
    assert [(each.path, each.version) for each in other.prompts()] == [("a/B", 1)]


def test_another_log_is_refused(store: Store, other: Store) -> None:
    store.save("a", "mine")
    other.save("b", "theirs")
    with pytest.raises(DivergedError, match="entry 1 of its log is another one than there"):
        other.archive.load(store.archive.records())


LONG = "x" * (10 * 2**20 + 1)
FORGED: list[tuple[str, dict[str, Any], type[PromptKernelError]]] = [
    ("directory", {"path": "../up"}, InvalidPathError),
    ("directory", {"enabled": "yes"}, InvalidMetadataError),
    ("prompt", {"path": "e\u0301"}, InvalidMetadataError),
    ("prompt", {"path": 3}, InvalidPathError),
    ("prompt", {"path": "con"}, InvalidPathError),
    ("prompt", {"uid": "X" * 32}, InvalidMetadataError),
    ("prompt", {"tags": ["a", "a"]}, InvalidMetadataError),
    ("prompt", {"tags": "ab"}, InvalidMetadataError),
    ("prompt", {"head": 2}, InvalidMetadataError),
    ("prompt", {"head": "1"}, InvalidMetadataError),
    ("prompt", {"labels": {"good": 2}}, InvalidMetadataError),
    ("prompt", {"labels": {"1": 1}}, InvalidMetadataError),
    ("prompt", {"labels": []}, InvalidMetadataError),
    ("prompt", {"former": ["x", "x"]}, InvalidMetadataError),
    ("prompt", {"former": ["/"]}, InvalidPathError),
    ("prompt", {"updated_at": "2026-01-01T00:00:00"}, InvalidMetadataError),
    ("prompt", {"updated_at": 5}, InvalidMetadataError),
    ("prompt", {"deleted_at": "2026-01-01T00:00:00+00:00"}, InvalidMetadataError),
    ("prompt", {"description": "\ud800"}, InvalidMetadataError),
    ("prompt", {"layout": []}, InvalidMetadataError),
    ("version", {"text": "forged"}, DamagedTextError),
    ("version", {"text": "\0"}, InvalidMetadataError),
    ("version", {"text": None}, InvalidMetadataError),
    ("version", {"number": 2}, InvalidMetadataError),
    ("version", {"engine": "perl"}, InvalidMetadataError),
    ("version", {"variables": {"1": None}}, InvalidMetadataError),
    ("version", {"origin": "nowhere"}, InvalidMetadataError),
    ("version", {"uid": "0" * 32}, InvalidMetadataError),
    ("change", {"kind": None}, InvalidMetadataError),
    ("favourite", {"uid": "0" * 32}, InvalidMetadataError),
    ("preference", {"value": "\ud800"}, InvalidMetadataError),
    ("change", {"record": "unknown"}, InvalidMetadataError),
    ("change", {"record": "directory", "path": "x", "description": "", "enabled": True, "source": ""},
     InvalidMetadataError),
    ("directory", {"record": ["prompt"]}, InvalidMetadataError),
]  # fmt: skip


@pytest.fixture(scope="module")
def sound() -> list[Record]:
    """Give the records of a small store."""
    with Store(":memory:") as store:
        store.save("d/a", "text")
        store.favourite("d/a")
        store.set_preference("theme", "dark")
        return list(store.archive.records())


@pytest.mark.parametrize(("kind", "fields", "error"), FORGED)
def test_a_forged_record_is_refused_and_none_of_it_comes_in(
    sound: list[Record], kind: str, fields: dict[str, Any], error: type[PromptKernelError]
) -> None:
    forged = [{**each, **fields} if each["record"] == kind else each for each in sound]
    assert forged != sound
    with Store(":memory:") as store:
        with pytest.raises(error), store.together():
            store.archive.load(forged)
        assert ([*store], store.trash()) == ([], [])


@pytest.mark.parametrize("kind", ["directory", "prompt", "version", "change", "favourite", "opening", "preference"])
def test_a_record_without_a_field_is_refused(sound: list[Record], kind: str) -> None:
    for record in (each for each in sound if each["record"] == kind):
        for missing in record:
            less = [
                {name: value for name, value in each.items() if each is not record or name != missing} for each in sound
            ]
            with Store(":memory:") as store, pytest.raises(InvalidMetadataError):
                store.archive.load(less)


def test_records_that_are_there_twice_are_refused(sound: list[Record]) -> None:
    prompt, version = sound[1], sound[2]
    again = {**prompt, "uid": "0" * 32}
    with Store(":memory:") as store:
        with pytest.raises(InvalidMetadataError, match="is there twice"):
            store.archive.load([prompt, version, prompt, version])
        with pytest.raises(PathTakenError):
            store.archive.load([prompt, version, again, {**version, "uid": "0" * 32}])
        with pytest.raises(InvalidMetadataError, match="lacks version 1"):
            store.archive.load([prompt])


def test_a_text_that_is_too_long_is_refused(sound: list[Record]) -> None:
    forged = [
        {**each, "text": LONG, "sha256": hash_of(LONG)} if each["record"] == "version" else each for each in sound
    ]
    with Store(":memory:") as store, pytest.raises((InvalidMetadataError, InvalidTextError)):
        store.archive.load(forged)


def test_what_is_loaded_beside_other_prompts_takes_part_in_their_references(store: Store, other: Store) -> None:
    other.save_many([Draft("new", "hello"), Draft("user", "[[gone]]")])
    store.save_many([Draft("start", "[[new]] [[d/*]]"), Draft("d/x", "x")])
    store.archive.load(other.archive.records(only={"prompt", "version"}))
    assert str(store.expand("start")) == "hello x"
    assert [hit.path for hit in store.search("hello")] == ["new"]
    assert store.doctor() == []
