"""Every error that the project raises on purpose.

    PromptKernelError
    ├── InvalidPathError                a path or a name is not of the grammar
    ├── InvalidTextError                a text that cannot be stored (NUL, lone surrogate, too long)
    ├── InvalidMetadataError            tags, variables, engine or label do not make sense
    ├── PathTakenError                  something else has that path already
    ├── NotFoundError                   (also a LookupError)
    │   ├── PromptNotFoundError
    │   │   └── DisabledPromptError     it is there, but its directory is switched off
    │   ├── VersionNotFoundError
    │   ├── DirectoryNotFoundError
    │   ├── ExperimentNotFoundError
    │   └── NotLockedError              the lock that the store was opened with does not have it
    ├── ExpansionError                  what can go wrong while a text is expanded
    │   ├── AmbiguousNameError          a short name fits several prompts
    │   ├── PromptSyntaxError           a template of the `jinja` engine is malformed or fails
    │   ├── InclusionCycleError
    │   ├── MissingVariableError
    │   │   └── MissingColumnError      the rows have no column for a variable
    │   ├── InvalidVariableError        a value does not fit the declared type
    │   ├── ExpansionTooLargeError
    │   └── BadRowsError                not one row can be filled in
    ├── ConflictError                   somebody else changed the same lines meanwhile
    ├── ReferencedError                 other prompts include what is to be deleted
    ├── DivergedError                   two stores say different things of what should be the same
    ├── DirectoryNotEmptyError          there are prompts in the directory that is to be removed
    ├── ImportFileError                 files that cannot be imported, all of them at once
    ├── ExportFileError                 files that cannot be written
    ├── LockFileError                   a lock that cannot be read or kept
    ├── SyncError                       a linked folder that cannot be brought together with its directory
    ├── StoreError
    │   ├── StoreUnavailableError       the database cannot be opened, read or written
    │   ├── SchemaTooNewError           a newer prompt_kernel wrote the database
    │   ├── ReadOnlyStoreError          the store was opened for reading only
    │   ├── RemoteStoreError            a server has the store, and does not do that for others
    │   └── DamagedTextError            a stored text does not match its hash
    ├── AccessDeniedError               the server does not let this token do that
    ├── InvalidRequestError             a request to the server is malformed
    ├── InvalidFrameError               what was given as rows has no rows that can be read
    ├── TokenizerError                  there is no such tokenizer, or it cannot be had
    ├── ModelError                      a model of an experiment gave no answer
    └── MissingExtraError               an optional dependency is not installed

Each message says what is wrong, where, and what to do. In a notebook an error is that sentence and no traceback;
in plain Python it is an ordinary exception.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from prompt_kernel.spans import Span


_E = TypeVar("_E", bound="PromptKernelError")


class PromptKernelError(Exception):
    """The root: `except PromptKernelError` catches everything that the project raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """One sentence instead of a traceback: the hook that IPython documents for this."""
        return [f"{type(self).__name__}: {self}"]

    def at(self, where: str) -> Self:
        """Return the same error with the place that it happened at, as `spans.caret` draws it."""
        return _rebuild(type(self), f"{self}{where}", dict(self.__dict__))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by content, so that an error crosses a process boundary with all it carries."""
        return _rebuild, (type(self), str(self), dict(self.__dict__))


def _rebuild(kind: type[_E], message: str, content: dict[str, Any]) -> _E:
    error = kind.__new__(kind, message)
    error.args = (message,)
    error.__dict__.update(content)
    return error


_WIDEST = 60


def _shown(value: object) -> str:
    """Return a value as Python writes it, cut to what fits a line."""
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # a number of too many digits, a list too deep
        shown = f"a {type(value).__name__}"
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 3] + "…"


def _did_you_mean(suggestions: Sequence[str]) -> str:
    return f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""


class InvalidPathError(PromptKernelError):
    """A path or a name that the grammar does not allow."""

    def __init__(self, path: str, reason: str) -> None:
        """Say that `path` is not usable because of `reason`."""
        super().__init__(f"{_shown(path)} cannot be a path: {reason}.")
        self.path, self.reason = path, reason


class InvalidTextError(PromptKernelError):
    """A text that no store can hold."""

    def __init__(self, path: str, reason: str) -> None:
        """Say that the text for `path` is refused because of `reason`."""
        super().__init__(f"The text of {path} was not saved: {reason}.")
        self.path, self.reason = path, reason


class InvalidMetadataError(PromptKernelError):
    """Tags, variables, an engine, a label or a description that make no sense."""

    def __init__(self, field: str, reason: str) -> None:
        """Say what is wrong with `field`."""
        super().__init__(f"{field}: {reason}.")
        self.field, self.reason = field, reason


class PathTakenError(PromptKernelError):
    """Something else has that path, or one that differs only in case or look."""

    def __init__(self, path: str, taken_by: str) -> None:
        """Say that `path` clashes with the existing `taken_by`."""
        same = f"{path} exists already" if path == taken_by else f"{path} is too close to {taken_by}, which exists"
        super().__init__(f"{same}. Choose another path, or rename the other one first.")
        self.path, self.taken_by = path, taken_by


class NotFoundError(PromptKernelError, LookupError):
    """What was asked for is not there."""


class PromptNotFoundError(NotFoundError):
    """No prompt of that name."""

    def __init__(self, path: str, suggestions: Sequence[str] = ()) -> None:
        """Say that `path` is missing; `suggestions` are what it may have meant."""
        super().__init__(f"There is no prompt {path!r}.{_did_you_mean(suggestions)}")
        self.path, self.suggestions = path, tuple(suggestions)


class DisabledPromptError(PromptNotFoundError):
    """The prompt is there, but its directory is disabled."""

    def __init__(self, name: str, path: str) -> None:
        """Say that `name` means `path`, which is switched off."""
        super().__init__(name)
        self.args = (f"{path} is in a disabled directory, so {name!r} does not resolve. Enable the directory.",)


class VersionNotFoundError(NotFoundError):
    """The prompt is there, that version or label of it is not."""

    def __init__(self, path: str, pin: int | str, available: Sequence[str] = ()) -> None:
        """Say that `path` has no `pin`; `available` are the versions and labels that it has."""
        has = f" It has {', '.join(available)}." if available else ""
        kind = "version" if isinstance(pin, int) else "label"
        super().__init__(f"{path} has no {kind} {pin}.{has}")
        self.path, self.pin, self.available = path, pin, tuple(available)


class DirectoryNotFoundError(NotFoundError):
    """No directory of that path."""

    def __init__(self, path: str, suggestions: Sequence[str] = ()) -> None:
        """Say that the directory `path` is missing."""
        super().__init__(f"There is no directory {path!r}.{_did_you_mean(suggestions)}")
        self.path, self.suggestions = path, tuple(suggestions)


class ExperimentNotFoundError(NotFoundError):
    """No experiment of that name."""

    def __init__(self, name: str, suggestions: Sequence[str] = ()) -> None:
        """Say that the experiment `name` is missing; `suggestions` are what it may have meant."""
        super().__init__(f"There is no experiment {name!r}.{_did_you_mean(suggestions)}")
        self.name, self.suggestions = name, tuple(suggestions)


class NotLockedError(NotFoundError):
    """The store expands what a lock has frozen, and this is not in it."""

    def __init__(self, name: str, lock: str, reason: str) -> None:
        """Say why `name` cannot be had by the file `lock`, and what to do."""
        super().__init__(f"{name} is not in {lock}: {reason}.")
        self.name, self.lock, self.reason = name, lock, reason


class ExpansionError(PromptKernelError):
    """A text could not be expanded."""


class AmbiguousNameError(ExpansionError):
    """A short name that fits several prompts."""

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        """Say that `name` fits each of `candidates`."""
        super().__init__(f"{name!r} could be {' or '.join(candidates)}. Write one of these paths.")
        self.name, self.candidates = name, tuple(candidates)


class PromptSyntaxError(ExpansionError):
    """A template that its engine refuses, or that fails while it runs."""

    def __init__(self, reason: str, span: "Span | None" = None) -> None:
        """Say what is wrong at `span` of the text."""
        super().__init__(reason)
        self.reason, self.span = reason, span


class InclusionCycleError(ExpansionError):
    """A prompt that includes itself, directly or through others."""

    def __init__(self, chain: Sequence[str]) -> None:
        """Say how the prompts of `chain` lead back to the first of them."""
        super().__init__(f"These prompts include each other in a circle: {_shorten(chain)}.")
        self.chain = tuple(chain)


def _shorten(chain: Sequence[str], most: int = 12) -> str:
    links = list(chain)
    if len(links) > most:
        half = most // 2
        links = [*links[:half], f"… {len(links) - most} more …", *links[-half:]]
    return " -> ".join(links)


class MissingVariableError(ExpansionError):
    """Variables that nobody gave and that have no default."""

    def __init__(self, names: Sequence[str]) -> None:
        """Name what is missing, and show the place that needs the first."""
        names = tuple(names)
        needs = f"variable {names[0]}" if len(names) == 1 else f"variables {', '.join(names)}"
        give = ", ".join(f"{name}=…" for name in names)
        super().__init__(f"No value was given for the {needs}. Give {give}.")
        self.names = names


class MissingColumnError(MissingVariableError):
    """Variables that rows are to fill, and that no column, no shared value and no default is there for."""

    def __init__(self, names: Sequence[str], columns: Sequence[str], suggestions: Sequence[str] = ()) -> None:
        """Name what is missing and what `columns` there are; `suggestions` are those that may have been meant."""
        super().__init__(names)
        needs = f"the variable {names[0]}" if len(names) == 1 else f"the variables {', '.join(names)}"
        has = f"The columns are {', '.join(columns[:_MOST_COLUMNS])}" if columns else "There are no columns"
        more = ", …" if len(columns) > _MOST_COLUMNS else ""
        give = ", ".join(f"{name}=…" for name in names)
        self.args = (
            (
                f"There is no column and no value for {needs}. {has}{more}.{_did_you_mean(suggestions)}"
                f" Rename a column, or give {give} for all rows."
            ),
        )
        self.columns, self.suggestions = tuple(columns), tuple(suggestions)


_MOST_COLUMNS = 20


class InvalidVariableError(ExpansionError):
    """A value that does not fit what the prompt declares."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        """Say why `value` cannot fill `name`."""
        super().__init__(f"{name}={_shown(value)} does not fit: {reason}.")
        self.name, self.value, self.reason = name, value, reason


class ExpansionTooLargeError(ExpansionError):
    """An expansion refused before it was built, because of its size."""

    def __init__(self, limit: str, allowed: int, size: int) -> None:
        """Say which `limit` (its setting's name) allows how many, and how many there would be."""
        super().__init__(
            f"This would expand to {_count(size)} {_UNITS.get(limit, limit)}, and the limit is {allowed:,}. "
            f"Include less, or raise it with limits=Limits({limit}=…)."
        )
        self.limit, self.allowed, self.size = limit, allowed, size


_UNITS = {"characters": "characters", "inclusions": "inclusions", "depth": "levels"}
_EXACT_UP_TO = 10**9


def _count(number: int) -> str:
    return f"{number:,}" if number < _EXACT_UP_TO else f"{number:.1e}" if number < 10**300 else "over 1e300"


class BadRowsError(ExpansionError):
    """Not one of the rows can be filled in."""

    def __init__(self, prompt: str, count: int, problems: Sequence[str]) -> None:
        """Say that all `count` rows are bad; `problems` are sentences on the first of them."""
        rows = "The only row is" if count == 1 else f"All {count:,} rows are"
        super().__init__(f"{rows} bad, so nothing was made of {prompt}: {' '.join(problems)}")
        self.prompt, self.count, self.problems = prompt, count, tuple(problems)


class ConflictError(PromptKernelError):
    """Somebody else changed the same lines since the writer last looked; nothing was saved, no text is lost."""

    def __init__(self, path: str, *, base: str, theirs: str, mine: str, version: int, author: str = "") -> None:
        """Hold the common `base`, `theirs` (the stored head, `version`) and `mine` (the text that was to be saved)."""
        who = f" by {author}" if author else ""
        super().__init__(
            f"{path} was changed{who} to version {version} in the same lines. Nothing was saved; "
            f"merge both texts and save again with expected={version}."
        )
        self.path, self.base, self.theirs, self.mine, self.version = path, base, theirs, mine, version
        self.author = author


class DivergedError(PromptKernelError):
    """What should be a copy says something else than what it was copied from; nothing of it was overwritten."""

    def __init__(self, where: str, reason: str) -> None:
        """Say how `where`, a prompt or a store, differs."""
        super().__init__(f"{where} is no earlier copy: {reason}. Nothing of it was changed.")
        self.where, self.reason = where, reason


class ReferencedError(PromptKernelError):
    """Other prompts include what is to be deleted."""

    def __init__(self, path: str, referrers: Sequence[str]) -> None:
        """Name the `referrers` of `path`."""
        super().__init__(
            f"{path} is included by {', '.join(referrers)}. Change these first, or delete it with force=True."
        )
        self.path, self.referrers = path, tuple(referrers)


class DirectoryNotEmptyError(PromptKernelError):
    """There are prompts in the directory that is to be removed."""

    def __init__(self, path: str, prompts: Sequence[str]) -> None:
        """Name the `prompts` in the directory `path`."""
        shown = ", ".join(prompts[:_MOST_NAMED]) + (", …" if len(prompts) > _MOST_NAMED else "")
        super().__init__(f"The directory {path} holds {_of(prompts)}: {shown}. Move or delete these first.")
        self.path, self.prompts = path, tuple(prompts)


_MOST_NAMED = 5


def _of(prompts: Sequence[str]) -> str:
    return "1 prompt" if len(prompts) == 1 else f"{len(prompts)} prompts"


class ImportFileError(PromptKernelError):
    """Files that cannot be imported; nothing at all was imported."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """List every file (its path, with a line where one is known) with what is wrong with it."""
        count = "1 file" if len(problems) == 1 else f"{len(problems)} files"
        lines = "".join(f"\n  {name}: {reason}" for name, reason in problems.items())
        super().__init__(f"Nothing was imported, because {count} cannot be read:{lines}")
        self.problems = dict(problems)


class ExportFileError(PromptKernelError):
    """Files that cannot be written; every file that is there is whole, either the old one or the new one."""

    def __init__(self, folder: str, problems: Mapping[str, str]) -> None:
        """List every file (its name in `folder`) with what is wrong with it."""
        count = "1 file" if len(problems) == 1 else f"{len(problems)} files"
        lines = "".join(f"\n  {name}: {reason}" for name, reason in problems.items())
        super().__init__(f"The export to {folder} has stopped, because {count} cannot be written:{lines}")
        self.folder, self.problems = folder, dict(problems)


class LockFileError(PromptKernelError):
    """A lock that cannot be read or written, or that freezes what the store has not got."""

    def __init__(self, lock: str, reason: str) -> None:
        """Say what is wrong with the file `lock`, and what to do."""
        super().__init__(f"{lock} cannot be used: {reason}.")
        self.lock, self.reason = lock, reason


class SyncError(PromptKernelError):
    """A linked folder that cannot be synced; nothing was changed on either side."""

    def __init__(self, what: str, reason: str) -> None:
        """Say why `what`, a folder or a directory, was left alone, and what to do."""
        super().__init__(f"{what} was not synced: {reason}.")
        self.what, self.reason = what, reason


class StoreError(PromptKernelError):
    """The database itself is the problem."""


class StoreUnavailableError(StoreError):
    """The database cannot be opened, read or written just now."""

    def __init__(self, url: str, reason: str) -> None:
        """Say what is wrong with the store at `url`."""
        super().__init__(f"The store {url} cannot be used: {reason}.")
        self.url, self.reason = url, reason


class SchemaTooNewError(StoreError):
    """A newer prompt_kernel wrote this database."""

    def __init__(self, url: str, found: int, known: int) -> None:
        """Say which schema was `found` and which is the newest `known` here."""
        super().__init__(
            f"The store {url} has schema {found}, this version knows up to {known}. It was opened for reading only; "
            "upgrade with: pip install --upgrade prompt-kernel"
        )
        self.url, self.found, self.known = url, found, known


class ReadOnlyStoreError(StoreError):
    """The store was opened for reading only."""

    def __init__(self, url: str, reason: str) -> None:
        """Say why the store at `url` takes no changes."""
        super().__init__(f"The store {url} is open for reading only: {reason}. Nothing was changed.")
        self.url, self.reason = url, reason


class RemoteStoreError(StoreError):
    """What only whoever has the store can do, and no client of its server."""

    def __init__(self, url: str, what: str) -> None:
        """Say that `what` is not done through the server at `url`."""
        super().__init__(f"{what} is done where the store is, and {url} is a server: run it there.")
        self.url, self.what = url, what


class DamagedTextError(StoreError):
    """A stored text that does not match its hash."""

    def __init__(self, path: str, version: int) -> None:
        """Name the damaged version."""
        super().__init__(
            f"The stored text of {path}@{version} does not match its SHA-256: the file was damaged. "
            "Run `prompt-kernel doctor`, and restore a backup or another version."
        )
        self.path, self.version = path, version


class AccessDeniedError(PromptKernelError):
    """Whoever asks may not do that."""

    def __init__(self, reason: str) -> None:
        """Say in a sentence what is not allowed, and what to do."""
        super().__init__(reason)
        self.reason = reason


class InvalidRequestError(PromptKernelError):
    """A request that the server cannot make sense of."""

    def __init__(self, reason: str) -> None:
        """Say in a sentence what is wrong with it."""
        super().__init__(reason)
        self.reason = reason


class InvalidFrameError(PromptKernelError):
    """What was given as rows, and cannot be read as such."""

    def __init__(self, reason: str) -> None:
        """Say in a sentence what is wrong with it, and what to give instead."""
        super().__init__(reason)
        self.reason = reason


class TokenizerError(PromptKernelError):
    """A tokenizer that is not there, or cannot be had just now."""

    def __init__(self, name: str, reason: str) -> None:
        """Say why the tokenizer `name` cannot be used."""
        super().__init__(f"The tokenizer {name} cannot be used: {reason}.")
        self.name, self.reason = name, reason


class ModelError(PromptKernelError):
    """A model gave no answer.

    `http_status` is that of the response, None where there was none. `may_pass` tells that the same may work in a
    while, and `retry_after` in how many seconds, where the server says so; `for_all` that any other call would be
    refused as well.
    """

    def __init__(
        self,
        model: str,
        reason: str,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
        may_pass: bool = False,
        for_all: bool = False,
    ) -> None:
        """Say that `model` has not answered because of `reason`."""
        super().__init__(f"{model} gave no answer: {reason}.")
        self.model, self.reason, self.http_status = model, reason, http_status
        self.retry_after, self.may_pass, self.for_all = retry_after, may_pass, for_all


class MissingExtraError(PromptKernelError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        """Say that `what` needs the `extra`."""
        super().__init__(f'{what} needs an optional part. Install it with: pip install "prompt-kernel[{extra}]"')
        self.extra = extra
