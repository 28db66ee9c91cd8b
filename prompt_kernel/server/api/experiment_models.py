"""What requests about experiments look like; see `models`."""

from typing import Annotated, Any, Final

from pydantic import Field

from prompt_kernel.server.api.models import MOST_ROWS, Request

_MOST: Final = 2**63 - 1

ExperimentName = Annotated[str, Field(description="The experiment's name: one line.", examples=["tone"])]
Hash = Annotated[str, Field(description="A SHA-256 in hexadecimal digits.")]
PlainData = Annotated[dict[str, Any], Field(description="Plain data.")]


class Round(Request):
    """What a round of an experiment is to do."""

    name: ExperimentName
    spec: Annotated[
        dict[str, Any],
        Field(
            description="Plain data, with the names of `prompts`, `models` and `scorers`, and `repeats`.",
            examples=[{"prompts": ["style/tone@1"], "models": ["gpt"], "scorers": ["exact"], "repeats": 1}],
        ),
    ]
    description: Annotated[str, Field(description="What it is for; empty: stays.")] = ""


class NewName(Request):
    """Another name of an experiment."""

    name: ExperimentName


class Calls(Request):
    """Hashes of what is to be asked."""

    name: ExperimentName
    calls: Annotated[list[Hash], Field(max_length=MOST_ROWS, description="The calls.")]


class GivenScore(Request):
    """What a scorer made of an output."""

    value: Annotated[float | None, Field(description="The score, null where it could not tell.")]
    detail: Annotated[str, Field(description="What a person may want to read, such as a judge's reason.")] = ""
    error: Annotated[str, Field(description="Why there is no score.")] = ""
    manifest: Annotated[str, Field(description="The hash of a judge's manifest.")] = ""
    cost: Annotated[float | None, Field(description="What a judge's call cost.")] = None


class GivenRun(Request):
    """One cell of an experiment's grid, and what came of it."""

    prompt: Annotated[str, Field(description="What the experiment calls the prompt.", examples=["style/tone@1"])]
    row: Annotated[str, Field(description="The index of the input row.", examples=["0"])]
    model: Annotated[str, Field(description="The model's name.", examples=["gpt"])]
    repeat: Annotated[int, Field(ge=1, le=_MOST, description="The number of the repetition, from 1.")]
    inputs: PlainData
    variables: Annotated[dict[str, Any], Field(default_factory=dict, description="What was given besides.")]
    parameters: Annotated[dict[str, Any], Field(default_factory=dict, description="What the model was told besides.")]
    manifest: Annotated[
        str, Field(description="The hash of the manifest; empty: the prompt could not be expanded.")
    ] = ""
    text_sha256: Annotated[str, Field(description="The hash of the text that was asked with.")] = ""
    call: Hash
    output: Annotated[str | None, Field(description="The answer.")] = None
    error: Annotated[str, Field(description="Why there is no answer.")] = ""
    scores: Annotated[
        dict[str, GivenScore], Field(default_factory=dict, description="The scores, by the scorers' names.")
    ]
    seconds: Annotated[float | None, Field(description="How long the answer took.")] = None
    tokens_in: Annotated[int | None, Field(description="How many tokens were asked with.")] = None
    tokens_out: Annotated[int | None, Field(description="How many tokens the answer has.")] = None
    cost: Annotated[float | None, Field(description="What it cost.")] = None
    round: Annotated[int, Field(ge=0, le=_MOST, description="The round; 0: the last one.")] = 0


class Record(Request):
    """Runs, and the manifests that they name, by their hashes."""

    name: ExperimentName
    runs: Annotated[list[GivenRun], Field(max_length=MOST_ROWS, description="The runs.")]
    contents: Annotated[
        dict[str, dict[str, Any]], Field(default_factory=dict, description="The manifests, as `/expand` has them.")
    ]
