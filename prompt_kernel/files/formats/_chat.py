"""Chat prompts as one text, with a blank line between two messages; `chats` has how it is written."""

from collections.abc import Iterable
from typing import NamedTuple

from prompt_kernel.chats import marker, turns

ROLES = ("system", "user", "assistant", "developer", "tool", "tools", "function", "model", "placeholder")
_MARKER = marker(ROLES)
_BETWEEN = "\n\n"


class Message(NamedTuple):
    """One message."""

    role: str
    text: str


def together(messages: Iterable[Message]) -> str:
    """Return the messages as one text, which `split` takes apart again."""
    return _BETWEEN.join(f"{message.role}:\n{message.text}" for message in messages)


def split(text: str) -> list[Message]:
    """Return the messages of a text that begins with a role; [] for any other."""
    found = list(_MARKER.finditer(text))
    if not found or found[0].start() > 0:
        return []
    *firsts, (last_role, last) = turns(text, found)
    return [*(Message(role, said.removesuffix(_BETWEEN)) for role, said in firsts), Message(last_role, last)]
