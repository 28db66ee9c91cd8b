"""One file and one prompt that may both have changed: what is to be saved so that it holds what both sides did.

Texts are merged by the store, by lines. Of the metadata, each key goes to the side that has changed it; tags that one
side added and others that the other took away are both respected.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from prompt_kernel.files._document import Document, encode
from prompt_kernel.files._edit import meaning
from prompt_kernel.files._frontmatter import Metadata
from prompt_kernel.files._yaml import MAX_BYTES, Fault, dump_entries
from prompt_kernel.records import Prompt

_KEYS: Final = ("description", "tags", "engine", "variables")
_NO_FILE: Final = "no file can say all that this prompt does, so it is in the store alone"
#: A character can take so many bytes of YAML.
_WIDEST: Final = 10


class Clash(Exception):  # noqa: N818 - it never leaves a sync: it becomes a conflict copy
    """Both sides have changed the same, differently."""


class Said(NamedTuple):
    """What a file or a prompt says, or what both said when they were last the same."""

    text: str
    metadata: Metadata


def said_by(prompt: Prompt) -> Said:
    """Return what a prompt says."""
    return Said(prompt.text, Metadata(prompt.description, prompt.tags, prompt.engine, prompt.variables))


def said_before(version: Prompt, metadata: str) -> Said:
    """Return what both sides said: a version of the prompt, and what no version has, as `store.links` remembers it."""
    known = json.loads(metadata)
    return Said(version.text, Metadata(known["description"], tuple(known["tags"]), version.engine, version.variables))


def bytes_of(prompt: Prompt, layout: Mapping[str, Any]) -> bytes:
    """Return the file that a prompt should be.

    Raises:
        Fault: it says more than front matter can hold.
    """
    text, metadata = said_by(prompt)
    size = len(prompt.description) + sum(map(len, prompt.tags)) + len(str(prompt.variables))
    if size > MAX_BYTES // _WIDEST and len(dump_entries(metadata.entries()).encode()) > MAX_BYTES:
        raise Fault(_NO_FILE)
    return encode(text, metadata, layout)


def metadata_to_save(base: Metadata, document: Document, theirs: Metadata) -> dict[str, Any]:
    """Return what a save has to change of a prompt, which says `theirs`, for what the file has changed since `base`.

    Raises:
        Clash: both have changed one key, differently.
    """
    before, mine, now = meaning(base), meaning(document.metadata), meaning(theirs)
    changed = [key for key in _KEYS if mine[key] not in (before[key], now[key])]
    return {
        key: _value(document.metadata, key) if now[key] == before[key] else _both(key, base, document.metadata, theirs)
        for key in changed
    }


def _value(metadata: Metadata, key: str) -> Any:
    """Return a key's value; what a file does not say any more is empty."""
    given = getattr(metadata, key)
    return metadata.entries()[key] if given is None else given


def _both(key: str, base: Metadata, mine: Metadata, theirs: Metadata) -> Any:
    if key != "tags":
        raise Clash
    before, wanted = set(base.tags or ()), mine.tags or ()
    kept = [tag for tag in theirs.tags or () if tag in wanted or tag not in before]
    return [*kept, *(tag for tag in wanted if tag not in before and tag not in kept)]


def check_faithful(prompt: Prompt, data: bytes, again: Document) -> None:
    """Check that the file `data`, read as `again`, says what the prompt does.

    Raises:
        Fault: it does not.
    """
    if again.text != prompt.text or bytes_of(prompt, again.layout) != data:
        raise Fault(_NO_FILE)
