"""The dialogs for the prompt that is open: rename or move, duplicate, delete."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import streamlit as st

from prompt_kernel import Prompt, PromptKernelError, Store
from prompt_kernel.errors import InvalidPathError
from prompt_kernel.live import draft_text
from prompt_kernel.names import check_path, join
from prompt_kernel_dashboard import batch, creating, state
from prompt_kernel_dashboard.app_pages import bulk
from prompt_kernel_dashboard.widgets import count_of, directory_choice, literal, named

_MOST_NAMED: Final = 20


def show() -> None:
    """Draw the dialog that is open, if it is one of these."""
    asked = state.asked()
    if asked and asked.dialog in _DIALOGS:
        _DIALOGS[asked.dialog](**asked.details)


def _path_fields(directory: str, name: str, key: str) -> str:
    """Ask for a directory and a name; return the path, which is shown as it will be."""
    typed = st.text_input("Name", value=name, key=f"{key}-name", live=True)
    known = [found.path for found in state.directories()]
    chosen = directory_choice("Directory", known, key=f"{key}-directory", value=directory)
    path = creating.path_for(chosen, typed or "")
    st.markdown(f"Path: **{literal(path)}**" if path else "Path:")
    return path


def problem_of(store: Store, prompt: Prompt, path: str) -> str:
    """Return why a prompt cannot get another path, as a sentence; "" where it can, or where it has it already."""
    try:
        # A change of case, or a path that it had before, is its own.
        if creating.holder_of(store, check_path(path)) == prompt.path:
            return ""
    except InvalidPathError as error:
        return str(error)
    return creating.problem_with(store, path)


class _NotMeantError(PromptKernelError):
    """What takes back a rename that was only tried."""


def would_rewrite(store: Store, old: str, new: str) -> list[str]:
    """Return the paths of the prompts whose text a rename would rewrite, by trying it and taking it back.

    Raises:
        PromptKernelError: it cannot be renamed so.
    """
    rewritten: list[str] = []
    with suppress(_NotMeantError), store.together():
        rewritten += store.rename(old, new)
        raise _NotMeantError(old)
    return rewritten


@st.dialog("Rename or move", on_dismiss=state.answered)
def _rename(path: str) -> None:
    store = state.store()
    with state.telling():
        prompt = store.get(path)
        new = _path_fields(prompt.directory, prompt.name, "rename")
        problem = problem_of(store, prompt, new)
        if problem:
            st.warning(literal(problem))
        elif new != prompt.path:
            st.caption(literal(consequence(would_rewrite(store, prompt.path, new))))
        if st.button("Rename", type="primary", disabled=bool(problem) or new == prompt.path, key="rename-now"):
            rewritten = store.rename(prompt.path, new)
            state.answered()
            state.renamed(new)
            told = f" Rewritten for it: {named(rewritten)}." if rewritten else ""
            state.flash(f"{prompt.path} is {new} now.{told}")
            st.rerun()


def consequence(rewritten: list[str]) -> str:
    """Say what else a rename changes."""
    texts = f"{count_of(len(rewritten), 'text')} will be rewritten to match: {named(rewritten)}."
    return f"{texts if rewritten else 'No other text has to change.'} The old path goes on finding it."


@st.dialog("Duplicate", on_dismiss=state.answered)
def _duplicate(path: str) -> None:
    store = state.store()
    with state.telling():
        prompt = store.get(path)
        new = _path_fields(prompt.directory, free_name(store, prompt), "duplicate")
        problem = creating.problem_with(store, new)
        if problem:
            st.warning(literal(problem))
        if st.button("Make the copy", type="primary", disabled=bool(problem), key="duplicate-now"):
            # What is not yet a version is a part of what one sees and means to copy.
            live = draft_text(store, prompt.path)
            with store.together():
                creating.create(store, new, copy_of=prompt.path)
                store.save(new, live, message=f"copied from {prompt.path}")
            state.answered()
            state.flash(f"{new} is a copy of {prompt.path}.")
            state.open_prompt(new)
            st.rerun()


def free_name(store: Store, prompt: Prompt) -> str:
    """Return a name for a copy that nobody has in the prompt's directory: `tone-copy`, `tone-copy-2`."""
    number = 1
    name = f"{prompt.name}-copy"
    while creating.holder_of(store, join(prompt.directory, name)):
        number += 1
        name = f"{prompt.name}-copy-{number}"
    return name


@st.dialog("Delete", on_dismiss=state.answered)
def _delete(path: str) -> None:
    store = state.store()
    with state.telling():
        prompt = store.get(path)
        referrers = sorted({reference.path for reference in store.referrers(prompt.path)})
        st.markdown(f"**{literal(prompt.path)}** goes into the trash with its versions. It can be recovered there.")
        is_meant = True
        if referrers:
            st.warning(literal(f"Included by {count_of(len(referrers), 'prompt')}: {named(referrers, _MOST_NAMED)}."))
            is_meant = st.checkbox("Delete it all the same; these inclusions then lead nowhere", key="delete-force")
        if st.button("Put it into the trash", type="primary", disabled=not is_meant, key="delete-now"):
            bulk.finish(batch.delete(store, [prompt.path], force=bool(referrers)))
            state.go_to("")
            st.rerun()


_DIALOGS: Final[Mapping[str, Callable[..., None]]] = {
    "rename-prompt": _rename,
    "duplicate-prompt": _duplicate,
    "delete-prompt": _delete,
}
