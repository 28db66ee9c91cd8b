"""What a form of variables means: its fields, what was given in them, and the table of declarations."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from prompt_kernel.errors import InvalidMetadataError, InvalidVariableError
from prompt_kernel.variables import Declaration, Scalar, as_data, declare

Kind = Literal["text", "choice", "switch", "whole", "number"]
_KINDS: Final[Mapping[str, Kind]] = {
    "string": "text",
    "enum": "choice",
    "boolean": "switch",
    "integer": "whole",
    "number": "number",
}
YES: Final = "yes"
NO: Final = "no"
_WORDS: Final[Mapping[object, object]] = {YES: True, NO: False}
#: Browsers count in floats, which hold whole numbers exactly up to here.
_MOST_EXACT: Final = 2**53


class Field(NamedTuple):
    """One field of the form: the variable, how it is asked for, what stands in it while it is empty, and its help."""

    declaration: Declaration
    kind: Kind
    choices: tuple[str, ...]
    placeholder: str
    help: str

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.declaration.name


class Given(NamedTuple):
    """What a form holds: the values that fit, and by name a sentence for each that does not."""

    values: dict[str, object]
    problems: dict[str, str]


def fields(declarations: Mapping[str, Declaration]) -> list[Field]:
    """Return a field for each variable, in order."""
    return [_field(declaration) for declaration in declarations.values()]


def _field(declaration: Declaration) -> Field:
    choices = (YES, NO) if declaration.type == "boolean" else declaration.values
    return Field(declaration, _KINDS[declaration.type], choices, _placeholder(declaration), _help(declaration))


def _placeholder(declaration: Declaration) -> str:
    if declaration.default not in (None, ""):
        return shown(declaration.default)
    return "needs a value" if declaration.required and declaration.default is None else "may stay empty"


def _help(declaration: Declaration) -> str:
    expected = "" if declaration.type == "string" else f"{declaration.expectation}."
    sentences = [declaration.description, expected[:1].upper() + expected[1:]]
    if declaration.default is not None:
        sentences.append(f"Empty means {shown(declaration.default) or 'the empty text'}.")
    return " ".join(sentence for sentence in sentences if sentence)


def shown(value: object) -> str:
    """Return a default as people write it: `yes` for true, a number in its digits, a text as it is."""
    if isinstance(value, bool):
        return YES if value else NO
    return "" if value is None else str(value)


def given(form: Iterable[Field], raw: Mapping[str, object], *, structured: bool = False) -> Given:
    """Read what stands in the fields; an empty field gives no value.

    With `structured` a text that begins like a list or an object of JSON is read as one: a jinja template can go
    through it.
    """
    values: dict[str, object] = {}
    problems: dict[str, str] = {}
    for field in form:
        content = raw.get(field.name)
        if content is None or content == "":
            continue
        try:
            values[field.name] = _value(field, content, structured=structured)
        except InvalidVariableError as error:
            problems[field.name] = str(error)
    return Given(values, problems)


def _value(field: Field, content: object, *, structured: bool) -> object:
    if field.kind == "switch":
        content = _WORDS.get(content, content)
    if field.kind == "text" and structured and str(content).lstrip()[:1] in ("[", "{"):
        return _from_json(field.name, str(content))
    return field.declaration.convert(content)


def _from_json(name: str, content: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        at = f": {error.msg}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidVariableError(name, content, f"it begins like JSON and is none{at}") from error


def portable(values: Mapping[str, object]) -> dict[str, object]:
    """Return values for a browser: a number that JSON or JavaScript would change goes as its digits."""
    return {name: value if _survives(value) else str(value) for name, value in values.items()}


def _survives(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) <= _MOST_EXACT
    return not isinstance(value, float) or math.isfinite(value)


# The table of declarations


def rows_of(variables: Mapping[str, Declaration]) -> list[dict[str, Any]]:
    """Return declarations as the rows of an editable table."""
    return [
        {
            "name": one.name,
            "type": one.type,
            "default": None if one.default is None else shown(one.default),
            "description": one.description,
            "values": list(one.values),
            "required": one.required,
        }
        for one in variables.values()
    ]


def variables_of(rows: Iterable[Mapping[str, Any]], before: Mapping[str, Declaration]) -> dict[str, Any]:
    """Return what an edited table declares, as `Store.save` takes it; rows with nothing in them are left out.

    An emptied default is none, except where the declaration of `before` had the empty text.

    Raises:
        InvalidMetadataError: a row makes no sense.
    """
    data: dict[str, Any] = {}
    for row in rows:
        if not any(row.get(column) for column in ("name", "default", "description", "values")):
            continue
        name = str(row.get("name") or "").strip()
        if not name:
            raise InvalidMetadataError("variables", "each row needs a name")
        if name in data:
            raise InvalidMetadataError("variables", f"two rows have the name {name}")
        data[name] = _entry(name, row, before.get(name))
    return as_data(declare(data))


def _entry(name: str, row: Mapping[str, Any], before: Declaration | None) -> dict[str, Any]:
    kind = row.get("type") or "string"
    entry: dict[str, Any] = {"type": kind, "description": row.get("description") or ""}
    values = [value.strip() for value in map(str, row.get("values") or ()) if value.strip()]
    if values:
        entry["values"] = values
    default = _default(name, kind, row.get("default") or "")
    if default is None and kind == "string" and before is not None and before.default == "":
        default = ""
    if default is not None:
        entry["default"] = default
    if row.get("required") is False:
        entry["required"] = False
    return entry


def _default(name: str, kind: str, content: str) -> Scalar | None:
    if not content:
        return None
    if kind not in ("integer", "number", "boolean"):
        return content
    declaration = Declaration(name, kind)  # type: ignore[arg-type]  # one of the three
    try:
        value = declaration.convert(_WORDS.get(content.strip().lower(), content))
    except InvalidVariableError as error:
        raise InvalidMetadataError(f"variables.{name}.default", f"{content!r}: {error.reason}") from error
    return value if isinstance(value, bool | int | float) else content
