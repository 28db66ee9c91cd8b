"""The library: the tree of directories, and one page of prompts, searched, sorted and filtered in the database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from prompt_kernel import Store
from prompt_kernel_dashboard import batch, components, state, view
from prompt_kernel_dashboard.app_pages import bulk, first_steps
from prompt_kernel_dashboard.view import View

_VIEW: Final = "pk_view"


def show() -> None:
    """Show the page."""
    store = state.store()
    directories = state.directories()
    shown, page = view.turned_back(store, current_view())
    state.memory()[_VIEW] = shown
    with st.sidebar:
        components.tree(view.tree_data(store, shown, directories), on_choose=_chosen, on_move=_dropped)
    bulk.show_done()
    if not page.total and shown == View():
        first_steps.show()
        return
    tags = state.tags()
    data = view.library_data(store, shown, page, tags, datetime.now(UTC))
    components.library(data, on_query=_typed, on_action=_acted)


def current_view() -> View:
    """Return what the session's library shows."""
    found: View = state.memory().get(_VIEW, View())
    return found


def _typed() -> None:
    state.memory()[_VIEW] = current_view().search(str(state.said("library", "query") or ""))


def _chosen() -> None:
    said = state.said("tree", "choose")
    if isinstance(said, Mapping):
        state.memory()[_VIEW] = current_view().choose(str(said.get("view", "")), str(said.get("path") or ""))


def _dropped() -> None:
    said = state.said("tree", "move")
    if isinstance(said, Mapping):
        with state.telling(state.flash_problem):
            bulk.finish(batch.move(state.store(), paths_in(said), str(said.get("to") or "")))


def _acted() -> None:
    said = state.said("library", "action")
    if isinstance(said, Mapping):
        with state.telling(state.flash_problem):
            act(state.store(), said)


def act(store: Store, action: Mapping[str, Any]) -> None:
    """Do what was asked for in the list of prompts."""
    kind = action.get("kind")
    if kind == "open":
        state.open_prompt(str(action.get("path", "")))
    elif kind == "favourite":
        store.favourite(str(action.get("path", "")), bool(action.get("on")))
    elif kind == "new":
        state.ask("new")
    elif kind == "bulk" and action.get("do") in bulk.DIALOGS:
        _ask(str(action["do"]), paths_in(action))
    else:
        state.memory()[_VIEW] = view.act(current_view(), action)


def _ask(dialog: str, paths: Sequence[str]) -> None:
    if paths:
        state.ask(dialog, paths=paths)
    elif dialog == "replace":
        shown = current_view()
        state.ask(dialog, directory=shown.directory, tag=shown.tag)


def paths_in(said: Mapping[str, Any]) -> list[str]:
    """Return the paths that the browser named."""
    found = said.get("paths")
    return [str(path) for path in found] if isinstance(found, list) else []
