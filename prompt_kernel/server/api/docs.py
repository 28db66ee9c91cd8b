"""The documentation: the schema of OpenAPI, and one page made of it here, which asks no other server for anything."""

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from prompt_kernel.authors import AUTHOR_HEADER, ORIGIN_HEADER
from prompt_kernel.server.answers import Answer
from prompt_kernel.server.api import schemas
from prompt_kernel.server.api.idempotency import HEADER, PATTERN
from prompt_kernel.server.api.routes import WritingRoute

ABOUT: Final = (
    "One store of composable prompts. JSON in and out; errors are problem details (RFC 9457) with the class of the "
    "error and all that it carries. Paths stand in addresses as they are, each segment percent-encoded. "
    f"Who writes can be said in `{AUTHOR_HEADER}`, and by which end in `{ORIGIN_HEADER}`; with a token that has an "
    f"author, the token counts. A write with an `{HEADER}` is done once, however often it is asked for. "
    "`/api/events` tells of each change as it happens, as a WebSocket or as server-sent events."
)
_PROBLEMS: Final[Mapping[int, str]] = {
    400: "The body is no JSON.",
    401: "The server needs a token.",
    403: "The caller may not do that, or the store is open for reading only.",
    404: "It is not there.",
    405: "The address does not take that method.",
    409: "It clashes with what is there: a conflict, a path that is taken, a name that fits several prompts.",
    413: "The body is too large.",
    415: "The body is not JSON by its Content-Type.",
    422: "The request does not make sense; the sentence says why.",
    501: "An optional part is not installed on the server.",
    503: "The store cannot be used just now.",
}
_WITH_BODY: Final = (400, 413, 415)
_SCHEME: Final = "Token"
_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A text of your own: the same request with the same key is done once.",
    "schema": {"type": "string", "pattern": PATTERN},
}


def routes() -> list[Route]:
    """Return the routes of the schema and of the page."""
    return [Route("/openapi.json", _schema_route, methods=["GET"]), Route("/docs", _page_route, methods=["GET"])]


async def _schema_route(request: Request) -> Response:
    return Answer({**schema_of(request.app), "servers": [{"url": request.scope.get("root_path", "") or "/"}]})


async def _page_route(request: Request) -> Response:
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"}
    return HTMLResponse(_page(schema_of(request.app)), headers=headers)


def schema_of(api: FastAPI) -> dict[str, Any]:
    """Return the schema of OpenAPI, with every problem that a route may answer."""
    if api.openapi_schema is None:
        found = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
        parts = found.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            parts.pop(unused, None)
        parts["Problem"] = schemas.ProblemModel.model_json_schema()
        found["components"]["responses"] = {f"Problem{status}": _problem(status) for status in _PROBLEMS}
        found["components"]["securitySchemes"] = {_SCHEME: {"type": "http", "scheme": "bearer"}}
        found["security"] = [{}, {_SCHEME: []}]
        for operation, is_writing in _operations(api, found):
            _complete(operation, is_writing=is_writing)
        api.openapi_schema = found
    return api.openapi_schema


def _problem(status: int) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {"description": _PROBLEMS[status], "content": {"application/problem+json": {"schema": reference}}}


def _operations(api: FastAPI, schema: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    for route in api.routes:
        for method in getattr(route, "methods", None) or ():
            operation = schema["paths"].get(getattr(route, "path_format", ""), {}).get(method.lower())
            if operation is not None:
                yield operation, isinstance(route, WritingRoute)


def _complete(operation: dict[str, Any], *, is_writing: bool) -> None:
    """Say what else a route may answer, and what a writing one understands."""
    statuses = [status for status in _PROBLEMS if status not in _WITH_BODY or "requestBody" in operation or is_writing]
    operation["responses"].update(
        {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}
    )
    if is_writing:
        operation.setdefault("parameters", []).append(_KEY)
    operation["x-writes"] = is_writing


# The page

_STYLE: Final = """
:root { color-scheme: light dark; --line: light-dark(#d8d8de, #3a3a42); --soft: light-dark(#f5f5f7, #222228);
  --strong: light-dark(#1d4fa0, #8db8ff); --writes: light-dark(#9a4a00, #ffb86b) }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 6rem }
h1 { font-size: 1.6rem } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
code, pre { font: .875rem/1.5 ui-monospace, monospace }
pre { background: var(--soft); padding: .75rem; overflow-x: auto }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .25rem .75rem }
summary { cursor: pointer; padding: .25rem 0 }
summary b { color: var(--strong); display: inline-block; min-width: 4.5rem }
summary.writes b { color: var(--writes) } summary span { opacity: .75; margin-left: .5rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 } th { text-align: left }
th, td { border-top: 1px solid var(--line); padding: .25rem .5rem .25rem 0; vertical-align: top }
"""


def _page(schema: Mapping[str, Any]) -> str:
    groups: dict[str, list[str]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(schema, path, method, operation))
    parts = "".join(f"<h2>{escape(tag)}</h2>{''.join(entries)}" for tag, entries in groups.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(schema['info']['title'])}: API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(schema['info']['title'])}: the API</h1><p>{_prose(schema['info']['description'])}</p>"
        f'<p>For programs: <a href="openapi.json">openapi.json</a></p>{parts}</body></html>'
    )


def _operation(schema: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> str:
    kind = ' class="writes"' if operation["x-writes"] else ""
    return (
        f"<details><summary{kind}><b>{method.upper()}</b> <code>/api{escape(path)}</code>"
        f"<span>{escape(operation['summary'])}</span></summary><p>{_prose(operation.get('description', ''))}</p>"
        f"{_table('Parameters', map(_parameter, operation.get('parameters', ())))}"
        f"{_body(schema, operation)}{_table('Answers', _answers(schema, operation))}</details>"
    )


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str]:
    needed = "" if parameter["required"] else " (optional)"
    name = f"<code>{escape(parameter['name'])}</code> in {escape(parameter['in'])}{needed}"
    return name, _prose(parameter.get("description", ""))


def _body(schema: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    if "requestBody" not in operation:
        return ""
    shape = _resolved(schema, operation["requestBody"]["content"]["application/json"]["schema"])
    needed = shape.get("required", ())
    rows = (
        (f"<code>{escape(name)}</code>{'' if name in needed else ' (optional)'}", _prose(field.get("description", "")))
        for name, field in shape.get("properties", {}).items()
    )
    example = {name: field["examples"][0] for name, field in shape.get("properties", {}).items() if "examples" in field}
    shown = f"<pre>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>" if example else ""
    return _table("Body", rows) + shown


def _answers(schema: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for status, response in operation["responses"].items():
        found = _resolved(schema, response)
        content: Mapping[str, Any] = next(iter(found.get("content", {}).values()), {})
        fields = ", ".join(_resolved(schema, content.get("schema", {})).get("properties", ()))
        named = f": <code>{escape(fields)}</code>" if fields and not status.startswith("4") else ""
        yield f"<code>{escape(status)}</code>", _prose(found["description"]) + named


def _resolved(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference means; of alternatives the first, which is what is usual."""
    part = next(iter(part.get("anyOf", [part])))
    found: Any = schema
    if "$ref" not in part:
        return part
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f"<tr><td>{name}</td><td>{meaning}</td></tr>" for name, meaning in rows)
    return f"<table><thead><tr><th>{title}</th><th></th></tr></thead><tbody>{lines}</tbody></table>" if lines else ""


def _prose(text: str) -> str:
    """Return Markdown of one kind, code between backticks, as HTML."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
