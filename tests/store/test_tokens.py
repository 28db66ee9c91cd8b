"""Tokens: made once, known by their secret, gone when removed; the secret itself is nowhere."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.errors import InvalidMetadataError, NotFoundError
from prompt_kernel.records import Token
from prompt_kernel.store import Store


def test_a_token_is_known_by_its_secret(store: Store) -> None:
    before = datetime.now(UTC)
    reader, writer = store.add_token("ci"), store.add_token("team", write=True, author=" Ana ☕ ")
    found = [store.token_of(secret) for secret in (reader, writer)]
    assert found == store.tokens() == [Token(*token) for token in store.tokens()]
    assert [(token.name, token.may_write, token.author) for token in store.tokens()] == [
        ("ci", False, ""),
        ("team", True, "Ana ☕"),
    ]
    assert all(before <= token.created_at <= datetime.now(UTC) for token in store.tokens())


def test_a_secret_can_stand_in_an_address_and_is_long_enough_for_nobody_to_guess(store: Store) -> None:
    secrets = {store.add_token(f"token {number}") for number in range(50)}
    assert len(secrets) == 50
    assert all(re.fullmatch(r"pk_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_no_file_of_the_store_holds_a_secret(tmp_path: Path) -> None:
    with Store(tmp_path / "own.db") as store:
        secret = store.add_token("ci", write=True)
        store.backup(tmp_path / "copy.db")
    kept = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert [part in kept for part in (b"added ci", secret.encode(), secret.removeprefix("pk_").encode())] == [
        True, False, False,
    ]  # fmt: skip


def test_the_log_says_who_made_and_removed_a_token_and_never_its_secret(store: Store) -> None:
    secret = store.add_token("ci")
    store.by("ben", origin="cli").add_token("team", write=True, author="Ana")
    store.remove_token("ci")
    told = [(change.kind, change.path, change.author, change.origin, change.detail) for change in store.changes()]
    assert told == [
        ("token", "", "ana", "python", "added ci, which may read"),
        ("token", "", "ben", "cli", "added team, which may write, for Ana"),
        ("token", "", "ana", "python", "removed ci"),
    ]
    assert secret not in repr((store.changes(), store.tokens(), store.activity()))


def test_a_removed_token_opens_nothing_any_more_in_any_process(store: Store) -> None:
    secret = store.add_token("ci")
    with Store(store.url) as other:
        assert other.token_of(secret) == store.tokens()[0]
        removed = store.remove_token("ci")
        assert (removed.name, store.tokens()) == ("ci", [])
        assert (store.token_of(secret), other.token_of(secret)) == (None, None)
        assert other.add_token("ci") != secret


def test_a_known_token_is_looked_up_without_asking_the_database_for_tokens(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = store.add_token("ci")
    known = store.token_of(secret)
    with monkeypatch.context() as patch:
        patch.delattr("prompt_kernel.store._tokens._ALL")
        assert [store.token_of(secret), store.by("ben").token_of(secret), store.token_of("pk_x")] == [
            known,
            known,
            None,
        ]
    store.save("a", "text")
    assert store.token_of(secret) == known


def test_a_name_is_taken_once(store: Store) -> None:
    secret = store.add_token("ci")
    with pytest.raises(InvalidMetadataError) as caught:
        store.add_token("ci", write=True)
    assert str(caught.value) == "token: there is one called ci already; remove it first, or call this ci-2."
    assert [token.may_write for token in store.tokens()] == [False]
    assert store.token_of(secret)


def test_a_token_that_is_not_there_cannot_be_removed(store: Store) -> None:
    store.add_token("team")
    with pytest.raises(NotFoundError) as caught:
        store.remove_token("taem")
    assert str(caught.value) == "There is no token 'taem'. Did you mean team?"
    with pytest.raises(NotFoundError, match=r"^There is no token 'zzz'\.$"):
        store.remove_token("zzz")


@pytest.mark.parametrize("name", ["", " ", " ci", "ci ", "a\nb", "a\tb", "\0", "\ud800", "x" * 101])
def test_a_name_is_one_line(store: Store, name: str) -> None:
    with pytest.raises(InvalidMetadataError, match=r"^token: "):
        store.add_token(name)
    with pytest.raises(InvalidMetadataError, match=r"^author: "):
        store.add_token("ok", author="a\0b")
    assert (store.tokens(), store.changes()) == ([], [])


def test_who_may_not_write_makes_no_token(store: Store) -> None:
    secret = store.add_token("ci")
    with Store(store.url, read_only=True) as other:
        assert other.token_of(secret) == store.tokens()[0]
        with pytest.raises(Exception, match="open for reading only"):
            other.add_token("more")


_STORE = Store(":memory:")
_SECRET = _STORE.add_token("ci")


@given(st.text() | st.sampled_from([_SECRET[:-1], f"{_SECRET} ", _SECRET.upper(), "ci", ""]))
def test_no_other_text_is_a_token(text: str) -> None:
    assert _STORE.token_of(text) is None
