"""The command that serves a model: mcp."""

import argparse
import signal
from typing import Final

import prompt_kernel as pk
from prompt_kernel.cli._command import Command
from prompt_kernel.cli._output import Output
from prompt_kernel.errors import MissingExtraError


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="let the model save and rename prompts too")


def _mcp(arguments: argparse.Namespace, _: Output) -> int:
    try:
        from prompt_kernel.server.mcp import serve_stdio  # noqa: PLC0415 - it is optional, and slow to import
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("prompt_kernel"):
            raise
        raise MissingExtraError("mcp", "The MCP server") from error
    # Else an interrupt would wait for stdin, which nobody can stop reading. A killed store is a sound one.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with pk.connect(arguments.store, author=arguments.author, origin="mcp") as store:
        serve_stdio(store, writes=arguments.write)
    return 0


COMMANDS: Final = {
    "mcp": Command(
        "Serve the prompts to a model's host by the Model Context Protocol, over stdin and stdout.\n\n"
        "A host starts this command itself: docs/mcp.md has its configuration for the common ones. It ends when stdin\n"
        "is closed. The model can read everything and change nothing, unless --write says otherwise; it can never\n"
        "delete, and each change it makes is a version that can be taken back.",
        ["mcp", "mcp --store team.db --write", "mcp --store https://prompts.example.org"],
        _arguments,
        _mcp,
    ),
}
