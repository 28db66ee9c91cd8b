"""What can be read out of the answer of a model or a scorer: numbers, JSON, a score."""

import json
import math
import re
from typing import Any, Final

from prompt_kernel.runs import Score

#: A number that stands by itself: the 4 of `GPT4`, the 2 of `1.1.2` and a hyphen before a digit (`5-3`) are none.
_NUMBER: Final = re.compile(
    r"(?<![\w.])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+(?![\d,]*\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?|(?<![\w.])[-+\u2212]?\.\d+"
)
_FENCED: Final = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)


def numbers_in(text: str) -> list[float]:
    """Return the numbers that stand in `text`, in order; thousands may be separated by commas."""
    return [float(found.replace(",", "").replace("\u2212", "-")) for found in _NUMBER.findall(text)]


def json_in(text: str) -> Any:
    """Return the JSON that `text` is, or that its first fenced block is.

    Raises:
        ValueError: neither is JSON.
    """
    try:
        return json.loads(text)
    except ValueError:
        fenced = _FENCED.search(text)
        if fenced is None:
            raise
        return json.loads(fenced[1])


def as_score(verdict: object) -> Score:
    """Return what a scorer gave as a `Score`: True is 1, and what is no finite number is an error."""
    if isinstance(verdict, Score):
        plain = as_score(verdict.value)
        return verdict._replace(value=plain.value, error=verdict.error or plain.error)
    if verdict is None:
        return Score(None)
    try:
        number = float(verdict)  # type: ignore[arg-type]  # what cannot be made one is caught
    except (TypeError, ValueError):
        return Score(None, error=f"the scorer gave a {type(verdict).__name__}, which is no number")
    return Score(number) if math.isfinite(number) else Score(None, error=f"the scorer gave {number}")
