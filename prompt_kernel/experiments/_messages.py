"""A text as the messages of a chat; `chats` has how it is written.

Values are data: a value that reads `system:` says nothing in the system's name. So a role counts only where all of its
line, with what is before and after it, comes from a prompt.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final

from prompt_kernel.chats import marker, turns
from prompt_kernel.errors import ExpansionError
from prompt_kernel.expansion import Expansion
from prompt_kernel.experiments._answers import Message
from prompt_kernel.spans import Span

#: The roles that a text may say, and what providers call them.
_ROLES: Final = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
    "model": "assistant",
}
_MARKER: Final = marker(_ROLES)
_LOOKS_LIKE_ONE: Final = re.compile(rf"^[ \t]*({'|'.join(_ROLES)})[ \t]*:?[ \t]*\r?$", re.MULTILINE)
#: What parts two messages.
_BLANK_LINE: Final = re.compile(r"(\r?\n){1,2}\Z")


def messages_of(text: str, *, is_template: bool = False) -> list[Message]:
    """Return the messages of a text; one that does not begin with a role is one message of the user.

    `is_template` tells that a part of it is a Jinja2 template, in which values cannot be told from what is around them.

    Raises:
        ExpansionError: a value has a line that reads as a role, and went through a template.
    """
    markers = _markers(text)
    if not markers or markers[0].start() > 0:
        return [{"role": "user", "content": str(text)}]
    if is_template and isinstance(text, Expansion):
        _check(text)
    *firsts, (last_role, last) = turns(str(text), markers)
    said = [(role, _BLANK_LINE.sub("", content)) for role, content in firsts]
    return [{"role": _ROLES[role], "content": content} for role, content in [*said, (last_role, last)]]


def _markers(text: str) -> list[re.Match[str]]:
    found = list(_MARKER.finditer(text))
    if not found or not isinstance(text, Expansion):
        return found
    values = [piece.span for piece in text.pieces if piece.variable is not None]
    ends = [span.end for span in values]
    return [role for role in found if not _touches(role.start() - 1, role.end(), values, ends)]


def _touches(start: int, end: int, spans: list[Span], ends: list[int]) -> bool:
    """Tell whether one of the spans, in order, has a character between `start` and `end`."""
    first = bisect_left(ends, start + 1)
    return first < len(spans) and spans[first].start < end


def _check(text: Expansion) -> None:
    for name, value in text.variables.items():
        for said in _texts(value):
            found = _LOOKS_LIKE_ONE.search(said)
            if found:
                raise ExpansionError(
                    f"The value of {name} has a line that reads as a role ({found[0].strip()}), and in a template it"
                    " cannot be told from the prompt's own roles. Change the value, or the prompt's engine to simple."
                )


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
