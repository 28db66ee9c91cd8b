"""Writing a lock: from what this process has used, or from prompts as they are now."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from prompt_kernel import uses
from prompt_kernel.errors import (
    DamagedTextError,
    LockFileError,
    NotFoundError,
    PromptKernelError,
    PromptNotFoundError,
)
from prompt_kernel.expansion import Manifest
from prompt_kernel.locations import shown
from prompt_kernel.lock._file import Builder, Lock, declares, resolved
from prompt_kernel.lock._verify import drifts
from prompt_kernel.records import Frozen
from prompt_kernel.replacing import alone
from prompt_kernel.uses import Use, Uses, name_key

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_MOST_NAMED: Final = 5


class _Found(NamedTuple):
    """What a name is frozen as: entries of a manifest."""

    name: str
    manifest: Manifest
    entries: tuple[int, ...]


def freeze(
    store: "Store",
    used: Uses,
    file: str | os.PathLike[str],
    paths: Iterable[str] | None = None,
    *,
    prune: bool = False,
) -> Frozen:
    """Write what was used, or `paths` as they are now, into the lock `file`; see `Store.freeze`."""
    where = resolved(file)
    with alone(where.parent, LockFileError(str(file), "somebody has been writing there for a minute; try again")):
        return _freeze(store, used, where, paths, prune=prune)


def _freeze(store: "Store", used: Uses, where: Path, paths: Iterable[str] | None, *, prune: bool) -> Frozen:
    before = Lock.read(where) if where.exists() else Lock(file=where)
    notes: list[str] = []
    with uses.aside():
        if paths is None:
            found = _of_uses(store, used, where, notes)
        else:
            found = [_now(store, path) for path in ([paths] if isinstance(paths, str) else paths)]
            notes += _about_other_versions(used, found)
        new = _built(store, found, where, notes)
        after = new if prune else before.with_names(new)
        report = _report(before, new, after)
        if paths is None:
            drift = drifts(store, new.only((*report.added, *report.changed)))
            report = replace(report, drift=tuple(drift))
            notes += _about_kept(report.kept)
    after.write()
    return replace(report, notes=tuple(notes))


def _of_uses(store: "Store", used: Uses, file: Path, notes: list[str]) -> list[_Found]:
    if not used:
        reason = "nothing was expanded here yet, so that there is nothing to freeze; run the notebook, or name prompts"
        raise LockFileError(str(file), reason)
    notes += _about_unsaved(used.unsaved)
    notes += _about_others(used)
    found = []
    for use in used.last:
        if use.manifest is not None:
            found.append(_as_used(use, use.manifest()))
            continue
        try:
            found.append(_now(store, use.exactly)._replace(name=use.name))
        except PromptKernelError as error:
            notes.append(f"{use.name} was used here, and cannot be frozen: {error}")
    return found


def _as_used(use: Use, manifest: Manifest) -> _Found:
    entries = (0,) if use.inclusion is None else manifest.entries[0].includes[use.inclusion]
    return _Found(use.name, manifest, entries or ())


def _about_unsaved(paths: Sequence[str]) -> list[str]:
    return [
        f"{path} was last expanded with a text that is not saved (a draft), which no lock can hold: save it, run the "
        "cell again, and freeze again."
        for path in paths
    ]


def _about_others(used: Uses) -> list[str]:
    return [
        f"Prompts of {shown(other.url)} were used here too; a lock is of one store, so freeze these there."
        for other in uses.others(used)
    ]


def _about_other_versions(used: Uses, found: Sequence[_Found]) -> list[str]:
    """Say what was used here otherwise than it is frozen: its results are of another text."""
    known = {name_key(use.name): _as_used(use, use.manifest()) for use in used.last if use.manifest is not None}
    return [
        f"{name} was used here as it was before; the lock has it as it is now, so run its cells again."
        for name, manifest, entries in found
        if (before := known.get(name_key(name))) is not None
        and _parts(before.manifest, before.entries) != _parts(manifest, entries)
    ]


def _parts(manifest: Manifest, entries: Sequence[int]) -> list[Manifest]:
    """Return what stands at each of `entries` as a manifest of its own."""
    builder = Builder()
    declared = {(entry.uid, entry.version or 0): "" for entry in manifest.entries}
    keys = [builder.add_manifest(manifest, declared, at) for at in entries]
    lock = builder.lock({}, Path())
    return [lock.manifest(key) for key in keys]


def _now(store: "Store", path: str) -> _Found:
    """Return a prompt, or what a glob means, as the store has it now."""
    if "*" in path:
        manifest = store.compile_text(f"[[{path}]]").manifest
        includes = manifest.entries[0].includes
        if len(includes) != 1:
            raise PromptNotFoundError(path)
        return _Found(path, manifest, includes[0] or ())
    return _Found(path, store.compile(path).manifest, (0,))


def _built(store: "Store", found: Sequence[_Found], file: Path, notes: list[str]) -> Lock:
    """Return the lock of what was found; what the store has not got cannot be frozen, and is noted."""
    builder = Builder()
    names: dict[str, tuple[str, ...]] = {}
    for name, manifest, entries in sorted(found, key=lambda each: (name_key(each.name), each.name)):
        try:
            declared = _declared(store, manifest)
        except (NotFoundError, DamagedTextError) as error:
            notes.append(f"{name} was used here, and cannot be frozen: {error}")
            continue
        names[name] = tuple(builder.add_manifest(manifest, declared, at) for at in entries)
    if not names:
        raise LockFileError(str(file), f"there is nothing to freeze. {' '.join(notes)}".rstrip(". "))
    return builder.lock(names, file)


def _declared(store: "Store", manifest: Manifest) -> Mapping[tuple[str, int], str]:
    """Return what each version declares, as the store has it: whatever is frozen must be there."""
    flat = [
        entry._replace(includes=(None,) * len(entry.includes))
        for entry in manifest.entries
        if entry.version is not None
    ]
    texts = store.compile_manifest(Manifest(tuple(flat))).texts
    return {(entry.uid, entry.version or 0): declares(text) for entry, text in zip(flat, texts, strict=True)}


def _report(before: Lock, new: Lock, after: Lock) -> Frozen:
    known = {name_key(name): name for name in before.names}
    added: list[str] = []
    changed: list[str] = []
    unchanged: list[str] = []
    for name in new.names:
        old = known.get(name_key(name))
        if old is None:
            added.append(name)
        else:
            (unchanged if _same(before, old, new, name) else changed).append(name)
    left = [name for name in before.names if name_key(name) not in set(map(name_key, new.names))]
    kept = tuple(name for name in left if name in after.names)
    dropped = tuple(name for name in left if name not in after.names)
    counts = tuple(added), tuple(changed), tuple(unchanged), kept, dropped
    return Frozen(str(after.file), len(after.prompts), *counts)


def _about_kept(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    stays = "was not used here, and stays as it was" if len(names) == 1 else "were not used here, and stay as they were"
    listed = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
    return [f"{listed} {stays}, because another notebook may need it; prune takes such names out."]


def _same(before: Lock, old: str, after: Lock, new: str) -> bool:
    one, other = ([lock.manifest(key) for key in lock.names[name]] for lock, name in ((before, old), (after, new)))
    return one == other
