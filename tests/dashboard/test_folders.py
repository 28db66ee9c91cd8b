from pathlib import Path

import pytest

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel_dashboard import folders

OUT_OF_REACH = (
    "folder: the dashboard reaches your home folder and the folder that it was started in; "
    "use `prompt-kernel import` for another."
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    for name in ("prompts/style", "Projects", "private", ".hidden/inside", "work/prompts"):
        (home / name).mkdir(parents=True)
    (home / "prose.md").write_text("no folder", encoding="utf-8")
    (tmp_path / "outside").mkdir()
    (home / "link").symlink_to(tmp_path / "outside")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "work")
    return home


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", ["~/", "prompts/"]),
        ("~", ["~/"]),
        ("~/", ["~/private/", "~/Projects/", "~/prompts/", "~/work/"]),
        ("~/P", ["~/private/", "~/Projects/", "~/prompts/"]),
        ("~/prompts/", ["~/prompts/style/"]),
        ("pro", ["prompts/"]),
        ("~/.hid", []),
        ("~/.hidden/", []),
        ("~/link/", []),
        ("~/nowhere/", []),
        ("/", []),
        ("/etc/", []),
        ("../", []),
        ("~/work/../", []),
        ("~nobody-here/", []),
        ("a\0b/", []),
    ],
)
def test_folders_are_offered_as_far_as_they_may_be_reached(home: Path, typed: str, offered: list[str]) -> None:
    assert home.is_dir()
    assert folders.complete(typed) == offered


def test_a_full_path_in_the_home_folder_is_offered_too(home: Path) -> None:
    assert folders.complete(f"{home}/pri") == [f"{home}/private/"]


def test_a_folder_that_can_be_reached_is_found(home: Path) -> None:
    assert [folders.check("~/prompts/"), folders.check(" prompts ")] == [home / "prompts", home / "work" / "prompts"]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "folder: write the path of a folder, without any .. in it."),
        ("~/prompts/../..", "folder: write the path of a folder, without any .. in it."),
        ("~/prose.md", "folder: there is no folder ~/prose.md; look for a typing mistake."),
        ("~/gone", "folder: there is no folder ~/gone; look for a typing mistake."),
        ("~/.hidden/inside", "folder: hidden folders are left out; use `prompt-kernel import` for one of these."),
        (
            "/etc",
            OUT_OF_REACH,
        ),
        (
            "~/link",
            OUT_OF_REACH,
        ),
    ],
)
def test_another_folder_is_refused_with_a_reason(home: Path, typed: str, problem: str) -> None:
    assert home.is_dir()
    with pytest.raises(InvalidMetadataError) as caught:
        folders.check(typed)
    assert str(caught.value) == problem


def test_a_person_without_a_home_reaches_the_current_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nobody)
    assert folders.roots() == [home / "work"]


def test_a_link_that_leads_to_itself_is_no_folder(home: Path) -> None:
    (home / "work" / "loop").symlink_to(home / "work" / "loop")
    assert folders.complete("loop/") == []
    with pytest.raises(InvalidMetadataError):
        folders.check("loop")
