"""Values <-> plain JSON data: what goes over HTTP, and what comes back as the same value on the other side.

Every record is a mapping of its fields; times are ISO 8601 with their offset, tuples are lists, a span is
`[start, end]`. Errors are problem details (RFC 9457) with the name of the class and all that the error carries. Who
reads ignores what it does not know, so that both sides need not be of one version.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from numbers import Integral, Real
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from prompt_kernel import errors
from prompt_kernel.errors import InvalidRequestError, PromptKernelError
from prompt_kernel.expansion import CompiledPrompt, Details, Diagnostic, Expansion, Manifest, Piece
from prompt_kernel.records import Directory, Entry, Prompt, field_names
from prompt_kernel.spans import Span

_T = TypeVar("_T")
_Encode = Callable[[Any], Any]
_Read = Callable[[Any], Any]

#: What a record is asked for besides its fields, because whoever has no records needs it too.
_ALSO: Final[dict[type, tuple[str, ...]]] = {
    Prompt: ("name", "directory"),
    Entry: ("name", "directory"),
    Directory: ("name",),
}


# Writing


def to_data(value: Any) -> Any:
    """Return `value`, a record or a collection of records, as plain data for JSON; `from_data` is the inverse."""
    kind: Any = type(value)
    return _encoder(kind)(value)


def value_to_data(value: object) -> Any:
    """Return the value of a variable as plain data: numbers, lists and mappings as such, all else as its text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): value_to_data(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [value_to_data(entry) for entry in value]
    return _number(value) if isinstance(value, Real) else str(value)


def _number(value: Real) -> int | float | str:
    """Return a number, also one of numpy; one that JSON has no word for (`nan`, `inf`) as its text."""
    if isinstance(value, Integral):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else str(number)


@cache
def _encoder(kind: Any) -> _Encode:
    if is_dataclass(kind) or (hasattr(kind, "_fields") and kind is not Span):
        return _record_encoder((*field_names(kind), *_ALSO.get(kind, ())))
    return next((encode for known, encode in _ENCODERS.items() if issubclass(kind, known)), value_to_data)


def _same(value: Any) -> Any:
    return value


def _record_encoder(names: tuple[str, ...]) -> _Encode:
    get = attrgetter(*names)
    if len(names) == 1:
        return lambda value: {names[0]: to_data(get(value))}
    return lambda value: dict(zip(names, map(to_data, get(value)), strict=True))


def _mapping_to_data(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): to_data(entry) for name, entry in value.items()}


def _items_to_data(value: Iterable[object]) -> list[Any]:
    return [to_data(entry) for entry in value]


def _expansion_to_data(value: Expansion) -> dict[str, Any]:
    return {
        "text": str(value),
        "path": value.path,
        "version": value.version,
        "pieces": to_data(value.pieces),
        "manifest": to_data(value.manifest),
        "variables": value_to_data(value.variables),
        "defaults": sorted(value.defaults),
        "diagnostics": to_data(value.diagnostics),
    }


#: The first that fits counts.
_ENCODERS: Final[dict[type, _Encode]] = {
    Expansion: _expansion_to_data,
    CompiledPrompt: lambda value: _mapping_to_data(value.as_data()),
    str: value_to_data,
    Span: list,
    datetime: datetime.isoformat,
    Mapping: _mapping_to_data,
    list: _items_to_data,
    tuple: _items_to_data,
    frozenset: _items_to_data,
}


# Reading


def from_data(kind: type[_T], data: object) -> _T:
    """Return the value of `kind` (a record, or a collection such as `list[Entry]`) that `to_data` gave `data` of.

    Raises:
        InvalidRequestError: the data are not of that kind.
    """
    try:
        return cast("_T", _reader(cast("Any", kind))(data))
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        name = getattr(kind, "__name__", str(kind))
        raise InvalidRequestError(f"This is not the data of a {name}: {error}.") from error


@cache
def _reader(kind: Any) -> _Read:
    if isinstance(kind, type) and issubclass(kind, Expansion):
        return _expansion_from_data
    if kind is CompiledPrompt:
        return CompiledPrompt.from_data
    if kind is Span:
        return lambda data: Span(*data)
    if kind is datetime:
        return datetime.fromisoformat
    if isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
        return _record_reader(kind)
    return _collection_reader(get_origin(kind), get_args(kind))


def _collection_reader(origin: Any, args: tuple[Any, ...]) -> _Read:
    if origin in (Union, UnionType):
        some = [arg for arg in args if arg is not NoneType]
        read = _reader(some[0]) if len(some) == 1 else _same
        return lambda data: None if data is None else read(data)
    if not isinstance(origin, type):
        return _same
    if issubclass(origin, Mapping):
        read = _reader(args[1])
        return lambda data: {name: read(entry) for name, entry in data.items()}
    if issubclass(origin, list | tuple | frozenset):
        make: Callable[[Iterable[Any]], Any] = origin
        read = _reader(args[0])
        return lambda data: make(map(read, data))
    return _same


def _record_reader(kind: Any) -> _Read:
    hints = get_type_hints(kind, localns={"Expansion": Expansion})
    readers = {name: _reader(hints[name]) for name in field_names(kind)}
    needed = _needed(kind)

    def read(data: Mapping[str, Any]) -> Any:
        missing = [name for name in needed if name not in data]
        if missing:
            raise ValueError(f"{missing[0]} is missing")
        return kind(**{name: read(data[name]) for name, read in readers.items() if name in data})

    return read


def _needed(kind: Any) -> list[str]:
    if not is_dataclass(kind):
        return [name for name in kind._fields if name not in kind._field_defaults]
    return [field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]


def _expansion_from_data(data: Mapping[str, Any]) -> Expansion:
    details = Details(
        data.get("path", ""),
        data.get("version"),
        dict(data["variables"]),
        frozenset(data.get("defaults", ())),
        _reader(tuple[Diagnostic, ...])(data["diagnostics"]),
        pieces=_reader(tuple[Piece, ...])(data["pieces"]),
        manifest=_reader(Manifest)(data["manifest"]),
    )
    return Expansion(data["text"], details)


# Errors

#: What each class answers over HTTP; one that is not named answers as the class above it.
_STATUS: Final[dict[type, int]] = {
    errors.NotFoundError: 404,
    errors.PathTakenError: 409,
    errors.ConflictError: 409,
    errors.DivergedError: 409,
    errors.ReferencedError: 409,
    errors.DirectoryNotEmptyError: 409,
    errors.AmbiguousNameError: 409,
    errors.AccessDeniedError: 403,
    errors.ReadOnlyStoreError: 403,
    errors.SchemaTooNewError: 403,
    errors.RemoteStoreError: 501,
    errors.StoreError: 503,
    errors.MissingExtraError: 501,
    errors.PromptKernelError: 422,
}
_KIND: Final = "urn:prompt-kernel:error:"
#: A number of more digits than this is longer than many can read.
_LARGEST: Final = 10**300


def status_of(error: PromptKernelError) -> int:
    """Return the HTTP status that tells of an error."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def error_to_data(error: PromptKernelError, *, status: int | None = None) -> dict[str, Any]:
    """Return an error as problem details, with all that it carries; `error_from_data` is the inverse.

    `status` is for one that answers otherwise than `status_of` says.
    """
    name = type(error).__name__
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.removesuffix("Error"))
    return {
        "type": _KIND + name,
        "title": words.strip().capitalize(),
        "status": status_of(error) if status is None else status,
        "detail": str(error),
        "error": name,
        **{name: _carried(value) for name, value in vars(error).items()},
    }


def error_from_data(data: Mapping[str, Any]) -> PromptKernelError:
    """Return the error that problem details tell of; one of a class that is not known here has the sentence alone."""
    kind = _known_errors().get(str(data.get("error")), PromptKernelError)
    sentence = str(data.get("detail") or data.get("title") or "The server answered with an error.")
    error = kind.__new__(kind, sentence)
    error.args = (sentence,)
    if kind is not PromptKernelError:
        carried = {name: _restored(name, value) for name, value in data.items() if name not in _MEMBERS}
        vars(error).update(carried)
    return error


_MEMBERS: Final = frozenset({"type", "title", "status", "detail", "error", "instance"})


def _carried(value: object) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_LARGEST, min(value, _LARGEST))
    return list(value) if isinstance(value, Span) else value_to_data(value)


def _restored(name: str, value: Any) -> Any:
    if name == "value":  # what somebody gave for a variable, as it was
        return value
    if name == "span" and isinstance(value, list):
        return Span(*value)
    return tuple(value) if isinstance(value, list) else value


@cache
def _known_errors() -> dict[str, type[PromptKernelError]]:
    return {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, PromptKernelError)
    }


__all__ = ["error_from_data", "error_to_data", "from_data", "status_of", "to_data", "value_to_data"]
