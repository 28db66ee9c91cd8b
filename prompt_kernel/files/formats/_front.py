"""Front matter whose keys are another tool's: taken apart, read by key, and changed by key."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from prompt_kernel.files._document import with_front
from prompt_kernel.files._edit import set_keys
from prompt_kernel.files._frontmatter import EMPTY, split
from prompt_kernel.files._yaml import Fault, Items, Node, Scalar, Table, plain

_MOST_TAGS: Final = 100
_NEWLINE = re.compile(r"\r\n|\r|\n")


class Front(NamedTuple):
    """The block ("" if there is none), the mapping in it, and the text after it."""

    block: str
    table: Table
    text: str

    def get(self, key: str) -> Node | None:
        """Return what stands at `key`."""
        found = self.table.pairs.get(key)
        return found[1] if found else None

    def words(self, key: str) -> str | None:
        """Return the text at `key`, None where there is none."""
        node = self.get(key)
        return node.text if isinstance(node, Scalar) and not node.is_null else None

    @property
    def data(self) -> dict[str, Any]:
        """All keys as plain data."""
        return {key: plain(value) for key, (_, value) in self.table.pairs.items()}


def take_apart(content: str) -> Front:
    """Return the front matter of a file, and the text.

    Raises:
        Fault: it is malformed.
    """
    return Front(*split(content))


def put_together(front: str, text: str) -> str:
    """Return a file's characters, of which `take_apart` gives the same again."""
    if front:
        return with_front(front, text)
    try:
        is_safe = split(text)[0] == ""
    except Fault:
        is_safe = False
    return text if is_safe else EMPTY + text


def changed(kept: Mapping[str, Any], values: Mapping[str, Any], text: str) -> str:
    """Return the block that an import has kept, with those `values` that are not in it already.

    A key with an empty value is not added where there was none.
    """
    block = kept.get("front")
    front = take_apart_block(block) if isinstance(block, str) else Front("", split("")[1], "")
    said = front.data
    news = {key: value for key, value in values.items() if said.get(key) != value and (value or said.get(key))}
    first = _NEWLINE.search(text)
    return set_keys(front.block, news, first[0] if first else "\n")


def take_apart_block(block: str) -> Front:
    """Return what a kept block says; a damaged one is as none."""
    try:
        front = Front(*split(block))
    except Fault:
        return Front("", split("")[1], "")
    return front if not front.text else Front("", split("")[1], "")


def tags_of(node: Node | None) -> tuple[str, ...] | None:
    """Return the tags in a list, or in a text with commas or blanks between them; None where there are none."""
    if node is None or isinstance(node, Table):
        return None
    if isinstance(node, Items):
        found = [item.text for item in node.items if isinstance(item, Scalar) and not item.is_null]
    else:
        found = re.split(r"[,\s]+", node.text) if not node.is_null else []
    cleaned = (re.sub(r"[,\s\0]+", " ", tag).strip().removeprefix("#") for tag in found)
    return tuple(dict.fromkeys(filter(None, cleaned)))[:_MOST_TAGS]
