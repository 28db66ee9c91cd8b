"""Activity: who changed what, when, and from where."""

from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

import streamlit as st

from prompt_kernel import Store
from prompt_kernel.records import Change
from prompt_kernel_dashboard import diffs, state
from prompt_kernel_dashboard.panes.parts import now, version_diff
from prompt_kernel_dashboard.panes.sentences import KINDS, exact, sentence, where
from prompt_kernel_dashboard.widgets import ago, literal

PAGE: Final = 30
_PAGES: Final = "pk_activity_pages"
_FILTER: Final = "pk_activity_filter"
_TEXTUAL: Final = frozenset({"saved", "created"})
_GONE: Final = frozenset({"deleted", "purged", "directory", "token", "experiment"})


class Filter(NamedTuple):
    """Which changes are shown; None is any."""

    author: str | None = None
    kind: str | None = None
    place: str = ""


def show() -> None:
    """Draw the page."""
    st.subheader("Activity", anchor=False)
    store = state.store()
    with state.telling():
        wanted = _filters(store)
        before = _pages(wanted)
        changes = page_of(store, wanted, before[-1] if before else None)
        if not changes:
            _empty(wanted, is_first=not before)
        at = now()
        for day, entries in groupby(changes[:PAGE], key=lambda change: day_of(change.at, at)):
            st.caption(f"**{day}**")
            with st.container(gap=None):
                for change in entries:
                    _row(change, at)
        _turning(changes, before)
    asked = state.asked()
    if asked and asked.dialog == "changes":
        _difference(**asked.details)


def _filters(store: Store) -> Filter:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        author = st.selectbox("Who", store.authors(), index=None, placeholder="anybody", key="activity-author")
        kind = st.selectbox(
            "What", list(KINDS), index=None, format_func=lambda name: KINDS.get(name, name), placeholder="any change",
            key="activity-kind",
        )  # fmt: skip
        place = st.text_input(
            "Where",
            key="activity-place",
            live=True,
            placeholder="a directory or a prompt",
            help="As in `style` or `style/tone`.",
        )
    return Filter(author, kind, (place or "").strip().strip("/"))


def _pages(wanted: Filter) -> list[int]:
    """Return the last ids of the pages before this one; another filter begins anew."""
    memory = state.memory()
    if memory.get(_FILTER) != wanted:
        memory[_FILTER], memory[_PAGES] = wanted, []
    found: list[int] = memory[_PAGES]
    return found


def page_of(store: Store, wanted: Filter, before: int | None) -> list[Change]:
    """Return a page of the log, and one entry more where there is a next one; a place is a prompt or a directory."""
    is_prompt = bool(wanted.place) and wanted.place in store
    return store.activity(
        before=before,
        limit=PAGE + 1,
        author=wanted.author,
        kind=wanted.kind,
        path=wanted.place if is_prompt else None,
        directory=wanted.place if wanted.place and not is_prompt else None,
    )


def _empty(wanted: Filter, *, is_first: bool) -> None:
    if wanted != Filter():
        st.info("Nothing that fits has happened. Take a filter away.")
    elif is_first:
        st.info("Nothing has happened yet. What anybody changes is listed here: make a prompt in the library.")


def day_of(moment: datetime, at: datetime) -> str:
    """Return the day of a moment as people call it at another one, in whose time zone days begin."""
    day = moment.astimezone(at.tzinfo).date()
    return {0: "Today", 1: "Yesterday"}.get((at.date() - day).days, f"{day:%A, %d %B %Y}")


def _row(change: Change, at: datetime) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.badge(ago(change.at, at), color="gray", help=literal(exact(change.at, at)))
        st.markdown(f"{literal(sentence(change))} :gray[{literal(where(change.origin))}]", width="stretch")
        number = change.version if change.kind in _TEXTUAL else None
        if number is not None:
            about = {"path": change.path, "version": number, "told": sentence(change)}
            st.button(
                "Changes", key=f"diff-{change.id}", type="tertiary", on_click=state.ask, args=("changes",), kwargs=about
            )
        if change.kind not in _GONE and st.button("Open", key=f"open-{change.id}", type="tertiary"):
            state.open_prompt(change.path)
            st.rerun()


@st.dialog("What it changed", width="large", on_dismiss=state.answered)
def _difference(path: str, version: int, told: str) -> None:
    st.markdown(literal(told))
    with state.telling():
        diffs.show(version_diff(state.store(), path, version), key=f"activity-{path}-{version}")
        if st.button("Open the prompt", key="open-from-diff"):
            state.answered()
            state.open_prompt(path)
            st.rerun()


def _turning(changes: list[Change], before: list[int]) -> None:
    with st.container(horizontal=True):
        if st.button("Newer", disabled=not before):
            before.pop()
            st.rerun()
        if st.button("Older", disabled=len(changes) <= PAGE):
            before.append(changes[PAGE - 1].id)
            st.rerun()
