"""How a prompt comes by its editor."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel.authors import login
from prompt_kernel.errors import MissingExtraError, StoreUnavailableError
from prompt_kernel.locations import MEMORY, is_server

if TYPE_CHECKING:
    from prompt_kernel.notebook._editor_widget import Editor
    from prompt_kernel.records import Prompt

_NOWHERE: Final = "this prompt was not read from a store; take the one of store[path]"
_IN_MEMORY: Final = "a store in memory is one connection's alone; a text that several edit needs a store in a file"


def edit(prompt: "Prompt", *, author: str | None, height: int, read_only: bool) -> "Editor":
    """Return the shared editor of `prompt` as a widget; see `Prompt.edit`."""
    place = prompt.store_url
    if not place or place.endswith(MEMORY):
        raise StoreUnavailableError(place or prompt.path, _IN_MEMORY if place else _NOWHERE)
    _check_parts(place)
    from prompt_kernel.notebook._editor_widget import Editor  # noqa: PLC0415 - it is optional

    return Editor(prompt, author=author or _author(), height=height, read_only=read_only)


def _check_parts(place: str) -> None:
    """Check that what a room needs is installed, rather than in the room's thread, where nobody sees it.

    Raises:
        MissingExtraError: it is not.
    """
    if is_server(place):
        _import("prompt_kernel.client.rooms", "client")
    else:
        _import("prompt_kernel.live", "notebook")


def _import(module: str, extra: str) -> None:
    try:
        import_module(module)
    except (ModuleNotFoundError, MissingExtraError) as error:
        raise MissingExtraError(extra, "The editor in a notebook") from error


def _author() -> str:
    """Return the author of the notebook that this runs in, or the name of the account."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    magics = shell.magics_manager.registry.get("PromptMagics") if shell is not None else None
    return str(magics.author if magics is not None else "") or login()
