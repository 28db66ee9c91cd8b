"""What a lock has frozen, as a source of texts: names lead where they led, whatever the store says now."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from prompt_kernel.errors import (
    DamagedTextError,
    ExpansionError,
    LockFileError,
    NotLockedError,
    PromptNotFoundError,
)
from prompt_kernel.expansion import CompiledPrompt, Manifest, Node, Pin, Resolve, SourceText, places, split_pin
from prompt_kernel.language import Inclusion
from prompt_kernel.lock._file import Includes, Lock, LockedPrompt, declares
from prompt_kernel.names import directory_of, join, key_of, name_of, near
from prompt_kernel.uses import name_key

#: Gives the texts of a manifest by their uids, wherever the prompts are now.
Fetch = Callable[[Manifest], CompiledPrompt]


class LockedSource:
    """A `Source` of what `lock` has frozen; its texts are fetched when first asked for, and their hashes checked."""

    #: What is frozen does not change.
    revision: Final = 0

    def __init__(self, lock: Lock, fetch: Fetch, uid_of: Callable[[str], str]) -> None:
        """Read texts by `fetch`; `uid_of` gives the uid of what a name means in the store now, for hints alone."""
        self.lock = lock
        self._fetch = fetch
        self._uid_of = uid_of
        self._names = {name_key(name): keys for name, keys in lock.names.items()}
        self._texts: dict[str, SourceText] = {}
        self._key_of: dict[SourceText, str] = {}
        self._by_path: dict[str, list[str]] = defaultdict(list)
        for key, prompt in lock.prompts.items():
            self._by_path[key_of(prompt.path)].append(key)

    @property
    def _file(self) -> str:
        return str(self.lock.file)

    # As a source

    def root(self, name: str, pin: Pin) -> SourceText:
        """Return the frozen text that a caller names."""
        return self.find(name, pin, "")

    def find(self, name: str, pin: Pin, directory: str) -> SourceText:
        """Return what `[[name]]` was frozen as, in a text of `directory` that is not frozen itself.

        Raises:
            NotLockedError: nothing of that name is frozen, or several versions of it are.
            LockFileError: the store has not got what was frozen.
        """
        keys = self._keys(name, pin, directory)
        if len(keys) != 1:
            raise self._unknown(name, pin, keys)
        return self.text(keys[0])

    def match(self, pattern: str, pin: Pin, directory: str) -> list[SourceText]:
        """Return the prompts that `[[pattern]]` was frozen as."""
        for base in (directory_of(pattern), join(directory, directory_of(pattern))):
            keys = self._names.get(name_key(_pinned(join(base, name_of(pattern)), pin)))
            if keys:
                return [self.text(key) for key in keys]
        raise self._unknown(pattern, pin, [])

    def prompt(self, text: SourceText) -> LockedPrompt:
        """Return what is frozen as `text`, which this source has given."""
        return self.lock.prompts[self._key_of[text]]

    def _keys(self, name: str, pin: Pin, directory: str) -> Sequence[str]:
        """Return the keys that a name may mean, in the order of a store: its path, a sibling, what it was called."""
        keys = self._called_so(name, pin)
        if directory and not any(key_of(self.lock.prompts[key].path) == key_of(name) for key in keys):
            return self._called_so(join(directory, name), pin) or keys
        return keys

    def _called_so(self, name: str, pin: Pin) -> Sequence[str]:
        keys = self._names.get(name_key(_pinned(name, pin)), ())
        if keys or isinstance(pin, str):
            return keys
        found = self._by_path.get(key_of(name), [])
        return [key for key in found if pin is None or self.lock.prompts[key].version == pin]

    def _unknown(self, name: str, pin: Pin, keys: Sequence[str]) -> NotLockedError:
        asked = _pinned(name, pin)
        if keys:
            versions = " and ".join(map(str, sorted({self.lock.prompts[key].version for key in keys})))
            reason = f"it is frozen only as a part of others, and in more than one way (version {versions})"
            return NotLockedError(asked, self._file, f"{reason}; `%prompts freeze {asked}` freezes it by its own name")
        called = self._called(name, pin)
        if called:
            return NotLockedError(asked, self._file, f"it is what was frozen as {called}; write that, or freeze again")
        meant = near(asked, [*dict.fromkeys([*self.lock.names, *(each.path for each in self.lock.prompts.values())])])
        hint = f" (did you mean {' or '.join(meant)}?)" if meant else ""
        add = f"`%prompts freeze {asked}` or `prompt-kernel freeze {asked}` adds it"
        return NotLockedError(asked, self._file, f"nothing of that name was frozen{hint}; {add}")

    def _called(self, name: str, pin: Pin) -> str:
        """Return under which name that is frozen which the store knows by another name now."""
        uid = self._uid_of(name) if pin is None else ""
        found = (asked for asked, keys in self.lock.names.items() for key in keys if self._is(key, uid))
        return next((asked for asked in found if "*" not in asked and split_pin(asked)[1] is None), "")

    def _is(self, key: str, uid: str) -> bool:
        return bool(uid) and self.lock.prompts[key].uid == uid

    # The texts

    def text(self, key: str) -> SourceText:
        """Return the text of a frozen prompt; what it includes is fetched with it.

        Raises:
            LockFileError: the store has not got it, or another one in its place.
        """
        if key not in self._texts:
            keys = [each for each in self.lock.reach(key) if each not in self._texts]
            prompts = [self.lock.prompts[each] for each in keys]
            texts = fetched(self.lock, prompts, self._fetch)
            for each, text in zip(keys, texts, strict=True):
                self._key_of[text] = each
            self._texts |= dict(zip(keys, texts, strict=True))
        return self._texts[key]

    def resolver(self) -> Resolve:
        """Return what resolves the inclusions of one plan: as they were frozen; those of other texts by their names."""
        taken: dict[object, Includes] = {}
        placed: dict[object, Mapping[int, tuple[str, ...] | None]] = {}

        def take(text: SourceText) -> SourceText:
            includes = self.prompt(text).includes
            if taken.setdefault(text.identity, includes) != includes:
                reason = "is frozen twice, with different inclusions, and cannot be both in one text"
                raise ExpansionError(f"{text.path}@{text.version} {reason}: expand them apart, or freeze again.")
            return text

        def resolve(node: Node, number: int, inclusion: Inclusion) -> list[SourceText]:
            text = node.source
            if text not in self._key_of:
                find = self.match if inclusion.is_glob else self._found
                return [take(found) for found in find(inclusion.path, inclusion.pin, text.directory)]
            if text.identity not in placed:
                placed[text.identity] = places(text, self.prompt(take(text)).includes)
            keys = placed[text.identity][number]
            if keys is None:
                asked = _pinned(inclusion.path, inclusion.pin)
                raise NotLockedError(
                    asked, self._file, "it led nowhere when that was written; mend it and freeze again"
                )
            return [take(self.text(key)) for key in keys]

        return resolve

    def _found(self, name: str, pin: Pin, directory: str) -> list[SourceText]:
        return [self.find(name, pin, directory)]


def fetched(lock: Lock, prompts: Sequence[LockedPrompt], fetch: Fetch) -> list[SourceText]:
    """Return the texts of frozen prompts, under the paths that these had.

    Raises:
        LockFileError: the store has not got one of them, or another one in its place.
    """
    try:
        texts = fetch(Manifest(tuple(prompt.flat() for prompt in prompts))).texts
    except PromptNotFoundError as error:
        reason = "the store has it no more, because it was purged, or this is another store"
        raise LockFileError(str(lock.file), f"it has frozen {error.path}, and {reason}") from error
    except DamagedTextError as error:
        raise LockFileError(str(lock.file), _other(f"{error.path}@{error.version}")) from error
    except ExpansionError as error:
        raise LockFileError(str(lock.file), f"it is damaged ({str(error).rstrip('.')})") from error
    for prompt, text in zip(prompts, texts, strict=True):
        if prompt.declares != declares(text):
            raise LockFileError(str(lock.file), _other(str(prompt)))
    return [_as_frozen(prompt, text) for prompt, text in zip(prompts, texts, strict=True)]


def _other(name: str) -> str:
    return (
        f"the store's {name} is not the one that was frozen: the lock was changed by hand, this is another store or an "
        "older copy, or its file is damaged (`prompt-kernel doctor` tells)"
    )


def _as_frozen(prompt: LockedPrompt, text: SourceText) -> SourceText:
    return SourceText(prompt.path, text.text, prompt.version, text.engine, text.variables, prompt.uid, prompt.sha256)


def _pinned(name: str, pin: Pin) -> str:
    return name if pin is None else f"{name}@{pin}"
