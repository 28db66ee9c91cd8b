"""Commands that look after a store: check, doctor, backup, where."""

import argparse
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import prompt_kernel as pk
from prompt_kernel.cli._command import Command, add_json, open_store
from prompt_kernel.cli._files import write_export
from prompt_kernel.cli._output import Column, Output, as_data
from prompt_kernel.locations import shown
from prompt_kernel.records import Finding

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_FINDING: Final[list[Column[Finding]]] = [
    Column("severity", lambda finding: finding.severity),
    Column("code", lambda finding: finding.code),
    Column("path", lambda finding: finding.path, "bold"),
    Column("message", lambda finding: finding.message),
]


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings too")
    parser.add_argument("--folder", metavar="FOLDER", help="check a folder of markdown instead of a store")
    add_json(parser)


def _check(arguments: argparse.Namespace, output: Output) -> int:
    with _checked_store(arguments, output) as store:
        findings, count = store.check(), len(store)
    prompts = "1 prompt" if count == 1 else f"{count} prompts"
    return _report(findings, output, strict=arguments.strict, fine=f"Nothing is wrong with {prompts}.")


@contextmanager
def _checked_store(arguments: argparse.Namespace, output: Output) -> Iterator["Store"]:
    if arguments.folder is None:
        with open_store(arguments, output) as store:
            yield store
        return
    with (
        tempfile.TemporaryDirectory(prefix="prompt-kernel-") as scratch,
        pk.connect(Path(scratch) / "check.db", origin="cli") as store,
        output.progress("Reading") as progress,
    ):
        store.import_folder(arguments.folder, progress=progress)
        yield store


def _report(findings: Sequence[Finding], output: Output, *, strict: bool, fine: str) -> int:
    if not output.rows(findings, _FINDING):
        output.note(fine)
    severities = {finding.severity for finding in findings}
    return 1 if "error" in severities or (strict and "warning" in severities) else 0


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    parser.add_argument("--rescue", metavar="FOLDER", help="write every version that can still be read to a folder")


def _doctor(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        if arguments.rescue is not None:
            report = store.rescue(arguments.rescue)
            write_export(report, output)
            for lost in report.lost:
                output.note(f"Lost: {lost}")
            return 1 if report.lost else 0
        return _report(store.doctor(), output, strict=False, fine=f"{shown(store.url)} is in order.")


def _backup_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="TARGET", nargs="?", help="the file to write (default: one beside the store)")


def _backup(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        made = store.backup(arguments.target)
    output.result(f"Backup made and verified: {made}", made)
    return 0


def _where(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        summary = as_data(store.summary())
    output.record(summary | {"sqlite": sqlite3.sqlite_version, "prompt_kernel": pk.__version__})
    return 0


COMMANDS: Final = {
    "check": Command(
        "Look for what is wrong with the prompts: inclusions that lead nowhere, circles, prompts that nothing uses,\n"
        "duplicates, variables whose types clash.\n\n"
        "Exit code 1 if there is an error; with --strict, if there is a warning. In a pipe: severity, code, path,\n"
        "message; tab-separated. As a pre-commit hook:\n\n"
        "  - id: prompts\n"
        "    name: prompts\n"
        "    entry: prompt-kernel check --folder prompts\n"
        "    language: python\n"
        "    additional_dependencies: [prompt-kernel]\n"
        "    pass_filenames: false",
        ["check", "check --strict", "check --folder prompts"],
        _check_arguments,
        _check,
    ),
    "doctor": Command(
        "Look for what is wrong with the database: its integrity, the search index, the hash of every text. With\n"
        "--rescue, get out of a damaged one whatever can still be read.\n\n"
        "Exit code 1 if there is an error, or with --rescue if something is lost. In a pipe: severity, code, path,\n"
        "message, tab-separated; with --rescue: written, and the file.",
        ["doctor", "doctor --rescue saved"],
        _doctor_arguments,
        _doctor,
    ),
    "backup": Command(
        "Copy the store to another file while it is in use, and verify the copy.",
        ["backup", "backup ~/backups/prompts.db"],
        _backup_arguments,
        _backup,
    ),
    "where": Command(
        "Say where the store is, what it holds and how it is kept.\n\nIn a pipe: a name and a value a line.",
        ["where", "where --json | jq -r .url"],
        add_json,
        _where,
    ),
}
