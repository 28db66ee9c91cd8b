from datetime import UTC, datetime
from typing import Any

import pytest

from prompt_kernel.store import Store
from prompt_kernel_dashboard import view
from prompt_kernel_dashboard.view import View

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ELSEWHERE = View(directory="a", kind="directory", cursors=("x",), last="y")


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (View(), {"kind": "sort", "column": "name"}, View(sort="name")),
        (View(sort="name"), {"kind": "sort", "column": "name"}, View(sort="name", descending=True)),
        (View(sort="name"), {"kind": "sort", "column": "updated"}, View(sort="updated", descending=True)),
        (View(sort="name"), {"kind": "sort", "column": "1; DROP"}, View(sort="name")),
        (View(cursors=("a",), last="b"), {"kind": "sort", "column": "name"}, View(sort="name")),
        (View(last="b"), {"kind": "page", "to": "next"}, View(cursors=("b",))),
        (View(cursors=("b",), last="d"), {"kind": "page", "to": "next"}, View(cursors=("b", "d"))),
        (View(cursors=("b", "d"), last="f"), {"kind": "page", "to": "previous"}, View(cursors=("b",))),
        (View(), {"kind": "page", "to": "previous"}, View()),
        (View(), {"kind": "page", "to": "next"}, View()),
        (View(cursors=("b", "d"), last="f"), {"kind": "page", "to": "first"}, View()),
        (ELSEWHERE, {"kind": "tag", "tag": "t"}, View(kind="directory", directory="a", tag="t")),
        (View(tag="t"), {"kind": "tag", "tag": "t"}, View()),
        (View(tag="t"), {"kind": "tag", "tag": None}, View()),
        (View(tag="t"), {"kind": "anything"}, View(tag="t")),
        (View(tag="t"), {}, View(tag="t")),
    ],
)
def test_an_action_of_the_browser_makes_another_view(before: View, action: dict[str, Any], after: View) -> None:
    assert view.act(before, action) == after


@pytest.mark.parametrize(
    ("kind", "directory", "after"),
    [
        ("all", "", View(tag="t")),
        ("directory", "b", View(kind="directory", directory="b", tag="t")),
        ("favourites", "b", View(kind="favourites", tag="t")),
        ("recent", "", View(kind="recent", tag="t")),
        ("unknown", "b", View(kind="directory", directory="b", tag="t")),
        ("unknown", "", View(tag="t")),
    ],
)
def test_the_tree_chooses_what_is_shown(kind: str, directory: str, after: View) -> None:
    assert View(kind="directory", directory="a", tag="t", cursors=("x",), last="y").choose(kind, directory) == after


def test_a_new_query_begins_at_the_first_page() -> None:
    shown = View(query="a", cursors=("x",), last="y")
    assert (shown.search("a"), shown.search("b")) == (shown, View(query="b"))


def paths(store: Store, shown: View) -> list[str]:
    return [entry.path for entry in view.page_of(store, shown).entries]


def test_each_view_shows_its_prompts(library: Store) -> None:
    library.favourite("review")
    library.note_opened("style/tone")
    library.note_opened("review")
    shown = {
        "all": paths(library, View()),
        "directory": paths(library, View(kind="directory", directory="style")),
        "tag": paths(library, View(tag="format")),
        "favourites": paths(library, View(kind="favourites")),
        "recent": paths(library, View(kind="recent")),
        "recent with a tag": paths(library, View(kind="recent", tag="style")),
        "search": paths(library, View(query="brief")),
        "search in a directory": paths(library, View(query="brief", directory="format")),
        "newest first": paths(library, View(sort="updated", descending=True)),
    }
    assert shown == {
        "all": ["format/json", "review", "style/base", "style/tone"],
        "directory": ["style/base", "style/tone"],
        "tag": ["format/json"],
        "favourites": ["review"],
        "recent": ["review", "style/tone"],
        "recent with a tag": ["style/tone"],
        "search": ["style/base"],
        "search in a directory": [],
        "newest first": ["review", "format/json", "style/base", "style/tone"],
    }


@pytest.mark.parametrize("sort", view.SORTS)
@pytest.mark.parametrize("descending", [False, True])
def test_turning_pages_shows_every_prompt_once_in_any_order(store: Store, sort: str, *, descending: bool) -> None:
    for number in range(120):
        store.save(f"d{number % 7}/p{number % 11}x{number}", "x", tags=[f"t{number % 3}"])
    shown, page = view.turned_back(store, View(sort=sort, descending=descending))
    pages = [[entry.path for entry in page.entries]]
    while len(pages) < 3:
        shown, page = view.turned_back(store, view.act(shown, {"kind": "page", "to": "next"}))
        pages.append([entry.path for entry in page.entries])
    assert [len(found) for found in pages] == [50, 50, 20]
    assert sorted(path for found in pages for path in found) == sorted(store)
    shown, page = view.turned_back(store, view.act(shown, {"kind": "page", "to": "previous"}))
    assert [entry.path for entry in page.entries] == pages[1]


def test_search_results_are_turned_by_rank(store: Store) -> None:
    for number in range(70):
        store.save(f"p{number}", "needle")
    shown, first = view.turned_back(store, View(query="needle"))
    _, second = view.turned_back(store, view.act(shown, {"kind": "page", "to": "next"}))
    found = [entry.path for page in (first, second) for entry in page.entries]
    assert (len(first.entries), first.total, sorted(found)) == (50, 70, sorted(store))


def test_a_page_that_somebody_has_emptied_is_the_first_again(store: Store) -> None:
    for number in range(60):
        store.save(f"p{number:02}", "x")
    shown, _ = view.turned_back(store, View())
    shown = view.act(shown, {"kind": "page", "to": "next"})
    for number in range(50, 60):
        store.delete(f"p{number:02}")
    shown, page = view.turned_back(store, shown)
    assert (shown.cursors, len(page.entries)) == ((), 50)


def test_a_page_goes_on_behind_a_prompt_that_is_gone(store: Store) -> None:
    for number in range(60):
        store.save(f"p{number:02}", "x")
    shown, _ = view.turned_back(store, View())
    store.delete("p49")
    _, page = view.turned_back(store, view.act(shown, {"kind": "page", "to": "next"}))
    assert page.entries


def test_a_row_holds_what_the_browser_shows(store: Store) -> None:
    store.save("style/tone", "<b>Speak</b> 😀 plainly", tags=["<i>", "**x**"], description=":smile: <script>")
    store.favourite("style/tone")
    entry = store.prompts()[0]
    shown, page = view.turned_back(store, View(query="plainly"))
    data = view.library_data(store, shown, page, store.tags(), entry.updated_at)
    assert data == {
        "rows": [
            {
                "path": "style/tone",
                "name": "tone",
                "display_name": "tone",
                "directory": "style",
                "tags": ["<i>", "**x**"],
                "description": ":smile: <script>",
                "version": 1,
                "updated": entry.updated_at.isoformat(),
                "updated_text": "just now",
                "author": "ana",
                "enabled": True,
                "favourite": True,
                "snippet": "<b>Speak</b> 😀 plainly",
                "marks": [[16, 23]],
            }
        ],
        "total": 1,
        "first": 1,
        "page_size": 50,
        "sort": "path",
        "descending": False,
        "sortable": False,
        "query": "plainly",
        "tags": {"**x**": 1, "<i>": 1},
        "tag": "",
        "directory": "",
        "title": "Search",
        "empty": {"title": "Nothing matches.", "text": "Try fewer or shorter words, or take the filter away."},
        "focus": False,
    }


@pytest.mark.parametrize(
    ("shown", "title", "empty"),
    [
        (View(), "All prompts", "No prompts yet."),
        (View(kind="directory", directory="style"), "style", "This directory is empty."),
        (View(tag="t"), "All prompts", "No prompt has this tag here."),
        (View(kind="directory", directory="style", tag="t"), "style", "No prompt has this tag here."),
        (View(kind="favourites"), "Favourites", "No favourites yet."),
        (View(kind="recent"), "Recent", "Nothing opened yet."),
        (View(query="x", directory="style", tag="t"), "Search in style with the tag t", "Nothing matches."),
    ],
)
def test_every_view_has_a_title_and_says_what_to_do_where_it_is_empty(shown: View, title: str, empty: str) -> None:
    found, said = view.title_of(shown, 0)
    assert (found, said["title"], said["text"].endswith(".")) == (title, empty, True)


def test_the_tree_shows_the_directories_and_how_much_is_in_them(library: Store) -> None:
    library.update_directory("format", enabled=False)
    library.favourite("review")
    data = view.tree_data(library, View(kind="directory", directory="style"), library.directories())
    assert data == {
        "directories": [
            {"path": "format", "name": "format", "prompts": 1, "enabled": False, "linked": False},
            {"path": "style", "name": "style", "prompts": 2, "enabled": True, "linked": False},
        ],
        "total": 4,
        "current": "style",
        "view": "directory",
        "counts": {"favourites": 1, "recent": 0},
    }


def test_a_page_behind_a_prompt_that_is_gone_for_good_is_the_first(library: Store) -> None:
    shown, page = view.turned_back(library, View(sort="updated", cursors=("purged",)))
    assert (shown.cursors, len(page.entries)) == ((), 4)
