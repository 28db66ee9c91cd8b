"""Both engines do the same: whatever is asked of them, in whatever order, both give it or both refuse it."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.records import Draft
from prompt_kernel.store import Store
from tests.postgres import Server

#: These show that nothing is lost, again and again, of what others have covered; measuring doubles their time.
pytestmark = pytest.mark.no_cover

PATHS = ["one", "One", "d/two", "d/e/two", "d/e/three", "f/Über", "d/five", "two", "a b", "a-b", "ß"]
DIRECTORIES = ["d", "d/e", "f", "gone", ""]
TEXTS = ["", "alpha\n", "beta [[one]]\n", "[[two]] [[d/*]]\n", "[[Über@1]] {{ x }}\n", "[[d/two@good]]\r\n", "é ½ 日本"]
WORDS = ["al", "beta", "one two", "d/e", "e", "½", "x-y", "日本", "", "a\0", "\ud800", "é one", '"', "b*"]

paths = st.sampled_from(PATHS)
texts = st.lists(st.sampled_from(TEXTS), max_size=3).map("".join)
tags = st.none() | st.lists(st.sampled_from(["t", "Ta", "tä", 't"']), max_size=3)
versions = st.none() | st.integers(0, 4) | st.sampled_from(["good", "bad", "a\0", 2**70])
sorts = st.sampled_from(["path", "name", "directory", "tags", "version", "author", "nothing"])


def plain(answer: Any) -> Any:
    """Return an answer without what no two stores have in common: times and ids."""
    if hasattr(answer, "_fields"):
        return tuple(plain(getattr(answer, name)) for name in answer._fields if name != "id")
    if hasattr(answer, "__dataclass_fields__"):
        return {name: plain(getattr(answer, name)) for name in answer.__dataclass_fields__ if name != "store_url"}
    if isinstance(answer, str | datetime):
        return re.sub(r"[0-9a-f]{32}|replace-[0-9a-f]{12}", "…", answer) if isinstance(answer, str) else "then"
    if isinstance(answer, dict):
        return {name: plain(item) for name, item in answer.items()}
    return [plain(item) for item in answer] if isinstance(answer, list | tuple) else answer


def outcome(store: Store, ask: Callable[[Store], Any]) -> Any:
    """Return what a store answers, or what it says instead."""
    try:
        return plain(ask(store))
    except PromptKernelError as error:
        return type(error).__name__, str(error).replace(store.url, "…")


class Differential(RuleBasedStateMachine):
    """The same verbs on both engines."""

    dump: Callable[[Store], dict[str, Any]]
    server: Server

    @initialize()
    def begin(self) -> None:
        self.open = ExitStack()
        self.stores = [
            self.open.enter_context(Store(place, author="ana"))
            for place in (":memory:", self.open.enter_context(self.server.schema()))
        ]

    def both(self, ask: Callable[[Store], Any]) -> None:
        """Let both do something, and compare."""
        here, there = (outcome(store, ask) for store in self.stores)
        assert here == there

    @rule(path=paths, text=texts, tags=tags, expected=st.none() | st.integers(0, 3))
    def save(self, path: str, text: str, tags: list[str] | None, expected: int | None) -> None:
        self.both(lambda store: store.save(path, text, tags=tags, expected=expected, message=f"as {path}"))

    @rule(drafts=st.lists(st.builds(Draft, paths, texts), max_size=4))
    def save_many(self, drafts: list[Draft]) -> None:
        self.both(lambda store: store.save_many(drafts))

    @rule(path=paths, tags=tags, text=texts)
    def describe(self, path: str, tags: list[str] | None, text: str) -> None:
        self.both(lambda store: store.describe(path, description=text, tags=tags))

    @rule(path=paths, version=versions)
    def label(self, path: str, version: Any) -> None:
        self.both(lambda store: store.label(path, "good", version=version if isinstance(version, int) else None))

    @rule(path=paths, version=versions.filter(lambda version: version is not None))
    def restore(self, path: str, version: Any) -> None:
        self.both(lambda store: store.restore(path, version))

    @rule(old=paths, new=paths)
    def rename(self, old: str, new: str) -> None:
        self.both(lambda store: store.rename(old, new))

    @rule(old=st.sampled_from(DIRECTORIES), new=st.sampled_from(DIRECTORIES))
    def rename_directory(self, old: str, new: str) -> None:
        self.both(lambda store: store.rename_directory(old, new))

    @rule(path=st.sampled_from(DIRECTORIES), enabled=st.none() | st.booleans())
    def directory(self, path: str, enabled: bool | None) -> None:  # noqa: FBT001 - drawn
        self.both(lambda store: store.update_directory(path, enabled=enabled, description="said"))
        self.both(lambda store: store.remove_directory(path))

    @rule(path=paths, force=st.booleans())
    def delete(self, path: str, force: bool) -> None:  # noqa: FBT001 - drawn
        self.both(lambda store: store.delete(path, force=force))

    @rule(path=paths, to=st.none() | paths)
    def recover(self, path: str, to: str | None) -> None:
        self.both(lambda store: store.recover(path, to=to))

    @rule(path=st.none() | paths)
    def purge(self, path: str | None) -> None:
        self.both(lambda store: store.purge(path))

    @rule(find=st.sampled_from(["alpha", "one", "]]", "zzz"]), path=st.none() | paths)
    def replace(self, find: str, path: str | None) -> None:
        self.both(lambda store: store.replace(find, "new", paths=[path] if path else None, message="m").paths)

    @rule(path=paths)
    def open_and_keep(self, path: str) -> None:
        self.both(lambda store: (store.note_opened(path), store.favourite(path), store.recent(), store.favourites()))

    @rule(path=paths, version=versions, words=st.sampled_from(WORDS), directory=st.sampled_from(DIRECTORIES))
    def ask(self, path: str, version: Any, words: str, directory: str) -> None:
        self.both(lambda store: store.get(path, version=version))
        self.both(lambda store: store.expand(path, strict=False))
        self.both(lambda store: store.referrers(path))
        self.both(lambda store: store.impact(path, "other [[one]]"))
        self.both(lambda store: store.suggest(words, directory=directory))
        self.both(lambda store: sorted((hit.path, hit.snippet, hit.marks) for hit in store.search(words)))
        self.both(lambda store: sorted(hit.path for hit in store.search(words, directory=directory, tag="t")))

    @rule(
        sort=sorts,
        descending=st.booleans(),
        limit=st.integers(-1, 5),
        after=st.none() | paths,
        tag=st.none() | st.just("Ta"),
    )
    def browse(self, sort: str, descending: bool, limit: int, after: str | None, tag: str | None) -> None:  # noqa: FBT001 - drawn
        self.both(lambda store: store.prompts(sort=sort, descending=descending, limit=limit, after=after, tag=tag))
        self.both(lambda store: (store.count("d"), store.count(tag=tag), store.authors(), store.layouts(PATHS)))

    @rule(path=st.none() | paths, directory=st.none() | st.sampled_from(DIRECTORIES), limit=st.integers(-1, 20))
    def look_back(self, path: str | None, directory: str | None, limit: int) -> None:
        self.both(lambda store: store.activity(path=path, directory=directory, limit=limit))

    @invariant()
    def both_hold_the_same(self) -> None:
        here, there = (plain({**self.dump(store), "trash": store.trash()}) for store in self.stores)
        assert here == there
        self.both(lambda store: (store.changes(limit=1000), store.check(), store.doctor()))

    def teardown(self) -> None:
        if hasattr(self, "open"):
            self.open.close()


class TestDifferential:
    """Runs the machine with what the fixtures give."""

    def test_both_engines_do_the_same(self, dump: Callable[[Store], dict[str, Any]], postgres_server: Server) -> None:
        machine = type("Machine", (Differential,), {"dump": staticmethod(dump), "server": postgres_server})
        # What fails is long, and to make it shorter takes minutes with two engines.
        phases = [Phase.reuse, Phase.generate]
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=20, stateful_step_count=25, deadline=None, phases=phases, report_multiple_bugs=False
            ),
        )


# Searching

storable = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
known = st.sampled_from(["foo", "bar", "Foo-Bar", "bar.foo", "caf\u0301é", "foobar", "½", "²", "日本"])
fragments = st.lists(known | storable)


@pytest.fixture(scope="module")
def crowds(postgres_server: Server) -> Any:
    """Give a store on each engine with the same few hundred texts."""
    with postgres_server.schema() as url, Store(":memory:") as here, Store(url) as there:
        pieces = [
            "foo bar",
            "foo-bar",
            "bar foo",
            "foobar",
            "Café",
            "½ ²",
            "日本 語",
            "x_y",
            "a" * 3000,
            "don't",
            "-",
            "x",
        ]
        drafts = [
            Draft(f"p{n}", f"{pieces[n % 12]} {pieces[n // 12 % 12]}", description=pieces[n % 7], tags=[f"t{n % 3}"])
            for n in range(150)
        ]
        for store in (here, there):
            store.save_many(drafts)
        yield here, there


@settings(max_examples=150, deadline=None)
@given(fragments.map(" ".join))
def test_both_engines_find_the_same(crowds: tuple[Store, Store], words: str) -> None:
    here, there = (
        sorted((hit.path, hit.snippet, hit.marks) for hit in store.search(words, limit=200)) for store in crowds
    )
    assert here == there


def test_a_text_of_more_words_than_an_index_holds_is_saved_and_found_by_the_first_of_them(store: Store) -> None:
    words = [f"word{number}" for number in range(200_000)]
    store.save("a", " ".join(words))
    assert [hit.path for hit in store.search("word0 word20000")] == ["a"]
    assert store.doctor() == []
    store.rename("a", "b" * 240)
    assert [hit.path for hit in store.search("b" * 240)] == ["b" * 240]
