"""The panes beside the editor: variables, metadata, references, the same directory, history, impact."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prompt_kernel.errors import ReadOnlyStoreError
from prompt_kernel.records import Change, Draft, Reference, TextDiff
from prompt_kernel.store import Store
from prompt_kernel_dashboard import panes
from prompt_kernel_dashboard.panes import history, impact, parts, references, sentences, siblings, variables
from tests.dashboard.session import Session

Edit = Callable[..., Any]
NOW = datetime(2030, 5, 17, 12, 0, tzinfo=UTC)


@pytest.fixture
def edit(app: Callable[..., Any]) -> Edit:
    """Open the editor on a path, as ana, with these panes open."""

    def run(path: str, *opened: str) -> Any:
        return app({"pk_name": "ana", "pk_panes": list(opened)}, prompt=path)

    return run


def with_label(elements: Any, label: str) -> Any:
    return next(element for element in elements if element.label == label)


def test_panes_that_nobody_chose_are_those_of_the_beginning_and_unknown_ones_are_left_out() -> None:
    assert panes.known_of(None) == ["preview", "variables"]
    assert panes.known_of(["impact", "preview", "sold"]) == ["preview", "impact"]
    assert panes.known_of([]) == []


def test_a_closed_pane_draws_nothing(library: Store, edit: Edit) -> None:
    page = edit("style/tone")
    assert [expander.label for expander in page.at.expander] == [
        "Preview :gray[Alt+1]", "Variables :gray[Alt+2]", "Metadata", "References", "Same directory",
        "History :gray[Alt+3]", "Impact",
    ]  # fmt: skip
    assert [len(expander.children) for expander in page.at.expander] == [0] * 7
    assert library


def test_a_store_that_takes_no_changes_still_has_panes_that_open(
    library: Store, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ReadOnlyStoreError(library.url, "it was opened so")

    session.memory["pk_panes"] = []
    monkeypatch.setattr(Store, "set_preference", refuse)
    panes.toggle("preview")
    assert session == {"pk_memory": {"pk_panes": ["preview"]}, "pane-preview": True}


def test_a_field_follows_what_is_stored_until_somebody_has_typed_in_it(session: Session) -> None:
    shown = []
    for stored, typed in (("a", None), ("b", None), ("b", "mine"), ("c", None)):
        if typed:
            session["field"] = typed
        parts.follow("field", stored)
        shown.append(session["field"])
    assert shown == ["a", "b", "mine", "mine"]


# Variables and preview


def test_the_form_has_a_field_for_each_variable_also_inherited_ones(library: Store, edit: Edit) -> None:
    page = edit("review", "variables")
    assert library
    assert [(one.label, one.placeholder) for one in page.at.selectbox] == [("tone", "plain")]
    assert [(one.label, one.help, one.placeholder) for one in page.at.text_area] == [
        ("code", "the code", "needs a value")
    ]


def test_values_feed_the_preview_and_an_empty_field_gives_none(library: Store, edit: Edit) -> None:
    page = edit("review", "preview", "variables")
    assert page.handed("preview") == {"uid": library["review"].uid, "variables": {}}
    with_label(page.at.text_area, "code").set_value("x = 1")
    page.run()
    with_label(page.at.selectbox, "tone").set_value("formal")
    page.run()
    assert page.handed("preview")["variables"] == {"code": "x = 1", "tone": "formal"}
    page.press("Empty all")
    assert page.handed("preview")["variables"] == {}


def test_values_stay_while_the_form_is_closed_and_another_prompt_has_its_own(library: Store, edit: Edit) -> None:
    page = edit("review", "preview", "variables")
    with_label(page.at.text_area, "code").set_value("x = 1")
    page.run().know(pk_pressed="pane-2").run()
    assert page.handed("preview")["variables"] == {"code": "x = 1"}
    page.know(pk_current="style/tone", pk_address="style/tone")
    page.at.query_params["prompt"] = "style/tone"
    assert page.run().handed("preview") == {"uid": library["style/tone"].uid, "variables": {}}


def test_every_type_of_variable_has_its_field(library: Store, edit: Edit) -> None:
    declared = {"whole": 3, "real": 0.5, "on": True, "text": None}
    library.save("typed", "{{ whole }}{{ real }}{{ on }}{{ text }}", variables=declared)
    page = edit("typed", "preview", "variables")
    with_label(page.at.number_input, "whole").set_value(7)
    with_label(page.at.text_input, "real").set_value("0.125")
    with_label(page.at.selectbox, "on").set_value("no")
    with_label(page.at.text_area, "text").set_value("x")
    page.run()
    assert page.handed("preview")["variables"] == {"whole": 7, "real": 0.125, "on": False, "text": "x"}


def test_a_value_that_does_not_fit_is_explained_and_not_used(library: Store, edit: Edit) -> None:
    library.save("typed", "{{ real }}", variables={"real": 0.5})
    page = edit("typed", "preview", "variables")
    with_label(page.at.text_input, "real").set_value("warm")
    page.run()
    assert [warning.value for warning in page.at.warning] == ["real\\='warm' does not fit: it must be a number\\."]
    assert page.handed("preview")["variables"] == {}


def test_a_jinja_template_takes_a_list(library: Store, edit: Edit) -> None:
    library.save("list", "{% for item in items %}{{ item }}{% endfor %}", engine="jinja")
    page = edit("list", "preview", "variables")
    with_label(page.at.text_area, "items").set_value('["a", "b"]')
    page.run()
    assert page.handed("preview")["variables"] == {"items": '["a", "b"]'}
    with_label(page.at.toggle, "Read lists and objects as JSON").set_value(True)
    page.run()
    assert page.handed("preview")["variables"] == {"items": ["a", "b"]}


def test_a_prompt_without_variables_says_how_to_make_one(library: Store, edit: Edit) -> None:
    assert library
    assert edit("format/json", "variables").captions[-1] == (
        "It has no variables. Write `{{ name }}` in the text to make one."
    )


def test_the_live_text_adds_its_new_variables_to_the_form(library: Store) -> None:
    prompt = library["review"]
    assert list(variables.declarations(library, prompt, prompt.text)) == ["tone", "code"]
    assert list(variables.declarations(library, prompt, prompt.text + "{{ more }}{{ code }}")) == [
        "tone", "code", "more",
    ]  # fmt: skip


# Metadata


def test_a_description_and_tags_are_saved_without_a_version(library: Store, edit: Edit) -> None:
    page = edit("review", "metadata")
    assert page.button("Save description and tags").disabled
    with_label(page.at.text_area, "Description").set_value("*Look* at code")
    with_label(page.at.multiselect, "Tags").set_value(["style", "<b>"])
    page.run().press("Save description and tags")
    prompt = library["review"]
    assert (prompt.description, prompt.tags, prompt.version) == ("*Look* at code", ("style", "<b>"), 1)


def test_a_tag_that_cannot_be_one_is_explained(library: Store, edit: Edit) -> None:
    assert library
    page = edit("review", "metadata")
    with_label(page.at.multiselect, "Tags").set_value(["a,b"])
    page.run().press("Save description and tags")
    assert page.problems == ["tags: a tag is a text of one line without a comma, and not empty\\."]


def test_what_somebody_else_describes_shows_and_what_is_being_typed_stays(library: Store, edit: Edit) -> None:
    page = edit("review", "metadata")
    library.describe("review", description="theirs")
    assert with_label(page.run().at.text_area, "Description").value == "theirs"
    with_label(page.at.text_area, "Description").set_value("mine")
    page.run()
    library.describe("review", description="theirs again")
    assert with_label(page.run().at.text_area, "Description").value == "mine"


def test_the_engine_is_saved_as_a_version_with_the_same_text(library: Store, edit: Edit) -> None:
    page = edit("format/json", "metadata")
    with_label(page.at.selectbox, "Engine").set_value("plain")
    page.run().press("Save engine and variables")
    prompt = library["format/json"]
    assert (prompt.engine, prompt.version, prompt.text) == ("plain", 2, library.get("format/json", version=1).text)


def test_labels_are_set_and_removed(library: Store, edit: Edit) -> None:
    library.save("review", "shorter")
    page = edit("review", "metadata")
    page.type("Label", "stable")
    with_label(page.at.number_input, "of version").set_value(1)
    page.press("Set label")
    assert dict(library["review"].labels) == {"stable": 1}
    page.press("Remove")
    assert dict(library["review"].labels) == {}


def test_a_label_that_cannot_be_one_is_explained(library: Store, edit: Edit) -> None:
    assert library
    page = edit("review", "metadata").type("Label", "1st")
    assert page.button("Set label").disabled
    assert [warning.value.partition(":")[0] for warning in page.at.warning] == ["'1st' cannot be a label"]


# References


def test_references_open_in_both_directions(library: Store, edit: Edit) -> None:
    assert library
    page = edit("style/base", "references")
    assert page.captions[-2:] == ["line 1, as \\[\\[style/tone\\]\\]", "line 1, as \\[\\[style/base\\]\\]"]
    page.press("style/tone")
    assert [element.value for element in page.at.subheader] == ["tone"]


def test_an_inclusion_that_leads_nowhere_offers_near_names(library: Store, edit: Edit) -> None:
    library.save("new", "[[style/tome]]\n[[style/base@9]]")
    page = edit("new", "references")
    assert [warning.value for warning in page.at.warning] == [
        "\\[\\[style/tome\\]\\], line 1: There is no prompt style/tome\\."
    ]
    assert "style/tone" in page.buttons


def test_why_an_inclusion_leads_nowhere(library: Store) -> None:
    library.save("other/tone", "x")
    library.save("off/alone", "x")
    library.update_directory("off", enabled=False)
    found = {
        spelled: references.unresolved(library, Reference("review", spelled, None, None, 1))
        for spelled in ("tone", "xyzzy", "alone", "review", "no//path")
    }
    assert found["tone"] == ("More than one prompt is called tone.", ("other/tone", "style/tone"))
    assert found["xyzzy"] == ("There is no prompt 'xyzzy'.", ())
    assert found["review"] == ("It leads nowhere from here. Write the whole path.", ())


# The same directory


def test_a_sibling_opens_with_a_click(library: Store, edit: Edit) -> None:
    assert library
    page = edit("style/tone", "siblings").press("base")
    assert [element.value for element in page.at.subheader] == ["base"]


def test_the_editor_inserts_siblings_by_the_name_that_finds_them(library: Store) -> None:
    library.save("other/base", "x")
    assert siblings.to_insert(library, library["style/tone"]) == [{"path": "style/base", "name": "style/base"}]


def test_siblings_are_those_of_the_directory_itself(store: Store) -> None:
    for path in ("a", "b/c", "b/d/e", "b/d/f", "b/g", "h/i", "j"):
        store.save(path, "x")
    found = {directory: [entry.path for entry in siblings.beside(store, directory, 50)] for directory in ("", "b", "h")}
    assert found == {"": ["a", "j"], "b": ["b/c", "b/g"], "h": ["h/i"]}
    assert [entry.path for entry in siblings.beside(store, "", 1)] == ["a"]


def test_very_many_siblings_are_cut(library: Store, edit: Edit) -> None:
    library.save_many([Draft(f"style/p{number:03}", "x") for number in range(120)])
    page = edit("style/tone", "siblings")
    assert page.captions[-1] == "The first 100 are shown. The library has them all."
    assert {"base", "p000", "p098"} <= set(page.buttons)


def test_a_prompt_alone_in_its_directory_says_so(library: Store, edit: Edit) -> None:
    assert library
    assert edit("format/json", "siblings").captions[-1] == "There is no other prompt in this directory."


# History


@pytest.fixture
def changed(library: Store) -> Store:
    library.save("style/tone", "Speak in a warm voice.\n", message="warmer")
    library.by("ben", origin="notebook").save("style/tone", "Speak in a warm, calm voice.\n")
    return library


def choose(page: Any, number: int) -> Any:
    next(box for box in page.at.checkbox if box.label.startswith(f"{number} ·")).check()
    return page.run()


def drawn(page: Any) -> str:
    return "\n".join(element.value for element in page.at.markdown)


def test_the_history_says_who_when_and_why(changed: Store, edit: Edit) -> None:
    assert changed
    page = edit("style/tone", "history")
    assert [box.label for box in page.at.checkbox] == [
        "3 · ben, just now", "2 · ana, just now · warmer", "1 · ana, just now",
    ]  # fmt: skip


def test_one_version_is_compared_with_the_live_text_and_two_with_each_other(changed: Store, edit: Edit) -> None:
    assert changed
    page = choose(edit("style/tone", "history"), 2)
    assert "From version 2 to what stands in the editor:" in drawn(page)
    assert ":green[\\+\u2002]Speak in a warm:green-background[, calm] voice\\." in drawn(page)
    page = choose(page, 1)
    assert "From style/tone@1 to style/tone@2:" in drawn(page).replace("\u2060", "")
    page = choose(page, 3)
    assert [warning.value for warning in page.at.warning] == ["Choose two at most."]


def test_expanded_texts_are_compared_too(changed: Store) -> None:
    prompt = changed.save("style/base", "[[style/tone]]Be short.\n")
    versions = changed.history("style/base")
    live = "[[style/tone]]Be quick.\n"
    assert history.comparison(changed, prompt, versions[:1], live, expanded=True) == TextDiff(
        "Speak in a warm, calm voice.\nBe short.\n", "Speak in a warm, calm voice.\nBe quick.\n",
        "version 2", "what stands in the editor",
    )  # fmt: skip
    both = history.comparison(changed, prompt, versions, live, expanded=True)
    assert (both.before, both.after) == (
        "Speak in a warm, calm voice.\nBe brief.\n", "Speak in a warm, calm voice.\nBe short.\n",
    )  # fmt: skip


def test_a_version_is_restored(changed: Store, edit: Edit) -> None:
    choose(edit("style/tone", "history"), 1).press("Restore version 1")
    prompt = changed["style/tone"]
    assert (prompt.version, prompt.text) == (4, "Speak in a {{ tone }} voice.\n")


def test_older_versions_come_on_demand(library: Store, edit: Edit) -> None:
    for number in range(40):
        library.save("review", f"text {number}")
    page = edit("review", "history")
    assert len(page.at.checkbox) == 15
    assert len(page.press("Older versions").at.checkbox) == 30


def test_expanded_texts_are_shown_on_demand(changed: Store, edit: Edit) -> None:
    assert changed
    page = choose(edit("style/base", "history"), 1)
    assert "There is no difference." in page.captions
    page.at.segmented_control[0].set_value("Expanded text")
    assert "There is no difference." in page.run().captions


# Impact


def test_what_a_save_would_change_is_told_on_demand(
    library: Store, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "draft_text", lambda _store, _path: "Speak up.\n")
    page = edit("style/tone", "impact")
    assert page.captions[-1] == "It compares what the prompts that include this one expand to, before and after."
    page.press("What would a save change?")
    assert "The expansion of 2 prompts would change\\." in drawn(page)
    assert {"review", "style/base"} <= set(page.buttons)
    library.save("style/tone", "Something else.")
    assert "A version was saved since. Ask again." in page.run().captions


def test_a_save_that_would_break_somebody_says_so(library: Store, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    assert library
    monkeypatch.setattr(parts, "draft_text", lambda _store, _path: "[[nowhere]]")
    page = edit("style/tone", "impact").press("What would a save change?")
    assert [problem.partition(":")[0] for problem in page.problems] == [
        "It could no longer be expanded itself", "It would no longer expand", "It would no longer expand",
    ]  # fmt: skip


def test_the_summary_of_an_impact(library: Store) -> None:
    found = [one for one in library.impact("style/tone", "[[nowhere]]") if one.path != "style/tone"]
    assert impact.summary(found, unchanged=False) == (
        "The expansion of 2 prompts would change. 2 prompts could no longer be expanded."
    )
    assert impact.summary([], unchanged=False) == "No other prompt's expansion would change."
    assert impact.summary([], unchanged=True) == "The text is as it was saved last, so a save changes nothing."


# Sentences, addresses


def change(kind: str, detail: str = "", version: int | None = None, path: str = "style/tone") -> Change:
    return Change(1, kind, path, version, detail, "Ana", "notebook", NOW)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (change("created"), "Ana created style/tone"),
        (change("saved", "shorter", 3), "Ana saved style/tone, version 3: shorter"),
        (change("described"), "Ana changed the description or the tags of style/tone"),
        (change("renamed", "from voice"), "Ana renamed voice to style/tone"),
        (change("deleted"), "Ana put style/tone into the trash"),
        (change("recovered"), "Ana took style/tone out of the trash"),
        (change("purged"), "Ana removed style/tone for good"),
        (change("labelled", "stable", 3), "Ana set the label stable on version 3 of style/tone"),
        (change("unlabelled", "stable", 3), "Ana took the label stable from version 3 of style/tone"),
        (change("directory", "added", path="style"), "Ana added the directory style"),
        (change("directory", "changed", path="style"), "Ana changed the directory style"),
        (change("directory", "renamed from look", path="style"), "Ana renamed the directory look to style"),
        (
            change("retargeted", "[[a]] led to b, and leads to c now"),
            "Ana made an inclusion in style/tone lead elsewhere: [[a]] led to b, and leads to c now",
        ),
        (change("token", "added ci, which may read", path=""), "Ana added the token ci, which may read"),
        (change("dreamt", "of sheep"), "Ana dreamt style/tone: of sheep"),
    ],
)
def test_an_entry_of_the_log_is_a_sentence(entry: Change, told: str) -> None:
    assert sentences.sentence(entry) == told


def test_where_a_change_came_from_is_said_in_words() -> None:
    assert [sentences.where(origin) for origin in ("notebook", "cli", "moon")] == [
        "in a notebook", "on the command line", "by moon",
    ]  # fmt: skip


def test_an_exact_moment_is_in_the_time_zone_of_the_reader() -> None:
    assert sentences.exact(NOW - timedelta(days=1), NOW) == "2030-05-16 12:00:00 UTC"


def test_an_address_can_be_put_into_a_link() -> None:
    assert parts.address("a b/ü&c") == "edit?prompt=a%20b/%C3%BC%26c"


def test_the_first_version_came_from_nothing(library: Store) -> None:
    assert parts.version_diff(library, "format/json", 1).before == ""
    library.save("format/json", "x")
    assert str(parts.version_diff(library, "format/json", 2)) == str(library.diff("format/json"))
