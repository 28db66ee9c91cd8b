"""A linked folder on disk: looking at it cheaply, and changing one file of it without losing what others wrote.

Whatever is changed was looked at before, and is left alone if it is not as it was then: an editor may save at any time.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Self

from prompt_kernel import replacing
from prompt_kernel.errors import SyncError
from prompt_kernel.files._import import ENDING, read_bytes, shown
from prompt_kernel.files._yaml import Fault
from prompt_kernel.names import ancestors, directory_of, join, key_of, name_of

#: Where a file waits that changes places with another; it is still a file of the folder.
WAITING: Final = ".prompt-kernel-waiting-"
#: Why a file waits for the next sync.
MEANWHILE: Final = "somebody changed this meanwhile; it is looked at again in the next sync"
BEING_WRITTEN: Final = "somebody is writing this just now; it is looked at in the next sync"


class Stamp(NamedTuple):
    """What changes when a file does: its size, and its time in nanoseconds."""

    size: int
    modified: int


class Content(NamedTuple):
    """What was read from a file."""

    data: bytes
    sha256: str
    stamp: Stamp

    @classmethod
    def of(cls, data: bytes, stamp: Stamp) -> Self:
        """Return the content that `data` is."""
        return cls(data, hashlib.sha256(data).hexdigest(), stamp)


@dataclass
class Listing:
    """What a folder holds, by names relative to it.

    `spelled` is the spelling of each folder by its key. `unseen` are names below which nobody could look, so that
    nothing can be said of what is there. `skipped` says what was left out, and why.
    """

    files: dict[str, Stamp] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)

    def is_unseen(self, name: str) -> bool:
        """Tell whether nobody could look whether there is a file `name`."""
        return bool(self.unseen) and not self.unseen.isdisjoint(["", name, *ancestors(name)])


class Folder:
    """One folder."""

    def __init__(self, root: Path) -> None:
        """Work in `root`, which is no link."""
        self.root = root
        self._touched: set[str] = set()

    def scan(self, is_foreign: Callable[[str], bool]) -> Listing:
        """Look at the folder, but for the folders in it that are `is_foreign`; temporary files that were left go.

        Raises:
            SyncError: it cannot be read.
        """
        listing = Listing()
        folders = [""]
        while folders:
            folder = folders.pop()
            listing.spelled[key_of(folder)] = folder
            try:
                with os.scandir(os.path.join(self.root, folder)) as entries:  # noqa: PTH118 - a Path for each takes longer
                    for entry in entries:
                        with suppress(FileNotFoundError):  # somebody has removed it just now
                            _sort(entry, join(folder, entry.name), listing, folders, is_foreign)
            except OSError as error:
                if not folder:
                    raise SyncError(str(self.root), f"it cannot be read: {error.strerror}") from error
                listing.unseen.add(folder)
                listing.skipped[shown(folder)] = f"this folder cannot be read: {error.strerror}"
        return listing

    def read(self, name: str) -> Content:
        """Return what is in a file.

        Raises:
            Fault: it cannot be read, or was changed meanwhile.
        """
        file = self.root / name
        with _blaming("read"):
            before = _stamp(file.lstat())
        data = read_bytes(file)
        with _blaming("read"):
            if _stamp(file.lstat()) != before:
                raise Fault(MEANWHILE)
        return Content.of(data, before)

    def stamp(self, name: str) -> Stamp | None:
        """Return how a file is now, None if there is none."""
        with _blaming("read"), suppress(FileNotFoundError, NotADirectoryError):
            return _stamp((self.root / name).lstat())
        return None

    def write(self, name: str, data: bytes, seen: Stamp | None) -> Stamp:
        """Make a file hold `data`, as a whole, if it is still as `seen`; None: there was none.

        Raises:
            Fault: it is not, or it cannot be written.
        """
        file = self.root / name
        with _blaming("written"):
            self._make_folder(directory_of(name))
            with replacing.beside(file) as temporary:
                with replacing.filling(temporary) as stream:
                    stream.write(data)
                replacing.keep_mode(file, temporary)
                stamp = _stamp(temporary.lstat())
                self._check(name, seen)
                temporary.replace(file)
        self._touched.add(directory_of(name))
        return stamp

    def move(self, old: str, new: str, seen: Stamp) -> None:
        """Give a file another name, which no other file has.

        Raises:
            Fault: it was changed meanwhile, or the name is taken, or it cannot be moved.
        """
        with _blaming("moved"):
            self._make_folder(directory_of(new))
            self._check(old, seen)
            if os.path.lexists(self.root / new) and not (self.root / old).samefile(self.root / new):
                raise Fault(f"something has the name {shown(new)} already")
            (self.root / old).rename(self.root / new)
        self._touched |= {directory_of(old), directory_of(new)}
        self._prune(directory_of(old))

    def remove(self, name: str, seen: Stamp) -> None:
        """Remove a file if it is still as `seen`, and the folders that it leaves empty.

        Raises:
            Fault: it is not, or it cannot be removed.
        """
        with _blaming("removed"):
            self._check(name, seen)
            (self.root / name).unlink()
        self._touched.add(directory_of(name))
        self._prune(directory_of(name))

    def flush(self) -> None:
        """Make what was done survive a loss of power, where the system can; each file is whole either way."""
        for folder in sorted(self._touched):
            replacing.flush(self.root / folder)
        self._touched.clear()

    def _check(self, name: str, seen: Stamp | None) -> None:
        if self.stamp(name) != seen:
            raise Fault(MEANWHILE)

    def _make_folder(self, name: str) -> None:
        folder = self.root / name
        if Path(os.path.realpath(folder)) != folder:
            raise Fault("this lies behind a link, and links are not followed")
        folder.mkdir(parents=True, exist_ok=True)

    def _prune(self, folder: str) -> None:
        while folder:
            try:
                (self.root / folder).rmdir()
            except OSError:
                return  # it is not empty
            folder = directory_of(folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other syncs of this folder on this machine waiting, where the system can lock a folder.

        Where it cannot, two syncs at once can only do the same twice: each change looks first at what is there.

        Raises:
            SyncError: the folder is not there, or another sync of it takes longer than a minute.
        """
        if not self.root.is_dir():
            there = "it is not a folder" if self.root.exists() else "it is not there"
            raise SyncError(str(self.root), f"{there}, and nothing was deleted for that; mount it, or link another one")
        late = SyncError(str(self.root), "another sync of it has been running for a minute; try again")
        with replacing.alone(self.root, late):
            yield


def _sort(
    entry: "os.DirEntry[str]", name: str, listing: Listing, folders: list[str], is_foreign: Callable[[str], bool]
) -> None:
    last = entry.name
    if last[0] == ".":
        if last.startswith(WAITING):
            listing.files[name] = _stamp(entry.stat(follow_symlinks=False))
        elif replacing.LEFT_OVER.fullmatch(last):
            Path(entry).unlink(missing_ok=True)
    elif last.lower().endswith(ENDING) and entry.is_file(follow_symlinks=False):
        found = entry.stat(follow_symlinks=False)
        listing.files[name] = Stamp(found.st_size, found.st_mtime_ns)
    elif entry.is_dir(follow_symlinks=False):
        if not is_foreign(name):
            folders.append(name)
    elif entry.is_symlink():
        listing.unseen.add(name)
        if last.lower().endswith(ENDING) or _leads_to_folder(entry):
            listing.skipped[shown(name)] = "this is a link, and links are not followed"
    elif last.lower().endswith(ENDING):
        listing.unseen.add(name)
        listing.skipped[shown(name)] = "this is no ordinary file"


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    with suppress(OSError):  # it may lead to itself
        return entry.is_dir()
    return False


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_size, found.st_mtime_ns)


@contextmanager
def _blaming(done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Fault(f"this cannot be {done}: {error.strerror}") from error


def waiting_name(name: str) -> str:
    """Return a name in the same folder where a file can wait for its own."""
    return join(directory_of(name), f"{WAITING}{secrets.token_hex(4)}-{name_of(name)[-100:]}")
