"""prompts.chat: a CSV with a prompt a row, `act,prompt,for_devs,type,contributor`, and `${Name:default}` in it."""

import csv
import io
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

from prompt_kernel.errors import ImportFileError
from prompt_kernel.files._import import MAX_BYTES
from prompt_kernel.files.formats._body import Hole, Part
from prompt_kernel.files.formats._braces import Parts, excerpt, spelled, take_apart, unique, written
from prompt_kernel.files.formats._format import NO, Files, Outgoing, Reading, Recognition
from prompt_kernel.files.formats._json import peek, read_text
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._naming import Paths, identifier
from prompt_kernel.records import Draft, Loss
from prompt_kernel.variables import Declaration

_COLUMNS: Final = ("act", "prompt", "for_devs", "type", "contributor")
_FOR_DEVS: Final = "dev"
_VARIABLE = re.compile(r"\$\{([^:}]+)(?::([^}]*))?\}")
#: A name is words; what else stands in such braces is code.
_NAME = re.compile(r"[^\W\d](?:[\w \-,&'\u2019]|/(?=\w)){0,79}")
_ORDINARY_LIMIT: Final = 131_072
_LIMIT_LOCK = threading.Lock()


class PromptsChat:
    """A CSV of acts and prompts."""

    name: ClassVar[str] = "prompts-chat"
    title: ClassVar[str] = "prompts.chat CSV: act,prompt,…"
    file: ClassVar[str] = "prompts.csv"

    def recognises(self, path: Path) -> Recognition:
        """Tell how sure it is by the first row."""
        if path.suffix.lower() != ".csv" or not path.is_file():
            return NO
        header = {cell.strip(' "\r').lower() for cell in peek(path).partition("\n")[0].split(",")}
        return Recognition(95, "its columns are act and prompt") if {"act", "prompt"} <= header else NO

    def read(self, path: Path) -> Reading:
        """Read every row."""
        paths, problems = Paths(), dict[str, str]()
        drafts: list[Draft] = []
        losses: list[Loss] = []
        for line, row in _rows(path):
            title, where = row["act"].strip(), f"{path.name}:{line}"
            if not title:
                problems[where] = "the row has no act, which is its name"
                continue
            if len(row["prompt"].encode("utf-8", "surrogatepass")) > MAX_BYTES:
                problems[where] = f"this is larger than the {MAX_BYTES // 2**20} MiB that a prompt can have"
                continue
            name = paths.give(title.replace("/", " "))
            if name != title:
                losses.append(
                    Loss(where, f"{excerpt(title)} cannot be its path, or is taken, so that it became {name}")
                )
            draft, lost = _draft(name, row, len(drafts))
            drafts.append(draft)
            losses += [Loss(where, what) for what in lost]
        if problems:
            raise ImportFileError(problems)
        return Reading(drafts, losses)

    def write(self, prompts: Sequence[Outgoing]) -> Files:
        """Write a row a prompt, in the order of the import as far as there was one."""
        losses: list[Loss] = []
        rows = []
        for prompt in prompts:
            row, lost = _row(prompt, self.name)
            rows.append((_position(prompt, self.name), row))
            losses += [Loss(prompt.name, what) for what in lost]
        rows.sort(key=lambda row: row[0])
        others = [column for _, row in rows for column in row if column not in _COLUMNS]
        out = io.StringIO()
        writer = csv.DictWriter(out, [*_COLUMNS, *dict.fromkeys(others)], lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(row for _, row in rows)
        return Files({self.file: out.getvalue().encode()}, losses)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each row with the line that it begins in."""
    content = read_text(path)
    with _long_fields():
        reader = csv.reader(io.StringIO(content, newline=""), strict=True)
        line = 1
        try:
            header = [cell.strip().lower() for cell in next(reader, [])]
            _check_header(path, header)
            line = reader.line_num + 1
            for row in reader:
                if row:
                    if len(row) != len(header):
                        reason = f"the row has {len(row)} fields, and the header {len(header)}"
                        raise ImportFileError({f"{path.name}:{line}": reason})
                    yield line, dict(zip(header, row, strict=True))
                line = reader.line_num + 1
        except csv.Error as error:
            raise ImportFileError({f"{path.name}:{line}": f"this is not valid CSV: {error}"}) from error


def _check_header(path: Path, header: Sequence[str]) -> None:
    missing = [column for column in ("act", "prompt") if column not in header]
    if missing:
        raise ImportFileError({f"{path.name}:1": f"there is no column {missing[0]}; the first row names the columns"})
    if len(set(header)) < len(header):
        raise ImportFileError({f"{path.name}:1": "two columns have the same name"})


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let fields be as long as a prompt; the limit is one for the whole process, and others may have set it."""
    with _LIMIT_LOCK:
        before = csv.field_size_limit(max(MAX_BYTES + 1, _ORDINARY_LIMIT))
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _draft(path: str, row: Mapping[str, str], at: int) -> tuple[Draft, list[str]]:
    variables: dict[str, Any] = {}
    names: dict[str, str] = {}
    taken = _apart(row["prompt"], variables, names)
    composed, losses = written(taken)
    for part in composed.demoted:
        names.pop(getattr(part, "name", ""), None)
    kept = {column: value for column, value in row.items() if column != "prompt"}
    layout = {"format": PromptsChat.name, "path": path, "row": kept, "at": at, "names": names}
    tags = (_FOR_DEVS,) if row.get("for_devs", "").strip().lower() == "true" else ()
    draft = Draft(path, composed.text, tags=tags, engine=composed.engine, variables=variables, layout=layout)
    return draft, losses


def _apart(text: str, variables: dict[str, Any] | None = None, names: dict[str, str] | None = None) -> Parts:
    """Take a text apart; of a variable that comes several times the first default counts, as it does there."""
    found = {} if variables is None else variables
    spellings = {} if names is None else names

    def reads(match: "re.Match[str]") -> tuple[Part | None, str]:
        title, default = match[1].strip(), (match[2] or "").strip()
        if not _NAME.fullmatch(title):
            return None, f"{excerpt(match[0])} stays text"
        name = identifier(title)
        if spellings.setdefault(name, title) != title:
            return None, f"{excerpt(match[0])} stays text, because {spellings[name]} has its name"
        known = found.setdefault(name, {"default": default} if default else {"required": False})
        differs = known.get("default", "") != default and match[2] is not None
        return Hole(name, match[0]), f"another default of {title}, {excerpt(default)!r}" if differs else ""

    return take_apart(text, _VARIABLE, reads, "}")


def _row(prompt: Outgoing, name: str) -> tuple[dict[str, str], list[str]]:
    kept = prompt.layout if prompt.layout.get("format") == name else {}
    flat = prompt.flat()
    names = kept.get("names", {})
    content, losses = spelled(flat.parts, lambda part: _spelled(part, flat.variables, names), _apart, "prompts.chat")
    row = {"act": prompt.name, "prompt": content, "for_devs": "FALSE", "type": "TEXT", "contributor": ""}
    row |= {column: value for column, value in kept.get("row", {}).items() if isinstance(value, str)}
    if prompt.name != kept.get("path"):
        row["act"] = prompt.name
    is_for_devs = _FOR_DEVS in prompt.tags
    if is_for_devs != (row["for_devs"].strip().lower() == "true"):
        row["for_devs"] = str(is_for_devs).upper()
    tags = set(prompt.tags) - {_FOR_DEVS}
    lost = not_said(prompt, flat.variables, ("tags", "defaults"))
    return row, unique([*flat.losses, *lost, *(["its tags are left out"] if tags else []), *losses])


def _position(prompt: Outgoing, name: str) -> tuple[float, str]:
    at = prompt.layout.get("at") if prompt.layout.get("format") == name else None
    return (at if isinstance(at, int) else float("inf")), prompt.name


def _spelled(part: Part, variables: Mapping[str, Declaration], names: Mapping[str, str]) -> str:
    if not isinstance(part, Hole):
        return part if isinstance(part, str) else part.source
    declared = variables.get(part.name)
    default = "" if declared is None or declared.default is None else str(declared.default)
    title = names.get(part.name, part.name)
    return f"${{{title}:{default}}}" if default else f"${{{title}}}"
