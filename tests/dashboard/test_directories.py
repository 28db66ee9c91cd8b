from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.store import Store
from prompt_kernel_dashboard.app_pages.directories import meaning_of, status_of
from prompt_kernel_dashboard.state import Asked, Going

OpenApp = Callable[..., Any]
THERE = {"pk_going": Going("directories", {})}


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("someone")
    monkeypatch.setenv("HOME", str(home))
    (home / "prompts" / "sub").mkdir(parents=True)
    (home / "prompts" / "one.md").write_text("One.", encoding="utf-8")
    (home / "prompts" / "sub" / "two.md").write_text("Two.", encoding="utf-8")
    return home


def select(page: Any, row: int) -> Any:
    return page.choose(pk_directories={"selection": {"rows": [row], "columns": [], "cells": []}})


def test_the_table_says_all_of_each_directory(library: Store, app: OpenApp, home: Path) -> None:
    library.add_directory("linked", source=str(home / "prompts"), description="**mine** <b>")
    library.update_directory("style", enabled=False)
    library.add_directory("style/deep")
    page = app(THERE)
    assert page.tables == [
        [
            {
                "Directory": path,
                "Status": status,
                "Prompts": prompts,
                "Linked folder": folder,
                "Description": description,
            }
            for path, status, prompts, folder, description in [
                ("format", "enabled", 1, "", ""),
                ("linked", "enabled", 0, str(home / "prompts"), "**mine** <b>"),
                ("style", "disabled", 2, "", ""),
                ("style/deep", "disabled by style", 0, "", ""),
            ]
        ]
    ]
    assert page.captions == ["4 directories, 2 enabled", "Select a directory to change it."]
    assert page.buttons == ["New prompt", "?", "Add"]


def test_without_directories_the_page_says_what_to_do(store: Store, app: OpenApp) -> None:
    assert len(store) == 0
    page = app(THERE)
    assert (page.texts, page.buttons) == (
        ["There are no directories yet. Add one, link it to a folder on disk, and sync the two."],
        ["New prompt", "?", "Add"],
    )


def test_a_directory_is_switched_off_and_on(library: Store, app: OpenApp) -> None:
    page = select(app(THERE), 1)
    assert page.captions[1] == meaning_of(library.directories()[1])
    page.press("Disable")
    assert page.toasts == [r"2 prompts in style can no longer be included\."]
    assert status_of(library.directories()[1], library.directories()) == "disabled"
    page.press("Enable")
    assert page.toasts == [r"2 prompts in style can be included again\."]
    assert library.expand("style/tone", tone="plain")


def test_a_directory_is_added_with_a_folder_and_what_is_in_it(store: Store, app: OpenApp, home: Path) -> None:
    page = app(THERE).press("Add")
    page.type("Directory", "mine")
    page.type("Linked folder (none is fine)", "~/prompts")
    page.at.button(key="pk_confirm").click()
    page.run()
    assert sorted(store) == ["mine/one", "mine/sub/two"]
    assert page.texts == [f"Added mine. Synced mine with {home / 'prompts'}: 2 pulled, 0 unchanged."]
    assert store.directories()[0].source == str(home / "prompts")


def test_a_folder_out_of_reach_is_not_linked(store: Store, app: OpenApp, home: Path) -> None:
    assert home.is_dir()
    page = app(THERE).press("Add")
    page.type("Directory", "mine")
    page.type("Linked folder (none is fine)", "~/prompts/../..")
    page.at.button(key="pk_confirm").click()
    page.run()
    assert page.problems == [r"folder: write the path of a folder, without any \.\. in it\."]
    assert list(store.directories()) == []


def test_a_bad_path_is_explained_as_it_is_typed(store: Store, app: OpenApp) -> None:
    assert len(store) == 0
    page = app(THERE).press("Add")
    page.type("Directory", "a//b")
    assert len(page.problems) == 1
    assert page.problems[0].startswith("'a//b' cannot be a path")


def test_a_taken_directory_is_a_sentence(library: Store, app: OpenApp) -> None:
    assert library
    page = app(THERE).press("Add")
    page.type("Directory", "Style")
    page.at.button(key="pk_confirm").click()
    page.run()
    assert page.problems == [
        r"Style is too close to style, which exists\. Choose another path, or rename the other one first\."
    ]


def test_a_directory_is_described_and_linked(library: Store, app: OpenApp, home: Path) -> None:
    page = select(app(THERE), 1).press("Edit")
    page.type("Description", "How to sound")
    page.type("Linked folder", "~/prompts/")
    page.press("Save")
    changed = library.directories()[1]
    assert (changed.description, changed.source) == ("How to sound", str(home / "prompts"))
    page.press("Edit")
    page.type("Linked folder", "")
    page.press("Save")
    assert library.directories()[1].source == ""


def test_a_linked_folder_is_imported_again(library: Store, app: OpenApp, home: Path) -> None:
    library.add_directory("linked", source=str(home / "prompts"))
    page = select(app(THERE), 1)
    page.press("Import again")
    assert page.texts == [f"Imported {home / 'prompts'}: 2 created, 0 updated, 0 unchanged."]
    (home / "prompts" / "one.md").write_text("One, changed.", encoding="utf-8")
    select(page, 1).press("Import again")
    assert library.get("linked/one").text == "One, changed."
    assert page.texts == [f"Imported {home / 'prompts'}: 0 created, 1 updated, 1 unchanged."]


def test_a_linked_folder_is_synced_both_ways(library: Store, app: OpenApp, home: Path) -> None:
    folder = home / "prompts"
    library.add_directory("linked", source=str(folder))
    page = select(app(THERE), 1)
    assert page.captions[1] == meaning_of(library.directories()[1])
    page.press("Sync")
    assert page.texts == [f"Synced linked with {folder}: 2 pulled, 0 unchanged."]
    library.save("linked/one", "One, changed here.")
    (folder / "sub" / "two.md").write_text("Two, changed there.", encoding="utf-8")
    select(page, 1).press("Sync")
    assert page.texts == [f"Synced linked with {folder}: 1 pulled, 1 pushed, 0 unchanged."]
    assert (folder / "one.md").read_text(encoding="utf-8") == "One, changed here."
    assert library.get("linked/sub/two").text == "Two, changed there."


def test_what_could_not_be_merged_is_offered_to_be_opened(library: Store, app: OpenApp, home: Path) -> None:
    folder = home / "prompts"
    library.add_directory("linked", source=str(folder))
    library.sync("linked")
    library.save("linked/one", "Changed here.")
    (folder / "one.md").write_text("Changed there.", encoding="utf-8")
    page = select(app(THERE), 1).press("Sync")
    assert page.texts == [
        "What could not be merged, and was kept; take from it what you need, and delete it:",
        (
            f"Synced linked with {folder}: 1 in conflict, 1 unchanged.\n"
            "linked/one was changed on both sides in the same place: the store's text stands, the file's is kept as"
            " linked/one-conflict."
        ),
    ]
    assert (library["linked/one"].text, library["linked/one-conflict"].text) == ("Changed here.", "Changed there.")
    page.press(r"linked/one\-conflict")
    assert page.handed("editor")["path"] == "linked/one-conflict"


def test_a_folder_that_is_gone_is_a_sentence_and_nothing_is_lost(library: Store, app: OpenApp, home: Path) -> None:
    library.add_directory("linked", source=str(home / "prompts"))
    (home / "prompts").rename(home / "elsewhere")
    page = select(app(THERE), 1)
    page.press("Import again")
    assert page.problems[0].startswith("Nothing was imported, because 1 file cannot be read:")
    select(page, 1).press("Sync")
    assert page.problems[0].endswith(
        r"was not synced: it is not there, and nothing was deleted for that; mount it, or link another one\."
    )
    assert library.directories()[1].source == str(home / "prompts")


def test_renaming_says_how_many_texts_were_rewritten(library: Store, app: OpenApp) -> None:
    page = select(app(THERE), 1).press("Rename")
    page.type("New path", "voice")
    page.at.button(key="pk_confirm").click()
    page.run()
    assert page.texts == ["style is voice now. 2 texts rewritten: review and voice/base."]
    assert sorted(library) == ["format/json", "review", "voice/base", "voice/tone"]


def test_a_directory_with_prompts_is_not_removed(library: Store, app: OpenApp) -> None:
    page = select(app(THERE), 1).press("Remove")
    assert page.texts == ["style", "It holds 2 prompts. Move or delete these first."]
    assert page.at.button(key="pk_confirm").disabled
    assert len(library) == 4


def test_removing_a_directory_leaves_its_files(library: Store, app: OpenApp, home: Path) -> None:
    library.add_directory("linked", source=str(home / "prompts"))
    page = select(app(THERE), 1).press("Remove")
    assert page.texts == ["linked", f"The files in {home / 'prompts'} stay where they are."]
    page.at.button(key="pk_confirm").click()
    page.run()
    assert [found.path for found in library.directories()] == ["format", "style"]
    assert (home / "prompts" / "one.md").read_text(encoding="utf-8") == "One."


def test_a_directory_that_is_gone_meanwhile_is_a_sentence(library: Store, app: OpenApp) -> None:
    assert library
    page = app(THERE | {"pk_asked": Asked("remove directory", {"path": "gone"})})
    assert page.problems == [r"There is no directory 'gone'\."]
