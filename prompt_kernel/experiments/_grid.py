"""The grid of an experiment: prompts and their variants, crossed values, rows, models and repeats."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prompt_kernel.errors import InvalidMetadataError, MissingColumnError, PromptKernelError
from prompt_kernel.expansion import CompiledPrompt, Expansion, hash_of
from prompt_kernel.experiments._inputs import Row, plain
from prompt_kernel.experiments._models import Model
from prompt_kernel.names import near
from prompt_kernel.records import Prompt
from prompt_kernel.runs import manifest_hash
from prompt_kernel.variables import variable_name

if TYPE_CHECKING:
    from prompt_kernel.store import Store

#: A longer value is shown by its beginning in the name of a variant.
_WIDEST: Final = 30


# What a user writes


@dataclass(frozen=True)
class Swap:
    """Variants of a prompt, each with another text in the place of one that it includes; see `swap`."""

    prompt: Any
    fragment: str
    alternatives: tuple[tuple[str, Any], ...]


def swap(
    prompt: Any, fragment: str, alternatives: Sequence[str | Prompt | CompiledPrompt | None] | Mapping[str, str | None]
) -> Swap:
    """Return variants of `prompt`, one for each of `alternatives` in the place of the `fragment` that it includes.

    An alternative is the path of a prompt, or None to leave the fragment out; in a mapping they are texts by a name for
    each. The prompt as it is is none of them: list it beside. `prompt` is whatever an experiment takes as one, also
    another `swap`. Nothing is looked up before the experiment runs.

    Raises:
        InvalidMetadataError: there is no alternative.
    """
    if isinstance(alternatives, str) or not alternatives:
        raise InvalidMetadataError("swap", "the alternatives are a list of paths, with None to leave the fragment out")
    if isinstance(alternatives, Mapping):
        texts = {name: None if text is None else {name: text} for name, text in alternatives.items()}
        return Swap(prompt, fragment, tuple(texts.items()))
    return Swap(prompt, fragment, tuple((_asked(one), one) for one in alternatives))


def _asked(alternative: Any) -> str:
    if alternative is None or isinstance(alternative, str):
        return alternative or ""
    return f"{alternative.path or 'text'}@{alternative.version}" if alternative.version else alternative.path or "text"


@dataclass(frozen=True, eq=False)
class Variant:
    """One prompt of the grid, compiled: with what is swapped in it, and the values that it is crossed with."""

    name: str
    compiled: CompiledPrompt
    values: Mapping[str, Any]
    manifest: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The variables that filling it takes."""
        return tuple(self.compiled.declarations)

    def given(self, row: Row) -> dict[str, Any]:
        """Return the values that fill it for a row: what is None is not given."""
        inputs, values = row.inputs, self.values
        found = {name: values[name] if name in values else inputs.get(name) for name in self.names}
        return {name: value for name, value in found.items() if value is not None}

    def expand(self, row: Row) -> Expansion:
        """Return the text for a row.

        Raises:
            PromptKernelError: there is none.
        """
        return self.compiled.expand(self.given(row))


class Case(NamedTuple):
    """A variant with a row: `text_sha256` is "" where it cannot be expanded, and `error` says why."""

    variant: Variant
    row: Row
    text_sha256: str
    error: str


class Cell(NamedTuple):
    """One cell of the grid; `call` is the hash of what is asked, "" where nothing can be."""

    case: Case
    model: Model
    repeat: int
    call: str


# Prompts


def variants_of(store: "Store", prompts: Any, variables: Mapping[str, Any], cross: Mapping[str, Any]) -> list[Variant]:
    """Compile all prompts and their variants, as `store` has them now; two of the same name are one.

    Raises:
        PromptKernelError: one is not there or cannot be compiled, there is none, or nothing has a crossed variable.
    """
    compiled = dict(_named(store, prompts))
    if not compiled:
        raise InvalidMetadataError("prompts", "write at least one: a path, {name: text}, or swap(…)")
    axes = {name: _labelled(name, values) for name, values in cross.items()}
    _check_axes(axes, compiled)
    shared = {name: plain(value) for name, value in variables.items()}
    found = [variant for name, one in compiled.items() for variant in _crossed(name, one, shared, axes)]
    return list({variant.name: variant for variant in found}.values())


def _named(store: "Store", prompts: Any) -> Iterator[tuple[str, CompiledPrompt]]:
    if isinstance(prompts, str | Mapping | Swap | Prompt | CompiledPrompt):
        prompts = [prompts]
    for prompt in prompts:
        yield from _compiled(store, prompt)


def _compiled(store: "Store", prompt: Any) -> Iterator[tuple[str, CompiledPrompt]]:
    if isinstance(prompt, Swap):
        yield from _swapped(store, prompt)
    elif isinstance(prompt, Mapping):
        for name, text in prompt.items():
            yield str(name), text if isinstance(text, CompiledPrompt) else store.compile_text(text)
    else:
        one = _one(store, prompt)
        yield f"{one.path or 'text'}@{one.version}" if one.version else one.path or "text", one


def _one(store: "Store", prompt: Any) -> CompiledPrompt:
    if isinstance(prompt, CompiledPrompt):
        return prompt
    if isinstance(prompt, Prompt):
        prompt = f"{prompt.path}@{prompt.version}"
    if not isinstance(prompt, str):
        raise InvalidMetadataError(
            "prompts", f"a {type(prompt).__name__} is none; write a path, {{name: text}} or swap(…)"
        )
    return store.compile(prompt)


def _swapped(store: "Store", swapped: Swap) -> Iterator[tuple[str, CompiledPrompt]]:
    bases = list(_compiled(store, swapped.prompt))
    for label, alternative in swapped.alternatives:
        other = None if alternative is None else next(one for _, one in _compiled(store, alternative))
        change = f"without {swapped.fragment}" if other is None else f"{swapped.fragment} → {label}"
        for name, base in bases:
            yield f"{name} ({change})", base.swap(swapped.fragment, other)


# Crossing


def _labelled(name: str, values: Any) -> list[tuple[str, Any]]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidMetadataError("cross", f"write the values of {name} as a list")
    pairs = values.items() if isinstance(values, Mapping) else ((_shown(value), value) for value in values)
    found = [(str(label), plain(value)) for label, value in pairs]
    if len({label for label, _ in found}) < len(found):
        raise InvalidMetadataError("cross", f"two values of {name} look alike; give each a name, as {{name: value}}")
    return found


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _check_axes(axes: Mapping[str, Any], compiled: Mapping[str, CompiledPrompt]) -> None:
    known = list(dict.fromkeys(name for one in compiled.values() for name in one.declarations))
    for name in axes:
        if variable_name(name) not in known:
            meant = near(name, known, most=1)
            hint = f"; did you mean {meant[0]}?" if meant else ""
            raise InvalidMetadataError("cross", f"no prompt has the variable {name}{hint}")


def _crossed(
    name: str, compiled: CompiledPrompt, shared: Mapping[str, Any], axes: Mapping[str, list[tuple[str, Any]]]
) -> Iterator[Variant]:
    own = {axis: values for axis, values in axes.items() if axis in compiled.declarations}
    manifest = manifest_hash(compiled.manifest)
    for chosen in product(*own.values()):
        pairs = list(zip(own, chosen, strict=True))
        said = ", ".join(f"{axis}={label}" for axis, (label, _) in pairs)
        values = {**shared, **{axis: value for axis, (_, value) in pairs}}
        yield Variant(f"{name} [{said}]" if said else name, compiled, values, manifest)


# Cells


def check_columns(variants: Sequence[Variant], rows: Sequence[Row]) -> None:
    """See that each variable has a value in at least one row, or a default: a slip in a name is one error.

    Raises:
        MissingColumnError: one has none anywhere.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row.inputs))
    for variant in variants:
        if variant.compiled.has_templates:
            continue  # what a template needs shows when it runs
        missing = [
            name
            for name, declared in variant.compiled.declarations.items()
            if declared.required and declared.default is None and variant.values.get(name) is None
            if name not in columns
        ]
        if missing:
            raise MissingColumnError(missing, columns, near(missing[0], columns, most=1)).at(f"\n  {variant.name}")


def cases_of(variants: Sequence[Variant], rows: Sequence[Row]) -> Iterator[Case]:
    """Give every variant with every row, all variants of the first row first."""
    for row in rows:
        for variant in variants:
            try:
                sha256, error = hash_of(str(variant.expand(row))), ""
            except PromptKernelError as failed:
                sha256, error = "", str(failed)
            yield Case(variant, row, sha256, error)


def cells_of(cases: Sequence[Case], models: Sequence[Model], repeats: int) -> Iterator[Cell]:
    """Give every cell, the whole grid once and then again for each repeat."""
    prefixes = [(model, _beginning(model)) for model in models]
    for repeat in range(1, repeats + 1):
        for case in cases:
            for model, beginning in prefixes:
                yield Cell(case, model, repeat, _call(beginning, case.text_sha256, repeat))


def _beginning(model: Model) -> "hashlib._Hash":
    return hashlib.sha256(json.dumps(model.identity, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace"))


def _call(beginning: "hashlib._Hash", text_sha256: str, repeat: int) -> str:
    if not text_sha256:
        return ""
    call = beginning.copy()
    call.update(f"\n{text_sha256}\n{repeat}".encode())
    return call.hexdigest()


__all__ = [
    "Case", "Cell", "Swap", "Variant", "cases_of", "cells_of", "check_columns", "swap", "variants_of",
]  # fmt: skip
