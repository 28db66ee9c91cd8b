"""References: the stored fact that one prompt includes another, kept right with every write.

Where a reference leads depends only on which enabled prompts have the name that it ends in. So whenever a name appears
or goes away, exactly the references that end in it are looked at again; and the globs, of which there are few.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.errors import AmbiguousNameError
from prompt_kernel.expansion import choose, matching
from prompt_kernel.language import inclusions
from prompt_kernel.names import directory_of, join, key_of, name_of
from prompt_kernel.records import Reference
from prompt_kernel.spans import line_of
from prompt_kernel.store._read import bounds_of, locate

GLOB = "*"

_OLD = text(
    "SELECT spelled, pin, line FROM reference WHERE prompt_id = :id AND (name_key <> '*' OR target_id IS NULL)"
    " ORDER BY id"
)
_DELETE = text("DELETE FROM reference WHERE prompt_id = :id")
_INSERT = text(
    "INSERT INTO reference (prompt_id, spelled, name_key, pin, line, target_id)"
    " VALUES (:prompt_id, :spelled, :name_key, :pin, :line, :target_id)"
)
_BY_NAMES = text(
    "SELECT r.id, r.prompt_id, r.spelled, r.name_key, r.target_id, p.path"
    " FROM reference r JOIN prompt p ON p.id = r.prompt_id"
    " WHERE r.name_key IN :names ORDER BY r.id"
).bindparams(bindparam("names", expanding=True))
_BY_PROMPTS = text(
    "SELECT r.id, r.prompt_id, r.spelled, r.name_key, r.target_id, p.path"
    " FROM reference r JOIN prompt p ON p.id = r.prompt_id"
    " WHERE r.prompt_id IN :ids AND r.name_key <> '*' ORDER BY r.id"
).bindparams(bindparam("ids", expanding=True))
_CANDIDATES = text(
    "SELECT id, key, path, name_key FROM prompt WHERE deleted_at IS NULL AND enabled AND name_key IN :names"
).bindparams(bindparam("names", expanding=True))
_REDIRECTS = text(
    "SELECT r.key, p.id, p.enabled FROM redirect r JOIN prompt p ON p.id = r.prompt_id"
    " WHERE p.deleted_at IS NULL AND r.key IN :keys"
).bindparams(bindparam("keys", expanding=True))
_OLD_NAMES = text("SELECT path FROM redirect WHERE prompt_id IN :ids").bindparams(bindparam("ids", expanding=True))
_UPDATE = text("UPDATE reference SET target_id = :target WHERE id = :id")
_GLOBS = text(
    "SELECT r.prompt_id, r.spelled, r.pin, r.line, p.path FROM reference r JOIN prompt p ON p.id = r.prompt_id"
    " WHERE r.name_key = '*' AND r.target_id IS NULL ORDER BY r.id"
)
_DELETE_GLOB_TARGETS = text("DELETE FROM reference WHERE name_key = '*' AND target_id IS NOT NULL")
_IN_DIRECTORY = text(
    "SELECT id, path FROM prompt WHERE deleted_at IS NULL AND enabled AND key >= :first AND key < :last ORDER BY key"
)
_INCLUDES = text(
    "SELECT r.spelled, r.pin, r.line, t.path AS target FROM reference r LEFT JOIN prompt t ON t.id = r.target_id"
    " WHERE r.prompt_id = :id AND NOT (r.name_key = '*' AND r.target_id IS NULL) ORDER BY CASE r.name_key WHEN '*' THEN"
    " (SELECT min(g.id) FROM reference g WHERE g.prompt_id = :id AND g.spelled = r.spelled AND g.pin = r.pin)"
    " ELSE r.id END, r.id"
)
_REFERRERS = text(
    "SELECT p.path, r.spelled, r.pin, r.line, t.path AS target FROM reference r JOIN prompt p ON p.id = r.prompt_id"
    " JOIN prompt t ON t.id = r.target_id WHERE r.target_id = :id AND p.id <> :id ORDER BY p.key, r.id"
)
#: No other predicate may stand in the recursive arm: some SQLite versions would scan the whole table for it every time.
_DEPENDENTS = text(
    "WITH RECURSIVE up(id) AS (SELECT CAST(:id AS BIGINT) UNION SELECT r.prompt_id FROM up CROSS JOIN reference r"
    " WHERE r.target_id = up.id) SELECT p.path FROM up JOIN prompt p ON p.id = up.id WHERE p.id <> :id ORDER BY p.key"
)
_CHUNK = 500


class Found(NamedTuple):
    """An inclusion of a text, as a reference keeps it."""

    spelled: str
    pin: str
    line: int


def found_in(content: str) -> list[Found]:
    """Return the inclusions of a text, each spelling and pin once, at the line of its first use."""
    if "[[" not in content:
        return []
    found: dict[tuple[str, str], Found] = {}
    for inclusion in inclusions(content):
        pin = "" if inclusion.pin is None else str(inclusion.pin)
        key = (inclusion.path, pin)
        if key not in found:
            found[key] = Found(inclusion.path, pin, line_of(content, inclusion.start))
    return list(found.values())


def replace(connection: Connection, contents: Mapping[int, str], *, new: bool = False) -> None:
    """Keep the references of prompts (id to newest text); those that are `new` have none yet."""
    rows: list[dict[str, Any]] = []
    changed: list[int] = []
    for prompt_id, content in contents.items():
        wanted = found_in(content)
        if not new:
            old = [Found(*row) for row in connection.execute(_OLD, {"id": prompt_id})]
            if old == wanted:
                continue
            connection.execute(_DELETE, {"id": prompt_id})
        changed.append(prompt_id)
        rows += [_row(prompt_id, reference) for reference in wanted]
    if rows:
        connection.execute(_INSERT, rows)
        _settle(connection, _select(connection, _BY_PROMPTS, "ids", changed))
        if any(row["name_key"] == GLOB for row in rows):
            settle_globs(connection)


def _row(prompt_id: int, reference: Found, target: int | None = None) -> dict[str, Any]:
    name = name_of(reference.spelled)
    name_key = GLOB if GLOB in name else key_of(name)
    return {"prompt_id": prompt_id, "name_key": name_key, "target_id": target, **reference._asdict()}


def _select(connection: Connection, statement: Any, name: str, values: Iterable[Any]) -> list[Any]:
    """Run a statement with a long list, in parts that SQLite takes."""
    items = list(values)
    parts = [items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK)]
    return [row for part in parts for row in connection.execute(statement, {name: part})]


class Retargeted(NamedTuple):
    """A reference that led to one prompt and now leads to another (`after`), or because of it to none."""

    prompt_id: int
    path: str
    spelled: str
    before: int
    after: int | None


def names_changed(connection: Connection, paths: Iterable[str], ids: Iterable[int] = ()) -> list[Retargeted]:
    """Look again at all references that may lead elsewhere, now that prompts at `paths` have come or gone.

    `ids` are those of them that may be known by former paths, too. Returns the references that led somewhere before
    and lead somewhere else now.
    """
    former = (row.path for row in _select(connection, _OLD_NAMES, "ids", ids))
    names = {key_of(name_of(path)) for path in (*paths, *former)}
    retargeted = _settle(connection, _select(connection, _BY_NAMES, "names", names))
    settle_globs(connection)
    return retargeted


def _settle(connection: Connection, references: Sequence[Any]) -> list[Retargeted]:
    """Let each reference lead where it leads now."""
    if not references:
        return []
    candidates: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    for row in _select(connection, _CANDIDATES, "names", {reference.name_key for reference in references}):
        candidates[row.name_key][row.key] = (row.id, row.path)
    targets: dict[int, int | None] = {}
    inexact: list[Any] = []
    for reference in references:
        known = candidates[reference.name_key]
        # Almost always the path is exact, and the other names need no look.
        exact = known.get(key_of(reference.spelled)) or known.get(_sibling_key(reference))
        if exact is None:
            inexact.append(reference)
        else:
            targets[reference.id] = exact[0]
    if inexact:
        former = _former(connection, inexact)
        targets |= {found.id: _inexact_target(found, candidates[found.name_key], former) for found in inexact}
    moved = [reference for reference in references if targets[reference.id] != reference.target_id]
    if moved:
        connection.execute(_UPDATE, [{"id": reference.id, "target": targets[reference.id]} for reference in moved])
    return [
        Retargeted(found.prompt_id, found.path, found.spelled, found.target_id, targets[found.id])
        for found in moved
        if found.target_id is not None
    ]


def _sibling_key(reference: Any) -> str:
    return key_of(join(directory_of(reference.path), reference.spelled))


def _former(connection: Connection, references: Sequence[Any]) -> dict[str, int]:
    """Return the enabled prompts that once had the path, or the sibling's path, that one of `references` spells."""
    keys = {key for reference in references for key in (key_of(reference.spelled), _sibling_key(reference))}
    return {row.key: row.id for row in _select(connection, _REDIRECTS, "keys", keys) if row.enabled}


def _inexact_target(reference: Any, candidates: Mapping[str, tuple[int, str]], former: Mapping[str, int]) -> int | None:
    """Return where a reference leads that is nobody's path: a former path, a display name, a former sibling."""
    key = key_of(reference.spelled)
    if key in former:
        return former[key]
    try:
        found = choose(
            reference.spelled, directory_of(reference.path), {key: path for key, (_, path) in candidates.items()}
        )
    except AmbiguousNameError:
        return None
    return candidates[found][0] if found is not None else former.get(_sibling_key(reference))


def settle_globs(connection: Connection) -> None:
    """Let every glob lead to what it matches now."""
    globs = connection.execute(_GLOBS).all()
    if not globs:
        return
    connection.execute(_DELETE_GLOB_TARGETS)
    rows = [
        _row(row.prompt_id, Found(row.spelled, row.pin, row.line), target)
        for row in globs
        for target, _ in glob(connection, row.spelled, directory_of(row.path))
        if target != row.prompt_id
    ]
    if rows:
        connection.execute(_INSERT, rows)


def glob(connection: Connection, pattern: str, directory: str) -> list[tuple[int, str]]:
    """Return the enabled prompts that `[[pattern]]` means in `directory`, ordered by path."""
    ids: dict[str, int] = {}
    for base in (directory_of(pattern), join(directory, directory_of(pattern))):
        ids |= {row.path: row.id for row in connection.execute(_IN_DIRECTORY, bounds_of(base))}
    return [(ids[path], path) for path in matching(pattern, directory, list(ids))]


def includes(connection: Connection, name: str) -> list[Reference]:
    """Return what a prompt includes, in the order of its text."""
    prompt_id, path = locate(connection, name)
    rows = connection.execute(_INCLUDES, {"id": prompt_id})
    return [Reference(path, row.spelled, _pin(row.pin), row.target, row.line) for row in rows]


def referrers(connection: Connection, prompt_id: int) -> list[Reference]:
    """Return who includes a prompt, ordered by path."""
    rows = connection.execute(_REFERRERS, {"id": prompt_id})
    return [Reference(row.path, row.spelled, _pin(row.pin), row.target, row.line) for row in rows]


def dependents(connection: Connection, prompt_id: int) -> list[str]:
    """Return every prompt that includes a prompt, directly or through others, ordered by path."""
    return [row[0] for row in connection.execute(_DEPENDENTS, {"id": prompt_id})]


def _pin(stored: str) -> int | str | None:
    return None if not stored else int(stored) if stored.isdigit() else stored
