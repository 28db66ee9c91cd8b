"""One store -> another, of whatever engine: all of it, and proof that it is all."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel.errors import DivergedError, StoreUnavailableError
from prompt_kernel.locations import file_of, shown, url_of

if TYPE_CHECKING:
    from prompt_kernel.store import Archive, Store

#: What an entry of the log is known by; the rest of it goes when its prompt is purged.
_SAME: Final = ("kind", "path", "version", "author", "origin", "at")
#: What a run is known by.
_CELL: Final = ("prompt", "row", "model", "repeat", "call")


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied: how many of each kind both stores have now, and the SHA-256 of all of them in their order."""

    source: str
    target: str
    counts: Mapping[str, int]
    sha256: str
    changed: bool

    def __str__(self) -> str:
        prompts, versions = self.counts["prompts"] + self.counts["trashed"], self.counts["versions"]
        held = f"{prompts:,} {'prompt' if prompts == 1 else 'prompts'} with {versions:,} versions"
        done = "Copied" if self.changed else "Nothing to copy:"
        return f"{done} {held}; {self.target} holds the same as {self.source}, verified by SHA-256 {self.sha256[:12]}."


def copy_store(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> CopyReport:
    """Make the store at `target` the same as the one at `source`, and compare both by their hashes.

    The target is empty, or an earlier copy of the source, also one that was interrupted: then it is brought up to
    date. All versions, labels, former names, the trash, the log, experiments, live texts, and what people have set for
    themselves are copied, as they are when the copy begins; the source is only read, and others go on using it.
    Tokens, and what belongs to the linked folders of a machine, stay where they are.

    Args:
        source: a path or URL of a store.
        target: another.
        progress: called with how many records are done, and how many there are.

    Raises:
        StoreUnavailableError: one of them cannot be opened, or is a server, or both are the same.
        DivergedError: the target has something of its own, which is left as it is.
    """
    from prompt_kernel.store import Store  # noqa: PLC0415 - a store's verbs import this package

    check_different(url_of(source), url_of(target))
    with Store(source, read_only=True) as origin, Store(target) as copy, origin.archive.snapshot() as archive:
        check_earlier(archive, copy)
        counts = archive.counts(live=True)
        same = counts == copy.archive.counts(live=True)
        before = copy.archive.digest(live=True) if same else None
        total = sum(counts.values())
        told = (lambda done: progress(min(done, total), total)) if progress else None
        wanted = copy.archive.load(archive.records(live=True), mirror=True, progress=told)
        if wanted != before and copy.archive.digest(live=True) != wanted:
            raise DivergedError(shown(copy.url), "somebody else wrote to it while it was copied; copy again")
        return CopyReport(shown(origin.url), shown(copy.url), counts, wanted.sha256, wanted != before)


def check_different(source: str, target: str) -> None:
    """Check that two URLs are not of one store.

    Raises:
        StoreUnavailableError: they are.
    """
    files = file_of(source), file_of(target)
    same_file = files[0] and files[1] and files[0].exists() and files[1].exists() and files[0].samefile(files[1])
    if source == target or same_file:
        raise StoreUnavailableError(shown(target), "it cannot be copied to itself; name another store")


def check_earlier(source: "Archive", target: "Store") -> None:
    """Check that a store has nothing that `source` does not have, or has not had once.

    Raises:
        DivergedError: it has.
    """
    where, archive = shown(target.url), target.archive
    theirs = source.records(only={"change"})
    for entry in archive.records(only={"change"}):
        other = next(theirs, None)
        if other is None or any(entry[field] != other[field] for field in _SAME):
            what = f"{entry['author']} changed {entry['path']} in it ({entry['kind']}, {entry['at']})"
            raise DivergedError(where, f"{what}; copy into an empty store")
    later = [entry for entry in theirs if entry["kind"] in ("purged", "experiment")]
    purged = sum(entry["kind"] == "purged" for entry in later)
    known = {record["uid"] for record in source.records(only={"prompt"})}
    foreign = [record["path"] for record in archive.records(only={"prompt"}) if record["uid"] not in known]
    # What is in no log was brought by an earlier copy, and can have gone from the source by a purge only.
    if len(foreign) > purged:
        raise DivergedError(where, f"it has {foreign[0]}, which the other store never had; copy into an empty store")
    removed = sum(entry["kind"] == "experiment" and entry["detail"].startswith("removed ") for entry in later)
    _check_experiments(source, target, removed)
    _check_live(source, target)


def _check_experiments(source: "Archive", target: "Store", removed: int) -> None:
    """Check that nobody has run an experiment in the copy, of those that were not `removed` from the source since."""
    where, foreign = shown(target.url), 0
    theirs = _rounds(source)
    for uid, (name, round_, runs) in _rounds(target.archive).items():
        known = theirs.get(uid)
        foreign += known is None
        if known is None and foreign > removed:
            raise DivergedError(where, f"it has the experiment {name}, which the other store never had")
        if known and (round_ > known[1] or any(number > known[2].get(cell, 0) for cell, number in runs.items())):
            raise DivergedError(where, f"somebody has run the experiment {name} in it")


def _rounds(archive: "Archive") -> dict[str, tuple[str, int, dict[tuple[Any, ...], int]]]:
    """Return of each experiment, by uid, its name, its round, and the round of each of its cells."""
    found: dict[str, tuple[str, int, dict[tuple[Any, ...], int]]] = {}
    for record in archive.records(only={"experiment", "run"}):
        if record["record"] == "experiment":
            found[record["uid"]] = record["name"], record["round"], {}
        else:
            found[record["uid"]][2][tuple(record[field] for field in _CELL)] = record["round"]
    return found


def _check_live(source: "Archive", target: "Store") -> None:
    """Check that nobody has typed live into the copy; what is of the source's own document is older there."""
    unsaved = [record for record in target.archive.records(only={"live"}, live=True) if is_unsaved(record)]
    if not unsaved:
        return
    epochs = {record["uid"]: record["epoch"] for record in source.records(only={"live"}, live=True)}
    for record in unsaved:
        if epochs.get(record["uid"]) != record["epoch"]:
            path = target.archive.find([record["uid"]])[0].record["path"]
            raise DivergedError(shown(target.url), f"{path} has live text in it that is not saved; save that first")


def is_unsaved(live: Mapping[str, Any]) -> bool:
    """Tell whether a live text, as an archive has it, holds anything that is no version yet."""
    return bool(live["updates"]) or live["state"] != live["synced_state"]
