"""A folder of markdown -> the store: read everything, speak of every problem, then save all in one transaction."""

import os
import stat
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from prompt_kernel.errors import ImportFileError, InvalidPathError
from prompt_kernel.files._document import decode
from prompt_kernel.files._yaml import Fault
from prompt_kernel.names import check_path, join, key_of
from prompt_kernel.records import Draft, ImportReport

if TYPE_CHECKING:
    from prompt_kernel.store import Store

MAX_BYTES: Final = 10 * 2**20
ENDING: Final = ".md"

#: A pipe with no writer would block, and a file that has become a link meanwhile would be followed.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def import_folder(
    store: "Store",
    folder: str | os.PathLike[str],
    *,
    into: str = "",
    progress: Callable[[int, int], None] | None = None,
    message: str = "",
) -> ImportReport:
    """Save every markdown file in `folder` and below it as a prompt, all in one transaction.

    A file's path in `folder`, without its `.md`, is the prompt's path in the directory `into`; front matter becomes
    metadata, and what follows it the text, byte for byte. A prompt that exists gets a new version if its text
    differs; metadata that a file does not mention stay as they are. Hidden files and folders are left out, links are
    not followed.

    Args:
        store: where to.
        folder: where from; `~` is the home directory.
        into: a directory of the store, "" for the top.
        progress: called with how many files are saved, and how many there are.
        message: of the new versions.

    Raises:
        ImportFileError: the folder or files in it cannot be read, or cannot be prompts; it names all of them, and
            nothing was imported.
        InvalidPathError: `into` cannot be a directory.
    """
    directory = check_path(into) if into else ""
    root = from_home(folder)
    found = scan(root)
    drafts = _drafts(root, found, directory)
    report = store.save_many(drafts, message=message, origin="import", progress=progress)
    return replace(report, source=str(root), skipped=dict(sorted(found.skipped.items())))


def from_home(folder: str | os.PathLike[str]) -> Path:
    """Return `folder` with `~` filled in where it means somebody."""
    return Path(os.path.expanduser(folder))  # noqa: PTH111 - a Path raises a RuntimeError where nobody is meant


def drafts_of(root: Path) -> tuple[list[Draft], dict[str, str]]:
    """Return what `import_folder` would save of a folder, and what it would leave out."""
    found = scan(root)
    return _drafts(root, found, ""), dict(sorted(found.skipped.items()))


def draft_of(file: Path) -> Draft:
    """Return the one markdown file `file` as a draft of its name.

    Raises:
        ImportFileError: it cannot be read, or cannot be a prompt.
    """
    return _drafts(file.parent, Found([file.name], {}, {}), "")[0]


class Found(NamedTuple):
    """What a folder holds; names are relative to it, with slashes."""

    files: list[str]
    skipped: dict[str, str]
    problems: dict[str, str]


def _is_markdown(name: str) -> bool:
    return name.lower().endswith(ENDING)


def scan(root: Path, wanted: Callable[[str], bool] = _is_markdown, *, hidden: Collection[str] = frozenset()) -> Found:
    """Look for the files whose names are `wanted` in `root` and below it, in a fixed order; links are not followed.

    Hidden files and folders are left out, but for the names in `hidden`.

    Raises:
        ImportFileError: there is no such folder.
    """
    if not root.is_dir():
        reason = "this is not a folder" if root.exists() else "there is no such folder"
        raise ImportFileError({str(root): reason})
    found = Found([], {}, {})
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".") or entry.name in hidden]
        except OSError as error:
            found.problems[shown(folder) or str(root)] = f"this folder cannot be read: {error.strerror}"
            continue
        for entry in visible:
            _sort(entry, join(folder, entry.name), found, folders, wanted)
    found.files.sort()
    return found


def _sort(
    entry: "os.DirEntry[str]", name: str, found: Found, folders: list[str], wanted: Callable[[str], bool]
) -> None:
    if entry.is_symlink():
        found.skipped[shown(name)] = "this is a link, and links are not followed"
    elif entry.is_dir():
        folders.append(name)
    elif wanted(name):
        if entry.is_file():
            found.files.append(name)
        else:
            found.skipped[shown(name)] = "this is no ordinary file"


def shown(name: str) -> str:
    """Return `name` so that it can be printed on one line, whatever bytes the disk has."""
    return name if name.isprintable() else name.encode("unicode_escape", "backslashreplace").decode()


def _drafts(root: Path, found: Found, directory: str) -> list[Draft]:
    drafts: dict[str, Draft] = {}
    problems = dict(found.problems)
    for name in found.files:
        try:
            draft = _draft(root, name, directory)
            other = drafts.setdefault(key_of(draft.path), draft)
            if other is not draft:
                problems[name] = f"this would be the same prompt as {(other.layout or {})['file']}"
        except Fault as fault:
            problems[shown(name) + (f":{fault.line}" if fault.line else "")] = fault.reason
    if problems:
        raise ImportFileError(dict(sorted(problems.items())))
    return list(drafts.values())


def _draft(root: Path, name: str, directory: str) -> Draft:
    try:
        path = check_path(join(directory, name[: -len(ENDING)]))
    except InvalidPathError as error:
        raise Fault(error.reason) from error
    text, metadata, layout = decode(read_bytes(root / name))
    check_size(len(text.encode()))  # UTF-16 may be smaller than what a store holds
    return Draft(
        path=path,
        text=text,
        description=metadata.description,
        tags=metadata.tags,
        engine=metadata.engine,
        variables=metadata.variables,
        layout={"file": name, **layout},
    )


def read_bytes(file: Path, most: int = MAX_BYTES) -> bytes:
    """Return what is in `file`, up to `most` bytes.

    Raises:
        Fault: it is no ordinary file, too large, unreadable, or was changed meanwhile.
    """
    try:
        with open(os.open(file, _OPEN_FLAGS), "rb") as stream:  # noqa: PTH123 - a Path cannot open with flags
            before = os.fstat(stream.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise Fault("this is no ordinary file")
            data = stream.read(most + 1)
            after = os.fstat(stream.fileno())
    except OSError as error:
        raise Fault(f"this cannot be read: {error.strerror}") from error
    check_size(len(data), most)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Fault("somebody changed this while it was read; import again")
    return data


def check_size(size: int, most: int = MAX_BYTES) -> None:
    """Check that what has `size` bytes is not too large.

    Raises:
        Fault: it is.
    """
    if size > most:
        raise Fault(f"this is larger than the {most // 2**20} MiB that a prompt can have")
