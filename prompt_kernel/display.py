"""How a value comes by its card, without the values knowing any HTML."""

from collections.abc import Iterable
from typing import TypeVar

_T = TypeVar("_T")


class Shown:
    """A value that a notebook shows as a card.

    The card is made by `prompt_kernel.notebook.cards`, which is imported when the first one is drawn: this is the one
    place where a lower layer reaches up, so that `import prompt_kernel` stays light and values stay plain data.
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        from prompt_kernel.notebook import cards  # noqa: PLC0415 - see the class

        return cards.html(self)


class Rows(list[_T], Shown):
    """A list that shows as a table in a notebook, one row a line; otherwise an ordinary list."""

    def __init__(self, rows: Iterable[_T] = (), *, title: str = "", empty: str = "Nothing here yet.") -> None:
        """Hold `rows`; `title` heads the table, `empty` is the sentence shown in place of no rows."""
        super().__init__(rows)
        self.title = title
        self.empty = empty
