"""Folders on disk, as far as a browser may reach them: what lies in the home folder and in the current one.

A dashboard can be opened to other machines; nobody there is to look around on this disk. Hidden folders are left out.
"""

import os
from pathlib import Path
from typing import Final

from prompt_kernel.errors import InvalidMetadataError

MOST_OFFERED: Final = 12
_MOST_LOOKED_AT: Final = 5_000


def roots() -> list[Path]:
    """Return the folders that may be reached, with all below them."""
    found = [Path.cwd().resolve()]
    try:
        found.insert(0, Path.home().resolve())
    except RuntimeError:
        return found
    return list(dict.fromkeys(found))


def complete(typed: str) -> list[str]:
    """Return the folders that `typed` may be the beginning of, spelled as it is, with a `/`; none if out of reach."""
    if not typed:
        return ["~/", *(f"{name}/" for name in _below(Path.cwd(), ""))][:MOST_OFFERED]
    head, slash, beginning = typed.rpartition("/")
    if typed == "~":
        return ["~/"]
    try:
        folder = _reached((head + slash) or ".")
    except InvalidMetadataError:
        return []
    return [f"{head}{slash}{name}/" for name in _below(folder, beginning)]


def check(typed: str) -> Path:
    """Return the folder that was typed.

    Raises:
        InvalidMetadataError: it is none, or out of reach.
    """
    folder = _reached(typed.strip())
    if not folder.is_dir():
        raise InvalidMetadataError("folder", f"there is no folder {typed}; look for a typing mistake")
    return folder


def _reached(typed: str) -> Path:
    if not typed or "\0" in typed or ".." in Path(typed).parts:
        raise InvalidMetadataError("folder", "write the path of a folder, without any .. in it")
    path = Path(os.path.expanduser(typed))  # noqa: PTH111 - a Path raises a RuntimeError where nobody is meant
    try:
        folder = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidMetadataError("folder", f"{typed} cannot be opened") from error
    below = [folder.relative_to(root).parts for root in roots() if folder.is_relative_to(root)]
    if not below:
        raise InvalidMetadataError(
            "folder",
            "the dashboard reaches your home folder and the folder that it was started in; "
            "use `prompt-kernel import` for another",
        )
    if all(any(part.startswith(".") for part in parts) for parts in below):
        raise InvalidMetadataError("folder", "hidden folders are left out; use `prompt-kernel import` for one of these")
    return folder


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
    return sorted(names, key=str.casefold)[:MOST_OFFERED]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        # A link could lead out of reach.
        return entry.name.isprintable() and entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
