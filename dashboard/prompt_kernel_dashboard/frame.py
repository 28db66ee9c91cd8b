"""What stands around every page: who is here, help, the keys, the dialog that is open, and what there is to tell."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import streamlit as st

from prompt_kernel import __version__
from prompt_kernel_dashboard import components, panes, state
from prompt_kernel_dashboard.app_pages import bulk, directory_dialogs, new_prompt
from prompt_kernel_dashboard.widgets import literal

ABOUT: Final = f"Prompt Kernel {__version__}: one store of composable prompts."


#: Streamlit leaves room for a toolbar that is not there, and much at both sides.
_STYLE: Final = "<style>.stMainBlockContainer { padding: 4.25rem clamp(1rem, 3vw, 3rem) 4rem; }</style>"


class Binding(NamedTuple):
    """A key, what it does, and on which page (its URL path; None is every page).

    With `shown_only` somebody else listens for it: the editor, the list of prompts, or the browser. `inside` is a CSS
    selector of the fields in which a plain key means this, in a dialog too.
    """

    id: str
    keys: str
    does: str
    group: str
    page: str | None = None
    shown_only: bool = False
    inside: str = ""


BINDINGS: Final = (
    Binding("new", "Alt+N", "New prompt", "Everywhere"),
    Binding("help", "?", "This list", "Everywhere", shown_only=True),
    Binding("create", "Enter", "Create it, in its Name", "New prompt", inside='input[aria-label="Name"]'),
    Binding("replace", "Alt+R", "Find and replace in many prompts", "Library", page="", shown_only=True),
    Binding("search", "/", "Search; so does any letter", "Library", page="", shown_only=True),
    Binding("move", "↑ ↓", "Go from prompt to prompt", "Library", page="", shown_only=True),
    Binding("open", "Enter", "Open; with Ctrl in a new tab", "Library", page="", shown_only=True),
    Binding("select", "Space", "Select; with Shift all between", "Library", page="", shown_only=True),
    Binding("clear", "Escape", "Clear the search", "Library", page="", shown_only=True),
    Binding("save", "Ctrl+S", "Save a version", "Editor", page="edit", shown_only=True),
    Binding("save-as", "Ctrl+Shift+S", "Save a version with a message", "Editor", page="edit", shown_only=True),
    Binding("copy", "Alt+C", "Copy the expanded text", "Editor", page="edit", shown_only=True),
    Binding("find", "Alt+R", "Find and replace", "Editor", page="edit", shown_only=True),
    Binding("pane-1", "Alt+1", "Preview, on or off", "Editor", page="edit"),
    Binding("pane-2", "Alt+2", "Variables, on or off", "Editor", page="edit"),
    Binding("pane-3", "Alt+3", "History, on or off", "Editor", page="edit"),
    Binding("follow", "Ctrl+Click", "Follow an inclusion", "Editor", page="edit", shown_only=True),
)

_HELP_ASKED: Final = "pk_help_asked"
_PANES: Final = {"pane-1": "preview", "pane-2": "variables", "pane-3": "history"}


def show(page: str) -> None:
    """Show what stands around the page with that URL path."""
    st.html(_STYLE)
    with st.container(horizontal=True, horizontal_alignment="right", gap="small", key="pk_header"):
        asked = state.memory().get(_HELP_ASKED, 0)
        components.keys(bindings_of(page), name=state.chosen_name(), open_help=asked, on_pressed=_pressed)
        _header()
    state.show_flashes()
    asked = state.asked()
    if asked and asked.dialog in _DIALOGS:
        _DIALOGS[asked.dialog](**asked.details)


def bindings_of(page: str) -> list[dict[str, Any]]:
    """Return the keys for the browser; those of other pages are only listed."""
    elsewhere = [binding for binding in BINDINGS if binding.page not in (None, page)]
    return [
        {
            "id": binding.id,
            "keys": binding.keys,
            "does": binding.does,
            "group": binding.group,
            "shown_only": binding.shown_only or binding in elsewhere,
            "inside": binding.inside,
        }
        for binding in BINDINGS
    ]


def _pressed() -> None:
    said = state.said("keys", "pressed")
    if isinstance(said, Mapping):
        pressed(str(said.get("id", "")))


def pressed(key: str) -> None:
    """Do what a key means: open a dialog, show or hide a pane, or leave it to the dialog that is open."""
    if key == "new":
        state.ask("new")
    elif key in _PANES:
        panes.toggle(_PANES[key])
    else:
        state.press(key)


def _header() -> None:
    st.button("New prompt", icon=":material/add:", key="pk_new", on_click=state.ask, args=("new",), type="primary")
    st.button("?", key="pk_help", help="All keys", on_click=_ask_for_help)
    with st.popover(literal(state.person()), icon=":material/person:"):
        _identity()


def _ask_for_help() -> None:
    memory = state.memory()
    memory[_HELP_ASKED] = memory.get(_HELP_ASKED, 0) + 1


def _identity() -> None:
    if state.has_login():
        st.text(f"Logged in as {state.person()}")
        st.button("Log out", on_click=st.logout, key="pk_log_out")
        return
    st.text_input(
        "Your name",
        value=state.person(),
        key="pk_your_name",
        max_chars=state.LONGEST_NAME,
        on_change=_rename_me,
        help="What you change is noted under this name, and others see it at your cursor.",
    )


def _rename_me() -> None:
    state.call_me(str(state.value_of("pk_your_name") or ""))
    state.flash(f"You are {state.person()} now.")


_DIALOGS: Final[Mapping[str, Callable[..., None]]] = {
    "new": new_prompt.dialog,
    **bulk.DIALOGS,
    **directory_dialogs.DIALOGS,
}
