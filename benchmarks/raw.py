"""The store's work done by hand with `sqlite3`: a held connection, one statement where one is enough, no objects.

The statements give the same columns as the store does, under the same pragmas and in the same journal mode. They check
nothing: no name is resolved but an exact path, no hash compared, no input looked at.
"""

import hashlib
import sqlite3
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from worlds import TOKEN

from prompt_kernel.names import key_of, name_of
from prompt_kernel.records import Draft

_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
)
_PROMPT = """
    SELECT p.id, p.uid, p.path, p.description, p.tags, p.enabled, p.head, v.number, v.text, v.sha256, v.engine,
        v.variables, v.author, v.origin, v.message, v.created_at,
        (SELECT json_group_object(l.name, l.number) FROM label l WHERE l.prompt_id = p.id),
        (SELECT count(*) FROM prompt q WHERE q.name_key = p.name_key AND q.deleted_at IS NULL)
    FROM prompt p JOIN version v ON v.prompt_id = p.id AND v.number = p.head
    WHERE p.key = ? AND p.deleted_at IS NULL"""
_PROMPT_ONLY = """
    SELECT p.id, p.uid, p.path, p.description, p.tags, p.enabled, p.head, v.number, v.text, v.sha256, v.engine,
        v.variables, v.author, v.origin, v.message, v.created_at
    FROM prompt p JOIN version v ON v.prompt_id = p.id AND v.number = p.head
    WHERE p.key = ? AND p.deleted_at IS NULL"""
_CLOSURE = """
    WITH RECURSIVE closure(id) AS (
        SELECT id FROM prompt WHERE key = ? AND deleted_at IS NULL
        UNION SELECT r.target_id FROM closure CROSS JOIN reference r ON r.prompt_id = closure.id)
    SELECT p.id, p.path, p.uid, v.number, v.text, v.engine, v.variables, v.sha256 FROM closure
    JOIN prompt p ON p.id = closure.id JOIN version v ON v.prompt_id = p.id AND v.number = p.head"""
_PAGE = """
    SELECT path, head, description, tags, updated_at, author, characters, enabled FROM prompt
    WHERE deleted_at IS NULL AND key > ? ORDER BY key LIMIT ?"""
_SEARCH = """
    SELECT p.path, p.head, p.description, p.tags, snippet(search, -1, char(2), char(3), '…', 16)
    FROM search JOIN prompt p ON p.id = search.rowid
    WHERE search MATCH ? AND rank MATCH 'bm25(8.0, 4.0, 4.0, 1.0)' ORDER BY rank LIMIT ?"""
_HEAD = "SELECT id, path, description, tags, head FROM prompt WHERE key = ? AND deleted_at IS NULL"
_OLD_REFERENCES = "SELECT spelled, pin, line FROM reference WHERE prompt_id = ?"
_DELETE_REFERENCES = "DELETE FROM reference WHERE prompt_id = ?"
_INSERT_REFERENCE = """
    INSERT INTO reference (prompt_id, spelled, name_key, pin, line, target_id)
    SELECT ?, ?, ?, '', ?, id FROM prompt WHERE key = ? AND deleted_at IS NULL"""
_INSERT_VERSION = """
    INSERT INTO version (prompt_id, number, text, sha256, engine, variables, author, origin, message, created_at)
    VALUES (?, ?, ?, ?, 'simple', '{}', 'ana', 'python', '', ?)"""
_UPDATE_PROMPT = "UPDATE prompt SET head = ?, characters = ?, author = 'ana', updated_at = ? WHERE id = ?"
_DELETE_SEARCH = "DELETE FROM search WHERE rowid = ?"
_INSERT_SEARCH = "INSERT INTO search (rowid, path, description, tags, text) VALUES (?, ?, ?, ?, ?)"
_INSERT_CHANGE = """
    INSERT INTO change (kind, prompt_id, path, version, detail, author, origin, at)
    VALUES (?, ?, ?, ?, '', 'ana', 'python', ?)"""
_INSERT_PROMPT = """
    INSERT INTO prompt (id, uid, path, key, name_key, description, tags, head, characters, enabled, author, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, 1, 'ana', ?)"""
_INSERT_DIRECTORY = "INSERT INTO directory (path, key, description, enabled, source) VALUES (?, ?, '', 1, '')"
_COUNTS = """
    SELECT (SELECT count(*) FROM prompt), (SELECT count(*) FROM version), (SELECT count(*) FROM search),
        (SELECT count(*) FROM reference WHERE target_id IS NOT NULL), (SELECT count(*) FROM directory),
        (SELECT count(*) FROM change), (SELECT sum(length(text)) FROM version)"""


class Raw:
    """A held connection to the file of a store."""

    def __init__(self, file: Path, journal: str) -> None:
        """Open `file` with the pragmas of a store, in `journal` mode."""
        self._connection = sqlite3.connect(file, isolation_level=None, cached_statements=512)
        for pragma in _PRAGMAS:
            self._connection.execute(pragma)
        if self._connection.execute("PRAGMA journal_mode").fetchone()[0] != journal:
            # A pragma takes no parameters, and there are only these two.
            switch = {"wal": "PRAGMA journal_mode = wal", "truncate": "PRAGMA journal_mode = truncate"}[journal]
            self._connection.execute(switch)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, key: str) -> tuple[Any, ...]:
        """Select all that a prompt consists of, labels and the number of its namesakes included."""
        row: tuple[Any, ...] = self._connection.execute(_PROMPT, (key,)).fetchone()
        return row

    def get_without_labels(self, key: str) -> tuple[Any, ...]:
        """Select the columns of a prompt and its newest version only."""
        row: tuple[Any, ...] = self._connection.execute(_PROMPT_ONLY, (key,)).fetchone()
        return row

    def closure(self, key: str) -> list[tuple[Any, ...]]:
        """Select a prompt and everything that it includes, in one recursive query."""
        return self._connection.execute(_CLOSURE, (key,)).fetchall()

    def page(self, after: str, limit: int) -> list[tuple[Any, ...]]:
        """Select the next page of the list."""
        return self._connection.execute(_PAGE, (after, limit)).fetchall()

    def search(self, expression: str, limit: int) -> list[tuple[Any, ...]]:
        """Select the best matches, with the words around them."""
        return self._connection.execute(_SEARCH, (expression, limit)).fetchall()

    def counts(self) -> tuple[int, ...]:
        """Count the rows of each table, and the characters of all texts."""
        row: tuple[int, ...] = self._connection.execute(_COUNTS).fetchone()
        return row

    def save(self, path: str, content: str) -> tuple[str, int, str]:
        """Write the next version of a prompt, in one transaction; return path, version and text."""
        execute = self._connection.execute
        at = _now()
        execute("BEGIN IMMEDIATE")
        prompt_id, path, description, tags, head = execute(_HEAD, (key_of(path),)).fetchone()
        execute(_INSERT_VERSION, (prompt_id, head + 1, content, _hash(content), at))
        execute(_UPDATE_PROMPT, (head + 1, len(content), at, prompt_id))
        execute(_DELETE_SEARCH, (prompt_id,))
        execute(_INSERT_SEARCH, (prompt_id, path, description, tags, content))
        self._keep_references(prompt_id, content)
        execute(_INSERT_CHANGE, ("saved", prompt_id, path, head + 1, at))
        execute("COMMIT")
        return path, head + 1, content

    def _keep_references(self, prompt_id: int, content: str) -> None:
        execute = self._connection.execute
        found = references_of(content)
        if execute(_OLD_REFERENCES, (prompt_id,)).fetchall() == [(spelled, "", line) for spelled, line in found]:
            return
        execute(_DELETE_REFERENCES, (prompt_id,))
        for spelled, line in found:
            key = key_of(spelled)
            execute(_INSERT_REFERENCE, (prompt_id, spelled, name_of(key), line, key))

    def insert_all(self, rows: "Rows") -> None:
        """Insert prepared rows into every table, in one transaction."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT_DIRECTORY, rows.directories)
        connection.executemany(_INSERT_PROMPT, rows.prompts)
        connection.executemany(_INSERT_VERSION, rows.versions)
        connection.executemany(_INSERT_SEARCH, rows.search)
        connection.executemany(_INSERT_REFERENCE, rows.references)
        connection.executemany(_INSERT_CHANGE, rows.changes)
        connection.execute("COMMIT")


class Rows:
    """The rows that an import of drafts inserts, made beforehand: so the raw side only inserts."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        """Make the rows of `drafts`, numbered from 1."""
        at = _now()
        keys = [key_of(draft.path) for draft in drafts]
        numbered = list(enumerate(zip(drafts, keys, strict=True), 1))
        tags = ['["sample"]' if draft.tags else "[]" for draft in drafts]
        self.directories = [(path, path) for path in sorted({above for key in keys for above in _ancestors(key)})]
        self.prompts = [
            (
                number, uuid.uuid4().hex, draft.path, key, name_of(key), draft.description or "", tags[number - 1],
                len(draft.text), at,
            )
            for number, (draft, key) in numbered
        ]  # fmt: skip
        self.versions = [(number, 1, draft.text, _hash(draft.text), at) for number, (draft, _) in numbered]
        self.search = [
            (number, draft.path, draft.description or "", tags[number - 1], draft.text)
            for number, (draft, _) in numbered
        ]
        self.references = [
            (number, spelled, name_of(key_of(spelled)), line, key_of(spelled))
            for number, (draft, _) in numbered
            for spelled, line in references_of(draft.text)
        ]
        self.changes = [("created", number, draft.path, 1, at) for number, (draft, _) in numbered]


def references_of(content: str) -> list[tuple[str, int]]:
    """Return what `content` includes, each once, with its line."""
    found: dict[str, int] = {}
    for match in TOKEN.finditer(content):
        if match[1]:
            found.setdefault(match[1], content.count("\n", 0, match.start()) + 1)
    return list(found.items())


def _ancestors(key: str) -> list[str]:
    parts = key.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
