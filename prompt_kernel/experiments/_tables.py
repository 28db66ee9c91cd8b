"""Runs as a tidy table: a row for each, with the same columns; and that table as frames and as files."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

from prompt_kernel.errors import InvalidMetadataError, MissingExtraError, PromptKernelError
from prompt_kernel.runs import Run

Record = dict[str, Any]

_FIRST: Final = ("prompt", "model", "row", "repeat")
_OUTCOME: Final = ("output", "error", "seconds", "tokens_in", "tokens_out", "cost")
_HASHES: Final = ("text_sha256", "manifest", "call")
#: What a column without a single value is of.
_KINDS: Final[Mapping[str, type]] = {
    "repeat": int, "seconds": float, "tokens_in": int, "tokens_out": int, "cost": float, "run": int,
}  # fmt: skip
_LARGEST: Final = 2**63


def records(runs: Sequence[Run], scores: Sequence[str], *, details: bool) -> list[Record]:
    """Return a record for each of `runs`; see `Results.records`."""
    taken = {*_FIRST, *_OUTCOME, "run", *(_HASHES if details else ())}
    inputs = _columns((run.inputs for run in runs), "input", taken)
    variables = _columns((run.variables for run in runs), "variable", taken)
    scored = _columns([dict.fromkeys(scores)], "score", taken)
    return [_record(run, inputs, variables, scored, details=details) for run in runs]


def _columns(mappings: Iterable[Mapping[str, Any]], prefix: str, taken: set[str]) -> dict[str, str]:
    """Return for each name in `mappings` what its column is called; these names are `taken` then."""
    names = dict.fromkeys(name for mapping in mappings for name in mapping)
    columns = {name: f"{prefix}.{name}" if name in taken else name for name in names}
    taken.update(columns.values())
    return columns


def _record(
    run: Run, inputs: Mapping[str, str], variables: Mapping[str, str], scores: Mapping[str, str], *, details: bool
) -> Record:
    record: Record = {name: getattr(run, name) for name in _FIRST}
    record |= {column: run.inputs.get(name) for name, column in inputs.items()}
    record |= {column: run.variables.get(name) for name, column in variables.items()}
    record |= {name: getattr(run, name) for name in _OUTCOME}
    for name, column in scores.items():
        score = run.scores.get(name)
        record[column] = score and score.value
        if details:
            record |= {f"{column}.detail": score and score.detail, f"{column}.error": score and score.error}
    if details:
        record |= {name: getattr(run, name) for name in _HASHES}
    return record | {"run": run.id}


def frame(found: list[Record], kind: str | None) -> Any:
    """Return records as a DataFrame; see `Results.frame`."""
    makers: dict[str, Callable[[list[Record]], Any]] = {"pandas": _pandas, "polars": _polars}
    if kind is not None and kind not in makers:
        raise InvalidMetadataError("frame", f"{kind!r} is none; there are pandas and polars")
    wanted = kind or next((name for name in makers if find_spec(name)), "")
    if not wanted or not find_spec(wanted):
        raise PromptKernelError(
            f"A frame needs {wanted or 'pandas or polars'}, which is not installed; records() gives the same as a list."
        )
    return makers[wanted](found)


def _pandas(found: list[Record]) -> Any:
    import pandas as pd  # noqa: PLC0415 - it is the user's own

    return pd.DataFrame.from_records(found)


def _polars(found: list[Record]) -> Any:
    import polars as pl  # noqa: PLC0415 - it is the user's own

    types = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}
    columns = _uniform(found)
    return pl.DataFrame(
        {name: values for name, (_, values) in columns.items()},
        schema={name: types[kind] for name, (kind, _) in columns.items()},
    )


def _uniform(found: list[Record]) -> dict[str, tuple[type, list[Any]]]:
    """Return the columns of `found`, each with the one type of its values: where they differ, JSON texts."""
    names = list(found[0]) if found else []
    return {name: _column(name, [record[name] for record in found]) for name in names}


def _column(name: str, values: list[Any]) -> tuple[type, list[Any]]:
    kinds = {type(value) for value in values if value is not None}
    kinds = {float} if kinds == {int, float} else kinds
    kind = next(iter(kinds), _KINDS.get(name, str))
    fits = len(kinds) <= 1 and kind in (str, int, float, bool)
    if kind is int and any(value is not None and not -_LARGEST <= value < _LARGEST for value in values):
        fits = False
    if not fits:
        return str, [value if value is None or isinstance(value, str) else _json(value) for value in values]
    return kind, [None if value is None else kind(value) for value in values]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# Files


def to_bytes(found: list[Record], ending: str) -> bytes:
    """Return records as the content of a file; see `Results.to_bytes`."""
    writer = _WRITERS.get(ending.lower().removeprefix("."))
    if writer is None:
        raise InvalidMetadataError(
            "export", f"a file can end in {_ENDINGS}, and {ending or 'nothing'} is none of these"
        )
    return writer(found)


#: Half a surrogate, which a model may answer and no UTF-8 has, becomes a question mark.
_UNWRITABLE: Final = "replace"


def _csv(found: list[Record]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(found[0] if found else ())
    writer.writerows([_plain(value) for value in record.values()] for record in found)
    return text.getvalue().encode(errors=_UNWRITABLE)


def _plain(value: Any) -> Any:
    return _json(value) if isinstance(value, list | tuple | dict) else value


def _json_lines(found: list[Record]) -> bytes:
    return "".join(f"{_json(record)}\n" for record in found).encode(errors=_UNWRITABLE)


def _parquet(found: list[Record]) -> bytes:
    try:
        import pyarrow as pa  # noqa: PLC0415 - it is optional
        import pyarrow.parquet as pq  # noqa: PLC0415 - it is optional
    except ImportError as error:
        raise MissingExtraError("frames", "Parquet") from error
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    columns = _uniform(found)
    schema = pa.schema([(name, types[kind]) for name, (kind, _) in columns.items()])
    table = pa.table({name: values for name, (_, values) in columns.items()}, schema=schema)
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


_WRITERS: Final[Mapping[str, Callable[[list[Record]], bytes]]] = {
    "csv": _csv, "jsonl": _json_lines, "parquet": _parquet,
}  # fmt: skip
_ENDINGS: Final = ", ".join(f".{ending}" for ending in _WRITERS)
