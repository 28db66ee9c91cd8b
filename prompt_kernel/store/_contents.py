"""JSON that many runs of an experiment share, kept once under the hash of itself."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.expansion import Manifest, ManifestEntry, hash_of
from prompt_kernel.store import _packing

_KEEP: Final = text(
    "INSERT INTO experiment_content (experiment_id, sha256, data) VALUES (:experiment_id, :sha256, :data)"
    " ON CONFLICT DO NOTHING"
)
_READ: Final = text(
    "SELECT sha256, data FROM experiment_content WHERE experiment_id = :experiment_id AND sha256 IN :ids"
).bindparams(bindparam("ids", expanding=True))


#: Made once: `json.dumps` would make one for each value.
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_ENCODE_ASCII: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

_ALL: Final = text(
    "SELECT sha256, data FROM experiment_content WHERE experiment_id = :id AND sha256 > :after"
    " ORDER BY sha256 LIMIT 100"
)


def packed(field: str, value: object) -> str:
    """Return plain data as JSON that every database takes and that reads as the same again, NUL and all.

    Raises:
        InvalidMetadataError: it is no plain data.
    """
    try:
        stored = _ENCODE(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMetadataError(field, f"this cannot be kept: {error}") from None
    return stored if _is_storable(stored) else _ENCODE_ASCII(value)


def _is_storable(stored: str) -> bool:
    """Tell whether there is no lone surrogate in it; NUL is escaped by JSON itself."""
    try:
        return stored.isascii() or bool(stored.encode())
    except UnicodeEncodeError:
        return False


def address(stored: str) -> str:
    """Return the hex hash that stored JSON is kept under, however its characters are escaped."""
    return hash_of(_ENCODE(json.loads(stored)) if "\\u" in stored else stored)


def manifest_of(stored: str) -> Manifest | None:
    """Return the manifest that stored JSON says, None where it says something else."""
    try:
        manifest = Manifest.from_data(json.loads(stored))
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    return manifest if manifest.entries and all(map(_is_entry, manifest.entries)) else None


def _is_entry(entry: ManifestEntry) -> bool:
    numbers = [at for to in entry.includes if to is not None for at in to]
    return (
        all(isinstance(text, str) for text in (entry.path, entry.uid, entry.sha256))
        and isinstance(entry.version, int | None)
        and isinstance(entry.text, str | None)
        and all(isinstance(number, int) for number in numbers)
    )


class Contents:
    """What is to be kept for some runs: each value once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[str, str] = {}
        #: By identity, because many runs have the very same mapping; held, so that no other gets its number.
        self._seen: dict[int, tuple[object, str]] = {}

    def add(self, field: str, value: Mapping[str, Any]) -> str:
        """Keep a mapping, and return the hash that it is found by."""
        seen = self._seen.get(id(value))
        if seen is not None:
            return seen[1]
        stored = packed(field, dict(value))
        sha256 = address(stored)
        self._kept[sha256] = stored
        self._seen[id(value)] = value, sha256
        return sha256

    def add_manifest(self, sha256: str, data: Mapping[str, Any]) -> None:
        """Keep the data of a manifest.

        Raises:
            InvalidMetadataError: it has another hash, or is no manifest.
        """
        try:
            stored = packed("manifest", json.loads(json.dumps(data, sort_keys=True)))
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidMetadataError("manifest", f"this cannot be kept: {error}") from None
        if address(stored) != sha256:
            raise InvalidMetadataError("manifest", f"{sha256[:12]} is not the hash of what is given for it")
        if manifest_of(stored) is None:
            raise InvalidMetadataError("manifest", f"what is given for {sha256[:12]} is no manifest")
        self._kept[sha256] = stored

    def write(self, connection: Connection, experiment_id: int) -> None:
        """Write what is not there yet."""
        keep(connection, experiment_id, self._kept)


def keep(connection: Connection, experiment_id: int, contents: Mapping[str, str]) -> None:
    """Keep stored JSON by hash, where it is not there yet."""
    rows = [{"experiment_id": experiment_id, "sha256": sha256, "data": data} for sha256, data in contents.items()]
    if rows:
        connection.execute(_KEEP, rows)


def read(connection: Connection, experiment_id: int, hashes: Iterable[str]) -> dict[str, str]:
    """Return stored JSON by hash; what is missing is left out."""
    rows = _packing.select(connection, _READ, set(hashes), experiment_id=experiment_id)
    return {row.sha256: row.data for row in rows}


def damaged(connection: Connection, experiment_id: int) -> Iterator[str]:
    """Give the hashes that what is kept under them does not have."""
    after = ""
    while found := connection.execute(_ALL, {"id": experiment_id, "after": after}).all():
        after = found[-1].sha256
        yield from (row.sha256 for row in found if not _is_sound(row.sha256, row.data))


def _is_sound(sha256: str, stored: str) -> bool:
    try:
        return address(stored) == sha256
    except (TypeError, ValueError):  # what is no JSON any more
        return False
