"""The ledger of a server's store: each verb does by HTTP what it does where the store is."""

import inspect
import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from prompt_kernel.client import AsyncClient, Client, _experiments
from prompt_kernel.client.experiments import AsyncExperiments
from prompt_kernel.client.experiments import Experiments as RemoteExperiments
from prompt_kernel.errors import (
    ExperimentNotFoundError,
    InvalidMetadataError,
    NotFoundError,
    PromptKernelError,
    PromptNotFoundError,
)
from prompt_kernel.expansion import CompiledPrompt
from prompt_kernel.runs import Run, Score, manifest_hash
from prompt_kernel.store import Store
from prompt_kernel.store.experiments import Experiments
from tests.ledger import SPEC, bare, contents_of, run_of

VERBS = sorted(name for name in vars(Experiments) if not name.startswith("_"))


@pytest.fixture
def prompt(direct: Store) -> Iterator[CompiledPrompt]:
    """Give a prompt of the server's store, whose experiments are gone after the test."""
    direct.save("style/tone", "Be {{ tone }}.", variables={"tone": "plain"})
    direct.save("review", "[[style/tone]] Review {{ code }}")
    yield direct.compile("review")
    for each in direct.experiments.list():
        direct.experiments.remove(each.name)


def runs_of(prompt: CompiledPrompt) -> list[Run]:
    """Return runs of all sorts."""
    inputs = {"code": "x = 1", "tone": "é \0", "n": [1, 2.0, None, {"a": True}]}
    return [
        run_of(prompt, inputs, scores={"exact": Score(1.0), "judge": Score(None, "why", "no", "", 0.25)}),
        run_of(prompt, {**inputs, "tone": "b"}, "1", output=None, error="503: wait", seconds=None, cost=None),
        run_of(prompt, {**inputs, "tone": "c"}, "('a', 1)", model="local", variables={"tone": "c"}),
    ]


def test_a_client_records_and_reads_what_a_store_does(direct: Store, client: Client, prompt: CompiledPrompt) -> None:
    ledger, runs = client.experiments, runs_of(prompt)
    assert (ledger.begin("tone / of", SPEC, description="What for"), ledger.begin("tone / of", SPEC)) == (1, 2)
    ledger.record("tone / of", runs, contents_of(prompt))
    found = ledger.runs("tone / of")
    assert bare(found) == [replace(run, experiment="tone / of") for run in runs]
    assert {(run.author, run.round) for run in found} == {("ana", 2)}
    asked: list[Callable[[Any], Any]] = [
        lambda one: one.list(),
        lambda one: one.get("TONE / of"),
        lambda one: one.using("style/tone"),
        lambda one: one.runs("tone / of"),
        lambda one: one.runs("tone / of", limit=2, after=found[0].id),
        lambda one: one.runs("tone / of", prompt="review@1", model="gpt", errors=True),
        lambda one: one.runs("tone / of", errors=False, round=1),
        lambda one: one.count("tone / of", errors=False),
        lambda one: one.run("tone / of", found[1].id),
        lambda one: one.known("tone / of", [run.call for run in runs]),
        lambda one: one.manifest(found[0]),
        lambda one: one.named_manifest("tone / of", found[2].manifest),
        lambda one: [one.expansion(run) for run in found],
        lambda one: [one.expansion(run).pieces for run in found],
    ]
    assert [ask(ledger) for ask in asked] == [ask(direct.experiments) for ask in asked]
    assert (ledger.runs("tone / of").title, ledger.list().empty) == (
        direct.experiments.runs("tone / of").title, direct.experiments.list().empty,
    )  # fmt: skip
    assert ledger.rename("tone / of", "a?b#c").runs == 3
    assert (ledger.remove("a?b#c"), direct.experiments.list()) == (3, [])


async def test_a_client_that_is_awaited_does_the_same(
    direct: Store, aclient: AsyncClient, prompt: CompiledPrompt
) -> None:
    ledger, runs = aclient.experiments, runs_of(prompt)
    assert await ledger.begin("tone", SPEC) == 1
    await ledger.record("tone", runs, contents_of(prompt))
    assert await ledger.list() == direct.experiments.list()
    assert await ledger.runs("tone") == direct.experiments.runs("tone")
    assert await ledger.known("tone", [runs[0].call]) == direct.experiments.known("tone", [runs[0].call])
    first = direct.experiments.runs("tone")[0]
    assert await ledger.expansion(first) == direct.experiments.expansion(first)
    assert await ledger.remove("tone") == 3


def test_what_a_store_refuses_a_server_refuses_with_the_same_sentence(
    direct: Store, client: Client, prompt: CompiledPrompt
) -> None:
    direct.experiments.begin("tone", SPEC)
    unknown = replace(runs_of(prompt)[0], manifest="0" * 64)
    wrong: dict[Callable[[Any], Any], type[PromptKernelError]] = {
        lambda one: one.get("tune"): ExperimentNotFoundError,
        lambda one: one.runs("tune"): ExperimentNotFoundError,
        lambda one: one.record("tune", [], {}): ExperimentNotFoundError,
        lambda one: one.begin(" ", {}): InvalidMetadataError,
        lambda one: one.rename("tone", ""): InvalidMetadataError,
        lambda one: one.run("tone", 10**6): NotFoundError,
        lambda one: one.using("nowhere"): PromptNotFoundError,
        lambda one: one.record("tone", [unknown], {}): InvalidMetadataError,
        lambda one: one.record("tone", [unknown], {"0" * 64: prompt.manifest.as_data()}): InvalidMetadataError,
        lambda one: one.manifest(unknown): NotFoundError,
    }
    for ask, error in wrong.items():
        said = []
        for ledger in (client.experiments, direct.experiments):
            with pytest.raises(error) as caught:
                ask(ledger)
            said.append((type(caught.value), str(caught.value)))
        assert said[0] == said[1]


def test_many_runs_go_in_several_requests_and_come_in_several_pages(
    direct: Store, client: Client, prompt: CompiledPrompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_experiments, "_MOST_CHARACTERS", 20_000)
    monkeypatch.setattr(_experiments, "PAGE", 7)
    runs = [run_of(prompt, {"code": "x" * (row % 3) * 9000, "tone": str(row)}, str(row)) for row in range(30)]
    client.experiments.begin("tone", {})
    client.experiments.record("tone", runs, contents_of(prompt))
    assert bare(client.experiments.runs("tone")) == bare(direct.experiments.runs("tone")) == runs
    assert len(client.experiments.known("tone", [run.call for run in runs])) == 30


def test_half_a_character_costs_nobody_an_answer(client: Client, prompt: CompiledPrompt) -> None:
    client.experiments.begin("tone", {})
    client.experiments.record("tone", [run_of(prompt, {"code": "a"}, output="paid \ud800")], contents_of(prompt))
    assert client.experiments.runs("tone")[0].output == "paid ?"


def test_a_number_that_is_none_costs_nobody_an_answer(client: Client, prompt: CompiledPrompt) -> None:
    client.experiments.begin("tone", {})
    odd = run_of(prompt, {"code": "a"}, cost=math.inf, scores={"length": Score(math.nan)})
    client.experiments.record("tone", [odd], contents_of(prompt))
    run = client.experiments.runs("tone")[0]
    assert (run.cost, run.scores) == (None, {"length": Score(None, error="it gave nan")})


def test_what_a_server_has_in_its_ledger_can_be_read_by_everybody(
    direct: Store, client: Client, prompt: CompiledPrompt
) -> None:
    direct.experiments.begin("tone", {})
    direct.experiments.record("tone", [run_of(prompt, {"code": "a"}, output="\ud800 \0")], contents_of(prompt))
    assert client.experiments.runs("tone") == direct.experiments.runs("tone")


def test_the_manifest_of_a_judge_is_there_too(client: Client, prompt: CompiledPrompt) -> None:
    judge = client.compile_text("Is it good? {{ output }}")
    judged = {"judge": Score(1.0, manifest=manifest_hash(judge.manifest))}
    client.experiments.begin("tone", {})
    client.experiments.record("tone", [run_of(prompt, {"code": "a"}, scores=judged)], contents_of(prompt, judge))
    run = client.experiments.runs("tone")[0]
    assert client.experiments.named_manifest("tone", run.scores["judge"].manifest) == judge.manifest


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_takes_the_same_and_says_the_same(name: str) -> None:
    ours, waits, awaits = (getattr(kind, name) for kind in (Experiments, RemoteExperiments, AsyncExperiments))
    signatures = [_signature(verb) for verb in (ours, waits, awaits)]
    assert signatures[0] == signatures[1] == signatures[2]
    assert [inspect.iscoroutinefunction(verb) for verb in (waits, awaits)] == [False, True]
    first = [(inspect.getdoc(verb) or "").splitlines()[0] for verb in (ours, waits, awaits)]
    assert first[0] == first[1] == first[2]


def _signature(verb: Callable[..., Any] | Callable[..., Awaitable[Any]]) -> tuple[Any, ...]:
    found = inspect.signature(verb)
    each = [(one.name, one.kind, one.default, one.annotation) for one in found.parameters.values()]
    return each, found.return_annotation


def test_there_are_no_other_verbs() -> None:
    for kind in (RemoteExperiments, AsyncExperiments):
        assert sorted(name for name in dir(kind) if not name.startswith("_")) == VERBS
