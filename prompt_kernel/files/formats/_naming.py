"""Names of other tools -> paths of ours, no two the same."""

import re
import unicodedata
from typing import Final

from prompt_kernel.errors import InvalidPathError
from prompt_kernel.names import MAX_SEGMENT_BYTES, check_path, key_of
from prompt_kernel.variables import variable_name

#: Room for the number that tells two names apart.
_LONGEST: Final = MAX_SEGMENT_BYTES - 10
_OTHER = re.compile(r"[^\w\-. ]+")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w)")
_BLANKS = re.compile(r"[\s\-]*\s[\s\-]*")


class Paths:
    """Gives each name of a tool a path of ours, and remembers which are taken."""

    def __init__(self) -> None:
        """Begin with all paths free."""
        self._taken: set[str] = set()

    def give(self, name: str) -> str:
        """Return a free path for `name`: the same where it can be one."""
        path = path_like(name)
        number = 1
        while path in self:
            number += 1
            path = f"{path_like(name)}-{number}"
        self.take(path)
        return path

    def take(self, path: str) -> None:
        """Note that `path` is taken."""
        self._taken.add(key_of(path))

    def __contains__(self, path: str) -> bool:
        return key_of(path) in self._taken


def path_like(name: str) -> str:
    """Return `name` if it can be a path, else what comes nearest to it."""
    name = unicodedata.normalize("NFC", name)
    try:
        return check_path(name)
    except InvalidPathError:
        segments = [_segment(segment) for segment in re.split(r"[/\\]", name) if segment.strip(". ")]
        return "/".join(segments[:50]) or "unnamed"


def _segment(name: str) -> str:
    segment = _BLANKS.sub(" ", _OTHER.sub(" ", _APOSTROPHE.sub("", name))).strip(" .-")
    segment = re.sub(r" *\.[. ]*", ".", segment)
    segment = segment.encode()[:_LONGEST].decode(errors="ignore").strip(" .-")
    for candidate in (segment, f"_{segment}", "_" + re.sub(r"[^A-Za-z0-9_]+", "_", segment).strip("_")):
        try:
            return check_path(candidate) if "/" not in candidate else "_"
        except InvalidPathError:
            continue
    return "_"


def identifier(name: str) -> str:
    """Return a variable's name for what a tool calls `name`: the same where it is an identifier."""
    plain = variable_name(name.strip())
    if plain:
        return plain
    words = re.sub(r"\W+", "_", name.strip()).strip("_")
    return variable_name(words) or variable_name(f"_{words}") or "value"
