"""An experiment from end to end, on models that are functions."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest

import prompt_kernel as pk
from prompt_kernel.errors import (
    ExperimentNotFoundError,
    InvalidMetadataError,
    InvalidRequestError,
    MissingColumnError,
    PromptNotFoundError,
    StoreUnavailableError,
)
from prompt_kernel.runs import Run, Score
from prompt_kernel.store import Store

TOPICS = [{"topic": "sums", "label": "A"}, {"topic": "maps", "label": "B"}]


def quiet(experiment: Any, **settings: Any) -> Any:
    return experiment.run(progress=False, **settings)


def table(results: Any) -> list[tuple[str, ...]]:
    return [(run.prompt, run.row, run.model, run.repeat, run.output or run.error) for run in results.runs]


def test_every_cell_of_the_grid_is_a_row_in_the_store(lessons: Store, upper: Any) -> None:
    async def lower(text: str) -> pk.Answer:
        return pk.Answer(text.lower(), 4, 2, 0.25)

    found = quiet(
        pk.Experiment(
            "tones",
            store=lessons,
            prompts=["lesson@1", {"free": "Only {{ topic }}"}],
            inputs=TOPICS,
            models={"upper": upper, "lower": lower},
            description="Which tone",
        )
    )

    assert table(found) == [
        ("lesson@1", "0", "upper", 1, "SPEAK PLAINLY. EXPLAIN SUMS."),
        ("lesson@1", "1", "upper", 1, "SPEAK PLAINLY. EXPLAIN MAPS."),
        ("lesson@1", "0", "lower", 1, "speak plainly. explain sums."),
        ("lesson@1", "1", "lower", 1, "speak plainly. explain maps."),
        ("free", "0", "upper", 1, "ONLY SUMS"),
        ("free", "1", "upper", 1, "ONLY MAPS"),
        ("free", "0", "lower", 1, "only sums"),
        ("free", "1", "lower", 1, "only maps"),
    ]
    summary = lessons.experiments.get("tones")
    assert (summary.description, summary.prompts, summary.models) == (
        "Which tone",
        ("lesson@1", "free"),
        ("upper", "lower"),
    )
    assert (summary.round, summary.runs, summary.errors, summary.cost) == (1, 8, 0, 1.0)
    assert (found.runs[2].tokens_in, found.runs[2].tokens_out, found.runs[2].cost) == (4, 2, 0.25)
    assert [str(lessons.experiments.expansion(run)) for run in found.runs[:2]] == [
        "Speak plainly. Explain sums.",
        "Speak plainly. Explain maps.",
    ]


def test_the_same_experiment_on_both_engines(each_store: Store, upper: Any) -> None:
    each_store.save("lesson", "Explain {{ topic }}.")
    experiment = pk.Experiment("tones", store=each_store, prompts="lesson", inputs=TOPICS, models=upper)

    assert (
        table(quiet(experiment))
        == table(quiet(experiment))
        == [
            ("lesson@1", "0", "Upper", 1, "EXPLAIN SUMS."),
            ("lesson@1", "1", "Upper", 1, "EXPLAIN MAPS."),
        ]
    )
    assert len(upper.texts) == 2


# What is paid


def test_what_is_known_is_not_paid_again(lessons: Store, upper: Any) -> None:
    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=upper)
    first, second = quiet(experiment), quiet(experiment)

    assert len(upper.texts) == 2
    assert table(first) == table(second)
    assert [(run.round, run.at) for run in second.runs] == [(2, run.at) for run in first.runs]


def test_again_pays_what_is_known(lessons: Store, upper: Any) -> None:
    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=upper)
    quiet(experiment)
    quiet(experiment, again=True)

    assert sorted(Counter(upper.texts).values()) == [2, 2]


def test_a_changed_fragment_asks_only_for_the_rows_that_it_touches(lessons: Store, upper: Any) -> None:
    lessons.save("plain", "Tell me of {{ topic }}.")
    experiment = pk.Experiment("tones", store=lessons, prompts=["lesson", "plain"], inputs=TOPICS, models=upper)
    quiet(experiment)
    lessons.save("style/tone", "Speak up.")
    upper.texts.clear()
    found = quiet(experiment)

    assert sorted(upper.texts) == ["Speak up. Explain maps.", "Speak up. Explain sums."]
    assert [run.output for run in found.runs] == [
        "SPEAK UP. EXPLAIN SUMS.",
        "SPEAK UP. EXPLAIN MAPS.",
        "TELL ME OF SUMS.",
        "TELL ME OF MAPS.",
    ]


def test_a_change_that_leaves_the_text_as_it_was_asks_for_nothing(lessons: Store, upper: Any) -> None:
    quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=upper))
    upper.texts.clear()
    lessons.save("lesson", "Speak plainly. Explain {{ topic }}.")
    found = quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=upper))

    assert upper.texts == []
    assert [run.prompt for run in found.runs] == ["lesson@2", "lesson@2"]


def test_cells_that_ask_for_the_same_share_one_payment(lessons: Store) -> None:
    paid: list[str] = []

    def dear(text: str) -> pk.Answer:
        paid.append(text)
        return pk.Answer(text, cost=1.0)

    found = quiet(
        pk.Experiment(
            "tones",
            store=lessons,
            prompts=["lesson", {"copy": "Speak plainly. Explain {{ topic }}."}],
            inputs=[*TOPICS, {"topic": "sums", "label": "C"}],
            models=dear,
        )
    )

    assert sorted(paid) == ["Speak plainly. Explain maps.", "Speak plainly. Explain sums."]
    assert len(found.runs) == 6
    assert lessons.experiments.get("tones").cost == 2.0


def test_each_repeat_is_a_call_of_its_own(lessons: Store, upper: Any) -> None:
    found = quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS[:1], models=upper, repeats=3))

    assert [run.repeat for run in found.runs] == [1, 2, 3]
    assert len(upper.texts) == 3


def test_another_parameter_is_another_call(lessons: Store) -> None:
    asked = []

    def ask(text: str, *, temperature: float) -> str:
        asked.append(temperature)
        return text

    for temperature in (0.1, 0.9, 0.1):
        model = partial(ask, temperature=temperature)
        found = quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS[:1], models={"ask": model}))
        assert [run.parameters for run in found.runs] == [{"temperature": temperature}]

    assert asked == [0.1, 0.9]


def test_inputs_are_recorded_as_they_were_asked_with(lessons: Store, upper: Any) -> None:
    frame = pd.DataFrame({"topic": ["sums", None], "weight": [0.5, float("nan")]}, index=["a", "b"])
    lessons.save("lesson", "{{ topic }} {{ weight }}", variables={"topic": "all", "weight": {"default": 2}})
    found = quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=frame, models=upper))

    assert [(run.row, run.inputs, run.output) for run in found.runs] == [
        ("a", {"topic": "sums", "weight": 0.5}, "SUMS 0.5"),
        ("b", {"topic": None, "weight": None}, "ALL 2"),
    ]
    assert [str(found.expansion(run)) for run in found.runs] == ["sums 0.5", "all 2"]


# What goes wrong


def test_an_error_is_a_row_and_is_tried_again_in_the_next_run(lessons: Store) -> None:
    broken = True

    def ask(text: str) -> str:
        if broken and "maps" in text:
            raise ValueError("no maps")
        return text

    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=ask)
    found = quiet(experiment)
    assert [(run.row, run.error) for run in found.errors] == [("1", "ValueError: no maps")]
    broken = False
    assert list(quiet(experiment).errors) == []
    assert lessons.experiments.count("tones") == 2


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda _: 3, "model: it gave a int; return a text, or pk.Answer(text, tokens_in, …)."),
        (lambda _: next(iter(())), "RuntimeError: the function raised StopIteration"),
        (lambda _: (_ for _ in ()).throw(SystemExit(3)), "ask gave no answer: the function raised SystemExit."),
    ],
)
def test_whatever_a_function_does_is_a_row(lessons: Store, ask: Callable[[str], Any], error: str) -> None:
    found = quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS[:1], models={"ask": ask}))

    assert [run.error for run in found.runs] == [error]


@pytest.mark.parametrize("error", [SystemExit(), asyncio.CancelledError()])
def test_whatever_an_async_function_raises_is_a_row(lessons: Store, error: BaseException) -> None:
    async def ask(_: str) -> str:
        raise error

    found = quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models={"ask": ask}))

    assert len({run.error for run in found.runs if run.error.startswith("ask gave no answer: the function")}) == 1


def test_a_row_that_cannot_be_expanded_is_an_error_and_the_others_go_on(lessons: Store, upper: Any) -> None:
    lessons.save("count", "Count to {{ n }}.", variables={"n": {"type": "integer"}})
    found = quiet(
        pk.Experiment("counts", store=lessons, prompts="count", inputs=[{"n": 3}, {"n": "many"}, {}], models=upper)
    )

    assert [run.output for run in found.runs] == ["COUNT TO 3.", None, None]
    assert [run.error.partition("\n")[0] for run in found.runs] == [
        "",
        "n='many' does not fit: it must be a whole number.",
        "No value was given for the variable n. Give n=….",
    ]


def test_a_slip_in_a_column_is_one_error_before_anything_is_asked(lessons: Store, upper: Any) -> None:
    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=[{"topik": "sums"}], models=upper)
    with pytest.raises(MissingColumnError, match="Did you mean topik"):
        quiet(experiment)
    assert list(lessons.experiments.list()) == []
    assert upper.texts == []


def test_a_prompt_that_is_not_there_is_an_error(lessons: Store, upper: Any) -> None:
    with pytest.raises(PromptNotFoundError, match="lesson"):
        quiet(pk.Experiment("tones", store=lessons, prompts="lessen", inputs=TOPICS, models=upper))


def test_results_of_what_was_never_run_are_an_error(lessons: Store, upper: Any) -> None:
    with pytest.raises(ExperimentNotFoundError):
        pk.Experiment("tones", store=lessons, prompts="lesson", models=upper).results()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"repeats": 0}, "repeats: write a whole number from 1 on."),
        ({"models": {}}, "models: write at least one, as {name: function or Endpoint}."),
        ({"models": {1: str.upper, "1": str.lower}}, "models: two of them have the same name."),
        ({"models": {"a": 3}}, "models: a is a int; write a function, an Endpoint or its URL."),
        ({"inputs": []}, "inputs: there is no row in them."),
        ({"inputs": "text"}, "inputs: a str has no rows; write a list of them, or a frame."),
        ({"inputs": ["text"]}, "inputs: row 0 is a str; write a mapping of columns."),
        ({"scorers": [len, len]}, "scorers: two of them are called len; give them names, as {name: scorer}."),
    ],
)
def test_what_cannot_be_is_said_at_once(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        pk.Experiment("tones", **{"prompts": "lesson", "models": str.upper, **settings})
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"concurrency": 0}, "concurrency: write a whole number from 1 on."),
        ({"retry": 0}, "retry: write how often to try, at least 1, or a Retry."),
    ],
)
def test_a_run_that_cannot_be_is_said_at_once(lessons: Store, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=str.upper), **settings)
    assert str(caught.value) == sentence


def test_a_store_that_cannot_record_ends_the_run(lessons: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()

    async def ask(text: str) -> str:
        return await asyncio.to_thread(lambda: text if held.wait(30) else "")

    def full(*_: object) -> None:
        held.set()
        raise StoreUnavailableError("the store", "the disk is full")

    monkeypatch.setattr("prompt_kernel.store.experiments.Experiments.record", full)
    experiment = pk.Experiment(
        "tones", store=lessons, prompts="lesson", inputs=TOPICS, models={"one": str.upper, "two": ask}
    )
    with pytest.raises(StoreUnavailableError, match="the disk is full"):
        quiet(experiment)


# Scores


def test_scores_stand_with_the_answers(lessons: Store) -> None:
    def grade(text: str) -> str:
        return "A" if "sums" in text else "C"

    found = quiet(
        pk.Experiment(
            "tones",
            store=lessons,
            prompts="lesson",
            inputs=TOPICS,
            models=grade,
            scorers=[pk.scorers.exact("label"), pk.scorers.contains(words="A")],
        )
    )

    assert [[score.value for score in run.scores.values()] for run in found.runs] == [[1.0, 1.0], [0.0, 0.0]]


def test_a_scorer_that_was_added_scores_the_kept_answers(lessons: Store, upper: Any) -> None:
    def experiment(**scorers: Any) -> Any:
        return pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=upper, scorers=scorers)

    scored: list[str] = []

    def length(output: str, _: Any) -> int:
        scored.append(output)
        return len(output)

    quiet(experiment())
    found = quiet(experiment(length=length))
    assert [run.scores for run in found.runs] == [{"length": Score(28.0)}, {"length": Score(28.0)}]
    quiet(experiment(length=length))
    assert len(scored) == 2
    quiet(experiment(length=length), rescore=True)
    assert len(scored) == 4
    assert len(upper.texts) == 2


def test_a_score_that_failed_is_made_in_the_next_run(lessons: Store, upper: Any) -> None:
    def fails(_output: str, _row: Any) -> float:
        raise ValueError("not yet")

    settings: dict[str, Any] = {"store": lessons, "prompts": "lesson", "inputs": TOPICS[:1], "models": upper}
    first = quiet(pk.Experiment("tones", **settings, scorers={"s": fails}))
    second = quiet(pk.Experiment("tones", **settings, scorers={"s": lambda _output, _row: 1}))

    assert first.runs[0].scores == {"s": Score(None, error="ValueError: not yet")}
    assert second.runs[0].scores == {"s": Score(1.0)}


def test_an_answer_that_two_rows_share_is_scored_for_each(lessons: Store, upper: Any) -> None:
    rows = [{"topic": "sums", "label": "x"}, {"topic": "sums", "label": "y"}]
    experiment = pk.Experiment(
        "tones",
        store=lessons,
        prompts="lesson",
        inputs=rows,
        models=upper,
        scorers={"label": lambda _output, row: row["label"] == "y"},
    )

    for _ in range(2):
        assert [run.scores["label"].value for run in quiet(experiment).runs] == [0.0, 1.0]
    assert len(upper.texts) == 1


def test_a_judge_is_paid_once_and_again_when_its_prompt_changes(lessons: Store, upper: Any) -> None:
    lessons.save("judge", "Is this good? {{ answer }}")
    asked: list[str] = []

    async def judging(text: str) -> pk.Answer:
        asked.append(text)
        return pk.Answer("0.75", cost=0.5)

    experiment = pk.Experiment(
        "tones",
        store=lessons,
        prompts="lesson",
        inputs=TOPICS,
        models=upper,
        scorers={"judge": pk.scorers.judge("judge", judging)},
    )
    assert [run.scores["judge"].value for run in quiet(experiment).runs] == [0.75, 0.75]
    assert sorted(asked) == [
        "Is this good? SPEAK PLAINLY. EXPLAIN MAPS.",
        "Is this good? SPEAK PLAINLY. EXPLAIN SUMS.",
    ]
    quiet(experiment)
    assert len(asked) == 2
    lessons.save("judge", "How good is this? {{ answer }}")
    quiet(experiment)
    assert len(asked) == 4


# Progress, concurrency and loops


def test_progress_is_told_to_the_end(lessons: Store, upper: Any) -> None:
    told: list[tuple[int, int]] = []
    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=upper, repeats=5)
    experiment.run(progress=lambda done, of: told.append((done, of)))

    assert told[-1] == (10, 10)
    assert told == sorted(set(told))


def test_a_bar_tells_errors_retries_and_the_cost_so_far() -> None:
    from prompt_kernel.experiments._round import Tally

    remarks: list[tuple[int, str]] = []
    tally = Tally()
    run = Run("e", "p", "0", "m", 1, {}, {}, {}, "", "", "")
    tally.add(run, 0.5)
    tally.add(Run("e", "p", "1", "m", 1, {}, {}, {}, "", "", "", error="no"), 0.25)
    tally.tell(lambda more, remark: remarks.append((more, remark)), 3)
    tally.tell(lambda more, remark: remarks.append((more, remark)), 3)

    assert remarks == [(2, "1 errors, 3 retries, cost 0.75")]


@pytest.mark.parametrize("is_async", [False, True])
def test_as_many_calls_run_at_a_time_as_one_wants(lessons: Store, *, is_async: bool) -> None:
    running, most, lock = 0, 0, threading.Lock()
    full = threading.Event()

    def begin() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            if running == 4:
                full.set()

    def end() -> None:
        nonlocal running
        with lock:
            running -= 1

    def wait(text: str) -> str:
        begin()
        full.wait(30)
        end()
        return text

    async def await_(text: str) -> str:
        begin()
        await asyncio.to_thread(full.wait, 30)
        end()
        return text

    model = await_ if is_async else wait
    quiet(
        pk.Experiment("many", store=lessons, prompts="lesson", inputs=TOPICS, models={"m": model}, repeats=8),
        concurrency=4,
    )
    assert (most, running) == (4, 0)


async def test_arun_runs_an_asynchronous_model_in_the_loop_that_awaits(lessons: Store) -> None:
    loops: set[Any] = set()
    told: list[tuple[int, int]] = []

    async def ask(text: str) -> str:
        loops.add(asyncio.get_running_loop())
        return text

    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=ask)
    found = await experiment.arun(progress=lambda done, of: told.append((done, of)))

    assert loops == {asyncio.get_running_loop()}
    assert len(found.runs) == 2
    assert told[-1] == (2, 2)


async def test_run_works_within_a_running_loop(lessons: Store, upper: Any) -> None:
    found = quiet(pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=upper))

    assert len(found.runs) == 2


def test_a_client_that_belongs_to_a_loop_serves_in_the_next_run(lessons: Store) -> None:
    loops: list[Any] = []

    async def ask(text: str) -> str:
        loops.append(asyncio.get_running_loop())
        return text

    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=ask)
    quiet(experiment)
    quiet(experiment, again=True)

    assert len(loops) == 4
    assert len(set(loops)) == 1


def test_run_within_an_asynchronous_model_says_what_to_call(lessons: Store, upper: Any) -> None:
    inner = pk.Experiment("inner", store=lessons, prompts="lesson", inputs=TOPICS, models=upper)

    async def ask(_: str) -> str:
        quiet(inner)
        return "never"

    found = quiet(pk.Experiment("outer", store=lessons, prompts="lesson", inputs=TOPICS[:1], models=ask))
    assert [run.error for run in found.runs] == [
        "An asynchronous model cannot call run(), which would wait for it; await arun() there."
    ]
    assert InvalidRequestError(found.runs[0].error)


async def test_cancelling_keeps_what_is_done(lessons: Store) -> None:
    held = asyncio.Event()

    async def ask(text: str) -> str:
        if "maps" in text:
            held.set()
            await asyncio.Event().wait()
        return text

    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=ask)
    running = asyncio.create_task(experiment.arun(progress=False, concurrency=1))
    await held.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert [run.row for run in experiment.results().runs] == ["0"]
    assert experiment.plan().calls == 1


def test_whatever_is_raised_where_one_waits_ends_the_run_and_keeps_what_is_done(lessons: Store) -> None:
    ended: list[str] = []

    async def ask(text: str) -> str:
        if "maps" in text:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(text)
        return text

    def interrupt(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    experiment = pk.Experiment("tones", store=lessons, prompts="lesson", inputs=TOPICS, models=ask)
    with pytest.raises(KeyboardInterrupt):
        experiment.run(progress=interrupt)

    assert ended == ["Speak plainly. Explain maps."]
    assert [run.row for run in experiment.results().runs] == ["0"]


async def test_an_answer_is_kept_while_its_judge_is_still_thinking(lessons: Store, upper: Any) -> None:
    lessons.save("judge", "Is this good? {{ answer }}")
    asked, thought = asyncio.Event(), asyncio.Event()

    async def judging(_: str) -> pk.Answer:
        asked.set()
        await thought.wait()
        return pk.Answer("0.5")

    settings: dict[str, Any] = {"store": lessons, "prompts": "lesson", "inputs": TOPICS[:1], "models": upper}
    exact = {"label": pk.scorers.exact("label")}
    experiment = pk.Experiment("tones", **settings, scorers={**exact, "judge": pk.scorers.judge("judge", judging)})
    running = asyncio.create_task(experiment.arun(progress=False))
    await asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (kept,) = experiment.results().runs
    assert (kept.output, kept.scores) == ("SPEAK PLAINLY. EXPLAIN SUMS.", {"label": Score(0.0)})

    thought.set()
    (run,) = (await experiment.arun(progress=False)).runs
    assert (run.output, run.scores["judge"].value) == (kept.output, 0.5)
    assert len(upper.texts) == 1
    # Who leaves the judge out for a while need not pay it again.
    await pk.Experiment("tones", **settings, scorers=exact).arun(progress=False)
    asked.clear()
    await experiment.arun(progress=False)
    assert not asked.is_set()


def test_without_a_store_it_is_the_usual_one(upper: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "usual.db"))
    experiment = pk.Experiment("free", prompts={"free": "Hello"}, models=upper)
    with experiment.store:
        assert [run.output for run in quiet(experiment).runs] == ["HELLO"]
        assert repr(experiment) == "Experiment('free', rows=1, models=['Upper'], repeats=1)"
