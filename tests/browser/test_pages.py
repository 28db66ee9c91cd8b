"""Directories, activity and trash, as a browser shows them."""

from pathlib import Path

import pytest
from playwright.async_api import expect

import prompt_kernel as pk
from prompt_kernel.store import Store
from tests.browser.people import Dashboard, Enter, Person, until


async def _select_first(person: Person) -> None:
    """Tick the first row of the table, which is drawn on a canvas."""
    box = await person.page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    await person.page.mouse.click(box["x"] + 16, box["y"] + 52)


async def test_a_disabled_directory_cannot_be_included_from_and_who_edits_in_it_is_told(
    dashboard: Dashboard, enter: Enter
) -> None:
    store = dashboard.store
    ben: Person = await enter("Ben")
    await ben.edit("style/tone")
    ana: Person = await enter("Ana")
    await ana.visit("directories")
    await _select_first(ana)

    await ana.button("Disable").click()
    await ana.reads("2 prompts in style can no longer be included.")
    assert next(iter(store.includes("review"))).target is None
    await expect(ben.page.get_by_role("log", name="Notices")).to_contain_text("disabled")
    await ana.button("Enable").click()

    await ana.reads("2 prompts in style can be included again.")
    assert next(iter(store.includes("review"))).target == "style/base"
    await expect(ben.page.get_by_role("log", name="Notices")).to_contain_text("enabled")


async def test_a_directory_is_linked_to_a_folder_imported_renamed_and_removed(
    stopped: Dashboard, enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stopped.store
    folder = tmp_path / "work" / "notes"
    folder.mkdir(parents=True)
    (folder / "one.md").write_text("First\n", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    stopped.start()
    ana: Person = await enter("Ana")
    await ana.visit("directories")

    await ana.button("Add").click()
    await ana.dialog.get_by_role("textbox", name="Directory").fill("a")
    await ana.dialog.get_by_role("textbox", name="Linked folder").fill("~/work/no")
    await ana.dialog.get_by_role("radio", name="~/work/notes/").click()
    await expect(ana.dialog.get_by_role("textbox", name="Linked folder")).to_have_value("~/work/notes/")
    await ana.dialog.get_by_test_id("stBaseButton-primary").click()
    await ana.reads("Added a.")
    assert store["a/one"].text == "First\n"

    (folder / "one.md").write_text("Second\n", "utf-8")
    await _select_first(ana)
    await ana.button("Import again").click()
    await until(lambda: _text(store, "a/one"), "Second\n")

    await ana.button("Edit").click()
    await ana.dialog.get_by_role("textbox", name="Description").fill("What Ana noted")
    await ana.button("Save").click()
    await ana.reads("Changed a.")
    assert store.directories()[0].description == "What Ana noted"

    store.delete("a/one")
    await ana.button("Rename").click()
    await ana.dialog.get_by_role("textbox", name="New path").fill("b")
    await ana.dialog.get_by_test_id("stBaseButton-primary").click()
    await ana.reads("a is b now.")
    await _select_first(ana)
    await ana.button("Remove").click()
    await ana.reads("stay where they are.")
    await ana.dialog.get_by_test_id("stBaseButton-primary").click()
    await ana.reads("Removed the directory b.")
    assert (folder / "one.md").read_text("utf-8") == "Second\n"
    assert [directory.path for directory in store.directories()] == []


async def _text(store: Store, path: str) -> str:
    return store[path].text


async def test_activity_is_filtered_and_leads_to_what_was_changed(dashboard: Dashboard, enter: Enter) -> None:
    dashboard.store.save("review", "Review it.\n", author="Zoe", message="shorter")
    ana: Person = await enter("Ana")
    await ana.visit("activity")
    entries = ana.page.get_by_role("button", name="Changes")
    await expect(entries).to_have_count(4)

    await ana.choose("Who", "Zoe")
    await expect(entries).to_have_count(1)
    await entries.click()
    await expect(ana.dialog).to_contain_text("Zoe saved review, version 2: shorter")
    await expect(ana.dialog).to_contain_text("1 line came, 1 line went.")
    await ana.button("Open the prompt").click()
    await ana.is_at("edit?prompt=review")
    await ana.synced()


async def test_what_was_deleted_is_recovered_or_removed_for_good(dashboard: Dashboard, enter: Enter) -> None:
    store = dashboard.store
    ana: Person = await enter("Ana")
    await ana.edit("review")
    await ana.button("Delete").click()
    await ana.button("Put it into the trash").click()
    await ana.reads("Undo")
    await ana.page.get_by_role("link", name="Trash").click()
    await ana.reads("Ana deleted it just now, at version 1.")

    await ana.button("Recover").click()
    await ana.dialog.get_by_role("textbox", name="Path").fill("style/tone")
    await ana.reads("review can be recovered to any path that is free.")
    await ana.dialog.get_by_role("textbox", name="Path").fill("again")
    await ana.button("Recover it").click()
    await ana.is_at("edit?prompt=again")
    await ana.synced()

    store.delete("again")
    await ana.visit("trash")
    await ana.button("Remove for good").click()
    await ana.dialog.get_by_test_id("stBaseButton-primary").click()
    await ana.reads("The trash is empty.")
    assert list(store.trash()) == []


async def test_an_experiment_is_compared_traced_to_its_text_and_downloaded(
    dashboard: Dashboard, enter: Enter, tmp_path: Path
) -> None:
    pk.Experiment(
        "tone",
        store=dashboard.store,
        prompts=["review", pk.swap("review", "style/tone", [None])],
        inputs=[{"code": "a = 1"}, {"code": "b = *2*"}],
        models={"echo": lambda text: text.splitlines()[0]},
        scorers={"short": lambda output, _row: len(output) < 10},
    ).run(progress=False)
    ana: Person = await enter("Ana")
    await ana.visit("experiments")

    await ana.button("tone").click()
    await expect(ana.page.locator("canvas, svg.marks").first).to_be_visible()
    await ana.page.get_by_role("radio", name="Outputs side by side").click()
    await ana.reads("2 rows with both; 0 the same.")
    await expect(ana.button("What made this?")).to_have_count(4)
    await ana.button("What made this?").last.click()
    await expect(ana.page.locator(".st-key-run-text")).to_contain_text(
        "Be brief.\nReview this: b = *2*", use_inner_text=True
    )
    await expect(ana.page.locator(".st-key-run-output")).to_contain_text("Be brief.")

    await ana.button("Export").click()
    async with ana.page.expect_download() as waiting:
        await ana.dialog.get_by_role("button", name="Download").click()
    await (await waiting.value).save_as(tmp_path / "tone.csv")
    assert (tmp_path / "tone.csv").read_text("utf-8").count("b = *2*") == 2
    assert (ana.alerts, ana.foreign) == ([], [])
