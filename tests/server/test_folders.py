from pathlib import Path

import pytest

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.server.folders import Completed, Folders, home_and_here
from prompt_kernel_dashboard import folders as offered_folders

OUT_OF_REACH = "folder: the server reaches {home}, with all below; use `prompt-kernel import` for another."


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


@pytest.fixture
def folders(home: Path) -> Folders:
    assert home.is_dir()
    return Folders(home_and_here())


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
def test_folders_are_offered_as_far_as_they_may_be_reached(folders: Folders, typed: str, offered: list[str]) -> None:
    assert folders.complete(typed) == offered


def test_a_full_path_in_the_home_folder_is_offered_too(home: Path, folders: Folders) -> None:
    assert folders.complete(f"{home}/pri") == [f"{home}/private/"]


def test_a_folder_that_can_be_reached_is_found(home: Path, folders: Folders) -> None:
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
def test_another_folder_is_refused_with_a_reason(home: Path, folders: Folders, typed: str, problem: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        folders.check(typed)
    assert str(caught.value) == problem.format(home=f"{home} and {home / 'work'}")


def test_a_person_without_a_home_reaches_the_current_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nobody)
    assert home_and_here() == [home / "work"]


def test_a_link_that_leads_to_itself_is_no_folder(home: Path, folders: Folders) -> None:
    (home / "work" / "loop").symlink_to(home / "work" / "loop")
    assert folders.complete("loop/") == []
    with pytest.raises(InvalidMetadataError):
        folders.check("loop")


@pytest.mark.parametrize(
    ("typed", "path", "suggestions"),
    [
        ("~/", "~/", ["private/", "Projects/", "prompts/", "work/"]),
        ("~/P", "~/pr", ["private/", "Projects/", "prompts/"]),
        ("~/PRO", "~/Pro", ["Projects/", "prompts/"]),
        ("~/priv", "~/private/", []),
        ("~/none", "~/none", []),
        ("~/link/", "~/link/", []),
        ("~/../", "~/../", []),
        ("", "", ["~/", "prompts/"]),
        ("~", "~/", []),
        ("pro", "prompts/", []),
    ],
)
def test_a_path_is_completed_as_far_as_it_is_clear(
    folders: Folders, typed: str, path: str, suggestions: list[str]
) -> None:
    assert folders.completed(typed) == Completed(path, suggestions)


def test_many_folders_are_suggested_and_all_of_them_count(home: Path, folders: Folders) -> None:
    for number in range(300):
        (home / f"many{number:03}").mkdir()
    (home / "Man").mkdir()
    path, suggestions = folders.completed("~/ma")

    assert (path, len(suggestions), suggestions[0]) == ("~/Man", 100, "Man/")
    assert len(offered_folders.complete("~/ma")) == offered_folders.MOST_OFFERED


def test_without_roots_nothing_can_be_reached(home: Path) -> None:
    nowhere = Folders([])

    assert (nowhere.complete(""), nowhere.complete("~"), nowhere.complete(f"{home}/")) == ([], [], [])
    with pytest.raises(InvalidMetadataError, match="the server reaches no folder"):
        nowhere.check(str(home))


def test_the_dashboard_reaches_the_home_folder_and_the_current_one(home: Path) -> None:
    assert offered_folders.check("~/prompts") == home / "prompts"
    assert offered_folders.complete("pro") == ["prompts/"]
