"""Bodies of requests: so large and no larger, JSON and nothing else, and text that any store can hold."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from starlette.requests import ClientDisconnect, Request

from prompt_kernel.errors import InvalidRequestError

MOST_BYTES: Final = 16 * 2**20
MOST_LEVELS: Final = 64

#: A surrogate can come in as an escape only, for its bytes are no UTF-8.
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class BadBodyError(InvalidRequestError):
    """A body that is refused before anybody looks at what it says; `status` is what to answer."""

    def __init__(self, status: int, reason: str) -> None:
        """Refuse a body because of `reason`."""
        super().__init__(reason)
        self.status = status


class ReadRequest(Request):
    """A request whose body has been read."""

    def __init__(self, request: Request, raw: bytes, data: Any) -> None:
        """Hold the body of `request`: the bytes as they came, and what they say."""
        super().__init__(request.scope, request.receive)
        self._raw, self._data = raw, data

    async def body(self) -> bytes:
        """Return the bytes of the body."""
        return self._raw

    async def json(self) -> Any:
        """Return what the body says."""
        return self._data


async def read_body(request: Request) -> ReadRequest:
    """Return `request` with its body read and parsed; a body that is not there is none.

    Raises:
        BadBodyError: it is too large, no JSON, or JSON that nobody can use.
    """
    raw = await _read(request)
    if raw:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise BadBodyError(415, "Send the body as JSON, with the header Content-Type: application/json.")
    return ReadRequest(request, raw, _parse(raw) if raw else None)


async def _read(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES):
        raise _too_large()
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MOST_BYTES:
                raise _too_large()
            parts.append(part)
    except ClientDisconnect:
        raise BadBodyError(400, "The connection was closed before the end of the body.") from None
    return b"".join(parts)


def _too_large() -> BadBodyError:
    return BadBodyError(413, f"The body is larger than {MOST_BYTES // 2**20} MiB. Send less at a time.")


def _parse(raw: bytes) -> Any:
    try:
        data = json.loads(raw.decode(), parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError:
        raise BadBodyError(400, "The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise BadBodyError(400, f"The body is no JSON: {error.msg} at line {error.lineno}.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # a whole number of thousands of digits
        raise BadBodyError(422, "A number in the body has too many digits.") from None
    if raw.count(b"[") + raw.count(b"{") > MOST_LEVELS and any(level > MOST_LEVELS for level in _levels(data)):
        raise _too_deep()
    if _SURROGATE.search(raw):
        _check_surrogates(data)
    return data


def _no_number(word: str) -> NoReturn:
    raise BadBodyError(422, f"{word} is no number of JSON.")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise BadBodyError(422, "A number in the body is too large.")
    return number


def _too_deep() -> BadBodyError:
    return BadBodyError(422, f"The body is nested deeper than {MOST_LEVELS} levels.")


def _levels(data: Any) -> Iterator[int]:
    waiting = [(data, 1)]
    while waiting:
        value, level = waiting.pop()
        yield level
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting += [(entry, level + 1) for entry in inside if isinstance(entry, dict | list)]


def _check_surrogates(data: Any) -> None:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadBodyError(422, "A text in the body holds half of a surrogate pair, which is no character.") from None
