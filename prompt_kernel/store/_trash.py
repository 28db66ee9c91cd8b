"""Deleting in three steps: into the trash, out of it again, or out of the database for good."""

from typing import Any

from sqlalchemy import Connection, text

from prompt_kernel.errors import PathTakenError, PromptNotFoundError, ReferencedError
from prompt_kernel.names import check_path, key_of, name_of, near
from prompt_kernel.records import Trashed
from prompt_kernel.store import _index, _read, _references, _rows, _versions
from prompt_kernel.store._engine import Database
from prompt_kernel.store._rows import Writer

_DELETE = text("UPDATE prompt SET deleted_at = :at, deleted_by = :author WHERE id = :id")
_FORGET_REFERENCES = text("DELETE FROM reference WHERE prompt_id = :id")
#: In the order of the log, because a clock may be set back.
_TRASH = text(
    "SELECT p.id, p.uid, p.path, p.head, p.deleted_at, p.deleted_by FROM prompt p LEFT JOIN"
    " (SELECT prompt_id, max(id) AS entry FROM change WHERE kind = 'deleted' GROUP BY prompt_id) c"
    " ON c.prompt_id = p.id WHERE p.deleted_at IS NOT NULL ORDER BY coalesce(c.entry, 0) DESC"
)
_DELETED = text("SELECT id, uid, path, head, deleted_at, deleted_by FROM prompt WHERE id = :id")
_RECOVER = text(
    "UPDATE prompt SET deleted_at = NULL, deleted_by = NULL, path = :path, key = :key, name_key = :name_key,"
    " enabled = :enabled WHERE id = :id"
)
_CONTENT = text(
    "SELECT p.id, p.path, p.description, p.tags, v.text FROM prompt p"
    " JOIN version v ON v.prompt_id = p.id AND v.number = p.head WHERE p.id = :id"
)
_ERASE = (
    text("UPDATE reference SET target_id = NULL WHERE target_id = :id"),
    text("DELETE FROM reference WHERE prompt_id = :id"),
    text("DELETE FROM redirect WHERE prompt_id = :id"),
    text("DELETE FROM label WHERE prompt_id = :id"),
    text("DELETE FROM live_update WHERE prompt_id = :id"),
    text("DELETE FROM live_document WHERE prompt_id = :id"),
    text("DELETE FROM favourite WHERE prompt_id = :id"),
    text("DELETE FROM opening WHERE prompt_id = :id"),
    text("DELETE FROM linked_file WHERE prompt_id = :id"),
    text("DELETE FROM version WHERE prompt_id = :id"),
    # That somebody changed something, and when, stays in the log; what was said of it goes, and the id, which another
    # prompt may get.
    text("UPDATE change SET detail = '', prompt_id = NULL WHERE prompt_id = :id"),
    text("DELETE FROM prompt WHERE id = :id"),
)


def delete(connection: Connection, name: str, writer: Writer, *, force: bool) -> Trashed:
    """Put a prompt into the trash.

    Raises:
        ReferencedError: others include it, and `force` is not given.
    """
    prompt_id, path = _read.locate(connection, name)
    referrers = list(dict.fromkeys(reference.path for reference in _references.referrers(connection, prompt_id)))
    if referrers and not force:
        raise ReferencedError(path, referrers)
    connection.execute(_DELETE, {"id": prompt_id, "at": _rows.now(), "author": writer.author})
    connection.execute(_FORGET_REFERENCES, {"id": prompt_id})
    _index.of(connection).remove(connection, prompt_id)
    _versions.log(connection, "deleted", prompt_id, path, None, writer, writer.message)
    _references.names_changed(connection, [path], [prompt_id])
    return _trashed(connection.execute(_DELETED, {"id": prompt_id}).one())


def trash(connection: Connection) -> list[Trashed]:
    """Return what lies in the trash, the latest first."""
    return [found for _, found in _contents(connection)]


def _contents(connection: Connection) -> list[tuple[int, Trashed]]:
    return [(row.id, _trashed(row)) for row in connection.execute(_TRASH)]


def _trashed(row: Any) -> Trashed:
    return Trashed(row.path, row.uid, row.head, _rows.moment(row.deleted_at), row.deleted_by)


def find(connection: Connection, name: str) -> tuple[int, Trashed]:
    """Return the prompt in the trash that a uid or a path names; of several with one path, the one deleted last.

    Raises:
        PromptNotFoundError: there is none.
    """
    contents = _contents(connection)
    for prompt_id, found in contents:
        if name == found.uid or key_of(name) == key_of(found.path):
            return prompt_id, found
    raise PromptNotFoundError(name, near(name, [found.path for _, found in contents]))


def recover(connection: Connection, name: str, to: str | None, writer: Writer) -> str:
    """Take a prompt out of the trash, to its old path or to another; return the path.

    Raises:
        PathTakenError: another prompt has that path now.
        PromptNotFoundError: there is no such prompt in the trash.
    """
    prompt_id, found = find(connection, name)
    path = check_path(to or found.path)
    taken = connection.execute(
        text("SELECT path FROM prompt WHERE key = :key AND deleted_at IS NULL"), {"key": key_of(path)}
    ).first()
    if taken is not None:
        raise PathTakenError(path, taken[0])
    disabled = _versions.ensure_directories(connection, [path])
    enabled = _versions.is_enabled(path, disabled)
    values = {"id": prompt_id, "path": path, "key": key_of(path), "name_key": key_of(name_of(path)), "enabled": enabled}
    connection.execute(_RECOVER, values)
    row = connection.execute(_CONTENT, {"id": prompt_id}).one()
    _index.of(connection).put(connection, {**row._asdict(), "words": _rows.tag_words(row.tags)})
    connection.execute(_versions.FORGET_REDIRECT, values)
    _versions.log(connection, "recovered", prompt_id, path, None, writer, writer.message)
    _references.replace(connection, {prompt_id: row.text})
    retargeted = _references.names_changed(connection, [path], [prompt_id])
    _versions.log_retargeted(connection, retargeted, writer)
    return path


def purge(database: Database, name: str | None, writer: Writer) -> int:
    """Remove a prompt of the trash, or all of it, from every page of the file; return how many there were."""
    with database.writing() as connection:
        doomed = _contents(connection) if name is None else [find(connection, name)]
        index = _index.of(connection)
        for prompt_id, found in doomed:
            index.remove(connection, prompt_id)
            erase(connection, prompt_id)
            _versions.log(connection, "purged", None, found.path, None, writer)
        if doomed:
            index.optimize(connection)
    if doomed:
        database.vacuum()
    return len(doomed)


def erase(connection: Connection, prompt_id: int) -> None:
    """Remove a prompt with all that belongs to it, but for its words in the search index; nothing is logged."""
    for statement in _ERASE:
        connection.execute(statement, {"id": prompt_id})
