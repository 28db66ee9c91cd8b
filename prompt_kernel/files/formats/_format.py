"""What a format is: how it is recognised, how it is read into drafts, and how prompts are written in it.

A format reads everything before anything is saved, and says what is lost on the way. It never touches the store; the
exceptions, which carry more than drafts can say, are `Carrier`s: our folders of markdown and our bundle.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, runtime_checkable

from prompt_kernel.files.formats._body import Part
from prompt_kernel.language import Engine
from prompt_kernel.records import Draft, ExportReport, ImportReport, Loss, Version
from prompt_kernel.variables import Declaration

if TYPE_CHECKING:
    from prompt_kernel.store import Store

Progress = Callable[[int, int], None]


class Recognition(NamedTuple):
    """How sure a format is that something is of its kind, from 0 to 100, and what tells."""

    confidence: int
    why: str = ""


#: What a format says of what is not its own.
NO: Final = Recognition(0)


class Place(NamedTuple):
    """What a source says of a directory."""

    description: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    Several drafts of one path are its versions, the oldest first; `labels` names them by path, as in
    `{"greet": {"production": 2}}` for the second, and `messages` has what was said of each. `skipped` are files that
    were left out, with the reason.
    """

    drafts: Sequence[Draft]
    losses: Sequence[Loss] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    messages: Mapping[str, Sequence[str]] = field(default_factory=dict)
    directories: Mapping[str, Place] = field(default_factory=dict)


class Flat(NamedTuple):
    """A text with everything that it includes put in its place, as characters and holes, and what that cost.

    `variables` are what is declared of the holes.
    """

    parts: Sequence[Part]
    losses: Sequence[str] = ()
    variables: Mapping[str, Declaration] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A prompt on its way out: `name` is its path below the exported directory, the rest is its newest version's.

    `layout` is what an import noted of it. `parts` gives its text with its inclusions, by the names of what they
    include; None where one of them leads out of what is exported, or nowhere, or is more than a name. `flat` gives
    it without any. `versions` gives all of its versions, the oldest first.
    """

    name: str
    text: str
    engine: Engine
    description: str
    tags: tuple[str, ...]
    variables: Mapping[str, Declaration]
    layout: Mapping[str, Any]
    parts: Callable[[], Sequence[Part] | None]
    flat: Callable[[], Flat]
    versions: Callable[[], Sequence[Version]]


class Files(NamedTuple):
    """What is to be written: each file's bytes by its name, relative to the target, and what they could not say."""

    files: Mapping[str, bytes]
    losses: Sequence[Loss] = ()


@runtime_checkable
class Format(Protocol):
    """What every format has: the name that one types, and a title."""

    @property
    def name(self) -> str:
        """What one types."""

    @property
    def title(self) -> str:
        """What it is, for people."""

    def recognises(self, path: Path) -> Recognition:
        """Tell how sure it is that `path`, a file or a folder, is of this format; cheap, and never an error."""


@runtime_checkable
class Reader(Format, Protocol):
    """A format that can be imported."""

    def read(self, path: Path) -> Reading:
        """Read all of `path`.

        Raises:
            ImportFileError: files cannot be read, or cannot be prompts; it names all of them.
        """


@runtime_checkable
class Writer(Format, Protocol):
    """A format that can be exported; `file` is the name of its one file, "" where it is a folder of files."""

    @property
    def file(self) -> str:
        """The name of the one file, if it is one."""

    def write(self, prompts: Sequence[Outgoing]) -> Files:
        """Say what is to be written."""


@runtime_checkable
class Carrier(Format, Protocol):
    """A format that is imported and exported by itself, because it holds more than drafts can say."""

    def import_into(
        self, store: "Store", path: Path, *, into: str, message: str, progress: Progress | None
    ) -> ImportReport:
        """Import `path` into the directory `into`, all of it or nothing."""

    def export_from(self, store: "Store", target: Path, *, directory: str, progress: Progress | None) -> ExportReport:
        """Write the prompts in `directory` to `target`."""
