"""The faces of a terminal, drawn by rich. Stored text is never read as rich's markup."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from prompt_kernel.cli._output import Column, Marked, field, one_line, visible, write_text
from prompt_kernel.records import Prompt
from prompt_kernel.variables import Declaration

_T = TypeVar("_T")
_LEVELS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_DIFF = {"+": "green", "-": "red", "@": "cyan"}


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=False)


def _cell(value: object) -> Text:
    if isinstance(value, datetime):
        return Text(value.astimezone().strftime("%Y-%m-%d %H:%M"))
    if isinstance(value, Marked):
        # Every character stays one character, so that the marks keep their places.
        cell = Text("".join(one_line(character) for character in value.text))
        for mark in value.marks:
            cell.stylize("bold yellow", *mark)
        return cell
    # A comma and a space, so that a narrow column can break the line there.
    text = ", ".join(map(field, value)) if isinstance(value, tuple) else field(value)
    return Text(text, style=_LEVELS.get(text, ""))


def table(rows: Iterable[_T], columns: Sequence[Column[_T]]) -> None:
    """Draw `rows` under the titles of `columns`."""
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column.title, style=column.style or None, overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(column.value(row)) for column in columns))
    _console().print(drawn)


def record(values: Mapping[str, object]) -> None:
    """Draw the fields of one thing; what is empty is left out."""
    drawn = Table(box=None, show_header=False, pad_edge=False)
    drawn.add_column(style="bold")
    drawn.add_column(overflow="fold")
    for name, value in values.items():
        if value not in ("", (), None, {}):
            drawn.add_row(name, _cell(value))
    _console().print(drawn)


def document(prompt: Prompt) -> None:
    """Draw the facts of `prompt`, a line, and its text."""
    record(
        {
            "path": prompt.path,
            "version": prompt.version,
            "saved": prompt.updated_at,
            "author": prompt.author,
            "message": prompt.message,
            "labels": prompt.labels,
            "tags": prompt.tags,
            "description": prompt.description,
            "engine": prompt.engine,
            **{f"{{{{ {name} }}}}": _declared(declaration) for name, declaration in prompt.variables.items()},
        }
    )
    _console().rule(style="dim")
    write_text(visible(prompt.text) + ("" if prompt.text.endswith("\n") else "\n"))


def _declared(declaration: Declaration) -> str:
    kind = " | ".join(declaration.values) or declaration.type
    default = "" if declaration.default is None else f" = {declaration.default}"
    return f"{kind}{default}" + (f": {declaration.description}" if declaration.description else "")


def diff(lines: Iterable[str]) -> None:
    """Draw the lines of a unified diff in their colours."""
    console = _console()
    for line in lines:
        console.print(Text(visible(line), style=_DIFF.get(line[:1], "")), soft_wrap=True)


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Draw a progress bar on stderr while the block runs; call what it gives with (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
