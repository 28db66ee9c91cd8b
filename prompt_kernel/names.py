"""Paths and names: their grammar, their unique key, and the shortest name that is still unique.

A path is segments joined by `/`, as in `style/tone`. A segment starts with a letter or `_` and holds letters, digits,
`_`, `-`, and between them `.` and single spaces; combining marks belong to their letter. The last segment is the name,
what comes before it the directory.
"""

import difflib
import heapq
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

from prompt_kernel.errors import InvalidPathError

MAX_PATH_CHARACTERS: Final = 1_000
#: A file system holds names of 255 bytes; ten remain for an ending and the mark of a conflict copy.
MAX_SEGMENT_BYTES: Final = 240

SEGMENT: Final = r"[^\W\d][\w\-]*(?:(?:[ ]|\.+)[\w\-]+)*"
PATH: Final = rf"{SEGMENT}(?:/{SEGMENT})*"
_PATH = re.compile(PATH)
_SEGMENT = re.compile(SEGMENT)
_LABEL = re.compile(r"[^\W\d][\w.\-]*")

#: Fillers for unfinished Korean syllables: letters to Unicode, and nothing at all to the eye.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
#: What else is drawn as nothing, besides the format characters: those fillers, joiners and variation selectors.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")

#: Devices that Windows finds in every folder, so that no file can have these names there.
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in "123456789")]
)


def without_marks(text: str) -> str:
    """Return `text` without the combining marks of its letters, which Python's regular expressions count as no letters.

    A mark that follows no letter or digit stays.
    """
    if text.isascii():
        return text
    kept: list[str] = []
    for character in text:
        belongs = unicodedata.category(character)[0] == "M" and kept and (kept[-1].isalnum() or kept[-1] == "_")
        if not belongs:
            kept.append(character)
    return "".join(kept)


def is_path(text: str) -> bool:
    """Tell whether `text` is of the grammar of paths."""
    return _fits(_PATH, text)


def is_label(text: str) -> bool:
    """Tell whether `text` can be a label: a letter or `_`, then letters, digits, `_`, `-` and `.`."""
    return _fits(_LABEL, text)


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    if text.isascii():
        return pattern.fullmatch(text) is not None
    if pattern.fullmatch(without_marks(text)) is None or not _BLANK_LETTERS.isdisjoint(text):
        return False
    # A regular expression takes a superscript or a Roman numeral for a letter.
    return all(segment[0].isalpha() or segment[0] == "_" for segment in text.split("/"))


def check_path(path: str) -> str:
    """Return `path`, in Unicode's composed form, if a prompt or a directory may have it.

    Raises:
        InvalidPathError: the path is not of the grammar, too long, or no disk could hold it.
    """
    if not isinstance(path, str):
        raise InvalidPathError(str(path), f"a path is text, not {type(path).__name__}")
    path = unicodedata.normalize("NFC", path)
    reason = _fault(path)
    if reason:
        raise InvalidPathError(path, reason)
    return path


def _fault(path: str) -> str:
    if not path:
        return "it is empty"
    if len(path) > MAX_PATH_CHARACTERS:
        return f"it has {len(path):,} characters, and {MAX_PATH_CHARACTERS:,} is the most"
    if path.startswith("/") or path.endswith("/") or "//" in path:
        return "it has an empty segment; write it without a slash at either end"
    return next((fault for fault in map(_segment_fault, path.split("/")) if fault), "")


def _segment_fault(segment: str) -> str:
    if not is_path(segment):
        rule = "must start with a letter or _ and hold letters, digits, _, -, and inside . or single spaces"
        return f"{segment!r} {rule}"
    if len(segment.encode("utf-8", "surrogatepass")) > MAX_SEGMENT_BYTES:
        return f"{segment[:20]}… is longer than the {MAX_SEGMENT_BYTES} bytes that a file name can have"
    if key_of(segment).partition(".")[0] in _RESERVED:
        return f"{segment!r} is a device on Windows, so it could not be exported"
    return ""


@lru_cache(maxsize=65_536)
def key_of(path: str) -> str:
    """Return what two paths share exactly when they cannot both exist: case, look and invisible characters aside.

    NFKC, what is drawn as nothing dropped, case folded, NFKC again; so it is its own key.
    """
    if path.isascii() and path.isprintable():
        return path.lower()
    folded = unicodedata.normalize("NFKC", path)
    folded = "".join(character for character in folded if unicodedata.category(character) not in ("Cf", "Cc", "Cs"))
    folded = _UNSEEN.sub("", folded)
    folded = unicodedata.normalize("NFKC", folded.casefold())
    return folded if folded == path else key_of(folded)


def name_of(path: str) -> str:
    """Return the last segment: `tone` of `style/tone`."""
    return path.rpartition("/")[2]


def directory_of(path: str) -> str:
    """Return what comes before the name: `style` of `style/tone`, and "" of `tone`."""
    return path.rpartition("/")[0]


def join(directory: str, name: str) -> str:
    """Return the path of `name` in `directory`, where "" is the top."""
    return f"{directory}/{name}" if directory else name


def ancestors(path: str) -> list[str]:
    """Return the directories that hold `path`, outermost first: `a`, `a/b` for `a/b/c`."""
    return [path[:at] for at, character in enumerate(path) if character == "/"]


def suffixes(path: str) -> list[str]:
    """Return what `path` ends in, the shortest first and itself last: `c`, `b/c`, `a/b/c` for `a/b/c`."""
    segments = path.split("/")
    return ["/".join(segments[-length:]) for length in range(1, len(segments) + 1)]


def is_inside(path: str, directory: str) -> bool:
    """Tell whether `path` lies in `directory` or below it."""
    return not directory or key_of(path).startswith(key_of(directory) + "/")


_COPY: Final = "-conflict"
#: Room for the mark and a number of three digits.
_LONGEST_COPIED: Final = MAX_SEGMENT_BYTES - len(_COPY) - len("-999")


def copy_path(path: str, number: int) -> str:
    """Return the path of a conflict copy of what is at `path`: `a/b-conflict`, then `a/b-conflict-2`."""
    name = name_of(path).encode()[:_LONGEST_COPIED].decode(errors="ignore").rstrip(" .")
    return join(directory_of(path), f"{name}{_COPY}" if number == 1 else f"{name}{_COPY}-{number}")


def is_suffix(short: str, path: str) -> bool:
    """Tell whether `path` ends in the segments of `short`."""
    return path == short or path.endswith("/" + short)


def shortest_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the display name of each path: its shortest suffix that no other of `paths` ends in.

    A path that another one ends in keeps its full spelling, which always finds it first. To name some prompts of a
    store, pass them with all others that share a name with one of them.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_name[key_of(name_of(path))].append(path)
    display: dict[str, str] = {}
    for group in by_name.values():
        _name_group(group, display)
    return display


def _name_group(group: list[str], display: dict[str, str]) -> None:
    if len(group) == 1:
        display[group[0]] = name_of(group[0])
        return
    keyed = [(path, key_of(path)) for path in group]
    waiting = [(path, key, key.rfind("/") + 1) for path, key in keyed]
    depth = 1
    while waiting:
        counts = Counter(key[start:] for _, key, start in waiting)
        longer: list[tuple[str, str, int]] = []
        for path, key, start in waiting:
            if start == 0 or counts[key[start:]] == 1:
                display[path] = "/".join(path.split("/")[-depth:])
            else:
                longer.append((path, key, key.rfind("/", 0, start - 1) + 1))
        waiting = longer
        depth += 1


def near(name: str, candidates: Sequence[str], most: int = 3) -> list[str]:
    """Return up to `most` of `candidates` that `name` may have meant, the likeliest first.

    A candidate counts by its whole path and by its name alone, so that a typo in either is understood.
    """
    wanted = key_of(name)
    if len(candidates) > _COMPARED:
        candidates = heapq.nlargest(_COMPARED, candidates, key=_alike_at_first_sight(wanted))
    likeness = _likeness(wanted)
    scored = sorted((-likeness(candidate), candidate) for candidate in candidates)
    return [candidate for score, candidate in scored[:most] if -score >= _NEAR_ENOUGH]


_NEAR_ENOUGH = 0.6
#: Comparing takes about 40 us a candidate, so that only the best of many are compared in earnest.
_COMPARED = 500


def _likeness(wanted: str) -> Callable[[str], float]:
    whole, last = difflib.SequenceMatcher(b=wanted), difflib.SequenceMatcher(b=name_of(wanted))

    def likeness(candidate: str) -> float:
        key = key_of(candidate)
        whole.set_seq1(key)
        last.set_seq1(name_of(key))
        return max(whole.ratio(), 0.95 * last.ratio())

    return likeness


def _alike_at_first_sight(wanted: str) -> Callable[[str], float]:
    """Return a quick likeness: the share of pairs of neighbouring characters that two names have in common."""
    pairs = {wanted[at : at + 2] for at in range(len(wanted) - 1)}
    last_pairs = {pair for pair in pairs if pair in name_of(wanted)}

    def likeness(candidate: str) -> float:
        key = key_of(candidate)
        last = name_of(key)
        return max(
            sum(pair in key for pair in pairs) / (len(pairs) + len(key) + 1),
            sum(pair in last for pair in last_pairs) / (len(last_pairs) + len(last) + 1),
        )

    return likeness
