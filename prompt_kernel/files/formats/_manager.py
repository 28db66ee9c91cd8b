"""The original prompt manager: folders of markdown, and a JSON file that lists them.

There `[[name]]` includes also in code, nothing is escaped, and braces are text.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from prompt_kernel.errors import ImportFileError
from prompt_kernel.files._import import ENDING, Found, from_home, scan
from prompt_kernel.files.formats._body import Hole, Include, Part, included, is_more_than_a_name, shortest
from prompt_kernel.files.formats._braces import Parts, excerpt, spelled, take_apart, unique, written
from prompt_kernel.files.formats._format import NO, Outgoing, Place, Reading, Recognition
from prompt_kernel.files.formats._front import changed, put_together, tags_of
from prompt_kernel.files.formats._front import take_apart as take_front
from prompt_kernel.files.formats._json import read_json, table
from prompt_kernel.files.formats._links import Targets
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._naming import Paths, path_like
from prompt_kernel.files.formats._tree import FilePerPrompt, Note, Resolve, Spelled
from prompt_kernel.names import is_path, join
from prompt_kernel.records import Loss

_CONFIG: Final = "prompt_directories.json"
_INCLUSION = re.compile(r"\[\[([^\[\]\n]+)\]\]")


class PromptManager(FilePerPrompt):
    """Its folders, or the file that lists them."""

    name: ClassVar[str] = "prompt-manager"
    title: ClassVar[str] = f"the original prompt manager: its folders, or its {_CONFIG}"

    def wants(self, file: str) -> bool:
        """Tell whether `file` is a prompt."""
        return file.endswith(ENDING)

    def name_of(self, file: str) -> str:
        """Return the name without the ending."""
        return file[: -len(ENDING)]

    def file_of(self, name: str) -> str:
        """Return the usual file."""
        return name + ENDING

    def recognises(self, path: Path) -> Recognition:
        """Tell how sure it is: its folders alone are markdown like any other."""
        config = _config_of(path)
        return Recognition(95, f"{_CONFIG} lists its folders") if config else NO

    def read(self, path: Path) -> Reading:
        """Read a folder, or all folders that a list names."""
        config = _config_of(path)
        return self._read_all(config) if config else super().read(path)

    def resolver(self, paths: Mapping[str, str], places: Mapping[str, Path]) -> Callable[[str], Resolve]:
        """Find names beside the file, then anywhere; a whole path on the disk is a name there, too."""
        targets = Targets(paths, ENDING)
        by_place = {place.absolute().as_posix().removesuffix(ENDING): file for file, place in places.items()}

        def in_file(file: str) -> Resolve:
            def resolve(name: str) -> str | None:
                target, several = (by_place[name], 1) if name in by_place else targets.find(name, file)
                if target is None:
                    return None
                return ("?" if several > 1 else "") + targets.spelling(name, file, target)

            return resolve

        return in_file

    def parse(self, content: str, resolve: Resolve) -> Note:
        """Read a prompt."""
        front = take_front(content)
        composed, losses = written(_apart(front.text, resolve))
        return Note(
            composed.text,
            composed.engine,
            description=front.words("description"),
            tags=tags_of(front.get("tags")),
            losses=losses,
            kept={"front": front.block},
        )

    def spell(self, prompt: Outgoing, kept: Mapping[str, Any]) -> Spelled:
        """Write a prompt."""
        parts = prompt.parts()
        flat = prompt.flat() if parts is None or any(map(is_more_than_a_name, parts)) else None
        found = flat.parts if flat else parts or ()
        names = included(found)
        plain = [part.source if isinstance(part, Hole) else part for part in found]
        content, losses = spelled(
            plain, _spelled, lambda text: _apart(text, lambda name: names.get(name, name)), "the prompt manager"
        )
        if any(isinstance(part, Hole) for part in found):
            losses = [*losses, "its variables are text there"]
        values = {"description": prompt.description, "tags": list(prompt.tags)}
        if tags_of(take_front(str(kept.get("front", ""))).get("tags")) == prompt.tags:
            del values["tags"]
        lost = not_said(prompt, flat.variables if flat else prompt.variables, ("description", "tags"))
        block = changed(kept, values, content)
        return Spelled(put_together(block, content), unique([*(flat.losses if flat else ()), *lost, *losses]))

    # Several folders

    def _read_all(self, config: Path) -> Reading:
        roots, places, losses = _folders(config)
        files: dict[str, Path] = {}
        skipped: dict[str, str] = {}
        problems: dict[str, str] = {}
        for prefix, root in roots.items():
            found = scan(root)
            files |= {join(prefix, file): root / file for file in found.files if _is_own(root / file, root, roots)}
            skipped |= {join(prefix, name): why for name, why in found.skipped.items()}
            problems |= {join(prefix, name): why for name, why in found.problems.items()}
        reading = self._reading(Path(), list(files), Found([], skipped, problems), files)
        return Reading(reading.drafts, [*losses, *reading.losses], reading.skipped, directories=places)


def _config_of(path: Path) -> Path | None:
    config = path if path.is_file() else path / _CONFIG
    return config if config.name == _CONFIG and config.is_file() else None


def _folders(config: Path) -> tuple[dict[str, Path], dict[str, Place], list[Loss]]:
    """Return the folders that the list names by the directories that they become."""
    items = read_json(config)
    if not isinstance(items, list):
        raise ImportFileError({str(config): "this is no list of folders"})
    roots: dict[str, Path] = {}
    places: dict[str, Place] = {}
    losses: list[Loss] = []
    given = Paths()
    for at, item in enumerate(map(table, items), start=1):
        folder = item.get("path")
        if not isinstance(folder, str) or not folder:
            raise ImportFileError({f"{config}, item {at}": "it has no path"})
        root = from_home(folder)
        root = root if root.is_absolute() else config.parent / root
        if not root.is_dir():
            losses.append(Loss(f"{config.name}, item {at}", f"the folder {excerpt(folder)} is not there"))
            continue
        title = item.get("name")
        name = given.give(path_like(title if isinstance(title, str) and title.strip() else root.name).replace("/", " "))
        roots[name] = root
        places[name] = Place(str(item.get("description") or ""), item.get("enabled") is not False)
    return roots, places, losses


def _is_own(file: Path, root: Path, roots: Mapping[str, Path]) -> bool:
    """Tell whether no folder of the list that lies further in has the file, too."""
    return not any(
        other != root and other.is_relative_to(root) and file.is_relative_to(other) for other in roots.values()
    )


# Texts


def _apart(text: str, resolve: Resolve) -> Parts:
    def reads(found: "re.Match[str]") -> tuple[Part | None, str]:
        name = found[1]
        path = resolve(name)
        if path is None:
            if not is_path(name):
                return None, f"{excerpt(found[0])} leads nowhere, and stays text"
            return Include(name, found[0]), f"{excerpt(found[0])} leads nowhere"
        several = f"{excerpt(found[0])} could be several prompts; it has become {path[1:]}" if path[0] == "?" else ""
        return Include(path.removeprefix("?"), found[0]), several

    return take_apart(text, _INCLUSION, reads, "]]")


def _spelled(part: Part) -> str:
    if isinstance(part, Include):
        return f"[[{shortest(part)}]]"
    return part if isinstance(part, str) else part.source
