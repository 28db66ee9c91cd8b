import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel.errors import InvalidMetadataError, MissingVariableError, PromptKernelError, PromptNotFoundError
from prompt_kernel.experiments import scorers
from prompt_kernel.experiments.scorers import Scorer
from prompt_kernel.runs import Score, manifest_hash
from prompt_kernel.store import Store

Row = Mapping[str, Any]
SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


async def value(scorer: Scorer, output: str, **row: object) -> float | None:
    return (await scorers.apply(scorer, output, row)).value


# Ready made


@pytest.mark.parametrize(
    ("scorer", "output", "row", "expected"),
    [
        (scorers.exact("label"), " yes\n", {"label": "yes"}, Score(1.0)),
        (scorers.exact("label"), "Yes", {"label": "yes"}, Score(0.0)),
        (scorers.exact("label", ignore_case=True), "STRASSE", {"label": "straße"}, Score(1.0)),
        (scorers.exact("label", strip=False), " yes", {"label": "yes"}, Score(0.0)),
        (scorers.exact("label"), "3", {"label": 3}, Score(1.0)),
        (scorers.exact("label"), "", {"label": ""}, Score(1.0)),
        (scorers.contains("word"), "a red car", {"word": "red"}, Score(1.0)),
        (scorers.contains("word"), "a Red car", {"word": "red"}, Score(0.0, "missing: red")),
        (scorers.contains("word", ignore_case=True), "a Red car", {"word": "red"}, Score(1.0)),
        (scorers.contains("words"), "red, blue", {"words": ["red", "green"]}, Score(0.5, "missing: green")),
        (scorers.contains(words=["red", "car"]), "a red car", {}, Score(1.0)),
        (scorers.contains("w", words="car"), "a red car", {"w": "bus"}, Score(0.5, "missing: bus")),
        (scorers.matches(r"^\d+$"), "12", {}, Score(1.0, "12")),
        (scorers.matches(r"^\d+$"), "12 or so", {}, Score(0.0)),
        (scorers.matches("YES", ignore_case=True), "oh yes", {}, Score(1.0, "yes")),
        (scorers.matches(column="form"), "ab12", {"form": "[a-z]+"}, Score(1.0, "ab")),
        (scorers.close("price"), "It costs $1,234.50.", {"price": 1234.5}, Score(1.0, "1234.5")),
        (scorers.close("price"), "first 3, then 4", {"price": "3"}, Score(0.0, "4")),
        (scorers.close("price", relative=0.1), "91", {"price": 100}, Score(1.0, "91")),
        (scorers.close("price", relative=0, absolute=2), "\u22123", {"price": -5}, Score(1.0, "-3")),
        (scorers.close("price"), "none at all", {"price": 3}, Score(0.0, "no number")),
        (scorers.close("price"), "0", {"price": 0}, Score(1.0, "0")),
        (scorers.json_schema(SCHEMA), '{"n": 1}', {}, Score(1.0)),
        (scorers.json_schema(json.dumps(SCHEMA)), 'Here:\n```json\n{"n": 1}\n```\nDone.', {}, Score(1.0)),
        (scorers.json_schema(SCHEMA), '{"n": "1"}', {}, Score(0.0, "$.n: '1' is not of type 'integer'")),
        (scorers.json_schema(SCHEMA), "{}", {}, Score(0.0, "$: 'n' is a required property")),
    ],
)
async def test_a_scorer_says_what_an_output_is_worth(scorer: Scorer, output: str, row: Row, expected: Score) -> None:
    assert await scorers.apply(scorer, output, row) == expected


async def test_what_is_no_json_is_told() -> None:
    found = await scorers.apply(scorers.json_schema(SCHEMA), "Sorry, I cannot.", {})

    assert (found.value, found.error) == (0.0, "")
    assert found.detail.startswith("no JSON: ")


async def test_a_schema_refers_to_its_own_parts_and_to_nothing_outside() -> None:
    own = {"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}
    other = {"$ref": "http://127.0.0.1:9/schema.json"}

    assert await scorers.apply(scorers.json_schema(own), "[1, 2]", {}) == Score(1.0)
    found = await scorers.apply(scorers.json_schema(other), "[1]", {})
    assert (found.value, "http://127.0.0.1:9/schema.json" in found.error) == (None, True)


@pytest.mark.parametrize(
    ("scorer", "row", "error"),
    [
        (scorers.exact("lable"), {"label": "a"}, "the inputs have no column 'lable'; they have label"),
        (scorers.exact("label"), {}, "the inputs have no column 'label'; they have none"),
        (scorers.contains("label"), {"label": None}, "the row has nothing in its column 'label'"),
        (scorers.close("price"), {"price": float("nan")}, "the row has nothing in its column 'price'"),
        (scorers.close("price"), {"price": "dear"}, "the row's price is no number: 'dear'"),
        (scorers.contains("words"), {"words": []}, "the row's words is an empty list"),
        (scorers.matches(column="p"), {"p": "("}, "matches: '(' is no regular expression, because"),
    ],
)
async def test_what_cannot_be_scored_says_why(scorer: Scorer, row: Row, error: str) -> None:
    found = await scorers.apply(scorer, "1", row)

    assert found == Score(None, error=found.error)
    assert found.error.startswith(error)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (scorers.contains, "contains: it needs a column of the inputs, or words to look for."),
        (scorers.matches, "matches: it needs either a pattern or the column that has one."),
        (lambda: scorers.matches("a", column="b"), "matches: it needs either a pattern or the column that has one."),
        (lambda: scorers.matches("("), "matches: '(' is no regular expression, because missing ), unterminated"),
        (lambda: scorers.json_schema("{"), "json_schema: the schema is not JSON, because"),
        (lambda: scorers.json_schema("[]"), "json_schema: a schema is a mapping, or the text of one."),
        (lambda: scorers.json_schema({"type": "whole"}), "json_schema: this is no JSON schema, because 'whole' is"),
        (lambda: scorers.read("exact"), "scorer: 'exact' is none; there are exact:column, contains:column,"),
        (lambda: scorers.read("judge:x"), "scorer: 'judge:x' is none; there are exact:column, contains:column,"),
    ],
)
def test_a_scorer_that_makes_no_sense_is_refused_when_it_is_made(make: Callable[[], Scorer], sentence: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        make()

    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("text", ["exact:label", "contains:label", "matches:label", "close:label"])
async def test_a_scorer_is_read_from_a_word(text: str) -> None:
    assert scorers.name_of(scorers.read(text)) == text
    assert await value(scorers.read(text), "4", label="4") == 1.0


@given(
    st.floats(-1e12, 1e12).map(lambda number: round(number, 6)), st.sampled_from(["{}", "{:.6f}", "{:,.6f}", "<{}>"])
)
async def test_a_number_is_found_however_it_is_written(number: float, written: str) -> None:
    assert await value(scorers.close("n"), f"Step 1: it is {written.format(number)}.", n=number) == 1.0


# Functions


async def test_a_function_is_a_scorer_whatever_it_returns() -> None:
    async def waits(output: str, row: Row) -> float:
        return len(output) / row["most"]

    class Counts:
        async def __call__(self, output: str, row: Row) -> bool:
            return len(output) > row["most"]

    assert [
        await scorers.apply(scorer, "abcd", {"most": 8})
        for scorer in (
            waits,
            Counts(),
            lambda output, _row: waits(output, {"most": 2}),
            lambda output, _row: "b" in output,
            lambda _output, _row: None,
            lambda _output, _row: Score(1, "told", cost=0.5),
            lambda _output, _row: Score(None, error="cannot tell"),
        )
    ] == [
        Score(0.5),
        Score(0.0),
        Score(2.0),
        Score(1.0),
        Score(None),
        Score(1.0, "told", cost=0.5),
        Score(None, error="cannot tell"),
    ]


@pytest.mark.parametrize(
    ("scorer", "error"),
    [
        (lambda _output, row: row["x"], "KeyError: 'x'"),
        (lambda _output, _row: next(iter(())), "StopIteration: "),
        (lambda _output, _row: float("inf"), "the scorer gave inf"),
        (lambda _output, _row: ["no"], "the scorer gave a list, which is no number"),
        (lambda _output, _row: Score(float("nan")), "the scorer gave nan"),
        (lambda output: output, "TypeError: "),
    ],
)
async def test_whatever_goes_wrong_in_a_function_is_the_score_s_error(scorer: Scorer, error: str) -> None:
    found = await scorers.apply(scorer, "x", {})

    assert found.value is None
    assert found.error.startswith(error)


def test_scorers_have_names() -> None:
    def short(output: str, row: Row) -> bool:
        return len(output) < row["most"]

    assert list(scorers.named([short, scorers.exact("label"), scorers.close("n", name="near")])) == [
        "short",
        "exact:label",
        "near",
    ]
    assert scorers.named({"mine": short}) == {"mine": short}
    with pytest.raises(InvalidMetadataError, match="two of them are called short; give them names"):
        scorers.named([short, short])
    with pytest.raises(InvalidMetadataError, match="tone is a str, and no function"):
        scorers.named({"tone": "exact"})  # type: ignore[dict-item]  # that is the test


# A judge


@pytest.fixture
def bench(store: Store) -> Store:
    store.save("evaluate/rubric", "5 is best.")
    store.save(
        "evaluate/judge",
        "[[rubric]]\nQ: {{ question }}\nR: {{ reference }}\nA: {{ answer }}",
        variables={"reference": "none"},
    )
    return store


def prepared(scorer: Scorer, store: Store) -> Scorer:
    return scorers.prepare({"judge": scorer}, store)["judge"]


async def test_a_judge_is_a_model_asked_by_a_prompt_of_the_store(bench: Store) -> None:
    asked: list[str] = []

    def model(text: str) -> pk.Answer:
        asked.append(text)
        return pk.Answer('{"reason": "the unit is missing", "score": 4}', cost=0.25)

    judge = prepared(pk.scorers.judge("judge", model), bench)
    bench.save("evaluate/rubric", "changed since")
    found = await scorers.apply(judge, "40", {"label": "x", "reference": None}, "How far is it?")

    manifest = bench.expand_text("[[judge]]", question="", answer="").manifest
    kept = scorers.contents({"judge": judge, "other": pk.scorers.exact("label")})
    assert asked == ["5 is best.\nQ: How far is it?\nR: none\nA: 40"]
    assert found == Score(4.0, "the unit is missing", manifest=next(iter(kept)), cost=0.25)
    assert [entry["path"] for entry in next(iter(kept.values()))["entries"]] == ["evaluate/judge", "evaluate/rubric"]
    assert manifest_hash(manifest) not in kept


async def test_the_row_fills_the_judge_s_other_variables(bench: Store) -> None:
    judge = prepared(
        pk.scorers.judge("judge", lambda text: f"{text}\n3", variables={"reference": "7"}, name="strict"), bench
    )
    found = await scorers.apply(judge, "8", {"question": "3 + 4?", "answer": "not this", "reference": "6"}, "prompt")

    assert scorers.name_of(judge) == "strict"
    assert (found.value, found.detail) == (3.0, "5 is best.\nQ: 3 + 4?\nR: 7\nA: 8\n3")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"score": 4, "reason": "good"}', (4.0, "good", "")),
        ('```json\n{"score": "5"}\n```', (5.0, "", "")),
        ('{"score": true}', (1.0, "", "")),
        ("Step 1 holds. I give it 4 of 5:\n4", (4.0, "Step 1 holds. I give it 4 of 5:\n4", "")),
        ("No idea.", (None, "No idea.", "there is no score in the judge's reply")),
        ('{"score": "high"}', (None, "", "there is no score in the judge's reply")),
        ('{"score": null}', (None, "", "there is no score in the judge's reply")),
    ],
)
async def test_the_score_is_read_from_the_reply(
    bench: Store, reply: str, expected: tuple[float | None, str, str]
) -> None:
    found = await scorers.apply(prepared(pk.scorers.judge("judge", lambda _text: reply), bench), "x", {}, "q")

    assert (found.value, found.detail, found.error) == expected


async def test_a_judge_s_reply_can_be_read_by_a_function(bench: Store) -> None:
    judge = pk.scorers.judge("judge", lambda _text: "GOOD", parse=lambda reply: reply == "GOOD")

    assert await value(prepared(judge, bench), "x") == 1.0


async def test_what_goes_wrong_with_a_judge_is_the_score_s_error(bench: Store) -> None:
    def fails(_text: str) -> str:
        raise ValueError("refused")

    bench.save("evaluate/needs", "{{ answer }} {{ what }}")
    failed = await scorers.apply(prepared(pk.scorers.judge("judge", fails), bench), "x", {})
    missing = await scorers.apply(prepared(pk.scorers.judge("needs", str.upper), bench), "x", {})
    unready = await scorers.apply(pk.scorers.judge("judge", str.upper), "x", {})

    assert (failed.value, "refused" in failed.error) == (None, True)
    assert missing.error == str(MissingVariableError(["what"])) or "what" in missing.error
    assert unready.error == "judge:judge: a judge is asked in an experiment, or after prepare(store)."


def test_a_judge_whose_prompt_cannot_be_used_stops_the_run_before_it_costs(bench: Store) -> None:
    bench.save("evaluate/blind", "Is it good?")
    for path, kind, sentence in (
        ("evaluate/jugde", PromptNotFoundError, "There is no prompt 'evaluate/jugde'."),
        ("blind", InvalidMetadataError, "judge:blind: blind has no variable answer for the output; it has none."),
    ):
        expected: type[PromptKernelError] = kind
        with pytest.raises(expected) as caught:
            prepared(pk.scorers.judge(path, str.upper), bench)
        assert str(caught.value).startswith(sentence)
