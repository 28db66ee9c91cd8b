"""The same prompts on every kind of source: a plain dict, `Texts`, and a store."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.expansion import DEFAULT_LIMITS, Expander, Expansion, Limits, SourceText, Texts
from prompt_kernel.records import Draft
from prompt_kernel.store import Store
from prompt_kernel.variables import declare

#: A text, or a mapping with `text`, `engine` and `variables`.
Prompts = Mapping[str, "str | Mapping[str, Any]"]


class World:
    """Prompts on one kind of source. `path@pin` is a pinned text, next to which `path` is the newest one."""

    def __init__(self, prompts: Prompts, store: Store | None, *, plain: bool) -> None:
        self.store, self.plain = store, plain
        self.texts = {path: _source_text(path, prompt) for path, prompt in prompts.items()}
        if store is not None:
            _save(store, prompts)

    def expand(
        self,
        text: str,
        values: Mapping[str, object] | None = None,
        *,
        directory: str = "",
        strict: bool = True,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Expansion:
        """Expand a free text as if it stood in `directory`."""
        given = values or {}
        if self.store is not None:
            return self.store.expand_text(text, given, directory=directory, strict=strict, limits=limits)
        if directory:
            root = SourceText("", text, directory=directory)
            return Expander(Texts(self.texts)).expand_text(root, given, strict=strict, limits=limits)
        source = self.texts if self.plain else Texts(self.texts)
        return pk.expand(text, source, given, strict=strict, limits=limits)

    def expand_path(self, path: str, values: Mapping[str, object] | None = None, *, strict: bool = True) -> Expansion:
        """Expand a prompt of the source."""
        if self.store is not None:
            return self.store.expand(path, values, strict=strict)
        return Expander(Texts(self.texts)).expand(path, values or {}, strict=strict)


def _source_text(path: str, prompt: str | Mapping[str, Any]) -> str | SourceText:
    if isinstance(prompt, str):
        return prompt
    base = path.partition("@")[0]
    variables = declare(prompt.get("variables"))
    return SourceText(base, prompt["text"], engine=prompt.get("engine", "simple"), variables=variables, uid=path)


def _save(store: Store, prompts: Prompts) -> None:
    """Save the versions of all prompts round by round, so that few transactions do: numbers, labels, the newest."""
    pinned: dict[str, dict[str, Any]] = {path: {} for path in prompts if "@" not in path}
    for path, prompt in prompts.items():
        base, at, pin = path.partition("@")
        if at:
            pinned[base][pin] = prompt
    numbers = {base: {int(pin): text for pin, text in pins.items() if pin.isdigit()} for base, pins in pinned.items()}
    for number in range(1, max(max(of, default=0) for of in numbers.values()) + 1):
        drafts = {base: of.get(number, f"version {number} of {base}") for base, of in numbers.items() if of}
        store.save_many(_draft(*item) for item in drafts.items())
    for base, pins in pinned.items():
        for label in (pin for pin in pins if not pin.isdigit()):
            store.save_many([_draft(base, pins[label])])
            store.label(base, label)
    store.save_many(_draft(base, prompts[base]) for base in pinned)


def _draft(path: str, prompt: str | Mapping[str, Any]) -> Draft:
    if isinstance(prompt, str):
        return Draft(path, prompt)
    return Draft(path, prompt["text"], engine=prompt.get("engine"), variables=prompt.get("variables"))


MakeWorld = Callable[[Prompts], World]


@pytest.fixture(params=["dict", "texts", "store"])
def make_world(request: pytest.FixtureRequest, tmp_path: Path, empty_store: Path) -> Iterator[MakeWorld]:
    """Make a world out of prompts, on each kind of source."""
    stores: list[Store] = []

    def make(prompts: Prompts) -> World:
        if request.param != "store":
            return World(prompts, None, plain=request.param == "dict")
        file = tmp_path / f"world{len(stores)}.db"
        shutil.copy(empty_store, file)
        stores.append(Store(file, author="ana"))
        return World(prompts, stores[-1], plain=False)

    yield make
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's file to copy: making the tables takes longer than most tests here."""
    file = tmp_path_factory.mktemp("empty") / "empty.db"
    Store(file).close()
    return file


@pytest.fixture(scope="session")
def world_of() -> Callable[[Prompts, Store | None, bool], World]:
    """Make a world out of prompts and a store, or None for one in memory."""
    return lambda prompts, store, plain: World(prompts, store, plain=plain)
