"""Importing a folder: a progress bar, and what came of it after the rerun."""

from pathlib import Path

import streamlit as st

from prompt_kernel.records import ImportReport
from prompt_kernel_dashboard import batch, state
from prompt_kernel_dashboard.app_pages import bulk
from prompt_kernel_dashboard.widgets import named


def run(folder: Path, *, into: str) -> ImportReport:
    """Import `folder` into the directory `into` while a bar shows how far it is; the report is told afterwards.

    Raises:
        ImportFileError: files in it cannot be prompts; nothing was imported.
    """
    bar = st.progress(0.0, text="Reading …")

    def progress(done: int, of: int) -> None:
        # Every hundredth is enough for the eye, and each costs a message.
        if done == of or done % max(1, of // 100) == 0:
            bar.progress(done / max(1, of), text=f"{done:,} of {of:,} prompts")

    report = state.store().import_folder(folder, into=into, progress=progress)
    bar.empty()
    bulk.finish(batch.Done(sentence_of(report)))
    return report


def sentence_of(report: ImportReport) -> str:
    """Return what an import did, with the names of what it left out."""
    if not report.skipped:
        return str(report)
    return f"{report} Left out: {named([f'{name} ({why})' for name, why in report.skipped.items()])}."
