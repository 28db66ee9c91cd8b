"""Commands about deleting: delete, trash, recover, purge."""

import argparse
from typing import Final

from prompt_kernel.cli._command import USAGE_ERROR, Command, Refusal, add_json, add_path, open_store
from prompt_kernel.cli._output import Column, Output
from prompt_kernel.records import Trashed

_TRASHED: Final[list[Column[Trashed]]] = [
    Column("path", lambda trashed: trashed.path, "bold"),
    Column("version", lambda trashed: trashed.version),
    Column("deleted", lambda trashed: trashed.deleted_at),
    Column("by", lambda trashed: trashed.deleted_by),
    Column("uid", lambda trashed: trashed.uid),
]


def _delete_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser)
    parser.add_argument("--force", action="store_true", help="even if other prompts include it")


def _delete(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        trashed = store.delete(arguments.path, force=arguments.force)
    sentence = f"{trashed.path} is in the trash. Take it out with: prompt-kernel recover '{trashed.path}'"
    output.result(sentence, trashed.path, trashed.version, trashed.uid)
    return 0


def _trash(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        if not output.rows(store.trash(), _TRASHED):
            output.note("The trash is empty.")
    return 0


def _recover_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser, "its path, or its uid where several have that path")
    parser.add_argument("--to", metavar="PATH", help="recover it under another path")


def _recover(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        prompt = store.recover(arguments.path, to=arguments.to)
    output.result(f"{prompt.path} is back, as version {prompt.version}.", prompt.path, prompt.version)
    return 0


def _purge_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", nargs="?", help="its path or its uid in the trash")
    parser.add_argument("--all", action="store_true", help="the whole trash")


def _purge(arguments: argparse.Namespace, output: Output) -> int:
    if bool(arguments.path) == arguments.all:
        raise Refusal("Give either a PATH or --all; what is purged cannot be recovered.", USAGE_ERROR)
    with open_store(arguments, output) as store:
        count = store.purge(arguments.path)
    prompts = "1 prompt" if count == 1 else f"{count} prompts"
    output.result(f"Removed {prompts} for good.", count)
    return 0


COMMANDS: Final = {
    "delete": Command(
        "Put a prompt into the trash, with all its versions.",
        ["delete style/tone", "delete style/tone --force"],
        _delete_arguments,
        _delete,
    ),
    "trash": Command(
        "List what is in the trash.\n\nIn a pipe: path, version, time, who deleted it, uid; tab-separated.",
        ["trash"],
        add_json,
        _trash,
    ),
    "recover": Command(
        "Take a prompt out of the trash.",
        ["recover style/tone", "recover style/tone --to style/old-tone"],
        _recover_arguments,
        _recover,
    ),
    "purge": Command(
        "Remove a prompt in the trash, or the whole trash, for good: texts, history, search index.",
        ["purge style/tone", "purge --all"],
        _purge_arguments,
        _purge,
    ),
}
