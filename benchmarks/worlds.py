"""The texts that everybody works on: made here, the same in every run."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, product

from prompt_kernel.records import Draft

#: The two constructs as the simplest reader would look for them.
TOKEN = re.compile(r"\[\[([^\[\]\n]+)\]\]|\{\{ (\w+) \}\}")

_SYLLABLES = ("ba", "den", "fi", "gor", "hal", "ki", "lum", "mo", "nes", "pra", "ro", "sil", "ta", "ver", "wi", "zan")
_VOCABULARY = ["".join(syllables) for syllables in product(_SYLLABLES, repeat=3)]
_WEIGHTS = list(accumulate(1 / (rank + 3) for rank in range(len(_VOCABULARY))))
#: Words to search for: one in a thousand prompts has it, each has it, one in a hundred has a word that begins so.
RARE, COMMON, PREFIX = "quixotic", "carefully", "summ"
_MARKED = 17


@dataclass(frozen=True)
class World:
    """Prompts by path, the one to expand, and the values of its variables."""

    texts: dict[str, str]
    root: str
    values: dict[str, str] = field(default_factory=dict)

    def pieces(self) -> list[str]:
        """Return what the expansion is made of, values in place: joining these is the least that anybody has to do."""
        done: list[str] = []
        self._resolve(self.texts[self.root], done)
        return done

    def _resolve(self, text: str, done: list[str]) -> None:
        position = 0
        for found in TOKEN.finditer(text):
            done.append(text[position : found.start()])
            position = found.end()
            if found[1]:
                self._resolve(self.texts[found[1]], done)
            else:
                done.append(self.values[found[2]])
        done.append(text[position:])


def includes(count: int, size: int, variables: int = 0) -> World:
    """One prompt that includes `count` others of `size` characters, which hold `variables` variables together."""
    per_part = -(-variables // count)
    names = [f"value_{number}" for number in range(variables)]
    texts: dict[str, str] = {}
    for number in range(count):
        holes = "".join(f"{{{{ {name} }}}} " for name in names[number * per_part : (number + 1) * per_part])
        texts[f"part/p{number}"] = prose(size - len(holes), number) + holes
    root = "".join(f"Part {number}: [[part/p{number}]] and so on.\n" for number in range(count))
    values = {name: f"the value of {name}" for name in names}
    return World({**texts, "root": root}, "root", values)


def chain(depth: int) -> World:
    """`depth` prompts, each of which includes the next."""
    texts = {f"link/n{at}": f"{prose(200, at)} [[link/n{at + 1}]] is level {at}.\n" for at in range(depth - 1)}
    return World({**texts, f"link/n{depth - 1}": prose(200, depth)}, "link/n0")


def diamond(depth: int) -> World:
    """`depth` levels, each of which includes the next one twice."""
    texts = {
        f"level/n{at}": f"Left [[level/n{at + 1}]] and right [[level/n{at + 1}]] of {at}.\n" for at in range(depth)
    }
    return World({**texts, f"level/n{depth}": "the end"}, "level/n0")


def prose(size: int, seed: int) -> str:
    """Return `size` characters of lines of words, without anything that means something."""
    words = _Words(seed)
    lines: list[str] = []
    length = 0
    while length < size:
        line = words.sentence(12)
        lines.append(line)
        length += len(line)
    return "".join(lines)[: size - 1] + "." if size > 1 else "."


class _Words:
    """Words as a language has them: a few are everywhere, most are seldom."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - texts to measure with, no secrets

    def sentence(self, count: int) -> str:
        return " ".join(self._random.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=count)) + ".\n"


#: The prompts that the store's rows are about stand beside all the others: a composite, a tree of fifty, its leaves.
COMPOSITE = "composite/root"
TREE = "tree/root"
_BRANCHES, _LEAVES = 7, 6


def library(count: int) -> Iterator[Draft]:
    """Give `count` prompts of about 600 characters in 200 directories: one in five includes two others."""
    yield from _composite()
    yield from _tree()
    words = _Words(count)
    for number in range(numbered(count)):
        yield Draft(path_of(number), text_of(number, words), description=f"Prompt {number}", tags=("sample",))


def numbered(count: int) -> int:
    """Return how many of the prompts of a library of `count` are numbered."""
    return count - len([*_composite(), *_tree()])


def path_of(number: int) -> str:
    """Return the path of prompt `number` of a library."""
    return f"team-{number % 20}/area-{number // 20 % 10}/prompt-{number}"


def text_of(number: int, words: "_Words | None" = None) -> str:
    """Return the text of prompt `number` of a library."""
    words = words or _Words(number)
    lines = [words.sentence(11) for _ in range(8)]
    lines.append(f"Work {COMMON} on {number}.\n")
    if number % 1_000 == _MARKED:
        lines.append(f"A {RARE} case.\n")
    if number % 100 == _MARKED:
        lines.append(f"Give a {'summary' if number % 200 == _MARKED else 'summation'} first.\n")
    if number % 5 == 0 and number:
        lines.append(inclusions_of(number, 0))
    return "".join(lines)


def inclusions_of(number: int, turn: int) -> str:
    """Return a line that includes two earlier prompts which include nothing themselves; others at another `turn`."""
    targets = [max(1, (number * 3 + turn * 35 + step) % number // 5 * 5 + step) for step in (1, 2)]
    return " ".join(f"[[{path_of(target)}]]" for target in targets) + "\n"


def _composite() -> Iterator[Draft]:
    world = includes(10, 1_000)
    for path, text in world.texts.items():
        yield Draft(f"composite/{path}", text.replace("[[part/", "[[composite/part/"))


def _tree() -> Iterator[Draft]:
    leaves = [[f"tree/leaf{branch}-{leaf}" for leaf in range(_LEAVES)] for branch in range(_BRANCHES)]
    for branch, paths in enumerate(leaves):
        for path in paths:
            yield Draft(path, prose(600, seed_of(path)))
        yield Draft(f"tree/branch{branch}", "".join(f"[[{path}]]\n" for path in paths))
    yield Draft(TREE, "".join(f"[[tree/branch{branch}]]\n" for branch in range(_BRANCHES)))


def seed_of(path: str) -> int:
    """Return a seed of `path` that is the same in every process."""
    return int.from_bytes(path.encode()[-6:])
