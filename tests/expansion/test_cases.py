"""Tables of inclusions, in `cases/expansion`: prompts, a text, and what it expands to on every kind of source.

To add a case, add an entry to one of the files: `text`, `in` (the directory that it stands in), `with` (the values),
then `gives`, or `fails` with what the error `says` or `begins` with. Under `strict=False` a text that fails `gives`
itself unless `lenient` says otherwise; `codes` are those of the diagnostics, which never depend on `strict` otherwise.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from prompt_kernel import errors
from prompt_kernel.expansion import Expansion
from prompt_kernel.store import Store

CASES = Path(__file__).parents[1] / "cases" / "expansion"
FILES = {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in sorted(CASES.glob("*.yaml"))}
TABLE = [
    pytest.param(name, case, id=f"{name}: {case['does']}") for name, data in FILES.items() for case in data["cases"]
]
SOURCES = ("dict", "texts", "store")


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory, empty_store: Path, world_of: Any) -> Iterator[dict[Any, Any]]:
    """Every file's prompts on every kind of source; no case changes them."""
    folder = tmp_path_factory.mktemp("worlds")
    made = {}
    for name, data in FILES.items():
        shutil.copy(empty_store, folder / name)
        store = Store(folder / name, author="ana")
        stores = {"dict": None, "texts": None, "store": store}
        made |= {(name, source): world_of(data["prompts"], stores[source], source == "dict") for source in SOURCES}
    yield made
    for (_, source), world in made.items():
        if source == "store":
            world.store.close()


def expand(world: Any, case: dict[str, Any], *, strict: bool) -> Expansion:
    return world.expand(case["text"], case.get("with"), directory=case.get("in", ""), strict=strict)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("name", "case"), TABLE)
def test_a_text_expands_as_the_table_says(name: str, case: dict[str, Any], source: str, worlds: Any) -> None:
    world = worlds[name, source]
    if "gives" in case:
        expanded = expand(world, case, strict=True)
        assert (expanded, [found.code for found in expanded.diagnostics]) == (case["gives"], case.get("codes", []))
    else:
        with pytest.raises(getattr(errors, case["fails"])) as caught:
            expand(world, case, strict=True)
        # A store's prompts have versions, which a place mentions.
        message = re.sub(r"@\d+, line", ", line", str(caught.value))
        assert message == case["says"] if "says" in case else message.startswith(case["begins"])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("name", "case"), TABLE)
def test_a_lenient_expansion_keeps_what_fails(name: str, case: dict[str, Any], source: str, worlds: Any) -> None:
    expanded = expand(worlds[name, source], case, strict=False)

    assert expanded == case.get("gives", case.get("lenient", case["text"]))
    assert [found.code for found in expanded.diagnostics] == case.get("codes", [])
    assert "".join(piece.text for piece in expanded.pieces) == expanded
