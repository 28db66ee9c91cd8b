"""From the records of an archive to rows: experiments, with what their runs share and the runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.errors import DivergedError
from prompt_kernel.names import key_of
from prompt_kernel.store import _contents, _ledger, _packing, _rows, _runs
from prompt_kernel.store._packing import EXPERIMENT_COLUMNS, EXPERIMENT_FIELDS, RUN_COLUMNS, RUN_FIELDS, Record

_FIND: Final = text("SELECT id, " + EXPERIMENT_COLUMNS + " FROM experiment WHERE uid = :uid")  # noqa: S608 - constants
_TAKEN: Final = text("SELECT id, uid FROM experiment WHERE key = :key")
#: For now it has a key that nobody else can have; its own record, or the sweep, comes later.
_SET_ASIDE: Final = text("UPDATE experiment SET key = uid WHERE id = :id")
_INSERT: Final = text(
    "INSERT INTO experiment (uid, name, key, description, spec, round, author, created_at, updated_at)"
    " VALUES (:uid, :name, :key, :description, :spec, :round, :author, :created_at, :updated_at)"
)
_UPDATE: Final = text(
    "UPDATE experiment SET name = :name, key = :key, description = :description, spec = :spec, round = :round,"
    " author = :author, created_at = :created_at, updated_at = :updated_at WHERE uid = :uid"
)
#: One look-up each, by its index: PostgreSQL would read all runs for a list of many.
_THERE: Final = text(
    "SELECT (SELECT r.id FROM run r WHERE r.experiment_id = :experiment AND r.cell = w.value) FROM json_each(:cells) w"
)
_HELD: Final = text("SELECT cell, " + RUN_COLUMNS + " FROM run WHERE id IN :ids").bindparams(  # noqa: S608 - constants
    bindparam("ids", expanding=True)
)
_CELL: Final = ("prompt", "row", "model", "repeat", "call")


def load_experiments(connection: Connection, batch: Sequence[Record], *, mirror: bool) -> None:
    """Bring in experiments; what is there stays, but for runs of an earlier round, unless it is a mirror.

    Raises:
        DivergedError: the store has gone on with one, or has another one of that name.
    """
    parts: list[tuple[Record, list[Record]]] = []
    for record in batch:
        if record["record"] == "experiment":
            parts.append((record, []))
        else:
            parts[-1][1].append(record)
    for experiment, records in parts:
        experiment_id = _put(connection, experiment, mirror=mirror)
        shared = [record for record in records if record["record"] == "content"]
        _contents.keep(connection, experiment_id, {record["sha256"]: record["data"] for record in shared})
        _put_runs(connection, experiment_id, [record for record in records if record["record"] == "run"], mirror=mirror)


def _put(connection: Connection, record: Record, *, mirror: bool) -> int:
    """Bring in what is said of an experiment; return its id here."""
    row = {name: record[name] for name in EXPERIMENT_FIELDS} | {"key": key_of(record["name"])}
    held = connection.execute(_FIND, row).first()
    if held and held.round > record["round"] and not mirror:
        reason = f"here it was run {held.round} times, and there {record['round']}"
        raise DivergedError(f"the experiment {record['name']}", reason)
    _make_way(connection, row, mirror=mirror)
    is_later = mirror or held is None or (held.round, held.updated_at) < (row["round"], row["updated_at"])
    if is_later and (held is None or held[1:] != tuple(row[name] for name in EXPERIMENT_FIELDS)):
        connection.execute(_INSERT if held is None else _UPDATE, row)
    return int(connection.execute(_FIND, row).one().id)


def _make_way(connection: Connection, row: Mapping[str, Any], *, mirror: bool) -> None:
    taken = connection.execute(_TAKEN, row).first()
    if taken is None or taken.uid == row["uid"]:
        return
    if not mirror:
        raise DivergedError(f"the experiment {row['name']}", "here another one has that name, rename it first")
    connection.execute(_SET_ASIDE, {"id": taken.id})


def _put_runs(connection: Connection, experiment_id: int, records: Sequence[Record], *, mirror: bool) -> None:
    by_cell = {_runs.cell_of(*(record[field] for field in _CELL)): record for record in records}
    there = connection.execute(_THERE, {"experiment": experiment_id, "cells": _rows.to_json(list(by_cell))})
    ids = [number for (number,) in there if number is not None]
    held = {row.cell: row[1:] for row in _packing.select(connection, _HELD, ids)}
    rows = [
        _row(cell, record, experiment_id)
        for cell, record in by_cell.items()
        if cell not in held or _is_later(record, held[cell], mirror=mirror)
    ]
    if rows:
        _ledger.note_used(connection, experiment_id, rows)
        connection.execute(_runs.PUT_AS_IS, rows)


def _is_later(record: Record, held: tuple[Any, ...], *, mirror: bool) -> bool:
    """Tell whether a record is to take the place of what is there, whose first field is its round."""
    return held != tuple(record[name] for name in RUN_FIELDS) and (mirror or record["round"] > held[0])


def _row(cell: str, record: Record, experiment_id: int) -> dict[str, Any]:
    scores_cost = _runs.cost_of(_runs.scores_from_json(record["scores"]))
    return {
        **record, "cell": cell, "experiment_id": experiment_id, "input": record["row"], "scores_cost": scores_cost,
    }  # fmt: skip
