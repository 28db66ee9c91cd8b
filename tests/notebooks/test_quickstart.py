"""The quickstart runs in a real kernel, in whatever state it finds the store."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

import prompt_kernel as pk
from tests.notebooks.conftest import NOTEBOOKS, Copy

QUICKSTART = NOTEBOOKS / "quickstart.ipynb"
Run = Callable[[Path], nbformat.NotebookNode]

#: IPython takes `>>> ` off the lines of a cell; what the notebook saves has them all the same.
EXPLAIN = """\
What is p? Give an example that runs:

>>> statistics.median([1, 2, 10])
2"""


@pytest.fixture
def quickstart(copy: Copy) -> Path:
    return copy("quickstart")


def test_it_runs_in_whatever_state_it_finds_the_store(
    quickstart: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "demo.db"))
    run(quickstart)
    with pk.connect() as store:
        store.save("tour/voice", "somebody else's")
        store.rename("tour/manner", "tour/style")
        store.delete("tour/scrap")
        store.delete("text/summarise")
        store.save("style/tone", "changed")
    run(quickstart)
    with pk.connect() as store:
        versions = {entry.path: entry.version for entry in store.prompts(directory="tour")}
        assert versions == {"tour/explain": 2, "tour/manner": 4, "tour/scrap": 1}
        assert store.expand("tour/explain", term="p") == "Answer in verse.\n\n" + EXPLAIN
        assert store.check() == []
    assert not quickstart.with_suffix(".db").exists()


def test_without_a_setting_it_makes_a_store_beside_itself(quickstart: Path, run: Run) -> None:
    run(quickstart)
    with pk.connect(quickstart.with_suffix(".db")) as store:
        assert "text/summarise" in store
    assert not Path(pk.default_url().removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize("magic", ["%load_ext prompt_kernel", "%prompt ", "text = %prompt ", "%%prompt ", "%%expand "])
def test_it_shows_every_magic(magic: str) -> None:
    assert any(line.startswith(magic) for line in code_lines())


def test_it_shows_most_commands() -> None:
    shown = {line.split()[1] for line in code_lines() if line.startswith("%prompts ")}
    reading = {"list", "dirs", "show", "search", "history", "diff", "referrers"}
    writing = {"use", "import", "label", "restore", "rename", "delete", "recover"}
    assert shown == reading | writing


def code_lines() -> list[str]:
    """Return the lines of the notebook's code."""
    cells = nbformat.read(QUICKSTART, as_version=4).cells
    return [line for cell in cells if cell.cell_type == "code" for line in cell.source.splitlines()]
