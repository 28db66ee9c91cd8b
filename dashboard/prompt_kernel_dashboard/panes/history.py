"""The versions of a prompt: who made each, what it changed, and the way back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from prompt_kernel import Prompt, Store
from prompt_kernel.records import TextDiff, Version
from prompt_kernel_dashboard import diffs, panes, state
from prompt_kernel_dashboard.panes.metadata import set_label
from prompt_kernel_dashboard.panes.parts import live_text, now
from prompt_kernel_dashboard.panes.sentences import exact, where
from prompt_kernel_dashboard.widgets import ago, literal

_AT_ONCE: Final = 15
_SHOWN: Final = "pk_versions"
_TWO: Final = 2


@st.fragment
def show(path: str) -> None:
    """Draw the pane for the prompt at `path`."""
    panes.frame("history", lambda: _draw(path))


def _draw(path: str) -> None:
    store = state.store()
    prompt = store.get(path)
    versions = store.history(prompt.path)
    st.caption("Choose one version to compare it with what stands in the editor, or two to compare them.")
    most = int(state.memory().setdefault(_SHOWN, {}).get(prompt.uid, _AT_ONCE))
    with st.container(gap="xsmall"):
        chosen = [version for version in versions[:most] if _row(prompt, version)]
    if len(versions) > most:
        st.button("Older versions", on_click=state.memory()[_SHOWN].update, args=({prompt.uid: most + _AT_ONCE},))
    if len(chosen) > _TWO:
        st.warning("Choose two at most.")
    elif chosen:
        _compare(store, prompt, chosen)
    if len(chosen) == 1:
        _actions(store, prompt, chosen[0])


def _row(prompt: Prompt, version: Version) -> bool:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        is_chosen = st.checkbox(
            literal(line_of(version, now())),
            key=f"version-{prompt.uid}-{version.number}",
            wrap=True,
            help=literal(f"{exact(version.created_at, now())}, {where(version.origin)}"),
        )
        for label in version.labels:
            st.badge(literal(label))
    return is_chosen


def line_of(version: Version, at: datetime) -> str:
    """Say which version it is, who made it, when, and why: `3 · Ana, 2 h ago · shorter`."""
    message = f" · {version.message}" if version.message else ""
    return f"{version.number} · {version.author}, {ago(version.created_at, at)}{message}"


def _compare(store: Store, prompt: Prompt, chosen: Sequence[Version]) -> None:
    shown = st.segmented_control(
        "Compare", ("Text", "Expanded text"), default="Text", required=True, key=f"compare-{prompt.uid}",
        label_visibility="collapsed",
    )  # fmt: skip
    diff = comparison(store, prompt, chosen, live_text(store, prompt), expanded=shown == "Expanded text")
    st.markdown(literal(f"From {diff.before_name} to {diff.after_name}:"))
    diffs.show(diff, key=f"history-{prompt.uid}")


def comparison(store: Store, prompt: Prompt, chosen: Sequence[Version], live: str, *, expanded: bool) -> TextDiff:
    """Return the difference of two versions, or of one and the live text; or of what these expand to."""
    if len(chosen) == _TWO:
        older, newer = sorted(version.number for version in chosen)
        return store.diff(prompt.path, older, newer, expanded=expanded)
    old = chosen[0]
    names = f"version {old.number}", "what stands in the editor"
    if not expanded:
        return TextDiff(old.text, live, *names)
    before = str(store.expand(f"{prompt.path}@{old.number}", strict=False))
    return TextDiff(before, str(store.expand_as(prompt.path, live, strict=False)), *names)


def _actions(store: Store, prompt: Prompt, version: Version) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.popover("Restore", disabled=version.number == prompt.version):
            st.markdown(
                f"Version {version.number} becomes the newest again, as version {prompt.version + 1}. "
                "Nothing is lost: all versions stay, and what stands in the editor is merged."
            )
            if st.button(f"Restore version {version.number}", key=f"restore-{prompt.uid}", type="primary"):
                restored = store.restore(prompt.path, version.number)
                state.flash(f"Version {version.number} of {restored.path} is back, as version {restored.version}.")
                st.rerun()
        with st.popover("Label"):
            set_label(store, prompt, version.number, key="history-label")
