"""How far a long run is, in one output that is replaced in place."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from prompt_kernel.notebook._html import tag

_PATIENCE: Final = 0.5
_BETWEEN: Final = 0.2


class Progress:
    """A function of `done` and `total` that shows both, if the run takes long enough to be wondered at."""

    def __init__(self, title: str, display: Callable[..., Any], clock: Callable[[], float] = monotonic) -> None:
        """Show with `display`, which is IPython's."""
        self._title, self._display, self._clock = title, display, clock
        self._next = clock() + _PATIENCE
        self._handle: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _BETWEEN
        words = f"{self._title}: {done:,} of {total:,}"
        bar = tag("progress", words, value=str(done), max=str(max(total, 1)))
        self._show({"text/plain": words, "text/html": str(tag("p", bar, " ", words))})

    def end(self) -> None:
        """Take away what was shown."""
        if self._handle is not None:
            self._show({"text/plain": ""})

    def _show(self, data: dict[str, str]) -> None:
        if self._handle is None:
            self._handle = self._display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
