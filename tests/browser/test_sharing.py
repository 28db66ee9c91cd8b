"""Several people and one text: in real browsers, against a real server."""

import asyncio
import re
import signal

from playwright.async_api import expect

from tests.browser.people import SECONDS, Dashboard, Enter, Person, until

START = "Here we begin.\n\nHere we end.\n"


async def _open(enter: Enter, dashboard: Dashboard, *names: str, text: str = START) -> list[Person]:
    dashboard.store.save("shared", text)
    people = [await enter(name) for name in names]
    for person in people:
        await person.edit("shared")
    return people


async def _same_text(*people: Person) -> str:
    for person in people:
        await person.saved()
    first = people[0]
    for person in people[1:]:
        await until(lambda person=person: _texts_differ(first, person), wanted=False)  # type: ignore[misc]
    return await first.text()


async def _texts_differ(one: Person, other: Person) -> bool:
    return await one.text() != await other.text()


async def test_two_people_type_at_different_places_and_nothing_is_lost(dashboard: Dashboard, enter: Enter) -> None:
    ana, ben = await _open(enter, dashboard, "Ana", "Ben")

    await ana.put_cursor(0)
    await ben.put_cursor(len(START))
    await asyncio.gather(ana.type("a" * 200), ben.type("b" * 200))

    assert await _same_text(ana, ben) == "a" * 200 + START + "b" * 200


async def test_two_people_type_at_the_same_place_and_nothing_is_lost(dashboard: Dashboard, enter: Enter) -> None:
    ana, ben = await _open(enter, dashboard, "Ana", "Ben")
    middle = START.index("\n")

    await ana.put_cursor(middle)
    await ben.put_cursor(middle)
    await asyncio.gather(ana.type("x" * 200), ben.type("y" * 200))

    text = await _same_text(ana, ben)
    assert (text.count("x"), text.count("y")) == (200, 200)
    assert text.replace("x", "").replace("y", "") == START


async def test_each_sees_the_others_cursor_with_the_name_of_the_session(dashboard: Dashboard, enter: Enter) -> None:
    ana, ben = await _open(enter, dashboard, "Ana", "Ben <b>Bold</b>")

    await ben.type("x", at=3)

    await expect(ana.page.locator(".pk-editor .pk-caret-name")).to_have_text("Ben <b>Bold</b>")
    await ben.page.context.close()
    await expect(ana.page.locator(".pk-editor .pk-caret-name")).to_have_count(0)


async def test_two_dashboards_on_one_database_share_their_rooms(
    two_dashboards: tuple[Dashboard, Dashboard], enter: Enter
) -> None:
    first, second = two_dashboards
    first.store.save("shared", START)
    ana, ben = await enter("Ana", to=first), await enter("Ben", to=second)
    for person in (ana, ben):
        await person.edit("shared")

    await asyncio.gather(ana.type("a" * 100, at=0), ben.type("b" * 100, at=len(START)))

    for person, other in ((ana, "Ben"), (ben, "Ana")):
        await expect(person.page.locator(".pk-editor .pk-caret-name")).to_have_text(other)
    text = await _same_text(ana, ben)
    assert (text.count("a"), text.count("b")) == (100 + START.count("a"), 100 + START.count("b"))
    assert "a" * 100 in text


async def test_undo_takes_back_ones_own_typing_only(dashboard: Dashboard, enter: Enter) -> None:
    ana, ben = await _open(enter, dashboard, "Ana", "Ben")
    await ana.type("Ana's. ", at=0)
    await ben.sees("Ana's. " + START)
    await ben.type("Ben's. ", at=0)
    await ana.sees("Ben's. Ana's. " + START)

    await ana.page.keyboard.press("Control+z")

    await ben.sees("Ben's. " + START)


async def test_a_killed_server_loses_nothing_that_was_typed_before_or_meanwhile(
    dashboard: Dashboard, enter: Enter
) -> None:
    ana, ben = await _open(enter, dashboard, "Ana", "Ben")
    await ana.type("before ", at=0)
    await ben.sees("before " + START)
    await ben.put_cursor(len("before " + START))

    typing = asyncio.gather(ana.type("a" * 150, delay=20), ben.type("b" * 150, delay=20))
    await until(lambda: _has(ana, "aaaaa"), wanted=True)
    dashboard.end(signal.SIGKILL)
    await until(lambda: _has(ana, "a" * 60), wanted=True)
    await asyncio.to_thread(dashboard.start)
    await typing

    assert await _same_text(ana, ben) == "before " + "a" * 150 + START + "b" * 150


async def _has(person: Person, part: str) -> bool:
    return part in await person.text()


async def test_a_text_that_was_acknowledged_is_there_after_server_and_browser_died(
    dashboard: Dashboard, enter: Enter
) -> None:
    (ana,) = await _open(enter, dashboard, "Ana")
    await ana.type("Kept. 😀 ", at=0)
    await ana.saved()
    dashboard.end(signal.SIGKILL)
    await ana.page.context.close()
    await asyncio.to_thread(dashboard.start)

    ben = await enter("Ben")
    await ben.edit("shared")

    await ben.sees("Kept. 😀 " + START)
    assert dashboard.store["shared"].text == START  # what was typed is no version until somebody saves one


async def test_a_notebook_saves_meanwhile_and_both_changes_stay(dashboard: Dashboard, enter: Enter) -> None:
    (ana,) = await _open(enter, dashboard, "Ana")
    await ana.type("typed ", at=0)

    dashboard.store.save("shared", START.replace("end", "finish"), author="Nora", message="a better word")

    await ana.sees("typed " + START.replace("end", "finish"))
    await expect(ana.page.locator(".pk-notices")).to_contain_text("Nora")
    await ana.page.keyboard.press("Control+s")
    await until(lambda: _head(dashboard), "typed " + START.replace("end", "finish"))


async def _head(dashboard: Dashboard, path: str = "shared") -> str:
    return dashboard.store[path].text


async def test_ctrl_s_makes_a_version_and_leaving_makes_one_too(dashboard: Dashboard, enter: Enter) -> None:
    (ana,) = await _open(enter, dashboard, "Ana")
    await ana.type("one ", at=0)
    await ana.page.keyboard.press("Control+s")
    await until(lambda: _head(dashboard), "one " + START)
    await ana.type("two ", at=0)
    await ana.saved()

    await ana.page.context.close()

    await until(lambda: _head(dashboard), "two one " + START)
    versions = [(version.number, version.author, version.origin) for version in dashboard.store.history("shared")]
    assert versions == [(3, "Ana", "dashboard"), (2, "Ana", "dashboard"), (1, "ana", "notebook")]


async def test_opening_a_prompt_changes_nothing(dashboard: Dashboard, enter: Enter) -> None:
    before = dashboard.store.save("shared", "With CRLF\r\nand  spaces  \r\n\r\n")
    ana = await enter("Ana")
    await ana.edit("shared")
    await ana.page.keyboard.press("Control+s")
    await ana.saved()
    await ana.page.context.close()
    dashboard.end(signal.SIGTERM)

    assert dashboard.store["shared"] == before


async def test_five_seconds_without_an_acknowledgement_are_told_loudly_and_the_text_arrives_later(
    dashboard: Dashboard, enter: Enter
) -> None:
    ana, ben = await _open(enter, dashboard, "Ana", "Ben")
    dashboard.send(signal.SIGSTOP)
    await ana.type("still here ", at=0)

    await expect(ana.page.locator(".pk-editor[data-state=unsaved]")).to_be_visible(timeout=15 * SECONDS)
    await expect(ana.page.get_by_role("alert").first).to_contain_text(re.compile("not saved", re.IGNORECASE))
    dashboard.send(signal.SIGCONT)

    await ana.saved()
    await ben.sees("still here " + START)


async def test_what_was_typed_without_a_server_survives_the_tab(dashboard: Dashboard, enter: Enter) -> None:
    (ana,) = await _open(enter, dashboard, "Ana")
    dashboard.end(signal.SIGKILL)
    await ana.type("offline ", at=0)
    await expect(ana.page.locator(".pk-editor[data-state=unsaved]")).to_be_visible(timeout=15 * SECONDS)
    context = ana.page.context
    await ana.page.close(run_before_unload=False)
    await asyncio.to_thread(dashboard.start)

    again = Person("Ana", await context.new_page(), dashboard)
    await again.edit("shared")

    await again.sees("offline " + START)
    await again.saved()


async def test_a_lost_room_makes_a_conflict_copy_that_both_see_instead_of_a_doubled_text(
    dashboard: Dashboard, enter: Enter
) -> None:
    ana, ben = await _open(enter, dashboard, "Ana", "Ben")
    dashboard.end(signal.SIGKILL)
    await ana.type("only Ana's ", at=0)
    _forget_rooms(dashboard)
    await asyncio.to_thread(dashboard.start)

    await ana.sees(START)
    await ben.sees(START)
    copy = "shared-conflict"
    await until(lambda: _exists(dashboard, copy), wanted=True)
    assert dashboard.store[copy].text == "only Ana's " + START
    for person in (ana, ben):
        await expect(person.page.locator(".pk-editor").get_by_text(copy).first).to_be_visible()


def _forget_rooms(dashboard: Dashboard) -> None:
    """Lose the rooms, as a restored backup or a careless hand would."""
    import sqlite3

    with sqlite3.connect(dashboard.place) as connection:
        connection.execute("DELETE FROM live_update")
        connection.execute("DELETE FROM live_document")
    connection.close()


async def _exists(dashboard: Dashboard, path: str) -> bool:
    return path in dashboard.store


async def test_who_edits_is_told_of_a_rename_and_a_deletion_and_keeps_the_text(
    dashboard: Dashboard, enter: Enter
) -> None:
    (ana,) = await _open(enter, dashboard, "Ana")
    await ana.type("mine ", at=0)
    await ana.saved()

    dashboard.store.rename("shared", "moved/shared")
    await expect(ana.page.locator(".pk-notices")).to_contain_text("moved/shared")
    dashboard.store.delete("moved/shared")
    await expect(ana.page.locator(".pk-notices")).to_contain_text("trash")

    await ana.type("more ", at=0)
    await ana.saved()
    dashboard.store.recover("moved/shared")
    await ana.page.context.close()

    await until(lambda: _head(dashboard, "moved/shared"), "more mine " + START)


async def test_every_script_of_the_world_can_be_shared(dashboard: Dashboard, enter: Enter) -> None:
    start = "😀 e\u0301 مرحبا 👩‍👩‍👧 end\n"
    ana, ben = await _open(enter, dashboard, "Ana", "Ben", text=start)

    await ana.type("🎉שלום", at=len("😀 ".encode("utf-16-le")) // 2)
    await ben.type("ß", at=0)

    assert await _same_text(ana, ben) == "ß😀 🎉שלום" + start.removeprefix("😀 ")
