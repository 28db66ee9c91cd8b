"""The trash page: what lies there, the way back, and the end."""

from collections.abc import Callable
from typing import Any

import pytest

from prompt_kernel.store import Store
from prompt_kernel_dashboard.state import Going

Open = Callable[[], Any]


@pytest.fixture
def look(app: Callable[..., Any]) -> Open:
    return lambda: app({"pk_name": "ana", "pk_going": Going("trash", {})})


@pytest.fixture
def trashed(library: Store) -> Store:
    library.delete("review")
    library.by("Ben").delete("format/json")
    return library


def test_the_trash_says_what_lies_there_and_who_put_it_there(trashed: Store, look: Open) -> None:
    assert trashed
    page = look()
    assert page.captions == [
        "2 prompts, the latest first.",
        "Ben deleted it just now, at version 1\\.",
        "ana deleted it just now, at version 1\\.",
    ]


def test_a_prompt_is_recovered_and_opened(trashed: Store, look: Open) -> None:
    page = look().press("Recover").press("Recover it")
    assert [element.value for element in page.at.subheader] == ["json"]
    assert [entry.path for entry in trashed.trash()] == ["review"]


def test_a_path_that_was_taken_meanwhile_is_explained_and_another_one_does(trashed: Store, look: Open) -> None:
    trashed.save("format/json", "new")
    page = look().press("Recover")
    assert [warning.value for warning in page.at.warning] == [
        (
            "format/json exists already\\. Choose another path, or rename the other one first\\. "
            "format/json can be recovered to any path that is free\\."
        )
    ]
    assert page.button("Recover it").disabled
    page.type("Path", "format/old").press("Recover it")
    assert (trashed["format/old"].text, trashed["format/json"].text) == ('Answer as JSON: {"answer": "…"}\n', "new")


def test_one_prompt_is_removed_for_good_after_a_question(trashed: Store, look: Open) -> None:
    page = look().press("Remove for good")
    assert len(trashed.trash()) == 2
    page.at.button(key="purge-now").click()
    page.run()
    assert [entry.path for entry in trashed.trash()] == ["review"]


def test_the_whole_trash_is_emptied_after_a_question(trashed: Store, look: Open) -> None:
    page = look().press("Empty the trash")
    assert len(trashed.trash()) == 2
    page.at.button(key="purge-now").click()
    page.run()
    assert trashed.trash() == []
    assert [info.value for info in page.at.info] == [
        "The trash is empty. A prompt that is deleted lies here until it is recovered or removed for good."
    ]


def test_a_dialog_about_what_is_gone_meanwhile_closes(trashed: Store, look: Open) -> None:
    page = look().press("Recover")
    trashed.recover("format/json")
    page.run()
    assert "Recover it" not in page.buttons


def test_a_long_trash_is_shown_in_parts(library: Store, look: Open) -> None:
    for number in range(60):
        library.save(f"p{number}", "x")
        library.delete(f"p{number}")
    page = look()
    assert len([label for label in page.buttons if label == "Recover"]) == 50
    assert len([label for label in page.press("Show more").buttons if label == "Recover"]) == 60
