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


def test_another_tools_files_are_recognised_and_their_losses_counted(
    run: Run, library: pk.Store, tmp_path: Path
) -> None:
    for number in range(12):
        (tmp_path / f"p{number}.prompt").write_text(f"{{{{#if a}}}} {{{{! {number} }}}} {{{{x}}}}")
    result = run("import", tmp_path, "--into", "new")
    assert result.rows == [("created", f"new/{name}") for name in sorted(f"p{number}" for number in range(12))]
    lines = result.err.splitlines()
    assert lines[:2] == [
        "24 things could not be carried over:",
        "  p0.prompt and 11 more: {{#if a}} stays text",
    ]
    assert lines[-2:] == ["  … and 3 more kinds; --json lists all.", "Read as dotprompt."]
    assert library["new/p3"].text == "{{#if a}} {{! 3 }} {{x}}"


def test_a_dry_run_tells_and_changes_nothing(run: Run, library: pk.Store, tmp_path: Path) -> None:
    (tmp_path / "review.prompt").write_text("new")
    before = library.summary(), library.changes()
    result = run("import", tmp_path, "--dry-run")
    assert (result.rows, "nothing was imported" in result.err) == ([("updated", "review")], True)
    assert (library.summary(), library.changes()) == before


def test_json_has_the_whole_report(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.prompt").write_text("{{#if a}}")
    assert run("import", tmp_path, "--json").data == {
        "source": str(tmp_path),
        "created": ["a"],
        "updated": [],
        "unchanged": [],
        "skipped": {},
        "format": "dotprompt",
        "losses": [{"where": "a.prompt", "what": "{{#if a}} stays text"}],
    }
    exported = run("export", tmp_path / "out.csv", "--format", "prompts-chat", "--directory", "format", "--json").data
    assert (exported["format"], exported["written"], exported["losses"]) == (
        "prompts-chat",
        ["out.csv"],
        [{"where": "json", "what": "its tags are left out"}],
    )


def test_the_formats_are_listed(run: Run) -> None:
    listed = dict(run("import", "--list-formats").rows)
    assert (listed["fabric"], "mlflow" in listed) == ("Fabric patterns: folders with a system.md", False)
    assert "mlflow" in dict(run("export", "--list-formats").rows)
    code, _, err = run("import")
    assert (code, err.splitlines()[0]) == (2, "prompt-kernel: the following arguments are required: SOURCE")


def test_a_format_that_nobody_knows_is_refused(run: Run, folder: Path) -> None:
    code, _, err = run("import", folder, "--format", "obsidan")
    assert (code, "did you mean obsidian?" in err) == (1, True)
    (folder / "sub").mkdir()
    (folder / "sub" / "a.txt").touch()
    code, _, err = run("import", folder / "sub")
    assert (code, "this is of no format that is known" in err) == (1, True)


def test_export_writes_another_tools_files_and_counts_what_is_lost(run: Run, tmp_path: Path) -> None:
    result = run("export", tmp_path / "out", "--format", "fabric", "--directory", "style")
    assert result.rows == [("written", "base/system.md"), ("written", "tone/system.md")]
    assert result.err.splitlines()[0] == "8 things could not be carried over:"


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
