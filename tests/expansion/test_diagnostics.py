"""What an expansion has to say besides its text: every finding with its place, its line and its way from the root."""

from collections.abc import Callable
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.errors import (
    AmbiguousNameError,
    ExpansionError,
    InclusionCycleError,
    InvalidVariableError,
    MissingVariableError,
    NotFoundError,
    PromptSyntaxError,
    VersionNotFoundError,
)
from prompt_kernel.expansion import Diagnostic
from prompt_kernel.spans import Span
from prompt_kernel.store import Store

PROMPTS: dict[str, Any] = {
    "top": "first line\n[[middle]]",
    "middle": "[[bottom]]",
    "missing": "é\n\tx [[nowhere]] y",
    "unversioned": "[[top@99]]",
    "a/twin": "",
    "b/twin": "",
    "ambiguous": "[[twin]]",
    "circle": "round [[circle]]",
    "hole": "one\r\ntwo {{ hole }}\r\n",
    "bad": {"text": "{{ n }}", "variables": {"n": {"type": "integer"}}},
    "template": {"text": "fine\n{% if %}\n", "engine": "jinja"},
    "failing": {"text": "fine\n\n{{ 1 // 0 }}", "engine": "jinja"},
    "quoted": "`[[top]]`",
    "long": "x" * 500 + "[[nowhere]]" + "y" * 500,
}

FOUND = [
    (
        "missing",
        "not-found",
        NotFoundError,
        "There is no prompt 'nowhere'.",
        Span(5, 16),
        2,
        "    \tx [[nowhere]] y\n    \t  ^^^^^^^^^^^",
    ),
    (
        "unversioned",
        "not-found",
        VersionNotFoundError,
        "top has no version 99.",
        Span(0, 10),
        1,
        "    [[top@99]]\n    ^^^^^^^^^^",
    ),
    (
        *("ambiguous", "ambiguous", AmbiguousNameError, "'twin' could be a/twin or b/twin. Write one of these paths."),
        *(Span(0, 8), 1, "    [[twin]]\n    ^^^^^^^^"),
    ),
    (
        *("circle", "cycle", InclusionCycleError, "These prompts include each other in a circle: circle -> circle."),
        *(Span(6, 16), 1, "    round [[circle]]\n          ^^^^^^^^^^"),
    ),
    (
        *("hole", "missing-variable", MissingVariableError, "No value was given for the variable hole. Give hole=…."),
        *(Span(9, 19), 2, "    two {{ hole }}\n        ^^^^^^^^^^"),
    ),
    (
        *("bad", "invalid-variable", InvalidVariableError, "n='many' does not fit: it must be a whole number."),
        *(Span(0, 7), 1, "    {{ n }}\n    ^^^^^^^"),
    ),
    (
        *(
            "template",
            "template",
            PromptSyntaxError,
            "The template of template is malformed: Expected an expression, got 'end of statement block'.",
        ),
        *(Span(5, 13), 2, "    {% if %}\n    ^^^^^^^^"),
    ),
    (
        *(
            "failing",
            "template",
            PromptSyntaxError,
            "The template of failing failed: integer division or modulo by zero.",
        ),
        *(Span(6, 18), 3, "    {{ 1 // 0 }}\n    ^^^^^^^^^^^^"),
    ),
]


@pytest.mark.parametrize(
    ("path", "code", "error", "message", "span", "line", "excerpt"), FOUND, ids=[row[0] for row in FOUND]
)
def test_a_failure_is_an_error_or_a_finding_with_the_same_words(
    path: str,
    code: str,
    error: type[Exception],
    message: str,
    span: Span,
    line: int,
    excerpt: str,
    make_world: Callable[..., Any],
) -> None:
    world = make_world({**PROMPTS, "bottom": f"[[{path}]]"})
    version = 1 if world.store else None
    values = {"n": "many"} if path == "bad" else {}
    chain = ("top", "middle", "bottom", path)

    with pytest.raises(error) as caught:
        world.expand_path("top", values)
    text = str(caught.value).replace(" It has version 1.", "")
    place = f"{path}@1" if version else path
    assert text == f"{message}\n  {place}, line {line}\n{excerpt}\n  included by: {' -> '.join(chain)}"

    expanded = world.expand_path("top", values, strict=False)
    kept = PROMPTS[path] if isinstance(PROMPTS[path], str) else PROMPTS[path]["text"]
    assert expanded == f"first line\n{kept}"
    [found] = expanded.diagnostics
    assert (found.severity, found.code, found.path, found.version) == ("error", code, path, version)
    assert (found.span, found.line, found.chain) == (span, line, chain)
    assert found.message.replace(" It has version 1.", "") == message
    assert found.excerpt == f"\n  {path}, line {line}\n{excerpt}"
    assert str(found) == f"error: {found.message}{found.excerpt}"


def test_every_failure_of_an_expansion_is_an_expansion_error_or_not_found() -> None:
    assert all(issubclass(row[2], ExpansionError | NotFoundError) for row in FOUND)


def test_all_findings_of_an_expansion_are_reported_together() -> None:
    texts = {"a": "[[nope]] `[[b]]` {{ v }}", "b": "[[b]]"}
    expanded = pk.expand("[[a]][[b]][[nope]]", texts, strict=False, w=1)

    assert expanded == "[[nope]] `[[b]]` {{ v }}[[b]][[nope]]"
    assert [(found.severity, found.code, found.path) for found in expanded.diagnostics] == [
        ("error", "not-found", ""),
        ("error", "not-found", "a"),
        ("info", "quoted-inclusion", "a"),
        ("error", "cycle", "b"),
        ("error", "missing-variable", "a"),
        ("warning", "unused-variable", ""),
    ]


def test_a_finding_is_one_value() -> None:
    expanded = pk.expand("x [[nope]]", strict=False)

    assert expanded.diagnostics == (
        Diagnostic(
            *("error", "not-found", "There is no prompt 'nope'.", "", None, Span(2, 10), ("text",), 1),
            "\n  text, line 1\n    x [[nope]]\n      ^^^^^^^^",
        ),
    )


def test_a_long_line_is_cut_around_the_place() -> None:
    [found] = pk.expand("[[long]]", {"long": PROMPTS["long"]}, strict=False).diagnostics

    assert found.excerpt == (f"\n  long, line 1\n    …{'x' * 40}[[nowhere]]{'y' * 29}…\n     {' ' * 40}{'^' * 11}")


def test_a_way_of_more_than_twenty_is_not_shown_in_the_message() -> None:
    texts = {f"p{n}": f"[[p{n + 1}]]" for n in range(30)} | {"p30": "[[nope]]"}
    with pytest.raises(NotFoundError) as caught:
        pk.expand("[[p0]]", texts)
    with pytest.raises(NotFoundError) as short:
        pk.expand("[[p12]]", texts)
    [found] = pk.expand("[[p0]]", texts, strict=False).diagnostics

    assert "included by" not in str(caught.value)
    assert str(short.value).endswith("included by: text -> " + " -> ".join(f"p{n}" for n in range(12, 31)))
    assert found.chain == ("text", *texts)


def test_an_error_in_the_text_itself_has_no_way_to_show() -> None:
    with pytest.raises(NotFoundError) as caught:
        pk.expand("[[nope]]")

    assert str(caught.value) == "There is no prompt 'nope'.\n  text, line 1\n    [[nope]]\n    ^^^^^^^^"


def test_strict_and_lenient_agree_where_nothing_fails(library: Store) -> None:
    strict = library.expand("review", code="x", unused=1)
    lenient = library.expand("review", code="x", unused=1, strict=False)

    assert (strict, strict.pieces, strict.manifest, strict.diagnostics) == (
        *(lenient, lenient.pieces, lenient.manifest),
        lenient.diagnostics,
    )
