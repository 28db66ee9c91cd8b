"""The store as a source of texts: read once, remembered until the database changes.

An expansion reads only what it needs: the prompt and what it includes, in two queries however many these are. What
was read stays in memory, and one cheap question (`PRAGMA data_version`) tells whether anybody committed since.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from prompt_kernel.errors import AmbiguousNameError, DamagedTextError, DisabledPromptError, PromptNotFoundError
from prompt_kernel.expansion import Pin, SourceText, hash_of
from prompt_kernel.names import is_path, key_of
from prompt_kernel.store import _read, _references
from prompt_kernel.store._engine import Database
from prompt_kernel.store._rows import variables_from_json

#: No predicate may stand in the recursive arm: some SQLite versions would scan the whole table for it on every call.
_CLOSURE = """WITH RECURSIVE closure(id) AS (
    SELECT :id UNION SELECT r.target_id FROM closure CROSS JOIN reference r ON r.prompt_id = closure.id)"""
_TEXTS = text(
    _CLOSURE + " SELECT p.id, p.path, p.uid, v.number, v.text, v.engine, v.variables, v.sha256 FROM closure"  # noqa: S608 - constants
    " JOIN prompt p ON p.id = closure.id JOIN version v ON v.prompt_id = p.id AND v.number = p.head"
)
_EDGES = text(
    _CLOSURE + " SELECT r.prompt_id, r.spelled, r.target_id FROM closure JOIN reference r ON r.prompt_id = closure.id"  # noqa: S608 - constants
    " WHERE r.target_id IS NOT NULL AND r.name_key <> '*' AND r.pin = ''"
)
_PINNED = text(
    "SELECT p.id, p.path, p.uid, v.number, v.text, v.engine, v.variables, v.sha256 FROM prompt p"
    " JOIN version v ON v.prompt_id = p.id AND v.number = :number WHERE p.id = :id"
)
_BY_UID = text(
    "SELECT p.id, p.path, p.uid, v.number, v.text, v.engine, v.variables, v.sha256 FROM prompt p"
    " JOIN version v ON v.prompt_id = p.id AND v.number = :number WHERE p.uid = :uid"
)
_SINCE = text("SELECT id, kind, prompt_id FROM change WHERE id > :after ORDER BY id")
_LAST_CHANGE = text("SELECT coalesce(max(id), 0) FROM change")


class StoreSource:
    """A `Source` over a database; every question is answered in the transaction that is open, or in one of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: object = None
        self._generation = 0
        self._last_change = 0
        #: The newest texts by prompt, and what was resolved: (name, pin, directory) to a text.
        self._heads: dict[int, SourceText] = {}
        self._found: dict[tuple[str, Pin, str], SourceText] = {}

    @property
    def revision(self) -> int:
        """Changes whenever somebody committed something that an expansion may depend on; what changed is forgotten."""
        now = self._database.revision()
        if now != self._seen:
            self._catch_up()
            self._seen = now
        return self._generation

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give the connection in a transaction in which every answer is of one moment."""
        with self._database.reading() as connection:
            _ = self.revision
            yield connection

    def _catch_up(self) -> None:
        """Forget what changed: one text where only that was saved, everything where a name came or went."""
        with self._database.reading() as connection:
            if self._seen is None:
                self._last_change = int(connection.execute(_LAST_CHANGE).scalar_one())
                return
            changes = connection.execute(_SINCE, {"after": self._last_change}).all()
        if not changes:
            return
        self._last_change = changes[-1].id
        self._generation += 1
        if all(change.kind in _OF_ONE_TEXT for change in changes):
            stale = {change.prompt_id for change in changes}
            for prompt_id in stale & self._heads.keys():
                del self._heads[prompt_id]
            self._found.clear()
        else:
            self.forget()

    def forget(self) -> None:
        """Forget everything that was read."""
        self._generation += 1
        self._heads.clear()
        self._found.clear()

    def find(self, name: str, pin: Pin, directory: str) -> SourceText:
        """Return what `[[name]]` means in a prompt of `directory`; see `expansion.Source`."""
        key = (name, pin, directory)
        found = self._found.get(key)
        if found is None:
            with self._database.reading() as connection:
                prompt_id, path = self._locate(connection, name, directory)
                if pin is None:
                    found = self._heads.get(prompt_id) or self._read(connection, prompt_id)
                else:
                    number = _read.number_of(connection, prompt_id, path, pin)
                    row = connection.execute(_PINNED, {"id": prompt_id, "number": number}).one()
                    found = _source_text(row)
            self._found[key] = found
        return found

    def _locate(self, connection: Any, name: str, directory: str) -> tuple[int, str]:
        found = _read.resolve(connection, name, directory) or _read.redirected(connection, name, directory)
        if found is not None:
            return found
        hidden = _read.by_suffix(connection, name) if is_path(name) else None
        if hidden is not None:
            raise DisabledPromptError(name, hidden[1])
        raise PromptNotFoundError(name, _read.likely(connection, name))

    def _read(self, connection: Any, prompt_id: int) -> SourceText:
        """Read a prompt and all that it includes."""
        for row in connection.execute(_TEXTS, {"id": prompt_id}):
            if row.id not in self._heads:
                self._heads[row.id] = _source_text(row)
        for parent, spelled, target in connection.execute(_EDGES, {"id": prompt_id}):
            self._found[spelled, None, self._heads[parent].directory] = self._heads[target]
        return self._heads[prompt_id]

    def match(self, pattern: str, pin: Pin, directory: str) -> list[SourceText]:
        """Return the prompts that `[[pattern]]` means, ordered by path; see `expansion.Source`."""
        with self._database.reading() as connection:
            return [self.find(path, pin, "") for _, path in _references.glob(connection, pattern, directory)]

    def root(self, name: str, pin: Pin) -> SourceText:
        """Return the prompt that a caller names, in a disabled directory too."""
        try:
            return self.find(name, pin, "")
        except (PromptNotFoundError, AmbiguousNameError):
            with self._database.reading() as connection:
                prompt_id, path = _read.locate(connection, name)
                if pin is None:
                    return self._read(connection, prompt_id)
                number = _read.number_of(connection, prompt_id, path, pin)
                return _source_text(connection.execute(_PINNED, {"id": prompt_id, "number": number}).one())

    def recorded(self, uid: str, path: str, version: int) -> SourceText:
        """Return a version by the prompt's uid, wherever the prompt is now: renamed, disabled, or in the trash.

        Raises:
            PromptNotFoundError: it was purged.
        """
        with self._database.reading() as connection:
            row = connection.execute(_BY_UID, {"uid": uid, "number": version}).first()
        if row is None:
            raise PromptNotFoundError(f"{path}@{version}")
        return _source_text(row)


_OF_ONE_TEXT = frozenset({"saved", "described", "labelled", "unlabelled"})


def _source_text(row: Any) -> SourceText:
    if hash_of(row.text) != row.sha256:
        raise DamagedTextError(row.path, row.number)
    return SourceText(
        row.path, row.text, row.number, row.engine, variables_from_json(row.variables), row.uid, row.sha256
    )


class Overlay:
    """A source in which one prompt has another text: what would be if that were saved."""

    def __init__(self, source: StoreSource, changed: SourceText) -> None:
        self._source, self._changed = source, changed

    @property
    def revision(self) -> object:
        """That of the source below."""
        return self._source.revision

    def find(self, name: str, pin: Pin, directory: str) -> SourceText:
        """Return what the source has, or the changed text."""
        return self._of(self._source.find(name, pin, directory), pin)

    def match(self, pattern: str, pin: Pin, directory: str) -> list[SourceText]:
        """Return what the source has, the changed text among it."""
        return [self._of(found, pin) for found in self._source.match(pattern, pin, directory)]

    def root(self, name: str, pin: Pin) -> SourceText:
        """Return the prompt that a caller names, changed or not."""
        return self._of(self._source.root(name, pin), pin)

    def _of(self, found: SourceText, pin: Pin) -> SourceText:
        return self._changed if pin is None and key_of(found.path) == key_of(self._changed.path) else found
