"""From the cells of a column to texts, as its variable is declared: at once where the types tell, else one by one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from prompt_kernel.errors import InvalidVariableError
from prompt_kernel.variables import Declaration


class Cells(NamedTuple):
    """The values of a column, None for null; `nulls` are the numbers of these, and `kinds` what types the others have.

    `kinds` is None where the frame does not say. No text of a value is longer than `longest` characters, by what a
    frame knows without looking at each; None where it does not.
    """

    values: list[Any]
    nulls: Sequence[int] = ()
    kinds: frozenset[type] | None = None
    longest: int | None = None


class Column(NamedTuple):
    """What the cells of a column are as texts, in a list or as the frame's own kind.

    None is longer than `longest` characters, which may be far too many. `problems` are the rows (by number) that have
    none, and why.
    """

    texts: Any
    longest: int
    problems: Mapping[int, str]


#: The exact types that are of the declared one already, so that only their texts are asked for.
_SETTLED: Final[Mapping[str, frozenset[type]]] = {
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
}
_TEXT: Final = frozenset({str})
_PLAIN: Final = frozenset({int, float, bool})


def default_text(declaration: Declaration) -> str | None:
    """Return what stands where no value is given, None where there must be one."""
    if declaration.default is not None:
        return str(declaration.convert(declaration.default))
    return None if declaration.required else ""


def absence(name: str) -> str:
    """Return the sentence about a cell that is null."""
    return f"{name} is null and has no default."


def column_of(cells: Cells, declaration: Declaration) -> Column:
    """Return the texts of `cells`; a null is the default, or a problem. The list in `cells` may be changed."""
    problems: dict[int, str] = {}
    kinds = cells.kinds if cells.kinds is not None else frozenset(map(type, cells.values)) - {type(None)}
    texts = _at_once(cells.values, kinds, declaration)
    longest = cells.longest
    if texts is None:
        texts, longest = _one_by_one(cells.values, declaration, problems), None
    if cells.nulls:
        longest = None
        default = default_text(declaration)
        for at in cells.nulls:
            texts[at] = default or ""
        if default is None:
            problems.update(dict.fromkeys(cells.nulls, absence(declaration.name)))
    return Column(texts, longest_of(texts) if longest is None else longest, problems)


def longest_of(texts: list[str]) -> int:
    """Return how long the longest of `texts` is."""
    return max(map(len, texts), default=0)


def _at_once(values: list[Any], kinds: frozenset[type], declaration: Declaration) -> list[str] | None:
    if declaration.type == "enum":
        return values if kinds <= _TEXT and set(values) - {None} <= set(declaration.values) else None
    if declaration.type == "string":
        return values if kinds <= _TEXT else _written(values, kinds)
    return _written(values, kinds) if kinds <= _SETTLED[declaration.type] else None


def _written(values: list[Any], kinds: frozenset[type]) -> list[str] | None:
    try:
        # Of these both give the same, and `repr`, which is a function and no type, in half the time.
        return list(map(repr if kinds <= _PLAIN else str, values))
    except (ValueError, RecursionError):  # one of them cannot be written
        return None


def _one_by_one(values: list[Any], declaration: Declaration, problems: dict[int, str]) -> list[str]:
    texts: list[str] = []
    text_of = _text_of(declaration)
    for at, value in enumerate(values):
        try:
            texts.append("" if value is None else text_of(value))
        except InvalidVariableError as error:
            problems[at] = str(error)
            texts.append("")
    return texts


def _text_of(declaration: Declaration) -> Callable[[Any], str]:
    def text_of(value: Any) -> str:
        value = declaration.convert(value)
        try:
            return str(value)
        except (ValueError, RecursionError) as error:  # a number of too many digits, a list too deep
            reason = f"it cannot be written as text: {error}"
            raise InvalidVariableError(declaration.name, type(value), reason) from error

    return text_of


def text_of_one(declaration: Declaration, value: object) -> str:
    """Return the text of one value that all rows share.

    Raises:
        InvalidVariableError: it does not fit.
    """
    return _text_of(declaration)(value)
