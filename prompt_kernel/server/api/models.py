"""What requests look like. An unknown field is refused: it would be a typing mistake that nobody is told of.

These are many lines for one module, because they are one list: what each route takes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from prompt_kernel.expansion import DEFAULT_LIMITS, Limits
from prompt_kernel.language import Engine

#: What both databases can count to in the columns that versions and changes have.
_LAST_VERSION: Final = 2**31 - 1
_LAST_CHANGE: Final = 2**63 - 1
_MOST_CHARACTERS: Final = 1_000
MOST_ROWS: Final = 1_000

# Parts of addresses

PromptPath = Annotated[
    str, Path(description="The prompt's path. Encode each segment; slashes stay.", examples=["style/tone"])
]
DirectoryPath = Annotated[str, Path(description="The directory's path.", examples=["style"])]
PreferenceName = Annotated[str, Path(description="The name of the setting.", examples=["editor.theme"])]

InDirectory = Annotated[
    str | None, Query(max_length=_MOST_CHARACTERS, description="Only what is in this directory or below it.")
]
Tagged = Annotated[str | None, Query(max_length=_MOST_CHARACTERS, description="Only what has this tag.")]


def _digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("it should be a whole number")
    return value


#: A whole number in an address: pydantic alone would take `1.0` for one too.
_Digits = BeforeValidator(_digits)
Limit = Annotated[int, _Digits, Query(ge=1, le=1000, description="So many at most.")]
VersionNumber = Annotated[int, Field(ge=1, le=_LAST_VERSION)]
VersionQuery = Annotated[
    Annotated[int, _Digits] | None, Query(ge=1, le=_LAST_VERSION, description="A version by its number.")
]
LabelQuery = Annotated[str | None, Query(max_length=_MOST_CHARACTERS, description="A version by its label.")]
ChangeId = Annotated[int, _Digits, Query(ge=0, le=_LAST_CHANGE)]
Words = Annotated[str, Query(max_length=_MOST_CHARACTERS)]

_VARIABLES: Final = (
    "What is declared of variables, by name: `{type, default, description, required, values}`, only a default, or null."
)
Declared = Annotated[
    dict[str, Any] | None,
    Field(description=_VARIABLES, examples=[{"tone": {"type": "enum", "values": ["formal", "plain"]}, "n": 3}]),
]
Given = Annotated[
    dict[str, Any], Field(description="Values for variables, by name.", examples=[{"tone": "plain", "n": 3}])
]


#: What need not be said of a variable, and its name, which is said already.
_USUAL: Final[Mapping[str, Any]] = {
    "type": "string",
    "default": None,
    "description": "",
    "required": True,
    "values": [],
}


class Request(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True)


def declared(variables: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return declarations as metadata holds them, also where they come as an answer has them."""
    if variables is None:
        return None
    return {name: _declared_one(entry) for name, entry in variables.items()}


def _declared_one(entry: Any) -> Any:
    if not isinstance(entry, dict) or "name" not in entry:
        return entry
    said = {name: value for name, value in entry.items() if name not in _USUAL or value != _USUAL[name]}
    said.pop("name")
    return said or None


# Prompts

Text = Annotated[str, Field(description="The text.", examples=["Speak in a {{ tone }} voice."])]
Message = Annotated[str, Field(description="What to say of the change.", examples=["shorter"])]
Description = Annotated[str | None, Field(description="What the prompt is for; null: stays.")]
Tags = Annotated[list[str] | None, Field(description="All the tags; null: they stay.", examples=[["style"]])]
EngineName = Annotated[Engine | None, Field(description="How the text is expanded; null: stays.")]
ToPath = Annotated[str, Field(description="The prompt's path.", examples=["style/tone"])]


class NewPrompt(Request):
    """A prompt that is not there yet."""

    path: ToPath
    text: Text
    message: Message = ""
    description: Description = None
    tags: Tags = None
    engine: EngineName = None
    variables: Declared = None


class ChangedPrompt(Request):
    """A new version of a prompt; what is null stays as it is."""

    text: Text
    expected: Annotated[
        int | None,
        Field(
            ge=0,
            le=_LAST_VERSION,
            description="The version that the writer has seen, 0 for none; null overwrites whatever is there.",
            examples=[None],
        ),
    ] = None
    message: Message = ""
    description: Description = None
    tags: Tags = None
    engine: EngineName = None
    variables: Declared = None


class DescribedPrompt(Request):
    """What is said of a prompt; this makes no version."""

    description: Description = None
    tags: Tags = None


class DraftBody(Request):
    """One of several prompts."""

    path: ToPath
    text: Text
    description: Description = None
    tags: Tags = None
    engine: EngineName = None
    variables: Declared = None
    layout: Annotated[dict[str, Any] | None, Field(description="How its file was laid out.")] = None


class SavedTogether(Request):
    """Prompts to save in one transaction."""

    drafts: list[DraftBody]
    message: Message = ""


class RestoredVersion(Request):
    """Which version is to be the newest again."""

    path: ToPath
    version: VersionNumber | None = None
    label: str | None = None
    message: Message = ""

    @model_validator(mode="after")
    def _one_pin(self) -> Self:
        _check_one(self.version, self.label, "give a version or a label, one of them")
        return self


class RecoveredPrompt(Request):
    """Which prompt is to leave the trash."""

    path: Annotated[str, Field(description="The path or the uid.", examples=["style/tone"])]
    to: Annotated[str | None, Field(description="Another path for it.")] = None


class RenamedPath(Request):
    """What is to have which path."""

    old: Annotated[str, Field(min_length=1, examples=["style/tone"])]
    new: Annotated[str, Field(min_length=1, examples=["voice/tone"])]
    kind: Literal["prompt", "directory"] = "prompt"


class NewLabel(Request):
    """Which version a label is to mean."""

    path: ToPath
    label: Annotated[str, Field(examples=["production"])]
    version: Annotated[VersionNumber | None, Field(description="Null: the newest.")] = None


class PurgedPath(Request):
    """What is to leave the trash for good."""

    path: Annotated[str | None, Field(description="The path or the uid of one prompt; null: all of the trash.")]


class Paths(Request):
    """Paths of prompts."""

    paths: Annotated[list[str], Field(examples=[["style/tone", "review"]])]


class OnePath(Request):
    """The path of a prompt."""

    path: ToPath


class NewText(Request):
    """A text that a prompt might have."""

    text: Text


# Find and replace


class Search(Request):
    """What to find, and what to write instead."""

    find: Annotated[str, Field(examples=["colour"])]
    replacement: Annotated[str, Field(examples=["color"])]
    regex: Annotated[bool, Field(description="Whether `find` is a regular expression.")] = False
    case: Annotated[bool, Field(description="Whether capitals are told from others.")] = False
    directory: str | None = None
    tag: str | None = None
    paths: list[str] | None = None


class Replacements(Search):
    """What to find, for up to `limit` prompts."""

    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000


class Replace(Search):
    """What to find and replace."""

    limit: Annotated[int | None, Field(ge=1, le=10_000)] = None
    message: Message = ""


class Undone(Request):
    """Which replacement is to be undone."""

    id: str


# Expanding


class LimitsBody(Request):
    """How large an expansion may grow, at most as large as the server lets any."""

    characters: Annotated[int, Field(ge=0, le=DEFAULT_LIMITS.characters)] = DEFAULT_LIMITS.characters
    inclusions: Annotated[int, Field(ge=0, le=DEFAULT_LIMITS.inclusions)] = DEFAULT_LIMITS.inclusions
    depth: Annotated[int, Field(ge=0, le=DEFAULT_LIMITS.depth)] = DEFAULT_LIMITS.depth
    arguments: Annotated[int, Field(ge=0, le=DEFAULT_LIMITS.arguments)] = DEFAULT_LIMITS.arguments

    def limits(self) -> Limits:
        """Return the limits."""
        return Limits(self.characters, self.inclusions, self.depth, self.arguments)


class ManifestEntryBody(Request):
    """One text that an expansion used."""

    path: str
    version: VersionNumber | None
    uid: str
    sha256: str
    includes: list[list[Annotated[int, Field(ge=0)]] | None] = []
    text: str | None = None


class ManifestBody(Request):
    """What an expansion has answered as its manifest."""

    entries: Annotated[list[ManifestEntryBody], Field(min_length=1)]

    @model_validator(mode="after")
    def _targets_are_there(self) -> Self:
        targets = (number for entry in self.entries for some in entry.includes for number in some or ())
        if any(number >= len(self.entries) for number in targets):
            raise ValueError("an inclusion leads to an entry that is not there")
        return self


class Expand(Request):
    """What to expand: a prompt, a free text, a prompt as if it had that text, or exactly what a manifest names."""

    path: Annotated[str | None, Field(description="A prompt.", examples=["review"])] = None
    text: Annotated[str | None, Field(description="A text, or with `path` the text that it is to have.")] = None
    manifest: ManifestBody | None = None
    directory: Annotated[str | None, Field(description="Where a free text is thought to stand.")] = None
    version: VersionNumber | None = None
    label: str | None = None
    variables: Given = {}
    strict: Annotated[bool, Field(description="Whether what cannot be expanded is an error.")] = False
    limits: LimitsBody = LimitsBody()

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if self.manifest is not None and (self.path is not None or self.text is not None):
            raise ValueError("give a manifest, or a path or a text")
        if self.manifest is None and self.path is None and self.text is None:
            raise ValueError("give a path, a text or a manifest")
        if (self.version or self.label) and (self.path is None or self.text is not None):
            raise ValueError("a version or a label is of a path alone")
        if self.version and self.label:
            raise ValueError("give a version or a label, not both")
        return self


class Compile(Request):
    """What to compile: a prompt, a free text, or exactly what a manifest names."""

    path: Annotated[str | None, Field(description="A prompt.", examples=["review"])] = None
    text: Annotated[str | None, Field(description="A text that is not stored.")] = None
    manifest: ManifestBody | None = None
    directory: Annotated[str, Field(description="Where a free text is thought to stand.")] = ""
    version: VersionNumber | None = None
    label: str | None = None
    limits: LimitsBody = LimitsBody()

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if self.manifest is None:
            _check_one(self.path, self.text, "give a path, a text or a manifest, one of them")
        elif self.path is not None or self.text is not None:
            raise ValueError("give a path, a text or a manifest, one of them")
        if (self.version or self.label) and self.path is None:
            raise ValueError("a version or a label is of a path")
        if self.version and self.label:
            raise ValueError("give a version or a label, not both")
        return self


class Render(Request):
    """A prompt or a text, and the rows of values to expand it with."""

    path: Annotated[str | None, Field(examples=["review"])] = None
    text: str | None = None
    rows: Annotated[list[dict[str, Any]], Field(max_length=MOST_ROWS, examples=[[{"code": "a = 1"}]])]
    variables: Given = {}
    strict: Annotated[bool, Field(description="Whether what cannot be expanded is a problem of its row.")] = True

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        _check_one(self.path, self.text, "give a path or a text, one of them")
        return self


class FreeText(Request):
    """A text that is not stored, and where it is thought to stand."""

    text: Text
    directory: str = ""


# Directories, and what belongs to a person


class NewDirectory(Request):
    """A directory that is not there yet."""

    path: Annotated[str, Field(examples=["style"])]
    description: str = ""
    source: Annotated[str, Field(description="A folder on the server's disk, or empty.", examples=[""])] = ""
    enabled: bool = True


class ChangedDirectory(Request):
    """What to change of a directory; what is null stays."""

    description: str | None = None
    source: Annotated[str | None, Field(examples=[None])] = None
    enabled: bool | None = None


class Synced(Request):
    """How to sync."""

    delete: Annotated[bool, Field(description="Whether what is gone on one side goes on the other.")] = False


class TypedPath(Request):
    """The beginning of a path on the server's disk."""

    path: Annotated[str, Field(max_length=4_096, examples=["~/pro"])]


class Setting(Request):
    """What is to be set."""

    value: Annotated[Any, Field(description="Any JSON.", examples=["dark"])]


def _check_one(first: object, second: object, sentence: str) -> None:
    if (first is None) == (second is None):
        raise ValueError(sentence)
