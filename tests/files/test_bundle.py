"""The bundle: one file that holds all of a library, refused where it is damaged, and never written over anything."""

import hashlib
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from prompt_kernel.errors import DamagedTextError, ExportFileError, ImportFileError
from prompt_kernel.files.formats._bundle import FILE, Bundle, export_bundle, import_bundle
from prompt_kernel.records import Loss
from prompt_kernel.store import Store
from tests.ledger import bare, begin
from tests.store.histories import histories, live_through, told

pytestmark = pytest.mark.usefixtures("no_sync")


@pytest.fixture
def other() -> Iterator[Store]:
    with Store(":memory:", author="bo") as opened:
        yield opened


@pytest.fixture
def bundle(store: Store, tmp_path: Path) -> Callable[..., Path]:
    """Write the bundle of the store, and return its file."""

    def write(directory: str = "", name: str = FILE) -> Path:
        export_bundle(store, tmp_path / name, directory=directory)
        return tmp_path / name

    return write


def fill(store: Store) -> None:
    """A little library with all that a bundle has to carry."""
    store.save("style/tone", "one", description="How", tags=["x"])
    store.save("style/tone", "two", variables={"a": {"default": 1}})
    store.label("style/tone", "good", version=1)
    store.save("review", "[[style/tone]]")
    store.rename("review", "check")
    store.save("gone", "away")
    store.delete("gone")
    store.favourite("check")


def resealed(file: Path, change: Callable[[list[dict[str, Any]]], object]) -> Path:
    """Change the records of a bundle, and make its last line fit."""
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    change(lines)
    data = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines[:-1]).encode()
    lines[-1]["sha256"] = hashlib.sha256(data).hexdigest()
    file.write_bytes(data + json.dumps(lines[-1]).encode() + b"\n")
    return file


# Out and in again


@settings(max_examples=100, deadline=None)
@given(history=histories)
def test_any_library_comes_back_byte_for_byte(history: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as place, Store(":memory:") as first, Store(":memory:") as second:
        live_through(first, history)
        export_bundle(first, Path(place, "first"))
        report = import_bundle(second, Path(place, "first"))
        export_bundle(second, Path(place, "second"))
        assert Path(place, "second").read_bytes() == Path(place, "first").read_bytes()
        assert (told(second), list(second), second.doctor()) == (told(first), list(first), [])
        assert sorted(report.created) == sorted(first)


@settings(max_examples=100, deadline=None)
@given(history=histories, here=histories)
def test_a_bundle_comes_into_any_store_and_overwrites_nothing(history: list[Any], here: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as place, Store(":memory:") as first, Store(":memory:") as second:
        live_through(first, history)
        live_through(second, here)
        before = {second[path].uid: [each.text for each in second.history(path)][::-1] for path in second}
        labels = {second[path].uid: dict(second[path].labels) for path in second}
        export_bundle(first, Path(place, "b"))
        import_bundle(second, Path(place, "b"))
        assert second.doctor() == []
        for uid, texts in before.items():
            path = second.path_of(uid)
            assert [each.text for each in second.history(path)][::-1][: len(texts)] == texts
            assert labels[uid].items() <= dict(second[path].labels).items()
        # All that the bundle has is there now, if perhaps on top of something else.
        texts = {path: first[path].text for path in first}
        assert {path: second[path].text for path in texts} == texts
        again = import_bundle(second, Path(place, "b"))
        assert (again.created, again.updated) == ((), ())
        assert set(again.unchanged) <= {*second}


@settings(max_examples=60, deadline=None)
@given(before=histories, after=histories)
def test_a_later_bundle_of_the_same_store_brings_its_versions_and_an_earlier_one_nothing(
    before: list[Any], after: list[Any]
) -> None:
    kept = [step for step in after if step[1][0] not in ("rename", "rename_directory", "delete", "recover", "purge")]
    with tempfile.TemporaryDirectory() as place, Store(":memory:") as first, Store(":memory:") as second:
        live_through(first, before)
        export_bundle(first, Path(place, "early"))
        import_bundle(second, Path(place, "early"))
        live_through(first, kept)
        export_bundle(first, Path(place, "late"))
        import_bundle(second, Path(place, "late"))
        assert {path: second.history(path) for path in second}.keys() == {*first}
        for path in first:
            old, new = (
                [(each.number, each.text, each.author, each.created_at) for each in store.history(path)]
                for store in (first, second)
            )
            assert new == old
        early = import_bundle(second, Path(place, "early"))
        assert early.created == ()
        assert {path: second[path].version for path in second} == {path: first[path].version for path in first}


def test_a_bundle_is_lines_of_json_that_one_can_read(store: Store, bundle: Callable[..., Path]) -> None:
    store.save("style/tone", 'Say "é".\n')
    lines = bundle().read_text("utf-8").splitlines()
    assert lines[0] == '{"bundle":"prompt-kernel","format":1,"directory":""}'
    assert lines[3].endswith(r'"text":"Say \"é\".\n"}')
    assert json.loads(lines[-1])["end"] == {"directory": 1, "prompt": 1, "version": 1, "change": 1}


def test_a_bundle_that_is_right_already_is_not_touched(store: Store, tmp_path: Path) -> None:
    store.save("a", "text")
    first = Bundle().export_from(store, tmp_path, directory="")
    stamp = (tmp_path / FILE).stat().st_mtime_ns
    again = Bundle().export_from(store, tmp_path, directory="")
    assert (first.written, again.written, again.unchanged) == ((FILE,), (), (FILE,))
    assert (tmp_path / FILE).stat().st_mtime_ns == stamp
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_a_directory_is_a_bundle_that_says_what_it_lacks(store: Store, other: Store, tmp_path: Path) -> None:
    fill(store)
    store.save("style/base", "[[check]] [[tone]] [[gone]]")
    report = export_bundle(store, tmp_path / "part", directory="style")
    assert report.losses == (
        Loss(
            "style",
            "the log, experiments, and what people have set for themselves, are in a bundle of the whole library only",
        ),
        Loss("style/base", "[[check]] is check, which is not in the bundle"),
    )
    assert import_bundle(other, tmp_path / "part").created == ("style/base", "style/tone")
    export_bundle(other, tmp_path / "again", directory="style")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "part").read_bytes()


def test_links_and_live_texts_stay_and_are_reported(store: Store, tmp_path: Path) -> None:
    store.save("style/tone", "text")
    store.add_directory("linked", source=str(tmp_path))
    document = store.live.open(store["style/tone"].uid, str.encode)
    quiet = export_bundle(store, tmp_path / "quiet").losses
    store.live.append([(document.uid, document.epoch, b"typed", "ana")], "process")
    losses = export_bundle(store, tmp_path / "b").losses
    link = Loss("linked", f"its link to {tmp_path} belongs to this machine")
    assert quiet == (link,)
    assert losses == (
        link,
        Loss("style/tone", "what was typed into it live and is not yet saved is not a version; save it first"),
    )
    assert b'"source":""' in (tmp_path / "b").read_bytes()
    assert str(tmp_path).encode() not in (tmp_path / "b").read_bytes()


def test_what_cannot_be_written_leaves_the_old_file(store: Store, tmp_path: Path) -> None:
    store.save("a", "text")
    export_bundle(store, tmp_path / "b")
    before = (tmp_path / "b").read_bytes()
    raw = store._database.raw  # noqa: SLF001 - no verb damages a text
    raw.execute("DROP TRIGGER version_is_immutable")
    raw.execute("UPDATE version SET text = 'forged'")
    with pytest.raises(DamagedTextError):
        export_bundle(store, tmp_path / "b")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"b": before}
    with pytest.raises(ExportFileError):
        export_bundle(store, tmp_path / "b" / "below")


# What is refused


def refusal(store: Store, file: Path) -> dict[str, str]:
    with pytest.raises(ImportFileError) as caught:
        import_bundle(store, file)
    assert (list(store), store.trash(), store.changes()) == ([], [], [])
    return {name.removeprefix(str(file)): reason for name, reason in caught.value.problems.items()}


def test_a_bundle_that_was_cut_or_damaged_anywhere_is_refused(
    store: Store, other: Store, bundle: Callable[..., Path]
) -> None:
    fill(store)
    file = bundle()
    data = file.read_bytes()
    chance = random.Random(7)  # noqa: S311 - dice
    for _ in range(150):
        at = chance.randrange(len(data))
        damage = chance.choice([data[:at], data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :],
                                data[:at] + data[at + 1 :], data + data[at:]])  # fmt: skip
        file.write_bytes(damage)
        refusal(other, file)
    file.write_bytes(data)
    assert sorted(import_bundle(other, file).created) == ["check", "style/tone"]


def test_each_fault_has_its_sentence(store: Store, other: Store, bundle: Callable[..., Path]) -> None:
    fill(store)
    file = bundle()
    data = file.read_bytes()
    lines = data.splitlines(keepends=True)
    cases = {
        b"": {":1": "this line is not JSON: the file was cut or damaged"},
        b"[]\n": {":1": "this line is no JSON object"},
        b"{}\n": {":1": "this is no bundle"},
        b'{"bundle":"prompt-kernel","format":2,"directory":""}\n': {
            ":1": "this bundle is of format 2, and this version knows up to 1; "
            "upgrade with: pip install --upgrade prompt-kernel"
        },
        b'{"bundle":"prompt-kernel","format":true,"directory":""}\n': {
            ":1": "this is a bundle whose first line is damaged"
        },
        b"".join(lines[:4]): {":5": "the file ends here, before its last line: it was cut"},
        data[:-1]: {f":{len(lines)}": "the file ends here, before its last line: it was cut"},
        data + b"\n": {f":{len(lines)}": "there is something after the last line"},
        data.replace(b'"text":"[[', b'"text":"[('): {
            ":4": "the text of check@1 does not match its SHA-256: the file was changed or damaged"
        },
        data.replace(b'"How"', b'"Why"'): {
            f":{len(lines)}": "the file was changed or damaged: "
            "it does not match the hash and the counts in its last line"
        },
        lines[0] + b"[" * 100_000 + b"\n": {":2": "this line is not JSON: the file was cut or damaged"},
    }
    found = {}
    for damaged in cases:
        file.write_bytes(damaged)
        found[damaged] = refusal(other, file)
    assert found == cases


def test_a_sealed_bundle_is_still_not_believed(store: Store, other: Store, bundle: Callable[..., Path]) -> None:
    fill(store)
    file = bundle()
    resealed(file, lambda lines: lines[2].update(path="../../etc"))
    assert list(refusal(other, file)) == [":3"]
    resealed(file, lambda lines: lines[2].update(path="fine"))
    resealed(file, lambda lines: lines[1].update(source="/"))
    assert refusal(other, file) == {":2": "a bundle holds no live texts and no links to folders"}


def test_only_bundles_are_recognised(store: Store, bundle: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "newer").write_text('{"bundle":"prompt-kernel","format":9,"directory":""}\n')
    (tmp_path / "other").write_text('{"name":"x"}\n')
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    store.save("a", "text")
    found = {
        file.name: Bundle().recognises(file).confidence
        for file in (bundle(), tmp_path / "newer", tmp_path / "other", tmp_path / "binary", tmp_path, tmp_path / "no")
    }
    assert found == {FILE: 100, "newer": 100, "other": 0, "binary": 0, tmp_path.name: 0, "no": 0}


# Into a store that has prompts of its own


def test_new_prompts_come_whole_and_the_rest_is_told(store: Store, other: Store, bundle: Callable[..., Path]) -> None:
    fill(store)
    other.save("own", "mine")
    report = import_bundle(other, bundle(), message="from ana")
    assert (report.created, report.updated, report.unchanged) == (("check", "style/tone"), (), ())
    assert [loss.where for loss in report.losses] == ["the log", "favourites"]
    assert [other.history(path) for path in ("check", "style/tone")] == [
        store.history(path) for path in ("check", "style/tone")
    ]
    assert other.get("review").path == "check"
    assert [(each.path, each.uid) for each in other.trash()] == [(each.path, each.uid) for each in store.trash()]
    logged = [(each.kind, each.path, each.version, each.author, each.origin, each.detail) for each in other.changes()]
    assert logged[1:] == [
        ("created", "check", 1, "bo", "import", "from ana"),
        ("created", "style/tone", 2, "bo", "import", "from ana"),
        ("created", "gone", 1, "bo", "import", "from ana"),
        ("deleted", "gone", None, "bo", "import", "from ana"),
    ]


def test_what_both_changed_becomes_a_version_on_top(store: Store, other: Store, bundle: Callable[..., Path]) -> None:
    store.save("a", "first")
    import_bundle(other, bundle())
    other.save("a", "theirs")
    store.save("a", "mine")
    store.save("a", "mine again")
    report = import_bundle(other, bundle())
    assert (report.updated, [each.text for each in other.history("a")]) == (("a",), ["mine again", "theirs", "first"])
    today = f"{store['a'].updated_at:%Y-%m-%d}"
    assert Loss("a", f"only its newest text came, of {today}: its versions and labels are not those of a here") in (
        report.losses
    )


def test_a_label_stays_where_it_is_here(store: Store, other: Store, bundle: Callable[..., Path]) -> None:
    store.save("a", "first")
    store.label("a", "live")
    import_bundle(other, bundle())
    store.save("a", "second")
    store.label("a", "live")
    store.label("a", "new")
    report = import_bundle(other, bundle())
    assert dict(other["a"].labels) == {"live": 1, "new": 2}
    assert Loss("a", "its label live stays at version 1; in the bundle it is at 2") in report.losses


def test_a_prompt_is_known_wherever_it_is_now(store: Store, other: Store, bundle: Callable[..., Path]) -> None:
    store.save("a", "first")
    store.save("user", "[[a]]")
    import_bundle(other, bundle())
    other.rename("a", "moved/a")
    store.save("a", "second")
    assert import_bundle(other, bundle()).updated == ("moved/a",)
    assert ([*other], other["moved/a"].text, other["a"].path) == (["moved/a", "user"], "second", "moved/a")


def test_what_was_deleted_here_comes_back_out_of_the_trash(
    store: Store, other: Store, bundle: Callable[..., Path]
) -> None:
    store.save("a", "first")
    import_bundle(other, bundle())
    other.delete("a")
    assert import_bundle(other, bundle()).updated == ("a",)
    assert (other["a"].uid, other.trash()) == (store["a"].uid, [])


def test_into_a_directory_makes_copies_with_a_life_of_their_own(store: Store, bundle: Callable[..., Path]) -> None:
    fill(store)
    file = bundle()
    report = import_bundle(store, file, into="copies/of")
    assert report.created == ("copies/of/check", "copies/of/style/tone")
    assert store["copies/of/style/tone"].uid != store["style/tone"].uid
    assert [each.text for each in store.history("copies/of/style/tone")] == ["two", "one"]
    again = import_bundle(store, file, into="copies/of")
    assert (again.created, again.updated, len(again.unchanged)) == ((), (), 2)


def test_nothing_comes_in_where_something_goes_wrong_late(
    store: Store, other: Store, bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prompt_kernel.files.formats._bundle_merge._MOST_PROMPTS", 1)
    fill(store)
    other.save("own", "mine")
    file = bundle()

    def stop(done: int, _: int) -> None:
        if "check" in other:
            raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt):
        import_bundle(other, file, progress=stop)
    assert (list(other), len(other.changes()), other.doctor()) == (["own"], 1, [])


def test_progress_ends_at_all(store: Store, other: Store, tmp_path: Path) -> None:
    fill(store)
    told: list[tuple[int, int]] = []
    export_bundle(store, tmp_path / "b", progress=lambda *each: told.append(each))
    import_bundle(other, tmp_path / "b", progress=lambda *each: told.append(each))
    import_bundle(other, tmp_path / "b", progress=lambda *each: told.append(each))
    total = sum(store.archive.counts().values())
    assert [each for each in told if each[0] == each[1]] == [(total, total)] * 4


# Experiments


def test_experiments_come_with_a_library(store: Store, other: Store, bundle: Callable[..., Path]) -> None:
    fill(store)
    begin(store, "tone", "check", [{"x": 1}, {"x": "\0 \ud800"}])
    import_bundle(other, bundle())
    assert other.experiments.list() == store.experiments.list()
    assert other.experiments.runs("tone") == store.experiments.runs("tone")
    assert other.experiments.expansion(other.experiments.runs("tone")[1]) == store.expand("check")
    assert export_bundle(other, bundle()).unchanged == (FILE,)


def test_experiments_come_into_a_store_that_has_its_own(
    store: Store, other: Store, bundle: Callable[..., Path]
) -> None:
    fill(store)
    other.save("own", "mine")
    begin(other, "taken", "own", [{"x": 1}])
    begin(store, "taken", "check", [{"x": 1}, {"x": 2}])
    begin(store, "tone", "check", [{"x": 1}])
    report = import_bundle(other, bundle())
    told = [loss for loss in report.losses if loss.where == "taken"]
    assert told == [Loss("taken", "there is another experiment of that name; rename it, and import again")]
    assert [len(other.experiments.runs(name)) for name in ("taken", "tone")] == [1, 1]
    other.experiments.rename("taken", "mine")
    import_bundle(other, bundle())
    assert [len(other.experiments.runs(name)) for name in ("taken", "tone", "mine")] == [2, 1, 1]
    begin(store, "tone", "check", [{"x": 1}, {"x": 2}], output="later")
    import_bundle(other, bundle())
    assert bare(other.experiments.runs("tone")) == bare(store.experiments.runs("tone"))
    begin(other, "tone", "check", [{"x": 3}])
    before = other.archive.digest()
    import_bundle(other, bundle())
    assert other.archive.digest() == before


def test_experiments_stay_behind_where_prompts_become_others(store: Store, bundle: Callable[..., Path]) -> None:
    fill(store)
    begin(store, "tone", "check", [{"x": 1}])
    report = import_bundle(store, bundle(), into="copies")
    assert Loss("experiments", "what they name are other prompts here (1)") in report.losses
    assert len(store.experiments.list()) == 1


@pytest.mark.parametrize(
    ("line", "change", "sentence"),
    [
        ('"data":"{}"', ('"data":"{}"', '"data":"{\\"y\\":1}"'), "data: this does not match its SHA-256"),
        ('"record":"content"', ('"data":"{', '"data":"{ '), "data: this is JSON that no store has written"),
        ('"record":"run"', ('"manifest":"', '"manifest":"no'), "manifest: 'no"),
        ('"record":"run"', ('"cost":0.001', '"cost":1'), "cost: 1 is no number as in 0.5"),
        ('"record":"run"', ('"output":"\\"yes\\""', '"output":"[1]"'), "output: this must be JSON of a text, as text"),
        ('"record":"run"', ("[1.0,", "[1.0,0,"), "scores: a score is a list of five"),
        ('"record":"run"', ('"uid":"', '"uid":"0'), "uid: "),
        ('"record":"experiment"', ('"name":"tone"', '"name":" "'), "experiment: its name is one line"),
    ],
)  # fmt: skip
def test_an_experiment_that_is_not_sound_is_refused_with_its_line(
    store: Store, other: Store, bundle: Callable[..., Path], line: str, change: tuple[str, str], sentence: str
) -> None:
    fill(store)
    begin(store, "tone", "check", [{"x": 1}])
    file = bundle()
    lines = file.read_text("utf-8").splitlines()
    number = next(number for number, each in enumerate(lines) if line in each)
    assert change[0] in lines[number]
    lines[number] = lines[number].replace(*change, 1)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(ImportFileError) as caught:
        import_bundle(other, file)
    assert [(place, reason[: len(sentence)]) for place, reason in caught.value.problems.items()] == [
        (f"{file}:{number + 1}", sentence)
    ]
    assert sum(other.archive.counts().values()) == 0
