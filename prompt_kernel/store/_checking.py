"""Looking at the records of an archive before any of them is believed: a file may say anything."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeGuard

from prompt_kernel.errors import DamagedTextError, PathTakenError
from prompt_kernel.expansion import hash_of
from prompt_kernel.names import check_path, is_label, key_of
from prompt_kernel.records import ORIGINS
from prompt_kernel.store import _checking_runs, _rows
from prompt_kernel.store._checking_runs import wrong as _wrong
from prompt_kernel.store._packing import BELONGS, Record
from prompt_kernel.variables import declare

_UID: Final = re.compile(r"[0-9a-f]{32}")
_MOST: Final = 2**31 - 1
Check = Callable[[str, Any], None]


def _line(field: str, value: Any) -> None:
    _rows.checked_line(field, value)


def _path(field: str, value: Any) -> None:
    if check_path(value) != value:
        raise _wrong(field, f"{value!r} is not in Unicode's composed form")


def _uid(field: str, value: Any) -> None:
    if not isinstance(value, str) or not _UID.fullmatch(value):
        raise _wrong(field, f"{value!r} is not of 32 hexadecimal digits")


def _boolean(field: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise _wrong(field, f"{value!r} is not true or false")


def _number(field: str, value: Any) -> None:
    if not _is_number(value):
        raise _wrong(field, f"{value!r} is not the number of a version")


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST


def _moment(field: str, value: Any) -> None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(field, f"{value!r} is not a moment as in 2026-01-31T12:00:00.000000+00:00")


def _origin(field: str, value: Any) -> None:
    if value not in ORIGINS:
        raise _wrong(field, f"{value!r} is not one of {', '.join(ORIGINS)}")


def _tags(field: str, value: Any) -> None:
    if not isinstance(value, list) or list(_rows.checked_tags(value)) != value:
        raise _wrong(field, "a tag occurs twice, or has white space around it")


def _mapping(field: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(field, "this must be an object")
    return value


def _layout(field: str, value: Any) -> None:
    _rows.checked_line(field, _rows.to_json(_mapping(field, value)))


def _labels(field: str, value: Any) -> None:
    for name, number in _mapping(field, value).items():
        if not is_label(name) or not _is_number(number):
            raise _wrong(field, f"{name!r}: {number!r} is not a label and its version")


def _former(field: str, value: Any) -> None:
    if not isinstance(value, list) or len(set(map(str, value))) != len(value):
        raise _wrong(field, "this must be a list of different paths")
    for path in value:
        _path(field, path)


def _variables(field: str, value: Any) -> None:
    declare(_mapping(field, value))
    _rows.checked_line(field, _rows.to_json(value))


def _engine(_: str, value: Any) -> None:
    _rows.checked_engine(value)


def _json(field: str, value: Any) -> None:
    _rows.checked_line(field, _rows.to_json(value))


def _bytes(field: str, value: Any) -> None:
    try:
        b64decode(value, validate=True)
    except (TypeError, ValueError, NotBase64):
        raise _wrong(field, "this is not Base64") from None


def _updates(field: str, value: Any) -> None:
    if not isinstance(value, list):
        raise _wrong(field, "this must be a list")
    for update in value:
        _fields(_UPDATE, field, update)


def _or_null(check: Check) -> Check:
    def look(field: str, value: Any) -> None:
        if value is not None:
            check(field, value)

    return look


_UPDATE: Final[Mapping[str, Check]] = {"author": _line, "process": _line, "at": _moment, "data": _bytes}
_FIELDS: Final[Mapping[str, Mapping[str, Check]]] = {
    "directory": {"path": _path, "description": _line, "enabled": _boolean, "source": _line},
    "prompt": {
        "uid": _uid, "path": _path, "description": _line, "tags": _tags, "head": _number, "author": _line,
        "updated_at": _moment, "deleted_at": _or_null(_moment), "deleted_by": _or_null(_line),
        "layout": _or_null(_layout), "labels": _labels, "former": _former,
    },
    "version": {
        "uid": _uid, "number": _number, "sha256": _line, "engine": _engine, "variables": _variables, "author": _line,
        "origin": _origin, "message": _line, "created_at": _moment, "text": _line,
    },
    "change": {
        "kind": _line, "uid": _or_null(_uid), "path": _line, "version": _or_null(_number), "detail": _line,
        "author": _line, "origin": _origin, "at": _moment,
    },
    "favourite": {"author": _line, "uid": _uid},
    "opening": {"author": _line, "uid": _uid, "at": _moment},
    "preference": {"author": _line, "name": _line, "value": _json},
    "experiment": {
        "uid": _uid, "name": _checking_runs.experiment, "description": _line, "spec": _checking_runs.data,
        "round": _number, "author": _line, "created_at": _moment, "updated_at": _moment,
    },
    "content": {"uid": _uid, "sha256": _checking_runs.sha256, "data": _checking_runs.data},
    "run": {"uid": _uid, "round": _number, "author": _line, "at": _moment, **_checking_runs.RUN},
    "live": {
        "uid": _uid, "epoch": _line, "synced": _number, "state": _bytes, "synced_state": _bytes, "updates": _updates,
    },
}  # fmt: skip


def _fields(checks: Mapping[str, Check], what: str, record: Any) -> None:
    missing = [field for field in checks if not isinstance(record, dict) or field not in record]
    if missing:
        raise _wrong(what, f"it has no {missing[0]}")
    for field, check in checks.items():
        try:
            check(field, record[field])
        except RecursionError:
            raise _wrong(field, "this is nested too deeply") from None


def checked(records: Iterable[Record]) -> Iterator[Record]:
    """Give records on, once each of them is sound and follows from those before it.

    Raises:
        PromptKernelError: one is not, or something is missing at the end.
    """
    order = _Order()
    for record in records:
        kind = record.get("record") if isinstance(record, dict) else None
        if not isinstance(kind, str) or kind not in _FIELDS:
            raise _wrong("record", f"{kind!r} is not one of {', '.join(_FIELDS)}")
        _fields(_FIELDS[kind], kind, record)
        order.look(kind, record)
        yield record
    order.end()


class _Order:
    """What the records so far have said, and so what may come next."""

    def __init__(self) -> None:
        self._reached = 0
        self._uids: set[str] = set()
        self._keys: dict[str, str] = {}
        self._prompt: Record | None = None
        self._number = 0
        self._ledger = _checking_runs.Ledger()

    def look(self, kind: str, record: Record) -> None:
        """Check one record against those before it."""
        rank = _RANKS[kind]
        if rank < self._reached:
            raise _wrong("record", f"a {kind} comes too late; the order is {', '.join(_FIELDS)}")
        self._reached = rank
        if kind == "version":
            self._version(record)
            return
        self._whole()
        if kind == "prompt":
            self._begin(record)
        elif kind in ("experiment", "content", "run"):
            self._ledger.look(kind, record)
        elif kind in ("favourite", "opening", "live") and record["uid"] not in self._uids:
            raise _wrong("uid", f"a {kind} is of no prompt")

    def _begin(self, record: Record) -> None:
        if record["uid"] in self._uids:
            raise _wrong("uid", f"{record['uid']} is there twice")
        self._uids.add(record["uid"])
        if record["deleted_at"] is None:
            key = key_of(record["path"])
            if key in self._keys:
                raise PathTakenError(record["path"], self._keys[key])
            self._keys[key] = record["path"]
        elif record["deleted_by"] is None:
            raise _wrong("deleted_by", f"nobody has deleted {record['path']}")
        if any(number > record["head"] for number in record["labels"].values()):
            raise _wrong("labels", f"{record['path']} has no such version")
        self._prompt, self._number = record, 0

    def _version(self, record: Record) -> None:
        prompt = self._prompt
        if prompt is None or record["uid"] != prompt["uid"] or record["number"] != self._number + 1:
            raise _wrong("number", f"version {record['number']} does not follow what is before it")
        self._number = record["number"]
        if self._number > prompt["head"]:
            raise _wrong("number", f"{prompt['path']} has more versions than it says")
        _rows.checked_text(f"{prompt['path']}@{self._number}", record["text"])
        if hash_of(record["text"]) != record["sha256"]:
            raise DamagedTextError(prompt["path"], self._number)

    def _whole(self) -> None:
        if self._prompt is not None and self._number < self._prompt["head"]:
            raise _wrong("head", f"{self._prompt['path']} lacks version {self._number + 1}")

    def end(self) -> None:
        """Check that nothing is missing."""
        self._whole()


_RANKS: Final = {kind: list(_FIELDS).index(BELONGS.get(kind, kind)) for kind in _FIELDS}
