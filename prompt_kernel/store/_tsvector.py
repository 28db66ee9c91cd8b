"""The search index in PostgreSQL: a `tsvector` of each prompt, of the same words that SQLite finds it by.

PostgreSQL finds and ranks by words. What it does not know as SQLite does, which words stand beside each other and what
to show of a text, SQLite is asked for the few that were found, in memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, text

from prompt_kernel.expansion import hash_of
from prompt_kernel.store import _rows
from prompt_kernel.store._engine import Database
from prompt_kernel.store._fts import SNIPPET
from prompt_kernel.store._words import MOST_CHARACTERS, TOKENIZER, query_of, vector_of, words_in

#: Bytes of words: a `tsvector` has a megabyte for all of them.
_ROOM: Final = {"path": 20_000, "said": 280_000, "text": 680_000}
_SAID: Final = "CAST(:path_words AS tsvector) || CAST(:said_words AS tsvector)"
_PUT: Final = text(
    "INSERT INTO search (prompt_id, words) VALUES (:id, " + _SAID + " || CAST(:text_words AS tsvector))"  # noqa: S608 - constants
    " ON CONFLICT (prompt_id) DO UPDATE SET words = excluded.words"
)
_RETITLE: Final = text(
    "UPDATE search SET words = ts_filter(words, '{b,d}') || CAST(:path_words AS tsvector) WHERE prompt_id = :id"
)
_REWRITE: Final = text(
    "UPDATE search SET words = ts_filter(words, '{a,b}') || CAST(:text_words AS tsvector) WHERE prompt_id = :id"
)
_DELETE: Final = text("DELETE FROM search WHERE prompt_id = :id")
_MISSING: Final = text(
    "SELECT path FROM prompt p WHERE deleted_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM search s WHERE s.prompt_id = p.id)"
)
_INDEXED: Final = (
    "SELECT p.id, p.path, p.description, p.tags, v.text, v.sha256, tsvector_to_array(s.words) FROM prompt p"
    " JOIN version v ON v.prompt_id = p.id AND v.number = p.head JOIN search s ON s.prompt_id = p.id"
    " WHERE p.id > :after ORDER BY p.id LIMIT 100"
)

#: Weights from the text over the description and the tags to the path, divided by how much there is. The words first,
#: because PostgreSQL has no idea how few prompts have them.
_FOUND: Final = (
    "WITH found AS MATERIALIZED (SELECT prompt_id, ts_rank('{0.125, 0.125, 0.5, 1.0}', words, CAST(:any AS tsquery), 1)"
    " AS rank FROM search WHERE words @@ CAST(:all AS tsquery))"
    " SELECT p.id FROM found JOIN prompt p ON p.id = found.prompt_id WHERE p.key >= :first AND p.key < :last"
    " AND (:tag = '' OR EXISTS (SELECT 1 FROM json_each(p.tags) t WHERE t.value = :tag))"
    " ORDER BY found.rank DESC, p.key LIMIT :limit"
)
_CONTENT: Final = (
    "SELECT p.path, p.head, p.description, p.tags, v.text FROM json_each(:ids) wanted"
    " JOIN prompt p ON p.id = CAST(wanted.value AS BIGINT) JOIN version v ON v.prompt_id = p.id AND v.number = p.head"
    " ORDER BY wanted.key"
)
_SHORT_CONTENT: Final = (
    "SELECT p.path, p.head, p.description, p.tags,"
    " CASE WHEN p.characters + length(p.description) + length(p.tags) <= 8000 THEN v.text END,"
    " CASE WHEN p.characters + length(p.description) + length(p.tags) > 8000 THEN"
    " substr(v.text, greatest(strpos(lower(v.text), :word) - 60, 1), 140) END FROM json_each(:ids) wanted"
    " JOIN prompt p ON p.id = CAST(wanted.value AS BIGINT) JOIN version v ON v.prompt_id = p.id AND v.number = p.head"
    " ORDER BY wanted.key"
)

_BENCH: Final = "CREATE VIRTUAL TABLE search USING fts5 (path, description, tags, text, tokenize = '" + TOKENIZER + "')"
_LAY: Final = "INSERT INTO search (rowid, path, description, tags, text) VALUES (?, ?, ?, ?, ?)"
_MATCHING: Final = "SELECT rowid FROM search WHERE search MATCH :words"
_SNIPPETS: Final = "SELECT rowid, " + SNIPPET + " FROM search WHERE search MATCH :words"  # noqa: S608 - constants
#: So many texts are looked at together.
_BATCH: Final = 100


class VectorIndex:
    """The words of all prompts that are not in the trash."""

    def add(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take in new prompts: `id`, `path`, `description`, `words` (of the tags) and `text` of each."""
        connection.execute(_PUT, [_vectors(row) for row in rows])

    def put(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Keep all of a prompt anew."""
        connection.execute(_PUT, _vectors(row))

    def retitle(self, connection: Connection, prompt_id: int, path: str) -> None:
        """Keep another path of a prompt."""
        connection.execute(_RETITLE, {"id": prompt_id, "path_words": vector_of(path, "A", _ROOM["path"])})

    def rewrite(self, connection: Connection, prompt_id: int, content: str) -> None:
        """Keep another text of a prompt."""
        connection.execute(_REWRITE, {"id": prompt_id, "text_words": vector_of(content, "", _ROOM["text"])})

    def remove(self, connection: Connection, prompt_id: int) -> None:
        """Forget a prompt."""
        connection.execute(_DELETE, {"id": prompt_id})

    def optimize(self, connection: Connection) -> None:
        """Do nothing: what was deleted goes with `Database.vacuum`."""

    def missing(self, connection: Connection) -> list[str]:
        """Return the prompts that the index lacks."""
        return [row[0] for row in connection.execute(_MISSING)]

    def flaws(self, database: Database) -> list[str]:
        """Return which prompts cannot be found by their words."""
        flaws: list[str] = []
        after = 0
        while rows := database.rows(_INDEXED, {"after": after}):
            after = rows[-1][0]
            flaws += [f"the search index has other words of {row[1]}" for row in rows if not _is_indexed(*row[1:])]
        return flaws

    def find(self, database: Database, values: Mapping[str, object], *, inside: bool) -> Sequence[tuple[Any, ...]]:  # noqa: ARG002 - SQLite's needs it
        """Return path, head, description, tags and snippet of what matches the expression `words`, the best first."""
        parts = [words_in(word) for word in _phrases(str(values["words"]))]
        words = [word for part in parts for word in part]
        if not words:
            return []
        wanted = {**values, "all": query_of(words, operator=" & "), "any": query_of(words, operator=" | ")}
        # A word that is several, such as a-b, means these beside each other.
        if any(len(part) != 1 or len(part[0]) == MOST_CHARACTERS for part in parts):
            ids = list(islice(_verified(database, wanted), int(str(values["limit"]))))
        else:
            ids = [row[0] for row in database.rows(_FOUND, wanted)]
        return _shown(database, ids, values)


def _phrases(expression: str) -> list[str]:
    """Return the quoted words of an expression of FTS5."""
    return [part for part in expression.removesuffix("*").strip('"').split('" "') if part]


def _vectors(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "path_words": vector_of(row["path"], "A", _ROOM["path"]),
        "said_words": vector_of(f"{row['description']} {row['words']}", "B", _ROOM["said"]),
        "text_words": vector_of(row["text"], "", _ROOM["text"]),
    }


def _is_indexed(path: str, description: str, tags: str, content: str, sha256: str, found: list[str]) -> bool:
    if hash_of(content) != sha256:
        return True  # the text is what is wrong
    words = {*words_in(path), *words_in(f"{description} {_rows.tag_words(tags)}"), *words_in(content)}
    # Not every word of a very long text has room.
    is_long = len(content) + len(description) > _ROOM["said"] // 4
    return set(found) == words or (is_long and set(found) <= words)


def _verified(database: Database, values: Mapping[str, object]) -> Iterator[int]:
    """Give the prompts that match the whole expression, in the order of their rank."""
    every = [row[0] for row in database.rows(_FOUND, {**values, "limit": None})]
    for at in range(0, len(every), _BATCH):
        ids = every[at : at + _BATCH]
        rows = database.rows(_CONTENT, {"ids": _rows.to_json(ids)})
        with closing(_bench((row[0], *row[2:]) for row in rows)) as bench:
            matching = {row[0] for row in bench.execute(_MATCHING, {"words": values["words"]})}
        yield from (prompt_id for number, prompt_id in enumerate(ids) if number in matching)


def _bench(rows: Iterable[tuple[str, str, str, str]]) -> sqlite3.Connection:
    """Return a search index in memory of rows (path, description, tags, text), which are numbered from 0."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(_BENCH)
    laid = [(number, row[0], row[1], _rows.tag_words(row[2]), row[3]) for number, row in enumerate(rows)]
    connection.execute("BEGIN")
    connection.executemany(_LAY, laid)
    connection.execute("COMMIT")
    return connection


def _shown(database: Database, ids: Sequence[int], values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Return what is to be shown of prompts, in their order: short texts as SQLite shows them, of long ones a piece."""
    found = database.rows(_SHORT_CONTENT, {"ids": _rows.to_json(ids), "word": values["word"]})
    with closing(_bench((row[0], row[2], row[3], row[4] or "") for row in found)) as bench:
        snippets = dict(bench.execute(_SNIPPETS, {name: values[name] for name in ("words", "open", "close")}))
    cut = str(values["cut"])
    return [
        (*row[:4], cut + row[5] + cut if row[4] is None else snippets.get(number, ""))
        for number, row in enumerate(found)
    ]
