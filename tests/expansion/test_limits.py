"""What would grow too large is refused before it is built: seen by what is read and held, never by the clock."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.errors import ExpansionTooLargeError, InclusionCycleError
from prompt_kernel.expansion import Expander, Expansion, Limits, SourceText, Texts
from prompt_kernel.language import parse
from prompt_kernel.records import Draft
from prompt_kernel.store import Store

MEGABYTE = 1024 * 1024


@contextmanager
def at_most(megabytes: float) -> Iterator[None]:
    """Check that no more than that was ever held at once."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < megabytes * MEGABYTE


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is parsed while the test runs."""
    texts: list[str] = []

    def counting(text: str, engine: Any) -> Any:
        texts.append(text)
        return parse(text, engine)

    monkeypatch.setattr("prompt_kernel.expansion._source.parse", counting)
    return texts


def doubling(levels: int, leaf: str) -> dict[str, str]:
    return {f"p{n}": f"[[p{n + 1}]][[p{n + 1}]]" for n in range(levels)} | {f"p{levels}": leaf}


def refused(text: str, source: Any = None, /, **values: object) -> ExpansionTooLargeError:
    with pytest.raises(ExpansionTooLargeError) as caught:
        pk.expand(text, source, **values)  # type: ignore[arg-type]  # limits among them
    return caught.value


# Depth


def test_a_chain_of_ten_thousand_expands() -> None:
    texts = {f"p{n}": f"[[p{n + 1}]]" for n in range(9_999)} | {"p9999": "the end"}
    expanded = pk.expand("[[p0]]", texts)

    assert expanded == "the end"
    assert [piece.path for piece in expanded.pieces] == ["p9999"]
    assert len(expanded.manifest.entries) == 10_001


def test_a_chain_of_ten_thousand_with_text_all_along_expands() -> None:
    texts = {f"p{n}": f"a[[p{n + 1}]]b" for n in range(9_999)} | {"p9999": "{{ v }}"}
    expanded = Expander(Texts(texts)).expand("p0", {"v": "-"})

    assert expanded == "a" * 9_999 + "-" + "b" * 9_999
    assert len(expanded.pieces) == 2 * 9_999 + 1


def test_a_longer_chain_is_refused() -> None:
    texts = {f"p{n}": f"[[p{n + 1}]]" for n in range(20_000)} | {"p20000": "the end"}

    assert refused("[[p0]]", texts).limit == "inclusions"
    error = refused("[[p0]]", texts, limits=Limits(inclusions=30_000))
    assert (error.limit, error.allowed, error.size) == ("depth", 10_000, 20_001)
    assert pk.expand("[[p0]]", texts, limits=Limits(inclusions=30_000, depth=30_000)) == "the end"


def test_depth_counts_inclusions_within_inclusions() -> None:
    texts = {"a": "[[b]]", "b": "[[c]]", "c": "."}

    assert pk.expand(".", texts, limits=Limits(depth=0)) == "."
    assert pk.expand("[[c]][[c]]", texts, limits=Limits(depth=1)) == ".."
    assert pk.expand("[[a]]", texts, limits=Limits(depth=3)) == "."
    assert (
        refused("[[a]]", texts, limits=Limits(depth=2)).size,
        refused("[[a]]", texts, limits=Limits(depth=2)).limit,
    ) == (
        3,
        "depth",
    )


def test_a_circle_of_ten_thousand_is_found() -> None:
    texts = {f"p{n}": f"[[p{(n + 1) % 10_000}]]" for n in range(10_000)}

    with pytest.raises(InclusionCycleError) as caught:
        Expander(Texts(texts)).expand("p0")
    assert len(caught.value.chain) == 10_001
    assert Expander(Texts(texts)).expand("p0", strict=False) == "[[p0]]"


# Characters


def test_forty_one_doubling_prompts_are_refused_by_their_size(parsed: list[str]) -> None:
    texts = doubling(40, "four")
    with at_most(1):
        error = refused("[[p0]]", texts)

    assert (error.limit, error.allowed, error.size) == ("characters", 2_000_000, 4 * 2**40)
    assert str(error) == (
        "This would expand to 4.4e+12 characters, and the limit is 2,000,000. "
        "Include less, or raise it with limits=Limits(characters=…)."
    )
    assert len(parsed) == 1 + 40


def test_forty_one_doubling_prompts_of_nothing_are_refused_by_their_number(parsed: list[str]) -> None:
    with at_most(1):
        error = refused("[[p0]]", doubling(40, ""))

    assert (error.limit, error.allowed, error.size) == ("inclusions", 10_000, 2**41 - 1)
    assert str(error) == (
        "This would expand to 2.2e+12 inclusions, and the limit is 10,000. "
        "Include less, or raise it with limits=Limits(inclusions=…)."
    )
    assert len(parsed) == 1 + 40


def test_doubling_prompts_in_a_store_are_refused(store: Store) -> None:
    store.save_many(Draft(path, text) for path, text in doubling(40, "four").items())

    with pytest.raises(ExpansionTooLargeError, match=r"4\.4e\+12 characters"):
        store.expand("p0")
    with pytest.raises(ExpansionTooLargeError):
        store.expand("p0", strict=False)
    with pytest.raises(ExpansionTooLargeError, match="would expand to 1,024 characters, and the limit is 1,000"):
        store.expand("p32", limits=Limits(characters=1_000))


def test_a_size_beyond_all_names_is_still_one() -> None:
    error = refused("[[p0]]", doubling(2_000, "four"), limits=Limits(inclusions=5_000))

    assert error.size == 4 * 2**2_000
    assert "would expand to over 1e300 characters" in str(error)


def test_a_diamond_of_a_thousand_levels_is_measured_in_one_walk(parsed: list[str]) -> None:
    texts = {f"p{n}": f"[[p{n + 1}]][[q{n + 1}]]" for n in range(1_000)}
    texts |= {f"q{n}": f"[[p{n + 1}]][[q{n + 1}]]" for n in range(1, 1_000)} | {"p1000": "", "q1000": ""}

    assert refused("[[p0]]", texts).limit == "inclusions"
    assert len(parsed) == 1 + 1_999


def test_a_glob_that_matches_everything_is_counted() -> None:
    texts = {f"d/p{n}": f"[[e/*]]{n}" for n in range(200)} | {f"e/q{n}": "" for n in range(200)}
    error = refused("[[d/*]]", texts)

    assert (error.limit, error.allowed) == ("inclusions", 10_000)


def test_newlines_of_a_glob_are_characters() -> None:
    texts = {f"d/p{n}": "" for n in range(10)}

    assert len(pk.expand("[[d/*]]", texts, limits=Limits(characters=9))) == 9
    assert refused("[[d/*]]", texts, limits=Limits(characters=8)).size == 9


def test_a_text_that_is_itself_too_long_is_refused() -> None:
    assert len(pk.expand("x" * 2_000_000)) == 2_000_000
    assert refused("x" * 2_000_001).size == 2_000_001


# Values


def test_values_are_counted_before_they_are_joined() -> None:
    value = "x" * MEGABYTE
    with at_most(2):
        error = refused("{{ v }}" * 1_000, v=value)

    assert (error.limit, error.size) == ("characters", 1_000 * MEGABYTE)
    assert pk.expand("{{ v }}", v=value) == value


def test_arguments_are_counted_before_they_are_joined() -> None:
    value = "x" * 100_000
    with at_most(3):
        error = refused(f'[[a(v="{value}")]]', {"a": "[[b]]" * 100, "b": "{{ v }}"})

    assert error.size == 100 * 100_000


def test_holes_are_counted_too_however_empty_their_values() -> None:
    texts = doubling(13, "{{ v }}" * 10_000)
    with at_most(8):
        error = refused("[[p0]]", texts, v="", limits=Limits(inclusions=100_000))

    assert (error.limit, error.size) == ("characters", 2**13 * 10_000)


def test_the_limit_is_exact() -> None:
    texts = {"a": "12{{ v }}\\[[x]]"}

    assert len(pk.expand("[[a]]-[[a]]", texts, v="345", limits=Limits(characters=21))) == 21
    assert refused("[[a]]-[[a]]", texts, v="345", limits=Limits(characters=20)).size == 21


# Arguments


def test_arguments_that_multiply_what_must_be_read_are_refused() -> None:
    texts = {f"p{n}": f"[[p{n + 1}(a{n}=0)]][[p{n + 1}(a{n}=1)]]" for n in range(40)} | {"p40": "{{ a0 }}"}
    with at_most(40):
        error = refused("[[p0]]", texts)

    assert (error.limit, error.allowed) == ("inclusions", 10_000)


def test_arguments_that_are_the_same_everywhere_multiply_nothing(parsed: list[str]) -> None:
    texts = {f"p{n}": f"[[p{n + 1}(a=0)]][[p{n + 1}(a=1)]]" for n in range(12)} | {"p12": "{{ a }}"}

    assert pk.expand("[[p0]]", texts) == "01" * 2**11
    assert len(parsed) == 1 + 13


# Settings


def test_the_limits_have_defaults_and_can_be_compared() -> None:
    assert Limits() == Limits(characters=2_000_000, inclusions=10_000, depth=10_000)
    assert Limits(depth=3) != Limits()
    assert {Limits(): 1}[Limits()] == 1


def test_limits_apply_to_every_way_of_expanding(library: Store) -> None:
    few = Limits(characters=10)
    recorded = library.expand("review", code="").manifest
    text = SourceText("", "[[tone]]")

    ways: list[Callable[[], Expansion]] = [
        lambda: library.expand("review", code="", limits=few),
        lambda: library.expand_text("[[tone]]", limits=few),
        lambda: library.expand_manifest(recorded, code="", limits=few),
        lambda: pk.expand("[[tone]]", library, limits=few),
        lambda: Expander(Texts({"tone": "x" * 11})).expand_text(text, limits=few),
    ]
    for expand in ways:
        with pytest.raises(ExpansionTooLargeError, match="the limit is 10"):
            expand()
    assert len(library.expand("review", code="")) > 10


def test_arguments_that_pile_up_on_the_way_down_are_refused() -> None:
    texts = {f"p{n}": f"[[p{n + 1}(a{n}=1)]]" for n in range(101)} | {"p101": "{{ a0 }}"}

    assert pk.expand("[[p1]]", {**texts, "p101": "{{ a1 }}"}) == "1"
    with pytest.raises(ExpansionTooLargeError) as caught:
        pk.expand("[[p0]]", texts)

    assert (caught.value.limit, caught.value.allowed, caught.value.size) == ("arguments", 100, 101)
