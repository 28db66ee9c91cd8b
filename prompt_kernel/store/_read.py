"""Finding and listing: one prompt by whatever name, many by page."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, text

from prompt_kernel.errors import AmbiguousNameError, DamagedTextError, PromptNotFoundError, VersionNotFoundError
from prompt_kernel.expansion import Pin, choose, hash_of
from prompt_kernel.names import is_path, is_suffix, join, key_of, name_of, near, shortest_names, suffixes
from prompt_kernel.records import Prompt, Version
from prompt_kernel.store import _rows
from prompt_kernel.store._engine import PLACE, Database

_PROMPT = """
    SELECT p.id, p.uid, p.path, p.description, p.tags, p.enabled, p.head, v.number, v.text, v.sha256, v.engine,
        v.variables, v.author, v.origin, v.message, v.created_at,
        (SELECT json_group_object(l.name, l.number) FROM label l WHERE l.prompt_id = p.id) AS labels,
        (SELECT count(*) FROM prompt q WHERE q.name_key = p.name_key AND q.deleted_at IS NULL)
        + (SELECT count(*) FROM redirect r WHERE r.key = p.name_key) AS namesakes
    FROM prompt p JOIN version v ON v.prompt_id = p.id AND v.number = """
_HEAD_BY_KEY_SQL = _PROMPT + "p.head WHERE p.key = :key AND p.deleted_at IS NULL"
_HEAD_BY_KEY = text(_HEAD_BY_KEY_SQL)
_HEAD_BY_ID = text(_PROMPT + "p.head WHERE p.id = :id")
_PINNED_BY_ID = text(_PROMPT + ":number WHERE p.id = :id")
_BY_KEY = text("SELECT id, path FROM prompt WHERE key = :key AND deleted_at IS NULL")
_BY_NAME = text("SELECT id, path, key, enabled FROM prompt WHERE name_key = :name AND deleted_at IS NULL")
_REDIRECT = text(
    "SELECT p.id, p.path, p.enabled FROM redirect r JOIN prompt p ON p.id = r.prompt_id"
    " WHERE r.key = :key AND p.deleted_at IS NULL"
)
_LABEL = text("SELECT number FROM label WHERE prompt_id = :id AND name = :name")
_VERSION_EXISTS = text("SELECT 1 FROM version WHERE prompt_id = :id AND number = :number")
_LABELS = text("SELECT name, number FROM label WHERE prompt_id = :id ORDER BY name")
_HISTORY = text(
    "SELECT number, text, sha256, engine, variables, author, origin, message, created_at FROM version"
    " WHERE prompt_id = :id ORDER BY number DESC"
)
_SAME_NAMES = text("SELECT path FROM prompt WHERE deleted_at IS NULL AND name_key IN :names").bindparams(
    bindparam("names", expanding=True)
)
_FORMER = text(
    "SELECT r.path FROM redirect r JOIN prompt p ON p.id = r.prompt_id WHERE p.deleted_at IS NULL AND r.key IN :names"
).bindparams(bindparam("names", expanding=True))
_LIKELY = text(
    "SELECT path FROM prompt WHERE deleted_at IS NULL"
    " AND (name_key >= :first AND name_key < :last OR key LIKE :part ESCAPE '\\') LIMIT 2000"
)
_BY_UID = text("SELECT path FROM prompt WHERE uid = :uid AND deleted_at IS NULL")
_TAGS = text("SELECT t.value, count(*) FROM prompt, json_each(prompt.tags) t WHERE deleted_at IS NULL GROUP BY 1")
LAST = chr(0x10FFFF)
#: What SQLite holds as a number, and Python does not mind to exceed.
_MOST_VERSIONS = 2**63
_CHUNK = 500


def locate(connection: Connection, name: str) -> tuple[int, str]:
    """Return the id and the path of the prompt that `name` means: a path, a path it once had, or a display name.

    Raises:
        AmbiguousNameError: several prompts end in that name.
        PromptNotFoundError: none does; near names are suggested.
    """
    key = key_of(name)
    row: Any = connection.execute(_BY_KEY, {"key": key}).first()
    if row is None and is_path(name):
        row = connection.execute(_REDIRECT, {"key": key}).first() or by_suffix(connection, name)
    if row is None:
        raise PromptNotFoundError(name, likely(connection, name))
    return row[0], row[1]


def by_suffix(connection: Connection, name: str) -> tuple[int, str] | None:
    """Return the only prompt that ends in `name`, enabled or not."""
    key = key_of(name)
    rows = [row for row in connection.execute(_BY_NAME, {"name": name_of(key)}) if is_suffix(key, row.key)]
    if len(rows) > 1:
        raise AmbiguousNameError(name, sorted(row.path for row in rows))
    return (rows[0].id, rows[0].path) if rows else None


def resolve(connection: Connection, name: str, directory: str) -> tuple[int, str] | None:
    """Return the enabled prompt that the inclusion `[[name]]` means in a prompt of `directory`.

    A path that a prompt once had comes before a display name: whoever still writes it is not to get another prompt.

    Raises:
        AmbiguousNameError: several enabled prompts end in that name.
    """
    rows = connection.execute(_BY_NAME, {"name": name_of(key_of(name))}).all()
    paths = {row.key: row.path for row in rows if row.enabled}
    if key_of(name) not in paths and key_of(join(directory, name)) not in paths:
        former = redirected(connection, name, "")
        if former is not None and former.enabled:
            return former.id, former.path
    found = choose(name, directory, paths)
    return None if found is None else next((row.id, row.path) for row in rows if row.key == found)


def redirected(connection: Connection, name: str, directory: str) -> Row[Any] | None:
    """Return the prompt (id, path, enabled) that had the path `name`, or that name in `directory`, in former times."""
    for path in (name, join(directory, name)):
        row = connection.execute(_REDIRECT, {"key": key_of(path)}).first()
        if row is not None:
            return row
    return None


def likely(connection: Connection, name: str) -> list[str]:
    """Return up to three paths that `name` may have meant."""
    key = name_of(key_of(name))
    escaped = key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    bounds = {"first": key[:1], "last": key[:1] + LAST, "part": f"%{escaped}%"}
    return near(name, [row[0] for row in connection.execute(_LIKELY, bounds)])


def number_of(connection: Connection, prompt_id: int, path: str, pin: int | str) -> int:
    """Return the version that `pin`, a number or a label, names.

    Raises:
        VersionNotFoundError: the prompt has no such version or label.
    """
    if isinstance(pin, int):
        if pin < _MOST_VERSIONS and connection.execute(_VERSION_EXISTS, {"id": prompt_id, "number": pin}).first():
            return pin
    else:
        row = connection.execute(_LABEL, {"id": prompt_id, "name": _rows.bindable(pin)}).first()
        if row is not None:
            return int(row[0])
    raise VersionNotFoundError(path, pin, _pins(connection, prompt_id))


def _pins(connection: Connection, prompt_id: int) -> list[str]:
    head = connection.execute(text("SELECT head FROM prompt WHERE id = :id"), {"id": prompt_id}).scalar_one()
    labels = [row.name for row in connection.execute(_LABELS, {"id": prompt_id})]
    return [f"versions 1 to {head}" if head > 1 else "version 1", *(f"label {name}" for name in labels)]


class _Row(NamedTuple):
    """The columns of `_PROMPT`."""

    id: int
    uid: str
    path: str
    description: str
    tags: str
    enabled: int
    head: int
    number: int
    text: str
    sha256: str
    engine: str
    variables: str
    author: str
    origin: str
    message: str
    created_at: str
    labels: str
    namesakes: int


def head(database: Database, path: str) -> Prompt:
    """Return the newest version of the prompt that `path` means, the short way where it is exact."""
    rows = database.rows(_HEAD_BY_KEY_SQL, {"key": key_of(path)})
    if rows and rows[0][-1] == 1:
        return _checked(_Row._make(rows[0]), "", database.place)
    with database.reading() as connection:
        return get(connection, path)


def get(connection: Connection, name: str, pin: Pin = None, *, merged: bool = False) -> Prompt:
    """Return the prompt that `name` means, its newest version or the one pinned."""
    row = connection.execute(_HEAD_BY_KEY, {"key": key_of(name)}).first() if pin is None else None
    if row is None:
        prompt_id, path = locate(connection, name)
        row = prompt_row(connection, prompt_id, path, pin)
    # Nearly every name is unique; only namesakes need to be told apart.
    display = "" if row.namesakes == 1 else display_names(connection, [row.path])[row.path]
    return _checked(row, display, str(connection.get_execution_options().get(PLACE, "")), merged=merged)


def _checked(row: Any, display_name: str, place: str, *, merged: bool = False) -> Prompt:
    if hash_of(row.text) != row.sha256:
        raise DamagedTextError(row.path, row.number)
    return _rows.prompt(row, display_name, place=place, merged=merged)


def prompt_row(connection: Connection, prompt_id: int, path: str, pin: Pin) -> Row[Any]:
    """Return the row of one version of a prompt."""
    if pin is None:
        return connection.execute(_HEAD_BY_ID, {"id": prompt_id}).one()
    number = number_of(connection, prompt_id, path, pin)
    return connection.execute(_PINNED_BY_ID, {"id": prompt_id, "number": number}).one()


def display_names(connection: Connection, paths: Iterable[str]) -> dict[str, str]:
    """Return the display name of each of `paths`: the shortest suffix that is unique in the store.

    A path that another prompt once had is no suffix to call this one by, because it still finds the other.
    """
    wanted = list(paths)
    keys = list(map(key_of, wanted))
    known = set(wanted)
    for statement, ends in (
        (_SAME_NAMES, set(map(name_of, keys))),
        (_FORMER, set(chain.from_iterable(map(suffixes, keys)))),
    ):
        names = sorted(ends)
        for at in range(0, len(names), _CHUNK):
            known |= {row[0] for row in connection.execute(statement, {"names": names[at : at + _CHUNK]})}
    display = shortest_names(known)
    return {path: display[path] for path in wanted}


def history(connection: Connection, name: str) -> list[Version]:
    """Return all versions of a prompt, the newest first."""
    prompt_id, path = locate(connection, name)
    labels: dict[int, list[str]] = {}
    for row in connection.execute(_LABELS, {"id": prompt_id}):
        labels.setdefault(row.number, []).append(row.name)
    return [
        Version(
            path, row.number, row.text, row.sha256, row.engine, _rows.variables_from_json(row.variables), row.author,
            row.origin, row.message, _rows.moment(row.created_at), tuple(labels.get(row.number, ())),
        )
        for row in connection.execute(_HISTORY, {"id": prompt_id})
    ]  # fmt: skip


def bounds_of(directory: str) -> dict[str, str]:
    """Return where the keys of a directory begin and end: from `a/` to `a0`, the next character; for "" all of them."""
    key = key_of(directory)
    return {"first": key + "/", "last": key + "0"} if key else {"first": "", "last": LAST}


def path_of(connection: Connection, uid: str) -> str:
    """Return the path that a prompt has now.

    Raises:
        PromptNotFoundError: it lies in the trash, or was purged.
    """
    row = connection.execute(_BY_UID, {"uid": _rows.bindable(uid)}).first()
    if row is None:
        raise PromptNotFoundError(uid)
    return str(row[0])


def tags(connection: Connection) -> dict[str, int]:
    """Return every tag with the number of prompts that have it."""
    return {row[0]: row[1] for row in sorted(connection.execute(_TAGS))}
