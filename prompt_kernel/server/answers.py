"""Answers: plain data as JSON, problems as problem details, and nothing sent twice that the client has already."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.wire import error_to_data, to_data

_PROBLEM: Final = "application/problem+json"


class Answer(Response):
    """Plain data as JSON in UTF-8."""

    media_type = "application/json"

    def __init__(self, data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Answer with `data`."""
        super().__init__(data, status, headers)

    def render(self, content: Any) -> bytes:
        """Write the body; a lone surrogate, which UTF-8 has no bytes for, makes it all escapes."""
        try:
            return _text(content, ascii_only=False).encode()
        except UnicodeEncodeError:
            return _text(content, ascii_only=True).encode()


def _text(content: Any, *, ascii_only: bool) -> str:
    return json.dumps(content, ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":"))


class Problem(Answer):
    """An error, as RFC 9457 has it."""

    media_type = _PROBLEM

    def __init__(
        self, error: PromptKernelError, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Tell of `error`."""
        data = error_to_data(error, status=status)
        super().__init__(data, data["status"], {"Cache-Control": "no-store", **(headers or {})})


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer with one record."""
    return Answer(to_data(value), status, headers)


def items(values: Iterable[object]) -> Answer:
    """Return the answer with a list of records."""
    return Answer({"items": [to_data(value) for value in values]})


def unless_known(request: Request, response: Response) -> Response:
    """Return `response` with its hash as ETag, or 304 where the client holds just that.

    Each byte of the answer counts: who gets a 304 would have got the same again.
    """
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _is_named(tag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _is_named(tag: str, wanted: str) -> bool:
    named = {entry.strip().removeprefix("W/") for entry in wanted.split(",")}
    return tag in named or "*" in named
