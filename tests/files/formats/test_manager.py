"""The original prompt manager: inclusions keep leading where they led, whatever they were called."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import ImportFileError
from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]
Plant = Callable[..., Path]

FILES = {
    "alpha/hello.md": "---\ndescription: Hi\ntags: [x, y]\nauthor: me\n---\n\nHello {{you}}!",
    "alpha/all.md": "[[hello]], `[[hello]]`, [[beta/leaf]], [[leaf]], [[1st one]].",
    "alpha/dup.md": "a",
    "beta/leaf.md": "leaf",
    "beta/dup.md": "b",
    "beta/more.md": "[[dup]] [[all]]",
    "gamma/1st one.md": "first",
    "gamma/more.md": "[[dup]] [[nowhere]] [[a|b]]",
}


def test_files_become_prompts_and_inclusions_lead_where_they_led(trip: Trip) -> None:
    result = trip(FILES, "prompt-manager")
    assert {path: said[:2] for path, said in result.said.items()} == {
        "alpha/all": (
            "[[hello]], `![[hello]]`, [[beta/leaf]], [[leaf]], [[gamma/_1st one]].",
            "simple",
        ),
        "alpha/dup": ("a", "simple"),
        "alpha/hello": ("\nHello {{you}}!", "plain"),
        "beta/dup": ("b", "simple"),
        "beta/leaf": ("leaf", "simple"),
        "beta/more": ("[[dup]] [[all]]", "simple"),
        "gamma/_1st one": ("first", "simple"),
        "gamma/more": ("[[alpha/dup]] [[nowhere]] [[a|b]]", "simple"),
    }
    assert result.said["alpha/hello"][2:4] == ("Hi", ("x", "y"))
    assert result.imported.losses == (
        Loss("gamma/1st one.md", "its name cannot be a path, so that it became gamma/_1st one"),
        Loss("gamma/more.md", "[[dup]] could be several prompts; it has become alpha/dup"),
        Loss("gamma/more.md", "[[nowhere]] leads nowhere"),
        Loss("gamma/more.md", "[[a|b]] leads nowhere, and stays text"),
    )


def test_files_come_back_byte_for_byte(trip: Trip) -> None:
    assert trip(FILES, "prompt-manager").files == {name: text.encode() for name, text in FILES.items()}


def test_what_was_included_is_included(store: Store, plant: Plant) -> None:
    store.import_from(plant(FILES), format="prompt-manager")
    assert store.expand("beta/more") == "b \nHello {{you}}!, `\nHello {{you}}!`, leaf, leaf, first."


def test_inclusions_lead_to_each_other_whatever_is_there_already(store: Store, plant: Plant) -> None:
    store.save("beta/leaf", "another one")
    store.save("dup", "yet another one")
    store.import_from(plant(FILES), format="prompt-manager", into="old")
    assert store["old/alpha/all"].text == (
        "[[hello]], `![[hello]]`, [[old/beta/leaf]], [[old/beta/leaf]], [[gamma/_1st one]]."
    )
    assert store.expand("old/alpha/all") == "\nHello {{you}}!, `\nHello {{you}}!`, leaf, leaf, first."


def test_a_list_of_folders_brings_them_all(store: Store, plant: Plant) -> None:
    folder = plant(FILES)
    listed = [
        {"path": str(folder / "alpha"), "name": "My prompts", "description": "the first", "enabled": True},
        {"path": str(folder / "beta"), "name": "", "enabled": False},
        {"path": str(folder / "nowhere"), "name": "gone"},
    ]
    (folder / "prompt_directories.json").write_text(json.dumps(listed))
    (folder / "alpha/whole.md").write_text(f"[[{folder}/beta/leaf]]")
    report = store.import_from(folder)
    assert [(each.path, each.description, each.enabled) for each in store.directories()] == [
        ("beta", "", False),
        ("My prompts", "the first", True),
    ]
    assert store["My prompts/whole"].text == "[[beta/leaf]]"
    assert (report.format, report.created) == (
        "prompt-manager",
        tuple(f"My prompts/{name}" for name in ("all", "dup", "hello", "whole"))
        + tuple(f"beta/{name}" for name in ("dup", "leaf", "more")),
    )
    assert report.losses[0] == Loss(
        "prompt_directories.json, item 3", f"the folder {folder}/nowhere"[:71] + "… is not there"
    ) or report.losses[0].what.endswith("is not there")


def test_a_folder_within_another_is_brought_once(store: Store, plant: Plant) -> None:
    folder = plant({"a.md": "1", "in/b.md": "2"})
    listed = [{"path": str(folder), "name": "outer"}, {"path": "in", "name": "inner"}]
    (folder / "prompt_directories.json").write_text(json.dumps(listed))
    store.import_from(folder / "prompt_directories.json")
    assert list(store) == ["inner/b", "outer/a"]


@pytest.mark.parametrize(
    ("content", "reason"), [("{}", "this is no list of folders"), ('[{"name": "x"}]', "it has no path")]
)
def test_a_list_that_is_none_is_refused(store: Store, plant: Plant, content: str, reason: str) -> None:
    with pytest.raises(ImportFileError) as caught:
        store.import_from(plant({"prompt_directories.json": content}))
    assert (list(caught.value.problems.values()), len(store)) == ([reason], 0)


def test_what_cannot_be_said_there_is_reported(library: Store, tmp_path: Path) -> None:
    library.save("a", "\\[[style/base]] [[style/tone@1]]")
    losses = library.export_to(tmp_path / "to", format="prompt-manager").losses
    assert [loss.what for loss in losses if loss.where == "a"] == [
        "what it includes was written out",
        "the types of its variables are left out",
        "the defaults of its variables are left out",
        "the prompt manager reads characters of it as something else, as [[style/base]]",
        "its variables are text there",
    ]
