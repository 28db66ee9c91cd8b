"""What the tests of the notebooks share: a copy of the folder, and a run in a kernel of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
Copy = Callable[[str], Path]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Copy the folder, because who tries a notebook leaves a store beside it; return where a notebook is."""
    only = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.db*")
    folder = Path(shutil.copytree(NOTEBOOKS, tmp_path / "notebooks", ignore=only))
    return lambda name: folder / f"{name}.ipynb"


@pytest.fixture
def run() -> Callable[[Path], nbformat.NotebookNode]:
    """Run a notebook in a kernel of its own, in its folder; the file stays as it is."""

    def run(notebook: Path) -> nbformat.NotebookNode:
        content = nbformat.read(notebook, as_version=4)
        resources = {"metadata": {"path": str(notebook.parent)}}
        NotebookClient(content, timeout=120, kernel_name="python3", resources=resources).execute()
        return content

    return run
