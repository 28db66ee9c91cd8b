r"""Chat prompts as one text: a line with the role, `system:`, then what is said; a blank line between two messages.

    system:
    You are brief.

    user:
    {{ question }}

It is what Prompty writes, and what `split` takes apart again.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

ROLES = ("system", "user", "assistant", "developer", "tool", "tools", "function", "model", "placeholder")
_MARKER = re.compile(rf"^({'|'.join(ROLES)}):[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


class Message(NamedTuple):
    """One message."""

    role: str
    text: str


def together(messages: Iterable[Message]) -> str:
    """Return the messages as one text."""
    return "\n\n".join(f"{message.role}:\n{message.text}" for message in messages)


def split(text: str) -> list[Message]:
    """Return the messages of a text that begins with a role; [] for any other."""
    found = list(_MARKER.finditer(text))
    if not found or found[0].start() > 0:
        return []
    ends = [marker.start() for marker in found[1:]] + [len(text)]
    messages = []
    for marker, end in zip(found, ends, strict=True):
        said = text[marker.end() : end]
        messages.append(Message(marker[1], said.removesuffix("\n\n") if end < len(text) else said))
    return messages
