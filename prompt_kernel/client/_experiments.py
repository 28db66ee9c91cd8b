"""What the verbs of `experiments` ask: the ledger of the server's store."""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from prompt_kernel import wire
from prompt_kernel.client._call import PAGE, Call, asking, field, reading, rows_of, value_of, writing
from prompt_kernel.client._expands import compile_manifest
from prompt_kernel.client._reads import NONE, Paged, pages
from prompt_kernel.expansion import Expansion, Manifest
from prompt_kernel.records import Rows
from prompt_kernel.runs import ExperimentSummary, Run, expansion_of, finite

_EMPTY: Final = "No experiments yet. Run one: see prompt_kernel.Experiment."
#: What the store notes by itself.
_NOTED: Final = frozenset(["experiment", "id", "author", "at"])
#: So many characters of runs go into one request, of which a server takes four times as much.
_MOST_CHARACTERS: Final = 2**22


def begin(name: str, spec: Mapping[str, Any], *, description: str = "") -> Call[int]:
    """Begin a new round of an experiment, which is made if there is none of that name; return its number."""
    body = {"name": name, "spec": dict(spec), "description": description}
    return writing("POST", "/experiments", field("round"), body)


def record(
    name: str, runs: Sequence[Run], contents: Mapping[str, Mapping[str, Any]]
) -> Generator[Call[Any], Any, None]:
    """Record runs, all of them or none; one of a cell that is there already takes its place."""
    given = dict(contents)
    for part in _parts(runs):
        yield writing("POST", "/experiments/runs", field("count"), {"name": name, "runs": part, "contents": given})
        given = {}


def _parts(runs: Sequence[Run]) -> Iterator[list[dict[str, Any]]]:
    """Give runs as plain data, as many as go into one request; none at all are a request, too."""
    part: list[dict[str, Any]] = []
    size = 0
    for run in runs:
        data = {name: value for name, value in wire.to_data(finite(run)).items() if name not in _NOTED}
        # No request holds half of a surrogate pair, and no answer that was paid for is to be lost by one.
        written = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
        if part and (len(part) >= PAGE or size + len(written) > _MOST_CHARACTERS):
            yield part
            part, size = [], 0
        part.append(json.loads(written))
        size += len(written)
    yield part


def rename(old: str, new: str) -> Call[ExperimentSummary]:
    """Give an experiment another name."""
    return writing("PATCH", "/experiments/one", value_of(ExperimentSummary), {"name": new}, name=old)


def remove(name: str) -> Call[int]:
    """Remove an experiment with all its runs for good, and return how many there were; backups still hold them."""
    return writing("DELETE", "/experiments/one", field("count"), name=name)


def known(name: str, calls: Iterable[str]) -> Generator[Call[dict[str, Run]], dict[str, Run], dict[str, Run]]:
    """Return the latest run of each of `calls` that has an answer and no error, of any round."""
    wanted = list(dict.fromkeys(calls))
    found: dict[str, Run] = {}
    for at in range(0, max(len(wanted), 1), PAGE):
        body = {"name": name, "calls": wanted[at : at + PAGE]}
        found |= yield asking("/experiments/known", value_of(dict[str, Run]), body)
    return found


def runs(
    name: str,
    *,
    round: int | None = None,  # noqa: A002 - the word for it
    prompt: str | None = None,
    model: str | None = None,
    errors: bool | None = None,
    after: int = 0,
    limit: int = 1000,
) -> Paged[Run]:
    """Return up to `limit` runs of a round, the last one by default, in the order they were recorded first."""
    read = rows_of(Run, f"Runs of {name}", "No such runs.")
    where = {"name": name, "round": round, "prompt": prompt, "model": model, "errors": errors}

    def ask(last: Run | None, size: int) -> Call[Rows[Run]]:
        return reading("/experiments/runs", read, {**where, "after": last.id if last else after, "limit": size})

    return pages(read(NONE), limit, ask)


def count(
    name: str,
    *,
    round: int | None = None,  # noqa: A002 - the word for it
    prompt: str | None = None,
    model: str | None = None,
    errors: bool | None = None,
) -> Call[int]:
    """Return how many runs there are; see `runs`."""
    where = {"name": name, "round": round, "prompt": prompt, "model": model, "errors": errors}
    return reading("/experiments/count", field("count"), where, kept=True)


def run(name: str, id: int) -> Call[Run]:  # noqa: A002 - what `Run` calls it
    """Return one run, of any round, by its id."""
    return reading("/experiments/run", value_of(Run), {"name": name, "id": id}, kept=True)


def list_() -> Call[Rows[ExperimentSummary]]:
    """Return every experiment, the latest first."""
    return reading("/experiments", rows_of(ExperimentSummary, "Experiments", _EMPTY), kept=True)


def get(name: str) -> Call[ExperimentSummary]:
    """Return one experiment."""
    return reading("/experiments/one", value_of(ExperimentSummary), {"name": name}, kept=True)


def using(path: str) -> Call[Rows[ExperimentSummary]]:
    """Return the experiments whose last round used a prompt, also where it is only included, the latest first."""
    read = rows_of(ExperimentSummary, f"Experiments with {path}", "None has used it.")
    return reading("/experiments", read, {"using": path}, kept=True)


def manifest(run: Run) -> Call[Manifest]:
    """Return the exact versions that a run's text was made of."""
    return named_manifest(run.experiment, run.manifest)


def named_manifest(name: str, sha256: str) -> Call[Manifest]:
    """Return a manifest of an experiment's runs by its hash, as `Run.manifest` has it."""
    return reading("/experiments/manifest", value_of(Manifest), {"name": name, "sha256": sha256}, kept=True)


def expansion(run: Run) -> Generator[Call[Any], Any, Expansion]:
    """Return the exact text that a run asked with, and where each of its characters came from."""
    found = yield manifest(run)
    prompt = yield compile_manifest(found)
    return expansion_of(run, prompt)
