"""Names for completion, straight from the database: no ORM, no cache.

A kernel asks for these on every Tab, from whatever thread, and often before anything else was used: so this reads with
a fresh read-only connection to a file (a fraction of a millisecond at 100,000 prompts), or a held one to PostgreSQL,
and imports nothing heavy. It is the one place outside of `store` that speaks SQL, and for that reason only.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final, TypeVar

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.language import Variable, parse
from prompt_kernel.locations import file_of, is_postgres, url_of
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
_LABELS: Final = "SELECT name FROM label WHERE prompt_id = :id ORDER BY name"
_NUMBERS: Final = "SELECT number FROM version WHERE prompt_id = :id ORDER BY number DESC LIMIT 50"
_CLOSURE: Final = """WITH RECURSIVE closure(id) AS (
    SELECT CAST(:id AS BIGINT) UNION SELECT r.target_id FROM closure CROSS JOIN reference r
    WHERE r.prompt_id = closure.id)
    SELECT v.text, v.engine, v.variables FROM closure JOIN prompt p ON p.id = closure.id
    JOIN version v ON v.prompt_id = p.id AND v.number = p.head"""
_EXPERIMENTS: Final = "SELECT name FROM experiment ORDER BY updated_at DESC LIMIT 200"
_LAST: Final = chr(0x10FFFF)
_T = TypeVar("_T")
#: Gives the rows of a statement with its values.
Rows = Callable[[str, Mapping[str, object]], list[tuple[Any, ...]]]


def suggest_paths(url: str, beginning: str, limit: int = 50) -> list[tuple[str, str]]:
    """Return (path, description) of the prompts that `beginning` may begin, the likeliest first; [] without a store."""
    return _asked(url, lambda rows: list(ranked(rows, beginning, "", limit).items()), [])


def versions_and_labels(url: str, path: str) -> list[str]:
    """Return what may follow `@` after a path: its labels, then its versions, the newest first."""

    def ask(rows: Rows) -> list[str]:
        values = {"id": _find(rows, path)}
        return [str(row[0]) for statement in (_LABELS, _NUMBERS) for row in rows(statement, values)]

    return _asked(url, ask, [])


def variables(url: str, path: str) -> list[str]:
    """Return the variables that a prompt and what it includes declare or use, in order of first use."""

    def ask(rows: Rows) -> list[str]:
        names: dict[str, None] = {}
        for content, engine, declared in rows(_CLOSURE, {"id": _find(rows, path)}):
            names.update(dict.fromkeys(part.name for part in parse(content, engine) if isinstance(part, Variable)))
            names.update(dict.fromkeys(json.loads(declared)))
        return list(names)

    return _asked(url, ask, [])


def experiments(url: str) -> list[str]:
    """Return the names of the experiments, the latest first."""
    return _asked(url, lambda rows: [str(row[0]) for row in rows(_EXPERIMENTS, {})], [])


def ranked(rows: Rows, beginning: str, directory: str, limit: int) -> dict[str, str]:
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
            more = rows(question[0], {**question[1], "limit": limit})
            found |= {path: description for path, description in more if path not in found}
    return dict(list(found.items())[:limit])


def _find(rows: Rows, path: str) -> int | None:
    key = key_of(path)
    values = {"key": key, "name": name_of(key), "suffix": f"%/{_literal(key)}"}
    found = rows(_FIND, values)
    return int(found[0][0]) if found else None


def _literal(key: str) -> str:
    """Escape what LIKE takes for a pattern."""
    return key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _asked(url: str, ask: Callable[[Rows], _T], nothing: _T) -> _T:
    """Return what `ask` finds over a read-only connection, `nothing` where there is no store, or none to be read."""
    try:
        place = url_of(url or None)
        if is_postgres(place):
            from prompt_kernel import postgres  # noqa: PLC0415 - its driver is optional

            return postgres.glance(place, ask)
        file = file_of(place)
        if file is None or not file.exists():
            return nothing
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            return ask(lambda statement, values: connection.execute(statement, values).fetchall())
    except (sqlite3.Error, ImportError, PromptKernelError):
        # A Tab must never raise: a damaged or locked store is reported by the magic itself.
        return nothing
