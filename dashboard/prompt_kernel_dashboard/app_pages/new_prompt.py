"""The dialog for a new prompt: its name and directory, the path that comes of them, and what it starts from."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import streamlit as st

from prompt_kernel import Store
from prompt_kernel.names import directory_of
from prompt_kernel_dashboard import batch, creating, state
from prompt_kernel_dashboard.app_pages import bulk
from prompt_kernel_dashboard.creating import Upload
from prompt_kernel_dashboard.widgets import directory_choice, named

Start = Literal["empty", "copy", "upload"]
_STARTS: Final[Mapping[Start, str]] = {"empty": "Empty", "copy": "A copy", "upload": "Files"}
_OFFERED: Final = 20
#: What a prompt can have, as importing says too.
_MOST_MEGABYTES: Final = 10


@st.dialog("New prompt", on_dismiss=state.answered)
def dialog(directory: str = "", start: Start = "empty", copy_of: str = "") -> None:
    """Ask for a prompt's name, its directory and what it starts from; then the editor opens."""
    store = state.store()
    # Whoever closes it and is quick to open it again in another way does not get the old choice.
    chosen = st.segmented_control(
        "Start from",
        list(_STARTS),
        default=start,
        required=True,
        format_func=_STARTS.__getitem__,
        key=f"pk_new_start:{start}",
    )
    source = _source(store, copy_of) if chosen == "copy" else ""
    uploads = _uploads() if chosen == "upload" else []
    name = ""
    if len(uploads) <= 1:
        given = uploads[0].stem if uploads else ""
        name = st.text_input("Name", value=given, key=f"pk_new_name:{given}", live=True, placeholder="tone") or ""
    known = [found.path for found in state.directories()]
    where = directory_choice(
        "Directory", known, key="pk_new_directory", value=directory, help_text="One that is there, or a new one."
    )
    if len(uploads) > 1:
        _create_many(store, where, uploads)
    else:
        ready = (chosen != "copy" or bool(source)) and (chosen != "upload" or bool(uploads))
        _create_one(store, creating.path_for(where, name) if name.strip() else "", source, uploads, ready=ready)


def _source(store: Store, copy_of: str) -> str:
    typed = st.text_input("Copy of", value=copy_of, key="pk_new_source", live=True, placeholder="type its name") or ""
    found = [suggestion.path for suggestion in store.suggest(typed, limit=_OFFERED)]
    if typed.strip() and not found:
        st.text("No prompt has such a name.")
        return ""
    chosen = st.selectbox("Prompt", found, key=f"pk_new_copy:{typed}", label_visibility="collapsed")
    return chosen or ""


def _uploads() -> list[Upload]:
    files = st.file_uploader(
        "Markdown files",
        type=["md"],
        accept_multiple_files=True,
        key="pk_new_files",
        max_upload_size=_MOST_MEGABYTES,
        help="Each keeps its front matter: description, tags, engine and variables.",
    )
    return [Upload(file.name, file.getvalue()) for file in files]


def _create_one(store: Store, path: str, source: str, uploads: Sequence[Upload], *, ready: bool) -> None:
    problem = creating.problem_with(store, path) if path else ""
    if problem:
        state.problem(problem)
    else:
        st.text(f"Its path: {path}" if path else "Type a name.")
    can = bool(path) and ready and not problem
    clicked = st.button("Create", type="primary", key="pk_create", shortcut="Mod+Enter", disabled=not can)
    if (clicked or state.take_pressed() == "create") and can:
        with state.telling():
            if uploads:
                _upload(store, directory_of(path), uploads, path.rpartition("/")[2])
            else:
                created = creating.create(store, path, copy_of=source)
                state.answered()
                state.open_prompt(created.path)
            st.rerun()


def _create_many(store: Store, directory: str, uploads: Sequence[Upload]) -> None:
    paths = [creating.path_for(directory, file.stem) for file in uploads]
    problems = [creating.problem_with(store, path) for path in paths]
    st.dataframe(
        [
            {"File": file.name, "Prompt": "" if problem else path, "Left out because": problem}
            for file, path, problem in zip(uploads, paths, problems, strict=True)
        ],
        hide_index=True,
    )
    free = problems.count("")
    if st.button(f"Create {free}", type="primary", key="pk_create", shortcut="Mod+Enter", disabled=not free):
        with state.telling():
            _upload(store, directory, uploads, "")
            st.rerun()


def _upload(store: Store, directory: str, uploads: Sequence[Upload], name: str) -> None:
    report = creating.upload(store, directory, uploads, name=name)
    bulk.finish(batch.Done(sentence_of(report)))
    if report.created:
        state.open_prompt(report.created[0]) if len(uploads) == 1 else state.go_to("")


def sentence_of(report: creating.Report) -> str:
    """Return what became of uploads, with the reasons of what was left out."""
    reasons = [f"{name}: {reason}" for name, reason in report.skipped.items()]
    return f"{report} {named(reasons)}" if reasons else f"{report} {named(report.created)}"
