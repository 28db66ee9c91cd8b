"""The command that copies a whole store: copy."""

import argparse
from typing import Final

from prompt_kernel.cli._command import Command, add_json
from prompt_kernel.cli._output import Output, as_data


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="FROM", help="the store to copy: a file or a database URL")
    parser.add_argument(
        "target", metavar="TO", help="an empty store, or an earlier copy; it is made if it is not there"
    )
    add_json(parser)


def _copy(arguments: argparse.Namespace, output: Output) -> int:
    from prompt_kernel.files import copy_store  # noqa: PLC0415 - it needs the database, and --help does not

    with output.progress("Copying") as progress:
        report = copy_store(arguments.source, arguments.target, progress=progress)
    if output.json:
        output.record(as_data(report))
    else:
        output.result(str(report), "copied" if report.changed else "unchanged", report.target, report.sha256)
    return 0


COMMANDS: Final = {
    "copy": Command(
        "Copy a whole store to another one, of whatever engine: every version, label and former name, the trash, the\n"
        "log. In the end both are compared by their hashes. Tokens and links to folders' files stay where they are.\n\n"
        "FROM is only read, and may be in use; what is copied is how it is at the beginning. TO is empty, or an\n"
        "earlier copy of FROM, which is then brought up to date; a copy that was interrupted goes on when it is run\n"
        "again. If anybody has changed TO since, it is left as it is.\n\n"
        "In a pipe: copied or unchanged, TO, and the hash; tab-separated.",
        ["copy prompts.db postgresql+psycopg://team@localhost/prompts", "copy postgresql://localhost/prompts mine.db"],
        _arguments,
        _copy,
    ),
}
