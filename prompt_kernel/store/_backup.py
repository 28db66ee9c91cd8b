"""Backups: made while others write, verified before they are called one, and put back without losing what was there."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.expansion import hash_of
from prompt_kernel.locations import file_of, url_of
from prompt_kernel.store import _schema
from prompt_kernel.store._engine import APPLICATION_ID


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
            return structure(connection) + _schema.flaws(connection) + damaged(connection)
    except sqlite3.Error as error:
        return [str(error)]


def structure(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite's own check of the file finds."""
    return [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]


def damaged(connection: sqlite3.Connection) -> list[str]:
    """Return the versions whose text does not match its hash."""
    rows = connection.execute(
        "SELECT p.path, v.number, v.text, v.sha256 FROM version v LEFT JOIN prompt p ON p.id = v.prompt_id"
    )
    return [
        f"{path}@{number} does not match its hash"
        for path, number, text, expected in rows
        if not isinstance(text, str) or hash_of(text) != expected
    ]


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
        raise StoreUnavailableError(place, "a store in memory has no file to restore")
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
