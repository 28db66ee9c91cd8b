"""What a hub asks of the store, as whole jobs for its one database thread: nothing here knows rooms or the loop."""

import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from prompt_kernel.errors import PromptKernelError, PromptNotFoundError
from prompt_kernel.live.copies import keep_copy
from prompt_kernel.live.document import rebase, render, salvage, seed, with_newer
from prompt_kernel.live.protocol import MalformedMessageError
from prompt_kernel.records import Change, Prompt
from prompt_kernel.store import Store
from prompt_kernel.store.live import LiveDocument, LiveStatus, LiveUpdate


class Opened(NamedTuple):
    """All that a room begins with; `cursor` is the last id that may be in it."""

    kept: LiveDocument
    status: LiveStatus
    head: str | None
    cursor: int


class Known(NamedTuple):
    """What a room knows: the newest version, whether the prompt was in the trash, and the last id that was read."""

    head: int
    deleted: bool
    cursor: int


class News(NamedTuple):
    """What was committed since the log was looked at last, by whomever.

    `updates` are those with an id higher than `after`. `heads` has the text of each newest version that was not known.
    `documents` are those of which another process has put updates together that may not have been read here.
    """

    after: int
    updates: list[LiveUpdate]
    statuses: dict[str, LiveStatus]
    heads: dict[str, str]
    documents: dict[str, LiveDocument]
    changes: Sequence[Change]

    @property
    def cursor(self) -> int:
        """The last id that was read."""
        return self.updates[-1].id if self.updates else self.after


class Log:
    """The store as a hub sees it."""

    def __init__(self, store: Store) -> None:
        """Work on `store`, in the thread that it was opened in."""
        self._store, self._live = store, store.live
        self._process = uuid.uuid4().hex
        self._revision: object = None
        self._seen_change = max((change.id for change in store.activity(limit=1)), default=0)

    @property
    def store(self) -> Store:
        """The store itself."""
        return self._store

    def open(self, uid: str) -> Opened:
        """Return what a room of a prompt begins with.

        Raises:
            PromptNotFoundError: the prompt was purged.
        """
        # The cursor first: what is logged between the two reads is then read once more, and not left out.
        cursor = self._live.last()
        kept = self._live.open(uid, seed)
        return self._opened(kept, cursor)

    def _opened(self, kept: LiveDocument, cursor: int) -> Opened:
        status = self._live.statuses([kept.uid]).get(kept.uid)
        if status is None:
            raise PromptNotFoundError(kept.uid)
        return Opened(kept, status, self._head(status), cursor)

    def renew(self, kept: LiveDocument) -> Opened:
        """Begin anew with a document that cannot be read any more, and with what can still be rendered of it.

        Raises:
            PromptNotFoundError: the prompt was purged.
        """
        text = salvage(kept.state, (update.data for update in kept.updates))
        return self.restart(kept.uid, kept.epoch, kept.synced, text)

    def restart(self, uid: str, epoch: str, synced: int, text: str | None) -> Opened:
        """Begin a new epoch with `text`, which had taken in the version `synced`; with the newest where it is None.

        What is saved at the same moment may be missing from it then, but not from the versions.

        Raises:
            PromptNotFoundError: the prompt was purged.
        """
        cursor = self._live.last()
        return self._opened(self._renew(uid, epoch, synced, text)[0], cursor)

    def replace(self, uid: str, epoch: str, synced: int, text: str, author: str) -> Prompt | None:
        """Begin a new epoch with the text of a room; where another server was first, keep the text as a conflict copy.

        Raises:
            PromptNotFoundError: the prompt was purged.
            InvalidTextError: no store can hold the text.
        """
        _, is_ours = self._renew(uid, epoch, synced, text)
        return None if is_ours else self.keep_lost(uid, text, author)

    def _renew(self, uid: str, epoch: str, synced: int, text: str | None) -> tuple[LiveDocument, bool]:
        if text is not None:
            text = self._with_newest(uid, synced, text)
        return self._live.renew(uid, epoch=epoch, seed=seed, text=text, rebase=rebase)

    def _with_newest(self, uid: str, synced: int, text: str) -> str:
        """Return a text with what was saved since the version `synced`, unless it may have some of that already."""
        status = self._live.statuses([uid]).get(uid)
        if status is None or status.synced != synced or status.head == synced:
            return text
        try:
            seen, newest = (self._store.get(status.path, version=number).text for number in (synced, status.head))
        except PromptKernelError:
            return text
        return with_newer(text, seen, newest)

    def _head(self, status: LiveStatus) -> str | None:
        """Return the text of the newest version, None where that cannot be had, as from the trash."""
        try:
            return self._store.get(status.path, version=status.head).text
        except PromptKernelError:
            return None

    def append(self, updates: Sequence[tuple[str, str, bytes, str]]) -> list[int | None]:
        """Commit updates; see `LiveLog.append`."""
        return self._live.append(updates, self._process)

    def news(self, known: Mapping[str, Known], *, always: bool) -> News | None:
        """Return what was committed beyond what is `known` of open prompts.

        None where nothing was, and it need not be looked at `always`.
        """
        revision = self._store.revision
        if revision == self._revision and not always:
            return None
        after = min(room.cursor for room in known.values())
        updates = self._live.tail(after)
        statuses = self._live.statuses(known)
        heads: dict[str, str] = {}
        documents: dict[str, LiveDocument] = {}
        for uid, status in statuses.items():
            if (status.head, status.deleted) != known[uid][:2]:
                head = self._head(status)
                if head is not None:
                    heads[uid] = head
            if status.upto > known[uid].cursor:
                document = self._live.peek(uid)
                if document is not None:
                    documents[uid] = document
        changes = self._store.changes(self._seen_change, limit=1000)
        if changes:
            self._seen_change = changes[-1].id
        self._revision = revision
        return News(after, updates, statuses, heads, documents, changes)

    def absorb(self, uid: str) -> int:
        """Take a version that came from elsewhere into the document; return its number, 0 where somebody else did.

        Raises:
            MalformedMessageError: the document is damaged.
        """
        absorbed = self._live.absorb(uid, rebase, self._process)
        return absorbed.version if absorbed else 0

    def save(
        self, uid: str, epoch: str, upto: int, state: bytes, text: str, *, author: str, message: str
    ) -> Prompt | None:
        """Save a version of a live text; see `LiveLog.save`."""
        return self._live.save(
            uid, epoch=epoch, upto=upto, state=state, text=text, author=author, message=message,
            origin=self._store.origin,
        )  # fmt: skip

    def compact(self, uid: str, epoch: str, upto: int, state: bytes) -> bool:
        """Put the log of a document together; see `LiveLog.compact`."""
        return self._live.compact(uid, epoch=epoch, upto=upto, state=state)

    def keep_copy(self, uid_or_path: str, text: str, author: str, reason: str) -> Prompt:
        """Keep a text as a conflict copy; see `copies.keep_copy`."""
        status = self._live.statuses([uid_or_path]).get(uid_or_path)
        path = status.path if status else uid_or_path if uid_or_path in self._store else _NOWHERE
        return keep_copy(self._store, path, text, author, reason)

    def keep_lost(self, uid: str, text: str, author: str) -> Prompt | None:
        """Keep the text of a room whose document is gone from the log, unless the new document has the same."""
        try:
            kept = self._live.open(uid, seed)
            there = render(kept.state, (update.data for update in kept.updates))
        except (PromptNotFoundError, MalformedMessageError):
            there = None
        return None if there == text else self.keep_copy(uid, text, author, _LOST)


_LOST = "The live text, when its history was replaced"
#: What the copy is beside of whose prompt was purged.
_NOWHERE = "unsaved"
