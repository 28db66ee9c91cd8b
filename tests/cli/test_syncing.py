"""The command sync, in this process, and watching in one of its own."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of two markdown files."""
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").write_text("one\n", "utf-8")
    (folder / "deep" / "b.md").write_text("two\n", "utf-8")
    return folder


def test_a_folder_is_linked_and_synced_both_ways(run: Run, library: pk.Store, folder: Path) -> None:
    assert run("sync", "notes", "--link", folder).rows == [("pulled", "notes/a"), ("pulled", "notes/deep/b")]
    library.save("notes/a", "new\n")
    (folder / "deep" / "b.md").rename(folder / "c.md")
    assert run("sync").rows == [("pushed", "notes/a"), ("renamed", "notes/deep/b", "notes/c")]
    assert (folder / "a.md").read_text("utf-8") == "new\n"
    result = run("sync")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_a_conflict_is_told_and_the_exit_code_says_so(run: Run, library: pk.Store, folder: Path) -> None:
    run("sync", "notes", "--link", folder)
    library.save("notes/a", "here\n")
    (folder / "a.md").write_text("there\n", "utf-8")
    code, out, err = run("sync", "notes")
    assert (code, out) == (1, "conflict\tnotes/a\tnotes/a-conflict\n")
    assert err == (
        "notes/a was changed on both sides in the same place: the store's text stands, the file's is kept as"
        " notes/a-conflict.\n"
    )
    assert library["notes/a-conflict"].text == "there\n"


def test_json_has_the_whole_report(run: Run, folder: Path) -> None:
    assert run("sync", "notes", "--link", folder, "--json").data == {
        "directory": "notes",
        "folder": str(folder),
        "pulled": ["notes/a", "notes/deep/b"],
        "pushed": [],
        "merged": [],
        "conflicts": {},
        "deleted": [],
        "recovered": [],
        "renamed": {},
        "unchanged": 0,
        "skipped": {},
    }


def test_what_is_skipped_counts_and_what_is_disabled_does_not(run: Run, library: pk.Store, folder: Path) -> None:
    run("sync", "notes", "--link", folder)
    library.update_directory("notes/deep", enabled=False)
    code, _, err = run("sync", "notes")
    assert (code, err) == (0, "Skipped notes/deep/: this directory is disabled\n")
    (folder / "bad.md").write_bytes(b"\xff")
    code, _, err = run("sync", "notes")
    assert (code, err.splitlines()[0].split(":")[0]) == (1, "Skipped notes/bad.md")


def test_deletions_that_others_would_miss_need_delete(run: Run, library: pk.Store, folder: Path) -> None:
    run("sync", "notes", "--link", folder)
    library.save("review", "[[notes/a]]")
    (folder / "a.md").unlink()
    code, out, err = run("sync")
    assert (code, out) == (1, "")
    assert "review includes notes/a, so that is kept" in err
    assert err.endswith("change these, or sync with --delete\n")
    assert run("sync", "--delete").rows == [("deleted", "notes/a")]


def test_a_folder_is_unlinked_and_both_sides_stay(run: Run, library: pk.Store, folder: Path) -> None:
    run("sync", "notes", "--link", folder)
    assert run("sync", "notes", "--unlink").rows == [("notes", "unlinked")]
    assert ("notes/a" in library, (folder / "a.md").exists()) == (True, True)
    code, out, err = run("sync", "notes")
    assert (code, out) == (1, "")
    assert err == (
        "prompt-kernel: notes was not synced: it is linked to no folder; link one with"
        " `prompt-kernel sync notes --link FOLDER`.\n"
    )
    assert run("sync", "--unlink").code == 2


def test_a_folder_that_is_gone_is_one_sentence(run: Run, folder: Path) -> None:
    run("sync", "notes", "--link", folder)
    folder.rename(folder.with_name("away"))
    code, out, err = run("sync", "notes")
    assert (code, out) == (1, "")
    assert err.startswith(f"prompt-kernel: {folder} was not synced: it is not there")


def test_a_terminal_gets_a_sentence(in_terminal: Run, library: pk.Store, folder: Path) -> None:
    library.add_directory("notes", source=str(folder))
    screen = in_terminal("sync", "notes")
    assert screen.code == 0
    assert f"Synced notes with {folder}: 2 pulled, 0 unchanged." in screen.text.replace("\n", "")


def test_watching_tells_each_change_with_its_time_until_interrupted(
    process: Callable[..., "subprocess.Popen[bytes]"], library: pk.Store, folder: Path
) -> None:
    library.add_directory("notes", source=str(folder))
    running = process("sync", "notes", "--watch", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout

    def told() -> tuple[str, ...]:
        assert running.stdout
        time, *fields = running.stdout.readline().decode().rstrip("\n").split("\t")
        assert time[:2] == "20"
        return tuple(fields)

    assert [told(), told()] == [("pulled", "notes/a"), ("pulled", "notes/deep/b")]
    (folder / "a.md").write_text("edited\n", "utf-8")
    assert told() == ("pulled", "notes/a")
    assert library["notes/a"].text == "edited\n"
    library.save("notes/a", "from here\n")
    assert told() == ("pushed", "notes/a")
    assert (folder / "a.md").read_text("utf-8") == "from here\n"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (0, b"", b"")


def test_watching_needs_its_part(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    code, out, err = run("sync", "notes", "--link", folder, "--watch")
    assert (code, out) == (1, "")
    assert 'pip install "prompt-kernel[watch]"' in err
