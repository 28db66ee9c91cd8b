"""Searching and guessing: whatever is typed finds what it can, and nothing that is typed is an error."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.records import Draft, Suggestion
from prompt_kernel.spans import Span
from prompt_kernel.store import Store

EVERYDAY = [
    "foo-bar", "it's", "c++", "a.b", "AND", "OR", "NOT", "NEAR", 'say "hi"', '"', '""', "*", "a*", "*a", "^a", "a^b",
    "a:b", "path:review", "{a b}", "(a", "a)", "+a", "-a", "a -b", "http://a/b", "a@b.c", "a,b;c", "100%", "50% off",
    "_", "a_b", "\\", "/", "a/b", "?", "!", "'", "`code`", "[[style/tone]]", "{{ tone }}", "<b>", "a\0b", "a\nb",
    "\ud800", "é", "e\u0301", "日本語", "🙂", "ß", "½", "²", "ﬁ", "\u200b", "a" * 5000, "a " * 500, "", " ", "\t\n",
    "NEAR(a b, 3)", "text : a", 'a"b', "a OR b", "a AND NOT b", "--", "'; DROP TABLE prompt; --", "rank", "rowid",
]  # fmt: skip


def test_each_word_must_occur_somewhere_and_the_last_one_may_be_a_beginning(library: Store) -> None:
    def paths(words: str) -> list[str]:
        return sorted(hit.path for hit in library.search(words))

    assert paths("brief") == ["style/base"]
    assert paths("BRI") == ["style/base"]
    assert paths("bri speak") == []
    assert paths("json answ") == ["format/json"]
    assert paths("review code") == ["review"]
    assert paths("rief") == []
    assert paths("style") == ["review", "style/base", "style/tone"]


@pytest.mark.parametrize("words", ["café", "CAFE", "cafe\u0301", "caf"])
def test_case_and_accents_do_not_matter(store: Store, words: str) -> None:
    store.save("a", "Le Café")
    assert [hit.path for hit in store.search(words)] == ["a"]


def test_a_match_in_the_path_comes_before_one_in_the_description_and_one_in_the_text(store: Store) -> None:
    store.save("text", "Something long about many things, and a rubric among them. " * 3)
    store.save("tagged", "x", tags=["rubric"])
    store.save("said", "x", description="A rubric for answers")
    store.save("rubric", "x")
    for number in range(20):
        store.save(f"other{number}", "nothing of the kind")
    found = [hit.path for hit in store.search("rubric")]
    assert (found[0], found[-1], sorted(found)) == ("rubric", "text", ["rubric", "said", "tagged", "text"])


def test_a_hit_tells_what_it_is_about_and_marks_what_matched(store: Store) -> None:
    store.save("a", f"{'word ' * 100}needle in {'hay ' * 100}", description="about", tags=["t"])
    (hit,) = store.search("needle i")
    assert (hit.path, hit.version, hit.description, hit.tags) == ("a", 1, "about", ("t",))
    assert [hit.snippet[mark.start : mark.end] for mark in hit.marks] == ["needle", "in"]
    assert (hit.snippet[0], hit.snippet[-1], len(hit.snippet.split()) <= 18) == ("…", "…", True)


def test_marks_are_told_from_whatever_a_text_holds(store: Store) -> None:
    store.save("a", "one\x02two\x03 <b>needle</b>")
    (hit,) = store.search("needle")
    assert (hit.snippet, hit.marks) == ("one\x02two\x03 <b>needle</b>", (Span(12, 18),))


@pytest.mark.parametrize("words", ["the", "the word", " ".join("abcdefghijklmnopqrstuvwxyz"), "needle the"])
def test_a_long_text_is_searched_as_fast_as_it_is_read(store: Store, words: str) -> None:
    store.save("a", f"{'the word ' * 50_000}needle {' '.join('abcdefghijklmnopqrstuvwxyz')}")
    (hit,) = store.search(words)
    assert {hit.snippet[mark.start : mark.end] for mark in hit.marks} >= {words.split(maxsplit=1)[0]}
    assert (hit.snippet[0], hit.snippet[-1], len(hit.snippet) <= 142) == ("…", "…", True)


def test_a_word_is_marked_wherever_a_long_text_holds_it(store: Store) -> None:
    store.save("a", f"{'hay ' * 5000}Before the NEEDLE, a needlework and a pin(needle).{' hay' * 5000}")
    (hit,) = store.search("needle")
    assert [hit.snippet[mark.start : mark.end] for mark in hit.marks] == ["NEEDLE", "needle", "needle"]
    store.save("a", f"Café {'hay ' * 5000}")
    (hit,) = store.search("cafe")
    assert (hit.snippet[:10], hit.marks) == ("…Café hay ", ())


def test_no_words_find_the_newest(store: Store) -> None:
    for path in ("a", "b", "c"):
        store.save(path, path)
    store.save("a", "again")
    assert [(hit.path, hit.snippet, hit.marks) for hit in store.search(" ")] == [
        ("a", "", ()), ("c", "", ()), ("b", "", ()),
    ]  # fmt: skip
    assert [hit.path for hit in store.search("", limit=1)] == ["a"]


def test_a_search_is_narrowed_by_directory_and_tag(store: Store) -> None:
    for path, tags in {"d/a": ["t"], "d/e/b": [], "c": ["t"], "dd": ["t"]}.items():
        store.save(path, "word", tags=tags)
    narrowed = [{"directory": "d"}, {"tag": "t"}, {"tag": "t", "directory": "D"}, {"tag": "\ud800"}, {"tag": "%"}]
    for words in ("word", ""):
        found = [sorted(hit.path for hit in store.search(words, **how)) for how in narrowed]  # type: ignore[arg-type]  # a mapping of words
        assert found == [["d/a", "d/e/b"], ["c", "d/a", "dd"], ["d/a"], [], []]
    assert len(store.search("word", limit=2)) == len(store.search("word", tag="t", limit=2)) == 2


def test_a_search_sees_the_newest_text_only(store: Store) -> None:
    store.save("a", "before")
    store.save("a", "after")
    assert (store.search("before"), len(store.search("after"))) == ([], 1)
    store.describe("a", tags=["tagged"])
    assert len(store.search("tagged after")) == 1


@pytest.fixture(scope="module")
def crowded() -> Iterator[Store]:
    """Give a store whose texts hold every one of the everyday inputs, as far as a text can."""
    with Store(":memory:") as opened:
        texts = (_storable(words) for words in EVERYDAY)
        opened.save_many(Draft(f"d/p{number}", text) for number, text in enumerate(texts))
        yield opened


def _storable(words: str) -> str:
    return words.replace("\0", "").encode("utf-8", "replace").decode()


@pytest.mark.parametrize("words", EVERYDAY)
def test_everyday_words_are_no_error(crowded: Store, words: str) -> None:
    found = {hit.path for hit in crowded.search(words, limit=100)}
    assert found <= set(crowded)
    if any(map(str.isalpha, words)) and "\0" not in words and len(words) < 20:
        assert f"d/p{EVERYDAY.index(words)}" in found
    crowded.suggest(words, directory=words)
    crowded.search(words, tag=words, directory=words)


@pytest.mark.parametrize("words", ["foo-bar", "it's", "c++", "a.b", "AND", "100%", "http://a/b", '"hi"', "path:x"])
def test_words_with_signs_in_them_find_the_text_that_holds_them(store: Store, words: str) -> None:
    store.save_many([Draft("here", f"before {words} after"), Draft("other", "before after")])
    assert [hit.path for hit in store.search(words)] == ["here"]


def test_a_hundred_thousand_queries_of_any_characters_are_no_error() -> None:
    random.seed(0)
    letters = "abctone \"'*^:+-(){}[]<>/\\,.;!?%_#@&|~`$=\0\n\t\x01\ud800\udfff\u200bé日🙂ßİ\u0301\ufdd0"
    words = ["AND", "OR", "NOT", "NEAR", "NEAR(", "path:", "tone", "rank", '"', "*", "  "]
    with Store(":memory:") as store:
        store.save_many([Draft("tone", "a b c"), Draft("d/b", 'say "a"'), Draft("c", "[[tone]] and more")])
        for number in range(100_000):
            pool = letters if number % 3 else words
            store.search("".join(random.choices(pool, k=random.randrange(1, 12))))  # noqa: S311 - a test's own dice


# Guessing


@pytest.fixture
def many(store: Store) -> Store:
    """Give a store with names that begin alike."""
    paths = ["review", "code/review", "code/rework", "text/review long", "a_b", "axb", "style/tone", "Émile"]
    store.save_many(Draft(path, path, description=f"about {path}") for path in paths)
    return store


@pytest.mark.parametrize(
    ("beginning", "found"),
    [
        ("rev", ["review", "code/review", "text/review long"]),
        ("REV", ["review", "code/review", "text/review long"]),
        ("re", ["review", "code/review", "code/rework", "text/review long"]),
        ("code", ["code/review", "code/rework"]),
        ("code/rew", ["code/rework"]),
        ("ton", ["style/tone"]),
        ("tyle", ["style/tone"]),
        ("yle/t", ["style/tone"]),
        ("a_", ["a_b"]),
        ("_b", ["a_b"]),
        ("%", []),
        ("\\", []),
        ("é", ["Émile"]),
        ("zzz", []),
    ],
)
def test_a_beginning_suggests_names_then_paths_then_any_part(many: Store, beginning: str, found: list[str]) -> None:
    assert [suggestion.path for suggestion in many.suggest(beginning)] == found


def test_a_suggestion_tells_how_to_call_it_and_what_it_is(many: Store) -> None:
    assert many.suggest("rework") == [Suggestion("code/rework", "rework", "about code/rework")]
    assert [suggestion.display_name for suggestion in many.suggest("review")] == [
        "review",
        "code/review",
        "review long",
    ]


def test_what_lies_nearby_is_suggested_first(many: Store) -> None:
    assert [found.path for found in many.suggest("re", directory="code")][:2] == ["code/review", "code/rework"]
    assert many.suggest("", directory="style")[0].path == "style/tone"


def test_no_beginning_suggests_everything_up_to_the_limit(many: Store) -> None:
    assert [found.path for found in many.suggest("")] == list(many)
    assert [found.path for found in many.suggest("", limit=2)] == list(many)[:2]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20), st.text(max_size=6))
def test_no_beginning_is_an_error(beginning: str, directory: str) -> None:
    with Store(":memory:") as store:
        store.save_many([Draft("tone", "a"), Draft("d/b", "b")])
        assert {found.path for found in store.suggest(beginning, directory=directory)} <= {"tone", "d/b"}
