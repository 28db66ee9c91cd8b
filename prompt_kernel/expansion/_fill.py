"""From a graph and values to text: flatten once, fill often."""

from collections.abc import Mapping

from prompt_kernel.errors import ExpansionTooLargeError, InvalidVariableError, MissingVariableError
from prompt_kernel.expansion._graph import Graph, Node
from prompt_kernel.expansion._values import Diagnostic, Limits, Manifest, ManifestEntry, Piece
from prompt_kernel.language import Escape, Inclusion, Variable
from prompt_kernel.names import near
from prompt_kernel.spans import Span
from prompt_kernel.variables import Declaration, variable_name

_MISSING = object()


class Plan:
    """A flattened graph: literals and holes, ready to be filled any number of times.

    `names` are the variables that the caller may give, in order of first use.
    """

    def __init__(self, graph: Graph) -> None:
        """Flatten `graph`."""
        self.graph = graph
        self.flat = _flatten(graph)
        self.names = _names(self.flat)
        self.is_ascii = all(map(str.isascii, self.names))

    def declaration(self, name: str) -> Declaration:
        """What is declared of a variable, or that it is any text."""
        return self.graph.declarations.get(name) or Declaration(name)

    def manifest(self) -> Manifest:
        """Return the exact texts that this is made of, the root first."""
        return manifest(self.graph)


class Filled:
    """The outcome of one filling: the text, what filled each variable, and what was found."""

    __slots__ = ("defaults", "diagnostics", "rendered", "text", "texts", "values")

    def __init__(self) -> None:
        self.text = ""
        self.values: dict[str, object] = {}
        self.texts: dict[str, str] = {}
        self.defaults: set[str] = set()
        self.diagnostics: list[Diagnostic] = []
        #: What each template gave: characters, and the nodes that its inclusions stand for.
        self.rendered: dict[Node, list[str | Node]] = {}


def fill(plan: Plan, given: Mapping[str, object], limits: Limits, *, strict: bool) -> Filled:
    """Fill the holes of `plan` with the `given` values, and defaults where they are declared.

    Raises:
        MissingVariableError, InvalidVariableError: under `strict`; otherwise a diagnostic, and the source stays.
        PromptSyntaxError: a template failed.
        ExpansionTooLargeError: the text would pass the limit; nothing has been built by then.
    """
    filled = Filled()
    if not plan.is_ascii:
        given = {variable_name(name) or name: value for name, value in given.items()}
    missing = _bind(plan, given, filled, strict=strict)
    flat, texts = plan.flat, filled.texts
    if plan.graph.has_templates:
        from prompt_kernel.expansion import _jinja  # noqa: PLC0415 - Jinja2 is optional

        _jinja.render_all(plan, filled, limits, strict=strict)
        flat = _spliced(flat, filled)
        # A template may never reach a variable, or ask whether it is there: only running it tells.
        holes = {part.name for part in flat if type(part) is Variable}
        missing = [name for name in missing if name in holes]
    if missing:
        _report_missing(plan, missing, filled, strict=strict)
    if len(given) > len(filled.values) - len(filled.defaults):
        _report_unused(plan, given, filled)
    parts: list[str] = [part if type(part) is str else texts.get(part.name, part.source) for part in flat]  # type: ignore[union-attr, misc, arg-type]  # templates are spliced
    size = sum(map(len, parts))
    if size > limits.characters:
        raise ExpansionTooLargeError("characters", limits.characters, size)
    filled.text = "".join(parts)
    return filled


def _flatten(graph: Graph) -> list[str | Variable | Node]:
    """Return the root as characters, variables and templates, neighbouring characters joined.

    A node that is used once goes straight into its parent's pieces; one that is used more often is flattened once.
    So a chain costs no copies, and a diamond costs one copy a level instead of two to the power of its depth.
    """
    root = graph.root
    for node in graph.order:
        if (node.uses > 1 or node is root) and node.source.engine != "jinja":
            node.flat = _merge(_inline(node))
    return [root] if root.flat is None else root.flat


def _inline(node: Node) -> list[str | Variable | Node]:
    out: list[str | Variable | Node] = []
    stack = [iter(node.steps)]
    while stack:
        for step in stack[-1]:
            if type(step) is not Node or step.source.engine == "jinja":
                out.append(step)
            elif step.flat is not None:
                out += step.flat
            elif not step.children:
                out += step.steps
            else:
                stack.append(iter(step.steps))
                break
        else:
            stack.pop()
    return out


def _merge(parts: list[str | Variable | Node]) -> list[str | Variable | Node]:
    if all(type(part) is str for part in parts):
        return ["".join(parts)]  # type: ignore[arg-type]  # checked
    merged: list[str | Variable | Node] = []
    run: list[str] = []
    for part in parts:
        if type(part) is str:
            run.append(part)
            continue
        if run:
            merged.append("".join(run))
            run = []
        merged.append(part)
    if run:
        merged.append("".join(run))
    return merged


def _names(flat: list[str | Variable | Node]) -> dict[str, None]:
    """Return the variables that the caller may fill, in order of first use; a dict serves as an ordered set."""
    names: dict[str, None] = {}
    seen: set[Node] = set()
    stack = [iter(flat)]
    while stack:
        for part in stack[-1]:
            if type(part) is Variable:
                names[part.name] = None
            elif type(part) is Node and part not in seen:
                seen.add(part)
                if part.source.engine == "jinja":
                    from prompt_kernel.expansion import _jinja  # noqa: PLC0415 - Jinja2 is optional

                    names.update(dict.fromkeys(_jinja.names_in(part)))
                stack.append(iter(part.flat or [target for targets in part.targets.values() for target in targets]))
                break
        else:
            stack.pop()
    return names


def _bind(plan: Plan, given: Mapping[str, object], filled: Filled, *, strict: bool) -> list[str]:
    """Note the value of each variable in `filled`; return those that have none."""
    declarations, texts, values = plan.graph.declarations, filled.texts, filled.values
    missing: list[str] = []
    for name in plan.names:
        value = given.get(name, _MISSING)
        declaration = declarations.get(name)
        if declaration is None and type(value) is str:
            values[name] = texts[name] = value
            continue
        try:
            if value is _MISSING:
                value = _default(declaration)
                if value is _MISSING:
                    missing.append(name)
                    continue
                filled.defaults.add(name)
            else:
                value = (declaration or Declaration(name)).convert(value)
            texts[name] = _text_of(name, value)
        except InvalidVariableError as error:
            _report(plan, name, error, filled, strict=strict)
            continue
        values[name] = value
    return missing


def _default(declaration: Declaration | None) -> object:
    if declaration is None:
        return _MISSING
    if declaration.default is not None:
        return declaration.convert(declaration.default)
    return _MISSING if declaration.required else ""


def _text_of(name: str, value: object) -> str:
    try:
        return str(value)
    except (ValueError, RecursionError) as error:  # a number of too many digits, a list too deep
        raise InvalidVariableError(name, type(value), f"it cannot be written as text: {error}") from error


def _first(plan: Plan, name: str) -> tuple[Node, Span]:
    """Return the place that needs variable `name` first."""
    for node in plan.graph.nodes:
        for step in node.steps:
            if isinstance(step, Variable) and step.name == name:
                return node, step.span
    return plan.graph.root, Span(0, 0)


def _report(plan: Plan, name: str, error: InvalidVariableError, filled: Filled, *, strict: bool) -> None:
    node, span = _first(plan, name)
    if strict:
        raise error.at(node.place(span)) from None
    filled.diagnostics.append(node.diagnose("error", "invalid-variable", str(error), span))


def _report_missing(plan: Plan, names: list[str], filled: Filled, *, strict: bool) -> None:
    if strict:
        node, span = _first(plan, names[0])
        raise MissingVariableError(names).at(node.place(span))
    for name in names:
        node, span = _first(plan, name)
        filled.diagnostics.append(node.diagnose("error", "missing-variable", str(MissingVariableError([name])), span))


def _report_unused(plan: Plan, given: Mapping[str, object], filled: Filled) -> None:
    for name in given:
        if name not in plan.names:
            meant = near(str(name), list(plan.names), most=1)
            hint = f"; did you mean {meant[0]}?" if meant else ""
            message = f"{name} was given, but nothing here uses it{hint}"
            filled.diagnostics.append(plan.graph.root.diagnose("warning", "unused-variable", message, Span(0, 0)))


def _spliced(flat: list[str | Variable | Node], filled: Filled) -> list[str | Variable | Node]:
    """Return `flat` with what the templates gave in the place of the templates."""
    out: list[str | Variable | Node] = []
    stack = [iter(flat)]
    while stack:
        for part in stack[-1]:
            if type(part) is not Node:
                out.append(part)
                continue
            stack.append(iter(filled.rendered.get(part) or part.flat or ()))
            break
        else:
            stack.pop()
    return out


def pieces(plan: Plan, filled: Filled) -> tuple[Piece, ...]:
    """Return the runs of `filled.text` by origin."""
    found: list[Piece] = []
    position = 0
    stack = [iter(_runs(plan.graph.root, filled))]
    while stack:
        for run in stack[-1]:
            if type(run) is Node:
                stack.append(iter(_runs(run, filled)))
                break
            node, text, span, variable = run  # type: ignore[misc]  # what is no node is a run
            if text:
                end = position + len(text)
                found.append(Piece(text, node.source.path, node.source.version, Span(position, end), span, variable))
                position = end
        else:
            stack.pop()
    return tuple(found)


_Run = tuple[Node, str, Span, str | None]


def _runs(node: Node, filled: Filled) -> list[_Run | Node]:
    rendered = filled.rendered.get(node)
    if rendered is not None:
        whole = Span(0, len(node.source.text))
        return [part if type(part) is Node else (node, part, whole, None) for part in rendered]  # type: ignore[misc]  # see rendered
    runs: list[_Run | Node] = []
    for number, part in enumerate(node.source.parts):
        targets = node.targets.get(number)
        if targets is not None:
            for target in targets:
                runs += [(node, "\n", part.span, None), target] if target is not targets[0] else [target]
        elif isinstance(part, Variable):
            runs.append(_variable_run(node, part, filled))
        else:
            runs.append((node, part.literal if isinstance(part, Escape) else part.source, part.span, None))
    return runs


def _variable_run(node: Node, variable: Variable, filled: Filled) -> _Run:
    texts = node.bound if variable.name in node.bound else filled.texts
    text = texts.get(variable.name)
    return node, variable.source if text is None else text, variable.span, variable.name


def manifest(graph: Graph) -> Manifest:
    """Return the exact texts that `graph` is made of, the root first, each once."""
    numbers: dict[object, int] = {}
    texts: list[Node] = []
    for node in graph.nodes:
        if node.source.identity not in numbers:
            numbers[node.source.identity] = len(texts)
            texts.append(node)
    return Manifest(tuple(_entry(node, numbers) for node in texts))


def _entry(node: Node, numbers: Mapping[object, int]) -> ManifestEntry:
    source = node.source
    includes: list[tuple[int, ...] | None] = []
    for number, part in enumerate(source.parts):
        if isinstance(part, Inclusion):
            targets = node.targets.get(number)
            includes.append(None if targets is None else tuple(numbers[t.source.identity] for t in targets))
    text = source.text if source.version is None else None
    return ManifestEntry(source.path, source.version, source.uid, source.sha256, tuple(includes), text)
