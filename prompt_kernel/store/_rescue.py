"""Getting out of a damaged database whatever can still be read, version by version and run by run."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.expansion import hash_of
from prompt_kernel.records import Salvaged
from prompt_kernel.store._engine import Database
from prompt_kernel.store._packing import RUN_COLUMNS, RUN_FIELDS

_VERSION = "SELECT prompt_id, number, text, sha256 FROM version WHERE id = :id"
_PATH = "SELECT path FROM prompt WHERE id = :id"
_LAST = "SELECT coalesce(max(id), 0) FROM version"
_LAST_RUN = "SELECT coalesce(max(id), 0) FROM run"
_RUN = "SELECT experiment_id, " + RUN_COLUMNS + " FROM run WHERE id = :id"  # noqa: S608 - constants
_NAME = "SELECT name FROM experiment WHERE id = :id"
_CONTENT = "SELECT data FROM experiment_content WHERE experiment_id = :id AND sha256 = :sha256"
_SHARED = ("inputs", "variables", "parameters", "manifest")
_JSON = ("scores", "output")


def salvage(database: Database) -> Iterator[Salvaged]:
    """Give every stored version, one look-up each, so that one bad page costs only what lies on it."""
    for number in range(1, _last(database, _LAST) + 1):
        try:
            rows = database.rows(_VERSION, {"id": number})
        except StoreUnavailableError as error:
            yield Salvaged("", number, "", error.reason)
            continue
        for prompt_id, version, text, sha256 in rows:
            sound = isinstance(text, str) and hash_of(text) == sha256
            problem = "" if sound else "it does not match its hash"
            yield Salvaged(_path(database, prompt_id), version, text if sound else "", problem)


def salvage_runs(database: Database) -> Iterator[tuple[int, dict[str, Any], str]]:
    """Give every run of every experiment as plain data with its id, one look-up each, or what is wrong with it."""
    for number in range(1, _last(database, _LAST_RUN) + 1):
        try:
            rows = database.rows(_RUN, {"id": number})
        except StoreUnavailableError as error:
            yield number, {}, error.reason
            continue
        for experiment_id, *values in rows:
            run = dict(zip(RUN_FIELDS, values, strict=True))
            for field in _SHARED:
                run[field] = _read(database, _CONTENT, {"id": experiment_id, "sha256": run[field]})
            name = _cell(database, _NAME, {"id": experiment_id}) or f"lost-{experiment_id}"
            yield number, {"experiment": name, **run, **{field: _parsed(run[field]) for field in _JSON}}, ""


def _read(database: Database, statement: str, values: Mapping[str, object]) -> Any:
    return _parsed(_cell(database, statement, values))


def _parsed(stored: Any) -> Any:
    """Return what JSON says, None where it cannot be read."""
    try:
        return None if stored is None else json.loads(stored)
    except (TypeError, ValueError):
        return None


def _cell(database: Database, statement: str, values: Mapping[str, object]) -> Any:
    try:
        rows = database.rows(statement, values)
    except StoreUnavailableError:
        rows = []
    return rows[0][0] if rows else None


def _last(database: Database, statement: str) -> int:
    """Return the highest id there may be: by the table, or where its last page is bad, by trying upwards."""
    try:
        return int(database.rows(statement, {})[0][0])
    except StoreUnavailableError:
        return database.pages * _MOST_ROWS_A_PAGE


#: No row of this table is smaller than its hash, of which a page of 4 KiB holds fewer than these.
_MOST_ROWS_A_PAGE = 64


def _path(database: Database, prompt_id: int) -> str:
    path = _cell(database, _PATH, {"id": prompt_id})
    return f"lost/prompt-{prompt_id}" if path is None else str(path)
