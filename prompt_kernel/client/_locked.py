"""A client that expands what a lock has frozen: by itself, from texts that it asks its server for once."""

import os
from typing import Any

from prompt_kernel import uses
from prompt_kernel.client._client import Client
from prompt_kernel.lock import Lock, Locked, read


class LockedClient(Locked, Client):
    """The store of a server that expands what a lock has frozen: what `connect("http://…", lock=…)` returns."""

    _live_kind = Client

    def __init__(self, url: str, *, lock: "str | os.PathLike[str] | Lock", **settings: Any) -> None:
        """Use the server at `url`, for expanding what `lock` has frozen; for `settings` see `Client`."""
        known = read(lock)
        super().__init__(url, **settings)
        self._lock_to(known, uses.of(self.url))

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, lock={str(self.lock.file)!r})"
