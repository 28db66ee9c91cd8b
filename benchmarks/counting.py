"""Count what a store asks its database: noise does not touch counts."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from prompt_kernel.store import Store


@dataclass
class Counts:
    """SQL statements, the rows that came back, and the steps of SQLite's virtual machine that it took."""

    statements: int = 0
    rows: int = 0
    steps: int = 0


@contextmanager
def counting() -> Iterator[Counts]:
    """Count what every connection that is opened in the block does."""
    counts = Counts()
    connect = sqlite3.connect

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)

        def statement(_sql: str) -> None:
            counts.statements += 1

        def step() -> int:
            counts.steps += 1
            return 0

        def row(_cursor: object, values: tuple[Any, ...]) -> tuple[Any, ...]:
            counts.rows += 1
            return values

        connection.set_trace_callback(statement)
        connection.set_progress_handler(step, 1)
        connection.row_factory = row
        return connection

    with patch.object(sqlite3, "connect", counted):
        yield counts


def counted_expansion(file: Path, path: str) -> Counts:
    """Open the store at `file`, expand `path`, and return what that took."""
    with counting() as counts, Store(file) as store:
        store.expand(path)
    return counts
