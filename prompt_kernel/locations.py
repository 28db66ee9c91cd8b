"""Where a store is: from nothing, a path or a URL to the URL that everybody uses."""

import os
from pathlib import Path
from typing import Final

from prompt_kernel.errors import StoreUnavailableError

MEMORY: Final = ":memory:"
URL_VARIABLE: Final = "PROMPT_KERNEL_URL"
_PREFIX: Final = "sqlite:///"


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
    if text.startswith(_PREFIX):
        text = text.removeprefix(_PREFIX)
    elif "://" in text:
        raise StoreUnavailableError(text, f"only SQLite stores can be opened: give a path, or {_PREFIX}path")
    if not text:
        raise StoreUnavailableError(_PREFIX, "the path is empty")
    if "\0" in text:
        raise StoreUnavailableError(ascii(text), "a path cannot hold a NUL character")
    try:
        return _PREFIX + str(Path(text).expanduser().absolute())
    except RuntimeError as error:
        raise StoreUnavailableError(text, "there is no such user's home folder") from error


def file_of(url: str) -> Path | None:
    """Return the file of the store at `url`, None for one in memory."""
    path = url.removeprefix(_PREFIX)
    return None if path == MEMORY else Path(path)
