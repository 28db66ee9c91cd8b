"""Find and replace across prompts: seen before it is done, done in one transaction, and undone as one."""

import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, text

from prompt_kernel.errors import ConflictError, InvalidTextError, NotFoundError
from prompt_kernel.merge import merge
from prompt_kernel.names import key_of
from prompt_kernel.records import Draft, Replaced, Replacement
from prompt_kernel.store import _lists, _rows, _versions
from prompt_kernel.store._engine import Database
from prompt_kernel.store._pattern import Replace
from prompt_kernel.store._rows import Writer

_TEXTS: Final = (
    "SELECT key, path, head, text FROM prompt JOIN version v ON v.prompt_id = prompt.id AND v.number = head"
    " WHERE deleted_at IS NULL AND key > :after"
)
_NAMED: Final = " AND key IN (SELECT value FROM json_each(:keys))"
_ORDER: Final = " ORDER BY key LIMIT :limit"
#: So many texts are in memory at a time.
_PAGE: Final = 100

_GROUP: Final = text(
    "SELECT c.prompt_id, c.version, old.text AS before, new.text AS after FROM change c"
    " JOIN prompt p ON p.id = c.prompt_id AND p.deleted_at IS NULL"
    " JOIN version new ON new.prompt_id = p.id AND new.number = c.version"
    " JOIN version old ON old.prompt_id = p.id AND old.number = c.version - 1"
    " WHERE c.kind = 'saved' AND c.detail LIKE :ending ORDER BY p.key"
)
_IS_KNOWN: Final = text("SELECT EXISTS (SELECT 1 FROM change WHERE kind = 'saved' AND detail LIKE :ending)")
_ID: Final = re.compile(r"replace-[0-9a-f]{12}")
_MOST_SHOWN: Final = 40


def replacements(
    database: Database, replace: Replace, directory: str | None, tag: str | None, paths: Iterable[str] | None
) -> Iterator[Replacement]:
    """Give what would change, by path; the database is free while a text is looked at."""
    for path, version, content in _texts(database, directory, tag, paths):
        found = _replacement(replace, path, version, content)
        if found is not None:
            yield found


def _texts(
    database: Database, directory: str | None, tag: str | None, paths: Iterable[str] | None
) -> Iterator[tuple[str, int, str]]:
    condition, values = _lists.condition(directory, tag)
    if paths is not None:
        condition += _NAMED
        values["keys"] = _rows.to_json([key_of(path) for path in paths])
    after = ""
    while rows := database.rows(_TEXTS + condition + _ORDER, {**values, "after": after, "limit": _PAGE}):
        yield from ((path, version, content) for _, path, version, content in rows)
        after = rows[-1][0]


def _replacement(replace: Replace, path: str, version: int, before: str) -> Replacement | None:
    """Return what would become of a text, None where it stays as it is."""
    after, count = before, 0
    try:
        after, count = replace(path, before)
        if after == before:
            return None
        _rows.checked_text(path, after)
    except InvalidTextError as error:
        return Replacement(path, version, count, before, after, error.reason)
    return Replacement(path, version, count, before, after, "")


def replace_all(connection: Connection, wanted: list[Replacement], replace: Replace, writer: Writer) -> Replaced:
    """Save what was found, one version a prompt; what was changed since it was looked at is looked at again.

    Raises:
        InvalidTextError: one of the texts cannot be saved, so that none is.
    """
    group = f"replace-{uuid.uuid4().hex[:12]}"
    marked = writer._replace(message=f"{writer.message} ({group})")
    paths: list[str] = []
    count = 0
    for seen in wanted:
        row: Any = _versions.current(connection, seen.path)
        if row is None:
            continue  # it was deleted meanwhile
        found = seen if row.head == seen.version else _replacement(replace, row.path, row.head, row.text)
        if found is None:
            continue
        if found.problem:
            raise InvalidTextError(row.path, found.problem)
        _versions.update(connection, row, Draft(row.path, found.after), marked)
        paths.append(row.path)
        count += found.count
    return Replaced(group if paths else "", tuple(paths), count)


def message_of(find: str, replacement: str) -> str:
    """Return what the log says of a replacement that nobody gave words for."""
    return f'replaced "{_shown(find)}" by "{_shown(replacement)}"'


def _shown(words: str) -> str:
    shown = words if len(words) <= _MOST_SHOWN else words[: _MOST_SHOWN - 1] + "…"
    return "".join(character if character.isprintable() else " " for character in shown)


def undo(connection: Connection, group: str, writer: Writer) -> list[str]:
    """Take back what one replacement did, and only that; return the paths that were changed.

    Raises:
        ConflictError: somebody has changed the same lines since, so that nothing was changed.
        NotFoundError: there was no such replacement.
    """
    ending = {"ending": f"%({group})"}
    if not _ID.fullmatch(group) or not connection.execute(_IS_KNOWN, ending).scalar():
        raise NotFoundError(f"There is no replacement {group!r}. Its id stands in the messages of its versions.")
    message = writer.message or f"undid {group}"
    paths: list[str] = []
    for change in connection.execute(_GROUP, ending).all():
        row = _versions.current_of(connection, change.prompt_id)
        content = merge(change.after, change.before, row.text)
        if content is None:
            raise ConflictError(
                row.path, base=change.after, theirs=row.text, mine=change.before, version=row.head, author=row.author
            )
        if content != row.text:
            _versions.update(connection, row, Draft(row.path, content), writer._replace(message=message))
            paths.append(row.path)
    return paths
