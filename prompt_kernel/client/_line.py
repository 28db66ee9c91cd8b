"""The conversation with a server, without a line of sending: what to send, when to try again, what an answer means.

`Line.talk` is a generator: it gives what to do (send a request, wait a moment) and is sent what came of it. So the
client that waits and the client that awaits hold the same conversation.
"""

import json
import time
import warnings
from collections.abc import Generator
from copy import copy
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx

import prompt_kernel
from prompt_kernel.authors import author_headers, login
from prompt_kernel.client import _problems
from prompt_kernel.client._address import Address
from prompt_kernel.client._cache import Cache, Kept
from prompt_kernel.client._call import UNREADABLE, Asked, Call, reading
from prompt_kernel.client._noting import note
from prompt_kernel.client._reads import activity
from prompt_kernel.errors import (
    InvalidMetadataError,
    InvalidRequestError,
    PromptKernelError,
    ReadOnlyStoreError,
    StoreUnavailableError,
)
from prompt_kernel.locations import remember
from prompt_kernel.records import ORIGINS

_T = TypeVar("_T")

#: How long to wait before a request is sent again; after the last of these it has failed.
_PAUSES: Final = (0.02, 0.3)
_LOOK_EVERY: Final = 0.5
_CONNECT_WITHIN: Final = 5.0
_MISSING: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


class Pause(NamedTuple):
    """Wait so many seconds."""

    seconds: float


Step = httpx.Request | Pause
#: What came of a request; what is sent after a pause, nobody looks at.
Answer = httpx.Response | httpx.RequestError
Talk = Generator[Step, Answer, _T]


class OfflineWarning(UserWarning):
    """The server is out of reach, and what was read before is served in its place."""


@dataclass(slots=True)
class Line:
    """What a client knows of its server, and who is using it."""

    address: Address
    author: str
    origin: str
    read_only: bool
    timeout: httpx.Timeout
    offline: bool
    cache: Cache
    #: Whether a warning has said that the server is out of reach; shared by all who use the line.
    warned: list[bool] = field(default_factory=list)

    @classmethod
    def to(
        cls, address: Address, author: str | None, origin: str, timeout: float, *, read_only: bool, offline: bool
    ) -> Self:
        """Return the line to a server, not yet used.

        Raises:
            InvalidMetadataError: there is no such origin.
        """
        cache = Cache(address.url)
        if offline:
            cache.use_disk()
        limits = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_WITHIN))
        return cls(address, author or login(), _checked(origin), read_only, limits, offline, cache)

    def by(self, author: str, origin: str | None) -> "Line":
        """Return the same line for somebody else."""
        other = copy(self)
        other.author, other.origin = author or login(), _checked(origin or self.origin)
        return other

    @property
    def headers(self) -> dict[str, str]:
        """What each request says, whoever sends it."""
        headers = {"Accept": "application/json", "User-Agent": f"prompt-kernel/{prompt_kernel.__version__}"}
        return headers | ({"Authorization": f"Bearer {self.address.token}"} if self.address.token else {})

    @property
    def place(self) -> str:
        """By what a prompt finds this server again, and the token with it, though it does not show it."""
        token = self.address.token
        return remember(f"{self.address.url}?token={quote(token, safe='')}") if token else self.address.url

    # Talking

    def talk(self, asked: Asked[_T]) -> Talk[_T]:
        """Hold the conversation that answers `asked`.

        Raises:
            PromptKernelError: what the server says, or why it says nothing.
        """
        if isinstance(asked, Call):
            answer = yield from self._answer(asked)
            note(self.address.url, asked, answer)
            return answer
        try:
            call = next(asked)
            while True:
                step = yield from self._answer(call)
                note(self.address.url, call, step)
                call = asked.send(step)
        except StopIteration as end:
            value: _T = end.value
            return value

    def open(self) -> Talk[str]:
        """Ask whether the server is there, lets us in and is one of ours; return its version."""
        return (yield from self._answer(reading("/health", _version_of)))

    def revision(self) -> Talk[int]:
        """Ask for the number of the newest entry of the log."""
        newest = yield from self.talk(activity(limit=1))
        return newest[0].id if newest else 0

    def wait(self, known: object, timeout: float) -> Talk[object]:
        """Ask for the revision until it is another than `known`, or the time is over."""
        end = time.monotonic() + timeout
        while True:
            found = yield from self.revision()
            left = end - time.monotonic()
            if found != known or left <= 0:
                return found
            yield Pause(min(left, _LOOK_EVERY))

    def _answer(self, call: Call[_T]) -> Talk[_T]:
        if call.writes and self.read_only:
            raise ReadOnlyStoreError(self.address.url, "it was opened so")
        kept = self.cache.find(call)
        answer, may_be_done = yield from self._exchange(self._request(call, kept))
        if not isinstance(answer, httpx.Response) or _is_from_between(answer):
            return self._out_of_reach(call, answer, kept, in_doubt=call.writes and may_be_done)
        self.warned.clear()
        if answer.status_code == HTTPStatus.NOT_MODIFIED and kept is not None:
            return kept.read(call, self.place)
        return (yield from self._read(call, answer))

    def _exchange(self, request: httpx.Request) -> Talk[tuple[httpx.Response | httpx.RequestError, bool]]:
        """Send a request, and again after a moment where that may help.

        Returns the last answer, and whether the server may have done what was asked, though nobody heard of it.
        """
        may_be_done = False
        for seconds in (*_PAUSES, None):
            answer = yield request
            may_be_done |= _problems.has_begun(answer)
            if seconds is None or not _problems.may_pass(answer):
                break
            yield Pause(seconds)
        return answer, may_be_done

    def _request(self, call: Call[Any], kept: Kept | None) -> httpx.Request:
        headers = author_headers(call.author or self.author, call.origin or self.origin)
        if call.writes:
            headers["Idempotency-Key"] = uuid4().hex
        elif kept is not None and kept.tag:
            headers["If-None-Match"] = kept.tag
        content = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            content = _json(call.body)
        url = httpx.URL(f"{self.address.url}/api{call.path}", params=call.query)
        extensions = {"timeout": self.timeout.as_dict()}
        return httpx.Request(call.method, url, headers=self.headers | headers, content=content, extensions=extensions)

    def _read(self, call: Call[_T], answer: httpx.Response) -> Talk[_T]:
        data = _problems.data_of(answer)
        if answer.status_code in _MISSING and _is_nowhere(answer, data):
            raise (yield from self._unknown(answer))
        if not answer.is_success:
            raise _problems.refusal(self.address, answer)
        if data is None and answer.status_code != HTTPStatus.NO_CONTENT:
            raise _problems.not_ours(self.address.url, answer)
        kept = Kept(answer.headers.get("etag", ""), data, len(answer.content))
        try:
            value = kept.read(call, self.place)
        except UNREADABLE as error:
            raise (yield from self._unknown(answer)) from error
        self.cache.keep(call, kept)
        return value

    def _unknown(self, answer: httpx.Response) -> Talk[PromptKernelError]:
        """Return the error for an answer that this version cannot have got from one of its own."""
        health = yield self._request(reading("/health", dict), None)
        data = _problems.data_of(health) if isinstance(health, httpx.Response) else None
        if not isinstance(data, dict) or "version" not in data:
            return _problems.not_ours(self.address.url, answer)
        return _problems.misread(self.address.url, str(data["version"]))

    def _out_of_reach(
        self, call: Call[_T], answer: httpx.Response | httpx.RequestError, kept: Kept | None, *, in_doubt: bool
    ) -> _T:
        """Return what was read before, where that is wanted.

        Raises:
            StoreUnavailableError: it is not, or nothing was.
        """
        if isinstance(answer, httpx.Response):
            reason, cause = _problems.from_between(answer), None
        else:
            reason, cause = _problems.why(answer, self.timeout), answer
        if in_doubt:
            reason += ". It may have been done all the same: look before you repeat it"
        elif self.offline and kept is None and not call.writes:
            reason += ". This was never read here before, so that it cannot be served offline"
        if kept is None or not self.offline:
            raise StoreUnavailableError(self.address.url, reason) from cause
        if not self.warned:
            self.warned.append(True)
            message = f"The server {self.address.url} is out of reach, and what was read before is served: {reason}."
            warnings.warn(message, OfflineWarning, stacklevel=_CALLER)
        return kept.read(call, self.place)


#: From the warning to the line of whoever has called the verb: through the conversation and the client.
_CALLER: Final = 7


def _version_of(data: Any) -> str:
    return str(data["version"])


def _checked(origin: str) -> str:
    if origin not in ORIGINS:
        raise InvalidMetadataError("origin", f"{origin!r} is not one of {', '.join(ORIGINS)}")
    return origin


def _json(body: Any) -> bytes:
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError:  # half a character, which the server refuses with the reason
        return json.dumps(body).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequestError(f"This cannot be sent: {error}.") from error


def _is_from_between(answer: httpx.Response) -> bool:
    """Tell whether a proxy has answered for a server that did not."""
    return answer.status_code in _problems.PASSING and not _problems.is_problem(answer)


def _is_nowhere(answer: httpx.Response, data: Any) -> bool:
    """Tell whether it is the address that is not there, and not what was asked for."""
    is_error = isinstance(data, dict) and _problems.is_problem(answer)
    return not is_error or data.get("error") == InvalidRequestError.__name__
