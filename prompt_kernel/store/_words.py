"""The words of a text, exactly as SQLite's search takes them, for an engine that has to be told.

SQLite is asked what it makes of each character that is met for the first time: a gap between words, nothing at all, or
a letter without its case and accent. All else is Python's `translate` and `split`.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import Final

TOKENIZER: Final = "unicode61 remove_diacritics 2"
_PROBE: Final = "CREATE VIRTUAL TABLE probe USING fts5 (text, tokenize = '" + TOKENIZER + "')"
_VOCABULARY: Final = "CREATE VIRTUAL TABLE words USING fts5vocab (probe, instance)"
_INSERT: Final = "INSERT INTO probe (rowid, text) VALUES (?, ?)"
_ASK: Final = "SELECT doc, term FROM words ORDER BY doc, offset"
_GAP: Final = " "
#: Characters by their number, with what becomes of them.
_folded: Final[dict[int, str]] = {
    code: chr(code).lower() if chr(code).isalnum() else _GAP for code in range(128)
}  # fmt: skip
_POSITIONS: Final = ("1?", "1?,2?", "1?,2?,3?", "1?,2?,3?,4?")
#: Characters; PostgreSQL takes words of 2,046 bytes at most.
MOST_CHARACTERS: Final = 500


def words_in(text: str) -> list[str]:
    """Return the words of a text in their order; overlong ones are cut."""
    if not text.isascii():
        _learn(text)
    return [word[:MOST_CHARACTERS] for word in text.translate(_folded).split()]


def _learn(text: str) -> None:
    unknown = [character for character in set(text) if ord(character) not in _folded]
    if not unknown:
        return
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(_PROBE)
        connection.execute(_VOCABULARY)
        # Between two letters, because an accent alone would be no word.
        connection.executemany(_INSERT, [(ord(character), f"a{character}a") for character in unknown])
        found: dict[int, str] = {}
        for code, word in connection.execute(_ASK):
            found[code] = _GAP if code in found else word[1:-1]
    _folded.update(found)


def vector_of(text: str, weight: str, most_bytes: int) -> str:
    """Return the words of a text as PostgreSQL reads a `tsvector`, as many as have room in `most_bytes`.

    The positions only count how often a word occurs, up to four times: that decides its rank. Where the words of a
    phrase stand is looked at in the text itself.
    """
    room = most_bytes
    parts: list[str] = []
    for word, times in Counter(words_in(text)).items():
        count = min(times, len(_POSITIONS))
        room -= len(word.encode()) + 2 * count + 4
        if room < 0:
            break
        parts.append(f"'{word}':" + _POSITIONS[count - 1].replace("?", weight))
    return " ".join(parts)


def query_of(words: Iterable[str], *, operator: str) -> str:
    """Return words as PostgreSQL reads a `tsquery`, the last of them also as a beginning."""
    quoted = [f"'{word}'" for word in words]
    return operator.join(quoted) + ":*" if quoted else ""
