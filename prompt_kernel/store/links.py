"""What the store remembers of linked folders: which file is which prompt, and how both were when they were the same.

That is what a sync tells changes from. The text that both had then is a version of the prompt, which never changes, so
its number is enough. What a file means is the business of `prompt_kernel.files`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.names import is_inside, key_of
from prompt_kernel.records import Draft, Prompt
from prompt_kernel.store import _read, _rows, _versions
from prompt_kernel.store._engine import Database

_LINKED: Final = text("SELECT id, path, enabled, source FROM directory ORDER BY key")
_KNOWN: Final = text(
    "SELECT file, prompt_id, version, metadata, sha256, size, modified FROM linked_file WHERE place = :place"
)
_HEADS: Final = text(
    "SELECT id, uid, path, head, description, tags FROM prompt"
    " WHERE deleted_at IS NULL AND key >= :first AND key < :last ORDER BY key"
)
_ELSEWHERE: Final = text(
    "SELECT id, uid, path, head, description, tags, deleted_at FROM prompt WHERE id IN :ids"
).bindparams(bindparam("ids", expanding=True))
_BY_KEYS: Final = text(
    "SELECT id, uid, path, head, description, tags FROM prompt WHERE deleted_at IS NULL AND key IN :keys"
).bindparams(bindparam("keys", expanding=True))
_PUT: Final = text(
    "INSERT INTO linked_file (place, file, prompt_id, version, metadata, sha256, size, modified)"
    " VALUES (:place, :file, :prompt_id, :version, :metadata, :sha256, :size, :modified)"
    " ON CONFLICT (place, file) DO UPDATE SET prompt_id = excluded.prompt_id, version = excluded.version,"
    " metadata = excluded.metadata, sha256 = excluded.sha256, size = excluded.size, modified = excluded.modified"
)
_DROP: Final = text("DELETE FROM linked_file WHERE place = :place AND file = :file")
_LAYOUT: Final = text("UPDATE prompt SET layout = :layout WHERE id = :id")
_PLACES: Final = text("SELECT DISTINCT place FROM linked_file")
_FORGET: Final = text("DELETE FROM linked_file WHERE place = :place")
_CHUNK: Final = 500


class Linked(NamedTuple):
    """A directory, and the folder that it is linked to ("" for none); the number stays when it is renamed."""

    number: int
    path: str
    enabled: bool
    folder: str


class Link(NamedTuple):
    """A file and the prompt that it is, as both were when they were last the same.

    `metadata` is as in `Head`; `sha256`, `size` and `modified` (nanoseconds) are the file's.
    """

    file: str
    prompt_id: int
    version: int
    metadata: str
    sha256: str
    size: int
    modified: int


class Head(NamedTuple):
    """A prompt as it is now, without its text. `metadata` says all of it that no version has, as JSON."""

    id: int
    uid: str
    path: str
    version: int
    metadata: str


class Links:
    """The links of one store, of any place: of a folder on one machine, for one directory."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    def directories(self) -> list[Linked]:
        """Return every directory, linked or not, ordered by path."""
        with self._database.reading() as connection:
            return [Linked(number, path, bool(on), folder) for number, path, on, folder in connection.execute(_LINKED)]

    def known(self, place: str) -> list[Link]:
        """Return what is remembered of a place."""
        with self._database.reading() as connection:
            return list(map(Link._make, connection.execute(_KNOWN, {"place": place})))

    def heads(self, directory: str) -> list[Head]:
        """Return the prompts in a directory and below it, ordered by path."""
        with self._database.reading() as connection:
            return [_head(row) for row in connection.execute(_HEADS, _read.bounds_of(directory))]

    def elsewhere(self, ids: Iterable[int]) -> dict[int, tuple[Head, bool]]:
        """Return prompts by their ids, wherever they are, and whether they lie in the trash."""
        with self._database.reading() as connection:
            rows = [row for part in _parts(list(ids)) for row in connection.execute(_ELSEWHERE, {"ids": part})]
        return {row[0]: (_head(row), row[6] is not None) for row in rows}

    def put(self, place: str, links: Sequence[Link], layouts: Mapping[int, Mapping[str, Any]]) -> None:
        """Remember `links`, in one transaction, and how the files of prompts, by their ids, were laid out."""
        if not links:
            return
        with self._database.writing() as connection:
            connection.execute(_PUT, [{"place": place, **link._asdict()} for link in links])
            rows = [{"id": number, "layout": _rows.to_json(layout)} for number, layout in layouts.items()]
            if rows:
                connection.execute(_LAYOUT, rows)

    def drop(self, place: str, files: Sequence[str]) -> None:
        """Forget `files` of a place."""
        if files:
            with self._database.writing() as connection:
                connection.execute(_DROP, [{"place": place, "file": file} for file in files])

    @staticmethod
    def metadata_of(prompt: Prompt) -> str:
        """Return what a prompt says that no version has, as `Head` has it."""
        return _metadata(prompt.description, _rows.to_json(prompt.tags))

    def adopt(self, drafts: Sequence[Draft], author: str, message: str) -> list[Head]:
        """Make new prompts of `drafts`, also where another prompt was once; return them.

        A save would go on in the prompt that was renamed. Where there is a prompt already, none is made, and that one
        is not among those returned.
        """
        with self._database.writing() as connection:
            taken = {key_of(head.path) for head in _by_paths(connection, [draft.path for draft in drafts])}
            new = [draft for draft in drafts if key_of(draft.path) not in taken]
            if not new:
                return []
            _versions.create(connection, new, _rows.writer(author, "import", message))
            return _by_paths(connection, [draft.path for draft in new])


def forget(connection: Connection, path: str, *, below: bool = False) -> None:
    """Forget all links of a directory, in every place, and of those `below` it: it has another folder now, or none."""
    gone = [place_of(row[0], "") for row in connection.execute(_LINKED) if _is_at(row[1], path, below=below)]
    for (place,) in connection.execute(_PLACES).all():
        if place.startswith(tuple(gone)):
            connection.execute(_FORGET, {"place": place})


def _is_at(found: str, path: str, *, below: bool) -> bool:
    return key_of(found) == key_of(path) or (below and is_inside(found, path))


def place_of(number: int, where: str) -> str:
    """Return the name of a place: of the directory with that number, and the machine and folder `where`."""
    return f"{number} {where}"


def _metadata(description: str, tags: str) -> str:
    """Return what a prompt says that no version has; `tags` are JSON already, as they are stored."""
    return f'{{"description":{json.dumps(description)},"tags":{tags}}}'


def _head(row: Any) -> Head:
    return Head(row[0], row[1], row[2], row[3], _metadata(row[4], row[5]))


def _by_paths(connection: Connection, paths: Iterable[str]) -> list[Head]:
    parts = _parts([key_of(path) for path in paths])
    return [_head(row) for part in parts for row in connection.execute(_BY_KEYS, {"keys": part})]


def _parts(values: list[Any]) -> list[list[Any]]:
    return [values[at : at + _CHUNK] for at in range(0, len(values), _CHUNK)]
