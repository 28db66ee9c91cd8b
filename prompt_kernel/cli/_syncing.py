"""The command sync: directories and the folders that they are linked to, both ways."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from prompt_kernel.cli._command import USAGE_ERROR, Command, Refusal, add_json, open_store
from prompt_kernel.cli._output import Output, as_json
from prompt_kernel.errors import DirectoryNotFoundError
from prompt_kernel.records import SyncReport

if TYPE_CHECKING:
    from prompt_kernel.store import Store

#: What became of a path, and the field of the report that tells it.
_STATES: Final = ("pulled", "pushed", "merged", "deleted", "recovered")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "directory", metavar="DIRECTORY", nargs="?", help="the one to sync (default: all that are linked)"
    )
    links = parser.add_mutually_exclusive_group()
    links.add_argument(
        "--link", metavar="FOLDER", help="link the directory to this folder first; it is made if it is new"
    )
    links.add_argument("--unlink", action="store_true", help="link it to no folder any more; files and prompts stay")
    parser.add_argument("--watch", action="store_true", help="go on, and sync after every change, until Ctrl-C")
    parser.add_argument(
        "--delete",
        action="store_true",
        help="delete prompts whose files are gone even if others include them, or if all files are gone",
    )
    add_json(parser)


def _run(arguments: argparse.Namespace, output: Output) -> int:
    if (arguments.link is not None or arguments.unlink) and not arguments.directory:
        raise Refusal("Give the DIRECTORY that is to be linked or unlinked.", USAGE_ERROR)
    with open_store(arguments, output) as store:
        if arguments.unlink:
            directory = store.update_directory(arguments.directory, source="")
            output.result(f"The directory {directory.path} is linked to no folder now.", directory.path, "unlinked")
            return 0
        if arguments.link is not None:
            _link(store, arguments.directory, arguments.link)
        if arguments.watch:
            return _watch(store, arguments, output)
        with output.progress("Syncing") as progress:
            report = store.sync(arguments.directory, delete=arguments.delete, progress=progress)
        return _show(report, output)


def _link(store: "Store", directory: str, folder: str) -> None:
    try:
        store.update_directory(directory, source=folder)
    except DirectoryNotFoundError:
        store.add_directory(directory, source=folder)


def _show(report: SyncReport, output: Output) -> int:
    """Say what was done; the exit code is 1 where somebody should look at something."""
    for remark in report.remarks:
        output.note(_for_the_shell(remark))
    if output.json:
        output.text(as_json(report))
    elif output.terminal:
        output.result(str(report))
    else:
        output.text("".join(f"{line}\n" for line in _lines(report)))
    # What ends in a slash is a directory that is not to be synced.
    return int(bool(report.conflicts) or any(not name.endswith("/") for name in report.skipped))


def _for_the_shell(remark: str) -> str:
    return remark.replace("sync with delete=True", "sync with --delete")


def _lines(report: SyncReport) -> list[str]:
    lines = [f"{state}\t{path}" for state in _STATES for path in getattr(report, state)]
    lines += [f"renamed\t{old}\t{new}" for old, new in report.renamed.items()]
    return lines + [f"conflict\t{path}\t{copy}" for path, copy in report.conflicts.items()]


def _watch(store: "Store", arguments: argparse.Namespace, output: Output) -> int:
    from prompt_kernel.files import watch  # noqa: PLC0415 - only this needs it

    with _until_interrupted() as stop:
        for report in watch(store, arguments.directory, delete=arguments.delete, stop=stop):
            _tell(report, output)
    return 0


@contextmanager
def _until_interrupted() -> Iterator[threading.Event]:
    """Give what is set at Ctrl-C, so that a sync that is under way comes to its end; a second one interrupts it."""
    stop = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def end(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, end)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(report: SyncReport, output: Output) -> None:
    """Write what one of many syncs did, as it happens: a line each, with the time."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    if output.json:
        output.text(as_json({"at": now, "report": report}))
    else:
        lines = _lines(report) or ([] if report.skipped else [f"unchanged\t{report.unchanged}"])
        output.text("".join(f"{now}\t{line}\n" for line in lines))
    for remark in report.remarks:
        output.note(f"{now} {_for_the_shell(remark)}")
    sys.stdout.flush()


COMMANDS: Final = {
    "sync": Command(
        "Bring a directory and the folder that it is linked to together, both ways: what was changed, made, renamed\n"
        "or deleted on one side is so on the other. Changes on both sides are merged; where they are in the same\n"
        "lines, the store's text stands, and the file's is kept beside it as NAME-conflict. What is deleted lies in\n"
        "the trash.\n\n"
        "In a pipe: pulled, pushed, merged, deleted, recovered, renamed or conflict, and the path; tab-separated,\n"
        "while watching with the time before it. The exit code is 1 if there were conflicts, or something was skipped.",
        ["sync notes --link ~/notes", "sync", "sync notes --watch", "sync notes --delete"],
        _arguments,
        _run,
    )
}
