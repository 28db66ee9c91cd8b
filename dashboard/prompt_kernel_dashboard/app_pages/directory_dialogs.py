"""The dialogs for one directory: add, edit, rename, remove."""

from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st

from prompt_kernel import Store
from prompt_kernel.errors import DirectoryNotFoundError
from prompt_kernel.names import check_path, key_of
from prompt_kernel.records import Directory
from prompt_kernel_dashboard import batch, folders, state
from prompt_kernel_dashboard.app_pages import bulk, importing
from prompt_kernel_dashboard.widgets import count_of, folder_input, named


def _find(store: Store, path: str) -> Directory:
    for directory in store.directories():
        if key_of(directory.path) == key_of(path):
            return directory
    raise DirectoryNotFoundError(path)


@st.dialog("Add a directory", on_dismiss=state.answered)
def add() -> None:
    """Ask for a path, what it is for, and perhaps a folder on disk."""
    store = state.store()
    path = (st.text_input("Directory", key="pk_add_path", live=True, placeholder="style/tones") or "").strip()
    description = st.text_input("Description", key="pk_add_description") or ""
    folder = folder_input(
        "Linked folder (none is fine)",
        key="pk_add_folder",
        help_text="What is in it and what is here can be synced, both ways.",
    )
    bring = st.checkbox("Bring in what is in it", value=True, key="pk_add_import", disabled=not folder.strip())
    if path:
        with state.telling():
            check_path(path)
    bulk.confirm("Add", lambda: _add(store, path, description, folder, bring=bring), disabled=not path)


def _add(store: Store, path: str, description: str, folder: str, *, bring: bool) -> batch.Done:
    source = folders.check(folder) if folder.strip() else None
    made = store.add_directory(path, description=description, source=str(source or ""))
    if source and bring:
        report = importing.sync(made.path)
        return batch.Done(f"Added {made.path}. {importing.sentence_of_sync(report)}")
    return batch.Done(f"Added {made.path}.")


@st.dialog("Edit a directory", on_dismiss=state.answered)
def edit(path: str) -> None:
    """Ask for a description and a linked folder."""
    store = state.store()
    with state.telling():
        known = _find(store, path)
        st.text(known.path)
        description = st.text_input("Description", value=known.description, key=f"pk_edit_description:{path}") or ""
        st.session_state.setdefault(f"pk_edit_folder:{path}", known.source)
        folder = folder_input("Linked folder", key=f"pk_edit_folder:{path}", help_text="Empty: none.")
        bulk.confirm("Save", lambda: _edit(store, known, description, folder))


def _edit(store: Store, known: Directory, description: str, folder: str) -> batch.Done:
    # What is linked already may lie where only the command line reaches.
    source = folder if folder in ("", known.source) else str(folders.check(folder))
    store.update_directory(known.path, description=description, source=source)
    return batch.Done(f"Changed {known.path}.")


@st.dialog("Rename a directory", on_dismiss=state.answered)
def rename(path: str) -> None:
    """Ask for the new path."""
    store = state.store()
    new = (st.text_input("New path", value=path, key=f"pk_rename:{path}", live=True) or "").strip()
    st.caption("All that is in it moves along. Texts that mention it are rewritten; old paths still find the prompts.")
    if new:
        with state.telling():
            check_path(new)
    bulk.confirm("Rename", lambda: _rename(store, path, new), disabled=new in ("", path))


def _rename(store: Store, path: str, new: str) -> batch.Done:
    rewritten = list(store.rename_directory(path, new))
    what = f"{count_of(len(rewritten), 'text')} rewritten: {named(rewritten)}." if rewritten else "No text mentions it."
    return batch.Done(f"{path} is {new} now. {what}")


@st.dialog("Remove a directory", on_dismiss=state.answered)
def remove(path: str) -> None:
    """Ask whether to remove an empty directory."""
    store = state.store()
    with state.telling():
        known = _find(store, path)
        st.text(known.path)
        if known.prompts:
            st.text(f"It holds {count_of(known.prompts, 'prompt')}. Move or delete these first.")
        elif known.source:
            st.text(f"The files in {known.source} stay where they are.")
        bulk.confirm("Remove", lambda: _remove(store, known.path), disabled=bool(known.prompts))


def _remove(store: Store, path: str) -> batch.Done:
    store.remove_directory(path)
    return batch.Done(f"Removed the directory {path}.")


DIALOGS: Final[Mapping[str, Callable[..., None]]] = {
    "add directory": add,
    "edit directory": edit,
    "rename directory": rename,
    "remove directory": remove,
}
