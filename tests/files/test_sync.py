"""Both sides of a linked folder: what each change on each side does, alone and together."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from prompt_kernel.errors import DirectoryNotFoundError, SyncError
from prompt_kernel.files import _sync_world
from prompt_kernel.files._sync_disk import Folder
from prompt_kernel.records import SyncReport
from prompt_kernel.store import Store

pytestmark = pytest.mark.usefixtures("no_sync", "hasty")

Files = dict[str, str]
Disk = Callable[[Path], object]
Change = Callable[[Store], object]
KEPT = "---\nmine: 1   # a comment\ntags: [a]\n---\n"
BASE: Files = {"a.md": f"{KEPT}one\ntwo\nthree\n", "b.md": "see [[a]]\n", "sub/c.md": "c c c\nsee see see\n"}


class Synced(NamedTuple):
    """A directory `d` and its folder, synced once."""

    store: Store
    root: Path

    def write(self, name: str, text: str | bytes) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def files(self) -> Files:
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes().decode("utf-8", "surrogateescape")
            for file in sorted(self.root.rglob("*"))
            if file.is_file() and not file.is_symlink()
        }

    def prompts(self) -> dict[str, tuple[Any, ...]]:
        return {path: (self.store[path].text, *self.store[path].tags) for path in self.store if path.startswith("d/")}

    def sides(self) -> tuple[Files, dict[str, tuple[Any, ...]]]:
        return self.files(), self.prompts()

    def sync(self, **options: Any) -> SyncReport:
        report = self.store.sync("d", **options)
        assert (report.directory, report.folder) == ("d", str(self.root))
        return replace(report, directory="", folder="")


@pytest.fixture
def synced(store: Store, tmp_path: Path) -> Synced:
    found = Synced(store, tmp_path / "d")
    for name, text in BASE.items():
        found.write(name, text)
    store.add_directory("d", source=str(found.root))
    assert found.sync() == SyncReport(pulled=("d/a", "d/b", "d/sub/c"))
    return found


def nothing(_: object) -> None:
    """Change nothing."""


def write(name: str, text: str) -> Disk:
    def change(root: Path) -> None:
        Synced(Store.__new__(Store), root).write(name, text)

    return change


def move(old: str, new: str) -> Disk:
    def change(root: Path) -> None:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)

    return change


def remove(*names: str) -> Disk:
    return lambda root: [(root / name).unlink() for name in names]


def save(path: str, text: str, **more: Any) -> Change:
    return lambda store: store.save(path, text, **more)


def prompts(**changes: tuple[Any, ...] | None) -> dict[str, tuple[Any, ...]]:
    found = {"d/a": ("one\ntwo\nthree\n", "a"), "d/b": ("see [[a]]\n",), "d/sub/c": ("c c c\nsee see see\n",)}
    return changed(found, {f"d/{name.replace('__', '/').replace('_', '-')}": now for name, now in changes.items()})


def files(changes: Mapping[str, str | None] | None = None) -> Files:
    return changed(BASE, changes or {})


def changed(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: now for name, now in sorted({**before, **changes}.items()) if now is not None}


class Case(NamedTuple):
    """What is changed on disk and in the store, and what both and the report are afterwards."""

    disk: Disk
    store: Change
    files: Files
    prompts: dict[str, tuple[Any, ...]]
    report: SyncReport
    options: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it


INCLUDED = "the file was deleted, but d/b includes d/a, so that is kept; change these, or sync with delete=True"
TAGS = "line 2: front matter: tags must be a list, as in [style, tone], or texts with commas between them"
CASES: dict[str, Case] = {
    "nothing": Case(nothing, nothing, files(), prompts(), SyncReport(unchanged=3)),
    # One side
    "a file is edited": Case(
        write("a.md", f"{KEPT}ONE\ntwo\nthree\n"), nothing,
        files({"a.md": f"{KEPT}ONE\ntwo\nthree\n"}), prompts(a=("ONE\ntwo\nthree\n", "a")),
        SyncReport(pulled=("d/a",), unchanged=2),
    ),
    "a file says other tags": Case(
        write("a.md", "---\ntags: [b]\n---\none\ntwo\nthree\n"), nothing,
        files({"a.md": "---\ntags: [b]\n---\none\ntwo\nthree\n"}), prompts(a=("one\ntwo\nthree\n", "b")),
        SyncReport(pulled=("d/a",), unchanged=2),
    ),
    "a file says its tags no more": Case(
        write("a.md", "one\ntwo\nthree\n"), nothing,
        files({"a.md": "one\ntwo\nthree\n"}), prompts(a=("one\ntwo\nthree\n",)),
        SyncReport(pulled=("d/a",), unchanged=2),
    ),
    "a file has another comment": Case(
        write("a.md", BASE["a.md"].replace("comment", "remark")), nothing,
        files({"a.md": BASE["a.md"].replace("comment", "remark")}), prompts(), SyncReport(unchanged=3),
    ),
    "a file is touched": Case(write("a.md", BASE["a.md"]), nothing, files(), prompts(), SyncReport(unchanged=3)),
    "a prompt is saved": Case(
        nothing, save("d/a", "ONE\n"),
        files({"a.md": f"{KEPT}ONE\n"}), prompts(a=("ONE\n", "a")), SyncReport(pushed=("d/a",), unchanged=2),
    ),
    "a prompt gets a tag": Case(
        nothing, lambda store: store.describe("d/a", tags=["a", "b"]),
        files({"a.md": BASE["a.md"].replace("[a]", "[a, b]")}), prompts(a=("one\ntwo\nthree\n", "a", "b")),
        SyncReport(pushed=("d/a",), unchanged=2),
    ),
    "a file is made": Case(
        write("x/new.md", "new\n"), nothing,
        files({"x/new.md": "new\n"}), prompts(x__new=("new\n",)), SyncReport(pulled=("d/x/new",), unchanged=3),
    ),
    "a prompt is made": Case(
        nothing, save("d/sub/new", "new\n", tags=["t"]),
        files({"sub/new.md": "---\ntags: [t]\n---\nnew\n"}), prompts(sub__new=("new\n", "t")),
        SyncReport(pushed=("d/sub/new",), unchanged=3),
    ),
    "a file is deleted": Case(
        remove("sub/c.md"), nothing,
        files({"sub/c.md": None}), prompts(sub__c=None), SyncReport(deleted=("d/sub/c",), unchanged=2),
    ),
    "a file is deleted whose prompt others include": Case(
        remove("a.md"), nothing,
        files({"a.md": None}), prompts(), SyncReport(unchanged=2, skipped={"d/a.md": INCLUDED}),
    ),
    "a file is deleted whose prompt others include, on purpose": Case(
        remove("a.md"), nothing,
        files({"a.md": None}), prompts(a=None), SyncReport(deleted=("d/a",), unchanged=2), {"delete": True},
    ),
    "a file is deleted with all that includes it": Case(
        remove("a.md", "b.md"), nothing,
        files({"a.md": None, "b.md": None}), prompts(a=None, b=None),
        SyncReport(deleted=("d/a", "d/b"), unchanged=1),
    ),
    "a prompt is deleted": Case(
        nothing, lambda store: store.delete("d/sub/c"),
        files({"sub/c.md": None}), prompts(sub__c=None), SyncReport(deleted=("d/sub/c",), unchanged=2),
    ),
    "a file is renamed": Case(
        move("a.md", "x/z.md"), nothing,
        files({"a.md": None, "x/z.md": BASE["a.md"], "b.md": "see [[z]]\n"}),
        prompts(a=None, x__z=("one\ntwo\nthree\n", "a"), b=("see [[z]]\n",)),
        SyncReport(pushed=("d/b",), renamed={"d/a": "d/x/z"}, unchanged=2),
    ),
    "a file is renamed in case alone": Case(
        move("sub/c.md", "sub/C.md"), nothing,
        files({"sub/c.md": None, "sub/C.md": BASE["sub/c.md"]}), prompts(sub__c=None, sub__C=(BASE["sub/c.md"],)),
        SyncReport(renamed={"d/sub/c": "d/sub/C"}, unchanged=3),
    ),
    "a file is renamed and edited": Case(
        lambda root: [remove("a.md")(root), write("z.md", BASE["a.md"] + "four\n")(root)], nothing,
        files({"a.md": None, "z.md": BASE["a.md"] + "four\n", "b.md": "see [[z]]\n"}),
        prompts(a=None, z=("one\ntwo\nthree\nfour\n", "a"), b=("see [[z]]\n",)),
        SyncReport(pulled=("d/z",), pushed=("d/b",), renamed={"d/a": "d/z"}, unchanged=1),
    ),
    "a file is replaced by another": Case(
        lambda root: [remove("sub/c.md")(root), write("z.md", "quite another\n")(root)], nothing,
        files({"sub/c.md": None, "z.md": "quite another\n"}), prompts(sub__c=None, z=("quite another\n",)),
        SyncReport(pulled=("d/z",), deleted=("d/sub/c",), unchanged=2),
    ),
    "a prompt is renamed": Case(
        nothing, lambda store: store.rename("d/a", "d/x/z"),
        files({"a.md": None, "x/z.md": BASE["a.md"], "b.md": "see [[z]]\n"}),
        prompts(a=None, x__z=("one\ntwo\nthree\n", "a"), b=("see [[z]]\n",)),
        SyncReport(pushed=("d/b",), renamed={"d/a": "d/x/z"}, unchanged=2),
    ),
    "a prompt is renamed in case alone": Case(
        nothing, lambda store: store.rename("d/sub/c", "d/sub/C"),
        files({"sub/c.md": None, "sub/C.md": BASE["sub/c.md"]}), prompts(sub__c=None, sub__C=(BASE["sub/c.md"],)),
        SyncReport(renamed={"d/sub/c": "d/sub/C"}, unchanged=3),
    ),
    "two prompts change places": Case(
        nothing,
        lambda store: [store.rename("d/a", "d/t"), store.rename("d/sub/c", "d/a"), store.rename("d/t", "d/sub/c")],
        files({"a.md": BASE["sub/c.md"], "sub/c.md": BASE["a.md"], "b.md": "see [[c]]\n"}),
        prompts(a=(BASE["sub/c.md"],), sub__c=("one\ntwo\nthree\n", "a"), b=("see [[c]]\n",)),
        SyncReport(pushed=("d/b",), renamed={"d/a": "d/sub/c", "d/sub/c": "d/a"}, unchanged=2),
    ),
    "a prompt is moved out": Case(
        nothing, lambda store: store.rename("d/sub/c", "else/c"),
        files({"sub/c.md": None}), prompts(sub__c=None), SyncReport(renamed={"d/sub/c": "else/c"}, unchanged=2),
    ),
    # Both sides
    "both are edited, apart": Case(
        write("a.md", f"{KEPT}ONE\ntwo\nthree\n"), save("d/a", "one\ntwo\nTHREE\n"),
        files({"a.md": f"{KEPT}ONE\ntwo\nTHREE\n"}), prompts(a=("ONE\ntwo\nTHREE\n", "a")),
        SyncReport(merged=("d/a",), unchanged=2),
    ),
    "both are edited, alike": Case(
        write("a.md", f"{KEPT}ONE\n"), save("d/a", "ONE\n"),
        files({"a.md": f"{KEPT}ONE\n"}), prompts(a=("ONE\n", "a")), SyncReport(unchanged=3),
    ),
    "both are edited, in one place": Case(
        write("a.md", f"{KEPT}1\ntwo\nthree\n"), save("d/a", "ONE\ntwo\nthree\n"),
        files({"a.md": f"{KEPT}ONE\ntwo\nthree\n", "a-conflict.md": f"{KEPT}1\ntwo\nthree\n"}),
        prompts(a=("ONE\ntwo\nthree\n", "a"), a_conflict=("1\ntwo\nthree\n", "a")),
        SyncReport(conflicts={"d/a": "d/a-conflict"}, unchanged=2),
    ),
    "both get tags": Case(
        write("a.md", BASE["a.md"].replace("[a]", "[a, b]")), lambda store: store.describe("d/a", tags=["c"]),
        files({"a.md": BASE["a.md"].replace("[a]", "[c, b]")}), prompts(a=("one\ntwo\nthree\n", "c", "b")),
        SyncReport(merged=("d/a",), unchanged=2),
    ),
    "one gets a text, the other a description": Case(
        write("b.md", "SEE [[a]]\n"), lambda store: store.describe("d/b", description="How"),
        files({"b.md": "---\ndescription: How\n---\nSEE [[a]]\n"}), prompts(b=("SEE [[a]]\n",)),
        SyncReport(merged=("d/b",), unchanged=2),
    ),
    "both get descriptions": Case(
        write("b.md", "---\ndescription: Mine\n---\nsee [[a]]\n"),
        lambda store: store.describe("d/b", description="Yours"),
        files({
            "b.md": "---\ndescription: Yours\n---\nsee [[a]]\n",
            "b-conflict.md": "---\ndescription: Mine\n---\nsee [[a]]\n",
        }),
        prompts(b_conflict=("see [[a]]\n",)), SyncReport(conflicts={"d/b": "d/b-conflict"}, unchanged=2),
    ),
    "a file is deleted, its prompt edited": Case(
        remove("a.md"), save("d/a", "ONE\n"),
        files({"a.md": f"{KEPT}ONE\n"}), prompts(a=("ONE\n", "a")), SyncReport(recovered=("d/a",), unchanged=2),
    ),
    "a file is edited, its prompt deleted": Case(
        write("sub/c.md", "C\n"), lambda store: store.delete("d/sub/c"),
        files({"sub/c.md": "C\n"}), prompts(sub__c=("C\n",)), SyncReport(recovered=("d/sub/c",), unchanged=2),
    ),
    "both are deleted": Case(
        remove("sub/c.md"), lambda store: store.delete("d/sub/c"),
        files({"sub/c.md": None}), prompts(sub__c=None), SyncReport(unchanged=2),
    ),
    "both are made alike": Case(
        write("new.md", "new\n"), save("d/new", "new\n", tags=["t"]),
        files({"new.md": "---\ntags: [t]\n---\nnew\n"}), prompts(new=("new\n", "t")),
        SyncReport(pushed=("d/new",), unchanged=3),
    ),
    "both are made, of different texts": Case(
        write("new.md", "mine\n"), save("d/new", "yours\n"),
        files({"new.md": "yours\n", "new-conflict.md": "mine\n"}),
        prompts(new=("yours\n",), new_conflict=("mine\n",)),
        SyncReport(conflicts={"d/new": "d/new-conflict"}, unchanged=3),
    ),
    "a file is made that is an old version": Case(
        write("new.md", "old\n"), lambda store: [store.save("d/new", "old\n"), store.save("d/new", "new\n")],
        files({"new.md": "new\n"}), prompts(new=("new\n",)), SyncReport(pushed=("d/new",), unchanged=3),
    ),
    "a file is renamed, its prompt edited": Case(
        move("sub/c.md", "z.md"), save("d/sub/c", "C\n"),
        files({"sub/c.md": None, "z.md": "C\n"}), prompts(sub__c=None, z=("C\n",)),
        SyncReport(pushed=("d/z",), renamed={"d/sub/c": "d/z"}, unchanged=2),
    ),
    "a file is edited, its prompt renamed": Case(
        write("sub/c.md", "C\n"), lambda store: store.rename("d/sub/c", "d/z"),
        files({"sub/c.md": None, "z.md": "C\n"}), prompts(sub__c=None, z=("C\n",)),
        SyncReport(pulled=("d/z",), renamed={"d/sub/c": "d/z"}, unchanged=2),
    ),
    "both are renamed: the store's name counts": Case(
        move("sub/c.md", "y.md"), lambda store: store.rename("d/sub/c", "d/z"),
        files({"sub/c.md": None, "z.md": BASE["sub/c.md"]}), prompts(sub__c=None, z=(BASE["sub/c.md"],)),
        SyncReport(renamed={"d/y": "d/z"}, unchanged=3),
    ),
    "a prompt is renamed to where a file is made": Case(
        write("z.md", "mine\n"), lambda store: store.rename("d/sub/c", "d/z"),
        files({"sub/c.md": None, "z.md": BASE["sub/c.md"], "z-conflict.md": "mine\n"}),
        prompts(sub__c=None, z=(BASE["sub/c.md"],), z_conflict=("mine\n",)),
        SyncReport(
            pulled=("d/z-conflict",), conflicts={"d/z": "d/z-conflict"}, renamed={"d/sub/c": "d/z"}, unchanged=3
        ),
    ),
    "a file is edited, its prompt moved out": Case(
        write("sub/c.md", "C\n"), lambda store: store.rename("d/sub/c", "else/c"),
        files({"sub/c.md": None}), prompts(sub__c=None),
        SyncReport(pulled=("else/c",), renamed={"d/sub/c": "else/c"}, unchanged=2),
    ),
    "a prompt is deleted, and another made in its place": Case(
        nothing, lambda store: [store.delete("d/sub/c"), store.save("d/sub/c", "another\n")],
        files({"sub/c.md": "another\n"}), prompts(sub__c=("another\n",)),
        SyncReport(pushed=("d/sub/c",), unchanged=2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_changes_on_either_side(name: str, synced: Synced) -> None:
    case = CASES[name]
    case.disk(synced.root)
    case.store(synced.store)
    assert synced.sync(**case.options) == case.report
    assert synced.sides() == (case.files, case.prompts)
    assert_settled(synced, case.report.skipped, **case.options)


def assert_settled(synced: Synced, skipped: Mapping[str, str], **options: Any) -> None:
    """Another sync does nothing: no file is written, and no version is made."""
    stamps = {file: (file.stat().st_mtime_ns, file.stat().st_ino) for file in synced.root.rglob("*")}
    log = len(synced.store.changes(limit=10_000))
    report = synced.sync(**options)
    assert report == SyncReport(unchanged=len(synced.files()), skipped=skipped)
    assert {file: (file.stat().st_mtime_ns, file.stat().st_ino) for file in synced.root.rglob("*")} == stamps
    assert len(synced.store.changes(limit=10_000)) == log
    assert synced.store.doctor() == []


# What is new, and what comes back


def test_a_file_is_made_where_a_prompt_was_once(synced: Synced) -> None:
    synced.store.rename("d/sub/c", "d/z")
    synced.sync()
    synced.write("sub/c.md", "mine\n")
    assert synced.sync() == SyncReport(pulled=("d/sub/c",), unchanged=3)
    assert synced.sides() == (
        files({"sub/c.md": "mine\n", "z.md": BASE["sub/c.md"]}),
        prompts(sub__c=("mine\n",), z=(BASE["sub/c.md"],)),
    )


def test_a_file_that_comes_back_brings_its_prompt_with_its_history(synced: Synced) -> None:
    synced.store.save("d/sub/c", "second\n")
    synced.sync()
    remove("sub/c.md")(synced.root)
    assert synced.sync() == SyncReport(deleted=("d/sub/c",), unchanged=2)
    assert synced.sync() == SyncReport(unchanged=2)
    synced.write("sub/c.md", "third\n")
    assert synced.sync() == SyncReport(recovered=("d/sub/c",), unchanged=2)
    assert [version.text for version in synced.store.history("d/sub/c")] == ["third\n", "second\n", BASE["sub/c.md"]]
    assert synced.store.trash() == []


def test_a_prompt_that_is_recovered_is_written_again(synced: Synced) -> None:
    remove("a.md")(synced.root)
    synced.sync(delete=True)
    synced.store.recover("d/a")
    assert synced.sync() == SyncReport(recovered=("d/a",), unchanged=2)
    assert synced.sides() == (files(), prompts())
    assert_settled(synced, {})


def test_a_folder_that_is_renamed_is_a_directory_that_is(synced: Synced) -> None:
    synced.write("sub/e.md", "e\n")
    synced.store.save("elsewhere", "[[sub/c]] [[sub/e]]")
    synced.sync()
    synced.store.update_directory("d/sub", description="kept")
    (synced.root / "sub").rename(synced.root / "other")
    assert synced.sync() == SyncReport(renamed={"d/sub/c": "d/other/c", "d/sub/e": "d/other/e"}, unchanged=4)
    assert [(found.path, found.description) for found in synced.store.directories()] == [("d", ""), ("d/other", "kept")]
    assert synced.store["elsewhere"].text == "[[other/c]] [[other/e]]"
    assert synced.store["elsewhere"].version == 2
    assert_settled(synced, {})


def test_a_directory_that_is_renamed_keeps_its_folder(synced: Synced) -> None:
    synced.store.rename_directory("d", "e")
    synced.store.rename_directory("e/sub", "e/deep/er")
    report = synced.store.sync("e")
    assert report == SyncReport("e", str(synced.root), renamed={"e/sub/c": "e/deep/er/c"}, unchanged=3)
    assert synced.files() == files({"sub/c.md": None, "deep/er/c.md": BASE["sub/c.md"]})
    assert sorted(path.name for path in synced.root.iterdir()) == ["a.md", "b.md", "deep"]


def test_a_new_prompt_is_written_into_the_folder_as_that_is_spelled(synced: Synced) -> None:
    synced.write("Größe/x.MD", "x\n")
    synced.sync()
    synced.store.save("d/größe/y", "y\n")
    synced.sync()
    assert synced.files() == files({"Größe/x.MD": "x\n", "Größe/y.md": "y\n"})


def test_two_linked_folders_hear_of_a_rename_in_one_run(synced: Synced, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "uses.md").write_text("[[d/a]]", "utf-8")
    synced.store.add_directory("o", source=str(other))
    assert str(synced.store.sync()) == "Synced the linked directories: 1 pulled, 3 unchanged."
    move("a.md", "z.md")(synced.root)
    assert synced.sync() == SyncReport(pushed=("d/b", "o/uses"), renamed={"d/a": "d/z"}, unchanged=2)
    assert (other / "uses.md").read_text("utf-8") == "[[d/z]]"
    assert synced.store.sync() == SyncReport(unchanged=4)


def test_a_prompt_moves_from_one_linked_folder_to_another(synced: Synced, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    synced.store.add_directory("o", source=str(other))
    synced.store.rename("d/a", "o/a")
    assert synced.store.sync() == SyncReport(pushed=("o/a",), renamed={"d/a": "o/a"}, unchanged=2)
    assert (other / "a.md").read_text("utf-8") == BASE["a.md"]
    assert not (synced.root / "a.md").exists()


def test_another_conflict_gets_another_copy(synced: Synced) -> None:
    for number in range(3):
        synced.write("b.md", f"mine {number}\n")
        synced.store.save("d/b", f"yours {number}\n")
        copy = f"d/b-conflict{f'-{number + 1}' if number else ''}"
        assert synced.sync() == SyncReport(conflicts={"d/b": copy}, unchanged=2 + number)
        assert synced.store[copy].text == f"mine {number}\n"
    copies = {"b.md": "yours 2\n", "b-conflict.md": "mine 0\n"}
    assert synced.files() == files(copies | {"b-conflict-2.md": "mine 1\n", "b-conflict-3.md": "mine 2\n"})
    message = synced.store["d/b-conflict-3"].message
    assert message == "b.md and version 4 of d/b changed the same lines"


def test_the_versions_say_where_they_come_from(synced: Synced) -> None:
    synced.write("b.md", "new\n")
    synced.sync()
    found = synced.store["d/b"]
    assert (found.author, found.origin, found.message) == ("ana", "import", "from b.md")


# Nothing is done twice, or too early


def test_what_is_unchanged_is_not_read(synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    old = 1_000_000_000_123_456_789
    for file in synced.root.rglob("*.md"):
        os.utime(file, ns=(old, old))
    assert synced.sync() == SyncReport(unchanged=3)
    read: list[str] = []
    monkeypatch.setattr(Folder, "read", lambda _, name: read.append(name))
    assert synced.sync() == SyncReport(unchanged=3)
    assert read == []


def test_a_change_in_the_same_tick_is_seen(synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sync_world, "_TICK", 10**12)  # however slow this machine is just now
    synced.write("b.md", "see what\n")
    synced.sync()
    stamp = (synced.root / "b.md").stat()
    synced.write("b.md", "SEE WHAT\n")
    os.utime(synced.root / "b.md", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert synced.sync().pulled == ("d/b",)


def test_progress_ends_with_all_files(synced: Synced) -> None:
    told: list[tuple[int, int]] = []
    synced.write("x.md", "x\n")
    synced.sync(progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (4, 4)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {of for _, of in told} == {4}


def test_a_file_that_changes_while_it_is_synced_waits_for_the_next_sync(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.store.save("d/b", "from the store\n")
    write_file = Folder.write

    def save_first(folder: Folder, name: str, data: bytes, seen: Any) -> Any:
        synced.write("b.md", "from an editor\n")
        return write_file(folder, name, data, seen)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write", save_first)
        report = synced.sync()
    assert report == SyncReport(
        unchanged=2,
        skipped={"d/b.md": "somebody changed this meanwhile; it is looked at again in the next sync"},
    )
    assert synced.files() == files({"b.md": "from an editor\n"})
    assert synced.sync().conflicts == {"d/b": "d/b-conflict"}


def test_a_prompt_that_is_saved_while_it_is_synced_is_merged(synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    synced.write("a.md", f"{KEPT}ONE\ntwo\nthree\n")
    read = Folder.read

    def save_after(folder: Folder, name: str) -> Any:
        content = read(folder, name)
        if name == "a.md" and synced.store["d/a"].version == 1:
            synced.store.save("d/a", "one\ntwo\nTHREE\n")
        return content

    monkeypatch.setattr(Folder, "read", save_after)
    assert synced.sync() == SyncReport(merged=("d/a",), unchanged=2)
    assert synced.files() == files({"a.md": f"{KEPT}ONE\ntwo\nTHREE\n"})


# What is left alone


def test_a_folder_that_is_not_there_deletes_nothing(synced: Synced) -> None:
    synced.root.rename(synced.root.with_name("away"))
    with pytest.raises(SyncError) as caught:
        synced.sync()
    assert str(caught.value) == (
        f"{synced.root} was not synced: it is not there, and nothing was deleted for that; mount it, or link another"
        " one."
    )
    assert synced.prompts() == prompts()
    synced.root.write_text("a file", "utf-8")
    with pytest.raises(SyncError, match="it is not a folder"):
        synced.sync()


def test_a_folder_without_any_of_its_files_deletes_nothing_unless_told_to(synced: Synced) -> None:
    remove(*BASE)(synced.root)
    synced.write("found.md", "something else\n")
    with pytest.raises(SyncError, match="none of the 3 files that were in it is there any more; mount the drive"):
        synced.sync()
    assert synced.prompts() == prompts()
    assert synced.sync(delete=True) == SyncReport(pulled=("d/found",), deleted=("d/a", "d/b", "d/sub/c"))


def test_one_folder_that_is_not_there_keeps_no_other_from_being_synced(synced: Synced, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    synced.store.add_directory("away", source=str(gone))
    gone.rmdir()
    synced.write("new.md", "new\n")
    report = synced.store.sync()
    assert report.pulled == ("d/new",)
    assert list(report.skipped) == ["away/"]


def test_disabled_directories_are_left_alone(synced: Synced) -> None:
    synced.write("sub/c.md", "edited\n")
    synced.write("b.md", "edited\n")
    synced.store.update_directory("d/sub", enabled=False)
    assert synced.sync() == SyncReport(pulled=("d/b",), unchanged=1, skipped={"d/sub/": "this directory is disabled"})
    assert synced.store["d/sub/c"].text == BASE["sub/c.md"]
    synced.store.update_directory("d", enabled=False)
    assert synced.sync() == SyncReport(skipped={"d/": "this directory is disabled"})
    assert synced.store.sync() == SyncReport()
    synced.store.update_directory("d", enabled=True)
    synced.store.update_directory("d/sub", enabled=True)
    assert synced.sync() == SyncReport(pulled=("d/sub/c",), unchanged=2)


def test_a_linked_directory_in_another_has_its_own_folder(synced: Synced, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "mine.md").write_text("mine\n", "utf-8")
    synced.store.update_directory("d/sub", source=str(inner))
    assert synced.store.sync() == SyncReport(pulled=("d/sub/mine",), pushed=("d/sub/c",), unchanged=2)
    assert sorted(file.name for file in inner.iterdir()) == ["c.md", "mine.md"]
    synced.store.save("d/sub/c", "new\n")
    assert synced.store.sync() == SyncReport(pushed=("d/sub/c",), unchanged=3)
    assert ((inner / "c.md").read_text("utf-8"), synced.files()) == ("new\n", files())


def test_one_folder_is_linked_once(synced: Synced) -> None:
    synced.store.add_directory("again", source=str(synced.root))
    with pytest.raises(SyncError, match="again and d are both linked to it; link only one of them"):
        synced.store.sync("again")


def test_a_directory_without_a_folder_is_a_sentence(store: Store) -> None:
    store.add_directory("d")
    with pytest.raises(SyncError) as caught:
        store.sync("d")
    assert str(caught.value) == (
        "d was not synced: it is linked to no folder; link one with update_directory('d', source=…)."
    )
    with pytest.raises(DirectoryNotFoundError):
        store.sync("nothing")
    assert store.sync() == SyncReport()


def test_a_directory_that_is_linked_anew_begins_anew(synced: Synced, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "sub").mkdir(parents=True)
    (other / "a.md").write_text("one\ntwo\nthree\n", "utf-8")
    synced.store.update_directory("d", source=str(other))
    report = synced.store.sync("d")
    # It says no tags; with nothing known of it, that is not to say that there are none.
    assert report == SyncReport("d", str(other), pushed=("d/a", "d/b", "d/sub/c"))
    assert (other / "a.md").read_text("utf-8") == "---\ntags: [a]\n---\none\ntwo\nthree\n"
    assert synced.files() == files()


def test_a_folder_of_a_removed_directory_is_imported_into_the_next(synced: Synced) -> None:
    for path in list(synced.store):
        synced.store.delete(path, force=True)
    synced.store.remove_directory("d")
    synced.store.add_directory("e", source=str(synced.root))
    report = synced.store.sync("e")
    assert report == SyncReport("e", str(synced.root), pulled=("e/a", "e/b", "e/sub/c"))
    assert synced.files() == files()


def test_what_cannot_be_synced_is_named_and_stops_nothing(synced: Synced, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "far.md").write_text("far", "utf-8")
    (synced.root / "link.md").symlink_to(outside / "far.md")
    (synced.root / "deep").symlink_to(outside / "deep")
    os.mkfifo(synced.root / "pipe.md")
    synced.write(".hidden.md", "hidden")
    synced.write(".git/x.md", "hidden")
    synced.write("bad.md", b"\xff\xfe\xfd")
    synced.write("a.md", "---\ntags: {x: y}\n---\n")
    synced.write("1.md", "one")
    synced.write("B.md", "B")
    synced.store.save("d/deep/x", "behind a link")
    synced.write("good.md", "good")
    before = synced.files()
    report = synced.sync()
    assert report == SyncReport(
        pulled=("d/good",),
        unchanged=2,
        skipped={
            "d/1.md": "'1' must start with a letter or _ and hold letters, digits, _, -, and inside . or single spaces",
            "d/B.md": "this would be the same prompt as b.md",
            "d/a.md": TAGS,
            "d/bad.md": "line 1: this is not UTF-16: truncated data",
            "d/deep": "this is a link, and links are not followed",
            "d/link.md": "this is a link, and links are not followed",
            "d/pipe.md": "this is no ordinary file",
        },
    )
    assert synced.files() == before
    assert list((outside / "deep").iterdir()) == []
    assert synced.store["d/a"].text == "one\ntwo\nthree\n"


def test_files_that_nobody_can_look_for_are_not_deleted(synced: Synced, tmp_path: Path) -> None:
    """A folder that has become a link, or that cannot be read, says nothing of what was in it."""
    (synced.root / "sub").rename(tmp_path / "moved")
    (synced.root / "sub").symlink_to(tmp_path / "moved")
    report = synced.sync()
    assert report == SyncReport(unchanged=2, skipped={"d/sub": "this is a link, and links are not followed"})
    assert synced.prompts() == prompts()


def test_a_prompt_that_no_file_can_say_stays_in_the_store(synced: Synced) -> None:
    synced.store.save("d/long", "text", description="long " * 20_000)
    assert list(synced.sync().skipped) == ["d/long.md"]
    assert synced.files() == files()


def test_a_file_that_somebody_is_writing_is_waited_for(synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sync_world, "QUIET", 50_000_000)
    scan, scans = Folder.scan, [0]

    def scan_while_writing(folder: Folder, is_foreign: Any) -> Any:
        scans[0] += 1
        synced.write("b.md", "" if scans[0] == 1 else "whole\n")
        return scan(folder, is_foreign)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "scan", scan_while_writing)
        report = synced.sync()
    why = "somebody is writing this just now; it is looked at in the next sync"
    assert report == SyncReport(unchanged=2, skipped={"d/b.md": why})
    assert synced.sync() == SyncReport(pulled=("d/b",), unchanged=2)
    assert [version.text for version in synced.store.history("d/b")] == ["whole\n", "see [[a]]\n"]
