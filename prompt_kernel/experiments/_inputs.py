"""The inputs of an experiment as plain data, before anything is done with them.

What is recorded is what was asked with: a value becomes plain first, and the text is made of what it has become.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral, Number, Real
from typing import Any, Final, NamedTuple

from prompt_kernel.errors import InvalidMetadataError

_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})
#: The missing values of pandas, which cannot be asked whether they equal themselves.
_MISSING: Final = frozenset({"NAType", "NaTType"})
_BOOLEANS: Final = frozenset({"bool", "bool_"})


class Row(NamedTuple):
    """One input: its index as text, and its columns. What is missing in it is None, and counts as not given."""

    name: str
    inputs: Mapping[str, Any]


def rows_of(inputs: Any) -> list[Row]:
    """Return the rows of a pandas or polars DataFrame, an Arrow table or an iterable of mappings.

    The index is that of a pandas DataFrame, else the number of the row from 0; one that comes again gets a number.
    Without inputs there is one row, without columns.

    Raises:
        InvalidMetadataError: they are nothing of that kind, or there is none, or a value is nested too deep.
    """
    rows, seen = [], dict[str, int]()
    for index, columns in _pairs([{}] if inputs is None else inputs):
        name = index
        while name in seen:
            seen[index] += 1
            name = f"{index} ({seen[index]})"
        seen[name] = 1
        try:
            rows.append(Row(name, {str(column): plain(value) for column, value in columns.items()}))
        except RecursionError:
            raise InvalidMetadataError("inputs", f"row {name} holds a value that is nested too deep") from None
    if not rows:
        raise InvalidMetadataError("inputs", "there is no row in them")
    return rows


def _pairs(inputs: Any) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    if hasattr(inputs, "iloc") and hasattr(inputs, "columns"):
        return _of_pandas(inputs)
    if hasattr(inputs, "collect_schema") and hasattr(inputs, "collect"):
        inputs = inputs.collect() if not hasattr(inputs, "iter_rows") else inputs
    if hasattr(inputs, "iter_rows"):
        return _numbered(inputs.iter_rows(named=True))
    if hasattr(inputs, "to_pylist"):
        return _numbered(inputs.to_pylist())
    if isinstance(inputs, Mapping | str) or not isinstance(inputs, Iterable):
        raise InvalidMetadataError("inputs", f"a {type(inputs).__name__} has no rows; write a list of them, or a frame")
    return _numbered(inputs)


def _of_pandas(frame: Any) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise InvalidMetadataError("inputs", "two columns have the same name")
    columns = [frame.iloc[:, number] for number in range(len(names))]
    rows = zip(*columns, strict=True) if columns else iter([()] * len(frame))
    for index, values in zip(frame.index, rows, strict=True):
        yield str(index), dict(zip(names, values, strict=True))


def _numbered(rows: Iterable[Any]) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InvalidMetadataError("inputs", f"row {number} is a {type(row).__name__}; write a mapping of columns")
        yield str(number), row


def plain(value: object) -> Any:
    """Return a value as plain data for JSON whose text is the same, or as its text where there are none such.

    A number of numpy becomes the number that is written alike; what is not a number (`nan`) or missing is None.
    """
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> Any:
    name = type(value).__name__
    if name in _BOOLEANS:
        return bool(value)
    if name in _MISSING or (isinstance(value, Number) and value != value):  # noqa: PLR0124 - nan is not itself
        return None
    if isinstance(value, Real):
        return _number(value)
    return plain(value.tolist()) if name == "ndarray" and hasattr(value, "tolist") else str(value)


def _number(value: Real) -> int | float | str:
    text = str(value)
    try:
        number = int(value) if isinstance(value, Integral) else float(text)
    except ValueError:
        return text
    return number if str(number) == text and math.isfinite(number) else text


__all__ = ["Row", "plain", "rows_of"]
