"""Runs of experiments for any test: of real prompts, with answers that nobody had to pay for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from prompt_kernel.expansion import CompiledPrompt, hash_of
from prompt_kernel.runs import Run, Score, manifest_hash
from prompt_kernel.store import Store

SPEC = {"prompts": ["review@1"], "models": ["gpt", "local"], "scorers": ["exact"], "repeats": 2, "cross": {"tone": [1]}}


def call_of(*parts: object) -> str:
    """Return a hash of what is asked."""
    return hash_of(repr(parts))


def run_of(compiled: CompiledPrompt, inputs: Mapping[str, Any], row: str = "0", **changed: Any) -> Run:
    """Return a run that asked with a prompt's text."""
    text = compiled.expand({name: inputs[name] for name in compiled.declarations if name in inputs})
    manifest = manifest_hash(compiled.manifest)
    run = Run(
        "tone", "review@1", row, "gpt", 1, inputs, {}, {"temperature": 0}, manifest, hash_of(text), "", output="yes",
        scores={"exact": Score(1.0)}, seconds=0.25, tokens_in=12, tokens_out=3, cost=0.001,
    )  # fmt: skip
    run = replace(run, **changed)
    return run if run.call else replace(run, call=call_of(run.model, text, run.repeat))


def contents_of(*prompts: CompiledPrompt) -> dict[str, dict[str, Any]]:
    """Return the manifests of prompts, by their hashes."""
    return {manifest_hash(prompt.manifest): prompt.manifest.as_data() for prompt in prompts}


def bare(runs: Sequence[Run]) -> list[Run]:
    """Return runs without what the store notes of them."""
    return [replace(run, id=0, round=0, author="", at=None) for run in runs]


def begin(store: Store, name: str, path: str, inputs: Sequence[Mapping[str, Any]], **changed: Any) -> list[Run]:
    """Begin a round of an experiment with one prompt, and record a run of each input; return what is recorded then."""
    prompt = store.compile(path)
    store.experiments.begin(name, {"prompts": [path], "models": ["gpt"], "scorers": ["exact"], "repeats": 1})
    runs = [run_of(prompt, each, str(row), prompt=path, **changed) for row, each in enumerate(inputs)]
    store.experiments.record(name, runs, contents_of(prompt))
    return store.experiments.runs(name)
