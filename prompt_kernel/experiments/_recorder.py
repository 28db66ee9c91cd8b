"""Writes what is done into the store while the rest goes on: at once where nothing is being written, else together."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from typing import Any, Final, Protocol, Self

from prompt_kernel.runs import Run

#: A transaction costs a sync of the disk: there are at most twenty a second, each of at most so many runs.
_BETWEEN: Final = 0.05
_MOST: Final = 1_000


class Ledger(Protocol):
    """Where runs go: `Store.experiments`."""

    def record(self, name: str, runs: list[Run], contents: Mapping[str, Mapping[str, Any]]) -> None:
        """Record runs, all of them or none."""


class Recorder:
    """An asynchronous context manager that has recorded all that it was given when it is left, however that is."""

    def __init__(self, ledger: Ledger, name: str, contents: Mapping[str, Mapping[str, Any]]) -> None:
        """Record runs of the experiment `name`; `contents` are the manifests that they name, by their hashes."""
        self._ledger, self._name = ledger, name
        self._contents = dict(contents)
        #: By cell: of what is recorded twice before it is written, the last counts.
        self._waiting: dict[tuple[str, str, str, int], Run] = {}
        self._is_wanted, self._is_over = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="prompt-kernel-recorder")
        self._writing = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over.set()
        self._is_wanted.set()
        try:
            await self._writing
        finally:
            self._thread.shutdown(wait=False)

    def put(self, run: Run) -> None:
        """Have a run recorded soon.

        Raises:
            PromptKernelError: one before it could not be.
        """
        if self._writing.done():
            self._writing.result()
        self._waiting[run.prompt, run.row, run.model, run.repeat] = run
        self._is_wanted.set()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting or not self._is_over.is_set():
            await self._is_wanted.wait()
            self._is_wanted.clear()
            while self._waiting:
                runs = [self._waiting.pop(cell) for cell in list(islice(self._waiting, _MOST))]
                await loop.run_in_executor(self._thread, self._record, runs)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), _BETWEEN)

    def _record(self, runs: list[Run]) -> None:
        used = {score.manifest for run in runs for score in run.scores.values()} | {run.manifest for run in runs}
        contents = {sha256: self._contents.pop(sha256) for sha256 in used & self._contents.keys()}
        self._ledger.record(self._name, runs, contents)
