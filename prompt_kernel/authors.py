"""Who writes: the name of the account, and how a client tells a server who it is and by which end it writes."""

import getpass
from typing import Final
from urllib.parse import quote

#: The headers in which a client says who writes, percent-encoded, and by which end.
AUTHOR_HEADER: Final = "Prompt-Kernel-Author"
ORIGIN_HEADER: Final = "Prompt-Kernel-Origin"


def login() -> str:
    """Return the name of the account that this process runs under, or "unknown"."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def author_headers(author: str, origin: str) -> dict[str, str]:
    """Return the headers that say who writes; the name may be in any script."""
    return {AUTHOR_HEADER: quote(author, safe="", errors="replace"), ORIGIN_HEADER: origin}
