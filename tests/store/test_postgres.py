"""What PostgreSQL has in its own way: who is let in, queues and notices, a server that goes away, one schema."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import MetaData, create_engine
from sqlmodel import SQLModel

from prompt_kernel import postgres as speaking
from prompt_kernel import tables
from prompt_kernel.errors import (
    MissingExtraError,
    PromptKernelError,
    ReadOnlyStoreError,
    SchemaTooNewError,
    StoreUnavailableError,
)
from prompt_kernel.records import Draft
from prompt_kernel.store import Store, _engine, _migrations, _schema_postgres, connect, restore_backup
from prompt_kernel.store._postgres import PostgresDatabase
from tests.ledger import begin
from tests.postgres import Server, running
from tests.processes import start_together

Worker = Callable[..., subprocess.Popen[str]]


def libpq(url: str) -> str:
    """Return a URL as the driver itself takes it."""
    return url.replace("+psycopg", "")


@pytest.fixture
def store(postgres: str) -> Iterator[Store]:
    """All of this is about PostgreSQL."""
    with Store(postgres, author="ana") as opened:
        yield opened


@pytest.fixture
def own_server() -> Iterator[Server]:
    """Give a server that a test may stop, and whose disk is waited for."""
    with running(durable=True) as server:
        yield server


# Who is let in


def test_a_store_is_opened_by_any_of_its_urls_and_is_one(postgres: str) -> None:
    with connect(postgres, author="ana") as store, Store(libpq(postgres)) as other:
        store.save("a", "text")
        assert (other["a"].text, other.url) == ("text", postgres)
        assert (store.summary().journal.split()[0], store.summary().schema) == ("PostgreSQL", 4)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("postgresql://ana:s3cret@127.0.0.1:1/db", "its server cannot be reached: "),
        ("postgresql://ana:s3cret@127.0.0.1:no/db", "its server cannot be reached: "),
        ("postgresql://ana:s3/c@ret@/db?nothing=1", "this is no URL of a database; write postgresql+psycopg://user"),
    ],
)
def test_a_server_that_is_not_there_is_named_without_the_password(place: str, reason: str) -> None:
    with pytest.raises(StoreUnavailableError) as caught:
        Store(place)
    assert caught.value.reason.startswith(reason)
    assert caught.value.url.startswith("postgresql+psycopg://ana:***@")
    assert "s3" not in f"{caught.value}{caught.value.__dict__}{caught.value.__cause__}"


def test_what_the_server_answers_is_said(postgres: str) -> None:
    with pytest.raises(StoreUnavailableError) as caught:
        Store(postgres.replace("/postgres?", "/nowhere?"))
    assert caught.value.reason == 'its server answers: database "nowhere" does not exist'


def test_a_password_is_shown_nowhere(postgres: str) -> None:
    url = postgres.replace("postgres@", "postgres:s3cret@")
    with Store(url) as store:
        with pytest.raises(StoreUnavailableError) as caught:
            store.backup()
        with Store(url, read_only=True) as reader, pytest.raises(ReadOnlyStoreError) as refused:
            reader.save("a", "x")
        shown = f"{store!r} {store.summary()!r} {caught.value} {refused.value} {refused.value.__dict__}"
        assert (store.url, "s3cret" in shown, "postgres:***@" in shown) == (url, False, True)


def test_without_its_driver_it_is_said_what_to_install(postgres: str) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from prompt_kernel.completions import suggest_paths\n"
        "from prompt_kernel.store import Store\n"
        "print(suggest_paths(sys.argv[1], 'a'))\n"
        "try:\n    Store(sys.argv[1])\nexcept Exception as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, postgres], capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert done.stdout == f"[]\n{MissingExtraError.__name__} {MissingExtraError('postgres', 'A store in PostgreSQL')}\n"


def test_a_schema_that_is_not_there_is_not_made(postgres: str) -> None:
    with pytest.raises(StoreUnavailableError, match="there is no such schema; make it with CREATE SCHEMA"):
        Store(postgres + "_not")


def test_a_database_that_cannot_hold_every_character_is_refused(postgres_server: Server) -> None:
    postgres_server.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreUnavailableError, match="its texts are in LATIN1; make a database with ENCODING 'UTF8'"):
        Store(postgres_server.address.replace("/postgres?", "/latin?"))


def test_tables_of_others_are_left_alone_and_where_ours_would_be_they_are_told(postgres: str) -> None:
    with psycopg.connect(libpq(postgres), autocommit=True) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
        connection.execute("INSERT INTO theirs VALUES (7)")
        with Store(postgres) as store:
            assert store.save("a", "x").version == 1
        assert connection.execute("SELECT * FROM theirs").fetchall() == [(7,)]


def test_a_table_of_ours_that_is_somebody_elses_is_not_touched(postgres: str) -> None:
    with psycopg.connect(libpq(postgres), autocommit=True) as connection:
        connection.execute("CREATE TABLE prompt (id INTEGER)")
        with pytest.raises(StoreUnavailableError, match="there are tables of some other program in that schema"):
            Store(postgres)
        found = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace")
        assert found.fetchall() == [("prompt",)]


def test_a_server_that_takes_no_changes_gives_a_store_for_reading(store: Store) -> None:
    store.save("a", "text")
    with Store(store.url + "%20-cdefault_transaction_read_only%3Don") as reader:
        assert (reader["a"].text, "its server takes no changes" in reader.read_only) == ("text", True)
        with pytest.raises(ReadOnlyStoreError):
            reader.save("a", "x")


def test_what_is_open_for_reading_is_protected_by_the_server_too(store: Store) -> None:
    store.save("a", "text")
    with Store(store.url, read_only=True) as reader:
        database = reader._database  # noqa: SLF001 - as if the check before were missing
        with pytest.raises(StoreUnavailableError, match="its server takes no changes"):
            database.rows("UPDATE prompt SET head = 2", {})


def test_a_copy_is_made_by_another_command(store: Store) -> None:
    for ask in (store.backup, lambda: restore_backup(__file__, store.url)):
        with pytest.raises(StoreUnavailableError) as caught:
            ask()
        assert caught.value.reason == (
            "it is in PostgreSQL, which has backups of its own; `prompt-kernel copy FROM TO` copies it to a file"
        )


# The schema


def test_the_tables_are_those_of_the_models(store: Store) -> None:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(libpq(store.url)))
    found = MetaData()
    found.reflect(engine)
    engine.dispose()
    ours = {name: table for name, table in SQLModel.metadata.tables.items() if hasattr(tables, "PromptRow")}
    assert set(found.tables) == {*ours, "search", "store_state"}
    for name, table in ours.items():
        columns = {column.name: (column.nullable, column.primary_key) for column in found.tables[name].columns}
        assert columns == {column.name: (column.nullable, column.primary_key) for column in table.columns}
        indexes = {(index.name, index.unique, tuple(index.columns.keys())) for index in found.tables[name].indexes}
        assert indexes >= {(index.name, index.unique, tuple(index.columns.keys())) for index in table.indexes}


def test_processes_that_open_a_new_store_at_once_all_get_it(worker: Worker, postgres: str) -> None:
    processes = [worker("save", postgres, f"p{number}", "text") for number in range(3)]
    assert [process.communicate(timeout=60) for process in processes] == [("1\n", "")] * 3
    with Store(postgres) as store:
        assert (list(store), store.summary().schema) == (["p0", "p1", "p2"], 4)


def add_rating(run: Callable[[str], object]) -> None:
    """A step after those that there are."""
    run("ALTER TABLE prompt ADD COLUMN rating INTEGER NOT NULL DEFAULT 0")


def fail(run: Callable[[str], object]) -> None:
    """A step that fails when half of it is done."""
    run("ALTER TABLE prompt ADD COLUMN other INTEGER")
    run("SELECT * FROM nowhere")


def test_a_newer_store_is_read_and_not_written(store: Store) -> None:
    store.save("a", "text")
    _migrations.upgrade(store._database, (*_schema_postgres.STEPS, add_rating))  # noqa: SLF001 - as a newer release
    with Store(store.url) as older:
        assert (older["a"].text, older.summary().schema) == ("text", 5)
        with pytest.raises(SchemaTooNewError) as caught:
            older.save("a", "x")
        assert (caught.value.found, caught.value.known) == (5, 4)


def test_an_older_store_is_upgraded_and_a_step_that_fails_leaves_nothing_of_itself(postgres: str) -> None:
    database = _engine.open_database(postgres)
    _migrations.upgrade(database, _schema_postgres.STEPS[:1])
    with pytest.raises(StoreUnavailableError, match="nowhere"):
        _migrations.upgrade(database, (*_schema_postgres.STEPS[:1], fail))
    assert database.schema() == 1
    with pytest.raises(StoreUnavailableError, match="it needs an upgrade first, and it is open for reading only"):
        Store(postgres, read_only=True)
    database.close()
    with Store(postgres) as store:
        assert (store.save("a", "x").version, store.summary().schema) == (1, 4)


def test_a_store_of_the_third_schema_gets_a_ledger(postgres: str) -> None:
    database = _engine.open_database(postgres)
    _migrations.upgrade(database, _schema_postgres.STEPS[:3])
    database.close()
    with Store(postgres) as store:
        store.save("a", "Say {{ x }}")
        runs = begin(store, "tone", "a", [{"x": 1}])
        assert (store.experiments.expansion(runs[0]), store.doctor()) == ("Say 1", [])


# Queues and notices


def test_eight_processes_that_write_lose_nothing(worker: Worker, store: Store) -> None:
    store.save("counter", "0\n")
    processes = [worker("count", store.url, 40) for _ in range(8)]
    start_together(processes)
    outcomes = [process.communicate(timeout=120) for process in processes]
    assert [json.loads(out)["saved"] if out else err for out, err in outcomes] == [40] * 8
    assert [int(version.text.split("\n")[0]) for version in reversed(store.history("counter"))] == list(range(321))
    ids = [change.id for change in store.changes(limit=1000)]
    assert (ids == sorted(ids), len(ids), store.doctor()) == (True, 321, [])


def test_whoever_holds_the_lock_for_too_long_is_told_of(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "PATIENCE", 50)
    with Store(store.url) as other, store.together():
        with pytest.raises(StoreUnavailableError) as caught:
            other.save("a", "x")
        assert caught.value.reason == "another process held it for over ten seconds; nothing was saved, try again"
        assert list(other) == []
    assert store.save("a", "x").version == 1


def test_stores_in_two_schemas_of_one_database_do_not_wait_for_each_other(
    store: Store, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_engine, "PATIENCE", 50)
    with postgres_server.schema() as url, Store(url) as other, store.together():
        assert (other.save("a", "x").version, list(store)) == (1, [])


def test_what_changes_nothing_is_no_new_revision_to_others(store: Store) -> None:
    store.save("a", "text")
    with Store(store.url) as other:
        seen = other.revision
        store.save("a", "text")
        assert other.revision == seen
        store.save("a", "new")
        assert other.revision != seen


def test_another_process_hears_of_a_change_at_once(store: Store, worker: Worker) -> None:
    process = worker("wait", store.url)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    store.live.tell(["one", "two"])
    store.save("a", "text")
    committed = time.time()
    out, err = process.communicate(timeout=60)
    assert out, err
    heard, changed, messages = json.loads(out)
    assert (changed, messages, heard - committed < 0.5) == (True, ["one", "two"], True)


def test_several_threads_wait_and_others_go_on(store: Store) -> None:
    known = store.revision
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(store.wait(known, 30))) for _ in range(4)]
    for thread in threads:
        thread.start()
    with Store(store.url) as other:
        other.save("a", "x")
    for thread in threads:
        thread.join(20)
    assert seen == [store.revision] * 4
    assert store.wait(store.revision, 0.01) == store.revision


def test_a_store_that_is_closed_keeps_nobody_waiting(store: Store) -> None:
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            store.wait(store.revision, 30)
        except PromptKernelError as error:
            caught.append(error)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    store.close()
    for thread in threads:
        thread.join(20)
    assert [str(error).partition(": ")[2] for error in caught] == ["it was closed; open it again with connect()."] * 3


def test_an_expansion_is_of_one_moment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save_many([Draft("a", "old"), Draft("b", "old"), Draft("root", "[[a]] [[b]]")])
    assert store.expand("a") == "old"
    rows = PostgresDatabase.rows
    with Store(store.url) as other:
        meddled: list[str] = []

        def meddle(database: PostgresDatabase, statement: str, values: dict[str, object]) -> list[tuple[object, ...]]:
            found = rows(database, statement, values)
            if "version v" in statement and database is store._database and not meddled:  # noqa: SLF001 - in between
                meddled.append(statement)
                other.save_many(Draft(path, "new") for path in "ab")
            return found

        monkeypatch.setattr(PostgresDatabase, "rows", meddle)
        assert (store.expand("root"), len(meddled)) == ("old old", 1)
        assert store.expand("root") == "new new"


# A server that goes away


def test_a_server_that_was_restarted_is_used_again_after_one_clear_error(own_server: Server) -> None:
    with own_server.schema() as url, Store(url) as store, Store(url) as writer:
        assert (store.save("a", "text").version, store.wait(None, 0)) == (1, store.revision)
        own_server.stop()
        with pytest.raises(StoreUnavailableError) as caught:
            store.get("a")
        assert caught.value.reason == speaking.LOST
        with pytest.raises(StoreUnavailableError, match="its server cannot be reached: "):
            store.get("a")
        own_server.start()
        assert (store["a"].text, store.expand("a"), store.search("text")[0].path) == ("text", "text", "a")
        with pytest.raises(StoreUnavailableError):
            writer.save("a", "new")
        assert (writer.save("a", "new").version, store["a"].text) == (2, "new")
        known = store.revision
        heard: list[object] = []
        thread = threading.Thread(target=lambda: heard.append(store.wait(known, 30)))
        thread.start()
        writer.save("a", "newer")
        thread.join(20)
        assert heard == [store.revision]


def test_what_was_acknowledged_survives_a_crash_of_the_server(own_server: Server) -> None:
    with own_server.schema() as url:
        with Store(url) as store:
            saved = [store.save("a", f"{number} [[b]]") for number in range(50)]
            own_server.crash()
        own_server.start()
        with Store(url) as store:
            assert [version.text for version in reversed(store.history("a"))] == [prompt.text for prompt in saved]
            assert (store.doctor(), store.save("a", "after").version) == ([], 51)


def test_a_writer_that_is_killed_loses_nothing_it_acknowledged(worker: Worker, postgres: str) -> None:
    out, err = worker("crash", postgres, 15, 7).communicate(timeout=120)
    outcome = json.loads(out or f'{{"problems": {json.dumps(err)}}}')
    assert outcome["problems"] == []
    assert outcome["acknowledged"] >= 30


def test_a_connection_that_ends_in_the_middle_undoes_all_of_it(store: Store, postgres_server: Server) -> None:
    store.save("a", "text")
    process = store._database.rows("SELECT pg_backend_pid()", {})[0][0]  # noqa: SLF001 - no verb tells

    def half() -> None:
        with store.together():
            store.save("a", "half")
            postgres_server.execute(f"SELECT pg_terminate_backend({process})")
            store.save("a", "whole")

    with pytest.raises(StoreUnavailableError) as caught:
        half()
    assert caught.value.reason == speaking.LOST
    assert ([version.text for version in store.history("a")], store.save("a", "new").version) == (["text"], 2)


FORK = """
import os, sys
from prompt_kernel.store import Store

def in_child(work):
    process = os.fork()
    if not process:
        try:
            os._exit(0 if work() else 1)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(2)
    assert os.waitpid(process, 0)[1] == 0

def closes():
    store.close()
    return True

with Store(sys.argv[1]) as store:
    store.save("a", "parent")
    store.wait(None, 0)
    assert store["a"].text == store.expand("a") == "parent"
    in_child(lambda: (store["a"].text, store.expand("a")) == ("parent", "parent"))
    in_child(closes)
    in_child(lambda: store.save("a", "child").version == 2 and store.wait(None, 0) and closes())
    assert (store["a"].text, store.expand("a"), store.doctor()) == ("child", "child", [])
    assert store.save("a", "parent again").version == 3
"""


def test_a_forked_process_connects_anew(postgres: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", FORK, postgres], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# Purging


def test_nothing_of_a_purged_prompt_is_found_in_any_table(store: Store) -> None:
    prompt = store.save("secret", "canary-7f3b", description="canary", tags=["canary"], message="canary")
    store.live.append([(prompt.uid, store.live.open(prompt.uid, str.encode).epoch, b"canary", "ana")], "p")
    store.delete("secret")
    assert store.purge() == 1
    with psycopg.connect(libpq(store.url)) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
        content = [
            connection.execute(psycopg.sql.SQL("SELECT * FROM {}").format(psycopg.sql.Identifier(name))).fetchall()
            for (name,) in names
        ]
    assert (len(content) > 10, "canary" in str(content)) == (True, False)
    assert store.doctor() == []
