"""Formats with a file for each prompt: what they share, which is all but the meaning of a file."""

import json
import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from prompt_kernel.errors import ImportFileError, InvalidMetadataError
from prompt_kernel.expansion import hash_of
from prompt_kernel.files._document import read_characters, write_characters
from prompt_kernel.files._import import Found, check_size, read_bytes, scan, shown
from prompt_kernel.files._yaml import Fault
from prompt_kernel.files.formats._body import decompose
from prompt_kernel.files.formats._format import NO, Files, Flat, Outgoing, Reading, Recognition
from prompt_kernel.files.formats._naming import Paths
from prompt_kernel.language import Engine
from prompt_kernel.names import join
from prompt_kernel.records import Draft, Loss
from prompt_kernel.variables import Declaration, as_data, declare

#: Gives the path of what a file calls by a name; None where that leads nowhere.
Resolve = Callable[[str], str | None]

#: A look at a folder ends after so many entries.
_MOST_SEEN: Final = 2_000
#: Folders of tools that one imports from; all others that are hidden are left out.
HIDDEN: Final = frozenset({".claude", ".github", ".cursor"})


@dataclass(frozen=True, slots=True)
class Note:
    """What a file says, in our terms; `kept` is what only this format knows, for the way back."""

    text: str
    engine: Engine = "simple"
    description: str | None = None
    tags: tuple[str, ...] | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    losses: Sequence[str] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)


class Spelled(NamedTuple):
    """A file's characters, and what they could not say."""

    content: str
    losses: Sequence[str] = ()


def glimpse(path: Path) -> list[str]:
    """Return the names of files in a folder and below it, those nearest first, up to a number; [] for no folder."""
    files: list[str] = []
    folders, seen = deque([""]), 0
    while folders and seen < _MOST_SEEN:
        folder = folders.popleft()
        try:
            with os.scandir(path / folder) as entries:
                for entry in entries:
                    seen += 1
                    if entry.is_symlink() or (entry.name.startswith(".") and entry.name not in HIDDEN):
                        continue
                    (folders if entry.is_dir() else files).append(join(folder, entry.name))
                    if seen >= _MOST_SEEN:
                        break
        except (OSError, ValueError):  # the latter where a name holds a NUL character
            continue
    return files


class FilePerPrompt(ABC):
    """A format of which each file is a prompt."""

    name: ClassVar[str]
    title: ClassVar[str]
    file: ClassVar[str] = ""
    confidence: ClassVar[int] = 90

    @abstractmethod
    def wants(self, file: str) -> bool:
        """Tell by its name whether `file` is a prompt."""

    @abstractmethod
    def name_of(self, file: str) -> str:
        """Return what the prompt in `file` is called."""

    @abstractmethod
    def file_of(self, name: str) -> str:
        """Return the usual file for a prompt called `name`."""

    @abstractmethod
    def parse(self, content: str, resolve: Resolve) -> Note:
        """Read a file.

        Raises:
            Fault: it is malformed.
        """

    @abstractmethod
    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a file."""

    def root_of(self, file: Path) -> Path:
        """Return the folder that the name of `file`, which is imported alone, is relative to."""
        return file.parent

    def select(self, root: Path, files: Sequence[str]) -> list[str]:  # noqa: ARG002 - a format may look at the folder
        """Return those of the `files` in `root` that are prompts."""
        return [file for file in files if self.wants(file)]

    def sure(self, root: Path, files: Sequence[str]) -> list[str]:
        """Return those of the `files` in `root` that can hardly be anything else."""
        return self.select(root, files)

    def resolver(self, _paths: Mapping[str, str], _places: Mapping[str, Path]) -> Callable[[str], Resolve]:
        """Return what resolves names in a file, from the path of each file and its place on the disk."""
        return lambda _file: lambda _name: None

    def prepare(self, prompts: Sequence[Outgoing]) -> Callable[[str], str]:  # noqa: ARG002 - one format looks at them
        """Return what gives the usual file of each name among `prompts`."""
        return self.file_of

    def recognises(self, path: Path) -> Recognition:
        """Tell how sure it is that `path` is of this format."""
        root, names = (self.root_of(path), [path]) if path.is_file() else (path, [])
        files = [name.relative_to(root).as_posix() for name in names] if names else glimpse(path)
        found = self.sure(root, files)
        return Recognition(self.confidence, f"it has {found[0]}") if found else NO

    def read(self, path: Path) -> Reading:
        """Read all files of this format in `path`; see `Reader.read`."""
        root, found = self._found(path)
        files = self.select(root, found.files)
        if not files and not found.problems:
            raise ImportFileError({str(path): f"there is nothing in it that is of the format {self.name}"})
        return self._reading(root, files, found)

    def _found(self, path: Path) -> tuple[Path, Found]:
        if path.is_dir() or not path.exists():
            return path, scan(path, lambda _: True, hidden=HIDDEN)
        root = self.root_of(path)
        return root, Found([path.relative_to(root).as_posix()], {}, {})

    def _reading(
        self, root: Path, files: Collection[str], found: Found, places: Mapping[str, Path] | None = None
    ) -> Reading:
        """Read the `files`, which lie in `root` or at the `places` that are given."""
        given = Paths()
        paths = {file: given.give(self.name_of(file)) for file in files}
        places = places or {file: root / file for file in files}
        resolver = self.resolver(paths, places)
        drafts, problems = [], dict(found.problems)
        losses = [
            Loss(shown(file), f"its name cannot be a path, so that it became {path}")
            for file, path in paths.items()
            if path != self.name_of(file)
        ]
        for file, path in paths.items():
            try:
                draft, lost = self._draft(read_bytes(places[file]), file, path, resolver(file))
            except Fault as fault:
                problems[shown(file) + (f":{fault.line}" if fault.line else "")] = fault.reason
                continue
            drafts.append(draft)
            losses += [Loss(shown(file), what) for what in lost]
        if problems:
            raise ImportFileError(dict(sorted(problems.items())))
        return Reading(drafts, losses, dict(sorted(found.skipped.items())))

    def _draft(self, data: bytes, file: str, path: str, resolve: Resolve) -> tuple[Draft, Sequence[str]]:
        content, encoding = read_characters(data)
        note = self.parse(content, resolve)
        check_size(len(note.text.encode("utf-8", "surrogatepass")))
        layout = {"format": self.name, "path": path, "file": file, **encoding, **note.kept}
        back = _on_its_way_back(note, path, layout)
        if self._bytes(back, layout)[0] != data:
            layout |= {"source": content, "meaning": _meaning(back)}
        draft = Draft(path, note.text, note.description, note.tags, note.engine, note.variables, layout)
        return draft, note.losses

    def write(self, prompts: Sequence[Outgoing]) -> Files:
        """Say what is to be written; see `Writer.write`."""
        files: dict[str, bytes] = {}
        losses: list[Loss] = []
        taken, usual = Paths(), self.prepare(prompts)
        for prompt in prompts:
            kept = prompt.layout if prompt.layout.get("format") == self.name else {}
            file = self._known_file(prompt.name, kept) or usual(prompt.name)
            if file in taken:
                file = _another(usual, prompt.name, taken)
                losses.append(Loss(prompt.name, f"another prompt has its file name, so that it became {file}"))
            taken.take(file)
            files[file], lost = self._bytes(prompt, kept)
            losses += [Loss(prompt.name, what) for what in lost]
        return Files(files, losses)

    def _bytes(self, prompt: Outgoing, kept: Mapping[str, Any]) -> tuple[bytes, Sequence[str]]:
        source = kept.get("source")
        if isinstance(source, str) and kept.get("meaning") == _meaning(prompt):
            return write_characters(source, kept), ()
        content, losses = self.spell(prompt, kept)
        return write_characters(content, kept), losses

    def _known_file(self, name: str, kept: Mapping[str, Any]) -> str:
        """Return the file of a prompt that an import found it in, "" if there was none or it has moved since."""
        path, file = kept.get("path"), kept.get("file")
        if isinstance(path, str) and isinstance(file, str) and (name == path or name.endswith(f"/{path}")):
            return name[: len(name) - len(path)] + file
        return ""


def _another(usual: Callable[[str], str], name: str, taken: Paths) -> str:
    return next(file for number in count(2) if (file := usual(f"{name}-{number}")) not in taken)


def _on_its_way_back(note: Note, path: str, layout: Mapping[str, Any]) -> Outgoing:
    """Return a note that was just read as if it was exported, to see whether that gives the same file."""
    parts = decompose(note.text, note.engine)
    return Outgoing(
        path,
        note.text,
        note.engine,
        note.description or "",
        note.tags or (),
        _declared(note.variables),
        layout,
        parts=lambda: parts,
        flat=lambda: Flat(parts),
        versions=tuple,
    )


def _declared(variables: Mapping[str, Any]) -> dict[str, Declaration]:
    try:
        return declare(variables)
    except InvalidMetadataError as error:
        raise Fault(str(error).removesuffix(".")) from error


def _meaning(prompt: Outgoing) -> str:
    """Return what is equal where two prompts say the same, so that the file of one can be that of the other."""
    said = [prompt.text, prompt.engine, prompt.description, sorted(set(prompt.tags)), as_data(prompt.variables)]
    return hash_of(json.dumps(said, sort_keys=True))
