"""The `jinja` engine: conditions and loops, in Jinja2's sandbox.

An inclusion is resolved before the template runs and stands in it as a mark; what the template makes of the marks is
then replaced by the included texts. So included text is never read as a template, and each piece keeps its origin. It
follows that a template can place an inclusion, repeat it or leave it out, but not change it: no filter applies to it.

The sandbox stops a template from reaching Python; output, loops and what makes much of little are capped. A template
can still be written to waste time or memory: give this engine to texts of people that you trust.
"""

import re
import secrets
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from prompt_kernel.errors import (
    ExpansionError,
    ExpansionTooLargeError,
    InvalidVariableError,
    MissingVariableError,
    PromptSyntaxError,
)
from prompt_kernel.expansion import _sandbox  # first, because it says which extra is missing
from prompt_kernel.expansion._fill import Filled, Plan
from prompt_kernel.expansion._graph import Node
from prompt_kernel.expansion._values import Limits
from prompt_kernel.language import Escape, Inclusion, Variable
from prompt_kernel.spans import Span

import jinja2  # isort: skip
from jinja2 import meta  # isort: skip

#: Digits, so that a mark for a carriage return comes through filters that change case; a mark for an inclusion does
#: not, because of its letters: it would promise a change that the included text does not get.
_NONCE = str(secrets.randbelow(9 * 10**18) + 10**18)
_MARK = re.compile(rf"\ufdd0{_NONCE}(?:iN(\d+))?\ufdd1")
_RETURN = f"\ufdd0{_NONCE}\ufdd1"
_BROKEN = re.compile(rf"[\ufdd0\ufdd1]|\\ufdd[01]|{_NONCE}")
_MARK_LENGTH = len(_RETURN) + 10
_NEWLINE = re.compile(r"\r\n|\r|\n")
_NAME = re.compile(r"'(\w+)' is undefined")
_Plain = str | int | float | bool | None | list[Any] | dict[str, Any]

_STRICT = _sandbox.environment(jinja2.StrictUndefined)
_LENIENT = _sandbox.environment(_sandbox.Kept)


class _Compiled(NamedTuple):
    template: jinja2.Template
    names: tuple[str, ...]


@lru_cache(maxsize=256)
def _compiled(source: str, *, strict: bool) -> _Compiled:
    environment = _STRICT if strict else _LENIENT
    if "\r" in source:
        source = _with_marked_returns(source, environment)
    names = meta.find_undeclared_variables(environment.parse(source)) - environment.globals.keys()
    return _Compiled(environment.from_string(source), tuple(sorted(names)))


def _with_marked_returns(source: str, environment: jinja2.Environment) -> str:
    """Return `source` with a mark for each carriage return of its text: Jinja2 would make line feeds of them."""
    ends = _NEWLINE.findall(source)
    normal = _NEWLINE.sub("\n", source)
    pieces: list[str] = []
    position = 0
    for line, kind, value in environment.lex(normal):
        start = normal.index(value, position)  # what the template strips is no token
        numbers = iter(range(line - 1, len(ends)))
        marked = re.sub("\n", lambda _: _marked(ends[next(numbers)]), value) if kind == "data" else value  # noqa: B023 - used at once
        pieces += (normal[position:start], marked)
        position = start + len(value)
    return "".join(pieces) + normal[position:]


def _marked(end: str) -> str:
    return end.replace("\r", _RETURN)


def names_in(node: Node) -> list[str]:
    """Return the variables that the template of `node` may use, arguments aside, in order of the alphabet."""
    given = {name for name, _ in node.arguments}
    try:
        names = _compiled(_template_source(node), strict=True).names
    except jinja2.TemplateSyntaxError:
        return []  # whoever renders it will say so
    return [name for name in names if name not in given]


def render_all(plan: Plan, filled: Filled, limits: Limits, *, strict: bool) -> None:
    """Render the templates of the graph that are reached, and note what each gave in `filled.rendered`.

    Without `strict`, a template that fails stands as it is written, and a diagnostic tells.

    Raises:
        PromptSyntaxError: a template is malformed, fails, or does what the sandbox forbids.
        MissingVariableError: it needs a value that nobody gave.
        InvalidVariableError: a value is no plain data, or does not fit.
        ExpansionTooLargeError: the output would pass a limit; it has not been put together by then.
    """
    renderer = _Renderer(filled, limits, strict=strict)
    for node in plan.graph.order:
        if node.source.engine == "jinja":
            renderer.check(node)
    waiting = list(plan.flat)
    for part in waiting:  # grows while it runs
        if type(part) is not Node or part in renderer.done:
            continue
        renderer.done.add(part)
        waiting += renderer.render(part) if part.source.engine == "jinja" else part.flat or ()
    _check_size(plan, filled, limits)


class _Renderer:
    """Renders the templates of one expansion, which share one budget."""

    def __init__(self, filled: Filled, limits: Limits, *, strict: bool) -> None:
        self.done: set[Node] = set()
        self._filled, self._limits, self._strict = filled, limits, strict
        self._budget = _sandbox.Budget()
        self._characters = limits.characters
        self._values: dict[str, _Plain] = {}

    def check(self, node: Node) -> None:
        """See that the template is well formed, whether it is reached or not."""
        try:
            _compiled(_template_source(node), strict=self._strict)
        except jinja2.TemplateSyntaxError as error:
            self._refuse(node, _syntax_error(node, error), error.lineno)

    def render(self, node: Node) -> list[str | Node]:
        """Return what the template gives: characters, and the nodes of its inclusions."""
        rendered = self._filled.rendered
        if node not in rendered:
            try:
                rendered[node] = self._rendered(node)
            except jinja2.UndefinedError as error:
                name = _NAME.search(error.message or "")
                problem = MissingVariableError([name[1]]) if name else _failure(node, error)
                self._refuse(node, problem, _line_of(error))
            except InvalidVariableError as error:
                self._refuse(node, error, _line_with(node, error.name))
            except PromptSyntaxError as error:
                self._refuse(node, error, 1)
            except ExpansionTooLargeError:
                raise
            except Exception as error:  # noqa: BLE001 - a template can raise whatever Python can
                self._refuse(node, _failure(node, error), _line_of(error))
        return rendered[node]

    def _rendered(self, node: Node) -> list[str | Node]:
        template, names = _compiled(_template_source(node), strict=self._strict)
        values = {**self._plain_values(names), **_arguments(node), **self._budget.variables()}
        missed: dict[str, None] = {}
        token = _sandbox.MISSED.set(missed)
        try:
            text = self._capped(template.generate(values))
        finally:
            _sandbox.MISSED.reset(token)
        for name in missed:
            self._diagnose(node, MissingVariableError([name]), _line_with(node, name))
        parts = list(_split(text, node))
        self._characters -= sum(len(part) for part in parts if isinstance(part, str))
        return parts

    def _plain_values(self, names: tuple[str, ...]) -> dict[str, _Plain]:
        for name in names:
            if name in self._filled.values and name not in self._values:
                self._values[name] = _plain(name, self._filled.values[name])
        return {name: self._values[name] for name in names if name in self._values}

    def _capped(self, output: Iterator[str]) -> str:
        # Each template that is reached stands in the whole at least once; its marks do not count.
        most = self._characters + self._limits.inclusions * _MARK_LENGTH
        pieces: list[str] = []
        size = 0
        for piece in output:
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise ExpansionTooLargeError("characters", self._limits.characters, size)
        return "".join(pieces)

    def _refuse(self, node: Node, error: ExpansionError, line: int) -> None:
        """Raise `error`, or let the template stand as it is written."""
        if self._strict:
            raise error.at(node.place(_span_of_line(node, line))) from None
        self._diagnose(node, error, line)
        self._filled.rendered[node] = [node.source.text]

    def _diagnose(self, node: Node, error: ExpansionError, line: int) -> None:
        code = _CODES.get(type(error), "template")
        self._filled.diagnostics.append(node.diagnose("error", code, str(error), _span_of_line(node, line)))


_CODES = {MissingVariableError: "missing-variable", InvalidVariableError: "invalid-variable"}


def _arguments(node: Node) -> dict[str, object]:
    declared = node.source.variables
    return {name: declared[name].convert(value) if name in declared else value for name, value in node.arguments}


def _template_source(node: Node) -> str:
    """Return the text with a mark in place of each inclusion."""
    pieces: list[str] = []
    for at, part in enumerate(node.source.parts):
        if isinstance(part, Inclusion) and at in node.targets:
            pieces.append(f"\ufdd0{_NONCE}iN{at}\ufdd1")
        else:
            pieces.append(part.literal if isinstance(part, Escape) else part.source)
    return "".join(pieces)


def _split(text: str, node: Node) -> Iterator[str | Node]:
    """Split rendered text at its marks, each of which stands for the nodes of an inclusion, or for a return.

    Raises:
        PromptSyntaxError: the template changed a mark.
    """
    done = 0
    run: list[str] = []
    for found in _MARK.finditer(text):
        run.append(text[done : found.start()])
        done = found.end()
        if found[1] is None:
            run.append("\r")
            continue
        yield _unbroken("".join(run), node)
        run.clear()
        for place, target in enumerate(node.targets[int(found[1])]):
            if place:
                yield "\n"
            yield target
    yield _unbroken("".join(run) + text[done:], node)


def _unbroken(text: str, node: Node) -> str:
    if node.targets and _BROKEN.search(text.lower()):
        raise _failure(node, ValueError("a filter cannot change what an inclusion stands for"))
    return text


def _check_size(plan: Plan, filled: Filled, limits: Limits) -> None:
    """Measure the whole before it is put together: a template may repeat what others repeat."""
    sizes: dict[Node, tuple[int, int]] = {}
    texts = filled.texts
    for node in plan.graph.order:
        size = inclusions = 0
        for step in filled.rendered.get(node, () if node.source.engine == "jinja" else node.steps):
            if isinstance(step, str):
                size += len(step)
            elif isinstance(step, Variable):
                size += len(texts.get(step.name, step.source))
            else:
                size += sizes[step][0]
                inclusions += sizes[step][1] + 1
        sizes[node] = size, inclusions
    size, inclusions = sizes[plan.graph.root]
    for name, allowed, found in (
        ("characters", limits.characters, size),
        ("inclusions", limits.inclusions, inclusions),
    ):
        if found > allowed:
            raise ExpansionTooLargeError(name, allowed, found)


def _syntax_error(node: Node, error: jinja2.TemplateSyntaxError) -> PromptSyntaxError:
    reason = f"The template of {node.source.label} is malformed: {str(error.message).rstrip('.')}."
    return PromptSyntaxError(reason, _span_of_line(node, error.lineno))


def _failure(node: Node, error: Exception) -> PromptSyntaxError:
    reason = f"The template of {node.source.label} failed: {str(error).rstrip('.') or type(error).__name__}."
    return PromptSyntaxError(reason, _span_of_line(node, _line_of(error)))


def _line_of(error: BaseException) -> int:
    """Return the line of the template that raised `error`, 1 where none did."""
    line = 1
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _line_with(node: Node, name: str) -> int:
    found = re.search(rf"\b{name}\b", node.source.text)
    return node.source.text.count("\n", 0, found.start()) + 1 if found else 1


def _span_of_line(node: Node, line: int) -> Span:
    lines = node.source.text.split("\n")
    number = min(max(line, 1), len(lines)) - 1
    start = sum(len(before) + 1 for before in lines[:number])
    return Span(start, start + len(lines[number]))


def _plain(name: str, value: object) -> _Plain:
    """Return a copy of `value` if it is plain data all through: text, numbers, lists, mappings with text as keys."""
    try:
        return _copied(name, value)
    except RecursionError:
        raise InvalidVariableError(name, type(value), "it is nested too deeply, or holds itself") from None


def _copied(name: str, value: object) -> _Plain:
    if value is None or isinstance(value, bool):
        return value
    # A subclass may have methods that do anything: numpy's numbers write files.
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, list | tuple):
        return [_copied(name, item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {str(key): _copied(name, item) for key, item in value.items()}
    reason = "a jinja prompt takes plain data only: text, numbers, lists and dicts of these; convert it first"
    raise InvalidVariableError(name, value, reason)
