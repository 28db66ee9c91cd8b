"""Which formats there are, how each is recognised, and what is said where none is or several are."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import ExportFileError, ImportFileError, InvalidMetadataError, InvalidPathError
from prompt_kernel.files.formats import FORMATS, preview, readable, recognise, writable
from prompt_kernel.records import Draft, ImportReport
from prompt_kernel.store import Store

Plant = Callable[..., Path]
Harvest = Callable[[Path], dict[str, bytes]]

EXPORT_ONLY = ["mlflow", "promptfoo"]
LANGFUSE = json.dumps({"name": "a", "prompt": "b", "version": 1})


def test_these_are_the_formats() -> None:
    names = ["markdown", "bundle", "prompt-manager", "obsidian", "fabric", "prompts-chat", "langfuse", "dotprompt"]
    names += ["prompty", "llm", "claude", "copilot"]
    assert [each.name for each in readable()] == names
    assert [each.name for each in writable()] == names + EXPORT_ONLY == list(FORMATS)
    assert all(each.title for each in FORMATS.values())


KINDS: dict[str, tuple[Mapping[str, str], str, str]] = {
    "markdown": ({"a.md": "x", "b/c.txt": "y"}, "", "markdown"),
    "one markdown file": ({"a.md": "x"}, "a.md", "markdown"),
    "an empty folder": ({}, "", "markdown"),
    "a markdown folder named commands": ({"commands/a.md": "x", "b.md": "y"}, "", "markdown"),
    "the prompt manager's list": ({"prompt_directories.json": "[]"}, "prompt_directories.json", "prompt-manager"),
    "the prompt manager's folder": ({"prompt_directories.json": "[]", "a.md": "x"}, "", "prompt-manager"),
    "a vault": ({".obsidian/app.json": "{}", "a.md": "x"}, "", "obsidian"),
    "patterns": ({"a/system.md": "x", "README.md": "y"}, "", "fabric"),
    "a pattern": ({"a/system.md": "x"}, "a/system.md", "fabric"),
    "prompts.chat": ({"p.csv": '"act","prompt",for_devs\na,b,c\n'}, "p.csv", "prompts-chat"),
    "prompts.chat with a mark": ({"p.csv": "\ufeffAct,Prompt\r\na,b\r\n"}, "p.csv", "prompts-chat"),
    "langfuse": ({"p.json": LANGFUSE}, "p.json", "langfuse"),
    "a list of langfuse": ({"p.json": f"[{LANGFUSE}]"}, "p.json", "langfuse"),
    "dotprompt": ({"sub/a.prompt": "x"}, "", "dotprompt"),
    "one dotprompt": ({"a.prompt": "x"}, "a.prompt", "dotprompt"),
    "prompty": ({"a.prompty": "x", "README.md": "y"}, "", "prompty"),
    "llm": ({"a.yaml": "prompt: x\n"}, "", "llm"),
    "one llm": ({"a.yml": "# c\nsystem: x\n"}, "a.yml", "llm"),
    "claude": ({".claude/commands/a.md": "x", "README.md": "y", "doc/a.md": "z"}, "", "claude"),
    "skills": ({"pdf/SKILL.md": "x", "pdf/more.md": "y"}, "", "claude"),
    "copilot": ({".github/prompts/a.prompt.md": "x", "README.md": "y"}, "", "copilot"),
    "cursor": ({".cursor/rules/a.mdc": "x"}, "", "copilot"),
}


@pytest.mark.parametrize(("files", "source", "expected"), KINDS.values(), ids=KINDS)
def test_each_format_is_recognised(plant: Plant, files: Mapping[str, str], source: str, expected: str) -> None:
    assert recognise(plant(files) / source).name == expected


STRANGE: dict[str, Mapping[str, str]] = {
    "texts": {"a.txt": "x"},
    "another table": {"a.csv": "a,b\n1,2\n"},
    "other JSON": {"package.json": '{"name": "x", "version": "1"}'},
    "other YAML": {"compose.yaml": "services:\n  web: {image: x}\n", "p.yaml": "prompts: [x]\nproviders: [y]\n"},
    "hidden files only": {".git/a.md": "x", "b.txt": "y"},
}


@pytest.mark.parametrize("files", STRANGE.values(), ids=STRANGE)
def test_what_is_of_no_format_is_said_in_one_sentence(store: Store, plant: Plant, files: Mapping[str, str]) -> None:
    folder = plant(files)
    with pytest.raises(ImportFileError) as caught:
        store.import_from(folder)
    names = ", ".join(each.name for each in readable())
    assert caught.value.problems == {
        str(folder): f"this is of no format that is known; name one if you know better: {names}"
    }


def test_what_could_be_several_formats_is_not_guessed(store: Store, plant: Plant) -> None:
    folder = plant({".claude/commands/a.md": "x", ".github/prompts/b.prompt.md": "y"})
    with pytest.raises(ImportFileError) as caught:
        store.import_from(folder)
    assert caught.value.problems == {
        str(folder): (
            "name the format, because it could be claude (it has .claude/commands/a.md) "
            "or copilot (it has .github/prompts/b.prompt.md)"
        )
    }
    assert store.import_from(folder, format="claude").created == ("commands/a",)
    assert store.import_from(folder, format="copilot").created == ("prompts/b",)


def test_a_format_that_does_not_fit_is_said(store: Store, plant: Plant) -> None:
    folder = plant({"a.md": "x"})
    with pytest.raises(ImportFileError) as caught:
        store.import_from(folder, format="dotprompt")
    assert caught.value.problems == {str(folder): "there is nothing in it that is of the format dotprompt"}


@pytest.mark.parametrize("place", ["nowhere", "a\0b", "x" * 300])
def test_a_place_that_is_not_there_is_said(store: Store, tmp_path: Path, place: str) -> None:
    with pytest.raises(ImportFileError) as caught:
        store.import_from(tmp_path / place)
    assert caught.value.problems == {str(tmp_path / place): "there is no such file or folder"}


def test_a_format_of_another_name_is_refused_with_a_hint(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidMetadataError, match=r"'fabrik' is not one of markdown, .*; did you mean fabric\?"):
        store.import_from(tmp_path, format="fabrik")
    with pytest.raises(InvalidMetadataError, match=r"mlflow can be exported only; markdown, .* can be imported"):
        store.import_from(tmp_path, format="mlflow")
    with pytest.raises(InvalidMetadataError, match="'x' is not one of"):
        store.export_to(tmp_path, format="x")


def test_directories_that_cannot_be_are_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidPathError):
        store.import_from(tmp_path, into="../up")
    with pytest.raises(InvalidPathError):
        store.export_to(tmp_path / "to", directory="/")


def test_markdown_is_imported_and_exported_as_ever(
    store: Store, plant: Plant, harvest: Harvest, tmp_path: Path
) -> None:
    folder = plant({"a.md": "---\ntags: [t]\n---\n[[b]]", "b.md": "{{x}}"})
    assert store.import_from(folder, into="in") == ImportReport(
        str(folder), created=("in/a", "in/b"), format="markdown"
    )
    assert store.import_from(folder / "b.md").created == ("b",)
    report = store.export_to(tmp_path / "to", directory="in")
    assert (report.format, harvest(tmp_path / "to")) == ("markdown", harvest(folder))


def test_a_preview_tells_what_would_be_and_changes_nothing(store: Store, plant: Plant) -> None:
    folder = plant({"a.prompt": "1", "b.prompt": "2", "c.prompt": "{{#x}}3"})
    store.save("b", "2")
    store.save("c", "other")
    before = store.summary(), store.changes()
    told = preview(store, folder)
    assert (store.summary(), store.changes()) == before
    assert (told.created, told.updated, told.unchanged) == (("a",), ("c",), ("b",))
    assert store.import_from(folder) == told


@pytest.mark.parametrize("source", ["", "b.md"])
def test_a_preview_of_markdown_tells_the_same_as_the_import(store: Store, plant: Plant, source: str) -> None:
    folder = plant({"a.md": "---\ntags: [t]\n---\n[[b]]", "b.md": "x"}) / source
    store.save("b", "other")
    assert preview(store, folder, into="in") == store.import_from(folder, into="in")
    assert preview(store, folder).updated == ("b",)


def test_a_bundle_cannot_be_previewed(library: Store, tmp_path: Path) -> None:
    library.export_to(tmp_path, format="bundle")
    with pytest.raises(InvalidMetadataError, match="what an import of bundle would do cannot be told beforehand"):
        preview(library, next(tmp_path.glob("*.jsonl")))


def test_progress_is_told(store: Store, plant: Plant, tmp_path: Path) -> None:
    imported: list[tuple[int, int]] = []
    exported: list[tuple[int, int]] = []
    folder = plant({f"{name}.prompt": name for name in "abc"})
    store.import_from(folder, progress=lambda *call: imported.append(call))
    store.export_to(tmp_path / "to", format="dotprompt", progress=lambda *call: exported.append(call))
    assert (imported[-1], {of for _, of in imported}) == ((3, 3), {3})
    assert exported == [(1, 3), (2, 3), (3, 3)]


def test_a_folder_gets_the_file_of_a_format_of_one_file(library: Store, tmp_path: Path) -> None:
    library.export_to(tmp_path, format="prompts-chat")
    library.export_to(tmp_path / "new" / "my.csv", format="prompts-chat")
    assert (tmp_path / "prompts.csv").read_bytes() == (tmp_path / "new" / "my.csv").read_bytes()


@pytest.mark.parametrize("file", ["../out.prompt", "/etc/out.prompt", "a/../../b", "c:\\x", "a\\b", "", "a//b", "a\0"])
def test_no_layout_leads_out_of_the_folder(store: Store, tmp_path: Path, file: str) -> None:
    store.save_many([Draft("a", "x", layout={"format": "dotprompt", "path": "a", "file": file})])
    with suppress(ExportFileError):
        store.export_to(tmp_path / "to", format="dotprompt")
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written - {"prompts.db"} <= {"to/a.prompt"}
    assert not Path("/etc/out.prompt").exists()


def test_two_prompts_never_become_one_file(store: Store, harvest: Harvest, tmp_path: Path) -> None:
    for path in ("commands/a", "a"):
        store.save(path, path)
    report = store.export_to(tmp_path / "to", format="claude")
    assert harvest(tmp_path / "to") == {
        ".claude/commands/a.md": b"a",
        ".claude/commands/a-2.md": b"commands/a",
    }
    assert [loss.where for loss in report.losses] == ["commands/a"]


@pytest.mark.parametrize("name", [each for each in FORMATS if each not in EXPORT_ONLY])
def test_a_library_goes_out_and_comes_in_again(library: Store, tmp_path: Path, name: str, said: Any) -> None:
    """What the second store has goes through the format again unchanged: the first way out was the lossy one."""
    library.export_to(tmp_path / "one", format=name)
    source = tmp_path / "one"
    with Store(":memory:") as second, Store(":memory:") as third:
        second.import_from(source, format=name)
        second.export_to(tmp_path / "two", format=name)
        third.import_from(tmp_path / "two", format=name)
        assert said(third) == said(second)
        assert len(second) == len(library)
