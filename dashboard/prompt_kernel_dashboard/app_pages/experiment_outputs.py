"""The outputs of two columns of an experiment's grid, side by side, with what differs marked."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import streamlit as st

from prompt_kernel import Results
from prompt_kernel.runs import Run
from prompt_kernel_dashboard import state
from prompt_kernel_dashboard.app_pages.experiment_runs import detail, shortened
from prompt_kernel_dashboard.diffs import Line, words
from prompt_kernel_dashboard.diffs import markdown as drawn
from prompt_kernel_dashboard.widgets import count_of, literal

PAGE: Final = 10
_TRACED: Final = "pk_traced"
_MOST_DRAWN: Final = 5_000


class Column(NamedTuple):
    """A prompt under a model: one column of the grid."""

    prompt: str
    model: str

    def __str__(self) -> str:
        return f"{self.prompt} · {self.model}"


class Pair(NamedTuple):
    """What two columns gave for one row and repeat."""

    row: str
    repeat: int
    left: Run
    right: Run

    @property
    def differs(self) -> bool:
        """Whether the two outcomes are not the same."""
        return (self.left.output, self.left.error) != (self.right.output, self.right.error)


def columns_of(runs: Sequence[Run]) -> list[Column]:
    """Return the columns of the grid, in the order in which they come."""
    return list(dict.fromkeys(Column(run.prompt, run.model) for run in runs))


def pairs_of(runs: Sequence[Run], left: Column, right: Column) -> list[Pair]:
    """Return the rows that both columns have, in the order of the left one."""
    found: Mapping[tuple[str, int], Run] = {
        (run.row, run.repeat): run for run in runs if Column(run.prompt, run.model) == right
    }
    return [
        Pair(run.row, run.repeat, run, found[run.row, run.repeat])
        for run in runs
        if Column(run.prompt, run.model) == left and (run.row, run.repeat) in found
    ]


def show(results: Results) -> None:
    """Draw the choice of two columns, and their outputs by row."""
    columns = columns_of(results.runs)
    if len(columns) < 2:  # noqa: PLR2004 - a pair
        st.info("There is one prompt under one model, and nothing to compare it with. Its outputs are under Runs.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        left = st.selectbox("Left", columns, key="outputs-left")
        right = st.selectbox("Right", columns, index=1, key="outputs-right")
        only = st.toggle("Only what differs", key="outputs-differ")
    pairs = pairs_of(results.runs, left, right)
    same = sum(not pair.differs for pair in pairs)
    st.caption(f"{count_of(len(pairs), 'row')} with both; {same:,} the same.")
    pairs = [pair for pair in pairs if pair.differs or not only]
    pages = max(1, -(-len(pairs) // PAGE))
    page = int(st.number_input("Page", 1, pages, 1, key="outputs-page", width=160)) if pages > 1 else 1
    for pair in pairs[(page - 1) * PAGE : page * PAGE]:
        _pair(results, pair)


def _pair(results: Results, pair: Pair) -> None:
    with st.container(border=True):
        repeat = f", repeat {pair.repeat}" if pair.repeat > 1 else ""
        inputs = "; ".join(f"{name}: {shortened(str(value))}" for name, value in pair.left.inputs.items())
        st.caption(f"**Row {literal(pair.row)}{repeat}** {literal(inputs)}")
        for place, run, other in zip(st.columns(2), (pair.left, pair.right), (pair.right, pair.left), strict=True):
            with place:
                _output(run, other, "-" if run is pair.left else "+")
                st.button("What made this?", key=f"trace-{run.id}", type="tertiary", on_click=_trace, args=(run.id,))
        traced = state.memory().get(_TRACED)
        chosen = next((run for run in (pair.left, pair.right) if run.id == traced), None)
        if chosen:
            detail(results, chosen)


def _trace(number: int) -> None:
    memory = state.memory()
    memory[_TRACED] = None if memory.get(_TRACED) == number else number


def _output(run: Run, other: Run, sign: str) -> None:
    if run.error:
        st.error(literal(run.error))
        return
    text, beside = run.output or "", other.output or ""
    if max(len(text), len(beside)) > _MOST_DRAWN:
        st.code(text[:_MOST_DRAWN], language=None, wrap_lines=True)
    else:
        st.markdown(drawn(compared(text, beside, sign)) or ":gray[Nothing came back.]")
    scores = ", ".join(f"{name} {score.value:g}" for name, score in run.scores.items() if score.value is not None)
    st.caption(literal(scores))


def compared(text: str, beside: str, sign: str) -> list[Line]:
    """Return the lines of `text`, with the words marked that the same line of `beside` does not have."""
    others = beside.splitlines()
    found = []
    for number, line in enumerate(text.splitlines()):
        other = others[number] if number < len(others) else ""
        runs = words(line, other)[0] if line != other else words(line, line)[0]
        found.append(Line(sign if line != other else " ", runs))
    return found
