"""Commands that only look: list, show, search, tags, includes, referrers."""

import argparse
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from prompt_kernel.cli._command import USAGE_ERROR, Command, Refusal, add_json, add_path, open_store, whole_number
from prompt_kernel.cli._output import Column, Marked, Output, visible
from prompt_kernel.expansion import split_pin
from prompt_kernel.records import Entry, Hit, Reference

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_PAGE: Final = 1_000
_EMPTY_STORE: Final = (
    "This store is empty. Save a first prompt:  echo 'Speak plainly.' | prompt-kernel save style/tone -m first\n"
    "or bring in a folder of markdown:          prompt-kernel import FOLDER"
)

_ENTRY: Final[list[Column[Entry]]] = [
    Column("path", lambda entry: entry.path, "bold"),
    Column("version", lambda entry: entry.version),
    Column("updated", lambda entry: entry.updated_at),
    Column("author", lambda entry: entry.author),
    Column("tags", lambda entry: entry.tags),
    Column("description", lambda entry: entry.description),
]
_HIT: Final[list[Column[Hit]]] = [
    Column("path", lambda hit: hit.path, "bold"),
    Column("version", lambda hit: hit.version),
    Column("found", lambda hit: Marked(hit.snippet, hit.marks)),
]
_REFERENCE: Final[list[Column[Reference]]] = [
    Column("path", lambda reference: reference.path, "bold"),
    Column("line", lambda reference: reference.line),
    Column("spelled", lambda reference: reference.spelled),
    Column("pin", lambda reference: reference.pin),
    Column("leads to", lambda reference: reference.target),
]
_TAG: Final[list[Column[tuple[str, int]]]] = [
    Column("tag", lambda pair: pair[0], "bold"),
    Column("prompts", lambda pair: pair[1]),
]


def _add_filters(parser: argparse.ArgumentParser, limit: int | None) -> None:
    parser.add_argument("--tag", metavar="TAG", help="only prompts with this tag")
    most = "no limit" if limit is None else str(limit)
    parser.add_argument(
        "--limit", metavar="N", type=whole_number, default=limit, help=f"at most this many (default: {most})"
    )
    add_json(parser)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIRECTORY", nargs="?", help="only prompts in it and below it")
    _add_filters(parser, None)


def _list(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        entries = _pages(store, arguments.directory, arguments.tag, arguments.limit)
        if not output.rows(entries, _ENTRY):
            output.note(_nothing(store))
    return 0


def _pages(store: "Store", directory: str | None, tag: str | None, limit: int | None) -> Iterator[Entry]:
    return islice(_all_pages(store, directory, tag, _PAGE if limit is None else min(limit, _PAGE)), limit)


def _all_pages(store: "Store", directory: str | None, tag: str | None, size: int) -> Iterator[Entry]:
    after = None
    while page := store.prompts(directory=directory, tag=tag, after=after, limit=size):
        yield from page
        after = page[-1].path


def _nothing(store: "Store") -> str:
    return "No prompt matches." if len(store) else _EMPTY_STORE


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser, "a path or a unique name, with @VERSION or @LABEL if not the newest is meant")
    parser.add_argument("--draft", action="store_true", help="print the text as it is being edited in the dashboard")
    add_json(parser)


def _show(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        if arguments.draft:
            return _show_draft(store, arguments, output)
        prompt = store.get(arguments.path)
    output.document(prompt)
    return 0


def _show_draft(store: "Store", arguments: argparse.Namespace, output: Output) -> int:
    if output.json or split_pin(arguments.path)[1] is not None:
        raise Refusal("--draft prints the text that is being edited now: leave --json and @ out.", USAGE_ERROR)
    from prompt_kernel.live import draft_text  # noqa: PLC0415 - it needs an optional part

    text = draft_text(store, arguments.path)
    output.text(visible(text) if output.terminal else text)
    return 0


def _search_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", metavar="WORD", nargs="+", help="every word must occur; the last may be a beginning")
    parser.add_argument("--directory", metavar="DIRECTORY", help="only prompts in it and below it")
    _add_filters(parser, 50)


def _search(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        words = " ".join(arguments.words)
        hits = store.search(words, tag=arguments.tag, directory=arguments.directory, limit=arguments.limit)
        if not output.rows(hits, _HIT):
            output.note(_nothing(store))
    return 0


def _tags(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        tags = store.tags()
    if output.json:
        output.record(tags)
    else:
        output.rows(list(tags.items()), _TAG)
    return 0


def _reference_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser)
    add_json(parser)


def _includes(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        output.rows(store.includes(arguments.path), _REFERENCE)
    return 0


def _referrers(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        output.rows(store.referrers(arguments.path), _REFERENCE)
    return 0


COMMANDS: Final = {
    "list": Command(
        "List the prompts in order of their paths.\n\n"
        "In a pipe: a line each, tab-separated and without a header:\n"
        "path, version, time, author, tags, description.",
        ["list", "list style --tag short", "list | cut -f1", "list --json | jq '.[].path'"],
        _list_arguments,
        _list,
    ),
    "show": Command(
        "Print a prompt's text as it is stored, with nothing filled in.\n\n"
        "In a pipe: the text alone, byte for byte. In a terminal a table with its facts stands above it.",
        ["show style/tone", "show style/tone@2", "show review@production > review.md", "show review --draft"],
        _show_arguments,
        _show,
    ),
    "search": Command(
        "Find prompts by words in their texts, paths, descriptions and tags, the best first.\n\n"
        "In a pipe: path, version and the words around the match, tab-separated.",
        ["search plain words", "search summar --directory reports --limit 5"],
        _search_arguments,
        _search,
    ),
    "tags": Command(
        "List the tags, each with the number of prompts that have it.", ["tags", "tags --json"], add_json, _tags
    ),
    "includes": Command(
        "List what a prompt includes.\n\n"
        "In a pipe: path, line, what stands between the brackets, its pin, where it leads; tab-separated.",
        ["includes review"],
        _reference_arguments,
        _includes,
    ),
    "referrers": Command(
        "List what includes a prompt.\n\n"
        "In a pipe: path, line, what stands between the brackets, its pin, where it leads; tab-separated.",
        ["referrers style/tone"],
        _reference_arguments,
        _referrers,
    ),
}
