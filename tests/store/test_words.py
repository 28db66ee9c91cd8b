"""The words of a text: the same as those that SQLite's search finds it by."""

import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.store._words import MOST_CHARACTERS, TOKENIZER, vector_of, words_in

storable = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def words_of_sqlite(text: str) -> list[str]:
    """Return the words of a text in their order, as FTS5 keeps them."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE VIRTUAL TABLE found USING fts5 (text, tokenize = '{TOKENIZER}')")
        connection.execute("CREATE VIRTUAL TABLE words USING fts5vocab (found, instance)")
        connection.execute("INSERT INTO found (text) VALUES (?)", (text,))
        return [row[0] for row in connection.execute("SELECT term FROM words ORDER BY offset")]


@pytest.mark.parametrize(
    "text",
    ["", "a_b-c", "Le CAFÉ, cafe\u0301; naïve Ångström", "\u0301x y\u0301", "日本語 テスト", "½ ² ﬁ ß İ \u017f K",
     "🙂a🙂b",
     "\ue000private", "don't", "x\u200dy", "ΑΒΓ σς", "Ǆǅ", "\u1e9e", "٣ 3", "a\u0345b\u034fc"],
)  # fmt: skip
def test_words_are_taken_as_sqlite_takes_them(text: str) -> None:
    assert words_in(text) == words_of_sqlite(text)


@settings(max_examples=300, deadline=None)
@given(storable)
def test_whatever_is_written_has_the_words_that_sqlite_finds(text: str) -> None:
    assert words_in(text) == words_of_sqlite(text)


def test_a_word_is_no_longer_than_postgres_takes_it() -> None:
    assert words_in("a" * 9000 + " b") == ["a" * MOST_CHARACTERS, "b"]


def test_a_vector_counts_each_word_up_to_four_times_and_ends_where_there_is_no_room() -> None:
    assert vector_of("b a b b b B b", "A", 1000) == "'b':1A,2A,3A,4A 'a':1A"
    assert vector_of("one two three", "", 20) == "'one':1 'two':1"
    assert Counter(vector_of("x " * 10, "B", 6).split()) == Counter()
