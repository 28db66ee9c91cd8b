"""Versions, labels, and what a change means for others."""

from typing import Annotated, Final

from fastapi import Query

from prompt_kernel.errors import InvalidRequestError
from prompt_kernel.expansion import Pin
from prompt_kernel.records import Impact, Reference, Version
from prompt_kernel.server.answers import Answer, answer, items
from prompt_kernel.server.api import models, schemas
from prompt_kernel.server.api.models import PromptPath
from prompt_kernel.server.api.routes import StoreOf, routers
from prompt_kernel.wire import to_data

reading, writing = routers("Versions")

_LONGEST_VERSION: Final = 9
_Version = Annotated[str | None, Query(max_length=1_000, description="A version by its number or its label.")]
_Text = Annotated[str, Query(description="The text that it might have.")]


@reading.get("/versions/{path:path}", response_model=schemas.list_of(Version), summary="List versions")
def history(store: StoreOf, path: PromptPath) -> Answer:
    """Give all versions of a prompt, the newest first."""
    return items(store.history(path))


@reading.get("/diff/{path:path}", response_model=schemas.DiffModel, summary="Compare two versions")
def diff(
    *,
    store: StoreOf,
    path: PromptPath,
    before: _Version = None,
    after: _Version = None,
    expanded: Annotated[bool, Query(description="Whether to compare what they expand to.")] = False,
) -> Answer:
    """Give the difference of two versions, by default what the last change did."""
    found = store.diff(path, _pin(before), _pin(after), expanded=expanded)
    return Answer({**to_data(found), "unified": str(found)})


def _pin(text: str | None) -> Pin:
    if text == "":
        raise InvalidRequestError("A version is a number or a label.")
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= _LONGEST_VERSION
    return int(text) if is_number and text else text


@writing.post("/restore", response_model=schemas.PromptModel, summary="Restore a version")
def restore(store: StoreOf, body: models.RestoredVersion) -> Answer:
    """Save an old version as the newest again."""
    pin = body.version if body.version is not None else body.label or ""
    return answer(store.restore(body.path, pin, message=body.message))


@writing.post("/labels", response_model=schemas.PromptModel, summary="Set a label")
def label(store: StoreOf, body: models.NewLabel) -> Answer:
    """Let a label mean a version; the answer is that version."""
    return answer(store.label(body.path, body.label, version=body.version))


@writing.delete("/labels/{path:path}", response_model=schemas.PromptModel, summary="Take a label away")
def unlabel(
    store: StoreOf, path: PromptPath, label: Annotated[str, Query(max_length=1_000, description="The label.")]
) -> Answer:
    """Take a label away."""
    return answer(store.unlabel(path, label))


@reading.get("/includes/{path:path}", response_model=schemas.list_of(Reference), summary="What a prompt includes")
def includes(store: StoreOf, path: PromptPath) -> Answer:
    """Give what the newest version of a prompt includes, in the order of its text."""
    return items(store.includes(path))


@reading.get("/referrers/{path:path}", response_model=schemas.list_of(Reference), summary="Who includes a prompt")
def referrers(store: StoreOf, path: PromptPath) -> Answer:
    """Give the prompts that include a prompt, ordered by path."""
    return items(store.referrers(path))


@reading.get("/impact/{path:path}", response_model=schemas.list_of(Impact), summary="What a short text would change")
def impact_of_text(store: StoreOf, path: PromptPath, text: _Text) -> Answer:
    """Give whose expansion would change, and how, if a prompt had that text; nothing is saved."""
    return items(store.impact(path, text))


@reading.post("/impact/{path:path}", response_model=schemas.list_of(Impact), summary="What a text would change")
def impact(store: StoreOf, path: PromptPath, body: models.NewText) -> Answer:
    """Give whose expansion would change, and how, if a prompt had that text; nothing is saved."""
    return items(store.impact(path, body.text))
