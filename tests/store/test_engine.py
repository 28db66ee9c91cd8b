"""Opening a database: where it may be, how it is tuned, and what an error of it says."""

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import event

from prompt_kernel.errors import DamagedTextError, PromptKernelError, ReadOnlyStoreError, StoreUnavailableError
from prompt_kernel.store import Store, _engine, _sqlite, connect, default_url
from prompt_kernel.store._sqlite import SqliteDatabase, is_local, wal_is_safe
from tests.postgres import on_sqlite

Traced = Callable[[Store], AbstractContextManager[list[str]]]


# Where


def test_a_store_is_opened_by_a_path_or_a_url_and_made_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("one.db", tmp_path / "two" / "a b?c#d%e.db", f"sqlite:///{tmp_path}/three.db", "sqlite:///four.db"):
        with connect(place, author="ana", origin="cli") as store:
            assert (store.author, store.origin, repr(store)) == ("ana", "cli", f"Store({store.url!r})")
            saved = store.save("a", "text")
            assert (saved.author, saved.origin) == ("ana", "cli")
        with Store(store.url) as again:
            assert list(again) == ["a"]
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.db")} == {
        "one.db", "two/a b?c#d%e.db", "three.db", "four.db",
    }  # fmt: skip


def test_without_a_place_the_users_own_store_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect() as store:
        assert store.url == default_url()
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "named.db"))
    with Store() as store:
        assert store.url == f"sqlite:///{tmp_path}/named.db"


def test_the_author_is_the_login_unless_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "bob")
    with Store(":memory:") as store:
        assert store.save("a", "text").author == "bob"

    def unknown() -> str:
        raise OSError("no login")

    monkeypatch.setattr("getpass.getuser", unknown)
    with Store(":memory:") as store:
        assert store.author == "unknown"


@on_sqlite
def test_a_store_is_its_owners_alone(store: Store) -> None:
    assert Path(store.url.removeprefix("sqlite:///")).stat().st_mode & 0o777 == 0o600


def test_each_store_in_memory_is_its_own() -> None:
    with Store(":memory:") as one, Store("sqlite://") as two:
        one.save("a", "text")
        assert (list(one), list(two)) == (["a"], [])


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("", "the path is empty"),
        ("mysql://host/db", "give a path, sqlite:///path, postgresql+psycopg://… or the http(s):// of a server"),
        ("~nobody-here/prompts.db", "there is no such user's home folder"),
        (".", "the file cannot be opened; check that it exists and may be read"),
        ("a\0b", "a path cannot hold a NUL character"),
        ("file/in/a/file.db", "[Errno 20] Not a directory: "),
    ],
)
def test_a_place_that_can_hold_no_store_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailableError) as caught:
        Store(place)
    assert caught.value.reason.startswith(reason)


def test_what_is_not_there_is_not_made_for_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="the file cannot be opened; check that it exists and may be read"):
        Store(tmp_path / "new" / "prompts.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


@on_sqlite
def test_a_file_that_may_not_be_written_is_opened_for_reading(library: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda _file, _how: False)
    with Store(library.url) as reader:
        assert reader.expand("style/base")
        with pytest.raises(ReadOnlyStoreError, match="is open for reading only: its file cannot be written"):
            reader.save("a", "text")


def test_a_closed_store_says_so(library: Store) -> None:
    library.expand("style/base")
    assert library["review"].version == 1
    library.close()
    library.close()
    for ask in (
        lambda: library["review"],
        lambda: library.expand("style/base"),
        lambda: library.save("a", "text"),
        lambda: library.search("x"),
        lambda: list(library),
        library.doctor,
        library.backup,
        library.purge,
        lambda: library.revision,
    ):
        with pytest.raises(StoreUnavailableError) as caught:
            ask()
        assert caught.value.reason == "it was closed; open it again with connect()"


def test_a_statement_that_fails_is_an_error_of_ours(store: Store) -> None:
    store.save("a", "text")
    database = store._database  # noqa: SLF001 - no verb asks for what is not there
    said = "no such table: nowhere|relation .nowhere. does not exist"
    for block in (database.reading, database.writing):
        with pytest.raises(StoreUnavailableError, match=said), block() as connection:
            connection.exec_driver_sql("SELECT * FROM nowhere")
        with pytest.raises(StoreUnavailableError, match=said), block():
            database.raw.execute("SELECT * FROM nowhere")
    with pytest.raises(StoreUnavailableError, match=said):
        database.rows("SELECT * FROM nowhere", {})
    assert store.save("a", "after").version == 2


def test_a_block_that_fails_commits_nothing_and_a_block_within_a_block_is_part_of_it(store: Store) -> None:
    def half() -> None:
        with store._database.writing():  # noqa: SLF001 - as a verb that fails halfway
            store.save("a", "text")
            raise RuntimeError(store["a"].text)

    with pytest.raises(RuntimeError, match="text"):
        half()
    assert (list(store), "a" in store, store.changes()) == ([], False, [])


# How


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 9), False), ((3, 50, 6), False),
        ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 52, 0), True), ((4, 0, 0), True),
    ],
)  # fmt: skip
def test_the_write_ahead_log_is_used_only_where_it_is_free_of_its_bug(version: tuple[int, ...], *, safe: bool) -> None:
    assert wal_is_safe(version) is safe


@pytest.mark.parametrize(
    ("path", "local"),
    [("/data/a.db", True), ("/data/net/a.db", False), ("/data/network/a.db", True), ("/win/c/a.db", False)],
)
def test_a_shared_folder_is_told_from_a_local_one(tmp_path: Path, path: str, *, local: bool) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda / ext4 rw 0 0\nnas:/x /data/net nfs4 rw 0 0\n//nas/y /win cifs rw 0 0\nbroken line\n", "utf-8"
    )
    assert is_local(Path(path), str(mounts)) is local
    assert is_local(Path(path), str(tmp_path / "missing")) is True


@pytest.mark.parametrize(
    ("safe", "local", "journal"), [(True, True, "wal"), (True, False, "truncate"), (False, True, "truncate")]
)
def test_a_new_store_gets_the_journal_that_is_safe_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str, *, safe: bool, local: bool
) -> None:
    monkeypatch.setattr(_sqlite, "wal_is_safe", lambda: safe)
    monkeypatch.setattr(_sqlite, "is_local", lambda _path: local)
    with Store(tmp_path / "prompts.db") as store:
        assert store.summary().journal == journal
        store.save("a", "text")
    with Store(tmp_path / "prompts.db") as store, Store(tmp_path / "prompts.db", read_only=True) as reader:
        assert (store.summary().journal, store["a"].text, reader["a"].text) == (journal, "text", "text")
    monkeypatch.setattr(_sqlite, "wal_is_safe", lambda: False)
    with Store(tmp_path / "prompts.db") as store:
        assert store.summary().journal == "truncate"


@on_sqlite
def test_a_journal_that_somebody_else_holds_open_stays_as_it_is(store: Store) -> None:
    store._database.raw.execute("PRAGMA journal_mode = wal")  # noqa: SLF001 - as a newer SQLite would have it
    store.save("a", "old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_engine, "PATIENCE", 50)
        with Store(store.url) as other:
            assert other.summary().journal == "wal"
            assert other.save("a", "text").version == 2
    assert store["a"].text == "text"


@on_sqlite
def test_every_connection_is_tuned_for_safety(store: Store) -> None:
    def pragma(name: str) -> object:
        return store._database.raw.execute(f"PRAGMA {name}").fetchone()[0]  # noqa: SLF001 - no verb tells

    assert [pragma(name) for name in ("foreign_keys", "synchronous", "trusted_schema", "query_only")] == [1, 2, 0, 0]
    assert pragma("busy_timeout") == 10_000


def test_the_revision_changes_with_every_commit_of_anybody(store: Store) -> None:
    seen = [store.revision]
    store.save("a", "text")
    seen.append(store.revision)
    with Store(store.url) as other:
        other.save("a", "other")
        seen.append(store.revision)
        assert store.revision == seen[-1]
        other.get("a")
        assert store.revision == seen[-1]
    assert len(set(seen)) == 3


# Damage


@on_sqlite
def test_a_file_that_turns_out_to_be_damaged_is_not_written_any_more(store: Store) -> None:
    store.save("a", "text " * 5000)
    file = Path(store.url.removeprefix("sqlite:///"))
    store.close()
    content = file.read_bytes()
    page = content.index(b"text text") // 4096
    file.write_bytes(content[: page * 4096] + b"\xff" * 4096 + content[(page + 1) * 4096 :])
    with Store(file) as damaged:
        with pytest.raises((StoreUnavailableError, DamagedTextError)):
            damaged.get("a")
        assert "structure" in {finding.code for finding in damaged.doctor()}
        with pytest.raises(ReadOnlyStoreError, match="the file is damaged"):
            damaged.save("b", "text")


# Forks

FORK = """
import os, sys
from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.store import Store

def in_child(work):
    process = os.fork()
    if not process:
        os._exit(0 if work() else 1)
    assert os.waitpid(process, 0)[1] == 0

with Store(sys.argv[1]) as store, Store(":memory:") as memory:
    memory.save("m", "in memory")
    store.save("a", "parent")
    assert store["a"].text == store.expand("a") == "parent"
    in_child(lambda: (store["a"].text, store.expand("a"), memory["m"].text) == ("parent", "parent", "in memory"))
    in_child(lambda: store.save("a", "child").version == 2)
    assert (store["a"].text, store.expand("a")) == ("child", "child")
    process = os.fork()
    if not process:
        while store["a"].text != "late":
            pass
        os._exit(0 if store.expand("a") == "late" and store.revision else 1)
    store.save("a", "late")
    assert os.waitpid(process, 0)[1] == 0
    assert store.doctor() == []

def refuses():
    try:
        store["a"]
    except StoreUnavailableError as error:
        return error.reason.startswith("it was closed")

in_child(refuses)
"""


def test_a_forked_process_opens_the_file_anew(tmp_path: Path) -> None:
    script = tmp_path / "fork.py"
    script.write_text(textwrap.dedent(FORK))
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script), str(tmp_path / "prompts.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# Threads


def test_a_thread_waits_while_another_one_writes(store: Store) -> None:
    seen: list[object] = []
    with store._database.writing():  # noqa: SLF001 - a verb in the middle of its work
        store.save("a", "text")
        thread = threading.Thread(target=lambda: seen.append("a" in store))
        thread.start()
        thread.join(0.05)
        assert seen == []
    thread.join()
    assert seen == [True]


# Statements


def use_everything(store: Store, word: str, folder: Path) -> None:
    """Use every verb, with `word` in whatever a user can name or write."""
    other = f"{word}2"
    store.save(f"{word}/{word}", f"{word} [[{other}]] [[{word}/*]] {{{{ {word} }}}}", message=word, tags=[word])
    store.save(other, word, description=word, variables={word: word}, author=word)
    store.save(other, f"{word}\n{word}", expected=1)
    store.describe(other, tags=[other], description=other)
    store.label(other, word)
    for ask in (
        lambda: store.get(word),
        lambda: store.get(f"{other}@{word}"),
        lambda: store.get(f"{word}3"),
        lambda: store.expand(f"{word}/{word}", {word: word}),
        lambda: store.expand_text(f"[[{other}@{word}]]", directory=word),
        lambda: store.search(f"{word} {other}", tag=word, directory=word),
        lambda: store.search(word),
        lambda: store.search("", directory=word),
        lambda: store.suggest(word, directory=word),
        lambda: store.prompts(directory=word, tag=word, after=word),
        lambda: store.prompts(directory=word),
        lambda: store.impact(other, word),
        lambda: store.rename(other, f"{word}/{other}"),
        lambda: store.includes(other),
        lambda: store.referrers(other),
        lambda: store.rename_directory(word, f"{word}4"),
        lambda: store.update_directory(f"{word}4", description=word, enabled=False),
        lambda: store.update_directory(f"{word}4", enabled=True),
        lambda: store.add_directory(f"{word}5", description=word),
        lambda: store.remove_directory(f"{word}5"),
        lambda: store.delete(other, force=True),
        lambda: store.recover(other, to=other),
        lambda: store.unlabel(other, word),
        lambda: store.restore(other, 1),
        lambda: store.diff(other, expanded=True),
        lambda: store.delete(other, force=True),
        lambda: store.purge(other),
        store.check,
        store.doctor,
        store.tags,
        store.summary,
        lambda: store.backup(folder / f"{word}.db"),
        lambda: store.layouts([word]),
        lambda: store.display_names([word]),
    ):
        try:
            ask()
        except PromptKernelError:
            continue


def test_what_users_write_never_becomes_part_of_a_statement(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    rows = SqliteDatabase.rows

    def recorded(database: SqliteDatabase, statement: str, values: dict[str, object]) -> list[tuple[object, ...]]:
        statements.append(statement)
        return rows(database, statement, values)

    monkeypatch.setattr(SqliteDatabase, "rows", recorded)
    event.listen(
        store._database._engine,  # noqa: SLF001 - where SQLAlchemy tells what it runs
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )
    found = []
    for word in ("warming", "canary", "kanarie"):
        statements.clear()
        use_everything(store, word, tmp_path)
        assert not [statement for statement in statements if word in statement]
        found.append(set(statements))
    assert found[1] == found[2]
    assert len(found[1]) > 60
