"""How far a long run is: a bar by tqdm, in a notebook or a terminal, or whatever the caller wants told."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

#: True shows a bar if tqdm is installed, False shows nothing; a function is told (done, of).
Progress = bool | Callable[[int, int], None]
#: Takes how many more are done, and a remark to stand beside the bar.
Advance = Callable[..., None]

#: Seconds: what is done before needs no bar.
_PATIENCE: Final = 0.5


@contextmanager
def tracking(title: str, total: int, progress: Progress) -> Iterator[Advance]:
    """Show how many of `total` are done; gives a function `advance(more=1, remark="")` to call on the way."""
    if callable(progress):
        yield _teller(total, progress)
        return
    bar = _bar(title, total) if progress else None
    if bar is None:
        yield lambda more=1, remark="": None  # noqa: ARG005 - nobody looks
        return
    with bar:
        yield lambda more=1, remark="": _advance(bar, more, remark)


def _teller(total: int, tell: Callable[[int, int], None]) -> Advance:
    done = 0

    def advance(more: int = 1, remark: str = "") -> None:  # noqa: ARG001 - a function of two numbers has no place for it
        nonlocal done
        done += more
        tell(done, total)

    return advance


def _advance(bar: Any, more: int, remark: str) -> None:
    if remark:
        bar.set_postfix_str(remark, refresh=False)
    bar.update(more)


def _bar(title: str, total: int) -> Any:
    try:
        with warnings.catch_warnings():
            # Without ipywidgets it warns in a kernel, and shows a bar of characters then.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm  # noqa: PLC0415 - it is optional

            return tqdm(total=total, desc=title, delay=_PATIENCE, leave=False)
    except ImportError:
        return None
