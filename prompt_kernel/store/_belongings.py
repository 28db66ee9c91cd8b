"""From the records of an archive to rows: what people have set for themselves, and the texts that they edit live."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, text

from prompt_kernel.store import _packing, _removing, _rows
from prompt_kernel.store._packing import Record

_INSERT: Final = {
    "favourite": text("INSERT INTO favourite (author, prompt_id) VALUES (:author, :id) ON CONFLICT DO NOTHING"),
    "opening": text(
        "INSERT INTO opening (author, prompt_id, at) VALUES (:author, :id, :at)"
        " ON CONFLICT (author, prompt_id) DO NOTHING"
    ),
    "preference": text(
        "INSERT INTO preference (author, name, value) VALUES (:author, :name, :value) ON CONFLICT DO NOTHING"
    ),
}
_LAST_UPDATE: Final = text("SELECT coalesce(max(id), 0) FROM live_update")
_FORGET_UPDATES: Final = text("DELETE FROM live_update WHERE prompt_id = :id")
_PUT_DOCUMENT: Final = text(
    "INSERT INTO live_document (prompt_id, epoch, state, upto, synced, synced_state)"
    " VALUES (:id, :epoch, :state, :upto, :synced, :synced_state) ON CONFLICT (prompt_id) DO UPDATE SET"
    " epoch = excluded.epoch, state = excluded.state, upto = excluded.upto, synced = excluded.synced,"
    " synced_state = excluded.synced_state"
)
_PUT_UPDATE: Final = text(
    "INSERT INTO live_update (prompt_id, epoch, data, author, process, at)"
    " VALUES (:id, :epoch, :data, :author, :process, :at)"
)


def load_personal(connection: Connection, kind: str, records: Sequence[Record], *, mirror: bool) -> None:
    """Bring in all of a kind of what people have set for themselves; what is there stays, unless it is a mirror."""
    own = _packing.personal(connection, kind)
    if own == list(records):
        return
    if mirror:
        _removing.clear(connection, kind)
    ids = _packing.ids_of(connection, {record["uid"] for record in records if "uid" in record})
    rows = [_row(record, ids) for record in records]
    if rows:
        connection.execute(_INSERT[kind], rows)


def _row(record: Record, ids: dict[str, int]) -> dict[str, Any]:
    if record["record"] == "preference":
        return {**record, "value": _rows.to_json(record["value"])}
    return {**record, "id": ids[record["uid"]]}


def load_documents(connection: Connection, records: Sequence[Record]) -> None:
    """Bring in live texts in place of those that are there."""
    ids = _packing.ids_of(connection, [record["uid"] for record in records])
    for record in records:
        if _packing.document(connection, record["uid"]) == record:
            continue
        prompt_id = ids[record["uid"]]
        connection.execute(_FORGET_UPDATES, {"id": prompt_id})
        # The updates get ids of this store, which are higher.
        document = {**_decoded(record), "id": prompt_id, "upto": connection.execute(_LAST_UPDATE).scalar_one()}
        connection.execute(_PUT_DOCUMENT, document)
        updates = [
            {**update, "id": prompt_id, "epoch": record["epoch"], "data": b64decode(update["data"])}
            for update in record["updates"]
        ]
        if updates:
            connection.execute(_PUT_UPDATE, updates)


def _decoded(record: Record) -> dict[str, Any]:
    return {**record, "state": b64decode(record["state"]), "synced_state": b64decode(record["synced_state"])}
