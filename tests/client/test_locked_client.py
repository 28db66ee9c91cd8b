"""Locks over HTTP: the same verbs, the same files, the same texts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import prompt_kernel as pk
from prompt_kernel import uses
from prompt_kernel.client import AsyncClient, Client, LockedClient
from prompt_kernel.errors import LockFileError, NotLockedError
from prompt_kernel.lock import Lock
from prompt_kernel.store import Store
from tests.client.servers import Between, ServerProcess


@pytest.fixture(autouse=True)
def _recording() -> Iterator[None]:
    uses.forget_all()
    uses.start()
    yield
    uses.stop()
    uses.forget_all()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prompts.lock"


@pytest.fixture
def library(direct: Store) -> Iterator[Store]:
    """The server's store, with prompts that are gone for good after the test."""
    direct.save("style/tone", "Speak in a {{ tone }} voice.\n", variables={"tone": "plain"})
    direct.save("rules/a", "A")
    direct.save("rules/b", "B")
    direct.save("loop", "{% for x in xs %}{{ x }}[[style/tone]]{% endfor %}", engine="jinja")
    direct.save("review", "[[style/tone]]Review: {{ code }}")
    direct.label("style/tone", "production")
    yield direct
    for path in list(direct):
        direct.delete(path, force=True)
    direct.purge()


DRAFT = (
    "rules/b was last expanded with a text that is not saved (a draft), which no lock can hold: save it, run the cell "
    "again, and freeze again."
)


def use_all(store: Store | Client) -> list[str]:
    """Expand in every way there is, and return the texts."""
    return [
        store.expand("review", code="x"),
        store.expand("loop", xs=[1, 2]),
        store.expand_text("[[rules/*]] [[tone@production]]"),
        store.expand_text("[[tone]]", directory="style"),
        store.compile("rules/a").expand(),
        *store.render("style/tone@1", [{"tone": "odd"}, {}]),
    ]


def test_a_client_freezes_what_its_store_would(client: Client, library: Store, tmp_path: Path) -> None:
    use_all(client)
    use_all(library)
    client.expand_as("rules/b", "A draft")
    library.expand_as("rules/b", "A draft")

    ours, theirs = client.freeze(tmp_path / "ours.lock"), library.freeze(tmp_path / "theirs.lock")

    assert (tmp_path / "ours.lock").read_bytes() == (tmp_path / "theirs.lock").read_bytes()
    names = ("loop", "review", "rules/*", "rules/a", "style/tone", "style/tone@1", "tone@production")
    assert ours.added == theirs.added == names
    assert [ours.notes[0], len(ours.notes)] == [theirs.notes[0], len(theirs.notes)] == [DRAFT, 2]
    assert ours.notes[1].startswith(f"Prompts of {library.url} were used here too")
    assert theirs.notes[1].startswith(f"Prompts of {client.url} were used here too")


def test_by_a_lock_a_client_expands_what_was_frozen(
    client: Client, library: Store, server: ServerProcess, file: Path
) -> None:
    before = use_all(client)
    client.freeze(file)
    library.save("style/tone", "Shout", variables={})
    library.label("style/tone", "production")
    library.save("rules/c", "C")
    library.delete("rules/a", force=True)
    library.rename("review", "code")

    with pk.connect(server.url, lock=file) as by_lock:
        assert isinstance(by_lock, LockedClient)
        assert use_all(by_lock) == before
        assert (by_lock.get("review").path, by_lock.get("review").version) == ("code", 1)
        assert (by_lock["rules/a"].text, by_lock["rules/a"].enabled) == ("A", False)
        with pytest.raises(NotLockedError):
            by_lock.expand("rules/c")
        by_lock.save("rules/c", "CC")
        assert by_lock.unlocked.expand("rules/c") == "CC"
        assert [drift.kind for drift in by_lock.verify(file)] == [
            "renamed", "elsewhere", "deleted", "changed", "label moved",
        ]  # fmt: skip
        assert [str(each) for each in by_lock.verify(file)] == [str(each) for each in library.verify(file)]
        assert repr(by_lock) == f"LockedClient({server.url!r}, lock={str(file)!r})"


def test_what_is_frozen_is_asked_for_once(library: Store, server: ServerProcess, file: Path) -> None:
    library.freeze(file, ["review", "style/tone"])

    with Between(server.port) as between, pk.connect(between.url, lock=file) as by_lock:
        texts = [by_lock.expand("review", code=str(number)) for number in range(20)]
        by_lock.render("style/tone", [{"tone": str(number)} for number in range(20)])
        asked = [(each.method, each.target) for each in between.seen]

    assert asked == [("GET", "/api/health"), ("POST", "/api/compile")]
    assert texts[19] == "Speak in a plain voice.\nReview: 19"


def test_a_lock_that_the_server_has_not_got_says_so(library: Store, server: ServerProcess, file: Path) -> None:
    library.freeze(file, ["rules/a"])
    text = file.read_text(encoding="utf-8")
    with pk.connect(server.url, lock=file) as by_lock:
        library.delete("rules/a")
        library.purge("rules/a")
        with pytest.raises(LockFileError, match="it has frozen rules/a@1, and the store has it no more"):
            by_lock.expand("rules/a")
    library.save("rules/a", "Other")
    file.write_text(text.replace(Lock.read(file).prompts["rules/a@1"].uid, library["rules/a"].uid), encoding="utf-8")
    other = pytest.raises(LockFileError, match="the store's rules/a@1 is not the one that was frozen")
    with pk.connect(server.url, lock=file) as by_lock, other:
        by_lock.expand("rules/a")


async def test_whoever_awaits_can_freeze_and_verify_too(aclient: AsyncClient, library: Store, file: Path) -> None:
    await aclient.expand("review", code="x")

    assert (await aclient.freeze(file)).added == ("review",)
    assert await aclient.verify(file) == []
    library.save("review", "Other")
    assert [each.kind for each in await aclient.verify(file)] == ["changed"]
    assert (await aclient.freeze(file, ["review"])).changed == ("review",)
