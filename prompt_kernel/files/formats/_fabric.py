"""Fabric: a folder a pattern, `summarize/system.md`, with `{{input}}` and other variables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from prompt_kernel.files.formats._braces import Parts, as_mustache, mustache, spelled, unique, written
from prompt_kernel.files.formats._format import Outgoing
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._tree import FilePerPrompt, Note, Resolve, Spelled
from prompt_kernel.names import directory_of, name_of

_SYSTEM, _USER = "system.md", "user.md"
#: Where the patterns are in Fabric's own repository and in a user's folder.
_HOMES = ("data/patterns/", "patterns/")


class Fabric(FilePerPrompt):
    """Patterns: `system.md` is the prompt, a `user.md` beside it another one."""

    name: ClassVar[str] = "fabric"
    title: ClassVar[str] = "Fabric patterns: folders with a system.md"

    def wants(self, file: str) -> bool:
        """Tell whether `file` is a pattern's."""
        return name_of(file) in (_SYSTEM, _USER)

    def root_of(self, file: Path) -> Path:
        """Return the folder that holds the pattern's own."""
        return file.parent.parent

    def name_of(self, file: str) -> str:
        """Return the pattern's name."""
        pattern = directory_of(file)
        for home in _HOMES:
            pattern = pattern.removeprefix(home)
        return pattern if name_of(file) == _SYSTEM else f"{pattern}/user"

    def file_of(self, name: str) -> str:
        """Return the pattern's file."""
        return f"{name}/{_SYSTEM}"

    def select(self, root: Path, files: Sequence[str]) -> list[str]:
        """Leave out the empty `user.md` that many patterns have."""
        return [file for file in super().select(root, files) if name_of(file) == _SYSTEM or _has_text(root / file)]

    def parse(self, content: str, _resolve: Resolve) -> Note:
        """Read a pattern."""
        composed, losses = written(_apart(content))
        return Note(composed.text, composed.engine, losses=losses)

    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a pattern."""
        flat = prompt.flat()
        content, losses = spelled(flat.parts, as_mustache, _apart, "Fabric", native=bool(kept))
        return Spelled(content, unique([*flat.losses, *not_said(prompt, flat.variables), *losses]))


def _apart(text: str) -> Parts:
    # Fabric looks for a variable of exactly these characters, blanks included.
    return mustache(text, blanks=False, odd="{} is Fabric's own and stays text")


def _has_text(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return True  # reading it will say what is wrong
