"""Declared variables: the type, default and description that a prompt's metadata gives a hole in its text.

    variables:
      tone: {type: enum, values: [formal, plain], default: plain, description: How to sound}
      n:    {type: integer, default: 3}
      city: Oslo            # only a default
      code:                 # only the name: required, any text

What is not said is the usual: any text, required, without a default.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import index
from typing import Any, Final, Literal, get_args

from prompt_kernel.errors import InvalidMetadataError, InvalidVariableError

VariableType = Literal["string", "integer", "number", "boolean", "enum"]
TYPES: Final[tuple[str, ...]] = get_args(VariableType)

_FIELDS = frozenset({"type", "default", "description", "required", "values"})
_WORDS = {"true": True, "false": False}

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a prompt says of one of its variables.

    `required` means that the caller must give a value where there is no `default`; a variable that is neither
    required nor given is the empty text. `values` are the choices of an `enum`.
    """

    name: str
    type: VariableType = "string"
    default: Scalar | None = None
    description: str = ""
    required: bool = True
    values: tuple[str, ...] = ()

    def convert(self, value: object) -> object:
        """Return `value` as the declared type has it: an int, a float, a bool, or the value itself for text.

        Raises:
            InvalidVariableError: the value does not fit.
        """
        try:
            return _CONVERT[self.type](self, value)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidVariableError(self.name, value, self.expectation) from error

    @property
    def expectation(self) -> str:
        """What a value must be, as the end of a sentence."""
        return f"it must be one of {', '.join(self.values)}" if self.type == "enum" else _EXPECTATIONS[self.type]

    def as_data(self) -> dict[str, Any]:
        """Return the declaration as metadata holds it, without what is usual anyway."""
        data: dict[str, Any] = {"type": self.type} if self.type != "string" else {}
        if self.values:
            data["values"] = list(self.values)
        if self.default is not None:
            data["default"] = self.default
        if self.description:
            data["description"] = self.description
        if not self.required:
            data["required"] = False
        return data


def _to_text(_: Declaration, value: object) -> object:
    if value is None:
        raise TypeError(value)
    return value


def _to_integer(_: Declaration, value: object) -> int:
    if _is_boolean(value):
        raise TypeError(value)
    return int(value) if isinstance(value, str) else index(value)  # type: ignore[arg-type]  # index() says no itself


def _to_number(declaration: Declaration, value: object) -> object:
    if _is_boolean(value):
        raise TypeError(value)
    if isinstance(value, str):
        return _to_integer(declaration, value) if re.fullmatch(r"\s*[+-]?\d+\s*", value) else float(value)
    if not isinstance(value, int):  # one that is too large for a float is a number too
        float(value)  # type: ignore[arg-type]  # float() says no itself
    return value


def _to_boolean(_: Declaration, value: object) -> bool:
    if isinstance(value, str):
        value = _WORDS.get(value.strip().lower(), value)
    if not _is_boolean(value):
        raise TypeError(value)
    return bool(value)


def _is_boolean(value: object) -> bool:
    return type(value).__name__ in ("bool", "bool_")  # numpy's too, without importing it


def _to_choice(declaration: Declaration, value: object) -> str:
    if str(value) not in declaration.values:
        raise ValueError(value)
    return str(value)


_CONVERT: dict[str, Callable[[Declaration, object], object]] = {
    "string": _to_text,
    "integer": _to_integer,
    "number": _to_number,
    "boolean": _to_boolean,
    "enum": _to_choice,
}
_EXPECTATIONS = {
    "string": "it must be some text, not None",
    "integer": "it must be a whole number",
    "number": "it must be a number",
    "boolean": "it must be true or false",
}


def declare(data: object) -> dict[str, Declaration]:
    """Read the `variables:` of a prompt's metadata; `None` declares nothing.

    Raises:
        InvalidMetadataError: the data has not the shape that the top of this module shows.
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise InvalidMetadataError("variables", "write a mapping of names, as in {tone: {default: plain}}")
    declarations = [_declare_one(name, entry) for name, entry in data.items()]
    return {declaration.name: declaration for declaration in declarations}


def variable_name(text: str) -> str:
    """Return the identifier that `text` spells, in the compatibility form that Python gives names, or "" for none."""
    name = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return name if name.isidentifier() else ""


def _declare_one(key: object, entry: object) -> Declaration:
    field = f"variables.{key}"
    name = variable_name(key) if isinstance(key, str) else ""
    if not name:
        raise InvalidMetadataError(field, "a variable's name is an identifier: letters, digits and _")
    if isinstance(entry, Declaration):
        entry = entry.as_data() or None
    if entry is None:
        return Declaration(name)
    if not isinstance(entry, Mapping):
        entry = {"type": _type_of(entry, field), "default": entry}
    unknown = sorted(set(map(str, entry)) - _FIELDS)
    if unknown:
        raise InvalidMetadataError(field, f"{unknown[0]!r} is not one of {', '.join(sorted(_FIELDS))}")
    return _checked(_from_mapping(name, field, entry), field)


def _type_of(value: object, field: str) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return name
    raise InvalidMetadataError(field, "a default is text, a number, true or false")


def _from_mapping(name: str, field: str, entry: Mapping[Any, Any]) -> Declaration:
    values = entry.get("values")
    if values is not None and not _are_choices(values):
        raise InvalidMetadataError(field, "values is a list of the allowed texts")
    kind = entry.get("type", "enum" if values else "string")
    if kind not in TYPES:
        raise InvalidMetadataError(field, f"type {kind!r} is not one of {', '.join(TYPES)}")
    if (kind == "enum") != bool(values):
        raise InvalidMetadataError(field, "an enum, and nothing else, has a list of values")
    required = entry.get("required", True)
    if not isinstance(required, bool):
        raise InvalidMetadataError(field, "required is true or false")
    return Declaration(
        name, kind, entry.get("default"), str(entry.get("description") or ""), required, tuple(map(str, values or ()))
    )


def _are_choices(values: object) -> bool:
    return isinstance(values, list | tuple) and bool(values) and all(isinstance(value, Scalar) for value in values)


def _checked(declaration: Declaration, field: str) -> Declaration:
    if declaration.default is None:
        return declaration
    _type_of(declaration.default, field)
    try:
        declaration.convert(declaration.default)
    except InvalidVariableError as error:
        raise InvalidMetadataError(f"{field}.default", f"{declaration.default!r}: {error.reason}") from error
    return declaration


def as_data(declarations: Mapping[str, Declaration]) -> dict[str, Any]:
    """Return `declarations` as plain data: the inverse of `declare`."""
    return {name: declaration.as_data() or None for name, declaration in declarations.items()}
