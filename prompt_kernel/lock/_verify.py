"""How a store differs from what a lock has frozen: each name is looked up again, and both ways are gone along together.

Where a version is the same, its inclusions are compared one by one. Where it is another one, its text says how, and
only the prompts that both include are compared further.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from prompt_kernel import uses
from prompt_kernel.errors import LockFileError, NotFoundError, PromptKernelError
from prompt_kernel.expansion import Manifest, ManifestEntry, Pin, SourceText, split_pin
from prompt_kernel.language import Inclusion
from prompt_kernel.lock._file import Lock, LockedPrompt, many
from prompt_kernel.lock._source import fetched
from prompt_kernel.records import Drift, Rows, TextDiff
from prompt_kernel.variables import as_data

if TYPE_CHECKING:
    from prompt_kernel.store import Store

Kind = Literal["changed", "label moved", "elsewhere", "renamed", "deleted", "purged", "replaced", "broken"]
_ORDER = {kind: number for number, kind in enumerate(get_args(Kind))}


def verify(store: "Store", lock: "str | os.PathLike[str] | Lock") -> Rows[Drift]:
    """Return how `store` differs from a lock; see `Store.verify`."""
    known = lock if isinstance(lock, Lock) else Lock.read(lock)
    with uses.aside():
        found = drifts(store, known)
    counts = f"{many(len(known.names), 'name')} and {many(len(known.prompts), 'prompt')} are as they were frozen"
    return Rows(found, title=f"What has drifted from {known.file}", empty=f"Nothing has drifted: {counts}.")


def drifts(store: "Store", lock: Lock) -> list[Drift]:
    """Return every way in which `store` differs from `lock`, by path."""
    finder = _Finder(store, lock)
    for name, keys in lock.names.items():
        finder.look(name, keys)
    return finder.found()


class _Asked(NamedTuple):
    """By what a prompt was asked for: a name of the lock, or an inclusion; and in which text."""

    spelled: str
    pin: Pin
    within: str = ""

    def __str__(self) -> str:
        return f"[[{self.spelled}]] in {self.within}" if self.within else self.spelled


class _Finder:
    def __init__(self, store: "Store", lock: Lock) -> None:
        self._store, self._lock = store, lock
        self._found: dict[tuple[Any, ...], tuple[Drift, list[str]]] = {}
        self._trash = {each.uid: each for each in store.trash()}
        self._texts: dict[str, SourceText] = {}
        self._gone: dict[str, Drift] = {}
        self._read()
        self._now: Manifest = Manifest(())
        self._name = ""

    def found(self) -> list[Drift]:
        """Return all that was found, each with the names that it changes."""
        every = [replace(drift, names=tuple(names)) for drift, names in self._found.values()]
        return sorted(every, key=lambda drift: (drift.path, drift.version, _ORDER[drift.kind], drift.now))

    def _read(self) -> None:
        """Read the frozen texts, all at once; if one of them is not to be had, one by one."""
        keys = list(self._lock.prompts)
        if self._fetch(keys) is None:
            return
        for key in keys:
            error = self._fetch([key])
            if error is not None:
                self._gone[key] = _gone(self._lock.prompts[key], error)

    def _fetch(self, keys: Sequence[str]) -> LockFileError | None:
        if not keys:
            return None
        prompts = [self._lock.prompts[key] for key in keys]
        try:
            texts = fetched(self._lock, prompts, self._store.compile_manifest)
        except LockFileError as error:
            return error
        self._texts |= dict(zip(keys, texts, strict=True))
        return None

    # One name

    def look(self, name: str, keys: Sequence[str]) -> None:
        """Compare what a name stands for now with what is frozen."""
        self._name = name
        for key in dict.fromkeys(each for root in keys for each in self._lock.reach(root)):
            self._look_after(key)
        pin = split_pin(name)[1]
        try:
            self._now, entries = self._expanded(name)
        except PromptKernelError as error:
            missing = [key for key in keys if not self._is_gone(key)]
            for key in missing:
                kind: Kind = "elsewhere" if isinstance(error, NotFoundError) else "broken"
                self._add(kind, key, "", f"{name} cannot be expanded now: {error}")
            return
        self._walk(keys, entries, _Asked(name, pin))

    def _expanded(self, name: str) -> tuple[Manifest, Sequence[int]]:
        if "*" not in name:
            return self._store.expand(name, strict=False).manifest, (0,)
        manifest = self._store.expand_text(f"[[{name}]]", strict=False).manifest
        includes = manifest.entries[0].includes
        return manifest, (includes[0] or ()) if includes else ()

    def _look_after(self, key: str) -> None:
        if key in self._gone:
            drift = self._gone[key]
            self._add(drift.kind, key, "", drift.message)
        elif self._lock.prompts[key].uid in self._trash:
            at = self._trash[self._lock.prompts[key].uid]
            by = f" by {at.deleted_by}" if at.deleted_by else ""
            self._add("deleted", key, "", f"it lies in the trash, put there{by}; by the lock it still expands")

    def _is_gone(self, key: str) -> bool:
        return key in self._gone or self._lock.prompts[key].uid in self._trash

    # Both ways together

    def _walk(self, keys: Sequence[str], entries: Sequence[int], asked: _Asked) -> None:
        waiting = list(self._pairs(keys, entries, asked))
        seen: set[tuple[str, int]] = set()
        for key, number, why in waiting:  # grows while it runs: that is the walk
            if (key, number) not in seen:
                seen.add((key, number))
                waiting += self._compare(key, number, why)

    def _pairs(self, keys: Sequence[str], entries: Sequence[int], asked: _Asked) -> Iterator[tuple[str, int, _Asked]]:
        """Give which frozen prompt is to be compared with which of now; what has no partner has drifted."""
        by_uid = {self._now.entries[number].uid: number for number in entries}
        if len(keys) == len(entries) == 1:
            yield keys[0], entries[0], asked
            return
        for key in keys:
            number = by_uid.pop(self._lock.prompts[key].uid, None)
            if number is not None:
                yield key, number, asked
            elif not self._is_gone(key):
                self._add("elsewhere", key, "", f"{asked} does not lead to it any more")
        for number in by_uid.values():
            now = _called(self._now.entries[number])
            near = keys[0] if keys else ""
            if near:
                self._add("elsewhere", near, now, f"{asked} leads to {now} as well")

    def _compare(self, key: str, number: int, asked: _Asked) -> Iterator[tuple[str, int, _Asked]]:
        frozen, now = self._lock.prompts[key], self._now.entries[number]
        called = _called(now)
        if frozen.uid != now.uid:
            self._add("elsewhere", key, called, f"{asked} leads to {called} now")
            return
        if frozen.path != now.path:
            self._add("renamed", key, called, f"it is called {now.path} now; by the lock it still goes by its old path")
        if frozen.version != now.version:
            self._changed(key, now, asked)
            yield from self._common(frozen, now, called)
        elif key in self._texts:
            yield from self._inclusions(key, now)

    def _changed(self, key: str, now: ManifestEntry, asked: _Asked) -> None:
        frozen = self._lock.prompts[key]
        diff = self._diff(frozen, key, now)
        if isinstance(asked.pin, str):
            self._add("label moved", key, _called(now), f"{asked.pin} is version {now.version} now", diff)
        else:
            self._add("changed", key, _called(now), f"it is version {now.version} now", diff)

    def _diff(self, frozen: LockedPrompt, key: str, now: ManifestEntry) -> TextDiff | None:
        old = self._texts.get(key)
        try:
            new = self._store.get(now.path, version=now.version)
        except NotFoundError:
            return None
        if old is None:
            return None
        names = (f"{frozen} (frozen)", _called(now))
        if old.text != new.text:
            return TextDiff(old.text, new.text, *names)
        return TextDiff(_settings(old.engine, old.variables), _settings(new.engine, new.variables), *names)

    def _common(self, frozen: LockedPrompt, now: ManifestEntry, within: str) -> Iterator[tuple[str, int, _Asked]]:
        by_uid = {self._now.entries[at].uid: at for some in now.includes if some for at in some}
        for key in dict.fromkeys(key for some in frozen.includes if some for key in some):
            number = by_uid.get(self._lock.prompts[key].uid)
            if number is not None:
                yield key, number, _Asked(self._lock.prompts[key].path, None, within)

    def _inclusions(self, key: str, now: ManifestEntry) -> Iterator[tuple[str, int, _Asked]]:
        frozen = self._lock.prompts[key]
        parts = (part for part in self._texts[key].parts if isinstance(part, Inclusion))
        for part, then, entries in zip(parts, frozen.includes, now.includes, strict=False):
            spelled = part.path if part.pin is None else f"{part.path}@{part.pin}"
            asked = _Asked(spelled, part.pin, str(frozen))
            if then is None and entries is not None:
                leads = ", ".join(_called(self._now.entries[at]) for at in entries)
                self._add("elsewhere", key, leads, f"{asked} led nowhere, and leads to {leads} now")
            elif then is not None and entries is None:
                for lost in [each for each in then if not self._is_gone(each)]:
                    self._add("elsewhere", lost, "", f"{asked} leads nowhere now")
            elif then is not None and entries is not None:
                yield from self._pairs(then, entries, asked)

    def _add(self, kind: Kind, key: str, now: str, message: str, diff: TextDiff | None = None) -> None:
        prompt = self._lock.prompts[key]
        drift = Drift(kind, prompt.path, prompt.version, now, message, (), diff)
        _, names = self._found.setdefault((kind, prompt.uid, prompt.version, now, message), (drift, []))
        if self._name not in names:
            names.append(self._name)


def _gone(prompt: LockedPrompt, error: LockFileError) -> Drift:
    is_purged = isinstance(error.__cause__, NotFoundError)
    kind: Kind = "purged" if is_purged else "replaced"
    why = "the store has it no more, so that the lock cannot be used" if is_purged else error.reason
    return Drift(kind, prompt.path, prompt.version, "", why, ())


def _called(entry: ManifestEntry) -> str:
    return f"{entry.path}@{entry.version}"


def _settings(engine: str, variables: Any) -> str:
    return json.dumps({"engine": engine, "variables": as_data(variables)}, indent=2, ensure_ascii=False)
