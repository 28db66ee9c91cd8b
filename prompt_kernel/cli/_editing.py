"""The command edit: a prompt in the user's own editor, and no text lost whatever happens."""

import argparse
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_kernel.cli._command import Command, Refusal, add_path, open_store, read_text
from prompt_kernel.cli._output import Output
from prompt_kernel.cli._writing import KEPT, add_message, head, report, scratch_file, unsaved
from prompt_kernel.errors import PromptKernelError

if TYPE_CHECKING:
    from prompt_kernel.store import Store


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser, "a path or a unique name; a new path makes a new prompt")
    add_message(parser)


def _run(arguments: argparse.Namespace, output: Output) -> int:
    with open_store(arguments, output) as store:
        _edit(store, arguments.path, arguments.message, output)
    return 0


def _edit(store: "Store", path: str, message: str, output: Output) -> None:
    before = head(store, path)
    path, text = (before.path, before.text) if before else (path, "")
    with _scratch(path, text, output) as file:
        _open_editor(file)
        edited = _without_added_newline(text, read_text(str(file), output))
        if edited == text:
            output.note(f"Nothing changed in {path}.")
            return
        try:
            prompt = store.save(path, edited, message=message, expected=before.version if before else 0)
        except PromptKernelError as error:
            raise unsaved(error, path, str(file)) from error
        report(output, before, prompt)


@contextmanager
def _scratch(path: str, text: str, output: Output) -> Iterator[Path]:
    """Give a file that holds `text`, and remove it unless it holds something that could not be saved."""
    file = scratch_file(path, text)
    try:
        yield file
    except BaseException as error:
        if file.read_bytes() == text.encode():
            file.unlink()
        elif KEPT not in str(error):
            output.note(f"{KEPT} {file}.")
        raise
    file.unlink()


def _open_editor(file: Path) -> None:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ("notepad" if os.name == "nt" else "vi")
    words = shlex.split(command, posix=os.name != "nt")
    # A Ctrl-C is the editor's own business as long as it runs: it has the terminal, and the text.
    ours = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run([*words, str(file)], check=False).returncode  # noqa: S603 - the user's own editor
    except OSError as error:
        raise Refusal(f"The editor {command!r} cannot be started. Set EDITOR to another one.") from error
    finally:
        signal.signal(signal.SIGINT, ours)
    if code == -signal.SIGINT:
        raise KeyboardInterrupt
    if code:
        raise Refusal(f"The editor {command!r} ended with exit code {code}. Nothing was saved.")


def _without_added_newline(before: str, after: str) -> str:
    """Return `after` without the newline that many editors add to a last line that had none."""
    if before and not before.endswith("\n") and after.endswith("\n"):
        return after.removesuffix("\n").removesuffix("\r")
    return after


COMMANDS: Final = {
    "edit": Command(
        "Open a prompt in $VISUAL or $EDITOR, and save what you leave there as a new version.\n\n"
        "Changes that others saved meanwhile are merged with yours; where both changed the same lines, nothing is\n"
        "saved and your text is kept in a file. Where a prompt ends without a newline, one that the editor adds at\n"
        "the end is taken off again.",
        ["edit style/tone -m 'shorter'", "EDITOR='code --wait' prompt-kernel edit review"],
        _arguments,
        _run,
    )
}
