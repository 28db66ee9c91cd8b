"""What goes wrong, as problem details: one clear sentence, with the place in the request that it is about."""

import logging
import re
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from prompt_kernel.errors import InvalidRequestError, PromptKernelError
from prompt_kernel.server.answers import Problem
from prompt_kernel.server.api.bodies import BadBodyError

_LOG = logging.getLogger(__name__)
_NOWHERE: Final = 404
_WRONG_METHOD: Final = 405
_MANY: Final = 3


async def from_error(_: Request, error: Exception) -> Response:
    """Answer for an error of ours."""
    if isinstance(error, BadBodyError):
        # The rest of the body has not been read, so that nothing else can come over this connection.
        headers = {"Connection": "close"} if error.status == 413 else None  # noqa: PLR2004 - the status itself
        return Problem(InvalidRequestError(error.reason), error.status, headers)
    return Problem(error if isinstance(error, PromptKernelError) else InvalidRequestError(str(error)))


async def from_validation(_: Request, error: Exception) -> Response:
    """Answer for a request that does not fit the schema."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    sentences = [_sentence(entry) for entry in found[:_MANY]]
    more = f" And {len(found) - _MANY} more." if len(found) > _MANY else ""
    return Problem(InvalidRequestError(" ".join(sentences) + more))


#: The words of pydantic, and ours.
_WORDS: Final = {
    "Value error, ": "",
    "Input should be a valid dictionary or object to extract fields from": "it should be an object",
    "Input should be a valid dictionary": "it should be an object",
    "Input should": "it should",
    "Field required": "it is missing",
    "Extra inputs are not permitted": "there is no such field",
}


def _sentence(found: Any) -> str:
    place, *steps = found["loc"] or ("request",)
    what = found["msg"].rstrip(".")
    for theirs, ours in _WORDS.items():
        what = what.replace(theirs, ours)
    where = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, steps)))
    return f"{where} ({place}): {what[:1].lower()}{what[1:]}." if where else f"The {place}: {what}."


async def from_http(request: Request, error: Exception) -> Response:
    """Answer for an address that is none, or one that has no such method."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    if status == _NOWHERE:
        return Problem(InvalidRequestError("There is no such address. /api/docs lists them all."), status)
    if status == _WRONG_METHOD:
        allowed = ", ".join(_methods(request))
        sentence = f"This address takes {allowed}, and not {request.method}."
        return Problem(InvalidRequestError(sentence), status, {"Allow": allowed})
    detail = error.detail if isinstance(error, HTTPException) else "The request cannot be understood."
    return Problem(InvalidRequestError(detail), status)


def _methods(request: Request) -> list[str]:
    """Return the methods that the address of `request` takes, in all its routes."""
    found = {
        method
        for route in request.app.routes
        for method in getattr(route, "methods", None) or ()
        if route.matches({**request.scope, "method": method})[0].name == "FULL"
    }
    return sorted(found)


async def from_surprise(_: Request, error: Exception) -> Response:
    """Answer for what nobody has thought of; who runs the server finds it in the log."""
    _LOG.error("a request has failed", exc_info=error)
    return Problem(PromptKernelError("Something has gone wrong in the server; its log tells what."), 500)
