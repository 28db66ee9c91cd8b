from collections.abc import Callable
from typing import Any

import pytest

from prompt_kernel.errors import ConflictError, InvalidMetadataError, PathTakenError, ReferencedError
from prompt_kernel.store import Store
from prompt_kernel_dashboard import batch
from prompt_kernel_dashboard.app_pages import bulk
from prompt_kernel_dashboard.batch import Done, Undo
from prompt_kernel_dashboard.state import Asked
from tests.dashboard.session import Session

OpenApp = Callable[..., Any]


def texts(store: Store) -> dict[str, str]:
    return {path: store.get(path).text for path in store}


def test_prompts_are_moved_together_and_their_referrers_rewritten(library: Store) -> None:
    before = texts(library)
    done = batch.move(library, ["style/tone", "format/json"], "parts")
    assert done == Done(
        "Moved 2 prompts to parts; 2 texts that mentioned them rewritten (review and style/base).",
        Undo("move", (("parts/json", "format/json"), ("parts/tone", "style/tone"))),
    )
    assert sorted(library) == ["parts/json", "parts/tone", "review", "style/base"]
    assert done.undo
    assert batch.undo(library, done.undo) == Done("Moved back 2 prompts.")
    assert texts(library) == before


def test_a_move_that_one_prompt_cannot_make_moves_none(library: Store) -> None:
    library.save("parts/json", "x")
    before = texts(library)
    with pytest.raises(PathTakenError):
        batch.move(library, ["style/tone", "format/json"], "parts")
    assert texts(library) == before


def test_what_is_there_already_is_not_moved(library: Store) -> None:
    assert batch.move(library, ["review"], "") == Done("Nothing to move: all of it is in the top already.")


def test_tags_are_added_and_taken_away(library: Store) -> None:
    done = batch.retag(library, ["style/tone", "format/json", "review"], ["new", "style"], ["format"])
    assert done == Done("Changed the tags of 3 prompts.")
    assert [library.get(path).tags for path in ("style/tone", "format/json", "review")] == [
        ("style", "new"),
        ("new", "style"),
        ("new", "style"),
    ]
    assert batch.retag(library, ["review"], ["new"], ["gone"]) == Done("The tags were so already.")


def test_a_tag_that_cannot_be_one_changes_nothing(library: Store) -> None:
    with pytest.raises(InvalidMetadataError):
        batch.retag(library, ["style/tone", "review"], ["a\0b"], [])
    assert library.get("style/tone").tags == ("style",)


def test_prompts_that_include_each_other_are_deleted_together(library: Store) -> None:
    assert batch.referrers(library, ["style/tone", "style/base"]) == {"style/base": ["review"]}
    done = batch.delete(library, ["style/tone", "style/base", "review"])
    assert (done.sentence, list(library)) == ("Put 3 prompts into the trash.", ["format/json"])
    assert done.undo
    assert batch.undo(library, done.undo) == Done("Recovered 3 prompts.")
    assert sorted(library) == ["format/json", "review", "style/base", "style/tone"]


def test_what_others_include_is_deleted_by_force_only(library: Store) -> None:
    with pytest.raises(ReferencedError):
        batch.delete(library, ["format/json", "style/tone"])
    assert len(library) == 4
    assert batch.delete(library, ["format/json", "style/tone"], force=True).sentence == "Put 2 prompts into the trash."


def test_a_replacement_makes_one_version_each_and_is_undone_at_once(library: Store) -> None:
    before = texts(library)
    done = batch.replace(library, "be", "BE", ["style/base", "review"], regex=False, case=False)
    assert done.sentence == "Replaced 1 match in 1 prompt."
    assert [library.get(path).version for path in ("style/base", "review")] == [2, 1]
    assert done.undo
    assert batch.undo(library, done.undo) == Done("Put 1 prompt back as before the replacement.")
    assert texts(library) == before


def test_an_undo_that_would_lose_a_later_change_is_refused(library: Store) -> None:
    done = batch.replace(library, "be brief", "Be long", ["style/base"], regex=False, case=False)
    library.save("style/base", "[[style/tone]]Be LOUD.\n")
    assert done.undo
    with pytest.raises(ConflictError):
        batch.undo(library, done.undo)


def test_the_move_dialog_moves(library: Store, app: OpenApp) -> None:
    page = app({"pk_asked": Asked("move", {"paths": ["review"]})})
    page.choose(pk_move_to="format")
    page.press("Move 1 prompt")
    assert "format/review" in library
    assert page.texts[0] == "Moved 1 prompt to format."
    page.press("Undo")
    assert page.texts[0] == "Moved back 1 prompt."
    page.press("Close")
    assert (page.texts, sorted(library)) == ([], ["format/json", "review", "style/base", "style/tone"])


def test_a_move_that_fails_says_why_and_the_dialog_stays(library: Store, app: OpenApp) -> None:
    library.save("style/review", "x")
    page = app({"pk_asked": Asked("move", {"paths": ["review"]})})
    page.choose(pk_move_to="style")
    page.press("Move 1 prompt")
    assert page.problems == [r"style/review exists already\. Choose another path, or rename the other one first\."]
    assert "Move 1 prompt" in page.buttons


def test_the_tag_dialog_offers_the_tags_that_are_there(library: Store, app: OpenApp) -> None:
    page = app({"pk_asked": Asked("tag", {"paths": ["style/tone", "review"]})})
    assert [field.options for field in page.at.multiselect] == [["format", "style"], ["style"]]
    page.at.multiselect(key="pk_tags_add").set_value(["format"])
    page.at.multiselect(key="pk_tags_remove").set_value(["style"])
    page.run()
    page.press("Change")
    assert [library.get(path).tags for path in ("style/tone", "review")] == [("format",), ("format",)]


def test_undo_after_the_notice_was_closed_does_nothing(library: Store, session: Session) -> None:
    bulk.finish(batch.move(library, ["review"], "style"))
    bulk._close()  # noqa: SLF001 - what Streamlit calls
    bulk._undo()  # noqa: SLF001 - the same
    assert ("style/review" in library, session.memory) == (True, {})


def test_the_delete_dialog_names_the_referrers_and_wants_to_be_told_twice(library: Store, app: OpenApp) -> None:
    page = app({"pk_asked": Asked("delete", {"paths": ["style/tone"]})})
    assert page.tables == [[{"Prompt": "style/tone", "Included by": "style/base"}]]
    assert "Delete 1 prompt" not in page.buttons
    page.at.checkbox(key="pk_delete_force").check()
    page.run()
    page.press("Delete 1 prompt")
    assert "style/tone" not in library
    page.press("Undo")
    assert "style/tone" in library


def test_the_replace_dialog_shows_every_change_before_it_is_made(library: Store, app: OpenApp) -> None:
    page = app({"pk_asked": Asked("replace", {})})
    assert page.texts == ["Type what to find. Nothing is changed before you have seen it."]
    page.type("Find", "be brief")
    page.type("Replace with", "Be *short*")
    assert page.texts == ["1 match in 1 prompt"]
    assert [code.value for code in page.at.code] == [
        "--- style/base\n+++ style/base\n@@ -1 +1 @@\n-[[style/tone]]Be brief.\n+[[style/tone]]Be *short*."
    ]
    page.press("Replace in 1 prompt")
    assert library.get("style/base").text == "[[style/tone]]Be *short*.\n"
    page.press("Undo")
    assert library.get("style/base").text == "[[style/tone]]Be brief.\n"


def test_a_bad_regular_expression_is_a_sentence(library: Store, app: OpenApp) -> None:
    assert library
    page = app({"pk_asked": Asked("replace", {"paths": ["review"]})})
    page.at.toggle(key="pk_regex").set_value(True)
    page.type("Find", "(")
    assert len(page.problems) == 1
    assert page.problems[0].startswith("find:")


def test_replacing_can_be_kept_to_a_directory_and_a_tag(library: Store, app: OpenApp) -> None:
    assert library
    page = app({"pk_asked": Asked("replace", {"directory": "style"})})
    assert page.at.selectbox(key="pk_in").value == "style"
    page.type("Find", "e")
    found = page.texts[0]
    page.at.selectbox(key="pk_with").set_value("format")
    page.run()
    assert (found.endswith("in 2 prompts"), page.texts) == (True, ["No prompt holds it."])


def test_many_replacements_are_shown_ten_at_a_time(store: Store, app: OpenApp) -> None:
    for number in range(25):
        store.save(f"many/p{number:02}", "old")
    page = app({"pk_asked": Asked("replace", {})})
    page.type("Find", "old")
    assert (page.texts, len(page.at.code)) == (["25 matches in 25 prompts"], 10)
