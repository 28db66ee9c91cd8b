"""Directories: listed with what is in them, switched on and off, never removed with anything inside."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from prompt_kernel.errors import DirectoryNotEmptyError, DirectoryNotFoundError, InvalidMetadataError, PathTakenError
from prompt_kernel.names import check_path, key_of, near
from prompt_kernel.records import Directory
from prompt_kernel.store import _read, _references, _rows, _versions
from prompt_kernel.store._rows import Writer

_ALL = text(
    "SELECT d.path, d.key, d.description, d.enabled, d.source,"
    " (SELECT count(*) FROM prompt p WHERE p.deleted_at IS NULL AND p.key >= d.key || '/' AND p.key < d.key || '0')"
    " AS prompts FROM directory d ORDER BY d.key"
)
_INSERT = text(
    "INSERT INTO directory (path, key, description, enabled, source)"
    " VALUES (:path, :key, :description, :enabled, :source)"
)
_UPDATE = text("UPDATE directory SET description = :description, enabled = :enabled, source = :source WHERE key = :key")
_DISABLED = text("SELECT key FROM directory WHERE NOT enabled")
_BELOW = text(
    "SELECT id, path, enabled FROM prompt WHERE key >= :first AND key < :last AND deleted_at IS NULL ORDER BY key"
)
_ENABLE = text("UPDATE prompt SET enabled = :enabled WHERE id = :id")
_REMOVE = text("DELETE FROM directory WHERE key = :key OR (key >= :first AND key < :last)")


def directories(connection: Connection) -> list[Directory]:
    """Return every directory, ordered by path."""
    return [_directory(row) for row in connection.execute(_ALL)]


def _directory(row: Any) -> Directory:
    return Directory(row.path, row.description, bool(row.enabled), row.source, row.prompts)


def find(connection: Connection, path: str) -> Directory:
    """Return one directory.

    Raises:
        DirectoryNotFoundError: there is none of that path.
    """
    known = directories(connection)
    for directory in known:
        if key_of(directory.path) == key_of(path):
            return directory
    raise DirectoryNotFoundError(path, near(path, [directory.path for directory in known]))


def add(
    connection: Connection, path: str, description: str, source: str, writer: Writer, *, enabled: bool
) -> Directory:
    """Make a directory, and those that it lies in.

    Raises:
        PathTakenError: it exists.
        InvalidMetadataError: `source` is no folder.
    """
    path = check_path(path)
    for known in directories(connection):
        if key_of(known.path) == key_of(path):
            raise PathTakenError(path, known.path)
    _versions.ensure_directories(connection, [path])
    values = {
        "path": path, "key": key_of(path), "description": _rows.checked_line("description", description),
        "enabled": enabled, "source": _checked_source(source),
    }  # fmt: skip
    connection.execute(_INSERT, values)
    _versions.log(connection, "directory", None, path, None, writer, "added")
    return find(connection, path)


def _checked_source(source: str) -> str:
    if not source:
        return ""
    try:
        folder = Path(_rows.checked_line("source", str(source))).expanduser().absolute()
    except RuntimeError:
        raise InvalidMetadataError("source", f"there is no home folder for {source}") from None
    if not folder.is_dir():
        raise InvalidMetadataError("source", f"{folder} is not a folder")
    return str(folder)


def update(
    connection: Connection,
    path: str,
    writer: Writer,
    *,
    description: str | None,
    source: str | None,
    enabled: bool | None,
) -> Directory:
    """Change what is given of a directory; switching it changes which prompts resolve."""
    known = find(connection, path)
    values = {
        "key": key_of(known.path),
        "description": known.description if description is None else _rows.checked_line("description", description),
        "source": known.source if source is None else _checked_source(source),
        "enabled": known.enabled if enabled is None else enabled,
    }
    connection.execute(_UPDATE, values)
    switched = values["enabled"] != known.enabled
    detail = ("enabled" if values["enabled"] else "disabled") if switched else "changed"
    if switched:
        _switch(connection, known.path)
    _versions.log(connection, "directory", None, known.path, None, writer, detail)
    return find(connection, path)


def _switch(connection: Connection, path: str) -> None:
    disabled = {row[0] for row in connection.execute(_DISABLED)}
    switched: dict[int, str] = {}
    for row in connection.execute(_BELOW, _read.bounds_of(path)).all():
        enabled = _versions.is_enabled(row.path, disabled)
        if enabled != bool(row.enabled):
            connection.execute(_ENABLE, {"id": row.id, "enabled": enabled})
            switched[row.id] = row.path
    _references.names_changed(connection, switched.values(), switched)


def remove(connection: Connection, path: str, writer: Writer) -> None:
    """Remove an empty directory, with the empty ones in it; a linked folder's files stay where they are.

    Raises:
        DirectoryNotEmptyError: there are prompts in it.
    """
    known = find(connection, path)
    bounds = _read.bounds_of(known.path)
    inside = [row.path for row in connection.execute(_BELOW, bounds)]
    if inside:
        raise DirectoryNotEmptyError(known.path, inside)
    connection.execute(_REMOVE, {"key": key_of(known.path), **bounds})
    _versions.log(connection, "directory", None, known.path, None, writer, "removed")
