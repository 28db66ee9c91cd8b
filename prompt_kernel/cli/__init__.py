"""The command line `prompt-kernel`: each command is imported when it runs, and asks the Store to do the work.

Exit codes: 0 done, 1 it could not be done (one sentence on stderr says why) or a check found errors, 2 the arguments
make no sense, 130 interrupted, 141 whoever read the output closed the pipe.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import prompt_kernel as pk
from prompt_kernel.cli._command import (
    PROGRAM,
    USAGE_ERROR,
    Command,
    Parser,
    Refusal,
    add_store_options,
    parse,
    silence_stdout,
)
from prompt_kernel.cli._output import Output, write_text
from prompt_kernel.errors import ExpansionTooLargeError, PromptKernelError, ReferencedError, SyncError
from prompt_kernel.names import near

INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141

#: The module of each command, in the order and under the headings of the help.
_GROUPS: Final = {
    "read": {
        "list": ("_reading", "list the prompts"),
        "show": ("_reading", "print a prompt's text"),
        "expand": ("_expanding", "print a prompt with its inclusions and variables filled in"),
        "search": ("_reading", "find prompts by words"),
        "tags": ("_reading", "list the tags"),
        "dirs": ("_directories", "list, add, describe, enable, disable or remove directories"),
        "includes": ("_reading", "what a prompt includes"),
        "referrers": ("_reading", "what includes a prompt"),
        "experiments": ("_experiments", "list experiments, show, export or remove one"),
    },
    "write": {
        "save": ("_writing", "save a text as a new version"),
        "edit": ("_editing", "change a prompt in your editor"),
        "describe": ("_writing", "set a prompt's description and tags"),
        "rename": ("_writing", "move a prompt or a directory, and rewrite what includes it"),
        "delete": ("_trash", "put a prompt into the trash"),
        "trash": ("_trash", "list what was deleted"),
        "recover": ("_trash", "take a prompt out of the trash"),
        "purge": ("_trash", "remove what is in the trash for good"),
    },
    "versions": {
        "history": ("_versions", "list a prompt's versions"),
        "diff": ("_versions", "compare two versions"),
        "label": ("_versions", "name a version: production, staging, …"),
        "restore": ("_versions", "make an old version the newest, or bring back a backup"),
        "freeze": ("_locking", "write the exact versions of prompts into a lock"),
        "verify": ("_locking", "what has drifted from a lock, with the differences"),
    },
    "files": {
        "import": ("_files", "bring in a folder of markdown, or another tool's prompts"),
        "export": ("_files", "write the prompts as markdown, or for another tool"),
        "sync": ("_syncing", "bring linked folders and their directories together, both ways"),
    },
    "care": {
        "check": ("_care", "look for what is wrong with the prompts"),
        "doctor": ("_care", "look for what is wrong with the database"),
        "backup": ("_care", "copy the store while it is in use"),
        "copy": ("_copying", "copy a store to another one, of whatever engine"),
        "where": ("_care", "where the store is, and what it holds"),
    },
    "serve": {
        "dashboard": ("_serving", "edit the prompts in a browser, together"),
        "serve": ("_serving", "serve the API and MCP to programs, without pages"),
        "token": ("_serving", "list, make or remove the keys to a server"),
        "mcp": ("_mcp", "let a model's host use the prompts, by the Model Context Protocol"),
    },
}
_MODULES: Final = {name: module for group in _GROUPS.values() for name, (module, _) in group.items()}
_FIRST_STEPS: Final = """
begin with:
  echo 'Speak plainly. ' | prompt-kernel save style/tone -m first
  echo '[[style/tone]]Summarise: {{ text }}' | prompt-kernel save summary -m first
  prompt-kernel expand summary text='a long story'

`prompt-kernel COMMAND --help` explains a command and shows examples.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (default: of this process) and return the exit code."""
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except (Refusal, PromptKernelError) as error:
        return _refuse(_for_the_shell(error), error.code if isinstance(error, Refusal) else 1)
    except BrokenPipeError:
        silence_stdout()
        return PIPE_CLOSED
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}." if error.filename else f"{error}.", 1)
    except KeyboardInterrupt:
        return _refuse("Interrupted.", INTERRUPTED)
    return code


def _refuse(sentence: str, code: int) -> int:
    Output().note(f"{PROGRAM}: {sentence}")
    return code


def _for_the_shell(error: Exception) -> str:
    """Return the sentence of `error` with Python's arguments spelled as options."""
    sentence = str(error)
    if isinstance(error, ReferencedError):
        return sentence.replace("force=True", "--force")
    if isinstance(error, SyncError):
        return sentence.replace("delete=True", "--delete").replace(
            f"update_directory({error.what!r}, source=…)", f"`{PROGRAM} sync {error.what} --link FOLDER`"
        )
    if isinstance(error, ExpansionTooLargeError):
        return sentence.replace(f"limits=Limits({error.limit}=…)", f"--limit {error.limit}=…")
    return sentence


def _run(argv: Sequence[str]) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.version:
        return _print_version()
    if arguments.help or not arguments.command:
        parser.print_help()
        return 0
    name = arguments.command
    command = _command(name)
    try:
        arguments = parse(
            name, command, arguments.rest, argparse.Namespace(store=arguments.store, author=arguments.author)
        )
    except SystemExit:  # argparse has printed the command's help
        return 0
    return command.run(arguments, Output(json=getattr(arguments, "json", False)))


def _parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [--store URL] [--author NAME] COMMAND …",
        description="One store of composable prompts, for notebooks and the people you share them with.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("-h", "--help", action="store_true", help="print this")
    parser.add_argument("--version", action="store_true", help="print the version")
    add_store_options(parser, None)
    return parser


def _epilog() -> str:
    groups = (
        f"{heading}:\n" + "".join(f"  {name:<12}{summary}\n" for name, (_, summary) in group.items())
        for heading, group in _GROUPS.items()
    )
    return "\n".join(groups) + _FIRST_STEPS


def _command(name: str) -> Command:
    if name not in _MODULES:
        meant = near(name, list(_MODULES))
        hint = f" Did you mean {' or '.join(meant)}?" if meant else ""
        raise Refusal(f"There is no command {name!r}.{hint}\nSee: {PROGRAM} --help", USAGE_ERROR)
    found: Command = import_module(f"prompt_kernel.cli.{_MODULES[name]}").COMMANDS[name]
    return found


def _print_version() -> int:
    write_text(f"{PROGRAM} {pk.__version__}\n")
    return 0
