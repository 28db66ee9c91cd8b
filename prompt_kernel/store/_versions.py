"""Saving: every text is a new immutable version; what two people changed apart is merged, never overwritten."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.errors import (
    ConflictError,
    InvalidMetadataError,
    PathTakenError,
    PromptNotFoundError,
)
from prompt_kernel.expansion import hash_of
from prompt_kernel.merge import merge
from prompt_kernel.names import ancestors, check_path, is_label, key_of, name_of
from prompt_kernel.records import Draft
from prompt_kernel.store import _index, _read, _references, _rows
from prompt_kernel.store._references import Retargeted
from prompt_kernel.store._rows import Writer

_INSERT_PROMPT = text(
    "INSERT INTO prompt (id, uid, path, key, name_key, description, tags, head, characters, enabled, author,"
    " updated_at, layout) VALUES (:id, :uid, :path, :key, :name_key, :description, :tags, 1, :characters, :enabled,"
    " :author, :at, :layout)"
)
_INSERT_VERSION = text(
    "INSERT INTO version (prompt_id, number, text, sha256, engine, variables, author, origin, message, created_at)"
    " VALUES (:id, :number, :text, :sha256, :engine, :variables, :author, :origin, :message, :at)"
)
_INSERT_CHANGE = text(
    "INSERT INTO change (kind, prompt_id, path, version, detail, author, origin, at)"
    " VALUES (:kind, :id, :path, :version, :detail, :author, :origin, :at)"
)
_NEW_HEAD = text(
    "UPDATE prompt SET head = :number, characters = :characters, author = :author, updated_at = :at WHERE id = :id"
)
_NEW_METADATA = text("UPDATE prompt SET description = :description, tags = :tags, layout = :layout WHERE id = :id")
_CURRENT = text(
    "SELECT p.id, p.path, p.description, p.tags, p.head, p.layout, v.text, v.engine, v.variables, v.author"
    " FROM prompt p JOIN version v ON v.prompt_id = p.id AND v.number = p.head"
    " WHERE p.key = :key AND p.deleted_at IS NULL"
)
_CURRENT_BY_ID = text(
    "SELECT p.id, p.path, p.description, p.tags, p.head, p.layout, v.text, v.engine, v.variables, v.author"
    " FROM prompt p JOIN version v ON v.prompt_id = p.id AND v.number = p.head WHERE p.id = :id"
)
_SEEN = text("SELECT text, engine, variables FROM version WHERE prompt_id = :id AND number = :number")
_PATH = text("SELECT path FROM prompt WHERE id = :id")
_NEXT_ID = text("SELECT coalesce(max(id), 0) + 1 FROM prompt")
_DIRECTORIES = text("SELECT key, enabled FROM directory WHERE key IN :keys").bindparams(
    bindparam("keys", expanding=True)
)
_KNOWN = text(
    "SELECT key FROM prompt WHERE key IN :keys AND deleted_at IS NULL UNION SELECT key FROM redirect WHERE key IN :keys"
).bindparams(bindparam("keys", expanding=True))
_LAYOUTS = text(
    "SELECT key, layout FROM prompt WHERE key IN :keys AND deleted_at IS NULL AND layout IS NOT NULL"
).bindparams(bindparam("keys", expanding=True))
_INSERT_DIRECTORY = text(
    "INSERT INTO directory (path, key, description, enabled, source) VALUES (:path, :key, '', true, '')"
)
_SET_LABEL = text(
    "INSERT INTO label (prompt_id, name, number) VALUES (:id, :name, :number)"
    " ON CONFLICT (prompt_id, name) DO UPDATE SET number = excluded.number"
)
_DELETE_LABEL = text("DELETE FROM label WHERE prompt_id = :id AND name = :name")
FORGET_REDIRECT = text("DELETE FROM redirect WHERE key = :key")


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save did: `version` is the newest one now, `changed` what kind of change there was, or ""."""

    id: int
    path: str
    version: int
    changed: str
    merged: bool = False


def save(connection: Connection, draft: Draft, writer: Writer, expected: int | None = None) -> Saved:
    """Save one prompt; `expected` is the version that the writer had seen, 0 where there was none.

    Raises:
        ConflictError: somebody saved the same lines meanwhile.
        InvalidPathError, InvalidTextError, InvalidMetadataError: it cannot be stored.
    """
    path = check_path(draft.path)
    row = current(connection, path)
    if row is None:
        if expected:
            raise PromptNotFoundError(path, _read.likely(connection, path))
        create(connection, [draft], writer)
        return Saved(0, path, 1, "created")
    return update(connection, row, draft, writer, expected)


def current(connection: Connection, path: str) -> Any:
    """Return the row of the prompt that a save to `path` changes: the one there, or the one renamed from it."""
    key = key_of(path)
    row = connection.execute(_CURRENT, {"key": key}).first()
    if row is None:
        moved = _read.redirected(connection, path, "")
        row = connection.execute(_CURRENT_BY_ID, {"id": moved[0]}).first() if moved else None
    return row


def current_of(connection: Connection, prompt_id: int) -> Any:
    """Return the same row of a prompt by its id."""
    return connection.execute(_CURRENT_BY_ID, {"id": prompt_id}).one()


def create(connection: Connection, drafts: Sequence[Draft], writer: Writer) -> None:
    """Insert prompts that do not exist yet, with all that belongs to them, in few statements."""
    next_id = int(connection.execute(_NEXT_ID).scalar_one())
    at = _rows.now()
    disabled = ensure_directories(connection, [draft.path for draft in drafts])
    rows = [_row(next_id + number, draft, writer, at, disabled) for number, draft in enumerate(drafts)]
    connection.execute(_INSERT_PROMPT, rows)
    connection.execute(_INSERT_VERSION, rows)
    _index.of(connection).add(connection, rows)
    connection.execute(_INSERT_CHANGE, rows)
    connection.execute(FORGET_REDIRECT, [{"key": row["key"]} for row in rows])
    _references.replace(connection, {row["id"]: row["text"] for row in rows}, new=True)
    log_retargeted(connection, _references.names_changed(connection, [row["path"] for row in rows]), writer)


def _row(prompt_id: int, draft: Draft, writer: Writer, at: str, disabled: set[str]) -> dict[str, Any]:
    path = check_path(draft.path)
    content = _rows.checked_text(path, draft.text)
    tags = _rows.checked_tags(draft.tags or ())
    return {
        "id": prompt_id,
        "uid": uuid.uuid4().hex,
        "path": path,
        "key": key_of(path),
        "name_key": key_of(name_of(path)),
        "description": _rows.checked_line("description", draft.description or ""),
        "tags": _rows.to_json(tags),
        "words": " ".join(tags),
        "characters": len(content),
        "enabled": is_enabled(path, disabled),
        "layout": None if draft.layout is None else _rows.to_json(draft.layout),
        "text": content,
        "sha256": hash_of(content),
        "engine": _rows.checked_engine(draft.engine or "simple"),
        "variables": _rows.variables_to_json(draft.variables or {}),
        "kind": "created",
        "number": 1,
        "version": 1,
        "detail": writer.message,
        "at": at,
        **writer._asdict(),
    }


def ensure_directories(connection: Connection, paths: Iterable[str]) -> set[str]:
    """Make the directories that hold `paths`, and return the keys of the disabled ones among them."""
    wanted = {key_of(directory): directory for path in paths for directory in ancestors(path)}
    if not wanted:
        return set()
    keys = list(wanted)
    known: dict[str, bool] = {}
    for at in range(0, len(keys), 500):
        known |= {row.key: bool(row.enabled) for row in connection.execute(_DIRECTORIES, {"keys": keys[at : at + 500]})}
    missing = [{"key": key, "path": path} for key, path in wanted.items() if key not in known]
    if missing:
        connection.execute(_INSERT_DIRECTORY, missing)
    return {key for key, enabled in known.items() if not enabled}


def is_enabled(path: str, disabled: set[str]) -> bool:
    """Tell whether none of the directories that hold `path` is among the keys of the `disabled` ones."""
    return not disabled.intersection(map(key_of, ancestors(path)))


def update(connection: Connection, row: Any, draft: Draft, writer: Writer, expected: int | None = None) -> Saved:
    """Save a draft over an existing prompt (`row` is from `current`)."""
    mine = _Meaning(
        _rows.checked_text(row.path, draft.text),
        _rows.checked_engine(draft.engine) if draft.engine else row.engine,
        row.variables if draft.variables is None else _rows.variables_to_json(draft.variables),
    )
    (content, engine, variables), merged = _merged(connection, row, mine, expected)
    described = _describe(connection, row, draft)
    number = row.head
    new_version = (content, engine, variables) != (row.text, row.engine, row.variables)
    if new_version:
        number += 1
        add_version(connection, row, content, engine, variables, number, writer)
        _references.replace(connection, {row.id: content})
    if new_version or described:
        description, tags = described or (row.description, row.tags)
        words = _rows.tag_words(tags)
        found = {"id": row.id, "path": row.path, "description": description, "words": words, "text": content}
        _index.of(connection).put(connection, found)
        kind = "saved" if new_version else "described"
        log(connection, kind, row.id, row.path, number if new_version else None, writer, writer.message)
        return Saved(row.id, row.path, number, kind, merged)
    return Saved(row.id, row.path, number, "", merged)


class _Meaning(NamedTuple):
    """All of a version that decides what it expands to."""

    text: str
    engine: str
    variables: str


def _merged(connection: Connection, row: Any, mine: _Meaning, expected: int | None) -> tuple[_Meaning, bool]:
    """Return what to save, and whether it holds somebody else's change besides."""
    theirs = _Meaning(row.text, row.engine, row.variables)
    if expected is None or expected == row.head or mine == theirs:
        return mine, False
    if expected == 0:
        if mine.text == theirs.text:
            return mine, False
        raise _conflict(row, "", mine)
    number = _read.number_of(connection, row.id, row.path, expected)
    base = _Meaning._make(connection.execute(_SEEN, {"id": row.id, "number": number}).one())
    text_of_both = merge(base.text, mine.text, theirs.text)
    engine, variables = (_either(*values) for values in list(zip(base, mine, theirs, strict=True))[1:])
    if text_of_both is None or engine is None or variables is None:
        raise _conflict(row, base.text, mine)
    together = _Meaning(text_of_both, engine, variables)
    return together, together != mine


def _either(base: str, mine: str, theirs: str) -> str | None:
    """Return what the side says that changed it, None where both did."""
    if mine in (base, theirs):
        return theirs
    return mine if theirs == base else None


def _conflict(row: Any, base: str, mine: _Meaning) -> ConflictError:
    return ConflictError(row.path, base=base, theirs=row.text, mine=mine.text, version=row.head, author=row.author)


def _describe(connection: Connection, row: Any, draft: Draft) -> tuple[str, str] | None:
    """Write description, tags and layout where they changed; return the first two where anything a reader sees did."""
    description = row.description if draft.description is None else _rows.checked_line("description", draft.description)
    tags = row.tags if draft.tags is None else _rows.to_json(_rows.checked_tags(draft.tags))
    layout = row.layout if draft.layout is None else _rows.to_json(draft.layout)
    if (description, tags, layout) == (row.description, row.tags, row.layout):
        return None
    connection.execute(_NEW_METADATA, {"id": row.id, "description": description, "tags": tags, "layout": layout})
    return None if (description, tags) == (row.description, row.tags) else (description, tags)


def add_version(
    connection: Connection, row: Any, content: str, engine: str, variables: str, number: int, writer: Writer
) -> None:
    """Insert version `number` of a prompt and make it the newest."""
    values = {
        "id": row.id, "number": number, "text": content, "sha256": hash_of(content), "engine": engine,
        "variables": variables, "at": _rows.now(), "characters": len(content), **writer._asdict(),
    }  # fmt: skip
    connection.execute(_INSERT_VERSION, values)
    connection.execute(_NEW_HEAD, values)


def log(
    connection: Connection, kind: str, prompt_id: int | None, path: str, version: int | None, writer: Writer,
    detail: str = "",
) -> None:  # fmt: skip
    """Write an entry of the log."""
    connection.execute(
        _INSERT_CHANGE,
        {
            "kind": kind, "id": prompt_id, "path": path, "version": version, "detail": detail, "at": _rows.now(),
            "author": writer.author, "origin": writer.origin,
        },
    )  # fmt: skip


def log_retargeted(connection: Connection, retargeted: Sequence[Retargeted], writer: Writer) -> None:
    """Write down which inclusions a new name has taken over or made ambiguous: nothing is to change in silence."""
    for reference in retargeted:
        before, after = (_path(connection, prompt_id) for prompt_id in (reference.before, reference.after))
        now = f"leads to {after} now" if after else "leads nowhere now, because more than one prompt has that name"
        detail = f"[[{reference.spelled}]] led to {before}, and {now}"
        log(connection, "retargeted", reference.prompt_id, reference.path, None, writer, detail)


def _path(connection: Connection, prompt_id: int | None) -> str | None:
    return connection.execute(_PATH, {"id": prompt_id}).scalar()


def save_many(
    connection: Connection, drafts: Sequence[Draft], writer: Writer, progress: Callable[[int, int], None] | None = None
) -> dict[str, list[str]]:
    """Save drafts together; return the paths that were created, updated and left unchanged.

    Raises:
        PathTakenError: two of the drafts have one path, or lead to one prompt that was renamed.
    """
    outcome: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": []}
    new: list[Draft] = []
    keys = _distinct_keys(drafts)
    known = _known_keys(connection, keys)
    written: dict[int, str] = {}
    for done, (key, draft) in enumerate(zip(keys, drafts, strict=True)):
        row = current(connection, draft.path) if key in known else None
        if row is None:
            new.append(draft)
        elif row.id in written:
            # One path is the other's from before it was renamed; whose text is meant, only the caller knows.
            raise PathTakenError(draft.path, written[row.id])
        else:
            written[row.id] = draft.path
            saved = update(connection, row, draft, writer)
            outcome["updated" if saved.changed else "unchanged"].append(saved.path)
        if progress:
            progress(done + 1 - len(new), len(drafts))
    step = 1000
    for at in range(0, len(new), step):
        create(connection, new[at : at + step], writer)
        if progress:
            progress(len(drafts) - len(new) + min(at + step, len(new)), len(drafts))
    outcome["created"] = [check_path(draft.path) for draft in new]
    return outcome


def _distinct_keys(drafts: Sequence[Draft]) -> list[str]:
    seen: dict[str, str] = {}
    for draft in drafts:
        key = key_of(check_path(draft.path))
        if key in seen:
            raise PathTakenError(draft.path, seen[key])
        seen[key] = draft.path
    return list(seen)


def _known_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Return those of `keys` that are a prompt's, or were one's before it was renamed."""
    parts = [keys[at : at + 500] for at in range(0, len(keys), 500)]
    return {row[0] for part in parts for row in connection.execute(_KNOWN, {"keys": part})}


def label(connection: Connection, path: str, name: str, version: int | None, writer: Writer) -> None:
    """Let label `name` of a prompt mean `version`, the newest where none is given.

    Raises:
        InvalidMetadataError: the name cannot be a label.
        VersionNotFoundError: the prompt has no such version.
    """
    if not is_label(name):
        raise InvalidMetadataError(
            "label", f"{name!r} must start with a letter or _ and hold letters, digits, _, - and ."
        )
    prompt_id, found = _read.locate(connection, path)
    row = current_of(connection, prompt_id)
    number = row.head if version is None else _read.number_of(connection, prompt_id, found, version)
    connection.execute(_SET_LABEL, {"id": prompt_id, "name": name, "number": number})
    log(connection, "labelled", prompt_id, found, number, writer, name)


def unlabel(connection: Connection, path: str, name: str, writer: Writer) -> None:
    """Take a label away.

    Raises:
        VersionNotFoundError: the prompt has no such label.
    """
    prompt_id, found = _read.locate(connection, path)
    number = _read.number_of(connection, prompt_id, found, str(name))
    connection.execute(_DELETE_LABEL, {"id": prompt_id, "name": name})
    log(connection, "unlabelled", prompt_id, found, number, writer, name)


def layouts(connection: Connection, paths: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Return what importers noted of how the files of prompts were laid out."""
    by_key = {key_of(path): path for path in paths}
    keys = list(by_key)
    parts = [keys[at : at + 500] for at in range(0, len(keys), 500)]
    rows = [row for part in parts for row in connection.execute(_LAYOUTS, {"keys": part})]
    return {by_key[row.key]: json.loads(row.layout) for row in rows}
