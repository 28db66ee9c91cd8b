"""The graph of what a text includes: random ones against an oracle, circles of every length, and what is cut."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel.errors import ExpansionTooLargeError, InclusionCycleError
from prompt_kernel.expansion import Expander, Limits, SourceText, Texts, expand_manifest
from prompt_kernel.language import Inclusion, parse
from prompt_kernel.store import Store

# Random graphs


@dataclass(frozen=True)
class Literal:
    text: str

    @property
    def source(self) -> str:
        return self.text


@dataclass(frozen=True)
class Escaped:
    text: str

    @property
    def source(self) -> str:
        return "\\" + self.text


@dataclass(frozen=True)
class Hole:
    name: str

    @property
    def source(self) -> str:
        return "{{ " + self.name + " }}"


@dataclass(frozen=True)
class Included:
    number: int
    arguments: tuple[tuple[str, str], ...]

    @property
    def source(self) -> str:
        arguments = ", ".join(f'{name}="{value}"' for name, value in self.arguments)
        return f"[[d/p{self.number}({arguments})]]" if arguments else f"[[p{self.number}]]"


Prompt = list[Literal | Escaped | Hole | Included]
VALUES = {"x": "ex", "y": "", "z": "[[p0]]{{ x }}"}
NAMES = sorted(VALUES)
LITERALS = ("a", "b ", "\n", "\r\n", "é", "🙂", " . ")
ESCAPED = ("[[p0]]", "{{ x }}", "{{y}}", "[[zz]]")


def graph_of(seed: int) -> list[Prompt]:
    """Some prompts of which each includes only later ones. A seed draws them in a fraction of hypothesis' own time."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    count = chance.randint(1, 7)
    return [[_part(chance, number + 1, count) for _ in range(chance.randint(0, 5))] for number in range(count)]


def _part(chance: random.Random, first: int, count: int) -> Literal | Escaped | Hole | Included:
    kind = chance.choice("teh" if first == count else "tehiiii")
    if kind == "t":
        return Literal(chance.choice(LITERALS))
    if kind == "e":
        return Escaped(chance.choice(ESCAPED))
    if kind == "h":
        return Hole(chance.choice(NAMES))
    named = chance.sample(NAMES, chance.choice([0, 0, 1, 2]))
    return Included(chance.randrange(first, count), tuple((name, chance.choice(("", "a", "b a"))) for name in named))


GRAPHS = st.integers(0, 2**32 - 1).map(graph_of)


def texts_of(prompts: list[Prompt]) -> dict[str, str]:
    return {f"d/p{number}": "".join(part.source for part in prompt) for number, prompt in enumerate(prompts)}


def oracle(prompts: list[Prompt], number: int, values: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What prompt `number` expands to, as (text, path, source of the text), by plain recursion."""
    pieces: list[tuple[str, str, str]] = []
    for part in prompts[number]:
        if isinstance(part, Included):
            pieces += oracle(prompts, part.number, {**dict(part.arguments), **values_over(part, values)})
        else:
            text = values[part.name] if isinstance(part, Hole) else part.text
            pieces.append((text, f"d/p{number}", part.source))
    return [piece for piece in pieces if piece[0]]


def values_over(part: Included, values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in dict(part.arguments)}


def inclusions_in(prompts: list[Prompt], number: int) -> int:
    return sum(1 + inclusions_in(prompts, part.number) for part in prompts[number] if isinstance(part, Included))


def levels_in(prompts: list[Prompt], number: int) -> int:
    return max(
        (1 + levels_in(prompts, part.number) for part in prompts[number] if isinstance(part, Included)), default=0
    )


RANDOM = settings(max_examples=500, deadline=None)


@RANDOM
@given(GRAPHS)
def test_a_random_graph_expands_as_the_oracle_says(prompts: list[Prompt]) -> None:
    texts = texts_of(prompts)
    expanded = Expander(Texts(texts)).expand("d/p0", VALUES)
    expected = oracle(prompts, 0, VALUES)

    assert expanded == "".join(text for text, _, _ in expected)
    # Neighbouring texts of one prompt are one piece here and several in the oracle.
    assert merged((p.text, p.path, texts[p.path][slice(*p.source)]) for p in expanded.pieces) == merged(expected)
    position = 0
    for piece in expanded.pieces:
        assert (piece.span.start, expanded[slice(*piece.span)]) == (position, piece.text)
        position = piece.span.end
    assert position == len(expanded)


def merged(pieces: Any) -> list[tuple[str, str, str]]:
    out: list[tuple[str, str, str]] = []
    for text, path, source in pieces:
        if out and text == source and out[-1][0] == out[-1][2] and out[-1][1] == path:
            out[-1] = (out[-1][0] + text, path, out[-1][2] + source)
        else:
            out.append((text, path, source))
    return out


@RANDOM
@given(GRAPHS)
def test_the_size_is_known_exactly(prompts: list[Prompt]) -> None:
    expander = Expander(Texts(texts_of(prompts)))
    size = sum(len(text) for text, _, _ in oracle(prompts, 0, VALUES))
    exact = {"characters": size, "inclusions": inclusions_in(prompts, 0), "depth": levels_in(prompts, 0)}
    # A hole counts for one, be its value empty or not.
    holes = sum(isinstance(part, Hole) for prompt in prompts for part in prompt)
    if not holes:
        expander.expand("d/p0", VALUES, limits=Limits(**exact))
    for name, most in exact.items():
        if most:
            with pytest.raises(ExpansionTooLargeError) as caught:
                expander.expand("d/p0", VALUES, limits=Limits(**{name: most - 1}))
            assert (caught.value.limit, caught.value.allowed) == (name, most - 1)
            assert caught.value.size == most or holes or name == "inclusions"


@RANDOM
@given(GRAPHS)
def test_a_manifest_expands_to_the_same(prompts: list[Prompt]) -> None:
    texts = Texts(texts_of(prompts))
    expanded = Expander(texts).expand("d/p0", VALUES)
    recorded = pk.Manifest.from_data(expanded.manifest.as_data())
    again = expand_manifest(recorded, [SourceText(entry.path, entry.text or "") for entry in recorded.entries], VALUES)

    assert recorded == expanded.manifest
    assert (again, again.pieces, again.manifest.entries[0].sha256) == (
        expanded,
        expanded.pieces,
        recorded.entries[0].sha256,
    )


@RANDOM
@given(GRAPHS, st.randoms(use_true_random=False))
def test_it_makes_no_difference_what_comes_first_in_the_source(prompts: list[Prompt], chance: random.Random) -> None:
    texts = texts_of(prompts)
    shuffled = dict(chance.sample(list(texts.items()), len(texts)))

    assert Expander(Texts(shuffled)).expand("d/p0", VALUES) == Expander(Texts(texts)).expand("d/p0", VALUES)


# Circles


@pytest.mark.parametrize("length", [1, 2, 3, 10, 50])
def test_a_circle_is_found_and_shown(length: int) -> None:
    texts = {f"p{n}": f"{n} [[p{(n + 1) % length}]]" for n in range(length)}
    with pytest.raises(InclusionCycleError) as caught:
        pk.expand("[[p0]]", texts)

    assert caught.value.chain == (*texts, "p0")
    shown = " -> ".join(caught.value.chain)
    if length > 11:
        shown = "p0 -> p1 -> p2 -> p3 -> p4 -> p5 -> … 39 more … -> p45 -> p46 -> p47 -> p48 -> p49 -> p0"
    assert str(caught.value).startswith(
        f"These prompts include each other in a circle: {shown}.\n  p{length - 1}, line 1"
    )


def test_every_circle_up_to_fifty_is_cut_without_an_extra_copy() -> None:
    for length in range(1, 51):
        texts = {f"p{n}": f"{n} [[p{(n + 1) % length}]]" for n in range(length)}
        expanded = pk.expand("[[p0]]", texts, strict=False)

        assert expanded == "".join(f"{n} " for n in range(length)) + "[[p0]]"
        assert [found.code for found in expanded.diagnostics] == ["cycle"]
        assert expanded.pieces[-1].path == f"p{length - 1}"


def test_a_circle_is_found_however_its_names_are_spelled(make_world: Callable[..., Any]) -> None:
    world = make_world({"d/a": "[[D/B]]", "d/b": "[[c]]", "d/c": "![[d/A]]"})

    with pytest.raises(InclusionCycleError) as caught:
        world.expand_path("a")
    assert caught.value.chain == ("d/a", "d/b", "d/c", "d/a")


def test_a_circle_that_the_root_is_not_part_of_is_shown_alone() -> None:
    with pytest.raises(InclusionCycleError) as caught:
        pk.expand("[[start]]", {"start": "[[a]]", "a": "[[b]]", "b": "[[a]]"})

    assert caught.value.chain == ("a", "b", "a")
    assert str(caught.value).endswith("\n  included by: text -> start -> a -> b")


def test_a_pinned_version_is_another_text(store: Store) -> None:
    store.save("a", "one")
    store.save("a", "two, before: [[a@1]]")
    assert store.expand("a") == "two, before: one"
    store.save("a", "three, again: [[a@3]]")
    with pytest.raises(InclusionCycleError):
        store.expand("a")
    assert store.expand("a@2") == "two, before: one"


def test_what_is_included_twice_is_no_circle(make_world: Callable[..., Any]) -> None:
    world = make_world({"a": "[[b]][[c]][[d]]", "b": "[[d]]", "c": "[[b]][[d]]", "d": "."})

    assert world.expand_path("a") == "...."


def test_two_prompts_of_one_name_are_no_circle(make_world: Callable[..., Any]) -> None:
    world = make_world({"a/n": "an [[b/n]]", "b/n": "bn [[c/n]]", "c/n": "cn"})

    assert world.expand_path("a/n") == "an bn cn"


def test_a_circle_through_a_glob_keeps_the_whole_glob() -> None:
    texts = {
        "top": "<[[d/a]]>",
        "d/a": "a[[d/b]]",
        "d/b": "b[[e]]",
        "d/c": "c{{ unused }}",
        "e": "e[[d/*]]{{ v }}\\[[x]]`[[y]]`|[[f/*]]|[[d/*]]",
        "f/a": "one",
        "f/b": "two",
    }
    expanded = Expander(Texts(texts)).expand("top", {"v": "V"}, strict=False)

    assert expanded == "<abe[[d/*]]V[[x]]`[[y]]`|one\ntwo|[[d/*]]>"
    assert [(found.code, found.path) for found in expanded.diagnostics] == [("cycle", "e"), ("cycle", "e")]
    assert [piece.text for piece in expanded.pieces] == [
        *("<", "a", "b", "e", "[[d/*]]", "V", "[[x]]", "`", "[[y]]", "`|", "one", "\n", "two", "|", "[[d/*]]", ">")
    ]
    with pytest.raises(InclusionCycleError):
        Expander(Texts(texts)).expand("top", {"v": "V"})


def test_each_inclusion_that_leads_back_is_cut() -> None:
    expanded = pk.expand("[[a]]", {"a": "[[b]] [[c]]", "b": "b[[a]] [[a]]", "c": "c[[a]]"}, strict=False)

    assert expanded == "b[[a]] [[a]] c[[a]]"
    assert [(found.code, found.path) for found in expanded.diagnostics] == [
        ("cycle", "b"),
        ("cycle", "b"),
        ("cycle", "c"),
    ]


def test_a_circle_with_arguments_ends() -> None:
    texts = {"a": "A{{ n }}[[b(n=1)]]", "b": "B{{ n }}[[a(n=2)]]"}
    expanded = pk.expand("[[a(n=0)]]", texts, strict=False)

    assert expanded == "A0B1[[a(n=2)]]"
    assert [found.code for found in expanded.diagnostics] == ["cycle"]


# What is read


def test_each_text_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counting(text: str, engine: Any) -> Any:
        parsed.append(text)
        return parse(text, engine)

    monkeypatch.setattr("prompt_kernel.expansion._source.parse", counting)
    texts = Texts({f"p{n}": f"[[p{n + 1}]][[p{n + 1}]]" for n in range(10)} | {"p10": "."})
    expander = Expander(texts)

    assert expander.expand("p0") == "." * 1024
    assert expander.expand("p0", strict=False) == "." * 1024
    assert sorted(parsed) == sorted(f"[[p{n + 1}]][[p{n + 1}]]" for n in range(10))


def test_a_text_that_includes_much_is_read_in_one_go() -> None:
    texts = {f"p{n}": str(n) for n in range(5_000)}
    root = "".join(f"[[p{n}]]\n" for n in range(5_000))
    expanded = pk.expand(root, texts)
    manifest = expanded.manifest
    again = expand_manifest(manifest, [SourceText(entry.path, entry.text or "") for entry in manifest.entries], {})

    assert expanded == again == "".join(f"{n}\n" for n in range(5_000))
    assert sum(isinstance(part, Inclusion) for part in parse(root)) == len(manifest.entries) - 1
