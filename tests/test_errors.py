"""Every error: its sentence, what it carries, and that the tree at the top of the module is the real one."""

import copy
import inspect
import pickle
import re
from typing import Any

import pytest

from prompt_kernel import errors
from prompt_kernel.errors import (
    AccessDeniedError,
    AmbiguousNameError,
    BadRowsError,
    ConflictError,
    DamagedTextError,
    DirectoryNotEmptyError,
    DirectoryNotFoundError,
    DisabledPromptError,
    DivergedError,
    ExpansionError,
    ExpansionTooLargeError,
    ExperimentNotFoundError,
    ExportFileError,
    ImportFileError,
    InclusionCycleError,
    InvalidFrameError,
    InvalidMetadataError,
    InvalidPathError,
    InvalidRequestError,
    InvalidTextError,
    InvalidVariableError,
    LockFileError,
    MissingColumnError,
    MissingExtraError,
    MissingVariableError,
    ModelError,
    NotFoundError,
    NotLockedError,
    PathTakenError,
    PromptKernelError,
    PromptNotFoundError,
    PromptSyntaxError,
    ReadOnlyStoreError,
    ReferencedError,
    RemoteStoreError,
    SchemaTooNewError,
    StoreError,
    StoreUnavailableError,
    SyncError,
    TokenizerError,
    VersionNotFoundError,
)
from prompt_kernel.spans import Span

WHERE = "\n  review, line 1\n    [[a]]\n    ^^^^^"
CONFLICT: dict[str, Any] = {"base": "b", "theirs": "t", "mine": "m", "version": 4}

CASES: list[tuple[PromptKernelError, str, dict[str, Any]]] = [
    (PromptKernelError("Just a sentence."), "Just a sentence.", {}),
    (NotFoundError("Not there."), "Not there.", {}),
    (
        ModelError("gpt", "http://a/v1 says 429", http_status=429, retry_after=2.5, may_pass=True),
        "gpt gave no answer: http://a/v1 says 429.",
        {
            "model": "gpt",
            "reason": "http://a/v1 says 429",
            "http_status": 429,
            "retry_after": 2.5,
            "may_pass": True,
            "for_all": False,
        },
    ),
    (ExpansionError("Not expanded."), "Not expanded.", {}),
    (StoreError("Not stored."), "Not stored.", {}),
    (
        MissingColumnError(["tone"], ["ton", "code"], ["ton"]),
        (
            "There is no column and no value for the variable tone. The columns are ton, code. Did you mean ton?"
            " Rename a column, or give tone=… for all rows."
        ),
        {"names": ("tone",), "columns": ("ton", "code"), "suggestions": ("ton",)},
    ),
    (
        MissingColumnError(["a", "b"], []),
        (
            "There is no column and no value for the variables a, b. There are no columns."
            " Rename a column, or give a=…, b=… for all rows."
        ),
        {"names": ("a", "b"), "columns": (), "suggestions": ()},
    ),
    (
        BadRowsError("review@2", 1200, ["row 0: n is null and has no default.", "…"]),
        "All 1,200 rows are bad, so nothing was made of review@2: row 0: n is null and has no default. …",
        {"prompt": "review@2", "count": 1200, "problems": ("row 0: n is null and has no default.", "…")},
    ),
    (
        BadRowsError("review", 1, ["row 0: no."]),
        "The only row is bad, so nothing was made of review: row 0: no.",
        {"prompt": "review", "count": 1, "problems": ("row 0: no.",)},
    ),
    (InvalidFrameError("Give rows."), "Give rows.", {"reason": "Give rows."}),
    (
        TokenizerError("wordy", "tiktoken knows no such model"),
        "The tokenizer wordy cannot be used: tiktoken knows no such model.",
        {"name": "wordy", "reason": "tiktoken knows no such model"},
    ),
    (
        InvalidPathError("a b ", "it ends in a space"),
        "'a b ' cannot be a path: it ends in a space.",
        {"path": "a b ", "reason": "it ends in a space"},
    ),
    (
        InvalidTextError("a", "it holds NUL"),
        "The text of a was not saved: it holds NUL.",
        {"path": "a", "reason": "it holds NUL"},
    ),
    (
        InvalidMetadataError("tags", "write a list"),
        "tags: write a list.",
        {"field": "tags", "reason": "write a list"},
    ),
    (
        PathTakenError("a", "a"),
        "a exists already. Choose another path, or rename the other one first.",
        {"path": "a", "taken_by": "a"},
    ),
    (
        PathTakenError("Tone", "tone"),
        "Tone is too close to tone, which exists. Choose another path, or rename the other one first.",
        {"path": "Tone", "taken_by": "tone"},
    ),
    (PromptNotFoundError("tne"), "There is no prompt 'tne'.", {"path": "tne", "suggestions": ()}),
    (
        PromptNotFoundError("tne", ["tone"]).at(WHERE),
        "There is no prompt 'tne'. Did you mean tone?" + WHERE,
        {"path": "tne", "suggestions": ("tone",)},
    ),
    (
        PromptNotFoundError("tne", ["tone", "line"]),
        "There is no prompt 'tne'. Did you mean tone or line?",
        {"path": "tne", "suggestions": ("tone", "line")},
    ),
    (
        DisabledPromptError("tone", "style/tone"),
        "style/tone is in a disabled directory, so 'tone' does not resolve. Enable the directory.",
        {"path": "tone", "suggestions": ()},
    ),
    (
        NotLockedError("a", "prompts.lock", "freeze it").at(WHERE),
        "a is not in prompts.lock: freeze it." + WHERE,
        {"name": "a", "lock": "prompts.lock", "reason": "freeze it"},
    ),
    (
        LockFileError("prompts.lock", "it is not JSON"),
        "prompts.lock cannot be used: it is not JSON.",
        {"lock": "prompts.lock", "reason": "it is not JSON"},
    ),
    (VersionNotFoundError("a", 3), "a has no version 3.", {"path": "a", "pin": 3, "available": ()}),
    (
        VersionNotFoundError("a", "production", ["1", "2", "staging"]).at(WHERE),
        "a has no label production. It has 1, 2, staging." + WHERE,
        {"path": "a", "pin": "production", "available": ("1", "2", "staging")},
    ),
    (
        DirectoryNotFoundError("stile", ["style"]),
        "There is no directory 'stile'. Did you mean style?",
        {"path": "stile", "suggestions": ("style",)},
    ),
    (
        ExperimentNotFoundError("tune", ["tone"]),
        "There is no experiment 'tune'. Did you mean tone?",
        {"name": "tune", "suggestions": ("tone",)},
    ),
    (
        AmbiguousNameError("tone", ["a/tone", "b/tone"]).at(WHERE),
        "'tone' could be a/tone or b/tone. Write one of these paths." + WHERE,
        {"name": "tone", "candidates": ("a/tone", "b/tone")},
    ),
    (
        PromptSyntaxError("An end is missing.", Span(3, 4)).at(WHERE),
        "An end is missing." + WHERE,
        {"reason": "An end is missing.", "span": Span(3, 4)},
    ),
    (PromptSyntaxError("It fails."), "It fails.", {"reason": "It fails.", "span": None}),
    (
        InclusionCycleError(["a", "b", "a"]).at(WHERE),
        "These prompts include each other in a circle: a -> b -> a." + WHERE,
        {"chain": ("a", "b", "a")},
    ),
    (
        InclusionCycleError([*map(str, range(30)), "0"]),
        (
            "These prompts include each other in a circle: "
            "0 -> 1 -> 2 -> 3 -> 4 -> 5 -> … 19 more … -> 25 -> 26 -> 27 -> 28 -> 29 -> 0."
        ),
        {"chain": (*map(str, range(30)), "0")},
    ),
    (
        MissingVariableError(["tone"]).at(WHERE),
        "No value was given for the variable tone. Give tone=…." + WHERE,
        {"names": ("tone",)},
    ),
    (
        MissingVariableError(["tone", "code"]),
        "No value was given for the variables tone, code. Give tone=…, code=….",
        {"names": ("tone", "code")},
    ),
    (
        InvalidVariableError("n", "x", "it must be a whole number").at(WHERE),
        "n='x' does not fit: it must be a whole number." + WHERE,
        {"name": "n", "value": "x", "reason": "it must be a whole number"},
    ),
    (
        InvalidVariableError("n", "x" * 58, "it is too long"),
        f"n='{'x' * 58}' does not fit: it is too long.",
        {"name": "n", "value": "x" * 58, "reason": "it is too long"},
    ),
    (
        InvalidVariableError("n", "x" * 59, "it is too long"),
        f"n='{'x' * 56}… does not fit: it is too long.",
        {"name": "n", "value": "x" * 59, "reason": "it is too long"},
    ),
    (
        ExpansionTooLargeError("characters", 2_000_000, 999_999_999).at(WHERE),
        "This would expand to 999,999,999 characters, and the limit is 2,000,000. "
        "Include less, or raise it with limits=Limits(characters=…)." + WHERE,
        {"limit": "characters", "allowed": 2_000_000, "size": 999_999_999},
    ),
    (
        ExpansionTooLargeError("inclusions", 10_000, 4_400_000_000_000),
        (
            "This would expand to 4.4e+12 inclusions, and the limit is 10,000. "
            "Include less, or raise it with limits=Limits(inclusions=…)."
        ),
        {"limit": "inclusions", "allowed": 10_000, "size": 4_400_000_000_000},
    ),
    (
        ExpansionTooLargeError("depth", 10, 10**400),
        (
            "This would expand to over 1e300 levels, and the limit is 10. "
            "Include less, or raise it with limits=Limits(depth=…)."
        ),
        {"limit": "depth", "allowed": 10, "size": 10**400},
    ),
    (
        ConflictError("a", **CONFLICT),
        (
            "a was changed to version 4 in the same lines. Nothing was saved; "
            "merge both texts and save again with expected=4."
        ),
        {"path": "a", **CONFLICT, "author": ""},
    ),
    (
        ConflictError("a", **CONFLICT, author="ben"),
        (
            "a was changed by ben to version 4 in the same lines. Nothing was saved; "
            "merge both texts and save again with expected=4."
        ),
        {"path": "a", **CONFLICT, "author": "ben"},
    ),
    (
        DivergedError("a@2", "here this version is another text"),
        "a@2 is no earlier copy: here this version is another text. Nothing of it was changed.",
        {"where": "a@2", "reason": "here this version is another text"},
    ),
    (
        ReferencedError("a", ["b", "c"]),
        "a is included by b, c. Change these first, or delete it with force=True.",
        {"path": "a", "referrers": ("b", "c")},
    ),
    (
        DirectoryNotEmptyError("style", ["style/a"]),
        "The directory style holds 1 prompt: style/a. Move or delete these first.",
        {"path": "style", "prompts": ("style/a",)},
    ),
    (
        DirectoryNotEmptyError("s", ["a", "b", "c", "d", "e", "f"]),
        "The directory s holds 6 prompts: a, b, c, d, e, …. Move or delete these first.",
        {"path": "s", "prompts": ("a", "b", "c", "d", "e", "f")},
    ),
    (
        ExportFileError("out", {"a.md": "this is a link"}),
        "The export to out has stopped, because 1 file cannot be written:\n  a.md: this is a link",
        {"folder": "out", "problems": {"a.md": "this is a link"}},
    ),
    (
        SyncError("/notes", "there is no such folder"),
        "/notes was not synced: there is no such folder.",
        {"what": "/notes", "reason": "there is no such folder"},
    ),
    (
        ImportFileError({"a.md, line 3": "it is not UTF-8"}),
        "Nothing was imported, because 1 file cannot be read:\n  a.md, line 3: it is not UTF-8",
        {"problems": {"a.md, line 3": "it is not UTF-8"}},
    ),
    (
        ImportFileError({"a.md": "one", "b.md": "two"}),
        "Nothing was imported, because 2 files cannot be read:\n  a.md: one\n  b.md: two",
        {"problems": {"a.md": "one", "b.md": "two"}},
    ),
    (
        StoreUnavailableError("sqlite:///x", "the disk is full"),
        "The store sqlite:///x cannot be used: the disk is full.",
        {"url": "sqlite:///x", "reason": "the disk is full"},
    ),
    (
        SchemaTooNewError("sqlite:///x", 9, 3),
        (
            "The store sqlite:///x has schema 9, this version knows up to 3. It was opened for reading only; "
            "upgrade with: pip install --upgrade prompt-kernel"
        ),
        {"url": "sqlite:///x", "found": 9, "known": 3},
    ),
    (
        ReadOnlyStoreError("sqlite:///x", "you asked for it"),
        "The store sqlite:///x is open for reading only: you asked for it. Nothing was changed.",
        {"url": "sqlite:///x", "reason": "you asked for it"},
    ),
    (
        RemoteStoreError("http://host:8501", "A backup"),
        "A backup is done where the store is, and http://host:8501 is a server: run it there.",
        {"url": "http://host:8501", "what": "A backup"},
    ),
    (
        DamagedTextError("a", 3),
        (
            "The stored text of a@3 does not match its SHA-256: the file was damaged. "
            "Run `prompt-kernel doctor`, and restore a backup or another version."
        ),
        {"path": "a", "version": 3},
    ),
    (
        AccessDeniedError("This token may only read."),
        "This token may only read.",
        {"reason": "This token may only read."},
    ),
    (
        InvalidRequestError("The body is no JSON."),
        "The body is no JSON.",
        {"reason": "The body is no JSON."},
    ),
    (
        MissingExtraError("jinja", "The jinja engine"),
        'The jinja engine needs an optional part. Install it with: pip install "prompt-kernel[jinja]"',
        {"extra": "jinja"},
    ),
]
each_case = pytest.mark.parametrize(("error", "sentence", "content"), CASES, ids=lambda value: type(value).__name__)


@each_case
def test_an_error_says_what_is_wrong_and_carries_it(
    error: PromptKernelError, sentence: str, content: dict[str, Any]
) -> None:
    assert str(error) == sentence
    assert vars(error) == content


@each_case
def test_an_error_survives_a_process_boundary(error: PromptKernelError, sentence: str, content: dict[str, Any]) -> None:
    error.add_note("seen in a worker")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own bytes
        assert type(again) is type(error)
        assert str(again) == sentence
        assert vars(again) == {**content, "__notes__": ["seen in a worker"]}
    del error.__notes__


@each_case
def test_a_notebook_shows_the_sentence_and_no_traceback(
    error: PromptKernelError, sentence: str, content: dict[str, Any]
) -> None:
    assert error._render_traceback_() == [f"{type(error).__name__}: {sentence}"]
    assert vars(error) == content


@each_case
def test_an_error_can_be_told_its_place_later(error: PromptKernelError, sentence: str, content: dict[str, Any]) -> None:
    placed = error.at(WHERE)

    assert type(placed) is type(error)
    assert (str(placed), vars(placed)) == (sentence + WHERE, content)
    assert str(error) == sentence


def _real_tree() -> dict[str, str]:
    """Each error's name with its parent's."""
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    return {kind.__name__: kind.__base__.__name__ for kind in classes if kind.__base__}


def _drawn_tree() -> dict[str, str]:
    parents: dict[str, str] = {}
    open_at: list[tuple[int, str]] = [(-1, "Exception")]
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        found = re.match(r"([│├└─ ]*)([A-Z]\w+Error)\b", line)
        if found:
            depth = len(found[1])
            open_at = [entry for entry in open_at if entry[0] < depth]
            parents[found[2]] = open_at[-1][1]
            open_at.append((depth, found[2]))
    return parents


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    assert _drawn_tree() == _real_tree()


def test_a_value_that_cannot_be_written_is_named_by_its_type() -> None:
    assert str(InvalidVariableError("n", 10**5000, "it is too long")) == "n=a int does not fit: it is too long."


def test_every_error_has_a_case() -> None:
    assert {type(error).__name__ for error, _, _ in CASES} == set(_real_tree())


def test_what_is_not_found_is_a_lookup_error_too() -> None:
    also = {type(error) for error, _, _ in CASES if isinstance(error, LookupError)}

    assert also == {
        NotFoundError,
        PromptNotFoundError,
        DisabledPromptError,
        VersionNotFoundError,
        DirectoryNotFoundError,
        ExperimentNotFoundError,
        NotLockedError,
    }
