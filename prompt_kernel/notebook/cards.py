"""Cards: how values look in a notebook.

A card is HTML without a script, and says all that it has to say with its styles stripped, too: that is how a notebook
from elsewhere shows. It stays small however large its value is, and tells what it left out.
"""

from functools import singledispatch
from typing import Final

from prompt_kernel.display import Rows
from prompt_kernel.errors import ConflictError
from prompt_kernel.expansion import Diagnostic, Expansion, Manifest
from prompt_kernel.measures import Measure
from prompt_kernel.notebook import _expansion_card, _frame_cards, _lock_cards, _record_cards
from prompt_kernel.notebook._columns import is_of_experiments
from prompt_kernel.notebook._html import STYLE, Html, join, preformatted, tag
from prompt_kernel.notebook._parts import hidden, shown
from prompt_kernel.notebook._saved import Saved
from prompt_kernel.records import (
    Directory,
    Drift,
    ExportReport,
    Finding,
    Frozen,
    Impact,
    ImportReport,
    Prompt,
    Summary,
    SyncReport,
    TextDiff,
    Version,
)


def html(value: object) -> str:
    """Return the card of `value`: an expansion, a record of the store, rows of them, a difference or a conflict."""
    return str(join([STYLE, tag("div", _body(value), class_=_CARD)]))


#: The last two keep MathJax out, of which every notebook has one: two dollar signs in a text are no formula.
_CARD: Final = "pk-card tex2jax_ignore mathjax_ignore"


@singledispatch
def _body(value: object) -> Html:
    if is_of_experiments(value):
        from prompt_kernel.notebook._experiment_cards import CARDS  # noqa: PLC0415 - most notebooks have no experiments

        if draw := CARDS.get(type(value)):
            return draw(value)
    text = str(value)
    return join([preformatted(shown(text)), hidden(text)])


_body.register(Expansion, _expansion_card.expansion_card)
_body.register(Manifest, _expansion_card.manifest_card)
_body.register(Diagnostic, _expansion_card.diagnostic_card)
_body.register(Prompt, _record_cards.prompt_card)
_body.register(Saved, _record_cards.saved_card)
_body.register(Version, _record_cards.version_card)
_body.register(Rows, _record_cards.rows_card)
_body.register(Directory, _record_cards.directory_card)
_body.register(TextDiff, _record_cards.diff_card)
_body.register(Impact, _record_cards.impact_card)
_body.register(Finding, _record_cards.finding_card)
_body.register(Summary, _record_cards.summary_card)
_body.register(ImportReport, _record_cards.import_card)
_body.register(ExportReport, _record_cards.export_card)
_body.register(SyncReport, _record_cards.sync_card)
_body.register(Measure, _frame_cards.measure_card)
_body.register(Frozen, _lock_cards.frozen_card)
_body.register(Drift, _lock_cards.drift_card)
_body.register(ConflictError, _record_cards.conflict_card)

__all__ = ["html"]
