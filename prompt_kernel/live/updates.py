"""Reads the updates of participants before the document does: what is not an edit of its text never gets there.

The format is the first version of Yjs updates: by client a run of items, then what was deleted. An item is a string or
what remains of one, and says beside which others it was put. An update *fits* a document that has all of these.
"""

from typing import Final, NamedTuple

from prompt_kernel.live.positions import utf16_length
from prompt_kernel.live.protocol import MalformedMessageError, Reader

#: The one text of a document.
ROOT: Final = "text"

_KIND: Final = 0x1F
_HAS_LEFT, _HAS_RIGHT, _HAS_KEY = 0x80, 0x40, 0x20
_COLLECTED, _DELETED, _STRING = 0, 1, 4


class Run(NamedTuple):
    """The items of one client that an update holds: those from clock `start` up to `end`."""

    start: int
    end: int


class Update(NamedTuple):
    """What an update holds: by client the run of items, and up to where it refers to what the client wrote."""

    runs: dict[int, Run]
    needs: dict[int, int]
    deletes: bool

    def fits(self, known: dict[int, int]) -> bool:
        """Tell whether a document that knows so much of each client can take the whole update."""
        if any(run.start > known.get(client, 0) for client, run in self.runs.items()):
            return False
        return all(
            end <= max(known.get(client, 0), self.runs[client].end if client in self.runs else 0)
            for client, end in self.needs.items()
        )

    def adds(self, known: dict[int, int]) -> bool:
        """Tell whether it holds items that a document does not have, which knows so much of each client."""
        return any(run.end > known.get(client, 0) for client, run in self.runs.items())


def parse(data: bytes) -> Update:
    """Return what an update holds.

    Raises:
        MalformedMessageError: it is no update, or changes something other than the text.
    """
    reader = Reader(data)
    update = Update({}, {}, deletes=False)
    for _ in range(reader.number()):
        _read_run(reader, update)
    clients = reader.number()
    for _ in range(clients):
        _read_deletions(reader, update)
    reader.finish()
    return update._replace(deletes=clients > 0)


def _read_run(reader: Reader, update: Update) -> None:
    count, client, start = reader.number(), reader.number(), reader.number()
    if client in update.runs:
        raise MalformedMessageError("an update names a client twice")
    end = start
    for _ in range(count):
        length = _read_item(reader, update)
        if length == 0:
            raise MalformedMessageError("an item is empty")
        end += length
    update.runs[client] = Run(start, end)


def _read_item(reader: Reader, update: Update) -> int:
    """Read an item, and return its length."""
    info = reader.byte()
    kind = info & _KIND
    if kind == _COLLECTED:
        return reader.number()
    if info & _HAS_LEFT:
        _read_neighbour(reader, update)
    if info & _HAS_RIGHT:
        _read_neighbour(reader, update)
    if not info & (_HAS_LEFT | _HAS_RIGHT) and (reader.number() != 1 or reader.string() != ROOT or info & _HAS_KEY):
        raise MalformedMessageError("an item is not in the text")
    if kind == _DELETED:
        return reader.number()
    if kind == _STRING:
        return utf16_length(reader.string())
    raise MalformedMessageError(f"an item of kind {kind} is no text")


def _read_neighbour(reader: Reader, update: Update) -> None:
    _need(update, reader.number(), reader.number() + 1)


def _read_deletions(reader: Reader, update: Update) -> None:
    client = reader.number()
    for _ in range(reader.number()):
        start, length = reader.number(), reader.number()
        _need(update, client, start + length)


def _need(update: Update, client: int, end: int) -> None:
    update.needs[client] = max(update.needs.get(client, 0), end)
