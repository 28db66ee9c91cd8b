"""The store as a source of texts: read once, remembered until the database changes.

An expansion reads only what it needs: the prompt and what it includes, in two queries however many these are. What
was read stays in memory, and one cheap question (`Database.revision`) tells whether anybody committed since.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from prompt_kernel.errors import AmbiguousNameError, DamagedTextError, DisabledPromptError, PromptNotFoundError
from prompt_kernel.expansion import Pin, SourceText, hash_of
from prompt_kernel.names import is_path, key_of
from prompt_kernel.store import _read, _references
from prompt_kernel.store._engine import Database
from prompt_kernel.store._rows import bindable, number, variables_from_json

#: No other predicate may stand in the recursive arm: some SQLite versions would scan the whole table for it every time.
_UP = " UNION SELECT r.target_id FROM closure CROSS JOIN reference r WHERE r.prompt_id = closure.id)"
_CLOSURE = "WITH RECURSIVE closure(id) AS (SELECT CAST(:id AS BIGINT)" + _UP
_CLOSURE_BY_KEY = (
    "WITH RECURSIVE closure(id) AS (SELECT id FROM prompt WHERE key = :key AND deleted_at IS NULL AND enabled" + _UP  # noqa: S608 - constants
)
_SELECT = " SELECT p.id, p.enabled, p.path, p.uid, v.number, v.text, v.engine, v.variables, v.sha256 FROM "
_HEADS = "closure JOIN prompt p ON p.id = closure.id JOIN version v ON v.prompt_id = p.id AND v.number = p.head"
_PIN = "prompt p JOIN version v ON v.prompt_id = p.id AND v.number = :number"
_TEXTS = _CLOSURE + _SELECT + _HEADS
_TEXTS_BY_KEY = _CLOSURE_BY_KEY + _SELECT + _HEADS
_PINNED = _SELECT + _PIN + " WHERE p.id = :id"
_BY_UID = _SELECT + _PIN + " WHERE p.uid = :uid"
_EDGES = (
    _CLOSURE + " SELECT r.prompt_id, r.spelled, r.target_id FROM closure JOIN reference r ON r.prompt_id = closure.id"  # noqa: S608 - constants
    " WHERE r.target_id IS NOT NULL AND r.name_key <> '*' AND r.pin = ''"
)
_SINCE = text("SELECT id, kind, prompt_id FROM change WHERE id > :after ORDER BY id")
_LAST_CHANGE = text("SELECT coalesce(max(id), 0) FROM change")


class StoreSource:
    """A `Source` over a database; every question is answered in the transaction that is open, or in one of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: object = None
        self._generation = 0
        self._last_change = self._rollbacks = 0
        #: The newest texts by prompt and by path, and what was resolved: (name, pin, directory) to a text.
        self._heads: dict[int, SourceText] = {}
        self._exact: dict[str, SourceText] = {}
        self._found: dict[tuple[str, Pin, str], SourceText] = {}
        #: What names that lead nowhere may have meant; it depends on nothing but the paths that there are.
        self._near: dict[str, list[str]] = {}
        #: The prompt that was read last, whose references have not been asked for yet.
        self._edges_of: int | None = None

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
            if self._seen is None or self._rollbacks != self._database.rollbacks:
                self._rollbacks = self._database.rollbacks
                self._last_change = int(connection.execute(_LAST_CHANGE).scalar_one())
                self.forget()
                return
            changes = connection.execute(_SINCE, {"after": self._last_change}).all()
            if changes:
                self._last_change = changes[-1].id
                self._forget_changed(changes)

    def _forget_changed(self, changes: Sequence[Any]) -> None:
        self._generation += 1
        if all(change.kind in _OF_ONE_TEXT for change in changes):
            stale = {change.prompt_id for change in changes}
            for prompt_id in stale & self._heads.keys():
                self._exact.pop(self._heads.pop(prompt_id).path, None)
            self._found.clear()
            self._edges_of = None
        else:
            self.forget()

    def forget(self) -> None:
        """Forget everything that was read."""
        self._generation += 1
        self._heads.clear()
        self._exact.clear()
        self._found.clear()
        self._near.clear()
        self._edges_of = None

    def find(self, name: str, pin: Pin, directory: str) -> SourceText:
        """Return what `[[name]]` means in a prompt of `directory`; see `expansion.Source`."""
        if pin is None:
            exact = self._exact.get(name)
            if exact is not None:
                return exact
        key = (name, pin, directory)
        found = self._found.get(key)
        if found is None and self._edges_of is not None:
            self._read_edges(self._edges_of)
            found = self._found.get(key)
        if found is None and pin is None:
            found = self._read(_TEXTS_BY_KEY, {"key": key_of(name)}, key_of(name))
        if found is None:
            with self._database.reading() as connection:
                prompt_id, path = self._locate(connection, name, directory)
                found = self._text(connection, prompt_id, path, pin)
            self._found[key] = found
        return found

    def _locate(self, connection: Connection, name: str, directory: str) -> tuple[int, str]:
        found = _read.resolve(connection, name, directory)
        if found is not None:
            return found
        hidden: Any = _read.redirected(connection, name, directory)
        if hidden is not None and hidden.enabled:
            return hidden.id, hidden.path
        if hidden is None and is_path(name):
            hidden = _read.by_suffix(connection, name)
        if hidden is not None:
            raise DisabledPromptError(name, hidden[1])
        raise PromptNotFoundError(name, self._likely(connection, name))

    def _likely(self, connection: Connection, name: str) -> list[str]:
        """Return what `name` may have meant; to find out takes longer than all else, and texts keep their typos."""
        near = self._near.get(name)
        if near is None:
            if len(self._near) >= _MOST_NEAR:
                self._near.clear()
            near = self._near[name] = _read.likely(connection, name)
        return near

    def _text(self, connection: Connection, prompt_id: int, path: str, pin: Pin) -> SourceText:
        if pin is None:
            found = self._heads.get(prompt_id) or self._read(_TEXTS, {"id": prompt_id}, key_of(path))
            if found is not None:
                return found
            raise PromptNotFoundError(path)
        number = _read.number_of(connection, prompt_id, path, pin)
        return _source_text(self._database.rows(_PINNED, {"id": prompt_id, "number": number})[0])

    def _read(self, statement: str, values: dict[str, object], key: str) -> SourceText | None:
        """Read a prompt and all that it includes, and return the one that has `key`."""
        heads, exact = self._heads, self._exact
        root = None
        for row in self._database.rows(statement, values):
            found = heads.get(row[0])
            if found is None:
                found = heads[row[0]] = _source_text(row)
            if row[1]:
                # An exact path comes before all else, so these need no look at the other names.
                exact[found.path] = found
            if root is None and key_of(found.path) == key:
                root = found
                self._edges_of = row[0]
        return root

    def _read_edges(self, prompt_id: int) -> None:
        """Take over where the references of a prompt, and of all that it includes, are known to lead."""
        self._edges_of = None
        for parent, spelled, target in self._database.rows(_EDGES, {"id": prompt_id}):
            if parent in self._heads and target in self._heads:
                self._found[spelled, None, self._heads[parent].directory] = self._heads[target]

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
                return self._text(connection, *_read.locate(connection, name), pin)

    def recorded(self, uid: str, path: str, version: int) -> SourceText:
        """Return a version by the prompt's uid, wherever the prompt is now: renamed, disabled, or in the trash.

        Raises:
            PromptNotFoundError: it was purged.
        """
        rows = self._database.rows(_BY_UID, {"uid": bindable(uid), "number": number(version)})
        if not rows:
            raise PromptNotFoundError(f"{path}@{version}")
        return _source_text(rows[0])


_MOST_NEAR = 1000
_OF_ONE_TEXT = frozenset({"saved", "described", "labelled", "unlabelled"})


def _source_text(row: tuple[Any, ...]) -> SourceText:
    _, _, path, uid, number, content, engine, variables, sha256 = row
    if hash_of(content) != sha256:
        raise DamagedTextError(path, number)
    declared = None if variables == "{}" else variables_from_json(variables)
    return SourceText(path, content, number, engine, declared, uid, sha256)


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
