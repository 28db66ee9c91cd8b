"""The command that serves, as far as it gets without serving; a server that runs is tests/server."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]


def test_a_taken_port_is_named_with_the_next_free_one(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("dashboard", "--no-open", "--port", port)
    free = int(result.err.rstrip(".\n").rpartition(" ")[2])
    sentence = f"prompt-kernel: Port {port} is taken. Port {free} is free: add --port {free}.\n"
    assert result == (1, "", sentence)
    assert port < free <= 65_535


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "65536"], "There is no port 65536: a port is a number from 1 to 65535, or 0 for a free one."),
        (["--token", "short"], "A token has at least 12 characters. Leave it out, and one is made."),
        (["--port", "0", "--host", "192.0.2.1", "--token"], "cannot listen on 192.0.2.1, port 0: "),
        (["--host", "nowhere.invalid"], "The dashboard cannot listen on nowhere.invalid, port 8501: "),
        (["--port", "0", "--store", ":memory:"], "The dashboard needs a store in a file: "),
        (["--port", "0", "--store", "ftp://a/b"], "The store ftp://a/b cannot be used: "),
    ],
)
def test_what_cannot_be_served_is_a_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    result = run("dashboard", "--no-open", *arguments)
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert sentence in result.err


def test_a_port_is_a_number(run: Run) -> None:
    assert run("dashboard", "--port", "http").code == 2


_OTHERS = ["dashboard", "--no-open", "--port", "0", "--host", "192.0.2.1"]


def test_others_come_in_by_a_token_or_a_login_only(process: Run, tmp_path: Path) -> None:
    running = process(*_OTHERS, stderr=subprocess.PIPE, cwd=tmp_path)
    said = running.communicate(timeout=60)[1].decode()
    assert running.returncode == 1
    assert said == (
        "prompt-kernel: Others can reach 192.0.2.1. Say who may come in with --token, or leave --host out.\n"
    )


def test_a_login_needs_its_library(process: Run, tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[auth]\nredirect_uri = "https://a.example/oauth2callback"\n')
    running = process(*_OTHERS, stderr=subprocess.PIPE, cwd=tmp_path)
    said = running.communicate(timeout=60)[1].decode()
    assert running.returncode == 1
    assert said == (
        'prompt-kernel: The login that [auth] configures needs Authlib. Install it with: pip install "Authlib>=1.3.2"\n'
    )


@pytest.mark.parametrize("missing", ["uvicorn", "starlette", "itsdangerous", "pycrdt"])
def test_without_its_optional_part_it_says_how_to_install_it(missing: str, library: pk.Store) -> None:
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"from prompt_kernel.cli import main; sys.exit(main(['dashboard', '--store', {library.url!r}]))"
    )
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    what = "Live editing" if missing == "pycrdt" else "The dashboard"
    sentence = f'{what} needs an optional part. Install it with: pip install "prompt-kernel[dashboard]"'
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"prompt-kernel: {sentence}\n")


def test_the_help_says_what_others_need(cli: Run) -> None:
    said = cli("dashboard", "--help").out
    assert "that needs --token, or a login" in said
    assert "(default: 8501; 0: any)" in said
