"""Lists: in any order, page by page, and however many prompts there are no more of them is loaded than a page shows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import InvalidMetadataError, PromptNotFoundError
from prompt_kernel.names import directory_of, key_of, name_of
from prompt_kernel.records import Draft, Entry
from prompt_kernel.store import Store
from tests.postgres import on_sqlite

Traced = Callable[[Store], AbstractContextManager[list[str]]]

#: What each order means.
ORDERS: dict[str, Callable[[Entry], Any]] = {
    "path": lambda _: "",
    "name": lambda entry: key_of(name_of(entry.path)),
    "directory": lambda entry: key_of(directory_of(entry.path)),
    "tags": lambda entry: [tag.lower() for tag in entry.tags],
    "version": lambda entry: entry.version,
    "updated": lambda entry: entry.updated_at,
    "author": lambda entry: entry.author.lower(),
}
each_order = pytest.mark.parametrize("sort", ORDERS)
both_ways = pytest.mark.parametrize("descending", [False, True])


def paths(entries: list[Entry]) -> list[str]:
    """Return where entries are."""
    return [entry.path for entry in entries]


def pages(store: Store, **options: Any) -> list[str]:
    """Return all prompts, as they come page by page."""
    found: list[str] = []
    after = None
    while page := store.prompts(after=after, **options):
        assert len(page) <= options["limit"]
        found += paths(page)
        after = page[-1].path
    return found


def in_order(entries: list[Entry], sort: str, *, descending: bool) -> list[str]:
    """Return paths in an order, as Python sorts them."""
    return paths(sorted(entries, key=lambda entry: (ORDERS[sort](entry), key_of(entry.path)), reverse=descending))


@pytest.fixture
def mixed(store: Store) -> Store:
    """Give a store in which no two orders are the same, and much is equal in each."""
    for number, path in enumerate(("b/x", "a", "B/c/y", "z/a", "b-1/x", "Ä/x", "b/Ü", "m", "b/c/x", "n/m", "a-b/m")):
        author = store.by(("ana", "Bo", "cy", "ana", "bo")[number % 5])
        author.save(path, "text", tags=(["b", "a"], [], ["a"], ["a", "c"], ["B"], ["Z"], ["a"])[number % 7])
        for turn in range(number % 3):
            author.save(path, f"turn {turn}")
    return store


# Order


@each_order
@both_ways
def test_pages_are_one_list_in_order(mixed: Store, sort: str, descending: bool) -> None:  # noqa: FBT001 - a case
    entries = mixed.prompts()
    expected = in_order(entries, sort, descending=descending)
    assert paths(mixed.prompts(sort=sort, descending=descending)) == expected
    for limit in (1, 2, 3, 5, 11):
        assert pages(mixed, limit=limit, sort=sort, descending=descending) == expected
    for options in ({"directory": "b"}, {"tag": "a"}, {"directory": "B", "tag": "a"}):
        some = [entry for entry in entries if _fits(entry, **options)]
        assert pages(mixed, limit=2, sort=sort, descending=descending, **options) == in_order(
            some, sort, descending=descending
        )
        assert mixed.count(**options) == len(some)


def _fits(entry: Entry, directory: str = "", tag: str = "") -> bool:
    return key_of(entry.path).startswith(key_of(directory) + "/" if directory else "") and (
        not tag or tag in entry.tags
    )


SEGMENT = st.from_regex(r"[abAé_][aB1_-]{0,2}", fullmatch=True)
DRAFTS = st.dictionaries(
    st.lists(SEGMENT, min_size=1, max_size=3).map("/".join),
    st.tuples(st.lists(st.sampled_from(['a"b', "a", "ab", "b]", "]", "B"]), max_size=3), st.integers(0, 2)),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(drafts=DRAFTS, limit=st.integers(1, 4), descending=st.booleans())
def test_pages_of_any_library_are_one_list_in_order(
    drafts: dict[str, tuple[list[str], int]], limit: int, *, descending: bool
) -> None:
    with Store(":memory:", author="ana") as store:
        known: set[str] = set()
        for path, (tags, versions) in drafts.items():
            if key_of(path) not in known:
                known.add(key_of(path))
                for number in range(versions + 1):
                    store.save(path, str(number), tags=tags, author="xyz"[number])
        entries = store.prompts(limit=1000)
        assert store.count() == len(entries) == len(known)
        for sort in ORDERS:
            found = pages(store, limit=limit, sort=sort, descending=descending)
            whole = paths(store.prompts(limit=1000, sort=sort, descending=descending))
            assert found == whole
            if sort != "tags":
                assert whole == in_order(entries, sort, descending=descending)


@pytest.mark.parametrize("sort", ["Path", "key", "path; DROP TABLE prompt", "path DESC", "", "1", "updated_at"])
def test_no_other_order_is_taken(library: Store, sort: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        library.prompts(sort=sort)
    assert str(caught.value) == (f"sort: {sort!r} is not one of path, name, directory, tags, version, updated, author.")
    assert len(library) == 4


@pytest.mark.parametrize("word", ["' OR 1 --", "%", "_", "a' UNION SELECT text FROM version --", "a\ud800", "a\0", '"'])
def test_what_is_looked_for_is_never_a_part_of_a_statement(library: Store, word: str) -> None:
    found = [
        library.prompts(directory=word),
        library.prompts(tag=word, sort="name"),
        library.entries([word]),
        library.activity(author=word),
        library.activity(kind=word),
        library.activity(path=word),
        library.activity(directory=word),
    ]
    assert found == [[]] * len(found)
    assert (library.count(word), library.count(tag=word)) == (0, 0)


# Between two pages


@each_order
def test_a_page_goes_on_after_a_prompt_that_is_gone_or_was_renamed(mixed: Store, sort: str) -> None:
    expected = paths(mixed.prompts(sort=sort))
    mixed.delete(expected[4])
    assert paths(mixed.prompts(sort=sort, after=expected[4])) == expected[5:]
    if sort in ("tags", "version", "updated", "author"):
        mixed.rename(expected[3], f"{expected[3]}_")
        assert paths(mixed.prompts(sort=sort, after=expected[3]))[-3:] == expected[-3:]


def test_a_page_after_a_prompt_that_never_was_is_an_error_where_it_could_be_anywhere(library: Store) -> None:
    assert paths(library.prompts(after="format/zzz")) == ["review", "style/base", "style/tone"]
    assert paths(library.prompts(after="format/zzz", descending=True)) == ["format/json"]
    with pytest.raises(PromptNotFoundError):
        library.prompts(sort="updated", after="format/zzz")


# Some of them


def test_entries_come_in_the_order_that_was_asked_for(library: Store) -> None:
    library.delete("review")
    asked = ["style/tone", "nowhere", "STYLE/Base", "review", "format/json"]
    assert paths(library.entries(iter(asked))) == ["style/tone", "style/base", "format/json"]
    assert library.entries(["style/tone"]) == [entry for entry in library.prompts() if entry.path == "style/tone"]
    assert library.entries([]) == []


def test_prompts_are_counted_by_directory_and_tag(library: Store) -> None:
    library.save("style/deep/er", "x", tags=["style", "deep"])
    library.save("styles/no", "x")
    counts = library.count(), library.count("style"), library.count("STYLE", "deep"), library.count(tag="style")
    assert counts == (6, 3, 1, 3)
    assert (library.count(""), library.count("nowhere"), library.count(tag="nothing")) == (6, 0, 0)


def test_a_prompt_is_found_by_its_uid_wherever_it_is_now(library: Store) -> None:
    uid = library["style/tone"].uid
    library.rename("style/tone", "voice")
    assert library.path_of(uid) == "voice"
    library.delete("voice", force=True)
    for missing in (uid, "nobody", "\ud800"):
        with pytest.raises(PromptNotFoundError):
            library.path_of(missing)


# However many there are


@on_sqlite
def test_of_a_hundred_thousand_prompts_no_more_is_loaded_than_is_shown(store: Store, traced: Traced) -> None:
    store.save_many(Draft(f"d{n % 100}/p{n}", "x", tags=(f"t{n % 7}",)) for n in range(100_000))
    for sort, descending in product(ORDERS, (False, True)):
        with traced(store) as statements:
            first = store.prompts(sort=sort, descending=descending, limit=50)
            second = store.prompts(sort=sort, descending=descending, limit=50, after=first[-1].path)
        assert len(set(paths(first) + paths(second))) == 100
        lists = [statement for statement in statements if statement.endswith("LIMIT 50")]
        assert (len(lists), len(statements)) == (2, 2 if sort == "path" else 3)
        plans = [step for statement in lists for step in plan(store, statement)]
        if sort in ("path", "name", "updated"):
            # An index has the order; only what is equal in it is sorted.
            assert all("USING INDEX" in step or "RIGHT PART OF ORDER BY" in step for step in plans)
    with traced(store) as statements:
        assert (store.count(), store.count("d7"), store.count(tag="t3")) == (100_000, 1_000, 14_286)
        assert paths(store.entries(["d1/p1", "d99/p99999"])) == ["d1/p1", "d99/p99999"]
    assert len(statements) == 4
    assert not [step for step in plan(store, statements[-1]) if step.startswith("SCAN p")]


def plan(store: Store, statement: str) -> list[str]:
    """Return how SQLite goes about a statement."""
    return [row[3] for row in store._database.raw.execute(f"EXPLAIN QUERY PLAN {statement}")]  # noqa: SLF001 - no verb tells


# What has happened


def test_activity_is_the_log_from_its_end(library: Store) -> None:
    library.by("bo").save("review", "new")
    everything = list(reversed(library.changes()))
    assert library.activity() == everything
    first = library.activity(limit=3)
    assert first + library.activity(before=first[-1].id, limit=3) == everything
    assert library.activity(before=1) == []


def test_activity_can_be_of_one_person_one_kind_one_prompt_or_one_directory(library: Store) -> None:
    library.by("bo").save("review", "new")
    library.by("bo, cy").save("style/tone", "together")
    library.rename("style/tone", "voice")
    library.delete("format/json", force=True)

    def told(**wanted: Any) -> list[tuple[str, str]]:
        return [(change.kind, change.path) for change in library.activity(**wanted)]

    assert told(author="bo") == [("saved", "style/tone"), ("saved", "review")]
    assert told(author="cy", kind="saved") == [("saved", "style/tone")]
    assert told(author="b") == told(author="bo, ") == []
    assert told(kind="deleted") == [("deleted", "format/json")]
    assert told(path="review") == [("saved", "review"), ("created", "review")]
    assert told(path="VOICE") == [("renamed", "voice"), ("saved", "style/tone"), ("created", "style/tone")]
    assert told(path="format/json") == [("deleted", "format/json"), ("created", "format/json")]
    assert ("created", "style/base") in told(directory="style")
    assert told(directory="FORMAT") == told(directory="format") == [
        ("deleted", "format/json"), ("created", "format/json"),
    ]  # fmt: skip
    assert told(directory="format", kind="created", author="ana", before=4) == [("created", "format/json")]
    library.update_directory("style", enabled=False)
    assert told(directory="style", limit=1) == [("directory", "style")]


def test_the_log_of_a_purged_prompt_is_not_that_of_a_later_one(store: Store) -> None:
    store.save("a", "x")
    store.delete("a")
    store.purge()
    store.save("b", "y")
    assert [(change.kind, change.path) for change in store.activity(path="b")] == [("created", "b")]


def test_everyone_who_changed_anything_is_listed_once(library: Store) -> None:
    library.by("Bo").save("review", "1")
    library.by("Bo, cy").save("review", "2")
    library.by("alf").label("review", "good")
    assert library.authors() == ["alf", "ana", "Bo", "cy"]
