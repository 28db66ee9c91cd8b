"""Getting out of a damaged database whatever can still be read, version by version."""

from collections.abc import Iterator

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.expansion import hash_of
from prompt_kernel.records import Salvaged
from prompt_kernel.store._engine import Database

_VERSION = "SELECT prompt_id, number, text, sha256 FROM version WHERE id = :id"
_PATH = "SELECT path FROM prompt WHERE id = :id"
_LAST = "SELECT coalesce(max(id), 0) FROM version"


def salvage(database: Database) -> Iterator[Salvaged]:
    """Give every stored version, one look-up each, so that one bad page costs only what lies on it."""
    for number in range(1, _last(database) + 1):
        try:
            rows = database.rows(_VERSION, {"id": number})
        except StoreUnavailableError as error:
            yield Salvaged("", number, "", error.reason)
            continue
        for prompt_id, version, text, sha256 in rows:
            sound = isinstance(text, str) and hash_of(text) == sha256
            problem = "" if sound else "it does not match its hash"
            yield Salvaged(_path(database, prompt_id), version, text if sound else "", problem)


def _last(database: Database) -> int:
    """Return the highest id there may be: by the table, or where its last page is bad, by trying upwards."""
    try:
        return int(database.rows(_LAST, {})[0][0])
    except StoreUnavailableError:
        return database.pages * _MOST_ROWS_A_PAGE


#: No row of this table is smaller than its hash, of which a page of 4 KiB holds fewer than these.
_MOST_ROWS_A_PAGE = 64


def _path(database: Database, prompt_id: int) -> str:
    try:
        rows = database.rows(_PATH, {"id": prompt_id})
    except StoreUnavailableError:
        rows = []
    return str(rows[0][0]) if rows else f"lost/prompt-{prompt_id}"
