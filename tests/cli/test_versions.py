from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]


@pytest.fixture
def poem(library: pk.Store) -> pk.Store:
    """Give the library with a prompt of three versions."""
    library.save("poem", "one\ntwo\n", message="first")
    library.save("poem", "one\nTWO\n", message="louder\tby far", author="bo")
    library.save("poem", "one\nTWO\nthree\n")
    library.label("poem", "live", version=2)
    library.label("poem", "staging", version=2)
    return library


def test_history_lists_the_newest_version_first(run: Run, poem: pk.Store) -> None:
    times = [version.created_at.isoformat(timespec="seconds") for version in poem.history("poem")]
    assert run("history", "poem").rows == [
        ("3", times[0], "ana", "python", "", ""),
        ("2", times[1], "bo", "python", "live,staging", "louder by far"),
        ("1", times[2], "ana", "python", "", "first"),
    ]


def test_history_as_json_has_the_texts(run: Run, poem: pk.Store) -> None:
    data = run("history", "poem", "--json").data
    assert [(version["number"], version["text"]) for version in data] == [
        (3, "one\nTWO\nthree\n"),
        (2, "one\nTWO\n"),
        (1, "one\ntwo\n"),
    ]
    assert data[1]["labels"] == ["live", "staging"]
    assert data[0]["created_at"] == poem.history("poem")[0].created_at.isoformat()


@pytest.mark.parametrize(
    ("versions", "changed"),
    [
        ([], ["+three"]),
        (["1", "2"], ["-two", "+TWO"]),
        (["1", "live"], ["-two", "+TWO"]),
        (["3", "1"], ["-TWO", "-three", "+two"]),
        (["1"], ["-two", "+TWO", "+three"]),
    ],
)
@pytest.mark.usefixtures("poem")
def test_diff_compares_versions_and_labels(run: Run, versions: list[str], changed: list[str]) -> None:
    result = run("diff", "poem", *versions)
    lines = result.out.splitlines()
    assert (result.code, result.err) == (0, "")
    assert (lines[0][:4], lines[1][:4], lines[2][:3]) == ("--- ", "+++ ", "@@ ")
    assert [line for line in lines[3:] if line[0] != " "] == changed


def test_diff_of_the_expanded_texts_follows_inclusions(run: Run, library: pk.Store) -> None:
    library.save("style/base", "[[style/tone]]Be short.\n")
    lines = run("diff", "style/base", "--expanded").out.splitlines()
    assert lines[3:] == [" Speak in a plain voice.", "-Be brief.", "+Be short."]


@pytest.mark.usefixtures("poem")
def test_diff_says_so_where_there_is_nothing_to_see(run: Run, library: pk.Store) -> None:
    library.save("poem", "one\r\nTWO\r\nthree\r\n")
    same, ends = run("diff", "poem", "1", "1"), run("diff", "poem")
    assert (same.code, same.out, ends.code, ends.err) == (0, "", 0, "")
    assert same.err.endswith(" are the same.\n")
    assert ends.out.splitlines()[3:] == ["-one", "-TWO", "-three", "+one␍", "+TWO␍", "+three␍", " "]


def test_label_sets_moves_promotes_lists_and_removes(run: Run, poem: pk.Store) -> None:
    assert run("label", "poem").rows == [("live", "2"), ("staging", "2")]
    assert run("label", "poem", "staging").rows == [("poem", "staging", "3")]
    assert run("label", "poem", "old", "1").rows == [("poem", "old", "1")]
    assert run("label", "poem", "live", "staging").rows == [("poem", "live", "3")]
    assert run("label", "poem", "old", "--remove").rows == [("poem", "old")]
    assert dict(poem["poem"].labels) == {"live": 3, "staging": 3}


def test_restore_makes_an_old_version_the_newest(run: Run, poem: pk.Store) -> None:
    assert run("restore", "poem", "live", "-m", "better so").rows == [("poem", "4")]
    assert (poem["poem"].text, poem["poem"].message) == ("one\nTWO\n", "better so")
    assert run("restore", "poem", "1").rows == [("poem", "5")]
    assert poem["poem"].text == "one\ntwo\n"


def test_restore_brings_back_a_backup_and_keeps_the_store_that_was_there(cli: Run, tmp_path: Path) -> None:
    url, backup = tmp_path / "store.db", tmp_path / "backup.db"
    with pk.connect(url) as store:
        store.save("a", "old")
        store.backup(backup)
        store.save("a", "new")
    result = cli("restore", "--backup", backup, "--store", url)
    assert (result.code, result.err) == (0, "")
    with pk.connect(url) as store:
        assert store["a"].text == "old"
    with pk.connect(result.out.rstrip("\n")) as kept:
        assert kept["a"].text == "new"
