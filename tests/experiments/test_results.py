import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import prompt_kernel as pk
from prompt_kernel.errors import (
    ExperimentNotFoundError,
    ExportFileError,
    InvalidMetadataError,
    NotFoundError,
    PromptKernelError,
)
from prompt_kernel.experiments.results import Cell, Comparison, Difference, Results
from prompt_kernel.runs import Run, Score, manifest_hash
from prompt_kernel.store import Store

COLUMNS = ["prompt", "model", "row", "repeat", "code", "label", "output", "error", "seconds", "tokens_in", "tokens_out",
           "cost", "exact", "length", "run"]  # fmt: skip


class Ledger:
    """Writes an experiment of two prompts over three rows, as a run of it would."""

    def __init__(self, store: Store) -> None:
        self.store = store
        store.save("review", "Short: {{ code }}")
        store.save("review", "Long, please: {{ code }}")

    def begin(self, **spec: Any) -> None:
        self.store.experiments.begin(
            "tone",
            {"prompts": ["review@2", "review@1"], "models": ["b", "a"], "scorers": ["exact", "length"], "repeats": 1}
            | spec,
        )

    def run(self, prompt: str, row: int, output: str | None, score: float | None = None, **fields: Any) -> Run:
        inputs = {"code": f"x = {row}", "label": "yes"}
        expansion = self.store.expand(prompt, code=inputs["code"])
        key = manifest_hash(expansion.manifest)
        values: dict[str, Any] = {
            "experiment": "tone", "prompt": prompt, "row": str(row), "model": "a", "repeat": 1, "inputs": inputs,
            "variables": {}, "parameters": {}, "manifest": key, "text_sha256": self.hash_of(expansion),
            "output": output, "scores": {} if score is None else {"exact": Score(score)}, "seconds": 0.5,
            "tokens_in": 3, "tokens_out": 1, "cost": 0.25,
        }  # fmt: skip
        values |= fields
        values.setdefault("call", f"{values['prompt']} {row} {values['model']} {values['repeat']}")
        run = Run(**values)
        self.store.experiments.record("tone", [run], {key: expansion.manifest.as_data()})
        return run

    @staticmethod
    def hash_of(text: str) -> str:
        from hashlib import sha256

        return sha256(text.encode()).hexdigest()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store)


@pytest.fixture
def tone(ledger: Ledger) -> Results:
    """Two prompts over the rows 2, 9 and 10: the second is right once more, and fails once."""
    ledger.begin()
    ledger.run("review@1", 10, "no", 0.0)
    ledger.run("review@1", 9, "yes", 1.0, scores={"exact": Score(1.0), "length": Score(None, error="too long")})
    ledger.run("review@1", 2, "no", 0.0)
    ledger.run("review@2", 2, "yes", 1.0)
    ledger.run("review@2", 10, None, error="Timeout: 30 s", cost=None, tokens_out=None)
    ledger.run("review@2", 9, "yes", 1.0)
    return pk.results("tone", ledger.store)


def test_the_runs_come_in_the_order_of_the_experiment(tone: Results) -> None:
    assert [(run.prompt, run.row) for run in tone.runs] == [
        ("review@2", "2"), ("review@2", "9"), ("review@2", "10"),
        ("review@1", "2"), ("review@1", "9"), ("review@1", "10"),
    ]  # fmt: skip
    assert (tone.prompts, tone.models, tone.scores, tone.round) == (
        ("review@2", "review@1"),
        ("a",),
        ("exact", "length"),
        1,
    )
    assert [(run.row, run.error) for run in tone.errors] == [("10", "Timeout: 30 s")]
    assert repr(tone) == "Results('tone', 6 runs)"


def test_more_runs_than_a_page_are_all_read(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.begin()
    for row in range(5):
        ledger.run("review@1", row, "yes")
    monkeypatch.setattr("prompt_kernel.experiments.results._PAGE", 2)

    assert [run.row for run in pk.results("tone", ledger.store).runs] == ["0", "1", "2", "3", "4"]


def test_an_earlier_round_has_its_own_results(ledger: Ledger) -> None:
    ledger.begin()
    ledger.run("review@1", 0, "yes")
    ledger.begin()
    ledger.run("review@2", 0, "no")

    last, first = pk.results("tone", ledger.store), Results(ledger.store, "tone", 1)
    assert ([run.output for run in last.runs], last.round) == (["no"], 2)
    assert ([run.output for run in first.runs], first.round) == (["yes"], 1)


def test_an_experiment_that_is_not_there_is_told_at_once(ledger: Ledger) -> None:
    ledger.begin()
    with pytest.raises(ExperimentNotFoundError, match=r"There is no experiment 'tune'. Did you mean tone"):
        pk.results("tune", ledger.store)


def test_the_usual_store_has_the_results_where_none_is_given(
    tone: Results, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", ledger.store.url)

    with pk.results("tone").store as usual:
        assert Results(usual, "tone").records() == tone.records()


# Tables


def test_records_are_tidy(tone: Results) -> None:
    records = tone.records()

    assert [list(record) for record in records] == [COLUMNS] * 6
    assert records[2] | {"run": 0} == {
        "prompt": "review@2", "model": "a", "row": "10", "repeat": 1, "code": "x = 10", "label": "yes",
        "output": None, "error": "Timeout: 30 s", "seconds": 0.5, "tokens_in": 3, "tokens_out": None, "cost": None,
        "exact": None, "length": None, "run": 0,
    }  # fmt: skip


def test_details_are_what_the_scorers_said_and_the_hashes(tone: Results) -> None:
    record = tone.records(details=True)[4]

    assert (record["length"], record["length.detail"], record["length.error"]) == (None, "", "too long")
    assert [record[name] for name in ("text_sha256", "manifest", "call")] == [
        tone.runs[4].text_sha256,
        tone.runs[4].manifest,
        tone.runs[4].call,
    ]


def test_columns_of_the_same_name_are_kept_apart(ledger: Ledger) -> None:
    ledger.begin(scorers=["code"])
    ledger.run(
        "review@1", 1, "yes", inputs={"code": "x = 1", "output": "gold"}, variables={"code": "x = 1", "tone": "plain"},
        scores={"code": Score(1.0)},
    )  # fmt: skip
    record = pk.results("tone", ledger.store).records()[0]

    assert {
        name: record[name] for name in ("code", "input.output", "variable.code", "tone", "output", "score.code")
    } == {
        "code": "x = 1",
        "input.output": "gold",
        "variable.code": "x = 1",
        "tone": "plain",
        "output": "yes",
        "score.code": 1.0,
    }


@pytest.mark.parametrize("kind", ["pandas", "polars", None])
def test_a_frame_holds_the_records(tone: Results, kind: Any) -> None:
    frame = tone.frame(kind)

    assert isinstance(frame, pl.DataFrame if kind == "polars" else pd.DataFrame)
    assert list(frame.columns) == COLUMNS
    assert list(frame["exact"])[:2] == [1.0, 1.0]
    assert list(frame["row"]) == ["2", "9", "10", "2", "9", "10"]
    if kind == "polars":
        assert frame.to_dicts() == tone.records()


def test_a_frame_of_nothing_is_empty(ledger: Ledger) -> None:
    ledger.begin()
    found = pk.results("tone", ledger.store)

    assert (len(found.frame("pandas")), found.frame("polars").shape, found.summary(), found.to_bytes("csv")) == (
        0,
        (0, 0),
        [],
        b"\r\n",
    )


def test_a_frame_of_what_is_not_installed_is_refused(tone: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidMetadataError, match="'dask' is none; there are pandas and polars"):
        tone.frame("dask")  # type: ignore[arg-type]  # that is the test
    monkeypatch.setattr("prompt_kernel.experiments._tables.find_spec", lambda _name: None)
    with pytest.raises(PromptKernelError, match="A frame needs pandas or polars, which is not installed"):
        tone.frame()


def test_values_of_many_kinds_in_a_column_become_texts_where_a_column_has_one_kind(ledger: Ledger) -> None:
    ledger.begin()
    odd = [1, "a", None, [1, "é"], {"n": 2}, True]
    for row, value in enumerate(odd):
        ledger.run("review@1", row, "yes", inputs={"code": f"x = {row}", "odd": value, "n": [1, 2.5][row % 2]})
    found = pk.results("tone", ledger.store)
    texts = ["1", "a", None, '[1, "é"]', '{"n": 2}', "true"]

    assert [record["odd"] for record in found.records()] == odd
    assert list(found.frame("pandas")["odd"]) == odd
    assert found.frame("polars")["odd"].to_list() == texts
    assert found.frame("polars")["n"].to_list() == [1.0, 2.5] * 3
    assert pq.read_table(io.BytesIO(found.to_bytes("parquet")))["odd"].to_pylist() == texts


# Files


def _csv(content: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def _json_lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.decode().splitlines()]


def _parquet(content: bytes) -> list[dict[str, Any]]:
    return list(pq.read_table(io.BytesIO(content)).to_pylist())


@pytest.mark.parametrize(("ending", "read"), [(".csv", _csv), (".jsonl", _json_lines), (".parquet", _parquet)])
def test_an_export_holds_every_record_with_its_details(
    tone: Results, tmp_path: Path, ending: str, read: Callable[[bytes], list[dict[str, Any]]]
) -> None:
    file = tone.export(tmp_path / f"tone{ending.upper()}")
    expected = tone.records(details=True)
    if ending == ".csv":
        expected = [{name: "" if at is None else str(at) for name, at in record.items()} for record in expected]

    assert read(file.read_bytes()) == expected


def test_an_output_of_several_lines_comes_back_from_every_file(ledger: Ledger) -> None:
    ledger.begin()
    output = 'first, "second"\n\r\nthird\u2028;\t=1+1'
    ledger.run("review@1", 0, output)
    found = pk.results("tone", ledger.store)

    assert [read(found.to_bytes(ending))[0]["output"] for ending, read in _READERS] == [output] * 3


_READERS = [("csv", _csv), ("jsonl", lambda content: [json.loads(content)]), ("parquet", _parquet)]


def test_an_export_to_nowhere_is_refused(tone: Results, tmp_path: Path) -> None:
    with pytest.raises(InvalidMetadataError, match=r"a file can end in .csv, .jsonl, .parquet, and .xlsx is none"):
        tone.export(tmp_path / "tone.xlsx")
    with pytest.raises(ExportFileError) as caught:
        tone.export(tmp_path / "missing" / "tone.csv")
    assert caught.value.problems == {"tone.csv": "No such file or directory"}


# Means


def test_a_summary_has_a_mean_and_an_interval_for_each_prompt_and_model(tone: Results) -> None:
    assert tone.summary("exact") == [
        Cell("review@2", "a", "exact", 2, 1.0, 1.0, 1.0, 3, 1, 0.5, 9, 2, 0.5),
        Cell("review@1", "a", "exact", 3, pytest.approx(1 / 3), 0.0, 1.0, 3, 0, 0.5, 9, 3, 0.75),
    ]
    assert [(cell.prompt, cell.score, cell.n, cell.mean) for cell in tone.summary()][2:] == [
        ("review@2", "length", 0, None),
        ("review@1", "length", 0, None),
    ]
    with pytest.raises(NotFoundError, match="tone has no score 'exat'; did you mean exact"):
        tone.summary("exat")


def test_a_summary_without_scorers_counts(ledger: Ledger) -> None:
    ledger.begin(scorers=[])
    ledger.run("review@1", 0, "yes", seconds=None, tokens_in=None, tokens_out=None, cost=None)

    assert pk.results("tone", ledger.store).summary() == [
        Cell("review@1", "a", "", 0, None, None, None, 1, 0, None, None, None, None)
    ]


def test_what_was_paid_once_is_counted_once_and_judges_count(ledger: Ledger) -> None:
    ledger.begin()
    for row in (0, 1):
        ledger.run("review@1", row, "yes", call="same", scores={"exact": Score(1.0, cost=0.5)})
    ledger.run("review@1", 2, "yes", cost=None, scores={"exact": Score(0.0, cost=2)})
    cell = pk.results("tone", ledger.store).summary()[0]

    assert (cell.n, cell.cost, cell.tokens_in) == (3, 0.25 + 0.5 + 2, 6)


# Side by side


def test_two_prompts_are_compared_row_by_row(tone: Results) -> None:
    found = tone.compare("review@1", "review@2")

    assert isinstance(found, Comparison)
    assert [(pair.row, pair.same, pair.before.output, pair.after.output) for pair in found.pairs] == [
        ("2", "a", "no", "yes"),
        ("9", "a", "yes", "yes"),
        ("10", "a", "no", None),
    ]
    assert found.differences == [
        Difference("exact", 2, 0.5, 0.0, 1.0, 1, 0),
        Difference("length", 0, None, None, None, 0, 0),
    ]
    assert [pair.row for pair in found.changed] == ["2", "10"]
    diff = found.changed[1].diff
    assert (diff.before, diff.after, diff.before_name, diff.after_name) == (
        "no",
        "Timeout: 30 s",
        "review@1",
        "review@2",
    )
    assert (found.alone, tone.compare().first, tone.compare().second) == (0, "review@2", "review@1")


def test_two_models_are_compared_too(ledger: Ledger) -> None:
    ledger.begin(prompts=["review@1"])
    ledger.run("review@1", 0, "yes", 1.0)
    ledger.run("review@1", 0, "no", 0.0, model="b")
    ledger.run("review@1", 1, "no", 0.0, model="b")
    found = pk.results("tone", ledger.store).compare()

    assert (found.first, found.second, found.alone) == ("b", "a", 1)
    assert [(pair.row, pair.same, pair.diff.before_name, pair.diff.after_name) for pair in found.pairs] == [
        ("0", "review@1", "b", "a")
    ]
    assert found.differences[0] == Difference("exact", 1, 1.0, None, None, 1, 0)


def test_what_changed_most_comes_first_and_the_worse_before_the_better(ledger: Ledger) -> None:
    ledger.begin()
    for row, (before, after) in enumerate([(0.5, 0.5), (0.0, 1.0), (1.0, 0.0), (0.5, 0.7)]):
        ledger.run("review@1", row, "a", before)
        ledger.run("review@2", row, "b", after)

    found = pk.results("tone", ledger.store).compare("review@1", "review@2")
    assert [pair.row for pair in found.changed] == ["2", "1", "3", "0"]


@pytest.mark.parametrize(
    ("names", "kind", "sentence"),
    [
        (("review@1", "review@3"), NotFoundError, r"tone has no 'review@3'; did you mean review@1 or review@2"),
        (("review@1", "a"), InvalidMetadataError, "review@1 and a are a prompt and a model; name two of one kind"),
        (("review@1", None), InvalidMetadataError, "it takes the names of two prompts, or of two models"),
    ],
)
def test_what_cannot_be_compared_is_told(
    tone: Results, names: tuple[str, str | None], kind: type[PromptKernelError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        tone.compare(*names)


# Which prompt made this?


def test_from_any_row_back_to_the_exact_text(tone: Results, ledger: Ledger) -> None:
    ledger.store.save("review", "changed since: {{ code }}")
    frame = tone.frame("pandas")
    found = tone.expansion(frame.loc[4, "run"])

    assert (str(found), found.path, found.version) == ("Short: x = 9", "review", 1)
    assert tone.expansion(tone.runs[0]) == "Long, please: x = 2"
    with pytest.raises(NotFoundError, match="tone has no run 12345"):
        tone.run(12345)
