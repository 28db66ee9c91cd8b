"""What belongs to one person: favourites, the prompts opened last, preferences. None of it is a change of a prompt."""

import json
from typing import Any, Final

from sqlalchemy import Connection

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.records import Entry
from prompt_kernel.store import _lists, _read, _rows
from prompt_kernel.store._engine import Database

_KEEP: Final = "INSERT INTO favourite (author, prompt_id) VALUES (:author, :id) ON CONFLICT DO NOTHING"
_DROP: Final = "DELETE FROM favourite WHERE author = :author AND prompt_id = :id"
_FAVOURITES: Final = (
    "SELECT p.path FROM favourite f JOIN prompt p ON p.id = f.prompt_id"
    " WHERE f.author = :author AND p.deleted_at IS NULL ORDER BY p.key"
)
#: With a new id every time: by these, and not by the clock, the latest is known.
_FORGET_OPENED: Final = "DELETE FROM opening WHERE author = :author AND prompt_id = :id"
_OPENED: Final = "INSERT INTO opening (author, prompt_id, at) VALUES (:author, :id, :at)"
_RECENT: Final = (
    "SELECT p.path FROM opening o JOIN prompt p ON p.id = o.prompt_id"
    " WHERE o.author = :author AND p.deleted_at IS NULL ORDER BY o.id DESC LIMIT :limit"
)
_PREFERENCE: Final = "SELECT value FROM preference WHERE author = :author AND name = :name"
_SET_PREFERENCE: Final = (
    "INSERT INTO preference (author, name, value) VALUES (:author, :name, :value)"
    " ON CONFLICT (author, name) DO UPDATE SET value = excluded.value"
)


def favourite(database: Database, connection: Connection, author: str, path: str, *, on: bool) -> Entry:
    """Make a prompt a favourite of `author`, or no favourite any more."""
    prompt_id, found = _read.locate(connection, path)
    database.rows(_KEEP if on else _DROP, {"author": author, "id": prompt_id})
    return _lists.entries(database, [found])[0]


def favourites(database: Database, author: str) -> list[Entry]:
    """Return the favourites of `author`, ordered by path."""
    with database.reading():
        return _lists.entries(database, (row[0] for row in database.rows(_FAVOURITES, {"author": author})))


def note_opened(database: Database, connection: Connection, author: str, path: str) -> Entry:
    """Remember that `author` has opened a prompt just now."""
    prompt_id, found = _read.locate(connection, path)
    values = {"author": author, "id": prompt_id, "at": _rows.now()}
    database.rows(_FORGET_OPENED, values)
    database.rows(_OPENED, values)
    return _lists.entries(database, [found])[0]


def recent(database: Database, author: str, limit: int) -> list[Entry]:
    """Return what `author` has opened, the latest first."""
    with database.reading():
        rows = database.rows(_RECENT, {"author": author, "limit": _rows.at_most(limit)})
        return _lists.entries(database, (row[0] for row in rows))


def preference(database: Database, author: str, name: str, default: Any) -> Any:
    """Return what `author` has set, or `default`."""
    rows = database.rows(_PREFERENCE, {"author": author, "name": _rows.bindable(name)})
    return json.loads(rows[0][0]) if rows else default


def set_preference(database: Database, author: str, name: str, value: Any) -> None:
    """Set something for `author`.

    Raises:
        InvalidMetadataError: the value is no JSON.
    """
    name = _rows.checked_line("preference", name)
    try:
        stored = _rows.to_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMetadataError(name, f"this cannot be kept: {error}") from None
    database.rows(_SET_PREFERENCE, {"author": author, "name": name, "value": _rows.checked_line(name, stored)})
