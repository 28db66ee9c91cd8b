"""A sync changes no byte that nobody asked it to change."""

from pathlib import Path

import pytest

from prompt_kernel.names import key_of
from prompt_kernel.store import Store
from tests.files.test_round_trip import NASTY

pytestmark = pytest.mark.usefixtures("no_sync", "hasty")

ENCODINGS = {"utf-sixteen.md": "utf-16-le", "big-endian.md": "utf-16-be"}


@pytest.fixture
def root(store: Store, tmp_path: Path) -> Path:
    root = tmp_path / "nasty"
    for name, data in NASTY.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    store.add_directory("n", source=str(root))
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_the_nasty_files_stay_byte_for_byte(store: Store, root: Path) -> None:
    stamps = {file: file.stat().st_mtime_ns for file in root.rglob("*")}
    report = store.sync("n")
    assert (len(report.pulled), report.skipped) == (len(NASTY), {})
    assert store.sync("n").unchanged == len(NASTY)
    assert contents(root) == NASTY
    assert {file: file.stat().st_mtime_ns for file in root.rglob("*")} == stamps


def test_the_nasty_files_are_written_anew_byte_for_byte(store: Store, root: Path, tmp_path: Path) -> None:
    store.sync("n")
    other = tmp_path / "other"
    other.mkdir()
    store.update_directory("n", source=str(other))
    assert len(store.sync("n").pushed) == len(NASTY)
    by_key = {key_of(name): data for name, data in NASTY.items()}
    assert {key_of(name): data for name, data in contents(other).items()} == by_key
    assert contents(root) == NASTY


def test_an_edit_in_the_store_changes_nothing_else_of_a_file(store: Store, root: Path) -> None:
    store.sync("n")
    for path in store:
        store.save(path, store[path].text + "added")
    assert len(store.sync("n").pushed) == len(NASTY)
    wanted = {name: data + "added".encode(ENCODINGS.get(name, "utf-8")) for name, data in NASTY.items()}
    wanted["just the block.md"] = NASTY["just the block.md"] + b"\nadded"
    assert contents(root) == wanted
    assert store.sync("n").unchanged == len(NASTY)


def test_a_tag_in_the_store_changes_one_line_of_a_file(store: Store, root: Path) -> None:
    store.sync("n")
    store.describe("n/keys", tags=["c"])
    store.sync("n")
    assert contents(root) == NASTY | {"keys.md": NASTY["keys.md"].replace(b'[b, "a"]', b"[c]")}
