"""The form of a prompt's variables: what a field has to show, and what the values that were typed mean."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, NoReturn

from prompt_kernel.errors import InvalidVariableError
from prompt_kernel.variables import Declaration

#: What stands in the notebook may be as large as it likes; a field shows its beginning.
_MOST_SHOWN: Final = 200


class Given(NamedTuple):
    """What a form holds: the values that fit, and by name a sentence for each that does not."""

    values: dict[str, object]
    problems: dict[str, str]


def fields(declarations: Mapping[str, Declaration], taken: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return the fields of a form, in order; `taken` is what the notebook has for the variables that nobody fills."""
    return [_field(declaration, taken) for declaration in declarations.values()]


def _field(declaration: Declaration, taken: Mapping[str, object]) -> dict[str, Any]:
    return {
        "name": declaration.name,
        "type": declaration.type,
        "choices": list(declaration.values),
        "default": None if declaration.default is None else spelled(declaration.default),
        "description": declaration.description,
        "required": declaration.required,
        "taken": spelled(taken[declaration.name])[:_MOST_SHOWN] if declaration.name in taken else None,
    }


def spelled(value: object) -> str:
    """Return a value as a form and a line spell it: `true` for True, a number in its digits, a text as it is."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(declarations: Mapping[str, Declaration], typed: Mapping[str, str], *, is_template: bool) -> Given:
    """Read what was typed; an empty field gives no value, and a name that is no variable here is left out.

    A text for a template that begins like a list or an object of JSON is read as one.
    """
    values: dict[str, object] = {}
    problems: dict[str, str] = {}
    for name, declaration in declarations.items():
        text = _sound(typed.get(name, ""))
        if text == "":
            continue
        try:
            values[name] = _value(declaration, text, is_template=is_template)
        except InvalidVariableError as error:
            problems[name] = str(error)
    return Given(values, problems)


def _value(declaration: Declaration, text: str, *, is_template: bool) -> object:
    """Return the text itself where it fits: a line of the notebook gives texts, too, and the result is to be the same.

    Raises:
        InvalidVariableError: it does not fit.
    """
    if is_template and declaration.type == "string" and text.lstrip()[:1] in ("[", "{"):
        return _from_json(declaration.name, text)
    declaration.convert(text)
    return text


def _from_json(name: str, text: str) -> object:
    def refuse(word: str) -> NoReturn:
        raise InvalidVariableError(name, text, f"it begins like JSON, which has no {word}")

    constant: Callable[[str], Any] = refuse
    try:
        return json.loads(text, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        at = f": {error.msg}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidVariableError(name, text, f"it begins like JSON and is none{at}") from error


def _sound(text: str) -> str:
    """Return `text` without halves of characters, which a browser can send and nothing can store."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
