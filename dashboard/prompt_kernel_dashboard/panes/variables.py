"""The preview, and the form of variables that fills it: one fragment, so that a value redraws the preview alone."""

from typing import Final

import streamlit as st

from prompt_kernel import Prompt, Store
from prompt_kernel.variables import Declaration
from prompt_kernel_dashboard import components, form, panes, state
from prompt_kernel_dashboard.panes.parts import follow_link, live_text
from prompt_kernel_dashboard.widgets import literal

_VALUES: Final = "pk_values"


@st.fragment
def show(path: str) -> None:
    """Draw both panes for the prompt at `path`."""
    store = state.store()
    with state.telling():
        prompt = store.get(path)
        # The values are read before the preview is drawn, which stands above the form that they come from.
        preview = st.container()
        declared = declarations(store, prompt, live_text(store, prompt))
        fields = form.fields(declared)
        panes.frame("variables", lambda: _form(prompt, fields))
        structured = bool(_raw(prompt).get(""))
        given = form.given(fields, _raw(prompt), structured=structured)
        with preview:
            panes.frame("preview", lambda: _preview(prompt, given.values))


def declarations(store: Store, prompt: Prompt, live: str) -> dict[str, Declaration]:
    """Return the variables of a prompt, and after them those that its live text has come to use."""
    known = store.declarations(prompt.path)
    if live == prompt.text:
        return known
    new = store.declarations_in(live, directory=prompt.directory)
    return {**known, **{name: declaration for name, declaration in new.items() if name not in known}}


def _raw(prompt: Prompt) -> dict[str, object]:
    """Return what stands in the fields of a prompt; it is kept for the session, also while another page is open."""
    found: dict[str, object] = state.memory().setdefault(_VALUES, {}).setdefault(prompt.uid, {})
    return found


def _preview(prompt: Prompt, values: dict[str, object]) -> None:
    follow_link(components.preview(prompt, form.portable(values), key=f"preview-{prompt.uid}"))


def _form(prompt: Prompt, fields: list[form.Field]) -> None:
    if not fields:
        st.caption("It has no variables. Write `{{ name }}` in the text to make one.")
    raw = _raw(prompt)
    for field in fields:
        raw[field.name] = _widget(field, f"value-{prompt.uid}-{field.name}", raw.get(field.name))
    if prompt.engine == "jinja" and fields:
        raw[""] = st.toggle(
            "Read lists and objects as JSON", bool(raw.get("")), help='`["a", "b"]` is then a list to go through.'
        )
    problems = form.given(fields, raw, structured=bool(raw.get(""))).problems
    for sentence in problems.values():
        st.warning(literal(sentence))
    with st.container(horizontal=True):
        if any(content not in (None, "") for name, content in raw.items() if name):
            st.button("Empty all", on_click=_clear, args=(prompt, fields))
        # A click draws this anew, which is all that it takes.
        hint = "Take in the variables that the text has come to use."
        st.button("Look again", icon=":material/refresh:", type="tertiary", help=hint)


def _clear(prompt: Prompt, fields: list[form.Field]) -> None:
    state.memory()[_VALUES][prompt.uid] = {}
    for field in fields:
        st.session_state.pop(f"value-{prompt.uid}-{field.name}", None)


def _widget(field: form.Field, key: str, kept: object) -> object:
    """Ask for one value; None or "" is no value."""
    label, hint = literal(field.name), literal(field.help) or None
    value: object
    if field.kind in ("choice", "switch"):
        st.session_state.setdefault(key, kept if kept in field.choices else None)
        value = st.selectbox(label, field.choices, key=key, help=hint, placeholder=field.placeholder)
    elif field.kind == "whole":
        st.session_state.setdefault(key, kept)
        value = st.number_input(label, value=None, step=1, key=key, help=hint, placeholder=field.placeholder)
    elif field.kind == "number":
        # As a text, because a number field of Streamlit rounds what it shows.
        st.session_state.setdefault(key, kept or "")
        value = st.text_input(label, key=key, help=hint, placeholder=field.placeholder)
    else:
        st.session_state.setdefault(key, kept or "")
        value = st.text_area(label, key=key, help=hint, placeholder=field.placeholder, height="content")
    return value
