"""Commands that serve, and the keys to what is served: dashboard, serve, token."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from prompt_kernel.cli._command import (
    USAGE_ERROR,
    Command,
    Refusal,
    add_json,
    open_store,
    whole_number,
)
from prompt_kernel.cli._output import Column, Output
from prompt_kernel.errors import MissingExtraError
from prompt_kernel.records import Token

_TOKENS: Final[list[Column[Token]]] = [
    Column("name", lambda token: token.name, "bold"),
    Column("may", lambda token: "write" if token.may_write else "read"),
    Column("as", lambda token: token.author),
    Column("made", lambda token: token.created_at),
]


def _serving_arguments(parser: argparse.ArgumentParser, port: int) -> None:
    parser.add_argument(
        "--host", metavar="HOST", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", metavar="N", type=whole_number, default=port, help=f"the port to listen on (default: {port}; 0: any)"
    )
    parser.add_argument(
        "--token", nargs="?", const="", help="let in only who has this token (without TOKEN: a random one, printed)"
    )
    parser.add_argument(
        "--root",
        metavar="FOLDER",
        type=_folder,
        action="append",
        default=[],
        help="a folder that may be linked, with all below it; can be repeated (default: your home and the current one)",
    )
    parser.add_argument("--mcp-write", action="store_true", help="let agents save and rename prompts too")


def _folder(text: str) -> Path:
    try:
        folder = Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder") from error
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return folder


def _serving(arguments: argparse.Namespace, output: Output) -> dict[str, Any]:
    """Return what every server takes."""

    def announce(line: str) -> None:
        output.text(f"{line}\n")
        sys.stdout.flush()

    return {
        "host": arguments.host,
        "port": arguments.port,
        "token": arguments.token,
        "roots": arguments.root,
        "mcp_writes": arguments.mcp_write,
        "author": arguments.author,
        "announce": announce,
    }


def _missing(error: ModuleNotFoundError, extra: str, what: str) -> Exception:
    return error if (error.name or "").startswith("prompt_kernel") else MissingExtraError(extra, what)


def _dashboard_arguments(parser: argparse.ArgumentParser) -> None:
    _serving_arguments(parser, 8501)
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")


def _dashboard(arguments: argparse.Namespace, output: Output) -> int:
    try:
        from prompt_kernel_dashboard.launch import run  # noqa: PLC0415 - it is optional, and takes a second to import
    except ModuleNotFoundError as error:
        raise _missing(error, "dashboard", "The dashboard") from error
    run(arguments.store, open_browser=not arguments.no_open, **_serving(arguments, output))
    return 0


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    _serving_arguments(parser, 8502)


def _serve(arguments: argparse.Namespace, output: Output) -> int:
    try:
        from prompt_kernel.server.serving import run  # noqa: PLC0415 - it is optional, and takes a second to import
    except ModuleNotFoundError as error:
        raise _missing(error, "server", "The server") from error
    run(arguments.store, **_serving(arguments, output))
    return 0


def _token_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="what to call it: for whom or for what it is")
    parser.add_argument("--write", action="store_true", help="it may change prompts, too")
    parser.add_argument("--as", dest="holder", metavar="AUTHOR", help="who is noted with what is changed with it")
    parser.add_argument("--remove", action="store_true", help="remove it: it opens nothing any more")
    add_json(parser)


def _token(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.name is None and (arguments.write or arguments.holder is not None or arguments.remove):
        raise Refusal("Give the NAME of a token.", USAGE_ERROR)
    if arguments.remove and (arguments.write or arguments.holder is not None):
        raise Refusal("What is removed needs no --write and no --as.", USAGE_ERROR)
    act: Callable[[argparse.Namespace, Output], None] = _list_tokens
    if arguments.name is not None:
        act = _remove_token if arguments.remove else _add_token
    act(arguments, output)
    return 0


def _list_tokens(arguments: argparse.Namespace, output: Output) -> None:
    with open_store(arguments, output) as store:
        if not output.rows(store.tokens(), _TOKENS):
            output.note("There are no tokens. Make one with: prompt-kernel token NAME")


def _add_token(arguments: argparse.Namespace, output: Output) -> None:
    with open_store(arguments, output) as store:
        secret = store.add_token(arguments.name, write=arguments.write, author=arguments.holder or "")
    if output.json:
        output.record({"name": arguments.name, "secret": secret})
    else:
        output.text(f"{secret}\n")
    output.note("Keep it now: it is shown this once. Programs send it as `Authorization: Bearer`.")


def _remove_token(arguments: argparse.Namespace, output: Output) -> None:
    with open_store(arguments, output) as store:
        removed = store.remove_token(arguments.name)
    output.result(f"{removed.name} opens nothing any more.", removed.name)


COMMANDS: Final = {
    "dashboard": Command(
        "Serve the dashboard: pages to find, write and manage prompts in a browser, together with others, live.\n"
        "It has the API and MCP, too; see `serve`.\n\n"
        "It prints its address and runs until Ctrl-C. Only this machine can reach it, unless --host says otherwise;\n"
        "that needs --token, or a login: an [auth] section in .streamlit/secrets.toml, as Streamlit's st.login\n"
        "describes it. The browser remembers a token that the address had once as ?token=….",
        ["dashboard", "dashboard --store team.db --no-open", "dashboard --host 0.0.0.0 --token"],
        _dashboard_arguments,
        _dashboard,
    ),
    "serve": Command(
        "Serve the API, its events and MCP to programs, without the dashboard's pages.\n\n"
        "It prints its address, and that of the page about the API, and runs until Ctrl-C. Only this machine can\n"
        "reach it, unless --host says otherwise; that needs --token, or tokens made with `prompt-kernel token`.\n"
        "Notebooks use the store through it with: %prompts use http://HOST:PORT",
        ["serve", "serve --store team.db --port 0", "serve --host 0.0.0.0 --token", "serve --root ~/prompts"],
        _serve_arguments,
        _serve,
    ),
    "token": Command(
        "List the tokens that open a server of this store to programs; or make or remove one.\n\n"
        "A token may read; with --write it may change prompts, too. Its secret is printed once, alone on stdout, and\n"
        "nowhere kept. Programs send it as `Authorization: Bearer`. It opens the API and MCP, and no pages.\n"
        "In a pipe: name, read or write, author, time; tab-separated.",
        ["token", "token ci", "token ana --write --as Ana", "token ci --remove"],
        _token_arguments,
        _token,
    ),
}
