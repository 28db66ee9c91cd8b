"""What was read before: asked about each time it is used again, and served when nobody can be asked, if that is wanted.

In memory it saves sending what has not changed. On disk, in the cache of the account and for its eyes only, it is what
a client that may be offline begins with.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from prompt_kernel.client._call import UNREADABLE, Call
from prompt_kernel.locations import cache_folder
from prompt_kernel.records import Prompt
from prompt_kernel.replacing import beside

_MOST: Final = 1_000
_MOST_BYTES: Final = 64 * 2**20
_MOST_FILES: Final = 5_000
_T = TypeVar("_T")


@dataclass(slots=True)
class Kept:
    """One answer: its tag, its data, how large it was, and the prompt that it was read as."""

    tag: str
    data: Any
    size: int
    prompt: Any = None

    def read(self, call: Call[_T], place: str) -> _T:
        """Return what the answer of the server at `place` means; a prompt, which nobody changes, is read once."""
        if self.prompt is not None:
            known: _T = self.prompt
            return known
        value: Any = call.read(self.data)
        if isinstance(value, Prompt):
            value = self.prompt = replace(value, store_url=place)
        read: _T = value
        return read


class Cache:
    """The answers of one server, by what was asked. Nothing here fails: what cannot be kept is asked for again."""

    def __init__(self, url: str) -> None:
        """Keep answers of the server at `url`."""
        self._url = url
        self._kept: dict[str, Kept] = {}
        self._bytes = 0
        self._on_disk = False

    def use_disk(self) -> None:
        """From now on keep answers on disk too, beginning with those that are in memory."""
        self._on_disk = True
        self._prune()
        for key, kept in list(self._kept.items()):
            self._write(key, kept)

    def find(self, call: Call[Any]) -> Kept | None:
        """Return the answer that was kept for `call`."""
        if call.writes or (call.body is not None and not self._on_disk):
            return None
        key = _key(call)
        found = self._kept.get(key)
        if found is None and self._on_disk and call.kept:
            found = self._read(key, call)
            if found is not None:
                self._remember(key, found)
        return found

    def keep(self, call: Call[Any], kept: Kept) -> None:
        """Keep an answer, if it is worth it."""
        if call.writes or not (kept.tag or (self._on_disk and call.kept)):
            return
        key = _key(call)
        self._remember(key, kept)
        if self._on_disk and call.kept:
            self._write(key, kept)

    def _remember(self, key: str, kept: Kept) -> None:
        if len(self._kept) >= _MOST or self._bytes + kept.size > _MOST_BYTES:
            # A new dict, not a cleared one: another thread may be going through it.
            self._kept, self._bytes = {}, 0
        self._bytes += kept.size
        self._kept[key] = kept

    # On disk

    @property
    def _folder(self) -> Path:
        return cache_folder() / "servers" / hashlib.sha256(self._url.encode()).hexdigest()[:16]

    def _file(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    def _read(self, key: str, call: Call[Any]) -> Kept | None:
        with suppress(OSError, *UNREADABLE):
            raw = self._file(key).read_bytes()
            found = json.loads(raw)
            if found["key"] == key:
                kept = Kept(str(found["tag"]), found["data"], len(raw))
                call.read(kept.data)  # another version may have kept it
                return kept
        return None

    def _write(self, key: str, kept: Kept) -> None:
        text = json.dumps({"url": self._url, "key": key, "tag": kept.tag, "data": kept.data})
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with beside(self._file(key)) as temporary:
                # Prompts can hold secrets: the file is its owner's.
                temporary.touch(0o600, exist_ok=False)
                temporary.write_text(text, encoding="ascii")
                temporary.replace(self._file(key))

    def _prune(self) -> None:
        """Remove the oldest of too many files, and what an interrupted write has left."""
        with suppress(OSError):
            files = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
            for file in files[_MOST_FILES:]:
                file.unlink(missing_ok=True)


def _key(call: Call[Any]) -> str:
    return json.dumps([call.method, call.path, call.query, call.body], sort_keys=True)
