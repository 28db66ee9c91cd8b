"""Programs that run side by side, each in a process of its own."""

import subprocess
import sys
from collections.abc import Sequence


def run_together(program: str, *arguments: Sequence[str]) -> list[int]:
    """Run a program once with each of the arguments, and return the exit codes; `input("\\n")` in it waits for all.

    That is how they are at it at the same time, however long each takes to start.
    """
    commands = [[sys.executable, "-c", program, *own] for own in arguments]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own programs
        for command in commands
    ]
    for process in running:
        process.stdout.readline()  # type: ignore[union-attr]  # it is a pipe
    for process in running:
        process.stdin.write(b"\n")  # type: ignore[union-attr]  # it is a pipe
        process.stdin.flush()  # type: ignore[union-attr]  # it is a pipe
    for process in running:
        process.communicate(timeout=60)
    return [process.returncode for process in running]
