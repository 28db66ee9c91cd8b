"""A process that writes to a store: `writer.py URL NAME COUNT`, or without COUNT whenever it is told."""

import json
import sys
import time

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.store import Store

#: So few prompts that everybody meets everybody.
PATHS = [f"crowd/p{number}" for number in range(4)]


def write(store: Store, name: str, count: int) -> None:
    """Save `count` texts, each of them once in the world, and print what became of them."""
    taken: list[float] = []
    errors: list[str] = []
    for number in range(count):
        started = time.perf_counter()
        try:
            store.save(PATHS[number % len(PATHS)], f"{name} {number}\n")
        except PromptKernelError as error:
            errors.append(str(error))
        taken.append(time.perf_counter() - started)
    print(json.dumps({"taken": taken, "errors": errors}), flush=True)


def obey(store: Store, name: str) -> None:
    """Save a text for each line that comes in, and print when that began and when it was committed."""
    for number, _ in enumerate(sys.stdin):
        started = time.perf_counter()
        store.save(PATHS[0], f"{name} {number}\n")
        print(json.dumps([started, time.perf_counter()]), flush=True)


if __name__ == "__main__":
    url, author, *counts = sys.argv[1:]
    with Store(url, author=author) as opened:
        print("ready", flush=True)
        sys.stdin.readline()
        if counts:
            write(opened, author, int(counts[0]))
        else:
            obey(opened, author)
