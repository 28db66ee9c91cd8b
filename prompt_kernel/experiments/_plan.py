"""What a run of an experiment would do, before it does it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from prompt_kernel.display import Rows, Shown
from prompt_kernel.experiments._grid import Cell
from prompt_kernel.experiments._models import EndpointModel, Model
from prompt_kernel.tokens import Tokenizer

_MILLION = 1_000_000


class PlannedModel(NamedTuple):
    """What one model would be asked: `cost` is that of the tokens in, None where no price is known."""

    model: str
    calls: int
    tokens_in: int
    cost: float | None


class Problem(NamedTuple):
    """A row that a prompt cannot be expanded with, and why."""

    prompt: str
    row: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan(Shown):
    """What a run would do.

    Of the `cells` of the grid `known` have an answer already, `calls` are to be paid, `shared` ask for what another
    cell asks for, and `bad` cannot be asked. `tokens_in` counts what would be sent, by `tokenizer`; what comes back,
    nobody knows before. `cost` is of the tokens in, and None where no model has a price.
    """

    experiment: str
    cells: int
    known: int
    calls: int
    shared: int
    bad: int
    tokens_in: int
    tokenizer: str
    cost: float | None
    models: Rows[PlannedModel]
    problems: Rows[Problem]

    def __str__(self) -> str:
        counts = f"{self.known:,} known, {self.calls:,} to pay, {self.shared:,} shared, {self.bad:,} cannot be asked"
        lines = [
            f"{self.experiment}: {self.cells:,} cells. {counts}.",
            f"{self.tokens_in:,} tokens in by {self.tokenizer}{_priced(self.cost)}.",
            *(
                f"  {one.model}: {one.calls:,} calls, {one.tokens_in:,} tokens in{_priced(one.cost)}"
                for one in self.models
            ),
            *(f"  {one.prompt}, row {one.row}: {one.reason}" for one in self.problems[:3]),
        ]
        return "\n".join(lines)


def _priced(cost: float | None) -> str:
    return "" if cost is None else f", which cost {cost:.4g}"


def planned(
    name: str,
    groups: Mapping[str, Sequence[Cell]],
    look: Callable[[Sequence[str]], Iterable[str]],
    models: Sequence[Model],
    tokenizer: Tokenizer,
) -> Plan:
    """Return what is to be done for the cells of each call; `look` tells which calls are known."""
    calls = [call for call in groups if call]
    known = set(look(calls))
    to_pay = [groups[call][0] for call in calls if call not in known]
    rows = [_of_model(model, [cell for cell in to_pay if cell.model is model], tokenizer) for model in models]
    costs = [row.cost for row in rows if row.cost is not None]
    bad = groups.get("", ())
    return Plan(
        name,
        sum(map(len, groups.values())),
        sum(len(groups[call]) for call in known),
        len(to_pay),
        sum(len(groups[call]) - 1 for call in calls if call not in known),
        len(bad),
        sum(row.tokens_in for row in rows),
        tokenizer.name,
        sum(costs) if costs else None,
        Rows(rows, title="Models"),
        Rows(dict.fromkeys(_problem(cell) for cell in bad), title="Rows that cannot be asked", empty="None."),
    )


def _of_model(model: Model, cells: Sequence[Cell], tokenizer: Tokenizer) -> PlannedModel:
    tokens = sum(tokenizer.count(str(cell.case.variant.expand(cell.case.row))) for cell in cells)
    price = model.endpoint.price if isinstance(model, EndpointModel) else None
    return PlannedModel(model.name, len(cells), tokens, None if price is None else tokens * price[0] / _MILLION)


def _problem(cell: Cell) -> Problem:
    return Problem(cell.case.variant.name, cell.case.row.name, cell.case.error)
