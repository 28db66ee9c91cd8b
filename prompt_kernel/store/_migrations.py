"""The schema, as numbered steps: each in one transaction with its number, so that a kill leaves all of it or none.

A step is never changed once it was released; a test compares the outcome of all of them with `tables`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from prompt_kernel.errors import SchemaTooNewError, StoreUnavailableError
from prompt_kernel.store._backup import copy_database
from prompt_kernel.store._engine import APPLICATION_ID, Database, reason_of

Step = Callable[[sqlite3.Connection], None]


def _m001_first(connection: sqlite3.Connection) -> None:
    for statement in _FIRST:
        connection.execute(statement)


_FIRST: Final = (
    """CREATE TABLE prompt (
        id INTEGER NOT NULL PRIMARY KEY,
        uid VARCHAR NOT NULL UNIQUE,
        path VARCHAR NOT NULL,
        "key" VARCHAR NOT NULL,
        name_key VARCHAR NOT NULL,
        description VARCHAR NOT NULL,
        tags VARCHAR NOT NULL,
        head INTEGER NOT NULL,
        characters INTEGER NOT NULL,
        enabled BOOLEAN NOT NULL,
        author VARCHAR NOT NULL,
        updated_at VARCHAR NOT NULL,
        deleted_at VARCHAR,
        deleted_by VARCHAR,
        layout VARCHAR
    )""",
    'CREATE UNIQUE INDEX prompt_key ON prompt ("key") WHERE deleted_at IS NULL',
    "CREATE INDEX prompt_name ON prompt (name_key)",
    "CREATE INDEX prompt_deleted ON prompt (deleted_at) WHERE deleted_at IS NOT NULL",
    """CREATE TABLE version (
        id INTEGER NOT NULL PRIMARY KEY,
        prompt_id INTEGER NOT NULL REFERENCES prompt (id),
        number INTEGER NOT NULL,
        text VARCHAR NOT NULL,
        sha256 VARCHAR NOT NULL,
        engine VARCHAR NOT NULL,
        variables VARCHAR NOT NULL,
        author VARCHAR NOT NULL,
        origin VARCHAR NOT NULL,
        message VARCHAR NOT NULL,
        created_at VARCHAR NOT NULL,
        UNIQUE (prompt_id, number)
    )""",
    """CREATE TRIGGER version_is_immutable BEFORE UPDATE ON version
        BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END""",
    """CREATE TABLE label (
        prompt_id INTEGER NOT NULL REFERENCES prompt (id),
        name VARCHAR NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (prompt_id, name)
    )""",
    """CREATE TABLE reference (
        id INTEGER NOT NULL PRIMARY KEY,
        prompt_id INTEGER NOT NULL REFERENCES prompt (id),
        spelled VARCHAR NOT NULL,
        name_key VARCHAR NOT NULL,
        pin VARCHAR NOT NULL,
        line INTEGER NOT NULL,
        target_id INTEGER REFERENCES prompt (id)
    )""",
    "CREATE INDEX reference_prompt ON reference (prompt_id, target_id)",
    "CREATE INDEX reference_target ON reference (target_id)",
    "CREATE INDEX reference_name ON reference (name_key)",
    """CREATE TABLE directory (
        id INTEGER NOT NULL PRIMARY KEY,
        path VARCHAR NOT NULL,
        "key" VARCHAR NOT NULL UNIQUE,
        description VARCHAR NOT NULL,
        enabled BOOLEAN NOT NULL,
        source VARCHAR NOT NULL
    )""",
    """CREATE TABLE redirect (
        "key" VARCHAR NOT NULL PRIMARY KEY,
        path VARCHAR NOT NULL,
        prompt_id INTEGER NOT NULL REFERENCES prompt (id)
    )""",
    "CREATE INDEX ix_redirect_prompt_id ON redirect (prompt_id)",
    """CREATE TABLE change (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        kind VARCHAR NOT NULL,
        prompt_id INTEGER,
        path VARCHAR NOT NULL,
        version INTEGER,
        detail VARCHAR NOT NULL,
        author VARCHAR NOT NULL,
        origin VARCHAR NOT NULL,
        at VARCHAR NOT NULL
    )""",
    """CREATE VIRTUAL TABLE search USING fts5 (
        path, description, tags, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
    )""",
)

STEPS: Final[tuple[Step, ...]] = (_m001_first,)


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
