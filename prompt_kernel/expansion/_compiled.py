"""A prompt that needs no source any more: everything it includes is resolved, and it can be filled any number of times.

It is a manifest with its texts. So it expands byte for byte what the store expanded when it was compiled, pickles to
other processes, and lets a fragment be exchanged for another.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from prompt_kernel.errors import ExpansionError, PromptNotFoundError
from prompt_kernel.expansion._fill import Plan, manifest
from prompt_kernel.expansion._graph import Graph, load
from prompt_kernel.expansion._manifest import finish, recorded_resolver
from prompt_kernel.expansion._source import SourceText
from prompt_kernel.expansion._values import Expansion, Limits, Manifest, ManifestEntry
from prompt_kernel.names import is_suffix, key_of, near
from prompt_kernel.variables import Declaration, as_data, declare

_Includes = tuple[tuple[int, ...] | None, ...]


class CompiledPrompt:
    """A prompt with all that it includes, frozen as it was when it was compiled; a value, which pickles.

    `path` is "" and `version` None for a free text.
    """

    __slots__ = ("_plan", "limits", "manifest", "texts")

    def __init__(self, manifest: Manifest, texts: Sequence[SourceText], limits: Limits) -> None:
        """Put together what `manifest` names; `texts` are those of its entries, in order.

        Raises:
            ExpansionError: they include each other in a circle, or would grow beyond `limits`.
        """
        self.manifest, self.texts, self.limits = manifest, tuple(texts), limits
        self._plan = Plan(load(self.texts[0], recorded_resolver(manifest, self.texts), limits, strict=True))

    @classmethod
    def of(cls, graph: Graph, limits: Limits) -> Self:
        """Compile what `graph` has resolved."""
        sources = {node.source.identity: node.source for node in reversed(graph.nodes)}
        order = dict.fromkeys(node.source.identity for node in graph.nodes)
        return cls(manifest(graph), [sources[identity] for identity in order], limits)

    @property
    def path(self) -> str:
        """The path that was compiled, "" for a free text."""
        return self.texts[0].path

    @property
    def version(self) -> int | None:
        """The version that was compiled."""
        return self.texts[0].version

    @property
    def declarations(self) -> dict[str, Declaration]:
        """Every variable that filling it takes, own and inherited, in order of first use."""
        return {name: self._plan.declaration(name) for name in self._plan.names}

    @property
    def has_templates(self) -> bool:
        """Whether a part of it is a Jinja2 template: then `segments` are not all of it."""
        return self._plan.graph.has_templates

    @property
    def segments(self) -> list[str | tuple[str]]:
        """What the text is made of, in order: characters, and for a hole a tuple of the variable's name.

        Raises:
            ExpansionError: a part is a template, whose text is known only when it has run.
        """
        if self.has_templates:
            raise ExpansionError(f"{self.path or 'The text'} holds a template, which has no fixed segments.")
        return [part if isinstance(part, str) else (part.name,) for part in self._plan.flat]  # type: ignore[union-attr]  # no templates

    def expand(
        self, variables: Mapping[str, object] | None = None, /, *, strict: bool = True, **values: object
    ) -> Expansion:
        """Fill the variables; the same as `Store.expand` gave when this was compiled.

        Raises:
            ExpansionError: a variable is missing or does not fit, under `strict`; or the text grows too large.
        """
        given = {**variables, **values} if variables else values
        return finish(self._plan, given, self.limits, strict=strict)

    def swap(self, fragment: str, alternative: "CompiledPrompt | None") -> "CompiledPrompt":
        """Return the same with `alternative` wherever `fragment` (a path or its ending) is included.

        None leaves the fragment out. What the alternative itself includes stays as it is.

        Raises:
            PromptNotFoundError: nothing of that name is included here.
            ExpansionError: both include a text that would have to be two different ones.
        """
        swapped = self._named(fragment)
        entries = list(self.manifest.entries)
        texts = list(self.texts)
        added: tuple[int, ...] = ()
        if alternative is not None:
            added = (len(entries),)
            entries += _shifted(alternative.manifest.entries, len(entries))
            texts += alternative.texts
        own = len(self.texts)
        entries = [
            entry._replace(includes=_exchanged(entry.includes, swapped, added)) if number < own else entry
            for number, entry in enumerate(entries)
        ]
        return _pruned(entries, texts, self.limits)

    def _named(self, fragment: str) -> frozenset[int]:
        key = key_of(fragment)
        keys = {number: key_of(text.path) for number, text in enumerate(self.texts) if number and text.path}
        exact = frozenset(number for number, path in keys.items() if path == key)
        found = exact or frozenset(number for number, path in keys.items() if is_suffix(key, path))
        if len({keys[number] for number in found}) != 1:
            known = [text.path for text in self.texts[1:]]
            raise PromptNotFoundError(fragment, near(fragment, known) or known[:3])
        return found

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data for JSON; `from_data` is the inverse."""
        return {
            "manifest": self.manifest.as_data(),
            "texts": [_text_as_data(text) for text in self.texts],
            "limits": [self.limits.characters, self.limits.inclusions, self.limits.depth, self.limits.arguments],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_data` gave, also after a trip through JSON."""
        texts = [_text_from_data(text) for text in data["texts"]]
        return cls(Manifest.from_data(data["manifest"]), texts, Limits(*data["limits"]))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value: what was resolved is put together again on the other side."""
        return type(self).from_data, (self.as_data(),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompiledPrompt) and self.as_data() == other.as_data()

    def __hash__(self) -> int:
        return hash(self.manifest)

    def __repr__(self) -> str:
        name = f"{self.path or 'text'}@{self.version}" if self.version else self.path or "text"
        return f"CompiledPrompt({name!r}, variables={list(self._plan.names)!r})"


def _shifted(entries: Sequence[ManifestEntry], by: int) -> list[ManifestEntry]:
    return [
        entry._replace(includes=tuple(None if to is None else tuple(at + by for at in to) for to in entry.includes))
        for entry in entries
    ]


def _exchanged(includes: _Includes, swapped: frozenset[int], added: tuple[int, ...]) -> _Includes:
    return tuple(
        None if to is None else tuple(new for at in to for new in (added if at in swapped else (at,)))
        for to in includes
    )


def _pruned(entries: list[ManifestEntry], texts: list[SourceText], limits: Limits) -> CompiledPrompt:
    """Keep what is reached from the first entry, each text once."""
    order = [0]
    for number in order:  # grows while it runs: that is the walk
        order += dict.fromkeys(at for to in entries[number].includes if to for at in to if at not in order)
    first: dict[object, int] = {}
    for number in order:
        first.setdefault(texts[number].identity, number)
    kept = {number: place for place, number in enumerate(first.values())}
    places = {number: kept[first[texts[number].identity]] for number in order}
    renamed = {number: _placed(entries[number], places) for number in order}
    for number in order:
        if renamed[number] != renamed[first[texts[number].identity]]:
            raise ExpansionError(
                f"{texts[number].label} is included by what is swapped in as well, and would be two texts at once;"
                " swap in a prompt that does not include it."
            )
    return CompiledPrompt(Manifest(tuple(renamed[number] for number in kept)), [texts[n] for n in kept], limits)


def _placed(entry: ManifestEntry, places: Mapping[int, int]) -> ManifestEntry:
    return entry._replace(
        includes=tuple(None if to is None else tuple(places[at] for at in to) for to in entry.includes)
    )


def _text_as_data(text: SourceText) -> dict[str, Any]:
    return {
        "path": text.path,
        "text": text.text,
        "version": text.version,
        "engine": text.engine,
        "variables": as_data(text.variables),
        "uid": text.uid,
        "sha256": text.sha256,
        "directory": text.directory,
    }


def _text_from_data(data: Mapping[str, Any]) -> SourceText:
    return SourceText(**{**data, "variables": declare(data["variables"])})
