"""The trash: what was deleted, and the way back."""

from datetime import datetime
from typing import Final

import streamlit as st

from prompt_kernel import Store
from prompt_kernel.records import Trashed
from prompt_kernel_dashboard import creating, state
from prompt_kernel_dashboard.panes.parts import now
from prompt_kernel_dashboard.panes.sentences import exact
from prompt_kernel_dashboard.widgets import ago, count_of, literal

_AT_ONCE: Final = 50
_SHOWN: Final = "pk_trash_shown"


def show() -> None:
    """Draw the page."""
    st.subheader("Trash", anchor=False)
    store = state.store()
    with state.telling():
        found = store.trash()
        if not found:
            st.info("The trash is empty. A prompt that is deleted lies here until it is recovered or removed for good.")
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{count_of(len(found), 'prompt')}, the latest first.", width="content")
            st.button("Empty the trash", key="purge-all", on_click=state.ask, args=("purge",))
        most = int(state.memory().setdefault(_SHOWN, _AT_ONCE))
        for trashed in found[:most]:
            _row(trashed, now())
        if len(found) > most and st.button("Show more"):
            state.memory()[_SHOWN] = most + _AT_ONCE
            st.rerun()
        _dialog(found)


def _row(trashed: Trashed, at: datetime) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        told = f"{trashed.deleted_by} deleted it {ago(trashed.deleted_at, at)}, at version {trashed.version}."
        st.markdown(f"**{literal(trashed.path)}**", width="content")
        st.caption(literal(told), help=literal(exact(trashed.deleted_at, at)), width="stretch")
        uid, about = trashed.uid, {"uid": trashed.uid}
        st.button("Recover", key=f"recover-{uid}", on_click=state.ask, args=("recover",), kwargs=about)
        st.button("Remove for good", key=f"purge-{uid}", on_click=state.ask, args=("purge",), kwargs=about)


def _dialog(found: list[Trashed]) -> None:
    """Draw the dialog that is open, about what still lies in the trash."""
    asked = state.asked()
    if not asked or asked.dialog not in ("recover", "purge"):
        return
    meant = [trashed for trashed in found if trashed.uid == asked.details.get("uid")]
    if asked.dialog == "purge" and (meant or not asked.details):
        _purge(meant[0] if meant else None, len(found))
    elif meant:
        _recover(meant[0])
    else:
        state.answered()


@st.dialog("Recover", on_dismiss=state.answered)
def _recover(trashed: Trashed) -> None:
    store = state.store()
    path = st.text_input("Path", value=trashed.path, key=f"recover-path-{trashed.uid}", live=True) or ""
    problem = problem_with(store, path, trashed)
    if problem:
        st.warning(literal(problem))
    if st.button("Recover it", type="primary", disabled=bool(problem), key="recover-now"):
        with state.telling():
            prompt = store.recover(trashed.uid, to=path)
            state.answered()
            state.flash(f"{prompt.path} is back.")
            state.open_prompt(prompt.path)
            st.rerun()


def problem_with(store: Store, path: str, trashed: Trashed) -> str:
    """Return why a prompt of the trash cannot be recovered to `path`, as a sentence, "" where it can."""
    problem = creating.problem_with(store, path)
    return f"{problem} {trashed.path} can be recovered to any path that is free." if problem else ""


@st.dialog("Remove for good", on_dismiss=state.answered)
def _purge(trashed: Trashed | None, count: int) -> None:
    what = (
        f"**{literal(trashed.path)}**" if trashed else f"All that lies in the trash, **{count_of(count, 'prompt')}**,"
    )
    st.markdown(f"{what} with every version is removed from the store. Nobody can bring it back, except from a backup.")
    if st.button("Remove for good", type="primary", key="purge-now"):
        with state.telling():
            removed = state.store().purge(trashed.uid if trashed else None)
            state.answered()
            state.flash(f"{count_of(removed, 'prompt')} removed for good.", icon=":material/delete_forever:")
            st.rerun()
