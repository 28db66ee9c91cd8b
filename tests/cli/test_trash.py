from collections.abc import Callable
from typing import Any

import prompt_kernel as pk

Run = Callable[..., Any]


def test_a_prompt_goes_to_the_trash_and_comes_back(run: Run, library: pk.Store) -> None:
    uid = library["review"].uid
    assert run("--author", "bo", "delete", "review").rows == [("review", "1", uid)]
    assert "review" not in library
    at = library.trash()[0].deleted_at
    assert run("trash").rows == [("review", "1", at.isoformat(timespec="seconds"), "bo", uid)]
    assert run("trash", "--json").data == [
        {"path": "review", "uid": uid, "version": 1, "deleted_at": at.isoformat(), "deleted_by": "bo"}
    ]
    assert run("recover", "review").rows == [("review", "1")]
    assert "review" in library


def test_force_deletes_what_others_include(run: Run, library: pk.Store) -> None:
    assert run("delete", "tone", "--force").code == 0
    assert "style/tone" not in library


def test_recover_takes_a_uid_and_another_path(run: Run, library: pk.Store) -> None:
    uid = run("delete", "review").rows[0][2]
    library.save("review", "another")
    assert run("recover", uid, "--to", "old/review").rows == [("old/review", "1")]
    assert library["review"].text == "another"


def test_purge_removes_one_or_all_for_good(run: Run) -> None:
    for path in ("review", "base", "json"):
        assert run("delete", path).code == 0
    assert run("purge", "review").rows == [("1",)]
    assert run("purge", "--all").rows == [("2",)]
    assert run("trash") == (0, "", "The trash is empty.\n")
