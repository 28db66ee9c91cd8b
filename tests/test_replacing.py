"""A file is the old one or the new one, and who changes a folder has it for himself."""

from contextlib import suppress
from pathlib import Path

import pytest

from prompt_kernel import replacing
from prompt_kernel.replacing import alone, beside, filling, replace
from tests.processes import run_together


def test_a_file_is_replaced_with_its_mode_and_nothing_is_left(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    file.chmod(0o640)
    replace(file, b"new")

    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with suppress(ValueError), beside(file) as temporary, filling(temporary) as stream:
        stream.write(b"half of it")
        assert replacing.LEFT_OVER.fullmatch(temporary.name)
        raise ValueError("the rest cannot be made")

    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_was_taken_for_a_left_one_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a sync of the folder does, which clears away what killed processes have left."""
    file = tmp_path / "file"
    cleared: list[Path] = []

    def clear(_file: Path, temporary: Path) -> None:
        if not cleared:
            temporary.unlink()
            cleared.append(temporary)

    monkeypatch.setattr(replacing, "keep_mode", clear)
    replace(file, b"new")

    assert (len(cleared), file.read_bytes()) == (1, b"new")


COUNT = """
import sys
from pathlib import Path
from prompt_kernel.replacing import alone, replace

file = Path(sys.argv[1])
print("ready", flush=True)
input()
for _ in range(20):
    with alone(file.parent, RuntimeError()):
        replace(file, str(int(file.read_bytes()) + 1).encode())
"""


def test_two_processes_take_turns(tmp_path: Path) -> None:
    file = tmp_path / "file"
    replace(file, b"0")
    assert run_together(COUNT, [str(file)], [str(file)]) == [0, 0]
    assert file.read_bytes() == b"40"


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "LONGEST_WAIT", 0.0)

    with alone(tmp_path, RuntimeError()), pytest.raises(ValueError, match="busy"), alone(tmp_path, ValueError("busy")):
        pytest.fail("both have it")


def test_a_folder_that_cannot_be_locked_is_not_waited_for(tmp_path: Path) -> None:
    with alone(tmp_path / "nowhere", RuntimeError()), alone(tmp_path / "nowhere", RuntimeError()):
        pass
