"""What answers look like, for the documentation: one model for each record, made from the record itself."""

import inspect
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, create_model

from prompt_kernel import records
from prompt_kernel.expansion import Diagnostic, Expansion, Manifest, Piece
from prompt_kernel.records import field_names
from prompt_kernel.spans import Span
from prompt_kernel.variables import Declaration

#: What the names mean, wherever they stand.
_MEANING: Final[Mapping[str, str]] = {
    "after": "The text after the change.",
    "at": "When it happened.",
    "author": "Who wrote it.",
    "before": "The text before the change.",
    "call": "The hash of what was asked: model, parameters, text and repeat.",
    "chain": "The paths from the expanded prompt to the one that this is in.",
    "characters": "How long the text is.",
    "cost": "What it cost, null where nobody told.",
    "created_at": "When it was saved.",
    "defaults": "The variables that nobody gave, so that their default was used.",
    "deleted_at": "When it was put into the trash.",
    "deleted_by": "Who put it there.",
    "description": "What it is for.",
    "detail": "What else there is to say.",
    "diagnostics": "What is worth knowing: warnings, and what could not be expanded.",
    "directory": "What comes before the name, empty at the top.",
    "display_name": "The shortest ending of the path that is unique in the store.",
    "enabled": "Whether inclusions of it resolve.",
    "engine": "How the text is expanded.",
    "error": "Why there is no answer, or empty.",
    "errors": "How many runs of the last round failed.",
    "experiment": "The experiment's name.",
    "inputs": "All columns of the input row.",
    "kind": "What happened.",
    "label": "A name for a version that can be moved to another.",
    "labels": "The labels, each with the number of the version that it means.",
    "manifest": "The exact versions that an expansion used.",
    "marks": "The spans of the snippet that matched.",
    "merged": "Whether a save brought in what somebody else had changed meanwhile.",
    "message": "What the writer said of the change.",
    "model": "The model's name.",
    "models": "The models' names.",
    "name": "The last segment of the path.",
    "number": "The number of the version, from 1.",
    "origin": "By which end it was written.",
    "output": "What the model answered, null where it did not.",
    "parameters": "What the model was told besides the text.",
    "path": "Where the prompt is: names joined by `/`.",
    "pieces": "The runs of text by origin, in order and without a gap.",
    "pin": "The version or label that the inclusion names.",
    "problem": "What is wrong, or empty.",
    "prompt": "What the experiment calls the prompt or variant.",
    "prompts": "How many prompts there are in it and below it; of an experiment, their names.",
    "repeat": "The number of the repetition, from 1.",
    "repeats": "How often each call is repeated.",
    "round": "How many times the experiment had been run.",
    "row": "The index of the input row.",
    "runs": "How many runs the last round has.",
    "scorers": "The scorers' names.",
    "scores": "What each scorer made of the output.",
    "seconds": "How long the answer took.",
    "sha256": "The hash of the text in UTF-8.",
    "snippet": "The words around the match.",
    "source": "Where it comes from.",
    "span": "Where it stands: `[start, end]`, in characters.",
    "spelled": "What stands between the brackets.",
    "tags": "The words that it can be found by.",
    "target": "The path that an inclusion leads to, null where it leads nowhere.",
    "text": "The text.",
    "text_sha256": "The hash of the text that was asked with.",
    "tokens_in": "How many tokens were asked with.",
    "tokens_out": "How many tokens the answer has.",
    "uid": "What stays the same when the prompt is renamed.",
    "updated_at": "When it was last changed.",
    "variables": "The variables.",
    "version": "The number of the version.",
}
_SPAN: Final = Annotated[list[int], Field(min_length=2, max_length=2)]


@cache
def model_of(record: Any) -> Any:
    """Return the model of a record, with the fields that it has on the wire."""
    hints = get_type_hints(record, localns={"Expansion": Expansion})
    shapes = {name: _shape(hints[name]) for name in field_names(record)}
    also = [
        name
        for name in ("name", "directory")
        if name not in shapes and isinstance(getattr(record, name, None), property)
    ]
    shapes |= dict.fromkeys(also, str)
    described = dict(_described(name, shape) for name, shape in shapes.items())
    about = inspect.cleandoc(record.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    create: Any = create_model
    return create(record.__name__, __doc__=about, **described)


def _described(name: str, shape: Any) -> tuple[str, Any]:
    """Return a field; one that would hide what a model itself has is another in Python."""
    clashes = hasattr(BaseModel, name)
    alias = name if clashes else None
    return f"{name}_" if clashes else name, (shape, Field(alias=alias, description=_MEANING.get(name)))


def _shape(kind: Any) -> Any:
    if kind in (Span, Expansion):
        return _SPAN if kind is Span else ExpansionModel
    if isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
        return model_of(kind)
    args = tuple(arg if arg is Ellipsis else _shape(arg) for arg in get_args(kind))
    return _collection(kind, get_origin(kind), args)


def _collection(kind: Any, origin: Any, args: tuple[Any, ...]) -> Any:
    if origin in (Union, UnionType):
        return Union[args]  # noqa: UP007 - made at run time
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict.__class_getitem__(args)
    if isinstance(origin, type) and issubclass(origin, tuple):
        return list.__class_getitem__(args[0])
    return kind


@cache
def list_of(record: Any, *, paged: bool = False) -> Any:
    """Return the model of a list of records, or of one page of it."""
    item = str if record is str else model_of(record)
    described: dict[str, Any] = {"items": (list.__class_getitem__(item), Field(description="All of them, in order."))}
    if paged:
        after = Field(description="What to ask for as `after`, for the next page; null at the end.")
        described["next"] = (str | None, after)
    create: Any = create_model
    return create(f"{record.__name__.capitalize()}List", **described)


def by_name(record: Any) -> Any:
    """Return the model of records by some name of theirs."""
    return dict.__class_getitem__((str, model_of(record)))


def _expansion_model() -> Any:
    described = {
        "text": (str, Field(description="The expanded text.", examples=["Speak plainly.\nReview this code."])),
        "path": (str, Field(description="The prompt that was expanded, empty for a free text.")),
        "version": (int | None, Field(description="The version of it.")),
        "pieces": (_shape(tuple[Piece, ...]), Field(description=_MEANING["pieces"])),
        "manifest": (model_of(Manifest), Field(description=_MEANING["manifest"])),
        "variables": (dict[str, Any], Field(description="The value of every variable that was used.")),
        "defaults": (list[str], Field(description=_MEANING["defaults"])),
        "diagnostics": (_shape(tuple[Diagnostic, ...]), Field(description=_MEANING["diagnostics"])),
    }
    about = "An expanded text, with the origin of each of its characters."
    create: Any = create_model
    return create("Expansion", __doc__=about, **described)


ExpansionModel = _expansion_model()
DeclarationModel = model_of(Declaration)
PromptModel = model_of(records.Prompt)


class ProblemModel(BaseModel):
    """What went wrong (RFC 9457), with all that the error carries, such as base, theirs and mine of a conflict."""

    type: Annotated[
        str, Field(description="The kind of error.", examples=["urn:prompt-kernel:error:PromptNotFoundError"])
    ]
    title: Annotated[str, Field(description="The kind of error in words.", examples=["Prompt not found"])]
    status: Annotated[int, Field(description="The status of the answer.", examples=[404])]
    detail: Annotated[
        str,
        Field(
            description="One sentence: what, where, and what to do.",
            examples=["There is no prompt 'tne'. Did you mean style/tone?"],
        ),
    ]
    error: Annotated[str, Field(description="The class of the error in Python.", examples=["PromptNotFoundError"])]


class DiffModel(BaseModel):
    """The difference of two texts."""

    before: Annotated[str, Field(description="The old text.")]
    after: Annotated[str, Field(description="The new text.")]
    before_name: Annotated[str, Field(description="What the old text is called.", examples=["review@1"])]
    after_name: Annotated[str, Field(description="What the new text is called.", examples=["review@2"])]
    unified: Annotated[str, Field(description="The difference by lines, as `diff -u` has it.")]


class RenamedModel(BaseModel):
    """The new path, and the prompts whose texts mention it and were rewritten."""

    path: str
    rewritten: list[str]


class SourceTextModel(BaseModel):
    """One text that a compiled prompt is made of, with what is declared of its variables."""

    path: str
    text: str
    version: int | None
    engine: str
    variables: dict[str, Any]
    uid: str
    sha256: str
    directory: str


def _compiled_model() -> Any:
    limits = "What it may grow to: characters, inclusions, levels, arguments."
    described = {
        "manifest": (model_of(Manifest), Field(description=_MEANING["manifest"])),
        "texts": (list[SourceTextModel], Field(description="The texts of the manifest's entries, in order.")),
        "limits": (list[int], Field(description=limits)),
    }
    about = "A prompt with all that it includes: enough to expand it without the store."
    create: Any = create_model
    return create("CompiledPrompt", __doc__=about, **described)


CompiledModel = _compiled_model()


class RowModel(BaseModel):
    """The text of one row, or why there is none."""

    text: str | None = None
    problem: ProblemModel | None = None


class RowsModel(BaseModel):
    """What came of each row, in order."""

    items: list[RowModel]


class PathsModel(BaseModel):
    """Paths of prompts."""

    items: list[str]


class CountModel(BaseModel):
    """How many."""

    count: int


class RoundModel(BaseModel):
    """The number of a round."""

    round: Annotated[int, Field(examples=[3])]


class ValueModel(BaseModel):
    """What is set, null for nothing."""

    value: Any


class CompletedModel(BaseModel):
    """A path on the server's disk, completed as far as it is clear, and the folders that it may go on to."""

    path: Annotated[str, Field(examples=["~/pro"])]
    suggestions: Annotated[list[str], Field(examples=[["projects/", "prompts/"]])]


class HealthModel(BaseModel):
    """That the server is there, and what it is."""

    status: Annotated[str, Field(examples=["ok"])]
    version: Annotated[str, Field(description="The version of Prompt Kernel.", examples=["0.1.0"])]
    schema_: Annotated[int, Field(alias="schema", description="The version of the database's schema.", examples=[3])]
