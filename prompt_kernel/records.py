"""What a store hands out: plain values. The verbs belong to `Store`.

These are many lines for one module, because they are one list of small things.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from prompt_kernel.display import Rows, Shown
from prompt_kernel.language import Engine
from prompt_kernel.names import directory_of, name_of
from prompt_kernel.spans import Span
from prompt_kernel.variables import Declaration

if TYPE_CHECKING:
    from prompt_kernel.expansion import Expansion
    from prompt_kernel.notebook._editor_widget import Editor

#: Who writes: a notebook, the command line, plain Python, or one of the other ends.
Origin = Literal["notebook", "dashboard", "api", "mcp", "import", "cli", "python"]
ORIGINS: Final[tuple[str, ...]] = get_args(Origin)

#: Marks a field that means something in this process only: it is not compared, shown, written or sent.
_LOCAL: Final = {"local": True}


def field_names(kind: Any) -> tuple[str, ...]:
    """Return the names of the fields of a record that others can use, in order."""
    if not is_dataclass(kind):
        return tuple(kind._fields)
    return tuple(part.name for part in fields(kind) if part.metadata != _LOCAL)


@dataclass(frozen=True, slots=True)
class Prompt(Shown):
    """A named text, as one of its versions has it.

    `tags` and `description` are the prompt's own and the same for all its versions; `text`, `engine` and `variables`
    are the version's. `sha256` is the hex hash of the text in UTF-8. `uid` stays the same when the prompt is renamed.
    `merged` tells that a save brought in somebody else's change, so that the text is not quite what was handed in.
    `store_url` is where it was read, without a password: by it `edit` finds the store.
    """

    path: str
    version: int
    text: str
    description: str
    tags: tuple[str, ...]
    engine: Engine
    variables: Mapping[str, Declaration]
    labels: Mapping[str, int]
    author: str
    origin: str
    message: str
    updated_at: datetime
    sha256: str
    uid: str
    display_name: str
    enabled: bool = True
    merged: bool = False
    store_url: str = field(default="", compare=False, repr=False, metadata=_LOCAL)

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return name_of(self.path)

    @property
    def directory(self) -> str:
        """What comes before the name, "" at the top."""
        return directory_of(self.path)

    def edit(self, *, author: str | None = None, height: int = 360, read_only: bool = False) -> "Editor":
        """Return the shared editor of the live text as a widget, `height` pixels high: whoever has it open types in it.

        It is the room of the dashboard's editor, so that a notebook and a browser edit one text. What is typed is in
        the store at once; a version is made by Save, when everybody has left, or after ten quiet minutes. `author` is
        who is noted, by default the notebook's author or the one that the store was opened with.

        Raises:
            PromptKernelError: this prompt was not read from a store, or from one in memory.
            MissingExtraError: the part for notebooks, or for servers, is not installed.
        """
        from prompt_kernel.notebook.editing import edit  # noqa: PLC0415 - widgets are optional, and a record is data

        return edit(self, author=author, height=height, read_only=read_only)

    def __str__(self) -> str:
        return self.text


class Entry(NamedTuple):
    """One prompt in a list, without its text."""

    path: str
    version: int
    description: str
    tags: tuple[str, ...]
    updated_at: datetime
    author: str
    characters: int
    enabled: bool

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return name_of(self.path)

    @property
    def directory(self) -> str:
        """What comes before the name, "" at the top."""
        return directory_of(self.path)


class Hit(NamedTuple):
    """A search result: where, what it is about, and the words around the match.

    `marks` are the spans of `snippet` that matched.
    """

    path: str
    version: int
    description: str
    tags: tuple[str, ...]
    snippet: str
    marks: tuple[Span, ...]


class Suggestion(NamedTuple):
    """A prompt that the beginning of a name may mean: for completion."""

    path: str
    display_name: str
    description: str


@dataclass(frozen=True, slots=True)
class Version(Shown):
    """One immutable stored text of a prompt."""

    path: str
    number: int
    text: str
    sha256: str
    engine: Engine
    variables: Mapping[str, Declaration]
    author: str
    origin: str
    message: str
    created_at: datetime
    labels: tuple[str, ...]


class Reference(NamedTuple):
    """One inclusion that a prompt's newest version holds.

    `spelled` is what stands between the brackets before `@` and `(`; `target` is the path that it leads to, or None
    where it leads nowhere. A glob gives one reference a target.
    """

    path: str
    spelled: str
    pin: int | str | None
    target: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Directory(Shown):
    """What contains prompts and directories; `source` is the folder on disk that it is linked to, or "".

    `prompts` counts the prompts in it and below it. A disabled directory, or one inside a disabled one, resolves no
    inclusion; `enabled` is its own switch.
    """

    path: str
    description: str
    enabled: bool
    source: str
    prompts: int

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return name_of(self.path)


class Trashed(NamedTuple):
    """A deleted prompt that can be recovered. `uid` tells apart two of one path."""

    path: str
    uid: str
    version: int
    deleted_at: datetime
    deleted_by: str


class Salvaged(NamedTuple):
    """A version that was looked for in a damaged store: its text, or the `problem` that took it."""

    path: str
    version: int
    text: str
    problem: str


class Token(NamedTuple):
    """A key to a server; its secret was shown once and is nowhere kept.

    What is changed with it is noted as by `author`, where one is given, whatever the client says.
    """

    name: str
    may_write: bool
    author: str
    created_at: datetime


class Change(NamedTuple):
    """One entry of the store's log. `id` only grows; ask for what came after one."""

    id: int
    kind: str
    path: str
    version: int | None
    detail: str
    author: str
    origin: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TextDiff(Shown):
    """The difference of two texts, by lines."""

    before: str
    after: str
    before_name: str
    after_name: str

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __bool__(self) -> bool:
        return self.before != self.after

    def lines(self, context: int = 3) -> Iterator[str]:
        """Give the lines of a unified diff, `context` unchanged lines around each change.

        They come without line ends; where only these differ, a carriage return is made visible.
        """
        before, after = self.before.splitlines(), self.after.splitlines()
        if before == after:
            before, after = (text.replace("\r", "␍").split("\n") for text in (self.before, self.after))
        return difflib.unified_diff(before, after, self.before_name, self.after_name, n=context, lineterm="")


@dataclass(frozen=True, slots=True)
class Replacement(Shown):
    """What find and replace would do to one prompt: its text `before` and `after`, and how many times it matched.

    `problem` is why the text could not be saved, or "".
    """

    path: str
    version: int
    count: int
    before: str
    after: str
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.path}@{self.version}: {self.problem}" if self.problem else str(self.diff)

    @property
    def diff(self) -> TextDiff:
        """The difference of the two texts."""
        return TextDiff(self.before, self.after, f"{self.path}@{self.version}", f"{self.path} then")


@dataclass(frozen=True, slots=True)
class Replaced(Shown):
    """What find and replace did: `count` times something, in the prompts `paths`.

    `id` undoes it, also after a restart: it stands in brackets at the end of each version's message.
    """

    id: str
    paths: tuple[str, ...]
    count: int

    def __str__(self) -> str:
        if not self.paths:
            return "Nothing matched, and nothing was changed."
        times = "once" if self.count == 1 else f"{self.count:,} times"
        return f"Replaced {times} in {_many(len(self.paths), 'prompt')}; undo_replace({self.id!r}) puts it back."


@dataclass(frozen=True, slots=True)
class Impact(Shown):
    """What a change to one prompt would do to the expansion of another.

    `before` and `after` are the lenient expansions; `problem` is the first sentence that the change would newly
    break the strict one with, or "".
    """

    path: str
    before: "Expansion"
    after: "Expansion"
    problem: str = ""

    @property
    def diff(self) -> TextDiff:
        """The difference of the two expanded texts."""
        return TextDiff(str(self.before), str(self.after), f"{self.path} now", f"{self.path} then")


@dataclass(frozen=True, slots=True)
class Finding(Shown):
    """Something that `check` or `doctor` has to say."""

    severity: Literal["error", "warning", "info"]
    code: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.path}: {self.message}" if self.path else f"{self.severity}: {self.message}"


class Loss(NamedTuple):
    """What a conversion between formats could not carry: a file or a path, and one sentence about it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class ImportReport(Shown):
    """What an import did: the paths by what became of them.

    `format` is what the source was read as, "" where that went without saying; `losses` is what it could not bring.
    """

    source: str
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    format: str = ""
    losses: tuple[Loss, ...] = ()

    def __str__(self) -> str:
        parts = [f"{len(self.created)} created", f"{len(self.updated)} updated", f"{len(self.unchanged)} unchanged"]
        if self.skipped:
            parts.append(f"{len(self.skipped)} skipped")
        return f"Imported {self.source}{_as(self.format)}: {', '.join(parts)}.{_not_carried(self.losses)}"


@dataclass(frozen=True, slots=True)
class ExportReport(Shown):
    """What an export wrote: file names relative to `folder`; `lost` is what a damaged store could not give.

    `format` is what was written, "" where that went without saying; `losses` is what it could not say.
    """

    folder: str
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    format: str = ""
    losses: tuple[Loss, ...] = ()

    def __str__(self) -> str:
        counts = f"{len(self.written)} written, {len(self.unchanged)} unchanged"
        counts += f", {len(self.lost)} lost" if self.lost else ""
        return f"Exported to {self.folder}{_as(self.format)}: {counts}.{_not_carried(self.losses)}"


def _as(format: str) -> str:  # noqa: A002 - the word for it
    return f" as {format}" if format else ""


def _not_carried(losses: tuple[Loss, ...]) -> str:
    if not losses:
        return ""
    return f" {'1 thing' if len(losses) == 1 else f'{len(losses):,} things'} could not be carried over."


@dataclass(frozen=True, slots=True)
class SyncReport(Shown):
    """What a sync did with a directory and its linked folder: the paths of prompts by what became of them.

    `pulled` took what their files said, `pushed` were written to their files, in `merged` both had changed. Of
    `conflicts` the store's text stands, and what the file said is kept as another prompt and file, whose path is given.
    `deleted` are gone on both sides now; `recovered` were deleted on one side and changed on the other, so they stay.
    `renamed` gives the new path. `skipped` says why something was left as it is, by file or path.
    """

    directory: str = ""
    folder: str = ""
    pulled: tuple[str, ...] = ()
    pushed: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    conflicts: Mapping[str, str] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    unchanged: int = 0
    skipped: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = [
            f"{len(paths):,} {what}"
            for what, paths in (
                ("pulled", self.pulled), ("pushed", self.pushed), ("merged", self.merged),
                ("deleted", self.deleted), ("recovered", self.recovered), ("renamed", self.renamed),
                ("in conflict", self.conflicts), ("skipped", self.skipped),
            )
            if paths
        ]  # fmt: skip
        done = ", ".join([*counts, f"{self.unchanged:,} unchanged"])
        what = f"{self.directory or 'The store'} with {self.folder}" if self.folder else "the linked directories"
        return f"Synced {what}: {done}."

    @property
    def changed(self) -> bool:
        """Whether anything is other than before, on either side."""
        return bool(
            self.pulled or self.pushed or self.merged or self.conflicts or self.deleted or self.recovered
            or self.renamed
        )  # fmt: skip

    @property
    def remarks(self) -> tuple[str, ...]:
        """What somebody should look at, a sentence each: the conflicts, and what was skipped."""
        kept = [
            f"{path} was changed on both sides in the same place: "
            f"the store's text stands, the file's is kept as {copy}."
            for path, copy in self.conflicts.items()
        ]
        return (*kept, *(f"Skipped {name}: {reason}" for name, reason in self.skipped.items()))


@dataclass(frozen=True, slots=True)
class Drift(Shown):
    """One way in which a store differs from what a lock has frozen.

    `path` and `version` are what is frozen, `now` what stands in its place, as `path@version`, "" where nothing does.
    `names` are the names of the lock that it changes. `diff` has both texts, where there are two.
    """

    kind: Literal["changed", "label moved", "elsewhere", "renamed", "deleted", "purged", "replaced", "broken"]
    path: str
    version: int
    now: str
    message: str
    names: tuple[str, ...]
    diff: TextDiff | None = None

    def __str__(self) -> str:
        return f"{self.path}@{self.version}: {self.kind}: {self.message} (in {', '.join(self.names)})"


@dataclass(frozen=True, slots=True)
class Frozen(Shown):
    """What a lock says now, and what was done to it: names that were added, changed, or said so before.

    `kept` are names that were not used here and stay as they were, `dropped` those that were taken out. `notes` are
    sentences that whoever relies on the lock has to know; `drift` is how the store already differs from what was used.
    """

    file: str
    prompts: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()

    def __str__(self) -> str:
        counts = [
            f"{len(names):,} {what}"
            for what, names in (
                ("new", self.added), ("changed", self.changed), ("as before", self.unchanged),
                ("kept as they were", self.kept), ("dropped", self.dropped),
            )
            if names
        ]  # fmt: skip
        total = len(self.added) + len(self.changed) + len(self.unchanged) + len(self.kept)
        held = f"{_many(total, 'name')}, {_many(self.prompts, 'prompt')}"
        return "\n".join([f"{self.file} holds {held}: {', '.join(counts)}.", *self.remarks])

    @property
    def remarks(self) -> tuple[str, ...]:
        """What somebody should look at, a sentence each."""
        return (*self.notes, *(f"The store has moved on since this was used: {drift}." for drift in self.drift))


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt that is to be saved with others in one transaction; what is None stays as it is.

    `layout` is for importers: how the file was laid out, so that an export can write it back byte for byte.
    """

    path: str
    text: str
    description: str | None = None
    tags: tuple[str, ...] | None = None
    engine: Engine | None = None
    variables: Mapping[str, Any] | None = None
    layout: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Summary(Shown):
    """The store at a glance: counts, and where and how it is kept."""

    url: str
    prompts: int
    versions: int
    directories: int
    labels: int
    trashed: int
    characters: int
    schema: int
    journal: str
    read_only: str = ""

    def __str__(self) -> str:
        held = f"{_many(self.prompts, 'prompt')} in {_many(self.directories, 'directory')}"
        counts = f"{held}, {_many(self.versions, 'version')}"
        kept = f"{_many(self.labels, 'label')}, {self.trashed:,} in the trash, {_many(self.characters, 'character')}"
        return f"{self.url}\n{counts}, {kept}" + (f"\nread only: {self.read_only}" if self.read_only else "")


def _many(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{count:,} {noun}s"


__all__ = [
    "ORIGINS", "Change", "Directory", "Draft", "Drift", "Entry", "ExportReport", "Finding", "Frozen", "Hit",
    "Impact", "ImportReport", "Loss", "Origin", "Prompt", "Reference", "Replaced", "Replacement", "Rows", "Salvaged",
    "Suggestion", "Summary", "SyncReport", "TextDiff", "Token", "Trashed", "Version", "field_names",
]  # fmt: skip
