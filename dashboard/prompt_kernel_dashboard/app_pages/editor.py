"""The editor's page: one prompt, the shared editor, and the panes beside it."""

from typing import Final

import streamlit as st

from prompt_kernel import Prompt, PromptKernelError, Store
from prompt_kernel.errors import AmbiguousNameError, NotFoundError
from prompt_kernel.names import key_of
from prompt_kernel_dashboard import components, state
from prompt_kernel_dashboard.app_pages import prompt_dialogs
from prompt_kernel_dashboard.panes import history, impact, metadata, references, siblings, variables
from prompt_kernel_dashboard.panes.parts import follow_link, new_tab, now, open_row
from prompt_kernel_dashboard.panes.sentences import exact, where
from prompt_kernel_dashboard.widgets import ago, literal

_NOTED: Final = "pk_noted"
_HEIGHT: Final = 640


def show() -> None:
    """Draw the page for the prompt that the session has open."""
    path = state.current()
    store = state.store()
    if not path:
        _nothing_open(store)
        return
    with state.telling():
        prompt = _find(store, path)
        if prompt is None:
            return
        if prompt.path != path:
            state.renamed(prompt.path)
        _note(store, prompt)
        _title(store, prompt)
        _body(store, prompt)
        prompt_dialogs.show()


def _find(store: Store, path: str) -> Prompt | None:
    """Return the prompt that an address means, in its newest version; without one, say what may have been meant."""
    try:
        found = store.get(path)
        return found if "@" not in path else store.get(found.path)
    except AmbiguousNameError as error:
        st.warning(literal(str(error)))
        for candidate in error.candidates:
            open_row(candidate, key=f"candidate-{candidate}")
    except NotFoundError as error:
        _missing(store, path, error)
    return None


def _missing(store: Store, path: str, error: NotFoundError) -> None:
    if any(key_of(trashed.path) == key_of(path) for trashed in store.trash()):
        st.info(literal(f"{path} lies in the trash. It can be recovered there, with all its versions."))
        if st.button("Go to the trash", type="primary"):
            state.go_to("trash")
            st.rerun()
        return
    st.warning(literal(f"There is no prompt {path}."))
    near = getattr(error, "suggestions", ())
    if near:
        st.markdown("Perhaps you mean:")
    for suggestion in near:
        open_row(suggestion, key=f"near-{suggestion}")
    if st.button(literal(f"Create {path}"), type="primary"):
        with state.telling():
            state.open_prompt(store.save(path, "", expected=0).path)
            st.rerun()


def _nothing_open(store: Store) -> None:
    st.info("No prompt is open. Choose one in the library, or one of those that you had open last.")
    with state.telling():
        for entry in store.recent(limit=10):
            open_row(entry.path, key=f"recent-{entry.path}", note=entry.description)
    if st.button("Go to the library", type="primary"):
        state.go_to("")
        st.rerun()


def _note(store: Store, prompt: Prompt) -> None:
    """Remember that it was opened, once: a page is drawn many times."""
    if state.memory().get(_NOTED) == prompt.uid or store.read_only:
        return
    state.memory()[_NOTED] = prompt.uid
    try:
        store.note_opened(prompt.path)
    except PromptKernelError:
        # The list of recent prompts is a convenience, and no reason not to show this one.
        return


# The title row


def _title(store: Store, prompt: Prompt) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(literal(prompt.display_name), anchor=False, width="content")
        _star(store, prompt)
        if not prompt.enabled:
            st.badge("disabled", color="gray", help="Its directory is disabled, so that no inclusion of it resolves.")
        for label, number in prompt.labels.items():
            st.badge(literal(f"{label} → {number}"), help=f"The label means version {number}.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        told = f"{prompt.path} · version {prompt.version} · {prompt.author}, {ago(prompt.updated_at, now())}"
        st.caption(literal(told), help=literal(_exactly(prompt)), width="content")
        _actions(prompt)


def _exactly(prompt: Prompt) -> str:
    message = f": {prompt.message}" if prompt.message else ""
    return f"{exact(prompt.updated_at, now())}, {where(prompt.origin)}{message}"


def _star(store: Store, prompt: Prompt) -> None:
    is_favourite = any(entry.path == prompt.path for entry in store.favourites())
    label = "★" if is_favourite else "☆"
    hint = "Take it from your favourites" if is_favourite else "Add it to your favourites"
    if st.button(label, key="favourite", help=hint, type="tertiary"):
        store.favourite(prompt.path, not is_favourite)
        st.rerun()


def _actions(prompt: Prompt) -> None:
    for label, dialog in (("Rename or move", "rename"), ("Duplicate", "duplicate"), ("Delete", "delete")):
        about = {"path": prompt.path}
        st.button(label, key=dialog, type="tertiary", on_click=state.ask, args=(f"{dialog}-prompt",), kwargs=about)
    new_tab(prompt.path, key="new-tab", label="New tab ↗")


# The editor and the panes


def _body(store: Store, prompt: Prompt) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _editor(store, prompt)
    with right:
        variables.show(prompt.path)
        metadata.show(prompt.path)
        references.show(prompt.path)
        siblings.show(prompt.path)
        history.show(prompt.path)
        impact.show(prompt.path)


def _editor(store: Store, prompt: Prompt) -> None:
    if store.read_only:
        st.warning(literal(f"Nothing can be changed here: {store.read_only}"))
    result = components.editor(
        prompt,
        key=f"editor-{prompt.uid}",
        height=_HEIGHT,
        read_only=bool(store.read_only),
        siblings=siblings.to_insert(store, prompt),
    )
    follow_link(result)
