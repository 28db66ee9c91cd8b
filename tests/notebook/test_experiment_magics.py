"""`%%experiment`, `%prompts runs`, and the cards of what they give."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import prompt_kernel as pk
from prompt_kernel.errors import ExperimentNotFoundError, InvalidMetadataError, MissingVariableError
from prompt_kernel.experiments.results import Cell, Comparison, Results
from prompt_kernel.notebook import cards, plain
from prompt_kernel.notebook._actions import help_of
from prompt_kernel.notebook._commands import PARSERS
from prompt_kernel.notebook._side_by_side import marked_words
from prompt_kernel.notebook._world import NotebookWorld
from prompt_kernel.notebook.completion import offer
from prompt_kernel.records import Rows
from prompt_kernel.runs import ExperimentSummary, Run, Score
from prompt_kernel.store import Store

Execute = Callable[[str], Any]
SETUP = """\
rows = [{"code": "x = 1", "label": "X = 1"}, {"code": "y = 2", "label": "no"}]
def loud(text):
    asked.append(text)
    return text.splitlines()[-1].upper()
asked = []
def short(output, row):
    return len(output) < 3
"""
CELL = "Look:\n{{ code }}"


@pytest.fixture
def execute(run: Execute) -> Execute:
    """A notebook with two rows of data, a model and a scorer."""
    run(SETUP)
    return run


# %%experiment --------------------------------------------------------------------------------------------------------


def test_a_cell_is_run_over_data(execute: Execute, library: Store) -> None:
    found = execute(f"%%experiment tone --inputs rows --model loud --scorer exact:label --scorer short\n{CELL}")

    assert isinstance(found, Results)
    assert [(run.prompt, run.model, run.row, run.output) for run in found.runs] == [
        ("cell", "loud", "0", "X = 1"),
        ("cell", "loud", "1", "Y = 2"),
    ]
    assert [(cell.score, cell.n, cell.mean) for cell in found.summary()] == [("exact:label", 2, 0.5), ("short", 2, 0.0)]
    assert execute("asked") == ["Look:\nx = 1", "Look:\ny = 2"]
    assert found.expansion(found.runs[1]) == "Look:\ny = 2"
    assert pk.results("tone", library).records() == found.records()


def test_a_cell_that_runs_again_asks_only_what_is_new(execute: Execute) -> None:
    line = "%%experiment tone --inputs rows --model loud"
    execute(f"{line}\n{CELL}")
    execute("rows.append({'code': 'z = 3'})")
    found = execute(f"{line}\n{CELL}")

    assert execute("asked") == ["Look:\nx = 1", "Look:\ny = 2", "Look:\nz = 3"]
    assert (found.round, len(found.runs)) == (2, 3)


def test_a_cell_is_held_against_prompts_of_the_store(execute: Execute) -> None:
    found = execute(f"%%experiment tone --inputs rows --model loud --against review --against review@1\n{CELL}")

    assert found.prompts == ("cell", "review@1")
    assert [pair.row for pair in found.compare("cell", "review@1").pairs] == ["0", "1"]


def test_a_cell_is_saved_first_where_a_path_is_given(execute: Execute, library: Store) -> None:
    found = execute(f"%%experiment tone --inputs rows --model loud --save look/closely\n{CELL}")

    assert (library["look/closely"].text, found.prompts) == (CELL, ("look/closely@1",))
    again = execute(
        f"%%experiment tone --inputs rows --model loud --save look/closely --against look/closely@1\n{CELL}!"
    )
    assert again.prompts == ("look/closely@2", "look/closely@1")


def test_values_come_from_the_line_then_the_columns_then_the_notebook_then_the_default(execute: Execute) -> None:
    execute("code = 'of the notebook'\nwho = 'ana'\nlevel = 3")
    found = execute(
        "%%experiment tone --inputs rows --model loud tone=formal n:=level+1\n"
        "[[style/tone]]{{ n }} {{ who }} {{ code }}"
    )

    assert execute("asked") == [f"Speak in a formal voice.\n4 ana {row['code']}" for row in execute("rows")]
    assert found.runs[0].variables == {"tone": "formal", "n": 4, "who": "ana"}


def test_models_and_scorers_may_be_held_in_variables_by_their_names(execute: Execute) -> None:
    execute("both = {'up': str.upper, 'low': str.lower}\nscores = {'is loud': lambda output, row: output.isupper()}")
    found = execute("%%experiment tone --model both --scorer scores --repeats 2 --concurrency 2\nHello!")

    assert [(run.model, run.repeat, run.output, run.scores["is loud"].value) for run in found.runs] == [
        ("up", 1, "HELLO!", 1.0),
        ("up", 2, "HELLO!", 1.0),
        ("low", 1, "hello!", 0.0),
        ("low", 2, "hello!", 0.0),
    ]


def test_an_async_model_runs_though_the_notebook_has_a_loop(execute: Execute) -> None:
    execute("async def waits(text):\n    return text + '?'")

    assert [run.output for run in execute("%%experiment tone --model waits\nHello").runs] == ["Hello?"]


def test_an_iterator_of_rows_is_read_once(execute: Execute) -> None:
    execute("rows = ({'code': str(n)} for n in range(3))")

    assert [run.output for run in execute(f"%%experiment tone --inputs rows --model loud\n{CELL}").runs] == [
        "0",
        "1",
        "2",
    ]


def test_what_fails_is_a_run_and_no_traceback(execute: Execute) -> None:
    execute("def fails(text):\n    raise ValueError('too hot')")
    found = execute(f"%%experiment tone --inputs rows --model fails --out kept\n{CELL}")

    assert [run.error for run in found.errors] == ["ValueError: too hot"] * 2
    assert execute("kept") is found


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("tone", UsageError, "the following arguments are required: --model"),
        ("tone --model nobody", UsageError, "%%experiment: nobody is no variable of this notebook"),
        ("tone --model loud --inputs nothing", UsageError, "%%experiment: nothing is no variable of this notebook"),
        ("tone --model loud --scorer none", UsageError, "%%experiment: none is no variable of this notebook"),
        (
            "tone --model loud --scorer exakt:label",
            InvalidMetadataError,
            "'exakt:label' is none; there are exact:column",
        ),
        ("tone --model rows", InvalidMetadataError, "rows is a list"),
        ("tone --model loud --repeats some", UsageError, "'some' is no number"),
        ("tone --model loud", MissingVariableError, "no value for the variable code"),
        ("tone --model loud x", UsageError, "'x' is not name=value"),
    ],
)
def test_a_line_that_makes_no_sense_asks_nobody(
    execute: Execute, line: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        execute(f"%%experiment {line}\n{CELL}")
    assert execute("asked") == []


def test_help_is_shown_on_request(
    execute: Execute, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute("%%experiment --help\nx") is None
    assert "Run this cell over data on models" in capsys.readouterr().out
    assert help_of("cell", "experiment").startswith("usage: %%experiment")
    assert "runs" in PARSERS
    assert shell.find_cell_magic("experiment") is not None


# %prompts runs -------------------------------------------------------------------------------------------------------


def test_runs_lists_experiments_and_shows_one(execute: Execute) -> None:
    execute(f"%%experiment tone --inputs rows --model loud\n{CELL}")
    execute("def fails(text):\n    raise ValueError('too hot')")
    execute(f'%%experiment "my labels" --inputs rows --model fails --model loud\n{CELL}')

    assert [(one.name, one.runs, one.errors) for one in execute("%prompts runs")] == [
        ("my labels", 4, 2),
        ("tone", 2, 0),
    ]
    assert [run.output for run in execute("%prompts runs tone").runs] == ["X = 1", "Y = 2"]
    assert [run.model for run in execute('%prompts runs "my labels" --errors')] == ["fails", "fails"]
    with pytest.raises(ExperimentNotFoundError, match="Did you mean tone"):
        execute("%prompts runs tonne")


def test_an_earlier_round_is_shown(execute: Execute) -> None:
    execute("%%experiment tone --model loud\nfirst")
    execute("%%experiment tone --model loud\nsecond")

    assert [run.output for run in execute("%prompts runs tone --round 1").runs] == ["FIRST"]
    assert [run.output for run in execute("%prompts runs tone").runs] == ["SECOND"]


# Tab -----------------------------------------------------------------------------------------------------------------


#: What Tab offers at the `|`.
TAB = {
    "%%experiment |\nx": ["tone", '"my labels"'],
    "%%experiment to|\nx": ["tone"],
    "%%experiment 'my|\nx": ["'my labels'"],
    "%%experiment tone --mo|\nx": ["--model"],
    "%%experiment tone --model l|\nx": ["loud", "local"],
    "%%experiment tone --inputs r|\nx": ["rows"],
    "%%experiment tone --scorer e|\nx": ["exact:"],
    "%%experiment tone --scorer s|\nx": ["short"],
    "%%experiment tone --against rev|\nx": ["review"],
    "%%experiment tone --against review@|\nx": ["review@1"],
    "%%experiment tone --save style/t|\nx": ["style/tone"],
    "%%experiment tone n:=ro|\nx": ["rows"],
    "%%experiment tone --model loud\n[[style/t|": ["style/tone]]"],
    "%%experiment tone --model loud\n{{ ro|": ["rows }}"],
    "%prompts ru|": ["runs"],
    "%prompts runs t|": ["tone"],
    "%prompts runs tone --e|": ["--errors"],
}


def test_tab_knows_experiments_models_and_scorers(execute: Execute, shell: InteractiveShell, library: Store) -> None:
    execute("local = 'http://127.0.0.1:1/v1'\nfar = 'no address'")
    for name in ("my labels", "tone"):
        library.experiments.begin(name, {"prompts": [], "models": [], "scorers": [], "repeats": 1})
    world = NotebookWorld(shell.magics_manager.registry["PromptMagics"])

    def offered(code: str) -> list[str]:
        before, after = code.split("|")
        return sorted(offer(before + after, before.count("\n"), len(before.split("\n")[-1]), world).texts)

    assert {code: offered(code) for code in TAB} == {code: sorted(texts) for code, texts in TAB.items()}


# Cards ---------------------------------------------------------------------------------------------------------------


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._within.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._within:
            self.words.append(data)


def card(value: object) -> _Reader:
    reader = _Reader()
    reader.feed(cards.html(value))
    return reader


def words(value: object) -> str:
    return " ".join(" ".join(card(value).words).split())


HOSTILE = "<script>alert(1)</script>\u202e]]>"


def a_run(prompt: str, model: str, row: int, score: float | None, **fields: Any) -> Run:
    values: dict[str, Any] = {
        "experiment": "tone", "prompt": prompt, "row": str(row), "model": model, "repeat": 1,
        "inputs": {"code": f"x = {row}"}, "variables": {}, "parameters": {}, "manifest": "", "text_sha256": "ab" * 32,
        "call": f"{prompt} {model} {row}", "output": f"The answer of {prompt} to {row}.", "seconds": 0.5,
        "tokens_in": 1200, "tokens_out": 3, "cost": 0.25, "at": datetime(2026, 3, 1, 9, 5, tzinfo=UTC), "author": "ana",
        "scores": {} if score is None else {"exact": Score(score, "the unit is missing")},
    }  # fmt: skip
    return Run(**(values | fields))


@pytest.fixture
def results(library: Store) -> Results:
    library.experiments.begin(
        "tone",
        {"prompts": ["review@1", "review@2"], "models": ["a", "b"], "scorers": ["exact"], "repeats": 1},
        description="Which is better",
    )
    runs = [
        *(a_run("review@1", "a", row, float(row > 1)) for row in range(4)),
        *(a_run("review@2", "a", row, float(row > 0)) for row in range(4)),
        a_run("review@2", "b", 0, None, output=None, error="Timeout: 30 s", cost=None),
        a_run("review@2", "b", 1, None, scores={"exact": Score(None, error="no label")}),
    ]
    return Results(library, "tone", runs=runs)


def test_the_card_of_results_says_all_in_words(results: Results) -> None:
    said = words(results)

    assert said.startswith("tone · round 1 · 10 runs · 1 error · cost 2.25 Which is better prompt model exact 0 1 n")
    assert "review@1 a 0.50 [0.00, 1.00] 4 0.50 4,800 + 12 1.00" in said
    assert "review@2 a 0.75 [0.25, 1.00] 4" in said
    assert "1 run could not be answered times why 1 Timeout: 30 s" in said
    assert "1 run could not be scored times why 1 exact: no label" in said
    assert "The answer of review@1 to 0. exact 0" in said


def test_the_chart_has_a_bar_for_each_mean_and_no_script(results: Results) -> None:
    found = card(results)
    bars = [attributes["style"] or "" for _, attributes in found.tags if attributes.get("class") == "pk-bar"]
    ranges = [attributes["style"] or "" for _, attributes in found.tags if attributes.get("class") == "pk-range"]

    assert [re.findall(r"width:([\d.]+)%", bar) for bar in bars] == [["50.0"], ["75.0"]]
    assert ranges == ["left:0.0%;width:100.0%", "left:25.0%;width:75.0%"]
    assert {name for name, _ in found.tags} <= {
        "style", "div", "p", "strong", "span", "code", "details", "summary",
        "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip


#: Means, what the axis says, and where the bars begin and how wide they are, in per cent.
BARS: list[tuple[list[float], str, list[tuple[float, float]]]] = [
    ([3.0, 4.4], "0 5", [(0.0, 60.0), (0.0, 88.0)]),
    ([-0.5, 0.5], "-0.5 0.5", [(0.0, 50.0), (50.0, 50.0)]),
    ([0.0, 0.0], "0 1", [(0.0, 0.0), (0.0, 0.0)]),
    ([120.0, 0.2], "0 200", [(0.0, 60.0), (0.0, 0.1)]),
    ([-3.0, -1.0], "-3 0", [(0.0, 100.0), (66.7, 33.3)]),
]


def test_the_bars_begin_at_zero_wherever_it_is(library: Store) -> None:
    library.experiments.begin("tone", {"prompts": [], "models": [], "scorers": [], "repeats": 1})
    for scores, ends, bars in BARS:
        found = Results(library, "tone", runs=[a_run(f"p{at}", "a", 0, score) for at, score in enumerate(scores)])
        styles = [
            attributes["style"] or "" for _, attributes in card(found).tags if attributes.get("class") == "pk-bar"
        ]
        drawn = [tuple(map(float, re.findall(r"(?:margin-left|width):([\d.]+)%", style))) for style in styles]

        assert (f"exact {ends} n" in words(found), drawn) == (True, bars)


def test_results_without_scores_or_runs_have_a_card(library: Store) -> None:
    library.experiments.begin("tone", {"prompts": [], "models": [], "scorers": [], "repeats": 1})

    assert words(Results(library, "tone", runs=[])).startswith("tone · round 1 · 0 runs More:")
    counted = Results(library, "tone", runs=[a_run("p", "a", 0, None, tokens_in=None, tokens_out=None)])
    assert "prompt runs s/run cost p 1 0.50 0.25" in words(counted)
    assert plain.text(counted).splitlines()[0] == "tone · round 1 · 1 runs"


def test_outputs_are_set_side_by_side_and_their_words_compared(results: Results) -> None:
    found = results.compare("review@1", "review@2")
    said = words(found)

    assert isinstance(found, Comparison)
    assert said.startswith(
        "review@1 → review@2 · tone · 4 pairs · 2 runs without a counterpart"
        " score second has more (95 %) pairs higher lower equal exact +0.25 [0.00, +0.75] 4 1 0 3"
        " row 1 · a · exact 0 → 1"
    )
    assert "review@1 review@2 The answer of review@ 1 to 1. The answer of review@ 2 to 1." in said
    assert [name for name, _ in card(found).tags].count("del") == 4


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a b c", "a x c", ("a <del>b</del> c", "a <ins>x</ins> c")),
        ("same", "same", ("same", "same")),
        ("", "new", ("", "<ins>new</ins>")),
        ("<b>", "<i>", ("&lt;<del>b</del>&gt;", "&lt;<ins>i</ins>&gt;")),
        ("w " * 2_000, "v", ("w " * 2_000, "v")),
    ],
)
def test_the_words_that_differ_are_marked(before: str, after: str, expected: tuple[str, str]) -> None:
    assert marked_words(before, after) == expected


def test_a_run_and_an_experiment_have_cards(results: Results, library: Store) -> None:
    assert words(results.runs[0]) == (
        "review@1 · a · row 0 · tone The answer of review@1 to 0. score value why exact 0 the unit is missing"
        " What went in code x = 0 0.50 s · 1,200 tokens in · 3 tokens out · cost 0.25 · text sha256 abababababab"
        " · 2026-03-01 09:05 UTC · by ana"
    )
    assert "error : Timeout: 30 s" in words(results.errors[0])
    said = words(library.experiments.get("tone"))
    assert said.startswith(
        "tone · round 1 · 0 runs Which is better models a, b scores exact prompts: 2 review@1 review@2"
    )
    assert words(library.experiments.list()).startswith(
        "Experiments · 1 row experiment description prompts models scores"
    )


def test_a_plan_has_a_card(library: Store) -> None:
    experiment = pk.Experiment(
        "tone", store=library, prompts=["review"], inputs=[{"code": 1}, {"code": None}], models={"up": str.upper}
    )

    assert words(experiment.plan()).startswith("tone · plan · 2 runs to be paid 1 call cannot be asked 1 tokens in")
    assert plain.text(experiment.plan()).startswith("tone: 2 cells. 0 known, 1 to pay")


#: What a run may hold that nobody looked through.
ODD: list[dict[str, Any]] = [
    {"output": HOSTILE}, {"output": None, "error": HOSTILE}, {"prompt": HOSTILE}, {"model": HOSTILE},
    {"inputs": {HOSTILE: HOSTILE}}, {"scores": {HOSTILE: Score(None, HOSTILE, HOSTILE)}},
]  # fmt: skip


def test_nothing_that_a_run_holds_acts_in_a_card(library: Store) -> None:
    library.experiments.begin("tone", {"prompts": [], "models": [], "scorers": [], "repeats": 1})
    for odd in ODD:
        runs = [a_run("p", "a", 0, 1.0), a_run("q", "a", 0, 1.0), Run(**{**_fields(a_run("p", "a", 1, 1.0)), **odd})]
        found = Results(library, "tone", runs=runs)
        for value in (found, *found.runs, found.compare(), Rows(found.runs), found.errors):
            html = cards.html(value)
            assert "<script" not in html
            assert "\u202e" not in html + plain.text(value)


def _fields(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in Run.__dataclass_fields__}


def test_a_large_experiment_has_a_small_card(library: Store) -> None:
    library.experiments.begin("tone", {"prompts": [], "models": [], "scorers": [], "repeats": 1})
    runs = [
        a_run(f"prompt {at}" * 20, model, row, 0.5, output="x" * 10_000)
        for at in range(40)
        for model in "abc"
        for row in range(5)
    ]
    found = Results(library, "tone", runs=runs)

    assert len(cards.html(found)) < 120_000
    assert len(cards.html(found.compare())) < 300_000
    assert "… and 60 more rows" in words(found)


def test_in_a_terminal_results_are_a_table(results: Results) -> None:
    assert plain.text(results).splitlines()[:3] == [
        "tone · round 1 · 10 runs, 1 failed",
        "prompt    model  score  mean  95 %          n  errors  seconds  cost",
        "review@1  a      exact  0.50  [0.00, 1.00]  4          0.50     1.00",
    ]
    assert plain.text(results.compare("review@1", "review@2")).startswith(
        "review@1 → review@2 · 4 pairs, 4 with different outputs\nscore  second has more"
    )
    assert plain.text(results.runs[0]).endswith("\n\nThe answer of review@1 to 0.")


def test_the_terminal_of_a_shell_shows_results_so(shell: InteractiveShell, results: Results) -> None:
    shown = shell.display_formatter.format(results)[0]

    assert shown["text/plain"].startswith("tone · round 1 · 10 runs, 1 failed\nprompt    model")
    assert shown["text/html"].startswith("<style>")
    for value in (results.runs[0], results.compare("review@1", "review@2"), results.experiment):
        assert shell.display_formatter.format(value)[0]["text/plain"] == plain.text(value)


def test_rows_of_results_are_tables(results: Results) -> None:
    cells: Rows[Cell] = results.summary()
    summaries: list[ExperimentSummary] = [results.experiment]

    assert words(cells).startswith("tone · 3 rows prompt model score mean 95 % n errors seconds cost review@1 a exact")
    assert words(results.compare("review@1", "review@2").pairs).startswith("review@1 → review@2 · 4 rows row of first")
    assert plain.table(summaries).splitlines()[1].startswith("tone        Which is better  2        a, b    exact")
