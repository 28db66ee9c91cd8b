"""Upgrades: each step of the schema in one transaction with its number, so that a kill leaves all of it or none.

A test compares the outcome of all steps with `tables`.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from prompt_kernel.errors import SchemaTooNewError, StoreUnavailableError
from prompt_kernel.store._backup import copy_database
from prompt_kernel.store._engine import APPLICATION_ID, Database, reason_of
from prompt_kernel.store._schema import STEPS, Step


def upgrade(database: Database, steps: Sequence[Step] = STEPS) -> None:
    """Bring `database` to the newest schema; one that is newer than we know is left alone and opened for reading.

    Before the first step of an existing store a verified backup is made beside it.

    Raises:
        StoreUnavailableError: the file holds something else than a store, or cannot be read.
    """
    try:
        found = _version(database)
        if found > len(steps):
            database.refuse_writes(SchemaTooNewError(database.url, found, len(steps)))
            database.raw.execute("PRAGMA query_only = ON")
        elif found < len(steps) and database.read_only is None:
            _run(database, steps, found)
        elif found < len(steps):
            raise StoreUnavailableError(database.url, "it needs an upgrade first, and it is open for reading only")
    except sqlite3.Error as error:
        raise StoreUnavailableError(database.url, reason_of(error)) from error


def _version(database: Database) -> int:
    raw = database.raw
    # In one transaction, because another process may be making the store just now.
    raw.execute("BEGIN")
    application = raw.execute("PRAGMA application_id").fetchone()[0]
    version = int(raw.execute("PRAGMA user_version").fetchone()[0])
    tables = raw.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    raw.execute("COMMIT")
    if application != APPLICATION_ID and tables:
        raise StoreUnavailableError(database.url, "the file is a database of some other program")
    return version


def _run(database: Database, steps: Sequence[Step], found: int) -> None:
    raw = database.raw
    for number in range(found + 1, len(steps) + 1):
        raw.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done this step while we waited for the lock.
            if int(raw.execute("PRAGMA user_version").fetchone()[0]) < number:
                if number == found + 1 and found and database.file is not None:
                    _back_up(database.file, found)
                steps[number - 1](raw)
                raw.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
                raw.execute(f"PRAGMA user_version = {number:d}")
            raw.execute("COMMIT")
        except BaseException:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raise


def _back_up(file: Path, found: int) -> None:
    # Over a connection of its own, because one that holds the lock for writing cannot be copied from.
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as reader:
        copy_database(reader, file.with_name(f"{file.name}.schema-{found}.backup"))
