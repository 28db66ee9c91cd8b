"""What a store hands out of experiments: plain values. The verbs belong to `Store.experiments`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from prompt_kernel.display import Shown


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
