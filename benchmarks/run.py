"""Measure Prompt Kernel beside its peers and print the ratios: `make bench`, or see `--help`."""

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import engine
import experiments
import frames
import live
import report
import store
import sync
from sizes import FULL, QUICK, Sizes
from timing import Result, Work, measure

_RESULTS = Path(__file__).parent / "results"
_PACKAGES = (
    "prompt-kernel", "jinja2", "minijinja", "banks", "chevron", "sqlalchemy", "streamlit", "uvicorn", "pycrdt",
    "websockets", "playwright", "pandas", "polars", "pyarrow",
)  # fmt: skip
_GROWTH = "open"
_SLOW_REPEATS = frozenset({"import", "sync-first", *frames.NAMES, *experiments.NAMES})


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for."""
    options = _parser().parse_args(arguments)
    sizes = QUICK if options.quick else FULL
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="prompt-kernel-bench-") as folder,
        store.Stores(Path(folder), sizes) as stores,
    ):
        results = list(_results(stores, sizes, options.only))
        growth = store.growth(stores) if options.only in _GROWTH else None
        memory = frames.memory(sizes) if options.only in frames.MEMORY else []
        lived = live.measure(stores, options.only)
    if not (results or growth or memory or lived.results or lived.missing):
        print(f"Nothing is called {options.only}. There are: {', '.join(names())}.", file=sys.stderr)
        return 2
    took = time.monotonic() - started
    table = report.markdown(results, growth, lived, sizes, [*machine(), f"measured in {took:.0f} s"], memory)
    print(table)
    if not options.only:
        print(f"\nWritten to {_write(table, quick=options.quick)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller stores and fewer repeats: about two minutes")
    parser.add_argument("--only", metavar="NAME", default="", help="measure only what has NAME in its name")
    return parser


def works(stores: store.Stores, sizes: Sizes) -> Iterator[tuple[str, Callable[[], Work]]]:
    """Give every timed work's name and how to set it up."""
    yield from engine.works(sizes)
    yield from store.works(stores)
    yield from sync.works(stores)
    yield from frames.works(sizes)
    yield from experiments.works(stores)


def names() -> list[str]:
    """Return what `--only` can name."""
    with store.Stores(Path(), FULL) as stores:
        return [*(name for name, _ in works(stores, FULL)), _GROWTH, frames.MEMORY, *live.NAMES]


def _results(stores: store.Stores, sizes: Sizes, only: str) -> Iterator[Result]:
    for name, make in works(stores, sizes):
        if only not in name:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        repeats = sizes.import_repeats if name in _SLOW_REPEATS else sizes.repeats
        yield measure(make(), repeats=repeats, seconds=sizes.seconds)


def machine() -> list[str]:
    """Return what the figures depend on: the machine, and the versions of everything that took part."""
    return [
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *(f"{package} {_version(package)}" for package in _PACKAGES),
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _write(table: str, *, quick: bool) -> Path:
    _RESULTS.mkdir(exist_ok=True)
    file = _RESULTS / f"{datetime.now(UTC):%Y-%m-%d}{'-quick' if quick else ''}.md"
    file.write_text(table + "\n", "utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
