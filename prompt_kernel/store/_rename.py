"""Renaming and moving: every text that mentions the prompt is rewritten in the same transaction."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.errors import AmbiguousNameError, DirectoryNotFoundError, PathTakenError
from prompt_kernel.language import Inclusion, parse, unparse
from prompt_kernel.names import check_path, directory_of, is_inside, is_suffix, join, key_of, name_of
from prompt_kernel.store import _index, _read, _references, _versions
from prompt_kernel.store._rows import Writer

_MOVE = text("UPDATE prompt SET path = :path, key = :key, name_key = :name_key, enabled = :enabled WHERE id = :id")
_SET_REDIRECT = text(
    "INSERT INTO redirect (key, path, prompt_id) VALUES (:key, :path, :id)"
    " ON CONFLICT (key) DO UPDATE SET path = excluded.path, prompt_id = excluded.prompt_id"
)
_TOUCHED = text(
    "SELECT r.prompt_id, r.spelled, r.target_id FROM reference r WHERE r.name_key <> '*' AND r.target_id IS NOT NULL"
    " AND (r.target_id IN :ids OR r.prompt_id IN :ids) ORDER BY r.id"
).bindparams(bindparam("ids", expanding=True))
_GLOBS = text(
    "SELECT r.prompt_id, r.spelled, p.path FROM reference r JOIN prompt p ON p.id = r.prompt_id"
    " WHERE r.name_key = '*' AND r.target_id IS NULL ORDER BY r.id"
)
_HEAD = text(
    "SELECT p.id, p.path, p.description, p.tags, p.head, v.text, v.engine, v.variables FROM prompt p"
    " JOIN version v ON v.prompt_id = p.id AND v.number = p.head WHERE p.id = :id"
)
_PATH = text("SELECT path FROM prompt WHERE id = :id")
_BELOW = text("SELECT id, path FROM prompt WHERE deleted_at IS NULL AND key >= :first AND key < :last ORDER BY key")
_DIRECTORIES_BELOW = text(
    "SELECT id, path FROM directory WHERE key = :key OR (key >= :first AND key < :last) ORDER BY key"
)
_MOVE_DIRECTORY = text("UPDATE directory SET path = :path, key = :key WHERE id = :id")
_DISABLED_DIRECTORIES = text("SELECT key FROM directory WHERE NOT enabled")


def rename(connection: Connection, old: str, new: str, writer: Writer) -> list[str]:
    """Give the prompt `old` the path `new`; return the paths of the prompts whose text was rewritten for it.

    Raises:
        PathTakenError: another prompt has that path.
        InvalidPathError: no prompt can have it.
    """
    new = check_path(new)
    prompt_id, old = _read.locate(connection, old)
    return _move(connection, {prompt_id: (old, new)}, writer, {prompt_id: _globs_of(connection, prompt_id, new)})


def rename_directory(connection: Connection, old: str, new: str, writer: Writer) -> list[str]:
    """Give a directory, with all that is in it, another path; return the paths of the rewritten prompts.

    Raises:
        DirectoryNotFoundError: there is no such directory.
        PathTakenError: a prompt would get a path that another one has.
    """
    new = check_path(new)
    bounds = _read.bounds_of(old)
    directories = connection.execute(_DIRECTORIES_BELOW, {"key": key_of(old), **bounds}).all()
    # The top holds everything, and has no name that could be another one.
    if not directories or not key_of(old):
        raise DirectoryNotFoundError(old)
    if key_of(new).startswith(key_of(old) + "/"):
        raise PathTakenError(new, old)
    globs = _globs_into(connection, old, new)
    _versions.ensure_directories(connection, [new])
    _move_directories(connection, directories, old, new)
    moves = {row.id: (row.path, _moved(row.path, old, new)) for row in connection.execute(_BELOW, bounds)}
    rewritten = _move(connection, moves, writer, globs)
    _versions.log(connection, "directory", None, new, None, writer, f"renamed from {old}")
    return rewritten


def _moved(path: str, old: str, new: str) -> str:
    """Return `path`, which lies in the directory `old` however that is spelled, as it is once that is `new`."""
    return "/".join([new, *path.split("/")[old.count("/") + 1 :]])


def _globs_of(connection: Connection, prompt_id: int, new: str) -> dict[str, str]:
    """Return how to spell each glob of a prompt that counts on the prompt's own directory once that is at `new`."""
    respelled: dict[str, str] = {}
    for row in [row for row in connection.execute(_GLOBS) if row.prompt_id == prompt_id]:
        here, spelled = directory_of(row.path), directory_of(row.spelled)
        matched = _references.glob(connection, row.spelled, here)
        base = directory_of(matched[0][1]) if matched else spelled
        if key_of(here) != key_of(directory_of(new)) and key_of(base) != key_of(spelled):
            respelled[row.spelled] = join(base, name_of(row.spelled))
    return respelled


def _globs_into(connection: Connection, old: str, new: str) -> dict[int, dict[str, str]]:
    """Return, by prompt, how to spell each glob that looks into the directory `old` once that is `new`."""
    respelled: dict[int, dict[str, str]] = {}
    for row in connection.execute(_GLOBS).all():
        matched = _references.glob(connection, row.spelled, directory_of(row.path))
        inside = [path for _, path in matched if is_inside(path, old)]
        if not inside:
            continue
        base = _moved(directory_of(inside[0]), old, new)
        full = join(base, name_of(row.spelled))
        if key_of(directory_of(inside[0])) == key_of(directory_of(row.spelled)):
            respelled.setdefault(row.prompt_id, {})[row.spelled] = full
        elif not is_inside(row.path, old):
            # It was spelled from its own directory, which stays where it is: only the way down has a new name.
            short = full.removeprefix(directory_of(row.path) + "/")
            # A directory of that name at the top would be found first.
            is_taken = bool(_references.glob(connection, short, ""))
            respelled.setdefault(row.prompt_id, {})[row.spelled] = full if is_taken else short
    return respelled


def _move_directories(connection: Connection, directories: Any, old: str, new: str) -> None:
    taken = {row.key for row in connection.execute(text("SELECT key FROM directory"))}
    moved = {key_of(row.path) for row in directories}
    for row in directories:
        path = _moved(row.path, old, new)
        if key_of(path) in taken - moved:
            # The two become one; what was said of the directory that stays is kept.
            connection.execute(text("DELETE FROM directory WHERE id = :id"), {"id": row.id})
        else:
            connection.execute(_MOVE_DIRECTORY, {"id": row.id, "path": path, "key": key_of(path)})


def _move(
    connection: Connection,
    moves: Mapping[int, tuple[str, str]],
    writer: Writer,
    globs: Mapping[int, Mapping[str, str]],
) -> list[str]:
    _check_free(connection, moves)
    ids = list(moves)
    touched = [
        row for at in range(0, len(ids), 500) for row in connection.execute(_TOUCHED, {"ids": ids[at : at + 500]})
    ]
    _versions.ensure_directories(connection, [new for _, new in moves.values()])
    disabled = {row[0] for row in connection.execute(_DISABLED_DIRECTORIES)}
    # Two passes, because a path may be taken by a prompt that is itself about to move.
    for prompt_id in moves:
        aside = f"\x01{prompt_id}"
        connection.execute(_MOVE, {"id": prompt_id, "path": aside, "key": aside, "name_key": aside, "enabled": True})
    for prompt_id, (old, new) in moves.items():
        enabled = _versions.is_enabled(new, disabled)
        values = {
            "id": prompt_id,
            "path": new,
            "key": key_of(new),
            "name_key": key_of(name_of(new)),
            "enabled": enabled,
        }
        connection.execute(_MOVE, values)
        _index.of(connection).retitle(connection, prompt_id, new)
        if key_of(old) != key_of(new):
            connection.execute(_SET_REDIRECT, {"key": key_of(old), "path": old, "id": prompt_id})
        _versions.log(connection, "renamed", prompt_id, new, None, writer, f"from {old}")
    for _, new in moves.values():
        connection.execute(_versions.FORGET_REDIRECT, {"key": key_of(new)})
    rewritten = _rewrite(connection, touched, moves, globs, writer)
    retargeted = _references.names_changed(connection, [path for pair in moves.values() for path in pair], moves)
    _versions.log_retargeted(connection, retargeted, writer)
    return rewritten


def _check_free(connection: Connection, moves: Mapping[int, tuple[str, str]]) -> None:
    for _, new in moves.values():
        row = connection.execute(
            text("SELECT id, path FROM prompt WHERE key = :key AND deleted_at IS NULL"), {"key": key_of(new)}
        ).first()
        if row is not None and row.id not in moves:
            raise PathTakenError(new, row.path)


def _rewrite(
    connection: Connection,
    touched: Any,
    moves: Mapping[int, tuple[str, str]],
    globs: Mapping[int, Mapping[str, str]],
    writer: Writer,
) -> list[str]:
    """Rewrite each text that holds a touched reference, so that it leads where it led before."""
    targets: dict[int, dict[str, int]] = {prompt_id: {} for prompt_id in globs}
    for row in touched:
        targets.setdefault(row.prompt_id, {})[row.spelled] = row.target_id
    rewritten: list[str] = []
    for prompt_id, by_spelling in targets.items():
        row = connection.execute(_HEAD, {"id": prompt_id}).one()
        spellings = {
            spelled: _spelling(connection, spelled, target, directory_of(row.path), moves)
            for spelled, target in by_spelling.items()
        } | dict(globs.get(prompt_id, {}))
        content = _respelled(row.text, spellings)
        if content == row.text:
            continue
        message = "; ".join(f"{old} is now {new}" for old, new in spellings.items() if old != new)
        renaming = writer._replace(message=message)
        _versions.add_version(connection, row, content, row.engine, row.variables, row.head + 1, renaming)
        _index.of(connection).rewrite(connection, prompt_id, content)
        _references.replace(connection, {prompt_id: content})
        _versions.log(connection, "saved", prompt_id, row.path, row.head + 1, renaming, message)
        rewritten.append(row.path)
    return sorted(rewritten, key=key_of)


def _respelled(content: str, spellings: Mapping[str, str]) -> str:
    return unparse(
        part.with_path(spellings.get(part.path, part.path)) if isinstance(part, Inclusion) else part
        for part in parse(content, "plain")
    )


def _spelling(
    connection: Connection, spelled: str, target_id: int, directory: str, moves: Mapping[int, tuple[str, str]]
) -> str:
    """Return how to spell the way from `directory` to a prompt: as before, as short as before, or in full."""
    target = moves[target_id][1] if target_id in moves else connection.execute(_PATH, {"id": target_id}).scalar_one()
    key = key_of(target)
    as_short = "/".join(target.split("/")[-(spelled.count("/") + 1) :])
    was_full = target_id in moves and key_of(spelled) == key_of(moves[target_id][0])
    candidates = [spelled] if is_suffix(key_of(spelled), key) else []
    if not was_full:
        candidates.append(as_short)
    for candidate in candidates:
        try:
            found = _read.resolve(connection, candidate, directory)
        except AmbiguousNameError:
            continue
        if found is not None and found[0] == target_id:
            return candidate
    return str(target)
