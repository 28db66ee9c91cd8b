import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.records import Draft

Run = Callable[..., Any]

COMMANDS = [
    "list", "show", "expand", "search", "tags", "dirs", "includes", "referrers",
    "save", "edit", "describe", "rename", "delete", "trash", "recover", "purge",
    "history", "diff", "label", "restore", "import", "export", "check", "doctor", "backup", "where", "dashboard",
    "serve", "token",
]  # fmt: skip


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_the_help_lists_every_command_once_and_how_to_begin(cli: Run, arguments: tuple[str, ...]) -> None:
    result = cli(*arguments)
    named = [line.split()[0] for line in result.out.splitlines() if line.startswith("  ") and line[2].islower()]
    assert (result.code, result.err) == (0, "")
    assert [name for name in named if name in COMMANDS] == COMMANDS
    assert "begin with:\n  echo" in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(cli: Run, command: str) -> None:
    result = cli(command, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"usage: prompt-kernel {command} [-h]")
    assert f"prompt-kernel {command}" in result.out.partition("\nexamples:\n")[2]
    assert "--store URL" in result.out


def test_the_first_steps_of_the_help_work(run_empty: Run) -> None:
    assert run_empty("save", "style/tone", "-m", "first", stdin=b"Speak plainly.\n").code == 0
    assert run_empty("save", "summary", "-m", "first", stdin=b"[[style/tone]]Summarise: {{ text }}\n").code == 0
    result = run_empty("expand", "summary", "text=a long story")
    assert result == (0, "Speak plainly.\nSummarise: a long story\n", "")


def test_version(cli: Run) -> None:
    assert cli("--version") == (0, f"prompt-kernel {pk.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lst"], "There is no command 'lst'. Did you mean list?\nSee: prompt-kernel --help"),
        (["zzzzzz"], "There is no command 'zzzzzz'.\nSee: prompt-kernel --help"),
        (["--wrong"], "unrecognized arguments: --wrong\nSee: prompt-kernel --help"),
        (["show"], "the following arguments are required: PATH\nSee: prompt-kernel show --help"),
        (["show", "a", "b"], "unrecognized arguments: b\nSee: prompt-kernel show --help"),
        (
            ["list", "--limit", "-1"],
            "argument --limit: '-1' is not a whole number\nSee: prompt-kernel list --help",
        ),
        (
            ["list", "--limit", "many"],
            "argument --limit: 'many' is not a whole number\nSee: prompt-kernel list --help",
        ),
        (
            ["expand", "review", "tone"],
            "argument name=value: 'tone' is not name=value\nSee: prompt-kernel expand --help",
        ),
        (
            ["expand", "review", "--limit", "words=3"],
            (
                "argument --limit: 'words' is not one of characters, inclusions, depth, arguments\n"
                "See: prompt-kernel expand --help"
            ),
        ),
        (["expand"], "Say what to expand: a PATH, - for a text from stdin, or --again FILE."),
        (["expand", "review", "--again", "m.json"], "Give either a PATH or --again FILE: 'review' is not name=value."),
        (
            ["expand", "--again", "m.json", "--lenient"],
            "--again expands as it was: without --lenient, --directory, --limit and --lock.",
        ),
        (["expand", "-", "--file", "code=-"], "Only one thing can come from stdin, not the text and code."),
        (
            ["expand", "--again", "-", "--var-json", "-", "--file", "a=-"],
            "Only one thing can come from stdin, not --var-json and --again and a.",
        ),
        (["save", "new", "--variables", "-"], "Only one thing can come from stdin, not the text and --variables."),
        (["describe", "review"], "Give --description, --tag or both."),
        (["label", "review", "--remove"], "--remove needs a LABEL and no VERSION."),
        (["label", "review", "production", "1", "--remove"], "--remove needs a LABEL and no VERSION."),
        (["restore"], "Give a PATH and a VERSION, or --backup FILE."),
        (["restore", "review"], "Give a PATH and a VERSION, or --backup FILE."),
        (["restore", "review", "1", "--backup", "b.db"], "Give either PATH and VERSION, or --backup FILE."),
        (["purge"], "Give either a PATH or --all; what is purged cannot be recovered."),
        (["purge", "review", "--all"], "Give either a PATH or --all; what is purged cannot be recovered."),
        (
            ["dirs", "style"],
            "Give a DIRECTORY with --add, --enable, --disable, --remove or --description, or nothing to list them.",
        ),
        (
            ["dirs", "--add"],
            "Give a DIRECTORY with --add, --enable, --disable, --remove or --description, or nothing to list them.",
        ),
        (
            ["dirs", "style", "--enable", "--disable"],
            "argument --disable: not allowed with argument --enable\nSee: prompt-kernel dirs --help",
        ),
    ],
)
def test_arguments_that_make_no_sense_exit_with_2_and_say_why(run: Run, arguments: list[str], sentence: str) -> None:
    assert run(*arguments) == (2, "", f"prompt-kernel: {sentence}\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "style/tune"], "There is no prompt 'style/tune'. Did you mean style/tone?"),
        (["show", "review@9"], "review has no version 9. It has version 1."),
        (["show", "review@live"], "review has no label live. It has version 1."),
        (["describe", "nix", "--tag", "a"], "There is no prompt 'nix'."),
        (
            ["delete", "style/tone"],
            "style/tone is included by style/base. Change these first, or delete it with --force.",
        ),
        (
            ["rename", "review", "style/tone"],
            "style/tone exists already. Choose another path, or rename the other one first.",
        ),
        (["dirs", "nowhere", "--disable"], "There is no directory 'nowhere'."),
        (["recover", "review"], "There is no prompt 'review'."),
        (["expand", "review", "code=x", "tone=loud"], "tone='loud' does not fit: it must be one of formal, plain."),
        (
            ["--store", "ftp://a/b", "list"],
            (
                "The store ftp://a/b cannot be used: give a path, sqlite:///path, "
                "postgresql+psycopg://… or the http(s):// of a server."
            ),
        ),
    ],
)
def test_what_the_store_refuses_is_one_sentence_and_exit_code_1(run: Run, arguments: list[str], sentence: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out, err.splitlines()[0]) == (1, "", f"prompt-kernel: {sentence}")
    assert "Traceback" not in err


def test_a_file_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing.md"
    assert run("save", "new", missing) == (1, "", f"prompt-kernel: {missing}: No such file or directory.\n")


def test_an_error_of_the_system_without_a_file_is_a_sentence_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is on fire")

    monkeypatch.setattr("prompt_kernel.cli._reading.open_store", fail)
    assert run("list") == (1, "", "prompt-kernel: the disk is on fire.\n")


def test_the_store_can_be_named_before_or_after_the_command(cli: Run, tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    assert cli("--store", file, "save", "a", stdin=b"one").code == 0
    assert cli("show", "a", "--store", file) == (0, "one", "")


def test_the_author_is_who_the_option_says(run: Run, library: pk.Store) -> None:
    assert run("--author", "bo", "save", "review", stdin=b"new").code == 0
    assert (library["review"].author, library["review"].origin) == ("bo", "cli")


def test_a_store_that_takes_no_changes_is_announced(
    run: Run, library: pk.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = pk.connect
    monkeypatch.setattr(pk, "connect", lambda *given, **options: connect(*given, **options, read_only=True))
    shown = run("show", "style/base")
    saved = run("save", "review", stdin=b"new")
    assert (shown.code, shown.out) == (0, "[[style/tone]]Be brief.\n")
    assert shown.err.startswith("This store is open for reading only: ")
    assert saved.code == 1
    assert library["review"].version == 1


def test_help_imports_no_database_and_no_rich() -> None:
    script = (
        "import sys; from prompt_kernel.cli import main\n"
        "codes = [main(words.split()) for words in ('--help', 'save --help', 'check --help', 'expand --help')]\n"
        "heavy = {'sqlmodel', 'sqlalchemy', 'pydantic', 'rich', 'IPython', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'{codes} {heavy}' if any(codes) or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)  # noqa: S603 - ourselves
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_is_utf_8_whatever_the_locale(process: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    running = process("--help", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, b"")
    assert "production, staging, …" in out.decode()


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["show", "long"], ["list"]])
def test_a_closed_pipe_is_silent(
    process: Run, library: pk.Store, monkeypatch: pytest.MonkeyPatch, arguments: list[str], unbuffered: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    library.save("long", "many words " * 100_000, description="many words " * 100)
    library.save_many([Draft(f"many/p{number}", "x", description="many words " * 90) for number in range(300)])
    running = process(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout.read(4)
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(60) == 141


def test_control_c_ends_without_a_traceback(process: Run, read_screen: Callable[..., str], library: pk.Store) -> None:
    master, slave = pty.openpty()
    running = process("save", "typed", stdin=slave, stderr=slave, stdout=subprocess.DEVNULL, start_new_session=True)
    os.close(slave)
    asked = read_screen(master, until="ends it.\n".replace("\n", "\r\n"))
    running.send_signal(signal.SIGINT)
    answered = read_screen(master)
    os.close(master)
    assert running.wait(60) == 130
    assert asked == "Type the text; Ctrl-D on a line of its own ends it.\n"
    assert answered.replace("^C", "") == "prompt-kernel: Interrupted.\n"
    assert "typed" not in library


def test_the_module_runs_too(process: Run) -> None:
    running = process("show", "style/base", stdout=subprocess.PIPE)
    assert running.communicate(timeout=60)[0] == b"[[style/tone]]Be brief.\n"
    assert running.returncode == 0
