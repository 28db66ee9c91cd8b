"""Expanding: a prompt, a text, what a manifest names, or one of them for many rows of values."""

from typing import Any, Final

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.expansion import DEFAULT_LIMITS, Expansion, Limits, Manifest
from prompt_kernel.server.answers import Answer, answer
from prompt_kernel.server.api import models, schemas
from prompt_kernel.server.api.models import PromptPath
from prompt_kernel.server.api.routes import StoreOf, routers
from prompt_kernel.wire import error_to_data, from_data

reading, _ = routers("Expanding")

#: What the rows of one request may grow to, all together.
_MOST_CHARACTERS: Final = 8 * DEFAULT_LIMITS.characters


@reading.post("/expand", response_model=schemas.ExpansionModel, summary="Expand a prompt or a text")
def expand(store: StoreOf, body: models.Expand) -> Answer:
    """Give a text with everything resolved, and where each of its characters is from.

    Lenient unless `strict`: what cannot be expanded stays as it is written, and the diagnostics tell.
    """
    return answer(_expand(store, body))


def _expand(store: StoreOf, body: models.Expand) -> Expansion:
    how: Any = {"strict": body.strict, "limits": body.limits.limits()}
    if body.manifest is not None:
        manifest = from_data(Manifest, body.manifest.model_dump())
        return store.expand_manifest(manifest, body.variables, **how)
    if body.path is None:
        return store.expand_text(body.text or "", body.variables, directory=body.directory or "", **how)
    if body.text is not None:
        return store.expand_as(body.path, body.text, body.variables, **how)
    return store.expand(_pinned(body.path, body.version or body.label), body.variables, **how)


def _pinned(path: str, pin: int | str | None) -> str:
    return f"{path}@{pin}" if pin else path


@reading.post("/compile", response_model=schemas.CompiledModel, summary="A prompt with all that it includes")
def compile_(store: StoreOf, body: models.Compile) -> Answer:
    """Give every text that a prompt or a text is made of, as they are now, so that a client can fill it by itself."""
    if body.manifest is not None:
        manifest = from_data(Manifest, body.manifest.model_dump())
        return answer(store.compile_manifest(manifest, limits=body.limits.limits()))
    if body.path is not None:
        path = _pinned(body.path, body.version or body.label)
        return answer(store.compile(path, limits=body.limits.limits()))
    return answer(store.compile_text(body.text or "", directory=body.directory, limits=body.limits.limits()))


@reading.post("/render", response_model=schemas.RowsModel, summary="Expand for many rows")
def render(store: StoreOf, body: models.Render) -> Answer:
    """Give what a prompt or a text expands to with each row of values: its text, or the problem that it has."""
    done: list[dict[str, Any]] = []
    left = _MOST_CHARACTERS
    for row in body.rows:
        limits = Limits(characters=min(left, DEFAULT_LIMITS.characters))
        try:
            text = str(_render(store, body, {**body.variables, **row}, limits))
        except PromptKernelError as error:
            done.append({"problem": error_to_data(error)})
        else:
            left -= len(text)
            done.append({"text": text})
    return Answer({"items": done})


def _render(store: StoreOf, body: models.Render, values: dict[str, Any], limits: Limits) -> Expansion:
    if body.path is not None:
        return store.expand(body.path, values, strict=body.strict, limits=limits)
    return store.expand_text(body.text or "", values, strict=body.strict, limits=limits)


@reading.get(
    "/declarations/{path:path}", response_model=dict[str, schemas.DeclarationModel], summary="Variables of a prompt"
)
def declarations(store: StoreOf, path: PromptPath) -> Answer:
    """Give every variable that expanding a prompt takes, own and inherited, in order of first use."""
    return answer(store.declarations(path))


@reading.post("/declarations", response_model=dict[str, schemas.DeclarationModel], summary="Variables of a text")
def declarations_in(store: StoreOf, body: models.FreeText) -> Answer:
    """Give every variable that expanding a text takes that is not stored."""
    return answer(store.declarations_in(body.text, directory=body.directory))
