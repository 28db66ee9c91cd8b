"""What a client is besides its verbs, whether it waits or not."""

from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, Final, NoReturn, Self

from prompt_kernel.client._address import address_of
from prompt_kernel.client._line import Line
from prompt_kernel.client._verbs import Verbs
from prompt_kernel.errors import ReadOnlyStoreError, RemoteStoreError

#: What needs the database itself, or is the business of who runs the server; and how a sentence about it begins.
NOT_FROM_HERE: Final[Mapping[str, str]] = {
    "add_token": "Making a token",
    "archive": "Copying with all versions",
    "backup": "A backup",
    "doctor": "A check of the database",
    "links": "Watching linked folders",
    "live": "Live editing",
    "path_of": "Looking up a uid",
    "remove_token": "Removing a token",
    "rescue": "A rescue",
    "together": "Several changes in one",
    "token_of": "Looking up a token",
    "tokens": "Listing tokens",
}


class Remote(Verbs):
    """The store of a server, whoever asks."""

    #: Makes what sends.
    _new_pool: ClassVar[Any]

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        author: str | None = None,
        origin: str = "python",
        read_only: bool = False,
        offline: bool = False,
        timeout: float = 30,
    ) -> None:
        """Use the server at `url`, which may bring its token as `?token=…`; see `connect`.

        With `offline`, what was read before is served while the server is out of reach, and is kept on disk for that.
        An answer may take `timeout` seconds, and to connect five. Nothing is sent yet.

        Raises:
            StoreUnavailableError: that is no address of a server.
        """
        address = address_of(url, token)
        self._line = Line.to(address, author, origin, timeout, read_only=read_only, offline=offline)
        self._pool = self._new_pool(self.url)

    @classmethod
    def on(cls, line: Line) -> Self:
        """Return a client on the line of another."""
        self = cls.__new__(cls)
        self._line, self._pool = line, cls._new_pool(line.address.url)
        return self

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._line.address.url

    @property
    def author(self) -> str:
        """Who is noted with every change, unless the token says who."""
        return self._line.author

    @property
    def origin(self) -> str:
        """By which end the changes come."""
        return self._line.origin

    @property
    def offline(self) -> bool:
        """Whether what was read before is served while the server is out of reach."""
        return self._line.offline

    @offline.setter
    def offline(self, wanted: bool) -> None:
        self._line.offline = wanted
        if wanted:
            self._line.cache.use_disk()

    @property
    def _opened_for_reading(self) -> str:
        return str(ReadOnlyStoreError(self.url, "it was opened so")) if self._line.read_only else ""

    def by(self, author: str, *, origin: str | None = None) -> Self:
        """Return the same open store for somebody else, who is noted with its changes; closing one closes both."""
        other = copy(self)
        other._line = self._line.by(author, origin)  # noqa: SLF001 - it is of our own class
        return other

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __getattr__(self, name: str) -> NoReturn:
        if name in NOT_FROM_HERE:
            raise RemoteStoreError(self.url, NOT_FROM_HERE[name])
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
