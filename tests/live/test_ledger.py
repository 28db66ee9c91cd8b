"""What rooms and the store make the same: saves from elsewhere, versions, and what happens to a prompt."""

import random

import pytest

from prompt_kernel.errors import PromptNotFoundError, StoreUnavailableError
from prompt_kernel.live import Hub, Settings, draft_text
from prompt_kernel.store import Store
from tests.live.client import Client, Clock, Join, Line, StartHub, eventually, kill

# Outside writers


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_a_save_from_elsewhere_is_merged_and_nobodys_typing_is_lost(
    store: Store, join: Join, newline: str
) -> None:
    text = newline.join(["First 🙂 line.", "Second line.", "Third שלום.", ""])
    store.save("note", text)
    ana = await join("note", "ana")
    ana.insert(0, "Typed: ")
    ana.append("👩🏽‍🚀 end")

    with Store(store.url, author="Ben", origin="notebook") as notebook:
        notebook.save("note", text.replace("Second", "2nd 😀"), message="from a cell")
    notice = await ana.until_noticed("merged")
    await ana.until_saved()

    assert ana.text == "Typed: First 🙂 line.\n2nd 😀 line.\nThird שלום.\n👩🏽‍🚀 end"
    assert notice == {
        "kind": "merged",
        "path": "note",
        "version": 2,
        "author": "Ben",
        "origin": "notebook",
        "comment": "from a cell",
        "message": "Ben saved version 2 from a notebook; it was merged into this text.",
    }
    answer = await ana.ask("save", message="both")
    assert answer == {"ok": True, "version": 3, "changed": True}
    assert store["note"].text == ana.text.replace("\n", newline)


async def test_a_notebook_that_began_with_the_live_text_doubles_nothing_of_it(store: Store, join: Join) -> None:
    store.save("note", "Hello.\r\nBye.\r\n")
    ana = await join("note", "ana")
    ana.insert(0, "Typed live. ")
    await ana.until_saved()

    store.save("note", draft_text(store, "note") + "And more.\r\n", expected=1)
    await ana.until_noticed("merged")
    ana.append("Typed later.\n")
    answer = await ana.ask("save", message="")

    assert ana.text == "Typed live. Hello.\nBye.\nAnd more.\nTyped later.\n"
    assert (answer["version"], store["note"].text) == (3, ana.text.replace("\n", "\r\n"))


async def test_a_save_and_one_from_elsewhere_at_the_same_time_lose_nothing(store: Store, start_hub: StartHub) -> None:
    store.save("note", "Hello.\n")
    hub = await start_hub(Settings(flush=0.0, poll=1e6, listens=False))
    ana = await Client(hub, store["note"].uid).join()
    await ana.until_saved()
    ana.append("Ana.\n")
    store.save("note", "Saved.\nHello.\n")

    assert await ana.ask("save", message="") == {"ok": True, "version": 3, "changed": True}
    assert store["note"].text == ana.text == "Saved.\nHello.\nAna.\n"


async def test_one_of_two_hubs_merges_and_both_tell(store: Store, start_hub: StartHub, join: Join) -> None:
    store.save("note", "Hello.")
    second = await start_hub()
    ana, ben = await join("note", "ana"), await join("note", "ben", at=second)

    store.save("note", "Hello there.", author="Cara", origin="notebook")
    notices = [await ana.until_noticed("merged"), await ben.until_noticed("merged")]

    assert [notice["message"] for notice in notices] == [
        "Cara saved version 2 from a notebook; it was merged into this text."
    ] * 2
    assert (ana.text, ben.text) == ("Hello there.", "Hello there.")
    answer = await ana.ask("save", message="nothing new")
    assert answer == {"ok": True, "version": 2, "changed": False}


# Versions


async def test_an_explicit_save_makes_a_version_of_its_author(store: Store, join: Join) -> None:
    store.save("note", "Hello.", engine="plain", tags=["kept"])
    ana, ben = await join("note", "ana"), await join("note", "ben")
    ana.append(" Ana.")
    await ana.pump()
    ben.append(" Ben.")
    await ben.pump()

    answer = await ana.ask("save", message="a point")

    saved = store["note"]
    assert answer == {"ok": True, "version": 2, "changed": True}
    assert (saved.text, saved.author, saved.message, saved.origin) == (
        "Hello. Ana. Ben.",
        "ana",
        "a point",
        "dashboard",
    )
    assert (saved.engine, saved.tags) == ("plain", ("kept",))
    notice = await ben.until_noticed("saved")
    assert (notice["version"], notice["author"], notice["message"]) == (2, "ana", "ana saved version 2.")
    assert await ben.ask("save", message="again") == {"ok": True, "version": 2, "changed": False}


async def test_the_end_of_a_session_makes_a_version_of_everybody_who_wrote(
    store: Store, join: Join, hub: Hub, clock: Clock
) -> None:
    store.save("note", "Hello.")
    ana, ben, cara = [await join("note", name) for name in ("ana", "ben", "cara")]
    ana.append(" Ana.")
    await ana.until_saved()
    ben.append(" Ben.")
    await ben.until_saved()
    for client in (ana, ben, cara):
        await client.drop()
    assert (hub.stats["rooms"], store["note"].version) == (1, 1)

    clock.pass_by(3)
    await eventually(lambda: hub.stats["rooms"] == 0)

    saved = store["note"]
    assert (saved.version, saved.text, saved.author) == (2, "Hello. Ana. Ben.", "ana, ben")
    assert saved.message == "Edited live by ana, ben"


async def test_a_session_without_a_change_makes_no_version(store: Store, join: Join, hub: Hub, clock: Clock) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append("!")
    ana.change(6, 7, "")
    await ana.until_saved()
    await ana.drop()

    clock.pass_by(3)
    await eventually(lambda: hub.stats["rooms"] == 0)

    assert store["note"].version == 1


async def test_who_comes_back_in_time_goes_on_in_the_same_room(
    store: Store, join: Join, hub: Hub, clock: Clock
) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append(" Ana.")
    await ana.until_saved()
    await ana.drop()
    clock.pass_by(1)
    await ana.join()
    clock.pass_by(2)

    ana.append(" Again.")
    await ana.until_saved()

    assert (hub.stats["rooms"], store["note"].version) == (1, 1)


async def test_ten_quiet_minutes_make_a_version(store: Store, join: Join, clock: Clock) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append(" Ana.")
    await ana.until_saved()
    clock.pass_by(599)
    ana.append(" More.")
    await ana.until_saved()
    assert store["note"].version == 1

    clock.pass_by(601)
    await ana.until_noticed("saved")

    saved = store["note"]
    assert (saved.version, saved.text, saved.message) == (2, "Hello. Ana. More.", "Edited live by ana")
    clock.pass_by(601)
    ana.append("!")
    await ana.until_saved()
    assert store["note"].version == 2


async def test_stopping_commits_saves_and_sends_everybody_away(store: Store, join: Join, hub: Hub) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append(" Ana.")
    await ana.pump()

    await hub.stop()

    saved = store["note"]
    assert (saved.version, saved.text, saved.author) == (2, "Hello. Ana.", "ana")
    assert (await ana.until_closed(), ana.acknowledged) == (1001, 2)
    with pytest.raises(StoreUnavailableError, match="stopping"):
        await hub.join(ana.uid, ana.participant, Line(ana))


async def test_a_draft_of_a_server_that_was_killed_is_a_version_when_its_next_session_ends(
    store: Store, join: Join, start_hub: StartHub, hub: Hub, clock: Clock
) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append(" Ana.")
    await ana.until_saved()
    await kill(hub)
    assert (store["note"].version, draft_text(store, "note")) == (1, "Hello. Ana.")

    second = await start_hub()
    reader = await join("note", "reader", may_write=False, at=second)
    assert reader.text == "Hello. Ana."
    await reader.drop()
    clock.pass_by(3)
    await eventually(lambda: second.stats["rooms"] == 0)

    assert (store["note"].text, store["note"].author) == ("Hello. Ana.", "ana")


async def test_a_text_that_no_store_can_hold_stays_live_and_everybody_is_told(
    store: Store, join: Join, clock: Clock
) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    ana.append("\0")
    await ana.until_saved()

    answer = await ana.ask("save", message="")
    clock.pass_by(601)
    notice = await ana.until_noticed("refused")

    assert answer["ok"] is False
    assert notice["message"] == f"No version was made. {answer['problem']}"
    ana.change(6, 7, "!")
    await ana.until_saved()
    clock.pass_by(601)
    await ana.until_noticed("saved")
    assert store["note"].text == "Hello.!"


async def test_many_edits_are_put_together(store: Store, start_hub: StartHub, join: Join) -> None:
    store.save("note", "")
    hub = await start_hub(Settings(flush=0.0, poll=0.0, compact_after=50))
    ana = await join("note", "ana", at=hub)
    for number in range(200):
        ana.append(f"{number} ")
        await ana.pump()
    await ana.until_saved()

    def kept() -> int:
        document = store.live.peek(ana.uid)
        return len(document.updates) if document else 0

    await eventually(lambda: kept() < 50)
    assert (draft_text(store, "note"), store["note"].version) == (ana.text, 1)


async def test_a_document_that_is_mostly_history_begins_anew_when_everybody_has_left(
    store: Store, hub: Hub, join: Join, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prompt_kernel.live.hub._HEAVY", 500)
    dice = random.Random(1)  # noqa: S311 - dice
    store.save("note", "x")
    ana = await join("note", "ana")
    epoch = ana.epoch
    for _ in range(300):
        ana.insert(dice.randint(0, len(ana.text)), "x")
    for _ in range(290):
        at = dice.randrange(len(ana.text))
        ana.change(at, at + 1, "")
    await ana.until_saved()
    await ana.drop()
    clock.pass_by(3)
    await eventually(lambda: hub.stats["rooms"] == 0)

    document = store.live.peek(ana.uid)
    assert document is not None
    assert (document.epoch == epoch, len(document.state) < 100) == (False, True)
    assert draft_text(store, "note") == store["note"].text == "x" * 11
    await ana.join()
    assert await ana.until_closed() == 4409


# What happens to the prompt


async def test_everybody_hears_what_happens_to_the_prompt_and_goes_on(store: Store, join: Join, clock: Clock) -> None:
    uid = store.save("style/note", "Hello.").uid
    ana = await join("style/note", "ana")

    store.rename("style/note", "tone/note")
    assert (await ana.until_noticed("renamed"))["message"] == "style/note is called tone/note now."
    store.describe("tone/note", tags=["new"])
    assert (await ana.until_noticed("metadata"))["message"] == "ana changed what is said of tone/note."
    store.update_directory("tone", enabled=False)
    await ana.until_noticed("disabled")
    store.update_directory("tone", enabled=True)
    await ana.until_noticed("enabled")
    store.delete("tone/note")
    await ana.until_noticed("deleted")
    ana.append(" Typed in the trash.")
    await ana.until_saved()
    clock.pass_by(601)
    assert (await ana.ask("save", message=""))["ok"] is False
    store.recover(uid)
    await ana.until_noticed("recovered")
    await ana.until_noticed("saved")

    assert store["tone/note"].text == "Hello. Typed in the trash."
    assert [notice["kind"] for notice in ana.notices] == [
        "renamed",
        "metadata",
        "disabled",
        "enabled",
        "deleted",
        "recovered",
        "saved",
    ]


async def test_what_was_typed_into_a_deleted_prompt_is_there_when_it_is_recovered(
    store: Store, join: Join, hub: Hub, clock: Clock
) -> None:
    uid = store.save("note", "Hello.").uid
    ana = await join("note", "ana")
    store.delete("note")
    await ana.until_noticed("deleted")
    ana.append(" Typed.")
    await ana.until_saved()
    await ana.drop()
    clock.pass_by(3)
    await eventually(lambda: hub.stats["rooms"] == 0)

    store.recover(uid)

    assert (store["note"].text, draft_text(store, "note")) == ("Hello.", "Hello. Typed.")


async def test_a_purged_prompt_closes_its_room(store: Store, join: Join, hub: Hub) -> None:
    store.save("note", "Hello.")
    ana = await join("note", "ana")
    store.delete("note")
    store.purge("note")

    assert await ana.until_closed() == 4404
    assert [notice["kind"] for notice in ana.notices][-1] == "purged"
    with pytest.raises(PromptNotFoundError):
        await hub.join(ana.uid, ana.participant, Line(ana))
    kept = await hub.keep_copy(ana.uid, "what was typed", ana.participant, "the prompt is gone")
    assert (kept.path, kept.text) == ("unsaved-conflict", "what was typed")
