"""Dotprompt: `.prompt` files of front matter and Handlebars; partials are files whose names begin with `_`."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from prompt_kernel.files.formats._body import Hole, Include, Part
from prompt_kernel.files.formats._braces import Parts, excerpt, spelled, take_tags, unique, written
from prompt_kernel.files.formats._format import Outgoing
from prompt_kernel.files.formats._front import changed, put_together
from prompt_kernel.files.formats._front import take_apart as take_front
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._picoschema import read_input, write_input
from prompt_kernel.files.formats._tree import FilePerPrompt, Note, Resolve, Spelled
from prompt_kernel.names import directory_of, join, name_of
from prompt_kernel.variables import Declaration, Scalar, as_data, declare, variable_name

_ENDING: Final = ".prompt"
#: What Handlebars or Dotprompt makes of these is no variable.
_HELPERS: Final = frozenset({"else", "history", "json", "log", "lookup", "media", "role", "section", "this"})
_TAGS: Final = {"\\{{": "", "{{!--": "--}}", "{{{": "}}}", "{{": "}}"}
_LONGEST_PARTIAL: Final = 2_000
_PARTIAL = re.compile(
    r">\s*([\w.\-/]+)((?:\s+[\w]+\s*=\s*(?:\"[^\"\\\n]*\"|'[^'\\\n]*'|-?\d{1,15}(?:\.\d{1,15})?|true|false))*)\s*"
)
_ARGUMENT = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|(-?\d+\.\d+)|(-?\d+)|(true|false))")
#: Inside of these blocks a name means something else than outside.
_SCOPES: Final = frozenset({"each", "with"})


class Dotprompt(FilePerPrompt):
    """`.prompt` files."""

    name: ClassVar[str] = "dotprompt"
    title: ClassVar[str] = "Dotprompt: .prompt files with Picoschema and Handlebars"

    def wants(self, file: str) -> bool:
        """Tell whether `file` is one."""
        return file.endswith(_ENDING) and name_of(file) != _ENDING

    def name_of(self, file: str) -> str:
        """Return the name without the ending, and without the mark of a partial."""
        name = name_of(file).removesuffix(_ENDING)
        return join(directory_of(file), name.removeprefix("_") or name)

    def file_of(self, name: str) -> str:
        """Return the usual file."""
        return name + _ENDING

    def resolver(self, paths: Mapping[str, str], _places: Mapping[str, Path]) -> Callable[[str], Resolve]:
        """Find partials by their place in the folder, beside the file, or anywhere by their name."""
        by_name = {name_of(file).removesuffix(_ENDING): path for file, path in paths.items()}

        def in_file(file: str) -> Resolve:
            def resolve(name: str) -> str | None:
                partial = _partial(name)
                beside = join(directory_of(file), partial)
                return paths.get(partial) or paths.get(beside) or by_name.get(f"_{name_of(name)}")

            return resolve

        return in_file

    def prepare(self, prompts: Sequence[Outgoing]) -> Callable[[str], str]:
        """Write what others include as partials."""
        parts = (part for prompt in prompts for part in prompt.parts() or ())
        included = {part.path for part in parts if isinstance(part, Include)}
        return lambda name: _partial(name) if name in included else self.file_of(name)

    def parse(self, content: str, resolve: Resolve) -> Note:
        """Read a file."""
        front = take_front(content)
        taken = _apart(front.text, resolve)
        composed, losses = written(taken)
        holes = [part.name for part in taken.parts if isinstance(part, Hole)]
        variables, lost = read_input(front.data.get("input"), holes)
        return Note(
            composed.text,
            composed.engine,
            description=front.words("description"),
            variables=variables,
            losses=[*lost, *losses],
            kept={"front": front.block},
        )

    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a file."""
        native = bool(kept)
        parts = prompt.parts()
        flat = prompt.flat() if parts is None or any(map(_is_pinned, parts)) else None
        variables = prompt.variables if flat is None else flat.variables
        found = flat.parts if flat is not None else parts or ()
        if not native:
            variables = {**_undeclared(found), **variables}
        content, losses = spelled(
            found,
            lambda part: _spelled(part, native=native),
            lambda text: _apart(text, lambda name: name),
            "Dotprompt",
        )
        values: dict[str, Any] = {"description": prompt.description}
        known = _input_of(kept)
        if as_data(declare(read_input(known, list(variables))[0])) != as_data(variables):
            values["input"] = write_input(known, variables)
        lost = not_said(prompt, variables, ("description", "types", "defaults", "descriptions"))
        block = changed(kept, values, content)
        return Spelled(put_together(block, content), unique([*(flat.losses if flat else ()), *lost, *losses]))


def _partial(name: str) -> str:
    return join(directory_of(name), f"_{name_of(name)}{_ENDING}")


def _input_of(kept: Mapping[str, Any]) -> Any:
    block = kept.get("front")
    return take_front(block).data.get("input") if isinstance(block, str) else None


def _undeclared(parts: Iterable[Part]) -> dict[str, Declaration]:
    return {part.name: Declaration(part.name) for part in parts if isinstance(part, Hole)}


def _is_pinned(part: Part) -> bool:
    return isinstance(part, Include) and part.pin is not None


def _apart(text: str, resolve: Resolve) -> Parts:
    """Take Handlebars apart: variables, partials, and escaped braces; all else stays text, and is reported."""
    scopes: list[str] = []

    def reads(tag: str) -> tuple[Part | None, str]:
        if tag.startswith("\\"):
            return tag[1:], ""
        inner, loss = tag.strip("{}"), f"{excerpt(tag)} stays text"
        block = re.match(r"([#/])\s*(\w+)", inner)
        if block:
            (scopes.append if block[1] == "#" else _close(scopes))(block[2])
            return None, loss
        name = variable_name(inner.strip())
        if name and name not in _HELPERS and not _SCOPES.intersection(scopes):
            return Hole(name, tag), ""
        partial = _PARTIAL.fullmatch(inner) if len(inner) < _LONGEST_PARTIAL else None
        path = resolve(partial[1]) if partial else None
        if partial is None or path is None:
            return None, loss if partial is None else f"{loss}, because there is no such partial"
        return Include(path, tag, None, _arguments(partial[2])), ""

    return take_tags(text, _TAGS, reads)


def _close(scopes: list[str]) -> Callable[[str], None]:
    def close(name: str) -> None:
        if name in scopes:
            del scopes[len(scopes) - 1 - scopes[::-1].index(name) :]

    return close


def _arguments(text: str) -> tuple[tuple[str, Scalar], ...]:
    found: dict[str, Scalar] = {}
    for match in _ARGUMENT.finditer(text):
        name, double, single, number, whole, word = match.groups()
        text_value = double if double is not None else single
        found[name] = (
            text_value
            if text_value is not None
            else float(number)
            if number
            else int(whole)
            if whole
            else word == "true"
        )
    return tuple(found.items())


def _spelled(part: Part, *, native: bool) -> str:
    if isinstance(part, Hole):
        return part.source if native and part.source else f"{{{{{part.name}}}}}"
    if isinstance(part, Include):
        given = "".join(f" {name}={_value(value)}" for name, value in part.arguments)
        return f"{{{{>{part.path}{given}}}}}"
    return part if native else part.replace("{{", "\\{{")


def _value(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
