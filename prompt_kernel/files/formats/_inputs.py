"""Prompty's `inputs:`, of both its versions <-> our declarations."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.files.formats._json import table
from prompt_kernel.variables import Declaration, declare, variable_name

#: Prompty's names of types, old and new, for ours; a float is a number.
_TYPES: Final = {"string": "string", "integer": "integer", "number": "number", "float": "number", "boolean": "boolean"}


def read_inputs(data: object) -> tuple[dict[str, Any], list[str]]:
    """Return the declarations, and what they cannot say."""
    declarations: dict[str, Any] = {}
    losses: list[str] = []
    for name, facts in _entries(data):
        if not variable_name(name):
            losses.append(f"the input {name}, which cannot be a variable's name")
            continue
        entry, lost = _entry(facts)
        losses += [f"{what} of {name}" for what in lost]
        try:
            declarations[name] = declare({name: entry or None})[name].as_data() or None
        except InvalidMetadataError as error:
            losses.append(f"what is declared of {name}: {error.reason}")
            declarations[name] = None
    return declarations, losses


def _entries(data: object) -> Iterator[tuple[str, Any]]:
    if isinstance(data, Mapping):
        yield from ((str(name), facts) for name, facts in data.items())
    for item in data if isinstance(data, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            yield item["name"], item


def _entry(facts: object) -> tuple[dict[str, Any], list[str]]:
    if not isinstance(facts, Mapping):  # `question: What is it?` gives a default only
        known = isinstance(facts, str | int | float | bool)
        return ({"default": facts} if known else {}), [] if known or facts is None else ["the default"]
    lost: list[str] = []
    kind = facts.get("kind", facts.get("type", "string"))
    entry: dict[str, Any] = {"type": _TYPES.get(str(kind), "string")}
    if str(kind) not in _TYPES:
        lost.append(f"the type {kind}")
    values = facts.get("enumValues", facts.get("enum"))
    if isinstance(values, list) and values:
        entry |= {"type": "enum", "values": [str(value) for value in values]}
    default = facts.get("default")
    if isinstance(default, str | int | float | bool):
        entry["default"] = default
    elif default is not None:
        lost.append("the default")
    if isinstance(facts.get("description"), str) and facts["description"]:
        entry["description"] = facts["description"]
    if facts.get("required") is False:
        entry["required"] = False
    return entry, lost


def write_inputs(known: object, variables: Mapping[str, Declaration]) -> Any:
    """Return `inputs:` that say what our declarations say, in the shape that is `known`."""
    facts = {name: _facts(declaration) for name, declaration in variables.items()}
    if isinstance(known, list):
        known_of = dict(_entries(known))
        return [{"name": name, **_kept(known_of.get(name)), **_new(said)} for name, said in facts.items()]
    before = dict(_entries(known))
    return {name: {**_kept(before.get(name)), **said} for name, said in facts.items()}


def _new(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as the newer version has them, which calls a type a kind."""
    return {"kind" if key == "type" else key: value for key, value in facts.items()}


def _kept(facts: object) -> dict[str, Any]:
    """Return what only Prompty knows of an input: a sample, for one."""
    ours = ("name", "type", "kind", "default", "description", "required", "enumValues", "enum")
    return {key: value for key, value in table(facts).items() if key not in ours}


def _facts(declaration: Declaration) -> dict[str, Any]:
    data = declaration.as_data()
    values = data.pop("values", None)
    data["type"] = "string" if declaration.type == "enum" else declaration.type
    return {**data, **({"enumValues": values} if values else {})}
