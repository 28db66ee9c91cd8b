"""What holds for every notebook as it is committed: no outputs, plain metadata, short enough to read in ten minutes."""

import json
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

#: What somebody reads in a minute; https://doi.org/10.1016/j.jml.2019.104047 has 238 for English prose.
WORDS_A_MINUTE = 200


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_it_is_committed_without_outputs(notebook: Path) -> None:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert [cell["metadata"] for cell in content["cells"] if cell["metadata"]] == []
    assert content["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_its_cells_have_the_names_that_nbstripout_gives(notebook: Path) -> None:
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    assert [cell["id"] for cell in content.cells] == [str(number) for number in range(len(content.cells))]


def test_it_is_read_in_ten_minutes(notebook: Path) -> None:
    cells = nbformat.read(notebook, as_version=4).cells
    words = sum(len(cell.source.split()) for cell in cells)
    assert words / WORDS_A_MINUTE < 10
    assert cells[0].source.startswith("# ")


def test_it_leaves_the_users_own_store_alone(notebook: Path) -> None:
    cells = nbformat.read(notebook, as_version=4).cells
    first = next(cell.source for cell in cells if cell.cell_type == "code")
    assert f'os.environ.setdefault("PROMPT_KERNEL_URL", str(Path("{notebook.stem}.db").resolve()))' in first
