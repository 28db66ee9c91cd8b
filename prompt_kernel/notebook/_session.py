"""What one notebook has open, and what it has seen."""

from typing import TYPE_CHECKING

from prompt_kernel.names import key_of

if TYPE_CHECKING:
    from prompt_kernel.store import Store


class Session:
    """The store of a notebook, opened when first used, and the newest version of each prompt that was shown here."""

    def __init__(self) -> None:
        """Begin with the usual store, not yet opened."""
        self._url = ""
        self._author = ""
        self._store: Store | None = None
        self._seen: dict[tuple[str, str], int] = {}
        self._conflicts: dict[tuple[str, str], int] = {}

    @property
    def store(self) -> "Store":
        """The open store.

        Raises:
            StoreError: it cannot be opened.
        """
        if self._store is None:
            from prompt_kernel import connect  # noqa: PLC0415 - loading the extension is not to load SQLModel

            self._store = connect(self._url or None, author=self._author or None, origin="notebook")
        return self._store

    def point_to(self, url: str, author: str) -> None:
        """Use the store at `url` from now on, and write as `author`; "" is the usual one."""
        self.close()
        self._url, self._author = url, author

    def close(self) -> None:
        """Close the store; it opens again when it is used."""
        if self._store is not None:
            self._store.close()
        self._store = None

    def saw(self, path: str, version: int | None) -> None:
        """Remember that the notebook has been shown this version: what it saves next knows of it."""
        if version:
            key = self._key(path)
            self._seen[key] = max(version, self._seen.get(key, 0))
            self._conflicts.pop(key, None)

    def seen(self, path: str) -> int | None:
        """Return the newest version that the notebook has been shown, None if it never was."""
        return self._seen.get(self._key(path))

    def met_conflict(self, path: str, version: int) -> None:
        """Remember which version a conflict was shown with, for whoever settles it."""
        self._conflicts[self._key(path)] = version

    def conflict(self, path: str) -> int | None:
        """Return the version that an unsettled conflict was shown with."""
        return self._conflicts.get(self._key(path))

    def moved(self, old: str, new: str) -> None:
        """Keep what was seen of a prompt that has a new path."""
        version = self._seen.pop(self._key(old), None)
        self.saw(new, version)

    def _key(self, path: str) -> tuple[str, str]:
        return self.store.url, key_of(path)
