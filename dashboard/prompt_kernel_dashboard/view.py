"""What the library shows: which prompts, in which order, which page of them. Values only; nothing here is drawn.

A `View` is kept by the session, every action of the browser makes another one, and `shown` asks the store for one page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, cast, get_args

from prompt_kernel import PromptKernelError, Store
from prompt_kernel.live.positions import utf16_length
from prompt_kernel.records import Directory, Entry, Hit
from prompt_kernel_dashboard.widgets import ago

PAGE_SIZE: Final = 50
#: Whoever has not found it among so many of the best matches adds a word.
MOST_HITS: Final = 200
MOST_RECENT: Final = 50

Kind = Literal["all", "directory", "favourites", "recent"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
#: The orders that the store knows; the others of the browser's columns cannot be sorted by.
SORTS: Final = ("path", "name", "directory", "tags", "version", "updated", "author")
#: These begin with the most.
_DESCENDING_FIRST: Final = ("version", "updated")


@dataclass(frozen=True, slots=True)
class View:
    """Which prompts the library shows. `cursors` are the last paths of the pages before this one, `last` is its own."""

    kind: Kind = "all"
    directory: str = ""
    tag: str = ""
    query: str = ""
    sort: str = "path"
    descending: bool = False
    cursors: tuple[str, ...] = ()
    last: str = ""

    @property
    def is_search(self) -> bool:
        """Whether the prompts come by rank."""
        return bool(self.query.strip())

    def choose(self, kind: str, directory: str = "") -> "View":
        """Show all, a directory, the favourites or the recent ones; any other kind is all."""
        kind = kind if kind in KINDS else "directory" if directory else "all"
        return replace(self._first(), kind=cast("Kind", kind), directory=directory if kind == "directory" else "")

    def search(self, query: str) -> "View":
        """Show what holds the words of `query`."""
        return self if query == self.query else replace(self._first(), query=query)

    def sort_by(self, column: str) -> "View":
        """Sort by a column, or the other way round if that is how it is sorted."""
        if column not in SORTS:
            return self
        descending = not self.descending if column == self.sort else column in _DESCENDING_FIRST
        return replace(self._first(), sort=column, descending=descending)

    def with_tag(self, tag: str) -> "View":
        """Show only what has `tag`; "", or the same again, shows all."""
        return replace(self._first(), tag="" if tag == self.tag else tag)

    def turn(self, to: str) -> "View":
        """Turn to the `next`, the `previous` or the `first` page."""
        if to == "next" and self.last:
            return replace(self, cursors=(*self.cursors, self.last), last="")
        return replace(self, cursors=self.cursors[:-1] if to == "previous" else (), last="")

    def _first(self) -> "View":
        return replace(self, cursors=(), last="")


def act(view: View, action: Mapping[str, Any]) -> View:
    """Return the view after an action of the browser; one that does not change the view leaves it."""
    match action.get("kind"):
        case "sort":
            return view.sort_by(str(action.get("column", "")))
        case "page":
            return view.turn(str(action.get("to", "")))
        case "tag":
            return view.with_tag(str(action.get("tag") or ""))
        case _:
            return view


class Page(NamedTuple):
    """One page of prompts, how many there are in all, and by path where words were found."""

    entries: Sequence[Entry]
    total: int
    hits: Mapping[str, Hit]


def page_of(store: Store, view: View) -> Page:
    """Ask the store for the page that `view` shows."""
    if view.is_search:
        return _found(store, view)
    if view.kind in ("favourites", "recent"):
        own = store.favourites() if view.kind == "favourites" else store.recent(limit=MOST_RECENT)
        return _slice([entry for entry in own if not view.tag or view.tag in entry.tags], view)
    scope = {"directory": view.directory or None, "tag": view.tag or None}
    after = view.cursors[-1] if view.cursors else None
    entries = store.prompts(after=after, limit=PAGE_SIZE, sort=view.sort, descending=view.descending, **scope)
    return Page(entries, store.count(**scope), {})


def _found(store: Store, view: View) -> Page:
    scope = {"directory": view.directory or None, "tag": view.tag or None}
    hits = store.search(view.query, limit=MOST_HITS, **scope)
    start = PAGE_SIZE * len(view.cursors)
    shown = {hit.path: hit for hit in hits[start : start + PAGE_SIZE]}
    return Page(store.entries(shown), len(hits), shown)


def _slice(entries: Sequence[Entry], view: View) -> Page:
    start = PAGE_SIZE * len(view.cursors)
    return Page(entries[start : start + PAGE_SIZE], len(entries), {})


def turned_back(store: Store, view: View) -> tuple[View, Page]:
    """Return the page of `view`, or the first one where somebody has taken away all of it meanwhile."""
    try:
        page = page_of(store, view)
    except PromptKernelError:
        if not view.cursors:
            raise
        page = Page((), 0, {})
    if not page.entries and view.cursors:
        view = view.turn("first")
        page = page_of(store, view)
    return replace(view, last=page.entries[-1].path if page.entries else ""), page


def library_data(store: Store, view: View, page: Page, tags: Mapping[str, int], now: datetime) -> dict[str, Any]:
    """Return what the browser's list of prompts shows."""
    favourites = {entry.path for entry in store.favourites()}
    names = store.display_names([entry.path for entry in page.entries])
    title, empty = title_of(view, len(page.entries))
    return {
        "rows": [
            _row(entry, names.get(entry.path, entry.path), entry.path in favourites, page.hits.get(entry.path), now)
            for entry in page.entries
        ],
        "total": page.total,
        "first": PAGE_SIZE * len(view.cursors) + 1 if page.entries else 0,
        "page_size": PAGE_SIZE,
        "sort": view.sort,
        "descending": view.descending,
        "sortable": not view.is_search and view.kind in ("all", "directory"),
        "query": view.query,
        "tags": dict(tags),
        "tag": view.tag,
        "directory": view.directory,
        "title": title,
        "empty": empty,
        "focus": False,
    }


def _row(entry: Entry, display_name: str, favourite: bool, hit: Hit | None, now: datetime) -> dict[str, Any]:  # noqa: FBT001 - a row's cells, in order
    snippet = hit.snippet if hit else ""
    marks = hit.marks if hit else ()
    return {
        "path": entry.path,
        "name": entry.name,
        "display_name": display_name,
        "directory": entry.directory,
        "tags": list(entry.tags),
        "description": entry.description,
        "version": entry.version,
        "updated": entry.updated_at.isoformat(),
        "updated_text": ago(entry.updated_at, now),
        "author": entry.author,
        "enabled": entry.enabled,
        "favourite": favourite,
        "snippet": snippet,
        "marks": [[utf16_length(snippet[:start]), utf16_length(snippet[:end])] for start, end in marks],
    }


def title_of(view: View, shown: int) -> tuple[str, dict[str, str]]:
    """Return the list's title, and what to say and do where it is empty."""
    if view.is_search:
        where = f" in {view.directory}" if view.directory else ""
        tagged = f" with the tag {view.tag}" if view.tag else ""
        best = f" (the best {MOST_HITS})" if shown >= PAGE_SIZE and view.cursors else ""
        text = "Try fewer or shorter words, or take the filter away."
        return f"Search{where}{tagged}{best}", {"title": "Nothing matches.", "text": text}
    if view.kind == "favourites":
        return "Favourites", {"title": "No favourites yet.", "text": "Click the star beside a prompt to keep it here."}
    if view.kind == "recent":
        return "Recent", {"title": "Nothing opened yet.", "text": "The prompts that you open appear here."}
    if view.tag:
        return view.directory or "All prompts", {"title": "No prompt has this tag here.", "text": "Choose another tag."}
    if view.kind == "directory":
        text = "Move prompts here by dragging them, or make one with Alt+N."
        return view.directory, {"title": "This directory is empty.", "text": text}
    return "All prompts", {"title": "No prompts yet.", "text": "Make the first one with Alt+N, or import a folder."}


def tree_data(store: Store, view: View, directories: Iterable[Directory]) -> dict[str, Any]:
    """Return what the browser's tree of directories shows."""
    return {
        "directories": [
            {
                "path": directory.path,
                "name": directory.name,
                "prompts": directory.prompts,
                "enabled": directory.enabled,
                "linked": bool(directory.source),
            }
            for directory in directories
        ],
        "total": store.count(),
        "current": view.directory,
        "view": view.kind,
        "counts": {"favourites": len(store.favourites()), "recent": len(store.recent(limit=MOST_RECENT))},
    }
