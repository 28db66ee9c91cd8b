"""From the records of an archive to rows: in batches, each of them one transaction, and nothing twice.

A prompt whose versions are in several batches has at the end of each those that came so far, so that a load which is
killed leaves a store that is sound, and goes on from there when it is run again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.errors import DivergedError, PathTakenError
from prompt_kernel.locations import shown
from prompt_kernel.names import key_of, name_of
from prompt_kernel.store import (
    _belongings,
    _index,
    _loading_runs,
    _packing,
    _references,
    _removing,
    _rows,
    _versions,
)
from prompt_kernel.store._engine import Database
from prompt_kernel.store._packing import BELONGS, Held, Record, select


def _of_ids(statement: str) -> Any:
    return text(statement).bindparams(bindparam("ids", expanding=True))


_NEXT_ID: Final = text("SELECT coalesce(max(id), 0) + 1 FROM prompt")
_INSERT: Final = text(
    "INSERT INTO prompt (id, uid, path, key, name_key, description, tags, head, characters, enabled, author,"
    " updated_at, deleted_at, deleted_by, layout) VALUES (:id, :uid, :path, :key, :name_key, :description, :tags,"
    " :head, :characters, :enabled, :author, :updated_at, :deleted_at, :deleted_by, :layout)"
)
_UPDATE: Final = text(
    "UPDATE prompt SET path = :path, key = :key, name_key = :name_key, description = :description, tags = :tags,"
    " head = :head, characters = :characters, enabled = :enabled, author = :author, updated_at = :updated_at,"
    " deleted_at = :deleted_at, deleted_by = :deleted_by, layout = :layout WHERE id = :id"
)
_INSERT_VERSION: Final = text(
    "INSERT INTO version (prompt_id, number, text, sha256, engine, variables, author, origin, message, created_at)"
    " VALUES (:id, :number, :text, :sha256, :engine, :variables, :author, :origin, :message, :created_at)"
)
_TEXTS: Final = _of_ids(
    "SELECT v.prompt_id, v.text FROM prompt p JOIN version v ON v.prompt_id = p.id AND v.number = p.head"
    " WHERE p.id IN :ids"
)
_HOLDERS: Final = _of_ids("SELECT id, uid, path, key FROM prompt WHERE deleted_at IS NULL AND key IN :ids")
_FORGET_LABELS: Final = _of_ids("DELETE FROM label WHERE prompt_id IN :ids")
_LABEL: Final = text("INSERT INTO label (prompt_id, name, number) VALUES (:id, :name, :number)")
_FORGET_FORMER: Final = _of_ids("DELETE FROM redirect WHERE prompt_id IN :ids")
_FORMER: Final = text(
    "INSERT INTO redirect (key, path, prompt_id) VALUES (:key, :path, :id)"
    " ON CONFLICT (key) DO UPDATE SET path = excluded.path, prompt_id = excluded.prompt_id"
)
_DIRECTORY: Final = text(
    "INSERT INTO directory (path, key, description, enabled, source)"
    " VALUES (:path, :key, :description, :enabled, :source) ON CONFLICT (key) DO UPDATE SET path = excluded.path,"
    " description = excluded.description, enabled = excluded.enabled, source = excluded.source"
)
_CHANGE: Final = text(
    "INSERT INTO change (kind, prompt_id, path, version, detail, author, origin, at)"
    " VALUES (:kind, :id, :path, :version, :detail, :author, :origin, :at)"
)
_LAST_CHANGE: Final = text("SELECT max(id) FROM change")
_KNOWN_DIRECTORIES: Final = text("SELECT path, key, description, enabled, source FROM directory")
_MOST_RECORDS: Final = 1000
_MOST_CHARACTERS: Final = 4 * 2**20


class _Part(NamedTuple):
    """A prompt with some of its versions."""

    prompt: Record
    versions: list[Record]


class _Change(NamedTuple):
    """What is to be done for a part: the versions that are new, and the columns of its row."""

    part: _Part
    held: Held | None
    fresh: list[Record]
    labels: dict[str, int]
    row: dict[str, Any]

    @property
    def live(self) -> bool:
        """Tell whether the prompt is not in the trash."""
        return self.row["deleted_at"] is None


# Batches


def batches(records: Iterable[Record]) -> Iterator[tuple[str, list[Record]]]:
    """Give records of one kind together, as many as one transaction is to take.

    A prompt goes with its versions, and an experiment with its runs; where they are too many, the next batch begins
    with the same prompt or experiment again. What people have set for themselves stays together.
    """
    batch: list[Record] = []
    head: Record | None = None
    kind, size = "", 0
    for record in records:
        goes_on = record["record"] in BELONGS
        found = BELONGS[record["record"]] if goes_on else record["record"]
        full = (size > _MOST_CHARACTERS or len(batch) >= _MOST_RECORDS) and found not in _WHOLE
        if batch and (found != kind or (full and batch[-1] is not head)):
            yield kind, batch
            batch, size = [head] if goes_on and head is not None else [], 0
        if not goes_on:
            head = record
        kind = found
        batch.append(record)
        size += sum(len(record.get(field) or "") for field in _LONG)
    if batch:
        yield kind, batch


_WHOLE: Final = frozenset(["favourite", "opening", "preference"])
#: What a record is long by.
_LONG: Final = ("text", "state", "data", "output")


def _parts(batch: Sequence[Record]) -> list[_Part]:
    parts: list[_Part] = []
    for record in batch:
        if record["record"] == "prompt":
            parts.append(_Part(record, []))
        else:
            parts[-1].versions.append(record)
    return parts


# Prompts


def load_prompts(connection: Connection, batch: Sequence[Record], *, mirror: bool) -> None:
    """Bring in prompts with their versions.

    Raises:
        DivergedError: a version has another text here; or the store has versions that the records lack.
        PathTakenError: another prompt has the path.
    """
    parts = _parts(batch)
    held = {found.record["uid"]: found for found in _packing.find(connection, [part.prompt["uid"] for part in parts])}
    disabled = _versions.ensure_directories(
        connection, [part.prompt["path"] for part in parts if part.prompt["deleted_at"] is None]
    )
    plans = [_plan(part, held.get(part.prompt["uid"]), disabled) for part in parts]
    changes = [plan for plan in plans if plan is not None]
    if not changes:
        return
    aside = _make_way(connection, changes, mirror=mirror)
    _write_rows(connection, changes)
    _write_versions(connection, changes)
    _write_names(connection, changes)
    _write_contents(connection, changes)
    before = [change.held.record["path"] for change in changes if change.held]
    paths = [*aside, *before, *(change.row["path"] for change in changes)]
    _references.names_changed(connection, paths, [change.row["id"] for change in changes])


def _plan(part: _Part, held: Held | None, disabled: set[str]) -> _Change | None:
    """Return what is to be done for a part, None where all of it is there."""
    prompt, known = part.prompt, held.marks if held else ()
    if len(known) > prompt["head"]:
        raise DivergedError(prompt["path"], f"here it has {len(known)} versions, and there {prompt['head']}")
    for version in part.versions:
        number = version["number"]
        if number <= len(known) and known[number - 1] != _mark(version):
            raise DivergedError(f"{prompt['path']}@{number}", "here this version is another text")
    fresh = part.versions[max(len(known) - part.versions[0]["number"] + 1, 0) :]
    head = max(len(known), part.versions[-1]["number"])
    labels = {name: number for name, number in prompt["labels"].items() if number <= head}
    enabled = _versions.is_enabled(prompt["path"], disabled)
    if held and held.enabled == enabled and held.record == {**prompt, "head": head, "labels": labels}:
        return None
    row = {**prompt, "id": held.id if held else 0, "head": head, "enabled": enabled, "key": key_of(prompt["path"])}
    row |= {"name_key": key_of(name_of(prompt["path"])), "tags": _rows.to_json(prompt["tags"])}
    row["layout"] = None if prompt["layout"] is None else _rows.to_json(prompt["layout"])
    return _Change(part, held, fresh, labels, row)


def _mark(version: Record) -> tuple[str, str, str]:
    return version["sha256"], version["engine"], _rows.to_json(version["variables"])


def _make_way(connection: Connection, changes: Sequence[_Change], *, mirror: bool) -> list[str]:
    """Put into the trash for now who has a path that another prompt is to get; return the paths."""
    wanted = {change.row["key"]: change.row for change in changes if change.live}
    taken = [row for row in select(connection, _HOLDERS, wanted) if wanted[row.key]["uid"] != row.uid]
    if taken and not mirror:
        raise PathTakenError(wanted[taken[0].key]["path"], taken[0].path)
    _removing.put_aside(connection, taken)
    return [row.path for row in taken]


def _write_rows(connection: Connection, changes: Sequence[_Change]) -> None:
    stale = [change.row["id"] for change in changes if change.held and not change.fresh]
    texts = {row.prompt_id: row.text for row in select(connection, _TEXTS, stale)}
    next_id = int(connection.execute(_NEXT_ID).scalar_one())
    for change in changes:
        if change.held is None:
            change.row["id"], next_id = next_id, next_id + 1
        # Also what the search index is to hold.
        change.row["text"] = change.fresh[-1]["text"] if change.fresh else texts[change.row["id"]]
        change.row["characters"] = len(change.row["text"])
        change.row["words"] = " ".join(change.part.prompt["tags"])
    for statement, is_new in ((_UPDATE, False), (_INSERT, True)):
        rows = [change.row for change in changes if (change.held is None) == is_new]
        if rows:
            connection.execute(statement, rows)


def _write_versions(connection: Connection, changes: Sequence[_Change]) -> None:
    rows = [
        {**version, "id": change.row["id"], "variables": _rows.to_json(version["variables"])}
        for change in changes
        for version in change.fresh
    ]
    if rows:
        connection.execute(_INSERT_VERSION, rows)


def _write_names(connection: Connection, changes: Sequence[_Change]) -> None:
    """Write labels and former paths as the records have them."""
    known = [change.row["id"] for change in changes if change.held]
    for statement in (_FORGET_LABELS, _FORGET_FORMER):
        _packing.run(connection, statement, known)
    now_taken = [{"key": change.row["key"]} for change in changes if change.live]
    if now_taken:
        connection.execute(_versions.FORGET_REDIRECT, now_taken)
    labels = [
        {"id": change.row["id"], "name": name, "number": number}
        for change in changes
        for name, number in change.labels.items()
    ]
    former = [
        {"id": change.row["id"], "path": path, "key": key_of(path)}
        for change in changes
        for path in change.part.prompt["former"]
    ]
    for statement, rows in ((_LABEL, labels), (_FORMER, former)):
        if rows:
            connection.execute(statement, rows)


def _write_contents(connection: Connection, changes: Sequence[_Change]) -> None:
    """Write what is made of the newest texts: the search index and the references."""
    index = _index.of(connection)
    for change in changes:
        if change.held and change.live:
            index.put(connection, change.row)
        elif change.held:
            _removing.forget(connection, change.row["id"])
    fresh = [change.row for change in changes if change.live and not change.held]
    if fresh:
        index.add(connection, fresh)
    for is_new in (True, False):
        texts = {
            change.row["id"]: change.row["text"]
            for change in changes
            if change.live and (change.held is None) == is_new
        }
        _references.replace(connection, texts, new=is_new)


# All


class Loader:
    """One load: what it has seen of the records, and where it is in the store's log."""

    def __init__(self, database: Database, *, mirror: bool) -> None:
        """Be about to load into `database`."""
        self._database = database
        self._mirror = mirror
        self._logged = 0
        self._seen: dict[str, set[str]] = {kind: set() for kind in _packing.KINDS}

    def run(self, records: Iterable[Record], progress: Callable[[int], None] | None) -> None:
        """Bring everything in."""
        done = 0
        for kind, batch in batches(records):
            with self._database.writing() as connection:
                self._load(connection, kind, batch)
            self._remember(kind, batch)
            done += len(batch)
            if progress:
                progress(done)
        if self._mirror:
            with self._database.writing() as connection:
                _removing.sweep(connection, self._seen)

    def _load(self, connection: Connection, kind: str, batch: list[Record]) -> None:
        if kind == "directory":
            _load_directories(connection, batch)
        elif kind == "prompt":
            load_prompts(connection, batch, mirror=self._mirror)
        elif kind == "change":
            self._load_changes(connection, batch)
        elif kind == "experiment":
            _loading_runs.load_experiments(connection, batch, mirror=self._mirror)
        elif kind == "live":
            _belongings.load_documents(connection, batch)
        else:
            _belongings.load_personal(connection, kind, batch, mirror=self._mirror)

    def _remember(self, kind: str, batch: Sequence[Record]) -> None:
        """Note what is there, for the sweep."""
        if not self._mirror or kind == "change":
            return
        field = "path" if kind == "directory" else "name" if kind == "preference" else "uid"
        self._seen[kind] |= {record[field] for record in batch}

    def _load_changes(self, connection: Connection, batch: Sequence[Record]) -> None:
        """Write what the log lacks; what it has must be the same, but for what a purge takes out of it."""
        mine = _packing.log_after(connection, self._logged, len(batch))
        for (number, own), record in zip(mine, batch, strict=False):
            if any(own[field] != record[field] for field in _LOGGED):
                raise DivergedError(shown(self._database.url), f"entry {number} of its log is another one than there")
        fresh = batch[len(mine) :]
        if fresh:
            ids = _packing.ids_of(connection, {record["uid"] for record in fresh if record["uid"]})
            connection.execute(_CHANGE, [{**record, "id": ids.get(record["uid"])} for record in fresh])
            self._logged = int(connection.execute(_LAST_CHANGE).scalar_one())
        else:
            self._logged = mine[-1][0]


_LOGGED: Final = ("kind", "path", "version", "author", "origin", "at")


def _load_directories(connection: Connection, batch: Sequence[Record]) -> None:
    known = {row.key: row for row in connection.execute(_KNOWN_DIRECTORIES)}
    rows = [{**record, "key": key_of(record["path"])} for record in batch]
    fresh = [row for row in rows if row["key"] not in known or _differs(known[row["key"]], row)]
    if fresh:
        _versions.ensure_directories(connection, [row["path"] for row in fresh])
        connection.execute(_DIRECTORY, fresh)


def _differs(known: Any, row: Mapping[str, Any]) -> bool:
    return any(getattr(known, field) != row[field] for field in ("path", "description", "source")) or (
        bool(known.enabled) != row["enabled"]
    )
