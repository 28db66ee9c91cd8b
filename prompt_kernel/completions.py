"""Names for completion, straight from the file: no ORM, no cache, no state.

A kernel asks for these on every Tab, from whatever thread, and often before anything else was used: so this reads with
a fresh read-only connection (a fraction of a millisecond at 100,000 prompts) and imports nothing heavy. It is the one
place outside of `store` that speaks SQL, and for that reason only.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final, TypeVar

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.language import Variable, parse
from prompt_kernel.locations import file_of, url_of
from prompt_kernel.names import key_of, name_of

_SELECT: Final = "SELECT path, description FROM prompt WHERE deleted_at IS NULL AND "
_BY_NAME: Final = (
    _SELECT + "name_key >= :key AND name_key < :last ORDER BY length(name_key), length(key), key LIMIT :limit"
)
_BY_PATH: Final = _SELECT + "key >= :key AND key < :last ORDER BY key LIMIT :limit"
_BY_PART: Final = _SELECT + "key LIKE :part ESCAPE '\\' ORDER BY length(key), key LIMIT :limit"
_FIND: Final = (
    "SELECT id FROM prompt WHERE deleted_at IS NULL"
    " AND (key = :key OR name_key = :name AND key LIKE :suffix ESCAPE '\\') ORDER BY key <> :key, length(key) LIMIT 1"
)
_PINS: Final = (
    "SELECT name FROM label WHERE prompt_id = :id UNION ALL"
    " SELECT * FROM (SELECT number FROM version WHERE prompt_id = :id ORDER BY number DESC LIMIT 50)"
)
_CLOSURE: Final = """WITH RECURSIVE closure(id) AS (
    SELECT :id UNION SELECT r.target_id FROM closure CROSS JOIN reference r ON r.prompt_id = closure.id)
    SELECT v.text, v.engine, v.variables FROM closure JOIN prompt p ON p.id = closure.id
    JOIN version v ON v.prompt_id = p.id AND v.number = p.head"""
_LAST: Final = chr(0x10FFFF)
_T = TypeVar("_T")


def suggest_paths(url: str, beginning: str, limit: int = 50) -> list[tuple[str, str]]:
    """Return (path, description) of the prompts that `beginning` may begin, the likeliest first; [] without a store."""
    return _asked(url, lambda connection: list(ranked(connection, beginning, "", limit).items()), [])


def versions_and_labels(url: str, path: str) -> list[str]:
    """Return what may follow `@` after a path: its labels, then its versions, the newest first."""

    def ask(connection: sqlite3.Connection) -> list[str]:
        return [str(row[0]) for row in connection.execute(_PINS, {"id": _find(connection, path)})]

    return _asked(url, ask, [])


def variables(url: str, path: str) -> list[str]:
    """Return the variables that a prompt and what it includes declare or use, in order of first use."""

    def ask(connection: sqlite3.Connection) -> list[str]:
        names: dict[str, None] = {}
        for content, engine, declared in connection.execute(_CLOSURE, {"id": _find(connection, path)}):
            names.update(dict.fromkeys(part.name for part in parse(content, engine) if isinstance(part, Variable)))
            names.update(dict.fromkeys(json.loads(declared)))
        return list(names)

    return _asked(url, ask, [])


def ranked(connection: sqlite3.Connection, beginning: str, directory: str, limit: int) -> dict[str, str]:
    """Return path to description of what `beginning` may begin, the likeliest first.

    First what lies in `directory`, then by the beginning of the name, of the path, and last by any part of the path.
    """
    key = key_of(beginning)
    near = f"{key_of(directory)}/{key}"
    questions = [
        (_BY_PATH, {"key": near, "last": near + _LAST}) if directory else None,
        (_BY_NAME, {"key": key, "last": key + _LAST}) if key else None,
        (_BY_PATH, {"key": key, "last": key + _LAST}),
        (_BY_PART, {"part": f"%{_literal(key)}%"}),
    ]
    found: dict[str, str] = {}
    for question in questions:
        if question and len(found) < limit:
            rows: Mapping[str, str] = dict(connection.execute(question[0], {**question[1], "limit": limit}).fetchall())
            found |= {path: description for path, description in rows.items() if path not in found}
    return dict(list(found.items())[:limit])


def _find(connection: sqlite3.Connection, path: str) -> int | None:
    key = key_of(path)
    values = {"key": key, "name": name_of(key), "suffix": f"%/{_literal(key)}"}
    row = connection.execute(_FIND, values).fetchone()
    return None if row is None else int(row[0])


def _literal(key: str) -> str:
    """Escape what LIKE takes for a pattern."""
    return key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _asked(url: str, ask: Callable[[sqlite3.Connection], _T], nothing: _T) -> _T:
    """Return what `ask` finds over a read-only connection, `nothing` where there is no store, or none to be read."""
    try:
        file = file_of(url_of(url or None))
        if file is None or not file.exists():
            return nothing
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            return ask(connection)
    except (sqlite3.Error, PromptKernelError):
        # A Tab must never raise: a damaged or locked store is reported by the magic itself.
        return nothing
