"""What a notebook keeps of a panel: a list of the first prompts with the beginning of their texts, without a script."""

import time
from collections.abc import Iterator
from typing import Final

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.locations import shown
from prompt_kernel.notebook._browse_place import Place
from prompt_kernel.notebook._html import STYLE, Html, cut, details, join, preformatted, tag
from prompt_kernel.notebook._parts import MOST_IN_CELL, counted, head, line, more
from prompt_kernel.records import Entry
from prompt_kernel.store import Store

_MOST_PROMPTS: Final = 100
_MOST_TEXTS: Final = 25
_MOST_IN_TEXT: Final = 1_000
#: The page is made whenever a panel is shown; a store that is far away is not waited for, and prompts stay names then.
_SECONDS: Final = 1.0


def html(place: Place) -> str:
    """Return the list as HTML, small however large the store is, or the sentence that says why there is none."""
    return str(join([STYLE, tag("div", _body(place), class_="pk-card tex2jax_ignore mathjax_ignore")]))


def _body(place: Place) -> Html:
    try:
        store = place.store
        total, found = store.count(), store.prompts(limit=_MOST_PROMPTS)
        rows = list(_rows(store, found))
    except PromptKernelError as error:
        return line(str(error))
    note = "This is a list of what the panel had; run the cell to browse."
    return join([
        head("Prompts", counted(total, "prompt"), shown(store.url)), line(note, soft=True),
        *rows, more(total - len(found), "prompt"),
    ])  # fmt: skip


def _rows(store: Store, found: list[Entry]) -> Iterator[Html]:
    until = time.monotonic() + _SECONDS
    for number, entry in enumerate(found):
        about = f" · {cut(entry.description, MOST_IN_CELL)}" if entry.description else ""
        name = join([tag("strong", cut(entry.path, MOST_IN_CELL)), about])
        if number < _MOST_TEXTS and time.monotonic() < until:
            yield details(name, preformatted(cut(store.get(entry.path).text, _MOST_IN_TEXT)))
        else:
            yield line(name)


def plain(place: Place) -> str:
    """Return what there is to say where nothing can be drawn."""
    try:
        store = place.store
        return f"{counted(store.count(), 'prompt')} in {shown(store.url)}; this needs a notebook to browse them."
    except PromptKernelError as error:
        return str(error)
