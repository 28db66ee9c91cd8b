"""From database rows to records and back: the forms that texts, times and mappings are kept in."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from prompt_kernel.errors import InvalidMetadataError, InvalidTextError
from prompt_kernel.language import ENGINES
from prompt_kernel.names import name_of
from prompt_kernel.records import ORIGINS, Entry, Prompt
from prompt_kernel.variables import Declaration, as_data, declare

MOST_TEXT_BYTES = 10 * 2**20
_MOST_TAGS = 100
_MOST = 2**63 - 1


class Writer(NamedTuple):
    """Who writes, by which end, and what they say of it."""

    author: str
    origin: str
    message: str = ""


def writer(author: str, origin: str, message: str = "") -> Writer:
    """Return a checked writer.

    Raises:
        InvalidMetadataError: the origin is none of ours, or a text cannot be stored.
    """
    if origin not in ORIGINS:
        raise InvalidMetadataError("origin", f"{origin!r} is not one of {', '.join(ORIGINS)}")
    return Writer(checked_line("author", author), origin, checked_line("message", message))


def now() -> str:
    """Return the moment, as it is stored: ISO 8601 in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def moment(stored: str) -> datetime:
    """Return a stored moment as an aware datetime."""
    return datetime.fromisoformat(stored)


def checked_text(path: str, text: str) -> str:
    """Return `text` if a store can hold it.

    Raises:
        InvalidTextError: it is no text, holds NUL or a lone surrogate, or is too long.
    """
    if not isinstance(text, str):
        raise InvalidTextError(path, f"it must be text, not {type(text).__name__}")
    if "\0" in text:
        raise InvalidTextError(path, f"it holds a NUL character at position {text.index(chr(0))}")
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidTextError(
            path, f"it holds half a character (a lone surrogate) at position {error.start}"
        ) from None
    if size > MOST_TEXT_BYTES:
        raise InvalidTextError(path, f"it has {size:,} bytes, and {MOST_TEXT_BYTES:,} is the most")
    return text


def bindable(text: str) -> str:
    """Return `text` with `?` for each lone surrogate and NUL, which no statement takes and no store holds."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def number(value: int) -> int:
    """Return `value`, or the nearest number that a database holds."""
    return max(min(value, _MOST), -_MOST)


def at_most(limit: int) -> int:
    """Return how many rows to ask for: a negative limit is none."""
    return number(limit) if limit >= 0 else _MOST


def checked_line(field: str, value: str) -> str:
    """Return a piece of metadata if a store can hold it."""
    try:
        return checked_text(field, value)
    except InvalidTextError as error:
        raise InvalidMetadataError(field, error.reason) from None


def checked_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return `tags` without white space around them and without repetitions, in their order.

    Raises:
        InvalidMetadataError: they are no list of texts, or one is empty or holds a comma.
    """
    given = [tags] if isinstance(tags, str) or not isinstance(tags, Iterable) else list(tags)
    if given == [tags] or not all(isinstance(tag, str) for tag in given):
        raise InvalidMetadataError("tags", "write a list of texts")
    cleaned = tuple(dict.fromkeys(checked_line("tags", tag).strip() for tag in given))
    if any(not tag or "," in tag or "\n" in tag for tag in cleaned):
        raise InvalidMetadataError("tags", "a tag is a text of one line without a comma, and not empty")
    if len(cleaned) > _MOST_TAGS:
        raise InvalidMetadataError("tags", f"{len(cleaned)} are too many, {_MOST_TAGS} is the most")
    return cleaned


def checked_engine(engine: str) -> str:
    """Return `engine` if it is one.

    Raises:
        InvalidMetadataError: it is not.
    """
    if engine not in ENGINES:
        raise InvalidMetadataError("engine", f"{engine!r} is not one of {', '.join(ENGINES)}")
    return engine


def to_json(value: Any) -> str:
    """Return plain data as JSON, the same for equal data but for the order of keys."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def variables_to_json(variables: Mapping[str, Any]) -> str:
    """Return declarations, or data to make them of, as they are stored."""
    return checked_line("variables", to_json(as_data(declare(variables)))) if variables else "{}"


@lru_cache(maxsize=4096)
def variables_from_json(stored: str) -> Mapping[str, Declaration]:
    """Return stored declarations; equal ones are read once, and nobody changes them."""
    return declare(json.loads(stored))


@lru_cache(maxsize=4096)
def tags_from_json(stored: str) -> tuple[str, ...]:
    """Return stored tags."""
    return tuple(json.loads(stored))


def tag_words(stored: str) -> str:
    """Return stored tags as the words that a search finds."""
    return " ".join(tags_from_json(stored))


def entry(row: Sequence[Any]) -> Entry:
    """Make an entry of a row: path, head, description, tags, updated_at, author, characters, enabled."""
    path, head, description, tags, updated_at, author, characters, enabled = row
    tags = () if tags == "[]" else tags_from_json(tags)
    return Entry(path, head, description, tags, datetime.fromisoformat(updated_at), author, characters, bool(enabled))


def prompt(row: Any, display_name: str, *, place: str, merged: bool = False) -> Prompt:
    """Make a prompt of a row of `_read.PROMPT`, which was read from the store at `place`."""
    return Prompt(
        path=row.path,
        version=row.number,
        text=row.text,
        description=row.description,
        tags=tags_from_json(row.tags),
        engine=row.engine,
        variables=variables_from_json(row.variables),
        labels={} if row.labels == "{}" else dict(sorted(json.loads(row.labels).items())),
        author=row.author,
        origin=row.origin,
        message=row.message,
        updated_at=moment(row.created_at),
        sha256=row.sha256,
        uid=row.uid,
        display_name=display_name or name_of(row.path),
        enabled=bool(row.enabled),
        merged=merged,
        store_url=place,
    )
