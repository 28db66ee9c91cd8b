"""Out and in again is the same: files by their bytes, prompts by all that a file can say of them."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import ImportFileError
from prompt_kernel.store import Store

pytestmark = pytest.mark.usefixtures("no_sync")

FRONT = """\
---
# a comment
zebra: 1.10   # a spelling to keep
tags: [b, "a"]
'quoted key':   {deep: [1, yes, 2024-01-01]}

description: |
  Some lines,
    as they are
alpha: no
---
"""

NASTY: dict[str, bytes] = {
    "keys.md": FRONT.encode() + b"text",
    "windows.md": (FRONT + "a\nb\n").replace("\n", "\r\n").encode(),
    "mixed.md": (FRONT + "a\r\nb\n\r").replace("alpha: no\n", "alpha: no\r\n").encode(),
    "mark.md": b"\xef\xbb\xbf" + FRONT.encode() + b"text",
    "two marks.md": b"\xef\xbb\xbf\xef\xbb\xbftext",
    "utf-sixteen.md": ("\ufeff" + FRONT + "😀 é\r\n").encode("utf-16-le"),
    "big-endian.md": ("\ufeff" + FRONT + "😀 é\r\n").encode("utf-16-be"),
    "empty.md": b"",
    "only a mark.md": b"\xef\xbb\xbf",
    "no final newline.md": b"text",
    "only newlines.md": b"\n\r\n\r\r\n",
    "white space.md": b" \t x \t \n\t",
    "rule.md": b"text\n---\nmore\n---\n",
    "paragraph.md": b"---\nimportant first paragraph\n---\nrest",
    "dashes.md": b"--- a dashed line\ntext --- more",
    "two blocks.md": b"---\n---\n---\ntags: [x]\n---\n",
    "open.md": b"---\ntags: [x]\n",
    "just the block.md": b"---\ntags: [x]\n---",
    "spaces after.md": b"--- \ntags: x, y\t\n---\t\n",
    "json.md": b'---\n{"tags": ["x"], "other": null}\n---\n{"a": 1}',
    "code.md": "```bash\n[[ -f x ]] && echo \\[[a]] {{ b }}\n```\n\x0b\x0c\x1b\x85\u2028\u200b\ufeff".encode(),
    "Ünïcode/e\u0301te\u0301/ﬁle.Md": "é e\u0301 \u202e rtl \U0010ffff".encode(),
    "a/b/c/d.e/f_g-h.MD": b"deep",
}


def texts(**limits: Any) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), **limits)


BODIES = st.tuples(st.sampled_from(["", "---\n", "---\r\n---\r\n", "---\na: b\n---\n", "\ufeff", "\n"]), texts()).map(
    "".join
)
NAMES = st.from_regex(r"[a-zA-Zäß_][a-zA-Zéß0-9_\-]{0,8}(\.[a-z]{1,3})?", fullmatch=True)
LINES = st.sampled_from(
    [*FRONT.splitlines()[1:6], "", "# é 😀", "tags: a, b", "description: 5", "engine: plain", "variables: {a: 1}",
     "variables:\n  b: {values: [x, 1.10], default: x}\n  # c", "description: 'a: b' # c", "tags:\n- a\n- b",
     "x: |+\n  y\n"]
)  # fmt: skip


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    front = draw(st.none() | st.lists(LINES, unique=True, max_size=6).map("\n".join))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    block = "" if front is None else f"---\n{front}\n---\n".replace("\n", newline)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]))
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    return (mark + block + draw(BODIES)).encode(encoding)


TREES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), contents(), max_size=4).map(
    lambda tree: {
        name.casefold() + ending: data for (name, data), ending in zip(tree.items(), [".md", ".MD"] * 2, strict=False)
    }
)


def round_trip(files: Mapping[str, bytes]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as place, Store(":memory:", author="ana") as store:
        source, target = Path(place, "from"), Path(place, "to")
        source.mkdir()
        for name, data in files.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
        try:
            store.import_folder(source)
        except ImportFileError:
            assert len(store) == 0
            return dict(files)
        store.export_folder(target)
        assert store.export_folder(target).written == ()
        return {file.relative_to(target).as_posix(): file.read_bytes() for file in target.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("parser")
def test_the_nasty_files_come_back_byte_for_byte() -> None:
    assert round_trip(NASTY) == NASTY


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_any_files_come_back_byte_for_byte(files: dict[str, bytes]) -> None:
    assert round_trip(files) == files


@settings(max_examples=200, deadline=None)
@given(st.binary() | st.binary().map(b"---\n".__add__) | st.binary().map(b"\xff\xfe".__add__))
def test_any_bytes_come_back_or_are_refused_by_name(data: bytes) -> None:
    assert round_trip({"a.md": data}) == {"a.md": data}


SCALARS = texts(max_size=8) | st.integers() | st.floats() | st.booleans()
VARIABLES = st.dictionaries(
    st.sampled_from(["a", "tone", "größe", "_x"]),
    st.none()
    | SCALARS
    | texts(max_size=5).map(lambda description: {"description": description, "required": False})
    | SCALARS.map(lambda default: {"default": default})
    | st.integers().map(lambda default: {"type": "integer", "default": str(default)})
    | st.lists(texts(max_size=4) | st.integers(), min_size=1, max_size=3).map(
        lambda values: {"type": "enum", "values": values, "default": values[-1]}
    ),
    max_size=3,
)
TAGS = st.lists(
    texts(max_size=6).map(lambda tag: tag.replace(",", "").replace("\n", " ").strip()).filter(bool), max_size=4
)
PROMPTS = st.fixed_dictionaries(
    {
        "text": BODIES,
        "description": texts(max_size=30),
        "tags": TAGS,
        "engine": st.sampled_from(["simple", "plain", "jinja"]),
        "variables": VARIABLES,
    }
)


def known(store: Store, path: str) -> tuple[object, ...]:
    """Tell all of a prompt that a file holds; a default is compared as what a text shows of it."""
    prompt = store[path]
    variables = {
        name: (kind.type, str(kind.default), kind.description, kind.required, kind.values)
        for name, kind in prompt.variables.items()
    }
    return prompt.text, prompt.description, prompt.tags, prompt.engine, variables


def save(store: Store, path: str, fields: Mapping[str, Any]) -> None:
    metadata = dict(fields)
    store.save(path, metadata.pop("text"), **metadata)


@settings(max_examples=150, deadline=None)
@given(PROMPTS)
@example(
    {"text": "x", "description": "\x85a\u2028", "tags": ["#", "-", "[a]", "~"], "engine": "plain", "variables": {}}
)
@example(
    {"text": "", "description": "null", "tags": ["null"], "engine": "plain", "variables": {"a": "null", "tone": "yes"}}
)
def test_any_prompt_comes_back_as_it_was(fields: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as place, Store(":memory:") as first, Store(":memory:") as second:
        save(first, "a/b", fields)
        first.export_folder(place)
        second.import_folder(place)
        assert known(second, "a/b") == known(first, "a/b")
        assert second.export_folder(place).written == ()


@settings(max_examples=100, deadline=None)
@given(contents(), PROMPTS)
def test_any_change_to_any_file_comes_back_and_keeps_the_keys_of_others(data: bytes, fields: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as place, Store(":memory:") as first, Store(":memory:") as second:
        file = Path(place, "a.md")
        file.write_bytes(data)
        try:
            first.import_folder(place)
        except ImportFileError:
            return
        save(first, "a", fields)
        first.export_folder(place)
        second.import_folder(place)
        assert known(second, "a") == known(first, "a")
        kept = [line for line in (b"zebra: 1.10   # a spelling to keep", b"'quoted key':   {deep") if line in data]
        assert [line for line in kept if line in file.read_bytes()] == kept
