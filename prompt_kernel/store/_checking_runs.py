"""Looking at the records of experiments before any of them is believed; see `_checking`."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.names import key_of
from prompt_kernel.store import _contents, _ledger, _rows, _runs
from prompt_kernel.store._packing import Record

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SCORE: Final = 5


def wrong(field: str, reason: str) -> InvalidMetadataError:
    """Return the error that says what is wrong with a field."""
    return InvalidMetadataError(field, reason)


def experiment(_: str, value: Any) -> None:
    """Check the name of an experiment."""
    _ledger.checked_name(value)


def sha256(field: str, value: Any) -> None:
    """Check a hash."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise wrong(field, f"{value!r} is not of 64 hexadecimal digits")


def _maybe_sha256(field: str, value: Any) -> None:
    if value != "":
        sha256(field, value)


def data(field: str, value: Any) -> None:
    """Check JSON as text, of an object."""
    _object(field, value)


def _object(field: str, value: Any) -> dict[str, Any]:
    found = _json(field, value)
    if not isinstance(found, dict):
        raise wrong(field, "this must be JSON of an object, as text")
    return found


def _json(field: str, value: Any) -> Any:
    """Return what JSON as text says, as long as it is written as a store writes it."""
    try:
        found = json.loads(_rows.checked_line(field, value) if isinstance(value, str) else value)
    except (TypeError, ValueError, RecursionError):
        raise wrong(field, "this is not JSON, as text") from None
    if _contents.packed(field, found) != value:
        raise wrong(field, "this is JSON that no store has written")
    return found


def _name(field: str, value: Any) -> None:
    _runs.name_of(field, value)


def _line(field: str, value: Any) -> None:
    _rows.checked_line(field, value)


def _integer(field: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or _rows.number(value) != value:
        raise wrong(field, f"{value!r} is no whole number that a store holds")


def _count(field: str, value: Any) -> None:
    if value is not None:
        _integer(field, value)


def _number(field: str, value: Any) -> None:
    if value is not None and (not isinstance(value, float) or not math.isfinite(value)):
        raise wrong(field, f"{value!r} is no number as in 0.5")


def _output(field: str, value: Any) -> None:
    if value is not None and not isinstance(_json(field, value), str):
        raise wrong(field, "this must be JSON of a text, as text")


def _scores(field: str, value: Any) -> None:
    for score in _object(field, value).values():
        if not isinstance(score, list) or len(score) != _SCORE:
            raise wrong(field, "a score is a list of five")
        number, *texts, cost = score
        _number(field, number)
        _number(field, cost)
        if not all(isinstance(text, str) for text in texts):
            raise wrong(field, "what is said of a score is text")


RUN: Final[Mapping[str, Callable[[str, Any], None]]] = {
    "prompt": _name, "row": _line, "model": _name, "repeat": _integer, "call": _name, "manifest": _maybe_sha256,
    "inputs": sha256, "variables": sha256, "parameters": sha256, "text_sha256": _name, "seconds": _number,
    "tokens_in": _count, "tokens_out": _count, "cost": _number, "error": _line, "scores": _scores, "output": _output,
}  # fmt: skip


class Ledger:
    """What the records of experiments have said so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self._uids: set[str] = set()
        self._keys: set[str] = set()
        self._uid = ""
        self._contents: dict[str, bool] = {}
        self._cells: set[str] = set()

    def look(self, kind: str, record: Record) -> None:
        """Check one record against those before it."""
        if kind == "experiment":
            self._begin(record)
        elif record["uid"] != self._uid:
            raise wrong("uid", f"a {kind} is of no experiment before it")
        elif kind == "content":
            self._content(record)
        else:
            self._run(record)

    def _begin(self, record: Record) -> None:
        key = key_of(record["name"])
        if record["uid"] in self._uids or key in self._keys:
            raise wrong("name", f"the experiment {record['name']} is there twice")
        self._uid, self._contents, self._cells = record["uid"], {}, set()
        self._uids.add(record["uid"])
        self._keys.add(key)

    def _content(self, record: Record) -> None:
        if self._cells:
            raise wrong("record", "a content comes after the runs")
        if _contents.address(record["data"]) != record["sha256"]:
            raise wrong("data", f"this does not match its SHA-256, {record['sha256'][:12]}")
        self._contents[record["sha256"]] = _contents.manifest_of(record["data"]) is not None

    def _run(self, record: Record) -> None:
        for field in ("inputs", "variables", "parameters", "manifest"):
            if record[field] not in self._contents and record[field]:
                raise wrong(field, f"the content {record[field][:12]} is not there")
        if record["manifest"] and not self._contents[record["manifest"]]:
            raise wrong("manifest", f"the content {record['manifest'][:12]} is no manifest")
        cell = _runs.cell_of(*(record[field] for field in ("prompt", "row", "model", "repeat", "call")))
        if cell in self._cells:
            raise wrong("record", f"a run of {record['prompt']} is there twice")
        self._cells.add(cell)
