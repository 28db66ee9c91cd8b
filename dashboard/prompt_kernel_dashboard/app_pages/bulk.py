"""The dialogs for several prompts at once: move, tag, delete, replace; and what was done, with the way back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import streamlit as st

from prompt_kernel.records import Replacement, TextDiff
from prompt_kernel_dashboard import batch, state
from prompt_kernel_dashboard.widgets import count_of, directory_choice, literal, named

_DONE: Final = "pk_done"
_SHOWN_AT_ONCE: Final = 10
_MOST_REPLACED: Final = 1_000


def finish(done: batch.Done) -> None:
    """Close the dialog, and let the next run tell what was done and how it is undone."""
    state.memory()[_DONE] = done
    state.answered()


def show_done() -> None:
    """Show what was done last, until somebody has read it."""
    done: batch.Done | None = state.memory().get(_DONE)
    if done is None:
        return
    # At the bottom it moves nothing that somebody is about to click.
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", border=True, key="pk_notice"):
        st.text(done.sentence, width="stretch")
        if done.undo:
            st.button("Undo", key="pk_undo", icon=":material/undo:", on_click=_undo)
        st.button("Close", key="pk_close", on_click=_close)


def _close() -> None:
    state.memory().pop(_DONE, None)


def _undo() -> None:
    done: batch.Done | None = state.memory().get(_DONE)
    if done and done.undo:
        with state.telling(state.flash_problem):
            finish(batch.undo(state.store(), done.undo))


def confirm(label: str, does: Callable[[], batch.Done], *, disabled: bool = False) -> None:
    """Draw the button of a dialog that does what was asked for; what goes wrong is told in the dialog."""
    if st.button(label, type="primary", key="pk_confirm", shortcut="Mod+Enter", disabled=disabled):
        with state.telling():
            finish(does())
            st.rerun()


@st.dialog("Move prompts", on_dismiss=state.answered)
def move(paths: Sequence[str]) -> None:
    """Ask where to."""
    store = state.store()
    st.text(named(paths))
    known = [directory.path for directory in state.directories()]
    to = directory_choice("To the directory", known, key="pk_move_to", help_text="One that is there, or a new one.")
    st.caption("Texts that include them are rewritten, and their old paths still find them.")
    confirm(f"Move {count_of(len(paths), 'prompt')}", lambda: batch.move(store, paths, to))


@st.dialog("Change tags", on_dismiss=state.answered)
def tag(paths: Sequence[str]) -> None:
    """Ask which tags to add and which to take away."""
    store = state.store()
    st.text(named(paths))
    has = sorted({tag for entry in store.entries(paths) for tag in entry.tags})
    known = list(state.tags())
    add = st.multiselect("Add", known, key="pk_tags_add", accept_new_options=True)
    remove = st.multiselect("Take away", has, key="pk_tags_remove", disabled=not has)
    confirm("Change", lambda: batch.retag(store, paths, add, remove), disabled=not (add or remove))


@st.dialog("Delete prompts", on_dismiss=state.answered)
def delete(paths: Sequence[str]) -> None:
    """Ask whether to delete, and say who includes what goes."""
    store = state.store()
    st.text(named(paths))
    found = batch.referrers(store, paths)
    force = False
    if found:
        st.warning("Other prompts include some of these; what they include would no longer be found.")
        st.dataframe(
            [{"Prompt": path, "Included by": ", ".join(others)} for path, others in found.items()], hide_index=True
        )
        force = st.checkbox("Delete them all the same", key="pk_delete_force")
    st.caption("They go into the trash, from where they can be recovered.")
    confirm(
        f"Delete {count_of(len(paths), 'prompt')}",
        lambda: batch.delete(store, paths, force=force),
        disabled=bool(found) and not force,
    )


@st.dialog("Find and replace", width="large", on_dismiss=state.answered)
def replace(paths: Sequence[str] = (), directory: str = "", tag: str = "") -> None:
    """Ask what to replace, in the prompts of `paths` or in a directory; every change is shown before it is made."""
    store = state.store()
    find = st.text_input("Find", key="pk_find", live="300ms")
    replacement = st.text_input("Replace with", key="pk_replacement", live="300ms")
    with st.container(horizontal=True):
        regex = st.toggle("Regular expression", key="pk_regex", help="In the replacement: $1, $<name>, $& and $$.")
        case = st.toggle("Match case", key="pk_case")
    if paths:
        st.text(f"In {named(paths)}")
    else:
        directory, tag = _scope(directory, tag)
    if not find:
        st.text("Type what to find. Nothing is changed before you have seen it.")
        return
    with state.telling():
        found = store.replacements(
            find,
            replacement,
            regex=regex,
            case=case,
            directory=directory or None,
            tag=tag or None,
            paths=list(paths) or None,
            limit=_MOST_REPLACED,
        )
        _preview(found)
        fit = batch.applicable(found)
        confirm(
            f"Replace in {count_of(len(fit), 'prompt')}",
            lambda: batch.replace(store, find, replacement, fit, regex=regex, case=case),
            disabled=not fit,
        )


def _scope(directory: str, tag: str) -> tuple[str, str]:
    known, tags = [found.path for found in state.directories()], list(state.tags())
    where, tagged = st.columns(2)
    with where:
        directory = _choice("In the directory", known, directory, key="pk_in", none="all prompts")
    with tagged:
        tag = _choice("With the tag", tags, tag, key="pk_with", none="any")
    return directory, tag


def _choice(label: str, options: Sequence[str], chosen: str, *, key: str, none: str) -> str:
    index = options.index(chosen) if chosen in options else None
    return st.selectbox(label, options, index=index, key=key, placeholder=none, disabled=not options) or ""


def _preview(found: Sequence[Replacement]) -> None:
    if not found:
        st.text("No prompt holds it.")
        return
    matches = sum(one.count for one in found)
    more = " (the first; replace these, then the rest)" if len(found) == _MOST_REPLACED else ""
    st.text(f"{count_of(matches, 'match')} in {count_of(len(found), 'prompt')}{more}")
    pages = -(-len(found) // _SHOWN_AT_ONCE)
    page = st.pagination(pages, key="pk_preview_page") if pages > 1 else 1
    start = (page - 1) * _SHOWN_AT_ONCE
    for one in found[start : start + _SHOWN_AT_ONCE]:
        with st.expander(literal(f"{one.path} ({one.count})"), expanded=len(found) == 1 or pages == 1):
            if one.problem:
                state.problem(f"This one stays as it is: {one.problem}")
            st.code("\n".join(TextDiff(one.before, one.after, one.path, one.path).lines(1)), language="diff")


DIALOGS: Final[Mapping[str, Callable[..., None]]] = {"move": move, "tag": tag, "delete": delete, "replace": replace}
