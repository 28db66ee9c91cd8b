"""The store as a whole: what has happened, what is wrong, find and replace, and whether it is there."""

from typing import Annotated

from fastapi import Query

import prompt_kernel
from prompt_kernel.records import Change, Finding, Replaced, Replacement, Summary
from prompt_kernel.server.answers import Answer, answer, items
from prompt_kernel.server.api import models, schemas
from prompt_kernel.server.api.models import ChangeId, Limit, Words
from prompt_kernel.server.api.routes import StoreOf, routers

reading, writing = routers("Store")


@reading.get("/health", response_model=schemas.HealthModel, summary="Is it there?")
def health(store: StoreOf) -> Answer:
    """Tell that the server is there and its store can be read."""
    return Answer({"status": "ok", "version": prompt_kernel.__version__, "schema": store.summary().schema})


@reading.get("/summary", response_model=schemas.model_of(Summary), summary="The store at a glance")
def summary(store: StoreOf) -> Answer:
    """Give counts, and how the store is kept."""
    return answer(store.summary())


@reading.get("/check", response_model=schemas.list_of(Finding), summary="Check all prompts")
def check(store: StoreOf) -> Answer:
    """Give what is wrong or odd in the prompts: unresolved, in a circle, unused, duplicate, clashing."""
    return items(store.check())


@reading.get("/tags", response_model=dict[str, int], summary="List tags")
def tags(store: StoreOf) -> Answer:
    """Give every tag with the number of prompts that have it."""
    return Answer(store.tags())


@reading.get("/authors", response_model=schemas.list_of(str), summary="List authors")
def authors(store: StoreOf) -> Answer:
    """Give everyone who has ever changed anything."""
    return items(store.authors())


@reading.get("/changes", response_model=schemas.list_of(Change), summary="What came after a change")
def changes(
    store: StoreOf,
    after: Annotated[ChangeId, Query(description="The id of the last change that is known.")] = 0,
    limit: Limit = 100,
) -> Answer:
    """Give the entries of the log that came after one, the oldest first. `/api/events` sends them as they come."""
    return items(store.changes(after, limit=limit))


@reading.get("/activity", response_model=schemas.list_of(Change), summary="What happened last")
def activity(
    store: StoreOf,
    before: Annotated[ChangeId | None, Query(description="The id of the last change of the page before.")] = None,
    limit: Limit = 50,
    kind: Annotated[Words | None, Query(description="Only such changes.")] = None,
    author: Annotated[Words | None, Query(description="Only what they changed.")] = None,
    path: Annotated[Words | None, Query(description="Only this prompt, under all its paths.")] = None,
    directory: Annotated[Words | None, Query(description="Only what is in this directory.")] = None,
) -> Answer:
    """Give the entries of the log, the newest first."""
    found = store.activity(before=before, limit=limit, author=author, kind=kind, path=path, directory=directory)
    return items(found)


@reading.post("/replacements", response_model=schemas.list_of(Replacement), summary="Try find and replace")
def replacements(store: StoreOf, body: models.Replacements) -> Answer:
    """Give what find and replace would do; nothing is saved."""
    return items(store.replacements(**body.model_dump()))


@writing.post("/replace", response_model=schemas.model_of(Replaced), summary="Find and replace")
def replace(store: StoreOf, body: models.Replace) -> Answer:
    """Find and replace in all prompts, or in those named: one version of each, all of them or none."""
    return answer(store.replace(**body.model_dump()))


@writing.post("/undo-replace", response_model=schemas.PathsModel, summary="Undo find and replace")
def undo_replace(store: StoreOf, body: models.Undone) -> Answer:
    """Put back what one replacement has changed, merged with what was changed since."""
    return items(store.undo_replace(body.id))
