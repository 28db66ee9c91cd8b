"""Who a request comes from, as far as the server knows, and what they may do."""

from typing import Final, NamedTuple
from urllib.parse import unquote

from starlette.requests import HTTPConnection
from starlette.types import Scope

from prompt_kernel.authors import AUTHOR_HEADER, ORIGIN_HEADER
from prompt_kernel.errors import AccessDeniedError
from prompt_kernel.records import ORIGINS

_KEY: Final = "prompt_kernel.caller"
_MOST_CHARACTERS: Final = 200


class Caller(NamedTuple):
    """Who is noted with what they change ("" for the server's own author), by which end, and whether they may write."""

    author: str = ""
    may_write: bool = True
    origin: str = "api"

    def check_writing(self) -> None:
        """Check that they may write.

        Raises:
            AccessDeniedError: they may not.
        """
        if not self.may_write:
            raise AccessDeniedError(
                "This token may only read. Ask for one that may write: prompt-kernel token NAME --write"
            )


def set_caller(scope: Scope, author: str, *, may_write: bool) -> None:
    """Note in `scope` whose token a request has brought; an `author` that is given counts more than a header."""
    scope[_KEY] = author, may_write


def caller_of(connection: HTTPConnection) -> Caller:
    """Return who a request comes from."""
    author, may_write = connection.scope.get(_KEY, ("", True))
    said = unquote(connection.headers.get(AUTHOR_HEADER, ""))
    origin = connection.headers.get(ORIGIN_HEADER, "")
    shown = "".join(filter(str.isprintable, said)).strip()[:_MOST_CHARACTERS]
    return Caller(author or shown, may_write, origin if origin in ORIGINS else "api")
