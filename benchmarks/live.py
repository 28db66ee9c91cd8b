"""What is measured with servers and other processes: each beside the least that one could do."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import api
import keystrokes
import load
import pages
from crowds import CROWDS, NOTICES, Crowd, crowd_result, crowds, notice
from engines import ENGINES
from servers import MissingError
from store import Stores
from timing import Result


@dataclass
class Live:
    """The results, what the servers did under load, and by name why something could not be measured."""

    results: list[Result] = field(default_factory=list)
    loads: list[load.Load] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def _load(stores: Stores, live: Live) -> list[Result]:
    live.loads += load.measure(stores)
    return load.results(live.loads, stores.sizes)


def _crowd(engine: str) -> Callable[[Stores, Live], list[Result]]:
    def measure_crowds(stores: Stores, live: Live) -> list[Result]:
        made = crowds(stores, engine)
        live.crowds += made
        return [crowd_result(made)]

    return measure_crowds


def _notice(engine: str) -> Callable[[Stores, Live], list[Result]]:
    return lambda stores, _: [notice(stores, engine)]


_GROUPS: tuple[tuple[tuple[str, ...], Callable[[Stores, Live], list[Result]]], ...] = (
    (keystrokes.NAMES, lambda stores, _: keystrokes.measure(stores)),
    (load.NAMES, _load),
    (pages.NAMES, lambda stores, _: pages.measure(stores)),
    (api.NAMES, lambda stores, _: api.measure_api(stores)),
    *(((name,), _notice(engine)) for name, engine in zip(NOTICES, ENGINES, strict=True)),
    *(((name,), _crowd(engine)) for name, engine in zip(CROWDS, ENGINES, strict=True)),
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
