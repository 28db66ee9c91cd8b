"""The experiments page: what was run, how well it did, outputs side by side, and down to the text that was sent."""

from collections.abc import Callable
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.store import Store
from prompt_kernel_dashboard.app_pages import experiment_outputs, experiment_runs
from prompt_kernel_dashboard.app_pages.experiment_outputs import Column, compared, pairs_of
from prompt_kernel_dashboard.app_pages.experiment_runs import Filter, fitting
from prompt_kernel_dashboard.diffs import markdown
from prompt_kernel_dashboard.panes import origins
from prompt_kernel_dashboard.state import Going

Open = Callable[..., Any]

ROWS = [
    {"code": "a = 1", "label": "SAY: A = 1"},
    {"code": "b *= 2", "label": "nothing"},
    {"code": "", "label": "SAY: "},
]


def shout(text: str) -> str:
    if text.endswith("= 1"):
        return text.upper()
    if not text.endswith("2"):
        raise ValueError("*too* short")
    return text[::-1]


def plain(markdown_text: str) -> str:
    return markdown_text.replace("\\", "").replace("\u2060", "")


@pytest.fixture
def tried(store: Store) -> Store:
    """A store with an experiment: two prompts, one model, three rows, of which one fails."""
    store.save("say", "Say: {{ code }}")
    store.save("polite", "Please. [[say]]")
    pk.Experiment(
        "tone",
        store=store,
        prompts=["say", "polite"],
        inputs=ROWS,
        models={"shout": shout},
        scorers=[pk.scorers.exact("label")],
    ).run(progress=False)
    return store


@pytest.fixture
def look(app: Callable[..., Any]) -> Open:
    def look(name: str = "") -> Any:
        going = Going("experiments", {"experiment": name} if name else {})
        return app({"pk_name": "ana", "pk_going": going})

    return look


def test_without_experiments_the_page_shows_how_to_run_one(store: Store, look: Open) -> None:
    page = look()
    assert store.experiments.list() == []
    assert "No experiment has been run yet" in page.at.info[0].value
    assert "pk.Experiment(" in page.at.code[0].value


def test_what_the_empty_page_shows_runs(store: Store, look: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_KERNEL_URL", store.url)
    code = look().at.code[0].value
    store.save("review", "Review {{ code }}")
    store.save("review", "Check {{ code }}")
    exec(code, {})  # noqa: S102 - it is what the page tells people to run
    assert [one.name for one in store.experiments.list()] == ["tone"]


def test_experiments_are_listed_and_open_with_a_click(tried: Store, look: Open) -> None:
    assert tried
    page = look()
    assert any("2 prompts, 1 model, 6 runs; ana, just now" in plain(caption) for caption in page.captions)
    page.press("tone")
    assert [element.value for element in page.at.subheader] == ["tone"]
    assert [(metric.label, metric.value) for metric in page.at.metric][:2] == [("Runs", "6"), ("Errors", "2")]
    page.press("All experiments")
    assert [element.value for element in page.at.subheader] == ["Experiments"]


def test_scores_are_a_chart_and_a_table_with_intervals(tried: Store, look: Open) -> None:
    assert tried
    page = look("tone")
    assert [(row["Prompt"], row["Model"], row["Mean"], row["Runs"], row["Errors"]) for row in page.tables[0]] == [
        ("say@1", "shout", 0.5, 3, 1),
        ("polite@1", "shout", 0.0, 3, 1),
    ]
    assert len(page.at.get("vega_lite_chart")) == 1


def test_a_prompt_tells_in_which_experiments_it_was_tried(tried: Store, app: Callable[..., Any]) -> None:
    assert tried
    page = app({"pk_name": "ana", "pk_panes": ("references",), "pk_going": Going("edit", {"prompt": "say"})})
    page.press("tone")
    assert [element.value for element in page.at.subheader] == ["tone"]


def test_very_many_experiments_come_in_parts(store: Store, look: Open) -> None:
    for number in range(51):
        store.experiments.begin(f"e{number}", {"prompts": [], "models": [], "scorers": [], "repeats": 1})
    page = look()
    assert "e0" not in page.buttons
    assert "e0" in page.press("Show more").buttons


def test_an_unknown_experiment_is_a_sentence_and_the_list(tried: Store, look: Open) -> None:
    assert tried
    page = look("*gone*")
    assert [plain(problem) for problem in page.problems] == [
        "There is no experiment *gone*: it was removed or renamed. These are all that there are."
    ]
    assert "tone" in page.buttons


def test_outputs_stand_side_by_side_and_lead_to_what_made_them(tried: Store, look: Open) -> None:
    assert tried
    page = look("tone").choose(pk_experiment_view="Outputs side by side")
    assert "3 rows with both; 1 the same." in page.captions
    page.at.toggle[0].set_value(True)
    page.run()
    assert len([label for label in page.buttons if label == "What made this?"]) == 4
    page.press("What made this?")
    assert any("Row 0, say@1, shout, repeat 1" in plain(element.value) for element in page.at.markdown)


def test_runs_are_filtered(tried: Store) -> None:
    runs = pk.results("tone", tried).runs
    cases = {
        Filter(): 6,
        Filter(prompt="say@1"): 3,
        Filter(model="nobody"): 0,
        Filter(kind="errors"): 2,
        Filter(kind="answers"): 4,
        Filter(words="TOO*"): 2,
        Filter(words="nowhere"): 0,
        Filter(words="*too"): 2,
        Filter(prompt="say@1", words="a = 1"): 1,
    }
    assert {wanted: len(fitting(runs, wanted)) for wanted in cases} == cases


def test_a_run_shows_the_text_with_its_pieces_the_answer_and_the_score(tried: Store, look: Open) -> None:
    assert tried
    page = look("tone").choose(pk_experiment_view="Runs")
    assert "6 runs. Select one to see what made it." in page.captions
    assert [row["Output"] for row in page.tables[0]] == [
        "SAY: A = 1", "2 =* b :yaS", "ValueError: *too* short",
        "PLEASE. SAY: A = 1", "2 =* b :yaS .esaelP", "ValueError: *too* short",
    ]  # fmt: skip


def test_each_piece_of_a_text_has_the_colour_of_its_prompt(tried: Store) -> None:
    results = pk.results("tone", tried)
    expansion = results.expansion(next(run for run in results.runs if run.prompt == "polite@1" and run.row == "1"))
    assert origins.colors_of(expansion) == {"polite@1": "", "say@1": "blue"}
    assert origins.markdown(expansion) == (
        "Please\\.\u00a0:blue-background[Say:\u00a0]:blue-background[:primary[b \\*\\= 2]]"
    )


def test_a_text_that_begins_with_an_inclusion_keeps_its_lines(store: Store) -> None:
    store.save("b", " B\n\n")
    expansion = store.expand_text("[[b]]a *x*\n")
    assert origins.markdown(expansion) == ":blue-background[\u00a0B]\\\n\\\na \\*x\\*"


def test_two_columns_are_paired_by_row_and_repeat(tried: Store) -> None:
    runs = pk.results("tone", tried).runs
    left, right = experiment_outputs.columns_of(runs)
    assert (left, str(right)) == (Column("say@1", "shout"), "polite@1 · shout")
    assert [(pair.row, pair.differs) for pair in pairs_of(runs, left, right)] == [
        ("0", True),
        ("1", True),
        ("2", False),
    ]


def test_only_the_words_that_differ_are_marked() -> None:
    assert markdown(compared("one two\nsame\nmore", "one 2\nsame", "+")) == (
        ":green[\\+\u2002]one :green-background[two]\\\n"
        "\u2060\u2002\u2002same\\\n"
        ":green[\\+\u2002]:green-background[more]"
    )


def test_a_long_output_is_shortened_in_the_table() -> None:
    assert experiment_runs.shortened("x" * 300) == f"{'x' * 200} …"


def test_an_experiment_is_renamed_and_removed(tried: Store, look: Open) -> None:
    page = look("tone").press("Rename")
    page.type("Name", "voice").press("Rename it")
    assert [element.value for element in page.at.subheader] == ["voice"]
    page.press("Remove").press("Remove it")
    assert page.toasts == ["voice is gone, with 6 runs\\."]
    assert tried.experiments.list() == []


def test_runs_are_exported(tried: Store, look: Open) -> None:
    assert tried
    page = look("tone").press("Export")
    assert [element.label for element in page.at.get("download_button")] == ["Download"]
