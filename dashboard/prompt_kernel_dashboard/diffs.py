"""A difference of two texts for people: the lines that changed, and in them the words.

A stored text is never drawn as HTML or markdown: each run goes through `literal` first.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, NamedTuple

import streamlit as st

from prompt_kernel.records import TextDiff
from prompt_kernel_dashboard.widgets import literal

#: Comparing takes time that grows with the square of the lines, and a page has to come at once.
MOST_COMPARED: Final = 3_000
#: So many lines are shown at first; the rest is a click away.
MOST_SHOWN: Final = 120
_MOST_DRAWN: Final = 2_000
_MOST_WORDS: Final = 600
_MOST_IN_LINE: Final = 2_000
_WORD: Final = re.compile(r"\w+|\s+|[^\w\s]")


class Run(NamedTuple):
    """A stretch of a line, and whether it is what changed."""

    text: str
    changed: bool = False


class Line(NamedTuple):
    """A line of a difference: `+` it came, `-` it went, a space it stayed, `@` unchanged lines are left out here."""

    sign: str
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(run.text for run in self.runs)


def summary(diff: TextDiff) -> str:
    """Say how much changed in one sentence."""
    if not diff:
        return "There is no difference."
    if too_long(diff):
        return f"From {_count(_lines(diff.before))} to {_count(_lines(diff.after))}: too long to compare here."
    signs = [line[:1] for line in list(diff.lines(0))[2:]]
    told = [f"{_count(signs.count(sign))} {verb}" for sign, verb in (("+", "came"), ("-", "went")) if sign in signs]
    return f"{', '.join(told)}."


def too_long(diff: TextDiff) -> bool:
    """Tell whether the texts are too long to be compared while somebody waits."""
    return max(_lines(diff.before), _lines(diff.after)) > MOST_COMPARED


def _lines(text: str) -> int:
    return len(text.splitlines())


def _count(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines:,} lines"


def marked(diff: TextDiff, context: int = 3) -> list[Line]:
    """Return the lines of a difference with the changed words of each changed line marked."""
    lines = list(diff.lines(context))[2:]
    found: list[Line] = []
    for sign, block in groupby(lines, key=_side):
        if sign == "±":
            found += _block(list(block))
        elif sign == " ":
            found += [Line(" ", (Run(line[1:]),)) for line in block]
        elif found:
            found.append(Line("@", (Run("…"),)))
    return found


def _side(line: str) -> str:
    return "±" if line[:1] in ("+", "-") else line[:1]


def _block(lines: Sequence[str]) -> Iterator[Line]:
    """Pair what went with what came, where the two are as many lines, and mark the words that differ."""
    gone = [line[1:] for line in lines if line.startswith("-")]
    come = [line[1:] for line in lines if line.startswith("+")]
    if len(gone) != len(come):
        yield from (Line("-", (Run(line, changed=True),)) for line in gone)
        yield from (Line("+", (Run(line, changed=True),)) for line in come)
        return
    pairs = [words(before, after) for before, after in zip(gone, come, strict=True)]
    yield from (Line("-", before) for before, _ in pairs)
    yield from (Line("+", after) for _, after in pairs)


def words(before: str, after: str) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Return two lines as runs, those marked that the other line does not have."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if max(len(old), len(new)) > _MOST_WORDS:
        return (Run(before, changed=True),), (Run(after, changed=True),)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    left: list[Run] = []
    right: list[Run] = []
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        _add(left, "".join(old[old_from:old_to]), changed=tag != "equal")
        _add(right, "".join(new[new_from:new_to]), changed=tag != "equal")
    return tuple(left), tuple(right)


def _add(runs: list[Run], text: str, *, changed: bool) -> None:
    if not text:
        return
    if runs and runs[-1].changed == changed:
        runs[-1] = Run(runs[-1].text + text, changed)
    else:
        runs.append(Run(text, changed))


# Drawing


def markdown(lines: Sequence[Line]) -> str:
    """Return lines as markdown that shows each character of them as it is."""
    return "\\\n".join(map(_drawn, lines))


_COLORS: Final = {"+": "green", "-": "red"}
#: A joiner comes first where markdown would take a space at the beginning away.
_SIGNS: Final = {"+": "\\+", "-": "\u2212", " ": "\u2060\u2002", "@": "\u2060\u2002"}


def _drawn(line: Line) -> str:
    color = _COLORS.get(line.sign)
    sign = f"{_SIGNS[line.sign]}\u2002"
    text = line.text
    runs: Sequence[Run] = line.runs if len(text) <= _MOST_IN_LINE else (Run(f"{text[:_MOST_IN_LINE]} …"),)
    if color is None:
        return sign + "".join(visible(run.text) for run in runs)
    # A line that came or went as a whole has its background over all of it.
    marks = [
        f":{color}-background[{visible(run.text)}]" if run.changed else visible(run.text) for run in runs if run.text
    ]
    return f":{color}[{sign}]" + ("".join(marks) or ":gray[⏎]")


def visible(text: str) -> str:
    """Return stored text as markdown that shows it as it is, its spaces too."""
    kept = text.replace("\t", "    ").replace("  ", "\u00a0 ")
    # A line may wrap where its marks begin.
    return f" {literal(kept[1:])}" if kept.startswith(" ") else literal(kept)


def show(diff: TextDiff, *, key: str, empty: str = "There is no difference.") -> None:
    """Draw a difference: what changed, with a long one folded; `key` tells several on one page apart."""
    if not diff:
        st.caption(empty)
        return
    st.caption(summary(diff))
    if too_long(diff):
        return
    lines = marked(diff)
    with st.container(border=True, key=f"diff-{key}"):
        st.markdown(markdown(lines[:MOST_SHOWN]))
        if len(lines) <= MOST_SHOWN:
            return
        if st.toggle(f"Show {_count(len(lines) - MOST_SHOWN)} more", key=f"more-{key}"):
            st.markdown(markdown(lines[MOST_SHOWN:_MOST_DRAWN]))
        if len(lines) > _MOST_DRAWN:
            st.caption(f"The first {_MOST_DRAWN:,} lines of {len(lines):,}.")
