import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from prompt_kernel import PromptKernelError
from prompt_kernel.store import Store
from prompt_kernel_dashboard import state

OpenApp = Callable[..., Any]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Ana", "Ana"),
        ("  Ana \n B\tC ", "Ana B C"),
        ("a\0b\x1b", "a b"),
        ("x" * 80, "x" * 60),
        ("Zoë 😀 <b>", "Zoë 😀 <b>"),
        ("\n", ""),
    ],
)
def test_a_name_is_one_line(typed: str, name: str) -> None:
    assert state.one_line(typed) == name


def test_without_a_choice_the_stores_author_is_here(store: Store, app: OpenApp) -> None:
    page = app()
    assert store.author == "ana"
    assert page.at.text_input(key="pk_your_name").value == "ana"
    assert page.handed("keys")["name"] == ""


def test_the_name_that_the_browser_remembers_is_here(
    store: Store, app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.author == "ana"
    monkeypatch.setattr("streamlit.context", SimpleNamespace(cookies={"pk_name": "Zo%C3%AB%20%F0%9F%98%80%0A"}))
    assert app().at.text_input(key="pk_your_name").value == "Zoë 😀"


def test_a_chosen_name_is_noted_with_every_change(library: Store, app: OpenApp) -> None:
    page = app()
    page.type("Your name", " Zoë \t😀 ")
    assert page.toasts == ["You are Zoë 😀 now\\."]
    assert page.handed("keys")["name"] == "Zoë 😀"
    page.know(pk_asked=state.Asked("new", {})).run()
    page.type("Name", "mine")
    page.press("Create")
    made = library.get("mine")
    assert (made.author, made.origin) == ("Zoë 😀", "dashboard")


def test_an_empty_name_gives_back_the_stores_author(store: Store, app: OpenApp) -> None:
    page = app({"pk_name": "Zoë"})
    page.type("Your name", "")
    assert store.author == "ana"
    assert (page.toasts, page.handed("keys")["name"]) == (["You are ana now\\."], "")


def test_who_has_logged_in_cannot_choose_a_name(library: Store, app: OpenApp) -> None:
    page = app({"pk_asked": state.Asked("new", {}), "pk_name": "other"})
    page.at.user = {"is_logged_in": True, "name": "Olga Login", "email": "o@example.org"}
    page.run()
    assert page.texts[0] == "Logged in as Olga Login"
    page.type("Name", "mine")
    page.press("Create")
    assert library.get("mine").author == "Olga Login"


def test_what_is_remembered_is_computed_again_when_somebody_changed_the_store(library: Store, app: OpenApp) -> None:
    page = app()
    assert page.handed("library")["tags"] == {"format": 1, "style": 2}
    library.describe("review", tags=["new"])
    assert page.run().handed("library")["tags"] == {"format": 1, "new": 1, "style": 2}


def test_an_error_of_the_package_is_told_as_its_sentence() -> None:
    told: list[str] = []
    with state.telling(told.append):
        raise PromptKernelError("This went wrong.")
    assert told == ["This went wrong."]


def test_another_error_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), state.telling():
        raise ZeroDivisionError


def test_what_is_told_afterwards_is_told_once(library: Store, app: OpenApp) -> None:
    assert library
    page = app({"pk_flashes": [state.Flash("**Done** with <b>x</b>.", "✅")]})
    assert page.toasts == [r"\*\*Done\*\* with \<b\>x\</b\>\."]
    assert page.run().toasts == []


def test_the_address_opens_a_prompt(library: Store, app: OpenApp) -> None:
    assert library
    page = app(prompt="style/tone")
    assert (page.memory["pk_current"], page.at.query_params) == ("style/tone", {"prompt": "style/tone"})
    assert page.handed("editor")["path"] == "style/tone"


def test_another_address_opens_another_prompt(library: Store, app: OpenApp) -> None:
    assert library
    page = app(prompt="style/tone")
    page.at.query_params["prompt"] = "review"
    assert page.run().handed("editor")["path"] == "review"


def test_an_address_that_was_sent_before_the_click_arrived_does_not_undo_it(library: Store, app: OpenApp) -> None:
    assert library
    page = app(prompt="style/tone")
    page.know(pk_current="review", pk_address="review", pk_left=("style/tone", time.monotonic()))
    assert page.run().handed("editor")["path"] == "review"
    assert page.at.query_params == {"prompt": "review"}


def test_the_browsers_way_back_is_followed_once_the_click_has_arrived(library: Store, app: OpenApp) -> None:
    assert library
    page = app(prompt="style/tone")
    page.know(pk_current="review", pk_address="review", pk_left=("style/tone", time.monotonic() - 2))
    assert page.run().handed("editor")["path"] == "style/tone"


def test_the_way_back_from_the_editor_is_the_library(library: Store, app: OpenApp) -> None:
    assert library
    page = app({"pk_current": "review", "pk_address": "review"}, prompt="review")
    assert (page.handed("editor"), page.handed("library")["total"]) == (None, 4)
