"""What stands beside the editor: a pane a module, each with `show(path)`, which reads anew what it shows.

Each pane is a fragment: what happens in one redraws that one, never the editor. A pane that is closed computes nothing.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import streamlit as st

from prompt_kernel.errors import PromptKernelError
from prompt_kernel_dashboard import state

_OPEN: Final = "pk_panes"
_PREFERENCE: Final = "panes"


class Pane(NamedTuple):
    """A pane: its name in the preferences, its title, the key that opens it, and whether it is open at first."""

    name: str
    title: str
    keys: str = ""
    is_open: bool = False


PANES: Final = (
    Pane("preview", "Preview", "Alt+1", is_open=True),
    Pane("variables", "Variables", "Alt+2", is_open=True),
    Pane("metadata", "Metadata"),
    Pane("references", "References"),
    Pane("siblings", "Same directory"),
    Pane("history", "History", "Alt+3"),
    Pane("impact", "Impact"),
)
_TITLES: Final = {pane.name: pane for pane in PANES}


def opened() -> list[str]:
    """Return the names of the panes that are open, as the person who is here left them."""
    memory = state.memory()
    if _OPEN not in memory:
        memory[_OPEN] = known_of(state.store().preference(_PREFERENCE))
    found: list[str] = memory[_OPEN]
    return found


def known_of(preference: object) -> list[str]:
    """Return the panes that a stored preference names; without one those that are open at first."""
    if not isinstance(preference, list):
        return [pane.name for pane in PANES if pane.is_open]
    return [pane.name for pane in PANES if pane.name in preference]


def toggle(name: str) -> None:
    """Open a pane, or close it: for a keyboard shortcut, called before the panes are drawn."""
    is_open = name not in opened()
    st.session_state[_key(name)] = is_open
    _remember(name, is_open=is_open)


def _remember(name: str, *, is_open: bool) -> None:
    names = [pane.name for pane in PANES if (is_open if pane.name == name else pane.name in opened())]
    state.memory()[_OPEN] = names
    try:
        state.store().set_preference(_PREFERENCE, names)
    except PromptKernelError:
        # A store that takes no changes still has panes that open.
        return


def _key(name: str) -> str:
    return f"pane-{name}"


def _on_toggle(name: str) -> None:
    _remember(name, is_open=bool(state.value_of(_key(name))))


def frame(name: str, draw: Callable[[], None]) -> None:
    """Draw a pane that can be closed around `draw`, which is called while it is open; errors are sentences in it."""
    pane, key = _TITLES[name], _key(name)
    st.session_state.setdefault(key, name in opened())
    title = f"{pane.title} :gray[{pane.keys}]" if pane.keys else pane.title
    body = st.expander(title, key=key, on_change=_on_toggle, args=(name,))
    if body.open:
        with body, state.telling():
            draw()
