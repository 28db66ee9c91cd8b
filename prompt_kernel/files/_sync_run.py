"""The steps of one sync, in an order in which none takes away what another still needs."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

from prompt_kernel.errors import PromptKernelError, StoreError, SyncError
from prompt_kernel.files._document import Document
from prompt_kernel.files._sync_content import adopt, settle, write_new
from prompt_kernel.files._sync_deletion import without_files, without_prompts
from prompt_kernel.files._sync_disk import Content
from prompt_kernel.files._sync_match import Pair, Renamed, Work, renamed, sort
from prompt_kernel.files._sync_names import move_files, rename_prompts
from prompt_kernel.files._sync_world import Progress, World
from prompt_kernel.store.links import Head

#: From so many files on, all of them gone at once is more likely a drive that is not there.
_MANY: Final = 3
#: New files are saved together, as many as fit.
_BATCH: Final = 200
_BATCH_BYTES: Final = 4_000_000
_PAGE: Final = 500


def run(
    world: World, *, delete: bool = False, progress: Progress | None = None, only: Collection[str] | None = None
) -> None:
    """Bring both sides of `world` together, or `only` the prompts of these paths.

    Raises:
        SyncError: all files are gone.
    """
    world.load()
    work = sort(world)
    if only is not None:
        for _ in _pairs(world, [pair for pair in work.pairs if pair.head.path in only]):
            pass
        return
    found = renamed(world, work)
    if not delete:
        _check_there(world, work, found)
    work = _named_alike(world, work, found)
    world.done.skipped |= work.skipped
    world.done.unchanged += work.unchanged
    done, of = work.unchanged, _size(work)
    for count in _steps(world, work, delete=delete):
        done += count
        if progress:
            progress(done, of)
    if progress and done == work.unchanged:
        progress(done, of)


def _check_there(world: World, work: Work, found: list[Renamed]) -> None:
    many = len(work.gone) >= _MANY
    if many and not (found or work.unchanged or any(pair.link for pair in work.pairs)):
        raise SyncError(
            str(world.folder.root),
            f"none of the {len(work.gone):,} files that were in it is there any more; mount the drive, or if they are"
            " really to be deleted, sync with delete=True",
        )


def _named_alike(world: World, work: Work, found: list[Renamed]) -> Work:
    """Give prompts and files each other's new names, and compare again if there were any."""
    if found:
        rename_prompts(world, found)
        world.reload()
        work = sort(world)
    return sort(world) if move_files(world, work.pairs) else work


def _size(work: Work) -> int:
    rest = (work.pairs, work.fresh, work.unwritten, work.gone, work.orphans)
    return work.unchanged + sum(map(len, rest))


def _steps(world: World, work: Work, *, delete: bool) -> Iterator[int]:
    """Do the work; give how much of it is done, again and again."""
    without_prompts(world, work.orphans)
    yield len(work.orphans)
    yield from _pairs(world, work.pairs)
    yield from _adopt(world, list(work.fresh))
    yield from _write(world, work.unwritten)
    without_files(world, work.gone, delete=delete)
    yield len(work.gone)


def _pairs(world: World, pairs: list[Pair]) -> Iterator[int]:
    for pair in pairs:
        with world.skipping(pair.name):
            settle(world, pair)
        yield 1


def _adopt(world: World, names: list[str]) -> Iterator[int]:
    batch: dict[str, tuple[Content, Document]] = {}
    size = 0
    for name in names:
        if name in world.links:  # a copy that was made meanwhile
            yield 1
            continue
        with world.skipping(name):
            batch[name] = world.read(name)
            size += len(batch[name][0].data)
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            _adopt_batch(world, batch)
            batch, size = {}, 0
        yield 1
    _adopt_batch(world, batch)


def _adopt_batch(world: World, batch: dict[str, tuple[Content, Document]]) -> None:
    try:
        world.done.pulled += adopt(world, batch)
    except StoreError:
        raise
    except PromptKernelError:
        # One of them cannot be a prompt: the others can.
        for name, found in batch.items():
            with world.skipping(name):
                world.done.pulled += adopt(world, {name: found})


def _write(world: World, heads: list[Head]) -> Iterator[int]:
    waiting = iter(heads)
    while page := list(islice(waiting, _PAGE)):
        layouts = world.store.layouts([head.path for head in page])
        linked = {link.prompt_id for link in world.links.values()}
        for head in page:
            if head.id not in linked:
                name = world.file_of(head.path)
                with world.skipping(name):
                    world.done.pushed.append(write_new(world, name, head, layouts.get(head.path, {})).path)
            yield 1
