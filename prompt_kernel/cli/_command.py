"""What a command is made of: its arguments, its help, and the function that runs it."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import prompt_kernel as pk
from prompt_kernel.cli._output import Output, write_text

if TYPE_CHECKING:
    from prompt_kernel.store import Store

PROGRAM = "prompt-kernel"
USAGE_ERROR = 2


class Refusal(Exception):  # noqa: N818 - it is what the command line answers, and carries the exit code
    """A sentence for stderr and the exit code that goes with it."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        """Hold the `sentence` and the exit `code`."""
        super().__init__(sentence)
        self.code = code


class Command(NamedTuple):
    """One command: `about` heads its help, `examples` end it (the program's name may be left out)."""

    about: str
    examples: Sequence[str]
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Output], int]


class Parser(argparse.ArgumentParser):
    """An argument parser whose help is UTF-8 everywhere and whose errors are one sentence."""

    def print_help(self, file: Any = None) -> None:
        """Write the help to stdout as UTF-8, whatever the locale; or to `file`."""
        write = file.write if file else write_text
        write(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            Refusal: always, with exit code 2.
        """
        raise Refusal(f"{message}\nSee: {self.prog} --help", USAGE_ERROR)


def add_store_options(parser: argparse.ArgumentParser, default: object) -> None:
    """Add the options that stand before or after every command's name."""
    group = parser.add_argument_group("the store")
    group.add_argument(
        "--store",
        metavar="URL",
        default=default,
        help="a file, a database URL or the http:// of a server (default: $PROMPT_KERNEL_URL, else a file in your data "
        "directory)",
    )
    group.add_argument("--author", metavar="NAME", default=default, help="who writes (default: you)")


def parse(name: str, command: Command, given: Sequence[str], namespace: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments `given` to `command`, on top of the global options in `namespace`."""
    program = f"{PROGRAM} {name}"
    parser = Parser(
        prog=program,
        description=command.about,
        epilog="examples:\n" + "".join(map(_example, command.examples)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.arguments(parser)
    add_store_options(parser, argparse.SUPPRESS)
    return parser.parse_intermixed_args(given, namespace)


def _example(line: str) -> str:
    return f"  {line}\n" if PROGRAM in line else f"  {PROGRAM} {line}\n"


@contextmanager
def open_store(arguments: argparse.Namespace, output: Output, *, lock: str | None = None) -> Iterator["Store"]:
    """Open the store that the global options name, by a `lock` if there is one; say so if it takes no changes."""
    with pk.connect(arguments.store, author=arguments.author, origin="cli", lock=lock) as store:
        if store.read_only:
            output.note(f"This store is open for reading only: {store.read_only}.")
        yield store


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON with every field, in a terminal too")


def add_path(parser: argparse.ArgumentParser, explanation: str = "a path or a unique name") -> None:
    """Add the positional `PATH`."""
    parser.add_argument("path", metavar="PATH", help=explanation)


def whole_number(text: str) -> int:
    """Return `text` as a number of at least 0.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def pin(text: str) -> int | str:
    """Return a version's number, or a label."""
    return int(text) if text.isascii() and text.isdecimal() else text


def read_text(name: str, output: Output) -> str:
    """Return the text of the file `name`, or of stdin if it is `-`, with its newlines and its BOM as they are.

    Raises:
        Refusal: the bytes are not UTF-8.
    """
    if name == "-" and sys.stdin.isatty():
        output.note("Type the text; Ctrl-D on a line of its own ends it.")
    if name == "-":
        data = sys.stdin.buffer.read()
    else:
        with open(name, "rb") as file:  # noqa: PTH123 - Path would drop the "./" from the name in the error
            data = file.read()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        shown = "The standard input" if name == "-" else name
        raise Refusal(f"{shown} is not UTF-8 text: byte {error.start + 1} is {data[error.start]:#04x}.") from error


def check_stdin(sources: Iterable[tuple[str, str | None]]) -> None:
    """Check that at most one of `sources`, each a name and a file, is stdin.

    Raises:
        Refusal: two of them are `-`.
    """
    names = [name for name, file in sources if file == "-"]
    if len(names) > 1:
        raise Refusal(f"Only one thing can come from stdin, not {' and '.join(names)}.", USAGE_ERROR)


def silence_stdout() -> None:
    """Point stdout at nothing, so that the last flush of the interpreter cannot fail on a closed pipe."""
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a device, not a path
        os.dup2(nothing.fileno(), sys.stdout.fileno())
