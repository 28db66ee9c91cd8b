"""Searching words, and guessing names: no input is an error."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from prompt_kernel.completions import ranked
from prompt_kernel.records import Hit, Suggestion
from prompt_kernel.spans import Span
from prompt_kernel.store import _index, _read, _rows
from prompt_kernel.store._engine import Database

_MOST_CHARACTERS = 1_000
_MOST_WORDS = 64
#: Marks around a match in a snippet: nobody can know them in advance and write them into a text.
_OPEN, _CLOSE = (f"{mark}{secrets.token_hex(8)}" for mark in "\x02\x03")

#: Stands around what was cut out of a long text, whose matches are marked here.
_CUT = f"\x04{secrets.token_hex(8)}"

_NEWEST = (
    "SELECT p.path, p.head, p.description, p.tags, '' AS snippet FROM prompt p WHERE p.deleted_at IS NULL"
    " AND p.key >= :first AND p.key < :last"
    " AND (:tag = '' OR EXISTS (SELECT 1 FROM json_each(p.tags) t WHERE t.value = :tag))"
    " ORDER BY p.updated_at DESC, p.id DESC LIMIT :limit"
)


def words_of(query: str) -> list[str]:
    """Return the words of a query, each one once, the last one last."""
    cleaned = _rows.bindable(query[:_MOST_CHARACTERS].replace("\0", " "))
    found = [word for word in cleaned.split()[:_MOST_WORDS] if any(map(str.isalnum, word))]
    return list(dict.fromkeys(reversed(found)))[::-1]


def match_expression(words: Sequence[str]) -> str:
    """Return an FTS5 expression that finds all of `words`, the last one also as a beginning; "" where there are none.

    Each word is quoted, so that nothing in it is an operator (https://sqlite.org/fts5.html#fts5_strings).
    """
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    return " ".join(quoted) + "*" if quoted else ""


def search(database: Database, words: str, tag: str | None, directory: str | None, limit: int) -> list[Hit]:
    """Return the prompts that hold all of `words`, the best first; for no words, the newest."""
    found = words_of(words)
    expression = match_expression(found)
    if words.strip() and not expression:
        return []
    values: dict[str, object] = {"words": expression, "open": _OPEN, "close": _CLOSE, "cut": _CUT}
    values |= {"limit": _rows.at_most(limit), "word": found[0].lower() if found else ""}
    values |= {"tag": _rows.bindable(tag or ""), **_read.bounds_of(directory or "")}
    if not expression:
        return [_hit(row, found) for row in database.rows(_NEWEST, values)]
    rows = _index.of(database).find(database, values, inside=bool(tag or directory))
    return [_hit(row, found) for row in rows]


def _hit(row: tuple[Any, ...], words: Sequence[str]) -> Hit:
    path, head, description, tags, snippet = row
    if snippet.startswith(_CUT):
        snippet = _marked(snippet[len(_CUT) : -len(_CUT)], words)
    plain, *marked = snippet.split(_OPEN)
    marks: list[Span] = []
    for run in marked:
        match, _, after = run.partition(_CLOSE)
        marks.append(Span(len(plain), len(plain) + len(match)))
        plain += match + after
    return Hit(path, head, description, () if tags == "[]" else _rows.tags_from_json(tags), plain, tuple(marks))


def _marked(cut: str, words: Sequence[str]) -> str:
    longest_first = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return "…" + re.sub(rf"(?<!\w)(?:{longest_first})", rf"{_OPEN}\g<0>{_CLOSE}", cut, flags=re.IGNORECASE) + "…"


def suggest(database: Database, beginning: str, directory: str, limit: int) -> list[Suggestion]:
    """Return prompts that `beginning` may be the beginning of, the likeliest first; see `completions.ranked`."""
    with database.reading() as connection:
        return _suggestions(connection, ranked(database.rows, beginning, directory, limit))


def _suggestions(connection: Connection, found: Mapping[str, str]) -> list[Suggestion]:
    display = _read.display_names(connection, found)
    return [Suggestion(path, display[path], description) for path, description in found.items()]
