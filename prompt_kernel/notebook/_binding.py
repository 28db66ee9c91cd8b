"""From the names of a prompt's variables to values: what the line gives, else what the notebook has."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Self

from prompt_kernel.errors import InvalidVariableError
from prompt_kernel.expansion import Expansion
from prompt_kernel.language import Engine
from prompt_kernel.notebook.arguments import Binding

if TYPE_CHECKING:
    from prompt_kernel.records import Prompt
    from prompt_kernel.store import Store

Namespace = Mapping[str, Any]
_PLAIN: Final = (str, int, float, bool, list, tuple, dict)


class BoundExpansion(Expansion):
    """An expansion that knows which of its values were taken from the notebook."""

    from_notebook: frozenset[str]

    @classmethod
    def of(cls, expansion: Expansion, taken: Iterable[str]) -> Self:
        """Return `expansion` with the names of what was `taken` from the notebook."""
        self = cls(str(expansion), expansion._details)  # noqa: SLF001 - shared with it, not opened
        self.from_notebook = frozenset(taken)
        return self


def evaluate(bindings: Sequence[Binding], namespace: Namespace) -> dict[str, object]:
    """Return the value of each binding.

    Raises:
        InvalidVariableError: an expression fails.
    """
    return {binding.name: _value(binding, namespace) for binding in bindings}


def _value(binding: Binding, namespace: Namespace) -> object:
    if not binding.is_expression:
        return binding.value
    try:
        return eval(binding.value.strip(), dict(namespace))  # noqa: S307 - the user's own code, typed into this cell
    except Exception as error:
        reason = f"it cannot be evaluated ({type(error).__name__}: {error})"
        raise InvalidVariableError(binding.name, binding.value, reason) from error


def expand_prompt(
    store: "Store",
    path: str,
    prompt: "Prompt",
    given: Mapping[str, object],
    namespace: Namespace,
    *,
    strict: bool,
    draft: str | None = None,
) -> BoundExpansion:
    """Expand the `prompt` that `path` means, with what is given and what the notebook has besides.

    With a `draft`, that is its text.
    """
    declared = store.declarations(path)
    if draft is not None and prompt.engine == "simple":
        declared |= store.declarations_in(draft, directory=prompt.directory)
    taken = take((name for name in declared if name not in given), namespace, prompt.engine)
    values = {**taken, **given}
    expand = partial(store.expand, path) if draft is None else partial(store.expand_as, path, draft)
    return BoundExpansion.of(expand(values, strict=strict), taken)


def expand_text(
    store: "Store", text: str, given: Mapping[str, object], namespace: Namespace, *, strict: bool
) -> BoundExpansion:
    """Expand a text that is not saved, as `expand_prompt` does a saved one."""
    taken = take((name for name in store.declarations_in(text) if name not in given), namespace)
    return BoundExpansion.of(store.expand_text(text, {**taken, **given}, strict=strict), taken)


def take(names: Iterable[str], namespace: Namespace, engine: Engine = "simple") -> dict[str, object]:
    """Return those of `names` that the namespace has a usable value for.

    Plain values are taken as they are. Of anything else a template could make no use, and everybody else takes its
    text; a function, a class, a module and an object whose text is only its address are no values at all.
    """
    taken: dict[str, object] = {}
    for name in names:
        value = namespace.get(name)
        if isinstance(value, _PLAIN):
            taken[name] = value
        elif engine != "jinja" and is_value(value):
            taken[name] = str(value)
    return taken


def is_value(value: object) -> bool:
    """Tell whether a variable may be filled with `value` without being asked."""
    if value is None or callable(value) or isinstance(value, ModuleType):
        return False
    kind = type(value)
    return kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__
