"""Servers in processes of their own, on one store."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prompt_kernel.live import Hub, draft_text
from prompt_kernel.store import Store
from tests.live.client import Client, Join, eventually

WORKER = Path(__file__).with_name("worker.py")

Start = Callable[[str, int], subprocess.Popen[str]]


@pytest.fixture
def start(store: Store) -> Iterator[Start]:
    """Start a server that types characters from a code on, until its input ends."""
    started: list[subprocess.Popen[str]] = []

    def start(uid: str, first: int) -> subprocess.Popen[str]:
        command = [sys.executable, str(WORKER), store.url, uid, str(first)]
        process = subprocess.Popen(  # noqa: S603 - our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def acknowledged(process: subprocess.Popen[str], count: int) -> list[str]:
    """Wait for so many characters to be acknowledged, and return them."""
    assert process.stdout is not None
    return [chr(int(process.stdout.readline())) for _ in range(count)]


def rest_of(process: subprocess.Popen[str]) -> list[str]:
    """Return what was acknowledged until the end; the last line of who was killed may be torn."""
    assert process.stdout is not None
    return [chr(int(line)) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]


async def test_two_processes_type_into_one_prompt_and_agree(store: Store, start: Start) -> None:
    uid = store.save("note", "Begin.").uid
    writers = [start(uid, 0x4E00), start(uid, 0x20000)]
    typed = [character for writer in writers for character in acknowledged(writer, 30)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        typed += rest_of(writer)
        assert writer.wait(30) == 0

    saved = store["note"]
    assert sorted(saved.text) == sorted("Begin." + "".join(typed))
    assert saved.text == draft_text(store, "note")
    assert set(saved.author.split(", ")) <= {f"writer {0x4E00}", f"writer {0x20000}"}


async def test_what_was_acknowledged_survives_the_kill_of_its_server(store: Store, start: Start, join: Join) -> None:
    uid = store.save("note", "Begin.").uid
    typed: list[str] = []
    for turn in range(3):
        writer = start(uid, 0x4E00 + 1000 * turn)
        typed += acknowledged(writer, 20)
        writer.kill()
        typed += rest_of(writer)

    text = draft_text(store, "note")
    assert [character for character in typed if text.count(character) != 1] == []
    assert len(text) <= len("Begin.") + len(typed) + 3
    ana = await join("note", "ana")
    assert (ana.text, store["note"].version) == (text, 1)


async def test_this_process_sees_what_another_types_at_once(store: Store, hub: Hub, start: Start) -> None:
    uid = store.save("note", "Begin.").uid
    ana = await Client(hub, uid).join()
    await ana.until_saved()
    writer = start(uid, 0x4E00)

    await ana.until(lambda: chr(0x4E05) in ana.text)
    ana.append("Here.")
    await ana.until_saved()
    writer.kill()
    writer.communicate()

    await eventually(lambda: ana.text == draft_text(store, "note"))
    assert "Here." in ana.text
