"""Every prompt becomes one file, below the folder, whole, and only where it differs."""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from sqlalchemy import text

from prompt_kernel.errors import ExportFileError, InvalidPathError, PromptKernelError
from prompt_kernel.records import ExportReport
from prompt_kernel.store import Store

Plant = Callable[[Mapping[str, bytes | str]], Path]
Harvest = Callable[[Path], dict[str, bytes]]

LEFTOVER = ".prompt-kernel-0123456789abcdef.tmp"


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "to"


def problems(store: Store, folder: Path) -> Mapping[str, str]:
    with pytest.raises(ExportFileError) as caught:
        store.export_folder(folder)
    assert caught.value.folder == str(folder)
    return caught.value.problems


def test_a_library_becomes_a_folder_of_markdown(library: Store, to: Path, harvest: Harvest) -> None:
    report = library.export_folder(to)
    assert harvest(to) == {
        "format/json.md": '---\ntags: [format]\n---\nAnswer as JSON: {"answer": "…"}\n'.encode(),
        "review.md": (
            b"---\ndescription: Review some code\nvariables:\n  code: {description: the code}\n---\n"
            b"[[style/base]]Review this code:\n\n```\n{{ code }}\n```\n[[format/json]]"
        ),
        "style/base.md": b"---\ntags: [style]\n---\n[[style/tone]]Be brief.\n",
        "style/tone.md": (
            b"---\ndescription: How to sound\ntags: [style]\nvariables:\n  tone:\n    type: enum\n"
            b"    values: [formal, plain]\n    default: plain\n---\nSpeak in a {{ tone }} voice.\n"
        ),
    }
    assert report == ExportReport(str(to), ("format/json.md", "review.md", "style/base.md", "style/tone.md"))


def test_an_empty_store_becomes_an_empty_folder(store: Store, to: Path) -> None:
    assert store.export_folder(to) == ExportReport(str(to))
    assert list(to.iterdir()) == []


def test_a_directory_is_exported_as_if_it_was_all(library: Store, to: Path, harvest: Harvest) -> None:
    library.save("style/deep/er", "x")
    library.save("stylish", "not in it")
    report = library.export_folder(to, directory="Style")
    assert report.written == ("base.md", "deep/er.md", "tone.md")
    library.import_folder(to, into="copy")
    assert [entry.path for entry in library.prompts(directory="copy")] == ["copy/base", "copy/deep/er", "copy/tone"]
    assert set(harvest(to)) == set(report.written)


def test_a_directory_that_cannot_be_is_refused(library: Store, to: Path) -> None:
    with pytest.raises(InvalidPathError):
        library.export_folder(to, directory="/")
    assert not to.exists()


def test_prompts_in_disabled_directories_are_exported(library: Store, to: Path) -> None:
    library.update_directory("style", enabled=False)
    assert "style/tone.md" in library.export_folder(to).written


@pytest.mark.usefixtures("no_sync")
def test_more_prompts_than_a_page_holds_are_exported_once_each(store: Store, to: Path, plant: Plant) -> None:
    names = [f"p{number:04}.md" for number in range(1203)]
    store.import_folder(plant(dict.fromkeys(names, "x")))
    calls: list[tuple[int, int]] = []
    report = store.export_folder(to, progress=lambda *call: calls.append(call))
    assert report.written == tuple(names)
    assert calls == [(done, 1203) for done in range(1, 1204)]


def test_only_files_that_differ_are_touched(library: Store, to: Path) -> None:
    library.export_folder(to)
    before = {file: file.stat().st_ino for file in to.rglob("*.md")}
    (to / "review.md").write_text("somebody else wrote this")
    library.save("style/base", "changed")
    report = library.export_folder(to)
    assert report == ExportReport(str(to), ("review.md", "style/base.md"), ("format/json.md", "style/tone.md"))
    untouched = [to / name for name in report.unchanged]
    assert [file.stat().st_ino for file in untouched] == [before[file] for file in untouched]


def test_other_files_stay_and_temporary_ones_of_a_killed_export_go(library: Store, to: Path, harvest: Harvest) -> None:
    (to / "style" / "mine").mkdir(parents=True)
    others = ("notes.txt", ".prompt-kernel-mine.tmp", "style/old.md", f"style/mine/{LEFTOVER}")
    for name in (*others, LEFTOVER, f"style/{LEFTOVER}"):
        (to / name).write_bytes(b"x")
    report = library.export_folder(to)
    assert set(harvest(to)) == {*report.written, *others}


def test_a_file_keeps_its_mode_and_a_new_one_has_the_usual(library: Store, to: Path) -> None:
    to.mkdir()
    (to / "review.md").touch(mode=0o640)
    (to / "plain").touch()
    library.export_folder(to)
    modes = {name: stat.S_IMODE((to / name).stat().st_mode) for name in ("review.md", "format/json.md", "plain")}
    assert modes == {"review.md": 0o640, "format/json.md": modes["plain"], "plain": modes["plain"]}


def test_the_home_directory_is_found(library: Store, monkeypatch: pytest.MonkeyPatch, to: Path) -> None:
    monkeypatch.setenv("HOME", str(to))
    assert library.export_folder("~/all").folder == str(to / "all")


def test_a_folder_that_is_named_by_a_link_is_written_to(library: Store, to: Path, tmp_path: Path) -> None:
    to.mkdir()
    (tmp_path / "link").symlink_to(to)
    assert library.export_folder(tmp_path / "link").folder == str(to)
    assert (to / "review.md").is_file()


# The name of a file


@pytest.mark.parametrize(
    "name", ["Tone.md", "tone.MD", "Sty\u0301le/de\u0301ep/tone.Md", "a.b/c d.md", "\uff2b/\uff2b.md", "\ufb01.md"]
)
def test_a_file_is_exported_under_the_name_that_it_came_with(
    store: Store, plant: Plant, to: Path, harvest: Harvest, name: str
) -> None:
    store.import_folder(plant({name: "x"}))
    store.export_folder(to)
    assert harvest(to) == {name: b"x"}


def test_the_name_fits_as_far_as_the_path_does(store: Store, plant: Plant, to: Path) -> None:
    store.import_folder(plant({"A/B/c.MD": "x", "A/B/d.MD": "y", "A/B/e.MD": "z"}), into="In")
    store.rename("In/A/B/d", "In/A/B/renamed")
    store.rename("In/A/B/e", "a/E")
    store.rename("In/A/B/c", "In/A/B/C")  # where a disk tells case apart, c.MD would stay beside a new C.md
    assert store.export_folder(to).written == ("a/E.md", "In/A/B/c.MD", "In/A/B/renamed.md")
    assert store.export_folder(to / "in", directory="In/A").written == ("B/c.MD", "B/renamed.md")
    assert store.export_folder(to / "deep", directory="In/A/B").written == ("c.MD", "renamed.md")


def test_a_prompt_that_exists_in_another_spelling_is_exported_to_the_file_it_was_read_from(
    store: Store, plant: Plant, harvest: Harvest
) -> None:
    store.save("Tone", "old")
    folder = plant({"tone.md": "new"})
    store.import_folder(folder)
    assert store.export_folder(folder) == ExportReport(str(folder), unchanged=("tone.md",))
    assert harvest(folder) == {"tone.md": b"new"}


# Texts that look like front matter


@pytest.mark.parametrize(
    "content",
    [
        "---\ntags: [a]\n---\nx",
        "---\n---\n",
        "---\r\n---\r\nx",
        "---\ntags: [a\n---\nx",
        "---\ntags: [a]\n---",
        "\ufeffx",
        "\ufeff---\ntags: [a]\n---\nx",
        "---\nno front matter\n---\n",
        "",
        "\n",
        "\r\n\r",
    ],
)
@pytest.mark.parametrize("description", ["", "d"])
def test_a_text_that_looks_like_front_matter_comes_back_as_text(
    store: Store, to: Path, content: str, description: str
) -> None:
    store.save("a", content, description=description)
    store.export_folder(to)
    store.import_folder(to, into="copy")
    assert (store["copy/a"].text, store["copy/a"].description) == (content, description)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_a_changed_text_keeps_the_encoding_of_its_file(
    store: Store, plant: Plant, to: Path, harvest: Harvest, encoding: str
) -> None:
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    store.import_folder(plant({"a.md": (mark + "---\nx: é\n---\nold").encode(encoding)}))
    store.save("a", "new 😀")
    store.export_folder(to)
    assert harvest(to) == {"a.md": (mark + "---\nx: é\n---\nnew 😀").encode(encoding)}


@pytest.mark.parametrize(
    "layout",
    [
        '{"front": "no block", "encoding": "cp1252", "bom": "x", "file": 5}',
        '{"front": "---\\ntags: [a\\n---\\n", "file": "../../tone.md"}',
        '{"front": "---\\ntags: [a]\\n---\\nand more", "file": "/style/tone.md"}',
        '{"front": 5, "encoding": ["utf-8"], "file": "a\\u0000/style/tone.md"}',
        "{}",
    ],
)
def test_a_damaged_layout_is_as_none(library: Store, to: Path, harvest: Harvest, layout: str) -> None:
    """Layouts are data from a file that somebody may have sent."""
    library.export_folder(to / "expected")
    expected = harvest(to / "expected")
    with library._database.writing() as connection:  # noqa: SLF001 - the damage has no public verb
        connection.execute(text("UPDATE prompt SET layout = :layout"), {"layout": layout})
    library.export_folder(to / "found")
    found = {name: content.removeprefix(b"\xef\xbb\xbf") for name, content in harvest(to / "found").items()}
    assert found == expected


# Places that cannot be written to


@pytest.mark.parametrize("path", ["../up", "/top", "a/../../up", "a//b", "con", "a\0b"])
def test_a_path_that_leads_out_of_the_folder_is_refused(library: Store, to: Path, tmp_path: Path, path: str) -> None:
    with library._database.writing() as connection:  # noqa: SLF001 - no verb makes such a path
        connection.execute(text("UPDATE prompt SET path = :path WHERE path = 'review'"), {"path": path})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidPathError):
        library.export_folder(to)
    assert sorted(tmp_path.rglob("*")) == before


def test_links_in_the_folder_are_not_written_through(
    library: Store, to: Path, tmp_path: Path, harvest: Harvest
) -> None:
    outside = tmp_path / "outside"
    (to / "real").mkdir(parents=True)
    outside.mkdir()
    (outside / "mine.md").write_text("mine")
    (to / "style").symlink_to(outside)
    (to / "format").symlink_to(to / "real")
    (to / "review.md").symlink_to(outside / "mine.md")
    assert problems(library, to) == {
        "format": "this is a link, and links are not followed",
        "style": "this is a link, and links are not followed",
        "review.md": "something that is no ordinary file has this place",
    }
    assert harvest(outside) == {"mine.md": b"mine"}
    assert sorted(place.name for place in to.rglob("*")) == ["format", "real", "review.md", "style"]


def test_a_place_that_is_taken_is_reported_before_anything_is_written(library: Store, to: Path) -> None:
    (to / "review.md").mkdir(parents=True)
    (to / "style").write_text("a file")
    os.mkfifo(to / "format")
    assert problems(library, to) == {
        "format": "this is no folder",
        "style": "this is no folder",
        "format/json.md": "this cannot be written: Not a directory",
        "review.md": "something that is no ordinary file has this place",
        "style/base.md": "this cannot be written: Not a directory",
        "style/tone.md": "this cannot be written: Not a directory",
    }
    assert sorted(place.name for place in to.iterdir()) == ["format", "review.md", "style"]


def test_a_file_in_place_of_the_folder_is_one_clear_error(store: Store, to: Path) -> None:
    to.write_text("a file")
    with pytest.raises(PromptKernelError) as caught:
        store.export_folder(to)
    assert str(caught.value) == (
        f"The export to {to} has stopped, because 1 file cannot be written:\n  {to}: this is no folder"
    )


def test_a_prompt_and_a_directory_for_one_place_are_reported(store: Store, to: Path) -> None:
    store.save("Tone", "x")
    store.save("tone.md/a", "y")
    assert problems(store, to) == {"Tone.md": "the prompts in tone.md need a folder of that name"}


def test_a_file_that_cannot_be_written_is_named_and_the_old_one_stays(
    library: Store, to: Path, monkeypatch: pytest.MonkeyPatch, harvest: Harvest
) -> None:
    library.export_folder(to)
    before = harvest(to)
    for path in ("format/json", "review", "style/base"):
        library.save(path, "new")
    flush, calls = os.fsync, []

    def fill_the_disk(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        flush(handle)

    monkeypatch.setattr(os, "fsync", fill_the_disk)
    assert problems(library, to) == {"review.md": "this cannot be written: No space left on device"}
    assert harvest(to) == before | {"format/json.md": b"---\ntags: [format]\n---\nnew"}


def test_a_folder_that_cannot_be_made_is_named(library: Store, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(place: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert problems(library, to) == {str(to): "this cannot be written: Permission denied"}


def test_two_exports_into_one_folder_do_not_stop_each_other(
    library: Store, to: Path, monkeypatch: pytest.MonkeyPatch, harvest: Harvest
) -> None:
    """The second one begins by clearing away what it takes for leftovers, just when the first has written one."""
    library.export_folder(to / "expected")
    flush = os.fsync

    def let_the_other_begin(handle: int) -> None:
        monkeypatch.setattr(os, "fsync", flush)
        library.export_folder(to / "both")
        flush(handle)

    monkeypatch.setattr(os, "fsync", let_the_other_begin)
    library.export_folder(to / "both")
    assert harvest(to / "both") == harvest(to / "expected")


def test_a_file_system_that_cannot_sync_a_folder_is_good_enough(
    library: Store, to: Path, monkeypatch: pytest.MonkeyPatch, harvest: Harvest
) -> None:
    flush = os.fsync

    def sync_files_only(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        flush(handle)

    monkeypatch.setattr(os, "fsync", sync_files_only)
    assert set(library.export_folder(to).written) == set(harvest(to))


def test_a_prompt_that_goes_while_others_are_exported_is_left_out(library: Store, to: Path, harvest: Harvest) -> None:
    """Its path may by then be the display name of another, or of several."""
    library.save("other/style/base", "another")
    library.save("a/style/tone", "another")
    library.save("b/style/tone", "another")
    library.save("gone", "x")

    def delete_them(done: int, _: int) -> None:
        if done == 1:
            for path in ("style/base", "style/tone", "gone", "review"):
                library.delete(path, force=True)

    report = library.export_folder(to, progress=delete_them)
    assert report.written == ("a/style/tone.md", "b/style/tone.md", "format/json.md", "other/style/base.md")
    assert set(harvest(to)) == set(report.written)
