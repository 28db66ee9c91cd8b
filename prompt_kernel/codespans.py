"""Where the code is in a markdown text: fenced blocks and inline code.

As in CommonMark (https://spec.commonmark.org/0.31.2/), read generously: a fence may stand at any depth of indentation,
in a list or in a quotation.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from prompt_kernel.spans import Span, before_backslashes

_FENCE = re.compile(r"(```+|~~~+)([^\n]*)")
_BEFORE_FENCE = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*+")
# A paragraph ends at a blank line, and where an item of a list or a heading begins.
_BREAK = re.compile(r"\n(?:[ \t\r>]*+\n|[ \t>]*+(?:[-*+]|\d{1,9}[.)]|\#{1,6})[ \t])")
_BACKTICKS = re.compile(r"``*")


def code_spans(text: str) -> list[Span]:
    """Return the fenced blocks and the inline code of `text`, in order; a fence left open reaches to the end."""
    spans: list[Span] = []
    prose_from = 0
    for block in _fenced_blocks(text):
        spans += _inline_code(text, prose_from, block.start)
        spans.append(block)
        prose_from = block.end
    return spans + _inline_code(text, prose_from, len(text))


class _Fence(NamedTuple):
    start: int
    marks: str
    quotes: int
    column: int

    def is_closed_by(self, before: str, marks: str) -> bool:
        """Tell a closing fence from a line of the block: of a shorter one, a list, a quotation or a docstring."""
        is_plain = marks.startswith(self.marks) and not before.strip(" \t>")
        return is_plain and before.count(">") <= self.quotes and len(before.expandtabs(4)) <= self.column + 3


def _fenced_blocks(text: str) -> Iterator[Span]:
    opener: _Fence | None = None
    for found in _FENCE.finditer(text):
        start = text.rfind("\n", 0, found.start()) + 1
        before, marks, info = text[start : found.start()], found[1], found[2].strip()
        if not _BEFORE_FENCE.fullmatch(before):
            continue
        if opener is None:
            if marks[0] == "~" or "`" not in info:  # otherwise a line of inline code that only looks like a fence
                opener = _Fence(start, marks, before.count(">"), len(before.expandtabs(4)))
        elif not info and opener.is_closed_by(before, marks):
            yield Span(opener.start, found.end())
            opener = None
    if opener:
        yield Span(opener.start, len(text))


def _inline_code(text: str, start: int, end: int) -> list[Span]:
    """Pair runs of backticks of one length; no code reaches beyond its paragraph."""
    spans: list[Span] = []
    paragraph: list[Span] = []
    for found in _BACKTICKS.finditer(text, start, end):
        if paragraph and _BREAK.search(text, paragraph[-1].end, found.start()):
            spans += _pair(text, paragraph)
            paragraph = []
        paragraph.append(Span(*found.span()))
    return spans + _pair(text, paragraph)


def _pair(text: str, runs: list[Span]) -> list[Span]:
    by_length: dict[int, list[int]] = {}
    for number, run in enumerate(runs):
        by_length.setdefault(run.end - run.start, []).append(number)
    spans: list[Span] = []
    number = 0
    while number < len(runs):
        start, end = runs[number]
        start += (start - before_backslashes(text, start)) % 2  # an escaped backtick opens nothing
        closers = by_length.get(end - start, [])
        after = bisect_right(closers, number)
        if start < end and after < len(closers):
            number = closers[after]
            spans.append(Span(start, runs[number].end))
        number += 1
    return spans
