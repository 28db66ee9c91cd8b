"""Where a panel stands: the store that it shows, the notebook's names, and what a cell of it has to say first."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel import tokens
from prompt_kernel.locations import MEMORY, shown, url_of
from prompt_kernel.notebook._browse_cell import word
from prompt_kernel.notebook._session import unlocked
from prompt_kernel.tokens import Spec, Tokenizer

if TYPE_CHECKING:
    from prompt_kernel.notebook._editor_widget import Editor
    from prompt_kernel.notebook.magics import PromptMagics
    from prompt_kernel.store import Store

_MAGICS: Final = "PromptMagics"


class Place:
    """A store of its own, or else the notebook's, whichever that is at the time; without a notebook the usual one."""

    def __init__(self, store: "Store | str | os.PathLike[str] | None" = None, *, tokenizer: Spec = None) -> None:
        """Stand in front of `store`, which may be where one is; tokens are counted by `tokenizer`.

        Raises:
            StoreError: the store cannot be opened.
        """
        self._opened: Store | None = None
        if isinstance(store, str | os.PathLike):
            store = self._opened = _open(store)
        self._own = store
        self._editor: Editor | None = None
        self.counter: Tokenizer = tokens.tokenizer(tokenizer)

    @property
    def store(self) -> "Store":
        """The open store, whose prompts are shown as they are now, under a lock too.

        Raises:
            StoreError: it cannot be opened.
        """
        return unlocked(self.expanding)

    @property
    def expanding(self) -> "Store":
        """The store as `%prompt` expands from it: under a lock, what was frozen.

        Raises:
            StoreError: it cannot be opened.
        """
        if self._own is not None:
            return self._own
        magics = _magics()
        if magics is not None:
            return magics.session.store
        if self._opened is None:
            self._opened = _open(None)
        return self._opened

    @property
    def names(self) -> Mapping[str, Any]:
        """What the notebook has variables for; nothing outside of a notebook."""
        shell = _shell()
        return {} if shell is None else dict(shell.user_ns)

    def before(self) -> tuple[list[str], str]:
        """Return the lines that a cell needs before it can use the magics on this store, and what else to tell."""
        magics = _magics()
        lines = [] if magics is not None else ["%load_ext prompt_kernel"]
        if self._own is None:
            return lines, ""
        url, is_memory = self._own.url, self._own.url.endswith(MEMORY)
        if url == url_of((magics.store if magics is not None else "") or None) and not is_memory:
            return lines, ""
        if is_memory or shown(url) != url:
            return lines, f"The notebook's magics use another store than this panel, which shows {shown(url)}."
        return [*lines, f"%prompts use {word(url)}"], ""

    def edit(self, path: str) -> str:
        """Open the shared editor of a prompt, and close the one before; return the id of its model."""
        self.leave()
        store = self.store
        self._editor = store.get(path).edit(author=store.author, read_only=bool(store.read_only))
        return str(self._editor.model_id)

    def leave(self) -> None:
        """Close the editor, if one is open."""
        editor, self._editor = self._editor, None
        if editor is not None:
            editor.close()

    def close(self) -> None:
        """Close what was opened here."""
        self.leave()
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


def _open(place: Any) -> "Store":
    from prompt_kernel import connect  # noqa: PLC0415 - the panel may never need it

    return connect(place, origin="notebook")


def _shell() -> Any:
    from IPython import get_ipython  # noqa: PLC0415 - a panel is made without it, too

    return get_ipython()


def _magics() -> "PromptMagics | None":
    shell = _shell()
    return None if shell is None else shell.magics_manager.registry.get(_MAGICS)
