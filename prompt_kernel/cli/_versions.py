"""Commands about versions: history, diff, label, restore."""

import argparse
from pathlib import Path
from typing import Final

import prompt_kernel as pk
from prompt_kernel.cli._command import USAGE_ERROR, Command, Refusal, add_json, add_path, open_store, pin
from prompt_kernel.cli._output import Column, Output
from prompt_kernel.cli._writing import add_message
from prompt_kernel.locations import file_of, url_of
from prompt_kernel.records import Version

_VERSION: Final[list[Column[Version]]] = [
    Column("version", lambda version: version.number, "bold"),
    Column("saved", lambda version: version.created_at),
    Column("author", lambda version: version.author),
    Column("origin", lambda version: version.origin),
    Column("labels", lambda version: version.labels),
    Column("message", lambda version: version.message),
]
_LABEL: Final[list[Column[tuple[str, int]]]] = [
    Column("label", lambda pair: pair[0], "bold"),
    Column("version", lambda pair: pair[1]),
]


def _history_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser)
    add_json(parser)


def _history(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        output.rows(store.history(arguments.path), _VERSION)
    return 0


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser)
    parser.add_argument(
        "before", metavar="A", nargs="?", type=pin, help="a version or a label (default: the last but one)"
    )
    parser.add_argument("after", metavar="B", nargs="?", type=pin, help="a version or a label (default: the newest)")
    parser.add_argument("--expanded", action="store_true", help="compare the expanded texts")


def _diff(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        found = store.diff(arguments.path, arguments.before, arguments.after, expanded=arguments.expanded)
    output.diff(list(found.lines()))
    if not found:
        output.note(f"{found.before_name} and {found.after_name} are the same.")
    return 0


def _label_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser)
    parser.add_argument("label", metavar="LABEL", nargs="?", help="the label to set (default: list the labels)")
    parser.add_argument(
        "version", metavar="VERSION", nargs="?", type=pin, help="a version or another label (default: the newest)"
    )
    parser.add_argument("--remove", action="store_true", help="take the label away")


def _label(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.remove and (not arguments.label or arguments.version is not None):
        raise Refusal("--remove needs a LABEL and no VERSION.", USAGE_ERROR)
    with open_store(arguments, output) as store:
        if arguments.remove:
            prompt = store.unlabel(arguments.path, arguments.label)
            output.result(f"{prompt.path} has no label {arguments.label} any more.", prompt.path, arguments.label)
        elif arguments.label:
            version = store.get(arguments.path, version=arguments.version).version
            prompt = store.label(arguments.path, arguments.label, version=version)
            output.result(
                f"{prompt.path}@{arguments.label} is version {version}.", prompt.path, arguments.label, version
            )
        else:
            output.rows(list(store.get(arguments.path).labels.items()), _LABEL)
    return 0


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", nargs="?", help="a path or a unique name")
    parser.add_argument("version", metavar="VERSION", nargs="?", type=pin, help="a version or a label")
    parser.add_argument("--backup", metavar="FILE", help="replace the whole store by this backup instead")
    add_message(parser)


def _restore(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.backup and arguments.path:
        raise Refusal("Give either PATH and VERSION, or --backup FILE.", USAGE_ERROR)
    if arguments.backup:
        return _restore_backup(arguments, output)
    if not arguments.path or arguments.version is None:
        raise Refusal("Give a PATH and a VERSION, or --backup FILE.", USAGE_ERROR)
    with open_store(arguments, output) as store:
        version = store.get(arguments.path, version=arguments.version).version
        prompt = store.restore(arguments.path, version, message=arguments.message)
    sentence = f"{prompt.path} is as version {version} was: now version {prompt.version}."
    output.result(sentence, prompt.path, prompt.version)
    return 0


def _restore_backup(arguments: argparse.Namespace, output: Output) -> int:
    file = file_of(url_of(arguments.store))
    replaced = file is not None and file.exists()
    kept = pk.restore_backup(Path(arguments.backup), arguments.store)
    before = f"The one before is kept in {kept}." if replaced else "There was none before."
    output.result(f"The store is as {arguments.backup} has it. {before}", kept)
    return 0


COMMANDS: Final = {
    "history": Command(
        "List a prompt's versions, the newest first.\n\n"
        "In a pipe: version, time, author, origin, labels, message; tab-separated. --json has the texts too.",
        ["history style/tone"],
        _history_arguments,
        _history,
    ),
    "diff": Command(
        "Compare two versions of a prompt line by line; without A and B, what the last save changed.",
        ["diff style/tone", "diff style/tone 1 3", "diff review production --expanded"],
        _diff_arguments,
        _diff,
    ),
    "label": Command(
        "Name a version of a prompt, or move the name; [[path@label]] then includes that version.",
        ["label review production", "label review production 3", "label review production staging", "label review"],
        _label_arguments,
        _label,
    ),
    "restore": Command(
        "Make an old version of a prompt the newest; nothing is lost, the history grows by one.\n"
        "With --backup: replace the whole store by a backup; the store that was there is kept beside it.",
        ["restore style/tone 2 -m 'the shorter one was worse'", "restore --backup prompts-2026-01-31.db"],
        _restore_arguments,
        _restore,
    ),
}
