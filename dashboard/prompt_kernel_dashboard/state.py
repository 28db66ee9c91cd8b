"""What a session remembers: who is here, which prompt is open, where to go next, and what to tell after a rerun.

A page is a module of `app_pages` with a function `show()`. What pages share stands here under keys of its own, never
under a widget's key: a widget forgets its value when its page is left.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote

import streamlit as st

from prompt_kernel import PromptKernelError, Store
from prompt_kernel.records import Directory
from prompt_kernel_dashboard import resources
from prompt_kernel_dashboard.widgets import literal

#: The cookie in which a browser remembers the name that somebody chose.
NAME_COOKIE: Final = "pk_name"
LONGEST_NAME: Final = 60

_MEMORY: Final = "pk_memory"
_NAME: Final = "pk_name"
_CURRENT: Final = "pk_current"
_ADDRESS: Final = "pk_address"
_LEFT: Final = "pk_left"
_GOING: Final = "pk_going"
_FLASHES: Final = "pk_flashes"
_ASKED: Final = "pk_asked"
_REMEMBERED: Final = "pk_remembered"
_PRESSED: Final = "pk_pressed"

#: A browser that was about to send something when a prompt was opened sends it with the old address; seconds.
_STALE_FOR: Final = 1.0

_Value = TypeVar("_Value")


# What a session knows


def memory() -> dict[str, Any]:
    """Return what this session remembers: all but the values of widgets.

    Streamlit may end a run at any use of one key of `st.session_state`, because the browser has asked for the next
    one: what a click had begun would stay half done, and the click be lost. What it hands out as a whole, and the
    dictionary in it, it does not watch; so whatever is done between two elements of a page is done as one.
    """
    found: dict[str, Any] | None = value_of(_MEMORY)
    return st.session_state.setdefault(_MEMORY, {}) if found is None else found


def value_of(key: str) -> Any:
    """Return the value of a widget for a callback, None where there is none; like `memory`, it ends no run."""
    return st.session_state.to_dict().get(key)


# Who is here


def person() -> str:
    """Return the name of who is here: by login, else as chosen in the header, else the store's author."""
    if st.user.get("is_logged_in"):
        return one_line(str(st.user.get("name") or st.user.get("email") or "")) or resources.get().store.author
    chosen = memory().get(_NAME)
    if chosen is None:
        cookie = st.context.cookies.get(NAME_COOKIE)
        chosen = one_line(unquote(cookie)) if isinstance(cookie, str) else ""
    return str(chosen) or resources.get().store.author


def chosen_name() -> str:
    """Return the name that was chosen in this browser, "" where none was."""
    return "" if has_login() else str(memory().get(_NAME) or "")


def has_login() -> bool:
    """Tell whether the name comes from a login, so that it cannot be chosen."""
    return bool(st.user.get("is_logged_in"))


def call_me(name: str) -> None:
    """Let `name` be who is here; an empty one gives back the store's author."""
    memory()[_NAME] = one_line(name)


def one_line(text: str) -> str:
    """Return `text` as a name that fits one line: control characters and what is too long left out."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NAME].strip()


def store() -> Store:
    """Return the store, whose changes are noted as those of who is here."""
    return resources.get().store.by(person(), origin="dashboard")


def remembered(name: str, compute: Callable[[], _Value]) -> _Value:
    """Return what `compute` gives, from memory while nobody has changed the store; the value must not be changed."""
    revision = resources.get().store.revision
    known: dict[str, tuple[object, Any]] = memory().setdefault(_REMEMBERED, {})
    if name not in known or known[name][0] != revision:
        known[name] = revision, compute()
    value: _Value = known[name][1]
    return value


def directories() -> Sequence[Directory]:
    """Return every directory, ordered by path."""
    return remembered("state.directories", resources.get().store.directories)


def tags() -> Mapping[str, int]:
    """Return every tag with the number of prompts that have it."""
    return remembered("state.tags", resources.get().store.tags)


# Where to go


class Going(NamedTuple):
    """A page that the next run is to show, by its URL path, and with which query."""

    page: str
    query: Mapping[str, str]


def go_to(page: str, **query: str) -> None:
    """Show the page with that URL path ("" is the library) in the next run.

    This can be called in a callback; outside of one, call `st.rerun()` afterwards.
    """
    memory()[_GOING] = Going(page, query)


def take_going() -> Going | None:
    """Return where to go, once."""
    going: Going | None = memory().pop(_GOING, None)
    return going


def open_prompt(path: str) -> None:
    """Show a prompt in the editor in the next run; see `go_to`."""
    asked = st.query_params.get("prompt", "")
    if asked and asked != path:
        memory()[_LEFT] = asked, time.monotonic()
    _note(path)
    go_to("edit", prompt=path)


def current() -> str:
    """Return the path of the prompt that the editor shows, "" for none; for the editor's page.

    The session knows it, and the address is its mirror; an address that has changed since, by a link or the browser's
    Back, counts more.
    """
    asked = st.query_params.get("prompt", "")
    remembers = memory()
    known = str(remembers.get(_CURRENT, ""))
    if asked and asked != remembers.get(_ADDRESS):
        left, at = remembers.get(_LEFT, ("", 0.0))
        if asked != left or time.monotonic() - at > _STALE_FOR:
            _note(asked)
            known = asked
    if known and asked != known:
        st.query_params["prompt"] = known
    return known


def linked() -> str:
    """Return the path of the prompt that the address of the library leads to, "" for none.

    Streamlit leaves the query of the page that was gone to on the page before. Whoever comes back to it wants the
    library: the prompt is the one that was open already.
    """
    asked = st.query_params.get("prompt", "")
    return "" if asked == memory().get(_CURRENT) else asked


def renamed(path: str) -> None:
    """Follow the prompt that the editor shows to its new path."""
    # The address first: whether a run ends there, the session knows one path.
    st.query_params["prompt"] = path
    _note(path)


def _note(path: str) -> None:
    memory().update({_CURRENT: path, _ADDRESS: path})


def said(component: str, name: str) -> Any:
    """Return what a component of the browser module has said, as its callback finds it; None for nothing."""
    value = value_of(component)
    return value.get(name) if isinstance(value, Mapping) else None


def press(key: str) -> None:
    """Note the key that was pressed, by the id of its binding in `frame`, for the page that is shown."""
    memory()[_PRESSED] = key


def take_pressed() -> str:
    """Return the id of the key that was pressed for this page, once; "" for none."""
    return str(memory().pop(_PRESSED, ""))


# What to ask


class Asked(NamedTuple):
    """A dialog that is open, by name, with what it is about."""

    dialog: str
    details: Mapping[str, Any]


def ask(dialog: str, **details: Any) -> None:
    """Open a dialog of `frame` by name in the next run; it stays open until `answered`, whatever reruns."""
    memory()[_ASKED] = Asked(dialog, details)


def asked() -> Asked | None:
    """Return the dialog that is open."""
    found: Asked | None = memory().get(_ASKED)
    return found


def answered() -> None:
    """Close the dialog."""
    memory().pop(_ASKED, None)


# What to tell


class Flash(NamedTuple):
    """A sentence to show after the rerun."""

    sentence: str
    icon: str


def flash(sentence: str, *, icon: str = ":material/check_circle:") -> None:
    """Show a sentence as a toast after the rerun."""
    memory().setdefault(_FLASHES, []).append(Flash(sentence, icon))


def flash_problem(sentence: str) -> None:
    """Show what went wrong as a toast after the rerun: for callbacks, which have no place of their own."""
    flash(sentence, icon=":material/warning:")


def show_flashes() -> None:
    """Show what was to be told after the rerun, once."""
    flashes: list[Flash] = memory().get(_FLASHES, [])
    while flashes:
        st.toast(literal(flashes[0].sentence), icon=flashes[0].icon, duration="long")
        flashes.pop(0)


def problem(sentence: str) -> None:
    """Show what went wrong, here."""
    st.error(literal(sentence))


@contextmanager
def telling(tell: Callable[[str], None] = problem) -> Iterator[None]:
    """Let an error of the package be its sentence, here or by `flash_problem`, instead of a traceback."""
    try:
        yield
    except PromptKernelError as error:
        tell(str(error))
