"""The names that a notebook can complete."""

import threading
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel import completions
from prompt_kernel.errors import PromptKernelError
from prompt_kernel.locations import is_server, url_of
from prompt_kernel.notebook._binding import is_value
from prompt_kernel.notebook._commands import PARSERS

if TYPE_CHECKING:
    from prompt_kernel.notebook.magics import PromptMagics
    from prompt_kernel.store import Store

_MOST_VERSIONS: Final = 50


class NotebookWorld:
    """What completion may ask of a notebook.

    The store's file is read directly, and the store itself left alone; a server is asked by the store that is open, and
    not waited for.
    """

    commands = PARSERS

    def __init__(self, magics: "PromptMagics") -> None:
        """Ask the notebook of `magics`."""
        self._magics = magics

    def paths(self, beginning: str, limit: int) -> list[str]:
        """Return the paths of prompts that `beginning` may be the beginning of."""
        if self._is_remote():
            return _at_once(lambda: [found.path for found in self._store.suggest(beginning, limit=limit)])
        return [path for path, _ in completions.suggest_paths(self._magics.store, beginning, limit)]

    def pins(self, path: str) -> list[str]:
        """Return the versions and the labels of the prompt at `path`."""
        if self._is_remote():
            return _at_once(lambda: _pins(self._store, path))
        return completions.versions_and_labels(self._magics.store, path)

    def variables(self, path: str) -> list[str]:
        """Return the variables that expanding `path` takes."""
        if self._is_remote():
            return _at_once(lambda: list(self._store.declarations(path)))
        return completions.variables(self._magics.store, path)

    def values(self) -> list[str]:
        """Return the names of the notebook's plain values."""
        return self._names(is_value)

    def functions(self) -> list[str]:
        """Return the names of what the notebook can call, and of the endpoints and addresses that it has."""
        return self._names(_may_be_asked)

    def experiments(self) -> list[str]:
        """Return the names of the store's experiments, the latest first."""
        if self._is_remote():
            return _at_once(lambda: [one.name for one in self._store.experiments.list()])
        return completions.experiments(self._magics.store)

    def _names(self, fits: Callable[[object], bool]) -> list[str]:
        shell = self._magics.shell
        hidden: Mapping[str, Any] = shell.user_ns_hidden
        return [
            name
            for name, value in shell.user_ns.copy().items()
            if not name.startswith("_") and name not in hidden and fits(value)
        ]

    def _is_remote(self) -> bool:
        return is_server(url_of(self._magics.store or None))

    @property
    def _store(self) -> "Store":
        return self._magics.session.store


def _may_be_asked(value: object) -> bool:
    """Tell whether a value may be a model or a scorer: a function, an address, or what holds some."""
    if isinstance(value, str):
        return value.startswith(("http://", "https://"))
    return not isinstance(value, ModuleType | type | int | float | bytes) and (
        callable(value) or isinstance(value, Mapping) or hasattr(value, "request_headers")
    )


def _pins(store: "Store", path: str) -> list[str]:
    prompt = store.get(path)
    oldest = max(prompt.version - _MOST_VERSIONS, 0)
    return [*prompt.labels, *map(str, range(prompt.version, oldest, -1))]


# A server may be slow, or gone. Whoever has pressed Tab is to go on typing, and the kernel is theirs.

#: Seconds.
_MOMENT: Final = 0.5
_places: Final = threading.BoundedSemaphore(4)


def _at_once(ask: Callable[[], list[str]]) -> list[str]:
    """Return the answer if it comes at once, and nothing if it does not, or if it is an error."""
    if not _places.acquire(blocking=False):
        return []
    found: list[str] = []

    def run() -> None:
        try:
            found.extend(ask())
        except (PromptKernelError, OSError):
            return
        finally:
            _places.release()

    thread = threading.Thread(target=run, name="prompt-kernel-completion", daemon=True)
    thread.start()
    thread.join(_MOMENT)
    return [] if thread.is_alive() else found
