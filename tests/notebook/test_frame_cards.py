"""The cards of what a frame gives: a measure, bad rows, and the parts of a measure."""

import re
from typing import Any

import pytest

from prompt_kernel.display import Rows
from prompt_kernel.measures import Measure, RowProblem, Share, Spread
from prompt_kernel.notebook import plain
from prompt_kernel.notebook.cards import html

SPREAD = Spread(10, 20, 1_234, 5_678)
PLAIN = Measure("review@3", 3, 0, "words", is_exact=True, characters=SPREAD, tokens=SPREAD)


def lines(card: str) -> list[str]:
    """What a reader sees, an element a line."""
    text = re.sub(r"<style>.*?</style>", "", card, flags=re.DOTALL)
    return [
        line
        for line in re.sub(r"</(?:p|tr)>", "\n", text).replace("</td>", " | ").replace("</th>", " | ").split("\n")
        if line
    ]


def seen(card: str) -> list[str]:
    return [re.sub(r"<[^>]+>", "", line).strip(" |") for line in lines(card) if re.sub(r"<[^>]+>", "", line)]


def test_a_measure_says_how_large_the_rows_are() -> None:
    assert seen(PLAIN._repr_html_()) == [
        "review@3 · 3 rows · 5,678 tokens",
        "a row has | half at most | 95 of 100 at most | most | all rows",
        "tokens | 10 | 20 | 1,234 | 5,678",
        "characters | 10 | 20 | 1,234 | 5,678",
        "The same at the start of every row: 0 characters, 0 tokens.",
        "Tokens by words.",
    ]


def test_a_measure_shows_what_was_asked_for_and_what_makes_it_large() -> None:
    measure = Measure(
        "review@3", 1_000, 1, "estimate", is_exact=False, characters=SPREAD, tokens=SPREAD,
        variables=(Share("code", SPREAD, Spread(1, 2, 3, 4), constant=False),),
        pieces=(Share("<b>tone</b>@1", SPREAD, Spread(5, 5, 5, 15), constant=True),),
        prefix_characters=40, prefix_tokens=1, limit=100, over_limit=2, price=2.5, cost=0.0125,
    )  # fmt: skip

    assert seen(html(measure)) == [
        "review@3 · 1,000 rows · ≈ 5,678 tokens · ≈ 0.0125 at 2.5 for a million tokens",
        "1 row cannot be filled: check_frame tells why.",
        "a row has | half at most | 95 of 100 at most | most | all rows",
        "≈ tokens | 10 | 20 | 1,234 | 5,678",
        "characters | 10 | 20 | 1,234 | 5,678",
        "2 rows of more than 100 tokens.",
        "The same at the start of every row: 40 characters, ≈ 1 token.",
        "part | in every row | ≈ tokens, half | 95 of 100 | most | all rows | characters, all rows",
        "&lt;b&gt;tone&lt;/b&gt;@1 | the same | 5 | 5 | 5 | 15 | 5,678",
        "code |  | 1 | 2 | 3 | 4 | 5,678",
        "Tokens by estimate.",
    ]
    assert plain.text(measure) == str(measure)


def test_many_parts_are_cut_and_counted() -> None:
    shares = tuple(Share(f"v{number}", SPREAD, SPREAD, constant=False) for number in range(250))
    card = html(Measure("p", 1, 0, "t", is_exact=True, characters=SPREAD, tokens=SPREAD, variables=shares))
    assert "… and 50 more parts" in card


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        (Rows([RowProblem(7, "n is null."), RowProblem("x", "no.")], title="Bad rows"),
         "Bad rows\nrow  problem\n7    n is null.\nx    no."),
        (Rows([Share("code", SPREAD, Spread(1, 2, 3, 4), constant=False)]),
         ("part  tokens, half at most  95 of 100 at most  most  all rows\n"
         "code  1                     2                  3     4")),
    ],
    ids=["problems", "shares"],
)  # fmt: skip
def test_lists_are_tables(rows: Rows[Any], table: str) -> None:
    assert plain.text(rows) == table
    cells = re.split(" {2,}", table.rpartition("\n")[2])
    assert seen(html(rows))[-1] == " | ".join(cells)
