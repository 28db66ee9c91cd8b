"""Deleting: into the trash, out of it again, or out of every byte of every file."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import PathTakenError, PromptNotFoundError, ReferencedError
from prompt_kernel.store import Store, _rows
from tests.postgres import on_sqlite


def test_a_deleted_prompt_lies_in_the_trash_with_who_and_when(store: Store) -> None:
    uid = store.save("d/a", "text").uid
    before = datetime.now(UTC)
    trashed = store.delete("a")
    assert (trashed.path, trashed.uid, trashed.version, trashed.deleted_by) == ("d/a", uid, 1, "ana")
    assert before <= trashed.deleted_at <= datetime.now(UTC)
    assert store.trash() == [trashed]
    assert (list(store), len(store), "d/a" in store, store.search("text")) == ([], 0, False, [])
    with pytest.raises(PromptNotFoundError):
        store.get("d/a")


def test_what_others_include_needs_force(store: Store) -> None:
    store.save("a", "A")
    store.save("c", "[[a]] [[a@1]]")
    store.save("b", "[[a]]")
    with pytest.raises(ReferencedError) as caught:
        store.delete("a")
    assert caught.value.referrers == ("b", "c")
    assert str(caught.value) == "a is included by b, c. Change these first, or delete it with force=True."
    assert (store["a"].text, store.trash()) == ("A", [])
    assert store.delete("a", force=True).path == "a"
    assert store.expand("b", strict=False) == "[[a]]"


def test_a_recovered_prompt_is_as_it_was(store: Store, dump: Callable[[Store], dict[str, Any]]) -> None:
    store.save("d/a", "one", tags=["t"], description="d")
    store.save("d/a", "[[b]]", variables={"x": 1})
    store.save("b", "B")
    store.save("c", "[[d/a]]")
    store.label("d/a", "good", version=1)
    before = dump(store)
    store.delete("d/a", force=True)
    assert store.recover("d/a") == store["d/a"]
    assert dump(store) == before
    assert [hit.path for hit in store.search("d a")] == ["d/a", "c"]
    assert store.expand("c") == "B"


def test_a_prompt_is_recovered_to_another_path(store: Store) -> None:
    store.save("a", "text")
    store.delete("a")
    recovered = store.recover("a", to="d/b")
    assert (recovered.path, recovered.text, list(store)) == ("d/b", "text", ["d/b"])
    assert [directory.path for directory in store.directories()] == ["d"]


def test_a_taken_path_is_not_recovered_over(store: Store) -> None:
    store.save("a", "old")
    store.delete("a")
    store.save("A", "new")
    with pytest.raises(PathTakenError, match="a is too close to A, which exists"):
        store.recover("a")
    assert (store["a"].text, len(store.trash())) == ("new", 1)
    assert store.recover("a", to="b").text == "old"


def test_of_two_with_one_path_the_one_deleted_last_comes_back_first(store: Store) -> None:
    uids = []
    for text in ("one", "two"):
        uids.append(store.save("a", text).uid)
        store.delete("a")
    assert [(trashed.path, trashed.uid) for trashed in store.trash()] == [("a", uids[1]), ("a", uids[0])]
    assert store.recover("a").text == "two"
    assert store.recover(uids[0], to="b").text == "one"
    assert store.trash() == []


def test_a_recovered_prompt_lies_in_its_directory_as_that_is_now(store: Store) -> None:
    store.save("d/a", "A")
    store.delete("d/a")
    store.remove_directory("d")
    assert store.recover("d/a").enabled is True
    store.delete("d/a")
    store.update_directory("d", enabled=False)
    assert store.recover("d/a").enabled is False


def test_a_recovered_prompt_takes_its_path_back_from_a_redirect(store: Store) -> None:
    store.save("a", "first")
    store.delete("a")
    store.save("b", "second")
    store.rename("b", "a")
    store.rename("a", "c")
    store.recover("a")
    assert (store["a"].text, store["c"].text) == ("first", "second")


@pytest.mark.parametrize("name", ["", "missing", "a/b"])
def test_what_is_not_in_the_trash_is_refused(store: Store, name: str) -> None:
    store.save("aa", "text")
    store.delete("aa")
    store.save("here", "text")
    for ask in (store.recover, store.purge):
        with pytest.raises(PromptNotFoundError):
            ask(name)
    with pytest.raises(PromptNotFoundError, match=r"There is no prompt 'aaa'\. Did you mean aa\?"):
        store.recover("aaa")
    with pytest.raises(PromptNotFoundError):
        store.purge("here")
    assert (len(store.trash()), list(store)) == (1, ["here"])


# For good


def files_of(folder: Path) -> bytes:
    """Return every byte in `folder`."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


@on_sqlite
@pytest.mark.parametrize("journal", ["truncate", "wal"])
def test_nothing_of_a_purged_prompt_is_left_in_any_file(store: Store, tmp_path: Path, journal: str) -> None:
    store._database.raw.execute(f"PRAGMA journal_mode = {journal}")  # noqa: SLF001 - a build of SQLite decides which
    canaries = [f"canary{number}" for number in "1234567890abc"]
    text = f"{canaries[0]} {canaries[1]}x [[{canaries[2]}]] " * 200
    store.save("secret", text, message=canaries[3], tags=[canaries[4]], description=canaries[5])
    store.save("secret", canaries[6], variables={"x": canaries[7]}, message=canaries[8])
    store.label("secret", canaries[9])
    store.describe("secret", description=canaries[10])
    store.rename("secret", f"d/{canaries[11]}")
    store.rename(canaries[11], "secret")
    store.save("kept", "kept")
    assert store.search(canaries[6])
    store.delete("secret")
    assert store.purge("secret") == 1
    assert [canary for canary in canaries if canary.encode() in files_of(tmp_path)] == [canaries[11]]
    assert [(found.path, found.prompts) for found in store.directories()] == [("d", 0)]
    assert (list(store), store.trash(), store.doctor(), store.search("kept")[0].path) == (["kept"], [], [], "kept")


def test_the_log_tells_when_and_by_whom_but_not_what_of_a_purged_prompt(store: Store) -> None:
    store.save("a", "text", message="why")
    store.save("b", "text", message="kept")
    store.delete("a")
    store.purge("a")
    assert [(change.kind, change.path, change.detail, change.author) for change in store.changes()] == [
        ("created", "a", "", "ana"),
        ("created", "b", "kept", "ana"),
        ("deleted", "a", "", "ana"),
        ("purged", "a", "", "ana"),
    ]


def test_purging_all_of_the_trash_tells_how_many_there_were(store: Store) -> None:
    assert store.purge() == 0
    for path in ("a", "b", "c"):
        store.save(path, "text")
    store.delete("a")
    store.delete("b")
    assert (store.purge(), store.purge(), list(store), store.trash()) == (2, 0, ["c"], [])


def test_what_referred_to_a_purged_prompt_leads_nowhere(store: Store) -> None:
    store.save("a", "A")
    store.save("b", "[[a]]")
    manifest = store.expand("b").manifest
    store.delete("a", force=True)
    assert store.expand_manifest(manifest) == "A"
    store.purge("a")
    assert store.includes("b")[0].target is None
    with pytest.raises(PromptNotFoundError, match=r"There is no prompt 'a@1'\."):
        store.expand_manifest(manifest)
    store.save("a", "new")
    assert store.expand("b") == "new"


def test_a_clock_that_is_set_back_changes_no_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime.now(UTC)
    uids = []
    for hours in (0, -1, 1, -500_000):
        moment = (start + timedelta(hours=hours)).isoformat(timespec="microseconds")
        monkeypatch.setattr(_rows, "now", lambda moment=moment: moment)
        store.save("head", f"at {hours}")
        uids.append(store.save("a", "text").uid)
        store.delete("a")
    assert [version.text for version in store.history("head")] == ["at -500000", "at 1", "at -1", "at 0"]
    assert store["head"].text == "at -500000"
    assert [trashed.uid for trashed in store.trash()] == uids[::-1]
    assert store.recover("a").uid == uids[-1]
    assert [change.id for change in store.changes()] == sorted(change.id for change in store.changes())
