"""One file and its prompt brought together; where that cannot be, both texts stay, the file's under a new name."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from prompt_kernel.errors import ConflictError
from prompt_kernel.expansion import hash_of
from prompt_kernel.files._document import Document, decode
from prompt_kernel.files._frontmatter import Metadata
from prompt_kernel.files._import import shown
from prompt_kernel.files._sync_disk import Content
from prompt_kernel.files._sync_match import Pair
from prompt_kernel.files._sync_merge import (
    Clash,
    Said,
    bytes_of,
    check_faithful,
    metadata_to_save,
    said_before,
    said_by,
)
from prompt_kernel.files._sync_names import copy_of
from prompt_kernel.files._sync_world import World
from prompt_kernel.files._yaml import Fault
from prompt_kernel.names import key_of
from prompt_kernel.records import Draft, Prompt
from prompt_kernel.store.links import Head, Link

_NOTHING: Final = Metadata()


class Together(NamedTuple):
    """What a file and a prompt have become: the prompt as it is now, the file that it should be, and who changed."""

    prompt: Prompt
    data: bytes
    file_changed: bool
    prompt_changed: bool


def settle(world: World, pair: Pair) -> None:
    """Bring a file and its prompt together: what one side has changed goes to the other."""
    content, document = world.read(pair.name)
    link, head = pair.link, pair.head
    if link and (content.sha256, head.version, head.metadata) == (link.sha256, link.version, link.metadata):
        world.remember(link._replace(size=content.stamp.size, modified=content.stamp.modified), document.layout)
        world.done.unchanged += 1
        return
    try:
        became = _bring_together(world, pair, content, document)
    except (ConflictError, Clash):
        _keep_both(world, pair, content, document)
        return
    if became.data != content.data:
        push(world, pair.name, head, became.prompt, became.data, content)
    _report(world, became, is_same=became.data == content.data)


def _bring_together(world: World, pair: Pair, content: Content, document: Document) -> Together:
    """Save what the file has changed, and remember it where that is all.

    Raises:
        ConflictError, Clash: both sides have changed the same.
    """
    wanted = _wanted(world, pair, document)
    saved, before = wanted.prompt, wanted.prompt
    if wanted.text is not None or wanted.changes:
        with world.store.together():
            wanted = _wanted(world, pair, document)  # now nobody else writes
            saved, before = _save(world, pair, wanted), wanted.prompt
            if bytes_of(saved, document.layout) == content.data:
                world.remember_now(world.link(pair.name, pair.head.id, saved, content), document.layout)
    data = bytes_of(saved, document.layout)
    if data == content.data:
        world.remember(world.link(pair.name, pair.head.id, saved, content), document.layout)
    link = pair.link
    said = world.store.links.metadata_of(before)
    return Together(
        saved, data,
        file_changed=(saved.version, saved.description, saved.tags)
        != (before.version, before.description, before.tags),
        prompt_changed=link is not None and (before.version, said) != (link.version, link.metadata),
    )  # fmt: skip


class _Wanted(NamedTuple):
    """What to save over `prompt`: a text (None: it stays), made from the version `seen`, and what else changes."""

    prompt: Prompt
    text: str | None
    seen: int
    changes: Mapping[str, Any]


def _wanted(world: World, pair: Pair, document: Document) -> _Wanted:
    prompt = world.prompt(pair.head)
    base, seen = _base(world, pair, prompt, document)
    changes = metadata_to_save(base.metadata, document, said_by(prompt).metadata)
    text = None if document.text in (base.text, prompt.text) else document.text
    return _Wanted(prompt, text, seen if text is not None else prompt.version, changes)


def _save(world: World, pair: Pair, wanted: _Wanted) -> Prompt:
    prompt = wanted.prompt
    text = prompt.text if wanted.text is None else wanted.text
    message = f"from {shown(pair.name)}"
    return world.store.save(prompt.path, text, expected=wanted.seen, message=message, **wanted.changes)


def _base(world: World, pair: Pair, prompt: Prompt, document: Document) -> tuple[Said, int]:
    """Return what both sides once said, and which version that was.

    Raises:
        Clash: they never met, and say different things; an old version in a file is only a file that is behind.
    """
    if pair.link is not None:
        version = world.store.get(prompt.path, version=pair.link.version)
        return said_before(version, pair.link.metadata), version.version
    if document.text != prompt.text:
        known = {version.sha256 for version in world.store.history(prompt.path)}
        if hash_of(document.text) not in known:
            raise Clash
    return Said(document.text, _NOTHING), prompt.version


def _report(world: World, became: Together, *, is_same: bool) -> None:
    path = became.prompt.path
    if became.file_changed and (became.prompt_changed or not is_same):
        world.done.merged.append(path)
    elif became.file_changed:
        world.done.pulled.append(path)
    elif is_same:
        world.done.unchanged += 1
    else:
        world.done.pushed.append(path)


def push(world: World, name: str, head: Head, prompt: Prompt, data: bytes, seen: Content | None) -> None:
    """Make a file hold `data`, which says what the prompt does, and remember it.

    Raises:
        Fault: somebody has changed the file since, or it cannot be written.
    """
    again = decode(data)
    check_faithful(prompt, data, again)
    stamp = world.folder.write(name, data, seen.stamp if seen else None)
    world.remember(world.link(name, head.id, prompt, Content.of(data, stamp)), again.layout)


def write_new(world: World, name: str, head: Head, layout: Mapping[str, Any]) -> Prompt:
    """Write a prompt to a file that is not there yet, and return it.

    Raises:
        Fault: there is something of that name, or it cannot be written.
    """
    prompt = world.prompt(head)
    push(world, name, head, prompt, bytes_of(prompt, layout), None)
    return prompt


def adopt(world: World, found: Mapping[str, tuple[Content, Document]], message: str = "") -> list[str]:
    """Make new prompts of files, by name, and remember them, in one transaction; return their paths."""
    drafts = {name: draft_of(world, name, document) for name, (_, document) in found.items()}
    names = {key_of(draft.path): name for name, draft in drafts.items()}
    with world.store.together():
        heads = world.store.links.adopt(list(drafts.values()), world.store.author, message)
        for head in heads:
            name = names[key_of(head.path)]
            content, document = found[name]
            link = Link(name, head.id, head.version, head.metadata, content.sha256, *content.stamp)
            world.remember_now(link, document.layout)
            world.heads[head.id] = head
    return [head.path for head in heads]


def draft_of(world: World, name: str, document: Document) -> Draft:
    """Return the new prompt that a file is to be."""
    said = document.metadata
    return Draft(
        world.path_of(name), document.text, said.description, said.tags, said.engine, said.variables,
        {"file": name, **document.layout},
    )  # fmt: skip


# Conflicts


def _keep_both(world: World, pair: Pair, content: Content, document: Document) -> None:
    """Let the store's text stand on both sides, and keep the file's as a prompt and a file of another name.

    The copy comes first: wherever this ends, the next sync finds it and goes on.
    """
    prompt = world.prompt(pair.head)
    copy = _free_copy(world, pair.name, content, document)
    if world.folder.stamp(copy) is None:
        world.listing.files[copy] = world.folder.write(copy, content.data, None)
    if copy not in world.links:
        kept = Content.of(content.data, world.listing.files[copy])
        why = f"{shown(pair.name)} and version {prompt.version} of {prompt.path} changed the same lines"
        adopt(world, {copy: (kept, document)}, why)
    push(world, pair.name, pair.head, prompt, bytes_of(prompt, document.layout), content)
    world.done.conflicts[prompt.path] = world.path_of(copy)


def _free_copy(world: World, name: str, content: Content, document: Document) -> str:
    """Return a name for a copy that nothing has, or that has this copy already."""
    keys = {key_of(file): file for file in world.listing.files}
    number = 0
    while True:
        number += 1
        copy = copy_of(name, number)
        copy = keys.get(key_of(copy), copy)
        path = world.path_of(copy)
        prompt = world.store.get(path) if path in world.store else None
        is_other_prompt = prompt is not None and key_of(prompt.path) == key_of(path) and prompt.text != document.text
        if is_other_prompt or world.listing.is_unseen(copy):
            continue
        if world.folder.stamp(copy) is None or _holds(world, copy, content):
            return copy


def _holds(world: World, name: str, content: Content) -> bool:
    try:
        return world.folder.read(name).sha256 == content.sha256
    except Fault:
        return False
