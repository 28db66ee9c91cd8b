"""The file of a lock: what it looks like, and what it says of a file that is none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.errors import LockFileError
from prompt_kernel.lock import Lock, LockedPrompt
from prompt_kernel.store import Store

HASH = "0" * 64


def test_a_lock_is_a_line_for_each_name_and_each_prompt_in_order(library: Store, file: Path) -> None:
    library.save("rules/b", "B")
    library.save("rules/a", "[[gone]]A")
    library.expand_text("[[rules/*]] [[review]]", code="", strict=False)

    library.freeze(file)

    declared = {key: each.get("declares", "") for key, each in json.loads(file.read_bytes())["prompts"].items()}
    assert [key for key, said in declared.items() if said] == ["review@1", "style/tone@1"]
    assert file.read_text(encoding="utf-8").splitlines() == [
        "{",
        '  "prompt-kernel-lock": 1,',
        '  "names": {',
        '    "review": "review@1",',
        '    "rules/*": ["rules/a@1", "rules/b@1"]',
        "  },",
        '  "prompts": {',
        *_lines(library, declared),
        "  }",
        "}",
    ]


def _lines(store: Store, declared: dict[str, str]) -> Iterator[str]:
    includes: dict[str, list[str | None]] = {
        "format/json": [],
        "review": ["style/base@1", "format/json@1"],
        "rules/a": [None],
        "rules/b": [],
        "style/base": ["style/tone@1"],
        "style/tone": [],
    }
    for path, to in includes.items():
        said = {"declares": declared[f"{path}@1"]} if declared[f"{path}@1"] else {}
        whole = {"sha256": store[path].sha256, "uid": store[path].uid, **said, **({"includes": to} if to else {})}
        yield f'    "{path}@1": {json.dumps(whole)}{"" if path == "style/tone" else ","}'


names = st.sampled_from(["a", "é b/c", "rules/*", "tone@production", "x@2"])
prompts = st.builds(
    LockedPrompt,
    st.sampled_from(["a", "Ü/b c", "rules/x"]),
    st.integers(1, 3),
    st.sampled_from(["1" * 32, "2" * 32]),
    st.sampled_from([HASH, "f" * 64]),
    st.sampled_from(["", "e" * 64]),
)


@given(found=st.lists(st.tuples(prompts, st.lists(st.none() | st.lists(st.integers(0, 9), max_size=3))), max_size=8),
       wanted=st.dictionaries(names, st.lists(st.integers(0, 9), min_size=1, max_size=3)))  # fmt: skip
def test_what_is_written_is_read_again(
    found: list[tuple[LockedPrompt, list[list[int] | None]]],
    wanted: dict[str, list[int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Also where one version is frozen twice, with other inclusions, or two prompts had one path."""
    keyed: dict[str, LockedPrompt] = {}
    for prompt, includes in found:
        known = list(keyed)
        to = tuple(None if some is None else tuple(known[at % len(known)] for at in some) for some in includes if known)
        whole = prompt._replace(includes=to)
        if whole not in keyed.values():
            count = sum(str(each) == str(whole) for each in keyed.values())
            keyed[f"{whole}#{count + 1}" if count else str(whole)] = whole
    keys = list(keyed)
    named = {name: tuple(keys[at % len(keys)] for at in some) for name, some in wanted.items() if keys}
    lock = Lock(named, keyed, tmp_path_factory.mktemp("locks") / "a.lock")

    lock.write()
    read = Lock.read(lock.file)

    assert (read, read.file) == (lock, lock.file)
    assert not read.write()
    again = read.only(read.names)
    assert {name: [again.manifest(key) for key in keys] for name, keys in again.names.items()} == {
        name: [lock.manifest(key) for key in keys] for name, keys in lock.names.items()
    }
    assert again.only(again.names).text() == again.text()


def whole(**changes: Any) -> dict[str, Any]:
    prompt = {"sha256": HASH, "uid": "1"}
    return {"prompt-kernel-lock": 1, "names": {"a": "a@1"}, "prompts": {"a@1": prompt}} | changes


NEWER = (
    "a newer prompt_kernel wrote it (format 2, this version knows 1); upgrade with: pip install --upgrade prompt-kernel"
)
BROKEN: list[tuple[str, str]] = [
    ("", "it is not JSON: line 1, Expecting value"),
    ("[" * 100_000, "it is nested too deeply"),
    ("[]", 'it is no lock: "prompt-kernel-lock" is missing'),
    ("{}", 'it is no lock: "prompt-kernel-lock" is missing'),
    ('{"prompt-kernel-lock": true}', 'it is no lock: "prompt-kernel-lock" is missing'),
    (
        '{"prompt-kernel-lock": 2, "anything": 1}',
        NEWER,
    ),
    (
        '{\n<<<<<<< mine\n"a": 1\n=======\n"a": 2\n>>>>>>> theirs\n}',
        "two branches of version control meet in it; settle that, or take one side and freeze again",
    ),
    ('{"a": 1, "a": 2}', "a stands in it twice; settle which is meant, or freeze again"),
]
DAMAGED: list[tuple[dict[str, Any], str]] = [
    (whole(names=None), "'NoneType' object has no attribute 'items'"),
    (whole(names={"a": 1}), "1 is no prompt"),
    (whole(names={"a": "b@1"}), "b@1 is mentioned, but not there"),
    (whole(prompts={"a@x": {}}, names={}), "'a@x' is no path@version"),
    (whole(prompts={"a@1": {"sha256": HASH}}), "'uid'"),
    (whole(prompts={"a@1": {"sha256": HASH, "uid": 1}}), "a@1 has no uid or no sha256"),
    (whole(prompts={"a@1": {"sha256": HASH, "uid": "1", "includes": ["c@1"]}}), "c@1 is mentioned, but not there"),
    (whole(prompts={"a@1": {"sha256": HASH, "uid": "1", "includes": ["a@1"]}}), "a@1 includes itself"),
]


@pytest.mark.parametrize(("text", "reason"), BROKEN)
def test_a_file_that_is_no_lock_says_why(file: Path, text: str, reason: str) -> None:
    file.write_text(text, encoding="utf-8")

    with pytest.raises(LockFileError) as caught:
        Lock.read(file)

    assert (caught.value.lock, caught.value.reason) == (str(file), reason)


@pytest.mark.parametrize(("data", "reason"), DAMAGED)
def test_a_lock_that_was_damaged_says_where(file: Path, data: dict[str, Any], reason: str) -> None:
    file.write_text(json.dumps(data), encoding="utf-8")

    with pytest.raises(LockFileError) as caught:
        Lock.read(file)

    assert caught.value.reason == f"it is damaged ({reason}); take it back from version control, or freeze anew"


def test_what_no_lock_can_be_read_from_or_written_to_says_so(store: Store, tmp_path: Path) -> None:
    store.save("a", "A")
    (tmp_path / "latin.lock").write_bytes(b"\xff")

    with pytest.raises(LockFileError, match=r"prompts\.lock cannot be used: there is no such file; `%prompts freeze`"):
        store.verify(tmp_path / "prompts.lock")
    with pytest.raises(LockFileError, match="it is not UTF-8 text"):
        store.verify(tmp_path / "latin.lock")
    with pytest.raises(LockFileError, match=r"it cannot be read \(Is a directory\)"):
        store.verify(tmp_path)
    with pytest.raises(LockFileError, match=r"it cannot be written \(No such file or directory\)"):
        store.freeze(tmp_path / "nowhere" / "prompts.lock", ["a"])
    with pytest.raises(LockFileError, match="that is no path"):
        store.freeze("~nobody-of-that-name/prompts.lock", ["a"])


def test_a_lock_that_cannot_be_read_is_not_overwritten(library: Store, file: Path) -> None:
    file.write_text('{"prompt-kernel-lock": 2}', encoding="utf-8")

    with pytest.raises(LockFileError, match="a newer prompt_kernel wrote it"):
        library.freeze(file, ["review"])

    assert file.read_text(encoding="utf-8") == '{"prompt-kernel-lock": 2}'


def test_a_byte_order_mark_is_no_harm_and_modes_stay(library: Store, file: Path) -> None:
    library.freeze(file, ["style/tone"])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    file.chmod(0o640)

    library.freeze(file, ["format/json"])

    assert list(Lock.read(file).names) == ["format/json", "style/tone"]
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in file.parent.iterdir() if each.name.endswith(".tmp")] == []


def test_a_lock_reads_well(library: Store, file: Path) -> None:
    library.freeze(file, ["review", "style/*"])

    assert str(Lock.read(file)) == (
        f"{file}: 2 names, 4 prompts\nreview -> review@1\nstyle/* -> style/base@1, style/tone@1"
    )
