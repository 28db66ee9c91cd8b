from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of two markdown files."""
    folder = tmp_path / "prompts"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").write_bytes(b"---\ndescription: the first  # of all\n---\none\r\n")
    (folder / "deep" / "b.md").write_bytes(b"[[a]] and two")
    return folder


def test_import_brings_in_a_folder_and_says_what_became_of_each_file(run: Run, library: pk.Store, folder: Path) -> None:
    assert run("import", folder, "--into", "notes", "-m", "from my notes").rows == [
        ("created", "notes/a"),
        ("created", "notes/deep/b"),
    ]
    assert (library["notes/a"].description, library["notes/a"].message) == ("the first  # of all"[:9], "from my notes")
    (folder / "deep" / "b.md").write_bytes(b"three")
    assert run("import", folder, "--into", "notes").rows == [("updated", "notes/deep/b"), ("unchanged", "notes/a")]


def test_nothing_is_imported_if_a_file_cannot_be_read(run: Run, library: pk.Store, folder: Path) -> None:
    (folder / "bad.md").write_bytes(b"\xff\xfe\xfd")
    code, out, err = run("import", folder)
    assert (code, out) == (1, "")
    assert err.startswith("prompt-kernel: Nothing was imported, because 1 file cannot be read:\n  bad.md:1: ")
    assert "a" not in library


def test_import_names_what_it_skips(run: Run, folder: Path) -> None:
    (folder / "link.md").symlink_to("a.md")
    result = run("import", folder)
    assert result.rows == [("created", "a"), ("created", "deep/b")]
    assert result.err.startswith("Skipped link.md: ")


def test_export_writes_what_was_imported_byte_for_byte(run_empty: Run, folder: Path, tmp_path: Path) -> None:
    run_empty("import", folder)
    target = tmp_path / "out"
    assert run_empty("export", target).rows == [("written", "a.md"), ("written", "deep/b.md")]
    assert {path.name: path.read_bytes() for path in target.rglob("*.md")} == {
        path.name: path.read_bytes() for path in folder.rglob("*.md")
    }
    assert run_empty("export", target).rows == [("unchanged", "a.md"), ("unchanged", "deep/b.md")]


def test_export_of_a_directory_writes_only_what_is_in_it(run: Run, tmp_path: Path) -> None:
    result = run("export", tmp_path / "out", "--directory", "style")
    assert [(state, Path(name).name) for state, name in result.rows] == [("written", "base.md"), ("written", "tone.md")]
