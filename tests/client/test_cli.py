"""The command line with `--store http://…` says what it says with a file."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prompt_kernel.cli import main
from prompt_kernel.store import Store
from tests.client.servers import ServerProcess, free_port

Say = Callable[..., tuple[int, str, str]]

#: Each is run on a file and on a server, one after the other, with the same input.
COMMANDS: list[tuple[str, ...]] = [
    ("list",),
    ("save", "style/tone", "-m", "first"),
    ("save", "review", "--tag", "code", "--description", "Review"),
    ("list", "--json"),
    ("list", "style", "--limit", "1"),
    ("show", "style/tone"),
    ("show", "tone@1", "--json"),
    ("show", "nowhere"),
    ("expand", "review", "code=x = 1"),
    ("expand", "-", "--lenient"),
    ("search", "text"),
    ("tags",),
    ("dirs",),
    ("dirs", "drafts", "--add", "--description", "new"),
    ("dirs", "drafts", "--disable"),
    ("includes", "review"),
    ("referrers", "style/tone"),
    ("describe", "review", "--tag", "x"),
    ("label", "review", "production"),
    ("label", "review"),
    ("history", "review"),
    ("diff", "review"),
    ("restore", "review", "1"),
    ("rename", "style/", "voice/"),
    ("delete", "voice/tone"),
    ("trash",),
    ("recover", "voice/tone"),
    ("check",),
    ("export", "{folder}"),
    ("import", "{folder}", "--into", "again"),
    ("delete", "again/review"),
    ("purge", "--all"),
    ("save", "a//b", "{file}"),
    ("save", "review", "{file}", "--expected", "77"),
]
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)?")
_UID = re.compile(r"\b[0-9a-f]{32}\b")


@pytest.fixture
def say(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Say:
    def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main(arguments)
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Where an empty store is, and where a server is that has another."""
    home = tmp_path_factory.mktemp("remote")
    with ServerProcess(home) as server:
        yield str(tmp_path_factory.mktemp("local") / "prompts.db"), server.url


def test_every_command_says_the_same_of_a_file_and_of_a_server(both: tuple[str, str], say: Say, tmp_path: Path) -> None:
    said: list[list[tuple[int, str, str]]] = [[], []]
    for place, answers in zip(both, said, strict=True):
        file, folder = tmp_path / "new.md", str(tmp_path / place.partition(":")[0].rpartition("/")[2])
        file.write_text("new")
        for number, command in enumerate(COMMANDS):
            words = [word.format(folder=folder, file=file) for word in command]
            stdin = f"[[style/tone]] text {number} {{{{ code }}}}\n" if "tone" not in command[1:2] else "a text\n"
            code, *outputs = say("--store", place, "--author", "ana", *words, stdin=stdin.encode())
            shown = (_UID.sub("<uid>", _TIME.sub("<time>", output.replace(folder, "<folder>"))) for output in outputs)
            answers.append((code, *shown))  # type: ignore[arg-type]  # two of them

    assert dict(zip(COMMANDS, said[1], strict=True)) == dict(zip(COMMANDS, said[0], strict=True))


@pytest.mark.parametrize(
    ("command", "beginning"),
    [
        (("backup",), "A backup is done where the store is"),
        (("doctor",), "A check of the database is done where the store is"),
        (("doctor", "--rescue", "folder"), "A rescue is done where the store is"),
        (("show", "tone", "--draft"), "Live editing is done where the store is"),
        (("token",), "Listing tokens is done where the store is"),
        (("token", "ci"), "Making a token is done where the store is"),
    ],
)
def test_what_is_done_where_the_store_is(
    server: ServerProcess, direct: Store, say: Say, command: tuple[str, ...], beginning: str
) -> None:
    direct.save("style/tone", "x")

    assert say("--store", server.url, *command) == (
        1, "", f"prompt-kernel: {beginning}, and {server.url} is a server: run it there.\n"
    )  # fmt: skip


@pytest.mark.parametrize("command", [("serve",), ("dashboard", "--no-open"), ("restore", "--backup", "backup.db")])
def test_what_needs_the_store_itself_is_a_sentence(server: ServerProcess, say: Say, command: tuple[str, ...]) -> None:
    code, out, err = say("--store", f"{server.url}/?token=secret", *command)

    assert (code, out) == (1, "")
    assert server.url in err
    assert "secret" not in err
    assert err.count("\n") == 1


def test_where_says_where_the_server_is(server: ServerProcess, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", f"{server.url}/")
    code, out, err = say("where")

    assert (code, err) == (0, "")
    assert f"url\t{server.url}\n" in out


def test_a_server_that_is_not_there_is_a_sentence(say: Say) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    code, out, err = say("--store", url, "list")

    assert (code, out) == (1, "")
    assert err.startswith(f"prompt-kernel: The store {url} cannot be used: the server does not answer; start it with ")


def test_edit_saves_what_the_editor_leaves(
    server: ServerProcess, direct: Store, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text("#!/bin/sh\nprintf 'edited\\n' > \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    direct.save("edited/prompt", "before\n")

    code, _, err = say("--store", server.url, "edit", "edited/prompt", "-m", "shorter")

    assert (code, err) == (0, "")
    assert (direct["edited/prompt"].text, direct["edited/prompt"].origin) == ("edited\n", "cli")


def test_a_check_of_a_folder_asks_no_server(say: Say, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "a.md").write_text("[[nowhere]]")

    code, out, _ = say("--store", f"http://127.0.0.1:{free_port()}", "check", "--folder", str(tmp_path / "prompts"))

    assert code == 1
    assert "nowhere" in out
