"""Names on both sides: prompts follow files that were renamed, files follow prompts, and what is in the way moves."""

from collections import defaultdict
from typing import NamedTuple

from prompt_kernel.errors import PathTakenError
from prompt_kernel.files._import import ENDING, shown
from prompt_kernel.files._sync_disk import waiting_name
from prompt_kernel.files._sync_match import Pair, Renamed
from prompt_kernel.files._sync_world import NEVER, World
from prompt_kernel.files._yaml import Fault
from prompt_kernel.names import copy_path, is_inside, key_of
from prompt_kernel.store.links import Link


def copy_of(name: str, number: int) -> str:
    """Return the name of a conflict copy of a file: `a-conflict.md`, then `a-conflict-2.md`."""
    return copy_path(name[: -len(ENDING)], number) + name[-len(ENDING) :]


# Prompts follow files


def rename_prompts(world: World, found: list[Renamed]) -> None:
    """Give prompts the names that their files have now; folders that moved as a whole are directories that do."""
    left = [match for match in found if not _only_link(world, match)]
    for moved, group in _whole_folders(world, left).items():
        with world.skipping(moved.new):
            _rename_directory(world, moved, group)
            left = [match for match in left if match not in group]
    for match in left:
        with world.skipping(match.name):
            _rename(world, match)


def _only_link(world: World, match: Renamed) -> bool:
    """Link a prompt to its file's new name where that is all there is to do, and tell whether it was."""
    was, now = world.would_be(match.link.file), world.path_of(match.name)
    if match.head.path == was != now:
        return False
    # The prompt was renamed too, and its name counts; the file follows later, if it has another one.
    with world.store.together():
        _relink(world, match)
    if match.head.path == now:
        world.done.renamed[was or now] = now
    return True


def _relink(world: World, match: Renamed) -> None:
    """Remember the file by its new name; its content is looked at later."""
    world.forget(match.link.file)
    world.remember_now(match.link._replace(file=match.name, size=NEVER, modified=NEVER))


def _rename(world: World, match: Renamed) -> None:
    path = world.path_of(match.name)
    try:
        with world.store.together():
            world.prompt(match.head)
            world.rewritten |= set(world.store.rename(match.head.path, path))
            _relink(world, match)
    except PathTakenError:
        return  # then the one was deleted, and the other is new
    world.done.renamed[match.head.path] = path


class _Move(NamedTuple):
    """A directory's path, and the one that its folder has now."""

    old: str
    new: str


def _whole_folders(world: World, found: list[Renamed]) -> dict[_Move, list[Renamed]]:
    groups: dict[_Move, list[Renamed]] = defaultdict(list)
    for match in found:
        groups[_move_of(match.head.path, world.path_of(match.name))].append(match)
    known = {key_of(linked.path) for linked in world.store.links.directories()}
    return {
        move: group
        for move, group in groups.items()
        if move.old and move.new and len(group) > 1
        if key_of(move.new) not in known and not is_inside(move.new, move.old)
        if is_inside(move.old, world.linked.path) and is_inside(move.new, world.linked.path)
        if sum(is_inside(head.path, move.old) for head in world.heads.values()) == len(group)
        if not any(is_inside(path, move.old) for path in world.foreign)
    }


def _move_of(old: str, new: str) -> _Move:
    """Return the directories in which both paths go on in the same way."""
    before, after = old.split("/"), new.split("/")
    while len(before) > 1 and len(after) > 1 and before[-1] == after[-1]:
        before.pop()
        after.pop()
    is_same_name = len(before) <= old.count("/")
    return _Move("/".join(before), "/".join(after)) if is_same_name else _Move("", "")


def _rename_directory(world: World, move: _Move, group: list[Renamed]) -> None:
    with world.store.together():
        world.rewritten |= set(world.store.rename_directory(*move))
        for match in group:
            _relink(world, match)
    for match in group:
        world.done.renamed[match.head.path] = world.path_of(match.name)


# Files follow prompts


def move_files(world: World, pairs: list[Pair]) -> bool:
    """Give files the names that their prompts have now, and tell whether any was to be moved."""
    waiting: dict[str, _Moving] = {}
    for name, link, head in pairs:
        was = world.would_be(name)
        if link and was != head.path:
            waiting[name] = _Moving(link, was, world.file_of(head.path, like=name))
    any_waits = bool(waiting)
    while waiting:
        ready = [name for name, moving in waiting.items() if moving.target not in waiting or moving.target == name]
        if not ready:
            # They change places: one waits outside until its own is free.
            name = next(iter(waiting))
            moving = waiting.pop(name)
            with world.skipping(name):
                link = _move(world, moving.link, waiting_name(name))
                waiting[link.file] = moving._replace(link=link)
        for name in ready:
            with world.skipping(name):
                _finish(world, waiting.pop(name))
    return any_waits


class _Moving(NamedTuple):
    """A file that is to be moved to `target`; `was` is the path that it is by its name, "" for none."""

    link: Link
    was: str
    target: str


def _finish(world: World, moving: _Moving) -> None:
    _make_room(world, moving.target, moving.link.file)
    _move(world, moving.link, moving.target)
    if moving.was:
        world.done.renamed[moving.was] = world.path_of(moving.target)


def _move(world: World, link: Link, target: str) -> Link:
    """Move a file; whenever that ends, what is remembered leads to it."""
    name = link.file
    if name == target:
        return link
    if target in world.links:
        raise Fault(f"something has the name {shown(target)} already")
    moved, stamp = link._replace(file=target), world.listing.files[name]
    with world.store.together():
        world.remember_now(moved)
    try:
        world.folder.move(name, target, stamp)
    except Fault:
        world.forget(target)
        raise
    world.forget(name)
    world.listing.files[target] = world.listing.files.pop(name)
    return moved


def _make_room(world: World, target: str, name: str) -> None:
    """Move what somebody else has put where a file belongs: it stays, as a copy of another name."""
    if target == name or target not in world.listing.files or target in world.links:
        return
    number = 1
    while (copy := copy_of(target, number)) in world.listing.files or world.folder.stamp(copy):
        number += 1
    world.folder.move(target, copy, world.listing.files[target])
    world.listing.files[copy] = world.listing.files.pop(target)
    world.done.conflicts[world.path_of(target)] = world.path_of(copy)
