"""Several processes and threads with one store: nothing is lost, and everybody sees at once what anybody saved."""

import json
import subprocess
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from prompt_kernel.errors import ConflictError, StoreUnavailableError
from prompt_kernel.records import Draft
from prompt_kernel.store import Store, _engine, _sqlite
from tests.postgres import on_sqlite
from tests.processes import start_together

Worker = Callable[..., subprocess.Popen[str]]
Traced = Callable[[Store], AbstractContextManager[list[str]]]


def test_four_processes_that_count_lose_no_count(worker: Worker, store: Store) -> None:
    store.save("counter", "0\n")
    processes = [worker("count", store.url, 150) for _ in range(4)]
    start_together(processes)
    outcomes = [process.communicate(timeout=120) for process in processes]
    assert [json.loads(out)["saved"] if out else err for out, err in outcomes] == [150] * 4
    assert store["counter"].text.startswith("600\n")
    texts = [version.text for version in reversed(store.history("counter"))]
    assert [int(text.split("\n")[0]) for text in texts] == list(range(601))
    assert len({version.author for version in store.history("counter")}) == 5
    assert store.doctor() == []


def test_threads_that_share_a_store_lose_no_count(store: Store) -> None:
    store.save("counter", "0\n")
    errors: list[Exception] = []

    def run(name: str) -> None:
        try:
            for turn in range(40):
                while True:
                    seen = store["counter"]
                    text = f"{int(seen.text.split()[0]) + 1}\n{name} {turn}\n"
                    try:
                        store.save("counter", text, expected=seen.version)
                    except ConflictError:
                        continue
                    break
        except Exception as error:  # noqa: BLE001 - the thread's own end would go unnoticed
            errors.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store["counter"].text.startswith("160\n")


def test_who_saves_beside_those_who_never_pause_gets_a_turn(worker: Worker, tmp_path: Path) -> None:
    """By SQLite's own way of waiting, one save in eleven failed here after ten seconds."""
    with Store(tmp_path / "busy.db") as store:
        writers = [worker("write", store.url, path) for path in "ab"]
        start_together(writers)
        versions = [store.save("mine", str(number)).version for number in range(20)]
        outcomes = [writer.communicate("\n", timeout=60) for writer in writers]

    assert versions == list(range(1, 21))
    assert [err for _, err in outcomes] == ["", ""]


def test_threads_do_everything_at_once_without_an_error(store: Store) -> None:
    store.save_many(Draft(f"p{number}", f"[[p{number + 1}]] x") for number in range(10))
    store.save("p10", "end")
    errors: list[Exception] = []

    def run(turn: int) -> None:
        try:
            for number in range(25):
                path = f"p{(number * 7 + turn) % 10}"
                assert store.expand(path).endswith("x")
                assert store.save(path, store[path].text + " x").version > 1
                assert path in {hit.path for hit in store.search("x", limit=100)}
                assert store.suggest("p")
                assert len(store.prompts()) == 11
                assert store.includes(path)
                store.impact("p10", f"{turn} {number}")
                if number % 10 == 5:
                    store.rename("p10", f"d/q{turn}")
                    store.rename(f"d/q{turn}", "p10")
        except Exception as error:  # noqa: BLE001 - the thread's own end would go unnoticed
            errors.append(error)

    threads = [threading.Thread(target=run, args=(turn,)) for turn in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (store.doctor(), store.expand("p0").endswith("x")) == ([], True)


# Seeing what others did


def test_what_another_process_saves_is_seen_at_once(worker: Worker, library: Store) -> None:
    assert library.expand("style/base") == "Speak in a plain voice.\nBe brief.\n"
    assert library["style/tone"].version == 1
    out, err = worker("save", library.url, "style/tone", "Shout, {{ tone }}!\n").communicate(timeout=60)
    assert out == "2\n", err
    assert library.expand("style/base") == "Shout, plain!\nBe brief.\n"
    assert (library["style/tone"].version, library.search("shout")[0].path) == (2, "style/tone")
    assert [change.kind for change in library.changes(4)] == ["saved"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda other: other.save("a", "new"), "new B"),
        (lambda other: other.rename("a", "d/a"), "A B"),
        (lambda other: other.rename("p/b", "p/c"), "A B"),
        (lambda other: other.delete("p/b", force=True), "A [[b]]"),
        (lambda other: other.update_directory("p", enabled=False), "A [[b]]"),
        (lambda other: other.save("x/b", "sibling"), "A sibling"),
        (lambda other: other.save("x/root", "else"), "else"),
        (lambda other: other.describe("a", description="new"), "A B"),
        (lambda other: other.label("a", "good"), "A B"),
        (lambda other: other.add_directory("b"), "A B"),
    ],
)
def test_any_change_of_another_store_is_seen_at_once(
    store: Store, change: Callable[[Store], object], text: str
) -> None:
    store.save_many([Draft("a", "A"), Draft("p/b", "B"), Draft("x/root", "[[a]] [[b]]")])
    assert store.expand("x/root", strict=False) == "A B"
    with Store(store.url) as other:
        change(other)
        assert store.expand("x/root", strict=False) == other.expand("x/root", strict=False) == text
        assert store["x/root"] == other["x/root"]
        assert "a" in store
        assert store["a"] == other["a"]


@on_sqlite
def test_only_what_changed_is_read_again(store: Store, traced: Traced) -> None:
    store.save_many(Draft(f"part{number}", f"{number} ") for number in range(10))
    store.save("root", "".join(f"[[part{number}]]" for number in range(10)))
    assert store.expand("root") == "0 1 2 3 4 5 6 7 8 9 "
    with traced(store) as nothing_changed:
        assert store.expand("root") == "0 1 2 3 4 5 6 7 8 9 "
    with Store(store.url) as other, traced(store) as one_changed:
        other.save("part3", "three ")
        assert store.expand("root") == "0 1 2 three 4 5 6 7 8 9 "
    with Store(store.url) as other, traced(store) as described:
        other.describe("part3", tags=["t"])
        store.expand("root")
    assert nothing_changed == ["PRAGMA data_version"]
    assert len(one_changed) <= 15
    assert len([sql for sql in one_changed if "v.text" in sql]) == 1
    assert len([sql for sql in described if "v.text" in sql]) <= 1


@on_sqlite
def test_an_expansion_is_of_one_moment(store: Store) -> None:
    store._database.raw.execute("PRAGMA journal_mode = wal")  # noqa: SLF001 - so that the other can write meanwhile
    store.save_many([Draft("a", "old"), Draft("b", "old"), Draft("c", "old"), Draft("root", "[[a]] [[b]] [[c]]")])
    assert store.expand("a") == "old"
    with Store(store.url) as other:
        meddled: list[str] = []

        def meddle(sql: str) -> None:
            if "version v" in sql and not meddled:
                meddled.append(sql)
                other.save_many(Draft(path, "new") for path in "abc")

        store._database.raw.set_trace_callback(meddle)  # noqa: SLF001 - there is no other way in between
        assert (store.expand("root"), len(meddled)) == ("old old old", 1)
        assert store.expand("root") == "new new new"


def test_a_store_that_is_locked_for_too_long_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "PATIENCE", 50)
    with Store(store.url) as other, store._database.writing():  # noqa: SLF001 - as a slow import would
        with pytest.raises(StoreUnavailableError) as caught:
            other.save("a", "text")
        assert str(caught.value) == (
            f"The store {store.url} cannot be used: "
            "another process held it for over ten seconds; nothing was saved, try again."
        )
        assert list(other) == []
    assert store.save("a", "text").version == 1


def test_a_store_of_thousands_opens_and_expands_with_as_few_statements_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = _sqlite.sqlite3.connect
    found: dict[int, list[str]] = {}
    for size in (200, 20_000):
        file = tmp_path / f"{size}.db"
        with Store(file) as store:
            store.save_many(Draft(f"d{n % 40}/p{n}", f"[[p{n + 1}]]" if n % 10 else "end") for n in range(size))
        statements = found[size] = []

        def traced(*arguments: object, statements: list[str] = statements, **options: object) -> object:
            connection = connect(*arguments, **options)  # type: ignore[call-overload]  # as it came
            connection.set_trace_callback(statements.append)
            return connection

        with monkeypatch.context() as patch:
            patch.setattr(_sqlite.sqlite3, "connect", traced)
            with Store(file) as store:
                assert store.expand("d1/p1") == "end"
                assert store["d1/p1"].version == 1
    assert found[200] == found[20_000]
    assert len(found[200]) < 40
