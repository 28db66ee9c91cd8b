"""Find and replace in one text, as the editor's search does it.

A user's regular expression can take for ever, so that it is run by the `regex` library, which can be stopped and lets
other threads go on meanwhile. Its own counts are looked at before, because it writes these out as it reads them.
"""

import re
from collections.abc import Callable, Iterator
from math import prod
from time import monotonic
from typing import Any, Final

from prompt_kernel.errors import InvalidMetadataError, InvalidTextError, MissingExtraError
from prompt_kernel.store._rows import MOST_TEXT_BYTES

#: For all texts of one search together.
_MOST_SECONDS: Final = 10.0
_MOST_CHARACTERS: Final = 1_000
_MOST_COPIES: Final = 100_000
_COUNTS: Final = re.compile(r"\{(\d+)")
_TOO_LARGE: Final = "this expression is too large; write a shorter one, with smaller counts"
#: What a replacement can refer to: the whole match, a dollar sign, a group by name or number.
_REFERENCE: Final = re.compile(r"\$(?:([&$])|<([^<>]*)>|(\d{1,2}))")

#: Gives of a prompt's path and text the new text, and how often something was replaced.
Replace = Callable[[str, str], tuple[str, int]]


def replacer(find: str, replacement: str, *, regex: bool, case: bool) -> Replace:
    """Return what replaces all that `find` matches.

    With `regex`, `$1`, `$<name>`, `$&` and `$$` in the replacement are a group, the whole match and a dollar sign.
    What is returned raises `InvalidMetadataError` when it has taken too long, and `InvalidTextError` for a text that
    would be too large.

    Raises:
        InvalidMetadataError: there is nothing to find, or the expression is malformed.
        MissingExtraError: there is no library for expressions.
    """
    if not find:
        raise InvalidMetadataError("find", "write what to look for")
    if regex:
        matches = _expression(find, case=case)
        template = _template(replacement)
    else:
        literal = re.compile(re.escape(find), re.NOFLAG if case else re.IGNORECASE)
        matches = literal.finditer

        def template(_match: Any) -> str:
            return replacement

    return lambda path, text: _replaced(path, text, matches(text), template)


def _replaced(path: str, text: str, matches: Iterator[Any], template: Callable[[Any], str]) -> tuple[str, int]:
    parts: list[str] = []
    done = count = size = 0
    for match in matches:
        written = template(match)
        size += match.start() - done + len(written)
        if size > MOST_TEXT_BYTES:
            raise InvalidTextError(path, f"it would have over {MOST_TEXT_BYTES:,} bytes")
        parts += (text[done : match.start()], written)
        done = match.end()
        count += 1
    return "".join((*parts, text[done:])), count


def _expression(find: str, *, case: bool) -> Callable[[str], Iterator[Any]]:
    """Return what finds the matches of a user's regular expression in one text after the other."""
    try:
        import regex as library  # type: ignore[import-untyped]  # noqa: PLC0415 - an optional part, without types
    except ImportError:
        raise MissingExtraError("dashboard", "Finding by a regular expression") from None
    if len(find) > _MOST_CHARACTERS or prod(map(int, _COUNTS.findall(find))) > _MOST_COPIES:
        raise InvalidMetadataError("find", _TOO_LARGE)
    try:
        pattern = library.compile(find, library.MULTILINE | (0 if case else library.IGNORECASE))
    except RecursionError:
        raise InvalidMetadataError("find", _TOO_LARGE) from None
    except (library.error, OverflowError, ValueError) as error:
        raise InvalidMetadataError("find", f"this is no regular expression: {error}") from None
    left = _MOST_SECONDS

    def matches(text: str) -> Iterator[Any]:
        nonlocal left
        begun = monotonic()
        try:
            yield from pattern.finditer(text, timeout=max(left, 0.001), concurrent=True)
        except TimeoutError:
            raise InvalidMetadataError(
                "find", f"this expression takes more than {_MOST_SECONDS:.0f} seconds; write it without nested repeats"
            ) from None
        finally:
            left -= monotonic() - begun

    return matches


def _template(replacement: str) -> Callable[[Any], str]:
    """Return what writes a replacement for a match; what refers to nothing stays as it is written."""

    def written(match: Any) -> str:
        return _REFERENCE.sub(lambda reference: _referred(reference, match), replacement)

    return written


def _referred(reference: re.Match[str], match: Any) -> str:
    sign, name, number = reference.groups()
    if sign:
        return "$" if sign == "$" else str(match.group())
    if name is not None:
        return match.group(name) or "" if name in match.re.groupindex else reference.group()
    # As many digits as make the number of a group; the others are text.
    for end in range(len(number), 0, -1):
        if 0 < int(number[:end]) <= match.re.groups:
            return (match.group(int(number[:end])) or "") + number[end:]
    return reference.group()
