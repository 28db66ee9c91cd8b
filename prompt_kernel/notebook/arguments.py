"""The line behind a magic: how it is split, and what may stand in it.

    %prompt review tone="plain and short" code:=frame["source"][0] --lenient

Words are split at spaces; quotes of either kind hold a word together and are taken off. What follows `:=` is Python,
up to the first space that is outside of brackets and quotes, and keeps its quotes. There is no escape character, no
comment and no `$`, so that what is typed arrives.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from IPython.core.error import UsageError

from prompt_kernel.language import ENGINES
from prompt_kernel.names import near

_EXPRESSION = re.compile(r"[^\W\d]\w*:=")
_BINDING = re.compile(r"([^\W\d]\w*)(:?=)(.*)", re.DOTALL)
_PYTHON_STRING = re.compile(r"""(?s)'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line: where it starts, what it says without its quotes, and whether it is still open."""

    start: int
    text: str
    is_open: bool = False


def scan(line: str) -> list[Word]:
    """Split `line` into words; the last one may have a quote that nothing closes."""
    words: list[Word] = []
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
        elif found := _EXPRESSION.match(line, position):
            end = _end_of_python(line, found.end())
            words.append(Word(position, line[position:end]))
            position = end
        else:
            word, position = _plain_word(line, position)
            words.append(word)
    return words


def _plain_word(line: str, start: int) -> tuple[Word, int]:
    parts: list[str] = []
    position = start
    while position < len(line) and not line[position].isspace():
        if line[position] not in "'\"":
            parts.append(line[position])
            position += 1
            continue
        closing = line.find(line[position], position + 1)
        if closing < 0:
            return Word(start, "".join([*parts, line[position + 1 :]]), is_open=True), len(line)
        parts.append(line[position + 1 : closing])
        position = closing + 1
    return Word(start, "".join(parts)), position


def _end_of_python(line: str, position: int) -> int:
    depth = 0
    while position < len(line):
        if found := _PYTHON_STRING.match(line, position):
            position = found.end()
            continue
        character = line[position]
        if character.isspace() and depth <= 0:
            break
        depth += (character in "([{") - (character in ")]}")
        position += 1
    return position


def split(line: str) -> list[str]:
    """Split `line` into what its words say.

    Raises:
        UsageError: a quote is not closed.
    """
    words = scan(line)
    if words and words[-1].is_open:
        raise UsageError(f"A quote is not closed in: {line[words[-1].start :]}")
    return [word.text for word in words]


@dataclass(frozen=True, slots=True)
class Binding:
    """`name=text`, or `name:=expression` with an expression that is to be evaluated."""

    name: str
    value: str
    is_expression: bool


class HelpRequested(Exception):  # noqa: N818 - a way out, not an error
    """Somebody asked for help; the exception's text is the help."""


class Parser(argparse.ArgumentParser):
    """A parser that never prints and never exits, and that tells completion what it takes.

    `options` has for each option what its value is, "" where it takes none; `places` are the positional arguments.
    """

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        """Make the parser of the magic `prog`."""
        self.options: dict[str, str] = {}
        self.places: list[str] = []
        super().__init__(
            prog, description=description, epilog=epilog, allow_abbrev=False, add_help=False, formatter_class=_Formatter
        )
        self.color = False  # Python 3.14 would colour the help wherever stdout is a terminal
        self.add_argument("-h", "--help", action="store_true", help="show this")

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        """Add an argument as `argparse` does, and remember it for completion."""
        action = super().add_argument(*names, **settings)
        for option in action.option_strings:
            self.options[option] = "" if action.nargs == 0 else str(action.metavar or action.dest)
        if not action.option_strings:
            self.places.append(str(action.metavar))
        return action

    def read(self, line: str) -> argparse.Namespace:
        """Parse `line`; options and other arguments may stand in any order.

        Raises:
            UsageError: the line is not what the magic takes.
            HelpRequested: the line asks for help.
        """
        return self.read_words(split(line))

    def read_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse what `split` gave; see `read`."""
        if not {"-h", "--help"}.isdisjoint(words):
            raise HelpRequested(self.format_help())
        return self.parse_intermixed_args(words)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where to read more."""
        raise UsageError(f"{self.prog}: {message}. See {self.prog} --help")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=100)


def _variable_name(text: str) -> str:
    if not text.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is no name for a variable")
    return text


def _add_values(parser: Parser) -> None:
    _add_given(parser)
    parser.add_argument("--lenient", action="store_true", help="keep what cannot be expanded as it is written")


def _add_given(parser: Parser) -> None:
    parser.add_argument(
        "values", nargs="*", default=[], metavar="name=value",
        help="a value as text; name:=expression is evaluated in the notebook",
    )  # fmt: skip


def _add_out(parser: Parser) -> None:
    parser.add_argument("-o", "--out", type=_variable_name, metavar="VAR", help="put the result into this variable")


_VALUES_NOTE = (
    "A variable that nobody gives is taken from the notebook if it has one of that name, else from its default.\n"
    "A word with spaces needs quotes: note='two words'. An expression with spaces needs brackets: n:=(len(x) + 1).\n"
    "A ; at the end shows nothing."
)


def _prompt_parser() -> Parser:
    parser = Parser("%prompt", "Load a prompt, expand it and show it.", _VALUES_NOTE)
    parser.add_argument("path", metavar="PATH@PIN", help="the prompt; PATH@3 or PATH@label is that version of it")
    _add_values(parser)
    parser.add_argument("--raw", action="store_true", help="give the text as it is stored, and expand nothing")
    parser.add_argument("--draft", action="store_true", help="take the text as it is being edited in the dashboard")
    parser.add_argument("--edit", action="store_true", help="open the dashboard's shared editor here in the notebook")
    _add_out(parser)
    return parser


def _save_parser() -> Parser:
    parser = Parser(
        "%%prompt",
        "Save this cell as a new version of a prompt, character for character.",
        "The text is what stands below this line; a line end after its last character is yours, and none is added.\n"
        "What others saved since this notebook last saw the prompt is merged in. Where both changed the same lines,\n"
        "nothing is saved, and you are shown both texts.",
    )
    parser.add_argument("path", metavar="PATH", help="the prompt")
    parser.add_argument("-m", "--message", default="", metavar="MESSAGE", help="what changed, for the history")
    parser.add_argument("--tag", action="append", metavar="TAG", help="a tag of the prompt; may be repeated")
    parser.add_argument("--description", metavar="TEXT", help="what the prompt is for")
    parser.add_argument("--engine", choices=ENGINES, metavar="ENGINE", help=f"one of {', '.join(ENGINES)}")
    side = parser.add_mutually_exclusive_group()
    for action in (
        side.add_argument("--mine", action="store_true", help="save this cell over what somebody else saved"),
        side.add_argument("--theirs", action="store_true", help="save nothing; take what somebody else saved"),
    ):
        parser.options[action.option_strings[0]] = ""
    _add_out(parser)
    return parser


def _expand_parser() -> Parser:
    parser = Parser("%%expand", "Expand this cell without saving it.", _VALUES_NOTE)
    _add_values(parser)
    _add_out(parser)
    return parser


def whole_number(text: str) -> int:
    """Read a number that has digits only."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return int(text)


def _experiment_parser() -> Parser:
    parser = Parser(
        "%%experiment",
        "Run this cell over data on models, and keep every answer with what made it.",
        "A variable is filled by name=value, else by its column, else by the notebook, else by its default.\n"
        "What was answered before is not asked again. `%prompts runs EXPERIMENT` shows the results again.",
    )
    parser.add_argument("name", metavar="EXPERIMENT", help="what the experiment is called")
    _add_given(parser)
    parser.add_argument("--inputs", metavar="VAR", help="the rows: a DataFrame or a list of dicts; none is one row")
    parser.add_argument(
        "--model", action="append", required=True, metavar="MODEL",
        help="a function of a text, an Endpoint or its URL; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--scorer", action="append", default=[], metavar="SCORER",
        help="a function of output and row, or exact:column, contains:column, close:column; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--against", action="append", default=[], metavar="PATH@PIN", help="a prompt to compare with; may be repeated"
    )
    parser.add_argument("--save", metavar="PATH", help="save the cell as a new version of this prompt first")
    parser.add_argument("--repeats", type=whole_number, default=1, metavar="N", help="ask each so many times (1)")
    parser.add_argument("--concurrency", type=whole_number, default=8, metavar="N", help="so many at a time (8)")
    parser.add_argument("--description", default="", metavar="TEXT", help="what the experiment is for")
    _add_out(parser)
    return parser


PROMPT: Final = _prompt_parser()
SAVE: Final = _save_parser()
EXPAND: Final = _expand_parser()
EXPERIMENT: Final = _experiment_parser()
#: The cell magics, by their names, as completion knows them.
CELLS: Final[Mapping[str, Parser]] = {"prompt": SAVE, "expand": EXPAND, "experiment": EXPERIMENT}


def read_values(words: Sequence[str], prog: str) -> list[Binding]:
    """Read `name=value` and `name:=expression`.

    Raises:
        UsageError: a word is neither, or a name comes twice.
    """
    bindings: dict[str, Binding] = {}
    for word in words:
        found = _BINDING.fullmatch(word)
        if found is None or not found[1].isidentifier():
            raise UsageError(f"{prog}: {word!r} is not name=value. A word with spaces needs quotes. See {prog} --help")
        if found[1] in bindings:
            raise UsageError(f"{prog}: {found[1]} is given twice")
        bindings[found[1]] = Binding(found[1], found[3], found[2] == ":=")
    return list(bindings.values())


def read_command(line: str, commands: Mapping[str, Parser], prog: str) -> tuple[str, argparse.Namespace]:
    """Read a line that starts with one of `commands`.

    Raises:
        UsageError: there is no such command, or its arguments are wrong.
        HelpRequested: the line asks for help.
    """
    words = split(line)
    name = words[0]
    if name in ("-h", "--help"):
        raise HelpRequested(overview(commands, prog))
    if name not in commands:
        meant = [command for command in commands if command.startswith(name)] or near(name, list(commands), most=1)
        hint = f"Did you mean {meant[0]}?" if meant else f"It has {', '.join(commands)}."
        raise UsageError(f"{prog} has no command {name!r}. {hint}")
    return name, commands[name].read_words(words[1:])


def overview(commands: Mapping[str, Parser], prog: str) -> str:
    """Return one line for each of `commands`."""
    lines = [f"  {name:<10} {parser.description}" for name, parser in commands.items()]
    return "\n".join([f"{prog} COMMAND …      ({prog} COMMAND --help tells more)", "", *lines, ""])
