"""The store -> what a format writes: each prompt with its layout, its inclusions resolved when the format asks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel.errors import ExportFileError
from prompt_kernel.files._export import write_files
from prompt_kernel.files.formats._body import Hole, Include, Part, decompose, joined
from prompt_kernel.files.formats._format import Flat, Outgoing, Progress, Writer
from prompt_kernel.language import Variable, parse
from prompt_kernel.names import key_of
from prompt_kernel.records import ExportReport, Prompt, Version

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_PAGE: Final = 500
#: Other systems make of these what they do of a slash, or a drive; and no system has a name with NUL.
_SPECIAL: Final = frozenset("\\:\0")


def write(store: "Store", writer: Writer, target: Path, *, directory: str, progress: Progress | None) -> ExportReport:
    """Write the prompts in `directory` to `target` in the format of `writer`."""
    prompts = list(outgoing(store, directory))
    content = writer.write(prompts)
    root, names = target, {name: name for name in content.files}
    if writer.file and not target.is_dir():
        root, names = target.parent, dict.fromkeys(content.files, target.name)
    problems = {name: "this name leads elsewhere" for name in content.files if _leads_elsewhere(name)}
    if problems:
        raise ExportFileError(str(root), problems)
    data = {names[name]: data for name, data in content.files.items()}
    report = write_files(root, data, data.get, progress)
    return replace(report, format=writer.name, losses=tuple(content.losses))


def _leads_elsewhere(name: str) -> bool:
    """Tell a name that is no relative path of ordinary segments, on whatever system."""
    segments = name.split("/")
    return any(segment in ("", ".", "..") for segment in segments) or not _SPECIAL.isdisjoint(name)


def outgoing(store: "Store", directory: str) -> Iterator[Outgoing]:
    """Give the prompts in `directory` and below it, ordered by path."""
    start = len(directory) + 1 if directory else 0
    found = list(_prompts(store, directory))
    names = {key_of(prompt.path): prompt.path[start:] for prompt, _ in found}
    for prompt, layout in found:
        yield _outgoing(store, prompt, layout, names)


def _prompts(store: "Store", directory: str) -> Iterator[tuple[Prompt, Mapping[str, Any]]]:
    after: str | None = None
    while page := store.prompts(directory=directory or None, after=after, limit=_PAGE):
        layouts = store.layouts([entry.path for entry in page])
        for entry in page:
            yield store.get(entry.path), layouts.get(entry.path, {})
        after = page[-1].path


def _outgoing(store: "Store", prompt: Prompt, layout: Mapping[str, Any], names: Mapping[str, str]) -> Outgoing:
    return Outgoing(
        names[key_of(prompt.path)],
        prompt.text,
        prompt.engine,
        prompt.description,
        prompt.tags,
        prompt.variables,
        layout,
        parts=lambda: _parts(store, prompt, names),
        flat=lambda: _flat(store, prompt),
        versions=lambda: _versions(store, prompt.path),
    )


def _versions(store: "Store", path: str) -> Sequence[Version]:
    return list(reversed(store.history(path)))


def _parts(store: "Store", prompt: Prompt, names: Mapping[str, str]) -> Sequence[Part] | None:
    parts = decompose(prompt.text, prompt.engine)
    if not any(isinstance(part, Include) for part in parts):
        return parts
    targets = {reference.spelled: reference.target for reference in store.includes(prompt.path)}
    found: list[Part] = []
    for part in parts:
        if isinstance(part, Include):
            name = names.get(key_of(targets.get(part.path) or ""))
            if name is None or "*" in part.path:
                return None
            part = part._replace(path=name)  # noqa: PLW2901 - the same inclusion by another name
        found.append(part)
    return found


#: What no variable takes, so that each hole stays open; an enum takes what its text says, of whatever type.
_NOTHING: Final = object()


def _flat(store: "Store", prompt: Prompt) -> Flat:
    """Put in place what a prompt includes, and leave its holes open."""
    parts = decompose(prompt.text, prompt.engine)
    included = any(isinstance(part, Include) for part in parts)
    if prompt.engine == "jinja":
        what = "it is a jinja template, whose inclusions stay as they are written"
        whole = joined(part.source if isinstance(part, Include) else part for part in parts)
        return Flat(whole, (what,) if included else (), prompt.variables)
    if not included:
        return Flat(parts, (), prompt.variables)
    declarations = store.declarations(prompt.path)
    given = {name: _NOTHING if found.type == "enum" else None for name, found in declarations.items()}
    expansion = store.expand(prompt.path, variables=given, strict=False)
    found = joined(_open(piece.text, piece.variable) for piece in expansion.pieces)
    losses = ["what it includes was written out"]
    losses += [
        finding.message
        for finding in expansion.diagnostics
        if finding.severity == "error" and finding.code != "invalid-variable"
    ]
    texts = {entry.path for entry in expansion.manifest.entries[1:]}
    losses += [f"{path} is a jinja template, written out without values" for path in texts if _is_template(store, path)]
    return Flat(found, losses, declarations)


def _is_template(store: "Store", path: str) -> bool:
    return store.get(path).engine == "jinja"


def _open(text: str, variable: str | None) -> Part:
    """Return a hole where nothing has filled it, and the characters otherwise."""
    if variable is None:
        return text
    parts = parse(text)
    hole = parts[0] if len(parts) == 1 else None
    return Hole(variable, text) if isinstance(hole, Variable) and hole.name == variable else text
