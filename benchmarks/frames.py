"""One prompt over a frame of rows, beside the other ways to fill a text once for each row.

The limit is a function that somebody has written by hand for just this prompt: an f-string with the columns zipped. It
checks nothing, so that what our checks cost is in the ratio.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sizes import Sizes
from timing import WALL, Call, Contender, Work

from prompt_kernel import frames
from prompt_kernel.expansion import CompiledPrompt, Expander, Texts

OURS, BY_HAND, FORMAT = "Prompt Kernel", "f-string by hand", "pl.format"
MEMORY = "frame-memory"
NAMES = ("frame-pandas", "frame-polars", "frame-large")
_COLUMNS = ("name", "city", "product", "question", "number")
_LITERAL = "All that is the same in every row stands in the prompt: what to do, how to answer, what to leave out. "


def prompt_text() -> str:
    """Return a prompt of about 1.1 KB with a hole for each column."""
    return "".join(f"{_LITERAL * 2}{{{{ {column} }}}}\n" for column in _COLUMNS)


def columns_of(rows: int) -> dict[str, list[Any]]:
    """Return five columns, the last of them of whole numbers."""
    texts = {column: [f"{column} {number}" for number in range(rows)] for column in _COLUMNS[:-1]}
    return {**texts, _COLUMNS[-1]: list(range(rows))}


def compiled() -> CompiledPrompt:
    """Return the prompt, compiled."""
    return Expander(Texts({"row": prompt_text()})).compile("row")


def works(sizes: Sizes) -> Iterator[tuple[str, Callable[[], Work]]]:
    """Give each work's name and how to set it up."""
    yield NAMES[0], partial(_pandas, NAMES[0], sizes.frame_rows, PEERS)
    yield NAMES[1], partial(_polars, NAMES[1], sizes.frame_rows)
    yield NAMES[2], partial(_pandas, NAMES[2], sizes.frame_rows_large, {BY_HAND: by_hand})


def _pandas(name: str, rows: int, peers: dict[str, Callable[[Any], Call]]) -> Work:
    import pandas as pd  # noqa: PLC0415 - every peer is optional

    frame, prompt = pd.DataFrame(columns_of(rows)), compiled()
    ours = Contender(OURS, lambda: frames.render_frame(prompt, frame, progress=False), read=_read)
    work = Work(name, f"{rows:,} rows of pandas", BY_HAND, 1.1, [ours])
    for peer, make in peers.items():
        try:
            work.contenders.append(Contender(peer, make(frame), read=_read))
        except ModuleNotFoundError as error:
            work.refused[peer] = f"not installed ({error.name})"
    return work


def _polars(name: str, rows: int) -> Work:
    import polars as pl  # noqa: PLC0415 - every peer is optional

    frame, prompt = pl.DataFrame(columns_of(rows)), compiled()
    template = re.sub(r"\{\{ \w+ \}\}", "{}", prompt_text())
    parts: list[Any] = []
    for literal, column in zip(template.split("{}"), [*_COLUMNS, ""], strict=True):
        parts += [pl.lit(literal), *([pl.col(column)] if column else [])]
    return Work(
        name,
        f"{rows:,} rows of polars",
        FORMAT,
        1.1,
        [
            Contender(OURS, lambda: frames.render_frame(prompt, frame, progress=False), read=_read),
            Contender(FORMAT, lambda: frame.select(pl.format(template, *_COLUMNS)).to_series(), read=_read),
            Contender("pl.concat_str", lambda: frame.select(pl.concat_str(parts)).to_series(), read=_read),
        ],
        WALL,  # its threads share the work
    )


def _read(texts: Any) -> tuple[int, int]:
    """Return what all should agree on: how many texts there are, and a hash of them all."""
    listed = texts if isinstance(texts, list) else texts.to_list()
    return len(listed), hash(tuple(listed))


# The other ways


def by_hand(frame: Any) -> Call:
    """Fill an f-string that was written for this prompt, row by row, into a column that goes with the frame."""
    import pandas as pd  # noqa: PLC0415 - every peer is optional

    source = re.sub(r"\{\{ (\w+) \}\}", r"{\1}", prompt_text()).replace("\n", "\\n")
    namespace: dict[str, Any] = {}
    exec(f"def fill({', '.join(_COLUMNS)}):\n    return f'{source}'", namespace)  # noqa: S102 - what a hand would write
    fill = namespace["fill"]

    def call() -> Any:
        texts = [fill(*row) for row in zip(*(frame[column].tolist() for column in _COLUMNS), strict=True)]
        return pd.Series(texts, index=frame.index, dtype=object)

    return call


def _template() -> str:
    return re.sub(r"\{\{ (\w+) \}\}", r"{\1}", prompt_text())


def by_itertuples(frame: Any) -> Call:
    """Call `str.format` with each row of `itertuples`."""
    template = _template()
    return lambda: [template.format(**row._asdict()) for row in frame.itertuples(index=False)]


def by_apply(frame: Any) -> Call:
    """Call `str.format` with each row by `apply`, as most people do."""
    template = _template()
    return lambda: frame.apply(lambda row: template.format(**row), axis=1).tolist()


def by_jinja(frame: Any) -> Call:
    """Render a compiled Jinja2 template with each row."""
    from jinja2 import Template  # noqa: PLC0415 - every peer is optional

    template = Template(prompt_text(), keep_trailing_newline=True)
    return lambda: [template.render(row) for row in frame.to_dict("records")]


def by_minijinja(frame: Any) -> Call:
    """Render a compiled minijinja template with each row."""
    from minijinja import Environment  # noqa: PLC0415 - every peer is optional

    environment = Environment(templates={"row": prompt_text()}, keep_trailing_newline=True)
    return lambda: [environment.render_template("row", **row) for row in frame.to_dict("records")]


def by_copying(frame: Any) -> Call:
    """Copy texts that are there already: the limit, for each has to be written once."""
    texts = [text.encode() for text in by_hand(frame)()]
    return lambda: [text.decode("latin-1") for text in texts]


PEERS: dict[str, Callable[[Any], Call]] = {
    BY_HAND: by_hand,
    "itertuples + str.format": by_itertuples,
    "apply + str.format": by_apply,
    "Jinja2": by_jinja,
    "minijinja": by_minijinja,
    "a copy of the texts": by_copying,
}


# Memory


class Memory(NamedTuple):
    """What filling a frame took: bytes of text that came out, and how far memory grew at most."""

    name: str
    rows: int
    text: int
    growth: int


def memory(sizes: Sizes) -> list[Memory]:
    """Fill a frame of each kind in a process of its own, and see how far that grows."""
    return [_grown(kind, sizes.frame_rows_large) for kind in ("pandas", "polars", "pyarrow")]


def _grown(kind: str, rows: int) -> Memory:
    command = [sys.executable, str(Path(__file__)), kind, str(rows)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - this file
    return Memory(kind, rows, *json.loads(done.stdout))


def _grow(kind: str, rows: int) -> tuple[int, int]:
    prompt, columns = compiled(), columns_of(rows)
    frame = _frame(kind, columns)
    length = len(prompt_text().encode()) - sum(len(f"{{{{ {column} }}}}") for column in _COLUMNS)
    text = rows * length + sum(len(str(cell)) for cells in columns.values() for cell in cells)
    frames.render_frame(prompt, frame[:10] if kind != "pyarrow" else frame.slice(0, 10), progress=False)
    del columns
    before = _most_memory(anew=True)
    texts = frames.render_frame(prompt, frame, progress=False)
    return text, (_most_memory() - before) if len(texts) == rows else 0


def _most_memory(*, anew: bool = False) -> int:
    """Return the most bytes that this process has held; `anew` forgets what was before. Linux tells both."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def _frame(kind: str, columns: dict[str, list[Any]]) -> Any:
    if kind == "pandas":
        import pandas as pd  # noqa: PLC0415 - one of them is measured

        return pd.DataFrame(columns)
    if kind == "polars":
        import polars as pl  # noqa: PLC0415 - see above

        return pl.DataFrame(columns)
    import pyarrow as pa  # noqa: PLC0415 - see above

    return pa.table(columns)


if __name__ == "__main__":
    print(json.dumps(_grow(sys.argv[1], int(sys.argv[2]))))
