"""Prompts: listed, read, saved, renamed, deleted."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query

from prompt_kernel.errors import InvalidRequestError
from prompt_kernel.expansion import Pin
from prompt_kernel.records import Directory, Draft, Entry, Hit, ImportReport, Prompt, Suggestion, Trashed
from prompt_kernel.server.answers import Answer, answer, items
from prompt_kernel.server.api import models, schemas
from prompt_kernel.server.api.models import (
    InDirectory,
    LabelQuery,
    Limit,
    PromptPath,
    Tagged,
    VersionQuery,
    Words,
    declared,
)
from prompt_kernel.server.api.routes import StoreOf, routers
from prompt_kernel.wire import to_data

reading, writing = routers("Prompts")

_MADE: Final[dict[int | str, dict[str, Any]]] = {201: {"model": schemas.PromptModel, "description": "It was made."}}
_After = Annotated[str | None, Query(max_length=1_000, description="The last path of the page before.")]


@reading.get("/prompts/{path:path}", response_model=schemas.PromptModel, summary="Read a prompt")
def get_prompt(store: StoreOf, path: PromptPath, version: VersionQuery = None, label: LabelQuery = None) -> Answer:
    """Give the newest version of a prompt, or the one that is asked for.

    The answer has a strong `ETag`; with it as `If-None-Match` the same answer is a 304.
    """
    return answer(store.get(path, version=pin_of(version, label)))


def pin_of(version: int | None, label: str | None) -> Pin:
    """Return the one pin of a version and a label.

    Raises:
        InvalidRequestError: both are given.
    """
    if version is not None and label is not None:
        raise InvalidRequestError("Give a version or a label, not both.")
    return version if label is None else label


@reading.get(
    "/prompts",
    response_model=schemas.list_of(Entry, paged=True) | schemas.list_of(Hit, paged=True),
    summary="List or search prompts",
)
def list_prompts(
    *,
    store: StoreOf,
    search: Annotated[Words | None, Query(description="Words to search for. The answer has hits then.")] = None,
    directory: InDirectory = None,
    tag: Tagged = None,
    sort: Annotated[str, Query(description="path, name, directory, tags, version, updated or author.")] = "path",
    descending: Annotated[bool, Query(description="Whether the last of the order comes first.")] = False,
    after: _After = None,
    limit: Limit = 100,
) -> Answer:
    """Give one page of the prompts, without their texts; or the prompts that hold all of some words, the best first.

    For the next page ask for `after` what the page gave as `next`.
    """
    if search:
        hits = store.search(search, tag=tag, directory=directory, limit=limit)
        return Answer({"items": to_data(hits), "next": None})
    page = store.prompts(directory=directory, tag=tag, after=after, limit=limit + 1, sort=sort, descending=descending)
    rest = len(page) > limit
    return Answer({"items": to_data(page[:limit]), "next": page[limit - 1].path if rest else None})


@writing.post("/prompts", status_code=201, response_model=schemas.PromptModel, summary="Make a prompt")
def create_prompt(store: StoreOf, body: models.NewPrompt) -> Answer:
    """Save a prompt that must not be there yet."""
    prompt = _save(store, body.path, body, 0)
    return answer(prompt, 201, _location(prompt))


@writing.put("/prompts/{path:path}", response_model=schemas.PromptModel, responses=_MADE, summary="Save a prompt")
def save_prompt(store: StoreOf, path: PromptPath, body: models.ChangedPrompt) -> Answer:
    """Save a text as the newest version.

    With `expected`, the version that the writer has seen, what somebody else has changed meanwhile in other lines is
    merged; if they changed the same lines, the answer is a 409 with `base`, `theirs`, `mine`, `version` and `author`.
    """
    known = store.entries([path])
    prompt = _save(store, path, body, body.expected)
    made = prompt.version == 1 and not known
    return answer(prompt, 201, _location(prompt)) if made else answer(prompt)


def _save(store: StoreOf, path: str, body: models.NewPrompt | models.ChangedPrompt, expected: int | None) -> Prompt:
    return store.save(
        path,
        body.text,
        message=body.message,
        tags=body.tags,
        description=body.description,
        engine=body.engine,
        variables=declared(body.variables),
        expected=expected,
    )


def _location(prompt: Prompt) -> dict[str, str]:
    return {"Location": f"/api/prompts/{quote(prompt.path)}"}


@writing.patch("/prompts/{path:path}", response_model=schemas.PromptModel, summary="Describe a prompt")
def describe_prompt(store: StoreOf, path: PromptPath, body: models.DescribedPrompt) -> Answer:
    """Change the description and the tags; this makes no version."""
    return answer(store.describe(path, description=body.description, tags=body.tags))


@writing.delete("/prompts/{path:path}", response_model=schemas.model_of(Trashed), summary="Delete a prompt")
def delete_prompt(
    *,
    store: StoreOf,
    path: PromptPath,
    force: Annotated[bool, Query(description="Also one that others include.")] = False,
) -> Answer:
    """Put a prompt into the trash."""
    return answer(store.delete(path, force=force))


@writing.post("/save-many", response_model=schemas.model_of(ImportReport), summary="Save several prompts")
def save_many(store: StoreOf, body: models.SavedTogether) -> Answer:
    """Save prompts in one transaction: all of them or none."""
    drafts = [_draft(draft) for draft in body.drafts]
    return answer(store.save_many(drafts, message=body.message))


def _draft(body: models.DraftBody) -> Draft:
    tags = None if body.tags is None else tuple(body.tags)
    return Draft(body.path, body.text, body.description, tags, body.engine, declared(body.variables), body.layout)


@writing.post("/rename", response_model=schemas.RenamedModel, summary="Rename or move")
def rename(store: StoreOf, body: models.RenamedPath) -> Answer:
    """Give a prompt, or a directory with all that is in it, another path; texts that mention it are rewritten."""
    verb = store.rename if body.kind == "prompt" else store.rename_directory
    return Answer({"path": body.new, "rewritten": list(verb(body.old, body.new))})


@reading.get("/trash", response_model=schemas.list_of(Trashed), summary="List the trash")
def trash(store: StoreOf) -> Answer:
    """Give what was deleted and can be recovered, the latest first."""
    return items(store.trash())


@writing.post("/recover", response_model=schemas.PromptModel, summary="Recover a prompt")
def recover(store: StoreOf, body: models.RecoveredPrompt) -> Answer:
    """Take a prompt out of the trash, to its old path or to another."""
    return answer(store.recover(body.path, to=body.to))


@writing.post("/purge", response_model=schemas.CountModel, summary="Empty the trash")
def purge(store: StoreOf, body: models.PurgedPath) -> Answer:
    """Remove one prompt of the trash, or all of it, for good."""
    return Answer({"count": store.purge(body.path)})


@reading.get("/count", response_model=schemas.CountModel, summary="Count prompts")
def count(store: StoreOf, directory: InDirectory = None, tag: Tagged = None) -> Answer:
    """Give how many prompts there are."""
    return Answer({"count": store.count(directory, tag)})


@reading.get("/suggest", response_model=schemas.list_of(Suggestion), summary="Complete a name")
def suggest(
    store: StoreOf,
    q: Annotated[Words, Query(description="The beginning of a name or a path, as after `[[`.")] = "",
    directory: Annotated[Words, Query(description="Where the text stands that it is typed into.")] = "",
    limit: Limit = 20,
) -> Answer:
    """Give the prompts that a beginning may mean, the likeliest first."""
    return items(store.suggest(q, directory=directory, limit=limit))


@reading.post("/entries", response_model=schemas.list_of(Entry), summary="Look up several prompts")
def entries(store: StoreOf, body: models.Paths) -> Answer:
    """Give those of the paths that are prompts, in their order, without their texts."""
    return items(store.entries(body.paths))


@reading.post("/display-names", response_model=dict[str, str], summary="Name several prompts")
def display_names(store: StoreOf, body: models.Paths) -> Answer:
    """Give the shortest unique name of each path."""
    return Answer(store.display_names(body.paths))


@reading.post("/layouts", response_model=dict[str, dict[str, Any]], summary="Layouts of imported files")
def layouts(store: StoreOf, body: models.Paths) -> Answer:
    """Give what importers noted of how the files of prompts were laid out."""
    return answer(store.layouts(body.paths))


@reading.get(
    "/find",
    response_model=schemas.PromptModel | schemas.model_of(Directory),
    summary="Find by a name that is nearly right",
)
def find(
    store: StoreOf,
    prompt: Annotated[Words | None, Query(description="About the name of a prompt.")] = None,
    directory: Annotated[Words | None, Query(description="About the name of a directory.")] = None,
) -> Answer:
    """Give the one prompt or directory that a name means: exactly, but for capitals, as a beginning, or nearly."""
    if prompt is not None and directory is None:
        return answer(store.find_prompt(prompt))
    if directory is not None and prompt is None:
        return answer(store.find_directory(directory))
    raise InvalidRequestError("Give a prompt or a directory to find, one of them.")
