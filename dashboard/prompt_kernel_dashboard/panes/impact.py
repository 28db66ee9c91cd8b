"""What a save would change: whose expansion would be another one, and how."""

from typing import Final

import streamlit as st

from prompt_kernel.records import Impact
from prompt_kernel_dashboard import diffs, panes, state
from prompt_kernel_dashboard.panes.parts import live_text, open_row
from prompt_kernel_dashboard.widgets import count_of, literal

MOST: Final = 20
_FOUND: Final = "pk_impact"


@st.fragment
def show(path: str) -> None:
    """Draw the pane for the prompt at `path`."""
    panes.frame("impact", lambda: _draw(path))


def _draw(path: str) -> None:
    store = state.store()
    prompt = store.get(path)
    if st.button("What would a save change?"):
        live = live_text(store, prompt)
        state.memory()[_FOUND] = prompt.uid, live, prompt.version, list(store.impact(prompt.path, live))
    uid, text, version, found = state.memory().get(_FOUND, ("", "", 0, []))
    if uid != prompt.uid:
        st.caption("It compares what the prompts that include this one expand to, before and after.")
        return
    own = [impact.problem for impact in found if impact.path == prompt.path and impact.problem]
    found = [impact for impact in found if impact.path != prompt.path]
    st.markdown(literal(summary(found, unchanged=text == prompt.text)))
    for problem in own:
        st.error(literal(f"It could no longer be expanded itself: {problem}"))
    if version != prompt.version:
        st.caption("A version was saved since. Ask again.")
    for number, impact in enumerate(found[:MOST]):
        open_row(impact.path, key=f"impact-{number}")
        if impact.problem:
            st.error(literal(f"It would no longer expand: {impact.problem}"))
        diffs.show(impact.diff, key=f"impact-{number}", empty="Its text would stay as it is.")
    if len(found) > MOST:
        st.caption(f"and {count_of(len(found) - MOST, 'prompt')} more")


def summary(found: list[Impact], *, unchanged: bool) -> str:
    """Say in a sentence what a save would do to others."""
    if unchanged:
        return "The text is as it was saved last, so a save changes nothing."
    if not found:
        return "No other prompt's expansion would change."
    broken = sum(bool(impact.problem) for impact in found)
    sentence = f"The expansion of {count_of(len(found), 'prompt')} would change."
    return sentence + (f" {count_of(broken, 'prompt')} could no longer be expanded." if broken else "")
