"""Whatever is sent, the API answers as its schema says: no failure of the server, no status that is not announced."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from prompt_kernel.store import Store
from tests.ledger import begin
from tests.server.api import Operation, an_api, as_caller, operations

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: All there is to call; what they are called with does not matter to a schema.
OPERATIONS = list(operations(an_api(None)))  # type: ignore[arg-type]  # nothing is called
PATHS = ["review", "style/tone", "style", "old/name", "tone", "gone", "x/y", ""]
TEXTS = ["[[tone]] {{ n }}", "[[review]]", "{% for a in b %}{{ a }}{% endfor %}", "[[style/*]]", ""]


def _has_rules(operation: Operation) -> bool:
    """Whether some parameter can be wrong: a path is any text."""
    return any(parameter["in"] != "path" for parameter in operation.description.get("parameters", ()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "roots" / "linked").mkdir(parents=True)
    (tmp_path / "roots" / "linked" / "note.md").write_text("A note.\n", encoding="utf-8")
    return tmp_path / "roots"


@pytest.fixture
def world(library: Store, folder: Path) -> Store:
    """A library with all that there can be: labels, trash, favourites, redirects, a linked directory, a template."""
    library.save("old", "[[style/tone]]")
    library.rename("old", "old/name")
    library.save("gone", "x")
    library.delete("gone")
    library.save("template", "{% for a in b %}{{ a }}{% endfor %}", engine="jinja")
    library.label("review", "production")
    library.favourite("review")
    library.note_opened("review")
    library.add_directory("linked", source=str(folder / "linked"))
    begin(library, "tone", "review", [{"code": "x"}, {"code": "y"}])
    return library


def _likelier(draw: Any, case: Any) -> Any:
    """Put something that is there into some of the places where a path or a text is asked for."""
    places = [case.path_parameters, case.query, case.body]
    for place in places:
        for name in place if isinstance(place, dict) else ():
            if name in ("path", "old", "q", "prompt", "directory") and draw(st.booleans()):
                place[name] = draw(st.sampled_from(PATHS))
            elif name in ("name", "id", "after") and draw(st.booleans()):
                place[name] = {"name": "tone", "id": 1, "after": 0}[name]
            elif name == "text" and isinstance(place[name], str) and draw(st.booleans()):
                place[name] = draw(st.sampled_from(TEXTS))
    return case


def _fuzz(app: Any, operation: Operation, mode: Any, checks: list[Any], *, examples: int) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    cases = schema[operation.path][operation.method].as_strategy(mode)

    @given(st.data())
    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    def answers_as_announced(data: Any) -> None:
        case = data.draw(cases)
        if mode is schemathesis.GenerationMode.POSITIVE:
            case = _likelier(data.draw, case)
        case.call_and_validate(checks=checks)

    answers_as_announced()


each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda op: f"{op.method} {op.path}")


@each_operation
def test_what_fits_the_schema_is_answered_as_it_says(world: Store, folder: Path, operation: Operation) -> None:
    app = as_caller(an_api(world, folder), may_write=True)
    _fuzz(app, operation, schemathesis.GenerationMode.POSITIVE, CHECKS, examples=15)


@pytest.mark.parametrize(
    "operation",
    [op for op in OPERATIONS if "requestBody" in op.description or _has_rules(op)],
    ids=lambda op: f"{op.method} {op.path}",
)
def test_what_does_not_fit_the_schema_is_refused(world: Store, folder: Path, operation: Operation) -> None:
    app = as_caller(an_api(world, folder), may_write=True)
    _fuzz(app, operation, schemathesis.GenerationMode.NEGATIVE, [*CHECKS, negative_data_rejection], examples=8)


def _state(world: Store) -> tuple[Any, ...]:
    ledger = world.experiments.list(), world.experiments.runs("tone")
    return world.changes(limit=1000), world.favourites(), world.recent(), world.directories(), ledger


@each_operation
def test_who_may_only_read_changes_nothing(world: Store, folder: Path, operation: Operation) -> None:
    before = _state(world)
    app = as_caller(an_api(world, folder), may_write=False)
    _fuzz(app, operation, schemathesis.GenerationMode.POSITIVE, CHECKS, examples=4 if operation.writes else 2)

    assert _state(world) == before
