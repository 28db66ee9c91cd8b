"""The live text of a prompt: a document that takes everybody's edits in any order, and comes out the same.

This is the only module that knows pycrdt. Its positions are bytes of UTF-8. A document is made of a text exactly once,
and from then on of its updates alone: two documents of one text would put it together twice.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prompt_kernel.errors import MissingExtraError
from prompt_kernel.live.differences import edits, lies_between
from prompt_kernel.live.newlines import like, to_lf
from prompt_kernel.live.positions import Positions
from prompt_kernel.live.protocol import MalformedMessageError, read_vector
from prompt_kernel.live.updates import ROOT, parse

try:
    from pycrdt import Doc, Text
except ModuleNotFoundError as _error:
    raise MissingExtraError("dashboard", "Live editing") from _error

if TYPE_CHECKING:
    from prompt_kernel.records import Prompt
    from prompt_kernel.store import Store
    from prompt_kernel.store.live import LiveDocument

#: As many updates are kept one by one as a document is quickly made of again.
_MOST_KEPT = 1000


class Document:
    """The document of one room."""

    def __init__(self, state: bytes, updates: Iterable[bytes] = ()) -> None:
        """Make it of a state and the updates since.

        Raises:
            MalformedMessageError: one of them is damaged, or one before it is missing.
        """
        self._kept = [state]
        self._weight = len(state)
        self._build()
        for update in updates:
            self.take(update)

    def _build(self) -> None:
        self._doc: Doc[Text] = Doc()
        self._content = self._doc.get(ROOT, type=Text)
        self._rendered: str | None = None
        self._known: dict[int, int] | None = None
        for update in self._kept:
            _apply(self._doc, update)

    @property
    def text(self) -> str:
        """The text, with plain line ends."""
        if self._rendered is None:
            self._rendered = str(self._content)
        return self._rendered

    @property
    def size(self) -> int:
        """How many bytes of UTF-8 the text has."""
        return len(self._content)

    @property
    def weight(self) -> int:
        """How many bytes of updates the document is made of; at least what its state has."""
        return self._weight

    def settled_weight(self) -> int:
        """Return the same, after everything is put together."""
        self.state()
        return self.weight

    @property
    def vector(self) -> bytes:
        """What the document knows, as others ask for it in the first step of synchronisation."""
        return self._doc.get_state()

    @property
    def known(self) -> dict[int, int]:
        """The same, as how much is known of each client."""
        if self._known is None:
            self._known = read_vector(self.vector)
        return self._known

    def state(self) -> bytes:
        """Return the whole document as one update."""
        state = self._doc.get_update()
        self._kept = [state]
        self._weight = len(state)
        return state

    def missing(self, vector: bytes) -> bytes:
        """Return what somebody lacks who knows `vector`.

        Raises:
            MalformedMessageError: it is no state vector.
        """
        read_vector(vector)
        with _reading("a state vector"):
            return self._doc.get_update(vector)

    def take(self, update: bytes) -> bytes | None:
        """Take in an update; return what it changed, None where all of it was known.

        One that refers to what is not there is refused: pycrdt would keep it until that comes, but what it then makes
        of the two is not always what others make of them.

        Raises:
            MalformedMessageError: it is no edit of this text, or refers to what nobody has written; the document is
                as before.
        """
        content = parse(update)
        known = self.known
        if not content.fits(known):
            raise MalformedMessageError("an update refers to what nobody has written")
        change = self._change(update)
        for client, run in content.runs.items():
            known[client] = max(known.get(client, 0), run.end)
        self._known = known
        return change

    def _change(self, update: bytes) -> bytes | None:
        if len(self._kept) > _MOST_KEPT:
            self.state()
        changes: list[bytes] = []
        doc = self._doc
        # Only for this moment: a subscription that stays would keep the document in memory for ever.
        subscription = doc.observe(lambda event: changes.append(event.update))
        try:
            _apply(doc, update)
        except MalformedMessageError:
            self._build()
            raise
        finally:
            doc.unobserve(subscription)
        if not changes:
            return None
        self._rendered = None
        self._kept.append(changes[0])
        self._weight += len(changes[0])
        return changes[0]

    def take_back(self, change: bytes) -> None:
        """Undo the change that was accepted last, of which nobody else has heard yet."""
        self._kept.remove(change)
        self._weight -= len(change)
        self._build()

    def edited(self, new: str) -> tuple[bytes, bytes]:
        """Let the text be `new`, as if somebody had typed it; return that as an update, and the state with it."""
        before, positions = self._doc.get_state(), Positions(self.text)
        with self._doc.transaction():
            for edit in reversed(edits(self.text, new)):
                start = positions.to_utf8(edit.start)
                del self._content[start : positions.to_utf8(edit.end)]
                if edit.text:
                    self._content.insert(start, edit.text)
        self._rendered = self._known = None
        return self._doc.get_update(before), self.state()


def _apply(doc: "Doc[Text]", update: bytes) -> None:
    with _reading("an update"):
        doc.apply_update(update)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Let pycrdt read bytes. What it makes of damaged ones are errors of many classes, one of them beside `Exception`.

    This is the one place where they become ours.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise MalformedMessageError(f"{what} is damaged") from error


def seed(text: str) -> bytes:
    """Return the state of a new document that holds `text`."""
    doc: Doc[Text] = Doc()
    content = doc.get(ROOT, type=Text)
    content.insert(0, to_lf(text))
    return doc.get_update()


def render(state: bytes, updates: Iterable[bytes] = ()) -> str:
    """Return the text of a document.

    Raises:
        MalformedMessageError: it is damaged.
    """
    return Document(state, updates).text


def salvage(state: bytes, updates: Iterable[bytes]) -> str | None:
    """Return what can still be rendered of a damaged document, None where that is nothing."""
    doc: Doc[Text] = Doc()
    content = doc.get(ROOT, type=Text)
    readable = 0
    for update in (state, *updates):
        try:
            _apply(doc, update)
            readable += 1
        except MalformedMessageError:
            continue
    return str(content) or None if readable else None


def rebase(state: bytes, old: str, new: str, live: Iterable[bytes] = ()) -> tuple[bytes, bytes]:  # noqa: ARG001 - the log hands over all it has
    """Return what an outside writer did as an update, and the state with it.

    `state` is that of the document when it held what the writer had seen, so that the change merges with all that was
    typed since, as if the writer had typed it then. A writer may also have begun with the live text, as
    `%prompt --draft` gives it, of which `live` are the updates: then the change is one of that, because what was typed
    live would be there twice.

    Raises:
        MalformedMessageError: the state is damaged.
    """
    new = to_lf(new)
    kept, *since = *live, state
    seen, typed = Document(state), Document(kept, since)
    base = typed if lies_between(seen.text, typed.text, new) else seen
    return base.edited(new)


def draft_text(store: "Store", path: str) -> str:
    """Return the live text of a prompt, with the prompt's own line ends; where nobody edits it, that of the head.

    A version that no live session has taken in yet is merged in.

    Raises:
        PromptNotFoundError: there is no such prompt.
    """
    uid = store.get(path).uid
    while True:
        prompt, status, kept = store.get(path), store.live.statuses([uid]).get(uid), store.live.peek(uid)
        if status is None or kept is None:
            return prompt.text
        # Otherwise somebody saved between these questions.
        if (prompt.version, kept.synced) == (status.head, status.synced):
            return _draft(store, prompt, kept)


def _draft(store: "Store", prompt: "Prompt", kept: "LiveDocument") -> str:
    try:
        live = render(kept.state, (update.data for update in kept.updates))
    except MalformedMessageError:
        return prompt.text
    if kept.synced != prompt.version:
        live = with_newer(live, store.get(prompt.path, version=kept.synced).text, prompt.text)
    return like(prompt.text, live)


def with_newer(live: str, seen: str, newer: str) -> str:
    """Return a live text with what a version changed that came after the one it has `seen`."""
    base = seed(seen)
    document = Document(base, (rebase(base, seen, text)[0] for text in (live, newer)))
    return document.text
