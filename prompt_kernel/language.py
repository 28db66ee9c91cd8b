"""The language: a text becomes parts with spans, and parts become the text again.

Only these mean something; everything else is text, kept byte for byte.

    inclusion   [[path]]  [[path@3]]  [[path@label]]  [[path(tone="formal", n=3)]]  [[directory/*]]
                ![[…]] is the same, and the only form that is active inside code
    variable    {{ name }}
    escape      a backslash before what would otherwise be one of these

What is code, `codespans` says.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, Literal, NamedTuple, get_args

from prompt_kernel.codespans import code_spans
from prompt_kernel.names import MAX_PATH_CHARACTERS, directory_of, is_label, is_path, name_of
from prompt_kernel.spans import Span, before_backslashes
from prompt_kernel.variables import Scalar, variable_name

Engine = Literal["simple", "plain", "jinja"]
ENGINES: Final[tuple[str, ...]] = get_args(Engine)


class Text(NamedTuple):
    """Characters that stand for themselves."""

    source: str
    start: int

    @property
    def span(self) -> Span:
        """Where it stands in the text."""
        return Span(self.start, self.start + len(self.source))


class Escape(NamedTuple):
    r"""A backslash and the construct that it makes literal: `\[[a]]` expands to `[[a]]`."""

    source: str
    start: int
    literal: str

    @property
    def span(self) -> Span:
        """Where it stands in the text, backslash included."""
        return Span(self.start, self.start + len(self.source))


class Quoted(NamedTuple):
    """Something in code that would be an inclusion elsewhere: text, but worth a remark if such a prompt exists."""

    source: str
    start: int
    path: str
    pin: int | str | None

    @property
    def span(self) -> Span:
        """Where it stands in the text."""
        return Span(self.start, self.start + len(self.source))


class Inclusion(NamedTuple):
    """A place where another prompt is to stand.

    `pin` is a version's number, a label, or None for the newest; `arguments` fill variables in that subtree only.
    """

    source: str
    start: int
    path: str
    pin: int | str | None
    arguments: tuple[tuple[str, Scalar], ...]

    @property
    def span(self) -> Span:
        """Where it stands in the text, brackets included."""
        return Span(self.start, self.start + len(self.source))

    @property
    def is_glob(self) -> bool:
        """Whether it includes every prompt of a directory that matches."""
        return "*" in self.path

    def with_path(self, path: str) -> "Inclusion":
        """Return the same inclusion of another path: pin and arguments are kept as they were spelled."""
        before, opening, rest = self.source.partition("[[")
        return self._replace(source=before + opening + path + rest[len(self.path) :], path=path)


class Variable(NamedTuple):
    """A hole that the caller fills."""

    source: str
    start: int
    name: str

    @property
    def span(self) -> Span:
        """Where it stands in the text, braces included."""
        return Span(self.start, self.start + len(self.source))


Part = Text | Escape | Quoted | Inclusion | Variable

# Both patterns begin with two literal characters, which the regex engine finds by a fast scan. Quotes are only read
# inside parentheses, and every repetition is possessive, so that no text makes them back-track. Backslashes are only
# read inside quotes: so of the attempts that began at different brackets at most three ever read on, because any two
# that read on differ in whether they stand outside quotes, in single or in double ones, and outside a bracket ends one.
_INCLUSION = re.compile(
    r"""\[\[([^\[\]"'()\n]++(?:\((?:[^\[\]"'()\\\n]++|"(?:[^"\\\n]++|\\.)*+"|'(?:[^'\\\n]++|\\.)*+')*+\))?+)\]\]"""
)
_VARIABLE = re.compile(r"\{\{[ \t]*+([^\s{}]++)[ \t]*+\}\}")
_TAIL = re.compile(r"(?:@([^@()]+))?(?:\((.*)\))?")
_ARGUMENT = re.compile(
    r"""\s*(?P<name>[^\s=]++)\s*=\s*(?:"(?P<double>(?:[^"\\]++|\\.)*+)"|'(?P<single>(?:[^'\\]++|\\.)*+)'"""
    r"""|(?P<number>-?\d{1,300}(?:\.\d{1,300})?)|(?P<word>[Tt]rue|[Ff]alse))\s*(?P<comma>,|$)"""
)
#: Nearly every inclusion is no more than this; the general way gives the same.
_PLAIN_PATH = re.compile(r"[A-Za-z_][\w\-]*+(?:/[A-Za-z_][\w\-]*+)*+", re.ASCII)
_OPENING = re.compile(r"\\|\[\[|\{\{")
_VERSION = re.compile(r"[0-9]{1,9}")
_STRING_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


def parse(text: str, engine: Engine = "simple") -> list[Part]:
    """Split `text` into its parts, in order and without a gap; `unparse` is the inverse.

    Never fails: what is not of the grammar is text. Variables are looked for under the `simple` engine only, because
    braces are text under `plain` and belong to the template under `jinja`.
    """
    parts: list[Part] = _split_inclusions(text) if "[[" in text else [Text(text, 0)] if text else []
    if engine != "simple" or "{{" not in text:
        return parts
    return [piece for part in parts for piece in (_split_variables(part) if type(part) is Text else (part,))]


def unparse(parts: Iterable[Part]) -> str:
    """Return the text that `parts` were parsed from."""
    return "".join(part.source for part in parts)


def escape(text: str) -> str:
    """Return a text that expands to exactly `text` under the `simple` engine: each construct gets a backslash."""
    return "".join(
        part.source if isinstance(part, Text | Quoted) else _OPENING.sub(r"\\\g<0>", part.source, count=1)
        for part in parse(text)
    )


def inclusions(text: str) -> list[Inclusion]:
    """Return the inclusions of `text`, in order."""
    return [part for part in parse(text, "plain") if type(part) is Inclusion]


def _split_inclusions(text: str) -> list[Part]:
    if "`" not in text and "\\" not in text and "![[" not in text and "~~~" not in text:
        found = _split_bare(text)
        if found is not None:
            return found
    return _split_carefully(text)


def _split_bare(text: str) -> list[Part] | None:
    """Split a text in which only bare inclusions can be, as in most; None if anything in brackets is none."""
    texts = _INCLUSION.split(text)
    parts: list[Part] = []
    position = 0
    for before, inner in zip(texts[::2], texts[1::2], strict=False):
        if before:
            parts.append(Text(before, position))
            position += len(before)
        source = f"[[{inner}]]"
        if _PLAIN_PATH.fullmatch(inner) and len(inner) <= MAX_PATH_CHARACTERS:
            parts.append(Inclusion(source, position, inner, None, ()))
        else:
            target = _read(inner) if len(inner) <= _REMEMBERED else None
            if target is None:
                return None
            parts.append(Inclusion(source, position, target.path, target.pin, target.arguments))
        position += len(source)
    if texts[-1]:
        parts.append(Text(texts[-1], position))
    return parts


def _split_carefully(text: str) -> list[Part]:
    parts: list[Part] = []
    bounds = [bound for span in code_spans(text) for bound in span] if "`" in text or "~~~" in text else []
    done = position = 0
    while found := _INCLUSION.search(text, position):
        start, end = found.span()
        position = start + 1  # in what is no inclusion a real one may begin
        inner = found[1]
        target = _read(inner) if len(inner) <= _REMEMBERED else _read.__wrapped__(inner)
        if target is None:
            continue
        part: Inclusion | Escape | Quoted | None
        if not bounds and (start == done or text[start - 1] not in "\\!"):
            part = Inclusion(found[0], start, target.path, target.pin, target.arguments)
        else:
            part = _construct(text, found, target, done, in_code=bisect_right(bounds, start) % 2 == 1)
        if part is None:
            continue
        if part.start > done:
            parts.append(Text(text[done : part.start], done))
        parts.append(part)
        done = position = end
    if done < len(text):
        parts.append(Text(text[done:], done))
    return parts


class _Target(NamedTuple):
    path: str
    pin: int | str | None
    arguments: tuple[tuple[str, Scalar], ...]


def _construct(
    text: str, found: re.Match[str], target: _Target, done: int, *, in_code: bool
) -> Inclusion | Escape | Quoted | None:
    """Tell an inclusion from its escaped and its quoted form by what stands before the brackets."""
    start, end = found.span()
    before = text[start - 1] if start > done else ""
    if before == "\\":
        # The backslash counts only where there would be an inclusion, or the escape of one, without it.
        first = before_backslashes(text, start)
        embedded = first > done and text[first - 1] == "!"
        return Escape(text[start - 1 : end], start - 1, found[0]) if embedded or not in_code else None
    if before == "!":
        return Inclusion(text[start - 1 : end], start - 1, *target)
    if in_code:
        return Quoted(found[0], start, target.path, target.pin)
    return Inclusion(found[0], start, *target)


#: Longer ones are read each time, so that what is remembered stays a few megabytes.
_REMEMBERED = 256


@lru_cache(maxsize=16_384)
def _read(inner: str) -> _Target | None:
    """Read what stands between the brackets: `path`, `@pin`, `(arguments)`; None if it is not of the grammar."""
    cut = min((at for at in (inner.find("@"), inner.find("(")) if at >= 0), default=len(inner))
    path, tail = inner[:cut], _TAIL.fullmatch(inner, cut)
    if tail is None or len(path) > MAX_PATH_CHARACTERS or not (is_path(path) or _is_glob(path)):
        return None
    pin, arguments = _read_pin(tail[1]), _read_arguments(tail[2])
    return None if pin == "" or arguments is None else _Target(path, pin, arguments)


def _is_glob(path: str) -> bool:
    directory, name = directory_of(path), name_of(path)
    return "*" in name and is_path(directory) and is_path(name.replace("*", "a"))


def _read_pin(pin: str | None) -> int | str | None:
    """Return the version, the label, None where nothing is pinned, or "" where it is neither."""
    if pin is None:
        return None
    if _VERSION.fullmatch(pin):
        return int(pin)
    return pin if is_label(pin) else ""


def _read_arguments(inner: str | None) -> tuple[tuple[str, Scalar], ...] | None:
    if not inner:
        return ()
    arguments: dict[str, Scalar] = {}
    position = 0
    while position < len(inner):
        found = _ARGUMENT.match(inner, position)
        name = found and variable_name(found["name"])
        if not found or not name or name in arguments:
            return None
        arguments[name] = _value(found)
        position = found.end()
    return tuple(arguments.items())


def _value(found: re.Match[str]) -> Scalar:
    if found["number"] is not None:
        return float(found["number"]) if "." in found["number"] else int(found["number"])
    if found["word"] is not None:
        return found["word"].lower() == "true"
    text = found["double"] if found["double"] is not None else found["single"]
    return re.sub(r"\\(.)", lambda pair: _STRING_ESCAPES.get(pair[1], pair[0]), text)


def _split_variables(part: Text) -> Iterator[Part]:
    text, offset, done = part.source, part.start, 0
    for found in _VARIABLE.finditer(text):
        name = found[1] if found[1].isascii() else unicodedata.normalize("NFKC", found[1])
        if not name.isidentifier():
            continue
        start, end = found.span()
        escaped = start > done and text[start - 1] == "\\"
        start -= escaped
        if start > done:
            yield Text(text[done:start], offset + done)
        source = text[start:end]
        yield Escape(source, offset + start, found[0]) if escaped else Variable(source, offset + start, name)
        done = end
    if done < len(text):
        yield Text(text[done:] if done else text, offset + done)
