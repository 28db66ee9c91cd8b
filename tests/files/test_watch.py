"""Watching: what changes on either side is on the other soon, without anybody asking."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from prompt_kernel.errors import MissingExtraError, SyncError
from prompt_kernel.files import watch
from prompt_kernel.records import SyncReport
from prompt_kernel.store import Store

#: A loaded machine is no failure.
TIMEOUT = 30


def put(file: Path, text: str) -> None:
    """Write a file as a whole: who is interrupted while he writes is not what these tests are about."""
    waiting = file.with_name(".waiting")
    waiting.write_text(text, "utf-8")
    waiting.replace(file)


@pytest.fixture
def root(store: Store, tmp_path: Path) -> Path:
    root = tmp_path / "d"
    root.mkdir()
    put(root / "a.md", "a\n")
    store.add_directory("d", source=str(root))
    return root


@pytest.fixture
def told(store: Store, root: Path) -> Iterator["Queue[SyncReport]"]:
    """What a watching thread tells of all linked directories."""
    assert root.is_dir()
    reports: Queue[SyncReport] = Queue()
    stop = threading.Event()

    def run() -> None:
        for report in watch(store, stop=stop):
            reports.put(report)

    thread = threading.Thread(target=run)
    thread.start()
    yield reports
    stop.set()
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    assert reports.empty()


def test_changes_on_both_sides_are_told_as_they_happen(
    store: Store, root: Path, told: "Queue[SyncReport]", tmp_path: Path
) -> None:
    assert told.get(timeout=TIMEOUT) == SyncReport(pulled=("d/a",))
    put(root / "a.md", "b\n")
    assert told.get(timeout=TIMEOUT) == SyncReport(pulled=("d/a",))
    assert store["d/a"].text == "b\n"
    store.save("d/a", "c\n")
    assert told.get(timeout=TIMEOUT) == SyncReport(pushed=("d/a",))
    assert (root / "a.md").read_text("utf-8") == "c\n"
    (root / "sub").mkdir()
    put(root / "sub" / "b.md", "b\n")
    assert told.get(timeout=TIMEOUT) == SyncReport(pulled=("d/sub/b",), unchanged=1)

    other = tmp_path / "other"
    other.mkdir()
    store.add_directory("o", source=str(other))
    put(other / "late.md", "late\n")
    assert told.get(timeout=TIMEOUT).pulled == ("o/late",)
    put(other / "late.md", "later\n")
    assert told.get(timeout=TIMEOUT).pulled == ("o/late",)


def test_a_folder_that_goes_and_comes_back_is_told_and_watched_again(
    store: Store, root: Path, told: "Queue[SyncReport]"
) -> None:
    told.get(timeout=TIMEOUT)
    root.rename(root.with_name("away"))
    assert list(told.get(timeout=TIMEOUT).skipped) == ["d/"]
    assert "d/a" in store
    root.with_name("away").rename(root)
    assert told.get(timeout=TIMEOUT) == SyncReport(unchanged=1)
    put(root / "a.md", "back\n")
    while (report := told.get(timeout=TIMEOUT)).pulled != ("d/a",):
        # The folder may have been looked at in the midst of its return.
        assert not report.changed


def test_what_is_wrong_from_the_beginning_is_an_error(store: Store, root: Path) -> None:
    (root / "a.md").unlink()
    root.rmdir()
    with pytest.raises(SyncError):
        next(watch(store, "d"))


def test_without_its_part_one_sentence_says_what_to_install(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError) as caught:
        next(watch(store))
    assert str(caught.value) == (
        'Watching a folder needs an optional part. Install it with: pip install "prompt-kernel[watch]"'
    )
