"""Line ends: a live text has plain ones, because editors count them as one character; a stored text keeps its own."""

import re
from collections import Counter

from prompt_kernel.live.differences import blocks

_LINE_END = re.compile(r"\r\n|\r|\n")


def to_lf(text: str) -> str:
    """Return `text` with every line end, be it CRLF, CR or LF, as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def like(original: str, edited: str) -> str:
    """Return `edited`, a text with plain line ends, with those of `original`.

    A line that stayed as it was keeps its own; a new one gets the commonest. So `like(text, to_lf(text)) == text`.
    """
    edited = to_lf(edited)
    if "\r" not in original:
        return edited
    ends = _LINE_END.findall(original)
    counted = Counter(ends)
    commonest = max(counted, key=counted.__getitem__)
    if len(counted) == 1:
        return edited.replace("\n", commonest)
    old, new = _LINE_END.split(original), edited.split("\n")
    return _joined(new, _ends_of(old, new, ends, commonest))


def _ends_of(old: list[str], new: list[str], ends: list[str], commonest: str) -> list[str]:
    """Return the end of each line of `new`; the last line of a text has none."""
    found: list[str] = []
    done = 0
    for block in blocks(old, new):
        found += _taken(ends, done, block.start, commonest)
        found += [commonest] * (block.new_end - block.new_start)
        done = block.end
    return found + _taken(ends, done, len(old), commonest)


def _taken(ends: list[str], start: int, stop: int, commonest: str) -> list[str]:
    kept = ends[start:stop]
    return kept + [commonest] * (stop - start - len(kept))


def _joined(lines: list[str], ends: list[str]) -> str:
    last = len(lines) - 1
    for at in reversed(range(last - 1)):
        # Around an empty line these two would become one.
        if (ends[at], lines[at + 1], ends[at + 1]) == ("\r", "", "\n"):
            ends[at] = "\n"
    return "".join(line + ends[at] if at < last else line for at, line in enumerate(lines))
