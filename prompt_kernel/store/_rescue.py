"""Getting out of a damaged database whatever can still be read, version by version."""

import sqlite3
from collections.abc import Iterator

from prompt_kernel.expansion import hash_of
from prompt_kernel.records import Salvaged
from prompt_kernel.store._engine import Database

_VERSION = "SELECT prompt_id, number, text, sha256 FROM version WHERE id = :id"
_PATH = "SELECT path FROM prompt WHERE id = :id"


def salvage(database: Database) -> Iterator[Salvaged]:
    """Give every stored version, one look-up each, so that one bad page costs only what lies on it."""
    raw = database.raw
    for number in range(1, _last(raw) + 1):
        try:
            row = raw.execute(_VERSION, {"id": number}).fetchone()
        except sqlite3.Error as error:
            yield Salvaged("", number, "", str(error))
            continue
        if row is not None:
            prompt_id, version, text, sha256 = row
            sound = isinstance(text, str) and hash_of(text) == sha256
            problem = "" if sound else "it does not match its hash"
            yield Salvaged(_path(raw, prompt_id), version, text if sound else "", problem)


def _last(raw: sqlite3.Connection) -> int:
    """Return the highest id there may be: by the table, or where its last page is bad, by trying upwards."""
    try:
        return int(raw.execute("SELECT coalesce(max(id), 0) FROM version").fetchone()[0])
    except sqlite3.Error:
        return int(raw.execute("PRAGMA page_count").fetchone()[0]) * _MOST_ROWS_A_PAGE


#: No row of this table is smaller than its hash, of which a page of 4 KiB holds fewer than these.
_MOST_ROWS_A_PAGE = 64


def _path(raw: sqlite3.Connection, prompt_id: int) -> str:
    try:
        row = raw.execute(_PATH, {"id": prompt_id}).fetchone()
    except sqlite3.Error:
        row = None
    return str(row[0]) if row is not None else f"lost/prompt-{prompt_id}"
