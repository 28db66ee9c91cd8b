"""freeze, verify, and expand --lock."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)


def test_freeze_writes_a_lock_that_expand_goes_by(run: Run, library: pk.Store) -> None:
    file = Path("prompts.lock").absolute()
    assert run("freeze", "review", "style/*") == (0, f"{file}\t4\n", "")
    library.save("style/tone", "Shout.\n")

    by_lock = run("expand", "review", "code=x", "--lock", "prompts.lock")

    assert by_lock.out == library.expand("review@1", code="x").replace("Shout.", "Speak in a plain voice.")
    assert run("expand", "review", "code=x").out.startswith("Shout.")
    assert run("expand", "notes", "--lock", "prompts.lock").code == 1
    assert run("expand", "--again", "x.json", "--lock", "prompts.lock").code == 2


def test_freeze_without_a_path_freezes_anew_what_the_lock_has(run: Run, library: pk.Store) -> None:
    assert run("freeze").err.startswith("prompt-kernel: ")
    run("freeze", "style/tone", "--lock", "a.lock")
    library.save("style/tone", "New")

    assert run("freeze", "--lock", "a.lock", "--json").data == {
        "file": str(Path("a.lock").absolute()),
        "prompts": 1,
        "added": [],
        "changed": ["style/tone"],
        "unchanged": [],
        "kept": [],
        "dropped": [],
        "notes": [],
        "drift": [],
    }
    assert run("freeze", "format/json", "--prune", "--lock", "a.lock", "--json").data["dropped"] == ["style/tone"]
    Path("empty.lock").write_text('{"prompt-kernel-lock": 1, "names": {}, "prompts": {}}', encoding="utf-8")
    assert run("freeze", "--lock", "empty.lock").err == (
        "prompt-kernel: empty.lock cannot be used: it freezes nothing yet; name the prompts.\n"
    )


def test_verify_says_nothing_has_drifted_or_exits_with_1(run: Run, library: pk.Store) -> None:
    run("freeze", "review")
    file = Path("prompts.lock").absolute()
    assert run("verify") == (0, "", "Nothing has drifted: 1 name and 4 prompts are as they were frozen.\n")
    assert run("verify", "--json").data == []
    library.save("style/base", "Be brief!\n")

    found = run("verify", "prompts.lock")

    assert (found.code, found.err) == (1, "")
    assert found.out.splitlines() == [
        "style/base@1\tchanged\tstyle/base@2\tit is version 2 now\treview",
        "--- style/base@1 (frozen)",
        "+++ style/base@2",
        "@@ -1 +1 @@",
        "-[[style/tone]]Be brief.",
        "+Be brief!",
    ]
    (drift,) = run("verify", "--json").data
    assert (drift["kind"], drift["names"], drift["diff"]["after"]) == ("changed", ["review"], "Be brief!\n")
    assert run("verify", "nowhere.lock").err.startswith(f"prompt-kernel: {file.parent / 'nowhere.lock'} cannot be used")


def test_verify_draws_a_table_and_the_differences_in_a_terminal(
    in_terminal: Callable[..., Any], run: Run, library: pk.Store
) -> None:
    run("freeze", "format/json")
    library.save("format/json", "New")

    screen = in_terminal("verify")

    assert screen.code == 1
    assert "format/json@1" in screen.text
    assert "+New" in screen.text
    assert "holds 2 names, 5 prompts: 1 new, 1 kept as they were." in " ".join(
        in_terminal("freeze", "review").text.split()
    )
