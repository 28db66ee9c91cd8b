"""One request and the reading of its answer, as plain data: what a verb is to a client, before anything is sent."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from prompt_kernel import wire
from prompt_kernel.errors import DirectoryNotFoundError, InvalidRequestError, NotFoundError, PromptNotFoundError
from prompt_kernel.expansion import split_pin
from prompt_kernel.names import MAX_PATH_CHARACTERS
from prompt_kernel.records import Rows

#: As many rows as a server gives or takes at a time.
PAGE: Final = 1000
#: What databases can count to in the column that versions have.
_LAST_VERSION: Final = 2**31 - 1

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Call(Generic[_T_co]):
    """One request: its method, its path below `/api` (encoded), query and body; and what its answer means.

    One that `writes` is sent with a key of its own, so that it can be sent again and is done once. The answer to one
    that is `kept` may be used again when the server is out of reach. `author` and `origin` stand in for the client's.
    """

    method: str
    path: str
    read: Callable[[Any], _T_co]
    query: Mapping[str, str]
    body: Any = None
    writes: bool = False
    kept: bool = False
    author: str | None = None
    origin: str | None = None


#: What a verb asks: one request, or several of which each depends on the answer before.
Asked = Call[_T] | Generator[Call[Any], Any, _T]


def reading(
    path: str, read: Callable[[Any], _T], query: Mapping[str, object] | None = None, *, kept: bool = False
) -> Call[_T]:
    """Return the request for what a path has; what is None in its query is left out."""
    return Call("GET", path, read, _query(query or {}), kept=kept)


def asking(path: str, read: Callable[[Any], _T], body: Mapping[str, Any], *, kept: bool = False) -> Call[_T]:
    """Return a question that takes more than an address can hold; it changes nothing."""
    return Call("POST", path, read, {}, _given(body), kept=kept)


def writing(
    method: str, path: str, read: Callable[[Any], _T], body: Mapping[str, Any] | None = None, **query: object
) -> Call[_T]:
    """Return a request that changes something; what is None in its body or its query is left out."""
    return Call(method, path, read, _query(query), None if body is None else _given(body), writes=True)


def _query(values: Mapping[str, object]) -> dict[str, str]:
    return {name: _word(value) for name, value in values.items() if value is not None}


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).encode("utf-8", "replace").decode()


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


# Addresses


def prompt_at(route: str, path: str) -> str:
    """Return the address of a prompt below `route`.

    Raises:
        PromptNotFoundError: no prompt can have that name, and an address with it would be another one.
    """
    return _at(route, path, PromptNotFoundError)


def directory_at(route: str, path: str) -> str:
    """Return the address of a directory below `route`.

    Raises:
        DirectoryNotFoundError: no directory can have that path, and an address with it would be another one.
    """
    return _at(route, path, DirectoryNotFoundError)


def _at(route: str, path: str, error: Callable[[str], NotFoundError]) -> str:
    segments = path.split("/")
    # Dots are resolved by whoever handles an address on its way, and servers refuse addresses that are too long.
    if len(path) > MAX_PATH_CHARACTERS or not {"", ".", ".."}.isdisjoint(segments) or "\0" in path:
        raise error(path)
    return "/".join([route, *(quote(segment, safe="", errors="replace") for segment in segments)])


def pinned(path: str, version: int | str | None = None) -> tuple[str, dict[str, int | str]]:
    """Return what a path with or without `@` names, and how requests say which version of it."""
    name, pin = split_pin(path)
    return name, version_of(pin if version is None else version)


def version_of(pin: int | str | None) -> dict[str, int | str]:
    """Return how requests name a version, by its number or by its label."""
    if pin is None:
        return {}
    # A number that no version has is asked for like a label: the server says what there is instead.
    is_number = isinstance(pin, int) and 1 <= pin <= _LAST_VERSION
    return {"version": pin} if is_number else {"label": str(pin)}


# Answers


def value_of(kind: type[_T]) -> Callable[[Any], _T]:
    """Return the reading of an answer that is one value of `kind`."""
    return lambda data: wire.from_data(kind, data)


def rows_of(kind: type[_T], title: str, empty: str = "Nothing here yet.") -> Callable[[Any], Rows[_T]]:
    """Return the reading of an answer that is a list of `kind`, with what heads it where it is shown."""
    many: Any = list[kind]  # type: ignore[valid-type]  # made at run time
    return lambda data: Rows(wire.from_data(many, data["items"]), title=title, empty=empty)


def field(name: str) -> Callable[[Any], Any]:
    """Return the reading of an answer of which one field counts."""
    return lambda data: data[name]


#: What reading an answer raises where it is not what was asked for.
UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError, InvalidRequestError)


def nothing(_data: object) -> None:
    """Read an answer that says no more than that it was done."""
