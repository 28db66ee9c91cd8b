"""Where texts come from: a `Source` gives a text by its path; `Texts` is one made of a plain mapping."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from fnmatch import fnmatchcase
from typing import Protocol, runtime_checkable

from prompt_kernel.errors import AmbiguousNameError, PromptNotFoundError, VersionNotFoundError
from prompt_kernel.language import Engine, Part, parse
from prompt_kernel.names import directory_of, is_suffix, join, key_of, name_of, near
from prompt_kernel.variables import Declaration

Pin = int | str | None


class SourceText:
    """One text as a source has it, parsed when first asked for.

    `version` is None where the source knows no versions; `directory` is where its inclusions look for siblings. Two
    of them are the same prompt exactly when their `identity` is equal: that is how a cycle is recognised.
    """

    __slots__ = (
        "_parts",
        "_sha256",
        "directory",
        "engine",
        "identity",
        "is_plain",
        "path",
        "text",
        "uid",
        "variables",
        "version",
    )

    def __init__(
        self,
        path: str,
        text: str,
        version: int | None = None,
        engine: Engine = "simple",
        variables: Mapping[str, Declaration] | None = None,
        uid: str = "",
        sha256: str = "",
        directory: str | None = None,
    ) -> None:
        # What is a str only by inheritance, as an Expansion is, would not be told from a variable later.
        self.text = text if type(text) is str else str.__str__(text)
        self.path, self.version, self.engine = path, version, engine
        self.variables: Mapping[str, Declaration] = variables or _NONE_DECLARED
        self.uid = uid
        self.directory = directory_of(path) if directory is None else directory
        self.identity: tuple[str, int | None] = (uid or path, version)
        #: Whether the text stands for itself; a scan for one character is many times faster than one for two.
        self.is_plain = engine != "jinja" and "[" not in text and (engine == "plain" or "{" not in text)
        self._sha256 = sha256
        self._parts: list[Part] | None = None

    @property
    def parts(self) -> list[Part]:
        """The parts of the text under its engine."""
        if self._parts is None:
            self._parts = parse(self.text, self.engine)
        return self._parts

    @property
    def sha256(self) -> str:
        """The hex hash of the text in UTF-8."""
        if not self._sha256:
            self._sha256 = hash_of(self.text)
        return self._sha256

    @property
    def label(self) -> str:
        """What to call it in a message: its path, or that it is a free text."""
        return self.path or "text"


_NONE_DECLARED: Mapping[str, Declaration] = {}


def hash_of(text: str) -> str:
    """Return the hex SHA-256 of `text` in UTF-8; a lone surrogate, which no store holds, counts as its own bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@runtime_checkable
class Source(Protocol):
    """Anything that gives a text by path.

    `revision` changes whenever the answer to any question may have changed; what was resolved is remembered for as
    long as it stays equal.
    """

    @property
    def revision(self) -> object:
        """A value that stays equal while nothing changed."""

    def find(self, name: str, pin: Pin, directory: str) -> SourceText:
        """Return what `[[name]]` means in a prompt of `directory`: an exact path, a sibling, or a display name.

        Raises:
            PromptNotFoundError: nothing has that name.
            VersionNotFoundError: the prompt has no such version or label.
            AmbiguousNameError: several prompts end in that name.
        """

    def match(self, pattern: str, pin: Pin, directory: str) -> list[SourceText]:
        """Return the prompts that `[[pattern]]` means, ordered by path; the last segment holds the `*`."""

    def root(self, name: str, pin: Pin) -> SourceText:
        """Return the text that a caller names, which may be one that no inclusion finds."""


class Texts(MutableMapping[str, str]):
    """A source made of a mapping from paths to texts; `path@3` or `path@label` holds a pinned one.

    It behaves like a dict of strings. Assign through it, not to the mapping that it was made from, which is copied.
    """

    def __init__(self, texts: Mapping[str, str | SourceText]) -> None:
        """Take over `texts`; a `SourceText` as a value gives a prompt its engine and variables."""
        self._texts = {path: _as_source_text(path, text) for path, text in texts.items()}
        self._revision = 0
        self._by_name: dict[str, dict[str, list[str]]] | None = None

    @property
    def revision(self) -> int:
        """How often something was assigned or deleted."""
        return self._revision

    def __getitem__(self, path: str) -> str:
        return self._texts[path].text

    def __setitem__(self, path: str, text: str | SourceText) -> None:
        self._texts[path] = _as_source_text(path, text)
        self._changed()

    def __delitem__(self, path: str) -> None:
        del self._texts[path]
        self._changed()

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def _changed(self) -> None:
        self._revision += 1
        self._by_name = None

    def find(self, name: str, pin: Pin, directory: str) -> SourceText:
        """Return what `[[name]]` means in a prompt of `directory`; see `Source.find`."""
        if pin is None and name in self._texts:
            return self._texts[name]
        path = self._resolve(name, pin, directory)
        if pin is None:
            return self._texts[path]
        pinned = self._texts.get(f"{path}@{pin}")
        if pinned is None:
            prefix = f"{path}@"
            known = [known.removeprefix(prefix) for known in self if known.startswith(prefix)]
            raise VersionNotFoundError(path, pin, known)
        return pinned

    def match(self, pattern: str, pin: Pin, directory: str) -> list[SourceText]:
        """Return the prompts that `[[pattern]]` means; see `Source.match`."""
        paths = [path for path in self if "@" not in path]
        return [self.find(path, pin, "") for path in matching(pattern, directory, paths)]

    def root(self, name: str, pin: Pin) -> SourceText:
        """Return the text that a caller names."""
        return self.find(name, pin, "")

    def _resolve(self, name: str, pin: Pin, directory: str) -> str:
        if self._by_name is None:
            self._by_name = _by_name(self)
        spelled = self._by_name.get(key_of(name_of(name)), {})
        if pin is None:
            spelled = {key: [path for path in paths if path in self._texts] for key, paths in spelled.items()}
        paths = {key: paths[0] for key, paths in spelled.items() if paths}
        found = choose(name, directory, paths)
        if found is None:
            raise PromptNotFoundError(name, near(name, [path for path in self if "@" not in path]))
        if len(spelled[found]) > 1:
            raise AmbiguousNameError(name, sorted(spelled[found]))
        return paths[found]


def _by_name(texts: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return by the key of each name the paths that end in it: the key of a path, and how it is spelled, pins aside."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for text in texts:
        path = text.partition("@")[0]
        spelled = found[key_of(name_of(path))].setdefault(key_of(path), [])
        if path not in spelled:
            spelled.append(path)
    return found


def _as_source_text(path: str, text: str | SourceText) -> SourceText:
    if isinstance(text, SourceText):
        return text
    if "@" not in path:
        return SourceText(path, text, uid=path)
    base, _, pin = path.partition("@")
    return SourceText(base, text, int(pin) if pin.isascii() and pin.isdigit() else None, uid=path)


def choose(name: str, directory: str, paths: Mapping[str, str]) -> str | None:
    """Return the key that `name` means in `directory`, out of `paths` (key to path) of the same last segment.

    First an exact path, then a sibling, then the only path that ends in `name`; None where nothing does.

    Raises:
        AmbiguousNameError: several paths end in it.
    """
    key = key_of(name)
    if key in paths:
        return key
    sibling = key_of(join(directory, name))
    if sibling in paths:
        return sibling
    fitting = [path for path in paths if is_suffix(key, path)]
    if len(fitting) > 1:
        raise AmbiguousNameError(name, sorted(paths[path] for path in fitting))
    return fitting[0] if fitting else None


def matching(pattern: str, directory: str, paths: list[str]) -> list[str]:
    """Return those of `paths` that the glob `pattern` means in `directory`, in order.

    Its directory is exact, or if nothing is there, below `directory`; `*` stands for anything but a slash.
    """
    for base in (directory_of(pattern), join(directory, directory_of(pattern))):
        folder, wanted = key_of(base), key_of(name_of(pattern))
        found = [
            path
            for path in paths
            if key_of(directory_of(path)) == folder and fnmatchcase(key_of(name_of(path)), wanted)
        ]
        if found:
            return sorted(found, key=key_of)
    return []
