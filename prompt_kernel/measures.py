"""What a store hands out of frames: which rows are bad, and how large the texts are. Plain values."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from prompt_kernel.display import Shown


class RowProblem(NamedTuple):
    """A row that a prompt cannot be filled with, and why: a sentence for each variable that is wrong.

    `index` is what the frame calls the row: its label in pandas, elsewhere its number from 0.
    """

    index: Any
    reason: str

    def __str__(self) -> str:
        return f"row {self.index}: {self.reason}"


class Spread(NamedTuple):
    """How a size is spread over rows: half are at most `p50`, 95 of 100 at most `p95`, all at most `most`."""

    p50: int = 0
    p95: int = 0
    most: int = 0
    total: int = 0


class Share(NamedTuple):
    """What one part adds to each row's text: the texts of a prompt of its own, or the values of a variable.

    `name` is `path@version` of a prompt, "text" for a free text, or the variable's. A part is `constant` where it is
    the same in every row.
    """

    name: str
    characters: Spread
    tokens: Spread
    constant: bool


@dataclass(frozen=True, slots=True)
class Measure(Shown):
    """How large the texts are that a prompt makes of rows, counted over the rows that are not bad.

    `tokenizer` is what has counted; `is_exact` is False where it guesses, or where parts were counted and added up.
    `variables` and `pieces` are the parts: what was given, and what stands in the prompts themselves. The first
    `prefix_characters` are the same in every row, which is what a provider's cache can keep. `over_limit` rows have
    more than `limit` tokens. `cost` is that of all `tokens` as input, at `price` for a million.
    """

    prompt: str
    rows: int
    bad_rows: int
    tokenizer: str
    is_exact: bool
    characters: Spread
    tokens: Spread
    variables: tuple[Share, ...] = ()
    pieces: tuple[Share, ...] = ()
    prefix_characters: int = 0
    prefix_tokens: int = 0
    limit: int | None = None
    over_limit: int = 0
    price: float | None = None
    cost: float | None = None

    def __str__(self) -> str:
        return "\n".join([f"{self.prompt}: {self._rows}", *self._lines()])

    @property
    def _rows(self) -> str:
        bad = f", {self.bad_rows:,} of them bad" if self.bad_rows else ""
        return f"{self.rows:,} row{'' if self.rows == 1 else 's'}{bad}"

    def _lines(self) -> list[str]:
        about = "" if self.is_exact else "about "
        tokens = f"{_told(self.tokens)}, all {about}{self.tokens.total:,} by {self.tokenizer}"
        prefix = f"the first {self.prefix_characters:,} characters, {about}{self.prefix_tokens:,} tokens"
        lines = [
            f"tokens      {tokens}",
            f"characters  {_told(self.characters)}, all {self.characters.total:,}",
            f"the same in every row: {prefix}",
        ]
        if self.limit is not None:
            lines.append(f"over the limit of {self.limit:,} tokens: {self.over_limit:,}")
        if self.cost is not None:
            lines.append(f"cost {about}{self.cost:,.4g} at {self.price:,.4g} for a million tokens of input")
        return lines


def _told(spread: Spread) -> str:
    return f"p50 {spread.p50:,}, p95 {spread.p95:,}, most {spread.most:,}"


__all__ = ["Measure", "RowProblem", "Share", "Spread"]
