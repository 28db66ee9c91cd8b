"""A markdown file's bytes <-> a prompt's text, its metadata, and the layout that gives back the same bytes.

The layout is plain data: `front` is the front matter verbatim, `encoding` and `bom` what the bytes were.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from prompt_kernel.files._edit import update
from prompt_kernel.files._frontmatter import EMPTY, Metadata, Parsed, parse
from prompt_kernel.files._yaml import Fault

_BOM: Final = "\ufeff"
#: The encodings that a byte order mark can announce.
_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")


class Document(NamedTuple):
    """What a file says."""

    text: str
    metadata: Metadata
    layout: dict[str, Any]


def decode(data: bytes) -> Document:
    """Read a file's bytes.

    Raises:
        Fault: they are no text, or the front matter is malformed.
    """
    content, layout = read_characters(data)
    front, metadata, text = parse(content)
    return Document(text, metadata, {**layout, "front": front})


def read_characters(data: bytes) -> tuple[str, dict[str, Any]]:
    """Return a file's characters without a byte order mark, and how they were encoded.

    Raises:
        Fault: the bytes are no text.
    """
    encoding = next((name for name in _ENCODINGS if data.startswith(_BOM.encode(name))), None)
    content = _characters(data, encoding or "utf-8")
    if "\0" in content:
        raise Fault("this holds a NUL character, so it is no text", content.count("\n", 0, content.index("\0")) + 1)
    return content.removeprefix(_BOM), {"encoding": encoding or "utf-8", "bom": encoding is not None}


def _characters(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        name = encoding.upper() if encoding == "utf-8" else "UTF-16"
        raise Fault(f"this is not {name}: {error.reason}", line) from error


def encode(text: str, metadata: Metadata, layout: Mapping[str, Any]) -> bytes:
    """Return the bytes of a file with `text` and `metadata`: those that `layout` came from, if neither has changed."""
    first = re.search(r"\r\n|\r|\n", text)
    known = _known(layout)
    front = update(known.front, known.metadata, metadata, first[0] if first else "\n")
    return write_characters(_guarded(front, text), layout)


def with_front(front: str, text: str) -> str:
    """Return a file's characters: the block `front` and the text after it."""
    ends_the_file = not front.endswith(("\n", "\r"))
    if front and ((ends_the_file and text) or (front.endswith("\r") and text.startswith("\n"))):
        front += "\n"  # or else the closing line would go on, or take the text's first newline for its own
    return front + text


def write_characters(content: str, layout: Mapping[str, Any]) -> bytes:
    """Return the bytes of `content` in the encoding that `layout` remembers."""
    encoding = layout.get("encoding")
    encoding = encoding if encoding in _ENCODINGS else "utf-8"
    mark = _BOM if layout.get("bom") or encoding != "utf-8" or content.startswith(_BOM) else ""
    return (mark + content).encode(encoding)


def _known(layout: Mapping[str, Any]) -> Parsed:
    """Return the block that `layout` remembers and what it says; a damaged one is as none."""
    front = layout.get("front")
    with suppress(Fault):
        parsed = parse(front) if isinstance(front, str) else None
        if parsed and not parsed.text:
            return parsed
    return Parsed("", Metadata(), "")


def _guarded(front: str, text: str) -> str:
    """Put the two together; before a text that would be taken for front matter goes a block that says nothing."""
    try:
        is_safe = bool(front) or parse(text).front == ""
    except Fault:
        is_safe = False
    return with_front(front, text) if is_safe else EMPTY + text
