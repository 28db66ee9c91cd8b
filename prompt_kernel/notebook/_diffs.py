"""The lines of a difference, with what changed inside of a line marked."""

from collections.abc import Iterator
from typing import Final

from prompt_kernel.notebook._html import Html, cut, join, preformatted, tag, text_html
from prompt_kernel.notebook._parts import line, more
from prompt_kernel.records import TextDiff

MOST_LINES: Final = 300
#: Comparing takes time that grows with the square of the lines; a card has to come at once.
MOST_COMPARED: Final = 3_000
_MOST_IN_LINE: Final = 400
_CONTEXT: Final = 80


def diff_body(diff: TextDiff) -> list[Html | None]:
    """Return the lines of `diff` as the body of a card."""
    if not diff:
        return [line("There is no difference.")]
    if max(len(text.splitlines()) for text in (diff.before, diff.after)) > MOST_COMPARED:
        return [line("These texts are too long to compare in a card; print the difference instead.")]
    lines = list(diff.lines())[2:]
    shown = join(_marked(lines[:MOST_LINES]), "\n")
    return [preformatted(shown), more(len(lines) - MOST_LINES, "line")]


def _marked(lines: list[str]) -> Iterator[Html]:
    position = 0
    while position < len(lines):
        gone = _block(lines, position, "-")
        come = _block(lines, position + gone, "+")
        if gone == come and gone:
            pairs = zip(lines[position : position + gone], lines[position + gone : position + gone + come], strict=True)
            changes = [_changed(before[1:], after[1:]) for before, after in pairs]
            yield from (tag("span", "-", before, class_="pk-del") for before, _ in changes)
            yield from (tag("span", "+", after, class_="pk-add") for _, after in changes)
            position += gone + come
            continue
        yield from map(_plain, lines[position : position + max(gone + come, 1)])
        position += max(gone + come, 1)


def _block(lines: list[str], start: int, sign: str) -> int:
    end = start
    while end < len(lines) and lines[end].startswith(sign):
        end += 1
    return end - start


def _plain(line: str) -> Html:
    kind = {"+": "pk-add", "-": "pk-del"}.get(line[:1], "pk-soft" if line.startswith("@@") else "")
    shown = cut(line, _MOST_IN_LINE)
    return tag("span", shown, class_=kind) if kind else text_html(shown)


def _changed(before: str, after: str) -> tuple[Html, Html]:
    """Mark what is between the common beginning and the common end of two lines."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    return _around(before, start, end, "del"), _around(after, start, end, "ins")


def _common(one: str, other: str) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _around(line: str, start: int, end: int, name: str) -> Html:
    """Return `line` with the changed middle as an element `name`; long lines are cut around it."""
    head, middle, tail = line[:start], line[start : len(line) - end], line[len(line) - end :]
    if len(line) > _MOST_IN_LINE:
        head = f"…{head[-_CONTEXT:]}" if len(head) > _CONTEXT else head
        tail = f"{tail[:_CONTEXT]}…" if len(tail) > _CONTEXT else tail
        middle = cut(middle, _MOST_IN_LINE)
    return join([head, tag(name, middle) if middle else None, tail])
