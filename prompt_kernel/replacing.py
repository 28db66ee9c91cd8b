"""Files that are replaced as a whole or not at all, and folders that one process at a time changes."""

import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Final

#: What a process that was killed has left; hidden, so that nothing takes it for a prompt.
LEFT_OVER: Final = re.compile(r"\.prompt-kernel-[0-9a-f]{16}\.tmp")
#: Seconds.
LONGEST_WAIT = 60.0
_LOOK_EVERY: Final = 0.01


@contextmanager
def beside(file: Path) -> Iterator[Path]:
    """Give a path in the folder of `file` for what is to take its place; in the end nothing is left there."""
    temporary = file.with_name(f".prompt-kernel-{secrets.token_hex(8)}.tmp")
    try:
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def filling(file: Path) -> Iterator[BinaryIO]:
    """Give a stream into a new file; after the block what was written is on the disk."""
    with file.open("xb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def keep_mode(file: Path, temporary: Path) -> None:
    """Let `temporary` be readable for those for whom `file` is, if there is one."""
    with suppress(FileNotFoundError):
        temporary.chmod(stat.S_IMODE(file.stat().st_mode))


def replace(file: Path, data: bytes) -> None:
    """Make `file` hold `data`: whoever reads it finds what was there, or all of this.

    Raises:
        OSError: it cannot be written; then it is as it was.
    """
    try:
        _replace(file, data)
    except FileNotFoundError:
        # An export into this folder, or a sync of it, has begun meanwhile, and taken our file for one that was left.
        _replace(file, data)


def _replace(file: Path, data: bytes) -> None:
    with beside(file) as temporary:
        with filling(temporary) as stream:
            stream.write(data)
        keep_mode(file, temporary)
        temporary.replace(file)


def flush(folder: Path) -> None:
    """Make what was renamed in `folder` survive a loss of power, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def alone(folder: Path, late: Exception) -> Iterator[None]:
    """Keep others of this machine waiting who ask this of `folder` too, where the system can lock it.

    Raises:
        Exception: `late`, because somebody has kept it for a minute.
    """
    fcntl = _fcntl()
    handle = -1
    if fcntl:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
    try:
        if fcntl and handle >= 0:
            _wait_for(fcntl, handle, late)
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def _fcntl() -> ModuleType | None:
    try:
        import fcntl  # noqa: PLC0415 - not every system has it
    except ImportError:
        return None
    return fcntl


def _wait_for(fcntl: ModuleType, handle: int, late: Exception) -> None:
    until = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise late from None
            time.sleep(_LOOK_EVERY)
        except OSError:
            return  # a file system without locks
        else:
            return
