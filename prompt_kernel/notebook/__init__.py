"""The notebook end: the magics, what Tab offers in them, and how values look.

`%load_ext prompt_kernel` calls `register`. Nothing here imports IPython, the store or the cards before they are needed.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def register(shell: "InteractiveShell") -> None:
    """Give `shell` the magics, their completion and the plain-text look of the store's values."""
    from prompt_kernel.notebook._extension import load  # noqa: PLC0415 - cards are drawn without IPython, too

    load(shell)


def unregister(shell: "InteractiveShell") -> None:
    """Take everything away from `shell` that `register` gave it; the store is closed."""
    from prompt_kernel.notebook._extension import unload  # noqa: PLC0415 - see `register`

    unload(shell)


__all__ = ["register", "unregister"]
