"""Change single keys of a front matter block, and leave every other character of it as it is."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any, NamedTuple

from prompt_kernel.files._frontmatter import EMPTY, NOTHING, Metadata, parse, root_of, sides, split
from prompt_kernel.files._yaml import Fault, Scalar, Table, dump, dump_entries, plain, rewrite


def update(front: str, said: Metadata, wanted: Metadata, newline: str) -> str:
    """Return the block `front`, which says `said`, so that it says `wanted`; verbatim if it does already.

    "" is the block of a file that has none; `newline` ends the lines of a new one.
    """
    goal, found = meaning(wanted), meaning(said)
    changes = {key: value for key, value in wanted.entries().items() if found[key] != goal[key]}
    if not changes:
        return front
    opening, source, closing = sides(front or EMPTY.replace("\n", newline))
    newline = opening.lstrip("- \t")
    edited = opening + _edit(source, changes, newline) + closing
    if _says(edited, goal):
        return edited
    # Some rare layout, as an explicit `? key`: the comments are lost, keys and values are not.
    return opening + rewrite(source, changes).replace("\n", newline) + closing


def set_keys(front: str, changes: Mapping[str, Any], newline: str) -> str:
    """Return the block `front`, whatever its keys mean to whom, with the values of `changes`; "" is no block.

    The rest stays character by character, as in `update`.
    """
    if not changes:
        return front
    opening, source, closing = sides(front or EMPTY.replace("\n", newline))
    newline = opening.lstrip("- \t")
    goal = plain(root_of(source) or NOTHING) | changes
    edited = opening + _edit(source, changes, newline) + closing
    if _holds(edited, goal):
        return edited
    return opening + rewrite(source, changes).replace("\n", newline) + closing


def _holds(front: str, goal: Mapping[str, Any]) -> bool:
    try:
        found, root, text = split(front)
    except Fault:
        return False
    return found == front and not text and plain(root) == goal


def meaning(metadata: Metadata) -> dict[str, Any]:
    """Return what is equal where two metadata mean the same: tags have no order, variables neither, 3 is not 3.0."""
    entries = metadata.entries()
    return {
        **entries,
        "tags": sorted(set(entries["tags"])),
        "variables": repr(sorted(entries["variables"].items())),
    }


def _says(front: str, goal: Mapping[str, Any]) -> bool:
    try:
        parsed = parse(front)
    except Fault:
        return False
    return parsed.front == front and meaning(parsed.metadata) == goal


class _Edit(NamedTuple):
    """Put `text` in the place of `source[start:end]`."""

    start: int
    end: int
    text: str


def _edit(source: str, changes: Mapping[str, Any], newline: str) -> str:
    root = root_of(source) or NOTHING
    edits = [_replace(source, root, key, value) for key, value in changes.items() if key in root.pairs]
    new = {key: value for key, value in changes.items() if key not in root.pairs}
    if new:
        edits.append(_insert(source, root, new))
    for edit in sorted(edits, reverse=True):
        source = source[: edit.start] + edit.text.replace("\n", newline) + source[edit.end :]
    return source


def _insert(source: str, root: Table, entries: Mapping[str, Any]) -> _Edit:
    """Write new entries before all others, where no comment and no open text of the last one is in the way."""
    if not root.place.block:
        start = source.index("{", root.place.start) + 1
        return _Edit(start, start, dump(entries, flow=True)[1:-2] + ", ")
    column = root.place.column
    start = root.place.start - column
    return _Edit(start, start, _indent(dump_entries(entries), column))


def _replace(source: str, root: Table, key: str, value: Any) -> _Edit:
    place = root.pairs[key][1].place
    if not place.block:
        inline = _inline(value, bare=root.place.block)
        return _Edit(place.start, place.end, inline if place.end > place.start else f" {inline}")
    end = _end_of_block(source, root, place.start)
    if isinstance(root.pairs[key][1], Scalar):
        return _Edit(place.start, end, _inline(value, bare=True) + "\n")
    lines = dump(value, flow=False if isinstance(value, list) else None)
    return _Edit(place.start - place.column, end, _indent(lines, place.column if value else root.place.column + 2))


def _inline(value: Any, *, bare: bool) -> str:
    """Write `value` on one line; a text with no more quotes than it needs outside of brackets if `bare`."""
    if bare and isinstance(value, str):
        return dump({"": value}, flow=False).partition(": ")[2][:-1]
    return dump([value], flow=True)[1:-2]


def _indent(lines: str, columns: int) -> str:
    return "".join(" " * columns + line for line in lines.splitlines(keepends=True))


def _end_of_block(source: str, root: Table, start: int) -> int:
    """Return where the block that begins at `start` ends: comments before the next key are not of it."""
    keys = [key.place.start - key.place.column for key, _ in root.pairs.values()]
    end = min((key for key in keys if key > start), default=len(source))

    def is_aside(line: str) -> bool:
        content = line.lstrip(" \t")
        is_comment = content.startswith("#") and len(line) - len(content) <= root.place.column
        return is_comment or not content.strip()

    lines = source[start:end].splitlines(keepends=True)
    return end - sum(map(len, takewhile(is_aside, reversed(lines))))
