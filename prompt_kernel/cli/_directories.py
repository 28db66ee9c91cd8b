"""The command dirs: list the directories, and change one."""

import argparse
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel.cli._command import USAGE_ERROR, Command, Refusal, add_json, open_store
from prompt_kernel.cli._output import Column, Output
from prompt_kernel.records import Directory

if TYPE_CHECKING:
    from prompt_kernel.store import Store


def _state(directory: Directory) -> str:
    return "enabled" if directory.enabled else "disabled"


_DIRECTORY: Final[list[Column[Directory]]] = [
    Column("directory", lambda directory: directory.path, "bold"),
    Column("prompts", lambda directory: directory.prompts),
    Column("state", _state),
    Column("linked to", lambda directory: directory.source),
    Column("description", lambda directory: directory.description),
]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIRECTORY", nargs="?", help="the one to change (default: list all)")
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument("--add", action="store_true", help="make it")
    actions.add_argument(
        "--enable", dest="enabled", action="store_true", default=None, help="let its prompts be included"
    )
    actions.add_argument("--disable", dest="enabled", action="store_false", help="let none of its prompts be included")
    actions.add_argument("--remove", action="store_true", help="remove it; it must be empty")
    parser.add_argument("--description", metavar="TEXT", help="set its description")
    add_json(parser)


def _run(arguments: argparse.Namespace, output: Output) -> int:
    change = arguments.add or arguments.remove or arguments.enabled is not None or arguments.description is not None
    if change != bool(arguments.directory):
        raise Refusal(
            "Give a DIRECTORY with --add, --enable, --disable, --remove or --description, or nothing to list them.",
            USAGE_ERROR,
        )
    with open_store(arguments, output) as store:
        if change:
            _change(store, arguments, output)
        elif not output.rows(store.directories(), _DIRECTORY):
            output.note("There are no directories. Saving a prompt makes the directories of its path.")
    return 0


def _change(store: "Store", arguments: argparse.Namespace, output: Output) -> None:
    path = arguments.directory
    if arguments.remove:
        store.remove_directory(path)
        output.result(f"Removed the directory {path}.", path, "removed")
        return
    described: dict[str, Any] = {} if arguments.description is None else {"description": arguments.description}
    if arguments.add:
        directory = store.add_directory(path, **described)
        output.result(f"Added the directory {directory.path}.", directory.path, "added")
        return
    directory = store.update_directory(path, enabled=arguments.enabled, **described)
    output.result(f"The directory {directory.path} is {_state(directory)}.", directory.path, _state(directory))


COMMANDS: Final = {
    "dirs": Command(
        "List the directories, or change one.\n\n"
        "In a pipe: path, number of prompts, enabled or disabled, linked folder, description; tab-separated.",
        ["dirs", "dirs drafts --add --description 'not yet in use'", "dirs drafts --disable", "dirs drafts --remove"],
        _arguments,
        _run,
    )
}
