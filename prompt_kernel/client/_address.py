"""Where a server is, and the token for it: both may come in one URL, and only the address is ever shown."""

import os
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx

from prompt_kernel.errors import AccessDeniedError, StoreUnavailableError
from prompt_kernel.locations import is_server, shown

TOKEN_VARIABLE: Final = "PROMPT_KERNEL_TOKEN"  # noqa: S105 - its name, not the token
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


class Address(NamedTuple):
    """A server's address, with no slash at its end, and the token for it, "" for none."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"Address({self.url!r})"


def address_of(url: str, token: str | None = None) -> Address:
    """Return the address in `url`, and the `token`: the one given, the one in the URL, or `$PROMPT_KERNEL_TOKEN`.

    Raises:
        StoreUnavailableError: it is no address of a server.
        AccessDeniedError: no token looks like that.
    """
    place = shown(url)
    if not is_server(url):
        raise StoreUnavailableError(place, "the address of a server begins with http:// or https://")
    try:
        parts, host = urlsplit(url), httpx.URL(place).host
    except (ValueError, httpx.InvalidURL) as error:
        raise StoreUnavailableError(place, "this is no address") from error
    if not host:
        raise StoreUnavailableError(place, "the address names no host")
    if "@" in parts.netloc:
        raise StoreUnavailableError(place, "an address takes no name or password; give the token as token=…")
    found = token or parse_qs(parts.query).get("token", [""])[-1] or os.environ.get(TOKEN_VARIABLE, "")
    # What is no header would be quoted in an error.
    if not (found.isascii() and found.isprintable()):
        raise AccessDeniedError(f"The token for {place} has characters that no token has. Copy it again.")
    return Address(place.removesuffix("/docs").removesuffix("/api"), found.strip())
