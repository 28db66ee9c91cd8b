"""Experiments: what was tried on which data, how well it did, and what made each answer."""

from datetime import datetime
from typing import Any, Final

import streamlit as st

from prompt_kernel import Results, Store
from prompt_kernel.experiments.results import Cell
from prompt_kernel.runs import ExperimentSummary
from prompt_kernel_dashboard import state
from prompt_kernel_dashboard.app_pages import experiment_dialogs, experiment_outputs, experiment_runs
from prompt_kernel_dashboard.app_pages.experiment_dialogs import QUERY
from prompt_kernel_dashboard.panes.parts import now
from prompt_kernel_dashboard.panes.sentences import exact
from prompt_kernel_dashboard.widgets import ago, count_of, literal

_AT_ONCE: Final = 50
_SHOWN: Final = "pk_experiments_shown"
_VIEW: Final = "pk_experiment_view"
_SCORE: Final = "pk_experiment_score"
_PARTS: Final = ("Scores", "Outputs side by side", "Runs")

_FIRST: Final = """\
import prompt_kernel as pk

experiment = pk.Experiment(
    "tone", prompts=["review@1", "review@2"], inputs=[{"code": "x = 1"}], models={"echo": str.upper}
)
experiment.run()
"""


def show() -> None:
    """Draw the page."""
    store = state.store()
    with state.telling():
        known = store.experiments.list()
        name = _chosen(known)
        if not known:
            _empty()
        elif name:
            _one(store, next(one for one in known if one.name == name))
        else:
            _all(known)


def _chosen(known: list[ExperimentSummary]) -> str:
    """Return the experiment that the address asks for, "" for the list of all."""
    names = {one.name for one in known}
    asked = st.query_params.get(QUERY, "")
    if asked and asked not in names:
        state.problem(f"There is no experiment {asked}: it was removed or renamed. These are all that there are.")
        del st.query_params[QUERY]
        return ""
    return asked


def _empty() -> None:
    st.subheader("Experiments", anchor=False)
    st.info("No experiment has been run yet. An experiment tries prompts on data: run one in a notebook, as in")
    st.code(_FIRST, language="python")


def _all(known: list[ExperimentSummary]) -> None:
    st.subheader("Experiments", anchor=False)
    st.caption(f"{count_of(len(known), 'experiment')}, the latest first.")
    at, most = now(), int(state.memory().setdefault(_SHOWN, _AT_ONCE))
    for one in known[:most]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            key = f"experiment-{one.name}"
            st.button(literal(one.name), key=key, type="tertiary", on_click=_open, args=(one.name,))
            st.caption(literal(sentence(one, at)), width="stretch", help=literal(exact(one.updated_at, at)))
            if one.errors:
                st.badge(count_of(one.errors, "error"), color="red")
    if len(known) > most and st.button("Show more"):
        state.memory()[_SHOWN] = most + _AT_ONCE
        st.rerun()


def _open(name: str) -> None:
    st.query_params[QUERY] = name


def sentence(one: ExperimentSummary, at: datetime) -> str:
    """Return what an experiment is, in a line."""
    size = f"{count_of(len(one.prompts), 'prompt')}, {count_of(len(one.models), 'model')}, {count_of(one.runs, 'run')}"
    return f"{size}; {one.author}, {ago(one.updated_at, at)}. {one.description}".strip()


def _one(store: Store, one: ExperimentSummary) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All experiments", icon=":material/arrow_back:", type="tertiary", on_click=_close)
        st.subheader(literal(one.name), anchor=False)
        st.space("stretch")
        st.button("Export", icon=":material/download:", on_click=state.ask, args=("export runs",))
        st.button("Rename", on_click=state.ask, args=("rename experiment",))
        st.button("Remove", on_click=state.ask, args=("remove experiment",))
    results = state.remembered(f"experiments.{one.name}", lambda: Results(store, one.name))
    st.caption(literal(sentence(one, now())))
    _numbers(one, results)
    part = st.segmented_control(
        "Show", _PARTS, default=_PARTS[0], required=True, key=_VIEW, label_visibility="collapsed"
    )
    if part == _PARTS[1]:
        experiment_outputs.show(results)
    elif part == _PARTS[2]:
        experiment_runs.show(results)
    else:
        _scores(results)
    experiment_dialogs.show(one, results)


def _close() -> None:
    st.query_params.pop(QUERY, None)


def _numbers(one: ExperimentSummary, results: Results) -> None:
    with st.container(horizontal=True):
        st.metric("Runs", f"{one.runs:,}", width="content")
        st.metric("Errors", f"{one.errors:,}", width="content")
        tokens = [run.tokens_in + (run.tokens_out or 0) for run in results.runs if run.tokens_in is not None]
        if tokens:
            st.metric("Tokens", f"{sum(tokens):,}", width="content")
        if one.cost is not None:
            st.metric("Cost, all rounds", f"{one.cost:,.4g}", width="content")
        st.metric("Round", f"{one.round:,}", width="content", help="How often the experiment was run.")


def _scores(results: Results) -> None:
    names = results.scores
    if not names:
        st.info('Nothing was scored. Give it scorers, such as pk.scorers.exact("label"), and run it again.')
        _table(results, None)
        return
    score = names[0]
    if len(names) > 1:
        score = st.segmented_control("Score", names, default=names[0], required=True, key=_SCORE) or names[0]
    cells = results.summary(score)
    if any(cell.mean is not None for cell in cells):
        from prompt_kernel_dashboard import charts  # noqa: PLC0415 - importing altair takes seconds

        st.altair_chart(charts.scores(cells, score), width="stretch")
    _table(results, score)
    failed = [run for run in results.runs if score in run.scores and run.scores[score].error]
    if failed:
        st.warning(
            f"{count_of(len(failed), 'answer')} could not be scored, as in row {literal(failed[0].row)}:"
            f" {literal(failed[0].scores[score].error)}"
        )


def _table(results: Results, score: str | None) -> None:
    columns = {name: st.column_config.NumberColumn(format="%.3f") for name in ("Mean", "Low", "High", "Seconds")}
    rows = [row_of(cell) for cell in results.summary(score)]
    st.dataframe(rows, hide_index=True, key=f"summary-{score}", column_config=columns)
    if score is not None:
        st.caption("Low to high holds the true mean 19 times out of 20: a bootstrap over the rows of the data.")


def row_of(cell: Cell) -> dict[str, Any]:
    """Return what the table says of a prompt under a model."""
    return {
        "Prompt": cell.prompt,
        "Model": cell.model,
        "Mean": cell.mean,
        "Low": cell.low,
        "High": cell.high,
        "Runs": cell.runs,
        "Errors": cell.errors,
        "Seconds": cell.seconds,
        "Cost": cell.cost,
    }
