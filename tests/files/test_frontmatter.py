"""What is front matter, what is text, and what is neither; the table of the original's failures comes first."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from prompt_kernel.errors import ImportFileError
from prompt_kernel.store import Store
from prompt_kernel.variables import Declaration

Plant = Callable[[Mapping[str, bytes | str]], Path]
Harvest = Callable[[Path], dict[str, bytes]]


class Read(NamedTuple):
    """What a store should know of a prompt once its file is imported."""

    text: str
    description: str = ""
    tags: tuple[str, ...] = ()
    engine: str = "simple"
    variables: Mapping[str, Declaration] = {}


def all_of_it(content: str) -> tuple[str, Read]:
    return content, Read(content)


READINGS: dict[str, tuple[str, Read]] = {
    # What the original got wrong.
    "tags with commas": ("---\ntags: one, two\n---\nx", Read("x", tags=("one", "two"))),
    "tags that are no texts": ("---\ntags: [1, true, 1.10, ~]\n---\nx", Read("x", tags=("1", "true", "1.10"))),
    "a description that is a number": ("---\ndescription: 5\n---\nx", Read("x", "5")),
    "a description that looks like a number": ("---\ndescription: 1.10\n---\nx", Read("x", "1.10")),
    "a paragraph between dashes": all_of_it("---\nimportant first paragraph\n---\nrest"),
    "a dashed line": all_of_it("--- a dashed line\ntext --- more"),
    "dashes in quotes": ('---\ndescription: "a --- b"\ntags: [x]\n---\nbody', Read("body", "a --- b", ("x",))),
    "a line of dashes in a literal": ("---\ndescription: |\n  ---\n---\nx", Read("x", "---\n")),
    "a byte order mark": ("\ufeff---\ndescription: d\n---\nx", Read("x", "d")),
    "a text that is never stripped": ("---\ntags: [a]\n---\n\n  x \n\n", Read("\n  x \n\n", tags=("a",))),
    "a second block": ("---\ntags: [a]\n---\n---\ntags: [b]\n---\nx", Read("---\ntags: [b]\n---\nx", tags=("a",))),
    # Blocks
    "an empty block": ("---\n---\nx", Read("x")),
    "a blank block": ("---\n\n \n---\nx", Read("x")),
    "a block and nothing else": ("---\ntags: [a]\n---", Read("", tags=("a",))),
    "blanks after the dashes": ("--- \ntags: [a]\n---\t\nx", Read("x", tags=("a",))),
    "windows newlines": ("---\r\ndescription: d\r\n---\r\nx\r\n", Read("x\r\n", "d")),
    "mixed newlines": ("---\r\ndescription: d\n---\r\nx\n\r\n", Read("x\n\r\n", "d")),
    "old newlines": ("---\rdescription: d\r---\rx\r", Read("x\r", "d")),
    "json": ('---\n{"description": "d", "tags": ["a"]}\n---\nx', Read("x", "d", ("a",))),
    "keys of others": ("---\nTags: [x]\nmodel: {name: m}\n2: two\n'q': [1, {a: b}]\n---\nx", Read("x")),
    "a merge key": ("---\n<<: {description: d}\n---\nx", Read("x")),
    "an indented block": ("---\n  description: d\n  tags: [a]\n---\nx", Read("x", "d", ("a",))),
    "dots at the end": ("---\ndescription: d\n...\n---\nx", Read("x", "d")),
    # Texts
    "nothing": all_of_it(""),
    "only dashes": all_of_it("---"),
    "a block that is not closed": all_of_it("---\ndescription: d\n"),
    "four dashes": all_of_it("----\ndescription: d\n----\n"),
    "a block further down": all_of_it("\n---\ndescription: d\n---\n"),
    "an indented line of dashes": all_of_it(" ---\ndescription: d\n---\n"),
    "a heading between dashes": all_of_it("---\n# Heading\n---\nrest"),
    "a list between dashes": all_of_it("---\n- one\n- two\n---\nrest"),
    "a variable between dashes": all_of_it("---\n{{ context }}\n---\nrest"),
    "a name in braces between dashes": all_of_it("---\n{context}\n---\nrest"),
    "braces between dashes": all_of_it("---\n{}\n---\nrest"),
    "an inclusion between dashes": all_of_it("---\n[[style/tone]]\n---\nrest"),
    "an emphasis between dashes": all_of_it("---\n*emphasis*\n---\nrest"),
    "a bell between dashes": all_of_it("---\nding \x07\n---\nrest"),
    "a strange key": all_of_it("---\n? [a]\n: b\n---\nrest"),
    "a long text between dashes": all_of_it("---\n" + "many words\n" * 7000 + "---\nrest"),
    "brackets without end": all_of_it("---\n" + "[" * 60_000 + "\n---\nrest"),
    # Our keys
    "empty values": ("---\ndescription:\ntags:\nengine:\nvariables:\n---\nx", Read("x")),
    "null": ("---\ndescription: null\ntags: ~\n---\nx", Read("x")),
    "a quoted null": ("---\ndescription: 'null'\n---\nx", Read("x", "null")),
    "a word that is no boolean here": ("---\ndescription: yes\ntags: [no, off]\n---\n", Read("", "yes", ("no", "off"))),
    "a date": ("---\ndescription: 2024-01-01\n---\n", Read("", "2024-01-01")),
    "a tag of YAML": ("---\ndescription: !!str 5\n---\n", Read("", "5")),
    "a folded description": ("---\ndescription: >-\n  two\n  lines\n---\n", Read("", "two lines")),
    "a list of tags by lines": ("---\ntags:\n- a\n-  b # c\n-\n---\n", Read("", tags=("a", "b"))),
    "a tag twice": ("---\ntags: [a, a]\n---\n", Read("", tags=("a",))),
    "an anchor": ("---\ndescription: &d text\n---\n", Read("", "text")),
    "an emoji": ("---\ndescription: 😀 é\n---\n😀", Read("😀", "😀 é")),
    "an engine": ("---\nengine: plain\n---\n{{ x }}", Read("{{ x }}", engine="plain")),
}

DECLARATIONS: dict[str, tuple[str, Declaration]] = {
    "only a name": ("", Declaration("v")),
    "a whole number": ("3", Declaration("v", "integer", 3)),
    "a hexadecimal number": ("0x1F", Declaration("v", "integer", 31)),
    "an octal number": ("0o17", Declaration("v", "integer", 15)),
    "zeros in front": ("007", Declaration("v", "integer", 7)),
    "a number": ("-1.5e3", Declaration("v", "number", -1500.0)),
    "infinity": ("-.inf", Declaration("v", "number", float("-inf"))),
    "a quoted number": ("'3'", Declaration("v", "string", "3")),
    "a tagged number": ("!!int '3'", Declaration("v", "integer", 3)),
    "a number that is too long": ("9" * 4001, Declaration("v", "string", "9" * 4001)),
    "true": ("True", Declaration("v", "boolean", default=True)),
    "no boolean": ("no", Declaration("v", "string", "no")),
    "a date": ("2024-01-01", Declaration("v", "string", "2024-01-01")),
    "choices as written": (
        "{values: [1.10, yes], default: 1.10}",
        Declaration("v", "enum", "1.10", values=("1.10", "yes")),
    ),
    "a text as written": ("{type: string, default: 1.10}", Declaration("v", "string", "1.10")),
    "an integer": ("{type: integer, default: 3}", Declaration("v", "integer", 3)),
    "no default": ("{type: string, default: ~}", Declaration("v")),
    "a description": ("{description: 1.10, required: false}", Declaration("v", "string", None, "1.10", required=False)),
}

#: Where, and what; for what PyYAML says itself, how the sentence begins.
FAULTS: dict[str, tuple[str, int, str]] = {
    "a quote that is not closed": ('---\ndescription: "a\n\n---\nb', 2, "this is not valid YAML: "),
    "a line of dashes in quotes": (
        '---\ndescription: "a\n---\nb"\ntags: [x]\n---\nbody',
        2,
        "this is not valid YAML: ",
    ),
    "a bracket that is not closed": ("---\na: 1\ntags: [a\n---\n", 3, "this is not valid YAML: "),
    "a colon too many": ("---\n# note\nNote: a: b\n---\n", 3, "this is not valid YAML: "),
    "prose with one of our keys": ("---\nsome words\ntags: x\n---\n", 3, "this is not valid YAML: "),
    "a second document": ("---\ndescription: d\n...\n--- x\n---\n", 4, "a second document begins here"),
    "a bell": ("---\na: 1\nb: \x07\n---\n", 3, "the character U+0007 is not allowed in YAML"),
    "a key twice": ("---\na: 1\nb: 2\na: 3\n---\n", 4, "the key 'a' is given twice"),
    "a key twice further in": ("---\na:\n  b: 2\n  b: 3\n---\n", 4, "the key 'b' is given twice"),
    "a key that is no text": ("---\na:\n  ? {b: 1}\n  : 2\n---\n", 3, "a key must be a text"),
    "an alias": (
        "---\na: &x [1]\nb: [*x, *x]\n---\n",
        3,
        "*x is an alias, and these are not read; quote it if it is text",
    ),
    "an object of Python": (
        "---\na: !!python/object/apply:os.system [id]\n---\n",
        2,
        "the tag !!python/object/apply:os.system is not read",
    ),
    "a tag of others": ("---\na: 1\nb: !secret x\n---\n", 3, "the tag !secret is not read"),
    "a block that is too deep": (
        "---\na: " + "[" * 20 + "]" * 20 + "\n---\n",
        2,
        "this is nested more than 20 levels deep",
    ),
    "a bomb of brackets": ("---\na: " + "[" * 60_000 + "\n---\n", 2, "this is nested more than 20 levels deep"),
    "a block that is too long": (
        "---\na: |\n" + "  word\n" * 10_000 + "---\n",
        1,
        "this is longer than the 65,536 bytes that are read",
    ),
    "a description that is a list": (
        "---\ndescription: [a]\n---\n",
        2,
        "description must be one text; quote it if it begins with a bracket",
    ),
    "a description with NUL": (
        '---\na: 1\ndescription: "a\\0"\n---\n',
        3,
        "description holds a character that no text can have (NUL or half a surrogate pair)",
    ),
    "tags that are a mapping": (
        "---\ntags: {a: b}\n---\n",
        2,
        "tags must be a list, as in [style, tone], or texts with commas between them",
    ),
    "a tag that is a list": (
        "---\ntags: [[a]]\n---\n",
        2,
        "a tag must be one text; quote it if it begins with a bracket",
    ),
    "a tag with a comma": ("---\ntags: ['a, b']\n---\n", 2, "a tag is one line without a comma, and 100 are the most"),
    "a hundred and one tags": (
        "---\ntags: [" + ", ".join(map(str, range(101))) + "]\n---\n",
        2,
        "a tag is one line without a comma, and 100 are the most",
    ),
    "an engine of others": ("---\nengine: davinci\n---\n", 2, "engine 'davinci' is not one of simple, plain, jinja"),
    "variables that are a list": (
        "---\nvariables: [a]\n---\n",
        2,
        "variables must be a mapping of names, as in {tone: {default: plain}}",
    ),
    "a variable that is no name": (
        "---\nvariables:\n  ok: 1\n  a-b: 2\n---\n",
        4,
        "variables.a-b: a variable's name is an identifier: letters, digits and _",
    ),
    "a default of another type": (
        "---\nvariables:\n  n: {type: integer, default: x}\n---\n",
        3,
        "variables.n.default: 'x': it must be a whole number",
    ),
    "an unknown field": (
        "---\nvariables:\n  n:\n    typ: integer\n---\n",
        3,
        "variables.n: 'typ' is not one of default, description, required, type, values",
    ),
}

MEANT = "; if it is meant as text, write two lines of --- above it"


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("content", "expected"), READINGS.values(), ids=READINGS)
def test_a_file_is_read_as_the_table_says(store: Store, plant: Plant, content: str, expected: Read) -> None:
    store.import_folder(plant({"a.md": content}))
    prompt = store["a"]
    assert Read(prompt.text, prompt.description, prompt.tags, prompt.engine, prompt.variables) == expected


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("content", "expected"), READINGS.values(), ids=READINGS)
def test_what_was_read_is_written_back_byte_for_byte(
    store: Store, plant: Plant, harvest: Harvest, tmp_path: Path, content: str, expected: Read
) -> None:
    del expected
    store.import_folder(plant({"a.md": content}))
    store.export_folder(tmp_path / "to")
    assert harvest(tmp_path / "to") == {"a.md": content.encode()}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("written", "expected"), DECLARATIONS.values(), ids=DECLARATIONS)
def test_a_variable_is_declared_as_it_is_written(
    store: Store, plant: Plant, written: str, expected: Declaration
) -> None:
    store.import_folder(plant({"a.md": f"---\nvariables:\n  v: {written}\n---\n"}))
    assert repr(store["a"].variables) == repr({"v": expected})


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("content", "line", "reason"), FAULTS.values(), ids=FAULTS)
def test_malformed_front_matter_is_reported_by_name_and_line(
    store: Store, plant: Plant, content: str, line: int, reason: str
) -> None:
    with pytest.raises(ImportFileError) as caught:
        store.import_folder(plant({"a.md": content}))
    ((name, said),) = caught.value.problems.items()
    assert name == f"a.md:{line}"
    assert said.startswith(f"front matter: {reason}")
    assert said.removesuffix(MEANT) == f"front matter: {reason}" or reason.endswith(": ")
    assert len(store) == 0


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("escape", ["U00110000", "UFFFFFFFF"])
def test_an_escape_that_is_no_character_is_reported(store: Store, plant: Plant, escape: str) -> None:
    with pytest.raises(ImportFileError, match=r"a\.md:\d: front matter: this is not valid YAML: "):
        store.import_folder(plant({"a.md": f'---\ndescription: "\\{escape}"\n---\n'}))


def test_a_fault_of_the_yaml_says_how_to_make_it_a_text(store: Store, plant: Plant) -> None:
    folder = plant({"a.md": "---\nNote: a: b\n---\n"})
    with pytest.raises(ImportFileError, match="if it is meant as text, write two lines of --- above it"):
        store.import_folder(folder)
    plant({"a.md": "---\n---\n---\nNote: a: b\n---\n"})
    store.import_folder(folder)
    assert store["a"].text == "---\nNote: a: b\n---\n"


def test_a_key_that_is_not_there_leaves_what_the_store_has(store: Store, plant: Plant) -> None:
    variables: dict[str, Any] = {"tone": {"default": "plain"}}
    store.save("a", "{{ tone }}", description="d", tags=["t"], engine="jinja", variables=variables)
    store.import_folder(plant({"a.md": "{{ tone }}!"}))
    found = store["a"]
    assert (found.text, found.description, found.tags, found.engine) == ("{{ tone }}!", "d", ("t",), "jinja")
    assert found.variables == {"tone": Declaration("tone", default="plain")}


def test_a_key_that_is_empty_empties_what_the_store_has(store: Store, plant: Plant) -> None:
    store.save("a", "x", description="d", tags=["t"], variables={"tone": None})
    store.import_folder(plant({"a.md": "---\ndescription:\ntags: []\nvariables: {}\n---\nx"}))
    found = store["a"]
    assert (found.description, found.tags, found.variables) == ("", (), {})
