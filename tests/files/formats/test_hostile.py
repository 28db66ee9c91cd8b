"""Files that mean harm: one clear error or a harmless prompt, quickly, and nothing outside of the store."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import ImportFileError
from prompt_kernel.files.formats import FORMATS, readable
from prompt_kernel.names import is_path
from prompt_kernel.store import Store

Plant = Callable[..., Path]

#: For each format a file of it, made of a text.
FILES: dict[str, tuple[str, Callable[[str], str]]] = {
    "prompt-manager": ("a.md", str),
    "obsidian": ("a.md", str),
    "fabric": ("a/system.md", str),
    "prompts-chat": ("a.csv", lambda text: f'act,prompt\na,"{text.replace(chr(34), chr(34) * 2)}"\n'),
    "langfuse": ("a.json", lambda text: json.dumps({"name": "a", "prompt": text, "version": 1})),
    "dotprompt": ("a.prompt", str),
    "prompty": ("a.prompty", str),
    "llm": ("a.yaml", lambda text: f"prompt: {json.dumps(text)}\n"),
    "claude": (".claude/commands/a.md", str),
    "copilot": ("a.prompt.md", str),
}
#: Openings that never close would make a careless pattern look through the rest for each of them.
SLOW = [
    "{{",
    "{{!--",
    "{{{",
    "{%",
    "{# ",
    "${",
    "${input:a:",
    "[[",
    "![[",
    "$",
    "!`",
    "@",
    "\\{{",
    "{% raw %}",
    "{{>a ",
]
SLOW += ["@@@langfusePrompt:name=", "`", "user:\n", '[[a(x="', "{{a}", "#file:"]


def test_there_is_a_file_of_each_format() -> None:
    assert set(FILES) == {each.name for each in readable()} - {"markdown", "bundle"}


@pytest.mark.parametrize("name", FILES)
def test_no_text_takes_long(plant: Plant, name: str) -> None:
    file, content = FILES[name]
    for opening in SLOW:
        text = opening * (100_000 // len(opening)) + "\n}"
        with Store(":memory:") as store:
            started = time.perf_counter()
            store.import_from(
                plant({file: content(text)}) / (file if file.endswith((".csv", ".json")) else ""), format=name
            )
            # What backtracks would take hours; what does not is done in a second or two, however busy the machine.
            assert time.perf_counter() - started < 60, opening
            assert len(store) == 1


@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("name", FILES)
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.binary().map(b"---\n".__add__))
def test_any_bytes_are_imported_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes
) -> None:
    file, _ = FILES[name]
    folder = tmp_path_factory.mktemp("from")
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(data)
    source = folder if not file.endswith((".csv", ".json")) else folder / file
    with Store(":memory:") as store:
        assert bool(problems_of(store, source, name)) == (len(store) == 0)


def problems_of(store: Store, source: Path, name: str) -> Mapping[str, str]:
    """Import `source`, and return what is wrong with it."""
    try:
        store.import_from(source, format=name)
    except ImportFileError as error:
        return error.problems
    return {}


BYTES = {
    "latin-1": (b"caf\xe9", "this is not UTF-8: unexpected end of data"),
    "a NUL": (b"a\0b", "this holds a NUL character, so it is no text"),
    "an image": (b"\x89PNG\r\n", "this is not UTF-8: invalid start byte"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("data", "reason"), BYTES.values(), ids=BYTES)
def test_what_is_no_text_is_refused_in_every_format(
    store: Store, plant: Plant, name: str, data: bytes, reason: str
) -> None:
    file, _ = FILES[name]
    source = plant({file: data}) / (file if file.endswith((".csv", ".json")) else "")
    with pytest.raises(ImportFileError) as caught:
        store.import_from(source, format=name)
    ((where, why),) = caught.value.problems.items()
    assert (where.endswith(f"{file}:1"), why, len(store)) == (True, reason, 0)


@pytest.mark.parametrize("name", [name for name, (file, _) in FILES.items() if file.endswith("md")])
def test_links_out_of_the_folder_are_not_followed(store: Store, plant: Plant, tmp_path: Path, name: str) -> None:
    file, _ = FILES[name]
    (tmp_path / "secret.md").write_text("secret")
    folder = plant({file: "x", "in/other.txt": ""})
    (folder / file).with_name("link" + Path(file).name).symlink_to(tmp_path / "secret.md")
    (folder / "loop").symlink_to(folder)
    report = store.import_from(folder, format=name)
    assert set(report.skipped.values()) == {"this is a link, and links are not followed"}
    assert [store[path].text for path in store] == ["x"]


def test_a_pipe_does_not_block(store: Store, plant: Plant) -> None:
    folder = plant({"a.prompt": "x"})
    os.mkfifo(folder / "b.prompt")
    assert store.import_from(folder, format="dotprompt").created == ("a",)


TRAVERSAL = ["../../evil", "/etc/passwd", "C:\\x", "..\\..\\evil", "a\0b", "%2e%2e/x", "\\\\host\\share", "a/../../b"]


@pytest.mark.parametrize("name", TRAVERSAL)
def test_names_that_lead_elsewhere_become_paths_of_the_store(store: Store, plant: Plant, name: str) -> None:
    items = [{"name": name.replace("\0", " "), "prompt": "x", "version": 1}]
    store.import_from(plant({"p.json": json.dumps(items)}) / "p.json", into="in")
    store.import_from(plant({"p.csv": f"act,prompt\n{name.replace(chr(0), ' ')},x\n"}) / "p.csv", into="in2")
    assert all(map(is_path, store))
    assert {path.partition("/")[0] for path in store} == {"in", "in2"}


def test_a_file_that_is_too_large_is_refused(store: Store, plant: Plant) -> None:
    with pytest.raises(ImportFileError, match="this is larger than the 10 MiB that a prompt can have"):
        store.import_from(plant({"a.prompt": b"x" * (10 * 2**20 + 1)}))


def test_one_bad_file_stops_the_whole_import(store: Store, plant: Plant) -> None:
    files = {"a.prompt": "fine", "b.prompt": b"\xff", "c.prompt": "---\nmodel: [\n---\n"}
    with pytest.raises(ImportFileError) as caught:
        store.import_from(plant(files))
    assert ([name.partition(":")[0] for name in caught.value.problems], len(store)) == (["b.prompt", "c.prompt"], 0)


def test_every_format_refuses_what_is_not_there(store: Store, tmp_path: Path) -> None:
    for name in FORMATS:
        if name in FILES:
            with pytest.raises(ImportFileError):
                store.import_from(tmp_path / "nowhere", format=name)
