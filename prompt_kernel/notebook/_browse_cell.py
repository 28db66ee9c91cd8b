"""The cell that loads what a panel shows: `text = %prompt path name=value …`, as the magic's parser reads it back.

What a value says is written bare where nobody could take it for anything else, in quotes where it has spaces or
signs, and as a Python literal after `:=` where quotes could not hold it: a line end, both kinds of quotes, a backslash,
a character that nobody sees.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

#: IPython reads the line as Python would, which takes `2nd` for a number gone wrong: bare are names and plain numbers.
_SIGNS: Final = re.compile(r"[./@-]")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]*")


def cell(path: str, values: Mapping[str, object], before: Iterable[str] = ()) -> str:
    """Return the source of a cell that puts the expansion of `path` with `values` into the variable `text`.

    `path` may be pinned. A value is the text that was typed, or plain data for a template. The lines `before` come
    first.
    """
    words = [word(path), *(binding(name, value) for name, value in values.items())]
    return "\n".join([*before, f"text = %prompt {' '.join(words)}"])


def word(text: str) -> str:
    """Return a printable text as one word of a line; each of its parts is in the quotes that it does not hold."""
    if all(part.isidentifier() or _NUMBER.fullmatch(part) for part in _SIGNS.split(text)):
        return text
    parts = re.findall(r"[^']+|'+", text) if '"' in text else [text]
    return "".join(f'"{part}"' if "'" in part else f"'{part}'" for part in parts) or "''"


def binding(name: str, value: object) -> str:
    """Return the word of a line that gives `name` the `value`."""
    if isinstance(value, str) and _is_plain(value):
        return f"{name}={word(value)}"
    return f"{name}:={value!r}"


def _is_plain(text: str) -> bool:
    """Tell whether `text` may stand in quotes: a backslash means nothing to the parser, but much to IPython."""
    return text.isprintable() and "\\" not in text and not ("'" in text and '"' in text)
