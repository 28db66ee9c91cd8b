"""A small, safe reading of YAML: a tree of texts that know their places. Nothing is ever constructed.

What a loader can be tricked with is refused: aliases, foreign tags, a key given twice, deep nesting. Only numbers,
`true`, `false` and `null` can mean more than their text, as in YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema);
dates, `yes` and `no` are texts.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

import yaml

MAX_BYTES: Final = 65_536
MAX_DEPTH: Final = 20
#: libyaml reads six times faster than PyYAML's own parser, and is in every wheel of it, but not in every build.
LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_YAML_TAG: Final = "tag:yaml.org,2002:"
_TYPED_TAGS = frozenset(_YAML_TAG + name for name in ("int", "float", "bool", "null"))
_TAGS = _TYPED_TAGS | {None, "!", _YAML_TAG + "str", _YAML_TAG + "seq", _YAML_TAG + "map"}
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_LINE_BREAK = re.compile(r"[\n\r\x85\u2028\u2029]")
_LONGEST_NUMBER = 4_000
_WHOLE = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL_NUMBER = re.compile(r"([-+]?)\.(inf|nan)", re.IGNORECASE)


class Fault(Exception):  # noqa: N818 - not an error of the project: it becomes one line of an `ImportFileError`
    """One thing that is wrong with one file; `line` is counted from 1, None where there is none to name."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


class Place(NamedTuple):
    """Where a node stands: `source[start:end]`, beginning in `column` of `line`, both counted from 0.

    `block` tells that it is laid out by indentation; then `end` may lie behind comments that follow.
    """

    start: int
    end: int
    line: int
    column: int
    block: bool


class Scalar(NamedTuple):
    """A text as written, without its quotes; `bare` where it has none, so that it may be a number."""

    text: str
    bare: bool
    place: Place

    @property
    def is_null(self) -> bool:
        """Tell whether nothing, `null` or `~` is written."""
        return self.bare and _WORDS.get(self.text.lower(), self) is None


class Items(NamedTuple):
    """A sequence."""

    items: tuple["Node", ...]
    place: Place


class Table(NamedTuple):
    """A mapping; its keys are texts, each of them once."""

    pairs: Mapping[str, tuple[Scalar, "Node"]]
    place: Place


Node = Scalar | Items | Table


def compose(source: str, most: int = MAX_BYTES) -> Node | None:
    """Read the one document in `source`, of up to `most` bytes; None where it holds nothing but comments.

    Raises:
        Fault: it is not YAML, or more than this module reads; the line is that of `source`.
    """
    odd = yaml.reader.Reader.NON_PRINTABLE.search(source)
    if odd:
        raise Fault(f"the character U+{ord(odd[0]):04X} is not allowed in YAML", source.count("\n", 0, odd.start()) + 1)
    if len(source.encode()) > most:
        raise Fault(f"this is longer than the {most:,} bytes that are read")
    try:
        return _document(yaml.parse(source, Loader=LOADER))
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # Not all that PyYAML raises is a YAMLError: an escape like "\UFFFFFFFF" ends in an OverflowError.
        raise Fault(
            f"this is not valid YAML: {getattr(error, 'problem', None) or error}", _line(error, source)
        ) from error


def _line(error: Exception, source: str) -> int | None:
    mark = getattr(error, "problem_mark", None)
    if mark is not None and mark.index >= len(source):
        mark = getattr(error, "context_mark", None) or mark  # what is missing at the end is missed since there
    return None if mark is None else mark.line + 1


def _document(events: Iterator[Any]) -> Node | None:
    next(events)  # the stream's beginning
    if isinstance(next(events), yaml.StreamEndEvent):
        return None
    node = _node(next(events), events, 1)
    next(events)  # the document's end
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        raise _fault("a second document begins here", after)
    return node


def _node(event: Any, events: Iterator[Any], depth: int) -> Node:
    if isinstance(event, yaml.AliasEvent):
        raise _fault(f"*{event.anchor} is an alias, and these are not read; quote it if it is text", event)
    if event.tag not in _TAGS:
        raise _fault(f"the tag {event.tag.replace(_YAML_TAG, '!!')} is not read", event)
    if depth > MAX_DEPTH:
        raise _fault(f"this is nested more than {MAX_DEPTH} levels deep", event)
    if isinstance(event, yaml.ScalarEvent):
        bare = event.implicit[0] or event.tag in _TYPED_TAGS
        return Scalar(event.value, bare, _place(event, event, block=event.style in ("|", ">")))
    read = _items if isinstance(event, yaml.SequenceStartEvent) else _table
    return read(event, events, depth)


def _items(start: Any, events: Iterator[Any], depth: int) -> Items:
    items = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        items.append(_node(event, events, depth + 1))
    return Items(tuple(items), _place(start, event, block=not start.flow_style))


def _table(start: Any, events: Iterator[Any], depth: int) -> Table:
    pairs: dict[str, tuple[Scalar, Node]] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, depth + 1)
        if not isinstance(key, Scalar):
            raise _fault("a key must be a text", event)
        if key.text in pairs:
            raise _fault(f"the key {key.text!r} is given twice", event)
        pairs[key.text] = key, _node(next(events), events, depth + 1)
    return Table(pairs, _place(start, event, block=not start.flow_style))


def _place(first: Any, last: Any, *, block: bool) -> Place:
    start = first.start_mark
    return Place(start.index, last.end_mark.index, start.line, start.column, block)


def _fault(reason: str, event: Any) -> Fault:
    return Fault(reason, event.start_mark.line + 1)


def plain(node: Node) -> Any:
    """Return `node` as plain data: dict, list, str, int, float, bool or None."""
    if isinstance(node, Table):
        return {name: plain(value) for name, (_, value) in node.pairs.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return _typed(node.text) if node.bare else node.text


def _typed(text: str) -> str | int | float | bool | None:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _WHOLE.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    special = _SPECIAL_NUMBER.fullmatch(text)
    return math.copysign(float(special[2]), -1 if special[1] == "-" else 1) if special else text


class _Dumper(yaml.SafeDumper):
    """Writes a text on one line, whatever it holds."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _LINE_BREAK.search(text) else None
    return dumper.represent_scalar(_YAML_TAG + "str", text, style)


_Dumper.add_representer(str, _represent_text)


def dump(data: object, *, flow: bool | None) -> str:
    """Write `data` as YAML that ends in a newline: all in brackets (`flow`), by indentation, or None for both."""
    return yaml.dump(data, Dumper=_Dumper, default_flow_style=flow, sort_keys=False, allow_unicode=True, width=math.inf)


def dump_entries(entries: Mapping[str, object]) -> str:
    """Write a mapping with a key a line, and what lies deepest in brackets."""
    # A mapping of texts alone would get braces around it if it was left to the dumper.
    return "".join(dump({key: value}, flow=False if isinstance(value, str) else None) for key, value in entries.items())


def rewrite(source: str, entries: Mapping[str, object]) -> str:
    """Write the mapping in `source` anew with `entries` in it: keys and values stay as spelled, comments do not."""
    if compose(source) is None:
        return dump_entries(entries)
    root, fresh = _mapping(source), _mapping(dump_entries(entries))
    root.value = [*fresh.value, *(pair for pair in root.value if pair[0].value not in entries)]
    root.flow_style = False
    return yaml.serialize(root, Dumper=_Dumper, allow_unicode=True, width=math.inf)


def _mapping(source: str) -> yaml.MappingNode:
    return cast("yaml.MappingNode", yaml.compose(source, Loader=LOADER))
