"""What a table of records shows: its columns, for the card and for the terminal alike."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from prompt_kernel.expansion import ManifestEntry
from prompt_kernel.records import (
    Change,
    Directory,
    Entry,
    Finding,
    Hit,
    Impact,
    Prompt,
    Reference,
    Replacement,
    Suggestion,
    Token,
    Trashed,
    Version,
)
from prompt_kernel.spans import Span


class Marked(NamedTuple):
    """A text, and the spans of it that matter."""

    text: str
    marks: tuple[Span, ...]

    def __str__(self) -> str:
        return self.text


Value = str | Marked | datetime | int | tuple[str, ...]


class Column(NamedTuple):
    """A head, and what a record has under it."""

    head: str
    value: Callable[[Any], Value]


def moment(time: datetime) -> str:
    """Return a time to the minute, in UTC and said so."""
    return f"{(time if time.tzinfo is None else time.astimezone(UTC)):%Y-%m-%d %H:%M} UTC"


def pinned(path: str, pin: int | str | None) -> str:
    """Return `path@pin` as an inclusion spells it; "" is a free text."""
    return f"{path or 'text'}@{pin}" if pin else path or "text"


def listed(words: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return `words` with commas."""
    return ", ".join(words)


def cell(value: Value) -> str | Marked:
    """Return a column's value as the table shows it."""
    if isinstance(value, str | Marked):
        return value
    if isinstance(value, datetime):
        return moment(value)
    return f"{value:,}" if isinstance(value, int) else listed(value)


def columns_of(record: object) -> tuple[Column, ...]:
    """Return the columns for a table of such records; one without a head where the record is no known one."""
    return next((columns for kind, columns in _COLUMNS.items() if isinstance(record, kind)), (Column("", str),))


_PATH = Column("prompt", lambda record: record.path)
_COLUMNS: Final[Mapping[type, tuple[Column, ...]]] = {
    Entry: (
        _PATH,
        Column("version", lambda entry: str(entry.version)),
        Column("description", lambda entry: entry.description),
        Column("tags", lambda entry: entry.tags),
        Column("characters", lambda entry: entry.characters),
        Column("changed", lambda entry: entry.updated_at),
        Column("by", lambda entry: entry.author),
        Column("", lambda entry: "" if entry.enabled else "disabled"),
    ),
    Hit: (
        _PATH,
        Column("version", lambda hit: str(hit.version)),
        Column("match", lambda hit: Marked(hit.snippet, hit.marks)),
        Column("description", lambda hit: hit.description),
        Column("tags", lambda hit: hit.tags),
    ),
    Prompt: (
        _PATH,
        Column("version", lambda prompt: str(prompt.version)),
        Column("description", lambda prompt: prompt.description),
        Column("tags", lambda prompt: prompt.tags),
        Column("characters", lambda prompt: len(prompt.text)),
        Column("changed", lambda prompt: prompt.updated_at),
        Column("by", lambda prompt: prompt.author),
    ),
    Version: (
        Column("version", lambda version: str(version.number)),
        Column("labels", lambda version: version.labels),
        Column("saved", lambda version: version.created_at),
        Column("by", lambda version: version.author),
        Column("from", lambda version: version.origin),
        Column("characters", lambda version: len(version.text)),
        Column("message", lambda version: version.message),
    ),
    Directory: (
        Column("directory", lambda directory: directory.path),
        Column("prompts", lambda directory: directory.prompts),
        Column("description", lambda directory: directory.description),
        Column("linked to", lambda directory: directory.source),
        Column("", lambda directory: "" if directory.enabled else "disabled"),
    ),
    Reference: (
        Column("in", lambda reference: reference.path),
        Column("line", lambda reference: str(reference.line)),
        Column("written", lambda reference: f"[[{pinned(reference.spelled, reference.pin)}]]"),
        Column("leads to", lambda reference: reference.target or "nothing"),
    ),
    Replacement: (
        _PATH,
        Column("version", lambda replacement: str(replacement.version)),
        Column("times", lambda replacement: replacement.count),
        Column("problem", lambda replacement: replacement.problem),
    ),
    Trashed: (
        _PATH,
        Column("version", lambda trashed: str(trashed.version)),
        Column("deleted", lambda trashed: trashed.deleted_at),
        Column("by", lambda trashed: trashed.deleted_by),
        Column("id", lambda trashed: trashed.uid),
    ),
    Token: (
        Column("name", lambda token: token.name),
        Column("may", lambda token: "read and write" if token.may_write else "read"),
        Column("author", lambda token: token.author),
        Column("created", lambda token: token.created_at),
    ),
    Change: (
        Column("change", lambda change: str(change.id)),
        Column("at", lambda change: change.at),
        Column("kind", lambda change: change.kind),
        Column("prompt", lambda change: pinned(change.path, change.version)),
        Column("detail", lambda change: change.detail),
        Column("by", lambda change: change.author),
        Column("from", lambda change: change.origin),
    ),
    Finding: (
        Column("", lambda finding: finding.severity),
        _PATH,
        Column("finding", lambda finding: finding.message),
    ),
    Impact: (
        _PATH,
        Column("characters now", lambda impact: len(impact.before)),
        Column("then", lambda impact: len(impact.after)),
        Column("problem", lambda impact: impact.problem),
    ),
    Suggestion: (
        _PATH,
        Column("name", lambda suggestion: suggestion.display_name),
        Column("description", lambda suggestion: suggestion.description),
    ),
    ManifestEntry: (
        Column("prompt", lambda entry: pinned(entry.path, entry.version)),
        Column("sha256", lambda entry: entry.sha256[:12]),
    ),
}
