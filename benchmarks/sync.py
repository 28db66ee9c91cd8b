"""A linked folder beside a bare look at it: first, unchanged again, and with a few files changed."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Final

from store import Stores
from timing import WALL, Contender, Work

from prompt_kernel.store import Store

OURS, BARE = "Prompt Kernel", "os.scandir"
_FOLDERS: Final = 100
#: So many times as much as the bare look may an unchanged folder cost.
_MOST_FOR_NOTHING: Final = 5
_OLD: Final = 1_600_000_000_123_456_789


class Linked:
    """A folder of markdown and a store that it is linked to."""

    def __init__(self, stores: Stores) -> None:
        """Build below the folder of `stores`."""
        self._stores = stores
        self.files = stores.sizes.middle

    @cached_property
    def place(self) -> Path:
        """A folder of its own."""
        return Path(tempfile.mkdtemp(dir=self._stores.folder))

    @property
    def root(self) -> Path:
        """The linked folder."""
        return self.place / "linked"

    def make(self) -> None:
        """Write the files anew."""
        shutil.rmtree(self.root, ignore_errors=True)
        for number in range(self.files):
            folder = self.root / f"d{number % _FOLDERS}"
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / f"p{number}.md"
            file.write_text(f"---\ntags: [t{number % 7}]\n---\nPrompt {number}: speak plainly.\n" * 3, "utf-8")
            os.utime(file, ns=(_OLD, _OLD))

    def look(self) -> int:
        """Look at every file, and do nothing else."""
        found, folders = 0, [str(self.root)]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        found += entry.stat(follow_symlinks=False).st_size > 0
        return found

    @cached_property
    def store(self) -> Store:
        """The store, synced once."""
        self.make()
        opened = ExitStack()
        store = opened.enter_context(Store(self.place / "linked.db", author="ana"))
        self._stores.at_the_end(opened.close)
        store.add_directory("linked", source=str(self.root))
        store.sync("linked")
        return store

    def change(self, version: int) -> None:
        """Change one file of a hundred."""
        for number in range(0, self.files, 100):
            file = self.root / f"d{number % _FOLDERS}" / f"p{number}.md"
            file.write_text(f"Prompt {number}, version {version}.\n", "utf-8")
            os.utime(file, ns=(_OLD + version, _OLD + version))


def works(stores: Stores) -> Iterator[tuple[str, Callable[[], Work]]]:
    """Give each work's name and how to set it up."""
    linked = Linked(stores)
    yield "sync-first", lambda: _first(linked)
    yield "sync-unchanged", lambda: _unchanged(linked)
    yield "sync-changed", lambda: _changed(linked)


def _first(linked: Linked) -> Work:
    numbers = count()

    def sync() -> int:
        with Store(linked.place / f"first-{next(numbers)}.db", author="ana") as store:
            store.add_directory("linked", source=str(linked.root))
            return len(store.sync("linked").pulled)

    def read() -> int:
        return sum(bool(file.read_bytes()) for file in linked.root.rglob("*.md"))

    title = f"sync a folder of {linked.files:,} files for the first time"
    contenders = [Contender(OURS, sync, linked.make), Contender("read all", read, linked.make)]
    return Work("sync-first", title, "read all", None, contenders, WALL)


def _unchanged(linked: Linked) -> Work:
    store = linked.store
    title = f"sync {linked.files:,} files of which none has changed"
    contenders = [
        Contender(OURS, lambda: store.sync("linked").unchanged),
        Contender(BARE, linked.look),
    ]
    return Work("sync-unchanged", title, BARE, _MOST_FOR_NOTHING, contenders, WALL)


def _changed(linked: Linked) -> Work:
    store, versions = linked.store, count(1)

    def settle() -> None:
        store.sync("linked")
        linked.change(next(versions))

    def read() -> int:
        found = (linked.root / f"d{number % _FOLDERS}" / f"p{number}.md" for number in range(0, linked.files, 100))
        return linked.look() and sum(bool(file.read_bytes()) for file in found)

    title = f"sync {linked.files:,} files of which 1 % has changed"
    contenders = [
        Contender(OURS, lambda: len(store.sync("linked").pulled), settle),
        Contender("look, read those", read, settle),
    ]
    return Work("sync-changed", title, "look, read those", None, contenders, WALL)
