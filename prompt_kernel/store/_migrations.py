"""Upgrades: each step of the schema in one transaction with its number, so that a kill leaves all of it or none.

A test compares the outcome of all steps with `tables`.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from prompt_kernel.errors import SchemaTooNewError
from prompt_kernel.locations import shown
from prompt_kernel.store._backup import copy_database
from prompt_kernel.store._engine import Database


def upgrade(database: Database, steps: Sequence[Any] | None = None) -> None:
    """Bring `database` to the newest schema; one that is newer than we know is left alone and opened for reading.

    Before the first step of an existing file a verified backup is made beside it.

    Raises:
        StoreUnavailableError: it holds something else than a store, or cannot be read.
    """
    steps = database.steps if steps is None else steps
    found = database.schema()
    if found > len(steps):
        database.refuse_writes(SchemaTooNewError(shown(database.url), found, len(steps)))
        database.protect()
    elif found < len(steps) and database.read_only is None:
        _run(database, steps, found)
    elif found < len(steps):
        raise database.unavailable("it needs an upgrade first, and it is open for reading only")


def _run(database: Database, steps: Sequence[Any], found: int) -> None:
    for number in range(found + 1, len(steps) + 1):
        with database.writing():
            # Another process may have done this step while we waited for the lock.
            if database.schema() < number:
                if number == found + 1 and found and database.file is not None:
                    _back_up(database.file, found)
                database.run_step(steps[number - 1], number)


def _back_up(file: Path, found: int) -> None:
    # Over a connection of its own, because one that holds the lock for writing cannot be copied from.
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as reader:
        copy_database(reader, file.with_name(f"{file.name}.schema-{found}.backup"))
