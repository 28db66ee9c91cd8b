import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.records import Finding

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of markdown whose prompts are in order."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "a.md").write_text("one\n")
    (folder / "b.md").write_text("[[a]]two\n")
    return folder


def errors(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [row[:3] for row in rows if row[0] == "error"]


def test_check_of_a_store_in_order_exits_with_0(run: Run) -> None:
    result = run("check")
    assert result.code == 0
    assert errors(result.rows) == []


def test_check_exits_with_1_for_an_error_and_lists_it(run: Run, library: pk.Store) -> None:
    library.save("broken", "[[nowhere]]")
    result = run("check")
    assert result.code == 1
    assert errors(result.rows) == [("error", "not-found", "broken")]
    assert [(row["code"], row["path"]) for row in run("check", "--json").data if row["severity"] == "error"] == [
        ("not-found", "broken")
    ]


def test_check_says_that_nothing_is_wrong(run_empty: Run) -> None:
    assert run_empty("check") == (0, "", "Nothing is wrong with 0 prompts.\n")


@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)])
def test_strict_counts_warnings_too(run: Run, monkeypatch: pytest.MonkeyPatch, strict: list[str], code: int) -> None:
    findings = [Finding("warning", "unused", "review", "nobody uses it")]
    monkeypatch.setattr(pk.Store, "check", lambda _: findings)
    assert run("check", *strict) == (code, "warning\tunused\treview\tnobody uses it\n", "")


def test_check_of_a_folder_leaves_the_store_alone(run: Run, library: pk.Store, folder: Path) -> None:
    before = list(library)
    assert run("check", "--folder", folder).code == 0
    (folder / "b.md").write_text("[[gone]]\n")
    result = run("check", "--folder", folder)
    assert result.code == 1
    assert errors(result.rows) == [("error", "not-found", "b")]
    assert list(library) == before


def test_check_of_a_folder_that_cannot_be_read_names_its_files(run: Run, folder: Path) -> None:
    (folder / "b.md").write_bytes(b"\xff")
    result = run("check", "--folder", folder)
    assert result.code == 1
    assert result.err.startswith("prompt-kernel: Nothing was imported, because 1 file cannot be read:\n  b.md:1: ")


def test_doctor_finds_a_store_in_order(run: Run, library: pk.Store) -> None:
    assert run("doctor") == (0, "", f"{library.url} is in order.\n")
    assert run("doctor", "--json") == (0, "[]\n", f"{library.url} is in order.\n")


def test_doctor_exits_with_1_for_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [Finding("error", "hash", "review", "its text does not match")]
    monkeypatch.setattr(pk.Store, "doctor", lambda _: findings)
    assert run("doctor") == (1, "error\thash\treview\tits text does not match\n", "")


def test_rescue_writes_every_version_to_a_folder(run: Run, library: pk.Store, tmp_path: Path) -> None:
    library.save("review", "new")
    files = ["style/tone@1.md", "style/base@1.md", "format/json@1.md", "review@1.md", "review@2.md"]
    assert run("doctor", "--rescue", tmp_path / "saved") == (0, "".join(f"written\t{name}\n" for name in files), "")
    assert (tmp_path / "saved" / "review@2.md").read_bytes() == b"new"
    assert run("doctor", "--rescue", tmp_path / "saved").rows == [("unchanged", name) for name in files]


def test_rescue_exits_with_1_and_names_what_is_lost(run: Run, library: pk.Store, tmp_path: Path) -> None:
    library.save("review", "new")
    with contextlib.closing(sqlite3.connect(library.url.removeprefix("sqlite:///"))) as raw:
        raw.execute("DROP TRIGGER version_is_immutable")
        raw.execute("UPDATE version SET text = 'forged' WHERE number = 2")
        raw.commit()
    code, out, err = run("doctor", "--rescue", tmp_path / "saved")
    assert (code, err) == (1, "Lost: review@2: it does not match its hash\n")
    assert "review@1.md" in out
    assert run("doctor").code == 1


def test_backup_names_the_file_that_it_made(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    assert run("backup", target) == (0, f"{target}\n", "")
    made = Path(run("backup").out.rstrip("\n"))
    for file in (target, made):
        with pk.connect(file) as copy:
            assert len(copy) == 4


def test_where_says_what_the_store_holds_and_how_it_is_kept(run: Run, library: pk.Store) -> None:
    summary = library.summary()
    facts: dict[str, object] = {
        "url": library.url,
        "prompts": 4,
        "versions": 4,
        "directories": 2,
        "labels": 0,
        "trashed": 0,
        "characters": sum(len(library[path].text) for path in library),
        "schema": summary.schema,
        "journal": summary.journal,
        "read_only": "",
        "sqlite": sqlite3.sqlite_version,
        "prompt_kernel": pk.__version__,
    }
    assert run("where", "--json").data == facts
    assert run("where").rows == [(name, str(value)) for name, value in facts.items()]
