"""The store beside `sqlite3` by hand: the same files, the same pragmas, the same outcome.

What only reads finds its pages in memory and waits for nothing, so the processor's clock serves; what writes waits for
the disk, and the wall clock tells.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property, partial
from itertools import count, cycle
from math import gcd
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import peers
import worlds
from counting import Counts, counted_expansion
from raw import Raw, Rows
from sizes import Sizes
from timing import WALL, Contender, Work

from prompt_kernel.names import key_of
from prompt_kernel.records import Entry, Hit, Prompt
from prompt_kernel.store import Store
from prompt_kernel.store._search import match_expression, words_of

OURS, RAW = "Prompt Kernel", "sqlite3"
_MARKS = re.compile("[\x02\x03]")
_CHUNK = 10_000
_PAGE, _HITS = 100, 50


class Pair(NamedTuple):
    """A store, and a raw connection to the same file or to a copy of it."""

    store: Store
    raw: Raw


class Stores:
    """The stores that the rows need, each built when first asked for, in one folder."""

    def __init__(self, folder: Path, sizes: Sizes) -> None:
        """Build below `folder`."""
        self.folder, self.sizes = folder, sizes
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def at_the_end(self, close: Callable[[], None]) -> None:
        """Call `close` when the measuring is over."""
        self._open.callback(close)

    def build(self, size: int) -> Path:
        """Return the file of a store of `size` prompts."""
        file = self.folder / f"library-{size}.db"
        if not file.exists():
            drafts = list(worlds.library(size))
            with Store(file, author="ana") as store:
                for at in range(0, size, _CHUNK):
                    store.save_many(drafts[at : at + _CHUNK])
        return file

    def pair(self, file: Path, copy: Path | None = None) -> Pair:
        """Open a store, and beside it a raw connection, to `copy` where there is one."""
        store = self._open.enter_context(Store(file, author="ana"))
        raw = Raw(copy or file, store.summary().journal)
        self._open.callback(raw.close)
        return Pair(store, raw)

    @cached_property
    def large(self) -> Pair:
        """The large store; nobody writes to it."""
        return self.pair(self.build(self.sizes.large))

    @cached_property
    def middle(self) -> Pair:
        """The store to save to, and a copy of it for the raw statements."""
        file = self.build(self.sizes.middle)
        ours, theirs = self.folder / "ours.db", self.folder / "theirs.db"
        for copy in (ours, theirs):
            shutil.copyfile(file, copy)
        return self.pair(ours, theirs)


def works(stores: Stores) -> Iterator[tuple[str, Callable[[], Work]]]:
    """Give each work's name and how to set it up."""
    yield "expand-warm", lambda: _expand_warm(stores)
    yield "get-same", lambda: _get("get-same", "get one prompt, the same again", stores, [worlds.TREE])
    yield "get-varied", lambda: _get("get-varied", "get one prompt, another each time", stores, _shuffled(stores.sizes))
    yield "closure", lambda: _closure(stores)
    yield "closure-expand", lambda: _closure_expand(stores)
    yield "list", lambda: _list(stores)
    for name, word in (("rare", worlds.RARE), ("common", worlds.COMMON), ("prefix", worlds.PREFIX)):
        yield f"search-{name}", partial(_search, name, word, stores)
    yield "save", lambda: _save("save", "save a version", stores, 0)
    yield "save-references", lambda: _save("save-references", "save a version that includes others", stores, 1)
    yield "import", lambda: _import(stores)


def _expand_warm(stores: Stores) -> Work:
    store = stores.large.store
    world = worlds.includes(10, 1_000)
    work = Work(
        "expand-warm",
        f"`store.expand`, 10 includes, warm, freshness checked, {stores.sizes.large:,} prompts",
        "Jinja2",
        1,
        [
            Contender(OURS, lambda: store.expand(worlds.COMPOSITE)),
            Contender("Jinja2", peers.jinja_warm(world)),
            Contender("join", peers.join(world)),
        ],
    )
    work.refused[RAW] = "cannot expand"
    return work


def _shuffled(sizes: Sizes) -> list[str]:
    """Return the paths of the large store, each once, in an order in which neighbours are far apart."""
    known = worlds.numbered(sizes.large)
    step = next(step for step in count(known * 5 // 8) if gcd(step, known) == 1)
    return [worlds.path_of(at * step % known) for at in range(known)]


def _get(name: str, title: str, stores: Stores, paths: list[str]) -> Work:
    store, raw = stores.large
    keys = [key_of(path) for path in paths]
    ours, theirs, bare = cycle(paths), cycle(keys), cycle(keys)
    return Work(
        name,
        f"{title}, of {stores.sizes.large:,}",
        RAW,
        4,
        [
            Contender(OURS, lambda: store.get(next(ours)), read=_of_prompt),
            Contender(RAW, lambda: raw.get(next(theirs)), read=_of_row),
            Contender("sqlite3, no labels", lambda: raw.get_without_labels(next(bare)), read=_of_row),
        ],
    )


def _of_prompt(prompt: Prompt) -> tuple[Any, ...]:
    return prompt.uid, prompt.path, prompt.version, prompt.text, prompt.sha256


def _of_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[1], row[2], row[7], row[8], row[9]


def _closure(stores: Stores) -> Work:
    store, raw = stores.large
    # Opening a store for each sample would measure the opening; this is the part that reads texts.
    source = store._source  # noqa: SLF001 - see above

    def ours() -> Any:
        source.forget()
        return source.find(worlds.TREE, None, "")

    def texts_of(_root: Any) -> list[tuple[str, str]]:
        return sorted((text.path, text.text) for text in source._heads.values())  # noqa: SLF001 - to compare

    return Work(
        "closure",
        "read the closure of 50 prompts, nothing remembered",
        RAW,
        2,
        [
            Contender(OURS, ours, read=texts_of),
            Contender(
                RAW, lambda: raw.closure(worlds.TREE), read=lambda rows: sorted((row[1], row[4]) for row in rows)
            ),
        ],
    )


def _closure_expand(stores: Stores) -> Work:
    store, raw = stores.large
    source = store._source  # noqa: SLF001 - see _closure

    def ours() -> str:
        source.forget()
        return store.expand(worlds.TREE)

    def theirs() -> str:
        texts = {row[1]: row[4] for row in raw.closure(worlds.TREE)}
        return peers.substitution(worlds.World(texts, worlds.TREE))()

    return Work(
        "closure-expand",
        "read and expand 50 prompts, nothing remembered",
        "sqlite3 + re.sub",
        None,
        [Contender(OURS, ours), Contender("sqlite3 + re.sub", theirs)],
    )


def _list(stores: Stores) -> Work:
    store, raw = stores.large
    after = worlds.path_of(stores.sizes.large // 2)
    return Work(
        "list",
        f"list {_PAGE} of {stores.sizes.large:,}",
        RAW,
        2,
        [
            Contender(OURS, lambda: store.prompts(after=after, limit=_PAGE), read=_of_entries),
            Contender(RAW, lambda: raw.page(key_of(after), _PAGE), read=lambda rows: [row[:3] for row in rows]),
        ],
    )


def _of_entries(entries: list[Entry]) -> list[tuple[Any, ...]]:
    return [(entry.path, entry.version, entry.description) for entry in entries]


def _search(name: str, word: str, stores: Stores) -> Work:
    store, raw = stores.large
    expression = match_expression(words_of(word))
    return Work(
        f"search-{name}",
        f"search a {name} {'beginning' if name == 'prefix' else 'word'} in {stores.sizes.large:,}",
        RAW,
        1.5,
        [
            Contender(OURS, lambda: store.search(word, limit=_HITS), read=_of_hits),
            Contender(RAW, lambda: raw.search(expression, _HITS), read=_of_found),
        ],
    )


def _of_hits(hits: list[Hit]) -> list[tuple[Any, ...]]:
    return [(hit.path, hit.version, hit.description, hit.snippet) for hit in hits]


def _of_found(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*row[:3], _MARKS.sub("", row[4])) for row in rows]


def _save(name: str, title: str, stores: Stores, turn: int) -> Work:
    store, raw = stores.middle
    numbers = range(5, worlds.numbered(stores.sizes.middle), 5)

    def draft(at: int) -> tuple[str, str]:
        number = numbers[at % len(numbers)]
        lines = worlds.text_of(number).splitlines(keepends=True)[:-1]
        includes = worlds.inclusions_of(number, at // len(numbers) + 1 if turn else 0)
        return worlds.path_of(number), f"{''.join(lines)}Edit {name} {at}.\n{includes}"

    def ours(path: str, content: str) -> tuple[str, int, str]:
        saved = store.save(path, content)
        return saved.path, saved.version, saved.text

    return Work(
        name,
        f"{title}, {stores.sizes.middle:,} prompts",
        RAW,
        3,
        [Contender(OURS, *_drafted(draft, ours), read=tuple), Contender(RAW, *_drafted(draft, raw.save), read=tuple)],
        WALL,
    )


def _drafted(
    draft: Callable[[int], tuple[str, str]], save: Callable[[str, str], Any]
) -> tuple[Callable[[], Any], Callable[[], None]]:
    """Return a call that saves the next draft, and the preparation that makes the draft."""
    following = count()
    current: list[tuple[str, str]] = []

    def prepare() -> None:
        current[:] = [draft(next(following))]

    return lambda: save(*current[0]), prepare


def _import(stores: Stores) -> Work:
    sizes = stores.sizes
    drafts = list(worlds.library(sizes.imported))
    rows = Rows(drafts)
    ours, theirs = _Fresh(stores, "import-ours"), _Fresh(stores, "import-theirs")
    return Work(
        "import",
        f"import {sizes.imported:,} texts in one transaction",
        RAW,
        4,
        [
            Contender(OURS, lambda: ours.store.save_many(drafts), ours.prepare, ours.counts),
            Contender(RAW, lambda: theirs.raw.insert_all(rows), theirs.prepare, theirs.counts),
        ],
        WALL,
    )


class _Fresh:
    """An empty store, made anew by each `prepare`."""

    def __init__(self, stores: Stores, name: str) -> None:
        self._file = stores.folder / f"{name}.db"
        self._opened: list[Store | Raw] = []
        stores.at_the_end(self._close)

    def prepare(self) -> None:
        self._close()
        self._file.unlink(missing_ok=True)
        self.store = Store(self._file, author="ana")
        self.raw = Raw(self._file, self.store.summary().journal)
        self._opened = [self.store, self.raw]

    def counts(self, _done: object) -> tuple[int, ...]:
        """Count what is there now."""
        return self.raw.counts()

    def _close(self) -> None:
        while self._opened:
            self._opened.pop().close()


def growth(stores: Stores) -> tuple[Counts, Counts]:
    """Count what opening a store and expanding one prompt reads: in a small store, and in a large one."""
    small, large = stores.build(stores.sizes.small), stores.build(stores.sizes.large)
    return counted_expansion(small, worlds.COMPOSITE), counted_expansion(large, worlds.COMPOSITE)
