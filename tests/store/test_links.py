"""What a store remembers of linked folders."""

from pathlib import Path

import pytest

from prompt_kernel.errors import DirectoryNotFoundError
from prompt_kernel.records import Draft
from prompt_kernel.store import Store
from prompt_kernel.store.links import Head, Link, Linked, place_of

HASH = "ab" * 32


@pytest.fixture
def linked(library: Store, tmp_path: Path) -> Store:
    library.update_directory("style", source=str(tmp_path))
    return library


def link_of(store: Store, path: str, file: str) -> Link:
    (head,) = [head for head in store.links.heads("style") if head.path == path]
    return Link(file, head.id, head.version, head.metadata, HASH, 2**40, 2**62)


def test_the_directories_tell_where_they_are_linked_to(linked: Store, tmp_path: Path) -> None:
    found = linked.links.directories()
    assert [(one.path, one.enabled, one.folder) for one in found] == [
        ("format", True, ""),
        ("style", True, str(tmp_path)),
    ]
    assert len({one.number for one in found}) == 2
    linked.rename_directory("style", "voice")
    linked.update_directory("voice", enabled=False)
    assert linked.links.directories()[1] == Linked(found[1].number, "voice", enabled=False, folder=str(tmp_path))


def test_a_link_is_remembered_changed_and_forgotten(linked: Store) -> None:
    base, tone = link_of(linked, "style/base", "base.md"), link_of(linked, "style/tone", "tone.md")
    linked.links.put("here", [base, tone], {tone.prompt_id: {"file": "tone.md", "front": "---\n---\n"}})
    linked.links.put("there", [base], {})
    assert sorted(linked.links.known("here")) == [base, tone]
    assert linked.layouts(["style/tone", "style/base"]) == {"style/tone": {"file": "tone.md", "front": "---\n---\n"}}
    linked.links.put("here", [base._replace(version=7, size=3)], {})
    assert sorted(linked.links.known("here")) == [base._replace(version=7, size=3), tone]
    linked.links.drop("here", ["base.md", "nothing.md"])
    linked.links.put("here", [], {})
    linked.links.drop("here", [])
    assert (linked.links.known("here"), linked.links.known("there")) == ([tone], [base])


def test_heads_say_what_no_version_has(linked: Store) -> None:
    linked.describe("style/base", description='"é"', tags=["b", "a"])
    head = linked.links.heads("style")[0]
    prompt = linked["style/base"]
    assert head == Head(head.id, prompt.uid, "style/base", 1, '{"description":"\\"\\u00e9\\"","tags":["b","a"]}')
    assert linked.links.metadata_of(prompt) == head.metadata


def test_prompts_are_found_wherever_they_went(linked: Store) -> None:
    base, tone = linked.links.heads("style")
    linked.rename("style/base", "else/base")
    linked.delete("style/tone", force=True)
    found = linked.links.elsewhere([base.id, tone.id, 999])
    assert found == {base.id: (base._replace(path="else/base"), False), tone.id: (tone, True)}


def test_new_prompts_are_made_also_where_another_was_once(linked: Store) -> None:
    linked.rename("style/tone", "style/voice")
    drafts = [Draft("style/tone", "new"), Draft("Style/Base", "taken")]
    (made,) = linked.links.adopt(drafts, "ben", "from a file")
    tone = linked["style/tone"]
    assert (made.path, made.uid, tone.text) == ("style/tone", tone.uid, "new")
    assert (tone.author, tone.origin, tone.message) == ("ben", "import", "from a file")
    assert linked["style/base"].text == "[[style/voice]]Be brief.\n"
    assert linked.links.adopt(drafts, "ben", "") == []
    assert linked.doctor() == []


def test_a_purged_prompt_is_linked_no_more(linked: Store) -> None:
    linked.links.put("here", [link_of(linked, "style/tone", "tone.md")], {})
    linked.delete("style/tone", force=True)
    assert len(linked.links.known("here")) == 1
    linked.purge("style/tone")
    assert linked.links.known("here") == []


def test_another_folder_or_none_forgets_the_links_of_that_directory(linked: Store, tmp_path: Path) -> None:
    numbers = {one.path: one.number for one in linked.links.directories()}
    mine, other = place_of(numbers["style"], "a:/x"), place_of(numbers["format"], "a:/x")
    for place in (mine, other):
        linked.links.put(place, [link_of(linked, "style/tone", "tone.md")], {})
    linked.update_directory("style", description="still the same", source=str(tmp_path))
    assert len(linked.links.known(mine)) == 1
    linked.update_directory("style", source="")
    assert (linked.links.known(mine), len(linked.links.known(other))) == ([], 1)


def test_a_removed_directory_forgets_its_links_and_those_below(store: Store) -> None:
    store.save("a/b/p", "text")
    (head,) = store.links.heads("a")
    for one in store.links.directories():
        place = place_of(one.number, "x")
        store.links.put(place, [Link("p.md", head.id, 1, head.metadata, HASH, 1, 1)], {})
    places = [place_of(one.number, "x") for one in store.links.directories()]
    store.delete("a/b/p")
    store.remove_directory("a")
    assert [store.links.known(place) for place in places] == [[], []]
    with pytest.raises(DirectoryNotFoundError):
        store.remove_directory("a")
