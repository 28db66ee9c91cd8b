"""From rows to the records of an archive, a page at a time (see `_archive`)."""

import json
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.errors import DamagedTextError
from prompt_kernel.expansion import hash_of
from prompt_kernel.names import is_inside, key_of
from prompt_kernel.store import _read
from prompt_kernel.store._engine import Database

Record = dict[str, Any]
Kinds = Collection[str]


def _of_ids(statement: str) -> Any:
    return text(statement).bindparams(bindparam("ids", expanding=True))


_DIRECTORIES: Final = text("SELECT path, key, description, enabled, source FROM directory")
_PROMPT: Final = (
    "SELECT id, uid, path, key, description, tags, head, characters, enabled, author, updated_at, deleted_at,"
    " deleted_by, layout FROM prompt WHERE "
)
_LIVE: Final = text(
    _PROMPT + "deleted_at IS NULL AND key > :after AND key >= :first AND key < :last ORDER BY key LIMIT :limit"
)
_TRASH: Final = text(_PROMPT + "deleted_at IS NOT NULL AND uid > :after ORDER BY uid LIMIT :limit")
_LABELS: Final = _of_ids("SELECT prompt_id, name, number FROM label WHERE prompt_id IN :ids")
_FORMER: Final = _of_ids("SELECT prompt_id, path FROM redirect WHERE prompt_id IN :ids")
_VERSIONS: Final = _of_ids(
    "SELECT prompt_id, number, sha256, engine, variables, author, origin, message, created_at, text FROM version"
    " WHERE prompt_id IN :ids AND number > :after AND number <= :upto ORDER BY prompt_id, number"
)
_MARKS: Final = _of_ids(
    "SELECT prompt_id, number, sha256, engine, variables FROM version WHERE prompt_id IN :ids"
    " ORDER BY prompt_id, number"
)
_BY_UID: Final = _of_ids(_PROMPT + "uid IN :ids")
_BY_KEY: Final = _of_ids(_PROMPT + "deleted_at IS NULL AND key IN :ids")
_FORMER_KEYS: Final = _of_ids("SELECT key FROM redirect WHERE key IN :ids")
_IDS: Final = _of_ids("SELECT uid, id FROM prompt WHERE uid IN :ids")
_CHANGES: Final = text(
    "SELECT c.id, c.kind, p.uid, c.path, c.version, c.detail, c.author, c.origin, c.at"
    " FROM change c LEFT JOIN prompt p ON p.id = c.prompt_id WHERE c.id > :after ORDER BY c.id LIMIT :limit"
)
_FAVOURITES: Final = text("SELECT f.author, p.uid FROM favourite f JOIN prompt p ON p.id = f.prompt_id")
_OPENINGS: Final = text("SELECT o.author, p.uid, o.at FROM opening o JOIN prompt p ON p.id = o.prompt_id ORDER BY o.id")
_PREFERENCES: Final = text("SELECT author, name, value FROM preference")
_DOCUMENTS: Final = text("SELECT p.uid FROM live_document d JOIN prompt p ON p.id = d.prompt_id")
_DOCUMENT: Final = text(
    "SELECT d.prompt_id, d.epoch, d.synced, d.upto, d.state, d.synced_state"
    " FROM live_document d JOIN prompt p ON p.id = d.prompt_id WHERE p.uid = :uid"
)
_UPDATES: Final = text(
    "SELECT author, process, at, data FROM live_update WHERE prompt_id = :id AND id > :upto ORDER BY id"
)
EXPERIMENT_FIELDS: Final = (
    "uid", "name", "description", "spec", "round", "author", "created_at", "updated_at",
)  # fmt: skip
#: What a run has, as the records have it; where a run's row is, the table calls it its input.
RUN_FIELDS: Final = (
    "round", "prompt", "row", "model", "repeat", "call", "manifest", "inputs", "variables", "parameters",
    "text_sha256", "seconds", "tokens_in", "tokens_out", "cost", "author", "at", "error", "scores", "output",
)  # fmt: skip
EXPERIMENT_COLUMNS: Final = "uid, name, description, spec, round, author, created_at, updated_at"
RUN_COLUMNS: Final = (
    "round, prompt, input, model, repeat, call, manifest, inputs, variables, parameters, text_sha256, seconds,"
    " tokens_in, tokens_out, cost, author, at, error, scores, output"
)
_EXPERIMENTS: Final = text("SELECT id, " + EXPERIMENT_COLUMNS + " FROM experiment ORDER BY key")  # noqa: S608 - constants
_CONTENTS: Final = text(
    "SELECT sha256, sha256, data FROM experiment_content WHERE experiment_id = :id AND sha256 > :after"
    " ORDER BY sha256 LIMIT :limit"
)
_RUNS: Final = text(
    "SELECT id, " + RUN_COLUMNS + " FROM run WHERE experiment_id = :id AND id > :after ORDER BY id LIMIT :limit"  # noqa: S608 - constants
)
#: Their statement, what is before the first, and their fields.
_OF_EXPERIMENTS: Final[Mapping[str, tuple[Any, Any, Sequence[str]]]] = {
    "content": (_CONTENTS, "", ("sha256", "data")),
    "run": (_RUNS, 0, RUN_FIELDS),
}
_CHUNK: Final = 500
#: About how many characters of versions are in memory at once.
_MOST_CHARACTERS: Final = 4 * 2**20
#: What a version has besides its text, roughly.
_OVERHEAD: Final = 500


class Held(NamedTuple):
    """What a store has of a prompt: its record, and of each version the hash, the engine and the variables."""

    id: int
    record: Record
    marks: tuple[tuple[str, str, str], ...]
    enabled: bool


def select(connection: Connection, statement: Any, ids: Iterable[Any], **values: object) -> list[Any]:
    """Run a statement with a long list, in parts that a database takes."""
    return [row for part in _in_parts(ids) for row in connection.execute(statement, {"ids": part, **values})]


def run(connection: Connection, statement: Any, ids: Iterable[Any]) -> None:
    """Run a statement that gives no rows with a long list."""
    for part in _in_parts(ids):
        connection.execute(statement, {"ids": part})


def _in_parts(ids: Iterable[Any]) -> list[list[Any]]:
    items = list(ids)
    return [items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK)]


def ids_of(connection: Connection, uids: Iterable[str]) -> dict[str, int]:
    """Return the ids that prompts have in this store."""
    return {row.uid: row.id for row in select(connection, _IDS, set(uids))}


def taken(connection: Connection, paths: Iterable[str]) -> set[str]:
    """Return the keys of those of `paths` that a prompt has, or had before it was renamed."""
    keys = set(map(key_of, paths))
    return {row.key for statement in (_BY_KEY, _FORMER_KEYS) for row in select(connection, statement, keys)}


def find(connection: Connection, uids: Iterable[str], paths: Iterable[str] = ()) -> list[Held]:
    """Return what the store has of prompts by uid, and of those at `paths` that are not in the trash."""
    rows = {row.id: row for row in select(connection, _BY_UID, uids)}
    rows |= {row.id: row for row in select(connection, _BY_KEY, map(key_of, paths))}
    marks: dict[int, list[tuple[str, str, str]]] = {prompt_id: [] for prompt_id in rows}
    for row in select(connection, _MARKS, rows):
        marks[row.prompt_id].append((row.sha256, row.engine, row.variables))
    records = _prompts(connection, list(rows.values()))
    return [
        Held(row.id, record, tuple(marks[row.id]), bool(row.enabled))
        for row, record in zip(rows.values(), records, strict=True)
    ]


# Pages


def _directories(database: Database, directory: str, kinds: Kinds) -> Iterator[Record]:  # noqa: ARG001 - a page
    with database.reading() as connection:
        rows = connection.execute(_DIRECTORIES).all()
    for row in sorted(rows, key=lambda row: str(row.key)):
        if not directory or row.key == key_of(directory) or is_inside(row.path, directory):
            yield {
                "record": "directory", "path": row.path, "description": row.description, "enabled": bool(row.enabled),
                "source": row.source,
            }  # fmt: skip


def _all_prompts(database: Database, directory: str, kinds: Kinds) -> Iterator[Record]:
    bounds = _read.bounds_of(directory)
    for statement, position in ((_LIVE, "key"), (_TRASH, "uid")):
        after = ""
        while True:
            with database.reading() as connection:
                rows = connection.execute(statement, {"after": after, "limit": _CHUNK, **bounds}).all()
                records = _prompts(connection, rows)
            if not rows:
                break
            after = getattr(rows[-1], position)
            wanted = [pair for pair in zip(rows, records, strict=True) if is_inside(pair[0].path, directory)]
            if "version" in kinds:
                yield from _with_versions(database, wanted)
            else:
                yield from (record for _, record in wanted)


def _prompts(connection: Connection, rows: Sequence[Any]) -> list[Record]:
    labels: dict[int, dict[str, int]] = {row.id: {} for row in rows}
    former: dict[int, list[str]] = {row.id: [] for row in rows}
    for row in select(connection, _LABELS, labels):
        labels[row.prompt_id][row.name] = row.number
    for row in select(connection, _FORMER, former):
        former[row.prompt_id].append(row.path)
    return [
        {
            "record": "prompt", "uid": row.uid, "path": row.path, "description": row.description,
            "tags": json.loads(row.tags), "head": row.head, "author": row.author, "updated_at": row.updated_at,
            "deleted_at": row.deleted_at, "deleted_by": row.deleted_by,
            "layout": None if row.layout is None else json.loads(row.layout),
            "labels": dict(sorted(labels[row.id].items())), "former": sorted(former[row.id]),
        }
        for row in rows
    ]  # fmt: skip


def _with_versions(database: Database, prompts: Sequence[tuple[Any, Record]]) -> Iterator[Record]:
    """Give each prompt and its versions after it, few enough at once; the newest text tells how long they may be."""
    group: list[tuple[Any, Record]] = []
    size = 0
    for row, record in prompts:
        more = row.head * (row.characters + _OVERHEAD)
        if group and size + more > _MOST_CHARACTERS:
            yield from _group(database, group)
            group, size = [], 0
        group.append((row, record))
        size += more
    if group:
        yield from _group(database, group)


def _group(database: Database, group: Sequence[tuple[Any, Record]]) -> Iterator[Record]:
    """Give prompts with their versions; a long history, which is a group of its own, in several steps."""
    row, record = group[0]
    step = max(_MOST_CHARACTERS // (row.characters + _OVERHEAD), 1) if len(group) == 1 else row.head
    last = max(row.head for row, _ in group)
    if len(group) > 1 or step >= last:
        found = _versions(database, [row for row, _ in group], 0, last)
        for row, record in group:
            yield record
            yield from found[row.id]
        return
    yield record
    for after in range(0, last, step):
        yield from _versions(database, [row], after, after + step)[row.id]


def _versions(database: Database, prompts: Sequence[Any], after: int, upto: int) -> dict[int, list[Record]]:
    by_id: dict[int, Any] = {row.id: row for row in prompts}
    found: dict[int, list[Record]] = {row.id: [] for row in prompts}
    with database.reading() as connection:
        rows = select(connection, _VERSIONS, by_id, after=after, upto=upto)
    for row in rows:
        prompt = by_id[row.prompt_id]
        if hash_of(row.text) != row.sha256:
            raise DamagedTextError(prompt.path, row.number)
        found[row.prompt_id].append({
            "record": "version", "uid": prompt.uid, "number": row.number, "sha256": row.sha256, "engine": row.engine,
            "variables": json.loads(row.variables), "author": row.author, "origin": row.origin, "message": row.message,
            "created_at": row.created_at, "text": row.text,
        })  # fmt: skip
    return found


def log_after(connection: Connection, after: int, limit: int) -> list[tuple[int, Record]]:
    """Return up to `limit` entries of the log that follow the entry `after`, with their ids."""
    rows = connection.execute(_CHANGES, {"after": after, "limit": limit})
    return [(row.id, {"record": "change", **{name: getattr(row, name) for name in _CHANGE_FIELDS}}) for row in rows]


_CHANGE_FIELDS: Final = ("kind", "uid", "path", "version", "detail", "author", "origin", "at")


def _changes(database: Database, directory: str, kinds: Kinds) -> Iterator[Record]:  # noqa: ARG001 - a page
    after = 0
    while not directory:
        with database.reading() as connection:
            entries = log_after(connection, after, _CHUNK)
        if not entries:
            return
        after = entries[-1][0]
        yield from (record for _, record in entries)


def personal(connection: Connection, kind: str) -> list[Record]:
    """Return what people have set for themselves: favourites, openings or preferences."""
    rows = [row._asdict() for row in connection.execute(_PERSONAL[kind])]
    if kind != "opening":
        # Not by the database, which may sort by a language.
        rows.sort(key=lambda row: list(row.values())[:2])
    for row in rows:
        if kind == "preference":
            row["value"] = json.loads(row["value"])
    return [{"record": kind, **row} for row in rows]


_PERSONAL: Final = {"favourite": _FAVOURITES, "opening": _OPENINGS, "preference": _PREFERENCES}


def _page_of(kind: str) -> Callable[..., Iterator[Record]]:
    def page(database: Database, directory: str, kinds: Kinds) -> Iterator[Record]:  # noqa: ARG001 - a page
        if directory:
            return
        with database.reading() as connection:
            records = personal(connection, kind)
        yield from records

    return page


def _documents(database: Database, directory: str, kinds: Kinds) -> Iterator[Record]:  # noqa: ARG001 - a page
    with database.reading() as connection:
        uids = sorted(str(row.uid) for row in connection.execute(_DOCUMENTS))
    for uid in [] if directory else uids:
        with database.reading() as connection:
            record = document(connection, uid)
        if record is not None:
            yield record


def document(connection: Connection, uid: str) -> Record | None:
    """Return the live text of a prompt, None where there is none."""
    row = connection.execute(_DOCUMENT, {"uid": uid}).first()
    if row is None:
        return None
    updates = connection.execute(_UPDATES, {"id": row.prompt_id, "upto": row.upto})
    return {
        "record": "live", "uid": uid, "epoch": row.epoch, "synced": row.synced, "state": packed(row.state),
        "synced_state": packed(row.synced_state),
        "updates": [{**update._asdict(), "data": packed(update.data)} for update in updates],
    }  # fmt: skip


def packed(data: bytes) -> str:
    """Return bytes as JSON can hold them."""
    return b64encode(data).decode()


def _experiments(database: Database, directory: str, kinds: Kinds) -> Iterator[Record]:
    with database.reading() as connection:
        rows = connection.execute(_EXPERIMENTS).all()
    for row in [] if directory else rows:
        yield {"record": "experiment", **_of_fields(row, EXPERIMENT_FIELDS)}
        for kind, (statement, position, fields) in _OF_EXPERIMENTS.items():
            after: Any = position
            while kind in kinds:
                with database.reading() as connection:
                    found = connection.execute(statement, {"id": row.id, "after": after, "limit": _CHUNK}).all()
                if not found:
                    break
                after = found[-1][0]
                yield from ({"record": kind, "uid": row.uid, **_of_fields(each, fields)} for each in found)


def _of_fields(row: Any, fields: Sequence[str]) -> Record:
    return dict(zip(fields, row[1:], strict=True))


#: What gives the records of each kind, in their order; a prompt's versions come with it, and an experiment's runs.
PAGES: Final[Mapping[str, Callable[..., Iterator[Record]]]] = {
    "directory": _directories,
    "prompt": _all_prompts,
    "change": _changes,
    **{kind: _page_of(kind) for kind in _PERSONAL},
    "experiment": _experiments,
    "live": _documents,
}
#: What comes right after a record of another kind that it belongs to.
BELONGS: Final[Mapping[str, str]] = {"version": "prompt", "content": "experiment", "run": "experiment"}
KINDS: Final = frozenset([*PAGES, *BELONGS])
