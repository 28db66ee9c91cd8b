"""Taking out of a store what the records of an archive do not have: for a store that is to become another's copy."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, text

from prompt_kernel.names import key_of
from prompt_kernel.store import _index, _ledger, _references, _rows, _trash

_SET_ASIDE: Final = text("UPDATE prompt SET deleted_at = :at, deleted_by = '' WHERE id = :id")
_FORGET_REFERENCES: Final = text("DELETE FROM reference WHERE prompt_id = :id")
_PROMPTS: Final = text("SELECT id, uid, path FROM prompt")
_DIRECTORIES: Final = text("SELECT key FROM directory")
_REMOVE_DIRECTORY: Final = text("DELETE FROM directory WHERE key = :key")
_DOCUMENTS: Final = text("SELECT d.prompt_id, p.uid FROM live_document d JOIN prompt p ON p.id = d.prompt_id")
_FORGET_DOCUMENT: Final = (
    text("DELETE FROM live_update WHERE prompt_id = :id"),
    text("DELETE FROM live_document WHERE prompt_id = :id"),
)
_EXPERIMENTS: Final = text("SELECT id, uid FROM experiment")
_PERSONAL: Final = {
    "favourite": text("DELETE FROM favourite"),
    "opening": text("DELETE FROM opening"),
    "preference": text("DELETE FROM preference"),
}


def put_aside(connection: Connection, rows: Iterable[Any]) -> None:
    """Put prompts (id, path) into the trash; nothing is logged."""
    at = _rows.now()
    for row in rows:
        connection.execute(_SET_ASIDE, {"id": row.id, "at": at})
        forget(connection, row.id)


def forget(connection: Connection, prompt_id: int) -> None:
    """Take away what is made of a prompt's newest text."""
    _index.of(connection).remove(connection, prompt_id)
    connection.execute(_FORGET_REFERENCES, {"id": prompt_id})


def sweep(connection: Connection, seen: Mapping[str, set[str]]) -> None:
    """Take away what was not `seen` among the records: uids, the paths of directories, and whole kinds of others."""
    doomed = [row for row in connection.execute(_PROMPTS).all() if row.uid not in seen["prompt"]]
    put_aside(connection, doomed)
    if doomed:
        _references.names_changed(connection, [row.path for row in doomed], [row.id for row in doomed])
    for row in doomed:
        _trash.erase(connection, row.id)
    kept = set(map(key_of, seen["directory"]))
    for (key,) in connection.execute(_DIRECTORIES).all():
        if key not in kept:
            connection.execute(_REMOVE_DIRECTORY, {"key": key})
    _sweep_belongings(connection, seen)
    for kind in _PERSONAL.keys() - {kind for kind, names in seen.items() if names}:
        clear(connection, kind)


def _sweep_belongings(connection: Connection, seen: Mapping[str, set[str]]) -> None:
    for row in connection.execute(_DOCUMENTS).all():
        if row.uid not in seen["live"]:
            for statement in _FORGET_DOCUMENT:
                connection.execute(statement, {"id": row.prompt_id})
    for row in connection.execute(_EXPERIMENTS).all():
        if row.uid not in seen["experiment"]:
            _ledger.erase(connection, row.id)


def clear(connection: Connection, kind: str) -> None:
    """Take away all of a kind of what people have set for themselves."""
    connection.execute(_PERSONAL[kind])
