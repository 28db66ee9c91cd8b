"""What a store hands out of experiments: plain values. The verbs belong to `Store.experiments`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite
from typing import Any, NamedTuple

from prompt_kernel.display import Shown
from prompt_kernel.errors import DamagedTextError
from prompt_kernel.expansion import CompiledPrompt, Expansion, Manifest, hash_of


class Score(NamedTuple):
    """What a scorer made of an output; `value` is None where it could not tell, and `error` then says why.

    `detail` is what a person may want to read, such as a judge's reason; `manifest` names the prompt that a judge
    used, and `cost` what its call cost.
    """

    value: float | None
    detail: str = ""
    error: str = ""
    manifest: str = ""
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Run(Shown):
    """One cell of an experiment's grid, and what came of it.

    `prompt` is what the experiment calls a prompt or variant of its (`review@2`), `row` the index of the input,
    `repeat` counts from 1. `inputs` are all columns of the row and `variables` what was given besides. `manifest` is
    the hex hash of the manifest's JSON: `experiments.manifest(run)` has it, and `experiments.expansion(run)` gives back
    the exact text, whose hash is `text_sha256`. `call` is the hash of what was asked: model, parameters, text and
    repeat; two cells of the same call are paid once. `error` is "" where there was none. `seconds`, `tokens_in`,
    `tokens_out` and `cost` are None where nobody told. `round` counts the times that the experiment was run; a run of
    an older one than the experiment's has been replaced, or its cell is no longer asked for.
    """

    experiment: str
    prompt: str
    row: str
    model: str
    repeat: int
    inputs: Mapping[str, Any]
    variables: Mapping[str, Any]
    parameters: Mapping[str, Any]
    manifest: str
    text_sha256: str
    call: str
    output: str | None = None
    error: str = ""
    scores: Mapping[str, Score] = field(default_factory=dict)
    seconds: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    round: int = 0
    id: int = 0
    author: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExperimentSummary(Shown):
    """One experiment at a glance: `runs` and `errors` count the cells of its last round, `cost` is of all rounds.

    `prompts`, `models` and `scorers` are their names as of the last round.
    """

    name: str
    description: str
    prompts: tuple[str, ...]
    models: tuple[str, ...]
    scorers: tuple[str, ...]
    repeats: int
    round: int
    runs: int
    errors: int
    cost: float | None
    author: str
    created_at: datetime
    updated_at: datetime


def manifest_hash(manifest: Manifest) -> str:
    """Return the hex SHA-256 of a manifest's JSON with sorted keys: what `Run.manifest` names it by."""
    return hash_of(json.dumps(manifest.as_data(), sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def finite(run: Run) -> Run:
    """Return a run without numbers that no JSON has: a score that is none becomes an error of its scorer."""
    numbers = (run.seconds, run.cost, *(part for score in run.scores.values() for part in (score.value, score.cost)))
    if all(map(_is_finite, numbers)):
        return run
    scores = {name: _finite_score(score) for name, score in run.scores.items()}
    return replace(run, seconds=_finite(run.seconds), cost=_finite(run.cost), scores=scores)


def _is_finite(number: float | None) -> bool:
    return number is None or isfinite(number)


def _finite(number: float | None) -> float | None:
    return number if _is_finite(number) else None


def _finite_score(score: Score) -> Score:
    error = score.error if _is_finite(score.value) else score.error or f"it gave {score.value}"
    return score._replace(value=_finite(score.value), error=error, cost=_finite(score.cost))


def expansion_of(run: Run, prompt: CompiledPrompt) -> Expansion:
    """Return the text that a run asked with; `prompt` is what its manifest names.

    Raises:
        DamagedTextError: it is another text.
        ExpansionError: it cannot be expanded, which is the run's error.
    """
    given = {**run.inputs, **run.variables}
    # What is None in a row is missing there, and was not given.
    found = prompt.expand({name: given[name] for name in prompt.declarations if given.get(name) is not None})
    if run.text_sha256 and hash_of(found) != run.text_sha256:
        raise DamagedTextError(prompt.path or "text", prompt.version or 0)
    return found
