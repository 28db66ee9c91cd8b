"""The command line in this process, in a process of its own, and in a terminal of its own."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import prompt_kernel as pk
from prompt_kernel.cli import main

PROGRAM = [sys.executable, "-m", "prompt_kernel.cli"]
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Result(NamedTuple):
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The fields of the tab-separated lines that a pipe gets."""
        return [tuple(line.split("\t")) for line in self.out.splitlines()]

    @property
    def data(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


class Screen(NamedTuple):
    """What a run of the command line left on a terminal, with and without its escape sequences."""

    code: int
    drawn: str

    @property
    def text(self) -> str:
        """The characters alone, without the blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in _ESCAPES.sub("", self.drawn).split("\n"))


Run = Callable[..., Result]


@pytest.fixture
def cli(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process."""

    def run(*arguments: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Result(code, out.decode("utf-8", "surrogateescape"), err.decode())

    return run


@pytest.fixture
def run(cli: Run, library: pk.Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line on the library."""
    monkeypatch.setenv("PROMPT_KERNEL_URL", library.url)
    return cli


@pytest.fixture
def run_empty(cli: Run, store: pk.Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line on an empty store."""
    monkeypatch.setenv("PROMPT_KERNEL_URL", store.url)
    return cli


@pytest.fixture
def process(library: pk.Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., "subprocess.Popen[bytes]"]:
    """Start the command line on the library as a process of its own."""
    monkeypatch.setenv("PROMPT_KERNEL_URL", library.url)

    def start(*arguments: object, **options: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*PROGRAM, *map(str, arguments)], **options)  # noqa: S603 - ourselves

    return start


@pytest.fixture
def read_screen() -> Callable[..., str]:
    """Read what a terminal shows, up to `until` or the end of its process, with its escape sequences."""

    def read(master: int, until: str = "\0") -> str:
        shown = b""
        while until.encode() not in shown:
            try:
                shown += os.read(master, 65_536)
            except OSError:  # how Linux says that nobody has the other end any more
                break
        return shown.decode().replace("\r\n", "\n")

    return read


@pytest.fixture
def in_terminal(
    process: Callable[..., "subprocess.Popen[bytes]"],
    read_screen: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Screen]:
    """Run the command line on the library in a terminal of 100 columns."""
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", "TZ": "UTC"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def show(*arguments: object) -> Screen:
        master, slave = pty.openpty()
        running = process(*arguments, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        screen = read_screen(master)
        os.close(master)
        return Screen(running.wait(60), screen)

    return show
