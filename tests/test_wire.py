"""Every record and every error over the wire and back."""

import inspect
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel import errors, records
from prompt_kernel.errors import (
    AmbiguousNameError,
    ConflictError,
    ExpansionTooLargeError,
    InvalidRequestError,
    InvalidVariableError,
    PromptKernelError,
    PromptNotFoundError,
    PromptSyntaxError,
)
from prompt_kernel.expansion import Expansion, Limits, Manifest, Piece
from prompt_kernel.records import Entry, Impact, Prompt, Rows, field_names
from prompt_kernel.runs import ExperimentSummary, Run, Score
from prompt_kernel.spans import Span
from prompt_kernel.store import Store
from prompt_kernel.variables import Declaration
from prompt_kernel.wire import error_from_data, error_to_data, from_data, status_of, to_data, value_to_data
from tests.test_errors import CASES

EXPANSION = Expansion("as it is")
KINDS = [
    kind
    for name, kind in sorted(vars(records).items())
    if name in records.__all__ and (is_dataclass(kind) or hasattr(kind, "_fields"))
]


def _through_json(value: object) -> Any:
    return json.loads(json.dumps(to_data(value), allow_nan=False))


def _values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of what a field is annotated with."""
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(max_size=8),
        int: st.integers(-(2**70), 2**70),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        NoneType: st.none(),
        datetime: st.datetimes(timezones=st.just(UTC)),
        Any: st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()),
        object: st.text(),
        Expansion: st.just(EXPANSION),
    }
    if kind in plain:
        return plain[kind]
    if isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields")):
        return _records(kind)
    return _collections(get_origin(kind), get_args(kind))


def _collections(origin: Any, args: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (Union, UnionType):
        return st.one_of(*map(_values, args))
    if issubclass(origin, Mapping):
        return st.dictionaries(st.text(max_size=5), _values(args[1]), max_size=2)
    return st.lists(_values(args[0]), max_size=2).map(origin)


def _records(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, localns={"Expansion": Expansion})
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else kind._fields
    return st.builds(kind, **{name: _values(hints[name]) for name in names})


@pytest.mark.parametrize(
    "kind",
    [*KINDS, Declaration, Limits, Manifest, Piece, Run, Score, ExperimentSummary],
    ids=lambda kind: kind.__name__,
)
def test_every_record_comes_back_as_it_went(kind: Any) -> None:
    @given(_records(kind))
    def holds(value: Any) -> None:
        assert from_data(kind, _through_json(value)) == value

    holds()


def test_every_field_has_the_name_of_the_record() -> None:
    for kind in KINDS:
        names = set(field_names(kind))
        data = _through_json(_example(kind))
        assert set(data) - names <= {"name", "directory"}, kind
        assert names <= set(data)


def _example(kind: Any) -> Any:
    hints = get_type_hints(kind, localns={"Expansion": Expansion})
    simple = {str: "a/b", int: 1, bool: True, datetime: datetime(2026, 1, 2, tzinfo=UTC), Expansion: EXPANSION}
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else kind._fields
    return kind(**{name: simple.get(hints[name], {} if "Mapping" in str(hints[name]) else ()) for name in names})


def test_a_prompt_is_plain_data(library: Store) -> None:
    prompt = library.save("deep/tone", "Hi {{ n }}", variables={"n": 3}, tags=["a", "b"])
    data = _through_json(prompt)

    assert data == {
        "path": "deep/tone",
        "version": 1,
        "text": "Hi {{ n }}",
        "description": "",
        "tags": ["a", "b"],
        "engine": "simple",
        "variables": {
            "n": {"name": "n", "type": "integer", "default": 3, "description": "", "required": True, "values": []}
        },
        "labels": {},
        "author": "ana",
        "origin": "python",
        "message": "",
        "updated_at": prompt.updated_at.isoformat(),
        "sha256": prompt.sha256,
        "uid": prompt.uid,
        "display_name": "deep/tone",
        "enabled": True,
        "merged": False,
        "name": "tone",
        "directory": "deep",
    }
    assert data["updated_at"].endswith("+00:00")
    assert from_data(Prompt, data) == prompt


def test_lists_of_records_come_back(library: Store) -> None:
    entries = library.prompts()

    assert from_data(list[Entry], _through_json(entries)) == entries
    assert type(from_data(Rows[Entry], _through_json(entries))) is Rows


def _expansion_details(expansion: Expansion) -> tuple[Any, ...]:
    return (
        str(expansion), expansion.path, expansion.version, expansion.pieces, expansion.manifest, expansion.variables,
        expansion.defaults, expansion.diagnostics,
    )  # fmt: skip


def test_an_expansion_comes_back_with_all_it_knows(library: Store) -> None:
    expansion = library.expand("review", strict=False, tone="formal")
    again = from_data(Expansion, _through_json(expansion))

    assert type(again) is Expansion
    assert _expansion_details(again) == _expansion_details(expansion)
    assert expansion.pieces
    assert expansion.diagnostics
    assert library.expand_manifest(again.manifest, strict=False, tone="formal") == expansion


def test_an_impact_brings_both_expansions(library: Store) -> None:
    (impact, *_) = library.impact("style/tone", "Sing.\n")
    again = from_data(Impact, _through_json(impact))

    assert _expansion_details(again.after) == _expansion_details(impact.after)
    assert str(again.diff) == str(impact.diff)


class _Odd:
    def __str__(self) -> str:
        return "odd"


VALUES: list[tuple[object, Any]] = [
    ("text", "text"),
    (EXPANSION, "as it is"),
    (3, 3),
    (2.5, 2.5),
    (True, True),
    (None, None),
    ([1, ("a", None)], [1, ["a", None]]),
    ({"a": {1: "b"}}, {"a": {"1": "b"}}),
    (math.nan, "nan"),
    (-math.inf, "-inf"),
    (_Odd(), "odd"),
    (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
]


@pytest.mark.parametrize(("value", "data"), VALUES, ids=str)
def test_a_value_is_plain_data_or_its_text(value: object, data: Any) -> None:
    assert value_to_data(value) == data
    assert type(value_to_data(value)) is type(data)


def test_what_is_unknown_is_ignored_and_what_is_missing_is_said() -> None:
    data = {"text": "a", "path": "p", "version": None, "span": [0, 1], "source": [2, 3], "colour": "red"}

    assert from_data(Piece, data) == Piece("a", "p", None, Span(0, 1), Span(2, 3))
    with pytest.raises(InvalidRequestError, match=r"^This is not the data of a Piece: text is missing\.$"):
        from_data(Piece, {})


@pytest.mark.parametrize("data", [None, 3, "text", [1], {"text": 1, "pieces": 3}, {"updated_at": 3}], ids=repr)
@pytest.mark.parametrize("kind", [Prompt, Expansion, Manifest], ids=lambda kind: kind.__name__)
def test_data_of_something_else_are_refused(kind: Any, data: object) -> None:
    with pytest.raises(InvalidRequestError, match=f"not the data of a {kind.__name__}"):
        from_data(kind, data)


# Errors


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=lambda error: type(error).__name__)
def test_every_error_comes_back_as_it_went(error: PromptKernelError) -> None:
    data = json.loads(json.dumps(error_to_data(error), allow_nan=False))
    again = error_from_data(data)

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == {name: 10**300 if value == 10**400 else value for name, value in vars(error).items()}
    assert not set(vars(error)) & {"type", "title", "status", "detail", "error", "instance"}


def test_problem_details_say_it_all() -> None:
    error = ConflictError("a", base="b", theirs="t", mine="m", version=4, author="ben")

    assert error_to_data(error) == {
        "type": "urn:prompt-kernel:error:ConflictError",
        "title": "Conflict",
        "status": 409,
        "detail": str(error),
        "error": "ConflictError",
        "path": "a",
        "base": "b",
        "theirs": "t",
        "mine": "m",
        "version": 4,
        "author": "ben",
    }


def test_values_and_spans_of_errors_keep_their_kind() -> None:
    listed = InvalidVariableError("n", [1, 2], "it must be a whole number")

    assert vars(error_from_data(error_to_data(listed)))["value"] == [1, 2]
    spanned = error_from_data(error_to_data(PromptSyntaxError("No end.", Span(1, 2))))
    assert type(vars(spanned)["span"]) is Span


def test_an_error_that_is_not_known_here_has_its_sentence() -> None:
    error = error_from_data({"error": "NewerError", "detail": "Something new.", "status": 418, "args": 3})

    assert type(error) is PromptKernelError
    assert (str(error), vars(error)) == ("Something new.", {})
    assert str(error_from_data({})) == "The server answered with an error."


def test_a_name_that_is_no_error_makes_none() -> None:
    for name in ("Mapping", "_shown", "TypeVar", "__doc__", ["x"]):
        assert type(error_from_data({"error": name, "detail": "x"})) is PromptKernelError


STATUS = {
    "NotFoundError": 404, "PromptNotFoundError": 404, "DisabledPromptError": 404, "VersionNotFoundError": 404,
    "DirectoryNotFoundError": 404, "ExperimentNotFoundError": 404, "NotLockedError": 404, "PathTakenError": 409,
    "ConflictError": 409, "ReferencedError": 409, "DirectoryNotEmptyError": 409, "AmbiguousNameError": 409,
    "AccessDeniedError": 403, "ReadOnlyStoreError": 403, "SchemaTooNewError": 403, "StoreError": 503,
    "StoreUnavailableError": 503, "DamagedTextError": 503, "MissingExtraError": 501, "RemoteStoreError": 501,
    "DivergedError": 409,
}  # fmt: skip


def test_every_error_has_its_status() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PromptKernelError)]
    found = {kind.__name__: status_of(kind.__new__(kind)) for kind in kinds}

    assert found == {**dict.fromkeys(found, 422), **STATUS}


def test_a_status_can_be_said_otherwise() -> None:
    assert error_to_data(InvalidRequestError("No JSON."), status=400)["status"] == 400
    assert error_to_data(AmbiguousNameError("a", ["x/a", "y/a"]))["candidates"] == ["x/a", "y/a"]
    assert error_to_data(PromptNotFoundError("a"))["title"] == "Prompt not found"
    assert error_to_data(ExpansionTooLargeError("characters", 1, 10**5000))["size"] == 10**300
