"""The notebooks about one topic each run in a real kernel, and again in a store where they have been before."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

import prompt_kernel as pk
from tests.notebooks.conftest import Copy

Run = Callable[[Path], nbformat.NotebookNode]


def test_composing_shows_whom_a_change_reaches(
    copy: Copy, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "demo.db"))
    with pk.connect() as store:
        store.save("returns/reasons", "somebody else's")
        store.save("returns/odd", "[[reasons]]")
        store.save("style/tone", "changed")

    run(copy("composing"))

    with pk.connect() as store:
        versions = {entry.path: entry.version for entry in store.prompts(directory="returns")}
        assert versions == {
            "returns/classify": 1, "returns/examples": 1, "returns/reasons": 2, "returns/reply": 1,
        }  # fmt: skip
        assert store.get("returns/reasons@agreed").version == 1
        assert "- label: not the size" in store.expand("returns/classify", message="x")
        assert store.check() == []


def test_sharing_loses_nothing_that_anybody_typed(
    copy: Copy, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "demo.db"))
    with pk.connect() as store:
        store.save("team/summary", "somebody else's")
        store.save("team/odd", "[[summary]]")

    run(copy("sharing"))

    with pk.connect() as store:
        assert [(entry.path, entry.version) for entry in store.prompts(directory="team")] == [
            ("team/summary", 9),
            ("team/summary-conflict", 1),
        ]
        assert store.get("team/summary@3").text == (
            "Sum up the notes for {{ audience }}.\n\nUse at most five points.\n\n"
            "Name every number with its unit. Say what is missing.\n\nNotes: {{ notes }}"
        )
        wrote = {(version.author, version.origin) for version in store.history("team/summary")}
        assert wrote >= {("Ana", "notebook"), ("Ben, Ana", "dashboard"), ("Ben", "python")}
        assert "open question" in store.get("team/summary-conflict").text
        assert store.doctor() == []


def test_an_experiment_asks_again_only_what_a_change_reaches(
    copy: Copy, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "demo.db"))
    notebook = copy("dataframes-and-experiments")
    with pk.connect() as store:
        store.save("text/classify", "somebody else's {{ message }}")
        earlier = pk.Experiment("messages", prompts="text/classify", inputs=[{"message": "x"}], models={"m": str},
                                store=store)  # fmt: skip
        earlier.run(progress=False)

    said = shown(run(notebook))

    assert "64 cells. 0 known, 64 to pay" in said
    assert "64 cells. 16 known, 48 to pay" in said
    assert "[True, False]" in said
    with pk.connect() as store:
        results = pk.results("messages", store)
        means = {(cell.prompt.partition(" ")[2], cell.score): cell.mean for cell in results.summary()}
        assert {case: mean for case, mean in means.items() if case[1] == "right"} == {
            ("", "right"): 1, ("(without examples/sentiment)", "right"): 13 / 16,
            ("(without rules/input)", "right"): 15 / 16, ("(without format/json)", "right"): 0,
        }  # fmt: skip
        assert (results.experiment.round, len(results.runs), len(results.errors)) == (2, 64, 0)
        assert len(pk.results("messages-quick", store).runs) == 16
    assert (notebook.parent / "prompts.lock").exists()


def shown(notebook: nbformat.NotebookNode) -> str:
    """Return what the cells showed, as plain text."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(str(output.get("text") or output.get("data", {}).get("text/plain", "")) for output in outputs)
