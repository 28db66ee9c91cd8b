"""Where a store is: from nothing, a path or a URL to the URL that everybody uses."""

import os
import re
from pathlib import Path
from typing import Final

from prompt_kernel.errors import StoreUnavailableError

MEMORY: Final = ":memory:"
#: The file beside a notebook that says which versions it has used; see `prompt_kernel.lock`.
LOCK_FILE: Final = "prompts.lock"
URL_VARIABLE: Final = "PROMPT_KERNEL_URL"
_PREFIX: Final = "sqlite:///"
_POSTGRES: Final = "postgresql+psycopg://"
#: How others spell a PostgreSQL URL; the driver is ours to choose.
_POSTGRES_TOO: Final = ("postgresql://", "postgres://")
_SERVERS: Final = ("http://", "https://")
#: Between the user and the host, where in a malformed URL it may hold anything; or among the options.
_PASSWORD: Final = re.compile(r"(://[^:/?@]*:).*@")
#: What `remember` puts after what may be shown.
_NUMBER: Final = re.compile(r"#\d+$")
_PASSWORD_OPTION: Final = re.compile(r"([?&](?:ssl)?password=)[^&]*")


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
        return text if "?" in text else text.rstrip("/")
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


def shown(url: str) -> str:
    """Return `url` as it may be shown: that of a server or a database without what may be a secret in it."""
    if is_postgres(url):
        return _PASSWORD_OPTION.sub(r"\1***", _PASSWORD.sub(r"\1***@", url))
    if not is_server(url):
        return url
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("#")[0].partition("?")[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}".rstrip("/")


#: URLs with what may be a secret in them, by the names that they are given, and the names.
_SECRETS: Final[dict[str, str]] = {}
_NAMES: Final[dict[str, str]] = {}


def remember(url: str) -> str:
    """Return a name for `url` that may be shown, by which `recall` finds it again, in this process.

    It is the URL itself where nothing in it is a secret. Two that differ in their secrets have two names: who may only
    read must not come to use the token of who may write.
    """
    place = shown(url)
    if place == url:
        return url
    name = _NAMES.setdefault(url, f"{place}#{len(_NAMES) + 1}")
    _SECRETS[name] = url
    return name


def recall(name: str) -> str:
    """Return the URL that has that name; in another process what may be shown of it."""
    return _SECRETS.get(name, _NUMBER.sub("", name) if is_server(name) or is_postgres(name) else name)


def cache_folder() -> Path:
    """Return the folder for what can be read again from elsewhere."""
    import platformdirs  # noqa: PLC0415 - only needed for what a client keeps

    return platformdirs.user_cache_path("prompt-kernel", appauthor=False)


def is_postgres(url: str) -> bool:
    """Tell whether `url` is that of a store in PostgreSQL."""
    return url.startswith(_POSTGRES)


def file_of(url: str) -> Path | None:
    """Return the file of the store at `url`, None for one that is in no file of this machine."""
    path = url.removeprefix(_PREFIX)
    return None if path == MEMORY or "://" in url.removeprefix(_PREFIX) else Path(path)
