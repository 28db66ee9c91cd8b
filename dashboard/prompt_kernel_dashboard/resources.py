"""What every page shares: the store, the tokens for sockets, and the rooms of this process.

`launch` installs them before the first page is asked for. Without it (under `streamlit run`, or in a test of a page)
they are made on first use for the store that $PROMPT_KERNEL_URL names, with no rooms: the editor then cannot connect.
"""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st

import prompt_kernel as pk
from prompt_kernel.live import Hub
from prompt_kernel.server import Tokens


@dataclass(frozen=True)
class Resources:
    """The store that pages read and write, the tokens that they hand to browsers, and the rooms.

    With `must_log_in`, pages are for those only who have logged in by `st.login`. `roots` are the folders on this disk
    that pages may reach, where the usual ones are not meant.
    """

    store: pk.Store
    tokens: Tokens
    hub: Hub | None = None
    must_log_in: bool = False
    roots: tuple[Path, ...] = ()


class _Installed:
    """What `install` was given, or what was made on first use, with the address that it was made for."""

    resources: Resources | None = None
    made_for: str | None = None


_lock: Final = threading.Lock()


def install(resources: Resources | None) -> None:
    """Let `get` return `resources`; with None, forget what there was."""
    with _lock:
        _Installed.resources, _Installed.made_for = resources, None


def get() -> Resources:
    """Return what is shared. Where one must log in first, ask for that and end the page here.

    Raises:
        StoreUnavailableError: nothing is installed, and the store of $PROMPT_KERNEL_URL cannot be opened.
    """
    found = _installed()
    if found.must_log_in and not st.user.get("is_logged_in"):
        _ask_to_log_in()
    return found


def roots() -> tuple[Path, ...]:
    """Return the folders on this disk that pages may reach, none where the usual ones are meant."""
    with _lock:
        return _Installed.resources.roots if _Installed.resources else ()


def _installed() -> Resources:
    url = os.environ.get("PROMPT_KERNEL_URL", "")
    with _lock:
        found = _Installed.resources
        if found is None or _Installed.made_for not in (None, url):
            if found is not None:
                found.store.close()
            found = Resources(pk.connect(origin="dashboard"), Tokens())
            _Installed.resources, _Installed.made_for = found, url
        return found


def _ask_to_log_in() -> None:
    st.title("Prompt Kernel")
    st.write("Log in to see the prompts.")
    st.button("Log in", on_click=st.login, type="primary", key="pk_log_in")
    st.stop()
