"""The directories: a table, and what can be done with the one that is selected."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from prompt_kernel.names import is_inside
from prompt_kernel.records import Directory
from prompt_kernel_dashboard import state
from prompt_kernel_dashboard.app_pages import bulk, importing
from prompt_kernel_dashboard.widgets import count_of

_TABLE: Final = "pk_directories"


def show() -> None:
    """Show the page."""
    known = state.directories()
    bulk.show_done()
    st.subheader("Directories", anchor=False)
    if not known:
        st.text("There are no directories yet. Add one, link it to a folder on disk, and sync the two.")
        _add()
        return
    importing.show_copies()
    above = st.container()
    chosen = _table(known)
    with above:
        enabled = sum(status_of(one, known) == "enabled" for one in known)
        st.caption(f"{count_of(len(known), 'directory')}, {enabled:,} enabled")
        _actions(chosen)


def _add() -> None:
    st.button("Add", icon=":material/add:", key="pk_add", on_click=state.ask, args=("add directory",))


def _table(known: Sequence[Directory]) -> Directory | None:
    event = st.dataframe(
        [row_of(directory, known) for directory in known],
        hide_index=True,
        key=_TABLE,
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Prompts": st.column_config.NumberColumn(help="In it and below it")},
    )
    rows = event["selection"]["rows"]
    return known[rows[0]] if rows and rows[0] < len(known) else None


def row_of(directory: Directory, known: Sequence[Directory]) -> dict[str, Any]:
    """Return what the table says of a directory."""
    return {
        "Directory": directory.path,
        "Status": status_of(directory, known),
        "Prompts": directory.prompts,
        "Linked folder": directory.source,
        "Description": directory.description,
    }


def status_of(directory: Directory, known: Sequence[Directory]) -> str:
    """Return whether what is in a directory can be included, and if not, because of which."""
    if not directory.enabled:
        return "disabled"
    outer = next((one for one in known if not one.enabled and is_inside(directory.path, one.path)), None)
    return f"disabled by {outer.path}" if outer else "enabled"


def _actions(chosen: Directory | None) -> None:
    with st.container(horizontal=True):
        _add()
        _button("Edit", "edit", "edit directory", chosen)
        st.button(
            "Enable" if chosen and not chosen.enabled else "Disable",
            key="pk_switch",
            icon=":material/toggle_on:" if chosen and not chosen.enabled else ":material/toggle_off:",
            disabled=chosen is None,
            on_click=_switch,
            args=(chosen,),
        )
        linked = chosen is not None and bool(chosen.source)
        sync = st.button("Sync", key="pk_sync", icon=":material/sync:", disabled=not linked)
        again = st.button("Import again", key="pk_import_again", icon=":material/download:", disabled=not linked)
        _button("Rename", "drive_file_rename_outline", "rename directory", chosen)
        _button("Remove", "delete", "remove directory", chosen)
    st.caption(meaning_of(chosen) if chosen else "Select a directory to change it.")
    if chosen and (sync or again):
        with state.telling():
            if sync:
                # Wherever the folder lies: only the command line links one out of reach.
                importing.sync(chosen.path)
            else:
                importing.run(Path(chosen.source), into=chosen.path)
            st.rerun()


def _button(label: str, icon: str, dialog: str, chosen: Directory | None) -> None:
    st.button(
        label,
        key=f"pk_{icon}",
        icon=f":material/{icon}:",
        disabled=chosen is None,
        on_click=state.ask,
        args=(dialog,),
        kwargs={"path": chosen.path if chosen else ""},
    )


def meaning_of(directory: Directory) -> str:
    """Return what can be done with a directory: what a sync does, and what switching it does."""
    if directory.enabled and directory.source:
        return (
            "Sync takes what was changed in the folder, and writes what was changed here; changes on both sides are"
            " merged. Import again takes all that the folder says. While it is disabled, no text can include the"
            " prompts in it, and nothing is synced."
        )
    if directory.enabled:
        return "While it is disabled, no text can include the prompts in it; they are still there, and can be edited."
    return "It is disabled: no text can include the prompts in it. Enable it, and they are found again."


def _switch(directory: Directory) -> None:
    with state.telling(state.flash_problem):
        switched = state.store().update_directory(directory.path, enabled=not directory.enabled)
        what = "can be included again" if switched.enabled else "can no longer be included"
        state.flash(f"{count_of(switched.prompts, 'prompt')} in {switched.path} {what}.")
