from collections.abc import Callable
from typing import Any

import pytest

from prompt_kernel.store import Store
from prompt_kernel_dashboard import frame, panes
from prompt_kernel_dashboard.state import Asked, Going
from tests.dashboard.session import Session

OpenApp = Callable[..., Any]


def test_the_first_page_is_the_library(library: Store, app: OpenApp) -> None:
    page = app()
    assert page.handed("library")["title"] == "All prompts"
    assert page.handed("tree")["total"] == len(library)
    assert (page.buttons, page.problems, page.toasts) == (["New prompt", "?"], [], [])


@pytest.mark.parametrize("name", ["", "edit", "directories", "experiments", "activity", "trash"])
def test_every_page_opens_on_an_empty_store(store: Store, app: OpenApp, name: str) -> None:
    assert len(store) == 0
    page = app({"pk_going": Going(name, {})})
    assert page.problems == []


@pytest.mark.parametrize("name", ["", "edit", "directories", "experiments", "activity", "trash"])
def test_every_page_opens_on_a_library(library: Store, app: OpenApp, name: str) -> None:
    assert len(library) == 4
    page = app({"pk_going": Going(name, {"prompt": "review"} if name == "edit" else {})})
    assert page.problems == []


def test_the_browser_is_told_every_key_and_hears_those_of_its_page(library: Store, app: OpenApp) -> None:
    assert library
    page = app()
    assert page.handed("keys") == {"bindings": frame.bindings_of(""), "name": "", "open_help": 0}
    heard = [binding["id"] for binding in frame.bindings_of("") if not binding["shown_only"]]
    assert heard == ["new", "create"]
    heard = [binding["id"] for binding in frame.bindings_of("edit") if not binding["shown_only"]]
    assert heard == ["new", "create", "pane-1", "pane-2", "pane-3"]
    assert frame.bindings_of("edit")[0] == {
        "id": "new",
        "keys": "Alt+N",
        "does": "New prompt",
        "group": "Everywhere",
        "shown_only": False,
        "inside": "",
    }


def test_no_two_bindings_have_one_id() -> None:
    ids = [binding.id for binding in frame.BINDINGS]
    assert sorted(set(ids)) == sorted(ids)


def test_the_button_for_help_shows_the_list_of_keys(library: Store, app: OpenApp) -> None:
    assert library
    page = app()
    asked = [page.handed("keys")["open_help"], page.press("?").handed("keys")["open_help"]]
    assert asked == [0, 1]


def test_a_dialog_stays_open_whatever_runs_again(library: Store, app: OpenApp) -> None:
    assert library
    page = app().press("New prompt")
    page.type("Name", "half")
    assert "Its path: half" in page.run().texts


def test_a_store_that_takes_no_changes_says_so_in_a_sentence(
    library: Store, app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prompt_kernel.errors import ReadOnlyStoreError

    def refuse(*_: object, **__: object) -> None:
        raise ReadOnlyStoreError(library.url, "it was opened so")

    page = app().press("New prompt")
    page.type("Name", "mine")
    monkeypatch.setattr(Store, "save", refuse)
    page.press("Create")
    assert len(page.problems) == 1
    assert page.problems[0].endswith(r"is open for reading only: it was opened so\. Nothing was changed\.")


def test_a_key_is_heard_by_whom_it_is_for(library: Store, session: Session) -> None:
    assert library
    session["keys"] = {"pressed": {"id": "new"}}
    frame._pressed()  # noqa: SLF001 - what Streamlit calls
    assert session.memory["pk_asked"] == Asked("new", {})
    opened = panes.opened()
    for key in ("pane-1", "pane-2", "pane-3"):
        frame.pressed(key)
    assert (opened, panes.opened()) == (["preview", "variables"], ["history"])
    assert library.preference("panes") == ["history"]
    session["keys"] = {}
    frame._pressed()  # noqa: SLF001 - the same
    assert panes.opened() == ["history"]
