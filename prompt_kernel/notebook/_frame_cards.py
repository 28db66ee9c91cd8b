"""The card of a measure: how large the texts of a frame are, and what makes them so."""

from collections.abc import Sequence

from prompt_kernel.measures import Measure, Share, Spread
from prompt_kernel.notebook._html import Html, cut, join, table
from prompt_kernel.notebook._parts import MOST_IN_CELL, MOST_ROWS, counted, head, line, more


def measure_card(value: Measure) -> Html:
    """Return the card of a measure."""
    about = "" if value.is_exact else "≈ "
    bad = line(f"{counted(value.bad_rows, 'row')} cannot be filled: check_frame tells why.") if value.bad_rows else None
    prefix = f"{counted(value.prefix_characters, 'character')}, {about}{counted(value.prefix_tokens, 'token')}"
    return join([
        head(value.prompt, counted(value.rows, "row"), f"{about}{counted(value.tokens.total, 'token')}", _cost(value)),
        bad,
        table(
            ("a row has", "half at most", "95 of 100 at most", "most", "all rows"),
            [
                _spread(f"{about}tokens", value.tokens),
                _spread("characters", value.characters),
            ],
        ),
        _over(value),
        line(f"The same at the start of every row: {prefix}."),
        _shares(about, (*value.pieces, *value.variables)),
        line(f"Tokens by {cut(value.tokenizer, MOST_IN_CELL)}.", soft=True),
    ])  # fmt: skip


def _cost(value: Measure) -> str:
    about = "" if value.is_exact else "≈ "
    return "" if value.cost is None else f"{about}{value.cost:,.4g} at {value.price:,.4g} for a million tokens"


def _over(value: Measure) -> Html | None:
    if value.limit is None:
        return None
    return line(f"{counted(value.over_limit, 'row')} of more than {counted(value.limit, 'token')}.")


def _spread(name: str, spread: Spread) -> list[str]:
    return [name, *(f"{size:,}" for size in spread)]


def _shares(about: str, shares: Sequence[Share]) -> Html | None:
    if not shares:
        return None
    heads = (
        "part", "in every row", f"{about}tokens, half", "95 of 100", "most", "all rows", "characters, all rows",
    )  # fmt: skip
    rows = (
        [
            cut(share.name, MOST_IN_CELL),
            "the same" if share.constant else "",
            *(f"{size:,}" for size in share.tokens),
            f"{share.characters.total:,}",
        ]
        for share in shares[:MOST_ROWS]
    )
    return join([table(heads, rows), more(len(shares) - MOST_ROWS, "part")])
