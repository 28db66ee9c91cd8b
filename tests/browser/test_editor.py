"""What stands around the shared text: copying, completion, search, the panes beside it."""

import signal

import pytest
from playwright.async_api import Locator, expect

from tests.browser.people import SECONDS, Dashboard, Enter, Person, until

EXPANDED = "Speak plainly.\nBe brief.\nReview this: {{ code }}\n"


async def _editing(enter: Enter, path: str, *, script: str = "", height: int = 900) -> Person:
    ana: Person = await enter("Ana", height=height)
    if script:
        await ana.page.add_init_script(script)
    await ana.edit(path)
    return ana


async def _clipboard(person: Person) -> str:
    found: str = await person.page.evaluate("navigator.clipboard.readText()")
    return found


async def _head(dashboard: Dashboard, path: str) -> str:
    return dashboard.store[path].text


def _expansion(person: Person) -> Locator:
    return person.page.get_by_role("region", name="Expanded text")


@pytest.mark.usefixtures("dashboard")
async def test_copying_gives_the_expanded_text_of_a_composite_prompt_and_the_text_of_another(enter: Enter) -> None:
    ana = await _editing(enter, "review")
    await ana.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notices = ana.page.get_by_role("log", name="Notices")

    await ana.page.get_by_role("button", name="Copy", exact=True).click()
    await expect(notices).to_contain_text("Copied the expanded text, 49 characters.")
    assert await _clipboard(ana) == EXPANDED

    await ana.type("Now! ", at=0)
    await ana.page.keyboard.press("Alt+c")
    await until(lambda: _clipboard(ana), "Now! " + EXPANDED)

    await ana.saved()
    await ana.edit("style/tone")
    await ana.page.keyboard.press("Alt+c")
    await expect(notices).to_contain_text("Copied the text, 15 characters.")
    assert await _clipboard(ana) == "Speak plainly.\n"


@pytest.mark.usefixtures("dashboard")
async def test_without_a_clipboard_a_copy_still_works_and_a_refused_one_is_owned_up_to(enter: Enter) -> None:
    heard = "document.addEventListener('copy', () => { window.copied = String(getSelection()); }, true);"
    without = "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined });" + heard
    ana = await _editing(enter, "review", script=without)
    await ana.page.keyboard.press("Alt+c")
    await expect(ana.page.get_by_role("log", name="Notices")).to_contain_text("Copied the expanded text")
    # What the browser has put into the clipboard is what a paste brings back.
    await ana.put_cursor(0)
    await ana.page.keyboard.press("Control+a")
    await ana.page.keyboard.press("Control+v")
    await ana.sees(EXPANDED)

    ben: Person = await enter("Ben")
    await ben.page.add_init_script(without + "document.execCommand = () => false;")
    await ben.edit("style/tone")
    await ben.page.keyboard.press("Alt+c")
    await expect(ben.dialog).to_contain_text("This browser does not let the page copy.")
    await expect(ben.dialog.get_by_role("textbox", name="The text to copy")).to_have_value("Speak plainly.\n")
    await expect(ben.page.get_by_role("log", name="Notices")).not_to_contain_text("Copied")


async def test_names_are_completed_in_the_order_of_the_store(dashboard: Dashboard, enter: Enter) -> None:
    ana = await _editing(enter, "review")
    end = len(dashboard.store["review"].text)

    await ana.type("[[ton", at=end)
    options = ana.page.locator(".cm-tooltip-autocomplete [role=option]")
    await expect(options.first).to_contain_text("tone")
    wanted = [suggestion.path for suggestion in dashboard.store.suggest("ton", limit=20)]
    shown = await options.all_inner_texts()
    assert len(shown) == len(wanted)
    await expect(options.first).to_contain_text("How to sound")
    await options.first.click()

    name = dashboard.store["style/tone"].display_name
    await ana.sees(dashboard.store["review"].text + f"[[{name}]]")


async def test_an_inclusion_that_leads_nowhere_is_underlined_and_a_near_name_mends_it(
    dashboard: Dashboard, enter: Enter
) -> None:
    dashboard.store.save("broken", "Use [[style/tine]] here.\n")
    ana = await _editing(enter, "broken")
    underlined = ana.page.locator(".cm-lintRange-error")
    await expect(underlined.first).to_be_visible()
    assert "".join(await underlined.all_inner_texts()) == "[[style/tine]]"

    await underlined.first.hover()
    await ana.page.locator(".cm-tooltip-lint").get_by_role("button", name="[[style/tone]]").click()

    await ana.sees("Use [[style/tone]] here.\n")
    await expect(underlined).to_have_count(0)
    await ana.page.get_by_text("style/tone", exact=True).first.click(modifiers=["ControlOrMeta"])
    await ana.is_at("edit?prompt=style/tone")
    await ana.synced()
    await ana.sees("Speak plainly.\n")


async def test_find_and_replace_knows_case_and_patterns_and_explains_a_bad_one(
    dashboard: Dashboard, enter: Enter
) -> None:
    dashboard.store.save("words", "One two one.\nTwo 12 and 34.\n")
    ana = await _editing(enter, "words")
    await ana.put_cursor(0)
    await ana.page.keyboard.press("Alt+r")
    panel = ana.page.locator(".pk-search")
    find, count = panel.get_by_role("textbox", name="Find"), panel.get_by_role("status")

    await find.fill("one")
    await expect(count).to_have_text("1 of 2")
    await panel.get_by_role("button", name="Match case").click()
    await expect(count).to_have_text("1 of 1")
    await panel.get_by_role("button", name="Regular expression").click()
    await find.fill("(")
    await expect(panel.get_by_role("alert")).to_be_visible()
    await expect(panel.get_by_role("alert")).not_to_have_text("")
    await find.fill(r"(\d)(\d)")
    await panel.get_by_role("textbox", name="Replace with").fill("$2$1")
    await expect(ana.page.locator(".pk-replacement")).to_have_text("21")
    await panel.get_by_role("button", name="Replace all").click()

    await ana.sees("One two one.\nTwo 21 and 43.\n")
    await ana.page.keyboard.press("Escape")
    await ana.page.keyboard.press("Control+z")
    await ana.sees("One two one.\nTwo 12 and 34.\n")


@pytest.mark.usefixtures("dashboard")
async def test_the_preview_shows_whence_each_piece_comes_and_the_form_fills_it(enter: Enter) -> None:
    ana = await _editing(enter, "review")
    await expect(_expansion(ana)).to_have_text(EXPANDED, use_inner_text=True)
    await expect(ana.page.get_by_text("Not filled in: code")).to_be_visible()
    legend = ana.page.get_by_role("list", name="Where the text comes from")
    await expect(legend).to_contain_text("style/tone")
    piece = _expansion(ana).locator("span", has_text="Speak plainly.")
    await expect(piece).to_have_attribute("title", "style/tone, version 1")

    await ana.page.get_by_role("textbox", name="code").fill("1 + 1")
    await ana.page.keyboard.press("Control+Enter")

    await expect(_expansion(ana)).to_contain_text("Review this: 1 + 1")
    await expect(ana.page.get_by_text("Not filled in: code")).to_be_hidden()
    await expect(_expansion(ana).locator(".pk-filled")).to_have_text("1 + 1")
    await ana.type("[[nobody]] ", at=0)
    await expect(ana.page.get_by_role("list", name="Problems")).to_contain_text("There is no prompt 'nobody'.")


async def test_a_prompt_of_the_same_directory_is_inserted_at_the_cursor(dashboard: Dashboard, enter: Enter) -> None:
    ana = await _editing(enter, "style/base")
    await ana.put_cursor(len(dashboard.store["style/base"].text))

    await ana.page.get_by_role("button", name="Insert a prompt of this directory").click()
    await ana.page.locator(".pk-menu").get_by_role("button", name="tone").click()

    name = dashboard.store["style/tone"].display_name
    await ana.sees(dashboard.store["style/base"].text + f"[[{name}]]")
    pane = await ana.pane("Same directory")
    await pane.get_by_role("button", name="tone").click()
    await ana.is_at("edit?prompt=style/tone")


async def test_a_rename_rewrites_those_that_include_it_and_the_address_follows(
    dashboard: Dashboard, enter: Enter
) -> None:
    ana = await _editing(enter, "style/tone")
    await ana.type("Mine. ", at=0)
    await ana.saved()

    await ana.button("Rename or move").click()
    await ana.dialog.get_by_role("textbox", name="Name").fill("voice")
    await ana.reads("1 text will be rewritten to match: style/base. The old path goes on finding it.")
    await ana.button("Rename").click()

    await ana.is_at("edit?prompt=style/voice")
    await ana.synced()
    await ana.sees("Mine. Speak plainly.\n")
    assert dashboard.store["style/base"].text == "[[style/voice]]Be brief.\n"


async def test_history_shows_differences_restores_and_labels(dashboard: Dashboard, enter: Enter) -> None:
    store = dashboard.store
    store.save("style/tone", "Speak loudly.\n", author="Ben", message="louder")
    # All of it fits: what floats beside a button at the window's end cannot be scrolled to by the test.
    ana = await _editing(enter, "style/tone", height=1600)
    pane = await ana.pane("History")

    await expect(pane.get_by_role("checkbox")).to_have_count(2)
    await expect(pane).to_contain_text("2 · Ben, just now · louder")
    await pane.get_by_text("1 · ana, just now").click()
    await expect(pane).to_contain_text("From version 1 to what stands in the editor:")
    await expect(pane).to_contain_text("1 line came, 1 line went.")

    await ana.idle()
    await pane.get_by_role("button", name="Label").click()
    await ana.page.get_by_placeholder("stable").filter(visible=True).fill("first")
    await ana.button("Set label").click()
    await until(lambda: _labels(dashboard), {"first": 1})

    await ana.idle()
    await pane.get_by_role("button", name="Restore").click()
    await ana.button("Restore version 1").click()
    await ana.sees("Speak plainly.\n")
    assert [(version.number, version.author) for version in store.history("style/tone")] == [
        (3, "Ana"), (2, "Ben"), (1, "ana"),
    ]  # fmt: skip


async def _labels(dashboard: Dashboard) -> dict[str, int]:
    return dict(dashboard.store["style/tone"].labels)


async def test_impact_says_what_a_save_would_change_in_whom(dashboard: Dashboard, enter: Enter) -> None:
    ana = await _editing(enter, "style/tone")
    await ana.type("Always. ", at=0)
    await ana.saved()

    pane = await ana.pane("Impact")
    await pane.get_by_role("button", name="What would a save change?").click()

    await expect(pane).to_contain_text("The expansion of 2 prompts would change.")
    await expect(pane.get_by_role("button", name="review")).to_be_visible()
    assert dashboard.store["style/tone"].version == 1


async def test_description_tags_and_declared_variables_are_changed_beside_the_text(
    dashboard: Dashboard, enter: Enter
) -> None:
    store = dashboard.store
    ana = await _editing(enter, "review")
    pane = await ana.pane("Metadata")

    await ana.choose("Tags", "work")
    await ana.page.keyboard.press("Escape")
    await ana.idle()
    await pane.get_by_role("textbox", name="Description").fill("Look at code")
    await pane.get_by_role("textbox", name="Description").blur()
    await pane.get_by_role("button", name="Save description and tags").click()
    await ana.reads("The description and tags of review are saved.")
    assert (store["review"].description, store["review"].tags) == ("Look at code", ("work",))

    table = pane.get_by_test_id("stDataFrame")
    save = pane.get_by_role("button", name="Save engine and variables")
    await _write_cell(ana, table, 80, "code", clicks=1)
    # Until the row was redrawn with what was written, a cell that is opened closes again.
    await expect(save).to_be_enabled()
    await _write_cell(ana, table, 200, "1 + 1", clicks=2)
    await save.click()

    await until(lambda: _declared(dashboard), {"code": "1 + 1"})
    await expect(_expansion(ana)).to_contain_text("Review this: 1 + 1")


async def _write_cell(person: Person, table: Locator, x: float, text: str, *, clicks: int) -> None:
    """Write into the first row of a table, which is drawn on a canvas; one click makes the row, two open a cell."""
    await table.scroll_into_view_if_needed()
    await table.click(position={"x": x, "y": 52}, click_count=clicks)
    cell = person.page.locator(".gdg-input")
    await cell.fill(text)
    async with person.telling():
        await person.page.keyboard.press("Enter")
    await expect(cell).to_be_hidden()


async def _declared(dashboard: Dashboard) -> dict[str, object]:
    return {name: declared.default for name, declared in dashboard.store["review"].variables.items()}


async def test_panes_open_and_close_by_key_and_stay_so(dashboard: Dashboard, enter: Enter) -> None:
    ana = await _editing(enter, "review")
    await ana.put_cursor(3)

    for key, title in (("Alt+1", "Preview"), ("Alt+2", "Variables"), ("Alt+3", "History")):
        await ana.page.keyboard.press(key)
        await until(lambda title=title: _is_open(ana, title), title == "History")  # type: ignore[misc]
    await ana.page.keyboard.type("x")
    await ana.sees("[[sx" + dashboard.store["review"].text[3:])  # it has kept the focus

    await ana.saved()  # else the browser asks whether to leave

    await ana.page.reload()
    await ana.synced()
    for title in ("Preview", "Variables", "History"):
        await until(lambda title=title: _is_open(ana, title), title == "History")  # type: ignore[misc]


async def _is_open(person: Person, title: str) -> bool:
    pane = person.page.get_by_test_id("stExpander").filter(has=person.page.locator("summary", has_text=title))
    return await pane.locator("details").get_attribute("open") is not None


@pytest.mark.usefixtures("dashboard")
async def test_typing_goes_on_while_the_page_runs_again(enter: Enter) -> None:
    ana = await _editing(enter, "style/tone")
    await ana.put_cursor(0)

    for number in range(5):
        await ana.page.keyboard.type(f"word{number} ", delay=10)
        await ana.page.keyboard.press("Alt+3")
        await ana.page.keyboard.type("and ", delay=10)
    await ana.idle()

    await ana.sees("".join(f"word{number} and " for number in range(5)) + "Speak plainly.\n")
    assert await ana.page.evaluate("promptKernel.editors.size") == 1


async def test_a_lost_server_opens_nothing_over_the_text_and_takes_no_key(dashboard: Dashboard, enter: Enter) -> None:
    ana = await _editing(enter, "style/tone")
    await ana.put_cursor(0)
    dashboard.end(signal.SIGKILL)
    await expect(ana.page.locator("[data-test-connection-state=CONNECTED]")).to_have_count(0)

    await ana.page.keyboard.type("abcdefghij" * 10, delay=60)

    await expect(ana.page.locator(".pk-editor[data-state=unsaved]")).to_be_visible(timeout=15 * SECONDS)
    await ana.sees("abcdefghij" * 10 + "Speak plainly.\n")
    await expect(ana.dialog).to_have_count(0)
    assert not await ana.root.evaluate(
        "at => { for (; at; at = at.parentNode ?? at.host) if (at.inert) return true; return false; }"
    )
