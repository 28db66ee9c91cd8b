"""A bundle -> a store that has prompts of its own: what is missing comes in whole, and nothing is overwritten.

    the prompt is not there                     it comes with all of its versions, labels and former names
    the store has an earlier state of it        the later versions follow, as they are
    the store has a later state of it           nothing changes
    both went on differently, or another        the newest text becomes a version on top, as a save would make it;
    prompt has the path                         where it is the same text, nothing changes

Prompts are known by their uid, wherever they are now, and else by their path. Description and tags become those of the
bundle, as with any import; labels and the settings of directories stay those of the store. With `into` only the path
counts, so that what is in the store elsewhere is copied, and experiments stay behind: what they name are other prompts.

An experiment comes with all its runs where the store has none of that name; where it has the same one, and no later
round of it, it gets the runs that it lacks.
"""

import itertools
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prompt_kernel.names import join, key_of
from prompt_kernel.records import ImportReport, Loss

if TYPE_CHECKING:
    from prompt_kernel.store import Archive, Store

Record = dict[str, Any]
_MOST_PROMPTS: Final = 200
_MOST_CHARACTERS: Final = 4 * 2**20
_LEFT_OUT: Final = {
    "change": ("the log", "what happened in another store is no part of the log here ({})"),
    "favourite": ("favourites", "what people have set for themselves stays in their store ({})"),
    "opening": ("recently opened", "what people have opened stays in their store ({})"),
    "preference": ("preferences", "what people have set for themselves stays in their store ({})"),
    "experiment": ("experiments", "what they name are other prompts here ({})"),
}


class Incoming(NamedTuple):
    """A prompt of a bundle, with all of its versions."""

    prompt: Record
    versions: list[Record]

    @property
    def marks(self) -> list[tuple[str, str, Any]]:
        """What makes each version what it is."""
        return [_mark(version) for version in self.versions]


def _mark(version: Record) -> tuple[str, str, Any]:
    return version["sha256"], version["engine"], version["variables"]


def _as_copy(each: Incoming) -> Incoming:
    """Return a prompt as another one, with the same versions."""
    uid = {"uid": uuid.uuid4().hex}
    return Incoming({**each.prompt, **uid}, [{**version, **uid} for version in each.versions])


@dataclass
class Outcome:
    """What has become of the prompts so far."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def finished(self, source: str) -> ImportReport:
        """Return it as a report."""
        created, updated, unchanged = map(tuple, (self.created, self.updated, self.unchanged))
        return ImportReport(source, created, updated, unchanged, losses=tuple(self.losses))


def merge(
    store: "Store",
    records: Iterable[Record],
    *,
    into: str,
    message: str,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Bring in records; the caller has checked them, and made one transaction of it."""
    merging = _Merging(store, into, message)
    done = 0
    stream = iter(records)
    experiments: list[Record] = []
    for batch in _batches(_until_experiments(stream, experiments)):
        done += merging.take(batch)
        if progress:
            progress(done)
    more = merging.take_experiments(itertools.chain(experiments, stream))
    if more and progress:
        progress(done + more)
    outcome = merging.outcome
    # Where nothing was new, nothing was left behind.
    for kind, count in merging.left_out.items() if outcome.created or outcome.updated else ():
        where, what = _LEFT_OUT[kind]
        outcome.losses.append(Loss(where, what.format(f"{count:,}")))
    return outcome


def _until_experiments(records: Iterator[Record], first: list[Record]) -> Iterator[Record]:
    """Give records on up to the first of an experiment, which is put into `first`; what follows is of these alone."""
    for record in records:
        if record["record"] == "experiment":
            first.append(record)
            return
        yield record


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Give records together; a prompt is never parted from its versions."""
    batch: list[Record] = []
    size = prompts = 0
    for record in records:
        is_version = record["record"] == "version"
        if batch and not is_version and (size > _MOST_CHARACTERS or prompts >= _MOST_PROMPTS):
            yield batch
            batch, size, prompts = [], 0, 0
        batch.append(record)
        prompts += not is_version
        size += len(record.get("text", ""))
    if batch:
        yield batch


class _Merging:
    """One merge: where to, by whom, and what became of it."""

    def __init__(self, store: "Store", into: str, message: str) -> None:
        self._store = store.by(store.author, origin="import")
        self._archive: Archive = store.archive
        self._into, self._message = into, message
        self._directories = {key_of(known.path): known for known in store.directories()}
        self.outcome = Outcome()
        self.left_out: dict[str, int] = {}

    def take(self, batch: list[Record]) -> int:
        """Bring in some records, and return how many there were."""
        incoming: list[Incoming] = []
        directories: list[Record] = []
        for record in batch:
            kind = record["record"]
            if kind == "prompt":
                incoming.append(Incoming(self._moved(record), []))
            elif kind == "version":
                incoming[-1].versions.append(record)
            elif kind == "directory":
                directories.append(self._moved(record))
            else:
                self.left_out[kind] = self.left_out.get(kind, 0) + 1
        self._take_directories(directories)
        if incoming:
            self._take_prompts(incoming)
        return len(batch)

    def take_experiments(self, records: Iterable[Record]) -> int:
        """Bring in those experiments that can come, each with its runs; return how many records there were."""
        counted = itertools.count()
        self._archive.load(self._welcome(record for record, _ in zip(records, counted, strict=False)))
        return next(counted)

    def _welcome(self, records: Iterable[Record]) -> Iterator[Record]:
        """Give on what belongs to experiments that can come; say why others cannot."""
        held = {record["uid"]: record for record in self._archive.records(only={"experiment"})}
        names = {key_of(record["name"]): uid for uid, record in held.items()}
        comes = False
        for record in records:
            if record["record"] == "experiment":
                namesake = names.get(key_of(record["name"]), record["uid"]) != record["uid"]
                own = held.get(record["uid"], record)
                comes = not self._into and not namesake and own["round"] <= record["round"]
                if self._into:
                    self.left_out["experiment"] = self.left_out.get("experiment", 0) + 1
                elif namesake:
                    what = "there is another experiment of that name; rename it, and import again"
                    self.outcome.losses.append(Loss(record["name"], what))
            if comes:
                yield record

    def _moved(self, record: Record) -> Record:
        moved = {**record, "path": join(self._into, record["path"])}
        if "former" in record:
            moved["former"] = [join(self._into, path) for path in record["former"]]
        return moved

    def _take_directories(self, directories: list[Record]) -> None:
        for record in directories:
            known = self._directories.get(key_of(record["path"]))
            if known and (known.description, known.enabled) != (record["description"], record["enabled"]):
                self.outcome.losses.append(
                    Loss(known.path, "the directory keeps the description and switch it has here")
                )
        fresh = [record for record in directories if key_of(record["path"]) not in self._directories]
        if fresh:
            self._archive.load(fresh)

    def _take_prompts(self, incoming: list[Incoming]) -> None:
        uids = [each.prompt["uid"] for each in incoming]
        found = self._archive.find(uids, [each.prompt["path"] for each in incoming])
        by_uid = {held.record["uid"]: held for held in found}
        by_key = {key_of(held.record["path"]): held for held in found if held.record["deleted_at"] is None}
        fresh: list[Incoming] = []
        for each in incoming:
            own, there = by_uid.get(each.prompt["uid"]), by_key.get(key_of(each.prompt["path"]))
            if own and self._into and own is not there:
                own, each = None, _as_copy(each)  # noqa: PLW2901 - it is another prompt from here on
            if own and own.record["deleted_at"] is None:
                self._update(each, own)
            elif there and each.prompt["deleted_at"] is None:
                self._update(each, there)
            elif own:
                self._recover(each, own)
            else:
                fresh.append(each)
        self._create(fresh)

    # What becomes of a prompt

    def _create(self, fresh: list[Incoming]) -> None:
        former = [path for each in fresh for path in each.prompt["former"]]
        taken = self._archive.taken(former)
        for each in fresh:
            each.prompt["former"] = self._free(each.prompt, taken)
        self._load(fresh)
        for each in fresh:
            self._archive.log("created", each.prompt, each.prompt["head"], self._writer)
            if each.prompt["deleted_at"] is None:
                self.outcome.created.append(each.prompt["path"])
            else:
                self._archive.log("deleted", each.prompt, None, self._writer)

    def _free(self, prompt: Record, taken: set[str]) -> list[str]:
        """Return the former paths that mean nobody else here."""
        for path in prompt["former"]:
            if key_of(path) in taken:
                self.outcome.losses.append(Loss(prompt["path"], f"its former path {path} is another prompt's here"))
        return [path for path in prompt["former"] if key_of(path) not in taken]

    def _recover(self, each: Incoming, own: Any) -> None:
        """Take a prompt out of the trash that the bundle has, or leave it there if it is in the bundle's, too."""
        if each.prompt["deleted_at"] is not None:
            return
        path = self._store.recover(own.record["uid"], to=each.prompt["path"]).path
        held = self._archive.find([own.record["uid"]])[0]
        before = len(self.outcome.unchanged)
        self._update(each, held)
        if len(self.outcome.unchanged) > before:
            self.outcome.unchanged.pop()
            self.outcome.updated.append(path)

    def _update(self, each: Incoming, held: Any) -> None:
        """Bring a prompt that is here to what the bundle has, if that is later."""
        if each.prompt["deleted_at"] is not None:
            self.outcome.losses.append(Loss(held.record["path"], "it lies in the bundle's trash, and stays here"))
            self.outcome.unchanged.append(held.record["path"])
            return
        mine, theirs = [(*mark[:2], json.loads(mark[2])) for mark in held.marks], each.marks
        is_same = held.record["uid"] == each.prompt["uid"]
        if is_same and mine[: len(theirs)] == theirs and len(mine) > len(theirs):
            self.outcome.unchanged.append(held.record["path"])
        elif is_same and theirs[: len(mine)] == mine and len(theirs) > len(mine):
            self._go_on(each, held)
        else:
            self._save(each, held, is_same=is_same and mine == theirs)

    def _go_on(self, each: Incoming, held: Any) -> None:
        """Let the later versions of a prompt follow."""
        path, own = held.record["path"], held.record
        labels = {**each.prompt["labels"], **own["labels"]}
        self._tell_of_labels(path, each.prompt["labels"], own["labels"])
        taken = self._archive.taken(each.prompt["former"]) - set(map(key_of, own["former"])) | {key_of(path)}
        former = {key_of(old): old for old in [*self._free(each.prompt, taken), *own["former"]]}
        prompt = {**each.prompt, "path": path, "labels": labels, "former": sorted(former.values())}
        self._load([Incoming(prompt, each.versions)])
        self._archive.log("saved", prompt, prompt["head"], self._writer)
        self.outcome.updated.append(path)

    def _save(self, each: Incoming, held: Any, *, is_same: bool) -> None:
        """Save the newest text of a prompt as the newest here, unless it is that already."""
        path, newest = held.record["path"], each.versions[-1]
        saved = self._store.save(
            path, newest["text"], engine=newest["engine"], variables=newest["variables"], message=self._message,
            description=each.prompt["description"], tags=each.prompt["tags"],
        )  # fmt: skip
        added = saved.version > held.record["head"]
        described = (saved.description, list(saved.tags)) != (held.record["description"], held.record["tags"])
        (self.outcome.updated if added or described else self.outcome.unchanged).append(path)
        if is_same:
            self._label(path, each.prompt["labels"], held.record["labels"])
        elif len(each.versions) > 1 or each.prompt["labels"]:
            at = datetime.fromisoformat(newest["created_at"])
            what = f"only its newest text came, of {at:%Y-%m-%d}: its versions and labels are not those of {path} here"
            self.outcome.losses.append(Loss(path, what))

    def _label(self, path: str, labels: dict[str, int], own: dict[str, int]) -> None:
        for name, number in labels.items():
            if name not in own:
                self._store.label(path, name, version=number)
        self._tell_of_labels(path, labels, own)

    def _tell_of_labels(self, path: str, labels: dict[str, int], own: dict[str, int]) -> None:
        for name, number in labels.items():
            if own.get(name, number) != number:
                what = f"its label {name} stays at version {own[name]}; in the bundle it is at {number}"
                self.outcome.losses.append(Loss(path, what))

    def _load(self, incoming: list[Incoming]) -> None:
        self._archive.load(record for each in incoming for record in (each.prompt, *each.versions))

    @property
    def _writer(self) -> tuple[str, str, str]:
        return self._store.author, "import", self._message
