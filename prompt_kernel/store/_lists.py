"""Lists, a page at a time: prompts in any order, and what has happened to them. Only what is on the page is loaded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from prompt_kernel.errors import InvalidMetadataError, PromptNotFoundError
from prompt_kernel.names import key_of
from prompt_kernel.records import Change, Entry
from prompt_kernel.store import _read, _rows
from prompt_kernel.store._engine import Database

_ENTRY: Final = (
    "SELECT path, head, description, tags, updated_at, author, characters, enabled FROM prompt WHERE deleted_at IS NULL"
)
_ENTRIES: Final = (
    "SELECT p.path, p.head, p.description, p.tags, p.updated_at, p.author, p.characters, p.enabled"
    " FROM json_each(:keys) wanted CROSS JOIN prompt p WHERE p.key = wanted.value AND p.deleted_at IS NULL"
    " ORDER BY wanted.key"
)
_COUNT: Final = "SELECT count(*) FROM prompt WHERE deleted_at IS NULL"
_INSIDE: Final = " AND key >= :first AND key < :last"
_TAGGED: Final = " AND EXISTS (SELECT 1 FROM json_each(prompt.tags) t WHERE t.value = :tag)"

_DIRECTORY: Final = "CASE WHEN key = name_key THEN '' ELSE substr(key, 1, length(key) - length(name_key) - 1) END"
#: Without the end of the list, so that it comes before one that goes on.
_TAGS: Final = "lower(rtrim(tags, ']'))"
_AUTHOR: Final = "lower(author)"
#: What each order sorts by; where that is equal, the key decides.
_BY: Final[Mapping[str, str]] = {
    "path": "key",
    "name": "name_key",
    "directory": _DIRECTORY,
    "tags": _TAGS,
    "version": "head",
    "updated": "updated_at",
    "author": _AUTHOR,
}
#: By what all of `_BY` sort the prompt that a page has ended with, which may have been renamed or deleted since.
_POSITION: Final = (
    "SELECT key, name_key, " + _DIRECTORY + ", " + _TAGS + ", head, updated_at, " + _AUTHOR + " FROM prompt WHERE id ="  # noqa: S608 - constants
    " (SELECT found.id FROM (SELECT id, 0 AS way FROM prompt WHERE key = :key AND deleted_at IS NULL"
    " UNION ALL SELECT prompt_id, 1 FROM redirect WHERE key = :key"
    " UNION ALL SELECT id, 2 FROM prompt WHERE key = :key AND deleted_at IS NOT NULL) AS found"
    " ORDER BY way, id DESC LIMIT 1)"
)


def page(
    database: Database, directory: str | None, tag: str | None, after: str | None, limit: int, sort: str = "path",
    *, descending: bool = False,
) -> Sequence[Entry]:  # fmt: skip
    """Return up to `limit` prompts that follow the prompt `after` in an order.

    Raises:
        InvalidMetadataError: there is no such order.
        PromptNotFoundError: `after` is no prompt and never was, so that nobody knows what follows it.
    """
    if sort not in _BY:
        raise InvalidMetadataError("sort", f"{sort!r} is not one of {', '.join(_BY)}")
    by = _BY[sort]
    where, values = condition(directory, tag)
    if after is not None:
        where += " AND (" + by + ", key) " + ("<" if descending else ">") + " (:value, :key)"
        values["value"], values["key"] = _position(database, after, sort)
    way = " DESC" if descending else ""
    order = " ORDER BY " + by + way + ", key" + way + " LIMIT :limit"
    return list(map(_rows.entry, database.rows(_ENTRY + where + order, {**values, "limit": _rows.at_most(limit)})))


def condition(directory: str | None, tag: str | None) -> tuple[str, dict[str, object]]:
    """Return what a statement needs to look into one directory, or for one tag, and the values for it."""
    where = (_INSIDE if directory else "") + (_TAGGED if tag is not None else "")
    return where, {"tag": _rows.bindable(tag or ""), **_read.bounds_of(directory or "")}


def _position(database: Database, after: str, sort: str) -> tuple[object, str]:
    """Return what an order sorts a prompt by, and its key."""
    key = key_of(after)
    if sort == "path":
        return key, key
    found = database.rows(_POSITION, {"key": key})
    if not found:
        raise PromptNotFoundError(after)
    return found[0][list(_BY).index(sort)], found[0][0]


def count(database: Database, directory: str | None, tag: str | None) -> int:
    """Return how many prompts there are in a directory and below it, with a tag."""
    where, values = condition(directory, tag)
    return int(database.rows(_COUNT + where, values)[0][0])


def entries(database: Database, paths: Iterable[str]) -> list[Entry]:
    """Return those of `paths` that are prompts, in their order."""
    keys = _rows.to_json([key_of(path) for path in paths])
    return list(map(_rows.entry, database.rows(_ENTRIES, {"keys": keys})))


# What has happened

_CHANGE: Final = "SELECT id, kind, path, version, detail, author, origin, at FROM change WHERE "
_SINCE: Final = _CHANGE + "id > :after ORDER BY id LIMIT :limit"
#: A version of a live session has all its authors, with commas.
_CONDITIONS: Final[Mapping[str, str]] = {
    "before": "id < :before",
    "kind": "kind = :kind",
    "author": "replace(', ' || author || ',', ', ' || :author || ',', '') <> ', ' || author || ','",
    "path": "(path = :path OR prompt_id IN (SELECT id FROM prompt WHERE key = :key AND deleted_at IS NULL))",
    "directory": "(path = :directory OR path >= :below AND path < :beyond"
    " OR prompt_id IN (SELECT id FROM prompt WHERE key >= :first AND key < :last))",
}
_AUTHORS: Final = "SELECT DISTINCT author FROM change"


def changes(database: Database, after: int, limit: int) -> list[Change]:
    """Return up to `limit` entries of the log that came after entry `after`, the oldest first."""
    return _changes(database, _SINCE, {"after": _rows.number(after), "limit": _rows.at_most(limit)})


def _changes(database: Database, statement: str, values: Mapping[str, object]) -> list[Change]:
    return [Change._make((*row[:-1], _rows.moment(row[-1]))) for row in database.rows(statement, values)]


def activity(database: Database, limit: int, wanted: Mapping[str, Any]) -> list[Change]:
    """Return up to `limit` entries of the log, the newest first, that fit what is `wanted` (see `_CONDITIONS`)."""
    given = {name: value for name, value in wanted.items() if value is not None}
    values = {
        name: _rows.bindable(value) if isinstance(value, str) else _rows.number(value) for name, value in given.items()
    }
    directory = str(values.get("directory", ""))
    values |= {"key": key_of(str(values.get("path", ""))), "limit": _rows.at_most(limit), **_read.bounds_of(directory)}
    values |= {"below": directory + "/", "beyond": directory + "0"}
    conditions = " AND ".join(["true", *(_CONDITIONS[name] for name in given)])
    return _changes(database, _CHANGE + conditions + " ORDER BY id DESC LIMIT :limit", values)


def authors(database: Database) -> list[str]:
    """Return everyone who has ever changed anything, in the order of the alphabet."""
    names = {name for (joint,) in database.rows(_AUTHORS, {}) for name in joint.split(", ") if name}
    return sorted(names, key=lambda name: (name.casefold(), name))
