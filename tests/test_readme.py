"""The README's code runs, and what it says comes out does come out."""

import ast
import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

import prompt_kernel as pk
from prompt_kernel import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROMISE = re.compile(r"# -> ?(.*)$")


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def promised(lines: list[str], end: int) -> str | None:
    """Return what the comments at and under the statement that ends in line `end` say comes out, if they say so."""
    first = PROMISE.search(lines[end - 1])
    found = [first[1]] if first else []
    for line in lines[end:]:
        if not line.startswith("# ->"):
            break
        found += PROMISE.findall(line)
    return "\n".join(found) if found else None


def comes_out(code: str, namespace: dict[str, object]) -> tuple[str, str]:
    """Run one statement as Python's own prompt does: return what it printed, and the value if it had one."""
    printed, shown = io.StringIO(), []
    with contextlib.redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "displayhook", lambda value: shown.append(repr(value)) if value is not None else None)
        exec(compile(code, "README.md", "single"), namespace)  # noqa: S102 - our own README
    return printed.getvalue().rstrip("\n"), "".join(shown)


def test_the_python_code_runs_and_gives_what_it_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "readme.db"))
    namespace: dict[str, object] = {}
    kept: list[str] = []
    for block in blocks("python"):
        lines = block.splitlines()
        for statement in ast.parse(block).body:
            promise = promised(lines, statement.end_lineno or 0)
            printed, value = comes_out(ast.get_source_segment(block, statement) or "", namespace)
            if promise is None:
                assert printed == "", "the README shows a print and not what it prints"
            else:
                kept.append(promise)
                assert (printed or value) == promise
    assert len(kept) >= 3, "the README promises too little to be worth a test"


def test_the_notebook_cells_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "readme.db"))
    [block] = blocks("ipython")
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in block.strip().split("\n\n")])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    with pk.connect() as store:
        assert store.expand("review", tone="friendly", code="x = 1") == (
            "Write in a friendly voice.\nReview this code: x = 1"
        )


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "readme.db"))
    commands = [shlex.split(line, comments=True) for block in blocks("bash") for line in block.splitlines()]
    ours = [command for command in commands if command[:1] == ["prompt-kernel"]]
    assert len(ours) >= 5
    for command in ours:
        assert cli.main(command[1:]) == 0, command


def test_every_make_target_that_is_named_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
