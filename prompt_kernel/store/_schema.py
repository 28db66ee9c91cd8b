"""What a store's file is made of, as numbered steps; a step is never changed once it was released."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from typing import Final

Step = Callable[[sqlite3.Connection], None]


def _m001_first(connection: sqlite3.Connection) -> None:
    for statement in FIRST:
        connection.execute(statement)


def _m002_live(connection: sqlite3.Connection) -> None:
    for statement in LIVE:
        connection.execute(statement)


def _m003_team(connection: sqlite3.Connection) -> None:
    for statement in TEAM:
        connection.execute(statement)


def _m004_experiments(connection: sqlite3.Connection) -> None:
    for statement in EXPERIMENTS:
        connection.execute(statement)


FIRST: Final = (
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

LIVE: Final = (
    "CREATE INDEX prompt_updated ON prompt (updated_at) WHERE deleted_at IS NULL",
    """CREATE TABLE live_document (
        prompt_id INTEGER NOT NULL PRIMARY KEY REFERENCES prompt (id),
        epoch VARCHAR NOT NULL,
        state BLOB NOT NULL,
        upto INTEGER NOT NULL,
        synced INTEGER NOT NULL,
        synced_state BLOB NOT NULL
    )""",
    """CREATE TABLE live_update (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        prompt_id INTEGER NOT NULL REFERENCES prompt (id),
        epoch VARCHAR NOT NULL,
        data BLOB NOT NULL,
        author VARCHAR NOT NULL,
        process VARCHAR NOT NULL,
        at VARCHAR NOT NULL
    )""",
    "CREATE INDEX live_update_prompt ON live_update (prompt_id, id)",
    """CREATE TABLE favourite (
        author VARCHAR NOT NULL,
        prompt_id INTEGER NOT NULL REFERENCES prompt (id),
        PRIMARY KEY (author, prompt_id)
    )""",
    "CREATE INDEX ix_favourite_prompt_id ON favourite (prompt_id)",
    """CREATE TABLE opening (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        author VARCHAR NOT NULL,
        prompt_id INTEGER NOT NULL REFERENCES prompt (id),
        at VARCHAR NOT NULL,
        UNIQUE (author, prompt_id)
    )""",
    "CREATE INDEX ix_opening_prompt_id ON opening (prompt_id)",
    """CREATE TABLE preference (
        author VARCHAR NOT NULL,
        name VARCHAR NOT NULL,
        value VARCHAR NOT NULL,
        PRIMARY KEY (author, name)
    )""",
)

TEAM: Final = (
    """CREATE TABLE linked_file (
        place VARCHAR NOT NULL,
        file VARCHAR NOT NULL,
        prompt_id INTEGER NOT NULL REFERENCES prompt (id),
        version INTEGER NOT NULL,
        metadata VARCHAR NOT NULL,
        sha256 VARCHAR NOT NULL,
        size BIGINT NOT NULL,
        modified BIGINT NOT NULL,
        PRIMARY KEY (place, file)
    )""",
    "CREATE INDEX ix_linked_file_prompt_id ON linked_file (prompt_id)",
    """CREATE TABLE token (
        name VARCHAR NOT NULL PRIMARY KEY,
        sha256 VARCHAR NOT NULL UNIQUE,
        may_write BOOLEAN NOT NULL,
        author VARCHAR NOT NULL,
        created_at VARCHAR NOT NULL
    )""",
)

EXPERIMENTS: Final = (
    """CREATE TABLE experiment (
        id INTEGER NOT NULL PRIMARY KEY,
        uid VARCHAR NOT NULL UNIQUE,
        name VARCHAR NOT NULL,
        "key" VARCHAR NOT NULL UNIQUE,
        description VARCHAR NOT NULL,
        spec VARCHAR NOT NULL,
        round INTEGER NOT NULL,
        author VARCHAR NOT NULL,
        created_at VARCHAR NOT NULL,
        updated_at VARCHAR NOT NULL
    )""",
    """CREATE TABLE experiment_content (
        experiment_id INTEGER NOT NULL REFERENCES experiment (id),
        sha256 VARCHAR NOT NULL,
        data VARCHAR NOT NULL,
        PRIMARY KEY (experiment_id, sha256)
    )""",
    """CREATE TABLE experiment_prompt (
        experiment_id INTEGER NOT NULL REFERENCES experiment (id),
        uid VARCHAR NOT NULL,
        round INTEGER NOT NULL,
        PRIMARY KEY (experiment_id, uid)
    )""",
    "CREATE INDEX ix_experiment_prompt_uid ON experiment_prompt (uid)",
    """CREATE TABLE run (
        id INTEGER NOT NULL PRIMARY KEY,
        experiment_id INTEGER NOT NULL REFERENCES experiment (id),
        cell VARCHAR NOT NULL,
        round INTEGER NOT NULL,
        prompt VARCHAR NOT NULL,
        model VARCHAR NOT NULL,
        input VARCHAR NOT NULL,
        repeat INTEGER NOT NULL,
        call VARCHAR NOT NULL,
        manifest VARCHAR NOT NULL,
        inputs VARCHAR NOT NULL,
        variables VARCHAR NOT NULL,
        parameters VARCHAR NOT NULL,
        text_sha256 VARCHAR NOT NULL,
        seconds FLOAT,
        tokens_in INTEGER,
        tokens_out INTEGER,
        cost FLOAT,
        scores_cost FLOAT,
        author VARCHAR NOT NULL,
        at VARCHAR NOT NULL,
        error VARCHAR NOT NULL,
        scores VARCHAR NOT NULL,
        output VARCHAR,
        UNIQUE (experiment_id, cell)
    )""",
    "CREATE INDEX run_round ON run (experiment_id, round, id)",
    "CREATE INDEX run_prompt ON run (experiment_id, round, prompt, id)",
    "CREATE INDEX run_model ON run (experiment_id, round, model, id)",
    "CREATE INDEX run_error ON run (experiment_id, round, id) WHERE error <> ''",
    "CREATE INDEX run_call ON run (experiment_id, call, cost, scores_cost)",
)

STEPS: Final[tuple[Step, ...]] = (_m001_first, _m002_live, _m003_team, _m004_experiments)


def flaws(connection: sqlite3.Connection) -> list[str]:
    """Return which tables are not as the steps have made them, in a store of a schema that we know.

    SQLite's own check does not look at that: to it, a column of another name is just another column.
    """
    number = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not 0 < number <= len(STEPS):
        return []
    found = _tables(connection)
    return [f"the table {name} is not as it was made" for name, sql in _made(number).items() if found.get(name) != sql]


@cache
def _made(number: int) -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for step in STEPS[:number]:
            step(connection)
        return _tables(connection)


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the definitions of the tables, but for those that SQLite makes by itself."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return {name: sql for name, sql in rows if not name.startswith(("search_", "sqlite_"))}
