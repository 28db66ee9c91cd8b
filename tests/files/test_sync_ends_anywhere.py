"""A sync that ends anywhere, by a full disk or a kill, has lost nothing, and the next one finishes."""

import errno
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.records import SyncReport
from prompt_kernel.store import Store
from prompt_kernel.store.links import Links

#: What changes a disk or a store, one step at a time.
STEPS: list[tuple[Any, str]] = [
    *((Path, name) for name in ("open", "chmod", "replace", "rename", "unlink", "rmdir", "mkdir")),
    *((Store, name) for name in ("save", "rename", "rename_directory", "delete", "recover")),
    *((Links, name) for name in ("put", "drop", "adopt")),
]
Sides = tuple[dict[str, str], dict[str, tuple[Any, ...]]]


class KilledError(BaseException):
    """The process ends here."""


class World:
    """A directory and its folder in which everything that can happen has happened since the last sync."""

    def __init__(self, place: Path) -> None:
        self.root = place / "d"
        self.store = Store(":memory:", author="ana")
        self.root.mkdir()
        texts = {name: f"{name}\nsecond line of {name}\nthird line of {name}\n" for name in "abcdefghijk"}
        texts |= {f"old/{name}": f"{name} in a folder\nand a line of {name}\n" for name in "xy"}
        for name, text in texts.items():
            self.write(name, text)
        self.store.add_directory("d", source=str(self.root))
        self.store.sync("d")
        self.change()

    def write(self, name: str, text: str) -> None:
        file = self.root / f"{name}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")

    def change(self) -> None:
        for name in "abcd":
            old = (self.root / f"{name}.md").read_text("utf-8")
            self.write(name, old.replace(f"{name}\n", f"file {name}\n", 1))
        self.store.save("d/b", self.store["d/b"].text + "store b\n")
        self.store.save("d/c", "store c\n")
        self.store.save("d/e", "store e [[d/j]]\n")
        self.store.delete("d/f")
        self.store.delete("d/d")
        (self.root / "g.md").unlink()
        self.store.rename("d/h", "d/tmp")
        self.store.rename("d/i", "d/h")
        self.store.rename("d/tmp", "d/i")
        (self.root / "j.md").rename(self.root / "jj.md")
        self.store.rename("d/k", "d/deep/k")
        (self.root / "old").rename(self.root / "new")
        self.write("fresh", "fresh file\n")
        self.store.save("d/unwritten", "fresh prompt\n")

    def sides(self) -> Sides:
        files = {
            file.relative_to(self.root).as_posix(): file.read_text("utf-8")
            for file in sorted(self.root.rglob("*"))
            if file.is_file()
        }
        return files, {path: (self.store[path].text, *self.store[path].tags) for path in self.store}

    def lines(self) -> set[str]:
        with self.store._database.reading() as connection:  # noqa: SLF001 - of what is in the trash, too
            texts = [row[0] for row in connection.exec_driver_sql("SELECT text FROM version")]
        return {line for text in [*texts, *self.sides()[0].values()] for line in text.splitlines()}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hasty: None) -> Iterator[Callable[[], World]]:
    """Make a world; one is like the other."""
    assert hasty is None
    monkeypatch.setattr(os, "fsync", lambda _: None)
    made: list[World] = []

    def make() -> World:
        if made:
            made[-1].store.close()
            shutil.rmtree(tmp_path / str(len(made) - 1))
        place = tmp_path / str(len(made))
        place.mkdir()
        made.append(World(place))
        return made[-1]

    yield make
    made[-1].store.close()


@contextmanager
def failing(at: int, error: Callable[[], BaseException], *, after: bool, forever: bool) -> Iterator[list[int]]:
    """Let step number `at` fail, before or after it is done, and perhaps all that follow."""
    count = [0]

    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            fails = count[0] == at or (forever and count[0] > at)
            if fails and not after:
                raise error()
            result = None
            try:
                result = original(*arguments, **options)
            finally:
                if fails:
                    if isinstance(result, io.IOBase):
                        result.close()
                    raise error()
            return result

        return step

    with pytest.MonkeyPatch.context() as patched:
        for owner, name in STEPS:
            patched.setattr(owner, name, wrapped(getattr(owner, name)))
        yield count


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def finished(world: World) -> Sides:
    """Sync until there is nothing to do, which is soon."""
    reports = [world.store.sync("d") for _ in range(2)]
    last = world.store.sync("d")
    assert last == SyncReport("d", str(world.root), unchanged=last.unchanged), (reports, last)
    assert world.store.doctor() == []
    return world.sides()


@pytest.fixture
def undisturbed(world: Callable[[], World]) -> tuple[Sides, int]:
    """What a whole sync leaves, and how many steps it takes."""
    with failing(0, full, after=False, forever=False) as count:
        found = world()
        count[0] = 0
        report = found.store.sync("d")
        steps = count[0]
    assert report == SyncReport(
        "d", str(found.root),
        pulled=("d/a", "d/fresh"), pushed=("d/e", "d/unwritten"), merged=("d/b",), conflicts={"d/c": "d/c-conflict"},
        deleted=("d/f", "d/g"), recovered=("d/d",),
        renamed={
            "d/h": "d/i", "d/i": "d/h", "d/j": "d/jj", "d/k": "d/deep/k", "d/old/x": "d/new/x", "d/old/y": "d/new/y"
        },
        unchanged=6,
    )  # fmt: skip
    assert steps > 50
    return found.sides(), steps


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_sync_that_dies_at_any_step_is_finished_by_the_next(
    world: Callable[[], World],
    undisturbed: tuple[Sides, int],
    after: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    wanted, steps = undisturbed
    for at in range(1, steps + 1):
        found = world()
        lines = found.lines()
        with failing(at, KilledError, after=after, forever=True), pytest.raises(KilledError):
            found.store.sync("d")
        assert lines <= found.lines()
        assert (at, finished(found)) == (at, wanted)


@pytest.mark.parametrize("forever", [False, True], ids=["once", "from then on"])
def test_a_disk_that_is_full_at_any_step_is_told_and_the_next_sync_finishes(
    world: Callable[[], World],
    undisturbed: tuple[Sides, int],
    forever: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    wanted, steps = undisturbed
    refused = 0
    for at in range(1, steps + 1, 2):
        found = world()
        lines = found.lines()
        with failing(at, full, after=False, forever=forever):
            try:
                refused += any("No space left" in reason for reason in found.store.sync("d").skipped.values())
            except (OSError, PromptKernelError):
                refused += 1
        assert lines <= found.lines()
        assert (at, finished(found)) == (at, wanted)
    assert refused > steps // 5


#: Changes both sides, forks a sync, kills it after a random part of its progress, and syncs again; again and again.
SCRIPT = """
import os, random, signal, sys
from pathlib import Path
from prompt_kernel.store import Store

place, rounds = Path(sys.argv[1]), int(sys.argv[2])
root, chance = place / "d", random.Random(7)
root.mkdir()
written, killed = set(), 0

def text(number):
    written.add(f"line {number}")
    return f"line {number}\\n" + "the same in all of them\\n" * 20

def kept():
    with Store(place / "p.db") as store, store._database.reading() as connection:
        texts = [row[0] for row in connection.exec_driver_sql("SELECT text FROM version")]
    texts += [file.read_text() for file in root.rglob("*.md")]
    return {line for text in texts for line in text.splitlines()}

with Store(place / "p.db") as store:
    store.add_directory("d", source=str(root))
number = 0
for round in range(rounds):
    with Store(place / "p.db") as store:
        paths = [path for path in store if path.startswith("d/")]
        for _ in range(8):
            number += 1
            file = root / f"f{chance.randrange(30)}.md"
            if file.exists() and chance.random() < 0.3:
                file.rename(root / f"r{number}.md")
            elif not file.exists():
                file.write_text(text(number))
            else:
                file.write_text(f"line {number}\\n" + file.read_text())
                written.add(f"line {number}")
            if paths:
                path = chance.choice(paths)
                if path in store:
                    store.save(path, store[path].text + text(number + 100_000))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with Store(place / "p.db") as store:
            store.sync("d", progress=lambda done, of: os.write(writing, b"."))
            os.write(writing, b"!")
        os._exit(0)
    os.close(writing)
    for _ in range(chance.randrange(30)):
        if os.read(reading, 1) in (b"!", b""):
            break
    for _ in range(chance.randrange(200_000)):
        pass  # so that the kill does not always meet the sync at the same step
    os.kill(child, signal.SIGKILL)
    killed += os.waitpid(child, 0)[1] == signal.SIGKILL
    os.close(reading)
    assert written <= kept(), sorted(written - kept())
    with Store(place / "p.db") as store:
        for _ in range(2):
            store.sync("d")
        last = store.sync("d")
        assert not last.changed and not last.skipped, last
        names = sorted(file.relative_to(root).as_posix()[:-3] for file in root.rglob("*") if file.is_file())
        assert names == sorted(path[2:] for path in store), names
        assert all((root / f"{name}.md").read_text() == store["d/" + name].text for name in names)
        assert store.doctor() == []
print(killed)
"""


def test_a_killed_sync_has_lost_nothing_and_the_next_finishes(tmp_path: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", SCRIPT, str(tmp_path), "20"], capture_output=True, text=True, timeout=300, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert int(ran.stdout) > 5, "hardly any sync was killed in the middle"


def test_two_syncs_of_one_folder_at_once_do_everything_once(tmp_path: Path) -> None:
    root = tmp_path / "d"
    root.mkdir()
    with Store(tmp_path / "p.db") as store:
        store.add_directory("d", source=str(root))
        for number in range(40):
            store.save(f"d/from{number}", f"from the store {number}\n")
            (root / f"file{number}.md").write_text(f"from the disk {number}\n", "utf-8")
    script = "import sys; from prompt_kernel.store import Store; print(str(Store(sys.argv[1]).sync('d')))"
    running = [
        subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", script, str(tmp_path / "p.db")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    told = sorted(process.communicate(timeout=120)[0].strip() for process in running)
    done = f"Synced d with {root}: 40 pulled, 40 pushed, 0 unchanged."
    assert told == sorted([done, *[f"Synced d with {root}: 80 unchanged."] * 2])
    with Store(tmp_path / "p.db") as store:
        assert {store[path].version for path in store} == {1}
        assert len(store) == 80
        assert store.sync("d").unchanged == 80
