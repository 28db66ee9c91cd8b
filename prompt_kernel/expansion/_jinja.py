"""The `jinja` engine: conditions and loops, in Jinja2's sandbox.

An inclusion is resolved before the template runs and stands in it as a mark; what the template makes of the marks is
then replaced by the included texts. So included text is never read as a template, and each piece keeps its origin.

The sandbox stops a template from reaching Python, and output, repetition and ranges are capped. A template can still
be written to waste time or memory: give this engine to texts of people that you trust.
"""

import re
import secrets
from collections.abc import Iterable, Iterator
from typing import Any, Final

from prompt_kernel.errors import (
    ExpansionTooLargeError,
    InvalidVariableError,
    MissingExtraError,
    MissingVariableError,
    PromptSyntaxError,
)

try:
    import jinja2
    from jinja2 import meta, sandbox
    from jinja2.exceptions import SecurityError
except ImportError as error:
    raise MissingExtraError("jinja", "The jinja engine") from error

from prompt_kernel.expansion._fill import Filled, Plan
from prompt_kernel.expansion._graph import Node
from prompt_kernel.expansion._values import Limits
from prompt_kernel.language import Escape, Inclusion, Span

_MOST_STEPS: Final = 100_000
_NONCE = secrets.token_hex(8)
_MARK = re.compile(rf"\ufdd0{_NONCE}:(\d+):(\d+)\ufdd1")
_NAME = re.compile(r"'(\w+)' is undefined")
_Plain = str | int | float | bool | None | list[Any] | dict[str, Any]


class _Sandbox(sandbox.ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, with the operations taken out that make much of little."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and not (abs(left) <= _MOST_STEPS and abs(right) <= 64):  # noqa: PLR2004 - keeps it a machine number
            raise SecurityError("a power of that size is not allowed")
        if operator == "*" and any(isinstance(side, str | list | tuple) for side in (left, right)):
            raise SecurityError("a text or a list cannot be multiplied")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("use ~ to build texts instead of %")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        padding = isinstance(obj, str) and attr in _PADDING
        return not padding and super().is_safe_attribute(obj, attr, value)


_PADDING = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "translate", "zfill"})


class _Steps:
    """A `range` for templates, whose ranges count together, so that nesting them is no way around the cap."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def __call__(self, *bounds: int) -> range:
        steps = range(*bounds)
        self._left -= len(steps)
        if self._left < 0:
            raise SecurityError(f"ranges of more than {_MOST_STEPS:,} steps in all are not allowed")
        return steps


def _environment(undefined: type[jinja2.Undefined]) -> jinja2.Environment:
    environment = _Sandbox(
        loader=None, undefined=undefined, autoescape=False, keep_trailing_newline=True
    )  # a prompt is no HTML
    for name in ("center", "format", "indent", "wordwrap", "batch", "slice", "xmlattr", "pprint"):
        del environment.filters[name]
    for name in ("lipsum", "cycler", "joiner"):
        del environment.globals[name]
    return environment


_STRICT = _environment(jinja2.StrictUndefined)
_LENIENT = _environment(jinja2.DebugUndefined)


def names_in(node: Node) -> list[str]:
    """Return the variables that the template of `node` may use, arguments aside, in order of the alphabet."""
    given = {name for name, _ in node.arguments}
    try:
        tree = _STRICT.parse(_template_source(node, 0))
    except jinja2.TemplateSyntaxError as error:
        raise _syntax_error(node, error) from None
    return sorted(meta.find_undeclared_variables(tree) - given - {"range", "dict", "namespace"})


def render_all(plan: Plan, filled: Filled, limits: Limits, *, strict: bool) -> None:
    """Render every template of the graph, and note what each gave in `filled.rendered`.

    Raises:
        PromptSyntaxError: a template is malformed, fails, or does what the sandbox forbids.
        MissingVariableError: it needs a value that nobody gave, under `strict`.
        InvalidVariableError: a value is no plain data.
        ExpansionTooLargeError: a template's output passes the limit.
    """
    values = {name: _plain(name, value) for name, value in filled.values.items()}
    templates = [node for node in plan.graph.nodes if node.source.engine == "jinja"]
    for number, node in enumerate(templates):
        bound = {**values, **_arguments(node)}
        text = _render(node, number, bound, limits, strict=strict)
        filled.rendered[node] = list(_split(text, node))


def _arguments(node: Node) -> dict[str, object]:
    declared = node.source.variables
    return {
        name: declared[name].convert(value, where=node.place(Span(0, 0))) if name in declared else value
        for name, value in node.arguments
    }


def _template_source(node: Node, number: int) -> str:
    """Return the text with a mark in place of each inclusion."""
    pieces: list[str] = []
    for at, part in enumerate(node.source.parts):
        if isinstance(part, Inclusion) and at in node.targets:
            pieces.append(f"\ufdd0{_NONCE}:{number}:{at}\ufdd1")
        else:
            pieces.append(part.literal if isinstance(part, Escape) else part.source)
    return "".join(pieces)


def _render(node: Node, number: int, values: dict[str, Any], limits: Limits, *, strict: bool) -> str:
    environment = _STRICT if strict else _LENIENT
    try:
        template = environment.from_string(_template_source(node, number))
        return _capped(template.generate({**values, "range": _Steps()}), limits)
    except jinja2.TemplateSyntaxError as error:
        raise _syntax_error(node, error) from None
    except jinja2.UndefinedError as error:
        if name := _NAME.search(error.message or ""):
            raise MissingVariableError([name[1]]).at(node.place(Span(0, 0))) from None
        raise _failure(node, error) from None
    except ExpansionTooLargeError:
        raise
    except Exception as error:  # noqa: BLE001 - a template can raise whatever Python can
        raise _failure(node, error) from None


def _capped(output: Iterable[str], limits: Limits) -> str:
    pieces: list[str] = []
    size = 0
    for piece in output:
        pieces.append(piece)
        size += len(piece)
        if size > limits.characters:
            raise ExpansionTooLargeError("characters", limits.characters, size)
    return "".join(pieces)


def _split(text: str, node: Node) -> Iterator[str | Node]:
    """Split rendered text at its marks, each of which stands for the nodes of an inclusion."""
    done = 0
    for found in _MARK.finditer(text):
        yield text[done : found.start()]
        for target in node.targets[int(found[2])]:
            if target is not node.targets[int(found[2])][0]:
                yield "\n"
            yield target
        done = found.end()
    yield text[done:]


def _syntax_error(node: Node, error: jinja2.TemplateSyntaxError) -> PromptSyntaxError:
    text = node.source.text
    lines = text.split("\n")
    line = min(max(error.lineno, 1), len(lines)) - 1
    start = sum(len(before) + 1 for before in lines[:line])
    span = Span(start, start + len(lines[line]))
    reason = f"The template of {node.source.label} is malformed: {error.message}."
    return PromptSyntaxError(reason, span).at(node.place(span))


def _failure(node: Node, error: Exception) -> PromptSyntaxError:
    reason = f"The template of {node.source.label} failed: {str(error).rstrip('.')}."
    return PromptSyntaxError(reason, Span(0, 0)).at(node.place(Span(0, 0)))


def _plain(name: str, value: object) -> _Plain:
    """Return a copy of `value` if it is plain data all through: text, numbers, lists, mappings with text as keys."""
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(name, item) for key, item in value.items()}
    reason = "a jinja prompt takes plain data only: text, numbers, lists and dicts of these; convert it first"
    raise InvalidVariableError(name, value, reason)
