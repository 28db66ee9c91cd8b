"""How a person comes by the panel in which prompts are browsed."""

import os
from typing import TYPE_CHECKING

from prompt_kernel.tokens import Spec

if TYPE_CHECKING:
    from prompt_kernel.notebook._browse_widget import Browser
    from prompt_kernel.store import Store


def browse(
    start: str = "", *, store: "Store | str | os.PathLike[str] | None" = None, tokenizer: Spec = None
) -> "Browser":
    """Return a panel for the notebook: find prompts, fill them in, see what they expand to, put one into a cell.

    It begins at `start`: a prompt, which may be pinned, or a directory. `store` is an open one, or where one is; by
    default it is the notebook's, else the usual one. Tokens are counted by `tokenizer`; see `tokens.tokenizer`.

    Raises:
        MissingExtraError: the part for notebooks is not installed.
        StoreError: the store cannot be opened.
        TokenizerError: nothing can count by this tokenizer.
    """
    from prompt_kernel.notebook._browse_place import Place  # noqa: PLC0415 - opening the front door is to cost nothing
    from prompt_kernel.notebook._browse_widget import Browser  # noqa: PLC0415 - it is optional

    return Browser(Place(store, tokenizer=tokenizer), start)
