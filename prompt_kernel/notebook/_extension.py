"""Loading into a shell, and leaving it as it was."""

import sys
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel import uses
from prompt_kernel.notebook._matchers import matcher_for
from prompt_kernel.notebook.magics import PromptMagics

if TYPE_CHECKING:
    from prompt_kernel.notebook.completion import World

_NAME: Final = "PromptMagics"
#: There only where an editor was opened.
_ROOMS: Final = "prompt_kernel.notebook._rooms"
#: The kinds that IPython is to show as `plain` does, by module: naming them imports nothing.
_SHOWN: Final = {
    "prompt_kernel.display": ("Rows",),
    "prompt_kernel.records": ("Prompt", "Version", "Directory", "TextDiff", "Impact", "Finding", "Summary",
                              "ImportReport", "ExportReport", "SyncReport", "Drift", "Frozen"),
    "prompt_kernel.lock._file": ("Lock",),
    "prompt_kernel.runs": ("Run", "ExperimentSummary"),
    "prompt_kernel.experiments.results": ("Results",),
    "prompt_kernel.experiments._comparison": ("Comparison",),
    "prompt_kernel.experiments._plan": ("Plan",),
    "prompt_kernel.measures": ("Measure",),
    "prompt_kernel.notebook._saved": ("Saved",),
    "prompt_kernel.expansion._values": ("Manifest", "Diagnostic"),
}  # fmt: skip


def load(shell: Any) -> None:
    """Register the magics, the matcher and the plain looks; what was loaded before goes first."""
    unload(shell)
    uses.start()
    magics = PromptMagics(shell)
    shell.register_magics(magics)
    shell.events.register("pre_run_cell", magics.remember_cell)
    shell.events.register("post_run_cell", magics.forget_cell)
    magics.matcher = matcher_for(lambda: _world(magics), shell.Completer)
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
    uses.stop()
    if _ROOMS in sys.modules:
        sys.modules[_ROOMS].close_rooms()


def _world(magics: PromptMagics) -> "World":
    from prompt_kernel.notebook._world import NotebookWorld  # noqa: PLC0415 - what the first Tab needs

    return NotebookWorld(magics)


def _plain_formatter(shell: Any) -> Any:
    return shell.display_formatter.formatters["text/plain"]


def _pretty(value: object, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - IPython's signature
    from prompt_kernel.notebook import plain  # noqa: PLC0415 - drawn when there is something to draw

    printer.text("…" if cycle else plain.text(value))
