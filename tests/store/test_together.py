"""One store for several people, and several verbs as one change."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from prompt_kernel.errors import InvalidMetadataError, PathTakenError, PromptNotFoundError
from prompt_kernel.store import Store

# By somebody else


def test_a_store_can_be_used_by_somebody_else_as_well(library: Store) -> None:
    bo = library.by("bo", origin="dashboard")
    assert (bo.author, bo.origin, library.author, library.origin) == ("bo", "dashboard", "ana", "python")
    assert library.by("cy").by("di").origin == "python"
    assert bo.by("ana").author == "ana"
    saved = bo.save("style/tone", "Shout.\n")
    assert (saved.author, saved.origin) == ("bo", "dashboard")
    bo.rename("style/base", "style/ground")
    library.delete("format/json", force=True)
    assert [(change.kind, change.author, change.origin) for change in library.changes(4)] == [
        ("saved", "bo", "dashboard"), ("renamed", "bo", "dashboard"), ("saved", "bo", "dashboard"),
        ("deleted", "ana", "python"),
    ]  # fmt: skip
    with pytest.raises(InvalidMetadataError):
        library.by("bo", origin="elsewhere")


def test_what_one_of_them_saves_the_others_read_at_once(library: Store) -> None:
    bo = library.by("bo")
    for turn in range(3):
        assert library.get("style/tone") == bo.get("style/tone")
        assert library.expand("style/base") == bo.expand("style/base")
        (bo if turn % 2 else library).save("style/tone", f"turn {turn}\n")
        assert library.get("style/tone").text == bo["style/tone"].text == f"turn {turn}\n"
        assert library.expand("style/base") == bo.expand("style/base") == f"turn {turn}\nBe brief.\n"
    assert library.get("style/tone") is bo.get("style/tone")
    assert (bo.url, bo.revision, bo.live) == (library.url, library.revision, library.live)


def test_threads_of_several_people_never_read_what_is_old(store: Store) -> None:
    errors: list[BaseException] = []

    def run(name: str) -> None:
        mine = store.by(name)
        try:
            for number in range(60):
                mine.save(name, f"{number}")
                assert mine.get(name).text == f"{number}"
                assert store.get(name).text == f"{number}"
        except BaseException as error:  # noqa: BLE001 - the thread's own end would go unnoticed
            errors.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


# Together


def test_verbs_in_a_block_happen_together(library: Store) -> None:
    with Store(library.url) as other:
        before = other.changes(), other.revision
        with library.together() as same:
            assert same is library
            library.save("a", "A")
            library.by("bo").save("b", "[[a]] B")
            assert (library.get("a").text, library.expand("b"), "a" in library) == ("A", "A B", True)
            assert (other.changes(), other.revision) == before
        assert [(change.path, change.author) for change in other.changes(4)] == [("a", "ana"), ("b", "bo")]


def test_an_error_that_leaves_a_block_undoes_all_of_it(library: Store) -> None:
    before = {prompt.path: prompt for prompt in map(library.get, library)}, library.changes(), library.directories()
    texts = library.expand("style/base")

    def change() -> None:
        with library.together():
            library.save("style/tone", "Shout.\n")
            library.save("new/one", "x")
            library.rename("style/base", "style/ground")
            library.set_preference("panes", [1])
            library.favourite("new/one")
            assert library.expand("style/ground") == "Shout.\nBe brief.\n"
            raise KeyError

    with pytest.raises(KeyError):
        change()
    after = {prompt.path: prompt for prompt in map(library.get, library)}, library.changes(), library.directories()
    assert after == before
    assert (library.expand("style/base"), library.preference("panes"), library.favourites()) == (texts, None, [])
    with pytest.raises(PromptNotFoundError):
        library.get("new/one")


def test_a_verb_that_fails_in_a_block_leaves_nothing_of_itself(library: Store) -> None:
    def inner() -> None:
        with library.together():
            library.save("b", "B")
            library.rename("a", "review")

    with library.together():
        library.save("a", "A")
        with pytest.raises(PathTakenError):
            library.rename_directory("style", "style/deeper")
        with pytest.raises(PathTakenError):
            inner()
        assert library.get("a").text == "A"
        assert "b" not in library
    assert ("a" in library, "b" in library, library.doctor()) == (True, False, [])


def test_a_purge_in_a_block_leaves_no_trace_either(library: Store) -> None:
    canary = "canary-91ac"
    library.save("a", canary)
    library.delete("a")

    def purge() -> None:
        with library.together():
            library.purge()
            raise KeyError

    with pytest.raises(KeyError):
        purge()
    assert [trashed.path for trashed in library.trash()] == ["a"]
    with library.together():
        assert library.purge() == 1
        library.save("b", "B")
    files = Path(library.url.removeprefix("sqlite:///")).parent.glob("prompts.db*")
    assert canary.encode() not in b"".join(file.read_bytes() for file in files)
    assert library["b"].text == "B"


def test_other_threads_wait_for_the_end_of_a_block(store: Store) -> None:
    store.save("a", "old")
    seen: list[str] = []
    begun = threading.Event()

    def read() -> None:
        begun.set()
        seen.append(store.get("a").text)

    thread = threading.Thread(target=read)
    with store.together():
        store.save("a", "halfway")
        thread.start()
        assert begun.wait(10)
        store.save("a", "new")
    thread.join(10)
    assert seen == ["new"]


def test_whoever_interrupts_a_statement_undoes_the_change_and_keeps_the_store_open(store: Store) -> None:
    store.save("a", "one\n")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    engine = store._database._engine  # noqa: SLF001 - where a statement runs, as a user's Ctrl-C meets it
    for change in (lambda: store.save("a", "two\n"), lambda: store.history("a"), lambda: store.rename("a", "b")):
        event.listen(engine, "do_execute", interrupt)
        with pytest.raises(KeyboardInterrupt):
            change()
        event.remove(engine, "do_execute", interrupt)

    assert (store["a"].text, store.save("a", "three\n").version) == ("one\n", 2)
