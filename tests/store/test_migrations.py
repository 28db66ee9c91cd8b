"""Upgrades: whatever happens in the middle of one, the next start finishes it, and no other file is ever touched."""

import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import SchemaTooNewError, StoreUnavailableError
from prompt_kernel.store import Store, _engine, _migrations, _schema
from prompt_kernel.store._engine import Database, open_database
from prompt_kernel.store._sqlite import APPLICATION_ID
from tests.ledger import begin
from tests.processes import start_together

Worker = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def store(file_store: Store) -> Store:
    """All of this is about a file."""
    return file_store


def add_rating(connection: sqlite3.Connection) -> None:
    """Be a step after ours."""
    connection.execute("ALTER TABLE prompt ADD COLUMN rating INTEGER NOT NULL DEFAULT 0")


def fail(connection: sqlite3.Connection) -> None:
    """Be a step that goes wrong halfway."""
    add_rating(connection)
    connection.execute("SELECT * FROM nowhere")


NEWER = (*_schema.STEPS, add_rating)


@pytest.fixture
def first_schema(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """Know nothing but the first schema while the block lasts."""

    @contextmanager
    def knowing_it() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(_migrations, "upgrade", partial(_migrations.upgrade, steps=_schema.STEPS[:1]))
            yield

    return knowing_it


@pytest.fixture
def old(first_schema: Callable[[], AbstractContextManager[None]], request: pytest.FixtureRequest) -> Path:
    """Give the file of a store of the first schema, with prompts in it, closed."""
    with first_schema():
        library: Store = request.getfixturevalue("library")
        library.delete("review")
        library.rename("style/tone", "style/voice")
        library.close()
    return Path(library.url.removeprefix("sqlite:///"))


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Database]]:
    """Open a database without upgrading it, until the test is over."""
    databases: list[Database] = []

    def open_it(file: Path, *, read_only: bool = False) -> Database:
        databases.append(open_database(f"sqlite:///{file}", read_only=read_only))
        return databases[-1]

    yield open_it
    for database in databases:
        database.close()


def schema(file: Path) -> tuple[int, list[Any]]:
    """Return the number and the definition of a store's schema."""
    with closing(sqlite3.connect(file)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        return version, connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


# Stores


def test_a_new_store_has_the_newest_schema_and_our_mark(store: Store) -> None:
    file = Path(store.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert (schema(file)[0], store.summary().schema) == (len(_schema.STEPS), len(_schema.STEPS))
    assert list(file.parent.glob("*.backup")) == []


def test_an_older_store_is_upgraded_after_a_backup(old: Path, opened: Callable[..., Database]) -> None:
    before = schema(old)
    database = opened(old)
    _migrations.upgrade(database, NEWER)
    assert database.raw.execute("SELECT path, rating FROM prompt WHERE deleted_at IS NULL ORDER BY 1").fetchall() == [
        ("format/json", 0), ("style/base", 0), ("style/voice", 0),
    ]  # fmt: skip
    backup = old.with_name(f"{old.name}.schema-1.backup")
    assert (before[0], schema(backup), schema(old)[0]) == (1, before, len(NEWER))
    _migrations.upgrade(database, NEWER)
    assert schema(old)[0] == len(NEWER)


def test_a_store_of_the_first_schema_keeps_all_that_is_in_it(
    old: Path, first_schema: Callable[[], AbstractContextManager[None]], dump: Callable[[Store], dict[str, Any]]
) -> None:
    backup = old.with_name(f"{old.name}.schema-1.backup")
    with first_schema(), Store(old) as store:
        before, log = dump(store), store.changes()
        assert (store.summary().schema, backup.exists()) == (1, False)
    with Store(old) as store:
        assert (dump(store), store.changes(), store.doctor(), store.check()) == (before, log, [], [])
        document = store.live.open(store["style/voice"].uid, str.encode)
        assert document.state == b"Speak in a {{ tone }} voice.\n"
        assert store.favourite("style/base") == store.favourites()[0]
        assert store.summary().schema == len(_schema.STEPS)
    with first_schema(), Store(backup) as store:
        assert (dump(store), store.changes(), store.summary().schema) == (before, log, 1)


def test_a_store_of_the_third_schema_keeps_all_and_gets_a_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dump: Callable[[Store], dict[str, Any]]
) -> None:
    file = tmp_path / "third.db"
    with monkeypatch.context() as patch:
        patch.setattr(_migrations, "upgrade", partial(_migrations.upgrade, steps=_schema.STEPS[:3]))
        with Store(file) as store:
            store.save("a", "Say {{ x }}")
            store.favourite("a")
            store.add_token("ci")
            before = dump(store), store.changes(), store.favourites(), store.tokens(), store.summary().schema
    with Store(file) as store:
        after = dump(store), store.changes(), store.favourites(), store.tokens(), 3
        assert (after, store.experiments.list(), store.doctor()) == (before, [], [])
        runs = begin(store, "tone", "a", [{"x": 1}])
        assert (store.experiments.expansion(runs[0]), store.summary().schema) == ("Say 1", 4)
    assert schema(file.with_name("third.db.schema-3.backup"))[0] == 3


def test_a_step_that_fails_leaves_nothing_of_itself(old: Path, opened: Callable[..., Database]) -> None:
    _migrations.upgrade(opened(old))
    before = schema(old)
    with pytest.raises(StoreUnavailableError, match="no such table: nowhere"):
        _migrations.upgrade(opened(old), (*_schema.STEPS, fail))
    assert schema(old) == before
    with Store(old) as store:
        assert store.expand("style/base") == "Speak in a plain voice.\nBe brief.\n"


def test_a_store_in_memory_is_upgraded_without_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    database = open_database("sqlite:///:memory:")
    _migrations.upgrade(database)
    _migrations.upgrade(database, NEWER)
    assert (database.raw.execute("PRAGMA user_version").fetchone()[0], list(tmp_path.iterdir())) == (len(NEWER), [])
    database.close()


def test_a_damaged_store_is_not_upgraded(old: Path, opened: Callable[..., Database]) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DROP TRIGGER version_is_immutable")
        connection.execute("UPDATE version SET text = 'x' WHERE number = 1")
        connection.commit()
    before = schema(old)
    with pytest.raises(StoreUnavailableError, match="the copy is not sound"):
        _migrations.upgrade(opened(old), NEWER)
    assert schema(old) == before


def test_a_store_that_needs_an_upgrade_cannot_be_opened_for_reading_only(
    old: Path, opened: Callable[..., Database]
) -> None:
    with pytest.raises(StoreUnavailableError, match="it needs an upgrade first, and it is open for reading only"):
        _migrations.upgrade(opened(old, read_only=True), NEWER)


def test_a_store_of_a_newer_schema_is_read_and_not_written(old: Path, opened: Callable[..., Database]) -> None:
    _migrations.upgrade(opened(old), NEWER)
    before = schema(old)
    with Store(old) as store:
        sentence = (
            f"The store {store.url} has schema {len(NEWER)}, this version knows up to {len(NEWER) - 1}. "
            "It was opened for reading only; upgrade with: pip install --upgrade prompt-kernel"
        )
        assert (store.read_only, store.summary().read_only) == (sentence, sentence)
        assert store.expand("style/base") == "Speak in a plain voice.\nBe brief.\n"
        assert (store.doctor(), len(store.search("brief"))) == ([], 1)
        for change in (lambda: store.save("a", "x"), lambda: store.delete("style/base"), store.purge):
            with pytest.raises(SchemaTooNewError) as caught:
                change()
            assert str(caught.value) == sentence
    assert schema(old) == before


# Other files


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path, journal: str) -> None:
    file = tmp_path / "theirs.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE mine (a)")
    before = file.read_bytes()
    for read_only in (False, True):
        with pytest.raises(StoreUnavailableError) as caught:
            Store(file, read_only=read_only)
        assert str(caught.value) == (
            f"The store sqlite:///{file} cannot be used: the file is a database of some other program."
        )
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all\n" * 100, b"xy", b"SQLite format 3\0 but then nothing" * 20])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.md"
    file.write_bytes(content)
    with pytest.raises(StoreUnavailableError) as caught:
        Store(file)
    assert str(caught.value) == f"The store sqlite:///{file} cannot be used: the file is not an SQLite database."
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (content, [file])


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    file = tmp_path / "prompts.db"
    file.touch()
    with Store(file) as store:
        assert store.save("a", "text").version == 1


# Several at once


def test_a_store_that_another_process_is_just_making_is_no_foreign_one(
    tmp_path: Path, opened: Callable[..., Database]
) -> None:
    file = tmp_path / "prompts.db"
    database = opened(file)

    made: list[str] = []

    def make(sql: str) -> None:
        if "user_version" in sql and not made:
            made.append(sql)
            Store(file).close()

    database.raw.set_trace_callback(make)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_engine, "PATIENCE", 50)
        _migrations.upgrade(database)
    with Store(file) as store:
        assert store.save("a", "text").version == 1


def test_of_processes_that_upgrade_at_once_exactly_one_does_each_step(old: Path, worker: Worker) -> None:
    processes = [worker("upgrade", old) for _ in range(3)]
    start_together(processes)
    outcomes = [process.communicate(timeout=60) for process in processes]
    assert [json.loads(out) if out else err for out, err in outcomes] == [[2, 3]] * 3
    assert [file.name for file in old.parent.glob("*.backup*")] == [f"{old.name}.schema-1.backup"]
    assert schema(old.with_name(f"{old.name}.schema-1.backup"))[0] == 1


def test_processes_that_open_a_new_store_at_once_all_get_it(worker: Worker, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "prompts.db"
    processes = [worker("save", file, f"p{number}", "text") for number in range(3)]
    assert [process.communicate(timeout=60) for process in processes] == [("1\n", "")] * 3
    with Store(file) as store:
        assert list(store) == ["p0", "p1", "p2"]


# Killed


def test_an_upgrade_that_is_killed_at_any_statement_is_finished_by_the_next_start(
    old: Path, worker: Worker, tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    out, err = worker("kill_upgrades", old, folder).communicate(timeout=120)
    outcome = json.loads(out) if out else {"error": err}
    numbers = [number for number, _, _ in outcome["outcomes"]]
    assert outcome["outcomes"] == [[number, True, True] for number in numbers]
    assert len(numbers) > 20
