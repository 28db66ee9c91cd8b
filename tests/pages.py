"""Pages of documentation, whose code is run: block after block, in one namespace, one shell and one folder a page.

What a page says comes out stands in comments, `# -> value`, behind a statement or below it, and is compared: what the
statement printed, or its value as Python's own prompt shows it, or `SomeError: sentence` where it raises. `…` stands
for what differs from time to time.
"""

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import prompt_kernel as pk

ROOT = Path(__file__).parent.parent
_PROMISE = re.compile(r"# -> ?(.*)$")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_BETWEEN = "=== the next command ==="
SECONDS = 60


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    code: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found["language"], found["code"], text.count("\n", 0, found.start("code")) + 1)
        for found in _FENCE.finditer(text)
    ]


def promised(lines: list[str], end: int) -> str | None:
    """Return what the comments at and under the statement that ends in line `end` say comes out, if they say so."""
    first = _PROMISE.search(lines[end - 1])
    found = [first[1]] if first else []
    for line in lines[end:]:
        if not line.startswith("# ->"):
            break
        found += _PROMISE.findall(line)
    return "\n".join(found) if found else None


class Reader:
    """Somebody who reads a page and runs its code, in a folder and with a store of their own."""

    def __init__(self, page: Path, folder: Path) -> None:
        """Read `page` in `folder`, which is to be the working directory."""
        self.page, self.folder = page, folder
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.kept = 0
        self._shell: InteractiveShell | None = None

    def run(self, block: Block) -> None:
        """Run a block, and compare what comes out of it with what it says."""
        with _our_warnings_alone():
            {"python": self._python, "ipython": self._ipython, "bash": self._bash}[block.language](block)

    def close(self) -> None:
        """Take away the shell, and close what the page has opened."""
        if self._shell is not None:
            pk.unload_ipython_extension(self._shell)
            InteractiveShell.clear_instance()
        for value in self.namespace.values():
            if type(value).__module__.startswith("prompt_kernel") and hasattr(value, "close"):
                value.close()

    def _compare(self, block: Block, code: str, promise: str | None, *came: str) -> None:
        where = f"{self.page.name}, line {block.line}: {code}"
        if promise is None:
            assert came[0] == "", f"it shows a print and not what it prints\n{where}"
            return
        self.kept += 1
        found = next((text for text in came if text), "")
        pattern = ".*".join(map(re.escape, promise.split("…")))
        assert found == promise or re.fullmatch(pattern, found, re.DOTALL), f"{where}\ncame: {found}\nsaid: {promise}"

    def _python(self, block: Block) -> None:
        lines = block.code.splitlines()
        for statement in ast.parse(block.code).body:
            promise = promised(lines, statement.end_lineno or 0)
            code = ast.get_source_segment(block.code, statement) or ""
            self._compare(block, code, promise, *self._statement(statement, may_raise=promise is not None))

    def _statement(self, statement: ast.stmt, *, may_raise: bool) -> tuple[str, str, str]:
        """Run one statement as Python's own prompt does: what it printed, its value, and what it raised."""
        code = compile(ast.Interactive([statement]), self.page.name, "single", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        printed, shown = io.StringIO(), []
        with contextlib.redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "displayhook", lambda value: shown.append(repr(value)) if value is not None else None)
            try:
                if code.co_flags & inspect.CO_COROUTINE:
                    asyncio.run(eval(code, self.namespace))  # noqa: S307 - our own pages
                else:
                    exec(code, self.namespace)  # noqa: S102 - our own pages
            except pk.PromptKernelError as error:
                if not may_raise:
                    raise
                return "", "", f"{type(error).__name__}: {error}"
        return printed.getvalue().rstrip("\n"), "".join(shown), ""

    def _ipython(self, block: Block) -> None:
        for cell in cells_of(block.code):
            lines = cell.splitlines()
            promise = promised(lines, next((at for at, line in enumerate(lines, 1) if _PROMISE.search(line)), 1))
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                outcome = self.shell.run_cell(cell)
            outcome.raise_error()
            came = printed.getvalue().rstrip("\n") if outcome.result is None else repr(outcome.result)
            if promise is not None:
                self._compare(block, cell, promise, came)

    @property
    def shell(self) -> InteractiveShell:
        """A real shell, whose variables are those of the page's Python."""
        if self._shell is None:
            config = Config()
            config.HistoryManager.enabled = False
            InteractiveShell.clear_instance()
            self._shell = InteractiveShell.instance(config=config, user_ns=self.namespace)
        return self._shell

    def _bash(self, block: Block) -> None:
        chunks = list(_chunks(block.code))
        script = f"\necho '{_BETWEEN}'\n".join(code for code, _ in chunks)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(  # noqa: S603 - our own pages
            ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - the one of the machine
            cwd=self.folder, env={**os.environ, "PATH": path, "COLUMNS": "120"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{self.page.name}, line {block.line}\n{done.stdout}\n{done.stderr}"
        for (code, promise), came in zip(chunks, done.stdout.split(f"{_BETWEEN}\n"), strict=True):
            if promise is not None:
                last = came.rstrip("\n").splitlines()[-len(promise.splitlines()) :]
                self._compare(block, code, promise, "\n".join(last))


def cells_of(code: str) -> list[str]:
    """Return the cells of an `ipython` block: blank lines stand between them, unless all of it is one cell's magic."""
    magics = [line for line in code.splitlines() if line.startswith("%")]
    if code.startswith("%%") and len(magics) == 1:
        return [code]
    return [cell for cell in re.split(r"\n{2,}", code.strip("\n")) if cell]


def _chunks(script: str) -> Iterator[tuple[str, str | None]]:
    """Cut a script behind each of its promises: the commands, and what the last of them says."""
    lines, start = script.splitlines(), 0
    for at, line in enumerate(lines):
        is_last = at + 1 == len(lines) or not lines[at + 1].startswith("# ->")
        if _PROMISE.search(line) and is_last:
            first = next(n for n in range(start, at + 1) if _PROMISE.search(lines[n]))
            yield "\n".join(lines[start : at + 1]), promised(lines, first + 1)
            start = at + 1
    if start < len(lines):
        yield "\n".join(lines[start:]), None


@contextlib.contextmanager
def _our_warnings_alone() -> Iterator[None]:
    """Let the page's code warn of what this package warns of, and of nothing else."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    # What is collected just now may be anybody's.
    others = [one for one in caught if not issubclass(one.category, ResourceWarning)]
    assert [str(one.message) for one in others if not one.category.__module__.startswith("prompt_kernel")] == []


@contextlib.contextmanager
def reading(page: Path, folder: Path) -> Iterator[Reader]:
    """Read a page in a folder that has the sample library, with a store of its own for all that it runs."""
    shutil.copytree(ROOT / "notebooks" / "library", folder / "notebooks" / "library")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PROMPT_KERNEL_URL", str(folder / "prompts.db"))
        reader = Reader(page, folder)
        try:
            yield reader
        finally:
            reader.close()
