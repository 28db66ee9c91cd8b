"""A folder comes in as a whole, or not at all with every reason why."""

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from prompt_kernel.errors import ImportFileError, InvalidPathError
from prompt_kernel.records import ImportReport
from prompt_kernel.store import Store

Plant = Callable[[Mapping[str, bytes | str]], Path]

MIB = 2**20


def texts(store: Store) -> dict[str, str]:
    return {path: store[path].text for path in store}


def problems(store: Store, folder: Path | str) -> Mapping[str, str]:
    """Import what cannot be imported; nothing at all may come of it."""
    before = store.summary(), store.changes()
    with pytest.raises(ImportFileError) as caught:
        store.import_folder(folder)
    assert (store.summary(), store.changes()) == before
    return caught.value.problems


def test_nested_folders_become_directories(store: Store, plant: Plant) -> None:
    folder = plant({"review.md": "r", "style/tone.md": "t", "style/deep/er.MD": "e", "an empty.d/x.Md": "x"})
    report = store.import_folder(folder)
    assert texts(store) == {"an empty.d/x": "x", "review": "r", "style/deep/er": "e", "style/tone": "t"}
    created = ("an empty.d/x", "review", "style/deep/er", "style/tone")
    assert report == ImportReport(str(folder), created=created)
    assert [directory.path for directory in store.directories()] == ["an empty.d", "style", "style/deep"]


def test_a_folder_goes_into_a_directory(store: Store, plant: Plant) -> None:
    store.import_folder(plant({"a.md": "1", "b/c.md": "2"}), into="from/there")
    assert texts(store) == {"from/there/a": "1", "from/there/b/c": "2"}


def test_a_directory_that_cannot_be_is_refused(store: Store, plant: Plant) -> None:
    with pytest.raises(InvalidPathError, match=r"'\.\./up' cannot be a path"):
        store.import_folder(plant({"a.md": "1"}), into="../up")


def test_a_second_import_changes_only_what_has_changed(store: Store, plant: Plant) -> None:
    plant({"a.md": "1", "b.md": "2", "c.md": "---\ntags: [t]\n---\n3"})
    store.import_folder(plant({}))
    report = store.import_folder(plant({"b.md": "two", "c.md": "---\ntags: [u]\n---\n3", "d.md": "4"}), message="again")
    assert (report.created, report.updated, report.unchanged) == (("d",), ("b", "c"), ("a",))
    assert [(v.number, v.text, v.message, v.origin) for v in store.history("b")] == [
        (2, "two", "again", "import"),
        (1, "2", "", "import"),
    ]
    assert [(version.number, store["c"].tags) for version in store.history("c")] == [(1, ("u",))]


def test_hidden_files_and_other_kinds_of_files_are_left_out(store: Store, plant: Plant) -> None:
    folder = plant(
        {"a.md": "1", ".hidden.md": "x", ".git/b.md": "x", "c.txt": "x", "1.png": b"\xff\0", "md": "x", "b.mdx": "x"}
    )
    assert store.import_folder(folder) == ImportReport(str(folder), created=("a",))


def test_a_folder_with_nothing_in_it_is_imported(store: Store, plant: Plant) -> None:
    folder = plant({})
    assert store.import_folder(folder) == ImportReport(str(folder))


def test_the_home_directory_is_found(store: Store, monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    monkeypatch.setenv("HOME", str(plant({"prompts/a.md": "1"})))
    assert store.import_folder("~/prompts").created == ("a",)


def test_a_folder_that_is_named_by_a_link_is_imported(store: Store, plant: Plant, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(plant({"a.md": "1"}))
    assert store.import_folder(tmp_path / "link").created == ("a",)


@pytest.mark.parametrize("name", ["nowhere", "~nobody-of-that-name/x", "a\0b"])
def test_a_missing_folder_is_one_clear_error(store: Store, tmp_path: Path, name: str) -> None:
    folder = name if name.startswith("~") else str(tmp_path / name)
    assert problems(store, folder) == {folder: "there is no such folder"}


def test_a_file_in_place_of_a_folder_is_one_clear_error(store: Store, plant: Plant) -> None:
    file = plant({"a.md": "1"}) / "a.md"
    assert problems(store, file) == {str(file): "this is not a folder"}


UNREADABLE: dict[str, tuple[bytes, str, str]] = {
    "latin-1": (b"one\ntwo caf\xe9\n", ":2", "this is not UTF-8: invalid continuation byte"),
    "cut off in a character": (b"caf\xc3", ":1", "this is not UTF-8: unexpected end of data"),
    "a lone surrogate": (b"\n\n\xed\xa0\x80", ":3", "this is not UTF-8: invalid continuation byte"),
    "NUL": (b"a\nb\0", ":2", "this holds a NUL character, so it is no text"),
    "an image": (b"\x89PNG\r\n\x1a\n\0\0", ":1", "this is not UTF-8: invalid start byte"),
    "UTF-16 without a mark": ("ab".encode("utf-16-le"), ":1", "this holds a NUL character, so it is no text"),
    "UTF-16 that is cut off": (b"\xff\xfea\0\n\0b", ":2", "this is not UTF-16: truncated data"),
    "half a pair in UTF-16": (b"\xfe\xff\0a\xd8\0\0a", ":1", "this is not UTF-16: illegal UTF-16 surrogate"),
    "UTF-32": ("\ufeffa".encode("utf-32-le"), ":1", "this holds a NUL character, so it is no text"),
    "bad front matter in UTF-16": (
        "\ufeff---\nx: 1\nengine: no\n---\n".encode("utf-16-be"),
        ":3",
        "front matter: engine 'no' is not one of simple, plain, jinja",
    ),
    "too large": (b"x" * (10 * MIB + 1), "", "this is larger than the 10 MiB that a prompt can have"),
    "too large in UTF-8": (
        b"\xff\xfe" + "€".encode("utf-16-le") * (4 * MIB),
        "",
        "this is larger than the 10 MiB that a prompt can have",
    ),
}


@pytest.mark.parametrize(("content", "line", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_text_is_reported(store: Store, plant: Plant, content: bytes, line: str, reason: str) -> None:
    folder = plant({"a.md": "fine", "b.md": content})
    assert problems(store, folder) == {f"b.md{line}": reason}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_tells_the_encoding(store: Store, plant: Plant, encoding: str) -> None:
    mark = "" if encoding.endswith("sig") else "\ufeff"
    store.import_folder(plant({"a.md": (mark + "---\ntags: [é]\n---\n\r\n😀\ufeff").encode(encoding)}))
    assert (store["a"].text, store["a"].tags) == ("\r\n😀\ufeff", ("é",))


def test_the_largest_file_is_imported(store: Store, plant: Plant) -> None:
    store.import_folder(plant({"a.md": b"x" * (10 * MIB)}))
    assert len(store["a"].text) == 10 * MIB


NAMES = {
    "1st.md": "'1st' must start with a letter or _ and hold letters, digits, _, -, and inside . or single spaces",
    "a  b.md": "'a  b' must start with a letter or _ and hold letters, digits, _, -, and inside . or single spaces",
    "2024/a.md": "'2024' must start with a letter or _ and hold letters, digits, _, -, and inside . or single spaces",
    "aux.md": "'aux' is a device on Windows, so it could not be exported",
    "con.x/a.md": "'con.x' is a device on Windows, so it could not be exported",
    f"{'é' * 121}.md": f"{'é' * 20}… is longer than the 240 bytes that a file name can have",
}


def test_names_that_cannot_be_paths_are_reported(store: Store, plant: Plant) -> None:
    assert problems(store, plant(dict.fromkeys([*NAMES, "fine.md"], "x"))) == NAMES


def test_names_that_cannot_be_printed_are_reported_on_a_line_of_their_own(store: Store, plant: Plant) -> None:
    folder = plant({"a\nb.md": "x"})
    (folder / os.fsdecode(b"caf\xe9.md")).write_bytes(b"x")
    found = problems(store, folder)
    assert list(found) == ["a\\nb.md", "caf\\udce9.md"]
    assert "\n  a\\nb.md: 'a\\nb' must start with" in str(ImportFileError(found)).encode().decode()


@pytest.mark.parametrize(
    ("first", "second"),
    [("Tone.md", "tone.md"), ("a.MD", "a.md"), ("e\u0301.md", "é.md"), ("S/a.md", "s/a.md"), ("K.md", "\u212a.md")],
)
def test_two_files_for_one_prompt_are_reported(store: Store, plant: Plant, first: str, second: str) -> None:
    folder = plant({first: "x", second: "y"})
    assert problems(store, folder) == {second: f"this would be the same prompt as {first}"}


def test_all_problems_come_together_and_nothing_is_imported(store: Store, plant: Plant) -> None:
    store.save("a", "before", tags=["t"])
    folder = plant(
        {"a.md": "changed", "new.md": "x", "b/bad.md": b"\xff", "b/worse.md": "---\nengine: x\n---\n", "b/9.md": "x"}
    )
    with pytest.raises(ImportFileError) as caught:
        store.import_folder(folder)
    assert str(caught.value) == (
        "Nothing was imported, because 3 files cannot be read:\n"
        "  b/9.md: '9' must start with a letter or _ and hold letters, digits, _, -, and inside . or single spaces\n"
        "  b/bad.md:1: this is not UTF-8: invalid start byte\n"
        "  b/worse.md:2: front matter: engine 'x' is not one of simple, plain, jinja"
    )
    assert texts(store) == {"a": "before"}
    assert len(store.history("a")) == 1


def test_links_are_named_and_not_followed(store: Store, plant: Plant, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.md").write_text("secret")
    folder = plant({"a/b.md": "x"})
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "key.md").symlink_to(tmp_path / "secret" / "key.md")
    (folder / "a" / "loop").symlink_to(folder)
    (folder / "a" / "self.md").symlink_to(folder / "a" / "self.md")
    (folder / "a" / ".hidden").symlink_to("/etc")
    (folder / "devices").symlink_to("/dev")
    (folder / "zero.md").symlink_to("/dev/zero")
    reason = "this is a link, and links are not followed"
    names = ["a/loop", "a/self.md", "devices", "key.md", "out", "zero.md"]
    report = store.import_folder(folder)
    assert report == ImportReport(str(folder), created=("a/b",), skipped=dict.fromkeys(names, reason))
    assert list(report.skipped) == names


def test_pipes_and_sockets_are_named_and_not_opened(
    store: Store, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = plant({"a.md": "x"})
    os.mkfifo(folder / "pipe.md")
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.md")
        report = store.import_folder(folder)
    assert report.created == ("a",)
    assert report.skipped == {"pipe.md": "this is no ordinary file", "socket.md": "this is no ordinary file"}


@pytest.mark.parametrize(
    ("becomes", "reason"),
    [
        (os.mkfifo, "this is no ordinary file"),
        (lambda file: file.symlink_to("/etc/hostname"), "this cannot be read: Too many levels of symbolic links"),
        (Path.mkdir, "this cannot be read: Is a directory"),
        (lambda _: None, "this cannot be read: No such file or directory"),
    ],
    ids=["pipe", "link", "folder", "nothing"],
)
def test_a_file_that_becomes_something_else_meanwhile_is_reported(
    store: Store, plant: Plant, monkeypatch: pytest.MonkeyPatch, becomes: Callable[[Path], object], reason: str
) -> None:
    """What was listed as a file is looked at once more when it is open, so that nobody can slip a pipe in."""
    folder = plant({"a.md": "x", "b.md": "y"})
    open_file = os.open

    def open_and_swap(file: Path, flags: int) -> int:
        if file.name == "a.md":
            (folder / "b.md").unlink()
            becomes(folder / "b.md")
        return open_file(file, flags)

    monkeypatch.setattr(os, "open", open_and_swap)
    assert problems(store, folder) == {"b.md": reason}


def test_a_file_that_is_written_to_while_it_is_read_is_reported(
    store: Store, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = plant({"a.md": "x"})
    look = os.fstat

    def look_and_write(handle: int) -> os.stat_result:
        found = look(handle)
        with (folder / "a.md").open("ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr(os, "fstat", look_and_write)
    assert problems(store, folder) == {"a.md": "somebody changed this while it was read; import again"}


def test_a_folder_that_cannot_be_listed_is_reported(
    store: Store, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = plant({"a.md": "x", "b/c.md": "y"})
    list_folder = os.scandir

    def refuse(place: Path) -> object:
        if place.name == "b":
            raise PermissionError(13, "Permission denied", str(place))
        return list_folder(place)

    monkeypatch.setattr(os, "scandir", refuse)
    assert problems(store, folder) == {"b": "this folder cannot be read: Permission denied"}


def test_a_tree_of_folders_without_end_is_reported(store: Store, plant: Plant) -> None:
    """Deeper than the system can name: made step by step, as a hostile archive would."""
    folder = plant({})
    here = os.open(folder, os.O_RDONLY)
    for _ in range(50):
        os.mkdir("d" * 100, dir_fd=here)
        below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (reason,) = problems(store, folder).values()
    assert reason == "this folder cannot be read: File name too long"


def test_progress_counts_the_files(store: Store, plant: Plant) -> None:
    calls: list[tuple[int, int]] = []
    store.import_folder(plant({f"p{n}.md": "x" for n in range(20)}), progress=lambda *call: calls.append(call))
    assert calls[-1] == (20, 20)
    assert calls == sorted(calls)
