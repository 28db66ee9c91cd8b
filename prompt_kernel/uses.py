"""What this process has expanded, by store: what a lock is written from.

A notebook turns the recording on when it loads the extension. Then each plan that is made is noted under the name that
was asked for, and the last use of a name counts; an expansion whose plan is remembered costs nothing more.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakSet

from prompt_kernel.language import Inclusion, parse
from prompt_kernel.locations import MEMORY
from prompt_kernel.names import directory_of, join, key_of, name_of

if TYPE_CHECKING:
    from prompt_kernel.expansion import Expander, Manifest, Plan


class Use(NamedTuple):
    """The last use of a name.

    `manifest` gives what was used, where that is known: all of it, or what stood at one `inclusion` of its first text.
    Otherwise `exactly` is the version that was, or the name itself.
    """

    name: str
    exactly: str
    manifest: "Callable[[], Manifest] | None" = None
    inclusion: int | None = None


def name_key(name: str) -> str:
    """Return what tells a name from others, however it is spelled: the key of its path, and its pin."""
    path, at, pin = name.partition("@")
    return f"{key_of(path)}{at}{pin}"


class Uses:
    """What was expanded of one store. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        """Begin with nothing, for the store at `url`."""
        self.url = url
        self._by_name: dict[str, Use] = {}
        self._unsaved: dict[str, str] = {}
        self._expanders: WeakSet[Expander] = WeakSet()

    def __bool__(self) -> bool:
        return bool(self._by_name or self._unsaved)

    @property
    def last(self) -> list[Use]:
        """The last use of each name."""
        return list(self._by_name.values())

    @property
    def unsaved(self) -> list[str]:
        """The prompts that were last expanded with a text that is not saved."""
        return list(self._unsaved.values())

    def watch(self, expander: "Expander") -> None:
        """Let what `expander` has planned before the recording began be noted when it is used again."""
        self._expanders.add(expander)

    def forget(self) -> None:
        """Forget every use."""
        self._by_name.clear()
        self._unsaved.clear()
        self.note_again()

    def note_again(self) -> None:
        """Let the next use of each name be noted, though its plan is known."""
        for expander in list(self._expanders):
            expander.forget()

    def note_plan(self, path: str | None, plan: "Plan") -> bool:
        """Note the use of a plan: what `expansion.Note` is."""
        if not is_noted():
            # While nothing is recorded, plans may be remembered: the recording begins with forgetting them.
            return not is_recording()
        if path is None:
            root = plan.graph.root
            numbered = enumerate(part for part in enumerate(root.source.parts) if isinstance(part[1], Inclusion))
            found = ((at, part, root.targets.get(number)) for at, (number, part) in numbered)
            included = ((at, part, nodes[0].source.path) for at, part, nodes in found if nodes)
            self._note_included(included, root.source.directory, plan.manifest)  # type: ignore[arg-type]  # inclusions
        else:
            self._note(Use(path, path, plan.manifest))
        return True

    def note(self, name: str, manifest: "Manifest | None" = None, *, exactly: str = "") -> None:
        """Note that `name` was used: what `manifest` says, or else the version that `exactly` names."""
        if is_noted():
            self._note(Use(name, exactly or name, None if manifest is None else lambda: manifest))

    def note_text(self, manifest: "Manifest", directory: str) -> None:
        """Note what a text that is not stored, the first of `manifest`, has included."""
        if is_noted():
            first = manifest.entries[0]
            inclusions = (part for part in parse(first.text or "", "simple") if isinstance(part, Inclusion))
            found = zip(inclusions, first.includes, strict=False)
            included = ((at, part, manifest.entries[to[0]].path) for at, (part, to) in enumerate(found) if to)
            self._note_included(included, directory, lambda: manifest)

    def note_unsaved(self, path: str) -> None:
        """Note that the prompt at `path` was used with a text that is not saved, which no lock can hold."""
        if is_noted():
            self._by_name.pop(name_key(path), None)
            self._unsaved[name_key(path)] = path

    def _note(self, use: Use) -> None:
        key = name_key(use.name)
        self._unsaved.pop(key, None)
        self._by_name[key] = use

    def _note_included(
        self, included: Iterable[tuple[int, Inclusion, str]], directory: str, manifest: "Callable[[], Manifest]"
    ) -> None:
        for at, inclusion, target in included:
            name = _name_from_above(inclusion, directory, target)
            self._note(Use(name, name, manifest, at))


def _name_from_above(inclusion: Inclusion, directory: str, target: str) -> str:
    """Return what an inclusion in a text of `directory` would be called in one of no directory."""
    name = inclusion.path
    if inclusion.is_glob:
        name = join(directory_of(target), name_of(name))
    elif directory and key_of(join(directory, name)) == key_of(target):
        name = target
    return f"{name}@{inclusion.pin}" if inclusion.pin else name


# The recording


_by_url: Final[dict[str, Uses]] = {}
_all: Final[WeakSet[Uses]] = WeakSet()
_recording: Final[set[str]] = set()
_aside: Final[ContextVar[bool]] = ContextVar("aside", default=False)


def of(url: str) -> Uses:
    """Return the uses of the store at `url`, which all who open it share; each store in memory has its own."""
    uses = Uses(url) if url.endswith(MEMORY) else _by_url.setdefault(url, Uses(url))
    _all.add(uses)
    return uses


def others(uses: Uses) -> list[Uses]:
    """Return the uses of other stores, of those that have any."""
    return [each for each in _all if each is not uses and each]


def forget_all() -> None:
    """Forget every use of every store."""
    for uses in list(_all):
        uses.forget()


def start() -> None:
    """Record from now on what is expanded; what has been planned before is noted when it is used again."""
    _recording.add("on")
    for uses in list(_all):
        uses.note_again()


def stop() -> None:
    """Record nothing more; what was recorded stays, for whoever loads the extension again."""
    _recording.clear()


def is_recording() -> bool:
    """Tell whether uses are recorded."""
    return bool(_recording)


def is_noted() -> bool:
    """Tell whether what is expanded just here counts as a use."""
    return bool(_recording) and not _aside.get()


@contextmanager
def aside() -> Iterator[None]:
    """Let what is expanded in a block be no use: it is looked at, and goes into no result."""
    token = _aside.set(True)
    try:
        yield
    finally:
        _aside.reset(token)
