"""Copilot's and Cursor's files: `*.prompt.md`, `*.instructions.md`, `*.mdc`, with `${input:name:placeholder}`."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple

from prompt_kernel.files._yaml import Fault
from prompt_kernel.files.formats._body import Hole, Part
from prompt_kernel.files.formats._braces import Parts, excerpt, spelled, take_apart, unique, written
from prompt_kernel.files.formats._format import Outgoing
from prompt_kernel.files.formats._front import changed, put_together
from prompt_kernel.files.formats._front import take_apart as take_front
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._naming import identifier
from prompt_kernel.files.formats._tree import FilePerPrompt, Note, Resolve, Spelled
from prompt_kernel.variables import Declaration

_PROMPT: Final = ".prompt.md"
_ENDINGS: Final = (_PROMPT, ".instructions.md", ".mdc")
_ALONE: Final = "copilot-instructions.md"
_HOMES: Final = (".github/", ".cursor/")
_VARIABLE = re.compile(r"\$\{(?:input:([\w\-. ]++)(?::([^}\n]{0,500}))?|[a-zA-Z][\w:.]*)\}")
_BLOCK = re.compile(r"---[ \t]*\r?\n(?:.*\r?\n)*?---[ \t]*(?:\r?\n|\Z)")
_DESCRIPTION = re.compile(r"^description:[ \t]*(\S.*)$", re.MULTILINE)
_FILE = re.compile(r"(?<!\w)#(?:file|tool|codebase|selection)\b(?::[\w./\\-]*[\w/])?")


class Copilot(FilePerPrompt):
    """Prompt files, instructions, and rules."""

    name: ClassVar[str] = "copilot"
    title: ClassVar[str] = "Copilot and Cursor: *.prompt.md, *.instructions.md, *.mdc"
    confidence: ClassVar[int] = 85

    def wants(self, file: str) -> bool:
        """Tell whether `file` is one."""
        return file.endswith(_ENDINGS) or file in (f".github/{_ALONE}", _ALONE)

    def name_of(self, file: str) -> str:
        """Return the name without the ending and without the hidden folder."""
        for home in _HOMES:
            file = file.removeprefix(home)
        ending = next((ending for ending in _ENDINGS if file.endswith(ending)), ".md")
        return file.removesuffix(ending)

    def file_of(self, name: str) -> str:
        """Return the usual file."""
        return name + _PROMPT

    def parse(self, content: str, _resolve: Resolve) -> Note:
        """Read a file."""
        front = _front_of(content)
        variables: dict[str, Any] = {}
        names: dict[str, str] = {}
        composed, losses = written(_apart(front.text, variables, names))
        files = [f"{excerpt(found[0])} stays text" for found in _FILE.finditer(front.text)]
        return Note(
            composed.text,
            composed.engine,
            description=front.description,
            variables={name: entry or None for name, entry in variables.items()},
            losses=unique([*losses, *files]),
            kept={"front": front.block, "names": names},
        )

    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a file."""
        flat = prompt.flat()
        names = kept.get("names")
        titles: Mapping[str, str] = names if isinstance(names, Mapping) else {}
        content, losses = spelled(
            flat.parts,
            lambda part: _spelled(part, flat.variables, titles),
            lambda text: _apart(text, {}, {}),
            "Copilot",
            native=bool(kept),
        )
        block = _described(kept, prompt.description, content)
        lost = not_said(prompt, flat.variables, ("description", "descriptions"))
        return Spelled(put_together(block, content), unique([*flat.losses, *lost, *losses]))


class _Front(NamedTuple):
    block: str
    description: str | None
    text: str


def _front_of(content: str) -> _Front:
    """Take a file apart; Cursor writes `globs: *.ts`, which is no YAML, so that a line is enough for a description."""
    try:
        front = take_front(content)
    except Fault:
        block = _BLOCK.match(content)
        if block is None:
            raise
        line = _DESCRIPTION.search(block[0])
        return _Front(block[0], line[1].strip("\"' ") if line else None, content[block.end() :])
    return _Front(front.block, front.words("description"), front.text)


def _described(kept: Mapping[str, Any], description: str, text: str) -> str:
    """Return the block that was kept, with the `description`."""
    block = kept.get("front")
    front = _front_of(block) if isinstance(block, str) and _BLOCK.fullmatch(block) else None
    if front is not None and (front.description or "") == description:
        return front.block
    return changed(kept, {"description": description}, text)


def _apart(text: str, variables: dict[str, Any], names: dict[str, str]) -> Parts:
    def reads(found: "re.Match[str]") -> tuple[Part | None, str]:
        if found[1] is None:
            return None, f"{excerpt(found[0])} stays text"
        name = identifier(found[1])
        if names.setdefault(name, found[1]) != found[1]:
            return None, f"{excerpt(found[0])} stays text, because {names[name]} has its name"
        entry = variables.setdefault(name, {})
        if found[2]:
            entry.setdefault("description", found[2])
        return Hole(name, found[0]), ""

    return take_apart(text, _VARIABLE, reads, "}")


def _spelled(part: Part, variables: Mapping[str, Declaration], names: Mapping[str, str]) -> str:
    if not isinstance(part, Hole):
        return part if isinstance(part, str) else part.source
    declared = variables.get(part.name)
    about = re.sub(r"[}\n]+", " ", declared.description) if declared else ""
    return f"${{input:{names.get(part.name, part.name)}{f':{about}' if about else ''}}}"
