"""What to do with an empty store: the three ways to get a first prompt into it."""

import streamlit as st

from prompt_kernel_dashboard import folders, state
from prompt_kernel_dashboard.app_pages import importing
from prompt_kernel_dashboard.widgets import folder_input


def show() -> None:
    """Offer to make a prompt, to upload files, or to import a folder."""
    st.subheader("There are no prompts yet", anchor=False)
    st.text("Begin in one of these ways.")
    making, uploading, bringing = st.columns(3, border=True)
    with making:
        st.markdown("**Write one**")
        st.text("Give it a name, and write it in the editor.")
        st.button("New prompt", key="pk_first_new", on_click=state.ask, args=("new",), icon=":material/add:")
    with uploading:
        st.markdown("**Upload markdown files**")
        st.text("Each becomes a prompt; its front matter is kept.")
        st.button("Upload files", key="pk_first_upload", on_click=_upload, icon=":material/upload:")
    with bringing:
        st.markdown("**Import a folder**")
        st.text("Every .md file in it becomes a prompt, every folder a directory.")
        _import()


def _upload() -> None:
    state.ask("new", start="upload")


def _import() -> None:
    typed = folder_input("Folder", key="pk_first_folder")
    if st.button("Import", key="pk_first_import", disabled=not typed.strip(), icon=":material/download:"):
        with state.telling():
            importing.run(folders.check(typed), into="")
            st.rerun()
