"""What is gone on one side goes on the other, unless that has changed since: an edit wins over a deletion."""

from prompt_kernel.files._sync_content import settle, write_new
from prompt_kernel.files._sync_match import Gone, Pair
from prompt_kernel.files._sync_world import NEVER, World
from prompt_kernel.files._yaml import Fault
from prompt_kernel.names import key_of
from prompt_kernel.store.links import Head, Link

#: The hash of no file: this one is gone, and its prompt lies in the trash for that. Should it come back, so does the
#: prompt, with its history: a folder under version control shows now these files and now others.
_GONE = ""


# The file is gone


def without_files(world: World, gone: list[Gone], *, delete: bool) -> None:
    """Put the prompts whose files are gone into the trash; write those files again whose prompts have changed."""
    doomed: list[Gone] = []
    for one in gone:
        link, head = one
        with world.skipping(link.file):
            if link.sha256 == _GONE or (head.version, head.metadata) != (link.version, link.metadata):
                name = world.file_of(head.path, like=link.file)
                layout = world.store.layouts([head.path]).get(head.path, {})
                if name != link.file:
                    world.forget(link.file)
                world.done.recovered.append(write_new(world, name, head, layout).path)
            elif world.folder.stamp(link.file) is None:  # an editor that replaces a file is quick, but not that quick
                doomed.append(one)
    _delete(world, doomed, delete=delete)


def _delete(world: World, doomed: list[Gone], *, delete: bool) -> None:
    kept = {} if delete else _included(world, doomed)
    for one in doomed:
        link, head = one
        if head.path in kept:
            world.skip(
                link.file,
                f"the file was deleted, but {', '.join(kept[head.path])} includes {head.path}, so that is kept; change"
                " these, or sync with delete=True",
            )
            continue
        with world.skipping(link.file), world.store.together():
            if world.prompt(head).version != head.version:
                raise Fault("somebody changed the prompt meanwhile; it is looked at again in the next sync")
            world.store.delete(head.path, force=True)
            world.remember_now(link._replace(sha256=_GONE, size=NEVER, modified=NEVER))
            world.done.deleted.append(head.path)


def _included(world: World, doomed: list[Gone]) -> dict[str, list[str]]:
    """Return which of the prompts others include that stay, and which these are."""
    referrers = {one.head.path: {found.path for found in world.store.referrers(one.head.path)} for one in doomed}
    kept: dict[str, list[str]] = {}
    while True:
        going = referrers.keys() - kept.keys()
        blocked = {path: sorted(referrers[path] - going) for path in going if referrers[path] - going}
        if not blocked:
            return kept
        kept |= blocked


# The prompt is gone


def without_prompts(world: World, orphans: list[Link]) -> None:
    """Remove the files whose prompts are gone from the directory; those that have changed bring their prompts back."""
    known = world.store.links.elsewhere({link.prompt_id for link in orphans})
    unlinked = {key_of(head.path): head for head in world.heads.values()}
    for link in orphans:
        with world.skipping(link.file):
            if link.prompt_id not in known:
                world.forget(link.file)  # it was purged just now
                continue
            head, in_trash = known[link.prompt_id]
            if link.file not in world.listing.files:
                if link.sha256 != _GONE and not world.listing.is_unseen(link.file):
                    world.forget(link.file)
                continue
            successor = unlinked.get(key_of(world.would_be(link.file)))
            if successor is not None:
                _hand_over(world, link, successor)
            elif in_trash:
                _bury(world, link, head)
            else:
                _follow(world, link, head)


def _hand_over(world: World, link: Link, successor: Head) -> None:
    """Give a file to the prompt that has the path now; its own lies in the trash, or elsewhere."""
    content = world.folder.read(link.file)
    world.forget(link.file)
    if content.sha256 != link.sha256:
        settle(world, Pair(link.file, None, successor))
        return
    world.folder.remove(link.file, content.stamp)
    del world.listing.files[link.file]
    layout = world.store.layouts([successor.path]).get(successor.path, {})
    world.done.pushed.append(write_new(world, link.file, successor, layout).path)


def _bury(world: World, link: Link, head: Head) -> None:
    content = world.folder.read(link.file)
    if content.sha256 == link.sha256:
        world.folder.remove(link.file, content.stamp)
        world.forget(link.file)
        world.done.deleted.append(head.path)
        return
    back = world.store.recover(head.uid)
    found = Head(head.id, head.uid, back.path, head.version, head.metadata)
    world.heads[head.id] = found
    # What it said last is the base, whatever came of the mark that the file was gone.
    settle(world, Pair(link.file, link, found))
    world.done.recovered.append(back.path)
    world.done.pulled[:] = [path for path in world.done.pulled if path != back.path]


def _follow(world: World, link: Link, head: Head) -> None:
    """Let a file go whose prompt was moved out of the directory, with what was changed in it since."""
    content = world.folder.read(link.file)
    if content.sha256 != link.sha256:
        settle(world, Pair(link.file, link, head))
    stamp = world.folder.stamp(link.file)
    if stamp is not None:
        world.folder.remove(link.file, stamp)
    world.forget(link.file)
    world.done.renamed[world.would_be(link.file) or link.file] = head.path
