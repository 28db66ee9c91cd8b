"""The live rooms of a server, for who edits from elsewhere: messages are carried both ways and not looked into."""

import asyncio
import json
import ssl
from contextlib import suppress
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from prompt_kernel.authors import author_headers
from prompt_kernel.client._address import LOOPBACK, address_of
from prompt_kernel.errors import StoreUnavailableError

#: What the editor takes for: nothing helps but what is said; and for: come back by yourself.
_REFUSED: Final = 4410
_TRY_AGAIN: Final = 1013
_NO_CODE: Final = 1006
#: Bytes: more than a room ever sends at once.
_LONGEST: Final = 64 * 2**20
_WITHIN: Final = 10.0
_NO_ROOMS: Final = "The server has no live rooms. They are where its dashboard is: prompt-kernel dashboard"


class Member(NamedTuple):
    """Who comes into the room of which prompt, of which server; the URL may bring its token."""

    url: str
    uid: str
    author: str
    may_write: bool = True


class Line(Protocol):
    """The other end: an editor."""

    async def next(self) -> bytes | None:
        """Wait for the next message of the editor; None when it has gone."""

    def send(self, message: bytes, /) -> None:
        """Send the editor a message of the room."""

    def close(self, code: int, reason: str, /) -> None:
        """Tell the editor that it is over, and why; again changes nothing."""


async def relay(member: Member, line: Line, epoch: str) -> None:
    """Join a room, and carry messages both ways until either side ends; `line` is told how it ended.

    Raises:
        StoreUnavailableError: the server is out of reach.
    """
    address = address_of(member.url)
    # The token stands in a header, because addresses end up in logs.
    headers = author_headers(member.author, "notebook")
    if address.token:
        headers["Authorization"] = f"Bearer {address.token}"
    scheme, _, rest = address.url.partition("://")
    rights = "" if member.may_write else "&read=1"
    place = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/api/live/{quote(member.uid)}?epoch={quote(epoch)}{rights}"
    is_here = urlsplit(address.url).hostname in {name.strip("[]") for name in LOOPBACK}
    try:
        connection = await connect(
            place, additional_headers=headers, max_size=_LONGEST, open_timeout=_WITHIN, compression=None,
            user_agent_header=None, proxy=None if is_here else True,
        )  # fmt: skip
    except InvalidStatus as error:
        line.close(*_refusal(error))
        return
    except (OSError, ssl.SSLError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise StoreUnavailableError(address.url, str(error) or type(error).__name__) from error
    try:
        await _carry(connection, line)
    finally:
        await connection.close()


def _refusal(error: InvalidStatus) -> tuple[int, str]:
    """Return the code and the sentence for an answer that opens no socket."""
    answer = error.response
    said = ""
    with suppress(ValueError, AttributeError):
        said = str(json.loads(answer.body or b"").get("detail", ""))
    if answer.status_code >= 500:  # noqa: PLR2004 - the status codes of HTTP: the server's own fault, which may pass
        return _TRY_AGAIN, said
    return _REFUSED, said or _NO_ROOMS


async def _carry(connection: ClientConnection, line: Line) -> None:
    writing = asyncio.create_task(_write(connection, line))
    reading = asyncio.create_task(_read(connection, line))
    try:
        await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (writing, reading):
            task.cancel()
        await asyncio.gather(writing, reading, return_exceptions=True)


async def _write(connection: ClientConnection, line: Line) -> None:
    while (message := await line.next()) is not None:
        await connection.send(message)


async def _read(connection: ClientConnection, line: Line) -> None:
    try:
        async for message in connection:
            if isinstance(message, bytes):
                line.send(message)
    except ConnectionClosed:
        pass  # why, is what follows
    line.close(connection.close_code or _NO_CODE, connection.close_reason or "")
