"""The library, as a browser shows it: search, order, filters, many prompts at once, new ones."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from prompt_kernel.store import Store
from tests.browser.people import Dashboard, Enter, Person, until

ALL = ("review", "style/base", "style/tone")


async def _library(enter: Enter, *, width: int = 1280) -> Person:
    ana: Person = await enter("Ana", width=width)
    await ana.visit()
    await expect(ana.page.locator(".pk-library")).to_be_visible()
    await ana.idle()
    return ana


async def _select(person: Person, *paths: str) -> None:
    for path in paths:
        await person.row(path).get_by_role("checkbox").check()


async def _bulk(person: Person, verb: str) -> None:
    await person.page.get_by_role("toolbar", name="The selected prompts").get_by_role("button", name=verb).click()


async def _paths(store: Store) -> list[str]:
    return [entry.path for entry in store.prompts()]


async def _holds(store: Store, *paths: str) -> None:
    await until(lambda: _paths(store), list(paths))


async def test_typing_anywhere_searches_texts_tags_and_descriptions_and_marks_what_matches(
    dashboard: Dashboard, enter: Enter
) -> None:
    dashboard.store.describe("review", tags=["work"])
    ana = await _library(enter)
    search = ana.page.get_by_role("searchbox", name="Search prompts")
    await ana.lists(*ALL)

    for words, found, marked in (("brief", "style/base", "brief"), ("sound", "style/tone", ""), ("work", "review", "")):
        await ana.page.mouse.click(640, 800)
        await ana.page.keyboard.type(words, delay=20)
        await ana.lists(found)
        await expect(search).to_have_value(words)
        if marked:
            await expect(ana.row(found).locator("mark")).to_have_text(marked)
        await ana.page.keyboard.press("Escape")
        await ana.lists(*ALL)

    await ana.page.keyboard.type("nowhere")
    await ana.reads("Nothing matches.")


@pytest.mark.usefixtures("dashboard")
async def test_arrows_and_enter_open_a_prompt_and_links_lead_to_one(enter: Enter) -> None:
    ana = await _library(enter)
    await ana.page.keyboard.type("tone")
    await until(lambda: _has(ana, "review"), wanted=False)
    second = (await ana.paths())[1]

    await ana.page.keyboard.press("ArrowDown")
    await ana.page.keyboard.press("Enter")

    await ana.synced()
    await ana.is_at(f"edit?prompt={second}")

    for address in ("?prompt=style/tone", "edit?prompt=style/tone", "edit?prompt=tone"):
        ben = await enter("Ben")
        await ben.visit(address)
        await ben.synced()
        await ben.sees("Speak plainly.\n")
        await ben.is_at("edit?prompt=style/tone")


async def _has(person: Person, path: str) -> bool:
    return path in await person.paths()


async def test_each_column_sorts_both_ways(dashboard: Dashboard, enter: Enter) -> None:
    store = dashboard.store
    store.save("style/tone", "Speak very plainly.\n", author="Zoe")
    store.describe("review", tags=["apple"])
    store.save("review", "[[style/base]]Review: {{ code }}\n", author="Ben")
    store.save("review", "[[style/base]]Review it: {{ code }}\n", author="Ben")
    ana = await _library(enter, width=1700)

    orders = {
        "Name": (("style/base", "review", "style/tone"), ("style/tone", "review", "style/base")),
        "Directory": (("review", "style/base", "style/tone"), ("style/tone", "style/base", "review")),
        "Tags": (("review", "style/base", "style/tone"), ("style/tone", "style/base", "review")),
        "Versions": (("review", "style/tone", "style/base"), ("style/base", "style/tone", "review")),
        "Updated": (("review", "style/tone", "style/base"), ("style/base", "style/tone", "review")),
        "Who": (("style/base", "review", "style/tone"), ("style/tone", "review", "style/base")),
    }
    for column, (first, second) in orders.items():
        head = ana.page.locator(".pk-library").get_by_role("button", name=column, exact=True)
        await head.click()
        await ana.lists(*first)
        await head.click()
        await ana.lists(*second)


@pytest.mark.usefixtures("dashboard")
async def test_tags_directories_favourites_and_recent_ones_narrow_the_list(enter: Enter) -> None:
    ana = await _library(enter)
    tree = ana.page.get_by_role("tree")

    await ana.page.get_by_role("combobox", name="Only prompts with the tag").select_option("style")
    await ana.lists("style/base", "style/tone")
    await ana.page.get_by_role("combobox", name="Only prompts with the tag").select_option("")
    await ana.lists(*ALL)

    await tree.get_by_role("treeitem", name="style, 2 prompts").click()
    await ana.lists("style/base", "style/tone")

    await ana.row("style/base").get_by_role("button", name="Add to favourites: style/base").click()
    await tree.get_by_role("treeitem", name="Favourites, 1 prompt").click()
    await ana.lists("style/base")
    await tree.get_by_role("treeitem", name="Recent").click()
    await ana.reads("Nothing opened yet.")
    await tree.get_by_role("treeitem", name="All prompts").click()
    await ana.row("review").get_by_role("link", name="review").click()
    await ana.synced()
    await ana.page.get_by_role("link", name="Library").click()
    await tree.get_by_role("treeitem", name="Recent, 1 prompt").click()
    await ana.lists("review")

    ben = await enter("Ben")
    await ben.visit()
    await expect(ben.page.get_by_role("treeitem", name="Favourites, 0 prompts")).to_be_visible()


async def test_several_prompts_are_moved_tagged_and_deleted_and_each_step_is_undone(
    dashboard: Dashboard, enter: Enter
) -> None:
    store = dashboard.store
    store.save("spare", "Nobody includes it.\n")
    ana = await _library(enter)

    await _select(ana, "style/base", "style/tone")
    await _bulk(ana, "Move")
    await ana.choose("To the directory", "voice")
    await ana.button("Move 2 prompts").click()
    await ana.lists("review", "spare", "voice/base", "voice/tone")
    assert store["review"].text == "[[voice/base]]Review this: {{ code }}\n"
    await ana.undo()
    await ana.lists("review", "spare", "style/base", "style/tone")
    assert store["review"].text == "[[style/base]]Review this: {{ code }}\n"

    await _select(ana, "review", "spare")
    await _bulk(ana, "Tags")
    await ana.choose("Add", "fresh")
    await ana.page.keyboard.press("Escape")
    await ana.button("Change").click()
    await expect(ana.row("spare").get_by_text("fresh")).to_be_visible()
    assert (store["review"].tags, store["spare"].tags) == (("fresh",), ("fresh",))

    await _select(ana, "spare")
    await ana.row("review").get_by_role("checkbox").uncheck()
    await _bulk(ana, "Delete")
    await ana.button("Delete 1 prompt").click()
    await ana.lists("review", "style/base", "style/tone")
    await ana.undo()
    await ana.lists("review", "spare", "style/base", "style/tone")
    assert list(store.trash()) == []


async def test_an_impatient_second_click_does_nothing_twice_and_loses_nothing(
    dashboard: Dashboard, enter: Enter
) -> None:
    store = dashboard.store
    ana = await _library(enter)

    async def click_twice(name: str) -> None:
        # Another writer holds the store, so that the second click comes while the first one is being done.
        with store.together():
            store.note_opened("style/tone")
            for _ in range(2):
                async with ana.telling():
                    await ana.button(name).click()

    await _select(ana, "review")
    await _bulk(ana, "Delete")
    await click_twice("Delete 1 prompt")
    await ana.lists("style/base", "style/tone")
    await ana.reads("Put 1 prompt into the trash.")
    await expect(ana.dialog).to_be_hidden()
    await click_twice("Undo")
    await ana.lists(*ALL)
    await ana.reads("Recovered 1 prompt.")
    await expect(ana.button("Undo")).to_be_hidden()

    await expect(ana.page.get_by_test_id("stToast")).to_have_count(0)
    await expect(ana.page.get_by_test_id("stAlert")).to_have_count(0)
    assert [change.kind for change in store.activity(path="review")] == ["recovered", "deleted", "created"]


@pytest.mark.usefixtures("dashboard")
async def test_deleting_what_others_include_says_so_and_has_to_be_meant(enter: Enter) -> None:
    ana = await _library(enter)

    await _select(ana, "style/tone")
    await _bulk(ana, "Delete")

    await ana.reads("Other prompts include some of these; what they include would no longer be found.")
    await expect(ana.button("Delete 1 prompt")).to_be_disabled()
    await ana.dialog.get_by_text("Delete them all the same").click()
    await ana.button("Delete 1 prompt").click()
    await ana.lists("review", "style/base")


async def test_find_and_replace_shows_every_change_makes_one_version_each_and_is_undone_at_once(
    dashboard: Dashboard, enter: Enter
) -> None:
    store = dashboard.store
    ana = await _library(enter)

    await ana.page.keyboard.press("Alt+r")
    await ana.dialog.get_by_role("textbox", name="Find").fill(r"(\w+)\.")
    await ana.dialog.get_by_text("Regular expression").click()
    await ana.dialog.get_by_role("textbox", name="Replace with").fill("$1!")
    await ana.reads("2 matches in 2 prompts")
    await expect(ana.dialog.get_by_text("+Speak plainly!")).to_be_visible()
    await expect(ana.dialog.get_by_text("+[[style/tone]]Be brief!")).to_be_visible()
    assert store["style/tone"].version == 1
    await ana.button("Replace in 2 prompts").click()

    await until(lambda: _texts(store), ("[[style/tone]]Be brief!\n", "Speak plainly!\n"))
    assert [store[path].version for path in ALL] == [1, 2, 2]
    await ana.undo()
    await until(lambda: _texts(store), ("[[style/tone]]Be brief.\n", "Speak plainly.\n"))

    await ana.page.keyboard.press("Alt+r")
    await ana.dialog.get_by_text("Regular expression").click()
    await ana.dialog.get_by_role("textbox", name="Find").fill("(")
    await ana.reads("missing )")


async def _texts(store: Store) -> tuple[str, str]:
    return store["style/base"].text, store["style/tone"].text


@pytest.mark.usefixtures("dashboard")
async def test_a_prompt_is_dragged_into_a_directory_of_the_tree(enter: Enter) -> None:
    ana = await _library(enter)

    await ana.row("review").drag_to(ana.page.get_by_role("treeitem", name="style, 2 prompts"))

    await ana.lists("style/base", "style/review", "style/tone")
    await ana.undo()
    await ana.lists(*ALL)


async def test_many_prompts_come_in_pages(stopped: Dashboard, enter: Enter) -> None:
    with stopped.store.together():
        for number in range(120):
            stopped.store.save(f"many/p{number:03}", f"Prompt {number}\n")
    stopped.start()
    ana = await _library(enter)
    pages = ana.page.get_by_role("navigation", name="Pages", exact=True)

    for first, last, turn in ((0, 50, "Next page"), (50, 100, "Next page"), (100, 120, "Previous page")):
        await ana.lists(*(f"many/p{number:03}" for number in range(first, last)))
        await expect(pages).to_contain_text(f"{first + 1}\u2013{last} of 120")
        await pages.get_by_role("button", name=turn).click()

    await ana.lists(*(f"many/p{number:03}" for number in range(50, 100)))


async def test_a_new_prompt_is_explained_while_it_is_typed_and_opens_in_the_editor(
    dashboard: Dashboard, enter: Enter
) -> None:
    ana = await _library(enter)
    await ana.page.keyboard.press("Alt+n")
    name = ana.dialog.get_by_role("textbox", name="Name")

    await name.fill("REVIEW")
    await ana.reads("REVIEW is too close to review, which exists.")
    await expect(ana.button("Create")).to_be_disabled()
    await name.fill("a]b")
    await expect(ana.dialog.get_by_role("alert")).to_contain_text("a]b")
    await name.fill("fresh")
    await ana.reads("Its path: fresh")
    await ana.choose("Directory", "style")
    await ana.reads("Its path: style/fresh")
    await ana.button("Create").click()

    await ana.synced()
    await ana.is_at("edit?prompt=style/fresh")
    assert (dashboard.store["style/fresh"].text, dashboard.store["style/fresh"].author) == ("", "Ana")


async def test_a_new_prompt_starts_from_a_copy_or_from_files(
    dashboard: Dashboard, enter: Enter, tmp_path: Path
) -> None:
    store = dashboard.store
    one, other = tmp_path / "one.md", tmp_path / "review.md"
    one.write_text("---\ndescription: From a file\ntags: [up]\n---\nUploaded\n", "utf-8")
    other.write_text("Must not replace it\n", "utf-8")
    ana = await _library(enter)

    await ana.page.keyboard.press("Alt+n")
    await ana.dialog.get_by_text("A copy", exact=True).click()
    await ana.dialog.get_by_role("textbox", name="Copy of").fill("style/tone")
    await ana.dialog.get_by_role("textbox", name="Name").fill("twin")
    await ana.reads("Its path: twin")
    await ana.button("Create").click()
    await ana.synced()
    await ana.sees("Speak plainly.\n")
    assert (store["twin"].description, store["twin"].tags) == ("How to sound", ("style",))

    await ana.page.keyboard.press("Alt+n")
    await ana.dialog.get_by_text("Files", exact=True).click()
    await ana.dialog.locator("input[type=file]").set_input_files([one, other])
    await ana.button("Create 1").click()
    await ana.reads("1 created, 1 left out.")
    assert (store["one"].text, store["one"].description, store["one"].tags) == ("Uploaded\n", "From a file", ("up",))
    assert store["review"].version == 1


@pytest.mark.usefixtures("dashboard")
async def test_a_question_mark_lists_all_keys_until_escape(enter: Enter) -> None:
    ana = await _library(enter)

    await ana.page.keyboard.press("?")

    overlay = ana.page.get_by_role("dialog", name="Keyboard")
    for does in ("New prompt", "Find and replace in many prompts", "Copy the expanded text", "Preview, on or off"):
        await expect(overlay.get_by_text(does, exact=True).first).to_be_visible()
    await ana.page.keyboard.press("Escape")
    await expect(overlay).to_be_hidden()
    await ana.page.keyboard.type("what?")
    await expect(ana.page.get_by_role("searchbox")).to_have_value("what?")
    await expect(overlay).to_be_hidden()


async def test_an_empty_store_says_what_to_do_first(stopped: Dashboard, enter: Enter) -> None:
    stopped.start()
    ana = await enter("Ana")

    await ana.visit()
    await ana.reads("There are no prompts yet")
    await ana.button("Upload files").click()
    await expect(ana.dialog.get_by_text("Markdown files")).to_be_visible()
    await ana.page.keyboard.press("Escape")
    await expect(ana.dialog).to_have_count(0)
    await ana.idle()
    await ana.page.get_by_test_id("stMain").get_by_role("button", name="New prompt").last.click()
    await expect(ana.dialog.get_by_role("textbox", name="Name")).to_be_visible()
    await ana.idle()
    await ana.dialog.get_by_role("textbox", name="Name").fill("first")
    await ana.reads("Its path: first")
    await ana.page.keyboard.press("Enter")

    await ana.synced()
    await ana.type("Hello", at=0)
    await ana.saved()
