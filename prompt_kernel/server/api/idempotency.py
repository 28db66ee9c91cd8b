"""The same request twice is one request: who was not told whether a write has happened asks again with the same key."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

from prompt_kernel.errors import InvalidRequestError

HEADER: Final = "Idempotency-Key"
#: What a key may be: letters, digits and signs, and no spaces.
PATTERN: Final = r"^[!-~]{1,200}$"
_REPLAYED: Final = "Idempotency-Replayed"


@dataclass(slots=True)
class _Kept:
    """A request that came with a key, and what it was answered once it has been."""

    request: str
    until: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    answer: tuple[int, dict[str, str], bytes] | None = None


class Answers:
    """The answers of the last requests that came with a key: so many, for so many seconds, of so many bytes in all.

    An error is not kept: nothing has happened then, so that asking again is safe.
    """

    def __init__(self, *, most: int = 1_000, seconds: float = 600, most_bytes: int = 64 * 2**20) -> None:
        """Remember nothing yet."""
        self._kept: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()
        self._most, self._seconds, self._most_bytes = most, seconds, most_bytes
        self._bytes = 0

    async def once(
        self, key: str, caller: tuple[str, ...], request: str, make: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Return what `make` answers, or has answered when the same request came with this key before.

        Who asks while the first is still being answered waits for it.

        Raises:
            InvalidRequestError: the key cannot be one, or has come with another request.
        """
        if not re.fullmatch(PATTERN, key):
            raise InvalidRequestError(f"{HEADER} is 1 to 200 letters, digits and signs, without spaces.")
        name = (*caller, key)
        self._forget(0 if name in self._kept else 1)
        kept = self._kept.setdefault(name, _Kept(request, time.monotonic() + self._seconds))
        if kept.request != request:
            raise InvalidRequestError(f"This {HEADER} came with another request before. Choose a new key.")
        try:
            async with kept.lock:
                return _again(kept.answer) if kept.answer else await self._first(name, kept, make)
        finally:
            if kept.answer is None and self._kept.get(name) is kept and not kept.lock.locked():
                del self._kept[name]

    async def _first(self, name: tuple[str, ...], kept: _Kept, make: Callable[[], Awaitable[Response]]) -> Response:
        response = await make()
        if response.status_code < 400:  # noqa: PLR2004 - where errors begin
            headers = {name: value for name, value in response.headers.items() if name != "content-length"}
            kept.answer = response.status_code, headers, bytes(response.body)
            self._bytes += len(response.body)
            self._kept.setdefault(name, kept)
        return response

    def _forget(self, new: int) -> None:
        """Make room for `new` more, and drop what is too old or too much; the oldest first."""
        now = time.monotonic()
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            if oldest.until > now and len(self._kept) + new <= self._most and self._bytes <= self._most_bytes:
                return
            del self._kept[name]
            self._bytes -= len(oldest.answer[2]) if oldest.answer else 0


def _again(answer: tuple[int, dict[str, str], bytes]) -> Response:
    status, headers, body = answer
    return Response(body, status, {**headers, _REPLAYED: "true"})
