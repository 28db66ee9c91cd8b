"""Prompts and resources of the protocol: each prompt of the library is one of both."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

from mcp.types import (
    Annotations,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
)

from prompt_kernel.errors import DisabledPromptError, InvalidRequestError
from prompt_kernel.records import Entry
from prompt_kernel.records import Prompt as StoredPrompt
from prompt_kernel.server.mcp import _results as results
from prompt_kernel.store import Store
from prompt_kernel.variables import Declaration

SCHEME: Final = "prompt://"
MARKDOWN: Final = "text/markdown"
#: How many prompts a page has: each takes a tenth of a millisecond, for what it inherits has to be read.
PAGE: Final = 100

TEMPLATES: Final = [
    ResourceTemplate(
        uri_template=SCHEME + "{+path}",
        name="prompt",
        title="Prompt",
        description="The newest text of a prompt, as it is written",
        mime_type=MARKDOWN,
    ),
    ResourceTemplate(
        uri_template=SCHEME + "{+path}@{version}",
        name="version",
        title="Version of a prompt",
        description="The text of a prompt that a version's number or a label names",
        mime_type=MARKDOWN,
    ),
]


def uri_of(path: str) -> str:
    """Return the address of a prompt as a resource."""
    return SCHEME + quote(path, safe="/")


def path_in(uri: str) -> str:
    """Return the path, which may be pinned, that a resource's address names.

    Raises:
        InvalidRequestError: it is none of ours.
    """
    # Some clients take what follows for a host, and end it with a slash.
    path = unquote(uri.removeprefix(SCHEME)).strip("/")
    if not uri.startswith(SCHEME) or not path:
        raise InvalidRequestError(f"{uri!r} is no resource of this server. An address is {SCHEME}PATH or PATH@VERSION.")
    return path


def list_prompts(store: Store, cursor: str | None) -> ListPromptsResult:
    """Return a page of prompts, each with its arguments; those of disabled directories are left out."""
    page, following = _page(store, cursor)
    titles = store.display_names([entry.path for entry in page])
    prompts = [
        Prompt(
            name=entry.path,
            title=titles[entry.path],
            description=entry.description or None,
            arguments=[_argument(declaration) for declaration in store.declarations(entry.path).values()],
            _meta=_metadata(entry),
        )
        for entry in page
    ]
    return ListPromptsResult(prompts=prompts, next_cursor=following)


def list_resources(store: Store, cursor: str | None) -> ListResourcesResult:
    """Return the same page of prompts as resources."""
    page, following = _page(store, cursor)
    titles = store.display_names([entry.path for entry in page])
    resources = [
        Resource(
            uri=uri_of(entry.path),
            name=entry.path,
            title=titles[entry.path],
            description=entry.description or None,
            mime_type=MARKDOWN,
            annotations=Annotations(last_modified=entry.updated_at.isoformat()),
            _meta=_metadata(entry),
        )
        for entry in page
    ]
    return ListResourcesResult(resources=resources, next_cursor=following)


def _page(store: Store, cursor: str | None) -> tuple[list[Entry], str | None]:
    found = store.prompts(after=cursor, limit=PAGE + 1)
    page = found[:PAGE]
    return [entry for entry in page if entry.enabled], page[-1].path if len(found) > PAGE else None


def _metadata(prompt: Entry | StoredPrompt) -> dict[str, object]:
    values = {"version": prompt.version, "author": prompt.author, "updated_at": prompt.updated_at.isoformat()}
    return results.metadata({"path": prompt.path, "tags": list(prompt.tags), **values})


def _argument(declaration: Declaration) -> PromptArgument:
    return PromptArgument(
        name=declaration.name, description=described(declaration), required=results.is_required(declaration)
    )


def described(declaration: Declaration) -> str | None:
    """Return what a host can show of a variable, because the protocol itself knows texts only; None for nothing."""
    sentences = [declaration.description.strip(), _KINDS.get(declaration.type, "")]
    if declaration.values:
        sentences.append(f"One of: {', '.join(declaration.values)}")
    if declaration.default is not None:
        default = declaration.default
        sentences.append(f"Default: {str(default).lower() if isinstance(default, bool) else default}")
    return " ".join(f"{sentence.removesuffix('.')}." for sentence in sentences if sentence) or None


_KINDS: Final = {"integer": "A whole number", "number": "A number", "boolean": "true or false"}


def get_prompt(store: Store, name: str, given: Mapping[str, str]) -> GetPromptResult:
    """Return a prompt, which may be pinned, expanded strictly with the texts that were `given`.

    Raises:
        NotFoundError, ExpansionError: it cannot be expanded.
    """
    prompt = store.get(name)
    if not prompt.enabled:
        raise DisabledPromptError(name, prompt.path)
    pinned = f"{prompt.path}@{prompt.version}"
    declared = store.declarations(pinned)
    variables = {key: value for key, value in given.items() if not _is_left_out(declared.get(key), value)}
    content = TextContent(text=str(store.expand(pinned, variables)))
    return GetPromptResult(
        description=prompt.description or None,
        messages=[PromptMessage(role="user", content=content)],
        _meta=_metadata(prompt),
    )


def _is_left_out(declaration: Declaration | None, value: str) -> bool:
    """Whether a value is what a host's form sends for a field that was left empty: no number, and none of a list."""
    if declaration is None or declaration.type == "string" or results.is_required(declaration):
        return False
    return not value and value not in declaration.values


def read_resource(store: Store, uri: str) -> ReadResourceResult:
    """Return the text of a prompt as it is written.

    Raises:
        NotFoundError, InvalidRequestError: there is none at that address.
    """
    prompt = store.get(path_in(uri))
    contents = TextResourceContents(uri=uri, mime_type=MARKDOWN, text=prompt.text, _meta=_metadata(prompt))
    return ReadResourceResult(contents=[contents])


def complete(store: Store, name: str, argument: str, beginning: str) -> list[str]:
    """Return what an argument of a prompt may be: the values of an enum, or true and false."""
    declaration = store.declarations(store.get(name).path).get(argument)
    if declaration is None:
        return []
    values = ("true", "false") if declaration.type == "boolean" else declaration.values
    return [value for value in values if value.lower().startswith(beginning.lower())]


def complete_address(store: Store, variable: str, beginning: str, path: str) -> list[str]:
    """Return what a variable of `TEMPLATES` may be: paths, or the labels and versions of a `path` that is known."""
    if variable == "path":
        return [suggestion.path for suggestion in store.suggest(beginning, limit=_MOST_VALUES)]
    prompt = store.get(path)
    pins = [*prompt.labels, *(str(number) for number in range(store.get(prompt.path).version, 0, -1))]
    return [pin for pin in pins if pin.startswith(beginning)]


_MOST_VALUES: Final = 100
