"""Commands that write: save, describe, rename."""

import argparse
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

import yaml

from prompt_kernel.cli._command import (
    PROGRAM,
    USAGE_ERROR,
    Command,
    Refusal,
    add_path,
    check_stdin,
    open_store,
    read_text,
    whole_number,
)
from prompt_kernel.cli._output import Output
from prompt_kernel.errors import ConflictError, NotFoundError, PromptKernelError
from prompt_kernel.language import ENGINES
from prompt_kernel.names import key_of, name_of
from prompt_kernel.records import Prompt

if TYPE_CHECKING:
    from prompt_kernel.store import Store


KEPT: Final = "Your text is in"


def add_message(parser: argparse.ArgumentParser) -> None:
    """Add `-m MESSAGE`."""
    parser.add_argument("-m", "--message", metavar="MESSAGE", default="", help="why, for the history")


def _add_facts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tag", metavar="TAG", action="append", help="set the tags; once a tag, --tag '' for none")
    parser.add_argument("--description", metavar="TEXT", help="set the description")


def _given_tags(arguments: argparse.Namespace) -> Sequence[str] | None:
    return None if arguments.tag is None else [tag for tag in arguments.tag if tag]


def _save_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser, "where to save it")
    parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="the text, kept exactly (default: stdin)")
    add_message(parser)
    _add_facts(parser)
    parser.add_argument("--engine", choices=ENGINES, help="how its text is read (default: as before, at first simple)")
    parser.add_argument("--variables", metavar="FILE", help="declare its variables: a YAML or JSON mapping in FILE")
    parser.add_argument(
        "--expected", metavar="N", type=whole_number, help="the version that you started from; 0: it must be new"
    )


def _save(arguments: argparse.Namespace, output: Output) -> int:
    check_stdin([("the text", arguments.file), ("--variables", arguments.variables)])
    variables = _read_mapping(arguments.variables, output) if arguments.variables else None
    text = read_text(arguments.file, output)
    with open_store(arguments, output) as store:
        before = head(store, arguments.path)
        try:
            prompt = store.save(
                arguments.path,
                text,
                message=arguments.message,
                tags=_given_tags(arguments),
                description=arguments.description,
                engine=arguments.engine,
                variables=variables,
                expected=arguments.expected,
            )
        except PromptKernelError as error:
            kept = arguments.file if arguments.file != "-" else str(scratch_file(arguments.path, text))
            raise unsaved(error, arguments.path, kept) from error
    report(output, before, prompt)
    return 0


def _read_mapping(file: str, output: Output) -> Any:
    try:
        return yaml.safe_load(read_text(file, output))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        reason = getattr(error, "problem", None) or "it cannot be read"
        raise Refusal(f"{file} is not YAML:{line} {reason}.") from error


def scratch_file(path: str, text: str) -> Path:
    """Return a new file that holds `text`, named after `path`, which nobody else can read."""
    prefix = re.sub(r"[^\w.-]", "_", name_of(path))[:40]
    handle, name = tempfile.mkstemp(prefix=f"{prefix}-", suffix=".md")
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode())
    return Path(name)


def head(store: "Store", path: str) -> Prompt | None:
    """Return the prompt that `path` leads to, or None."""
    try:
        return store.get(path)
    except NotFoundError:
        return None


def unsaved(error: PromptKernelError, path: str, kept: str) -> Refusal:
    """Return `error` as a sentence that ends in where the text is `kept`, and what settles a conflict."""
    if not isinstance(error, ConflictError):
        return Refusal(f"{error}\n{KEPT} {kept}.")
    sentence = str(error).replace(f"save again with expected={error.version}", "save again")
    path, kept = quote(path), quote(kept)
    return Refusal(
        f"{sentence}\n{KEPT} {kept}. Compare it, edit it, and save it:\n"
        f"  {PROGRAM} show {path}@{error.version} | diff - {kept}\n"
        f"  {PROGRAM} save {path} {kept} --expected {error.version}"
    )


def report(output: Output, before: Prompt | None, prompt: Prompt) -> None:
    """Say what a save has done to the prompt that was `before`."""
    if before and (before.path, before.version) == (prompt.path, prompt.version):
        output.result(f"{prompt.path} has this text already: version {prompt.version}.", *_row(prompt, "unchanged"))
    elif prompt.merged:
        sentence = f"Saved {prompt.path} as version {prompt.version}, merged with what somebody else saved meanwhile."
        output.result(sentence, *_row(prompt, "merged"))
    else:
        output.result(f"Saved {prompt.path} as version {prompt.version}.", *_row(prompt, "saved"))


def _row(prompt: Prompt, state: str) -> tuple[object, ...]:
    return prompt.path, prompt.version, state


def _describe_arguments(parser: argparse.ArgumentParser) -> None:
    add_path(parser)
    _add_facts(parser)


def _describe(arguments: argparse.Namespace, output: Output) -> int:
    tags = _given_tags(arguments)
    if tags is None and arguments.description is None:
        raise Refusal("Give --description, --tag or both.", USAGE_ERROR)
    with open_store(arguments, output) as store:
        prompt = store.describe(arguments.path, description=arguments.description, tags=tags)
    tagged = f"[{', '.join(prompt.tags)}] " if prompt.tags else ""
    output.result(f"{prompt.path}: {tagged}{prompt.description}", prompt.path, prompt.tags, prompt.description)
    return 0


def _rename_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", help="a prompt or a directory; OLD/ is always the directory")
    parser.add_argument("new", metavar="NEW", help="its new path")


def _rename(arguments: argparse.Namespace, output: Output) -> int:
    old, new = arguments.old.rstrip("/"), arguments.new.rstrip("/")
    with open_store(arguments, output) as store:
        directory = arguments.old.endswith("/") or _is_directory(store, old)
        rewritten = store.rename_directory(old, new) if directory else store.rename(old, new)
    if output.terminal:
        count = "1 prompt that includes" if len(rewritten) == 1 else f"{len(rewritten)} prompts that include"
        what = "what is in it" if directory else "it"
        end = f"; rewrote {count} {what}:" if rewritten else "."
        output.text(f"Renamed {old} to {new}{end}\n")
    output.text("".join(f"{path}\n" for path in rewritten))
    return 0


def _is_directory(store: "Store", path: str) -> bool:
    """Tell whether `path` is spelled like a directory and not exactly like a prompt."""
    if key_of(path) not in {key_of(directory.path) for directory in store.directories()}:
        return False
    prompt = head(store, path)
    return prompt is None or key_of(prompt.path) != key_of(path)


COMMANDS: Final = {
    "save": Command(
        "Save a text as a new version of a prompt, or as a new prompt. An unchanged text makes no version.\n\n"
        "Give --expected if others may write too: their changes to other lines are merged with yours, and where both\n"
        "changed the same lines nothing is saved. In a pipe: path, version, and saved, merged or unchanged.",
        [
            "save style/tone tone.md -m 'shorter'",
            "save style/tone --tag style --description 'How to sound' < tone.md",
            "save review review.md --expected 3",
            "save review review.md --variables variables.yaml",
        ],
        _save_arguments,
        _save,
    ),
    "describe": Command(
        "Set a prompt's description and tags; this makes no version.",
        ["describe style/tone --description 'How to sound' --tag style --tag short", "describe style/tone --tag ''"],
        _describe_arguments,
        _describe,
    ),
    "rename": Command(
        "Give a prompt or a directory another path. Every prompt that includes it is rewritten, in one transaction,\n"
        "and listed. The old path keeps leading to the new one.",
        ["rename style/tone style/voice", "rename style/ voice/"],
        _rename_arguments,
        _rename,
    ),
}
