"""Filling a plan, and putting together again what a manifest has recorded."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from prompt_kernel.errors import DamagedTextError, ExpansionError
from prompt_kernel.expansion._fill import Plan, fill, manifest, pieces
from prompt_kernel.expansion._graph import Node, Resolve, load
from prompt_kernel.expansion._source import SourceText, hash_of
from prompt_kernel.expansion._values import DEFAULT_LIMITS, Details, Expansion, Limits, Manifest
from prompt_kernel.language import Inclusion

_T = TypeVar("_T")


def finish(plan: Plan, variables: Mapping[str, object], limits: Limits, *, strict: bool) -> Expansion:
    """Fill `plan` and wrap what comes out."""
    filled = fill(plan, variables, limits, strict=strict)
    root = plan.graph.root.source
    details = Details(
        root.path,
        root.version,
        filled.values,
        frozenset(filled.defaults),
        (*plan.graph.diagnostics, *filled.diagnostics),
        lambda: pieces(plan, filled),
        lambda: manifest(plan.graph),
    )
    return Expansion(filled.text, details)


def expand_manifest(
    recorded: Manifest,
    texts: list[SourceText],
    variables: Mapping[str, object],
    *,
    strict: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> Expansion:
    """Expand exactly what `recorded` names; `texts` are the texts of its entries, in order.

    Raises:
        DamagedTextError: a text is not the one that the manifest was made from.
        ExpansionError: a variable is missing or does not fit.
    """
    checked(recorded, texts)
    plan = Plan(load(texts[0], recorded_resolver(recorded, texts), limits, strict=strict))
    return finish(plan, variables, limits, strict=strict)


def checked(recorded: Manifest, texts: list[SourceText]) -> list[SourceText]:
    """Return `texts`, if they are those of the entries of `recorded`, in order.

    Raises:
        DamagedTextError: one of them is not.
    """
    for entry, text in zip(recorded.entries, texts, strict=True):
        if hash_of(text.text) != entry.sha256:
            raise DamagedTextError(entry.path or "text", entry.version or 0)
    return texts


def places(text: SourceText, includes: Sequence[_T]) -> dict[int, _T]:
    """Return what `includes` says of each inclusion of `text`, by the number of its part.

    Raises:
        ExpansionError: it is of another text.
    """
    numbers = [number for number, part in enumerate(text.parts) if isinstance(part, Inclusion)]
    if len(numbers) != len(includes):
        raise ExpansionError(
            f"{text.label} has {len(numbers)} inclusions, and {len(includes)} were recorded: that is of another text."
        )
    return dict(zip(numbers, includes, strict=True))


def recorded_resolver(recorded: Manifest, texts: Sequence[SourceText]) -> Resolve:
    """Return how inclusions are resolved to what `recorded` names; `texts` are the texts of its entries."""
    found: dict[object, dict[int, tuple[int, ...] | None]] = {}
    for entry, text in zip(recorded.entries, texts, strict=True):
        found[text.identity] = places(text, entry.includes)

    def resolve(node: Node, number: int, _inclusion: Inclusion) -> list[SourceText] | None:
        targets = found[node.source.identity][number]
        return None if targets is None else [texts[target] for target in targets]

    return resolve
