"""What an experiment costs for each call, with a model that answers at once; and taking up one that is done.

The limits keep nothing: a bare `asyncio.gather` with a semaphore, and reading as many answers from a table.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from store import Stores
from timing import WALL, Contender, Work

from prompt_kernel.experiments import Experiment
from prompt_kernel.store import Store

NAMES: Final = ("experiment-run", "experiment-resume")
OURS, GATHER, KEPT, SELECT = "Prompt Kernel", "asyncio.gather", "asyncio.gather, each answer kept", "SELECT"
_AT_A_TIME: Final = 8


async def model(text: str) -> str:
    """Answer at once, but let others have their turn."""
    await asyncio.sleep(0)
    return text.upper()


def works(stores: Stores) -> Iterator[tuple[str, Callable[[], Work]]]:
    """Give each work's name and how to set it up."""
    yield NAMES[0], partial(_run, stores)
    yield NAMES[1], partial(_resume, stores)


class _World:
    """A store with a prompt, rows for it, and experiments that have not been run."""

    def __init__(self, stores: Stores, rows: int) -> None:
        self._stores, self._numbers = stores, count(1)
        self._folder = Path(tempfile.mkdtemp(dir=stores.folder))
        self.rows = [{"code": f"x = {number}"} for number in range(rows)]
        self.texts = [f"Be brief. Review this: {row['code']}" for row in self.rows]
        self.store = Store(self._folder / "prompts.db")
        stores.at_the_end(self.store.close)
        self.store.save("style", "Be brief.")
        self.store.save("review", "[[style]] Review this: {{ code }}")
        self.renew()

    def renew(self) -> None:
        """Have an experiment that has not been run, and a table of answers without any, which syncs as often."""
        number = next(self._numbers)
        self.experiment = Experiment(
            f"experiment {number}", store=self.store, prompts="review", inputs=self.rows, models={"model": model}
        )
        self.table = sqlite3.connect(self._folder / f"answers-{number}.db", isolation_level=None)
        self._stores.at_the_end(self.table.close)
        self.table.execute("PRAGMA synchronous = FULL")
        self.table.execute("CREATE TABLE answer (text TEXT PRIMARY KEY, output TEXT NOT NULL)")

    def run(self) -> Any:
        """Run the experiment."""
        return self.experiment.run(concurrency=_AT_A_TIME, progress=False)

    def read(self) -> list[str]:
        """Read the answers from the table."""
        return [output for (output,) in self.table.execute("SELECT output FROM answer")]


def _run(stores: Stores) -> Work:
    world = _World(stores, stores.sizes.calls)
    return Work(
        NAMES[0],
        f"{len(world.rows):,} calls of a model that answers at once, {_AT_A_TIME} at a time",
        GATHER,
        None,
        [
            Contender(OURS, world.run, world.renew, _outputs),
            Contender(GATHER, lambda: asyncio.run(_gather(world.texts, None)), world.renew, sorted),
            Contender(KEPT, lambda: asyncio.run(_gather(world.texts, world.table)), world.renew, sorted),
        ],
        WALL,
    )


def _resume(stores: Stores) -> Work:
    world = _World(stores, stores.sizes.cells)
    world.run()
    world.table.executemany("INSERT INTO answer VALUES (?, ?)", [(text, text.upper()) for text in world.texts])
    title = f"an experiment of {len(world.rows):,} cells that are all done, run again"
    return Work(
        NAMES[1],
        title,
        SELECT,
        None,
        [Contender(OURS, world.run, read=_outputs), Contender(SELECT, world.read, read=sorted)],
        WALL,
    )


async def _gather(texts: list[str], table: sqlite3.Connection | None) -> list[str]:
    """Ask for all texts, so many at a time; keep each answer in `table` by itself, if there is one."""
    free = asyncio.Semaphore(_AT_A_TIME)

    async def ask(text: str) -> str:
        async with free:
            output = await model(text)
        if table is not None:
            table.execute("INSERT INTO answer VALUES (?, ?)", (text, output))
        return output

    return await asyncio.gather(*map(ask, texts))


def _outputs(results: Any) -> object:
    return sorted(run.output for run in results.runs)
