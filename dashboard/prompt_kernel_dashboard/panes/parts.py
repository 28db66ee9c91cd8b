"""What several panes need: the live text, a row that opens a prompt, and a widget that follows what is stored."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from prompt_kernel import Prompt, Store
from prompt_kernel.live import draft_text
from prompt_kernel.records import TextDiff
from prompt_kernel_dashboard import state
from prompt_kernel_dashboard.widgets import literal


def live_text(store: Store, prompt: Prompt) -> str:
    """Return what stands in the editor, saved as a version or not."""
    return draft_text(store, prompt.path)


def now() -> datetime:
    """Return the moment, in the time zone of the browser."""
    try:
        return datetime.now(ZoneInfo(st.context.timezone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        return datetime.now(UTC)


def address(path: str) -> str:
    """Return the address of a prompt's editor, relative to the page."""
    return f"edit?prompt={quote(path, safe='/')}"


def open_row(path: str, *, key: str, label: str = "", note: str = "", hint: str = "") -> None:
    """Draw a row for a prompt: a click opens it, the arrow opens it in a new tab."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(literal(label or path), key=f"open-{key}", type="tertiary", help=literal(hint) or None):
            state.open_prompt(path)
            st.rerun()
        if note:
            st.caption(literal(note), width="content")
        new_tab(path, key=f"tab-{key}")


def new_tab(path: str, *, key: str, label: str = "↗") -> None:
    """Draw a link that opens a prompt in a new tab."""
    st.link_button(label, address(path), key=key, type="tertiary", help=f"Open {literal(path)} in a new tab")


def follow_link(result: Any) -> None:
    """Open the prompt that somebody chose in a component; one for a new tab was opened by the browser itself."""
    chosen = getattr(result, "open", None)
    if chosen and not chosen.get("newTab"):
        state.open_prompt(str(chosen["path"]))
        st.rerun()


def follow(key: str, stored: Any) -> None:
    """Let the widget of `key`, which comes next, show what is stored until somebody has typed in it."""
    seen = f"{key}-seen"
    before = st.session_state.get(seen)
    # A value that is set anew, even to the same, takes away what somebody is typing in the browser.
    if key not in st.session_state or (stored != before and st.session_state[key] == before):
        st.session_state[key] = stored
    st.session_state[seen] = stored


def version_diff(store: Store, path: str, number: int) -> TextDiff:
    """Return what a version changed; the first one came from nothing."""
    if number > 1:
        return store.diff(path, number - 1, number)
    first = store.get(path, version=number)
    return TextDiff("", first.text, "nothing", f"{first.path}@{number}")
