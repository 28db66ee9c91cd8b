"""JSON and text from files that nobody vouches for: of bounded size and depth, each key once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from prompt_kernel.errors import ImportFileError
from prompt_kernel.files._document import read_characters
from prompt_kernel.files._import import read_bytes
from prompt_kernel.files._yaml import Fault

#: A file that holds many prompts may be so large.
MOST_BYTES: Final = 64 * 2**20
_PEEK: Final = 65_536


def peek(path: Path) -> str:
    """Return the beginning of a file as text, "" if it cannot be read or is none."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_PEEK)
    except (OSError, ValueError):
        return ""
    for encoding in ("utf-16", "utf-8-sig"):
        if encoding == "utf-8-sig" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode(encoding, "ignore")
    return ""


def read_text(path: Path) -> str:
    """Return the characters of a file that holds many prompts.

    Raises:
        ImportFileError: it cannot be read, or is no text.
    """
    try:
        content, _ = read_characters(read_bytes(path, MOST_BYTES))
    except Fault as fault:
        raise blamed(path, fault) from fault
    return content


def blamed(path: Path, fault: Fault) -> ImportFileError:
    """Return the error that says what is wrong with a file, and in which line."""
    return ImportFileError({f"{path}:{fault.line}" if fault.line else str(path): fault.reason})


def read_json(path: Path) -> Any:
    """Return what a JSON file says.

    Raises:
        ImportFileError: it is no JSON, or a key is given twice.
    """
    content = read_text(path)
    try:
        return json.loads(content, object_pairs_hook=_each_once, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise blamed(path, Fault(f"this is not valid JSON: {error.msg}", error.lineno)) from error
    except RecursionError as error:
        raise blamed(path, Fault("this is nested too deeply")) from error
    except ValueError as error:
        raise blamed(path, Fault(f"this is not valid JSON: {error}")) from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is given twice")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no value")


def write_json(data: object) -> bytes:
    """Return `data` as JSON that people can read."""
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def is_clean(value: object) -> bool:
    """Tell whether plain data holds nothing that a store cannot: NUL or half a surrogate pair."""
    try:
        return "\\u0000" not in json.dumps(value).replace("\\\\", "") and bool(
            json.dumps(value, ensure_ascii=False).encode()
        )
    except UnicodeEncodeError:
        return False


def table(value: object) -> Mapping[str, Any]:
    """Return `value` if it is an object, an empty one otherwise."""
    return value if isinstance(value, Mapping) else {}
