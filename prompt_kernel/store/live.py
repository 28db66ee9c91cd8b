"""What live editing keeps in the database: one document a prompt, and the log of its updates.

A document and its updates are bytes here; what they mean is the business of `prompt_kernel.live`. The log is both the
memory of an edit, which is there once `append` returns, and the way that several processes hear of each other's.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from prompt_kernel.errors import PromptNotFoundError
from prompt_kernel.records import Draft, Prompt
from prompt_kernel.store import _read, _rows, _versions
from prompt_kernel.store._engine import Database

#: Makes the first state of a document of a text.
Seed = Callable[[str], bytes]
#: Takes a state, the text that it holds, a newer text, and the updates of the live text as it is, which the newer one
#: may have been made of; gives the update that leads to the newer one, and the state with it.
Rebase = Callable[[bytes, str, str, Sequence[bytes]], tuple[bytes, bytes]]


class LiveUpdate(NamedTuple):
    """One logged edit. Ids only grow, over all prompts."""

    id: int
    uid: str
    epoch: str
    data: bytes
    author: str
    process: str


class LiveDocument(NamedTuple):
    """A document as it is kept: `state` holds every update up to the id `upto`, `updates` are those after it.

    `synced` is the version that the document has taken in last.
    """

    uid: str
    epoch: str
    state: bytes
    upto: int
    updates: tuple[LiveUpdate, ...]
    synced: int


class LiveStatus(NamedTuple):
    """How a prompt and its document stand; `epoch` is "" where there is no document.

    `author`, `origin` and `message` are those of the newest version, `head`.
    """

    uid: str
    path: str
    head: int
    enabled: bool
    deleted: bool
    epoch: str
    upto: int
    synced: int
    author: str
    origin: str
    message: str


class Absorbed(NamedTuple):
    """The version that a document has just taken in, and whose it is."""

    version: int
    author: str
    origin: str
    message: str


_DOCUMENT: Final = (
    "SELECT p.id, p.path, p.head, p.deleted_at, d.epoch, d.state, d.upto, d.synced, d.synced_state"
    " FROM prompt p LEFT JOIN live_document d ON d.prompt_id = p.id WHERE p.uid = :uid"
)
_UPDATES: Final = (
    "SELECT id, epoch, data, author, process FROM live_update WHERE prompt_id = :id AND id > :upto ORDER BY id"
)
_IS_BEHIND: Final = "SELECT EXISTS (SELECT 1 FROM live_update WHERE prompt_id = :id AND id > :upto)"
_TAIL: Final = (
    "SELECT u.id, p.uid, u.epoch, u.data, u.author, u.process FROM live_update u JOIN prompt p ON p.id = u.prompt_id"
    " WHERE u.id > :after ORDER BY u.id"
)
#: Ids are not given again after the rows are gone, so that the highest is not that of the last row.
_LAST: Final = {
    "sqlite": "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'live_update'",
    # A sequence is ahead of what is committed. What is gone from the log is in a document.
    "postgresql": "SELECT coalesce(max(id), 0) FROM"
    " (SELECT max(id) AS id FROM live_update UNION ALL SELECT max(upto) FROM live_document) AS highest",
}
_APPEND: Final = (
    "INSERT INTO live_update (prompt_id, epoch, data, author, process, at)"
    " SELECT p.id, d.epoch, :data, :author, :process, :at FROM prompt p JOIN live_document d ON d.prompt_id = p.id"
    " WHERE p.uid = :uid AND d.epoch = :epoch RETURNING id"
)
_STATUSES: Final = (
    "SELECT p.uid, p.path, p.head, p.enabled, p.deleted_at IS NOT NULL, coalesce(d.epoch, ''), coalesce(d.upto, 0),"
    " coalesce(d.synced, 0), v.author, v.origin, v.message"
    " FROM prompt p JOIN version v ON v.prompt_id = p.id AND v.number = p.head"
    " LEFT JOIN live_document d ON d.prompt_id = p.id WHERE p.uid IN (SELECT value FROM json_each(:uids))"
)
_TEXT: Final = "SELECT text, author, origin, message FROM version WHERE prompt_id = :id AND number = :number"
_PUT: Final = (
    "INSERT INTO live_document (prompt_id, epoch, state, upto, synced, synced_state)"
    " VALUES (:id, :epoch, :state, :upto, :synced, :synced_state) ON CONFLICT (prompt_id) DO UPDATE SET"
    " epoch = excluded.epoch, state = excluded.state, upto = excluded.upto, synced = excluded.synced,"
    " synced_state = excluded.synced_state"
)
_SYNCED: Final = "UPDATE live_document SET synced = :synced, synced_state = :synced_state WHERE prompt_id = :id"
_COMPACTED: Final = "UPDATE live_document SET state = :state, upto = :upto WHERE prompt_id = :id"
_FORGET: Final = "DELETE FROM live_update WHERE prompt_id = :id AND id <= :upto"


class _Row(NamedTuple):
    """The columns of `_DOCUMENT`."""

    id: int
    path: str
    head: int
    deleted_at: str | None
    epoch: str | None
    state: bytes
    upto: int
    synced: int
    synced_state: bytes


class LiveLog:
    """The documents and the log of one store; safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        """Be the log of `database`; `Store.live` is the way to one."""
        self._database = database

    def _ask(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        return self._database.rows(statement, values)

    def _row(self, uid: str) -> _Row:
        rows = self._ask(_DOCUMENT, uid=_rows.bindable(uid))
        if not rows:
            raise PromptNotFoundError(uid)
        return _Row._make(rows[0])

    # Documents

    def open(self, uid: str, seed: Seed) -> LiveDocument:
        """Return the document of a prompt, also of one in the trash; the first who asks makes it of the newest text.

        Raises:
            PromptNotFoundError: the prompt was purged.
        """
        found = self.peek(uid)
        if found is not None:
            return found
        with self._database.writing():
            row = self._row(uid)
            if row.epoch is None:
                self._begin(row, seed(self._text(row.id, row.head)[0]))
            return self._document(uid, self._row(uid))

    def peek(self, uid: str) -> LiveDocument | None:
        """Return the document of a prompt, None where nobody has edited it live."""
        with self._database.reading():
            rows = self._ask(_DOCUMENT, uid=_rows.bindable(uid))
            row = _Row._make(rows[0]) if rows else None
            return None if row is None or row.epoch is None else self._document(uid, row)

    def _document(self, uid: str, row: _Row) -> LiveDocument:
        updates = self._ask(_UPDATES, id=row.id, upto=row.upto)
        logged = tuple(LiveUpdate(update[0], uid, *update[1:]) for update in updates)
        return LiveDocument(uid, row.epoch or "", row.state, row.upto, logged, row.synced)

    def _begin(self, row: _Row, state: bytes, synced_state: bytes | None = None) -> None:
        """Begin a new epoch, in which nothing of an older one counts."""
        upto = self.last()
        self._ask(
            _PUT, id=row.id, epoch=uuid.uuid4().hex, state=state, upto=upto, synced=row.head,
            synced_state=state if synced_state is None else synced_state,
        )  # fmt: skip
        self._ask(_FORGET, id=row.id, upto=upto)

    def _text(self, prompt_id: int, number: int) -> tuple[str, str, str, str]:
        text, author, origin, message = self._ask(_TEXT, id=prompt_id, number=number)[0]
        return text, author, origin, message

    def renew(self, uid: str, *, epoch: str, seed: Seed, text: str | None, rebase: Rebase) -> tuple[LiveDocument, bool]:
        """Begin a new epoch for a document that cannot be read any more, or has grown too old.

        The new document holds the newest version, and `text` as an edit of it where one is given. Where the epoch is
        not `epoch` any more, somebody else has done so, and nothing changes. Returns the document that is there then,
        and whether it is ours.

        Raises:
            PromptNotFoundError: the prompt was purged.
        """
        with self._database.writing():
            row = self._row(uid)
            is_ours = row.epoch is None or row.epoch == epoch
            if is_ours:
                head = self._text(row.id, row.head)[0]
                synced_state = state = seed(head)
                if text is not None and text != head:
                    _, state = rebase(synced_state, head, text, ())
                self._begin(row, state, synced_state)
            return self._document(uid, self._row(uid)), is_ours

    # The log

    def append(self, updates: Sequence[tuple[str, str, bytes, str]], process: str) -> list[int | None]:
        """Log updates (uid, epoch, data, author) in one transaction; what is returned is committed.

        Returns the id of each, or None where the prompt was purged or its document is of another epoch.
        """
        at = _rows.now()
        with self._database.writing():
            logged = [
                self._ask(
                    _APPEND, uid=_rows.bindable(uid), epoch=epoch, data=data, author=_rows.bindable(author),
                    process=process, at=at,
                )
                for uid, epoch, data, author in updates
            ]  # fmt: skip
        return [int(rows[0][0]) if rows else None for rows in logged]

    def tail(self, after: int) -> list[LiveUpdate]:
        """Return every update with a higher id than `after`, of all prompts, in the order of ids."""
        return [LiveUpdate._make(row) for row in self._ask(_TAIL, after=after)]

    def last(self) -> int:
        """Return the highest id that any update ever had, 0 at first."""
        return int(self._ask(_LAST[self._database.dialect])[0][0])

    def statuses(self, uids: Iterable[str]) -> dict[str, LiveStatus]:
        """Return by uid how prompts stand; those that were purged are missing."""
        rows = self._ask(_STATUSES, uids=json.dumps(list(uids)))
        return {row[0]: LiveStatus._make((*row[:3], bool(row[3]), bool(row[4]), *row[5:])) for row in rows}

    # Versions

    def absorb(self, uid: str, rebase: Rebase, process: str) -> Absorbed | None:
        """Take what others have saved into the document, as an update of its author; None where it has all.

        However many processes try, exactly one does it for each version.

        Raises:
            PromptNotFoundError: the prompt was purged.
        """
        with self._database.writing():
            row = self._row(uid)
            if row.epoch is None or row.head == row.synced:
                return None
            seen = self._text(row.id, row.synced)[0]
            text, author, origin, message = self._text(row.id, row.head)
            live = (row.state, *(update.data for update in self._document(uid, row).updates))
            update, state = rebase(row.synced_state, seen, text, live)
            self.append([(uid, row.epoch, update, author)], process)
            self._ask(_SYNCED, id=row.id, synced=row.head, synced_state=state)
            return Absorbed(row.head, author, origin, message)

    def save(
        self, uid: str, *, epoch: str, upto: int, state: bytes, text: str, author: str, message: str,
        origin: str = "dashboard",
    ) -> Prompt | None:  # fmt: skip
        """Save the text of a document as a version, and its state, which holds every update up to `upto`.

        Returns the newest version, which is the old one where the text is that already; or None, with nothing done,
        where there is something to take in first: a version, an update, another epoch.

        Raises:
            PromptNotFoundError: the prompt lies in the trash, or was purged.
            InvalidTextError: no store can hold the text.
        """
        with self._database.writing() as connection:
            row = self._row(uid)
            if row.deleted_at is not None:
                raise PromptNotFoundError(row.path)
            if row.head != row.synced or not self._is_current(row, epoch, upto):
                return None
            writer = _rows.writer(author, origin, message)
            saved = _versions.save(connection, Draft(row.path, text), writer)
            self._compact(row, upto, state)
            self._ask(_SYNCED, id=row.id, synced=saved.version, synced_state=state)
            return _read.get(connection, row.path)

    def compact(self, uid: str, *, epoch: str, upto: int, state: bytes) -> bool:
        """Keep a state that holds every update up to `upto` in place of these; tell whether that was done.

        It is not where the prompt was purged, the epoch is another, or somebody logged an update meanwhile.
        """
        with self._database.writing():
            rows = self._ask(_DOCUMENT, uid=_rows.bindable(uid))
            row = _Row._make(rows[0]) if rows else None
            if row is None or not self._is_current(row, epoch, upto):
                return False
            self._compact(row, upto, state)
            return True

    def tell(self, messages: Sequence[str]) -> None:
        """Tell others who have the store open just now; nothing of it is kept, and not every database can."""
        self._database.tell(messages)

    def hear(self, known: object, timeout: float) -> tuple[object, list[str]]:
        """Wait until the revision is another than `known` or others tell something; return it, and what they told."""
        return self._database.hear(known, timeout)

    def _is_current(self, row: _Row, epoch: str, upto: int) -> bool:
        """Tell whether a state that holds the updates up to `upto` holds all that there is."""
        return row.epoch == epoch and row.upto <= upto and not self._ask(_IS_BEHIND, id=row.id, upto=upto)[0][0]

    def _compact(self, row: _Row, upto: int, state: bytes) -> None:
        self._ask(_COMPACTED, id=row.id, state=state, upto=upto)
        self._ask(_FORGET, id=row.id, upto=upto)


__all__ = ["Absorbed", "LiveDocument", "LiveLog", "LiveStatus", "LiveUpdate"]
