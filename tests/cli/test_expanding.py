import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]

REVIEW = 'Speak in a {} voice.\nBe brief.\nReview this code:\n\n```\n{}\n```\nAnswer as JSON: {{"answer": "…"}}\n'


@pytest.fixture
def code(tmp_path: Path) -> Path:
    file = tmp_path / "code.py"
    file.write_bytes(b"\xef\xbb\xbfx = 1\r\n")
    return file


def test_only_the_expanded_text_is_printed(run: Run) -> None:
    assert run("expand", "review", "code=x = 1") == (0, REVIEW.format("plain", "x = 1"), "")


def test_options_may_stand_between_the_values(run: Run, code: Path) -> None:
    result = run("expand", "--lenient", "review", "--file", f"code={code}", "tone=formal")
    assert result == (0, REVIEW.format("formal", "\ufeffx = 1\r\n"), "")


def test_values_come_from_anywhere_and_the_nearest_wins(run: Run, tmp_path: Path, code: Path) -> None:
    values = tmp_path / "values.json"
    values.write_bytes(b'\xef\xbb\xbf{"tone": "formal", "code": 3}')
    given = ["expand", "review", "--var-json", values]
    assert run(*given).out == REVIEW.format("formal", "3")
    assert run(*given, "--file", f"code={code}").out == REVIEW.format("formal", "\ufeffx = 1\r\n")
    assert run(*given, "--file", f"code={code}", "code=", "tone=plain").out == REVIEW.format("plain", "")


def test_a_value_may_come_from_stdin(run: Run) -> None:
    assert run("expand", "review", "--file", "code=-", stdin=b"a\n").out == REVIEW.format("plain", "a\n")


def test_a_value_that_is_no_utf_8_comes_out_as_it_went_in(run: Run) -> None:
    assert run("expand", "-", "v=\udce9", stdin=b"<{{ v }}>").out == "<\udce9>"


@pytest.mark.parametrize(
    ("arguments", "text", "expanded"),
    [
        (["-"], "In short: [[style/base]]", "In short: Speak in a plain voice.\nBe brief.\n"),
        (["-", "tone=formal"], "[[tone]]", "Speak in a formal voice.\n"),
        (["-", "--directory", "style"], "[[base]]", "Speak in a plain voice.\nBe brief.\n"),
        (["-"], "{ nothing } \\[[here]]\r\n", "{ nothing } [[here]]\r\n"),
    ],
)
def test_a_free_text_comes_from_stdin(run: Run, arguments: list[str], text: str, expanded: str) -> None:
    assert run("expand", *arguments, stdin=text.encode()) == (0, expanded, "")


def test_a_missing_variable_is_an_error_with_its_place(run: Run) -> None:
    code, out, err = run("expand", "review")
    assert (code, out) == (1, "")
    assert err.startswith("prompt-kernel: No value was given for the variable code. Give code=….")
    assert "{{ code }}\n" in err
    assert err.splitlines()[-1].strip() == "^^^^^^^^^^"


def test_lenient_keeps_what_is_missing_and_says_so_on_stderr(run: Run) -> None:
    code, out, err = run("expand", "-", "--lenient", stdin=b"[[nowhere]] {{ x }}\n")
    assert (code, out) == (0, "[[nowhere]] {{ x }}\n")
    assert [line.partition(":")[0] for line in err.splitlines() if line.startswith("error")] == ["error", "error"]
    assert "nowhere" in err


def test_a_limit_can_be_set_and_its_error_names_the_option(run: Run) -> None:
    code, out, err = run("expand", "review", "code=x", "--limit", "characters=20")
    assert (code, out) == (1, "")
    assert "the limit is 20. Include less, or raise it with --limit characters=…." in err
    assert run("expand", "review", "code=x", "--limit", "characters=2000", "--limit", "depth=9").code == 0


def test_a_manifest_expands_again_whatever_was_saved_since(run: Run, library: pk.Store, tmp_path: Path) -> None:
    manifest = tmp_path / "review.json"
    first = run("expand", "review", "code=x", "--manifest", manifest)
    library.save("style/base", "Be verbose.\n")
    again = run("expand", "--again", manifest, "code=x")
    assert first == again == (0, REVIEW.format("plain", "x"), "")
    assert run("expand", "--again", manifest, "--file", "code=-", stdin=b"x") == first
    assert {entry["path"] for entry in json.loads(manifest.read_bytes())["entries"]} == {
        "review", "style/base", "style/tone", "format/json",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("--var-json", b"{oops", "is not JSON: line 1, column 2: Expecting property name enclosed in double quotes."),
        ("--var-json", b"[1]", 'does not hold a JSON object, as in {"tone": "plain"}.'),
        ("--var-json", b"a\xff", "is not UTF-8 text: byte 2 is 0xff."),
        ("--again", b"{}", "is not a manifest: write one with --manifest."),
        (
            "--again",
            b'{"entries": [{"includes": [], "colour": "red"}]}',
            "is not a manifest: write one with --manifest.",
        ),
    ],
)
def test_a_malformed_file_is_one_sentence(run: Run, tmp_path: Path, option: str, content: bytes, sentence: str) -> None:
    file = tmp_path / "values.json"
    file.write_bytes(content)
    what = [] if option == "--again" else ["review"]
    assert run("expand", *what, option, file) == (1, "", f"prompt-kernel: {file} {sentence}\n")


def test_stdin_that_is_no_text_is_refused(run: Run) -> None:
    result = run("expand", "-", stdin=b"\xe9")
    assert result == (1, "", "prompt-kernel: The standard input is not UTF-8 text: byte 1 is 0xe9.\n")
