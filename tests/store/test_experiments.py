"""The ledger of experiments: what is recorded comes back as it was, in pages, and names the exact text of each run."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import (
    DamagedTextError,
    ExperimentNotFoundError,
    InvalidMetadataError,
    NotFoundError,
    PromptNotFoundError,
)
from prompt_kernel.expansion import CompiledPrompt, hash_of
from prompt_kernel.postgres import named
from prompt_kernel.records import Finding
from prompt_kernel.runs import ExperimentSummary, Run, Score
from prompt_kernel.store import Store, _runs
from tests.ledger import SPEC, bare, call_of, contents_of, run_of
from tests.postgres import on_postgres, on_sqlite

Traced = Callable[[Store], AbstractContextManager[list[str]]]


@pytest.fixture
def review(library: Store) -> CompiledPrompt:
    """Give a prompt that includes others, in a store with an experiment that has begun."""
    library.experiments.begin("tone", SPEC)
    return library.compile("review")


# Recording


def test_what_is_recorded_comes_back_with_who_and_when(library: Store, review: CompiledPrompt) -> None:
    runs = [
        run_of(review, {"code": "x = 1", "label": "\0 \ud800 é"}, output="\0 and half \udc00", model="local"),
        run_of(
            review, {"code": "y", "when": None, "deep": [1, {"a": True}]}, row="1", output=None, error="429\0: wait"
        ),
        run_of(review, {"code": "z"}, row="('a', 2)", scores={"judge": Score(None, "why", "failed", "m", 0.5)}),
    ]
    library.by("bo").experiments.record("tone", runs, contents_of(review))
    found = library.experiments.runs("TONE")
    assert bare(found) == [runs[0], replace(runs[1], error="429?: wait"), runs[2]]
    assert [(run.author, run.round, run.at is not None) for run in found] == [("bo", 1, True)] * 3
    assert [list(run.inputs) for run in found] == [list(run.inputs) for run in runs]
    assert [library.experiments.run("tone", run.id) for run in found] == found


def test_a_cell_that_is_recorded_again_takes_its_place(library: Store, review: CompiledPrompt) -> None:
    ledger = library.experiments
    failed, fine = run_of(review, {"code": "a"}, output=None, error="503"), run_of(review, {"code": "b"}, row="1")
    ledger.record("tone", [failed, fine], contents_of(review))
    first = ledger.runs("tone")
    assert ledger.begin("tone", {**SPEC, "repeats": 3}) == 2
    again = [replace(failed, output="now", error=""), replace(fine, scores={"exact": Score(0.0)})]
    library.by("bo").experiments.record("tone", again, {})
    second = ledger.runs("tone")
    assert bare(second) == again
    assert [run.id for run in second] == [run.id for run in first]
    assert [(run.round, run.author) for run in second] == [(2, "bo"), (2, "ana")]
    assert [second[0].at == first[0].at, second[1].at == first[1].at] == [False, True]
    assert ledger.runs("tone", round=1) == []


def test_a_round_that_ends_late_takes_nothing_back(library: Store, review: CompiledPrompt) -> None:
    run = run_of(review, {"code": "a"})
    library.experiments.begin("tone", SPEC)
    for number in (2, 1):
        library.experiments.record("tone", [replace(run, round=number)], contents_of(review))
    assert [found.round for found in library.experiments.runs("tone")] == [2]


def test_another_call_of_a_cell_is_another_run(library: Store, review: CompiledPrompt) -> None:
    library.experiments.record("tone", [run_of(review, {"code": "a"})], contents_of(review))
    library.save("style/tone", "Whisper.\n")
    library.experiments.begin("tone", SPEC)
    changed = library.compile("review")
    library.experiments.record("tone", [run_of(changed, {"code": "a"})], contents_of(changed))
    old, new = library.experiments.runs("tone", round=1), library.experiments.runs("tone")
    assert [len(old), len(new), old[0].text_sha256 == new[0].text_sha256] == [1, 1, False]
    assert "plain voice" in library.experiments.expansion(old[0])
    assert "Whisper" in library.experiments.expansion(new[0])


def test_all_runs_are_recorded_or_none(library: Store, review: CompiledPrompt) -> None:
    fine = run_of(review, {"code": "a"})
    broken = {
        "inputs: this cannot be kept: Out of range float values are not JSON compliant": {
            "inputs": {"a": float("nan")}
        },
        "variables: this cannot be kept: Object of type object is not JSON serializable": {
            "variables": {"a": object()}
        },
        "manifest: 000000000000 was not given with the runs that name it": {"manifest": "0" * 64},
        f"prompt: {'p' * 40}… has more than 500 characters": {"prompt": "p" * 501},
        "model: it holds a NUL character at position 0": {"model": "\0"},
    }
    for sentence, change in broken.items():
        with pytest.raises(InvalidMetadataError) as caught:
            library.experiments.record("tone", [fine, replace(fine, row="1", **change)], contents_of(review))
        assert str(caught.value).startswith(sentence)
    with pytest.raises(InvalidMetadataError, match="manifest: abc is not the hash of what is given for it"):
        library.experiments.record("tone", [fine], {"abc": review.manifest.as_data()})
    assert (library.experiments.runs("tone"), library.experiments.count("tone")) == ([], 0)


def test_a_score_that_is_no_number_is_an_error_of_its_scorer(library: Store, review: CompiledPrompt) -> None:
    run = run_of(review, {"code": "a"}, scores={"a": Score(float("nan"), cost=float("inf")), "b": Score(1.0)})
    library.experiments.record("tone", [run], contents_of(review))
    assert library.experiments.runs("tone")[0].scores == {"a": Score(None, error="it gave nan"), "b": Score(1.0)}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)


@settings(max_examples=60, deadline=None)
@given(inputs=st.dictionaries(ANY_TEXT, JSON | ANY_TEXT, max_size=4), output=ANY_TEXT, detail=ANY_TEXT)
def test_any_data_come_back_as_they_were(inputs: dict[str, Any], output: str, detail: str) -> None:
    with Store(":memory:", author="ana") as store:
        store.experiments.begin("tone", {})
        prompt = store.compile_text("No holes, but {{ x }}.")
        run = run_of(prompt, {"x": "one", **inputs}, output=output, scores={"s": Score(0.5, detail)})
        store.experiments.record("tone", [run], contents_of(prompt))
        found = store.experiments.runs("tone")
        assert bare(found) == [run]
        assert hash_of(store.experiments.expansion(found[0])) == run.text_sha256


def test_what_runs_share_is_kept_once(library: Store, review: CompiledPrompt) -> None:
    inputs = {"code": "x" * 1000}
    runs = [run_of(review, dict(inputs), row=str(row), call=call_of(row)) for row in range(20)]
    for run in runs:
        library.experiments.record("tone", [run], contents_of(review))
    with library._database.reading() as connection:  # noqa: SLF001 - no verb tells
        kept = connection.exec_driver_sql("SELECT count(*) FROM experiment_content").scalar_one()
    assert kept == 4  # the manifest, the inputs, no variables, the parameters


# Asking


def test_an_answer_is_known_by_its_call_in_any_round(library: Store, review: CompiledPrompt) -> None:
    ledger = library.experiments
    fine, failed = run_of(review, {"code": "a"}), run_of(review, {"code": "b"}, row="1", output=None, error="no")
    silent = run_of(review, {"code": "c"}, row="2", output=None)
    ledger.record("tone", [fine, failed, silent, replace(fine, row="7", prompt="other")], contents_of(review))
    ledger.begin("tone", SPEC)
    known = ledger.known("tone", [fine.call, failed.call, silent.call, call_of("never"), "\0\ud800"])
    assert {call: run.row for call, run in known.items()} == {fine.call: "7"}
    many = [run_of(review, {"code": str(row)}, row=f"x{row}") for row in range(1200)]
    ledger.record("tone", many, {})
    assert bare(list(ledger.known("tone", (run.call for run in many)).values())) == many
    assert ledger.known("tone", []) == {}


def test_runs_come_page_by_page_in_the_order_they_were_recorded(library: Store, review: CompiledPrompt) -> None:
    runs = [
        run_of(review, {"code": str(row)}, row=str(row), prompt=prompt, model=model, error="" if row % 3 else "no")
        for row in range(7)
        for prompt in ("review@1", "review@2")
        for model in ("gpt", "local")
    ]
    library.experiments.record("tone", runs, contents_of(review))
    for wanted in (
        {}, {"prompt": "review@2"}, {"model": "gpt"}, {"errors": True}, {"errors": False}, {"round": 1},
        {"prompt": "review@1", "model": "local", "errors": True}, {"model": "nobody"}, {"round": 2}, {"prompt": "\0"},
    ):  # fmt: skip
        expected = [run for run in runs if _fits(run, **wanted)]
        assert library.experiments.count("tone", **wanted) == len(expected)
        for limit in (1, 5, 100):
            found: list[Run] = []
            while page := library.experiments.runs("tone", after=found[-1].id if found else 0, limit=limit, **wanted):
                assert len(page) <= limit
                found += page
            assert bare(found) == expected


def _fits(run: Run, round: int = 1, errors: bool | None = None, **names: str) -> bool:  # noqa: A002, FBT001 - as there
    named = all(getattr(run, name) == value for name, value in names.items())
    return round == 1 and named and errors in (None, bool(run.error))


@on_sqlite
def test_a_page_reads_no_more_than_it_shows(library: Store, review: CompiledPrompt, traced: Traced) -> None:
    library.experiments.record("tone", [run_of(review, {"code": "a"})], contents_of(review))
    questions = [
        {}, {"prompt": "p"}, {"model": "m"}, {"errors": True}, {"prompt": "p", "model": "m"}, {"round": 1, "after": 7},
    ]  # fmt: skip
    plans = set()
    for question in questions:
        with traced(library) as statements:
            library.experiments.runs("tone", limit=10, **question)
        assert len([each for each in statements if each.startswith("SELECT")]) == 3 - bool(question)
        plans |= _plan(library, next(each for each in statements if "FROM run" in each))
    with traced(library) as statements:
        library.experiments.known("tone", [call_of(1)])
        library.experiments.count("tone", errors=True)
        library.experiments.using("style/tone")
        assert library.experiments.list()
    for statement in statements:
        if "FROM run" in statement:
            plans |= _plan(library, statement)
    assert not [line for line in plans if "TEMP B-TREE FOR ORDER BY" in line and "run" in line]
    scanned = {line.split()[1] for line in plans if line.startswith("SCAN")}
    assert scanned <= {"e", "c", "w"}  # the experiments, the sums by call, and the calls that were asked for
    indexes = {word for line in plans for word in line.split() if word.startswith("run_")}
    assert indexes == {"run_round", "run_prompt", "run_model", "run_error", "run_call"}


@on_postgres
def test_postgresql_looks_calls_up_one_by_one(library: Store, review: CompiledPrompt) -> None:
    runs = [run_of(review, {"code": str(row)}, str(row)) for row in range(600)]
    library.experiments.record("tone", runs, contents_of(review))
    statement = b"EXPLAIN " + named(str(_runs._LATEST))  # noqa: SLF001 - no verb tells how it was asked
    values = {"experiment": 1, "calls": json.dumps([run.call for run in runs])}
    raw = library._database.raw  # noqa: SLF001 - as above
    plan = "\n".join(row[0] for row in raw.execute(statement, values))
    assert "run_call" in plan
    assert "Filter: ((call)" not in plan


def _plan(store: Store, statement: str) -> set[str]:
    rows = store._database.raw.execute(f"EXPLAIN QUERY PLAN {statement}")  # noqa: SLF001 - no verb tells
    return {row[3] for row in rows}


def test_recording_leaves_what_was_read_of_prompts_in_memory(library: Store, review: CompiledPrompt) -> None:
    def ask() -> str:
        return str(library.expand("review", code="x"))

    ask()
    before = library._source.revision  # noqa: SLF001 - what every plan depends on
    library.experiments.begin("tone", SPEC)
    library.experiments.record("tone", [run_of(review, {"code": "a"})], contents_of(review))
    ask()
    assert library._source.revision == before  # noqa: SLF001 - as above


# What made it


def test_a_run_names_its_exact_text_whatever_has_changed_since(library: Store, review: CompiledPrompt) -> None:
    run = run_of(review, {"code": "x = 1", "label": "not a variable"}, variables={})
    library.experiments.record("tone", [run], contents_of(review))
    asked = review.expand({"code": "x = 1"})
    library.rename("style/tone", "style/voice")
    library.save("style/base", "Something else.")
    library.delete("format/json", force=True)
    found = library.experiments.runs("tone")[0]
    assert library.experiments.manifest(found) == review.manifest == asked.manifest
    expansion = library.experiments.expansion(found)
    assert (str(expansion), len(expansion.pieces)) == (str(asked), len(asked.pieces))
    assert [finding.code for finding in expansion.diagnostics] == ["redirected"]


def test_a_free_text_is_kept_with_the_run_that_asked_with_it(store: Store) -> None:
    store.experiments.begin("free", {})
    prompt = store.compile_text("Say {{ x }}, {{ y }}.")
    text = prompt.expand({"x": "a", "y": 2})
    run = run_of(prompt, {"x": "a", "y": 1}, variables={"y": 2}, text_sha256=hash_of(text))
    store.experiments.record("free", [run], contents_of(prompt))
    assert store.experiments.expansion(store.experiments.runs("free")[0]) == "Say a, 2."


def test_a_purged_prompt_leaves_no_text_of_its_own_in_the_ledger(store: Store) -> None:
    store.save("secret", "The word is xyzzy-plugh, {{ name }}.")
    prompt = store.compile("secret")
    store.experiments.begin("tone", {"prompts": ["secret@1"]})
    store.experiments.record("tone", [run_of(prompt, {"name": "Bo"})], contents_of(prompt))
    run = store.experiments.runs("tone")[0]
    store.delete("secret")
    assert "xyzzy" in store.experiments.expansion(run)
    store.purge("secret")
    assert store.experiments.runs("tone") == [run]
    assert [entry.path for entry in store.experiments.manifest(run).entries] == ["secret"]
    with pytest.raises(PromptNotFoundError):
        store.experiments.expansion(run)
    assert not [record for record in store.archive.records() if "xyzzy" in json.dumps(record)]


def test_a_text_that_is_another_one_now_is_told(library: Store, review: CompiledPrompt) -> None:
    library.experiments.record("tone", [run_of(review, {"code": "a"}, text_sha256="0" * 64)], contents_of(review))
    with pytest.raises(DamagedTextError, match="review@1"):
        library.experiments.expansion(library.experiments.runs("tone")[0])


def test_a_row_that_could_not_be_expanded_has_no_manifest(library: Store, review: CompiledPrompt) -> None:
    run = replace(run_of(review, {"code": "a"}), manifest="", text_sha256="", output=None, error="code is missing")
    library.experiments.record("tone", [run], {})
    with pytest.raises(NotFoundError, match="The experiment tone has a run without a manifest"):
        library.experiments.manifest(library.experiments.runs("tone")[0])


# Experiments


def test_an_experiment_is_summed_up_as_of_its_last_round(library: Store, review: CompiledPrompt) -> None:
    ledger = library.experiments
    judged = {"judge": Score(1.0, cost=0.25), "exact": Score(0.0)}
    runs = [
        run_of(review, {"code": "a"}, cost=1.0, scores=judged),
        run_of(review, {"code": "a"}, prompt="same text", cost=1.0, scores=judged),
        run_of(review, {"code": "b"}, row="1", cost=None, output=None, error="no", scores={}),
    ]
    ledger.record("tone", runs, contents_of(review))
    made = ledger.get("Tone")
    assert ledger.begin("Tone", {"prompts": ["free"]}, description="How to sound") == 2
    ledger.record("tone", [replace(runs[0], prompt="free", call=call_of("new"), cost=2.0, scores={})], {})
    now = ledger.get("tone")
    assert made == ExperimentSummary(
        "tone", "", ("review@1",), ("gpt", "local"), ("exact",), 2, 1, 3, 1, 1.5, "ana", made.created_at,
        made.updated_at,
    )  # fmt: skip
    assert now == ExperimentSummary(
        "tone", "How to sound", ("free",), (), (), 1, 2, 1, 0, 3.5, "ana", made.created_at, now.updated_at
    )
    assert ledger.begin("tone", {}) == 3
    assert (ledger.get("tone").description, ledger.get("tone").runs, ledger.get("tone").cost) == (
        "How to sound",
        0,
        3.5,
    )


def test_experiments_are_listed_the_latest_first(store: Store) -> None:
    assert store.experiments.list() == []
    for name in ("a", "b", "Ä/ö", "b"):
        store.experiments.begin(name, {})
    assert [(each.name, each.round, each.cost) for each in store.experiments.list()] == [
        ("b", 2, None), ("Ä/ö", 1, None), ("a", 1, None),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", " a", "a\n", "a\0", "a\ud800", "x" * 501, "\u200b"])
def test_not_every_text_is_a_name(store: Store, name: str) -> None:
    with pytest.raises(InvalidMetadataError, match="experiment: "):
        store.experiments.begin(name, {})
    with pytest.raises(ExperimentNotFoundError):
        store.experiments.get(name)


def test_a_spec_is_plain_data_with_names_that_can_be_found_again(store: Store) -> None:
    for spec in ({"prompts": ["x" * 501]}, {"models": ["\0"]}, {"more": object()}, {"more": float("nan")}):
        with pytest.raises(InvalidMetadataError):
            store.experiments.begin("a", spec)
    assert store.experiments.list() == []


def test_every_verb_says_which_experiment_is_missing_and_which_is_near(store: Store) -> None:
    store.experiments.begin("tone of voice", {})
    ledger = store.experiments
    run = Run("tone of voce", "p", "0", "m", 1, {}, {}, {}, "", "", "c")
    for ask in (
        lambda: ledger.get("tone of voce"), lambda: ledger.runs("tone of voce"), lambda: ledger.count("tone of voce"),
        lambda: ledger.record("tone of voce", [], {}), lambda: ledger.known("tone of voce", []),
        lambda: ledger.rename("tone of voce", "x"), lambda: ledger.remove("tone of voce"),
        lambda: ledger.run("tone of voce", 1), lambda: ledger.manifest(run), lambda: ledger.expansion(run),
    ):  # fmt: skip
        with pytest.raises(ExperimentNotFoundError) as caught:
            ask()
        assert str(caught.value) == "There is no experiment 'tone of voce'. Did you mean tone of voice?"
    with pytest.raises(NotFoundError, match="The experiment tone of voice has no run 9"):
        ledger.run("tone of voice", 9)


def test_an_experiment_is_renamed_with_its_runs(library: Store, review: CompiledPrompt) -> None:
    ledger = library.experiments
    ledger.record("tone", [run_of(review, {"code": "a"})], contents_of(review))
    ledger.begin("other", {})
    with pytest.raises(InvalidMetadataError, match="experiment: there is one called other already"):
        ledger.rename("tone", "Other")
    assert ledger.rename("tone", "Tone").name == "Tone"
    assert ledger.rename("tone", "voice").runs == 1
    assert [run.experiment for run in ledger.runs("voice")] == ["voice"]
    assert [change.detail for change in library.activity(kind="experiment")] == [
        "renamed Tone to voice", "renamed tone to Tone",
    ]  # fmt: skip


def test_an_experiment_is_removed_with_all_that_it_kept(library: Store, review: CompiledPrompt) -> None:
    ledger = library.experiments
    ledger.record("tone", [run_of(review, {"code": "xyzzy"})], contents_of(review))
    ledger.begin("other", {})
    ledger.record("other", [run_of(review, {"code": "b"})], contents_of(review))
    assert ledger.remove("TONE") == 1
    assert ([each.name for each in ledger.list()], ledger.count("other")) == (["other"], 1)
    assert [change.detail for change in library.activity(kind="experiment")] == ["removed tone"]
    assert not [record for record in library.archive.records() if "xyzzy" in json.dumps(record)]
    assert library.doctor() == []


def test_experiments_are_found_by_what_their_last_round_used(library: Store, review: CompiledPrompt) -> None:
    ledger = library.experiments
    ledger.record("tone", [run_of(review, {"code": "a"})], contents_of(review))
    ledger.begin("free", {})
    free = library.compile_text("[[style/tone]]{{ code }}")
    ledger.record("free", [run_of(free, {"code": "a"})], contents_of(free))
    library.rename("style/tone", "style/voice")
    assert [each.name for each in ledger.using("voice")] == ["free", "tone"]
    assert [each.name for each in ledger.using("review")] == ["tone"]
    ledger.begin("tone", {})
    assert [each.name for each in ledger.using("style/voice")] == ["free"]
    with pytest.raises(PromptNotFoundError):
        ledger.using("nowhere")


def test_the_doctor_finds_what_the_ledger_has_lost(library: Store, review: CompiledPrompt) -> None:
    library.experiments.record("tone", [run_of(review, {"code": "a"})], contents_of(review))
    library.experiments.begin("sound", {})
    library.experiments.record("sound", [run_of(review, {"code": "a"})], contents_of(review))
    assert library.doctor() == []
    inputs = hash_of('{"code":"a"}')
    own = " WHERE sha256 = :sha256 AND experiment_id = (SELECT id FROM experiment WHERE key = 'tone')"
    with library._database.writing():  # noqa: SLF001 - to damage it
        ask = library._database.rows  # noqa: SLF001 - as above
        ask("UPDATE experiment_content SET data = '{}'" + own, {"sha256": inputs})  # noqa: S608 - constants
        ask("DELETE FROM experiment_content" + own, {"sha256": hash_of("{}")})  # noqa: S608 - constants
    assert library.doctor() == [
        Finding("error", code, "", f"the experiment tone: {flaw}")
        for code, flaw in (
            ("damaged", f"what its runs share as {inputs[:12]} does not match its hash"),
            ("dangling", "1 of its runs name inputs or a manifest that is missing"),
        )
    ]
