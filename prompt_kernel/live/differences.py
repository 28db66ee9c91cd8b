"""What turns one text into another: small edits, so that what others type beside them stays where it is."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class Edit(NamedTuple):
    """The characters from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


class Block(NamedTuple):
    """The items from `start` to `end` of one sequence, and those that stand in their place in the other."""

    start: int
    end: int
    new_start: int
    new_end: int


#: So many pairs of equal items take the matcher about half a second; what has more counts as changed from end to end.
_MOST_PAIRS = 2_000_000
_TOKEN = re.compile(r"\w+|\s|[^\w\s]")


def edits(old: str, new: str) -> list[Edit]:
    """Return the edits that make `new` of `old`, in order and without overlap; positions are those of `old`.

    Lines that are the same are left alone, in the others words, and in changed words what they begin and end with.
    """
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    found: list[Edit] = []
    for at, block in _placed(old_lines, blocks(old_lines, new_lines)):
        found += _word_edits(
            at, "".join(old_lines[block.start : block.end]), new_lines[block.new_start : block.new_end]
        )
    return found


def lies_between(old: str, middle: str, new: str) -> bool:
    """Tell whether `new` was made of `middle`, and not of `old`, which `middle` was made of.

    It was if the way there leads through `middle`, and everything that `middle` added is still there.
    """
    added = edits(old, middle)
    if not added or not all(edit.text in new for edit in added):
        return False
    return _length(added) + _length(edits(middle, new)) <= _length(edits(old, new))


def _length(found: list[Edit]) -> int:
    return sum(edit.end - edit.start + len(edit.text) for edit in found)


def _word_edits(at: int, old: str, new_lines: list[str]) -> Iterator[Edit]:
    old_words, new_words = _TOKEN.findall(old), _TOKEN.findall("".join(new_lines))
    for start, block in _placed(old_words, blocks(old_words, new_words)):
        before = "".join(old_words[block.start : block.end])
        after = "".join(new_words[block.new_start : block.new_end])
        head, tail = _same_ends(before, after)
        yield Edit(at + start + head, at + start + len(before) - tail, after[head : len(after) - tail])


def _placed(items: list[str], found: Iterator[Block]) -> Iterator[tuple[int, Block]]:
    """Give each block with the number of characters before it."""
    at = done = 0
    for block in found:
        at += sum(map(len, items[done : block.start]))
        done = block.start
        yield at, block


def blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[Block]:
    """Give the runs in which two sequences differ, in order."""
    head, tail = _same_ends(old, new)
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    if not before and not after:
        return
    repeated = Counter(after)
    if sum(repeated[item] for item in before) > _MOST_PAIRS:
        yield Block(head, head + len(before), head, head + len(after))
        return
    for tag, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Block(head + start, head + end, head + new_start, head + new_end)


def _same_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    same = min(len(old), len(new))
    head = next((at for at in range(same) if old[at] != new[at]), same)
    tail = next((at for at in range(same - head) if old[-1 - at] != new[-1 - at]), same - head)
    return head, tail
