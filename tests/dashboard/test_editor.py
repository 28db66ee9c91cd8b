"""The editor's page: the prompt of the address, its title row, its dialogs, and what is said where there is none."""

from collections.abc import Callable
from typing import Any

import pytest

from prompt_kernel.errors import PathTakenError
from prompt_kernel.server import Tokens
from prompt_kernel.store import Store
from prompt_kernel_dashboard import resources
from prompt_kernel_dashboard.app_pages import prompt_dialogs
from prompt_kernel_dashboard.state import Going

Open = Callable[..., Any]


@pytest.fixture
def edit(app: Open) -> Open:
    """Open the editor on a path, as ana."""

    def run(path: str, **state: Any) -> Any:
        return app({"pk_name": "ana", **state}, prompt=path)

    return run


def headings(page: Any) -> list[str]:
    return [element.value for element in page.at.subheader]


def address(page: Any) -> list[str]:
    asked = page.at.query_params["prompt"]
    return [asked] if isinstance(asked, str) else list(asked)


def test_a_prompt_shows_its_name_its_version_and_the_editor(library: Store, edit: Open) -> None:
    prompt = library.label("style/tone", "stable")
    page = edit("style/tone")
    assert headings(page) == ["tone"]
    assert page.captions[0] == "style/tone · version 1 · ana, just now"
    data = page.handed("editor")
    assert {key: data[key] for key in ("uid", "path", "readOnly", "siblings")} == {
        "uid": prompt.uid,
        "path": "style/tone",
        "readOnly": False,
        "siblings": [{"path": "style/base", "name": "base"}],
    }
    assert [element.proto.body for element in page.at.get("markdown") if "stable" in element.proto.body] != []


def test_opening_a_prompt_is_remembered_once(library: Store, edit: Open) -> None:
    page = edit("style/tone")
    page.run()
    assert [entry.path for entry in library.recent()] == ["style/tone"]


def test_a_display_name_and_a_pin_lead_to_the_prompt_itself(library: Store, edit: Open) -> None:
    library.save("style/tone", "Another text.")
    page = edit("tone@1")
    assert (headings(page), page.handed("editor")["path"], address(page)) == (["tone"], "style/tone", ["style/tone"])
    assert page.captions[0].startswith("style/tone · version 2")


def test_the_old_path_of_a_renamed_prompt_leads_to_the_new_one(library: Store, edit: Open) -> None:
    library.rename("style/tone", "style/voice")
    page = edit("style/tone")
    assert (headings(page), address(page)) == (["voice"], ["style/voice"])


def test_a_prompt_that_is_not_there_offers_near_names_and_can_be_made(library: Store, edit: Open) -> None:
    page = edit("style/tome")
    assert [element.value for element in page.at.warning] == ["There is no prompt style/tome\\."]
    assert "style/tone" in page.buttons
    page.press("Create style/tome")
    assert (headings(page), library["style/tome"].text) == (["tome"], "")


def test_a_near_name_opens_with_a_click(library: Store, edit: Open) -> None:
    assert library
    page = edit("style/tome").press("style/tone")
    assert (headings(page), address(page)) == (["tone"], ["style/tone"])


def test_a_path_that_cannot_be_one_is_explained_when_it_is_made(library: Store, edit: Open) -> None:
    assert library
    page = edit("no//such")
    page.press("Create no//such")
    assert [problem.startswith("'no//such' cannot be a path") for problem in page.problems] == [True]


def test_a_name_that_fits_several_offers_them(library: Store, edit: Open) -> None:
    library.save("other/tone", "x")
    page = edit("tone")
    assert {"style/tone", "other/tone"} <= set(page.buttons)


def test_a_deleted_prompt_says_where_it_lies(library: Store, edit: Open) -> None:
    library.delete("review")
    page = edit("review")
    assert [element.value for element in page.at.info] == [
        "review lies in the trash\\. It can be recovered there, with all its versions\\."
    ]
    page.press("Go to the trash")
    assert headings(page) == ["Trash"]


def test_without_a_prompt_the_page_says_what_to_do(library: Store, app: Open) -> None:
    library.note_opened("review")
    page = app({"pk_name": "ana", "pk_going": Going("edit", {})})
    assert [element.value for element in page.at.info] == [
        "No prompt is open. Choose one in the library, or one of those that you had open last."
    ]
    assert {"review", "Go to the library"} <= set(page.buttons)


def test_a_star_makes_a_favourite_and_takes_it_back(library: Store, edit: Open) -> None:
    page = edit("review").press("☆")
    assert [entry.path for entry in library.favourites()] == ["review"]
    page.press("★")
    assert library.favourites() == []


def test_names_with_markup_are_shown_literally(library: Store, edit: Open) -> None:
    library.save("a/x_y_z", "text", description="<b>*bold*</b>", tags=[":smile:"])
    page = edit("a/x_y_z", pk_panes=["metadata"])
    assert headings(page) == ["x\\_y\\_z"]


def test_a_prompt_of_a_disabled_directory_is_marked(library: Store, edit: Open) -> None:
    library.update_directory("style", enabled=False)
    page = edit("style/tone")
    assert any("disabled" in element.proto.body for element in page.at.get("markdown"))


def test_the_panes_that_were_open_are_open_again(library: Store, edit: Open) -> None:
    assert edit("review").handed("preview") is not None
    library.set_preference("panes", ["variables"])
    assert edit("review").handed("preview") is None


def test_a_store_for_reading_only_has_an_editor_for_reading_only(library: Store, edit: Open) -> None:
    with Store(library.url, read_only=True) as reading:
        resources.install(resources.Resources(reading, Tokens()))
        page = edit("review")
        assert (page.handed("editor")["readOnly"], len(page.at.warning)) == (True, 1)
        page.press("☆")
        assert [problem.startswith("The store") for problem in page.problems] == [True]


# Dialogs


def test_a_rename_says_what_is_rewritten_and_leads_to_the_new_path(library: Store, edit: Open) -> None:
    page = edit("style/tone").press("Rename or move")
    page.type("Name", "voice")
    assert "1 text will be rewritten to match: style/base\\. The old path goes on finding it\\." in page.captions
    assert library["style/base"].text == "[[style/tone]]Be brief.\n"
    page.press("Rename")
    assert (headings(page), address(page)) == (["voice"], ["style/voice"])
    assert library["style/base"].text == "[[style/voice]]Be brief.\n"


def test_a_rename_explains_what_cannot_be(library: Store, edit: Open) -> None:
    assert library
    page = edit("style/tone").press("Rename or move")
    page.type("Name", "base")
    assert [element.value.partition(".")[0] for element in page.at.warning] == ["style/base exists already\\"]
    page.type("Name", "a//b")
    assert page.button("Rename").disabled


def test_trying_a_rename_changes_nothing(library: Store) -> None:
    before = [(prompt, library[prompt].version) for prompt in library]
    assert prompt_dialogs.would_rewrite(library, "style/tone", "other/voice") == ["style/base"]
    assert [(prompt, library[prompt].version) for prompt in library] == before
    with pytest.raises(PathTakenError):
        prompt_dialogs.would_rewrite(library, "style/tone", "review")


def test_a_prompt_may_take_back_a_path_of_its_own_and_no_other(library: Store) -> None:
    library.rename("style/tone", "style/voice")
    prompt = library["style/voice"]
    problems = {
        path: prompt_dialogs.problem_of(library, prompt, path)
        for path in ("style/tone", "style/Voice", "style/voice", "free", "review", "a//b")
    }
    assert {path: bool(problem) for path, problem in problems.items()} == {
        "style/tone": False, "style/Voice": False, "style/voice": False, "free": False, "review": True, "a//b": True,
    }  # fmt: skip


def test_a_duplicate_has_the_text_and_the_metadata_and_is_opened(library: Store, edit: Open) -> None:
    library.save("style/tone-copy", "taken")
    page = edit("style/tone").press("Duplicate").press("Make the copy")
    copy, original = library["style/tone-copy-2"], library["style/tone"]
    assert headings(page) == ["tone\\-copy\\-2"]
    assert (copy.text, copy.tags, copy.description, copy.variables, copy.version) == (
        original.text, original.tags, original.description, original.variables, 1,
    )  # fmt: skip


def test_deleting_names_who_includes_it_and_asks_once_more(library: Store, edit: Open) -> None:
    page = edit("style/tone").press("Delete")
    assert [element.value for element in page.at.warning] == ["Included by 1 prompt: style/base\\."]
    assert page.button("Put it into the trash").disabled
    page.at.checkbox(key="delete-force").check()
    page.run().press("Put it into the trash")
    assert [trashed.path for trashed in library.trash()] == ["style/tone"]
    assert page.handed("library") is not None


def test_deleting_what_nobody_includes_takes_one_answer(library: Store, edit: Open) -> None:
    edit("review").press("Delete").press("Put it into the trash")
    assert [trashed.path for trashed in library.trash()] == ["review"]
