"""The cards of a lock: what was written into it, and how the store differs from it."""

from typing import Final

from prompt_kernel.notebook._diffs import diff_body
from prompt_kernel.notebook._html import Html, cut, details, join, tag
from prompt_kernel.notebook._parts import MOST_IN_CELL, MOST_ROWS, head, line, more, names
from prompt_kernel.records import Drift, Frozen

_MOST_IN_LINE: Final = 1_000


def frozen_card(value: Frozen) -> Html:
    """Return the card of what was written into a lock; first what whoever relies on it has to know."""
    title, *_ = str(value).split("\n")
    return join([
        head(cut(title, _MOST_IN_LINE)),
        *(line(tag("strong", "note", class_="pk-warning"), f": {cut(note, _MOST_IN_LINE)}") for note in value.notes),
        names("new", value.added),
        names("changed", value.changed),
        names("as before", value.unchanged),
        names("kept as they were", value.kept),
        names("dropped", value.dropped),
        line("The store has moved on since this was used:") if value.drift else None,
        *map(drift_card, value.drift[:MOST_ROWS]),
        more(len(value.drift) - MOST_ROWS, "difference"),
    ])  # fmt: skip


def drift_card(value: Drift) -> Html:
    """Return the card of one difference between a store and a lock."""
    what = line(
        tag("strong", f"{cut(value.path, MOST_IN_CELL)}@{value.version}"),
        f" {value.kind}: {cut(value.message, _MOST_IN_LINE)}",
        tag("span", f" · in {cut(', '.join(value.names), MOST_IN_CELL)}", class_="pk-soft"),
    )
    return join([what, details("The difference", *diff_body(value.diff)) if value.diff else None])
