"""Names for completion: straight from the file, the likeliest first, and never an error."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.completions import suggest_paths, variables, versions_and_labels
from prompt_kernel.records import Draft
from prompt_kernel.store import Store
from tests.postgres import Server, on_postgres, on_sqlite, running


def names(url: str, beginning: str, limit: int = 50) -> list[str]:
    """Return the suggested paths alone."""
    return [path for path, _ in suggest_paths(url, beginning, limit)]


@pytest.fixture
def store(each_store: Store) -> Store:
    """Names are completed of both engines alike."""
    return each_store


@pytest.fixture
def filled(store: Store) -> Store:
    """Give a store with names that begin alike."""
    paths = ["review", "code/review", "code/rework", "a_b", "axb", "style/tone", "Émile", "gone"]
    store.save_many(Draft(path, path, description=f"about {path}") for path in paths)
    store.delete("gone")
    return store


@pytest.mark.parametrize(
    ("beginning", "paths"),
    [
        ("rev", ["review", "code/review"]),
        ("RE", ["review", "code/review", "code/rework"]),
        ("code/", ["code/review", "code/rework"]),
        ("tone", ["style/tone"]),
        ("yle/", ["style/tone"]),
        ("a_", ["a_b"]),
        ("e\u0301m", ["Émile"]),
        ("gone", []),
        ("%", []),
        ("\ud800zzz", []),
    ],
)
def test_names_come_first_then_paths_then_any_part(filled: Store, beginning: str, paths: list[str]) -> None:
    assert names(filled.url, beginning) == paths


def test_nothing_typed_gives_everything_up_to_the_limit(filled: Store) -> None:
    assert names(filled.url, "") == list(filled)
    assert suggest_paths(filled.url, "", 1) == [("a_b", "about a_b")]


def test_a_store_suggests_the_same(filled: Store) -> None:
    for beginning in ("", "re", "o", "x"):
        assert names(filled.url, beginning, 20) == [found.path for found in filled.suggest(beginning)]


def test_what_may_follow_an_at_sign_is_the_labels_and_then_the_versions(filled: Store) -> None:
    for number in range(60):
        filled.save("style/tone", f"text {number}")
    filled.label("tone", "good", version=3)
    filled.label("tone", "best", version=9)
    found = versions_and_labels(filled.url, "tone")
    assert (sorted(found[:2]), found[2:]) == (["best", "good"], [str(number) for number in range(61, 11, -1)])
    assert versions_and_labels(filled.url, "STYLE/tone") == found
    assert versions_and_labels(filled.url, "gone") == versions_and_labels(filled.url, "to%e") == []


def test_variables_are_those_used_or_declared_here_and_in_what_is_included(library: Store) -> None:
    assert variables(library.url, "review") == ["code", "tone"]
    assert variables(library.url, "style/base") == ["tone"]
    library.save("loop", "[[loop]] {{ own }} {{ own }}", variables={"more": None})
    assert variables(library.url, "loop") == ["own", "more"]
    library.save("quiet", "{{ not }}", engine="plain")
    assert variables(library.url, "quiet") == variables(library.url, "missing") == []


def test_the_exact_path_comes_before_another_that_ends_in_it(store: Store) -> None:
    store.save_many([Draft("x/a", "{{ far }}"), Draft("a", "{{ near }}")])
    assert (variables(store.url, "a"), variables(store.url, "x/a")) == (["near"], ["far"])


@on_sqlite
def test_a_store_in_the_other_journal_is_read_too(filled: Store) -> None:
    filled._database.raw.execute("PRAGMA journal_mode = wal")  # noqa: SLF001 - a build of SQLite decides which
    filled.save("review", "again")
    assert names(filled.url, "revi") == ["review", "code/review"]
    filled.close()
    assert names(filled.url, "revi") == ["review", "code/review"]


def test_where_there_is_no_store_there_are_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note, foreign, empty = tmp_path / "note.md", tmp_path / "foreign.db", tmp_path / "empty.db"
    note.write_text("not a database at all " * 100)
    empty.touch()
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE prompt (id, path, key, name_key, deleted_at)")
    places = [str(tmp_path / "missing" / "a.db"), str(tmp_path), str(note), str(foreign), str(empty), ":memory:"]
    monkeypatch.setenv("PROMPT_KERNEL_URL", "mysql://host")
    for url in [*places, "postgresql://host/db", "~nobody-here/a.db", ""]:
        assert (suggest_paths(url, "a"), versions_and_labels(url, "a"), variables(url, "a")) == ([], [], [])
    assert not (tmp_path / "missing").exists()


@on_sqlite
def test_a_locked_store_gives_no_names_and_does_not_wait_for_long(filled: Store) -> None:
    raw = filled._database.raw  # noqa: SLF001 - no verb holds a lock
    raw.execute("PRAGMA journal_mode = truncate")
    raw.execute("BEGIN EXCLUSIVE")
    assert names(filled.url, "rev") == []
    raw.execute("COMMIT")
    assert names(filled.url, "rev") == ["review", "code/review"]


def test_the_users_own_store_is_meant_by_no_url(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", filled.url)
    assert names("", "rev") == ["review", "code/review"]


@on_postgres
def test_a_locked_postgres_store_is_not_waited_for(filled: Store) -> None:
    with filled._database.writing() as connection:  # noqa: SLF001 - no verb holds this lock
        connection.exec_driver_sql("LOCK TABLE prompt IN ACCESS EXCLUSIVE MODE")
        assert names(filled.url, "rev") == []
    assert names(filled.url, "rev") == ["review", "code/review"]


def test_a_server_that_is_away_gives_no_names_and_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as server, server.schema() as url:
        with Store(url) as store:
            store.save("review", "x")
        assert names(url, "rev") == ["review"]
        server.stop()
        assert names(url, "rev") == names(url, "rev") == []
        server.start()
        monkeypatch.setattr("prompt_kernel.postgres._PAUSE", 0.0)
        assert names(url, "rev") == ["review"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: Server
) -> Iterator[str]:
    """Give the URL of a small store."""
    with postgres_server.schema() as url:
        place = url if request.param == "postgresql" else str(tmp_path_factory.mktemp("completions") / "prompts.db")
        with Store(place) as store:
            store.save_many([Draft("style/tone", "{{ x }}"), Draft("a", "[[tone]]")])
        yield place


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(), max_size=12))
def test_nothing_that_is_typed_is_an_error(shared: str, typed: str) -> None:
    assert set(names(shared, typed)) <= {"style/tone", "a"}
    assert isinstance(versions_and_labels(shared, typed), list)
    assert isinstance(variables(shared, typed), list)


def test_completing_imports_no_orm(shared: str) -> None:
    code = (
        "import sys; from prompt_kernel.completions import suggest_paths; "
        f"assert suggest_paths({shared!r}, 'ton') == [('style/tone', '')]; "
        "print([name for name in ('sqlalchemy', 'sqlmodel', 'IPython', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert (done.stdout, done.stderr) == ("[]\n", "")
