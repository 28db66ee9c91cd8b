"""What Tab offers: prompts, versions, labels, options, variables, and `[[` inside a cell that is a prompt.

`offer` is a function of a cell, a place in it and a `World` that knows the names; `_matchers` fits it into IPython. A
kernel may complete from another thread (VS Code's does), and nothing here keeps a state.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.language import ENGINES
from prompt_kernel.names import ancestors
from prompt_kernel.notebook.arguments import CELLS, PROMPT, Parser, Word, scan

_MOST_PATHS: Final = 400
#: More prompts than this do not fit a pop-up: the directories come first, to be entered one by one.
_MANY: Final = 30
_MOST_WORDS: Final = 50
#: A line may be a whole book; a Tab is to be answered at once all the same.
_MOST_BEFORE: Final = 500
_MOST_READ: Final = 200_000

_CELL_MAGIC = re.compile(rf"\s*%%({'|'.join(CELLS)})(?:\s|$)")
_LINE_MAGIC = re.compile(r"(?:[^%#]*=)?\s*%(prompts?)\s")
_INCLUSION = re.compile(r"\[\[([^\[\]()\n\"']*)$")
_ARGUMENTS = re.compile(r"\[\[([^\[\]()@\n]+)(?:@[^\[\]()\n]*)?\((?:[^()\n]*,)?\s*(\w*)$")
_HOLE = re.compile(r"\{\{([ \t]*)(\w*)$")
_HOLES = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")
_WORD = re.compile(r"[^\W\d_][\w'-]*")
_LAST_WORD = re.compile(r"[\w'-]*$")
_NAME = re.compile(r"[^\W\d]\w*$")


class World(Protocol):
    """Who knows the names. Each method is quick, and may be called from any thread."""

    commands: Mapping[str, Parser]

    def paths(self, beginning: str, limit: int) -> list[str]:
        """Return the paths of prompts that `beginning` may be the beginning of."""

    def pins(self, path: str) -> list[str]:
        """Return the versions and the labels of the prompt at `path`."""

    def variables(self, path: str) -> list[str]:
        """Return the variables that expanding `path` takes."""

    def values(self) -> list[str]:
        """Return the names of the notebook's plain values."""

    def functions(self) -> list[str]:
        """Return the names of what the notebook can call, and of the endpoints and addresses that it has."""

    def experiments(self) -> list[str]:
        """Return the names of the store's experiments, the latest first."""


class Offer(NamedTuple):
    """What may stand in the place of `fragment`, the characters before the cursor; `kind` is what it is."""

    fragment: str
    texts: tuple[str, ...]
    kind: str


NOTHING: Final = Offer("", (), "")


def offer(cell: str, row: int, column: int, world: World) -> Offer:
    """Return what to offer at `column` of the line `row` of `cell`."""
    lines = cell.split("\n")
    top = next((number for number, line in enumerate(lines) if line.strip()), 0)
    magic = _CELL_MAGIC.match(lines[top])
    before, after = lines[row][:column], lines[row][column:]
    if magic and row > top:
        body = "\n".join(lines[top + 1 :])
        return in_body(before, after, body, _path_of(lines[top]) if magic[1] == "prompt" else "", world)
    if magic and row == top and column >= magic.end() and magic[0][-1].isspace():
        return _in_arguments(before[magic.end() :], CELLS[magic[1]], world)
    return in_line(_continued(lines, row, before), world)


def _continued(lines: list[str], row: int, before: str) -> str:
    """Return what is before the cursor, with the lines that a backslash continues into this one."""
    while row > 0 and lines[row - 1].rstrip().endswith("\\"):
        row -= 1
        before = f"{lines[row].rstrip()[:-1]} {before}"
    return before


def _path_of(line: str) -> str:
    words = scan(line)
    return words[1].text if len(words) > 1 else ""


def in_line(before: str, world: World) -> Offer:
    """Return what to offer after a line magic, if `before` has one of ours."""
    magic = _LINE_MAGIC.match(before)
    if magic is None:
        return NOTHING
    rest = before[magic.end() :]
    if magic[1] == "prompt":
        return _in_arguments(rest, PROMPT, world)
    words = scan(rest)
    if len(words) > 1 or (words and rest[-1:].isspace()):
        command = world.commands.get(words[0].text)
        return _in_arguments(rest[len(words[0].text) :], command, world) if command else NOTHING
    return _beginning_with(rest.lstrip(), world.commands, "command")


def _beginning_with(fragment: str, texts: Iterable[str], kind: str) -> Offer:
    return Offer(fragment, tuple(text for text in texts if text.startswith(fragment)), kind)


# Arguments -----------------------------------------------------------------------------------------------------------


def _in_arguments(rest: str, parser: Parser, world: World) -> Offer:
    """Return what to offer at the end of `rest`, which is what follows the magic's name.

    What is there already is offered where there is nothing else, for the reason that `in_body` gives. Only a place
    for a folder is left to IPython, which knows the files.
    """
    words = scan(rest)
    is_new = not words or (rest[-1].isspace() and not words[-1].is_open)
    current = Word(len(rest), "") if is_new else words.pop()
    fragment = rest[current.start :]
    place, standing = _place([word.text for word in words], current.text, parser)
    if place in ("FOLDER", "URL"):
        return NOTHING
    offered = _PLACES.get(place, _nothing)(fragment, current.text, standing, world)
    if place == "option":
        offered = _beginning_with(fragment, parser.options, "option")
    return offered if offered.texts else _as_it_is(fragment or rest[-1:])


def _place(done: list[str], text: str, parser: Parser) -> tuple[str, list[str]]:
    """Return what `text` is to be after the words that are `done`, and which of these are positional arguments."""
    wanted = parser.options.get(done[-1], "") if done else ""
    standing = list(_standing(done, parser))
    if wanted:
        return wanted, standing
    if text.startswith("-"):
        return "option", standing
    if len(standing) < len(parser.places):
        return parser.places[len(standing)], standing
    last = parser.places[-1] if parser.places else ""
    return last if last in _REPEATING else "", standing


_REPEATING: Final = frozenset({"name=value", "WORD"})
#: Those of `experiments.scorers` that a word can say, without what they import.
_SCORERS: Final = ("exact:", "contains:", "matches:", "close:")


def _standing(done: list[str], parser: Parser) -> Iterator[str]:
    """Give the words that are neither options nor an option's value."""
    skip = False
    for word in done:
        if skip or word in parser.options:
            skip = not skip and bool(parser.options.get(word))
            continue
        yield word


def _nothing(_fragment: str, _text: str, _done: list[str], _world: World) -> Offer:
    return NOTHING


def _a_path(fragment: str, text: str, _done: list[str], world: World) -> Offer:
    return Offer(fragment, tuple(_quoted(path, fragment) for path in _drill(text, world)), "prompt")


def _a_pinned_path(fragment: str, text: str, done: list[str], world: World) -> Offer:
    path, at, pin = text.partition("@")
    if not at:
        return _a_path(fragment, text, done, world)
    pins = (found for found in world.pins(path) if found.startswith(pin))
    return Offer(fragment, tuple(_quoted(f"{path}@{found}", fragment) for found in pins), "version")


def _quoted(text: str, fragment: str) -> str:
    quote = fragment[0] if fragment[:1] in ("'", '"') else '"' if " " in text else ""
    return quote + text + ("" if text.endswith("/") else quote)


def _drill(beginning: str, world: World) -> list[str]:
    """Return the prompts that begin so; where there are many, the directories to go on in come first."""
    paths = world.paths(beginning, _MOST_PATHS)
    return [*_next_directories(paths, beginning), *paths] if len(paths) > _MANY else paths


def _next_directories(paths: Iterable[str], beginning: str) -> dict[str, None]:
    """Return the directories that the next `/` would end, in order; a dict serves as an ordered set."""
    start = len(beginning)
    inside = (path for path in paths if path.startswith(beginning) and "/" in path[start:])
    return dict.fromkeys(path[: path.index("/", start) + 1] for path in inside)


def _a_directory(fragment: str, text: str, _done: list[str], world: World) -> Offer:
    found = {parent: None for path in world.paths(text, _MOST_PATHS) for parent in ancestors(path)}
    return Offer(fragment, tuple(_quoted(path, fragment) for path in found if path.startswith(text)), "directory")


def _a_version(fragment: str, text: str, done: list[str], world: World) -> Offer:
    return _beginning_with(fragment, world.pins(done[0]), "version") if fragment == text else NOTHING


def _a_label(fragment: str, text: str, done: list[str], world: World) -> Offer:
    labels = [pin for pin in world.pins(done[0]) if not pin.isdigit()]
    return _beginning_with(fragment, labels, "label") if fragment == text else NOTHING


def _a_value(fragment: str, text: str, done: list[str], world: World) -> Offer:
    name, is_given, expression = text.partition("=")
    if is_given:
        return _python_names(expression, world) if name.endswith(":") else NOTHING
    given = {word.partition("=")[0].rstrip(":") for word in done[1:]}
    names = [name for name in world.variables(done[0]) if name not in given] if done else []
    return _beginning_with(fragment, [f"{name}=" for name in names], "variable")


def _python_names(expression: str, world: World) -> Offer:
    found = _NAME.search(expression)
    fragment = found[0] if found else ""
    is_attribute = expression[: len(expression) - len(fragment)].endswith(".")
    return NOTHING if is_attribute else _beginning_with(fragment, world.values(), "variable")


def _a_variable(fragment: str, _text: str, _done: list[str], world: World) -> Offer:
    return _beginning_with(fragment, world.values(), "variable")


def _a_model(fragment: str, _text: str, _done: list[str], world: World) -> Offer:
    return _beginning_with(fragment, world.functions(), "variable")


def _a_scorer(fragment: str, _text: str, _done: list[str], world: World) -> Offer:
    return _beginning_with(fragment, [*_SCORERS, *world.functions()], "variable")


def _an_experiment(fragment: str, text: str, _done: list[str], world: World) -> Offer:
    names = (name for name in world.experiments() if name.startswith(text))
    return Offer(fragment, tuple(_quoted(name, fragment) for name in names), "experiment")


def _an_engine(fragment: str, _text: str, _done: list[str], _world: World) -> Offer:
    return _beginning_with(fragment, ENGINES, "engine")


_PLACES: Final[Mapping[str, Callable[[str, str, list[str], World], Offer]]] = {
    "PATH": _a_path,
    "PATH@PIN": _a_pinned_path,
    "DIRECTORY": _a_directory,
    "VERSION": _a_version,
    "LABEL": _a_label,
    "name=value": _a_value,
    "VAR": _a_variable,
    "ENGINE": _an_engine,
    "EXPERIMENT": _an_experiment,
    "MODEL": _a_model,
    "SCORER": _a_scorer,
}


# Bodies --------------------------------------------------------------------------------------------------------------


def in_body(before: str, after: str, body: str, path: str, world: World) -> Offer:
    """Return what to offer in the text of a prompt, between `before` and `after` on one line of `body`.

    There is always something to offer, if only the word that is there already: where there is nothing, IPython asks
    Jedi, who takes seconds to find that prose is no Python.
    """
    before, body = before[-_MOST_BEFORE:], body[:_MOST_READ]
    if found := _HOLE.search(before):
        offered = _a_hole(found[1], found[2], after, body, path, world)
    else:
        offered = in_inclusion(before, after, world) or _prose(before, body)
    return offered if offered.texts else _as_it_is(before[-1:])


def _as_it_is(fragment: str) -> Offer:
    """Offer what is there already, which changes nothing and keeps others from offering."""
    return Offer(fragment, (fragment,), "text")


def in_inclusion(before: str, after: str, world: World) -> Offer | None:
    """Return what to offer after `[[`, or None where there is none."""
    if found := _ARGUMENTS.search(before):
        return _beginning_with(found[2], [f"{name}=" for name in world.variables(found[1])], "variable")
    found = _INCLUSION.search(before)
    if found is None:
        return None
    closing = "" if after.startswith("]]") else "]]"
    path, at, pin = found[1].partition("@")
    if at:
        pins = (f"{path}@{name}{closing}" for name in world.pins(path) if name.startswith(pin))
        return Offer(found[1], tuple(pins), "version")
    paths = _drill(path, world)
    return Offer(path, tuple(path if path.endswith("/") else path + closing for path in paths), "prompt")


def _a_hole(space: str, fragment: str, after: str, body: str, path: str, world: World) -> Offer:
    """Offer the variables of the text itself, then those of the saved prompt, then the notebook's values."""
    is_closed = after.lstrip().startswith("}}")
    used = Counter(_HOLES.findall(body))
    used[fragment] -= is_closed  # this very hole is no use of it
    saved = world.variables(path) if path else []
    names = dict.fromkeys([*(+used), *saved, *world.values()])
    closing = "" if is_closed else f"{space}}}}}"
    return Offer(fragment, tuple(name + closing for name in names if name.startswith(fragment)), "variable")


def _prose(before: str, body: str) -> Offer:
    fragment = _LAST_WORD.search(before)[0]  # type: ignore[index]  # it matches everywhere
    if not fragment:
        return Offer("", ("[[", "{{ "), "text")
    counts = Counter(_WORD.findall(body))
    counts[fragment] -= 1
    words = [word for word, count in counts.most_common() if count > 0 and word.startswith(fragment)]
    return Offer(fragment, tuple(word for word in words[:_MOST_WORDS] if len(word) < _MOST_BEFORE), "text")


def in_any_line(before: str, after: str, world: World) -> Offer:
    """Return what to offer on a line of which it is not known whether it is in the text of a prompt."""
    magic = _CELL_MAGIC.match(before)
    if magic and magic[0][-1].isspace():
        return _in_arguments(before[magic.end() :], CELLS[magic[1]], world)
    if re.search(r"(?<![\w\])])\[\[[^\[\]]*$", before):
        return in_inclusion(before, after, world) or NOTHING
    return in_line(before, world)


def safely(ask: Callable[[], Offer]) -> Offer:
    """Offer nothing where the store cannot be read: a line that is being typed is no place for an error."""
    try:
        return ask()
    except (PromptKernelError, sqlite3.Error, OSError):
        return NOTHING
