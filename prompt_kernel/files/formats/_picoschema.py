"""Dotprompt's `input:`, in Picoschema or in JSON Schema <-> our declarations."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.files.formats._json import table
from prompt_kernel.variables import Declaration, declare, variable_name

_TYPES: Final = frozenset({"string", "integer", "number", "boolean"})
_KEY = re.compile(r"(?P<name>[^?(]+)(?P<optional>\??)(?:\((?P<type>\w+)(?:,\s*(?P<description>.*))?\))?", re.DOTALL)


def read_input(data: object, holes: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the declarations in `input:` for the variables that the text has, and what they cannot say."""
    schema, defaults = table(table(data).get("schema")), table(table(data).get("default"))
    entries = _json_schema(schema) if "properties" in schema else _picoschema(schema)
    declarations: dict[str, Any] = {}
    losses: list[str] = []
    for name in dict.fromkeys([*entries, *defaults, *holes]):
        if not variable_name(name):
            losses.append(f"the input {name}, which cannot be a variable's name")
            continue
        entry, lost = entries.get(name, ({}, ""))
        default = defaults.get(name)
        if isinstance(default, str | int | float | bool):
            entry = {**entry, "default": default, "required": True}
        elif default is not None:
            losses.append(f"the default of {name}, which is more than a text or a number")
        if lost:
            losses.append(f"the type {lost} of {name}")
        declarations[name] = _sound(name, entry, losses)
    return {name: entry for name, entry in declarations.items() if entry is not None}, losses


def _sound(name: str, entry: Mapping[str, Any], losses: list[str]) -> dict[str, Any] | None:
    kept = {
        key: value for key, value in entry.items() if value not in ("", None) and (key, value) != ("required", True)
    }
    if not kept:
        return None
    try:
        return declare({name: kept})[name].as_data() or None
    except InvalidMetadataError as error:
        losses.append(f"the default of {name}: {error.reason}")
        return {key: value for key, value in kept.items() if key != "default"} or None


def _picoschema(schema: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for key, value in schema.items():
        parsed = _KEY.fullmatch(key)
        if parsed is None or parsed["name"] == "(*)":
            continue
        entry: dict[str, Any] = {"description": parsed["description"] or ""}
        lost = ""
        if parsed["type"] == "enum" and isinstance(value, list):
            entry |= {"type": "enum", "values": [str(item) for item in value if item is not None]}
        elif parsed["type"] or not isinstance(value, str):
            lost = parsed["type"] or "object"
        else:
            kind, _, description = value.partition(",")
            entry |= {"description": description.strip()}
            lost = _typed(entry, kind.strip())
        if parsed["optional"]:
            entry["required"] = False
        found[parsed["name"].strip()] = entry, lost
    return found


def _json_schema(schema: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
    required = schema.get("required")
    needed = set(map(str, required)) if isinstance(required, list) else set()
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for name, said in table(schema.get("properties")).items():
        facts = table(said)
        entry: dict[str, Any] = {"description": str(facts.get("description") or "")}
        values = facts.get("enum")
        if isinstance(values, list) and values:
            entry |= {"type": "enum", "values": [str(value) for value in values if value is not None]}
            lost = ""
        else:
            lost = _typed(entry, str(facts.get("type", "string")))
        default = facts.get("default")
        if isinstance(default, str | int | float | bool):
            entry["default"] = default
        elif name not in needed:
            entry["required"] = False
        found[name] = entry, lost
    return found


def _typed(entry: dict[str, Any], kind: str) -> str:
    """Note the type `kind` in `entry`; return it where we have none such."""
    if kind in _TYPES:
        entry["type"] = kind
        return ""
    return "" if kind in ("any", "") else kind


def write_input(known: object, variables: Mapping[str, Declaration]) -> dict[str, Any]:
    """Return an `input:` that says what our declarations say, with what else is `known` of it."""
    data = {key: value for key, value in table(known).items() if key not in ("schema", "default")}
    schema = dict(_property(declaration) for declaration in variables.values())
    defaults = {name: each.default for name, each in variables.items() if each.default is not None}
    if schema:
        data["schema"] = schema
    if defaults:
        data["default"] = defaults
    return data


def _property(declaration: Declaration) -> tuple[str, Any]:
    name = declaration.name + ("" if declaration.required and declaration.default is None else "?")
    about = f", {' '.join(declaration.description.split())}" if declaration.description else ""
    if declaration.type == "enum":
        return f"{name}(enum{about})", list(declaration.values)
    return name, f"{declaration.type}{about}"
