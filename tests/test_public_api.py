"""The front door: which names it has, that each leads somewhere, and what opening it costs."""

import ast
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

#: What a person can use. To add a name, add it here, too: taking one away again would break somebody's notebook.
NAMES = [
    "Answer",
    "CompiledPrompt",
    "Endpoint",
    "Expansion",
    "Experiment",
    "Limits",
    "Manifest",
    "Prompt",
    "PromptKernelError",
    "Results",
    "Store",
    "Texts",
    "browse",
    "connect",
    "default_url",
    "errors",
    "escape",
    "expand",
    "frames",
    "load_ipython_extension",
    "messages",
    "parse",
    "restore_backup",
    "results",
    "scorers",
    "swap",
    "unload_ipython_extension",
    "unparse",
]
HEAVY = {
    *("sqlmodel", "sqlalchemy", "pydantic", "sqlite3", "yaml", "platformdirs"),
    *("IPython", "traitlets", "ipywidgets", "anywidget", "jinja2", "rich", "pandas", "numpy", "asyncio"),
}


def loaded_by(program: str) -> set[str]:
    """The modules that `program` makes a fresh Python load; not those that were there, as when coverage is measured."""
    program = (
        f"import json, sys; before = set(sys.modules)\n{program}\nprint(json.dumps([*(sys.modules.keys() - before)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)  # noqa: S603 - ours
    return set(json.loads(done.stdout))


def test_the_public_names_are_these() -> None:
    assert pk.__all__ == NAMES == sorted(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_leads_somewhere(name: str) -> None:
    value = getattr(pk, name)

    assert value is getattr(pk, name)
    assert getattr(value, "__doc__", None)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_can_be_the_first_that_is_used(name: str) -> None:
    assert "prompt_kernel" in loaded_by(f"from prompt_kernel import {name}")


def test_a_star_gives_the_public_names_alone() -> None:
    namespace: dict[str, Any] = {}
    exec("from prompt_kernel import *", namespace)  # noqa: S102 - a star cannot stand in a function

    assert sorted(namespace.keys() - {"__builtins__"}) == NAMES


def test_the_names_are_listed_before_they_are_used() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", "import prompt_kernel; print(*dir(prompt_kernel))"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()

    assert listed == sorted(set(listed))
    assert set(NAMES) | {"__version__"} <= set(listed)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError) as caught:
        pk.nothing_of_the_kind  # noqa: B018 - asking is the test

    assert str(caught.value) == "module 'prompt_kernel' has no attribute 'nothing_of_the_kind'"
    assert not hasattr(pk, "__wrapped__")


def test_modules_below_the_front_door_can_be_imported() -> None:
    assert "prompt_kernel.names" in loaded_by("from prompt_kernel import names")


def test_the_version_is_that_of_the_package() -> None:
    assert pk.__version__ == version("prompt-kernel")


# What it costs


def test_opening_the_front_door_loads_nothing_else() -> None:
    loaded = loaded_by("import prompt_kernel")

    assert {module for module in loaded if module.startswith("prompt_kernel")} == {"prompt_kernel"}
    assert {module.split(".")[0] for module in loaded} & HEAVY == set()


@pytest.mark.parametrize(
    "program",
    [
        "pk.parse('[[a]] {{ b }}')",
        "pk.escape('[[a]]'), pk.unparse([])",
        "pk.errors.PromptNotFoundError('a')",
        "pk.PromptKernelError",
        "pk.expand('[[a]] {{ b }}', {'a': 'x'}, b='y').pieces",
        "pk.Expansion, pk.Limits, pk.Manifest, pk.Prompt, pk.Texts",
    ],
)
def test_the_language_and_the_engine_load_nothing_heavy(program: str) -> None:
    loaded = {module.split(".")[0] for module in loaded_by(f"import prompt_kernel as pk\n{program}")}

    assert loaded & HEAVY == set()


def test_a_store_loads_what_it_needs_and_no_more() -> None:
    loaded = {
        module.split(".")[0] for module in loaded_by("import prompt_kernel as pk\npk.connect(':memory:').close()")
    }

    assert loaded & (HEAVY - {"sqlalchemy", "sqlite3", "asyncio"}) == set()


# Types: the front door tells a type checker what `__getattr__` hides from it.


def test_a_type_checker_sees_every_name() -> None:
    tree = ast.parse(Path(pk.__file__).read_bytes())
    typed = {
        alias.name
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

    assert typed | {name for name in defined if not name.startswith("_")} == set(NAMES)
    assert (Path(pk.__file__).parent / "py.typed").exists()
