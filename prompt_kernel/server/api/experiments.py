"""The ledger of experiments. Their names may hold anything, so they come as `?name=` and not in the address."""

from typing import Annotated

from fastapi import Query

from prompt_kernel.expansion import Manifest
from prompt_kernel.runs import ExperimentSummary, Run
from prompt_kernel.server.answers import Answer, answer, items
from prompt_kernel.server.api import experiment_models as models
from prompt_kernel.server.api import schemas
from prompt_kernel.server.api.models import ChangeId, Limit, Words
from prompt_kernel.server.api.routes import StoreOf, routers
from prompt_kernel.wire import from_data, to_data

reading, writing = routers("Experiments")

Name = Annotated[Words, Query(description="The experiment's name.", examples=["tone"])]
Round = Annotated[
    ChangeId | None, Query(description="Only runs of this round, counted from 1; without it, of the last one.")
]
OfPrompt = Annotated[Words | None, Query(description="Only what this prompt or variant asked, as the runs call it.")]
OfModel = Annotated[Words | None, Query(description="Only what this model answered.")]
Errors = Annotated[bool | None, Query(description="`true`: only runs that failed; `false`: only the others.")]
RunId = Annotated[ChangeId, Query(description="The run's id.")]

_SUMMARY = schemas.model_of(ExperimentSummary)
_RUN = schemas.model_of(Run)


@reading.get("/experiments", response_model=schemas.list_of(ExperimentSummary), summary="List experiments")
def experiments(
    store: StoreOf,
    using: Annotated[Words | None, Query(description="Only those whose last round used this prompt.")] = None,
) -> Answer:
    """Give every experiment, the latest first."""
    return items(store.experiments.list() if using is None else store.experiments.using(using))


@writing.post("/experiments", response_model=schemas.RoundModel, summary="Begin a round")
def begin(store: StoreOf, body: models.Round) -> Answer:
    """Begin a new round of an experiment, which is made if there is none of that name."""
    return Answer({"round": store.experiments.begin(body.name, body.spec, description=body.description)})


@reading.get("/experiments/one", response_model=_SUMMARY, summary="Read an experiment")
def experiment(store: StoreOf, name: Name) -> Answer:
    """Give one experiment at a glance."""
    return answer(store.experiments.get(name))


@writing.patch("/experiments/one", response_model=_SUMMARY, summary="Rename an experiment")
def rename(store: StoreOf, name: Name, body: models.NewName) -> Answer:
    """Give an experiment another name."""
    return answer(store.experiments.rename(name, body.name))


@writing.delete("/experiments/one", response_model=schemas.CountModel, summary="Remove an experiment")
def remove(store: StoreOf, name: Name) -> Answer:
    """Remove an experiment with all its runs for good, and give how many there were."""
    return Answer({"count": store.experiments.remove(name)})


@reading.get("/experiments/runs", response_model=schemas.list_of(Run), summary="List runs")
def runs(
    store: StoreOf,
    name: Name,
    round: Round = None,  # noqa: A002 - the word for it
    prompt: OfPrompt = None,
    model: OfModel = None,
    errors: Errors = None,
    after: Annotated[ChangeId, Query(description="The id of the last run of the page before.")] = 0,
    limit: Limit = 100,
) -> Answer:
    """Give the runs of a round with what made them and what came of them, in the order they were recorded first."""
    found = store.experiments.runs(
        name, round=round, prompt=prompt, model=model, errors=errors, after=after, limit=limit
    )
    return items(found)


@writing.post("/experiments/runs", response_model=schemas.CountModel, summary="Record runs")
def record(store: StoreOf, body: models.Record) -> Answer:
    """Record runs, all of them or none; one of a cell that is there already takes its place."""
    recorded = [from_data(Run, {**run.model_dump(), "experiment": body.name}) for run in body.runs]
    store.experiments.record(body.name, recorded, body.contents)
    return Answer({"count": len(recorded)})


@reading.get("/experiments/count", response_model=schemas.CountModel, summary="Count runs")
def count(
    store: StoreOf,
    name: Name,
    round: Round = None,  # noqa: A002 - the word for it
    prompt: OfPrompt = None,
    model: OfModel = None,
    errors: Errors = None,
) -> Answer:
    """Give how many runs there are."""
    return Answer({"count": store.experiments.count(name, round=round, prompt=prompt, model=model, errors=errors)})


@reading.post("/experiments/known", response_model=schemas.by_name(Run), summary="Look up calls")
def known(store: StoreOf, body: models.Calls) -> Answer:
    """Give, of each call that was answered, the latest run, by the hash of what was asked."""
    return Answer(to_data(store.experiments.known(body.name, body.calls)))


@reading.get("/experiments/run", response_model=_RUN, summary="Read a run")
def run(store: StoreOf, name: Name, id: RunId) -> Answer:  # noqa: A002 - what a run calls it
    """Give one run, of any round."""
    return answer(store.experiments.run(name, id))


@reading.get("/experiments/manifest", response_model=schemas.model_of(Manifest), summary="Which versions made it?")
def manifest(
    store: StoreOf, name: Name, sha256: Annotated[Words, Query(description="What the run has as its `manifest`.")]
) -> Answer:
    """Give the exact versions that a run's text was made of."""
    return answer(store.experiments.named_manifest(name, sha256))


@reading.get("/experiments/expansion", response_model=schemas.ExpansionModel, summary="Which text was it?")
def expansion(store: StoreOf, name: Name, id: RunId) -> Answer:  # noqa: A002 - what a run calls it
    """Give the exact text that a run asked with, and where each of its characters came from."""
    return answer(store.experiments.expansion(store.experiments.run(name, id)))
