"""Anybody does anything on either side, and syncs in between: both sides end the same, and nothing is lost."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from prompt_kernel.errors import PromptKernelError, SyncError
from prompt_kernel.files._document import decode
from prompt_kernel.files._sync_merge import bytes_of
from prompt_kernel.store import Store

pytestmark = pytest.mark.usefixtures("no_sync", "hasty")

NAMES = st.sampled_from(["a", "b", "B", "c", "sub/a", "sub/b", "deep/er/c"])
LINES = st.sampled_from(["one", "two", "three", "[[a]]", "[[sub/b]]", ""])
TEXTS = st.lists(LINES, max_size=4).map("\n".join)
FRONTS = st.sampled_from(["", "---\nmine: 1 # kept\n---\n", "---\ntags: [x]\n---\n", "---\ndescription: d\n---\n"])


class Sync(RuleBasedStateMachine):
    """A directory with its folder; of every text that anybody writes, the line that no other has is noted."""

    @initialize()
    def begin(self) -> None:
        self.place = Path(tempfile.mkdtemp())
        self.root = self.place / "notes"
        self.root.mkdir()
        self.store = Store(":memory:", author="ana")
        self.store.add_directory("notes", source=str(self.root))
        self.written: set[str] = set()
        self.number = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.in_the_end()
            self.store.close()
            shutil.rmtree(self.place)

    def stamped(self, text: str) -> str:
        """Make a text that nobody has written before."""
        return f"{text}\n{self.new_line('line')}\nmore of it\nand more\n"

    def new_line(self, line: str) -> str:
        """Make a line that nobody has written before."""
        self.number += 1
        self.written.add(f"{line} {self.number}")
        return f"{line} {self.number}"

    # The disk

    def files(self) -> list[Path]:
        return sorted(file for file in self.root.rglob("*.md") if file.is_file())

    @rule(name=NAMES, text=TEXTS, front=FRONTS)
    def write_file(self, name: str, text: str, front: str) -> None:
        file = self.root / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        self.overwrite(file)
        file.write_text(front + self.stamped(text), "utf-8")

    @rule(data=st.data(), line=LINES, front=FRONTS)
    def edit_file(self, data: st.DataObject, line: str, front: str) -> None:
        if files := self.files():
            file = data.draw(st.sampled_from(files))
            text = decode(file.read_bytes()).text
            self.overwrite(file)
            file.write_text(f"{front}{self.new_line(line)}\n{text}", "utf-8")

    @rule(data=st.data())
    def delete_file(self, data: st.DataObject) -> None:
        if files := self.files():
            file = data.draw(st.sampled_from(files))
            self.overwrite(file)
            file.unlink()

    @rule(data=st.data(), name=NAMES)
    def rename_file(self, data: st.DataObject, name: str) -> None:
        target = self.root / f"{name}.md"
        if (files := self.files()) and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            data.draw(st.sampled_from(files)).rename(target)

    @rule(new=st.sampled_from(["sub", "other", "deep/other"]))
    def rename_folder(self, new: str) -> None:
        target = self.root / new
        folders = [folder for folder in self.root.iterdir() if folder.is_dir()]
        if folders and not target.exists() and folders[0] not in target.parents:
            target.parent.mkdir(parents=True, exist_ok=True)
            folders[0].rename(target)

    # The store

    def paths(self) -> list[str]:
        return [path for path in self.store if path.startswith("notes/")]

    @rule(name=NAMES, text=TEXTS, tags=st.sampled_from([None, ["x"], ["x", "y"], []]))
    def save(self, name: str, text: str, tags: list[str] | None) -> None:
        self.store.save(f"notes/{name}", self.stamped(text), tags=tags)

    @rule(data=st.data(), line=LINES)
    def edit_prompt(self, data: st.DataObject, line: str) -> None:
        if paths := self.paths():
            path = data.draw(st.sampled_from(paths))
            self.store.save(path, f"{self.store[path].text}{self.new_line(line)}\n")

    @rule(data=st.data())
    def delete_prompt(self, data: st.DataObject) -> None:
        if paths := self.paths():
            self.store.delete(data.draw(st.sampled_from(paths)), force=True)

    @rule(data=st.data())
    def recover_prompt(self, data: st.DataObject) -> None:
        if trash := self.store.trash():
            try:
                self.store.recover(data.draw(st.sampled_from([trashed.uid for trashed in trash])))
            except PromptKernelError:
                return

    @rule(data=st.data(), name=NAMES, directory=st.sampled_from(["notes", "notes/new", "elsewhere"]))
    def rename_prompt(self, data: st.DataObject, name: str, directory: str) -> None:
        if paths := self.paths():
            try:
                self.store.rename(data.draw(st.sampled_from(paths)), f"{directory}/{name}")
            except PromptKernelError:
                return

    # Both

    @rule(delete=st.booleans())
    def sync(self, delete: bool) -> None:  # noqa: FBT001 - what hypothesis draws
        with suppress(SyncError):  # all files may be gone
            self.store.sync("notes", delete=delete)

    def kept(self, but: Path | None = None) -> set[str]:
        """Every line that there is: in a file, or a version, also of what lies in the trash."""
        with self.store._database.reading() as connection:  # noqa: SLF001 - of what is in the trash, too
            texts = [row[0] for row in connection.exec_driver_sql("SELECT text FROM version")]
        texts += [decode(file.read_bytes()).text for file in self.root.rglob("*.md") if file != but]
        return {line for text in texts for line in text.splitlines()}

    def overwrite(self, file: Path) -> None:
        """Note that somebody is about to overwrite or delete a file: what no sync has seen goes by their own hand."""
        if file.exists():
            self.written &= self.kept(but=file)

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "store"):
            assert self.written <= self.kept()

    def in_the_end(self) -> None:
        reports = [self.store.sync("notes", delete=True) for _ in range(2)]
        before = {file: (file.stat().st_mtime_ns, file.stat().st_ino) for file in self.files()}
        last = self.store.sync("notes", delete=True)
        assert not last.changed, (reports, last)
        assert {file: (file.stat().st_mtime_ns, file.stat().st_ino) for file in self.files()} == before
        assert self.store.doctor() == []
        clashing = {name for name, why in last.skipped.items() if why.startswith("this would be the same prompt")}
        assert set(last.skipped) == clashing
        files = {
            "notes/" + file.relative_to(self.root).as_posix()[:-3]: file
            for file in self.files()
            if "notes/" + file.relative_to(self.root).as_posix() not in clashing
        }
        assert sorted(files) == sorted(self.paths())
        for path, file in files.items():
            data = file.read_bytes()
            assert bytes_of(self.store[path], decode(data).layout) == data


TestSync = Sync.TestCase
TestSync.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
