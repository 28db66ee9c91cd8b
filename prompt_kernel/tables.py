"""The tables, as SQLModel has them. Nothing else: the migrations make them, the store fills them."""

from typing import ClassVar

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class PromptRow(SQLModel, table=True):
    """A prompt: what is the same for all its versions, and which of them is the newest.

    `key` is `names.key_of(path)` and `name_key` its last segment. `tags` and `layout` are JSON. `enabled` is false in
    a disabled directory. A prompt with `deleted_at` lies in the trash.
    """

    __tablename__: ClassVar[str] = "prompt"
    __table_args__ = (
        Index(
            "prompt_key", "key", unique=True, sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("prompt_name", "name_key"),
        Index(
            "prompt_deleted", "deleted_at", sqlite_where=text("deleted_at IS NOT NULL"),
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        Index(
            "prompt_updated", "updated_at", sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(unique=True)
    path: str
    key: str
    name_key: str
    description: str = ""
    tags: str = "[]"
    head: int
    characters: int
    enabled: bool = True
    author: str
    updated_at: str
    deleted_at: str | None = None
    deleted_by: str | None = None
    layout: str | None = None


class VersionRow(SQLModel, table=True):
    """One immutable text. `variables` is JSON, `sha256` the hex hash of the text in UTF-8."""

    __tablename__: ClassVar[str] = "version"
    __table_args__ = (UniqueConstraint("prompt_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    prompt_id: int = Field(foreign_key="prompt.id")
    number: int
    text: str
    sha256: str
    engine: str
    variables: str = "{}"
    author: str
    origin: str
    message: str = ""
    created_at: str


class LabelRow(SQLModel, table=True):
    """A movable name for a version."""

    __tablename__: ClassVar[str] = "label"

    prompt_id: int = Field(foreign_key="prompt.id", primary_key=True)
    name: str = Field(primary_key=True)
    number: int


class ReferenceRow(SQLModel, table=True):
    """One inclusion of a newest version, and the prompt that it leads to.

    `name_key` is the key of the last segment of `spelled`, or `*` for a glob; all that decides where a reference
    leads is which prompts have that name. A glob has a row without a target and one for each target.
    """

    __tablename__: ClassVar[str] = "reference"
    __table_args__ = (
        Index("reference_prompt", "prompt_id", "target_id"),
        Index("reference_target", "target_id"),
        Index("reference_name", "name_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    prompt_id: int = Field(foreign_key="prompt.id")
    spelled: str
    name_key: str
    pin: str = ""
    line: int
    target_id: int | None = Field(default=None, foreign_key="prompt.id")


class DirectoryRow(SQLModel, table=True):
    """A directory; `source` is the folder on disk that it is linked to, or ""."""

    __tablename__: ClassVar[str] = "directory"

    id: int | None = Field(default=None, primary_key=True)
    path: str
    key: str = Field(unique=True)
    description: str = ""
    enabled: bool = True
    source: str = ""


class RedirectRow(SQLModel, table=True):
    """A path that a prompt had before it was renamed."""

    __tablename__: ClassVar[str] = "redirect"

    key: str = Field(primary_key=True)
    path: str
    prompt_id: int = Field(foreign_key="prompt.id", index=True)


class ChangeRow(SQLModel, table=True):
    """One entry of the log. Its `id` only grows, so that others can ask for what came since."""

    __tablename__: ClassVar[str] = "change"
    __table_args__: ClassVar[dict[str, bool]] = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    prompt_id: int | None = None
    path: str
    version: int | None = None
    detail: str = ""
    author: str
    origin: str
    at: str


class LiveDocumentRow(SQLModel, table=True):
    """A prompt that is or was edited live: one opaque state, and how far it is with the log and with the versions.

    `state` holds every logged update up to `upto`. `synced` is the version that the document took in last, and
    `synced_state` is the document as it was then, to tell later versions from. Another `epoch` is another document.
    """

    __tablename__: ClassVar[str] = "live_document"

    prompt_id: int = Field(foreign_key="prompt.id", primary_key=True)
    epoch: str
    state: bytes
    upto: int
    synced: int
    synced_state: bytes


class LiveUpdateRow(SQLModel, table=True):
    """One live edit. Its `id` is never given twice, so that every process can ask for what came since."""

    __tablename__: ClassVar[str] = "live_update"
    __table_args__ = (Index("live_update_prompt", "prompt_id", "id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    prompt_id: int = Field(foreign_key="prompt.id")
    epoch: str
    data: bytes
    author: str
    process: str
    at: str


class FavouriteRow(SQLModel, table=True):
    """A prompt that somebody wants to find again."""

    __tablename__: ClassVar[str] = "favourite"

    author: str = Field(primary_key=True)
    prompt_id: int = Field(foreign_key="prompt.id", primary_key=True, index=True)


class OpeningRow(SQLModel, table=True):
    """When somebody opened a prompt last; a later opening has a higher `id`."""

    __tablename__: ClassVar[str] = "opening"
    __table_args__ = (UniqueConstraint("author", "prompt_id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    author: str
    prompt_id: int = Field(foreign_key="prompt.id", index=True)
    at: str


class PreferenceRow(SQLModel, table=True):
    """What somebody has set for themselves. `value` is JSON."""

    __tablename__: ClassVar[str] = "preference"

    author: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: str


class LinkedFileRow(SQLModel, table=True):
    """A file of a linked folder and the prompt that it is, as both were when they were last the same.

    `place` is the machine and the folder, `file` the name in it, with slashes. `version` and `metadata` (JSON) are the
    prompt's then; `sha256` is the hex hash of the file's bytes, `size` their number and `modified` the file's time in
    nanoseconds.
    """

    __tablename__: ClassVar[str] = "linked_file"

    place: str = Field(primary_key=True)
    file: str = Field(primary_key=True)
    prompt_id: int = Field(foreign_key="prompt.id", index=True)
    version: int
    metadata_: str = Field(sa_column_kwargs={"name": "metadata"})
    sha256: str
    size: int = Field(sa_type=BigInteger)
    modified: int = Field(sa_type=BigInteger)


class TokenRow(SQLModel, table=True):
    """A key to a server. `sha256` is the hex hash of the secret, which is nowhere kept."""

    __tablename__: ClassVar[str] = "token"

    name: str = Field(primary_key=True)
    sha256: str = Field(unique=True)
    may_write: bool
    author: str
    created_at: str


class ExperimentRow(SQLModel, table=True):
    """An experiment, and what its last round was to do (`spec`, JSON). `key` is `names.key_of(name)`."""

    __tablename__: ClassVar[str] = "experiment"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(unique=True)
    name: str
    key: str = Field(unique=True)
    description: str = ""
    spec: str
    round: int
    author: str
    created_at: str
    updated_at: str


class ExperimentContentRow(SQLModel, table=True):
    """JSON that many runs share: manifests, inputs, variables and parameters. `sha256` is its hex hash."""

    __tablename__: ClassVar[str] = "experiment_content"

    experiment_id: int = Field(foreign_key="experiment.id", primary_key=True)
    sha256: str = Field(primary_key=True)
    data: str


class ExperimentPromptRow(SQLModel, table=True):
    """A prompt that an experiment used, by its uid, and the last round that did; the prompt may be gone since."""

    __tablename__: ClassVar[str] = "experiment_prompt"

    experiment_id: int = Field(foreign_key="experiment.id", primary_key=True)
    uid: str = Field(primary_key=True, index=True)
    round: int


class RunRow(SQLModel, table=True):
    """One cell of an experiment's grid. `cell` is the hex hash of what makes it that one.

    `input` is the index of the input row; `manifest`, `inputs`, `variables` and `parameters` are hashes of contents;
    `scores` and `output` are JSON. `scores_cost` is what the judges among the scorers took.
    """

    __tablename__: ClassVar[str] = "run"
    __table_args__ = (
        UniqueConstraint("experiment_id", "cell"),
        Index("run_round", "experiment_id", "round", "id"),
        Index("run_prompt", "experiment_id", "round", "prompt", "id"),
        Index("run_model", "experiment_id", "round", "model", "id"),
        Index(
            "run_error", "experiment_id", "round", "id", sqlite_where=text("error <> ''"),
            postgresql_where=text("error <> ''"),
        ),
        # What counts each call's cost once reads nothing but this.
        Index("run_call", "experiment_id", "call", "cost", "scores_cost"),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    experiment_id: int = Field(foreign_key="experiment.id")
    cell: str
    round: int
    prompt: str
    model: str
    input: str
    repeat: int
    call: str
    manifest: str
    inputs: str
    variables: str
    parameters: str
    text_sha256: str
    seconds: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    scores_cost: float | None = None
    author: str
    at: str
    error: str
    scores: str
    output: str | None = None
