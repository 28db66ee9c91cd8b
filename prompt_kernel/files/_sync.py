"""A directory and the folder that it is linked to, both ways: what one side has changed goes to the other.

The base of every decision is what `store.links` remembers: how file and prompt were when they were last the same. What
both have changed is merged; where that cannot be, the store's text stands and the file's is kept beside it. Whatever is
unchanged costs no more than the look at the folder.

Each step leaves a state that the next sync understands: a file is written before it is remembered, a copy is there
before what it was copied from is overwritten, and two sides that are the same are so, however they came to be.
"""

import os
import platform
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_kernel.errors import DirectoryNotFoundError, SyncError
from prompt_kernel.files._sync_disk import Folder
from prompt_kernel.files._sync_run import run
from prompt_kernel.files._sync_world import Done, Progress, World
from prompt_kernel.names import is_inside, key_of, near
from prompt_kernel.records import SyncReport
from prompt_kernel.store.links import Linked, place_of

if TYPE_CHECKING:
    from prompt_kernel.store import Store


def sync(
    store: "Store", directory: str | None = None, *, delete: bool = False, progress: Progress | None = None
) -> SyncReport:
    """Bring a directory and its linked folder together, or all that are linked and enabled.

    A file that somebody changed becomes a new version, a prompt that somebody changed is written to its file; front
    matter, keys of others, comments, newlines and the encoding stay. What both sides changed is merged by lines. Where
    that cannot be, the store's text stands in both, and the file's is kept as a prompt and a file `name-conflict`.
    New files become prompts, and new prompts files; what is renamed or deleted on one side is so on the other, unless
    it was changed there. Nothing is lost: what is deleted lies in the trash, and old texts are versions.

    What cannot be read or written is skipped, with the reason, and does not stop the rest.

    Args:
        store: with the directory.
        directory: its path; None for all.
        delete: delete prompts whose files are gone even if others include them, or if all files of a folder are gone.
        progress: called with how many files are done, and how many there are.

    Raises:
        DirectoryNotFoundError: there is no such directory.
        SyncError: it is linked to no folder, or the folder is not there, or all files in it are gone.
    """
    store = store.by(store.author, origin="import")
    linked = store.links.directories()
    done, rewritten = Done(), set[str]()
    wanted = [_find(linked, directory)] if directory is not None else _enabled(linked)
    for one in wanted:
        try:
            rewritten |= _one(store, one, linked, done, delete=delete, progress=progress)
        except SyncError as error:
            if directory is not None:
                raise
            # A drive that is not there keeps no other folder from being synced.
            done.skipped[f"{one.path}/"] = str(error)
    _tell(store, linked, done, rewritten)
    return done.report(*(("", "") if directory is None else (wanted[0].path, os.path.realpath(wanted[0].folder))))


def _enabled(linked: Iterable[Linked]) -> list[Linked]:
    return [one for one in linked if one.folder and not _switched_off(one, linked)]


def _find(linked: list[Linked], directory: str) -> Linked:
    for one in linked:
        if key_of(one.path) == key_of(directory):
            if not one.folder:
                how = f"link one with update_directory({one.path!r}, source=…)"
                raise SyncError(one.path, f"it is linked to no folder; {how}")
            return one
    raise DirectoryNotFoundError(directory, near(directory, [one.path for one in linked]))


def _switched_off(one: Linked, linked: Iterable[Linked]) -> str:
    """Return the disabled directory that a directory is or lies in, "" if there is none."""
    outer = (other.path for other in linked if not other.enabled and is_inside(one.path, other.path))
    return one.path if not one.enabled else next(outer, "")


def _owner(path: str, linked: Iterable[Linked]) -> Linked | None:
    """Return the linked directory that a prompt belongs to: the innermost."""
    around = [one for one in linked if one.folder and is_inside(path, one.path)]
    return max(around, key=lambda one: one.path.count("/"), default=None)


def _tell(store: "Store", linked: list[Linked], done: Done, rewritten: Collection[str]) -> None:
    """Write the texts that mention a renamed prompt to their files, in whatever linked folder these are."""
    for one in _enabled(linked):
        paths = {path for path in rewritten if _owner(path, linked) == one}
        if paths:
            try:
                _one(store, one, linked, done, only=paths)
            except SyncError as error:
                done.skipped[f"{one.path}/"] = str(error)


def _one(
    store: "Store", one: Linked, linked: list[Linked], done: Done, *, delete: bool = False,
    progress: Progress | None = None, only: Collection[str] | None = None,
) -> set[str]:  # fmt: skip
    """Sync one directory, or `only` the prompts of these paths; return the paths elsewhere that were rewritten for it.

    Raises:
        SyncError: the folder is not there, or all files in it are gone.
    """
    off = _switched_off(one, linked)
    if off:
        done.skipped[f"{off}/"] = "this directory is disabled"
        return set()
    root = Path(os.path.realpath(one.folder))
    _check_alone(one, linked, root)
    inner = [other for other in linked if is_inside(other.path, one.path)]
    done.skipped |= {f"{other.path}/": "this directory is disabled" for other in inner if not other.enabled}
    foreign = {key_of(other.path) for other in inner if other.folder or not other.enabled}
    world = World(store, one, Folder(root), place_of(one.number, f"{platform.node()}:{root}"), foreign, done)
    with world.folder.locked():
        try:
            run(world, delete=delete, progress=progress, only=only)
        finally:
            world.flush()
            world.folder.flush()
    return {path for path in world.rewritten if _owner(path, linked) != one}


def _check_alone(one: Linked, linked: Iterable[Linked], root: Path) -> None:
    for other in linked:
        if other.folder and other != one and Path(os.path.realpath(other.folder)) == root:
            raise SyncError(str(root), f"{one.path} and {other.path} are both linked to it; link only one of them")
