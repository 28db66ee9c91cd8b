"""What comes out of an expansion: the text that knows where it is from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

from prompt_kernel.display import Shown
from prompt_kernel.spans import Span

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What an expansion may grow to: characters of output, inclusions resolved, levels of inclusion.

    `arguments` is how many different ones may reach one text through the inclusions above it.
    """

    characters: int = 2_000_000
    inclusions: int = 10_000
    depth: int = 10_000
    arguments: int = 100


DEFAULT_LIMITS = Limits()


class Piece(NamedTuple):
    """A run of expanded text, and where it came from.

    `span` is where it stands in the expansion, `source` the characters of the prompt's text that made it. `path` is
    "" for a free text. `variable` is set where the text is a variable's value.
    """

    text: str
    path: str
    version: int | None
    span: Span
    source: Span
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what, where, and through which inclusions it was reached.

    `chain` are the paths from the expanded prompt to the one that the finding is in; `line` counts from 1; `excerpt`
    is that line with carets under the span.
    """

    severity: Severity
    code: str
    message: str
    path: str
    version: int | None
    span: Span
    chain: tuple[str, ...]
    line: int
    excerpt: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}{self.excerpt}"


class ManifestEntry(NamedTuple):
    """One text that an expansion used.

    `includes` has an item for each inclusion of the text, in order: the numbers of the entries that stand there, or
    None where the inclusion was kept as text. `text` is the text itself where no store holds it, else None.
    """

    path: str
    version: int | None
    uid: str
    sha256: str
    includes: tuple[tuple[int, ...] | None, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest(Shown):
    """The exact versions that an expansion used, the expanded text itself first.

    It is enough to expand again byte for byte, whatever has been saved, renamed or relabelled since.
    """

    entries: tuple[ManifestEntry, ...]

    def __str__(self) -> str:
        return "\n".join(f"{entry.sha256[:12]}  {_name(entry)}" for entry in self.entries)

    def as_data(self) -> dict[str, Any]:
        """Return the manifest as plain data for JSON; `from_data` is the inverse."""
        return {"entries": [entry._asdict() for entry in self.entries]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_data` gave, also after a trip through JSON."""
        return cls(tuple(_entry(entry) for entry in data["entries"]))


def _entry(data: Mapping[str, Any]) -> ManifestEntry:
    includes = tuple(None if targets is None else tuple(targets) for targets in data["includes"])
    return ManifestEntry(**{**data, "includes": includes})


def _name(entry: ManifestEntry) -> str:
    return f"{entry.path or 'text'}@{entry.version}" if entry.version else entry.path or "text"


@dataclass(slots=True)
class Details:
    """What an expansion knows besides its text; pieces and manifest are made when first asked for."""

    path: str = ""
    version: int | None = None
    variables: dict[str, object] = field(default_factory=dict)
    defaults: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()
    make_pieces: Callable[[], tuple[Piece, ...]] | None = None
    make_manifest: Callable[[], Manifest] | None = None
    pieces: tuple[Piece, ...] | None = None
    manifest: Manifest | None = None


class Expansion(str, Shown):  # noqa: SLOT000 - it carries its details
    """An expanded text: a plain string to everybody, that knows the origin of each of its characters."""

    _details: Details

    def __new__(cls, text: str = "", details: Details | None = None) -> Self:
        """Make an expansion of `text`; without details it is all one piece of free text."""
        self = super().__new__(cls, text)
        self._details = details or Details()
        return self

    @property
    def path(self) -> str:
        """The path of the prompt that was expanded, "" for a free text."""
        return self._details.path

    @property
    def version(self) -> int | None:
        """The version of the prompt that was expanded."""
        return self._details.version

    @property
    def variables(self) -> dict[str, object]:
        """The value of every variable that was used, by name, in order of first use."""
        return dict(self._details.variables)

    @property
    def defaults(self) -> frozenset[str]:
        """The variables that nobody gave, so that their default was used."""
        return self._details.defaults

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is worth knowing: warnings, and under `strict=False` what could not be expanded."""
        return self._details.diagnostics

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The runs of text by origin, in order and without a gap."""
        details = self._details
        if details.pieces is None:
            whole = Span(0, len(self))
            alone = (Piece(str(self), details.path, details.version, whole, whole),) if self else ()
            details.pieces = details.make_pieces() if details.make_pieces else alone
        return details.pieces

    @property
    def manifest(self) -> Manifest:
        """The exact versions that this text was made of."""
        details = self._details
        if details.manifest is None:
            details.manifest = details.make_manifest() if details.make_manifest else Manifest(())
        return details.manifest

    def __str__(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return str.__repr__(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - IPython's signature
        """Show the raw text in a terminal."""
        printer.text("…" if cycle else str.__str__(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by value, details included."""
        details = self._details
        values = (details.path, details.version, details.variables, details.defaults, details.diagnostics)
        return _restore, (str.__str__(self), values, self.pieces, self.manifest)

    def __deepcopy__(self, memo: object) -> Self:
        return self


def _restore(text: str, values: tuple[Any, ...], pieces: tuple[Piece, ...], manifest: Manifest) -> Expansion:
    path, version, variables, defaults, diagnostics = values
    details = Details(path, version, variables, defaults, diagnostics, pieces=pieces, manifest=manifest)
    return Expansion(text, details)
