"""Expanding on the highest level: what every text, every value and every kind of source can count on."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel.errors import PromptNotFoundError
from prompt_kernel.expansion import Expander, Pin, SourceText, Texts
from prompt_kernel.language import Engine, Quoted, Text, parse
from prompt_kernel.store import Store

MANY = settings(max_examples=1_000, deadline=None)
SOME = settings(max_examples=200, deadline=None)

ANY_TEXT = st.one_of(st.text(max_size=40), st.text(st.characters(), max_size=40))
#: What looks like the language, in every combination.
PIECES = st.sampled_from(
    [
        *("[", "]", "[[", "]]", "![[", "\\", "\\[[", "{", "}", "{{", "}}", "\\{{", "{%", "%}", "{#", "#}", "(", ")"),
        *("`", "``", "```\n", "~~~\n", "\n", "\r\n", "\r", "\n\n", "- ", "> ", "\t", " ", "\ufeff", "\x00", "\ud800"),
        *("a", "b/c", "@", "*", "é", "e\u0301", "🙂", "[[ a ]]", "[[a", "{{ a.b }}", "{{#each}}", "{{ x | f }}", "$x"),
        *("[[a]]", "![[a]]", "\\[[a]]", "{{ v }}", "\\{{ v }}", "`[[a]]`", "[[zz/*]]", "[[a@3]]", '[[a(x="1")]]'),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=16).map("".join), ANY_TEXT)


# What every text can count on


@MANY
@given(TEXTS)
@example("\ufeff---\r\na: {b}\r\n---\r\n")
def test_a_text_without_constructs_expands_to_itself(text: str) -> None:
    engines: tuple[Engine, ...] = get_args(Engine)
    for engine in engines:
        literal = all(isinstance(part, Text | Quoted) for part in parse(text, engine))
        if literal and (engine != "jinja" or "{" not in text):
            root = SourceText("", text, engine=engine)
            assert Expander(Texts({})).expand_text(root) == text


@MANY
@given(TEXTS)
@example("\\\\[[a]]\\")
def test_an_escaped_text_expands_to_the_text(text: str) -> None:
    assert pk.expand(pk.escape(text)) == text


@SOME
@given(TEXTS)
def test_expanding_what_was_expanded_changes_nothing(text: str) -> None:
    once = pk.expand(pk.escape(text))
    again = pk.expand(pk.escape(once))

    assert (again, type(again)) == (once, pk.Expansion)


@SOME
@given(ANY_TEXT, TEXTS)
@example("", "{{ v }}[[inner]]")
def test_values_are_never_read(value: str, other: str) -> None:
    inner = SourceText("inner", "<{{ v }}>", engine="jinja")
    for filling in (value, other):
        assert pk.expand("{{ v }}|[[inner]]|{{v}}", {"inner": inner}, v=filling) == f"{filling}|<{filling}>|{filling}"


@SOME
@given(TEXTS)
@example("`a` \\ \" ' \\n")
def test_any_text_can_be_an_argument(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    assert pk.expand(f'[[inner(v="{quoted}")]]', {"inner": "<{{ v }}>"}) == f"<{value}>"


@SOME
@given(TEXTS)
def test_a_lenient_expansion_of_any_text_gives_all_of_it(text: str) -> None:
    expanded = pk.expand(text, {"a": "[[a]] {{ v }} [[b]]"}, strict=False)

    assert "".join(piece.text for piece in expanded.pieces) == expanded


WORLD = {
    "top": "[[x]] [[d/*]] [[e/y]] [[Y]]",
    "d/x": "dx[[y]]",
    "d/y": "dy",
    "d/Z": "dz",
    "e/y": "ey[[z]]",
    "e/z": "ez{{ v }}",
    "z": "top z",
}


@SOME
@given(st.permutations(list(WORLD)), st.sampled_from([*WORLD, "y", "x", "nope"]))
def test_the_order_of_a_source_counts_for_nothing(order: list[str], wanted: str) -> None:
    def outcome(texts: dict[str, str]) -> tuple[Any, ...]:
        try:
            expanded = pk.expand(f"[[{wanted}]]", texts, strict=True, v="v")
        except pk.PromptKernelError as error:
            return type(error), str(error)
        return expanded, expanded.pieces, expanded.manifest, expanded.diagnostics

    assert outcome({path: WORLD[path] for path in order}) == outcome(WORLD)


# Composites, as the first prompt manager's tests had them


def test_what_an_expansion_is_made_of_is_found_through_all_levels() -> None:
    texts = {
        "fragment1": "one",
        "fragment2": "two",
        "nested": "nested [[fragment1]]",
        "complex": "[[nested]] and [[fragment2]]",
        "unused": "no",
    }
    expanded = pk.expand("[[complex]]", texts)

    assert expanded == "nested one and two"
    assert {entry.path for entry in expanded.manifest.entries} == {"", "complex", "nested", "fragment1", "fragment2"}
    assert expanded.diagnostics == ()


def test_a_chain_of_twenty_expands() -> None:
    texts = {f"level{n}": f"[[level{n + 1}]]" for n in range(20)} | {"level20": "the end"}

    assert pk.expand("[[level0]]", texts) == "the end"


# Values and parameters


def test_values_come_by_keyword_or_in_a_mapping() -> None:
    text = "{{ a }}{{ b }}"

    assert pk.expand(text, None, {"a": 1, "b": 2}) == "12"
    assert pk.expand(text, None, {"a": 1}, b=2) == "12"
    assert pk.expand(text, None, {"a": 1, "b": 1}, b=2) == "12"
    assert pk.expand(text, a=1, b=2) == "12"


def test_a_value_may_be_called_like_a_parameter(store: Store) -> None:
    text = "{{ text }}{{ source }}{{ variables }}{{ strict }}{{ limits }}{{ path }}{{ content }}{{ self }}"
    names = ("text", "source", "variables", "strict", "limits", "path", "content", "self")
    values = {name: str(at) for at, name in enumerate(names)}
    store.save("p", text)

    assert pk.expand(text, None, values) == "01234567"
    assert pk.expand("{{ text }}{{ source }}", text="a", source="b") == "ab"
    assert store.expand("p", values) == store.expand_text(text, values) == "01234567"
    named = {"path": "p", "content": "c", "text": "t", "source": "s"}
    rest = {name: values[name] for name in names if name not in named}
    assert store.expand("p", rest, **named) == store.expand_text(text, rest, **named)  # type: ignore[arg-type]  # values


def test_a_value_may_be_anything_that_has_a_text() -> None:
    class Frame:
        """A table, in that comparing it gives no truth value."""

        def __ne__(self, other: object) -> Any:
            return self

        def __eq__(self, other: object) -> Any:
            return self

        def __bool__(self) -> bool:
            raise ValueError("the truth value of a frame is ambiguous")

        def __str__(self) -> str:
            return "a  b\n1  2"

        __hash__ = None  # type: ignore[assignment]  # as in pandas

    frame = Frame()
    expanded = pk.expand("{{ x }} {{ y }} {{ z }}", x=frame, y=[1, None], z=2.50)

    assert expanded == "a  b\n1  2 [1, None] 2.5"
    assert expanded.variables["x"] is frame


def test_a_text_that_is_a_str_by_inheritance_is_a_text(store: Store) -> None:
    class Quoted(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "not this"

    text = Quoted("a [[b]] {{ v }}")
    once = pk.expand("x{{ v }}", v=1)
    store.save("b", once)

    assert pk.expand(text, {"b": Quoted("B"), "c": once}, v=Quoted("V")) == "a B not this"
    assert pk.expand(once) == store.expand_text(once) == store.expand("b") == "x1"
    assert type(pk.expand(Quoted("plain"))) is pk.Expansion


# Sources


def test_a_text_without_a_source_includes_nothing() -> None:
    assert pk.expand("plain") == pk.expand("plain", None) == pk.expand("plain", {}) == "plain"
    with pytest.raises(PromptNotFoundError):
        pk.expand("[[a]]")


def test_a_store_is_a_source(library: Store) -> None:
    expanded = pk.expand("[[tone]]{{ x }}", library, {"x": 1}, tone="formal")

    assert expanded == "Speak in a formal voice.\n1"
    assert [(piece.path, piece.version) for piece in expanded.pieces[:1]] == [("style/tone", 1)]


class Shouting:
    """A source of its own kind: each name is its own text."""

    revision = 0

    def find(self, name: str, pin: Pin, directory: str) -> SourceText:
        return SourceText(name, f"{name.upper()}@{pin} in {directory or 'the top'}")

    def match(self, pattern: str, pin: Pin, directory: str) -> list[SourceText]:
        return [self.find(pattern.replace("*", name), pin, directory) for name in "ab"]

    def root(self, name: str, pin: Pin) -> SourceText:
        return SourceText(f"in/{name}", f"[[{name}]] [[x/*]] {pin}", engine="plain")


def test_anything_that_gives_texts_is_a_source() -> None:
    assert pk.expand("[[a]] [[b@3]]", Shouting()) == "A@None in the top B@3 in the top"
    assert Expander(Shouting()).expand("c@7") == "C@None in in X/A@None in in\nX/B@None in in 7"


@pytest.fixture
def counted() -> tuple[Texts, Expander, list[str]]:
    """Some texts, what expands them, and what it did."""
    log: list[str] = []
    texts = Texts({"a": "[[b]] {{ v }}", "b": "B", "other": "O"})

    @contextmanager
    def transaction() -> Iterator[None]:
        log.append("begin")
        yield
        log.append("end")

    return texts, Expander(texts, transaction), log


def test_an_expansion_without_values_is_made_once(counted: tuple[Texts, Expander, list[str]]) -> None:
    texts, expander, log = counted
    first = expander.expand("other")

    assert expander.expand("other") is first
    assert log == ["begin", "end"]
    assert expander.expand("other", strict=False) is not first
    texts["other"] = "new"
    assert expander.expand("other") == "new"


def test_a_plan_is_made_once_and_filled_often(counted: tuple[Texts, Expander, list[str]]) -> None:
    texts, expander, log = counted

    assert [expander.expand("a", {"v": value}) for value in (1, 2, 3)] == ["B 1", "B 2", "B 3"]
    assert log == ["begin", "end"]
    texts["b"] = "new"
    assert expander.expand("a", {"v": 4}) == "new 4"
    del texts["b"]
    with pytest.raises(PromptNotFoundError):
        expander.expand("a", {"v": 5})
    assert log == ["begin", "end", "begin", "end", "begin"]


def test_a_prompt_is_expanded_by_any_of_its_names(make_world: Callable[..., Any]) -> None:
    world = make_world({"style/tone": "T", "style/tone@2": "T2", "style/tone@live": "T live", "uses": "[[tone@2]]"})

    names = ("style/tone", "tone", "Style/TONE", "tone@2", "style/tone@live", "uses")
    assert [world.expand_path(name) for name in names] == ["T", "T", "T", "T2", "T live", "T2"]
    assert [world.expand_path(name).path for name in names] == [*["style/tone"] * 5, "uses"]


def test_a_random_library_expands_alike_on_every_source(make_world: Callable[..., Any]) -> None:
    chance = random.Random(2)  # noqa: S311 - no secret
    names = [f"{chance.choice('abc')}/{chance.choice('xyz')}{number}" for number in range(30)]
    texts: dict[str, str] = {}
    expected: dict[str, str] = {}
    for number, name in reversed(list(enumerate(names))):
        included = chance.sample(names[number + 1 :], min(29 - number, 3))
        spelled = [chance.choice([path, path.split("/")[1]]) for path in included]
        texts[name] = f"{number}(" + " ".join(f"[[{path}]]" for path in spelled) + ")"
        expected[name] = f"{number}(" + " ".join(expected[path] for path in included) + ")"
    world = make_world(texts)

    assert {name: str(world.expand_path(name)) for name in names} == expected


def test_an_expansion_goes_through_json_as_text() -> None:
    assert json.loads(json.dumps({"prompt": pk.expand("{{ a }}", a="é")})) == {"prompt": "é"}
