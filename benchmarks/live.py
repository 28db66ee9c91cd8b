"""What is measured with servers, and mostly with browsers: the dashboard beside the least that one could do."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import keystrokes
import load
import pages
from servers import MissingError
from store import Stores
from timing import Result


@dataclass
class Live:
    """The results, what the servers did under load, and by name why something could not be measured."""

    results: list[Result] = field(default_factory=list)
    loads: list[load.Load] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def _load(stores: Stores, live: Live) -> list[Result]:
    live.loads += load.measure(stores)
    return load.results(live.loads, stores.sizes)


_GROUPS: tuple[tuple[tuple[str, ...], Callable[[Stores, Live], list[Result]]], ...] = (
    (keystrokes.NAMES, lambda stores, _: keystrokes.measure(stores)),
    (load.NAMES, _load),
    (pages.NAMES, lambda stores, _: pages.measure(stores)),
)
NAMES = [name for names, _ in _GROUPS for name in names]


def measure(stores: Stores, only: str = "") -> Live:
    """Measure what has `only` in its name; what belongs together is measured together."""
    live = Live()
    for names, measure_group in _GROUPS:
        wanted = [name for name in names if only in name]
        if not wanted:
            continue
        print(f"{', '.join(wanted)} ...", file=sys.stderr, flush=True)
        try:
            results = measure_group(stores, live)
        except MissingError as error:
            live.missing.update(dict.fromkeys(wanted, str(error)))
        else:
            live.results += [result for result in results if result.work.name in wanted]
    return live
