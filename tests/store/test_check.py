"""`check` reads the prompts as an author would, `doctor` the database as an engineer would."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.locations import is_postgres
from prompt_kernel.records import Draft, Finding
from prompt_kernel.store import Store
from tests.postgres import on_postgres, on_sqlite

Found = list[tuple[str, str, str, str]]


def fill(store: Store, texts: Mapping[str, str]) -> None:
    """Save all of `texts` at once."""
    store.save_many(Draft(path, text) for path, text in texts.items())


def found(findings: list[Finding]) -> Found:
    """Return findings as plain tuples."""
    return [(finding.severity, finding.code, finding.path, finding.message) for finding in findings]


def sql(store: Store, *statements: str) -> None:
    """Do to the database what no verb would, also to a version."""
    trigger = "DROP TRIGGER version_is_immutable" + (" ON version" if is_postgres(store.url) else "")
    for statement in (trigger, *statements):
        store._database.raw.execute(statement)  # noqa: SLF001 - see above
    store._database.writes += 1  # noqa: SLF001 - as a commit would


# What an author should know


def test_a_sound_library_has_nothing_to_mend(library: Store) -> None:
    assert (library.check(), library.check().empty) == ([], "All prompts are sound.")


@pytest.mark.parametrize(
    ("texts", "findings"),
    [
        (
            {"a": "x\n[[b]] [[abc]]", "abd": "."},
            [
                ("error", "not-found", "a", "line 2: There is no prompt 'abc'. Did you mean abd?"),
                ("error", "not-found", "a", "line 2: There is no prompt 'b'."),
            ],
        ),
        (
            {"a": "[[t]]", "x/t": "1", "y/t": "2"},
            [("error", "ambiguous", "a", "line 1: 't' could be x/t or y/t. Write one of these paths.")],
        ),
        ({"a": "[[b@3]]", "b": "."}, [("error", "not-found", "a", "line 1: b has no version 3. It has version 1.")]),
        ({"a": "[[none/*]]"}, [("error", "not-found", "a", "line 1: There is no prompt 'none/*'.")]),
        (
            {"a": "\n[[a]]"},
            [("error", "cycle", "a", "line 2: These prompts include each other in a circle: a -> a.")],
        ),
        (
            {"a": "[[b]]", "b": "\n[[c]]", "c": "\n\n[[a]]", "d": "From outside: [[a]]"},
            [
                ("error", "cycle", "a", "line 1: These prompts include each other in a circle: b -> c -> a -> b."),
                ("error", "cycle", "b", "line 2: These prompts include each other in a circle: c -> a -> b -> c."),
                ("error", "cycle", "c", "line 3: These prompts include each other in a circle: a -> b -> c -> a."),
            ],
        ),
        (
            {"a": "same", "b": "same", "c": "same", "d": "", "e": ""},
            [
                ("warning", "duplicate", "b", "it has the same text as a; include that instead"),
                ("warning", "duplicate", "c", "it has the same text as a; include that instead"),
            ],
        ),
        ({"a": "`[[b]]` \\[[b]] {{ x }}", "b": "."}, []),
    ],
    ids=["missing", "ambiguous", "version", "glob", "itself", "circle", "duplicate", "fine"],
)
def test_what_is_wrong_in_the_prompts_is_found_where_it_stands(
    store: Store, texts: dict[str, str], findings: Found
) -> None:
    fill(store, texts)
    assert found(store.check()) == findings


def test_variables_are_compared_with_their_uses(store: Store) -> None:
    store.save("inner", "\n{{ n }} {{ m }}", variables={"n": {"type": "integer"}, "m": {"description": "m"}})
    store.save("outer", "[[inner]]", variables={"n": {"type": "number"}, "m": None, "old": None, "gone": None})
    clash = "line 2: inner declares n as integer, but it is number here, nearer to the expanded prompt"
    assert found(store.check()) == [
        ("warning", "clashing-types", "outer", clash),
        ("warning", "unused-variable", "outer", "gone is declared, but nothing uses it"),
        ("warning", "unused-variable", "outer", "old is declared, but nothing uses it"),
    ]


def test_a_fragment_that_nobody_includes_is_unused(store: Store) -> None:
    fill(store, {"used": "U", "lone": "[[lone]]", "a": "[[used]]"})
    for path in ("used", "lone"):
        store.describe(path, tags=["fragment"])
    store.save("lone", "L")
    assert found(store.check()) == [
        ("info", "unused", "lone", "it is tagged fragment, but no prompt includes it"),
    ]


def test_a_former_path_in_a_text_is_told(store: Store) -> None:
    store.save("old", "A")
    store.rename("old", "new")
    store.save("x", "[[old]]")
    assert found(store.check()) == [("info", "redirected", "x", "line 1: old was renamed to new")]


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("\n{% if x %}", "line 2: The template of a is malformed: "),
        ("{{ 1 // 0 }}", "line 1: The template of a failed: "),
    ],
)
def test_a_template_that_cannot_run_is_found_once(store: Store, template: str, sentence: str) -> None:
    store.save("a", template, engine="jinja", variables={"x": None})
    store.save("fine", "{{ x }}{{ y.z }}{% for r in rows %}{{ r.s }}{% endfor %}[[a]]", engine="jinja")
    ((severity, code, path, message),) = found(store.check())
    assert (severity, code, path, message.startswith(sentence)) == ("error", "template", "a", True)


def test_an_expansion_that_would_be_too_large_and_a_damaged_text_are_errors(store: Store) -> None:
    fill(store, {"p0": "xx", **{f"p{n + 1}": f"[[p{n}]]{n}[[p{n}]]" for n in range(25)}})
    assert {(code, path) for _, code, path, _ in found(store.check())} == {
        ("too-large", f"p{number}") for number in range(13, 26)
    }
    store.delete("p25")
    sql(store, "UPDATE version SET text = 'yy' WHERE text = 'xx'")
    store._source.forget()  # noqa: SLF001 - as another process, which has not read it yet
    assert {code for _, code, _, _ in found(store.check())} == {"damaged"}
    assert store.check()[0].message.startswith("The stored text of p0@1 does not match its SHA-256")


def test_disabled_prompts_are_not_checked(store: Store) -> None:
    fill(store, {"d/a": "[[missing]]", "b": "B"})
    store.update_directory("d", enabled=False)
    assert store.check() == []


# What an engineer should know


def test_a_sound_database_has_nothing_to_mend(library: Store) -> None:
    library.delete("format/json", force=True)
    assert (library.doctor(), library.doctor().empty) == ([], "The store is sound.")


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (
            "UPDATE version SET text = 'x' WHERE text LIKE '%Be brief%'",
            ("error", "damaged", "", "style/base@1 does not match its hash"),
        ),
        (
            "UPDATE prompt SET head = 7 WHERE path = 'review'",
            ("error", "headless", "review", "its newest version is missing"),
        ),
        (
            "UPDATE prompt SET deleted_at = '2020-01-01' WHERE path = 'format/json'",
            ("error", "dangling", "review", "[[format/json]] leads to a gone prompt"),
        ),
    ],
    ids=["hash", "headless", "dangling"],
)
def test_what_is_wrong_in_the_rows_is_found(library: Store, statement: str, finding: tuple[str, str, str, str]) -> None:
    sql(library, statement)
    assert found(library.doctor()) == [finding]


@on_sqlite
def test_a_text_that_is_no_text_is_found(library: Store) -> None:
    sql(library, "UPDATE version SET text = x'00ff' WHERE text LIKE '%Be brief%'")
    assert found(library.doctor()) == [("error", "damaged", "", "style/base@1 does not match its hash")]


def test_a_prompt_that_the_search_index_lacks_is_found(library: Store) -> None:
    here = "words @@ 'review:A'" if is_postgres(library.url) else "path = 'review'"
    sql(library, f"DELETE FROM search WHERE {here}")  # noqa: S608 - one of the two
    assert found(library.doctor()) == [("error", "search", "review", "it is missing from the search index")]


@on_postgres
def test_a_search_index_of_other_words_is_found(library: Store) -> None:
    sql(library, "UPDATE search SET words = 'other words' WHERE words @@ 'review:A'")
    assert found(library.doctor()) == [("error", "search", "", "the search index has other words of review")]


@on_sqlite
def test_a_search_index_that_does_not_fit_its_texts_is_found(library: Store) -> None:
    sql(library, "UPDATE search_content SET c3 = 'other words' WHERE c0 = 'review'")
    ((severity, code, path, message),) = found(library.doctor())
    assert (severity, code, path) == ("error", "search", "")
    assert message.startswith("the search index is damaged: ")
    assert library["review"].version == 1


def pages(file: Path) -> tuple[bytes, int]:
    """Return the bytes of a database and the size of its pages."""
    content = file.read_bytes()
    return content, int.from_bytes(content[16:18], "big")


def readable(store: Store, path: str) -> tuple[str, str] | None:
    """Return a path with its text, or None where the store says that it cannot read it."""
    try:
        return path, store[path].text
    except PromptKernelError:
        return None


@on_sqlite
def test_a_damaged_file_is_described_and_what_is_whole_stays_readable(
    store: Store, dump: Callable[[Store], dict[str, Any]]
) -> None:
    fill(store, {f"p{number}": f"{number} " * 500 for number in range(100)})
    before = dump(store)
    file = store._database.file  # noqa: SLF001 - the file of the fixture's store
    assert file is not None
    store.close()
    content, size = pages(file)
    where = content.index(b"77 77 77 77") // size
    file.write_bytes(content[: where * size] + bytes(size) + content[(where + 1) * size :])
    with Store(file) as damaged:
        findings = damaged.doctor()
        assert "structure" in {finding.code for finding in findings}
        read = dict(filter(None, (readable(damaged, path) for path in before["prompts"])))
        assert 50 < len(read) < 100
        assert read == {path: before["prompts"][path][1] for path in read}
        assert damaged.read_only.startswith(f"The store {damaged.url} is open for reading only: the file is damaged")
