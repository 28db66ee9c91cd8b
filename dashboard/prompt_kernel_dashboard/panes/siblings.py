"""The other prompts of the same directory. The editor inserts them, by click or drag; here they are opened."""

from typing import Final

import streamlit as st

from prompt_kernel import Prompt, Store
from prompt_kernel.names import join, key_of
from prompt_kernel.records import Entry
from prompt_kernel_dashboard import panes, state
from prompt_kernel_dashboard.panes.parts import open_row

MOST: Final = 100
#: A directory with thousands of directories in it is not walked through to its end.
_MOST_READS: Final = 200


@st.fragment
def show(path: str) -> None:
    """Draw the pane for the prompt at `path`."""
    panes.frame("siblings", lambda: _draw(path))


def _draw(path: str) -> None:
    store = state.store()
    prompt = store.get(path)
    found = of(store, prompt)
    if not found:
        st.caption("There is no other prompt in this directory.")
        return
    st.caption("To include one, choose it under Insert above the text, or type [[ in the text.")
    with st.container(gap=None):
        for entry in found:
            open_row(entry.path, label=entry.name, key=f"sibling-{entry.path}", hint=entry.description)
    if len(found) == MOST:
        st.caption(f"The first {MOST} are shown. The library has them all.")


def of(store: Store, prompt: Prompt) -> list[Entry]:
    """Return the prompts beside a prompt, in order of their names."""
    found = state.remembered(f"siblings.{prompt.directory}", lambda: beside(store, prompt.directory, MOST + 1))
    return [entry for entry in found if entry.path != prompt.path][:MOST]


def to_insert(store: Store, prompt: Prompt) -> list[dict[str, str]]:
    """Return the prompts beside a prompt for the editor: `path`, and as `name` what an inclusion spells."""
    names = store.display_names(entry.path for entry in of(store, prompt))
    return [{"path": path, "name": name} for path, name in names.items()]


def beside(store: Store, directory: str, most: int) -> list[Entry]:
    """Return up to `most` prompts that lie in a directory itself, not in one below it, in order of their paths."""
    found: list[Entry] = []
    after: str | None = None
    for _ in range(_MOST_READS):
        page = store.prompts(directory=directory or None, after=after, limit=most)
        if not page or len(found) >= most:
            break
        after = page[-1].path
        for entry in page:
            if key_of(entry.directory) != key_of(directory):
                # All that lies below this one is passed over in one step.
                below = entry.path.split("/")[directory.count("/") + 1 if directory else 0]
                after = join(join(directory, below), "\U0010ffff")
                break
            found.append(entry)
    return found[:most]
