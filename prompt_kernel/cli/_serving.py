"""The command that serves: dashboard."""

import argparse
import sys
from typing import Final

from prompt_kernel.cli._command import Command, whole_number
from prompt_kernel.cli._output import Output
from prompt_kernel.errors import MissingExtraError


def _dashboard_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", metavar="HOST", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", metavar="N", type=whole_number, default=8501, help="the port to listen on (default: 8501; 0: any)"
    )
    parser.add_argument(
        "--token", nargs="?", const="", help="let in only who has this token (without TOKEN: a random one, printed)"
    )
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")


def _dashboard(arguments: argparse.Namespace, output: Output) -> int:
    def announce(line: str) -> None:
        output.text(f"{line}\n")
        sys.stdout.flush()

    try:
        from prompt_kernel_dashboard.launch import run  # noqa: PLC0415 - it is optional, and takes a second to import
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("prompt_kernel"):
            raise
        raise MissingExtraError("dashboard", "The dashboard") from error
    run(
        arguments.store,
        host=arguments.host,
        port=arguments.port,
        token=arguments.token,
        open_browser=not arguments.no_open,
        author=arguments.author,
        announce=announce,
    )
    return 0


COMMANDS: Final = {
    "dashboard": Command(
        "Serve the dashboard: pages to find, write and manage prompts in a browser, together with others, live.\n\n"
        "It prints its address and runs until Ctrl-C. Only this machine can reach it, unless --host says otherwise;\n"
        "that needs --token, or a login: an [auth] section in .streamlit/secrets.toml, as Streamlit's st.login\n"
        "describes it. The browser remembers a token that the address had once as ?token=….",
        ["dashboard", "dashboard --store team.db --no-open", "dashboard --host 0.0.0.0 --token"],
        _dashboard_arguments,
        _dashboard,
    ),
}
