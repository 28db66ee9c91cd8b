"""Where a command's results go: tables for a terminal, tab-separated lines for a pipe, JSON for a program.

Results go to stdout as UTF-8, whatever the locale, and newlines are not translated. Sentences about them go to stderr.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any, Generic, NamedTuple, TypeVar

from prompt_kernel.records import Prompt, field_names
from prompt_kernel.spans import Span
from prompt_kernel.variables import Declaration

_T = TypeVar("_T")
Progress = Callable[[int, int], None]

# A stored text may hold escape sequences; a terminal is to show them, not to obey them.
_VISIBLE = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
_VISIBLE |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_ONE_LINE = _VISIBLE | dict.fromkeys(map(ord, "\n\t\r\x0b\x0c\x85\u2028\u2029"), " ")


def visible(text: str) -> str:
    """Return `text` with its control characters made visible, line ends and tabs excepted."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def one_line(text: str) -> str:
    """Return `text` as one field of one line: line ends and tabs become spaces, controls visible."""
    return text.replace("\r\n", "\n").translate(_ONE_LINE)


class Marked(NamedTuple):
    """A text with the spans in it that a terminal highlights."""

    text: str
    marks: tuple[Span, ...]

    def __str__(self) -> str:
        return self.text


class Column(NamedTuple, Generic[_T]):
    """One column of a table: its title, the value of a row in it, and the style that a terminal gives it."""

    title: str
    value: Callable[[_T], object]
    style: str = ""


def field(value: object) -> str:
    """Return `value` as a field of a tab-separated line."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Mapping):
        return ",".join(f"{one_line(str(key))}={field(item)}" for key, item in value.items())
    if isinstance(value, tuple) and not isinstance(value, Marked):
        return ",".join(map(field, value))
    return one_line(str(value)) if value is not None else ""


def as_data(value: Any) -> Any:
    """Return `value`, a record of the store or a collection of such, as JSON can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return [as_data(item) for item in value]
    fields = _fields(value)
    return value if fields is None else {str(name): as_data(item) for name, item in fields.items()}


def _fields(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, Declaration):
        return value.as_data()
    if hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if dataclasses.is_dataclass(value):
        return {name: getattr(value, name) for name in field_names(value)}
    return value if isinstance(value, Mapping) else None


def as_json(value: object) -> str:
    """Return `value` as a JSON document."""
    return json.dumps(as_data(value), ensure_ascii=False, indent=2) + "\n"


def write_text(text: str) -> None:
    """Write `text` to stdout exactly; bytes of the command line that were no UTF-8 come out as they went in."""
    rest = memoryview(text.encode("utf-8", "surrogateescape"))
    while rest:
        # Under PYTHONUNBUFFERED this is the bare file, which may take only a part.
        rest = rest[sys.stdout.buffer.write(rest) :]


class Output:
    """One run's results, in the form that suits where they go."""

    def __init__(self, *, json: bool = False) -> None:
        """Look at where stdout goes; `json` asks for JSON wherever that is."""
        self.json = json
        self.terminal = sys.stdout.isatty() and not json

    def text(self, text: str) -> None:
        """Write `text` exactly."""
        write_text(text)

    def note(self, sentence: str) -> None:
        """Write a line to stderr."""
        sys.stdout.flush()
        sys.stderr.write(visible(sentence) + "\n")
        sys.stderr.flush()

    def rows(self, rows: Iterable[_T], columns: Sequence[Column[_T]]) -> int:
        """Write a table, and return how many rows it had; outside JSON, a table without rows is nothing at all."""
        if not (self.json or self.terminal):
            return _write_lines(rows, columns)
        rows = list(rows)
        if self.json:
            write_text(as_json(rows))
        elif rows:
            _terminal().table(rows, columns)
        return len(rows)

    def record(self, values: Mapping[str, object]) -> None:
        """Write one thing's fields, a line each."""
        if self.json:
            write_text(as_json(values))
        elif self.terminal:
            _terminal().record(values)
        else:
            write_text("".join(f"{name}\t{field(value)}\n" for name, value in values.items()))

    def document(self, prompt: Prompt) -> None:
        """Write a prompt: its text alone, which stands below its facts in a terminal."""
        if self.json:
            write_text(as_json(prompt))
        elif self.terminal:
            _terminal().document(prompt)
        else:
            write_text(prompt.text)

    def diff(self, lines: Sequence[str]) -> None:
        """Write the lines of a unified diff."""
        if self.terminal:
            _terminal().diff(lines)
        else:
            write_text("".join(f"{line}\n" for line in lines))

    def result(self, sentence: str, *fields: object) -> None:
        """Write what a command did: the `sentence` to a terminal, the `fields` to a pipe."""
        write_text(visible(sentence) + "\n" if self.terminal else "\t".join(map(field, fields)) + "\n")

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress | None]:
        """Give what reports progress, as a bar on stderr; None if nobody would see it."""
        if not sys.stderr.isatty():
            yield None
            return
        with _terminal().bar(title) as report:
            yield report


def _write_lines(rows: Iterable[_T], columns: Sequence[Column[_T]]) -> int:
    count = 0
    for row in rows:
        count += 1
        write_text("\t".join(field(column.value(row)) for column in columns) + "\n")
    return count


def _terminal() -> ModuleType:
    """Import the faces of a terminal: rich is for terminals only."""
    return import_module("prompt_kernel.cli._terminal")
