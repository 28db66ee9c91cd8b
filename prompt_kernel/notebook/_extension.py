"""Loading into a shell, and leaving it as it was."""

from collections.abc import Mapping
from typing import Any, Final

from prompt_kernel import completions
from prompt_kernel.notebook.completion import matcher_for
from prompt_kernel.notebook.magics import PARSERS, PromptMagics

_NAME: Final = "PromptMagics"
#: The kinds that IPython is to show as `plain` does, by module: naming them imports nothing.
_SHOWN: Final = {
    "prompt_kernel.display": ("Rows",),
    "prompt_kernel.records": ("Prompt", "Version", "Directory", "TextDiff", "Impact", "Finding", "Summary",
                              "ImportReport", "ExportReport"),
    "prompt_kernel.notebook._saved": ("Saved",),
    "prompt_kernel.expansion._values": ("Manifest", "Diagnostic"),
}  # fmt: skip


class NotebookWorld:
    """What completion may ask of a notebook. The store's file is read directly, and the store itself left alone."""

    commands = PARSERS

    def __init__(self, magics: PromptMagics) -> None:
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
        from prompt_kernel.notebook._binding import is_value  # noqa: PLC0415 - nothing of an expansion until needed

        shell = self._magics.shell
        hidden: Mapping[str, Any] = shell.user_ns_hidden
        return [
            name
            for name, value in shell.user_ns.copy().items()
            if not name.startswith("_") and name not in hidden and is_value(value)
        ]


def load(shell: Any) -> None:
    """Register the magics, the matcher and the plain looks; what was loaded before goes first."""
    unload(shell)
    magics = PromptMagics(shell)
    shell.register_magics(magics)
    shell.events.register("pre_run_cell", magics.remember_cell)
    shell.events.register("post_run_cell", magics.forget_cell)
    magics.matcher = matcher_for(NotebookWorld(magics), shell.Completer)
    shell.Completer.custom_matchers.append(magics.matcher)
    for module, kinds in _SHOWN.items():
        for kind in kinds:
            _plain_formatter(shell).for_type_by_name(module, kind, _pretty)


def unload(shell: Any) -> None:
    """Take away all that `load` gave, and close the store."""
    magics = shell.magics_manager.registry.pop(_NAME, None)
    if magics is None:
        return
    for table in shell.magics_manager.magics.values():
        for name in [name for name, magic in table.items() if getattr(magic, "__self__", None) is magics]:
            del table[name]
    shell.configurables.remove(magics)
    shell.events.unregister("pre_run_cell", magics.remember_cell)
    shell.events.unregister("post_run_cell", magics.forget_cell)
    shell.Completer.custom_matchers.remove(magics.matcher)
    for module, kinds in _SHOWN.items():
        for kind in kinds:
            _plain_formatter(shell).pop(f"{module}.{kind}", None)
    magics.session.close()


def _plain_formatter(shell: Any) -> Any:
    return shell.display_formatter.formatters["text/plain"]


def _pretty(value: object, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - IPython's signature
    from prompt_kernel.notebook import plain  # noqa: PLC0415 - drawn when there is something to draw

    printer.text("…" if cycle else plain.text(value))
