"""How large the texts of a frame are, in characters and tokens, and what makes them so."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from math import ceil
from typing import Any, Final, NamedTuple

from prompt_kernel.expansion import NO_VALUES, CompiledPrompt, Expansion, Piece
from prompt_kernel.frames._binding import Binding, bind
from prompt_kernel.frames._filling import Prepared, expansions, prepared
from prompt_kernel.frames._table import Table, joined
from prompt_kernel.frames._tables import table_of
from prompt_kernel.measures import Measure, Share, Spread
from prompt_kernel.tokens import ESTIMATE, Spec, Tokenizer
from prompt_kernel.tokens import tokenizer as tokenizer_of

#: Texts of so many characters are counted whole, a second's work; of more the parts are counted, each of them once.
MOST_WHOLE: Final = 10_000_000
_REMEMBERED: Final = 2**16
_MILLION: Final = 1_000_000
_P50, _P95 = 0.5, 0.95


class _Part(NamedTuple):
    """What one part adds to the rows: characters and tokens of each."""

    characters: "array[int]"
    tokens: "array[int]"
    constant: bool

    @classmethod
    def new(cls, *, constant: bool) -> "_Part":
        return cls(array("q"), array("q"), constant)

    def share(self, name: str) -> Share:
        return Share(name, _spread(self.characters), _spread(self.tokens), self.constant)


@dataclass
class _Sizes:
    """What was found out of the rows that are not bad."""

    characters: "array[int]" = field(default_factory=lambda: array("q"))
    tokens: "array[int]" = field(default_factory=lambda: array("q"))
    variables: dict[str, _Part] = field(default_factory=dict)
    pieces: dict[str, _Part] = field(default_factory=dict)
    prefix: str = ""
    is_exact: bool = True


def measure(
    prompt: CompiledPrompt,
    frame: Any,
    variables: Mapping[str, object] = NO_VALUES,
    *,
    tokenizer: Spec = None,
    limit: int | None = None,
    price: float | None = None,
) -> Measure:
    """Return how large the texts are that `prompt` makes of the rows of `frame`; nothing is sent anywhere.

    `tokenizer` is what `tokens.tokenizer` takes. Texts of more than ten million characters in all are not counted whole
    but by their parts, each of which is counted once: that is a thousand times faster where long parts are shared. It
    is a little more than the truth, a token for each place at most where two parts meet that a tokenizer would join.

    Raises:
        MissingColumnError, InvalidVariableError, InvalidFrameError: see `render_frame`.
        MissingExtraError, TokenizerError: see `tokens.tokenizer`.
    """
    counter, table = tokenizer_of(tokenizer), table_of(frame)
    binding = bind(prompt, table, variables)
    sizes = (_of_templates if prompt.has_templates else _of_parts)(binding, table, counter)
    tokens = _spread(sizes.tokens)
    return Measure(
        prompt=_name(prompt.path, prompt.version),
        rows=len(table),
        bad_rows=len(table) - len(sizes.characters),
        tokenizer=counter.name,
        is_exact=counter.is_exact and sizes.is_exact,
        characters=_spread(sizes.characters),
        tokens=tokens,
        variables=tuple(part.share(name) for name, part in sizes.variables.items()),
        pieces=tuple(part.share(name) for name, part in sizes.pieces.items()),
        prefix_characters=len(sizes.prefix),
        prefix_tokens=counter.count(sizes.prefix),
        limit=limit,
        over_limit=0 if limit is None else sum(count > limit for count in sizes.tokens),
        price=price,
        cost=None if price is None else tokens.total * price / _MILLION,
    )


def _spread(sizes: Sequence[int]) -> Spread:
    """Return the spread of `sizes`, percentiles by nearest rank."""
    if not sizes:
        return Spread()
    ordered = sorted(sizes)
    p50, p95 = (ordered[ceil(share * len(ordered)) - 1] for share in (_P50, _P95))
    return Spread(p50, p95, ordered[-1], sum(ordered))


def _name(path: str, version: int | None) -> str:
    return f"{path or 'text'}@{version}" if version else path or "text"


# Prompts without templates: columns and characters


def _of_parts(binding: Binding, table: Table, counter: Tokenizer) -> _Sizes:
    sizes, count = _Sizes(), lru_cache(_REMEMBERED)(counter.count)
    uses = _uses(binding)
    sizes.variables = {name: _Part.new(constant=name in binding.texts) for name in uses}
    for rows in prepared(binding, table):
        texts = {name: list(_good(rows, rows.columns[name].texts)) for name in binding.columns}
        good = len(rows.table) - len(rows.problems)
        texts |= {name: [text] * good for name, text in binding.texts.items()}
        for name, part in sizes.variables.items():
            part.characters.extend(uses[name] * len(text) for text in texts[name])
            part.tokens.extend(uses[name] * count(text) for text in texts[name])
        sizes.characters.extend(
            _sums(binding.fixed, [sizes.variables[name].characters for name in binding.columns], good)
        )
    constants = _constants(binding.prompt)
    sizes.pieces = {name: _repeated(texts, count, len(sizes.characters)) for name, texts in constants.items()}
    if binding.parts and isinstance(binding.parts[0], str):
        sizes.prefix = binding.parts[0]
    if counter is ESTIMATE or sum(sizes.characters) <= MOST_WHOLE:
        sizes.tokens.extend(count(text) for text in _texts(binding, table))
    else:
        sizes.is_exact = False
        fixed = sum(count(part) for part in binding.parts if isinstance(part, str))
        columns = [sizes.variables[name].tokens for name in binding.columns]
        sizes.tokens.extend(_sums(fixed, columns, len(sizes.characters)))
    return sizes


def _uses(binding: Binding) -> dict[str, int]:
    """Return how many holes each variable fills."""
    uses: dict[str, int] = defaultdict(int)
    for segment in binding.prompt.segments:
        if not isinstance(segment, str):
            uses[segment[0]] += 1
    return dict(uses)


def _good(rows: Prepared, values: Iterable[Any]) -> Iterable[Any]:
    return compress(values, (at not in rows.problems for at in range(len(rows.table)))) if rows.problems else values


def _sums(fixed: int, columns: Sequence["array[int]"], length: int) -> Iterator[int]:
    """Give what the last `length` entries of all columns come to, with `fixed` besides."""
    if not columns:
        return iter([fixed] * length)
    return (fixed + sum(sizes) for sizes in zip(*(column[len(column) - length :] for column in columns), strict=True))


def _texts(binding: Binding, table: Table) -> Iterator[str]:
    for rows in prepared(binding, table):
        parts = [part if isinstance(part, str) else rows.columns[part[0]].texts for part in binding.parts]
        yield from _good(rows, joined(parts, len(rows.table)))


#: No text holds it, for it is half of a pair.
_HOLE: Final = "\udfff"


def _constants(prompt: CompiledPrompt) -> dict[str, list[str]]:
    """Return the texts that stand in each prompt itself, by its name: what no caller gives."""
    sources = {(text.path, text.version): text.text for text in prompt.texts}
    found: dict[str, list[str]] = defaultdict(list)
    for piece in prompt.expand(dict.fromkeys(prompt.declarations, _HOLE), strict=False).pieces:
        # What is declared as a number takes no such text, and stays as it is written.
        written = sources[piece.path, piece.version][slice(*piece.source)]
        if piece.variable is None or piece.text not in (_HOLE, written):
            found[_name(piece.path, piece.version)].append(piece.text)
    return dict(found)


def _repeated(texts: Iterable[str], count: Callable[[str], int], rows: int) -> _Part:
    characters, tokens = sum(map(len, texts)), sum(map(count, texts))
    return _Part(array("q", [characters]) * rows, array("q", [tokens]) * rows, constant=True)


# Prompts with templates: only running them tells


def _of_templates(binding: Binding, table: Table, counter: Tokenizer) -> _Sizes:
    sizes, count = _Sizes(), lru_cache(_REMEMBERED)(counter.count)
    prefix: str | None = None
    for _, found in expansions(binding, table):
        for expansion in found:
            if not isinstance(expansion, Expansion):
                continue
            _add_pieces(sizes, binding, expansion.pieces, count)
            sizes.characters.append(len(expansion))
            sizes.tokens.append(counter.count(str(expansion)))
            prefix = str(expansion) if prefix is None else _common(prefix, str(expansion))
    sizes.prefix = prefix or ""
    for part in (*sizes.variables.values(), *sizes.pieces.values()):
        _fill_up(part, len(sizes.characters))
    return sizes


def _common(first: str, second: str) -> str:
    """Return what both begin with."""
    while not second.startswith(first):
        differs = next((at for at, (one, two) in enumerate(zip(first, second, strict=False)) if one != two), None)
        first = first[: len(second) if differs is None else differs]
    return first


def _fill_up(part: _Part, length: int) -> None:
    for column in (part.characters, part.tokens):
        column.extend([0] * (length - len(column)))


def _add_pieces(sizes: _Sizes, binding: Binding, pieces: Iterable[Piece], count: Callable[[str], int]) -> None:
    """Add a row to every part; one that the row has nothing of, or that came later, has 0 there."""
    templates = {_name(text.path, text.version) for text in binding.prompt.texts if text.engine == "jinja"}
    done = len(sizes.characters)
    for piece in pieces:
        name = _name(piece.path, piece.version) if piece.variable is None else piece.variable
        parts = sizes.pieces if piece.variable is None else sizes.variables
        if name not in parts:
            constant = name not in templates if piece.variable is None else name in binding.shared
            parts[name] = _Part.new(constant=constant)
        _fill_up(parts[name], done + 1)
        parts[name].characters[done] += len(piece.text)
        parts[name].tokens[done] += count(piece.text)
