"""The pages of the dashboard and the way between them."""

import streamlit as st
from streamlit.delta_generator_singletons import context_dg_stack, get_default_dg_stack_value

from prompt_kernel_dashboard import frame, state
from prompt_kernel_dashboard.app_pages import activity, directories, editor, experiments, library, trash


def show() -> None:
    """Show the page that was asked for."""
    # Where runs wait for each other (`launch`), one begins inside the dialog in which the last one ended; Streamlit
    # itself resets this only after a run that was cut short.
    context_dg_stack.set(get_default_dg_stack_value())
    st.set_page_config(page_title="Prompt Kernel", page_icon="🧩", layout="wide", menu_items={"About": frame.ABOUT})
    pages = {
        "": st.Page(library.show, title="Library", icon=":material/menu_book:", default=True),
        "edit": st.Page(editor.show, title="Editor", icon=":material/edit:", url_path="edit", visibility="hidden"),
        "directories": st.Page(directories.show, title="Directories", icon=":material/folder:", url_path="directories"),
        "experiments": st.Page(
            experiments.show, title="Experiments", icon=":material/science:", url_path="experiments"
        ),
        "activity": st.Page(activity.show, title="Activity", icon=":material/history:", url_path="activity"),
        "trash": st.Page(trash.show, title="Trash", icon=":material/delete:", url_path="trash"),
    }
    page = st.navigation(list(pages.values()), position="top")
    if page.url_path == "" and state.linked():
        state.open_prompt(state.linked())
    going = state.take_going()
    if going:
        st.switch_page(pages[going.page], query_params=dict(going.query))
    with state.telling():
        frame.show(page.url_path)
        page.run()
