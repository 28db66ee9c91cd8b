"""What a prompt includes, what includes it, and the experiments that tried it."""

import streamlit as st

from prompt_kernel import PromptKernelError, Store
from prompt_kernel.errors import AmbiguousNameError, PromptNotFoundError
from prompt_kernel.records import Reference
from prompt_kernel_dashboard import panes, state
from prompt_kernel_dashboard.panes.parts import open_row
from prompt_kernel_dashboard.widgets import count_of, literal

_MOST = 100


@st.fragment
def show(path: str) -> None:
    """Draw the pane for the prompt at `path`."""
    panes.frame("references", lambda: _draw(path))


def _draw(path: str) -> None:
    store = state.store()
    includes, referrers = store.includes(path), store.referrers(path)
    st.markdown(f"**Includes** :gray[{len(includes)}]")
    if not includes:
        st.caption("Nothing. Type [[ in the text to include another prompt.")
    with st.container(gap=None):
        for number, reference in enumerate(includes[:_MOST]):
            _included(store, reference, number)
    _rest(len(includes))
    st.markdown(f"**Included by** :gray[{len(referrers)}]")
    if not referrers:
        st.caption("No prompt includes it.")
    with st.container(gap=None):
        for number, reference in enumerate(referrers[:_MOST]):
            note = f"line {reference.line}, as {spelling(reference)}"
            open_row(reference.path, key=f"referrer-{number}", note=note)
    _rest(len(referrers))
    _tried(store, path)


def _tried(store: Store, path: str) -> None:
    found = store.experiments.using(path)
    if not found:
        return
    st.markdown(f"**Tried in** :gray[{len(found)}]")
    with st.container(gap=None):
        for one in found[:_MOST]:
            if st.button(literal(one.name), key=f"tried-{one.name}", type="tertiary"):
                state.go_to("experiments", experiment=one.name)
                st.rerun()


def _rest(count: int) -> None:
    if count > _MOST:
        st.caption(f"and {count_of(count - _MOST, 'inclusion')} more")


def spelling(reference: Reference) -> str:
    """Return an inclusion as it stands in the text, without arguments."""
    return f"[[{reference.spelled}]]" if reference.pin is None else f"[[{reference.spelled}@{reference.pin}]]"


def _included(store: Store, reference: Reference, number: int) -> None:
    if reference.target is not None:
        note = f"line {reference.line}, as {spelling(reference)}"
        open_row(reference.target, key=f"included-{number}", note=note)
        return
    sentence, near = unresolved(store, reference)
    st.warning(literal(f"{spelling(reference)}, line {reference.line}: {sentence}"), icon=":material/warning:")
    for path in near:
        open_row(path, key=f"near-{number}-{path}", note="perhaps this one")


def unresolved(store: Store, reference: Reference) -> tuple[str, tuple[str, ...]]:
    """Say why an inclusion leads nowhere, and which prompts may have been meant."""
    try:
        store.get(reference.spelled)
    except AmbiguousNameError as error:
        return f"More than one prompt is called {reference.spelled}.", error.candidates
    except PromptNotFoundError as error:
        if error.suggestions:
            return f"There is no prompt {reference.spelled}.", error.suggestions
        return str(error), ()
    except PromptKernelError as error:
        return str(error), ()
    return "It leads nowhere from here. Write the whole path.", ()
