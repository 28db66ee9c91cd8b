"""What is said of a prompt: description and tags, the engine and the variables, and the labels of its versions."""

import hashlib
import json
from typing import Final

import pyarrow as pa
import streamlit as st

from prompt_kernel import Prompt, Store
from prompt_kernel.language import ENGINES
from prompt_kernel.names import is_label
from prompt_kernel.variables import TYPES, as_data
from prompt_kernel_dashboard import form, panes, state
from prompt_kernel_dashboard.panes.parts import follow
from prompt_kernel_dashboard.widgets import literal

_ENGINES: Final = {
    "simple": "simple: inclusions and {{ variables }}",
    "plain": "plain: inclusions alone, braces are text",
    "jinja": "jinja: inclusions, and a template of Jinja",
}

#: The columns have types of their own, so that a table without rows can be edited.
_ROW: Final = pa.schema(
    [
        ("name", pa.string()),
        ("type", pa.string()),
        ("default", pa.string()),
        ("description", pa.string()),
        ("values", pa.list_(pa.string())),
        ("required", pa.bool_()),
    ]
)


@st.fragment
def show(path: str) -> None:
    """Draw the pane for the prompt at `path`."""
    panes.frame("metadata", lambda: _draw(path))


def _draw(path: str) -> None:
    store = state.store()
    prompt = store.get(path)
    st.caption(literal(f"{prompt.path}, version {prompt.version}, {len(prompt.text):,} characters"))
    _description(store, prompt)
    _variables(store, prompt)
    _labels(store, prompt)


def _description(store: Store, prompt: Prompt) -> None:
    described, tagged = f"description-{prompt.uid}", f"tags-{prompt.uid}"
    follow(described, prompt.description)
    follow(tagged, list(prompt.tags))
    known = sorted({*store.tags(), *prompt.tags, *st.session_state[tagged]})
    description = st.text_area("Description", key=described, height="content", placeholder="What it is for")
    tags = st.multiselect(
        "Tags", known, key=tagged, accept_new_options=True, placeholder="Choose tags, or type a new one"
    )
    is_changed = description != prompt.description or tuple(tags) != prompt.tags
    if st.button("Save description and tags", disabled=not is_changed):
        with state.telling():
            store.describe(prompt.path, description=description, tags=tags)
            state.flash(f"The description and tags of {prompt.path} are saved.")
            st.rerun()


def _variables(store: Store, prompt: Prompt) -> None:
    chosen = f"engine-{prompt.uid}"
    follow(chosen, prompt.engine)
    engine = st.selectbox("Engine", ENGINES, key=chosen, format_func=lambda name: _ENGINES.get(name, name))
    st.markdown("Variables", help="What the form asks for. A row without a default needs a value, if it is required.")
    edited = st.data_editor(
        pa.Table.from_pylist(form.rows_of(prompt.variables), schema=_ROW),
        num_rows="dynamic",
        key=f"declared-{prompt.uid}-{_fingerprint(prompt)}",
        column_config={
            "name": st.column_config.TextColumn("Name", required=True),
            "type": st.column_config.SelectboxColumn("Type", options=TYPES, default="string"),
            "default": st.column_config.TextColumn("Default"),
            "description": st.column_config.TextColumn("Description"),
            "values": st.column_config.ListColumn("Values", help="The choices of an enum."),
            "required": st.column_config.CheckboxColumn("Required", default=True),
        },
    )
    with state.telling():
        variables = form.variables_of(edited.to_pylist(), prompt.variables)
        is_changed = engine != prompt.engine or variables != as_data(prompt.variables)
        hint = "It makes a new version, with the text as it was saved last."
        if st.button("Save engine and variables", disabled=not is_changed, help=hint):
            store.save(
                prompt.path,
                prompt.text,
                engine=engine,
                variables=variables,
                expected=prompt.version,
                message="engine and variables",
            )
            state.flash(f"The engine and variables of {prompt.path} are saved.")
            st.rerun()


def _fingerprint(prompt: Prompt) -> str:
    """Return what is another one when the declarations are: a table begins anew then, and not before."""
    content = json.dumps(as_data(prompt.variables), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _labels(store: Store, prompt: Prompt) -> None:
    st.markdown("Labels", help="A label is a name for a version that can be moved to another: `[[path@label]]`.")
    for name, number in prompt.labels.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(literal(f"{name} → version {number}"))
            if st.button("Remove", key=f"unlabel-{prompt.uid}-{name}", type="tertiary"):
                with state.telling():
                    store.unlabel(prompt.path, name)
                    st.rerun()
    if not prompt.labels:
        st.caption("No version has a label.")
    set_label(store, prompt, prompt.version)


def set_label(store: Store, prompt: Prompt, version: int, *, key: str = "label") -> None:
    """Ask for a label, and set it on a version, by default on `version`."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input("Label", placeholder="stable", key=f"{key}-name-{prompt.uid}", live=True)
        number = st.number_input("of version", 1, prompt.version, version, key=f"{key}-at-{prompt.uid}-{version}")
        name = (typed or "").strip()
        is_sent = st.button("Set label", disabled=not is_label(name), key=f"{key}-set-{prompt.uid}")
    if name and not is_label(name):
        st.warning(literal(f"{name!r} cannot be a label: a letter or _, then letters, digits, _, - and dots."))
    if is_sent:
        with state.telling():
            store.label(prompt.path, name, version=number)
            state.flash(f"{name} means version {number} of {prompt.path} now.")
            st.rerun()
