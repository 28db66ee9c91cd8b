"""What a run would do, before anything is paid."""

from typing import Any

import prompt_kernel as pk
from prompt_kernel.experiments import Plan, PlannedModel, Problem
from prompt_kernel.store import Store

ROWS = [{"topic": "sums"}, {"topic": "maps"}, {"topic": "sums"}, {"topic": None}]


def experiment(store: Store, upper: Any, rows: list[dict[str, Any]]) -> pk.Experiment:
    endpoint = pk.Endpoint("http://127.0.0.1:9", "gpt", price=(10, 40))
    return pk.Experiment(
        "tones", store=store, prompts="lesson", inputs=rows, models={"upper": upper, "gpt": endpoint}, repeats=2
    )


def test_a_plan_tells_what_is_known_and_what_is_to_pay(lessons: Store, upper: Any) -> None:
    pk.Experiment("tones", store=lessons, prompts="lesson", inputs=ROWS[:1], models={"upper": upper}).run(
        progress=False
    )
    plan = experiment(lessons, upper, ROWS).plan(tokenizer=str.split)

    assert plan == Plan(
        experiment="tones",
        cells=16,
        known=2,
        calls=7,
        shared=3,
        bad=4,
        tokens_in=28,
        tokenizer="split",
        cost=4 * 4 * 10 / 1e6,
        models=[PlannedModel("upper", 3, 12, None), PlannedModel("gpt", 4, 16, 4 * 4 * 10 / 1e6)],  # type: ignore[arg-type]  # rows are a list
        problems=[Problem("lesson@1", "3", plan.problems[0].reason)],  # type: ignore[arg-type]  # rows are a list
    )
    assert plan.problems[0].reason.startswith("No value was given for the variable topic.")
    assert len(upper.texts) == 1


def test_a_plan_of_what_was_never_run_records_nothing(lessons: Store, upper: Any) -> None:
    plan = experiment(lessons, upper, ROWS[:2]).plan()

    assert (plan.cells, plan.known, plan.calls, plan.tokenizer) == (8, 0, 8, "estimate (bytes / 4)")
    assert list(lessons.experiments.list()) == []


def test_a_plan_reads_as_sentences(lessons: Store, upper: Any) -> None:
    plan = experiment(lessons, upper, ROWS).plan(tokenizer=str.split)

    assert str(plan).splitlines()[:4] == [
        "tones: 16 cells. 0 known, 8 to pay, 4 shared, 4 cannot be asked.",
        "32 tokens in by split, which cost 0.00016.",
        "  upper: 4 calls, 16 tokens in",
        "  gpt: 4 calls, 16 tokens in, which cost 0.00016",
    ]
    assert "gpt" in plan._repr_html_()
