"""Importing and syncing a folder: a progress bar, and what came of it after the rerun."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import streamlit as st

from prompt_kernel.records import ImportReport, SyncReport
from prompt_kernel_dashboard import batch, state
from prompt_kernel_dashboard.app_pages import bulk
from prompt_kernel_dashboard.widgets import literal, named

_COPIES: Final = "pk_conflict_copies"
_MOST_COPIES: Final = 20
_MOST_REMARKS: Final = 5


def run(folder: Path, *, into: str) -> ImportReport:
    """Import `folder` into the directory `into` while a bar shows how far it is; the report is told afterwards.

    Raises:
        ImportFileError: files in it cannot be prompts; nothing was imported.
    """
    with _bar("prompts") as progress:
        report = state.store().import_folder(folder, into=into, progress=progress)
    bulk.finish(batch.Done(sentence_of(report)))
    return report


def sync(directory: str) -> SyncReport:
    """Bring a directory and its linked folder together while a bar shows how far it is; the report is told afterwards.

    Raises:
        SyncError: the folder is not there; nothing was changed.
    """
    with _bar("files") as progress:
        report = state.store().sync(directory, progress=progress)
    state.memory()[_COPIES] = tuple(report.conflicts.values())
    bulk.finish(batch.Done(sentence_of_sync(report)))
    return report


def show_copies() -> None:
    """Offer to open what the last sync could not merge, until it is deleted or there is another sync."""
    copies = [entry.path for entry in state.store().entries(state.memory().get(_COPIES, ()))]
    if not copies:
        return
    st.text("What could not be merged, and was kept; take from it what you need, and delete it:")
    with st.container(horizontal=True):
        for path in copies[:_MOST_COPIES]:
            st.button(literal(path), key=f"pk_copy:{path}", on_click=state.open_prompt, args=(path,))


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    bar = st.progress(0.0, text="Reading …")

    def progress(done: int, of: int) -> None:
        # Every hundredth is enough for the eye, and each costs a message.
        if done == of or done % max(1, of // 100) == 0:
            bar.progress(done / max(1, of), text=f"{done:,} of {of:,} {what}")

    try:
        yield progress
    finally:
        bar.empty()


def sentence_of(report: ImportReport) -> str:
    """Return what an import did, with the names of what it left out."""
    if not report.skipped:
        return str(report)
    return f"{report} Left out: {named([f'{name} ({why})' for name, why in report.skipped.items()])}."


def sentence_of_sync(report: SyncReport) -> str:
    """Return what a sync did, with what somebody should look at."""
    left = len(report.remarks) - _MOST_REMARKS
    more = [f"… and {left:,} more; `prompt-kernel sync` tells them all."] if left > 0 else []
    return "\n".join([str(report), *report.remarks[:_MOST_REMARKS], *more])
