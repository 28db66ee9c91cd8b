"""The meaning of a text: inclusions resolved, variables filled, the origin of each character known.

A text goes one way: a `Source` gives it, `_graph` resolves what it includes and measures it, `_fill` puts the values
in, and an `Expansion` comes out. Nothing here knows a database: a dict will do as a source.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, runtime_checkable

from prompt_kernel.errors import MissingVariableError
from prompt_kernel.expansion._compiled import CompiledPrompt
from prompt_kernel.expansion._fill import Filled, Plan
from prompt_kernel.expansion._graph import Node, Resolve, load, resolver
from prompt_kernel.expansion._manifest import checked, expand_manifest, finish, places
from prompt_kernel.expansion._source import Pin, Source, SourceText, Texts, choose, hash_of, matching
from prompt_kernel.expansion._values import (
    DEFAULT_LIMITS,
    Details,
    Diagnostic,
    Expansion,
    Limits,
    Manifest,
    ManifestEntry,
    Piece,
    Severity,
)
from prompt_kernel.variables import Declaration

NO_VALUES: Mapping[str, object] = {}


#: Is told of each plan that is made, with the path that was asked for, or None for a text; tells whether the plan may
#: be remembered, so that it is not told of the next use.
Note = Callable[[str | None, Plan], bool]


def _unnoted(_path: str | None, _plan: Plan) -> bool:
    return True


class _Remembered:
    """A plan, and what it gives without any values; both go together, so that no thread keeps one for the other."""

    __slots__ = ("expansion", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.expansion: Expansion | None = None


class Expander:
    """Expands the prompts of one source, and remembers each plan for as long as the source stays the same."""

    def __init__(
        self,
        source: Source,
        transaction: Callable[[], AbstractContextManager[object]] = nullcontext,
        *,
        resolve: Callable[[], Resolve] | None = None,
        note: Note = _unnoted,
    ) -> None:
        """Expand from `source`; what is read for one expansion is read inside of `transaction`.

        `resolve` makes what resolves the inclusions of one plan, if that is not the source; see `Note` for `note`.
        """
        self.source = source
        self._transaction = transaction
        self._resolve = resolve or (lambda: resolver(source))
        self._note = note
        self._revision: object = None
        self._plans: dict[tuple[str, bool, Limits], _Remembered] = {}

    def expand(
        self,
        path: str,
        variables: Mapping[str, object] = NO_VALUES,
        *,
        strict: bool = True,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Expansion:
        """Expand the prompt at `path` (which may be pinned: `path@3`).

        Raises:
            NotFoundError, ExpansionError: see `errors`.
        """
        self._refresh()
        key = (path, strict, limits)
        known = self._plans.get(key)
        if known is None:
            with self._transaction():
                self._refresh()
                known = _Remembered(self._plan(find(self.source, path), strict=strict, limits=limits))
                if self._note(path, known.plan):
                    self._plans[key] = known
        if variables:
            return finish(known.plan, variables, limits, strict=strict)
        if known.expansion is None:
            known.expansion = finish(known.plan, NO_VALUES, limits, strict=strict)
        return known.expansion

    def expand_text(
        self,
        text: SourceText,
        variables: Mapping[str, object] = NO_VALUES,
        *,
        strict: bool = True,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Expansion:
        """Expand a text that the source does not hold."""
        with self._transaction():
            self._refresh()
            plan = self._plan(text, strict=strict, limits=limits)
        self._note(None, plan)
        return finish(plan, variables, limits, strict=strict)

    def compile(self, root: str | SourceText, *, limits: Limits = DEFAULT_LIMITS) -> CompiledPrompt:
        """Resolve all that a path or a text includes, so that it can be filled without the source.

        Raises:
            NotFoundError, ExpansionError: see `errors`.
        """
        with self._transaction():
            self._refresh()
            text = find(self.source, root) if isinstance(root, str) else root
            plan = self._plan(text, strict=True, limits=limits)
        self._note(root if isinstance(root, str) else None, plan)
        return CompiledPrompt.of(plan.graph, limits)

    def declarations(self, root: str | SourceText) -> dict[str, Declaration]:
        """Return every variable that expanding a path or a text takes, own and inherited, in order of first use."""
        with self._transaction():
            self._refresh()
            text = find(self.source, root) if isinstance(root, str) else root
            plan = self._plan(text, strict=False, limits=DEFAULT_LIMITS)
        return {name: plan.declaration(name) for name in plan.names}

    def forget(self) -> None:
        """Forget every plan, so that the next use of each is noted."""
        self._plans.clear()

    def _refresh(self) -> None:
        revision = self.source.revision
        if revision != self._revision:
            self._plans.clear()
            self._revision = revision

    def _plan(self, root: SourceText, *, strict: bool, limits: Limits) -> Plan:
        return Plan(load(root, self._resolve(), limits, strict=strict, source=self.source))


@runtime_checkable
class ExpandsText(Protocol):
    """What expands a text by itself: a store, which does so under one snapshot of its database."""

    def expand_text(
        self, content: str, variables: Mapping[str, object], /, *, strict: bool, limits: Limits
    ) -> Expansion:
        """Expand `content`."""


def expand(
    text: str,
    source: "Source | ExpandsText | Mapping[str, str | SourceText] | None" = None,
    /,
    variables: Mapping[str, object] | None = None,
    *,
    strict: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    **values: object,
) -> Expansion:
    """Expand a free text against a source: a mapping from paths to texts, a `Texts`, or a store.

    Values come by keyword, or in `variables` where a name would clash with a parameter. With `strict=False` what
    cannot be expanded stays as it is written, and the expansion's diagnostics tell.

    Raises:
        NotFoundError, ExpansionError: see `errors`.
    """
    given = {**variables, **values} if variables else values
    if isinstance(source, ExpandsText):
        return source.expand_text(text, given, strict=strict, limits=limits)
    texts = Texts(source or {}) if source is None or not isinstance(source, Texts | Source) else source
    return Expander(texts).expand_text(SourceText("", text), given, strict=strict, limits=limits)


def find(source: Source, path: str) -> SourceText:
    """Return the text at `path`, which may be pinned as in an inclusion: `path@3`, `path@label`."""
    name, pin = split_pin(path)
    return source.root(name, pin)


def split_pin(path: str) -> tuple[str, Pin]:
    """Split `path@3` into path and pin: an int for a version, a str for a label, None where there is none."""
    name, at, pin = path.partition("@")
    if not at:
        return path, None
    is_version = pin.isascii() and pin.isdigit() and len(pin) <= _LONGEST_VERSION
    return name, int(pin) if is_version else pin


#: As in an inclusion; no database could hold a longer one.
_LONGEST_VERSION = 9


__all__ = [
    "DEFAULT_LIMITS",
    "CompiledPrompt",
    "Details",
    "Diagnostic",
    "Expander",
    "Expansion",
    "Filled",
    "Limits",
    "Manifest",
    "ManifestEntry",
    "MissingVariableError",
    "Node",
    "Note",
    "Piece",
    "Pin",
    "Plan",
    "Resolve",
    "Severity",
    "Source",
    "SourceText",
    "Texts",
    "checked",
    "choose",
    "expand",
    "expand_manifest",
    "find",
    "finish",
    "hash_of",
    "load",
    "matching",
    "places",
    "resolver",
    "split_pin",
]  # fmt: skip
