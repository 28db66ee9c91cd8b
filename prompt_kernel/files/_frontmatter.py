"""Front matter: what stands between two `---` lines at the very start of a file.

    ---
    description: How we speak     # text as written: 5 is "5", 1.10 is "1.10", yes is "yes"
    tags: [style, 2024]           # texts as written; also `tags: style, 2024`
    engine: simple                # simple, plain or jinja
    variables:                    # as in prompt_kernel.variables; a default may be a number, true or false
      tone: {values: [formal, plain], default: plain}
    author: somebody              # any other key is not ours, and kept as it is
    ---

A key that is not there leaves in the store what the store has; to empty one, write `tags: []`.

A block is front matter if it is a YAML mapping, or empty. Where it is no YAML at all, it is malformed if it looks as
if it was meant (a line with one of our keys, or a first line like `word:`); everything else is text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.files._yaml import Fault, Items, Node, Place, Scalar, Table, compose, plain
from prompt_kernel.language import ENGINES, Engine
from prompt_kernel.variables import Declaration, declare

#: Says nothing; written before a text that would otherwise be taken for front matter itself.
EMPTY: Final = "---\n---\n"

NOTHING: Final = Table({}, Place(0, 0, 0, 0, block=True))

_NEWLINE = r"(?:\r\n|\r|\n)"
_BLOCK = re.compile(
    rf"(?P<opening>---[ \t]*{_NEWLINE})"
    rf"(?P<yaml>(?:.*?{_NEWLINE})??)"
    rf"(?P<closing>---[ \t]*(?:{_NEWLINE}|\Z))",
    re.DOTALL,
)
_OUR_KEY = re.compile(r"(?:description|tags|engine|variables)[ \t]*:(?:\s|\Z)")
_ANY_KEY = re.compile(r"([\"']?)[A-Za-z_][\w-]*\1[ \t]*:(?:\s|\Z)")
_TEXT_TYPES: Final = ("string", "enum")
_MOST_TAGS: Final = 100
_UNFIT = re.compile(r"[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What our keys say; None where a key is not there."""

    description: str | None = None
    tags: tuple[str, ...] | None = None
    engine: Engine | None = None
    variables: Mapping[str, Declaration] | None = None

    def entries(self) -> dict[str, Any]:
        """Return all four keys as plain data; one that is not there as what it stands for in a new prompt."""
        return {
            "description": self.description or "",
            "tags": list(self.tags or ()),
            "engine": self.engine or ENGINES[0],
            "variables": {name: _entry(declaration) for name, declaration in (self.variables or {}).items()},
        }


def _entry(declaration: Declaration) -> dict[str, Any] | None:
    """Return a declaration as front matter holds it; a default that is used as a text is one there."""
    data = declaration.as_data()
    if declaration.type in _TEXT_TYPES and "default" in data:
        data["default"] = str(data["default"])
    return data or None


class Parsed(NamedTuple):
    """A file's content: the block with both its lines ("" if there is none), its meaning, and the text after it."""

    front: str
    metadata: Metadata
    text: str


def parse(content: str) -> Parsed:
    """Take `content`, a file's characters without a byte order mark, apart; `front + text` is `content` again.

    Raises:
        Fault: the front matter is malformed or makes no sense; the line is that of `content`.
    """
    front, root, text = split(content)
    return Parsed(front, _metadata(root), text)


def split(content: str) -> tuple[str, Table, str]:
    """Take `content` apart as `parse` does, whatever its keys mean: the block, the mapping in it, the text.

    Raises:
        Fault: the front matter is malformed.
    """
    block = _BLOCK.match(content)
    root = root_of(block["yaml"]) if block else None
    if block is None or root is None:
        return "", NOTHING, content
    return block[0], root, content[block.end() :]


def sides(front: str) -> tuple[str, str, str]:
    """Return the block `front` as its opening line, the YAML, and its closing line."""
    block = cast("re.Match[str]", _BLOCK.match(front))
    return block["opening"], block["yaml"], block["closing"]


def root_of(source: str) -> Table | None:
    """Return the mapping in the YAML `source`, None if that is a text.

    Raises:
        Fault: it was meant as a mapping, and is none.
    """
    if not source.strip(" \t\r\n"):
        return NOTHING
    try:
        node = compose(source)
    except Fault as fault:
        if _is_meant(source):
            raise _blame(
                f"{fault.reason}; if it is meant as text, write two lines of --- above it", fault.line
            ) from fault
        return None
    return node if isinstance(node, Table) and _says_something(node) else None


def _says_something(table: Table) -> bool:
    """Tell a mapping from a text in braces: to YAML, a line `{context}` is a mapping of "context" to nothing."""
    values = [value.place for _, value in table.pairs.values()]
    return table.place.block or (bool(values) and all(place.end > place.start for place in values))


def _is_meant(source: str) -> bool:
    lines = [line.strip() for line in source.splitlines()]
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return _ANY_KEY.match(first) is not None or any(map(_OUR_KEY.match, lines))


def _blame(reason: str, line: int | None) -> Fault:
    """Count from the file's first line, which is the opening `---`."""
    return Fault(f"front matter: {reason}", (line or 0) + 1)


def _metadata(root: Table) -> Metadata:
    found = {key: value for key, (_, value) in root.pairs.items()}
    return Metadata(
        description=_text("description", found["description"]) if "description" in found else None,
        tags=_tags(found["tags"]) if "tags" in found else None,
        engine=_engine(found["engine"]) if "engine" in found else None,
        variables=_variables(found["variables"]) if "variables" in found else None,
    )


def _refuse(reason: str, node: Node) -> Fault:
    return _blame(reason, node.place.line + 1)


def _text(field: str, node: Node) -> str:
    written = _written(field, node)
    return "" if isinstance(node, Scalar) and node.is_null else written


def _written(field: str, node: Node) -> str:
    if not isinstance(node, Scalar):
        raise _refuse(f"{field} must be one text; quote it if it begins with a bracket", node)
    if _UNFIT.search(node.text):
        raise _refuse(f"{field} holds a character that no text can have (NUL or half a surrogate pair)", node)
    return node.text


def _tags(node: Node) -> tuple[str, ...]:
    if isinstance(node, Table):
        raise _refuse("tags must be a list, as in [style, tone], or texts with commas between them", node)
    items = [_text("a tag", item) for item in node.items] if isinstance(node, Items) else _text("tags", node).split(",")
    tags = tuple(filter(None, (item.strip() for item in items)))
    if len(tags) > _MOST_TAGS or any("," in tag or "\n" in tag for tag in tags):
        raise _refuse(f"a tag is one line without a comma, and {_MOST_TAGS} are the most", node)
    return tags


def _engine(node: Node) -> Engine | None:
    engine = _text("engine", node)
    if engine and engine not in ENGINES:
        raise _refuse(f"engine {engine!r} is not one of {', '.join(ENGINES)}", node)
    return cast("Engine | None", engine or None)


def _variables(node: Node) -> dict[str, Declaration]:
    if isinstance(node, Scalar) and node.is_null:
        return {}
    if not isinstance(node, Table):
        raise _refuse("variables must be a mapping of names, as in {tone: {default: plain}}", node)
    declarations: dict[str, Declaration] = {}
    for name, (key, value) in node.pairs.items():
        try:
            declarations |= declare({name: _declaration(value)})
        except (InvalidMetadataError, ValueError) as error:
            raise _refuse(str(error).removesuffix("."), key) from error
    return declarations


def _declaration(node: Node) -> Any:
    """Return what `declare` takes. What is a text anyway is taken as written, so that `values: [1.10, yes]` works."""
    data = plain(node)
    if isinstance(node, Table):
        is_text = data.get("type", "string") in _TEXT_TYPES
        for key, (_, value) in node.pairs.items():
            if key == "description" or (key == "default" and is_text and data[key] is not None):
                data[key] = _text(key, value)
            elif key == "values" and isinstance(value, Items):
                data[key] = [_written("a value", item) for item in value.items]
    return data
