"""Two texts beside each other, with the words marked in which they differ."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from prompt_kernel.notebook._html import Html, join, tag

_WORD: Final = re.compile(r"\w+|\s+|[^\w\s]")
#: Comparing takes time that grows with the product of the words; a card has to come at once.
_MOST_WORDS: Final = 1_500


def marked_words(before: str, after: str) -> tuple[Html, Html]:
    """Return both texts, each with the words marked that the other does not have in that place."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if max(len(old), len(new)) > _MOST_WORDS:
        return join([before]), join([after])
    spans = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changes = [(kind != "equal", old[a:b], new[c:d]) for kind, a, b, c, d in spans]
    return (
        join(_marked("del", ((changed, words) for changed, words, _ in changes))),
        join(_marked("ins", ((changed, words) for changed, _, words in changes))),
    )


def _marked(name: str, runs: Iterator[tuple[bool, Sequence[str]]]) -> Iterator[str]:
    for changed, words in runs:
        text = "".join(words)
        yield tag(name, text) if changed and text else text
