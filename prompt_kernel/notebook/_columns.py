"""What a table of records shows: its columns, for the card and for the terminal alike."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from prompt_kernel.expansion import ManifestEntry
from prompt_kernel.measures import RowProblem, Share
from prompt_kernel.records import (
    Change,
    Directory,
    Drift,
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
from prompt_kernel.runs import ExperimentSummary, Run, Score
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


_LITTLE: Final = 0.1
_MUCH: Final = 1_000


def figure(number: float | None) -> str:
    """Return a measured number with as many digits as one reads; nothing for None."""
    if number is None:
        return ""
    if abs(number) >= _MUCH:
        return f"{number:,.0f}"
    return f"{number:.3g}" if 0 < abs(number) < _LITTLE else f"{number:.2f}"


def between(low: float | None, high: float | None) -> str:
    """Return an interval, or nothing where there is none."""
    return "" if low is None or high is None else f"[{figure(low)}, {figure(high)}]"


def scores_of(run: Run) -> str:
    """Return the scores of a run by their names."""
    return ", ".join(f"{name} {worth(score)}" for name, score in run.scores.items())


def worth(score: Score) -> str:
    """Return the number of a score, or a question mark."""
    return "?" if score.value is None else f"{score.value:.3g}"


def cell(value: Value) -> str | Marked:
    """Return a column's value as the table shows it."""
    if isinstance(value, str | Marked):
        return value
    if isinstance(value, datetime):
        return moment(value)
    return f"{value:,}" if isinstance(value, int) else listed(value)


def columns_of(record: object) -> tuple[Column, ...]:
    """Return the columns for a table of such records; one without a head where the record is no known one."""
    if is_of_experiments(record) and type(record).__name__ in _OF_EXPERIMENTS:
        return _OF_EXPERIMENTS[type(record).__name__]
    return next((columns for kind, columns in _COLUMNS.items() if isinstance(record, kind)), (Column("", str),))


def is_of_experiments(value: object) -> bool:
    """Tell whether `prompt_kernel.experiments` has made `value`, or its results are made of it."""
    return type(value).__module__.startswith(("prompt_kernel.experiments", "prompt_kernel.runs"))


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
    Drift: (
        Column("prompt", lambda drift: pinned(drift.path, drift.version)),
        Column("", lambda drift: drift.kind),
        Column("now", lambda drift: drift.now),
        Column("what", lambda drift: drift.message),
        Column("in", lambda drift: drift.names),
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
    RowProblem: (
        Column("row", lambda problem: str(problem.index)),
        Column("problem", lambda problem: problem.reason),
    ),
    Share: (
        Column("part", lambda share: share.name),
        Column("tokens, half at most", lambda share: share.tokens.p50),
        Column("95 of 100 at most", lambda share: share.tokens.p95),
        Column("most", lambda share: share.tokens.most),
        Column("all rows", lambda share: share.tokens.total),
        Column("in every row", lambda share: "the same" if share.constant else ""),
    ),
    Suggestion: (
        _PATH,
        Column("name", lambda suggestion: suggestion.display_name),
        Column("description", lambda suggestion: suggestion.description),
    ),
    ExperimentSummary: (
        Column("experiment", lambda one: one.name),
        Column("description", lambda one: one.description),
        Column("prompts", lambda one: len(one.prompts)),
        Column("models", lambda one: one.models),
        Column("scores", lambda one: one.scorers),
        Column("runs", lambda one: one.runs),
        Column("errors", lambda one: f"{one.errors:,}" if one.errors else ""),
        Column("cost", lambda one: figure(one.cost)),
        Column("last run", lambda one: one.updated_at),
        Column("by", lambda one: one.author),
    ),
    Run: (
        Column("prompt", lambda run: run.prompt),
        Column("model", lambda run: run.model),
        Column("row", lambda run: run.row),
        Column("repeat", lambda run: str(run.repeat) if run.repeat > 1 else ""),
        Column("output", lambda run: run.output or ""),
        Column("error", lambda run: run.error),
        Column("scores", scores_of),
        Column("seconds", lambda run: figure(run.seconds)),
        Column("cost", lambda run: figure(run.cost)),
    ),
    ManifestEntry: (
        Column("prompt", lambda entry: pinned(entry.path, entry.version)),
        Column("sha256", lambda entry: entry.sha256[:12]),
    ),
}
#: The same for what `prompt_kernel.experiments` makes, by name: importing it takes long, and most cards show none.
_OF_EXPERIMENTS: Final[Mapping[str, tuple[Column, ...]]] = {
    "Cell": (
        Column("prompt", lambda cell: cell.prompt),
        Column("model", lambda cell: cell.model),
        Column("score", lambda cell: cell.score),
        Column("mean", lambda cell: figure(cell.mean)),
        Column("95 %", lambda cell: between(cell.low, cell.high)),
        Column("n", lambda cell: cell.n),
        Column("errors", lambda cell: f"{cell.errors:,}" if cell.errors else ""),
        Column("seconds", lambda cell: figure(cell.seconds)),
        Column("cost", lambda cell: figure(cell.cost)),
    ),
    "Difference": (
        Column("score", lambda one: one.score),
        Column("second has more", lambda one: figure(one.mean)),
        Column("95 %", lambda one: between(one.low, one.high)),
        Column("pairs", lambda one: one.n),
        Column("higher", lambda one: one.better),
        Column("lower", lambda one: one.worse),
    ),
    "Pair": (
        Column("row", lambda pair: pair.row),
        Column("of", lambda pair: pair.same),
        Column("first", lambda pair: pair.diff.before),
        Column("second", lambda pair: pair.diff.after),
    ),
    "PlannedModel": (
        Column("model", lambda one: one.model),
        Column("calls", lambda one: one.calls),
        Column("tokens in", lambda one: one.tokens_in),
        Column("cost", lambda one: figure(one.cost)),
    ),
    "Problem": (
        Column("prompt", lambda one: one.prompt),
        Column("row", lambda one: one.row),
        Column("why", lambda one: one.reason),
    ),
}
