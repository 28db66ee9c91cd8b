"""Tables of inclusions, in `cases/expansion`: prompts, a text, and what it expands to on every kind of source.

To add a case, add an entry to one of the files: `text`, `in` (the directory that it stands in), `with` (the values),
then `gives`, or `fails` with what the error `says` or `begins` with. Under `strict=False` a text that fails gives
itself unless `lenient` says otherwise; `codes` are those of the diagnostics.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.expansion import Expansion
from prompt_kernel.store import Store

CASES = Path(__file__).parents[1] / "cases" / "expansion"
FILES = {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in sorted(CASES.glob("*.yaml"))}
TABLE = [
    pytest.param(name, case, id=f"{name}: {case['does']}") for name, data in FILES.items() for case in data["cases"]
]
SOURCES = ("dict", "texts", "store")


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory, empty_store: Path, world_of: Any) -> Iterator[dict[str, Any]]:
    """Every file's prompts on every kind of source; no case changes them."""
    folder = tmp_path_factory.mktemp("worlds")
    made: dict[str, Any] = {}
    for name, data in FILES.items():
        shutil.copy(empty_store, folder / name)
        stores = {"dict": None, "texts": None, "store": Store(folder / name, author="ana")}
        made[name] = {source: world_of(data["prompts"], stores[source], source == "dict") for source in SOURCES}
    yield made
    for worlds in made.values():
        worlds["store"].store.close()


def expand(world: Any, case: dict[str, Any], *, strict: bool) -> Expansion:
    expanded: Expansion = world.expand(case["text"], case.get("with"), directory=case.get("in", ""), strict=strict)
    return expanded


def outcome(world: Any, case: dict[str, Any]) -> tuple[str, str]:
    try:
        return "", expand(world, case, strict=True)
    except PromptKernelError as error:
        # A store's prompts have versions, which a place mentions.
        message = re.sub(r"@\d+, line", ", line", str(error))
        return type(error).__name__, case["begins"] if message.startswith(case.get("begins", "\0")) else message


@pytest.mark.parametrize(("name", "case"), TABLE)
def test_a_text_expands_as_the_table_says(name: str, case: dict[str, Any], worlds: Any) -> None:
    expected = case.get("fails", ""), case.get("gives") or case.get("says") or case.get("begins", "")

    assert {source: outcome(world, case) for source, world in worlds[name].items()} == dict.fromkeys(SOURCES, expected)


@pytest.mark.parametrize(("name", "case"), TABLE)
def test_a_lenient_expansion_keeps_what_fails(name: str, case: dict[str, Any], worlds: Any) -> None:
    expanded = {source: expand(world, case, strict=False) for source, world in worlds[name].items()}
    expected = case.get("gives", case.get("lenient", case["text"])), case.get("codes", [])

    assert {source: (str(e), [found.code for found in e.diagnostics]) for source, e in expanded.items()} == (
        dict.fromkeys(SOURCES, expected)
    )
    assert all("".join(piece.text for piece in e.pieces) == e for e in expanded.values())
