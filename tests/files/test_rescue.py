"""A damaged store -> a folder: whatever can be read is saved, and the rest is named."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import prompt_kernel as pk
from tests.ledger import begin

PAGE = 4096


def many(tmp_path: Path) -> Path:
    """Make a store of many versions, and return its file."""
    file = tmp_path / "prompts.db"
    with pk.connect(file, author="ana") as store:
        for number in range(60):
            store.save(f"a/p{number}", f"text {number} " + "x" * 300)
        store.save("a/p0", "the second text of p0")
    return file


def pages_of_texts(file: Path) -> list[int]:
    """The numbers of the pages, from 0, that hold nothing but rows of texts."""
    data = file.read_bytes()
    pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
    # A leaf of a table begins with 13; those of the versions hold the run of x and the hash, unlike the search index.
    return [
        at for at, page in enumerate(pages) if page[0] == 13 and page.count(b"x" * 300) > 4 and b"simple{}ana" in page
    ]


def test_a_sound_store_is_saved_version_by_version(tmp_path: Path) -> None:
    with pk.connect(many(tmp_path)) as store:
        report = store.rescue(tmp_path / "out")
        again = store.rescue(tmp_path / "out")

    assert (len(report.written), report.lost) == (61, ())
    assert (len(again.unchanged), again.written) == (61, ())
    assert (tmp_path / "out/a/p0@1.md").read_text() == "text 0 " + "x" * 300
    assert (tmp_path / "out/a/p0@2.md").read_text() == "the second text of p0"


def test_a_page_that_is_lost_takes_only_what_lay_on_it(tmp_path: Path) -> None:
    file = many(tmp_path)
    doomed = pages_of_texts(file)[2]
    data = bytearray(file.read_bytes())
    on_it = set(map(int, re.findall(rb"text (\d+) x", bytes(data[doomed * PAGE : (doomed + 1) * PAGE]))))
    data[doomed * PAGE : (doomed + 1) * PAGE] = bytes(PAGE)
    file.write_bytes(data)

    with pk.connect(file) as store:
        report = store.rescue(tmp_path / "out")

    saved = {int(found[1]) for name in report.written if (found := re.fullmatch(r"a/p(\d+)@1\.md", name))}
    assert on_it
    assert saved == set(range(60)) - on_it
    assert len(report.lost) == len(on_it)
    assert str(report).endswith(f" {len(on_it)} lost.")


def test_a_text_that_was_changed_on_the_disk_is_named_and_not_saved(tmp_path: Path) -> None:
    file = many(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"text 7 xxx", b"text 7 xyx"))

    with pk.connect(file) as store:
        report = store.rescue(tmp_path / "out")

    assert report.lost == ("a/p7@1: it does not match its hash",)
    assert not (tmp_path / "out/a/p7@1.md").exists()


def test_a_version_whose_prompt_or_path_is_gone_is_saved_all_the_same(tmp_path: Path) -> None:
    file = many(tmp_path)
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("DELETE FROM prompt WHERE path = 'a/p5'")
        raw.execute("UPDATE prompt SET path = '../../p6' WHERE path = 'a/p6'")
        raw.commit()

    with pk.connect(file) as store:
        report = store.rescue(tmp_path / "out")

    assert (tmp_path / "out/lost/prompt-6@1.md").read_text() == "text 5 " + "x" * 300
    assert sorted(name for name in report.written if name.startswith("lost/")) == [
        "lost/path-982f1b58ed99@1.md",
        "lost/prompt-6@1.md",
    ]
    assert len(report.written) == 61


def test_the_runs_of_experiments_are_saved_but_for_those_on_a_lost_page(tmp_path: Path) -> None:
    file = tmp_path / "prompts.db"
    with pk.connect(file, author="ana") as store:
        store.save("a", "Say {{ x }}")
        begin(store, "tone", "a", [{"x": number} for number in range(40)], output="\0 \ud800 é" + "y" * 300)
        assert store.rescue(tmp_path / "sound").written == ("a@1.md", "experiments.jsonl")
    runs = [json.loads(line) for line in (tmp_path / "sound/experiments.jsonl").read_text().splitlines()]
    assert [(run["experiment"], run["inputs"], run["output"][:5]) for run in runs] == [
        ("tone", {"x": number}, "\0 \ud800 é") for number in range(40)
    ]
    assert runs[0]["manifest"]["entries"][0]["path"] == "a"
    data = bytearray(file.read_bytes())
    doomed = next(
        at for at in range(0, len(data), PAGE) if data[at] == 13 and data[at : at + PAGE].count(b"y" * 300) > 2
    )
    data[doomed : doomed + PAGE] = bytes(PAGE)
    file.write_bytes(data)
    with pk.connect(file) as store:
        report = store.rescue(tmp_path / "out")
        again = store.rescue(tmp_path / "sound")
    saved = (tmp_path / "out/experiments.jsonl").read_text().splitlines()
    assert 0 < len(saved) < 40
    assert len(saved) + len(report.lost) == 40
    assert again.unchanged == ("a@1.md", "experiments.jsonl")
    assert len((tmp_path / "sound/experiments.jsonl").read_text().splitlines()) == 40
