"""A store over HTTP: `Client`, which `connect("http://…")` returns, and `AsyncClient`, the same awaited.

Both have the verbs of `Store`. Each verb is written once, as a function that returns what to ask (`_reads`, `_writes`,
`_expands`); what is said to a server and what its answers mean is one conversation (`_line`); the two clients send.
"""

try:
    import httpx  # noqa: F401 - to say in a sentence what is missing
except ModuleNotFoundError as error:
    from prompt_kernel.errors import MissingExtraError

    raise MissingExtraError("client", "The store of a server") from error

from prompt_kernel.client._async import AsyncClient
from prompt_kernel.client._client import Client
from prompt_kernel.client._line import OfflineWarning
from prompt_kernel.client._locked import LockedClient

__all__ = ["AsyncClient", "Client", "LockedClient", "OfflineWarning"]
