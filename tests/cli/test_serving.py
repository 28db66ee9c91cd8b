"""Commands that serve, as far as they get without serving (a server that runs is tests/server); and tokens."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]


both = pytest.mark.parametrize("command", [["dashboard", "--no-open"], ["serve"]], ids=lambda command: command[0])


@both
def test_a_taken_port_is_named_with_the_next_free_one(run: Run, command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(*command, "--port", port)
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
        (["--host", "nowhere.invalid", "--port", "9"], "This machine cannot listen on nowhere.invalid, port 9: "),
        (["--port", "0", "--store", ":memory:"], "A server needs a store in a file: "),
        (["--port", "0", "--store", "ftp://a/b"], "The store ftp://a/b cannot be used: "),
        (["--port", "0", "--store", "http://a:1/"], "http://a:1 is a server already. Give the database that it serves"),
    ],
)
@both
def test_what_cannot_be_served_is_a_sentence(run: Run, command: list[str], arguments: list[str], sentence: str) -> None:
    result = run(*command, *arguments)
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert sentence in result.err


@both
def test_a_port_is_a_number_and_a_root_a_folder(run: Run, command: list[str], tmp_path: Path) -> None:
    assert run(*command, "--port", "http").code == 2
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "none", "~nobody/x", "\0"):
        result = run(*command, "--root", root)
        assert (result.code, "is not a folder" in result.err) == (2, True)


_OTHERS = ["dashboard", "--no-open", "--port", "0", "--host", "192.0.2.1"]


def test_others_come_in_by_a_token_or_a_login_only(process: Run, tmp_path: Path) -> None:
    running = process(*_OTHERS, stderr=subprocess.PIPE, cwd=tmp_path)
    said = running.communicate(timeout=60)[1].decode()
    assert running.returncode == 1
    assert said == (
        "prompt-kernel: Others can reach 192.0.2.1. Say who may come in with --token, or leave --host out.\n"
    )


def test_others_come_into_a_server_without_pages_by_a_token_only(run: Run, library: pk.Store) -> None:
    arguments = ["serve", "--port", "0", "--host", "0.0.0.0"]  # noqa: S104 - it is refused
    sentence = (
        "Others can reach 0.0.0.0. Say who may come in: with --token, or make tokens with `prompt-kernel token NAME`; "
        "or leave --host out."
    )
    assert run(*arguments) == (1, "", f"prompt-kernel: {sentence}\n")
    assert library.tokens() == []


def test_a_login_needs_its_library(process: Run, tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[auth]\nredirect_uri = "https://a.example/oauth2callback"\n')
    running = process(*_OTHERS, stderr=subprocess.PIPE, cwd=tmp_path)
    said = running.communicate(timeout=60)[1].decode()
    assert running.returncode == 1
    assert said == (
        'prompt-kernel: The login that [auth] configures needs Authlib. Install it with: pip install "Authlib>=1.3.2"\n'
    )


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        *[("dashboard", part) for part in ("uvicorn", "starlette", "itsdangerous", "pycrdt")],
        *[("serve", part) for part in ("uvicorn", "starlette", "itsdangerous")],
    ],
)
def test_without_its_optional_part_it_says_how_to_install_it(command: str, missing: str, library: pk.Store) -> None:
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"from prompt_kernel.cli import main; sys.exit(main([{command!r}, '--store', {library.url!r}]))"
    )
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    what = {"serve": "The server", "dashboard": "Live editing" if missing == "pycrdt" else "The dashboard"}[command]
    extra = {"serve": "server", "dashboard": "dashboard"}[command]
    sentence = f'{what} needs an optional part. Install it with: pip install "prompt-kernel[{extra}]"'
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"prompt-kernel: {sentence}\n")


def test_a_server_without_pages_needs_none_of_what_these_need(library: pk.Store) -> None:
    script = (
        "import sys\nsys.modules.update(dict.fromkeys(['streamlit', 'pycrdt', 'mcp', 'fastapi']))\n"
        "import os, signal\nfrom prompt_kernel.server import serving\n"
        "from urllib.request import urlopen\nfrom urllib.error import HTTPError\nimport threading\n"
        "def ask(line):\n"
        "    address = line.split()[3].removesuffix('/api')\n"
        "    for place in ('/api/health', '/mcp'):\n"
        "        try:\n            urlopen(address + place)\n"
        "        except HTTPError as error:\n            print(error.code, error.read().decode(), flush=True)\n"
        "            error.close()\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "def announce(line):\n    threading.Thread(target=ask, args=(line,)).start()\n"
        f"serving.run({library.url!r}, port=0, announce=announce)"
    )
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for line, (what, extra) in zip(done.stdout.splitlines(), [("The API", "server"), ("MCP", "mcp")], strict=True):
        assert line.startswith("501 ")
        assert f'{what} needs an optional part. Install it with: pip install \\"prompt-kernel[{extra}]\\"' in line


def test_the_help_says_what_others_need(cli: Run) -> None:
    said = cli("dashboard", "--help").out
    assert "that needs --token, or a login" in said
    assert "(default: 8501; 0: any)" in said
    said = cli("serve", "--help").out
    assert "that needs --token, or tokens made with `prompt-kernel token`" in said
    assert "(default: 8502; 0: any)" in said


# Tokens


def test_a_token_is_printed_once_and_alone(run: Run, library: pk.Store) -> None:
    made = run("token", "ana", "--write", "--as", "Ana")
    assert (made.code, made.err) == (
        0,
        "Keep it now: it is shown this once. Programs send it as `Authorization: Bearer`.\n",
    )
    assert re.fullmatch(r"pk_[\w-]{43}\n", made.out)
    found = library.token_of(made.out.strip())
    assert found
    assert found[:3] == ("ana", True, "Ana")
    assert made.out.strip() not in run("token").out + run("token", "--json").out


def test_tokens_are_listed_and_removed(run: Run, library: pk.Store) -> None:
    assert run("token") == (0, "", "There are no tokens. Make one with: prompt-kernel token NAME\n")
    secret = run("token", "ci", "--json").data["secret"]
    run("token", "ana", "--write", "--as", "Ana")
    moments = [token.created_at.isoformat(timespec="seconds") for token in library.tokens()]
    assert run("token").rows == [("ana", "write", "Ana", moments[0]), ("ci", "read", "", moments[1])]
    assert [entry["name"] for entry in run("token", "--json").data] == ["ana", "ci"]
    assert run("token", "ci", "--remove") == (0, "ci\n", "")
    assert library.token_of(secret) is None
    assert library.changes(limit=1000)[-1].origin == "cli"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--write"], 2, "Give the NAME of a token."),
        (["--remove"], 2, "Give the NAME of a token."),
        (["--as", "Ana"], 2, "Give the NAME of a token."),
        (["ci", "--remove", "--write"], 2, "What is removed needs no --write and no --as."),
        (["none", "--remove"], 1, "There is no token 'none'."),
        ([""], 1, "token: its name is one line of at most 100 characters."),
    ],
)
def test_what_makes_no_sense_is_a_sentence(run: Run, arguments: list[str], code: int, sentence: str) -> None:
    assert run("token", *arguments) == (code, "", f"prompt-kernel: {sentence}\n")
