"""Which file is which prompt: the pairs, what one side alone has, and what was renamed on disk."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from prompt_kernel.files._document import decode
from prompt_kernel.files._import import ENDING
from prompt_kernel.files._sync_world import World
from prompt_kernel.files._yaml import Fault
from prompt_kernel.names import key_of, name_of
from prompt_kernel.store.links import Head, Link

#: A file that shares so much of its lines with one that is gone is that one under another name.
_ALIKE: Final = 0.5
#: So many pairs of a file that is gone and a new one are looked at, before it counts as two different things.
_MOST_PAIRS: Final = 2_500


class Pair(NamedTuple):
    """A file and a prompt that belong together, of which one or both may have changed; no link: they never met."""

    name: str
    link: Link | None
    head: Head


class Gone(NamedTuple):
    """A prompt whose file is gone."""

    link: Link
    head: Head


class Renamed(NamedTuple):
    """A prompt whose file has another name now."""

    link: Link
    head: Head
    name: str


class Work(NamedTuple):
    """What there is to do: all but what is unchanged.

    `fresh` are files without a prompt, by name and path, `unwritten` prompts without a file, `orphans` what is
    remembered of prompts that are no more in the directory, `respelled` those whose file differs in case or look alone;
    `skipped` says why a file is none of these.
    """

    pairs: list[Pair]
    fresh: dict[str, str]
    unwritten: list[Head]
    gone: list[Gone]
    orphans: list[Link]
    respelled: list[Renamed]
    skipped: dict[str, str]
    unchanged: int


def sort(world: World) -> Work:
    """Compare what is remembered with both sides; nothing is read."""
    work = Work([], {}, [], [], [], [], {}, 0)
    unchanged = 0
    files, heads = world.listing.files, world.heads
    start = len(world.linked.path) + 1
    for name, link in _one_each(world):
        head = heads.get(link.prompt_id)
        if head is None:
            work.orphans.append(link)
        elif (stamp := files.get(name)) is None:
            if not world.listing.is_unseen(name):
                work.gone.append(Gone(link, head))
        elif (
            stamp == (link.size, link.modified)
            and (head.version, head.metadata) == (link.version, link.metadata)
            and head.path[start:] == name[: -len(ENDING)]
        ):
            unchanged += 1
        else:
            work.pairs.append(Pair(name, link, head))
    _sort_new(world, work)
    return work._replace(unchanged=unchanged)


def _one_each(world: World) -> Iterable[tuple[str, Link]]:
    """Give what is remembered, one link a prompt: a sync that ended in the middle of a move has left two."""
    links = world.links
    if len({link.prompt_id for link in links.values()}) == len(links):
        return links.items()
    best: dict[int, Link] = {}
    for link in links.values():
        other = best.get(link.prompt_id)
        if other is None or other.file not in world.listing.files:
            best[link.prompt_id] = link
    kept = {link.file: link for link in best.values()}
    world.forget(*(links.keys() - kept.keys()))
    return kept.items()


def _sort_new(world: World, work: Work) -> None:
    by_key: dict[str, Head] = {}
    linked = {link.prompt_id: name for name, link in world.links.items()}
    fresh = sorted(world.listing.files.keys() - world.links.keys())
    if fresh:
        by_key = {key_of(head.path): head for head in world.heads.values()}
    gone = {found.head.id: found for found in work.gone}
    met: dict[str, str] = {}
    for name in fresh:
        try:
            path = world.path_of(name)
        except Fault as fault:
            work.skipped[world.shown(name)] = fault.reason
            continue
        other = met.setdefault(key_of(path), name)
        head = by_key.get(key_of(path))
        if head is not None and head.id in linked and head.id not in gone:
            other = linked[head.id]
        if other != name:
            work.skipped[world.shown(name)] = f"this would be the same prompt as {other}"
        elif head is None:
            work.fresh[name] = path
        elif head.id in gone:
            work.respelled.append(Renamed(gone[head.id].link, head, name))
        else:
            work.pairs.append(Pair(name, None, head))
    settled = {found.head.id for found in work.respelled}
    work.gone[:] = [found for found in work.gone if found.head.id not in settled]
    _sort_unwritten(world, work, linked)


def _sort_unwritten(world: World, work: Work, linked: Mapping[int, str]) -> None:
    if len(linked) == len(world.heads) and linked.keys() == world.heads.keys():
        return
    paired = {pair.head.id for pair in work.pairs}
    for head in world.heads.values():
        if head.id not in linked and head.id not in paired and not world.listing.is_unseen(world.file_of(head.path)):
            work.unwritten.append(head)


# What was renamed on disk


def renamed(world: World, work: Work) -> list[Renamed]:
    """Find the files that have another name now: the same content, or most of its lines, as `git` finds them."""
    found = list(work.respelled)
    gone, fresh = list(work.gone), dict(work.fresh)
    if not (gone and fresh):
        return found
    texts = dict(_texts(world, fresh))
    found += _by_content(gone, texts)
    taken, settled = {match.name for match in found}, {match.head.id for match in found}
    left = [one for one in gone if one.head.id not in settled]
    return [*found, *_by_likeness(world, left, {name: text for name, text in texts.items() if name not in taken})]


class _Text(NamedTuple):
    sha256: str
    text: str


def _texts(world: World, names: Iterable[str]) -> Iterator[tuple[str, _Text]]:
    for name in names:
        with suppress(Fault):  # it is read again, and told of, when it is its turn
            content = world.folder.read(name)
            yield name, _Text(content.sha256, decode(content.data).text)


def _by_content(gone: list[Gone], texts: Mapping[str, _Text]) -> list[Renamed]:
    found: list[Renamed] = []
    free: dict[str, list[str]] = {}
    for name, text in texts.items():
        free.setdefault(text.sha256, []).append(name)
    for link, head in sorted(gone):
        names = free.get(link.sha256, [])
        # Of several that are the same, the one that was moved only; and an empty file is like any other.
        best = next((name for name in names if name_of(name) == name_of(link.file)), None)
        best = best or next((name for name in names if texts[name].text.strip()), None)
        if best is not None:
            names.remove(best)
            found.append(Renamed(link, head, best))
    return found


def _by_likeness(world: World, gone: list[Gone], texts: Mapping[str, _Text]) -> list[Renamed]:
    if len(gone) * len(texts) > _MOST_PAIRS:
        return []
    scored: list[tuple[float, Gone, str]] = []
    for one in gone:
        before = ""
        with suppress(LookupError):
            before = world.store.get(one.head.path, version=one.link.version).text
        scored += [(_likeness(before, text.text), one, name) for name, text in texts.items()]
    found: list[Renamed] = []
    for score, one, name in sorted(scored, reverse=True):
        met = any(match.name == name or match.head == one.head for match in found)
        if score > _ALIKE and not met:
            found.append(Renamed(one.link, one.head, name))
    return found


def _likeness(before: str, after: str) -> float:
    """Return the share of the longer text that the lines have which both hold."""
    common = Counter(before.splitlines()) & Counter(after.splitlines())
    same = sum(len(line) * count for line, count in common.items())
    longer = max(sum(map(len, text.splitlines())) for text in (before, after))
    return same / longer if longer else 0.0
