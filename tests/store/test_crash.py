"""A process that is killed and a disk that is full lose nothing that was acknowledged, and leave nothing half done."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.records import Draft
from prompt_kernel.store import Store

Worker = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def store(file_store: Store) -> Store:
    """All of this is about a file."""
    return file_store


def test_a_writer_that_is_killed_fifty_times_loses_nothing_it_acknowledged(worker: Worker, tmp_path: Path) -> None:
    out, err = worker("crash", tmp_path / "prompts.db", 50, 7).communicate(timeout=120)
    outcome = json.loads(out or f'{{"problems": {json.dumps(err)}}}')
    assert outcome["problems"] == []
    assert outcome["acknowledged"] >= 100


@pytest.fixture
def full(store: Store) -> Iterator[Callable[[int], None]]:
    """Let the store's disk have room for so many more pages."""
    raw = store._database.raw  # noqa: SLF001 - no verb fills a disk

    def leave(pages: int) -> None:
        raw.execute(f"PRAGMA max_page_count = {raw.execute('PRAGMA page_count').fetchone()[0] + pages}")

    yield leave
    raw.execute("PRAGMA max_page_count = 1000000")


def test_a_full_disk_is_told_and_everything_stays_as_it_was(
    store: Store, full: Callable[[int], None], dump: Callable[[Store], dict[str, Any]]
) -> None:
    store.save_many(Draft(f"p{number}", "[[p0]] word " * 50) for number in range(20))
    before = dump(store)
    full(0)
    for change in (
        lambda: store.save("p0", "new " * 30_000),
        lambda: store.save_many(Draft(f"q{number}", "new " * 1000) for number in range(100)),
    ):
        with pytest.raises(StoreUnavailableError) as caught:
            change()
        assert str(caught.value) == (
            f"The store {store.url} cannot be used: "
            "the disk is full, so nothing was saved; free some space and try again."
        )
        assert (dump(store), store.doctor(), len(store.search("word")), store.read_only) == (before, [], 20, "")
    full(1000)
    assert store.save("p0", "new").version == 2
    assert store.expand("p1").startswith("new word new word")


def test_a_disk_that_fills_up_at_any_page_leaves_no_half_version(
    store: Store, full: Callable[[int], None], dump: Callable[[Store], dict[str, Any]]
) -> None:
    store.save_many([Draft("a", "text"), Draft("b", "[[a]]")])
    text = "".join(f"[[b]] word{number} " for number in range(3000))
    before, refused = dump(store), 0
    for pages in range(200):
        full(pages)
        try:
            store.save("a", text)
        except StoreUnavailableError:
            refused += 1
            assert dump(store) == before
            assert store.doctor() == []
        else:
            break
    assert refused > 10
    assert (store["a"].text, store["a"].version, store.doctor()) == (text, 2, [])
