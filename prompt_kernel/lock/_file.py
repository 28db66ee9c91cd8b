"""A lock as a value, and as a file that reads well in a diff.

    {
      "prompt-kernel-lock": 1,
      "names": {
        "review": "review@2",
        "rules/*": ["rules/a@1", "rules/b@4"]
      },
      "prompts": {
        "review@2": {"sha256": "…", "uid": "…", "includes": ["style/tone@3", null]},
        …
      }
    }

A name is what a notebook asks for. Each frozen prompt is one line, under its path and version; `includes` says what
stands at each of its inclusions, in order: a prompt, several of them for a glob, or null where the inclusion is kept
as text. `declares` is a hash of the engine and the variables, where they are not the usual ones. A prompt that is
frozen twice with different inclusions has `#2` behind its second key.
"""

import hashlib
import json
import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeVar

from prompt_kernel import replacing
from prompt_kernel.display import Shown
from prompt_kernel.errors import LockFileError
from prompt_kernel.expansion import Manifest, ManifestEntry, SourceText
from prompt_kernel.locations import LOCK_FILE
from prompt_kernel.names import key_of
from prompt_kernel.uses import name_key
from prompt_kernel.variables import as_data

_FORMAT: Final = "prompt-kernel-lock"
_KNOWN: Final = 1
_CONFLICT: Final = ("<<<<<<<", "=======", ">>>>>>>")

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")
Includes = tuple[tuple[str, ...] | None, ...]


class LockedPrompt(NamedTuple):
    """One frozen version. `includes` has the keys of the prompts that stand at each inclusion, None where none does."""

    path: str
    version: int
    uid: str
    sha256: str
    declares: str = ""
    includes: Includes = ()

    def __str__(self) -> str:
        return f"{self.path}@{self.version}"

    def entry(self, includes: tuple[tuple[int, ...] | None, ...]) -> ManifestEntry:
        """Return this as an entry of a manifest."""
        return ManifestEntry(self.path, self.version, self.uid, self.sha256, includes)

    def flat(self) -> ManifestEntry:
        """Return this as an entry of a manifest that resolves nothing: for whoever wants the text."""
        return self.entry((None,) * len(self.includes))


def declares(text: SourceText) -> str:
    """Return the hash of what a version says besides its text; "" for the engine `simple` without variables."""
    if text.engine == "simple" and not text.variables:
        return ""
    said = json.dumps([text.engine, as_data(text.variables)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Lock(Shown):
    """What is frozen: the keys of the prompts that each name stands for, and the prompts by their keys.

    `file` is where it was read from, for messages.
    """

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prompts: Mapping[str, LockedPrompt] = field(default_factory=dict)
    file: Path = field(default=Path(LOCK_FILE), compare=False)

    def __str__(self) -> str:
        counts = f"{many(len(self.names), 'name')}, {many(len(self.prompts), 'prompt')}"
        return "\n".join([f"{self.file}: {counts}", *(f"{name} -> {', '.join(to)}" for name, to in self.names.items())])

    def reach(self, key: str) -> list[str]:
        """Return the keys of a prompt and of all that it includes, the prompt first."""
        found = {key: None}
        waiting = [key]
        for at in waiting:  # grows while it runs: that is the walk
            new = [to for some in self.prompts[at].includes if some for to in some if to not in found]
            found.update(dict.fromkeys(new))
            waiting += dict.fromkeys(new)
        return list(found)

    def manifest(self, key: str) -> Manifest:
        """Return a prompt with all that it includes as a manifest."""
        keys = self.reach(key)
        numbers = {each: number for number, each in enumerate(keys)}
        prompts = (self.prompts[each] for each in keys)
        return Manifest(tuple(prompt.entry(_mapped(prompt.includes, numbers)) for prompt in prompts))

    def version_of(self, uid: str) -> int | None:
        """Return the newest version of a prompt that is frozen, None if none is."""
        return max((prompt.version for prompt in self.prompts.values() if prompt.uid == uid), default=None)

    def names_with(self, uid: str) -> list[str]:
        """Return the names that stand for a prompt, or else those that include it."""
        direct = [name for name, keys in self.names.items() if any(self.prompts[key].uid == uid for key in keys)]
        return direct or [
            name
            for name, keys in self.names.items()
            if any(self.prompts[each].uid == uid for key in keys for each in self.reach(key))
        ]

    def only(self, names: Iterable[str]) -> "Lock":
        """Return the same with no more than `names`."""
        found = {name: self.names[name] for name in names}
        return _put_together(((name, self, keys) for name, keys in found.items()), self.file)

    def with_names(self, other: "Lock") -> "Lock":
        """Return both together; of a name that both have, what `other` says counts."""
        theirs = {name_key(name) for name in other.names}
        kept = [name for name in self.names if name_key(name) not in theirs]
        parts = [(name, self, self.names[name]) for name in kept]
        return _put_together([*parts, *((name, other, keys) for name, keys in other.names.items())], self.file)

    # The file

    @classmethod
    def read(cls, file: str | os.PathLike[str]) -> Self:
        """Read a lock.

        Raises:
            LockFileError: there is none, it is none, or it is of a newer format.
        """
        path = resolved(file)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError as error:
            reason = "there is no such file; `%prompts freeze` or `prompt-kernel freeze PATH` writes one"
            raise LockFileError(str(path), reason) from error
        except OSError as error:
            raise LockFileError(str(path), f"it cannot be read ({error.strerror})") from error
        except UnicodeDecodeError as error:
            raise LockFileError(str(path), "it is not UTF-8 text") from error
        return replace(cls.from_data(_parsed(text, path), path), file=path)

    def write(self) -> bool:
        """Write the file, all of it or nothing; tell whether it did not say so already.

        Raises:
            LockFileError: it cannot be written.
        """
        data = self.text().encode()
        try:
            with suppress(FileNotFoundError):
                if self.file.read_bytes() == data:
                    return False
            replacing.replace(self.file, data)
        except OSError as error:
            raise LockFileError(str(self.file), f"it cannot be written ({error.strerror})") from error
        return True

    def text(self) -> str:
        """Return the file's text: names and prompts in order, a line each."""
        names = {name: list(keys) if len(keys) != 1 else keys[0] for name, keys in self.names.items()}
        prompts = {key: _prompt_as_data(prompt) for key, prompt in self.prompts.items()}
        parts = [f'  "{_FORMAT}": {_KNOWN}', f'  "names": {_lines(names)}', f'  "prompts": {_lines(prompts)}']
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @classmethod
    def from_data(cls, data: Any, file: Path) -> Self:
        """Return what the data of a file say.

        Raises:
            LockFileError: they are not those of a lock, or of a newer one.
        """
        found = data.get(_FORMAT) if isinstance(data, dict) else None
        if not isinstance(found, int) or isinstance(found, bool) or found < 1:
            raise LockFileError(str(file), f'it is no lock: "{_FORMAT}" is missing')
        if found > _KNOWN:
            newer = f"a newer prompt_kernel wrote it (format {found}, this version knows {_KNOWN})"
            raise LockFileError(str(file), f"{newer}; upgrade with: pip install --upgrade prompt-kernel")
        try:
            names = {name: _keys(keys) for name, keys in data["names"].items()}
            prompts = {key: _prompt_from_data(key, prompt) for key, prompt in data["prompts"].items()}
            _check(names, prompts)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"it is damaged ({error}); take it back from version control, or freeze anew"
            raise LockFileError(str(file), reason) from error
        return cls(names, prompts, file)


def resolved(file: str | os.PathLike[str]) -> Path:
    """Return the path that `file` means."""
    try:
        return Path(file).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise LockFileError(os.fspath(file), f"that is no path ({error})") from error


# Putting together


class Builder:
    """Puts frozen prompts together, each once, under keys that tell which they are."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.prompts: dict[str, LockedPrompt] = {}
        self._known: dict[LockedPrompt, str] = {}

    def add(self, root: _K, look: Callable[[_K], tuple[LockedPrompt, Sequence[Sequence[_K] | None]]]) -> str:
        """Take in `root` with all that it includes, and return its key.

        `look` gives a prompt with what stands at each of its inclusions; nothing may include itself.
        """
        keys: dict[_K, str] = {}
        stack = [root]
        while stack:
            at = stack[-1]
            prompt, includes = look(at)
            missing = [to for some in includes if some for to in some if to not in keys]
            if missing:
                stack += missing
                continue
            stack.pop()
            keys[at] = self._key(prompt._replace(includes=_mapped(includes, keys)))
        return keys[root]

    def add_manifest(self, manifest: Manifest, declared: Mapping[tuple[str, int], str], at: int = 0) -> str:
        """Take in what stands at entry `at` of a manifest; `declared` has what versions declare, by uid and version."""

        def look(number: int) -> tuple[LockedPrompt, Sequence[Sequence[int] | None]]:
            entry = manifest.entries[number]
            version = entry.version or 0
            said = declared[entry.uid, version]
            return LockedPrompt(entry.path, version, entry.uid, entry.sha256, said), entry.includes

        return self.add(at, look)

    def _key(self, prompt: LockedPrompt) -> str:
        key = self._known.get(prompt)
        if key is None:
            count = 1
            key = str(prompt)
            while key in self.prompts:
                count += 1
                key = f"{prompt}#{count}"
            self._known[prompt] = key
            self.prompts[key] = prompt
        return key

    def lock(self, names: Mapping[str, tuple[str, ...]], file: Path) -> Lock:
        """Return the lock, in the order that the file has."""
        ordered = sorted(self.prompts, key=lambda key: (key_of(self.prompts[key].path), self.prompts[key].version, key))
        return Lock(
            {name: names[name] for name in sorted(names, key=lambda name: (name_key(name), name))},
            {key: self.prompts[key] for key in ordered},
            file,
        )


def _put_together(parts: Iterable[tuple[str, Lock, tuple[str, ...]]], file: Path) -> Lock:
    builder = Builder()
    names: dict[str, tuple[str, ...]] = {}
    for name, lock, keys in sorted(parts, key=lambda part: (name_key(part[0]), part[0])):
        prompts = lock.prompts
        names[name] = tuple(builder.add(key, lambda at: (prompts[at], prompts[at].includes)) for key in keys)  # noqa: B023 - it is called here
    return builder.lock(names, file)


def _mapped(includes: Sequence[Sequence[_K] | None], to: Mapping[_K, _V]) -> tuple[tuple[_V, ...] | None, ...]:
    return tuple(None if some is None else tuple(to[at] for at in some) for some in includes)


# Reading and writing


def _parsed(text: str, file: Path) -> Any:
    if any(line.startswith(_CONFLICT) for line in text.splitlines()):
        reason = "two branches of version control meet in it; settle that, or take one side and freeze again"
        raise LockFileError(str(file), reason)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError as error:
        raise LockFileError(str(file), "it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise LockFileError(str(file), f"it is not JSON: line {error.lineno}, {error.msg}") from error
    except ValueError as error:
        raise LockFileError(str(file), f"{error}; settle which is meant, or freeze again") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name} stands in it twice")
        found[name] = value
    return found


def _keys(data: Any) -> tuple[str, ...]:
    keys = [data] if isinstance(data, str) else data
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise TypeError(f"{json.dumps(data)[:60]} is no prompt")
    return tuple(keys)


def _prompt_from_data(key: str, data: Any) -> LockedPrompt:
    path, at, version = key.partition("#")[0].rpartition("@")
    if not at or not (version.isascii() and version.isdigit()) or not path:
        raise ValueError(f"{key!r} is no path@version")
    includes = tuple(None if some is None else _keys(some) for some in data.get("includes", []))
    said = (data["uid"], data["sha256"], data.get("declares", ""))
    if not all(isinstance(each, str) for each in said):
        raise TypeError(f"{key} has no uid or no sha256")
    return LockedPrompt(path, int(version), *said, includes)


def _prompt_as_data(prompt: LockedPrompt) -> dict[str, Any]:
    data: dict[str, Any] = {"sha256": prompt.sha256, "uid": prompt.uid}
    if prompt.declares:
        data["declares"] = prompt.declares
    if prompt.includes:
        data["includes"] = [
            None if some is None else some[0] if len(some) == 1 else list(some) for some in prompt.includes
        ]
    return data


def _check(names: Mapping[str, tuple[str, ...]], prompts: Mapping[str, LockedPrompt]) -> None:
    """Check that all that is mentioned is there, and that nothing includes itself."""
    mentioned = (key for keys in names.values() for key in keys)
    included = (key for prompt in prompts.values() for some in prompt.includes if some for key in some)
    for key in (*mentioned, *included):
        if key not in prompts:
            raise ValueError(f"{key} is mentioned, but not there")
    try:
        TopologicalSorter(
            {key: {to for some in prompt.includes if some for to in some} for key, prompt in prompts.items()}
        ).prepare()
    except CycleError as error:
        raise ValueError(f"{error.args[1][0]} includes itself") from error


def _lines(values: Mapping[str, Any]) -> str:
    if not values:
        return "{}"
    lines = (f"    {_json(name)}: {_json(value)}" for name, value in values.items())
    return "{\n" + ",\n".join(lines) + "\n  }"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def many(count: int, noun: str) -> str:
    """Return `1 name` or `1,200 names`."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
