"""How large the texts of a frame are, and what makes them so."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel import Store, frames
from prompt_kernel.errors import MissingColumnError, TokenizerError
from prompt_kernel.expansion import Expander, SourceText, Texts
from prompt_kernel.frames import _measuring
from prompt_kernel.measures import Measure, Share, Spread
from prompt_kernel.variables import declare

FRAMES: list[Callable[[Any], Any]] = [
    pd.DataFrame,
    pl.DataFrame,
    pa.table,
    lambda columns: pd.DataFrame(columns).to_dict("records"),
]


def words(text: str) -> list[str]:
    return text.split()


def same(size: int, rows: int) -> Spread:
    return Spread(size, size, size, size * rows)


@pytest.fixture
def store(store: Store) -> Store:
    store.save("tone", "Speak in a {{ tone }} voice. ", variables={"tone": "plain"})
    store.save(
        "ask", "[[tone]]Answer {{ question }} in {{ n }} words: {{ question }}", variables={"n": {"type": "integer"}}
    )
    return store


@pytest.mark.parametrize("kind", FRAMES, ids=["pandas", "polars", "arrow", "rows"])
def test_a_measure_says_all_there_is_to_a_frame(store: Store, kind: Callable[[Any], Any]) -> None:
    questions = ["a b", "c", "d e f", "g"]
    frame = kind({"question": questions, "n": ["1", "2", "3", "many"]})
    texts = [store.expand("ask", question=question, n=n) for question, n in zip(questions[:3], (1, 2, 3), strict=True)]
    tokens, sizes = sorted(len(words(text)) for text in texts), sorted(map(len, texts))

    found = store.measure("ask", frame, tokenizer=words, limit=tokens[1], price=2.0)

    assert found == Measure(
        prompt="ask@1",
        rows=4,
        bad_rows=1,
        tokenizer="words",
        is_exact=True,
        characters=Spread(sizes[1], sizes[2], sizes[2], sum(sizes)),
        tokens=Spread(tokens[1], tokens[2], tokens[2], sum(tokens)),
        variables=(
            Share("tone", same(5, 3), same(1, 3), constant=True),
            Share("question", Spread(6, 10, 10, 18), Spread(4, 6, 6, 12), constant=False),
            Share("n", same(1, 3), same(1, 3), constant=False),
        ),
        pieces=(
            Share("tone@1", same(len("Speak in a  voice. "), 3), same(4, 3), constant=True),
            Share("ask@1", same(len("Answer  in  words: "), 3), same(3, 3), constant=True),
        ),
        prefix_characters=len("Speak in a plain voice. Answer "),
        prefix_tokens=6,
        limit=tokens[1],
        over_limit=1,
        price=2.0,
        cost=sum(tokens) * 2.0 / 1_000_000,
    )


def test_without_a_tokenizer_it_is_an_estimate_that_says_so(store: Store) -> None:
    found = store.measure("ask", [{"question": "why", "n": 1}], tone="warm")
    text = store.expand("ask", question="why", n=1, tone="warm")
    assert (found.is_exact, found.tokenizer, found.tokens) == (
        False,
        "estimate (bytes / 4)",
        same(-(-len(text) // 4), 1),
    )
    assert (found.limit, found.over_limit, found.price, found.cost) == (None, 0, None, None)


def test_much_text_is_counted_by_its_parts_each_of_them_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_measuring, "MOST_WHOLE", 100)
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return len(words(text))

    rows = [{"question": "same question", "n": 7}] * 5 + [{"question": "other", "n": 7}]
    found = store.measure("ask", rows, tokenizer=count)

    exact = [len(words(store.expand("ask", row))) for row in rows]
    assert found.is_exact is False
    assert found.tokens == Spread(exact[0], exact[0], exact[0], sum(exact))
    assert len(counted) == len(set(counted)) + counted.count(counted[-1]) - 1
    assert max(map(len, counted)) < 40


@given(
    st.lists(st.fixed_dictionaries({"a": st.none() | st.text("ab ", max_size=5), "b": st.integers(0, 999)}), max_size=6)
)
def test_the_parts_come_to_the_whole(rows: list[dict[str, Any]]) -> None:
    texts = {
        "p": SourceText("p", "[[q]]-{{ a }}-[[q(b='bound')]]{{ d }}\\{{ e }}", variables=declare({"d": "dd"})),
        "q": "<{{ b }}>",
    }
    found = frames.measure(Expander(Texts(texts)).compile("p"), rows, tokenizer=len)

    good = [Expander(Texts(texts)).expand("p", row) for row in rows if row["a"] is not None]
    assert found.bad_rows == len(rows) - len(good)
    assert found.characters == found.tokens
    assert found.characters.total == sum(map(len, good))
    assert sum(share.characters.total for share in (*found.variables, *found.pieces)) == found.characters.total


def test_templates_are_measured_by_running_them(store: Store) -> None:
    store.save("fixed", "The same for all. ")
    store.save("loop", "[[fixed]]{% for i in range(n) %}{{ word }} {% endfor %}[[ask]]", engine="jinja")
    rows = [{"n": n, "word": "w", "question": "q"} for n in (0, 1, 5)]
    found = store.measure("loop", rows, tokenizer=words)

    texts = [store.expand("loop", row) for row in rows]
    assert found.characters == Spread(*sorted(map(len, texts))[1:], max(map(len, texts)), sum(map(len, texts)))
    assert found.tokens.total == sum(len(words(text)) for text in texts)
    pieces = {share.name: (share.characters.total, share.constant) for share in found.pieces}
    assert pieces["fixed@1"] == (3 * len("The same for all. "), True)
    assert pieces["loop@1"] == (2 * 6, False)
    assert found.prefix_characters == len("The same for all. ")
    assert {share.name: share.characters.total for share in found.variables} == {"tone": 15, "question": 6, "n": 3}


def test_no_rows_and_bad_rows_alone_have_a_measure_too(store: Store) -> None:
    for rows in ([], [{"question": None, "n": 1}]):
        found = store.measure("ask", pd.DataFrame(rows, columns=["question", "n"]), tokenizer=words)
        assert (found.rows, found.bad_rows, found.tokens, found.characters) == (
            len(rows),
            len(rows),
            Spread(),
            Spread(),
        )
    with pytest.raises(MissingColumnError):
        store.measure("ask", pd.DataFrame({"question": []}))


def test_a_prompt_that_no_column_fills_is_the_same_in_every_row(store: Store) -> None:
    found = store.measure("tone", [{"x": 1}, {"x": 2}], tokenizer=words)
    assert (found.characters, found.tokens) == (same(len("Speak in a plain voice. "), 2), same(5, 2))
    assert (found.prefix_characters, found.prefix_tokens) == (len("Speak in a plain voice. "), 5)


@pytest.mark.parametrize(
    ("rows", "prefix"), [(["abc", "abd"], "ab"), (["abc", "ab"], "ab"), (["ab", "abc", "x"], ""), (["a"], "a")]
)
def test_of_a_template_the_prefix_is_what_all_texts_begin_with(store: Store, rows: list[str], prefix: str) -> None:
    store.save("any", "{{ x }}", engine="jinja")
    assert store.measure("any", [{"x": row} for row in rows]).prefix_characters == len(prefix)


def test_a_free_text_is_called_a_text(store: Store) -> None:
    found = frames.measure(store.compile_text("[[tone]]{{ x }}"), [{"x": 1}], tokenizer=words)
    assert (found.prompt, [share.name for share in found.pieces]) == ("text", ["tone@1"])


def test_a_tokenizer_that_cannot_count_is_an_error_before_anything_is_filled(store: Store) -> None:
    with pytest.raises(TokenizerError, match="no encode"):
        store.measure("ask", [], tokenizer=5)


def test_a_measure_reads_as_some_lines(store: Store) -> None:
    rows = [{"question": "a", "n": 1}, {"question": None, "n": 1}]
    assert str(store.measure("ask", rows, limit=5, price=3)) == (
        "ask@1: 2 rows, 1 of them bad\n"
        "tokens      p50 12, p95 12, most 12, all about 12 by estimate (bytes / 4)\n"
        "characters  p50 46, p95 46, most 46, all 46\n"
        "the same in every row: the first 31 characters, about 8 tokens\n"
        "over the limit of 5 tokens: 1\n"
        "cost about 3.6e-05 at 3 for a million tokens of input"
    )
