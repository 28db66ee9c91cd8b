"""What belongs to one person: nobody else sees it, and no prompt is changed by it."""

from typing import Any

import pytest

from prompt_kernel.errors import InvalidMetadataError, PromptNotFoundError, ReadOnlyStoreError
from prompt_kernel.records import Draft, Entry
from prompt_kernel.store import Store


def paths(entries: list[Entry]) -> list[str]:
    """Return where entries are."""
    return [entry.path for entry in entries]


# Favourites


def test_favourites_are_ones_own_and_ordered_by_path(library: Store) -> None:
    bo = library.by("bo")
    assert library.favourite("review") == library.entries(["review"])[0]
    library.favourite("base")
    library.favourite("base")
    bo.favourite("format/json")
    assert (paths(library.favourites()), paths(bo.favourites())) == (["review", "style/base"], ["format/json"])
    assert library.favourites() == library.entries(["review", "style/base"])
    library.favourite("review", on=False)
    library.favourite("format/json", False)  # noqa: FBT003 - as a page calls it
    assert (paths(library.favourites()), paths(bo.favourites())) == (["style/base"], ["format/json"])


def test_favourites_follow_their_prompts(library: Store) -> None:
    library.favourite("review")
    library.rename("review", "checks/review")
    assert paths(library.favourites()) == ["checks/review"]
    library.delete("checks/review")
    assert library.favourites() == []
    library.recover("checks/review")
    assert paths(library.favourites()) == ["checks/review"]
    library.delete("checks/review")
    library.purge()
    library.save("checks/review", "another one")
    assert library.favourites() == []


# What was opened


def test_what_was_opened_last_comes_first_and_once(library: Store) -> None:
    assert library.recent() == []
    for path in ("review", "style/tone", "review", "format/json"):
        assert library.note_opened(path).path == path
    library.by("bo").note_opened("style/base")
    assert paths(library.recent()) == ["format/json", "review", "style/tone"]
    assert paths(library.recent(limit=2)) == ["format/json", "review"]
    assert paths(library.by("bo").recent()) == ["style/base"]


def test_what_lies_in_the_trash_is_left_out_of_what_was_opened(library: Store) -> None:
    library.note_opened("review")
    library.note_opened("format/json")
    library.delete("review")
    assert paths(library.recent()) == ["format/json"]
    library.recover("review")
    assert paths(library.recent()) == ["format/json", "review"]


def test_of_many_prompts_each_is_found_again(store: Store) -> None:
    store.save_many(Draft(f"p{number:04}", "x") for number in range(700))
    for entry in store.prompts(limit=700):
        store.favourite(entry.path)
        store.note_opened(entry.path)
    assert paths(store.favourites()) == list(store)
    assert paths(store.recent(limit=700)) == list(store)[::-1]


@pytest.mark.parametrize("verb", ["favourite", "note_opened"])
def test_of_a_prompt_that_is_not_there_nothing_is_remembered(library: Store, verb: str) -> None:
    with pytest.raises(PromptNotFoundError):
        getattr(library, verb)("nowhere")


# Preferences


@pytest.mark.parametrize("value", [{"open": ["preview", "history"], "width": 0.5}, [], "text é 😀\0", 3, True, None])
def test_a_preference_is_given_back_as_it_was_set(store: Store, value: Any) -> None:
    store.set_preference("panes", "old")
    store.set_preference("panes", value)
    assert store.preference("panes", "default") == value
    with Store(store.url, author="ana") as again:
        assert again.preference("panes", "default") == value
    assert store.by("bo").preference("panes", "default") == "default"
    assert store.preference("other") is None


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, b"bytes", "\ud800"])
def test_what_is_no_json_cannot_be_a_preference(store: Store, value: Any) -> None:
    with pytest.raises(InvalidMetadataError, match=r"^panes: "):
        store.set_preference("panes", value)
    assert store.preference("panes") is None


# Changing nothing


def test_none_of_it_is_a_change_of_a_prompt(library: Store) -> None:
    before = library.changes(), [library[path] for path in library]
    library.favourite("review")
    library.note_opened("review")
    library.set_preference("a", 1)
    assert (library.changes(), [library[path] for path in library]) == before


def test_a_store_that_takes_no_changes_remembers_nothing(library: Store) -> None:
    library.favourite("review")
    with Store(library.url, author="ana", read_only=True) as reader:
        assert paths(reader.favourites()) == ["review"]
        for change in (
            lambda: reader.favourite("review"),
            lambda: reader.note_opened("review"),
            lambda: reader.set_preference("a", 1),
        ):
            with pytest.raises(ReadOnlyStoreError):
                change()
