"""Who takes part in live editing, through what, and how much anybody may do."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol


class Connection(Protocol):
    """A way to one client: a WebSocket, or the channel of a notebook's widget."""

    def send(self, message: bytes, /) -> None:
        """Queue a message; never waits. A queue that is full raises `asyncio.QueueFull`."""

    def close(self, code: int, reason: str, /) -> None:
        """Close the connection after what is queued; closing it again does nothing."""


@dataclass(frozen=True, slots=True)
class Participant:
    """Who is in a room; name and colour come from the session, never from a message."""

    name: str
    color: str = ""
    may_write: bool = True

    def __post_init__(self) -> None:
        if not self.color:
            object.__setattr__(self, "color", color_of(self.name))


#: Each can be told from white and from near black at a glance, and from its neighbours.
_COLORS: Final = (
    "#c2410c", "#a16207", "#4d7c0f", "#15803d", "#0f766e", "#0e7490",
    "#0369a1", "#2563eb", "#7c3aed", "#a21caf", "#be185d", "#dc2626",
)  # fmt: skip


def color_of(name: str) -> str:
    """Return the colour of a name, as `#rrggbb`: always the same one, and readable on light and on dark."""
    return _COLORS[hashlib.sha256(name.encode(errors="replace")).digest()[0] % len(_COLORS)]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a hub works: times in seconds, sizes in bytes."""

    #: Edits wait so long for others, to be committed together; so often the log is looked at for those of others.
    flush: float = 0.03
    poll: float = 0.3
    #: Cursors wait so long for others, to be told to other servers together; who is not heard of for so long is gone.
    beat: float = 0.05
    forget: float = 35.0
    #: Whether it is looked at once when something was committed, and not only after `poll`.
    listens: bool = True
    #: A preview waits so long for the next key.
    preview: float = 0.15
    #: After so long without an edit a version is made; so long a room stays after the last participant left.
    quiet: float = 600.0
    linger: float = 2.0
    #: So many logged updates are put together into one state.
    compact_after: int = 1000
    max_message: int = 1 << 20
    max_text: int = 2 << 20
    #: Messages a second of one client, and how many at once after a pause; messages that may wait to be sent to it.
    rate: float = 200.0
    burst: int = 400
    queue: int = 2000
    #: What tells the time, in seconds from anywhere.
    clock: Callable[[], float] = field(default=time.monotonic)
