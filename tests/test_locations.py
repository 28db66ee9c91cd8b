"""Where a store is, however that is said."""

from pathlib import Path

import pytest

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.locations import cache_folder, default_url, file_of, recall, remember, shown, url_of

_KINDS = "give a path, sqlite:///path, postgresql+psycopg://… or the http(s):// of a server"


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("/a/b.db", "sqlite:////a/b.db"),
        (Path("/a/b.db"), "sqlite:////a/b.db"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
        ("b.db", "sqlite:///{cwd}/b.db"),
        ("sqlite:///b.db", "sqlite:///{cwd}/b.db"),
        ("~/b.db", "sqlite:///{home}/b.db"),
        ("sqlite:///~/b.db", "sqlite:///{home}/b.db"),
        ("a b?c#d%20e.db", "sqlite:///{cwd}/a b?c#d%20e.db"),
        (":memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite:///:memory:"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://ana@host/db?sslmode=require", "postgresql+psycopg://ana@host/db?sslmode=require"),
        ("postgresql://host/db", "postgresql+psycopg://host/db"),
        ("postgres://host/db", "postgresql+psycopg://host/db"),
        ("http://127.0.0.1:8501/", "http://127.0.0.1:8501"),
        ("https://prompts.example.org", "https://prompts.example.org"),
    ],
)
def test_a_path_or_a_url_becomes_the_url_that_everybody_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str | Path, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ana")
    expected = url.format(cwd=tmp_path, home="/home/ana")
    assert url_of(place) == expected
    assert url_of(expected) == expected


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("", "The store sqlite:/// cannot be used: the path is empty."),
        ("sqlite:///", "The store sqlite:/// cannot be used: the path is empty."),
        ("mysql://host/db", f"The store mysql://host/db cannot be used: {_KINDS}."),
        ("~nobody-here/a.db", "The store ~nobody-here/a.db cannot be used: there is no such user's home folder."),
    ],
)
def test_what_no_store_can_be_is_refused(place: str, sentence: str) -> None:
    with pytest.raises(StoreUnavailableError) as caught:
        url_of(place)
    assert str(caught.value) == sentence


def test_the_environment_names_the_store_that_is_meant_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", "/a/b.db")
    assert url_of(None) == default_url() == "sqlite:////a/b.db"
    monkeypatch.setenv("PROMPT_KERNEL_URL", "mysql://host")
    with pytest.raises(StoreUnavailableError):
        default_url()


def test_without_a_word_it_is_a_file_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_data_path", lambda name, *, appauthor: Path("/data") / name / str(appauthor))
    for empty in ("", None):
        if empty is not None:
            monkeypatch.setenv("PROMPT_KERNEL_URL", empty)
        assert url_of(None) == default_url() == "sqlite:////data/prompt-kernel/False/prompts.db"


def test_a_url_names_a_file_or_memory() -> None:
    assert file_of("sqlite:////a/b.db") == Path("/a/b.db")
    assert file_of("sqlite:///:memory:") is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:////a/b?c#d.db", "sqlite:////a/b?c#d.db"),
        ("http://127.0.0.1:8501", "http://127.0.0.1:8501"),
        ("http://127.0.0.1:8501/?token=a/b", "http://127.0.0.1:8501"),
        ("https://ana:secret@host/prompts/?a=b#c", "https://host/prompts"),
        ("https://host/#secret?secret", "https://host"),
    ],
)
def test_a_url_of_a_server_is_shown_without_its_secrets(url: str, expected: str) -> None:
    assert shown(url) == expected
    assert url_of(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+psycopg://ana:s3cret@host:5432/db?a=b", "postgresql+psycopg://ana:***@host:5432/db?a=b"),
        ("postgresql+psycopg://ana:s3/c@re?t@host/db", "postgresql+psycopg://ana:***@host/db"),
        ("postgresql+psycopg://:s3cret@host/db", "postgresql+psycopg://:***@host/db"),
        (
            "postgresql+psycopg://host/db?user=ana&password=s3cret&sslpassword=s3cret&a=b",
            "postgresql+psycopg://host/db?user=ana&password=***&sslpassword=***&a=b",
        ),
        ("postgresql+psycopg://ana@host:5432/db", "postgresql+psycopg://ana@host:5432/db"),
        ("postgresql+psycopg:///db?host=/tmp", "postgresql+psycopg:///db?host=/tmp"),
    ],
)
def test_a_url_of_a_database_is_shown_without_its_password(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_what_can_be_read_again_lies_in_the_cache_of_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "prompt-kernel"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////home/ana/my#1", "sqlite:////home/ana/my#1"),
        ("http://host:8501", "http://host:8501"),
        ("http://host:8501?token=secret", "http://host:8501#{}"),
        ("postgresql+psycopg://ana:secret@host/db", "postgresql+psycopg://ana:***@host/db#{}"),
    ],
)
def test_a_url_is_found_again_by_a_name_without_its_secret(url: str, name: str) -> None:
    given = remember(url)
    assert given == name.format(given.rpartition("#")[2])
    assert (recall(given), remember(url)) == (url, given)
    other = url.replace("secret", "another")
    assert recall(remember(other)) == other


def test_a_name_from_another_process_leads_to_what_is_shown_of_its_url() -> None:
    assert recall("http://host:8501#4711") == "http://host:8501"
