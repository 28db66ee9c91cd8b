"""Backups: made while others write, verified before they are called one, and put back without losing what was there."""

import random
import re
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.store import Store, _backup, restore_backup
from tests.processes import start_together

Dump = Callable[[Store], dict[str, Any]]


@pytest.fixture
def store(file_store: Store) -> Store:
    """All of this is about a file."""
    return file_store


def file_of(store: Store) -> Path:
    """Return the file of a store."""
    return Path(store.url.removeprefix("sqlite:///"))


def flip(file: Path, at: int) -> None:
    """Change one bit of a file."""
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


def test_a_backup_is_one_file_that_is_the_store(library: Store, tmp_path: Path, dump: Dump) -> None:
    library.delete("review")
    backup = library.backup(tmp_path / "copy.db")
    assert backup == tmp_path / "copy.db"
    assert [file.name for file in tmp_path.glob("copy*")] == ["copy.db"]
    with Store(backup) as copy:
        assert dump(copy) == dump(library)
        assert copy.doctor() == []


def test_a_backup_without_a_name_lies_beside_the_store(library: Store) -> None:
    first, second = library.backup(), library.backup()
    assert first != second
    assert {first.parent, second.parent} == {file_of(library).parent}
    assert re.fullmatch(r"prompts-\d{8}T\d{6}\.\d{6}Z\.backup\.db", first.name)


def test_a_backup_is_as_secret_as_the_store(library: Store) -> None:
    assert {file.stat().st_mode & 0o777 for file in (file_of(library), library.backup())} == {0o600}


def test_a_backup_replaces_an_older_one_and_leaves_none_behind_that_is_not_whole(
    library: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = library.backup(tmp_path / "copy.db")
    library.save("new", "text")
    library.backup(target)
    with Store(target) as copy:
        assert "new" in copy
    before = target.read_bytes()
    monkeypatch.setattr(_backup, "verify", lambda _file: ["it is odd"])
    with pytest.raises(StoreUnavailableError, match=r"copy\.db cannot be used: the copy is not sound: it is odd\.$"):
        library.backup(target)
    assert (target.read_bytes(), list(tmp_path.glob("*.partial"))) == (before, [])


def test_a_backup_into_a_missing_folder_or_over_the_store_itself_is_refused(library: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        library.backup(tmp_path / "missing" / "copy.db")
    (tmp_path / "link.db").symlink_to(file_of(library))
    for place in (file_of(library), tmp_path / "link.db"):
        with pytest.raises(StoreUnavailableError, match="that is the store itself; name another file for the backup"):
            library.backup(place)
    assert library.save("new", "text").version == 1


def test_a_store_in_memory_is_backed_up_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(":memory:") as store:
        store.save("a", "text")
        assert store.backup().parent == tmp_path


def test_a_backup_while_others_write_holds_all_that_was_acknowledged_before(
    worker: Callable[..., subprocess.Popen[str]], store: Store, tmp_path: Path
) -> None:
    store.save("a", "first")
    writers = {path: worker("write", store.url, path) for path in ("a", "b")}
    start_together([*writers.values()])
    for number in range(5):
        seen = {path: [int(writer.stdout.readline()) for _ in range(3)][-1] for path, writer in writers.items()}
        with Store(store.backup(tmp_path / f"{number}.db"), read_only=True) as copy:
            assert copy.doctor() == []
            assert all(copy[path].version >= version for path, version in seen.items())
    for path, writer in writers.items():
        out, err = writer.communicate("\n", timeout=60)
        assert err == ""
        assert store[path].version == int(out.split()[-1])


# Back again


def test_a_restored_backup_is_the_store_and_the_old_one_is_kept(library: Store, dump: Dump) -> None:
    file, before = file_of(library), dump(library)
    backup = library.backup()
    library.save("review", "changed")
    library.delete("format/json")
    after = dump(library)
    library.close()
    kept = restore_backup(backup, file)
    with Store(file) as restored, Store(kept) as old:
        assert (dump(restored), dump(old)) == (before, after)
        assert restored.save("new", "text").version == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert backup.exists()


@pytest.mark.parametrize("journal", ["truncate", "wal"])
def test_what_is_in_the_journal_of_the_old_store_is_kept_with_it(library: Store, tmp_path: Path, journal: str) -> None:
    backup = library.backup()
    raw = library._database.raw  # noqa: SLF001 - a build of SQLite decides which
    raw.execute(f"PRAGMA journal_mode = {journal}")
    library.save("late", "text")
    kept = restore_backup(backup, library.url)
    library.close()
    with Store(library.url) as restored, Store(kept) as old:
        assert ("late" in restored, "late" in old) == (False, True)
    assert not [file for file in tmp_path.iterdir() if file.name.startswith("prompts.db-")]


def test_a_store_that_is_gone_is_restored_where_it_was(library: Store, tmp_path: Path) -> None:
    backup = library.backup(tmp_path / "copy.db")
    place = tmp_path / "new" / "folder" / "prompts.db"
    assert restore_backup(str(backup), place) == place
    with Store(place) as restored:
        assert list(restored) == list(library)


def test_without_a_place_the_users_own_store_is_restored(library: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = library.backup()
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(file_of(library).with_name("own.db")))
    restore_backup(backup)
    with Store() as own:
        assert list(own) == list(library)


def test_a_damaged_store_is_replaced_and_kept_as_it_is(library: Store) -> None:
    backup, file = library.backup(), file_of(library)
    library.close()
    file.write_bytes(b"this is no database" * 100)
    kept = restore_backup(backup, file)
    assert kept.read_bytes() == b"this is no database" * 100
    with Store(file) as restored:
        assert restored.doctor() == []


def test_a_backup_that_is_not_sound_replaces_nothing(library: Store, tmp_path: Path) -> None:
    good, file = library.backup(tmp_path / "copy.db"), file_of(library)
    text, half, foreign, odd = (tmp_path / name for name in ("text.db", "half.db", "foreign.db", "odd.db"))
    text.write_bytes(good.read_bytes())
    flip(text, text.read_bytes().index(b"Review this code"))
    half.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    odd.write_bytes(b"this is no database" * 100)
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    library.close()
    before = file.read_bytes()
    refused = "the backup is not sound, so nothing was replaced"
    for bad, reason in {
        text: f"{refused}: review@1 does not match its hash",
        foreign: f"{refused}: {foreign} is not a Prompt Kernel store",
        half: f"{refused}: ",
        odd: f"{refused}: file is not a database",
        tmp_path / "missing.db": "there is no such backup",
        tmp_path: "there is no such backup",
    }.items():
        with pytest.raises(StoreUnavailableError) as caught:
            restore_backup(bad, file)
        assert str(caught.value).startswith(f"The store {bad} cannot be used: {reason}")
    with pytest.raises(StoreUnavailableError, match="a store in memory has no file to restore"):
        restore_backup(good, ":memory:")
    assert file.read_bytes() == before
    assert not list(tmp_path.glob("*.re*"))


def test_where_there_is_no_room_for_the_copy_the_old_store_stays(
    library: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, file = library.backup(), file_of(library)
    library.close()

    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_backup, "_flush", full)
    with pytest.raises(StoreUnavailableError, match="No space left on device"):
        restore_backup(backup, file)
    with Store(file) as store:
        assert "review" in store
    assert sorted(found for found in file.parent.iterdir() if found.stat().st_size) == sorted([file, backup])


def test_a_backup_with_a_column_of_another_name_is_not_sound(library: Store, tmp_path: Path) -> None:
    backup = library.backup(tmp_path / "copy.db")
    backup.write_bytes(backup.read_bytes().replace(b"        enabled BOOLEAN", b"        enablee BOOLEAN", 1))
    (problem,) = _backup.verify(backup)
    assert problem in ("the table prompt is not as it was made", "the table directory is not as it was made")
    with pytest.raises(StoreUnavailableError, match=f"not sound, so nothing was replaced: {problem}"):
        restore_backup(backup, library.url)


@pytest.mark.parametrize("seed", range(3))
def test_no_flipped_bit_goes_unnoticed(library: Store, tmp_path: Path, seed: int, dump: Dump) -> None:
    dice = random.Random(seed)  # noqa: S311 - dice
    good, before = library.backup(tmp_path / "good.db"), dump(library)
    content, bad = good.read_bytes(), tmp_path / "bad.db"
    for _ in range(60):
        bad.write_bytes(content)
        flip(bad, dice.randrange(len(content)))
        if not _backup.verify(bad):
            with Store(bad) as store:
                found = dump(store)
            assert {path: prompt[1] for path, prompt in found["prompts"].items()} == {
                path: prompt[1] for path, prompt in before["prompts"].items()
            }
