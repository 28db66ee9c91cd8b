r"""Scorers: what an output is worth, as a number.

A scorer is any function, sync or async, of the output and the row that it was asked for, which is a mapping of the
input's columns. It returns a number, True or False, None where it cannot tell, or a `Score`. An exception is the
score's error, and stops nothing. These are ready made, and `judge` asks a model by a prompt of the store.

    scorers = [pk.scorers.exact("label"), pk.scorers.matches(r"^\w+$"), lambda output, row: len(output) < 20]
"""

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

from prompt_kernel.errors import InvalidMetadataError, MissingExtraError, PromptKernelError
from prompt_kernel.experiments._judge import Judge, judge
from prompt_kernel.experiments._replies import as_score, json_in, numbers_in
from prompt_kernel.names import near
from prompt_kernel.runs import Score

Row = Mapping[str, Any]
Verdict = Score | float | bool | None
Scorer = Callable[[str, Row], Verdict | Awaitable[Verdict]]


# Ready made


def exact(column: str, *, strip: bool = True, ignore_case: bool = False, name: str = "") -> Scorer:
    """Return a scorer that gives 1 where the output is the text of `column`, else 0.

    `strip` leaves spaces around both aside. Numbers are compared as they are written: see `close`.
    """
    return _Exact(name or f"exact:{column}", column, strip=strip, ignore_case=ignore_case)


def contains(column: str = "", *, words: str | Sequence[str] = (), ignore_case: bool = False, name: str = "") -> Scorer:
    """Return a scorer that gives the share of the wanted texts that stand in the output: 1 for all, 0 for none.

    Wanted are `words`, and what the row has in `column`: a text or a list of texts.

    Raises:
        InvalidMetadataError: neither is given.
    """
    wanted = (words,) if isinstance(words, str) else tuple(words)
    if not column and not any(wanted):
        raise InvalidMetadataError("contains", "it needs a column of the inputs, or words to look for")
    return _Contains(name or (f"contains:{column}" if column else "contains"), column, wanted, ignore_case=ignore_case)


def matches(pattern: str = "", *, column: str = "", ignore_case: bool = False, name: str = "") -> Scorer:
    """Return a scorer that gives 1 where a regular expression is found in the output, else 0.

    It is `pattern`, or what the row has in `column`. `^` and `$` are the ends of the output, unless it says `(?m)`.

    Raises:
        InvalidMetadataError: it is no regular expression, or none is given, or both are.
    """
    if bool(pattern) == bool(column):
        raise InvalidMetadataError("matches", "it needs either a pattern or the column that has one")
    scorer = _Matches(name or (f"matches:{column}" if column else "matches"), pattern, column, ignore_case=ignore_case)
    if pattern:
        scorer.compiled(pattern)
    return scorer


def json_schema(schema: Mapping[str, Any] | str, *, name: str = "json_schema") -> Scorer:
    """Return a scorer that gives 1 where the output is JSON that fits `schema`, else 0 and what is wrong with it.

    The JSON may stand in a fenced block, and be the first one of several. `schema` is a mapping, or its text; it may
    refer to parts of itself, and nothing is fetched.

    Raises:
        InvalidMetadataError: that is no JSON schema.
        MissingExtraError: jsonschema is not installed.
    """
    scorer = _JsonSchema(name, _schema(schema))
    _ = scorer.validator
    return scorer


def close(column: str, *, relative: float = 1e-6, absolute: float = 0.0, name: str = "") -> Scorer:
    """Return a scorer that gives 1 where the last number in the output is close to that of `column`, else 0.

    Close is what differs by at most `relative` times the expected number, or by at most `absolute`. Thousands may be
    separated by commas (`1,234.5`), and a sign may be the minus sign of typesetting.
    """
    return _Close(name or f"close:{column}", column, relative, absolute)


@dataclass(frozen=True)
class _Exact:
    name: str
    column: str
    strip: bool
    ignore_case: bool

    def __call__(self, output: str, row: Row) -> Score:
        expected = str(_wanted(row, self.column))
        if self.strip:
            output, expected = output.strip(), expected.strip()
        if self.ignore_case:
            output, expected = output.casefold(), expected.casefold()
        return Score(float(output == expected))


@dataclass(frozen=True)
class _Contains:
    name: str
    column: str
    words: tuple[str, ...]
    ignore_case: bool

    def __call__(self, output: str, row: Row) -> Score:
        wanted = [*self.words, *(_texts(_wanted(row, self.column)) if self.column else ())]
        if not wanted:
            return Score(None, error=f"the row's {self.column} is an empty list")
        missing = [word for word in wanted if not self._has(output, word)]
        return Score(1 - len(missing) / len(wanted), f"missing: {', '.join(missing)}" if missing else "")

    def _has(self, output: str, word: str) -> bool:
        return word.casefold() in output.casefold() if self.ignore_case else word in output


@dataclass(frozen=True)
class _Matches:
    name: str
    pattern: str
    column: str
    ignore_case: bool

    def __call__(self, output: str, row: Row) -> Score:
        pattern = self.pattern or str(_wanted(row, self.column))
        found = self.compiled(pattern).search(output)
        return Score(1.0, found[0]) if found else Score(0.0)

    def compiled(self, pattern: str) -> re.Pattern[str]:
        try:
            return re.compile(pattern, re.IGNORECASE if self.ignore_case else 0)
        except re.error as error:
            raise InvalidMetadataError("matches", f"{pattern!r} is no regular expression, because {error}") from error


@dataclass(frozen=True)
class _JsonSchema:
    name: str
    schema: Mapping[str, Any]

    @cached_property
    def validator(self) -> Any:
        try:
            from jsonschema import SchemaError  # noqa: PLC0415 - it is optional
            from jsonschema.validators import validator_for  # noqa: PLC0415 - it is optional
            from referencing import Registry  # noqa: PLC0415 - it comes with jsonschema
        except ImportError as error:
            raise MissingExtraError("experiments", "The scorer json_schema") from error
        kind: Any = validator_for(self.schema)
        try:
            kind.check_schema(self.schema)
        except SchemaError as error:
            raise InvalidMetadataError("json_schema", f"this is no JSON schema, because {error.message}") from error
        # Without a registry of its own it would fetch what a schema refers to.
        return kind(self.schema, registry=Registry())

    def __call__(self, output: str, row: Row) -> Score:  # noqa: ARG002 - what every scorer takes
        try:
            value = json_in(output)
        except ValueError as error:
            return Score(0.0, f"no JSON: {error}")
        problem = next(iter(self.validator.iter_errors(value)), None)
        return Score(1.0) if problem is None else Score(0.0, f"{problem.json_path}: {problem.message}")


def _schema(schema: Mapping[str, Any] | str) -> Mapping[str, Any]:
    try:
        read = json.loads(schema) if isinstance(schema, str) else schema
    except ValueError as error:
        raise InvalidMetadataError("json_schema", f"the schema is not JSON, because {error}") from error
    if not isinstance(read, Mapping):
        raise InvalidMetadataError("json_schema", "a schema is a mapping, or the text of one")
    return read


@dataclass(frozen=True)
class _Close:
    name: str
    column: str
    relative: float
    absolute: float

    def __call__(self, output: str, row: Row) -> Score:
        wanted = _wanted(row, self.column)
        expected = _number(wanted)
        if expected is None:
            return Score(None, error=f"the row's {self.column} is no number: {wanted!r}")
        found = numbers_in(output)
        if not found:
            return Score(0.0, "no number")
        difference = abs(found[-1] - expected)
        return Score(float(difference <= max(self.relative * abs(expected), self.absolute)), f"{found[-1]:.15g}")


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = numbers_in(str(value))
    return found[0] if len(found) == 1 else None


def _texts(value: object) -> list[str]:
    return [str(entry) for entry in value] if isinstance(value, list | tuple) else [str(value)]


class _Unscorable(Exception):  # noqa: N818 - a sentence for the score, no error of the run
    """There is nothing to compare an output with."""


def _wanted(row: Row, column: str) -> Any:
    """Return what the row has in `column`.

    Raises:
        _Unscorable: the row has no such column, or nothing in it.
    """
    if column not in row:
        known = near(column, list(row)) or list(row)[:5]
        raise _Unscorable(f"the inputs have no column {column!r}; they have {', '.join(known) or 'none'}")
    value = row[column]
    if value is None or value != value:  # noqa: PLR0124 - nan, of whatever library, is not itself
        raise _Unscorable(f"the row has nothing in its column {column!r}")
    return value


# What an experiment does with them


def named(scorers: Mapping[str, Scorer] | Iterable[Scorer]) -> dict[str, Scorer]:
    """Return scorers by their names: the keys of a mapping, else what each is called.

    Raises:
        InvalidMetadataError: two have the same name, or one cannot be called.
    """
    pairs = scorers.items() if isinstance(scorers, Mapping) else ((name_of(scorer), scorer) for scorer in scorers)
    found: dict[str, Scorer] = {}
    for name, scorer in pairs:
        if not callable(scorer):
            raise InvalidMetadataError("scorers", f"{name} is a {type(scorer).__name__}, and no function")
        if name in found:
            raise InvalidMetadataError(
                "scorers", f"two of them are called {name}; give them names, as {{name: scorer}}"
            )
        found[name] = scorer
    return found


def name_of(scorer: Scorer) -> str:
    """Return what a scorer is called where nobody gave it a name."""
    name = getattr(scorer, "name", None) or getattr(scorer, "__name__", None)
    return name if isinstance(name, str) else type(scorer).__name__


def prepare(scorers: Mapping[str, Scorer], store: Any) -> dict[str, Scorer]:
    """Return the same scorers ready for a run: those that have a method `prepare` are asked for what that gives.

    Raises:
        PromptKernelError: one cannot be used, such as a judge whose prompt is not in `store`.
    """
    return {name: scorer.prepare(store) if hasattr(scorer, "prepare") else scorer for name, scorer in scorers.items()}


def contents(scorers: Mapping[str, Scorer]) -> dict[str, dict[str, Any]]:
    """Return the manifests that prepared scorers use, as plain data by their hashes: what a ledger has to keep."""
    return {key: data for scorer in scorers.values() for key, data in getattr(scorer, "manifests", {}).items()}


_OURS: Final = (_Exact, _Contains, _Matches, _JsonSchema, _Close)


async def apply(scorer: Scorer, output: str, row: Row, prompt: str = "") -> Score:
    """Return what `scorer` makes of `output`; whatever goes wrong becomes the error of the score.

    `prompt` is the text that the output answers; a judge is shown it. A sync function runs in another thread, so that
    a slow one keeps nobody waiting.
    """
    try:
        if isinstance(scorer, Judge):
            return as_score(await scorer.ask(output, row, prompt))
        if isinstance(scorer, _OURS):
            return as_score(scorer(output, row))
        if _is_async(scorer):
            return as_score(await cast("Awaitable[Verdict]", scorer(output, row)))
        verdict = await asyncio.to_thread(_called, scorer, output, row)
        return as_score(await verdict if inspect.isawaitable(verdict) else verdict)
    except Exception as error:  # noqa: BLE001 - the user's own function: its error is a part of the result
        return _failed(error)


def _called(scorer: Scorer, output: str, row: Row) -> Verdict | Awaitable[Verdict]:
    try:
        return scorer(output, row)
    except Exception as error:  # noqa: BLE001 - see `apply`; a StopIteration would never come through to there
        return _failed(error)


def _failed(error: Exception) -> Score:
    plain = isinstance(error, PromptKernelError | _Unscorable)
    return Score(None, error=str(error) if plain else f"{type(error).__name__}: {error}")


def _is_async(scorer: Scorer) -> bool:
    return inspect.iscoroutinefunction(scorer) or inspect.iscoroutinefunction(type(scorer).__call__)


def read(text: str) -> Scorer:
    """Return the scorer that `text` means: `exact:label`, `contains:word`, `matches:pattern column`, `close:price`.

    What follows the colon is a column of the inputs; the other settings are as they are by default.

    Raises:
        InvalidMetadataError: it means none.
    """
    kind, colon, column = text.partition(":")
    if kind not in BY_COLUMN or not colon or not column:
        known = ", ".join(f"{name}:column" for name in BY_COLUMN)
        raise InvalidMetadataError("scorer", f"{text!r} is none; there are {known}")
    return BY_COLUMN[kind](column)


#: The scorers that need no more than a column of the inputs.
BY_COLUMN: Final[Mapping[str, Callable[[str], Scorer]]] = {
    "exact": exact,
    "contains": contains,
    "matches": lambda column: matches(column=column),
    "close": close,
}

__all__ = [
    "BY_COLUMN", "Judge", "Row", "Scorer", "Verdict", "apply", "as_score", "close", "contains", "contents", "exact",
    "json_schema", "judge", "matches", "name_of", "named", "prepare", "read",
]  # fmt: skip
