"""What one notebook has open, and what it has seen."""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_kernel.records import Prompt
    from prompt_kernel.store import Store


def unlocked(store: "Store") -> "Store":
    """Return `store` as it is now, also where it was opened by a lock."""
    live: Store = getattr(store, "unlocked", store)
    return live


class Session:
    """The store of a notebook, opened when first used, and the newest version of each prompt that was shown here."""

    def __init__(self) -> None:
        """Begin with the usual store, not yet opened."""
        self._url = ""
        self._author = ""
        self._lock_file = ""
        self._store: Store | None = None
        # A Tab may open the store too, in a thread of its own.
        self._lock = threading.Lock()
        # By the id that a prompt keeps when it is renamed, and that a new one of the same path does not have.
        self._seen: dict[str, int] = {}
        self._conflicts: dict[str, int] = {}

    @property
    def store(self) -> "Store":
        """The open store.

        Raises:
            StoreError: it cannot be opened.
        """
        store = self._store
        return self._opened() if store is None else store

    @property
    def live(self) -> "Store":
        """The open store as it is now, also where the notebook goes by a lock.

        Raises:
            StoreError: it cannot be opened.
        """
        return unlocked(self.store)

    def _opened(self) -> "Store":
        from prompt_kernel import connect  # noqa: PLC0415 - loading the extension is not to load SQLModel

        wanted = self._url, self._author, self._lock_file
        store = connect(wanted[0] or None, author=wanted[1] or None, origin="notebook", lock=wanted[2] or None)
        with self._lock:
            # Opening takes as long as it takes, so that nobody was kept waiting for it: somebody may have been faster.
            if self._store is None and wanted == (self._url, self._author, self._lock_file):
                self._store = store
                return store
        store.close()
        return self.store

    def point_to(self, url: str, author: str, lock: str) -> None:
        """Use the store at `url` from now on, and write as `author`; "" is the usual one.

        What is expanded goes by the file `lock`, "" for none.
        """
        with self._lock:
            store, self._store = self._store, None
            self._url, self._author, self._lock_file = url, author, lock
        if store is not None:
            store.close()

    def close(self) -> None:
        """Close the store; it opens again when it is used."""
        self.point_to(self._url, self._author, self._lock_file)

    def saw(self, prompt: "Prompt") -> "Prompt":
        """Remember that the notebook has been shown `prompt`: what it saves next knows of that version."""
        self._seen[prompt.uid] = max(prompt.version, self._seen.get(prompt.uid, 0))
        return prompt

    def seen(self, prompt: "Prompt") -> int | None:
        """Return the newest version of `prompt` that the notebook has been shown, None if it never was."""
        return self._seen.get(prompt.uid)

    def met_conflict(self, path: str, version: int) -> None:
        """Remember the version that a conflict was shown with, for whoever settles it."""
        self._conflicts[path] = version

    def conflict(self, path: str) -> int | None:
        """Return the version that an unsettled conflict over `path` was shown with."""
        return self._conflicts.get(path)

    def settle(self, path: str) -> None:
        """Forget the conflict over `path`, if there was one."""
        self._conflicts.pop(path, None)
