"""What can be done with an experiment: export its runs, rename it, remove it."""

from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st

from prompt_kernel import Results
from prompt_kernel.runs import ExperimentSummary
from prompt_kernel_dashboard import state
from prompt_kernel_dashboard.widgets import count_of, literal

#: The query of an address that leads to one experiment.
QUERY: Final = "experiment"
#: The formats of an export: what it is called, the ending of the file, and its media type.
_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    "CSV": (".csv", "text/csv"),
    "Parquet": (".parquet", "application/vnd.apache.parquet"),
    "JSON lines": (".jsonl", "application/x-ndjson"),
}


def show(one: ExperimentSummary, results: Results) -> None:
    """Draw the dialog that is open, if it is one of these."""
    asked = state.asked()
    if asked and asked.dialog in _DIALOGS:
        _DIALOGS[asked.dialog](one, results)


@st.dialog("Export the runs", on_dismiss=state.answered)
def _export(one: ExperimentSummary, results: Results) -> None:
    st.markdown(f"{count_of(len(results.runs), 'run')} of **{literal(one.name)}**, one a line, with inputs and scores.")
    kind = st.segmented_control("Format", list(_FORMATS), default="CSV", required=True, key="export-format") or "CSV"
    ending, media = _FORMATS[kind]
    with state.telling():
        st.download_button(
            "Download",
            data=lambda: results.to_bytes(ending),
            file_name=f"{one.name}{ending}",
            mime=media,
            type="primary",
            icon=":material/download:",
            on_click="ignore",
        )


@st.dialog("Rename the experiment", on_dismiss=state.answered)
def _rename(one: ExperimentSummary, _results: Results) -> None:
    name = st.text_input("Name", value=one.name, key="experiment-name", live=True) or ""
    st.caption("A notebook that runs it under its old name begins a new experiment.")
    if st.button("Rename it", type="primary", disabled=not name.strip() or name == one.name, key="rename-now"):
        with state.telling():
            state.store().experiments.rename(one.name, name.strip())
            state.answered()
            st.query_params[QUERY] = name.strip()
            st.rerun()


@st.dialog("Remove the experiment", on_dismiss=state.answered)
def _remove(one: ExperimentSummary, _results: Results) -> None:
    st.markdown(f"**{literal(one.name)}** with all its runs is removed from the store. Its prompts stay.")
    if st.button("Remove it", type="primary", key="remove-now"):
        with state.telling():
            removed = state.store().experiments.remove(one.name)
            state.answered()
            state.flash(f"{one.name} is gone, with {count_of(removed, 'run')}.", icon=":material/delete_forever:")
            st.query_params.pop(QUERY, None)
            st.rerun()


_DIALOGS: Final[Mapping[str, Callable[[ExperimentSummary, Results], None]]] = {
    "export runs": _export,
    "rename experiment": _rename,
    "remove experiment": _remove,
}
