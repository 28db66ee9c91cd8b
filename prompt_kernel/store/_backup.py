"""Backups: made while others write, verified before they are called one, and put back without losing what was there."""

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.expansion import hash_of
from prompt_kernel.locations import file_of, is_postgres, shown, url_of
from prompt_kernel.store import _schema
from prompt_kernel.store._engine import Database
from prompt_kernel.store._sqlite import APPLICATION_ID, SqliteDatabase, structure

#: A page of them, because all texts of a store are more than memory may hold.
_TEXTS: Final = (
    "SELECT v.id, p.path, v.number, v.text, v.sha256 FROM version v LEFT JOIN prompt p ON p.id = v.prompt_id"
    " WHERE v.id > :after ORDER BY v.id LIMIT 100"
)
NO_FILE: Final = "it is in PostgreSQL, which has backups of its own; `prompt-kernel copy FROM TO` copies it to a file"


def copy_database(source: sqlite3.Connection, target: Path) -> Path:
    """Copy the open database `source` to the file `target`, which appears only once it is whole and verified.

    Raises:
        StoreUnavailableError: the copy cannot be written, or the source is damaged.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        # As secret as the store itself.
        os.close(os.open(partial, os.O_CREAT | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            source.backup(copy)
            # One file and nothing beside it: a backup is carried around.
            copy.execute("PRAGMA journal_mode = DELETE")
        problems = verify(partial)
        if problems:
            raise StoreUnavailableError(str(target), f"the copy is not sound: {problems[0]}")
        _flush(partial)
        partial.replace(target)
        _flush(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailableError(str(target), str(error)) from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def back_up(database: Database, target: str | os.PathLike[str] | None) -> Path:
    """Copy a store to a file; see `Store.backup`.

    Raises:
        StoreUnavailableError: it cannot be written, or the store is damaged, or in PostgreSQL.
    """
    with database.reading():
        if not isinstance(database, SqliteDatabase):
            raise database.unavailable(NO_FILE)
    file = database.file or Path("prompts.db").absolute()
    path = Path(target).expanduser().absolute() if target else default_target(file)
    if path.is_dir():
        path /= default_target(file).name
    if path.exists() and file.exists() and path.samefile(file):
        raise StoreUnavailableError(str(path), "that is the store itself; name another file for the backup")
    with database.reading():
        return copy_database(database.raw, path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def verify(file: Path) -> list[str]:
    """Return what is wrong with the store in `file`: its structure, its tables, and each text against its hash."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                return [f"{file} is not a Prompt Kernel store"]
            problems = damaged(lambda statement, values: connection.execute(statement, values).fetchall())
            return structure(connection) + _schema.flaws(connection) + problems
    except sqlite3.Error as error:
        return [str(error)]


def damaged(rows: Callable[[str, Mapping[str, object]], list[tuple[Any, ...]]]) -> list[str]:
    """Return the versions whose text does not match its hash; `rows` gives those of a statement."""
    problems: list[str] = []
    after = 0
    while found := rows(_TEXTS, {"after": after}):
        after = found[-1][0]
        problems += [
            f"{path}@{number} does not match its hash"
            for _, path, number, text, expected in found
            if not isinstance(text, str) or hash_of(text) != expected
        ]
    return problems


def default_target(file: Path) -> Path:
    """Return where the next backup of the store in `file` goes: beside it, named by the moment."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return file.with_name(f"{file.stem}-{moment}.backup{file.suffix}")


def restore_backup(backup: str | os.PathLike[str], url: str | os.PathLike[str] | None = None) -> Path:
    """Replace the store at `url` by `backup`, once that is verified; what was there is kept beside it.

    Close every notebook and dashboard that uses the store first. Returns the file that the old store was kept in, or
    the store's own file where there was none.

    Raises:
        StoreUnavailableError: the backup is missing or damaged, or the store is in memory.
    """
    source, place = Path(backup).expanduser(), url_of(url)
    target = file_of(place)
    if target is None:
        reason = NO_FILE if is_postgres(place) else "a store in memory has no file to restore"
        raise StoreUnavailableError(shown(place), reason)
    if not source.is_file():
        raise StoreUnavailableError(str(source), "there is no such backup")
    problems = verify(source)
    if problems:
        raise StoreUnavailableError(str(source), f"the backup is not sound, so nothing was replaced: {problems[0]}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        # Copied before anything is moved: where there is no room for the copy, the old store stays in its place.
        fresh = copy_database(connection, target.with_name(f"{target.name}.restored"))
    kept = target
    if target.exists():
        kept = default_target(target).with_suffix(".replaced")
        try:
            with closing(sqlite3.connect(f"{target.absolute().as_uri()}?mode=rw", uri=True)) as old:
                # Fold a write-ahead log into the file, which is then moved alone.
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            pass  # a damaged store is the reason to restore one: it is kept as it is
        target.rename(kept)
        for ending in ("-wal", "-shm", "-journal"):
            beside = target.with_name(target.name + ending)
            if beside.exists():
                beside.rename(kept.with_name(kept.name + ending))
    fresh.replace(target)
    return kept
