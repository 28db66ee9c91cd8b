"""Where something stands, in the three ways that the parts of live editing count.

Python counts characters (code points), a browser counts UTF-16 units, and the live document counts bytes of UTF-8. This
is the one module that converts. A position inside of a character means the character's beginning.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate

_TWO_BYTES, _THREE_BYTES, _BEYOND_UTF16 = 0x80, 0x800, 0x10000


def utf16_length(text: str) -> int:
    """Return how many UTF-16 units `text` has."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def utf8_length(text: str) -> int:
    """Return how many bytes `text` has in UTF-8; a lone surrogate, which UTF-8 cannot hold, counts as three."""
    return len(text) if text.isascii() else sum(map(_utf8_width, text))


def _utf8_width(character: str) -> int:
    code = ord(character)
    return 1 + (code >= _TWO_BYTES) + (code >= _THREE_BYTES) + (code >= _BEYOND_UTF16)


class _Scale:
    """Another way of counting the same text, in which some characters take more than one step."""

    __slots__ = ("_extra", "_places", "_starts")

    def __init__(self, places: list[int], widths: list[int]) -> None:
        #: The wide characters, how much they and those before them add, and where each begins on this scale.
        self._places = places
        self._extra = [0, *accumulate(width - 1 for width in widths)]
        self._starts = [place + extra for place, extra in zip(places, self._extra, strict=False)]

    def there(self, position: int) -> int:
        return position + self._extra[bisect_left(self._places, position)]

    def back(self, position: int) -> int:
        begun = bisect_right(self._starts, position - 1)
        if begun == 0:
            return position
        return max(self._places[begun - 1] + (position >= self._end(begun)), position - self._extra[begun])

    def _end(self, begun: int) -> int:
        width = self._extra[begun] - self._extra[begun - 1] + 1
        return self._starts[begun - 1] + width


class Positions:
    """The positions of one text, converted from characters and back."""

    __slots__ = ("_utf8", "_utf16")

    def __init__(self, text: str) -> None:
        """Take in `text` once; each question is quick then."""
        wide = [] if text.isascii() else [at for at, character in enumerate(text) if character > "\x7f"]
        astral = [at for at in wide if text[at] > "\uffff"]
        self._utf8 = _Scale(wide, [_utf8_width(text[at]) for at in wide])
        self._utf16 = _Scale(astral, [2] * len(astral))

    def to_utf16(self, position: int) -> int:
        """Return how many UTF-16 units stand before the character at `position`."""
        return self._utf16.there(position)

    def from_utf16(self, units: int) -> int:
        """Return the character that begins at, or holds, the position of `units` UTF-16 units."""
        return self._utf16.back(units)

    def to_utf8(self, position: int) -> int:
        """Return how many bytes of UTF-8 stand before the character at `position`."""
        return self._utf8.there(position)

    def from_utf8(self, offset: int) -> int:
        """Return the character that begins at, or holds, the byte at `offset`."""
        return self._utf8.back(offset)
