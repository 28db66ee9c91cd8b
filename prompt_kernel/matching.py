"""Which of many names somebody means who wrote one of them nearly right."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from prompt_kernel.errors import AmbiguousNameError, PromptKernelError, PromptNotFoundError
from prompt_kernel.names import is_suffix, key_of, near

#: What to raise for a name that means nothing: it is given the name and what is near to it.
Missing = Callable[[str, Sequence[str]], PromptKernelError]

_MOST_NAMED: Final = 20
#: One slip in so many characters is a slip; more of them are another word.
_CHARACTERS_PER_SLIP: Final = 4
_MOST_SLIPS: Final = 3


class Candidate(NamedTuple):
    """A path that may be meant, its key, and the last segments of that: as many as the name has."""

    path: str
    key: str
    end: str


def match(name: str, paths: Iterable[str], missing: Missing = PromptNotFoundError) -> str:
    """Return the one of `paths` that `name` means.

    A path counts as it is written or by its last segments, as many as `name` has: first exactly, then in other case
    or look, then where `name` begins it, and last where the fewest slips lie between (at most one in four characters).
    Slashes at either end of `name` do not count.

    Raises:
        AmbiguousNameError: several fit alike; it carries them.
        PromptKernelError: none does; what `missing` makes of the name and of what is near to it.
    """
    wanted = name.strip().strip("/")
    candidates = candidates_for(wanted, paths)
    for fitting in (named, begun, misspelt):
        if found := fitting(wanted, candidates):
            return only(name, found)
    raise missing(name, near(wanted, [candidate.path for candidate in candidates]))


def candidates_for(wanted: str, paths: Iterable[str]) -> list[Candidate]:
    """Return `paths` with what the other functions here ask of each."""
    count = wanted.count("/") + 1
    return [Candidate(path, key := key_of(path), _ending(key, count)) for path in paths]


def only(name: str, found: Sequence[str]) -> str:
    """Return the one path that was `found` for `name`.

    Raises:
        AmbiguousNameError: there are several.
    """
    if len(found) > 1:
        raise AmbiguousNameError(name, sorted(found, key=lambda path: (len(path), path))[:_MOST_NAMED])
    return found[0]


def named(wanted: str, candidates: Sequence[Candidate]) -> list[str]:
    """Return what has exactly the path or the last segments `wanted`, in the same case if there is any such."""
    key = key_of(wanted)
    ending = [candidate for candidate in candidates if candidate.end == key]
    whole = [path for path, known, _ in ending if known == key]
    same = [path for path, _, _ in ending if is_suffix(wanted, path)]
    return whole or same or [candidate.path for candidate in ending]


def begun(wanted: str, candidates: Sequence[Candidate]) -> list[str]:
    """Return whose last segments `wanted` begins; or if there are none, whose path it begins."""
    key = key_of(wanted)
    if not key:
        return []
    by_name = [candidate.path for candidate in candidates if candidate.end.startswith(key)]
    return by_name or [candidate.path for candidate in candidates if candidate.key.startswith(key)]


def misspelt(wanted: str, candidates: Sequence[Candidate]) -> list[str]:
    """Return what the fewest slips make of `wanted`: a character too many, too few, another one, or two swapped."""
    key = key_of(wanted)
    size, letters, most = len(key), set(key), slips_allowed(key)
    found: list[str] = []
    for path, _, end in candidates if most else ():
        # A slip brings in one kind of character at most, and takes one away.
        if not -most <= len(end) - size <= most or len(letters.symmetric_difference(end)) > 2 * most:
            continue
        slips = _slips(key, end, most)
        if slips < most:
            found, most = [path], slips
        elif slips == most:
            found.append(path)
    return found


def slips_allowed(key: str) -> int:
    """Return how many slips a name may hold."""
    return min(_MOST_SLIPS, len(key) // _CHARACTERS_PER_SLIP)


def _ending(path: str, count: int) -> str:
    """Return the last `count` segments of `path`."""
    if count == 1:
        return path[path.rfind("/") + 1 :]
    at = len(path)
    for _ in range(count):
        at = path.rfind("/", 0, at)
        if at < 0:
            return path
    return path[at + 1 :]


def _slips(one: str, other: str, most: int) -> int:
    """Return the edit distance of two texts with swapped neighbours as one slip, or more than `most` where it is more.

    Only the cells near the diagonal are computed (Ukkonen); others cost more than `most` anyway.
    """
    one, other = _differing(one, other)
    if not one or not other:
        return len(one) + len(other)
    far = most + 1
    before: list[int] = []
    last = [column if column <= most else far for column in range(len(other) + 1)]
    for row, letter in enumerate(one, 1):
        this = [row] + [far] * len(other)
        for column in range(max(1, row - most), min(len(other), row + most) + 1):
            cost = last[column - 1] + (letter != other[column - 1])
            cost = min(cost, last[column] + 1, this[column - 1] + 1)
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == other[column - 1]:
                cost = min(cost, before[column - 2] + 1)
            this[column] = cost
        if min(this) > most and min(last) > most:
            return far
        before, last = last, this
    return last[-1]


def _differing(one: str, other: str) -> tuple[str, str]:
    """Return two texts without the beginning and the end that they have in common, which cost nothing."""
    start, shortest = 0, min(len(one), len(other))
    while start < shortest and one[start] == other[start]:
        start += 1
    end = 0
    while end < shortest - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]
