"""Live documents: seeded once, never behind the log, and each version taken in once, by however many processes."""

import json
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import pytest

from prompt_kernel.errors import InvalidTextError, PromptNotFoundError, ReadOnlyStoreError, StoreUnavailableError
from prompt_kernel.store import Store
from prompt_kernel.store.live import Absorbed, LiveDocument, LiveStatus, LiveUpdate
from tests.postgres import on_sqlite
from tests.processes import start_together

Worker = Callable[..., subprocess.Popen[str]]


def seed(text: str) -> bytes:
    """Be a document that is nothing but its text."""
    return text.encode()


def rebase(state: bytes, before: str, after: str, _live: object) -> tuple[bytes, bytes]:
    """Give an update that says what it changes, and the state with it."""
    return f"{before} -> {after}".encode(), state + f" | {after}".encode()


def never(*_: object) -> NoReturn:
    """Fail, because nobody is to ask."""
    raise AssertionError


@pytest.fixture
def uid(store: Store) -> str:
    return store.save("a", "one").uid


@pytest.fixture
def document(store: Store, uid: str) -> LiveDocument:
    return store.live.open(uid, seed)


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """Give the same store as another process has it: over a connection of its own."""
    with Store(store.url, author="bo") as opened:
        yield opened


# Opening


def test_the_first_who_opens_a_document_makes_it_of_the_newest_text(store: Store, uid: str, other: Store) -> None:
    store.save("a", "two")
    assert store.live.peek(uid) is None
    opened = store.live.open(uid, seed)
    assert opened == LiveDocument(uid, opened.epoch, b"two", 0, (), 2)
    assert len(opened.epoch) == 32
    store.save("a", "three")
    assert other.live.open(uid, never) == other.live.peek(uid) == store.live.open(uid, never) == opened


def test_processes_that_open_a_document_at_once_seed_it_once(worker: Worker, store: Store, uid: str) -> None:
    processes = [worker("open_live", store.url, uid) for _ in range(3)]
    found = [json.loads(output) for output in run_together(processes)]
    assert found == [found[0]] * 3
    assert found[0][1] in {f"one seeded by {process.pid}" for process in processes}
    assert store.live.open(uid, never).epoch == found[0][0]


def run_together(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Let processes begin at once, and return what each has printed."""
    start_together(processes)
    outcomes = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in outcomes] == [""] * len(processes)
    return [output for output, _ in outcomes]


def test_a_prompt_in_the_trash_can_be_opened_and_one_that_was_purged_cannot(store: Store, uid: str) -> None:
    store.delete("a")
    assert store.live.open(uid, seed).state == b"one"
    store.purge()
    for ask in (lambda: store.live.open(uid, never), lambda: store.live.absorb(uid, never, "p")):
        with pytest.raises(PromptNotFoundError):
            ask()
    assert (store.live.peek(uid), store.live.statuses([uid])) == (None, {})


def test_a_seed_that_fails_leaves_no_document(store: Store, uid: str) -> None:
    with pytest.raises(AssertionError):
        store.live.open(uid, never)
    assert store.live.peek(uid) is None


# The log


def test_an_update_is_kept_in_the_order_it_came_in(store: Store, uid: str, document: LiveDocument) -> None:
    second = store.live.open(store.save("b", "two").uid, seed)
    ids = store.live.append([(uid, document.epoch, b"1", "ana"), (second.uid, second.epoch, b"\0\xff", "bo")], "p1")
    ids += store.live.append([(uid, document.epoch, b"3", "cy")], "p2")
    logged = [
        LiveUpdate(1, uid, document.epoch, b"1", "ana", "p1"),
        LiveUpdate(2, second.uid, second.epoch, b"\0\xff", "bo", "p1"),
        LiveUpdate(3, uid, document.epoch, b"3", "cy", "p2"),
    ]
    assert (ids, store.live.last()) == ([1, 2, 3], 3)
    assert [store.live.tail(after) for after in range(4)] == [logged, logged[1:], logged[2:], []]
    assert store.live.peek(uid) == document._replace(updates=(logged[0], logged[2]))


def test_an_update_of_another_epoch_or_of_a_purged_prompt_is_not_taken(store: Store, uid: str) -> None:
    epoch = store.live.open(uid, seed).epoch
    gone = store.save("gone", "x").uid
    old = store.live.open(gone, seed).epoch
    never_opened = store.save("b", "y").uid
    store.delete("gone")
    store.purge("gone")
    updates = [(gone, old, b"1", ""), (uid, epoch, b"2", ""), (uid, old, b"3", ""), (never_opened, "", b"4", "")]
    assert store.live.append([*updates, (uid, epoch, b"5", "")], "p") == [None, 1, None, None, 2]
    assert [update.data for update in store.live.tail(0)] == [b"2", b"5"]


def test_updates_go_into_the_log_together(store: Store, document: LiveDocument) -> None:
    update = (document.uid, document.epoch)
    with pytest.raises(StoreUnavailableError):
        store.live.append([(*update, b"1", "ana"), (*update, None, "ana")], "p")  # type: ignore[list-item]  # on purpose
    assert (store.live.tail(0), store.live.last()) == ([], 0)


def test_an_author_that_no_database_could_hold_stops_nobody(store: Store, document: LiveDocument) -> None:
    updates = [(document.uid, document.epoch, b"1", "half \ud83d"), ("\udc00", document.epoch, b"2", "")]
    assert store.live.append(updates, "p") == [1, None]
    assert store.live.tail(0)[0].author == "half ?"


def test_no_id_is_given_twice(store: Store, document: LiveDocument) -> None:
    uid, epoch, *_ = document
    assert store.live.last() == 0
    store.live.append([(uid, epoch, b"1", ""), (uid, epoch, b"2", "")], "p")
    assert store.live.compact(uid, epoch=epoch, upto=2, state=b"12")
    assert (store.live.last(), store.live.tail(0)) == (2, [])
    assert store.live.append([(uid, epoch, b"3", "")], "p") == [3]


def test_a_store_that_takes_no_changes_still_shows_its_documents(store: Store, document: LiveDocument) -> None:
    with Store(store.url, read_only=True) as reader:
        assert reader.live.open(document.uid, never) == document
        assert reader.live.statuses([document.uid])[document.uid].epoch == document.epoch
        with pytest.raises(ReadOnlyStoreError):
            reader.live.append([(document.uid, document.epoch, b"1", "")], "p")


def test_everybody_is_told_that_there_is_something_new(store: Store, document: LiveDocument, other: Store) -> None:
    before = store.revision, other.revision
    other.live.append([(document.uid, document.epoch, b"1", "")], "p")
    assert store.revision != before[0]
    assert other.revision != before[1]


# Status


def test_a_status_tells_how_a_prompt_and_its_document_stand(store: Store, document: LiveDocument) -> None:
    uid, epoch, *_ = document
    second = store.by("bo", origin="notebook").save("d/b", "x", message="begun").uid
    store.save("a", "two", author="cy", message="better")
    store.delete("d/b")
    store.update_directory("d", enabled=False)
    assert store.live.statuses([uid, "nobody", second]) == {
        uid: LiveStatus(uid, "a", 2, True, False, epoch, 0, 1, "cy", "python", "better"),  # noqa: FBT003 - as its fields
        second: LiveStatus(second, "d/b", 1, True, True, "", 0, 0, "bo", "notebook", "begun"),  # noqa: FBT003 - as above
    }
    store.recover("d/b")
    found = store.live.statuses([second])[second]
    assert (found.enabled, found.deleted) == (False, False)
    store.rename("a", "renamed")
    assert store.live.statuses(iter([uid]))[uid].path == "renamed"


# Versions


def test_a_save_makes_a_version_and_keeps_the_state(store: Store, document: LiveDocument) -> None:
    uid, epoch, *_ = document
    store.live.append([(uid, epoch, b"1", "ana"), (uid, epoch, b"2", "bo")], "p")
    saved = store.live.save(uid, epoch=epoch, upto=2, state=b"S", text="two", author="ana, bo", message="both")
    assert saved is not None
    assert saved == store["a"]
    assert (saved.version, saved.text, saved.author, saved.origin, saved.message) == (
        2, "two", "ana, bo", "dashboard", "both",
    )  # fmt: skip
    assert store.live.peek(uid) == LiveDocument(uid, epoch, b"S", 2, (), 2)
    assert store.live.absorb(uid, never, "p") is None


def test_a_save_of_the_text_that_is_there_makes_no_version(store: Store, document: LiveDocument) -> None:
    saved = store.live.save(
        document.uid, epoch=document.epoch, upto=0, state=b"S", text="one", author="ana", message="again"
    )
    assert (saved, len(store.history("a"))) == (store["a"], 1)
    assert store.live.peek(document.uid) == document._replace(state=b"S")


@pytest.mark.parametrize("what", ["unread update", "unread version", "other epoch", "older state", "no document"])
def test_a_save_is_refused_while_there_is_something_to_take_in_first(
    store: Store, uid: str, other: Store, what: str
) -> None:
    epoch = "" if what == "no document" else store.live.open(uid, seed).epoch
    upto = 0
    if what == "unread update":
        other.live.append([(uid, epoch, b"1", "bo")], "another process")
    elif what == "unread version":
        other.save("a", "theirs")
    elif what == "other epoch":
        epoch = "another"
    elif what == "older state":
        other.live.append([(uid, epoch, b"1", "bo")], "another process")
        assert other.live.compact(uid, epoch=epoch, upto=1, state=b"1")
    before = store.live.peek(uid), store.history("a"), store.live.tail(0)
    assert store.live.save(uid, epoch=epoch, upto=upto, state=b"S", text="mine", author="ana", message="") is None
    assert store.live.compact(uid, epoch=epoch, upto=upto, state=b"S") is (what == "unread version")
    if what != "unread version":
        assert (store.live.peek(uid), store.history("a"), store.live.tail(0)) == before


def test_a_prompt_in_the_trash_takes_no_version_but_its_document_lives_on(store: Store, document: LiveDocument) -> None:
    uid, epoch, *_ = document
    store.delete("a")
    assert store.live.append([(uid, epoch, b"1", "ana")], "p") == [1]
    with pytest.raises(PromptNotFoundError):
        store.live.save(uid, epoch=epoch, upto=1, state=b"S", text="two", author="ana", message="")
    assert store.live.compact(uid, epoch=epoch, upto=1, state=b"S")
    store.recover("a")
    assert store.live.peek(uid) == LiveDocument(uid, epoch, b"S", 1, (), 1)
    assert store.live.save(uid, epoch=epoch, upto=1, state=b"S", text="two", author="ana", message="") == store["a"]


def test_a_text_that_no_store_can_hold_changes_nothing(store: Store, document: LiveDocument) -> None:
    with pytest.raises(InvalidTextError):
        store.live.save(document.uid, epoch=document.epoch, upto=0, state=b"S", text="\0", author="ana", message="")
    assert store.live.peek(document.uid) == document


def test_a_document_is_kept_small_without_a_version(store: Store, document: LiveDocument) -> None:
    uid, epoch, *_ = document
    store.live.append([(uid, epoch, b"1", ""), (uid, epoch, b"2", "")], "p")
    assert not store.live.compact(uid, epoch=epoch, upto=1, state=b"1")
    assert store.live.compact(uid, epoch=epoch, upto=2, state=b"12")
    assert store.live.peek(uid) == LiveDocument(uid, epoch, b"12", 2, (), 1)
    assert not store.live.compact("nobody", epoch=epoch, upto=2, state=b"")
    assert len(store.history("a")) == 1


# What others save


def test_a_version_of_somebody_else_is_taken_in_as_an_update_of_theirs(
    store: Store, document: LiveDocument, other: Store
) -> None:
    uid, epoch, *_ = document
    assert store.live.absorb(uid, never, "p") is None
    other.save("a", "two")
    other.save("a", "three", message="third", origin="notebook")
    assert store.live.absorb(uid, rebase, "p") == Absorbed(3, "bo", "notebook", "third")
    update = LiveUpdate(1, uid, epoch, b"one -> three", "bo", "p")
    assert store.live.peek(uid) == LiveDocument(uid, epoch, b"one", 0, (update,), 3)
    assert other.live.absorb(uid, never, "q") is None
    other.save("a", "four")
    seen: list[bytes] = []
    store.live.absorb(uid, lambda state, *texts: (seen.append(state), rebase(state, *texts))[1], "p")
    assert (seen, store.live.tail(1)[0].data) == ([b"one | three"], b"three -> four")


def test_a_document_that_cannot_take_a_version_in_stays_as_it_was(store: Store, document: LiveDocument) -> None:
    store.save("a", "two")
    with pytest.raises(AssertionError):
        store.live.absorb(document.uid, never, "p")
    assert (store.live.peek(document.uid), store.live.tail(0)) == (document, [])


def test_where_nobody_edits_live_nothing_is_taken_in(store: Store, uid: str) -> None:
    store.save("a", "two")
    assert store.live.absorb(uid, never, "p") is None


def test_however_many_processes_try_each_version_is_taken_in_once(worker: Worker, store: Store, uid: str) -> None:
    store.live.open(uid, seed)
    processes = [worker("absorb_live", store.url, uid, 25) for _ in range(2)]
    absorbed = [json.loads(output) for output in run_together(processes)]
    store.live.absorb(uid, lambda _, before, after: (f"{before} -> {after}".encode(), b""), "p")
    taken = sorted(version for versions in absorbed for version in versions)
    assert len(taken) == len(set(taken))
    steps = [update.data.decode().split(" -> ") for update in store.live.tail(0)]
    texts = {version.text: version.number for version in store.history("a")}
    assert all(before[1] == after[0] for before, after in pairwise(steps))
    numbers = [texts[after] for _, after in steps]
    assert (steps[0][0], numbers) == ("one", sorted(set(numbers)))
    assert (numbers[-1], len(texts)) == (51, 51)


# A new epoch


def test_a_new_epoch_forgets_the_old_one(store: Store, document: LiveDocument) -> None:
    uid, epoch, *_ = document
    store.live.append([(uid, epoch, b"1", "")], "p")
    store.save("a", "two")
    renewed, is_ours = store.live.renew(uid, epoch=epoch, seed=seed, text=None, rebase=never)
    assert is_ours
    assert renewed == LiveDocument(uid, renewed.epoch, b"two", 1, (), 2) == store.live.peek(uid)
    assert renewed.epoch != epoch
    assert (store.live.append([(uid, epoch, b"late", "")], "p"), store.live.tail(0)) == ([None], [])


def test_a_text_that_was_rescued_is_an_edit_of_the_newest_version(store: Store, document: LiveDocument) -> None:
    uid, epoch, *_ = document
    renewed, _ = store.live.renew(uid, epoch=epoch, seed=seed, text="rescued", rebase=rebase)
    assert (renewed.state, renewed.synced, renewed.updates) == (b"one | rescued", 1, ())
    store.save("a", "two")
    seen: list[bytes] = []
    store.live.absorb(uid, lambda state, *texts: (seen.append(state), rebase(state, *texts))[1], "p")
    assert seen == [b"one"]


def test_of_two_that_renew_a_document_the_second_gets_what_the_first_made(
    store: Store, document: LiveDocument, other: Store
) -> None:
    first, is_ours = store.live.renew(document.uid, epoch=document.epoch, seed=seed, text="one", rebase=never)
    assert is_ours
    again = other.live.renew(document.uid, epoch=document.epoch, seed=never, text="x", rebase=never)
    assert again == (first, False)


def test_a_document_that_was_never_made_is_made_anew(store: Store, uid: str) -> None:
    assert store.live.renew(uid, epoch="", seed=seed, text=None, rebase=never)[0].state == b"one"


# Forgetting


@on_sqlite
def test_what_was_typed_into_a_purged_prompt_is_not_in_the_file_any_more(store: Store, other: Store) -> None:
    canary = "canary-7f3b"
    uid = store.save("a", "x").uid
    epoch = store.live.open(uid, lambda _: f"{canary} state".encode()).epoch
    store.live.append([(uid, epoch, f"{canary} update".encode() * 50, "ana")], "p")
    store.live.save(uid, epoch=epoch, upto=1, state=f"{canary} new".encode(), text=canary, author="ana", message=canary)
    store.live.append([(uid, epoch, f"{canary} late".encode(), canary)], canary)
    other.by(canary).favourite("a")
    other.by(canary).note_opened("a")
    other.close()
    kept = store.live.open(store.save("b", "stays").uid, seed)
    store.delete("a")
    file = Path(store.url.removeprefix("sqlite:///"))
    assert canary.encode() in b"".join(path.read_bytes() for path in file.parent.glob("prompts.db*"))
    assert store.purge("a") == 1
    assert canary.encode() not in b"".join(path.read_bytes() for path in file.parent.glob("prompts.db*"))
    assert store.live.peek(kept.uid) == kept
