"""Three-way merge by lines: both changes are taken when they do not touch, otherwise there is no merge.

The rule is that of diff3 (Khanna, Kunal, Pierce: A Formal Investigation of Diff3, 2007), without conflict marks. It is
our own because the maintained library for it is under a licence that ours cannot include.
"""

from collections import Counter
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple


class _Edit(NamedTuple):
    start: int
    end: int
    lines: list[str]


def merge(base: str, mine: str, theirs: str) -> str | None:
    """Return `base` with the changes of both sides, or None where they touch.

    Changes that are the same on both sides count once. Two changes touch when they overlap, or when no unchanged line
    of `base` lies between them.
    """
    if theirs in (mine, base):
        return mine
    if mine == base:
        return theirs
    lines = base.splitlines(keepends=True)
    my_edits, their_edits = _edits(lines, mine), _edits(lines, theirs)
    edits = my_edits + [edit for edit in their_edits if edit not in my_edits]
    edits.sort(key=lambda edit: (edit.start, edit.end))
    if any(before.end >= after.start for before, after in pairwise(edits)):
        return None
    merged: list[str] = []
    done = 0
    for edit in edits:
        merged += lines[done : edit.start]
        merged += edit.lines
        done = edit.end
    return "".join(merged + lines[done:])


#: So many pairs of equal lines take the matcher about a second. Texts of more, which repeat a few lines thousands of
#: times, count as changed from end to end.
_MOST_PAIRS = 4_000_000


def _edits(base: list[str], text: str) -> list[_Edit]:
    lines = text.splitlines(keepends=True)
    # Most of a prompt stays as it was, and the matcher is quadratic: give it only what lies between the equal ends.
    same = min(len(base), len(lines))
    start = next((at for at in range(same) if base[at] != lines[at]), same)
    tail = next((at for at in range(same - start) if base[-1 - at] != lines[-1 - at]), same - start)
    old, new = base[start : len(base) - tail], lines[start : len(lines) - tail]
    repeated = Counter(new)
    if sum(repeated[line] for line in old) > _MOST_PAIRS:
        return [_Edit(start, start + len(old), new)]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        _Edit(start + old_start, start + old_end, new[new_start:new_end])
        for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes()
        if tag != "equal"
    ]
