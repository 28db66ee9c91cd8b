"""The names that a notebook can complete."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from prompt_kernel import completions
from prompt_kernel.notebook._binding import is_value
from prompt_kernel.notebook._commands import PARSERS

if TYPE_CHECKING:
    from prompt_kernel.notebook.magics import PromptMagics


class NotebookWorld:
    """What completion may ask of a notebook. The store's file is read directly, and the store itself left alone."""

    commands = PARSERS

    def __init__(self, magics: "PromptMagics") -> None:
        """Ask the notebook of `magics`."""
        self._magics = magics

    def paths(self, beginning: str, limit: int) -> list[str]:
        """Return the paths of prompts that `beginning` may be the beginning of."""
        return [path for path, _ in completions.suggest_paths(self._magics.store, beginning, limit)]

    def pins(self, path: str) -> list[str]:
        """Return the versions and the labels of the prompt at `path`."""
        return completions.versions_and_labels(self._magics.store, path)

    def variables(self, path: str) -> list[str]:
        """Return the variables that expanding `path` takes."""
        return completions.variables(self._magics.store, path)

    def values(self) -> list[str]:
        """Return the names of the notebook's plain values."""
        shell = self._magics.shell
        hidden: Mapping[str, Any] = shell.user_ns_hidden
        return [
            name
            for name, value in shell.user_ns.copy().items()
            if not name.startswith("_") and name not in hidden and is_value(value)
        ]
