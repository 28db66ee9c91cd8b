"""Jinja2's sandbox, tightened: a template sees plain data only, and what it spends is counted.

Jinja2 keeps a template from reaching Python. What it does not stop is a short template that makes a huge text or runs
for ever, so the operations that make much of little are refused, and loops, calls and ranges draw on one budget.
"""

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final

from prompt_kernel.errors import MissingExtraError

try:
    import jinja2
    from jinja2 import filters, nodes, sandbox
    from jinja2.compiler import CodeGenerator
    from jinja2.exceptions import SecurityError
    from jinja2.runtime import Context, LoopContext
    from jinja2.utils import missing
    from jinja2.visitor import NodeTransformer
except ImportError as error:
    raise MissingExtraError("jinja", "The jinja engine") from error

MOST_STEPS: Final = 1_000_000
#: A call takes as long as that many rounds of a loop.
_CALL: Final = 5
#: What one text inside a template may have; the limit of an expansion counts what comes out.
MOST_CHARACTERS: Final = 10_000_000
_TOO_LONG: Final = f"a text of more than {MOST_CHARACTERS:,} characters is not allowed"
_MOST_BITS: Final = 4_096
_MOST_EXPONENT: Final = 64
_MOST_DIGITS: Final = 300
_MOST_INDENT: Final = 16

#: What one item of a list is shown with, at least: itself, a comma and a blank.
_LEAST: Final = 3

#: No template can name these, because they are no identifiers.
_BUDGET, _COUNTED, _BOUNDED = " budget", " counted", " bounded"

#: Methods that make a text of any length, or bytes, which have such methods of their own.
_GROWING = frozenset(
    ["center", "encode", "expandtabs", "format", "format_map", "ljust", "rjust", "to_bytes", "translate", "zfill"]
)
#: Filters that pad, or that give something else each time.
_REFUSED_FILTERS = ("batch", "center", "format", "indent", "pprint", "random", "slice", "wordwrap", "xmlattr")
_LENGTHENING_FILTERS = ("e", "escape", "forceescape", "urlencode", "urlize")


class Budget:
    """The steps that the templates of one expansion may still take together."""

    def __init__(self) -> None:
        """Start with all of them."""
        self._left = MOST_STEPS

    def spend(self, steps: int = 1) -> None:
        """Take `steps` away.

        Raises:
            SecurityError: there are not that many left.
        """
        self._left -= steps
        if self._left < 0:
            raise SecurityError(f"loops, calls and ranges of more than {MOST_STEPS:,} steps in all are not allowed")

    def range(self, *bounds: int) -> range:
        """Return a range, which costs as many steps as it has, whether they are taken or not."""
        steps = range(*bounds)
        self.spend(len(steps))
        return steps

    def variables(self) -> dict[str, object]:
        """Return what a template must be rendered with, besides its own variables."""
        return {_BUDGET: self, "range": self.range}


class _Guard(NodeTransformer):
    """Puts the counting of rounds around what a loop runs over, and a bound around texts that are put together."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja2 names it
        self.generic_visit(node)
        node.iter = _filtered(_COUNTED, node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja2 names it
        self.generic_visit(node)
        node.nodes = [_filtered(_BOUNDED, operand) for operand in node.nodes]
        return _filtered(_BOUNDED, node)

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:  # noqa: N802 - Jinja2 names it
        self.generic_visit(node)
        node.filter = _filtered(_BOUNDED, node.filter, node.lineno)
        return node


def _filtered(name: str, node: nodes.Node | None, line: int = 0) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=line or (node.lineno if node else 1))


class _Generator(CodeGenerator):
    def visit_Template(self, node: nodes.Template, frame: Any = None) -> None:  # noqa: N802 - Jinja2 names it
        _Guard().visit(node)
        node.set_environment(self.environment)
        super().visit_Template(node, frame)


class _Sandbox(sandbox.ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, with the operations taken out that make much of little."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            return _long_at_most(super().call_binop(context, operator, left, right))
        if not (_is_number(left) and _is_number(right)):
            _defined(left, right)
            raise SecurityError(f"{operator} is for numbers only; build texts with ~")
        if operator == "**" and not (abs(left) <= MOST_STEPS and abs(right) <= _MOST_EXPONENT):
            raise SecurityError("a power of that size is not allowed")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and result.bit_length() > _MOST_BITS:
            raise SecurityError("a number of that size is not allowed")
        return result

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in _GROWING and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:  # noqa: ARG002 - Jinja2's signature
        # Jinja2 would allow formatting, whose widths make a text of any length.
        return None

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        context.parent[_BUDGET].spend(_CALL)
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(owner, str) and name == "join":
            function, args = _join, (*args, owner)
        elif isinstance(owner, str) and name == "replace":
            function, args = _replace, (owner, *args)
        elif isinstance(function, LoopContext):
            args = tuple(_counted(context, argument) for argument in args)
        return _long_at_most(super().call(context, function, *args, **kwargs))


def _long_at_most(value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > MOST_CHARACTERS:
        raise SecurityError(_TOO_LONG)
    return value


def _limited(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # which keeps what Jinja2 notes on it
    def limited(*args: Any, **kwargs: Any) -> Any:
        return _long_at_most(function(*args, **kwargs))

    return limited


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _defined(*values: object) -> None:
    """Let a missing variable say so itself."""
    for value in values:
        if isinstance(value, jinja2.Undefined):
            value._fail_with_undefined_error()  # noqa: SLF001 - what every operation on it calls


def bounded(value: Any) -> Any:
    """Return `value` if it would not make too long a text: what lists hold counts as often as it would be shown.

    Raises:
        SecurityError: it would.
    """
    size = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        size += len(item) if isinstance(item, str) else _LEAST
        if size > MOST_CHARACTERS:
            raise SecurityError(_TOO_LONG)
        if isinstance(item, list | tuple):
            waiting += item
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, jinja2.Undefined):
            str(item)  # which says so if it is missing; a list would show it as "Undefined"
    return value


def _shown(value: Any) -> Any:
    """Let only data become text: what a function looks like would be an address in memory."""
    if value is None or isinstance(value, str | int | float | list | tuple | dict | range | jinja2.Undefined):
        return bounded(value)
    raise SecurityError(f"a {type(value).__name__} is no text; a filter such as list or join makes it one")


@jinja2.pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    budget = context.parent[_BUDGET]
    for item in items:
        budget.spend()
        yield item


@jinja2.pass_environment
def _join(
    environment: jinja2.Environment, items: Iterable[Any], d: object = "", attribute: str | int | None = None
) -> str:
    if attribute is not None:
        items = map(filters.make_attrgetter(environment, attribute), items)
    separator, texts, size = str(d), [], 0
    for item in items:
        text = str(bounded(item))
        size += len(text) + len(separator)
        if size > MOST_CHARACTERS + len(separator):
            break
        texts.append(text)
    else:
        return separator.join(texts)
    raise SecurityError(_TOO_LONG)


def _replace(text: object, old: object, new: object, count: int | None = None) -> str:
    whole, before, after = str(text), str(old), str(new)
    found = whole.count(before)
    times = found if count is None or count < 0 else min(count, found)
    if len(whole) + times * (len(after) - len(before)) > MOST_CHARACTERS:
        raise SecurityError(_TOO_LONG)
    return whole.replace(before, after, times)


def _round(value: float, precision: int = 0, method: Any = "common") -> float:
    if abs(precision) > _MOST_DIGITS:
        raise SecurityError(f"a precision of more than {_MOST_DIGITS} digits is not allowed")
    return filters.do_round(value, precision, method)


@jinja2.pass_eval_context
def _tojson(context: Any, value: Any, indent: int | None = None) -> str:
    if indent is not None and indent > _MOST_INDENT:
        raise SecurityError(f"an indentation of more than {_MOST_INDENT} is not allowed")
    return str(bounded(filters.do_tojson(context, bounded(value), indent)))


def _string(value: Any) -> str:
    return str(_shown(value))


class Kept(jinja2.ChainableUndefined):
    """A variable that nobody gave, where that is no error: it stays as it is written, and is noted in `MISSED`."""

    __slots__ = ()

    def _note(self) -> None:
        if self._undefined_obj is not missing or self._undefined_hint:
            self._fail_with_undefined_error()
        MISSED.get()[self._undefined_name or ""] = None

    def __str__(self) -> str:
        self._note()
        return "{{ " + str(self._undefined_name) + " }}"

    __repr__ = __str__

    def __iter__(self) -> Iterator[Any]:
        self._note()
        return iter(())

    def __bool__(self) -> bool:
        self._note()
        return False

    def __len__(self) -> int:
        self._note()
        return 0

    def __eq__(self, other: object) -> bool:
        self._note()
        return self is other

    def __hash__(self) -> int:
        self._note()
        return id(self)


#: The names of the variables that a template used and nobody gave, in order; a dict serves as an ordered set.
MISSED: ContextVar[dict[str, None]] = ContextVar("MISSED")


def environment(undefined: type[jinja2.Undefined]) -> jinja2.Environment:
    """Return a sandbox whose missing variables are `undefined`. Nothing is escaped: a prompt is no HTML."""
    made = _Sandbox(loader=None, undefined=undefined, autoescape=False, keep_trailing_newline=True, finalize=_shown)
    for name in _REFUSED_FILTERS:
        del made.filters[name]
    for name in ("lipsum", "cycler", "joiner"):
        del made.globals[name]
    made.filters |= {"join": _join, "replace": _replace, "round": _round, "string": _string, "tojson": _tojson}
    made.filters |= {name: _limited(made.filters[name]) for name in _LENGTHENING_FILTERS}
    made.filters |= {_COUNTED: _counted, _BOUNDED: bounded}
    return made
