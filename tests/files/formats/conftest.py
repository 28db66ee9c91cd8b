"""Going out and coming in again in a format."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from prompt_kernel.records import ExportReport, ImportReport
from prompt_kernel.store import Store

Tree = dict[str, bytes]
#: A prompt as a test writes it down: text, engine, description, tags, variables.
Said = tuple[str, str, str, tuple[str, ...], dict[str, Any]]


@pytest.fixture(autouse=True)
def _fast(no_sync: None) -> None:
    """No power will be lost during these tests."""


@pytest.fixture
def said() -> Callable[[Store], dict[str, Said]]:
    """Give all that a store says, by path."""

    def say(store: Store) -> dict[str, Said]:
        return {path: _said(store, path) for path in store}

    return say


def _said(store: Store, path: str) -> Said:
    prompt = store[path]
    variables = {name: declaration.as_data() for name, declaration in prompt.variables.items()}
    return prompt.text, prompt.engine, prompt.description, prompt.tags, variables


class Trip(NamedTuple):
    """What an import gave, and what an export of it wrote."""

    imported: ImportReport
    exported: ExportReport
    said: dict[str, Said]
    files: Tree


@pytest.fixture
def trip(
    plant: Callable[[Mapping[str, bytes | str]], Path],
    harvest: Callable[[Path], Tree],
    said: Callable[[Store], dict[str, Said]],
    tmp_path: Path,
) -> Callable[..., Trip]:
    """Import files, export them, import these: both stores say the same, and a second export writes nothing."""

    def go(files: Mapping[str, bytes | str], format: str, *, file: str = "") -> Trip:  # noqa: A002 - the word for it
        with Store(":memory:", author="ana") as first, Store(":memory:", author="ana") as second:
            imported = first.import_from(plant(files) / file, format=format)
            target = tmp_path / "to"
            target.mkdir(exist_ok=True)
            exported = first.export_to(target, format=format)
            written = harvest(target)
            second.import_from(target / next(iter(written)) if file else target, format=format)
            assert said(second) == said(first)
            assert first.export_to(target, format=format).written == ()
            return Trip(imported, exported, said(first), written)

    return go
