"""Obsidian: a vault of notes. An embed `![[note]]` is an inclusion; a link `[[note]]` stays a link, as text."""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from prompt_kernel.codespans import code_spans
from prompt_kernel.files._import import ENDING
from prompt_kernel.files.formats._body import Hole, Include, Part, included, is_more_than_a_name, shortest
from prompt_kernel.files.formats._braces import Parts, excerpt, spelled, take_apart, unique, written
from prompt_kernel.files.formats._format import NO, Outgoing, Recognition
from prompt_kernel.files.formats._front import changed, put_together, tags_of
from prompt_kernel.files.formats._front import take_apart as take_front
from prompt_kernel.files.formats._links import Targets
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._tree import FilePerPrompt, Note, Resolve, Spelled
from prompt_kernel.language import inclusions

_VAULT: Final = ".obsidian"
_EMBED = re.compile(r"!\[\[([^\[\]\n]+)\]\]")


class Obsidian(FilePerPrompt):
    """A vault."""

    name: ClassVar[str] = "obsidian"
    title: ClassVar[str] = "an Obsidian vault: ![[embeds]] are inclusions, [[links]] stay text"

    def wants(self, file: str) -> bool:
        """Tell whether `file` is a note."""
        return file.endswith(ENDING) and not file.startswith(".")

    def name_of(self, file: str) -> str:
        """Return the name without the ending."""
        return file[: -len(ENDING)]

    def file_of(self, name: str) -> str:
        """Return the usual file."""
        return name + ENDING

    def recognises(self, path: Path) -> Recognition:
        """Tell how sure it is by the vault's hidden folder."""
        return Recognition(95, f"it has a folder {_VAULT}") if (path / _VAULT).is_dir() else NO

    def resolver(self, paths: Mapping[str, str], _places: Mapping[str, Path]) -> Callable[[str], Resolve]:
        """Find notes by their place in the vault, beside the note, or by their name."""
        targets = Targets(paths, ENDING)

        def in_file(file: str) -> Resolve:
            def resolve(name: str) -> str | None:
                target, _ = targets.find(name.removesuffix(ENDING), file)
                return target and targets.spelling(name, file, target)

            return resolve

        return in_file

    def parse(self, content: str, resolve: Resolve) -> Note:
        """Read a note."""
        front = take_front(content)
        composed, losses = written(_apart(front.text, resolve))
        links = len(inclusions(_EMBED.sub("", front.text)))
        if links:
            losses.append(f"{links} {'link stays' if links == 1 else 'links stay'} text")
        return Note(
            composed.text,
            composed.engine,
            description=front.words("description"),
            tags=tags_of(front.get("tags")),
            losses=losses,
            kept={"front": front.block},
        )

    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a note."""
        parts = prompt.parts()
        flat = prompt.flat() if parts is None or any(map(is_more_than_a_name, parts)) else None
        found = flat.parts if flat else parts or ()
        plain = [part.source if isinstance(part, Hole) else part for part in found]
        names = included(found)
        # In a note that came from a vault, an embed that was no inclusion then is none now.
        resolve: Resolve = names.get if kept else lambda name: names.get(name, name)
        content, losses = spelled(plain, _spelled, lambda text: _apart(text, resolve), "Obsidian")
        if any(isinstance(part, Hole) for part in found):
            losses = [*losses, "its variables are text there"]
        values: dict[str, Any] = {"description": prompt.description}
        if tags_of(take_front(str(kept.get("front", ""))).get("tags")) != (prompt.tags or None):
            values["tags"] = list(prompt.tags)
        lost = not_said(prompt, flat.variables if flat else prompt.variables, ("description", "tags"))
        block = changed(kept, values, content)
        return Spelled(put_together(block, content), unique([*(flat.losses if flat else ()), *lost, *losses]))


def _apart(text: str, resolve: Resolve) -> Parts:
    """Take a note apart; in code an embed is text."""
    bounds = [bound for span in code_spans(text) for bound in span] if "`" in text or "~~~" in text else []

    def reads(found: "re.Match[str]") -> tuple[Part | None, str]:
        if bisect_right(bounds, found.start()) % 2:
            return None, ""
        path = resolve(found[1])
        if path is None:
            why = "a part of a note" if re.search(r"[#^|]", found[1]) else "no note of this vault"
            return None, f"{excerpt(found[0])} stays text: it is {why}"
        return Include(path, found[0]), ""

    return take_apart(text, _EMBED, reads, "]]")


def _spelled(part: Part) -> str:
    if isinstance(part, Include):
        return f"![[{shortest(part)}]]"
    return part if isinstance(part, str) else part.source
