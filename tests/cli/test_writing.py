import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import prompt_kernel as pk

Run = Callable[..., Any]


def test_save_reads_a_file_or_stdin_and_keeps_every_byte(run: Run, library: pk.Store, tmp_path: Path) -> None:
    file = tmp_path / "new.md"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    assert run("save", "new", file, "-m", "first") == (0, "new\t1\tsaved\n", "")
    assert run("save", "new", "-", stdin=b"\r\n") == (0, "new\t2\tsaved\n", "")
    assert [(version.text, version.message) for version in library.history("new")] == [
        ("\r\n", ""),
        ("\ufeffone\r\ntwo", "first"),
    ]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
@example("\ufeffone\r\ntwo\rthree\u2028")
def test_show_gives_back_what_save_was_given(run: Run, text: str) -> None:
    assert run("save", "any", stdin=text.encode()).code == 0
    assert run("show", "any") == (0, text, "")


def test_save_sets_what_it_is_given_and_leaves_the_rest(run: Run, library: pk.Store, tmp_path: Path) -> None:
    variables = tmp_path / "variables.yaml"
    variables.write_text("city: Oslo\nn: {type: integer, default: 3}\n")
    facts = ["--tag", "a", "--tag", "b", "--description", "About it", "--engine", "plain", "--variables", variables]
    run("save", "new", *facts, stdin=b"one")
    run("save", "new", stdin=b"two")
    prompt = library["new"]
    assert (prompt.text, prompt.tags, prompt.description, prompt.engine) == ("two", ("a", "b"), "About it", "plain")
    assert {name: declaration.default for name, declaration in prompt.variables.items()} == {"city": "Oslo", "n": 3}
    run("save", "new", "--tag", "", stdin=b"three")
    assert library["new"].tags == ()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: [", "is not YAML: line 1: expected the node content, but found '<stream end>'."),
        (b"a: \x07", "is not YAML: it cannot be read."),
    ],
)
def test_variables_that_are_no_yaml_are_one_sentence(run: Run, tmp_path: Path, content: bytes, sentence: str) -> None:
    variables = tmp_path / "variables.yaml"
    variables.write_bytes(content)
    assert run("save", "new", "--variables", variables) == (1, "", f"prompt-kernel: {variables} {sentence}\n")


def test_an_unchanged_text_makes_no_version(run: Run, library: pk.Store) -> None:
    text = library["review"].text
    assert run("save", "review", stdin=text.encode()) == (0, "review\t1\tunchanged\n", "")
    assert library["review"].version == 1


def test_save_merges_what_somebody_else_saved_meanwhile(run: Run, library: pk.Store) -> None:
    library.save("poem", "one\ntwo\nthree\n")
    library.save("poem", "ONE\ntwo\nthree\n")
    result = run("save", "poem", "--expected", "1", stdin=b"one\ntwo\nTHREE\n")
    assert result == (0, "poem\t3\tmerged\n", "")
    assert library["poem"].text == "ONE\ntwo\nTHREE\n"


def test_a_conflict_keeps_a_text_from_stdin_in_a_file_and_shows_what_settles_it(run: Run, library: pk.Store) -> None:
    library.save("poem", "one\n", author="bo")
    library.save("poem", "ONE\n", author="bo")
    code, out, err = run("save", "poem", "--expected", "1", stdin=b"un\n")
    kept = re.search(r"Your text is in (.+?)\. Compare", err)[1]
    assert (code, out) == (1, "")
    assert err == (
        "prompt-kernel: poem was changed by bo to version 2 in the same lines. Nothing was saved; "
        f"merge both texts and save again.\nYour text is in {kept}. Compare it, edit it, and save it:\n"
        f"  prompt-kernel show poem@2 | diff - {kept}\n"
        f"  prompt-kernel save poem {kept} --expected 2\n"
    )
    assert Path(kept).read_bytes() == b"un\n"
    settle = shlex.split(err.splitlines()[-1])[1:]
    assert run(*settle) == (0, "poem\t3\tsaved\n", "")
    assert library["poem"].text == "un\n"


def test_a_conflict_over_a_file_leaves_the_text_where_it_is(run: Run, library: pk.Store, tmp_path: Path) -> None:
    file = tmp_path / "my review.md"
    file.write_text("mine")
    library.save("review", "theirs")
    result = run("save", "review", file, "--expected", "1")
    assert result.code == 1
    assert f"Your text is in '{file}'. Compare it" in result.err


def test_a_text_from_stdin_survives_a_path_that_is_refused(run: Run) -> None:
    code, out, err = run("save", "no: " + "x" * 300, stdin=b"long and dear")
    assert (code, out) == (1, "")
    kept = re.search(r"\nYour text is in (.+)\.\n", err)[1]
    assert Path(kept).read_bytes() == b"long and dear"
    assert Path(kept).stat().st_mode & 0o077 == 0


def test_describe_makes_no_version(run: Run, library: pk.Store) -> None:
    assert run("describe", "tone", "--description", "How it speaks", "--tag", "style", "--tag", "short") == (
        0, "style/tone\tstyle,short\tHow it speaks\n", "",
    )  # fmt: skip
    prompt = library["style/tone"]
    assert (prompt.description, set(prompt.tags), prompt.version) == ("How it speaks", {"style", "short"}, 1)
    run("describe", "tone", "--tag", "")
    assert (library["style/tone"].description, library["style/tone"].tags) == ("How it speaks", ())


def test_rename_prints_every_referrer_that_it_rewrote(run: Run, library: pk.Store) -> None:
    assert run("rename", "style/tone", "voice") == (0, "style/base\n", "")
    assert library["style/base"].text == "[[voice]]Be brief.\n"


def test_rename_of_what_nobody_includes_prints_nothing(run: Run, library: pk.Store) -> None:
    assert run("rename", "review", "ask/review") == (0, "", "")
    assert "ask/review" in library


@pytest.mark.parametrize(("old", "new"), [("style", "voice"), ("style/", "voice/")])
def test_rename_moves_a_directory(run: Run, library: pk.Store, old: str, new: str) -> None:
    result = run("rename", old, new)
    assert (result.code, sorted(result.out.split())) == (0, ["review", "voice/base"])
    assert [path for path in library if path.startswith(("style/", "voice/"))] == ["voice/base", "voice/tone"]


def test_rename_prefers_a_directory_to_a_prompt_of_that_name_elsewhere(run: Run, library: pk.Store) -> None:
    library.save("notes/style", "x")
    run("rename", "style", "voice")
    assert {"notes/style", "voice/tone"} <= set(library)


def test_rename_prefers_a_prompt_to_a_directory_of_the_same_path(run: Run, library: pk.Store) -> None:
    library.save("style", "x")
    run("rename", "style", "voice")
    assert {"voice", "style/tone"} <= set(library)
    run("rename", "style/", "manner")
    assert {"voice", "manner/tone"} <= set(library)
