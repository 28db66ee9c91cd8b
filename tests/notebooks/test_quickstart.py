"""The quickstart runs in a real kernel, in whatever state it finds the store, and is committed without outputs."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import prompt_kernel as pk

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
QUICKSTART = NOTEBOOKS / "quickstart.ipynb"

#: IPython takes `>>> ` off the lines of a cell; what the notebook saves has them all the same.
EXPLAIN = """\
What is p? Give an example that runs:

>>> statistics.median([1, 2, 10])
2"""


@pytest.fixture
def quickstart(tmp_path: Path) -> Path:
    """Copy the notebook and the library, because who tries the notebook leaves a store beside it."""
    shutil.copytree(NOTEBOOKS / "library", tmp_path / "library")
    return Path(shutil.copy(QUICKSTART, tmp_path))


def run(notebook: Path) -> nbformat.NotebookNode:
    """Run `notebook` in a kernel of its own, in its folder; the file stays as it is."""
    content = nbformat.read(notebook, as_version=4)
    resources = {"metadata": {"path": str(notebook.parent)}}
    NotebookClient(content, timeout=120, kernel_name="python3", resources=resources).execute()
    return content


def test_it_runs_in_whatever_state_it_finds_the_store(
    quickstart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_without_a_setting_it_makes_a_store_beside_itself(quickstart: Path) -> None:
    run(quickstart)
    with pk.connect(quickstart.with_suffix(".db")) as store:
        assert "text/summarise" in store
    assert not Path(pk.default_url().removeprefix("sqlite:///")).exists()


def test_it_is_committed_without_outputs() -> None:
    notebook = json.loads(QUICKSTART.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert [cell["metadata"] for cell in notebook["cells"] if cell["metadata"]] == []
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_its_cells_have_the_names_that_nbstripout_gives() -> None:
    notebook = nbformat.read(QUICKSTART, as_version=4)
    nbformat.validate(notebook)
    assert [cell["id"] for cell in notebook.cells] == [str(number) for number in range(len(notebook.cells))]


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
