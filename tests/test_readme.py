"""The README's code runs, and what it says comes out does come out."""

import re
from pathlib import Path

import pytest

import prompt_kernel as pk
from tests.pages import ROOT, blocks_of, reading

PAGE = ROOT / "README.md"
README = PAGE.read_text(encoding="utf-8")


def run(tmp_path: Path, language: str) -> int:
    """Run the README's blocks of one language; return how many promises were kept."""
    with reading(PAGE, tmp_path) as reader:
        for block in blocks_of(PAGE):
            if block.language == language:
                reader.run(block)
        return reader.kept


def test_the_python_code_runs_and_gives_what_it_promises(tmp_path: Path) -> None:
    assert run(tmp_path, "python") >= 3, "the README promises too little to be worth a test"


def test_the_notebook_cells_run(tmp_path: Path) -> None:
    run(tmp_path, "ipython")
    with pk.connect(tmp_path / "prompts.db") as store:
        assert store.expand("review", tone="friendly", code="x = 1") == (
            "Write in a friendly voice.\nReview this code: x = 1"
        )


def test_the_commands_run(tmp_path: Path) -> None:
    run(tmp_path, "bash")
    with pk.connect(tmp_path / "prompts.db") as store:
        assert "data/sql" in store


@pytest.mark.parametrize("language", ["python", "ipython", "bash"])
def test_it_has_code_of_each_kind(language: str) -> None:
    assert language in {block.language for block in blocks_of(PAGE)}


def test_every_make_target_that_is_named_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"(?:\]\(|src(?:set)?=\")(?!https?:)([^)#\"]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
