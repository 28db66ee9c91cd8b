"""From a text to the graph of everything it includes: resolved, free of cycles, and of known size.

Each text is resolved once however often it is included, and nothing here is recursive: first every node is found,
level by level, then they are put in order, children before parents, which finds cycles and sizes.
"""

from collections.abc import Callable, Iterator

from prompt_kernel.errors import (
    AmbiguousNameError,
    ExpansionTooLargeError,
    InclusionCycleError,
    InvalidVariableError,
    NotFoundError,
    PromptNotFoundError,
)
from prompt_kernel.expansion._source import Source, SourceText
from prompt_kernel.expansion._values import Diagnostic, Limits, Severity
from prompt_kernel.language import Escape, Inclusion, Quoted, Text, Variable
from prompt_kernel.names import is_suffix, key_of
from prompt_kernel.spans import Span, caret, line_of
from prompt_kernel.variables import Declaration, Scalar

Arguments = tuple[tuple[str, Scalar], ...]


_NO_CHILDREN: list["Node"] = []
_NO_TARGETS: dict[int, list["Node"]] = {}
_NONE_BOUND: dict[str, str | None] = {}


class Node:
    """One text of the graph under the arguments that reach it.

    `steps` are what the text is made of: characters, variables, and the nodes that stand for inclusions. `targets`
    maps the number of a part to its nodes, for inclusions that were resolved. `bound` is what the arguments put in
    place of the text's own variables, None where a value does not fit and the hole stays as it is written. `size`
    (characters, without the values of variables), `holes`, `inclusions` and `levels` count the whole subtree; the last
    is -1 until they are known.
    """

    __slots__ = (
        "arguments",
        "bound",
        "children",
        "flat",
        "holes",
        "inclusions",
        "levels",
        "parent",
        "size",
        "source",
        "steps",
        "targets",
        "uses",
    )

    def __init__(self, source: SourceText, arguments: Arguments, parent: "Node | None") -> None:
        self.source, self.arguments, self.parent = source, arguments, parent
        # Most texts include nothing and have no holes: these share what is empty.
        self.steps: list[str | Variable | Node] = []
        self.children: list[Node] = _NO_CHILDREN
        self.targets: dict[int, list[Node]] = _NO_TARGETS
        self.bound: dict[str, str | None] = _NONE_BOUND
        self.flat: list[str | Variable | Node] | None = None
        self.size = self.holes = self.inclusions = self.uses = 0
        self.levels = -1

    @property
    def chain(self) -> tuple[str, ...]:
        """The paths from the root to here."""
        links: list[str] = []
        node: Node | None = self
        while node is not None:
            links.append(node.source.label)
            node = node.parent
        return tuple(reversed(links))

    def place(self, span: Span) -> str:
        """Return the line of `span` with carets, and how this text was reached."""
        source = self.source
        name = f"{source.label}@{source.version}" if source.version else source.label
        chain = self.chain
        reached = f"\n  included by: {' -> '.join(chain)}" if 1 < len(chain) <= _LONGEST_CHAIN else ""
        return caret(source.text, span, name) + reached

    def diagnose(self, severity: Severity, code: str, message: str, span: Span) -> Diagnostic:
        """Return a finding at `span` of this text."""
        source = self.source
        line, excerpt = line_of(source.text, span.start), caret(source.text, span, source.label)
        return Diagnostic(severity, code, message, source.path, source.version, span, self.chain, line, excerpt)


_LONGEST_CHAIN = 20

#: Gives the texts that an inclusion of a node stands for, or None where it is to be kept; raises what is wrong.
Resolve = Callable[[Node, int, Inclusion], list[SourceText] | None]


class Graph:
    """A root, the nodes that it reaches (`order` has children before parents), and what was found on the way."""

    def __init__(self, root: Node, nodes: list[Node]) -> None:
        self.root, self.nodes = root, nodes
        self.order: list[Node] = []
        self.diagnostics: list[Diagnostic] = []
        self.declarations: dict[str, Declaration] = {}
        self.has_templates = False


def resolver(source: Source) -> Resolve:
    """Return how inclusions are resolved against `source`."""

    def resolve(node: Node, _number: int, inclusion: Inclusion) -> list[SourceText] | None:
        directory = node.source.directory
        if "*" not in inclusion.path:
            return [source.find(inclusion.path, inclusion.pin, directory)]
        identity = node.source.identity
        found = [text for text in source.match(inclusion.path, inclusion.pin, directory) if text.identity != identity]
        if not found:
            raise PromptNotFoundError(inclusion.path)
        return found

    return resolve


def load(root: SourceText, resolve: Resolve, limits: Limits, *, strict: bool, source: Source | None = None) -> Graph:
    """Find everything that `root` includes.

    With `strict`, what cannot be resolved is raised; otherwise it becomes a diagnostic and the inclusion stays as
    text. With a `source`, remarks are made on quoted inclusions that it would resolve.

    Raises:
        ExpansionError, NotFoundError: what cannot be resolved, under `strict`.
        ExpansionTooLargeError: a limit would be passed; nothing has been built by then.
    """
    loader = _Loader(resolve, limits, strict=strict, source=source)
    graph = loader.find_all(Node(root, (), None))
    if _order(graph, limits, strict=strict):
        _forget_unreached(graph)
    return graph


class _Loader:
    def __init__(self, resolve: Resolve, limits: Limits, *, strict: bool, source: Source | None) -> None:
        self._resolve, self._limits, self._strict, self._source = resolve, limits, strict, source
        self._known: dict[object, Node] = {}
        self._nodes: list[Node] = []
        self._resolved = 0

    def find_all(self, root: Node) -> Graph:
        graph = Graph(root, self._nodes)
        self._nodes.append(root)
        self._known[root.source.identity] = root
        for node in self._nodes:  # grows while it runs: that is the walk
            source = node.source
            if source.variables:
                self._declare(node, graph)
            if source.is_plain:
                node.steps.append(source.text)
            else:
                self._read(node, graph)
        return graph

    def _read(self, node: Node, graph: Graph) -> None:
        """Turn the parts of `node` into steps, and put what it includes in line."""
        steps, source = node.steps, node.source
        node.children, node.targets = [], {}
        if source.engine == "jinja":
            graph.has_templates = True
        for number, part in enumerate(source.parts):
            kind = type(part)
            if kind is Text:
                steps.append(part.source)
            elif kind is Inclusion:
                self._include(node, number, part, graph)  # type: ignore[arg-type]  # kind says so
            elif kind is Variable:
                steps.append(part)  # type: ignore[arg-type]  # kind says so
            else:
                steps.append(part.literal if isinstance(part, Escape) else part.source)
                if self._source is not None and isinstance(part, Quoted):
                    self._remark(node, part, graph)

    def _include(self, node: Node, number: int, inclusion: Inclusion, graph: Graph) -> None:
        try:
            found = self._resolve(node, number, inclusion)
        except (NotFoundError, AmbiguousNameError) as error:
            self._unresolved(node, inclusion, error, graph)
            found = None
        if found is None:
            node.steps.append(inclusion.source)
            return
        self._resolved += len(found)
        if self._resolved > self._limits.inclusions:
            raise ExpansionTooLargeError("inclusions", self._limits.inclusions, self._resolved)
        arguments = inclusion.arguments
        if node.arguments:
            arguments = tuple({**dict(node.arguments), **dict(arguments)}.items())
        if len(arguments) > self._limits.arguments:
            raise ExpansionTooLargeError("arguments", self._limits.arguments, len(arguments))
        if not found:  # left out on purpose: see CompiledPrompt.swap
            node.targets[number] = []
            return
        first = self._node(found[0], arguments, node)
        targets = node.targets[number] = [first]
        node.steps.append(first)
        for text in found[1:]:
            target = self._node(text, arguments, node)
            targets.append(target)
            node.steps += ("\n", target)
        node.children += targets
        # Almost always the name is spelled as the path ends, and this costs two comparisons.
        if found[0].path != inclusion.path and not found[0].path.endswith("/" + inclusion.path):
            _note_redirect(node, inclusion, found[0], graph)

    def _unresolved(
        self, node: Node, inclusion: Inclusion, error: NotFoundError | AmbiguousNameError, graph: Graph
    ) -> None:
        if self._strict:
            raise error.at(node.place(inclusion.span)) from None
        code = "ambiguous" if isinstance(error, AmbiguousNameError) else "not-found"
        graph.diagnostics.append(node.diagnose("error", code, str(error), inclusion.span))

    def _node(self, text: SourceText, arguments: Arguments, parent: Node) -> Node:
        # Nearly all have no arguments, and then the text itself tells them apart. To Python 1 and True are equal.
        key: object = (text.identity, repr(arguments)) if arguments else text.identity
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = Node(text, arguments, parent)
            self._nodes.append(node)
        # What stands in a template is put in place last, so it is flattened on its own.
        node.uses += 2 if parent.source.engine == "jinja" else 1
        return node

    def _declare(self, node: Node, graph: Graph) -> None:
        """Take over what the text declares; whoever is nearest to the root has the last word."""
        for name, declaration in node.source.variables.items():
            first = graph.declarations.setdefault(name, declaration)
            if first.type != declaration.type or first.values != declaration.values:
                message = (
                    f"{node.source.label} declares {name} as {declaration.type}, "
                    f"but it is {first.type} here, nearer to the expanded prompt"
                )
                graph.diagnostics.append(node.diagnose("warning", "clashing-types", message, _first_use(node, name)))

    def _remark(self, node: Node, quoted: Quoted, graph: Graph) -> None:
        try:
            self._source.find(quoted.path, quoted.pin, node.source.directory)  # type: ignore[union-attr]  # checked
        except (NotFoundError, AmbiguousNameError):
            return
        message = f"{quoted.source} is text here, because it stands in code; write !{quoted.source} to include it"
        graph.diagnostics.append(node.diagnose("info", "quoted-inclusion", message, quoted.span))


def _first_use(node: Node, name: str) -> Span:
    spans = (part.span for part in node.source.parts if isinstance(part, Variable) and part.name == name)
    return next(spans, Span(0, 0))


def _note_redirect(node: Node, inclusion: Inclusion, found: SourceText, graph: Graph) -> None:
    if inclusion.is_glob or is_suffix(key_of(inclusion.path), key_of(found.path)):
        return
    message = f"{inclusion.path} was renamed to {found.path}"
    graph.diagnostics.append(node.diagnose("info", "redirected", message, inclusion.span))


def _order(graph: Graph, limits: Limits, *, strict: bool) -> bool:
    """Fill `graph.order`, and measure each node; cut or raise what leads back to itself, and tell whether any did."""
    is_cut = False
    on_path: dict[object, Node] = {graph.root.source.identity: graph.root}
    stack: list[tuple[Node, Iterator[Node]]] = [(graph.root, iter(graph.root.children))]
    while stack:
        node, children = stack[-1]
        for child in children:
            if child.levels >= 0:
                continue
            if child.source.identity in on_path:
                _cut(graph, node, child, [entry[0] for entry in stack], strict=strict)
                is_cut = True
                continue
            if not child.children:
                _measure(child, graph, strict=strict)
                continue
            on_path[child.source.identity] = child
            stack.append((child, iter(child.children)))
            break
        else:
            stack.pop()
            del on_path[node.source.identity]
            _measure(node, graph, strict=strict)
    root = graph.root
    for name, allowed, size in (
        ("characters", limits.characters, root.size),
        # What is put in place of a hole is one text in memory, be it empty or not.
        ("characters", limits.characters, root.holes),
        ("inclusions", limits.inclusions, root.inclusions),
        ("depth", limits.depth, root.levels),
    ):
        if size > allowed:
            raise ExpansionTooLargeError(name, allowed, size)
    return is_cut


def _forget_unreached(graph: Graph) -> None:
    """Leave out what only a glob has reached that was cut: the text holds nothing of it."""
    reached = {graph.root}
    stack = [graph.root]
    while stack:
        targets = {target for found in stack.pop().targets.values() for target in found}
        stack += targets - reached
        reached |= targets
    graph.nodes = [node for node in graph.nodes if node in reached]
    graph.declarations.clear()
    for node in graph.nodes:
        for name, declaration in node.source.variables.items():
            graph.declarations.setdefault(name, declaration)


def _measure(node: Node, graph: Graph, *, strict: bool) -> None:
    if node.arguments:
        _bind_arguments(node, graph, strict=strict)
    size = holes = inclusions = levels = 0
    for step in node.steps:
        if type(step) is str:
            size += len(step)
        elif type(step) is Node:
            size += step.size
            holes += step.holes
            inclusions += step.inclusions + 1
            if step.levels >= levels:
                levels = step.levels + 1
        else:
            holes += 1
    node.size, node.holes, node.inclusions, node.levels = size, holes, inclusions, levels
    graph.order.append(node)


def _bind_arguments(node: Node, graph: Graph, *, strict: bool) -> None:
    """Put the arguments in place of the text's own variables."""
    arguments = dict(node.arguments)
    bound: dict[str, str | None] = {}
    for number, step in enumerate(node.steps):
        if type(step) is Variable and step.name in arguments:
            if step.name not in bound:
                bound[step.name] = _argument(node, step, arguments[step.name], graph, strict=strict)
            text = bound[step.name]
            node.steps[number] = step.source if text is None else text
    node.bound = bound


def _argument(node: Node, variable: Variable, value: Scalar, graph: Graph, *, strict: bool) -> str | None:
    """Return the text of an argument, as the type that is declared for it is written; None if it does not fit."""
    declaration = node.source.variables.get(variable.name)
    try:
        return str(declaration.convert(value) if declaration else value)
    except InvalidVariableError as error:
        if strict:
            raise error.at(node.place(variable.span)) from None
        graph.diagnostics.append(node.diagnose("error", "invalid-variable", str(error), variable.span))
        return None


def _cut(graph: Graph, node: Node, child: Node, path: list[Node], *, strict: bool) -> None:
    """Deal with an inclusion that leads back: raise it, or keep its source in place of the child."""
    links = [entry.source for entry in path]
    at = next(number for number, text in enumerate(links) if text.identity == child.source.identity)
    chain = [text.label for text in links[at:]] + [child.source.label]
    number = next((number for number, targets in node.targets.items() if child in targets), None)
    if number is None:
        return  # another target of the same glob was cut before, and the whole glob with it
    inclusion = node.source.parts[number]
    error = InclusionCycleError(chain)
    if strict:
        raise error.at(node.place(inclusion.span))
    graph.diagnostics.append(node.diagnose("error", "cycle", str(error), inclusion.span))
    _keep(node, number, inclusion.source)


def _keep(node: Node, number: int, source: str) -> None:
    """Let inclusion `number` of `node` stand as text again."""
    steps: list[str | Variable | Node] = []
    for at, part in enumerate(node.source.parts):
        if at == number:
            steps.append(source)
        elif at in node.targets:
            for target in node.targets[at]:
                steps += ["\n", target] if target is not node.targets[at][0] else [target]
        elif isinstance(part, Variable):
            steps.append(part)
        else:
            steps.append(part.literal if isinstance(part, Escape) else part.source)
    del node.targets[number]
    node.steps = steps
