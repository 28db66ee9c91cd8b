"""What `[[…]]` in notes leads to: a file by its place, beside the note, or anywhere by its name."""

from collections import defaultdict
from collections.abc import Mapping

from prompt_kernel.names import directory_of, join, key_of, suffixes


class Targets:
    """The notes of a folder by all the names that lead to them; `paths` has the path of each file."""

    def __init__(self, paths: Mapping[str, str], ending: str) -> None:
        """Take in the files."""
        self._paths = paths
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_file: dict[str, str] = {}
        for file in paths:
            stem = file[: -len(ending)]
            self._by_file[key_of(stem)] = file
            for name in suffixes(stem):
                self._by_name[key_of(name)].append(file)

    def find(self, name: str, file: str) -> tuple[str | None, int]:
        """Return the file that `name` means in a note, and how many it could be."""
        key = key_of(name)
        beside = self._by_file.get(key_of(join(directory_of(file), name)))
        if beside:
            return beside, 1
        exact = self._by_file.get(key)
        if exact:
            return exact, 1
        found = self._by_name.get(key, [])
        return (found[0] if found else None), len(found)

    def spelling(self, name: str, file: str, target: str) -> str:
        """Return how our inclusion of `target` is spelled in the note `file`: as there, if that leads there."""
        path, here = self._paths[target], self._paths[file]
        if key_of(name) == key_of(path) or key_of(join(directory_of(here), name)) == key_of(path):
            return name
        same = [other for other in self._paths.values() if key_of(f"/{other}").endswith(key_of(f"/{name}"))]
        exact = any(key_of(other) == key_of(name) for other in same)
        return name if same == [path] and not exact else path
