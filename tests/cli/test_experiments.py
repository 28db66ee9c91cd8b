import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk
from tests.ledger import begin, contents_of, run_of

Run = Callable[..., Any]


@pytest.fixture
def ran(library: pk.Store) -> pk.Store:
    """A library with an experiment of two rounds, whose last one has three runs, one of them an error."""
    begin(library, "tone", "review", [{"code": "old"}])
    runs = begin(library, "tone", "review", [{"code": "x = 1"}, {"code": "y"}], cost=0.5)
    failed = run_of(library.compile("review"), {"code": "z"}, "2", prompt="review", output=None, error="503", scores={})
    library.experiments.record("tone", [failed], contents_of(library.compile("review")))
    assert len(runs) == 2
    return library


def test_experiments_are_listed(run: Run, ran: pk.Store) -> None:
    begin(ran, "other", "style/tone", [])
    other, tone = ran.experiments.list()
    at = [each.updated_at.isoformat(timespec="seconds") for each in (other, tone)]
    assert run("experiments").rows == [
        ("other", "1", "1", "1", "0", "0", "", at[0], ""),
        ("tone", "2", "1", "1", "3", "1", "1.002", at[1], ""),
    ]
    assert [each["name"] for each in run("experiments", "list", "--json").data] == ["other", "tone"]


def test_no_experiments_are_a_sentence(run_empty: Run) -> None:
    assert run_empty("experiments") == (
        0, "", "There are no experiments. Run one in Python: prompt_kernel.Experiment, or %%experiment.\n",
    )  # fmt: skip


@pytest.mark.usefixtures("ran")
def test_one_is_shown_by_prompt_model_and_score(run: Run) -> None:
    assert run("experiments", "show", "TONE").rows == [("review", "gpt", "exact", "1", "1", "1", "3", "1", "1.001")]
    assert run("experiments", "show", "tone", "--round", "1").rows[0][6:] == ("1", "0", "0.001")
    assert run("experiments", "show", "tone", "--round", "9") == (0, "", "The round 9 of tone has no runs.\n")


@pytest.mark.usefixtures("ran")
def test_one_is_shown_with_its_facts_in_a_terminal(in_terminal: Callable[..., Any]) -> None:
    shown = in_terminal("experiments", "show", "tone").text
    assert ["2 of 2" in shown, "review" in shown, "exact" in shown, "mean" in shown] == [True] * 4


@pytest.mark.usefixtures("ran")
def test_runs_are_exported_by_the_ending_of_the_file(run: Run, tmp_path: Path) -> None:
    lines = tmp_path / "runs.jsonl"
    assert run("experiments", "export", "tone", lines).rows == [(str(lines), "3")]
    assert [json.loads(line)["error"] for line in lines.read_text("utf-8").splitlines()] == ["", "", "503"]
    assert run("experiments", "export", "tone", tmp_path / "runs.csv", "--round", "1").rows[0][1] == "1"
    refused = run("experiments", "export", "tone", tmp_path / "runs.xls")
    assert (refused.code, "a file can end in .csv" in refused.err) == (1, True)


def test_one_is_renamed_and_removed_when_it_is_meant(run: Run, ran: pk.Store) -> None:
    assert run("experiments", "rename", "tone", "voice").rows == [("voice",)]
    assert run("experiments", "remove", "voice") == (
        2, "", "prompt-kernel: This would remove voice for good, with the runs of all rounds; add --yes.\n",
    )  # fmt: skip
    assert run("experiments", "remove", "voice", "--yes").rows == [("4",)]
    assert ran.experiments.list() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["shew", "tone"], "There is no action 'shew'; there are list, show, export, rename, remove."),
        (["show"], "Write: prompt-kernel experiments show NAME"),
        (["export", "tone"], "Write: prompt-kernel experiments export NAME FILE.csv|.jsonl|.parquet"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(run: Run, arguments: list[str], sentence: str) -> None:
    assert run("experiments", *arguments) == (2, "", f"prompt-kernel: {sentence}\n")


@pytest.mark.usefixtures("ran")
def test_a_name_that_is_nearly_right_is_suggested(run: Run) -> None:
    sentence = "prompt-kernel: There is no experiment 'tune'. Did you mean tone?\n"
    assert [run("experiments", *each) for each in (["show", "tune"], ["remove", "tune", "--yes"])] == [
        (1, "", sentence)
    ] * 2
