from collections.abc import Callable
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]


def test_dirs_lists_every_directory(run: Run, library: pk.Store) -> None:
    library.update_directory("style", description="How to sound", enabled=False)
    assert run("dirs").rows == [
        ("format", "1", "enabled", "", ""),
        ("style", "2", "disabled", "", "How to sound"),
    ]
    assert run("dirs", "--json").data[1] == {
        "path": "style", "description": "How to sound", "enabled": False, "source": "", "prompts": 2,
    }  # fmt: skip


def test_dirs_of_a_store_without_any_says_how_they_come(run_empty: Run) -> None:
    sentence = "There are no directories. Saving a prompt makes the directories of its path.\n"
    assert run_empty("dirs") == (0, "", sentence)


def test_a_directory_is_added_described_and_removed(run: Run, library: pk.Store) -> None:
    def found() -> list[tuple[str, str]]:
        return [(each.path, each.description) for each in library.directories() if each.path == "drafts"]

    assert run("dirs", "drafts", "--add", "--description", "not yet in use").rows == [("drafts", "added")]
    assert found() == [("drafts", "not yet in use")]
    assert run("dirs", "drafts", "--description", "in use").rows == [("drafts", "enabled")]
    assert found() == [("drafts", "in use")]
    assert run("dirs", "drafts", "--remove").rows == [("drafts", "removed")]
    assert found() == []


@pytest.mark.parametrize(("option", "state", "code"), [("--disable", "disabled", 1), ("--enable", "enabled", 0)])
def test_a_disabled_directory_resolves_no_inclusion(run: Run, option: str, state: str, code: int) -> None:
    assert run("dirs", "format", option).rows == [("format", state)]
    assert run("expand", "review", "code=x").code == code
