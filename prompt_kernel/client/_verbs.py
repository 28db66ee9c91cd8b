"""The verbs of a client, each of them once: what it asks is a function of its own, and who asks only sends."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from inspect import Parameter, Signature, signature
from types import FunctionType, NoneType
from typing import Any, Generic, ParamSpec, TypeVar, get_args, overload

from prompt_kernel.client import _expands, _reads, _writes
from prompt_kernel.client._call import Asked

_T = TypeVar("_T")
_P = ParamSpec("_P")


class Waits(ABC):
    """Whoever returns an answer."""

    @abstractmethod
    def _ask(self, asked: Asked[_T]) -> _T:
        """Return the answer."""


class Awaits(ABC):
    """Whoever returns an answer that is to be awaited."""

    @abstractmethod
    async def _ask(self, asked: Asked[_T]) -> _T:
        """Return the answer."""


class Verb(Generic[_P, _T]):
    """A verb: a method that returns an answer where its object waits for it, and a coroutine where it does not."""

    def __init__(self, ask: Callable[_P, Asked[_T]]) -> None:
        """Make a verb of what it asks."""
        self._ask = ask
        self._methods: dict[bool, FunctionType] = {}

    def __set_name__(self, owner: type, name: str) -> None:
        self._methods = {awaits: _method(self._ask, owner, name, awaits=awaits) for awaits in (False, True)}

    @overload
    def __get__(self, client: None, kind: type) -> Callable[..., Any]: ...
    @overload
    def __get__(self, client: Waits, kind: type) -> Callable[_P, _T]: ...
    @overload
    def __get__(self, client: Awaits, kind: type) -> Callable[_P, Coroutine[Any, Any, _T]]: ...
    def __get__(self, client: Waits | Awaits | None, kind: type) -> Callable[..., Any]:
        method: Callable[..., Any] = self._methods[issubclass(kind, Awaits)].__get__(client, kind)
        return method


def _method(ask: Callable[..., Any], owner: type, name: str, *, awaits: bool) -> FunctionType:
    """Return a method that looks like `ask`: the same parameters, the same docstring."""

    def waiting(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        return self._ask(ask(*args, **kwargs))

    async def awaited(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        return await self._ask(ask(*args, **kwargs))

    method: Any = awaited if awaits else waiting
    method.__name__, method.__doc__, method.__module__ = name, ask.__doc__, owner.__module__
    method.__qualname__ = f"{owner.__qualname__}.{name}"
    method.__signature__ = _signature(ask)
    found: FunctionType = method
    return found


def _signature(ask: Callable[..., Any]) -> Signature:
    found = signature(ask)
    parameters = list(found.parameters.values())
    first_kind = parameters[0].kind if parameters else Parameter.POSITIONAL_OR_KEYWORD
    by_place = first_kind is Parameter.POSITIONAL_ONLY
    first = Parameter("self", first_kind if by_place else Parameter.POSITIONAL_OR_KEYWORD)
    # The answer is the last of what `Call[…]`, `Paged[…]` and `Generator[…]` are of.
    answer = get_args(found.return_annotation)[-1]
    return Signature([first, *parameters], return_annotation=None if answer is NoneType else answer)


class Verbs:
    """The verbs of a store that are one request or a few of the same; see `Store`, which says more of each."""

    save = Verb(_writes.save)
    describe = Verb(_writes.describe)
    save_many = Verb(_writes.save_many)
    restore = Verb(_writes.restore)
    label = Verb(_writes.label)
    unlabel = Verb(_writes.unlabel)

    get = Verb(_reads.get)
    prompts = Verb(_reads.prompts)
    count = Verb(_reads.count)
    entries = Verb(_reads.entries)
    find_prompt = Verb(_reads.find_prompt)
    search = Verb(_reads.search)
    suggest = Verb(_reads.suggest)
    history = Verb(_reads.history)
    diff = Verb(_reads.diff)
    display_names = Verb(_reads.display_names)
    tags = Verb(_reads.tags)
    changes = Verb(_reads.changes)
    activity = Verb(_reads.activity)
    authors = Verb(_reads.authors)
    layouts = Verb(_reads.layouts)

    expand = Verb(_expands.expand)
    expand_text = Verb(_expands.expand_text)
    expand_as = Verb(_expands.expand_as)
    expand_manifest = Verb(_expands.expand_manifest)
    compile = Verb(_expands.compile)
    compile_text = Verb(_expands.compile_text)
    compile_manifest = Verb(_expands.compile_manifest)
    render = Verb(_expands.render)
    declarations = Verb(_reads.declarations)
    declarations_in = Verb(_reads.declarations_in)

    includes = Verb(_reads.includes)
    referrers = Verb(_reads.referrers)
    impact = Verb(_reads.impact)

    rename = Verb(_writes.rename)
    rename_directory = Verb(_writes.rename_directory)
    delete = Verb(_writes.delete)
    trash = Verb(_reads.trash)
    recover = Verb(_writes.recover)
    purge = Verb(_writes.purge)

    replacements = Verb(_reads.replacements)
    replace = Verb(_writes.replace)
    undo_replace = Verb(_writes.undo_replace)

    favourite = Verb(_writes.favourite)
    favourites = Verb(_reads.favourites)
    note_opened = Verb(_writes.note_opened)
    recent = Verb(_reads.recent)
    preference = Verb(_reads.preference)
    set_preference = Verb(_writes.set_preference)

    directories = Verb(_reads.directories)
    find_directory = Verb(_reads.find_directory)
    add_directory = Verb(_writes.add_directory)
    update_directory = Verb(_writes.update_directory)
    remove_directory = Verb(_writes.remove_directory)
    sync = Verb(_writes.sync)

    check = Verb(_reads.check)
