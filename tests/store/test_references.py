"""References: at any moment, where a stored reference leads is where the expansion goes."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import (
    AmbiguousNameError,
    DisabledPromptError,
    PromptKernelError,
    PromptNotFoundError,
    ReferencedError,
)
from prompt_kernel.expansion import Expander, SourceText, Texts
from prompt_kernel.language import inclusions
from prompt_kernel.names import directory_of
from prompt_kernel.records import Draft, Reference
from prompt_kernel.store import Store


def fill(store: Store, texts: Mapping[str, str]) -> None:
    """Save all of `texts` at once."""
    store.save_many(Draft(path, text) for path, text in texts.items())


def targets(store: Store, path: str) -> list[str | None]:
    """Return where the inclusions of `path` lead, in order."""
    return [reference.target for reference in store.includes(path)]


# Where they lead


@pytest.mark.parametrize(
    ("spelled", "target"),
    [
        ("style/tone", "style/tone"),
        ("Style/TONE", "style/tone"),
        ("base", "d/base"),
        ("tone", "style/tone"),
        ("d/base", "d/base"),
        ("deep/one", "x/deep/one"),
        ("twin", None),
        ("e/twin", "e/twin"),
        ("missing", None),
    ],
)
def test_an_inclusion_leads_to_an_exact_path_a_sibling_or_a_unique_end(
    store: Store, spelled: str, target: str | None
) -> None:
    fill(store, dict.fromkeys(["style/tone", "base", "d/base", "x/deep/one", "e/twin", "f/twin"], "."))
    store.delete("base")
    store.save("d/a", f"\n[[{spelled}@1]]")
    assert store.includes("d/a") == [Reference("d/a", spelled, 1, target, 2)]
    assert [(found.path, found.spelled) for found in (store.referrers(target) if target else [])] == (
        [("d/a", spelled)] if target else []
    )


def test_an_exact_path_comes_before_a_sibling_and_a_sibling_before_another_end(store: Store) -> None:
    fill(store, {"x/tone": "far", "d/a": "[[tone]]"})
    assert (targets(store, "d/a"), store.expand("d/a")) == (["x/tone"], "far")
    store.save("d/tone", "sibling")
    assert (targets(store, "d/a"), store.expand("d/a")) == (["d/tone"], "sibling")
    store.save("tone", "exact")
    assert (targets(store, "d/a"), store.expand("d/a")) == (["tone"], "exact")
    store.delete("tone", force=True)
    store.delete("d/tone", force=True)
    assert (targets(store, "d/a"), store.expand("d/a")) == (["x/tone"], "far")


def test_a_second_prompt_of_that_name_makes_a_short_inclusion_ambiguous(store: Store) -> None:
    fill(store, {"x/tone": "one", "a": "[[tone]]"})
    store.save("y/tone", "two")
    assert (targets(store, "a"), store.referrers("x/tone")) == ([None], [])
    with pytest.raises(AmbiguousNameError):
        store.expand("a")
    store.delete("y/tone")
    assert (targets(store, "a"), store.expand("a")) == (["x/tone"], "one")


def test_a_missing_prompt_is_found_as_soon_as_it_is_there(store: Store) -> None:
    store.save("a", "[[b]] [[c/*]]")
    assert targets(store, "a") == [None]
    store.save("b", "B")
    store.save("c/d", "D")
    assert (targets(store, "a"), store.expand("a")) == (["b", "c/d"], "B D")


def test_references_are_those_of_the_newest_text(store: Store) -> None:
    fill(store, {"b": "B", "c": "C", "a": "[[b]]"})
    store.save("a", "[[c]]\n[[b]]")
    assert [(found.target, found.line) for found in store.includes("a")] == [("c", 1), ("b", 2)]
    store.save("a", "none")
    assert store.includes("a") == store.referrers("b") == []
    store.restore("a", 1)
    assert targets(store, "a") == ["b"]


def test_one_spelling_counts_once_at_its_first_line_and_each_pin_for_itself(store: Store) -> None:
    fill(store, {"b": "B", "a": "[[b]]\n[[b]]\n[[b@1]] [[b@good]]\n[[b(x=1)]] \\[[b]] `[[b]]`\n```\n![[B]]\n```"})
    assert [(found.spelled, found.pin, found.target, found.line) for found in store.includes("a")] == [
        ("b", None, "b", 1),
        ("b", 1, "b", 3),
        ("b", "good", "b", 3),
        ("B", None, "b", 6),
    ]


def test_what_includes_itself_is_not_its_own_referrer(store: Store) -> None:
    store.save("a", "[[a]]")
    assert (targets(store, "a"), store.referrers("a")) == (["a"], [])
    assert store.delete("a").path == "a"


def test_referrers_are_listed_in_order_with_line_and_spelling(store: Store) -> None:
    fill(store, {"s/t": ".", "b": "\n[[t]]", "a": "[[s/t@1]][[t]]", "s/c": "[[t]]"})
    assert store.referrers("t") == [
        Reference("a", "s/t", 1, "s/t", 1),
        Reference("a", "t", None, "s/t", 1),
        Reference("b", "t", None, "s/t", 2),
        Reference("s/c", "t", None, "s/t", 1),
    ]


# Globs


def test_a_glob_leads_to_all_that_it_matches_in_the_order_of_the_text(store: Store) -> None:
    fill(store, {"r/b": "B", "r/a": "A", "r/x/c": "C", "q": "Q", "w": "[[q]] [[r/*]] [[q@1]] [[r/a*]] [[none/*]]"})
    assert [(found.spelled, found.target) for found in store.includes("w")] == [
        ("q", "q"),
        ("r/*", "r/a"),
        ("r/*", "r/b"),
        ("q", "q"),
        ("r/a*", "r/a"),
    ]
    assert [found.spelled for found in store.referrers("r/a")] == ["r/*", "r/a*"]
    store.save("r/ab", "AB")
    store.delete("r/b", force=True)
    assert [found.target for found in store.includes("w") if "*" in found.spelled] == ["r/a", "r/ab", "r/a", "r/ab"]
    assert store.expand("w", strict=False) == "Q A\nAB Q A\nAB [[none/*]]"


def test_a_glob_does_not_lead_to_its_own_prompt(store: Store) -> None:
    fill(store, {"r/a": "A", "r/all": "[[r/*]]"})
    assert (targets(store, "r/all"), store.expand("r/all")) == (["r/a"], "A")


# Changes elsewhere


def test_a_deleted_prompt_is_no_target_until_it_is_recovered(store: Store) -> None:
    fill(store, {"a": "A", "b": "[[a]][[r/*]]", "r/c": "[[a]]"})
    assert store.delete("b").path == "b"
    assert [found.path for found in store.referrers("a")] == ["r/c"]
    store.delete("a", force=True)
    assert targets(store, "r/c") == [None]
    store.recover("b")
    assert targets(store, "b") == [None, "r/c"]
    store.recover("a")
    assert (targets(store, "b"), targets(store, "r/c"), store.expand("b")) == (["a", "r/c"], ["a"], "AA")


def test_what_lies_in_a_disabled_directory_is_no_target(store: Store) -> None:
    fill(store, {"d/e/a": "A", "b": "[[d/e/a]][[a]][[d/e/*]]"})
    store.update_directory("d", enabled=False)
    assert targets(store, "b") == [None, None]
    with pytest.raises(DisabledPromptError) as caught:
        store.expand("b")
    assert str(caught.value) == (
        "d/e/a is in a disabled directory, so 'd/e/a' does not resolve. Enable the directory.\n"
        "  b@1, line 1\n    [[d/e/a]][[a]][[d/e/*]]\n    ^^^^^^^^^"
    )
    assert (store["a"].text, store["a"].enabled, store.expand("d/e/a"), store.expand("a")) == ("A", False, "A", "A")
    store.save("x/a", "X")
    assert targets(store, "b") == [None, "x/a"]
    store.save("d/new", "[[b]]")
    assert store["d/new"].enabled is False
    store.update_directory("d", enabled=True)
    assert targets(store, "b") == ["d/e/a", None, "d/e/a"]


def test_a_directory_in_a_disabled_one_stays_off_when_its_own_switch_is_on(store: Store) -> None:
    fill(store, {"d/e/a": "A", "b": "[[a]]"})
    store.update_directory("d", enabled=False)
    store.update_directory("d/e", enabled=False)
    store.update_directory("d", enabled=True)
    assert targets(store, "b") == [None]
    store.update_directory("d/e", enabled=True)
    assert targets(store, "b") == ["d/e/a"]


# Former paths


def test_a_reference_by_a_former_path_leads_to_where_the_prompt_is_now(store: Store) -> None:
    fill(store, {"old": "A", "d/former": "F"})
    store.rename("old", "new")
    store.rename("d/former", "e/now")
    fill(store, {"x": "[[old]]", "d/y": "[[former]]"})
    assert (targets(store, "x"), targets(store, "d/y")) == (["new"], ["e/now"])
    assert (store.expand("x"), store.expand("d/y")) == ("A", "F")
    assert [found.path for found in store.referrers("new")] == ["x"]
    assert [found.path for found in store.impact("new", "B")] == ["new", "x"]
    with pytest.raises(ReferencedError, match="new is included by x"):
        store.delete("new")


def test_a_former_path_leads_nowhere_while_the_prompt_is_deleted_or_disabled(store: Store) -> None:
    fill(store, {"old": "A"})
    store.rename("old", "d/new")
    store.save("x", "[[old]]")
    store.update_directory("d", enabled=False)
    assert targets(store, "x") == [None]
    with pytest.raises(DisabledPromptError, match=r"^d/new is in a disabled directory, so 'old' does not resolve"):
        store.expand("x")
    store.update_directory("d", enabled=True)
    assert targets(store, "x") == ["d/new"]
    store.delete("d/new", force=True)
    assert targets(store, "x") == [None]
    with pytest.raises(PromptNotFoundError):
        store.expand("x")
    store.recover("d/new", to="elsewhere")
    assert (targets(store, "x"), store.expand("x")) == (["elsewhere"], "A")
    store.save("y/old", "B")
    assert (targets(store, "x"), store.expand("x")) == (["elsewhere"], "A")
    store.rename("y/old", "old")
    assert (targets(store, "x"), store.expand("x")) == (["old"], "B")


# Who is affected


def test_impact_tells_whose_expansion_would_change_and_how(library: Store) -> None:
    found = library.impact("style/tone", "Speak [[missing]] {{ tone }}.\n")
    assert [impact.path for impact in found] == ["style/tone", "review", "style/base"]
    base = found[2]
    assert (str(base.before), str(base.after)) == (
        "Speak in a plain voice.\nBe brief.\n",
        "Speak [[missing]] plain.\nBe brief.\n",
    )
    assert str(base.diff).splitlines()[2:] == [
        "@@ -1,2 +1,2 @@",
        "-Speak in a plain voice.",
        "+Speak [[missing]] plain.",
        " Be brief.",
    ]
    assert {impact.problem for impact in found} == {"There is no prompt 'missing'."}
    assert library["style/tone"].version == 1


def test_a_text_that_changes_no_expansion_has_no_impact(library: Store) -> None:
    assert library.impact("style/tone", library["style/tone"].text) == []
    library.save("pinned", "[[format/json@1]]")
    assert [impact.path for impact in library.impact("format/json", "new")] == ["format/json", "review"]


def test_impact_reaches_through_globs_and_ends_at_a_circle(store: Store) -> None:
    fill(store, {"r/a": "A", "all": "[[r/*]]", "top": "[[all]]"})
    found = store.impact("r/a", "[[top]]")
    assert [impact.path for impact in found] == ["r/a", "all", "top"]
    assert all("include each other in a circle" in impact.problem for impact in found)


def test_impact_tells_what_would_become_too_large_and_passes_over_what_is(store: Store) -> None:
    fill(store, {"a": "A", "b": "[[a]]", **{f"p{n + 1}": f"[[p{n}]][[p{n}]]" for n in range(14)}, "p0": "[[a]]"})
    found = store.impact("a", "B")
    assert [impact.path for impact in found][:3] == ["a", "b", "p0"]
    assert "p14" not in {impact.path for impact in found}
    (large,) = (impact for impact in store.impact("a", "many " * 1000) if impact.path == "p11")
    assert (large.problem[:22], large.before == large.after) == ("This would expand to 1", True)


# Always


class World:
    """A store, and what a plain mapping of the same prompts would resolve."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def texts(self) -> Texts:
        """Return the enabled prompts, each with its uid, as a source that knows nothing of references."""
        found = [self.store[path] for path in self.store]
        return Texts(
            {prompt.path: SourceText(prompt.path, prompt.text, uid=prompt.uid) for prompt in found if prompt.enabled}
        )

    def expected(self, path: str, source: Texts) -> list[tuple[str, str | None]]:
        """Return the inclusions of a prompt and where the engine would go, former paths aside."""
        directory, own = directory_of(path), self.store[path].uid
        found: dict[tuple[str, object], list[str | None]] = {}
        for inclusion in inclusions(self.store[path].text):
            key = (inclusion.path, inclusion.pin)
            if inclusion.is_glob:
                matched = source.match(inclusion.path, None, directory)
                found.setdefault(key, [text.path for text in matched if text.uid != own])
                continue
            try:
                found.setdefault(key, [source.find(inclusion.path, None, directory).path])
            except PromptKernelError:
                found.setdefault(key, [None])
        return [(spelled, target) for (spelled, _), paths in found.items() for target in paths]

    def check(self) -> None:
        """Compare every stored reference with the engine, and every expansion with one from the plain mapping."""
        source = self.texts()
        for path in self.store:
            stored = [(found.spelled, found.target) for found in self.store.includes(path)]
            assert stored == self.expected(path, source)
            back = {target for _, target in stored if target and target != path}
            assert back == {other for other in self.store if path in {r.path for r in self.store.referrers(other)}}
            if self.store[path].enabled:
                assert _outcome(self.store, path) == _outcome(Expander(source), path)


def _outcome(expander: Store | Expander, path: str) -> str:
    try:
        return str(expander.expand(path))
    except PromptKernelError as error:
        return type(error).__name__.replace("DisabledPrompt", "PromptNotFound")


_NAMES = ["a", "b", "d/a", "d/b", "d/e/a", "e/a", "e/c", "C"]
_SPELLED = [*_NAMES, "c", "e/A", "d/*", "e/*", "d/e/*", "e/a*"]
_texts = st.lists(st.sampled_from(_SPELLED), max_size=3).map(lambda names: " ".join(f"[[{name}]]" for name in names))
_steps = st.one_of(
    st.tuples(st.just("save"), st.sampled_from(_NAMES), _texts),
    st.tuples(st.just("delete"), st.sampled_from(_NAMES)),
    st.tuples(st.just("recover"), st.sampled_from(_NAMES)),
    st.tuples(st.just("purge"), st.sampled_from(_NAMES)),
    st.tuples(st.just("switch"), st.sampled_from(["d", "d/e", "e"]), st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_steps, max_size=14))
def test_stored_targets_are_always_what_the_engine_resolves(steps: list[tuple[str, ...]]) -> None:
    with Store(":memory:") as store:
        fill(store, {"a": "[[b]] [[d/*]]", "d/b": "[[a]]", "e/c": "[[d/b]]"})
        world = World(store)
        for verb, path, *rest in steps:
            try:
                if verb == "save":
                    store.save(path, *rest)
                elif verb == "delete":
                    store.delete(path, force=True)
                elif verb == "recover":
                    store.recover(path)
                elif verb == "purge":
                    store.purge(path)
                else:
                    store.update_directory(path, enabled=bool(rest[0]))
            except PromptKernelError:
                continue
            world.check()


def test_a_new_name_that_takes_an_inclusion_over_is_written_into_the_log(store: Store) -> None:
    store.save("style/tone", "plain")
    store.save("mail/open", "[[tone]]")
    seen = store.changes()[-1].id

    store.save("mail/tone", "warm")
    store.save("voice/tone", "loud")
    store.save("other", "[[style/tone]]")

    assert [(change.kind, change.path, change.detail) for change in store.changes(seen)] == [
        ("created", "mail/tone", ""),
        ("retargeted", "mail/open", "[[tone]] led to style/tone, and leads to mail/tone now"),
        ("created", "voice/tone", ""),
        ("created", "other", ""),
    ]


def test_a_new_name_that_makes_an_inclusion_ambiguous_is_written_into_the_log(store: Store) -> None:
    store.save("style/tone", "plain")
    store.save("open", "[[tone]]")

    store.save("voice/tone", "loud")

    assert store.changes()[-1].detail == (
        "[[tone]] led to style/tone, and leads nowhere now, because more than one prompt has that name"
    )
