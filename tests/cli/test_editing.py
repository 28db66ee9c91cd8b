import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk

Run = Callable[..., Any]

PRELUDE = """
import os, pathlib, signal, sys
import prompt_kernel as pk
file = pathlib.Path(sys.argv[-1])
text = file.read_bytes().decode()
"""


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of temporary files, for this test alone."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set an editor that runs lines of Python over `text` and `file`."""

    def use(script: str) -> None:
        program = tmp_path / "an editor.py"
        program.write_text(PRELUDE + script)
        monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(program)]))

    monkeypatch.delenv("VISUAL", raising=False)
    return use


def kept_in(err: str) -> bytes:
    return Path(re.search(r"Your text is in '?([^']+?)'?\.( Compare it.*)?\n", err)[1]).read_bytes()


def test_edit_saves_what_the_editor_leaves(run: Run, library: pk.Store, editor: Run, scratch: Path) -> None:
    editor("file.write_bytes(text.replace('brief', 'short').encode())")
    assert run("edit", "base", "-m", "shorter") == (0, "style/base\t2\tsaved\n", "")
    prompt = library["style/base"]
    assert (prompt.text, prompt.message) == ("[[style/tone]]Be short.\n", "shorter")
    assert list(scratch.iterdir()) == []


def test_edit_makes_a_new_prompt(run: Run, library: pk.Store, editor: Run) -> None:
    editor("assert text == '' and file.name.startswith('new-') and file.suffix == '.md'; file.write_bytes(b'a\\r\\n')")
    assert run("edit", "notes/new") == (0, "notes/new\t1\tsaved\n", "")
    assert library["notes/new"].text == "a\r\n"


def test_visual_goes_before_editor(run: Run, library: pk.Store, editor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    editor("file.write_bytes(b'by VISUAL')")
    monkeypatch.setenv("VISUAL", os.environ["EDITOR"])
    monkeypatch.setenv("EDITOR", "false")
    assert run("edit", "review").code == 0
    assert library["review"].text == "by VISUAL"


def test_an_editor_that_changes_nothing_saves_nothing(run: Run, editor: Run, scratch: Path) -> None:
    editor("file.touch()")
    assert run("edit", "base") == (0, "", "Nothing changed in style/base.\n")
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "texts",
    [
        ("open", "open\n", "open"),
        ("open", "OPEN\n", "OPEN"),
        ("a\r\nopen", "a\r\nOPEN\r\n", "a\r\nOPEN"),
        ("open", "OPEN\n\n", "OPEN\n"),
        ("closed\n", "CLOSED\n", "CLOSED\n"),
        ("closed\n", "CLOSED", "CLOSED"),
    ],
)
def test_the_newline_that_an_editor_adds_at_the_end_is_taken_off(
    run: Run, library: pk.Store, editor: Run, texts: tuple[str, str, str]
) -> None:
    before, after, saved = texts
    library.save("text", before)
    editor(f"file.write_bytes({after.encode()!r})")
    assert run("edit", "text").code == 0
    assert library["text"].text == saved


def test_edit_merges_what_was_saved_meanwhile(run: Run, library: pk.Store, editor: Run) -> None:
    library.save("poem", "one\ntwo\nthree\n")
    editor("pk.connect().save('poem', 'ONE\\ntwo\\nthree\\n'); file.write_bytes(b'one\\ntwo\\nTHREE\\n')")
    assert run("edit", "poem") == (0, "poem\t3\tmerged\n", "")
    assert library["poem"].text == "ONE\ntwo\nTHREE\n"


def test_a_conflict_keeps_the_text_in_a_file_that_the_message_names(run: Run, library: pk.Store, editor: Run) -> None:
    editor("pk.connect().save('review', 'theirs', author='bo'); file.write_bytes(b'mine')")
    code, out, err = run("edit", "review")
    assert (code, out) == (1, "")
    assert err.startswith("prompt-kernel: review was changed by bo to version 2 in the same lines. Nothing was saved;")
    assert kept_in(err) == b"mine"
    assert err.count("Your text is in") == 1
    assert library["review"].text == "theirs"


def test_a_new_prompt_that_somebody_made_meanwhile_is_not_overwritten(run: Run, library: pk.Store, editor: Run) -> None:
    editor("pk.connect().save('new', 'theirs'); file.write_bytes(b'mine')")
    result = run("edit", "new")
    assert result.code == 1
    assert kept_in(result.err) == b"mine"
    assert library["new"].text == "theirs"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("file.write_bytes(b'dear'); sys.exit(3)", "ended with exit code 3. Nothing was saved."),
        ("file.write_bytes(b'dear \\xff')", "is not UTF-8 text: byte 6 is 0xff."),
    ],
)
def test_a_text_that_cannot_be_saved_is_kept(run: Run, editor: Run, script: str, sentence: str) -> None:
    editor(script)
    code, out, err = run("edit", "review")
    assert (code, out) == (1, "")
    assert sentence in err
    assert kept_in(err).startswith(b"dear")


def test_a_path_that_is_refused_keeps_the_text(run: Run, editor: Run) -> None:
    editor("file.write_bytes(b'dear')")
    result = run("edit", "a//b")
    assert result.code == 1
    assert kept_in(result.err) == b"dear"


def interrupted(process: Run, script: str, editor: Run) -> tuple[int, str, str]:
    """Edit `review` with an editor that sends what Ctrl-C sends to it and to the command line alike."""
    editor(script)
    running = process("edit", "review", stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    out, err = running.communicate(timeout=60)
    return running.returncode, out.decode(), err.decode()


def test_control_c_that_ends_the_editor_keeps_the_text(process: Run, library: pk.Store, editor: Run) -> None:
    script = "file.write_bytes(b'half'); signal.signal(signal.SIGINT, signal.SIG_DFL); os.kill(0, signal.SIGINT)"
    code, out, err = interrupted(process, script, editor)
    assert (code, out) == (130, "")
    assert err.endswith(".\nprompt-kernel: Interrupted.\n")
    assert kept_in(err) == b"half"
    assert library["review"].version == 1


def test_control_c_that_the_editor_takes_is_none_of_ours(process: Run, library: pk.Store, editor: Run) -> None:
    script = "signal.signal(signal.SIGINT, signal.SIG_IGN); os.kill(0, signal.SIGINT); file.write_bytes(b'whole')"
    assert interrupted(process, script, editor) == (0, "review\t2\tsaved\n", "")
    assert library["review"].text == "whole"


def test_an_editor_that_fails_leaves_no_file_behind(run: Run, monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor --wait")
    sentence = "The editor 'no-such-editor --wait' cannot be started. Set EDITOR to another one."
    assert run("edit", "review") == (1, "", f"prompt-kernel: {sentence}\n")
    assert list(scratch.iterdir()) == []
