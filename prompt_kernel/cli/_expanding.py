"""The command expand: only the expanded text goes to stdout, so that it pipes."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel.cli._command import USAGE_ERROR, Command, Refusal, check_stdin, open_store, read_text, whole_number
from prompt_kernel.cli._output import Output, as_json
from prompt_kernel.expansion import Expansion, Limits, Manifest

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_LIMITS: Final = ("characters", "inclusions", "depth", "arguments")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not name=value")
    return name, value


def _limit(text: str) -> tuple[str, int]:
    name, number = _pair(text)
    if name not in _LIMITS:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(_LIMITS)}")
    return name, whole_number(number)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        help="a path or a unique name, with @VERSION or @LABEL if you like; - reads a text from stdin",
    )
    parser.add_argument("values", metavar="name=value", nargs="*", type=_pair, help="a variable's value")
    parser.add_argument(
        "--file",
        metavar="name=FILE",
        action="append",
        type=_pair,
        default=[],
        help="a variable's value from a file, byte for byte; name=- reads stdin",
    )
    parser.add_argument("--var-json", metavar="FILE", help="values from a JSON object; the other ways win over it")
    parser.add_argument("--lenient", action="store_true", help="leave in place what is missing, and say so on stderr")
    parser.add_argument("--directory", metavar="DIRECTORY", help="where a text from stdin is taken to stand")
    parser.add_argument(
        "--limit",
        metavar="NAME=N",
        action="append",
        type=_limit,
        default=[],
        help=f"another limit for {', '.join(_LIMITS)}",
    )
    parser.add_argument("--manifest", metavar="FILE", help="write which versions were used, as JSON, to FILE")
    parser.add_argument("--lock", metavar="FILE", help="expand what a lock has frozen, and nothing else; see freeze")
    parser.add_argument("--again", metavar="FILE", help="expand what a manifest in FILE says, instead of PATH")


def _run(arguments: argparse.Namespace, output: Output) -> int:
    _check(arguments)
    values = _values(arguments, output)
    with open_store(arguments, output, lock=arguments.lock) as store:
        expansion = _expand(store, arguments, values, output)
    for diagnostic in expansion.diagnostics:
        output.note(str(diagnostic))
    if arguments.manifest:
        Path(arguments.manifest).write_text(as_json(expansion.manifest.as_data()), encoding="utf-8", newline="\n")
    output.text(expansion)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if arguments.again:
        _check_again(arguments)
    elif not arguments.path:
        raise Refusal("Say what to expand: a PATH, - for a text from stdin, or --again FILE.", USAGE_ERROR)
    sources = {"the text": arguments.path, "--var-json": arguments.var_json, "--again": arguments.again}
    check_stdin([*sources.items(), *arguments.file])


def _check_again(arguments: argparse.Namespace) -> None:
    if arguments.lenient or arguments.directory or arguments.limit or arguments.lock:
        raise Refusal("--again expands as it was: without --lenient, --directory, --limit and --lock.", USAGE_ERROR)
    if arguments.path:
        # With --again there is no PATH, so the first name=value landed in its place.
        try:
            arguments.values.insert(0, _pair(arguments.path))
        except argparse.ArgumentTypeError as error:
            raise Refusal(f"Give either a PATH or --again FILE: {error}.", USAGE_ERROR) from error
        arguments.path = None


def _values(arguments: argparse.Namespace, output: Output) -> dict[str, Any]:
    values = _read_object(arguments.var_json, output) if arguments.var_json else {}
    values |= {name: read_text(file, output) for name, file in arguments.file}
    return values | dict(arguments.values)


def _read_object(file: str, output: Output) -> dict[str, Any]:
    try:
        found = json.loads(read_text(file, output).removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise Refusal(f"{file} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from error
    if not isinstance(found, dict):
        raise Refusal(f'{file} does not hold a JSON object, as in {{"tone": "plain"}}.')
    return found


def _read_manifest(file: str, output: Output) -> Manifest:
    try:
        return Manifest.from_data(_read_object(file, output))
    except (KeyError, TypeError) as error:
        raise Refusal(f"{file} is not a manifest: write one with --manifest.") from error


def _expand(store: "Store", arguments: argparse.Namespace, values: dict[str, Any], output: Output) -> Expansion:
    if arguments.again:
        return store.expand_manifest(_read_manifest(arguments.again, output), values)
    limits = Limits(**dict(arguments.limit))
    strict = not arguments.lenient
    if arguments.path == "-":
        text, directory = read_text("-", output), arguments.directory or ""
        return store.expand_text(text, values, directory=directory, strict=strict, limits=limits)
    return store.expand(arguments.path, values, strict=strict, limits=limits)


COMMANDS: Final = {
    "expand": Command(
        "Print a prompt with its inclusions and variables filled in.\n\n"
        "stdout gets the expanded text and nothing else, byte for byte; findings go to stderr.",
        [
            "expand review code='x = 1' | llm",
            "git diff | prompt-kernel expand review@production --file code=-",
            "expand summary --var-json values.json --lenient",
            "echo 'In short: [[style/tone]]' | prompt-kernel expand - tone=plain",
            "expand review --file code=a.py --manifest review.manifest.json",
            "expand --again review.manifest.json --file code=a.py",
            "expand review --file code=a.py --lock prompts.lock",
        ],
        _arguments,
        _run,
    )
}
