"""Searching words, and guessing names: no input is an error."""

import re
import secrets
from typing import Any

from sqlalchemy import Connection, text

from prompt_kernel.completions import ranked
from prompt_kernel.language import Span
from prompt_kernel.records import Hit, Suggestion
from prompt_kernel.store import _read, _rows

_MOST_CHARACTERS = 1_000
_MOST_WORDS = 64
#: Marks around a match in a snippet: nobody can know them in advance and write them into a text.
_OPEN, _CLOSE = (f"{mark}{secrets.token_hex(8)}" for mark in "\x02\x03")
_MARKS = re.compile(f"{_OPEN}|{_CLOSE}")

#: The weights put a match in the path before one in the description, the tags and the text.
_RANKED = """
    SELECT p.path, p.head, p.description, p.tags, snippet(search, -1, :open, :close, '…', 16) AS snippet
    FROM search JOIN prompt p ON p.id = search.rowid
    WHERE search MATCH :words AND rank MATCH 'bm25(8.0, 4.0, 4.0, 1.0)'"""
_SEARCH = text(_RANKED + " ORDER BY rank LIMIT :limit")
_SEARCH_IN = text(
    _RANKED + " AND p.key >= :first AND p.key < :last"  # noqa: S608 - constants
    " AND (:tag = '' OR EXISTS (SELECT 1 FROM json_each(p.tags) t WHERE t.value = :tag)) ORDER BY rank LIMIT :limit"
)
_NEWEST = text(
    "SELECT p.path, p.head, p.description, p.tags, '' AS snippet FROM prompt p WHERE p.deleted_at IS NULL"
    " AND p.key >= :first AND p.key < :last"
    " AND (:tag = '' OR EXISTS (SELECT 1 FROM json_each(p.tags) t WHERE t.value = :tag))"
    " ORDER BY p.updated_at DESC, p.id DESC LIMIT :limit"
)


def match_expression(words: str) -> str:
    """Return an FTS5 expression that finds all of `words`, the last one also as a beginning; "" where there are none.

    Each word is quoted, so that nothing in it is an operator (https://sqlite.org/fts5.html#fts5_strings).
    """
    cleaned = _rows.bindable(words[:_MOST_CHARACTERS].replace("\0", " "))
    found = [word for word in cleaned.split()[:_MOST_WORDS] if any(map(str.isalnum, word))]
    quoted = ['"' + word.replace('"', '""') + '"' for word in found]
    return " ".join(quoted) + "*" if quoted else ""


def search(connection: Connection, words: str, tag: str | None, directory: str | None, limit: int) -> list[Hit]:
    """Return the prompts that hold all of `words`, the best first; for no words, the newest."""
    expression = match_expression(words)
    if words.strip() and not expression:
        return []
    values: dict[str, Any] = {"limit": limit, "tag": _rows.bindable(tag or ""), **_read.bounds_of(directory or "")}
    if not expression:
        return [_hit(row) for row in connection.execute(_NEWEST, values)]
    values |= {"words": expression, "open": _OPEN, "close": _CLOSE}
    if not tag and not directory:
        values = {name: values[name] for name in ("limit", "words", "open", "close")}
        return [_hit(row) for row in connection.execute(_SEARCH, values)]
    return [_hit(row) for row in connection.execute(_SEARCH_IN, values)]


def _hit(row: Any) -> Hit:
    plain: list[str] = []
    marks: list[Span] = []
    length = 0
    for number, run in enumerate(_MARKS.split(row.snippet)):
        if number % 2:
            marks.append(Span(length, length + len(run)))
        plain.append(run)
        length += len(run)
    return Hit(row.path, row.head, row.description, _rows.tags_from_json(row.tags), "".join(plain), tuple(marks))


def suggest(connection: Connection, raw: Any, beginning: str, directory: str, limit: int) -> list[Suggestion]:
    """Return prompts that `beginning` may be the beginning of, the likeliest first; see `completions.ranked`."""
    found = ranked(raw, beginning, directory, limit)
    display = _read.display_names(connection, found)
    return [Suggestion(path, display[path], description) for path, description in found.items()]
