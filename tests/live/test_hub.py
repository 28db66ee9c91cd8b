"""A hub and its rooms, through connections: what is typed is everybody's, and kept."""

import asyncio
import logging
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.live import Hub, Participant, Settings, draft_text
from prompt_kernel.live import protocol as wire
from prompt_kernel.store import Store
from prompt_kernel.store.live import LiveLog
from tests.live.client import Client, Clock, Damage, Join, Line, StartHub, eventually

# Typing


async def test_what_one_types_the_other_sees(store: Store, join: Join) -> None:
    store.save("note", "Hello.\n")
    ana, ben = await join("note", "ana"), await join("note", "ben")

    ana.insert(5, " 😀 world")
    await ana.until_saved()
    ben.change(0, 5, "Good morning")
    await ben.until_saved()

    assert (ana.text, ben.text) == ("Good morning 😀 world.\n", "Good morning 😀 world.\n")
    assert draft_text(store, "note") == ana.text
    assert store["note"].version == 1


async def test_what_was_typed_while_away_arrives_with_what_is_typed_before_the_server_has_asked(
    store: Store, join: Join
) -> None:
    store.save("note", "Hello.")
    ana, ben = await join("note", "ana"), await join("note", "ben")
    await ana.drop()
    ana.append(" Away.")
    ben.insert(0, "Here. ")
    await ben.until_saved()

    await ana.connect()
    second_step = ana.outbox.popleft()
    ana.append(" Early.")
    ana.outbox.append(second_step)
    await ana.until_saved()

    assert ben.text == "Here. Hello. Away. Early."
    assert draft_text(store, "note") == ben.text


async def test_a_client_learns_where_it_is(store: Store, join: Join) -> None:
    store.save("style/note", "Hello.")
    ana = await join("style/note", "ana")

    assert ana.hello == {
        "epoch": ana.epoch,
        "uid": ana.uid,
        "path": "style/note",
        "version": 1,
        "enabled": True,
        "deleted": False,
        "readOnly": False,
        "clean": True,
        "you": {"name": "ana", "color": ana.participant.color},
    }
    ana.append("!")
    await ana.until_saved()
    ben = await join("style/note", "ben", may_write=False)
    assert (ben.hello["clean"], ben.hello["readOnly"], ben.epoch == ana.epoch) == (False, True, True)


async def test_a_ping_is_answered(store: Store, join: Join) -> None:
    store.save("note", "")
    ana = await join()

    ana.send(wire.number(wire.PING))
    await ana.pump()

    assert ana.raw[-1] == wire.number(wire.PING)


async def test_two_hubs_on_one_store_share_what_is_typed(store: Store, start_hub: StartHub, join: Join) -> None:
    store.save("note", "Hello.")
    second = await start_hub()
    ana, ben = await join("note", "ana"), await join("note", "ben", at=second)

    ana.insert(0, "Ana. ")
    ben.append(" Ben.")
    await ben.until_saved()

    await ana.until(lambda: ana.text == "Ana. Hello. Ben.")
    await ben.until(lambda: ben.text == "Ana. Hello. Ben.")


# What is acknowledged


async def test_nothing_is_acknowledged_before_it_is_committed(
    store: Store, join: Join, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("note", "")
    ana, ben = await join("note", "ana"), await join("note", "ben")
    await ana.until_saved()
    tries: list[int] = []
    append = LiveLog.append

    def fail(_log: LiveLog, updates: Sequence[object], _process: str) -> list[int | None]:
        tries.append(len(updates))
        raise StoreUnavailableError("the store", "the disk is full")

    with monkeypatch.context() as full, caplog.at_level(logging.CRITICAL):
        full.setattr(LiveLog, "append", fail)
        ana.append("one")
        await ana.pump()
        await eventually(lambda: len(tries) >= 1)
        ana.append(" two")
        await ana.pump()
        await eventually(lambda: tries[-1] == 2)
        assert (ben.text, ana.sent - ana.acknowledged, draft_text(store, "note")) == ("one two", 2, "")
        assert LiveLog.append is not append

    await ana.until_saved()
    assert draft_text(store, "note") == "one two"


async def test_an_edit_that_changes_nothing_is_acknowledged_too(store: Store, join: Join) -> None:
    store.save("note", "Hello.")
    ana = await join()
    await ana.until_saved()
    last = store.live.last()

    ana.send_edit(wire.UPDATE, ana.doc.get_update())
    await ana.until_saved()

    assert store.live.last() == last


# Epochs


async def test_a_client_of_another_epoch_is_sent_away_before_anything_is_merged(
    store: Store, join: Join, hub: Hub
) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ben = await join("note", "ben")
    await ana.drop()
    ana.append(" Mine.")
    ana.epoch = "another"

    await ana.join()
    kept = await hub.keep_copy(ana.uid, ana.text, ana.participant, "of another epoch")

    assert (await ana.until_closed(), ben.text) == (4409, "Hello.")
    assert (kept.path, kept.text, kept.author, kept.message) == (
        "note-conflict",
        "Hello. Mine.",
        "ana",
        "of another epoch",
    )
    notice = await ben.until_noticed("conflict_copy")
    assert (notice["path"], notice["copy"]) == ("note", "note-conflict")


async def test_a_document_that_vanished_from_the_store_is_kept_as_a_copy_that_everybody_hears_of(
    store: Store, join: Join, damage: Damage
) -> None:
    store.save("note", "Hello.")
    ana, ben = await join("note", "ana"), await join("note", "ben")
    ana.append(" Typed.")
    await ana.until_saved()

    damage("DELETE FROM live_update", "DELETE FROM live_document")

    assert (await ana.until_closed(), await ben.until_closed()) == (4409, 4409)
    assert store["note-conflict"].text == "Hello. Typed."
    assert store["note-conflict"].author == "ana"
    assert [client.notices[-1]["copy"] for client in (ana, ben)] == ["note-conflict", "note-conflict"]
    ana.forget()
    await ana.join()
    await ana.until_saved()
    assert ana.text == "Hello."


async def test_typing_that_meets_a_vanished_document_is_never_acknowledged_and_kept(
    store: Store, start_hub: StartHub, damage: Damage
) -> None:
    store.save("note", "Hello.")
    hub = await start_hub(Settings(flush=0.0, poll=1e6, listens=False))
    ana = await Client(hub, store["note"].uid).join()
    await ana.until_saved()
    damage("DELETE FROM live_document")

    ana.append(" Typed.")

    assert await ana.until_closed() == 4409
    assert ana.acknowledged < ana.sent
    assert store["note-conflict"].text == "Hello. Typed."


async def test_a_copy_that_cannot_be_kept_now_is_kept_later(
    store: Store, join: Join, damage: Damage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append(" Typed.")
    await ana.until_saved()
    tries: list[str] = []

    def fail(_store: Store, path: str, *_arguments: object, **_options: object) -> None:
        tries.append(path)
        raise StoreUnavailableError("the store", "the disk is full")

    with monkeypatch.context() as full, caplog.at_level(logging.CRITICAL):
        full.setattr(Store, "save", fail)
        damage("DELETE FROM live_document")
        await eventually(lambda: len(tries) >= 2)
        assert ana.codes == []

    assert await ana.until_closed() == 4409
    assert store["note-conflict"].text == "Hello. Typed."


async def test_a_copy_that_no_store_can_hold_is_told(store: Store, join: Join, damage: Damage) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append("\0")
    await ana.until_saved()

    damage("DELETE FROM live_document")

    assert await ana.until_closed() == 4409
    assert ana.notices[-1]["kind"] == "refused"


async def test_a_fault_of_ours_does_not_end_what_goes_on_for_ever(
    store: Store, join: Join, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    tries: list[int] = []

    def fail(_log: LiveLog, after: int) -> list[object]:
        tries.append(after)
        raise ZeroDivisionError

    with monkeypatch.context() as faulty, caplog.at_level(logging.CRITICAL):
        faulty.setattr(LiveLog, "tail", fail)
        store.save("note", "Hello there.")
        await eventually(lambda: len(tries) >= 1)

    await ana.until(lambda: ana.text == "Hello there.")


async def test_a_damaged_document_is_made_anew_of_what_can_be_read(
    store: Store, join: Join, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    prompt = store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append(" One.")
    await ana.until_saved()
    before = ana.epoch
    await ana.hub.stop()
    damage("UPDATE live_document SET state = x'ffff'")

    with caplog.at_level(logging.CRITICAL):
        hub = Hub(store.url)
        await hub.start()
        ben = await Client(hub, prompt.uid, "ben").join()
        await ben.until_saved()

    assert ben.epoch != before
    assert ben.text == store["note"].text == "Hello. One."
    await hub.stop()


async def test_a_damaged_update_in_the_log_makes_the_document_anew_of_what_the_room_has(
    store: Store, join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append(" Ana.")
    await ana.until_saved()

    with caplog.at_level(logging.CRITICAL):
        store.live.append([(ana.uid, ana.epoch, b"\xff\xff\xff", "ben")], "elsewhere")
        assert await ana.until_closed() == 4409

    ana.forget()
    await ana.join()
    await ana.until_saved()
    assert ana.text == draft_text(store, "note") == "Hello. Ana."


async def test_a_damaged_base_makes_the_document_anew_of_what_the_room_has(
    store: Store, join: Join, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    store.save("note", "Hello.\n")
    ana = await join("note", "ana")
    ana.insert(0, "Typed.\n")
    await ana.until_saved()

    with caplog.at_level(logging.CRITICAL):
        damage("UPDATE live_document SET synced_state = x'ffffff'")
        store.save("note", "Hello.\nSaved.")
        assert await ana.until_closed() == 4409

    ana.forget()
    await ana.join()
    await ana.until_saved()
    assert ana.text == draft_text(store, "note") == "Typed.\nHello.\nSaved."
    assert [version.text for version in store.history("note")] == ["Hello.\nSaved.", "Hello.\n"]


# Who may what


async def test_who_may_only_read_sees_everything_and_changes_nothing(store: Store, join: Join) -> None:
    store.save("note", "Hello.")
    ana, ben = await join("note", "ana"), await join("note", "ben", may_write=False)
    ana.append(" Ana.")
    await ana.until_saved()
    await ben.until_saved()

    ben.append(" Ben.")
    notice = await ben.until_noticed("refused")

    assert (ana.text, ben.acknowledged < ben.sent) == ("Hello. Ana.", True)
    assert notice["message"] == "You may read note, and not change it; what you typed is not kept."
    assert await ben.ask("save", message="") == {"ok": False, "problem": "You may read note, and not change it."}
    assert (await ben.ask("copy", text="x", reason=""))["ok"] is False
    assert store["note"].version == 1


async def test_nobody_is_seen_under_a_name_of_their_choice(store: Store, join: Join) -> None:
    store.save("note", "")
    ana, ben = await join("note", "ana"), await join("note", "ben")
    ana.point(1, 1, {"user": {"name": "ana"}, "cursor": 1})
    await ana.pump()
    ben.point(2, 1, {"user": {"name": "ana", "color": "#000000"}})
    ben.point(1, 9, None)
    await ben.pump()

    seen = {number: state["user"]["name"] for number, state in ana.others.items()}
    assert seen == {1: "ana", 2: "ben"}
    cara = await join("note", "cara")
    assert set(cara.others) == {1, 2}
    await ben.drop()
    assert set(ana.others) == set(cara.others) == {1}
    cara.others.clear()
    cara.send(wire.number(wire.QUERY_AWARENESS))
    await cara.pump()
    assert set(cara.others) == {1}


async def test_too_many_messages_close_the_one_who_sent_them(
    store: Store, start_hub: StartHub, join: Join, clock: Clock
) -> None:
    store.save("note", "Hello.")
    hub = await start_hub(Settings(flush=0.0, poll=0.01, rate=10, burst=20, clock=clock))
    ana, ben = await join("note", "ana", at=hub), await join("note", "ben", at=hub)
    for _ in range(100):
        clock.pass_by(0.1)
        ana.append("a")
        await ana.pump()
    for _ in range(21):
        ben.append("b")
    await ben.pump()

    assert (await ben.until_closed(), ana.codes) == (4408, [])
    assert ana.text.rstrip("b") == "Hello." + "a" * 100


async def test_a_message_that_is_too_large_closes_its_sender(store: Store, start_hub: StartHub, join: Join) -> None:
    store.save("note", "Hello.")
    hub = await start_hub(Settings(flush=0.0, poll=0.01, max_message=1000))
    ana, ben = await join("note", "ana", at=hub), await join("note", "ben", at=hub)

    ben.append("x" * 1001)
    await ben.pump()

    assert (await ben.until_closed(), ana.text) == (4413, "Hello.")


async def test_a_text_that_would_be_too_large_is_not_taken(store: Store, start_hub: StartHub, join: Join) -> None:
    store.save("note", "Hello.")
    hub = await start_hub(Settings(flush=0.0, poll=0.01, max_text=500))
    ana, ben = await join("note", "ana", at=hub), await join("note", "ben", at=hub)
    ana.append("🙂" * 100)
    await ana.until_saved()
    before = ana.text

    ben.append("🙂" * 100)
    await ben.pump()

    assert (await ben.until_closed(), ana.text) == (4413, before)
    ana.change(0, 50, "")
    await ana.until_saved()
    await ana.ask("save", message="")
    assert store["note"].text == ana.text == before[50:]


async def test_a_history_that_outgrows_its_text_many_times_is_refused(
    store: Store, start_hub: StartHub, join: Join
) -> None:
    dice = random.Random(1)  # noqa: S311 - dice
    store.save("note", "")
    hub = await start_hub(Settings(flush=0.0, poll=0.01, max_text=200, rate=1e9, burst=10**9))
    ana = await join("note", "ana", at=hub)
    for number in range(2000):
        at = dice.randrange(len(ana.text) + 1)
        ana.change(at, at + (number > 150), "x")
        await ana.pump()
        if ana.codes:
            break

    assert (await ana.until_closed(), len(ana.text) < 200) == (4413, True)
    await eventually(lambda: len(draft_text(store, "note")) > 50)


async def test_a_slow_reader_is_closed_and_holds_up_nobody(store: Store, join: Join, hub: Hub) -> None:
    class Full(Line):
        def send(self, message: bytes, /) -> None:
            if len(slow.raw) > 5:
                raise asyncio.QueueFull
            super().send(message)

    store.save("note", "")
    slow = Client(hub, store["note"].uid, "slow")
    slow.line = line = Full(slow)
    slow.seat = await hub.join(slow.uid, slow.participant, line)
    ana = await join("note", "ana")

    for _ in range(20):
        ana.append("x")
    await ana.until_saved()

    assert (await slow.until_closed(), ana.text) == (4508, "x" * 20)
    await slow.join()
    await slow.until_saved()
    assert slow.text == ana.text


# Requests


@pytest.mark.usefixtures("library")
async def test_completion_suggests_prompts_as_the_store_does(join: Join) -> None:
    ana = await join("style/base", "ana")

    answer = await ana.ask("suggest", beginning="to", limit=5)

    assert answer == {
        "ok": True,
        "suggestions": [{"path": "style/tone", "name": "tone", "insert": "tone", "description": "How to sound"}],
    }


async def test_a_copy_is_numbered_and_the_same_text_is_kept_once(store: Store, join: Join) -> None:
    store.save("note", "One.\r\n", engine="plain")
    ana = await join("note", "ana")

    paths = [(await ana.ask("copy", text=text, reason="offline"))["path"] for text in ("a\n", "b\n", "a\n")]

    assert paths == ["note-conflict", "note-conflict-2", "note-conflict"]
    assert (store["note-conflict"].text, store["note-conflict"].engine) == ("a\r\n", "plain")


async def test_who_comes_later_hears_of_a_copy_too(store: Store, join: Join) -> None:
    store.save("note", "One.")
    ana = await join("note", "ana")
    await ana.ask("copy", text="other", reason="offline")

    ben = await join("note", "ben")

    told = {
        "kind": "conflict_copy",
        "path": "note",
        "copy": "note-conflict",
        "message": "A text of note that could not be merged is kept in note-conflict.",
    }
    assert (ana.notices, ben.notices) == ([told], [told])


async def test_a_name_that_is_nearly_too_long_has_room_for_its_copy(store: Store, hub: Hub) -> None:
    path = "a" * 150 + "é" * 45
    store.save(path, "x")

    kept = await hub.keep_copy(path, "y", Participant("ana"), "")

    assert (kept.text, kept.name.endswith("é-conflict")) == ("y", True)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"do": "dance"}, "There is no request 'dance'. Reload the page."),
        ({"do": "save", "message": 3}, "The message must be text. Reload the page."),
        ({}, "There is no request 'None'. Reload the page."),
    ],
)
async def test_a_request_that_makes_no_sense_is_answered_with_a_sentence(
    store: Store, join: Join, content: dict[str, object], problem: str
) -> None:
    store.save("note", "")
    ana = await join()

    ana.send(wire.message(wire.ASK, {"id": 7, **content}))
    await ana.until(lambda: 7 in ana.answers)

    assert ana.answers[7] == {"ok": False, "problem": problem}


async def test_too_many_requests_at_once_are_refused(store: Store, join: Join) -> None:
    store.save("note", "")
    ana = await join()

    for number in range(30):
        ana.send(wire.message(wire.ASK, {"id": number, "do": "suggest", "beginning": "x"}))
    await ana.until(lambda: len(ana.answers) == 30)

    refused = {"ok": False, "problem": "Too many requests at once; wait a moment."}
    assert [answer == refused for _, answer in sorted(ana.answers.items())] == [False] * 16 + [True] * 14


async def test_the_counts_tell_what_goes_on(store: Store, join: Join, hub: Hub) -> None:
    store.save("note", "")
    ana = await join("note", "ana")
    ana.append("x")
    await ana.until_saved()

    counts = hub.stats
    flushes = counts.pop("flushes")
    assert flushes >= 1
    assert counts == {
        "rooms": 1, "seats": 1, "joins": 1, "failures": 0, "updates": 1, "versions": 0, "merges": 0, "copies": 0
    }  # fmt: skip


async def test_a_store_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("This is no database, though it is long enough to be taken for one. " * 100)

    with pytest.raises(StoreUnavailableError):
        await Hub(tmp_path / "no.db").start()
