"""Directories: made with what lies in them, switched on and off, and never removed with anything inside."""

from pathlib import Path

import pytest

from prompt_kernel.errors import (
    DirectoryNotEmptyError,
    DirectoryNotFoundError,
    InvalidMetadataError,
    InvalidPathError,
    PathTakenError,
)
from prompt_kernel.records import Directory, Draft
from prompt_kernel.store import Store


def made(path: str, prompts: int = 0, *, description: str = "", enabled: bool = True, source: str = "") -> Directory:
    """Return what a store says of a directory, which is nothing unless something is given."""
    return Directory(path, description, enabled, source, prompts)


def test_saving_makes_the_directories_that_hold_a_prompt(store: Store) -> None:
    for path in ("a/b/one", "a/two", "A/B/three", "four"):
        store.save(path, "text")
    assert store.directories() == [
        made("a", 3),
        made("a/b", 2),
    ]
    store.delete("four")
    store.delete("a/b/one")
    assert [directory.prompts for directory in store.directories()] == [2, 1]
    assert store.directories()[1].name == "b"


def test_a_directory_is_made_with_its_description_and_its_folder(store: Store, tmp_path: Path) -> None:
    directory = store.add_directory("a/b", description="for b", source=str(tmp_path), enabled=False)
    assert directory == made("a/b", description="for b", enabled=False, source=str(tmp_path))
    assert store.directories() == [made("a"), directory]
    store.save("a/b/c", "text")
    assert store["a/b/c"].enabled is False


def test_a_linked_folder_is_kept_as_a_whole_path(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert store.add_directory("a", source="folder").source == str(tmp_path / "folder")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store.update_directory("a", source="~/folder").source == str(tmp_path / "folder")
    assert store.update_directory("a", source="").source == ""


def test_only_what_is_given_of_a_directory_changes(store: Store, tmp_path: Path) -> None:
    store.add_directory("a", description="d", source=str(tmp_path))
    assert store.update_directory("A", enabled=False) == Directory(
        "a", "d", source=str(tmp_path), prompts=0, enabled=False
    )
    assert store.update_directory("a", description="e") == Directory(
        "a", "e", source=str(tmp_path), prompts=0, enabled=False
    )
    assert store.update_directory("a") == made("a", description="e", enabled=False, source=str(tmp_path))
    assert store.update_directory("a", source="", enabled=True) == Directory(
        "a", "e", source="", prompts=0, enabled=True
    )


def test_switching_a_directory_switches_all_prompts_in_and_below_it(store: Store) -> None:
    store.save_many(Draft(path, path) for path in ("a/x", "a/b/y", "ab/z", "w"))
    store.update_directory("a", enabled=False)
    assert [prompt.enabled for prompt in map(store.get, store)] == [False, False, True, True]
    assert [entry.enabled for entry in store.prompts()] == [False, False, True, True]
    store.update_directory("a", enabled=True)
    assert all(prompt.enabled for prompt in map(store.get, store))


def test_an_empty_directory_is_removed_with_the_empty_ones_in_it_and_its_folder_stays(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file.md").write_text("text")
    store.add_directory("a/b/c", source=str(tmp_path))
    store.save("a/x", "text")
    store.save("a/b/y", "text")
    with pytest.raises(DirectoryNotEmptyError) as caught:
        store.remove_directory("a")
    assert str(caught.value) == "The directory a holds 2 prompts: a/b/y, a/x. Move or delete these first."
    store.delete("a/b/y")
    store.remove_directory("a/b")
    assert [directory.path for directory in store.directories()] == ["a"]
    assert (tmp_path / "file.md").read_text() == "text"
    assert store.recover("a/b/y").path == "a/b/y"


def test_a_directory_that_is_not_there_is_an_error_that_suggests_near_ones(store: Store) -> None:
    store.add_directory("styles")
    for ask in (store.update_directory, store.remove_directory):
        with pytest.raises(DirectoryNotFoundError) as caught:
            ask("style")
        assert str(caught.value) == "There is no directory 'style'. Did you mean styles?"


def test_a_directory_that_is_there_or_cannot_be_is_refused(store: Store) -> None:
    store.save("a/b", "text")
    with pytest.raises(PathTakenError, match="A is too close to a, which exists"):
        store.add_directory("A")
    with pytest.raises(InvalidPathError):
        store.add_directory("a/../b")
    with pytest.raises(InvalidMetadataError, match=r"^source: /nowhere/at/all is not a folder\.$"):
        store.add_directory("b", source="/nowhere/at/all")
    with pytest.raises(InvalidMetadataError, match=r"^source: it holds a NUL character at position 1\.$"):
        store.update_directory("a", source="a\0b")
    with pytest.raises(InvalidMetadataError, match=r"^source: there is no home folder for ~nobody-here\.$"):
        store.update_directory("a", source="~nobody-here")
    with pytest.raises(InvalidMetadataError, match=r"^description: it must be text, not int\.$"):
        store.update_directory("a", description=3)  # type: ignore[arg-type]  # that is the point
    assert store.directories() == [made("a", 1)]
