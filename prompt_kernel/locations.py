"""Where a store is: from nothing, a path or a URL to the URL that everybody uses."""

import os
from pathlib import Path
from typing import Final

from prompt_kernel.errors import StoreUnavailableError

MEMORY: Final = ":memory:"
URL_VARIABLE: Final = "PROMPT_KERNEL_URL"
_PREFIX: Final = "sqlite:///"
_POSTGRES: Final = "postgresql+psycopg://"
#: How others spell a PostgreSQL URL; the driver is ours to choose.
_POSTGRES_TOO: Final = ("postgresql://", "postgres://")
_SERVERS: Final = ("http://", "https://")


def default_url() -> str:
    """Return the store that is used when none is named: `$PROMPT_KERNEL_URL`, or a file in the user's data folder."""
    named = os.environ.get(URL_VARIABLE)
    if named:
        return url_of(named)
    import platformdirs  # noqa: PLC0415 - only needed where nothing is named

    return _PREFIX + str(platformdirs.user_data_path("prompt-kernel", appauthor=False) / "prompts.db")


def url_of(place: str | os.PathLike[str] | None) -> str:
    """Return the URL of a store that is named by nothing, a path, or a URL.

    Raises:
        StoreUnavailableError: no store of that kind can be opened.
    """
    if place is None:
        return default_url()
    text = os.fspath(place)
    if text in (MEMORY, "sqlite://", _PREFIX + MEMORY):
        return _PREFIX + MEMORY
    if text.startswith(_SERVERS):
        return text.rstrip("/")
    if text.startswith((_POSTGRES, *_POSTGRES_TOO)):
        return _POSTGRES + text.partition("://")[2]
    if text.startswith(_PREFIX):
        text = text.removeprefix(_PREFIX)
    elif "://" in text:
        raise StoreUnavailableError(text, f"give a path, {_PREFIX}path, {_POSTGRES}… or the http(s):// of a server")
    if not text:
        raise StoreUnavailableError(_PREFIX, "the path is empty")
    if "\0" in text:
        raise StoreUnavailableError(ascii(text), "a path cannot hold a NUL character")
    try:
        return _PREFIX + str(Path(text).expanduser().absolute())
    except RuntimeError as error:
        raise StoreUnavailableError(text, "there is no such user's home folder") from error


def is_server(url: str) -> bool:
    """Tell whether `url` is that of a server, which has the store."""
    return url.startswith(_SERVERS)


def is_postgres(url: str) -> bool:
    """Tell whether `url` is that of a store in PostgreSQL."""
    return url.startswith(_POSTGRES)


def file_of(url: str) -> Path | None:
    """Return the file of the store at `url`, None for one that is in no file of this machine."""
    path = url.removeprefix(_PREFIX)
    return None if path == MEMORY or "://" in url.removeprefix(_PREFIX) else Path(path)
