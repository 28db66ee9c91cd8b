"""Commands about locks: freeze, verify."""

import argparse
from typing import Final

from prompt_kernel.cli._command import Command, add_json, open_store
from prompt_kernel.cli._output import Column, Output, as_json
from prompt_kernel.errors import LockFileError
from prompt_kernel.locations import LOCK_FILE
from prompt_kernel.lock import Lock
from prompt_kernel.records import Drift

_DRIFT: Final[list[Column[Drift]]] = [
    Column("prompt", lambda drift: f"{drift.path}@{drift.version}", "bold"),
    Column("what", lambda drift: drift.kind),
    Column("now", lambda drift: drift.now),
    Column("why", lambda drift: drift.message),
    Column("in", lambda drift: drift.names),
]


def _freeze_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="a path, with @VERSION or @LABEL if you like, or a glob (default: all names that the lock has)",
    )
    parser.add_argument("--lock", metavar="FILE", default=LOCK_FILE, help=f"the lock (default: {LOCK_FILE})")
    parser.add_argument("--prune", action="store_true", help="leave out what the lock has and is not named")
    add_json(parser)


def _freeze(arguments: argparse.Namespace, output: Output) -> int:
    paths = arguments.paths or list(Lock.read(arguments.lock).names)
    if not paths:
        raise LockFileError(arguments.lock, "it freezes nothing yet; name the prompts")
    with open_store(arguments, output) as store:
        done = store.freeze(arguments.lock, paths, prune=arguments.prune)
    if output.json:
        output.text(as_json(done))
        return 0
    output.result(str(done).partition("\n")[0], done.file, done.prompts)
    for remark in done.remarks:
        output.note(remark)
    return 0


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", default=LOCK_FILE, help=f"the lock (default: {LOCK_FILE})")
    add_json(parser)


def _verify(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        found = store.verify(arguments.file)
    output.rows(found, _DRIFT)
    if not output.json:
        for drift in found:
            if drift.diff:
                output.diff(list(drift.diff.lines()))
        if not found:
            output.note(found.empty)
    return 1 if found else 0


COMMANDS: Final = {
    "freeze": Command(
        "Write the exact versions of prompts, with all that they include, into a lock.\n\n"
        "Names that the lock has already stay in it as they were. Without a PATH, all of them are frozen anew, as\n"
        "they are now. A notebook writes its own: %prompts freeze.",
        ["freeze review 'rules/*'", "freeze review@production --lock batch.lock", "freeze"],
        _freeze_arguments,
        _freeze,
    ),
    "verify": Command(
        "Say how the store differs from what a lock has frozen: changed, relabelled, renamed, deleted prompts, and\n"
        "names that lead elsewhere, with the differences of the texts. The exit code is 1 if there are any.",
        ["verify", "verify batch.lock --json"],
        _verify_arguments,
        _verify,
    ),
}
