"""A store that expands what a lock has frozen, and does everything else as any store."""

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from prompt_kernel import uses
from prompt_kernel.errors import NotFoundError, PromptKernelError
from prompt_kernel.expansion import (
    DEFAULT_LIMITS,
    CompiledPrompt,
    Expander,
    Expansion,
    Limits,
    Manifest,
    SourceText,
    split_pin,
)
from prompt_kernel.locations import LOCK_FILE
from prompt_kernel.lock import _freeze, _verify
from prompt_kernel.lock._file import Lock, LockedPrompt, resolved
from prompt_kernel.lock._source import LockedSource
from prompt_kernel.records import Drift, Frozen, Prompt, Rows
from prompt_kernel.store import Store
from prompt_kernel.store.expanding import Expands


def _live(name: str) -> Callable[..., Any]:
    """Return the verb `name` of the store without the lock: it reads what it writes, or writes what it reads."""

    def verb(self: "Locked", *args: Any, **kwargs: Any) -> Any:
        return getattr(self.unlocked, name)(*args, **kwargs)

    verb.__name__ = name
    return verb


class Locked(Expands):
    """The verbs of a store that expand, by a lock: whatever has become of the prompts, they give what they gave.

    Names that are not in the lock are a `NotLockedError`. A version that is named by its number can be read, and all
    that does not expand (saving, listing, comparing …) is done in the store as it is now.
    """

    _frozen: LockedSource
    _frozen_expander: Expander
    _noted: uses.Uses
    #: What it is without the lock.
    _live_kind: ClassVar[Any]

    def _lock_to(self, lock: Lock, noted: uses.Uses) -> None:
        self._noted = noted
        self._frozen = LockedSource(lock, self._fetch, self._uid_now)
        resolve = self._frozen.resolver
        self._frozen_expander = Expander(self._frozen, resolve=resolve, note=noted.note_plan)
        noted.watch(self._frozen_expander)

    def _fetch(self, manifest: Manifest) -> CompiledPrompt:
        return self.unlocked.compile_manifest(manifest)

    def _uid_now(self, name: str) -> str:
        try:
            return self.unlocked.get(name).uid
        except PromptKernelError:
            return ""  # it is for a hint only

    @property
    def lock(self) -> Lock:
        """The lock."""
        return self._frozen.lock

    @property
    def unlocked(self) -> Store:
        """The same open store without the lock; closing one closes both."""
        other = self._live_kind.__new__(self._live_kind)
        other.__dict__.update(self.__dict__)
        return cast("Store", other)

    # What a lock changes

    def get(self, path: str, *, version: int | str | None = None) -> Prompt:
        """Return the frozen version of a prompt, or the one that is named by its number.

        Raises:
            NotLockedError: nothing of that name was frozen.
            LockFileError: the store has not got it any more.
        """
        name, pin = split_pin(path)
        pin = version if version is not None else pin
        if isinstance(pin, int):
            return self.unlocked.get(name, version=pin)
        text = self._frozen.root(name, pin)
        return _record(self.unlocked, self._frozen.prompt(text), text)

    __getitem__ = get

    def find_prompt(self, name: str) -> Prompt:
        """Return what `get` does: a lock knows names as they were written, and guesses at none."""
        return self.get(name.strip().strip("/"))

    def _expanding(self) -> Expander:
        return self._frozen_expander

    def expand_as(
        self,
        path: str,
        content: str,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        strict: bool = True,
        limits: Limits = DEFAULT_LIMITS,
        **values: object,
    ) -> Expansion:
        """Expand a prompt as if it had another text, with what that includes as it was frozen; nothing is saved."""
        given = {**variables, **values} if variables else values
        old = self._frozen.root(*split_pin(path))
        text = SourceText(old.path, content, engine=old.engine, variables=old.variables, uid=old.uid)
        self._noted.note_unsaved(old.path)
        with uses.aside():
            return self._frozen_expander.expand_text(text, given, strict=strict, limits=limits)

    # Files and the store are brought together as they are now

    sync, import_folder, import_from = _live("sync"), _live("import_folder"), _live("import_from")
    export_folder, export_to = _live("export_folder"), _live("export_to")

    # The lock itself

    def freeze(
        self,
        file: str | os.PathLike[str] = LOCK_FILE,
        paths: Iterable[str] | None = None,
        *,
        prune: bool = False,
    ) -> Frozen:
        """Freeze what was used, or `paths` as they are in the store now; this store goes by the new lock at once."""
        done = _freeze.freeze(self.unlocked, self._noted, file, paths, prune=prune)
        if resolved(file) == self.lock.file:
            self._lock_to(Lock.read(file), self._noted)
        return done

    def verify(self, lock: "str | os.PathLike[str] | Lock" = LOCK_FILE) -> Rows[Drift]:
        """Return how the store differs from what a lock has frozen; see `Store.verify`."""
        return _verify.verify(self.unlocked, lock)


class LockedStore(Locked, Store):
    """A store in a database that expands what a lock has frozen: what `connect(…, lock=…)` returns."""

    _live_kind = Store

    def __init__(
        self,
        place: str | os.PathLike[str] | None = None,
        *,
        lock: "str | os.PathLike[str] | Lock",
        author: str | None = None,
        origin: str = "python",
        read_only: bool = False,
    ) -> None:
        """Open the store at `place`, for expanding what `lock` has frozen."""
        known = read(lock)  # before a store is opened that would have to be closed again
        super().__init__(place, author=author, origin=origin, read_only=read_only)
        self._lock_to(known, self._uses)

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, lock={str(self.lock.file)!r})"


def read(lock: "str | os.PathLike[str] | Lock") -> Lock:
    """Return a lock, which may be named by its file."""
    return lock if isinstance(lock, Lock) else Lock.read(lock)


def _record(store: Store, frozen: LockedPrompt, text: SourceText) -> Prompt:
    """Return the record of a frozen version, which the store may know by another path now."""
    for path in _paths(store, frozen):
        try:
            found = store.get(path, version=frozen.version)
        except NotFoundError:
            continue
        if (found.uid, found.sha256) == (frozen.uid, frozen.sha256):
            return found
    return _trashed(store, frozen, text)


def _paths(store: Store, frozen: LockedPrompt) -> Iterable[str]:
    yield frozen.path
    yield store.compile_manifest(Manifest((frozen.flat(),))).texts[0].path


def _trashed(store: Store, frozen: LockedPrompt, text: SourceText) -> Prompt:
    """Return the record of a version that lies in the trash, where only its text and its end are told of."""
    at = next((each for each in store.trash() if each.uid == frozen.uid), None)
    return Prompt(
        path=frozen.path,
        version=frozen.version,
        text=text.text,
        description="",
        tags=(),
        engine=text.engine,
        variables=text.variables,
        labels={},
        author=at.deleted_by if at else "",
        origin="python",
        message="It lies in the trash.",
        updated_at=at.deleted_at if at else datetime.fromtimestamp(0, UTC),
        sha256=frozen.sha256,
        uid=frozen.uid,
        display_name=frozen.path,
        enabled=False,
    )
