"""Folders on disk, as far as whoever is connected may reach them: what lies in a few roots.

A server can be opened to other machines; nobody there is to look around on this disk. Hidden folders are left out.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from prompt_kernel.errors import InvalidMetadataError

_MOST_LOOKED_AT: Final = 5_000
_MOST_SUGGESTED: Final = 100


def home_and_here() -> list[Path]:
    """Return the home folder and the current one: what may be reached where nobody says otherwise."""
    found = [Path.cwd().resolve()]
    try:
        found.insert(0, Path.home().resolve())
    except RuntimeError:
        return found
    return list(dict.fromkeys(found))


class Completed(NamedTuple):
    """A path as far as it is clear, and the names of the folders that it may go on to, each with a `/`."""

    path: str
    suggestions: list[str]


class Folders:
    """The folders in some roots, with all below them."""

    def __init__(self, roots: Iterable[Path]) -> None:
        """Let `roots` be reached."""
        self.roots = [root.resolve() for root in roots]

    def complete(self, typed: str) -> list[str]:
        """Return the folders that `typed` may be the beginning of, spelled as it is, with a `/`; none out of reach."""
        if not typed:
            here = _below(Path.cwd(), "") if self._is_reached(Path.cwd()) else []
            return [*self._home(), *(f"{name}/" for name in here)]
        if typed == "~":
            return self._home()
        head, slash, beginning = typed.rpartition("/")
        try:
            folder = self._reached((head + slash) or ".")
        except InvalidMetadataError:
            return []
        return [f"{head}{slash}{name}/" for name in _below(folder, beginning)]

    def completed(self, typed: str) -> Completed:
        """Return `typed` completed as far as all that it may be the beginning of agree, capitals or not."""
        found = self.complete(typed)
        if len(found) == 1:
            return Completed(found[0], [])
        names = [path[:-1].rpartition("/")[2] + "/" for path in found[:_MOST_SUGGESTED]]
        agreed = _agreed(found)
        return Completed(agreed if len(agreed) >= len(typed) else typed, names)

    def check(self, typed: str) -> Path:
        """Return the folder that was typed.

        Raises:
            InvalidMetadataError: it is none, or out of reach.
        """
        folder = self._reached(typed.strip())
        if not folder.is_dir():
            raise InvalidMetadataError("folder", f"there is no folder {typed}; look for a typing mistake")
        return folder

    def _home(self) -> list[str]:
        home = os.path.expanduser("~")  # noqa: PTH111 - a Path raises a RuntimeError where there is none
        return ["~/"] if self._is_reached(Path(home)) else []

    def _is_reached(self, folder: Path) -> bool:
        return any(folder.resolve().is_relative_to(root) for root in self.roots)

    def _reached(self, typed: str) -> Path:
        if not typed or "\0" in typed or ".." in Path(typed).parts:
            raise InvalidMetadataError("folder", "write the path of a folder, without any .. in it")
        path = Path(os.path.expanduser(typed))  # noqa: PTH111 - a Path raises a RuntimeError where nobody is meant
        try:
            folder = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise InvalidMetadataError("folder", f"{typed} cannot be opened") from error
        below = [folder.relative_to(root).parts for root in self.roots if folder.is_relative_to(root)]
        if not below:
            reach = " and ".join(map(str, self.roots)) or "no folder"
            raise InvalidMetadataError(
                "folder", f"the server reaches {reach}, with all below; use `prompt-kernel import` for another"
            )
        if all(any(part.startswith(".") for part in parts) for parts in below):
            raise InvalidMetadataError(
                "folder", "hidden folders are left out; use `prompt-kernel import` for one of these"
            )
        return folder


def _agreed(paths: list[str]) -> str:
    """Return what all of `paths` begin with, capitals or not, as the first spells it."""
    if not paths:
        return ""
    length = min(map(len, paths))
    same = (len({path[at].casefold() for path in paths}) == 1 for at in range(length))
    return paths[0][: next((at for at, equal in enumerate(same) if not equal), length)]


def _below(folder: Path, beginning: str) -> list[str]:
    wanted = beginning.casefold()
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(_MOST_LOOKED_AT), entries, strict=False):
                name = entry.name
                if name.casefold().startswith(wanted) and not name.startswith(".") and _is_folder(entry):
                    names.append(name)
    except (OSError, ValueError):
        return []
    return sorted(names, key=str.casefold)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        # A link could lead out of reach.
        return entry.name.isprintable() and entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
