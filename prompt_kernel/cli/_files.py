"""Commands between the store and folders of markdown: import, export."""

import argparse
from typing import Final

from prompt_kernel.cli._command import Command, open_store
from prompt_kernel.cli._output import Output
from prompt_kernel.cli._writing import add_message
from prompt_kernel.records import ExportReport


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="a folder with .md files, in nested folders too")
    parser.add_argument(
        "--into", metavar="DIRECTORY", default="", help="put them below this directory (default: the top)"
    )
    add_message(parser)


def _import(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store, output.progress("Importing") as progress:
        report = store.import_folder(
            arguments.folder, into=arguments.into, progress=progress, message=arguments.message
        )
    for name, reason in report.skipped.items():
        output.note(f"Skipped {name}: {reason}")
    if output.terminal:
        output.result(str(report))
        return 0
    for state, paths in (("created", report.created), ("updated", report.updated), ("unchanged", report.unchanged)):
        output.text("".join(f"{state}\t{path}\n" for path in paths))
    return 0


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="where to write; it is made if it is not there")
    parser.add_argument("--directory", metavar="DIRECTORY", default="", help="only the prompts below this directory")


def _export(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store, output.progress("Exporting") as progress:
        report = store.export_folder(arguments.folder, directory=arguments.directory, progress=progress)
    write_export(report, output)
    return 0


def write_export(report: ExportReport, output: Output) -> None:
    """Say which files were written: in one sentence, or to a pipe a line each."""
    if output.terminal:
        output.result(str(report))
        return
    for state, names in (("written", report.written), ("unchanged", report.unchanged)):
        output.text("".join(f"{state}\t{name}\n" for name in names))


COMMANDS: Final = {
    "import": Command(
        "Bring in a folder of markdown files with YAML front matter; nested folders become directories.\n\n"
        "All of it or nothing: files that cannot be read are named together, and then nothing is imported.\n"
        "In a pipe: created, updated or unchanged, and the path; tab-separated.",
        ["import prompts", "import ~/notes/prompts --into notes -m 'from my notes'"],
        _import_arguments,
        _import,
    ),
    "export": Command(
        "Write the prompts to a folder of markdown files with YAML front matter. Files of an import whose prompts are\n"
        "unchanged come out byte for byte the same.\n\n"
        "In a pipe: written or unchanged, and the file; tab-separated.",
        ["export prompts", "export style --directory style"],
        _export_arguments,
        _export,
    ),
}
