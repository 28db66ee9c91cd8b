"""Commands between the store and files, of our own format or of another tool's: import, export."""

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from prompt_kernel.cli._command import USAGE_ERROR, Command, Refusal, add_json, open_store
from prompt_kernel.cli._output import Column, Output, as_json
from prompt_kernel.cli._writing import add_message
from prompt_kernel.records import ExportReport, ImportReport, Loss

if TYPE_CHECKING:
    from prompt_kernel.files.formats import Format

_MOST_SHOWN: Final = 10


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", nargs="?", help="a folder or a file of any format")
    parser.add_argument("--format", metavar="FORMAT", help="what it is (default: it is recognised)")
    parser.add_argument(
        "--into", metavar="DIRECTORY", default="", help="put them below this directory (default: the top)"
    )
    parser.add_argument("--dry-run", action="store_true", help="tell what would be imported, and change nothing")
    parser.add_argument("--list-formats", action="store_true", help="list the formats that can be imported")
    add_json(parser)
    add_message(parser)


def _import(arguments: argparse.Namespace, output: Output) -> int:
    from prompt_kernel.files import formats, preview  # noqa: PLC0415 - help does not need them

    if arguments.list_formats:
        return _list(formats.readable(), output)
    source = _needed(arguments.source, "SOURCE")
    with open_store(arguments, output) as store, output.progress("Importing") as progress:
        if arguments.dry_run:
            report = preview(store, source, format=arguments.format, into=arguments.into)
        else:
            report = store.import_from(
                source, format=arguments.format, into=arguments.into, message=arguments.message, progress=progress
            )
    _write_import(report, output, dry_run=arguments.dry_run)
    return 0


def _write_import(report: ImportReport, output: Output, *, dry_run: bool) -> None:
    if output.json:
        output.text(as_json(report))
        return
    for name, reason in report.skipped.items():
        output.note(f"Skipped {name}: {reason}")
    _note_losses(report.losses, output)
    if dry_run:
        output.note("This would happen; nothing was imported.")
    if output.terminal:
        output.result(str(report))
        return
    if report.format != "markdown":
        output.note(f"Read as {report.format}.")
    for state, paths in (("created", report.created), ("updated", report.updated), ("unchanged", report.unchanged)):
        output.text("".join(f"{state}\t{path}\n" for path in paths))


def _note_losses(losses: Sequence[Loss], output: Output) -> None:
    """Say what could not be carried: each sentence once, with how often it is true, the most frequent first."""
    if not losses:
        return
    counts = Counter(loss.what for loss in losses)
    first = {loss.what: loss.where for loss in reversed(losses)}
    output.note(f"{len(losses):,} {'thing' if len(losses) == 1 else 'things'} could not be carried over:")
    for what, count in counts.most_common(_MOST_SHOWN):
        others = f" and {count - 1:,} more" if count > 1 else ""
        output.note(f"  {first[what]}{others}: {what}")
    if len(counts) > _MOST_SHOWN:
        output.note(f"  … and {len(counts) - _MOST_SHOWN:,} more kinds; --json lists all.")


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="TARGET", nargs="?", help="a folder, or a file for a format of one file")
    parser.add_argument("--format", metavar="FORMAT", default="markdown", help="what to write (default: markdown)")
    parser.add_argument("--directory", metavar="DIRECTORY", default="", help="only the prompts below this directory")
    parser.add_argument("--list-formats", action="store_true", help="list the formats that can be exported")
    add_json(parser)


def _export(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.list_formats:
        from prompt_kernel.files import formats  # noqa: PLC0415 - see _import

        return _list(formats.writable(), output)
    target = _needed(arguments.target, "TARGET")
    with open_store(arguments, output) as store, output.progress("Exporting") as progress:
        report = store.export_to(target, format=arguments.format, directory=arguments.directory, progress=progress)
    write_export(report, output)
    return 0


def write_export(report: ExportReport, output: Output) -> None:
    """Say which files were written: in one sentence, or to a pipe a line each."""
    if output.json:
        output.text(as_json(report))
        return
    _note_losses(report.losses, output)
    if output.terminal:
        output.result(str(report))
        return
    for state, names in (("written", report.written), ("unchanged", report.unchanged)):
        output.text("".join(f"{state}\t{name}\n" for name in names))


def _needed(given: str | None, name: str) -> str:
    if given is None:
        raise Refusal(f"the following arguments are required: {name}", USAGE_ERROR)
    return given


def _list(formats: "Sequence[Format]", output: Output) -> int:
    output.rows(formats, [Column("format", lambda each: each.name), Column("what it is", lambda each: each.title)])
    return 0


COMMANDS: Final = {
    "import": Command(
        "Bring in prompts: a folder of markdown files with YAML front matter, or another tool's files. The format is\n"
        "recognised; --list-formats names all.\n\n"
        "All of it or nothing: files that cannot be read are named together, and then nothing is imported. What a\n"
        "format says that has no counterpart here is reported.\n"
        "In a pipe: created, updated or unchanged, and the path; tab-separated.",
        [
            "import prompts",
            "import ~/notes/prompts --into notes -m 'from my notes'",
            "import prompts.csv --into community --dry-run",
            "import ~/repo --format claude",
        ],
        _import_arguments,
        _import,
    ),
    "export": Command(
        "Write the prompts to a folder of markdown files with YAML front matter, or in another tool's format. Files\n"
        "of an import whose prompts are unchanged come out byte for byte the same. --list-formats names all.\n\n"
        "In a pipe: written or unchanged, and the file; tab-separated.",
        ["export prompts", "export style --directory style", "export prompts.csv --format prompts-chat"],
        _export_arguments,
        _export,
    ),
}
