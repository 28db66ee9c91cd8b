"""Where something stands in a text, and how to show it."""

import re
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of characters: `text[start:end]`."""

    start: int
    end: int


def before_backslashes(text: str, position: int) -> int:
    """Return where the backslashes begin that stand right before `position`; `position` where there are none."""
    while position > 0 and text[position - 1] == "\\":
        position -= 1
    return position


def line_of(text: str, position: int) -> int:
    """Return the number of the line that holds `position`, counted from 1."""
    return text.count("\n", 0, position) + 1


def caret(text: str, span: Span, name: str = "") -> str:
    """Return the line of `text` that `span` begins in, with carets under it, headed by `name` and the line's number.

    A long line is cut around the span.
    """
    line_start = text.rfind("\n", 0, span.start) + 1
    line_end = text.find("\n", span.start)
    line_end = len(text) if line_end < 0 else line_end
    left = max(line_start, span.start - _CONTEXT)
    right = min(line_end, max(span.end, left + 2 * _CONTEXT), span.start + 2 * _CONTEXT)
    before = ("…" if left > line_start else "") + text[left : span.start]
    shown = before + text[span.start : right].rstrip("\r") + ("…" if right < line_end else "")
    shown = _UNPRINTABLE.sub("\ufffd", shown)
    carets = "^" * max(1, min(span.end, right) - span.start)
    indent = re.sub(r"[^\t]", " ", before)
    return f"\n  {name or 'text'}, line {line_of(text, span.start)}\n    {shown}\n    {indent}{carets}"


_CONTEXT = 40
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
