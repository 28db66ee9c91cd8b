"""Copying a whole store: between engines, while others write, killed and run again; what has its own life is left."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.files import copy_store
from prompt_kernel.records import Draft
from tests.cli.conftest import PROGRAM, Result, Screen
from tests.ledger import bare, begin, contents_of, run_of

Run = Callable[..., Result]

#: Copies with small batches, and says after each of them that it is there.
SLOW_COPY = """
import sys
from prompt_kernel.files import copy_store
from prompt_kernel.store import _loading
_loading._MOST_RECORDS = 7
copy_store(sys.argv[1], sys.argv[2], progress=lambda *_: print(flush=True))
"""
#: Saves and renames until its input ends, and says each time what the newest version is.
WRITER = """
import select, sys
from prompt_kernel.store import Store
with Store(sys.argv[1], author="writer") as store:
    while not select.select([sys.stdin], [], [], 0)[0]:
        for path in ("busy/one", "busy/two"):
            store.save(path, f"{store.count()} {len(store.history('busy/one')) if 'busy/one' in store else 0}")
        store.label("busy/one", "last")
        print(store["busy/one"].version, flush=True)
"""


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Run a script in a process of its own, which ends with the test at the latest."""
    started: list[subprocess.Popen[str]] = []

    def run(script: str, *arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", script, *map(str, arguments)]
        process = subprocess.Popen(  # noqa: S603 - our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def lived(library: pk.Store) -> pk.Store:
    """Give the library with a past: versions, labels, a rename, the trash, people, a live text, an experiment."""
    library.save_many([Draft(f"many/p{number}", f"{number} [[review]]") for number in range(60)])
    library.save_many([Draft(f"many/p{number}", f"{number} again [[many/*]]") for number in range(0, 60, 7)])
    library.save("review", "new [[style/base]]")
    library.label("review", "live", version=1)
    library.rename("format/json", "shapes/json")
    library.delete("many/p3", force=True)
    library.delete("many/p4", force=True)
    library.purge("many/p4")
    library.by("bo").favourite("review")
    library.by("bo").set_preference("theme", "dark")
    library.note_opened("review")
    document = library.live.open(library["review"].uid, str.encode)
    library.live.append([(document.uid, document.epoch, b"\x00typed", "bo")], "process")
    begin(library, "tone", "style/tone", [{"tone": "formal", "n": number} for number in range(20)])
    begin(library, "tone", "style/tone", [{"tone": "plain"}], output="\0 \ud800 é", seconds=0.1)
    return library


def digest(url: str) -> object:
    with pk.connect(url) as store:
        assert store.doctor() == []
        found = sorted(hit.path for hit in store.search("again"))
        experiments = [(each, bare(store.experiments.runs(each.name))) for each in store.experiments.list()]
        return store.archive.digest(live=True), {path: store.includes(path) for path in store}, found, experiments


def test_a_copy_is_the_same_store(cli: Run, lived: pk.Store, tmp_path: Path) -> None:
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    sha256 = lived.archive.digest(live=True).sha256
    assert cli("copy", lived.url, copy) == (0, f"copied\t{copy}\t{sha256}\n", "")
    assert digest(copy) == digest(lived.url)
    assert cli("copy", lived.url, copy) == (0, f"unchanged\t{copy}\t{sha256}\n", "")


def test_a_store_goes_to_postgresql_and_back(cli: Run, lived: pk.Store, postgres: str, tmp_path: Path) -> None:
    back = f"sqlite:///{tmp_path / 'back.db'}"

    def there_and_back() -> None:
        outcomes = [cli("copy", "--json", *pair) for pair in ((lived.url, postgres), (postgres, back))]
        assert [(result.code, result.err, result.data["changed"]) for result in outcomes] == [(0, "", True)] * 2
        assert outcomes[0].data["counts"] == lived.archive.counts(live=True)
        assert digest(lived.url) == digest(postgres) == digest(back)
        with pk.connect(postgres) as store:
            assert str(store.expand("many/p1")) == str(lived.expand("many/p1"))

    there_and_back()
    lived.rename("review", "check")
    lived.save("fresh", "another one, which gets the old name")
    lived.rename("fresh", "review")
    lived.purge()
    there_and_back()


def test_an_earlier_copy_is_brought_up_to_date(cli: Run, lived: pk.Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    cli("copy", lived.url, copy)
    # Two prompts change places, one goes for good, and so do a directory, a label and what people have set.
    lived.rename("many/p1", "aside")
    lived.rename("many/p2", "many/p1")
    lived.rename("aside", "many/p2")
    lived.delete("style/tone", force=True)
    lived.purge()
    lived.add_directory("empty", enabled=False)
    lived.update_directory("many", enabled=False)
    lived.unlabel("review", "live")
    lived.by("bo").favourite("review", on=False)
    lived.experiments.rename("tone", "voice")
    begin(lived, "tone", "shapes/json", [{"x": 1}])
    begin(lived, "voice", "shapes/json", [{"x": 1}])
    assert cli("copy", lived.url, copy).rows[0][0] == "copied"
    assert digest(str(copy)) == digest(lived.url)
    lived.remove_directory("empty")
    lived.experiments.remove("voice")
    assert cli("copy", lived.url, copy).rows[0][0] == "copied"
    assert digest(str(copy)) == digest(lived.url)


@pytest.mark.parametrize(("engine", "turns"), [("sqlite", 6), ("postgresql", 1)])
def test_a_copy_that_was_killed_anywhere_is_finished_by_the_next(
    cli: Run,
    lived: pk.Store,
    start: Callable[..., "subprocess.Popen[str]"],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    engine: str,
    turns: int,
) -> None:
    wanted, chance, middle = digest(lived.url), random.Random(3), 0  # noqa: S311 - dice
    for turn in range(turns):
        copy = str(tmp_path / f"{turn}.db") if engine == "sqlite" else request.getfixturevalue("postgres")
        for _ in range(2):
            kill_in_the_middle(start(SLOW_COPY, lived.url, copy), chance)
            with pk.connect(copy) as store:
                assert store.doctor() == []
                for path in store:
                    copied = [version.sha256 for version in store.history(path)][::-1]
                    assert copied == [version.sha256 for version in lived.history(path)][::-1][: len(copied)]
                middle += 0 < len(store) < len(lived)
        assert cli("copy", lived.url, copy).code == 0
        assert digest(copy) == wanted
    assert middle > 0


def kill_in_the_middle(process: "subprocess.Popen[str]", chance: random.Random) -> None:
    assert process.stdout
    for _ in range(chance.randrange(1, 12)):
        process.stdout.readline()
    for _ in range(chance.randrange(100_000)):
        pass  # so that the kill does not always meet the copy at the same step
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_others_write_while_it_is_copied(
    cli: Run, lived: pk.Store, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    writer = start(WRITER, lived.url)
    assert writer.stdout
    seen = 0
    for _ in range(5):
        before = int(writer.stdout.readline())
        assert cli("copy", lived.url, copy).rows[0][0] == "copied"
        with pk.connect(copy) as store:
            copied = [version.sha256 for version in store.history("busy/one")][::-1]
        original = [version.sha256 for version in lived.history("busy/one")][::-1]
        assert copied == original[: len(copied)]
        assert len(copied) >= max(before, seen)
        seen = len(copied)
    _, errors = writer.communicate("")
    assert (writer.returncode, errors) == (0, "")
    cli("copy", lived.url, copy)
    assert digest(str(copy)) == digest(lived.url)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_was_changed_in_the_copy_is_left_alone(
    cli: Run, lived: pk.Store, tmp_path: Path, request: pytest.FixtureRequest, engine: str
) -> None:
    copy = str(tmp_path / "copy.db") if engine == "sqlite" else request.getfixturevalue("postgres")
    cli("copy", lived.url, copy)
    with pk.connect(copy, author="eve") as store:
        store.save("review", "her own")
        url, at = store.url, store.changes(limit=10_000)[-1].at.isoformat(timespec="microseconds")
    before = digest(copy)
    lived.save("review", "mine")
    code, out, err = cli("copy", lived.url, copy)
    assert (code, out) == (1, "")
    assert err == (
        f"prompt-kernel: {url} is no earlier copy: eve changed review in it (saved, {at}); copy into an empty store. "
        "Nothing of it was changed.\n"
    )
    assert digest(copy) == before


def test_what_was_typed_live_into_the_copy_is_left_alone(cli: Run, lived: pk.Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    cli("copy", lived.url, copy)
    with pk.connect(copy) as store:
        document = store.live.open(store["style/tone"].uid, str.encode)
        store.live.append([(document.uid, document.epoch, b"typed", "eve")], "process")
    before = digest(str(copy))
    result = cli("copy", lived.url, copy)
    assert result.code == 1
    assert "style/tone has live text in it that is not saved; save that first" in result.err
    assert digest(str(copy)) == before


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_was_run_in_the_copy_is_left_alone(
    cli: Run, lived: pk.Store, tmp_path: Path, request: pytest.FixtureRequest, engine: str
) -> None:
    copy = str(tmp_path / "copy.db") if engine == "sqlite" else request.getfixturevalue("postgres")
    cli("copy", lived.url, copy)
    prompt = lived.compile("style/tone")
    with pk.connect(copy) as store:
        store.experiments.record("tone", [run_of(prompt, {"tone": "plain"}, "in the copy")], contents_of(prompt))
    begin(lived, "tone", "style/tone", [{"tone": "formal"}])
    for what in ("somebody has run the experiment tone in it", "it has the experiment own, which the other store"):
        before = digest(copy)
        result = cli("copy", lived.url, copy)
        assert (result.code, what in result.err, digest(copy)) == (1, True, before)
        with pk.connect(copy) as store:
            store.experiments.begin("own", {})
        lived.experiments.record("tone", [run_of(prompt, {"tone": "plain"}, "in the copy")], contents_of(prompt))


def test_another_store_is_never_written_over(cli: Run, lived: pk.Store, tmp_path: Path) -> None:
    with pk.connect(tmp_path / "other.db", author="eve") as other:
        other.save("own", "text")
        before = digest(other.url)
        result = cli("copy", lived.url, other.url)
        assert (result.code, digest(other.url)) == (1, before)
        assert "eve changed own in it (created, " in result.err


def test_what_cannot_be_copied_is_one_sentence(cli: Run, lived: pk.Store, tmp_path: Path) -> None:
    file = Path(lived.url.removeprefix("sqlite:///"))
    (tmp_path / "link.db").symlink_to(file)
    (tmp_path / "text.db").write_text("no database " * 100)
    cases: dict[tuple[object, object], str] = {
        (lived.url, file): "it cannot be copied to itself; name another store",
        (tmp_path / "link.db", file): "it cannot be copied to itself; name another store",
        (tmp_path / "none.db", tmp_path / "to.db"): "the file cannot be opened; check that it exists and may be read",
        (tmp_path / "text.db", tmp_path / "to.db"): "the file is not an SQLite database",
        (file, tmp_path / "text.db"): "the file is not an SQLite database",
        ("http://127.0.0.1:1", tmp_path / "to.db"): "a server has it; open it with connect(), or run this over there",
        (file, "http://127.0.0.1:1"): "a server has it; open it with connect(), or run this over there",
    }
    for (source, target), reason in cases.items():
        code, out, err = cli("copy", source, target)
        assert (code, out) == (1, "")
        assert err.startswith("prompt-kernel: The store ")
        assert err.endswith(f" cannot be used: {reason}.\n")
    assert not (tmp_path / "none.db").exists()
    assert cli("copy", lived.url).code == 2


def test_a_damaged_store_is_not_copied(cli: Run, lived: pk.Store, tmp_path: Path) -> None:
    raw = lived._database.raw  # noqa: SLF001 - no verb damages a text
    raw.execute("DROP TRIGGER version_is_immutable")
    raw.execute("UPDATE version SET text = 'forged' WHERE id = 2")
    result = cli("copy", lived.url, tmp_path / "copy.db")
    assert result.code == 1
    assert "does not match its SHA-256" in result.err


def test_tokens_and_linked_files_stay_where_they_are(lived: pk.Store, tmp_path: Path) -> None:
    lived.add_token("ci")
    copy_store(lived.url, tmp_path / "copy.db")
    with pk.connect(tmp_path / "copy.db") as copy:
        assert copy.tokens() == []


def test_a_terminal_shows_how_far_it_is_and_one_sentence(
    in_terminal: Callable[..., Screen], lived: pk.Store, tmp_path: Path
) -> None:
    screen = in_terminal("copy", lived.url, tmp_path / "c.db")
    words = " ".join(screen.text.split())
    counts = lived.archive.counts()
    assert screen.code == 0
    assert f"Copied {counts['prompts'] + counts['trashed']} prompts with {counts['versions']} versions;" in words
    assert "verified by SHA-256" in words


def test_the_command_line_copies_in_a_process_of_its_own(lived: pk.Store, tmp_path: Path) -> None:
    command = [*PROGRAM, "copy", lived.url, str(tmp_path / "c.db"), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603 - ourselves
    report: dict[str, Any] = json.loads(ran.stdout)
    assert report["sha256"] == lived.archive.digest(live=True).sha256
