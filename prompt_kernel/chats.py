"""How a text holds the messages of a chat, as Prompty writes it.

    system:
    You are brief.

    user:
    {{ question }}

A line names the role, and what is said follows it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence


def marker(roles: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the lines that name one of `roles`, which is its first group."""
    return re.compile(rf"^({'|'.join(roles)}):[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


def turns(text: str, markers: Sequence[re.Match[str]]) -> Iterator[tuple[str, str]]:
    """Give the role of each of `markers`, with all that stands between it and the next."""
    ends = [found.start() for found in markers[1:]] + [len(text)]
    for found, end in zip(markers, ends, strict=False):
        yield found[1], text[found.end() : end]
