"""Claude Code: commands in `.claude/commands`, skills in `.claude/skills/<name>/SKILL.md`, with `$ARGUMENTS`."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from prompt_kernel.files.formats._body import Hole, Part
from prompt_kernel.files.formats._braces import Parts, excerpt, spelled, take_apart, unique, written
from prompt_kernel.files.formats._format import Outgoing
from prompt_kernel.files.formats._front import changed, put_together
from prompt_kernel.files.formats._front import take_apart as take_front
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._tree import FilePerPrompt, Note, Resolve, Spelled
from prompt_kernel.names import directory_of, name_of

_SKILL: Final = "SKILL.md"
_COMMANDS: Final = ".claude/commands"
_ALL: Final = "ARGUMENTS"
#: `$1` in "$1,000" is money, and Claude takes it for an argument all the same; but not in `$10`.
_ARGUMENT = re.compile(r"\$(?:ARGUMENTS\b(?!\[)|([1-9])(?![0-9])|ARGUMENTS\[\d+\]|\{CLAUDE_\w+\})")
_COMMAND = re.compile(r"!`[^`\n]+`")
_FILE = re.compile(r"(?<![\w`])@[\w.~/-]*[\w/-]")
_NUMBERED = re.compile(r"argument_([1-9])")


class Claude(FilePerPrompt):
    """Commands and skills."""

    name: ClassVar[str] = "claude"
    title: ClassVar[str] = "Claude Code: .claude/commands/**/*.md and skills/*/SKILL.md"
    confidence: ClassVar[int] = 85

    def wants(self, file: str) -> bool:
        """Tell whether `file` is a command or a skill by where it is."""
        return name_of(file) == _SKILL or (file.startswith(f"{_COMMANDS}/") and file.endswith(".md"))

    def root_of(self, file: Path) -> Path:
        """Return the folder that a skill's own lies in."""
        return file.parent.parent if file.name == _SKILL else file.parent

    def sure(self, root: Path, files: Sequence[str]) -> list[str]:
        """Look at the folders above, too: a markdown file of its own could be anything."""
        above = f"{root.resolve().as_posix()}/"
        if f"/{_COMMANDS}/" in above:
            return [file for file in files if file.endswith(".md")]
        if above.endswith("/.claude/"):
            return [file for file in files if name_of(file) == _SKILL or _is_command(file)]
        return [file for file in files if self.wants(file)]

    def select(self, root: Path, files: Sequence[str]) -> list[str]:
        """Take what is sure; where nothing is, a folder of commands, or whatever markdown there is."""
        commands = [file for file in files if _is_command(file)]
        return self.sure(root, files) or commands or [file for file in files if file.endswith(".md")]

    def name_of(self, file: str) -> str:
        """Return the name of the command or skill, below `commands` or `skills`."""
        path = file.removeprefix(".claude/")
        return directory_of(path) if name_of(path) == _SKILL else path.removesuffix(".md")

    def file_of(self, name: str) -> str:
        """Return the usual file: a skill's below `skills`, else a command's."""
        if name.startswith("skills/"):
            return f".claude/{name}/{_SKILL}"
        return f"{_COMMANDS}/{name.removeprefix('commands/')}.md"

    def parse(self, content: str, _resolve: Resolve) -> Note:
        """Read a command or a skill; what it would run is never run."""
        front = take_front(content)
        composed, losses = written(_apart(front.text))
        holes = {part.name for part in _apart(front.text).parts if isinstance(part, Hole)}
        hint = front.words("argument-hint") or ""
        variables = {name: _declared(hint if name == _ALL else "") for name in sorted(holes)}
        return Note(
            composed.text,
            composed.engine,
            description=front.words("description"),
            variables=variables,
            losses=unique([*losses, *_remarks(front.text)]),
            kept={"front": front.block},
        )

    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a command or a skill."""
        flat = prompt.flat()
        positions = _positions(flat.parts)
        parts = [
            part._replace(name=positions.get(part.name, part.name)) if isinstance(part, Hole) else part
            for part in flat.parts
        ]
        content, losses = spelled(parts, _spelled, _apart, "Claude", native=bool(kept))
        values: dict[str, Any] = {"description": prompt.description}
        hints = [f"[{name}]" for name, position in positions.items() if name != position]
        if hints:
            values["argument-hint"] = " ".join(hints)
            losses = [*losses, "its variables have become positions: " + ", ".join(_shown(positions))]
        if prompt.name.startswith("skills/") and not kept:
            values = {"name": name_of(prompt.name), **values}
        block = changed(kept, values, content)
        carried = ("description", "descriptions") if not hints else ("description",)
        optional = {
            name: each for name, each in flat.variables.items() if each.default is not None or each.type != "string"
        }
        lost = not_said(prompt, optional, carried)
        return Spelled(put_together(block, content), unique([*flat.losses, *lost, *losses]))


def _is_command(file: str) -> bool:
    return file.startswith("commands/") and file.endswith(".md")


def _declared(hint: str) -> dict[str, Any]:
    return {"required": False, **({"description": hint} if hint else {})}


def _apart(text: str) -> Parts:
    def reads(found: "re.Match[str]") -> tuple[Part | None, str]:
        if found[0] == f"${_ALL}":
            return Hole(_ALL, found[0]), ""
        return (Hole(f"argument_{found[1]}", found[0]), "") if found[1] else (None, f"{excerpt(found[0])} stays text")

    return take_apart(text, _ARGUMENT, reads)


def _remarks(text: str) -> list[str]:
    commands = [f"{excerpt(found[0])} stays text, and is never run" for found in _COMMAND.finditer(text)]
    files = [f"{excerpt(found[0])} stays text, and the file is not read" for found in _FILE.finditer(text)]
    return [*commands, *files]


def _positions(parts: Sequence[Part]) -> dict[str, str]:
    """Return the argument that each variable becomes, in the order of their first use; Claude's own stay."""
    names = dict.fromkeys(part.name for part in parts if isinstance(part, Hole))
    theirs = {name for name in names if name == _ALL or _NUMBERED.fullmatch(name)}
    free = (f"argument_{number}" for number in range(1, 10) if f"argument_{number}" not in theirs)
    return {name: name if name in theirs else next(free, _ALL) for name in names}


def _shown(positions: Mapping[str, str]) -> list[str]:
    return [f"{_sign(position)} {name}" for name, position in positions.items() if name != position]


def _sign(name: str) -> str:
    numbered = _NUMBERED.fullmatch(name)
    return f"${numbered[1]}" if numbered else f"${name}"


def _spelled(part: Part) -> str:
    if isinstance(part, Hole):
        return _sign(part.name)
    return part if isinstance(part, str) else part.source
