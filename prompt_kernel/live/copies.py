"""Conflict copies: what somebody typed and no document can take is kept as a prompt of its own, beside the other."""

from prompt_kernel.errors import ConflictError, NotFoundError, PromptNotFoundError
from prompt_kernel.live.newlines import like
from prompt_kernel.names import copy_path
from prompt_kernel.records import Prompt
from prompt_kernel.store import Store


def keep_copy(store: Store, path: str, text: str, author: str, reason: str) -> Prompt:
    """Save `text` as a new prompt `<path>-conflict`, `<path>-conflict-2`, …; one that holds it already is enough.

    It gets the engine, the variables and the line ends of the prompt at `path`, if that is still there.

    Raises:
        InvalidTextError: no store can hold the text.
    """
    original = _original(store, path)
    if original is not None:
        text = like(original.text, text)
    number = 1
    while True:
        copy = copy_path(path, number)
        number += 1
        there = _original(store, copy)
        if there is not None and there.text == text:
            return there
        if there is not None:
            continue
        try:
            return store.save(
                copy,
                text,
                message=reason,
                description=f"What could not be merged into {path}",
                engine=original.engine if original else None,
                variables=original.variables if original else None,
                expected=0,
                author=author,
            )
        except ConflictError:
            # Somebody else kept a copy at the same moment; ours gets the next number.
            continue


def _original(store: Store, path: str) -> Prompt | None:
    try:
        found = store.get(path)
    except (NotFoundError, PromptNotFoundError):
        return None
    return found if found.path == path else None
