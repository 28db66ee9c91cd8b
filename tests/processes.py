"""Programs that run side by side, each in a process of its own."""

import subprocess
import sys
from collections.abc import Sequence


def start_together(processes: Sequence["subprocess.Popen[str]"]) -> None:
    """Wait until every process has said that it is ready, and let all of them go."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def run_together(program: str, *arguments: Sequence[str]) -> list[int]:
    """Run a program once with each of the arguments, and return the exit codes; it says `ready`, and reads a line."""
    commands = [[sys.executable, "-c", program, *own] for own in arguments]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        for command in commands
    ]
    start_together(running)
    for process in running:
        process.communicate(timeout=60)
    return [process.returncode for process in running]
