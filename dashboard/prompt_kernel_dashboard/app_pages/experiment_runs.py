"""The runs of an experiment: filtered, listed, and one of them down to the text and its pieces."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import streamlit as st

from prompt_kernel import Results
from prompt_kernel.runs import Run
from prompt_kernel_dashboard import state
from prompt_kernel_dashboard.panes import origins
from prompt_kernel_dashboard.widgets import count_of, literal

PAGE: Final = 100
_TABLE: Final = "pk_runs"
_LONGEST: Final = 200


class Filter(NamedTuple):
    """Which runs are shown; None and "" are any."""

    prompt: str | None = None
    model: str | None = None
    kind: str = "all"
    words: str = ""


KINDS: Final = ("all", "answers", "errors")


def show(results: Results) -> None:
    """Draw the filters, the table, and the run that is chosen in it."""
    wanted = filters(results, "runs")
    found = fitting(results.runs, wanted)
    if not found:
        st.info("No run fits. Take a filter away.")
        return
    st.caption(f"{count_of(len(found), 'run')}. Select one to see what made it.")
    page = _page(len(found), wanted)
    shown = found[page * PAGE : (page + 1) * PAGE]
    event = st.dataframe(
        [row_of(run) for run in shown],
        hide_index=True,
        key=f"{_TABLE}-{page}",
        on_select="rerun",
        selection_mode="single-row",
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(shown):
        detail(results, shown[rows[0]])


def _page(count: int, wanted: Filter) -> int:
    pages = -(-count // PAGE)
    if pages <= 1:
        return 0
    number = st.number_input("Page", 1, pages, 1, key=f"runs-page-{hash(wanted)}", width=160)
    return int(number) - 1


def filters(results: Results, key: str) -> Filter:
    """Draw the filters, and return what is asked for."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        prompt = st.selectbox("Prompt", results.prompts, index=None, placeholder="any", key=f"{key}-prompt")
        model = st.selectbox("Model", results.models, index=None, placeholder="any", key=f"{key}-model")
        kind = st.selectbox("Outcome", KINDS, key=f"{key}-kind")
        words = st.text_input("Holds", key=f"{key}-words", live=True, placeholder="in inputs, output or error")
    return Filter(prompt, model, kind, (words or "").strip())


def fitting(runs: Sequence[Run], wanted: Filter) -> list[Run]:
    """Return the runs that fit a filter."""
    return [run for run in runs if _fits(run, wanted)]


def _fits(run: Run, wanted: Filter) -> bool:
    if wanted.prompt not in (None, run.prompt) or wanted.model not in (None, run.model):
        return False
    if wanted.kind != "all" and bool(run.error) != (wanted.kind == "errors"):
        return False
    words = wanted.words.casefold()
    texts = (run.output or "", run.error, run.row, *map(str, run.inputs.values()))
    return not words or any(words in text.casefold() for text in texts)


def row_of(run: Run) -> dict[str, Any]:
    """Return what the table says of a run."""
    return {
        "Row": run.row,
        "Prompt": run.prompt,
        "Model": run.model,
        "Repeat": run.repeat,
        "Output": shortened(run.error or run.output or ""),
        **{name: score.value for name, score in run.scores.items()},
        "Seconds": run.seconds,
        "Cost": run.cost,
    }


def shortened(text: str) -> str:
    """Return as much of a text as fits a cell."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def detail(results: Results, run: Run) -> None:
    """Draw one run: its inputs, the exact text that was sent with its pieces, the answer and the scores."""
    st.markdown(f"##### Row {literal(run.row)}, {literal(run.prompt)}, {literal(run.model)}, repeat {run.repeat}")
    if run.error:
        st.error(literal(run.error))
    left, right = st.columns(2)
    with left, st.container(key="run-text"):
        st.caption("What was sent, each piece in the colour of the prompt that it came from")
        with state.telling():
            origins.show(results.expansion(run))
    with right, st.container(key="run-output"):
        st.caption("What came back")
        st.code(run.output or "", language=None, wrap_lines=True)
        for name, score in run.scores.items():
            value = "no score" if score.value is None else f"{score.value:g}"
            why = literal(" ".join(filter(None, [score.detail, score.error])))
            st.markdown(f"**{literal(name)}** {value} :gray[{why}]" if why else f"**{literal(name)}** {value}")
    with st.expander("Inputs and parameters"):
        st.json({"inputs": dict(run.inputs), "variables": dict(run.variables), "parameters": dict(run.parameters)})
    st.caption(f"Text sha256 {run.text_sha256[:16]}…, manifest {run.manifest[:16]}…, round {run.round}")
