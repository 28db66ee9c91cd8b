"""A store that was opened by a lock expands what was frozen, byte for byte, whatever has become of the prompts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel import uses
from prompt_kernel.errors import (
    ExpansionError,
    LockFileError,
    MissingVariableError,
    NotLockedError,
    PromptKernelError,
    PromptNotFoundError,
)
from prompt_kernel.expansion import Expansion, Limits, ManifestEntry
from prompt_kernel.lock import LockedStore
from prompt_kernel.store import Store
from tests.store.histories import PATHS, Step, histories, live_through


def locked(store: Store, file: Path) -> LockedStore:
    opened = pk.connect(store.url, lock=file, author="ana")
    assert isinstance(opened, LockedStore)
    return opened


def change_everything(store: Store) -> None:
    """What a busy week does to a library."""
    store.save("style/tone", "Shout {{ tone }}!\n", variables={"tone": "loud"})
    store.label("style/tone", "production")
    store.rename("review", "reviews/code")
    store.save("reviews/code", "Something else")
    store.save("rules/c", "C")
    store.save("tone", "Another prompt of that name")
    store.delete("format/json", force=True)
    store.update_directory("rules", enabled=False)


# What is frozen


def test_whatever_has_changed_the_same_text_comes_out(each_store: Store, file: Path) -> None:
    store = each_store
    for path, text in {"style/tone": "Be {{ tone }}.\n", "format/json": "JSON", "rules/a": "A", "rules/b": "B"}.items():
        store.save(path, text, variables={"tone": "plain"} if "tone" in path else None)
    store.save("style/loop", "{% for x in xs %}[[tone]]{{ x }}{% endfor %}", engine="jinja")
    store.save("review", "[[style/tone]]{{ code }}[[format/json]][[rules/*]]")
    store.label("style/tone", "production")
    text = "[[tone(tone='odd')]] [[rules/*]] [[style/tone@production]] [[review]]"
    asked: list[Callable[[Store], Expansion]] = [
        lambda s: s.expand("review", code="x = 1"),
        lambda s: s.expand("style/tone@production", tone="odd"),
        lambda s: s.expand("style/tone@1"),
        lambda s: s.expand("style/loop", xs=[1, 2]),
        lambda s: s.expand_text(text, code="y"),
        lambda s: s.compile("review").expand(code="z"),
        lambda s: s.compile_text("[[json]]").expand(),
        lambda s: s.expand_text("[[tone]]", directory="style"),
        lambda s: s.expand("Style/Tone"),
        lambda s: pk.expand("[[review]]", s, code="c"),
    ]
    before = [ask(store) for ask in asked]
    rows = store.render("review", [{"code": 1}, {"code": "é"}], {"tone": "x"})
    declared = store.declarations("review"), store.declarations_in("[[review]]")
    store.freeze(file)

    change_everything(store)

    with locked(store, file) as by_lock:
        after = [ask(by_lock) for ask in asked]
        assert after == before
        assert [each.manifest for each in after] == [each.manifest for each in before]
        assert [each.pieces for each in after] == [each.pieces for each in before]
        assert by_lock.render("review", [{"code": 1}, {"code": "é"}], {"tone": "x"}) == rows
        assert (by_lock.declarations("review"), by_lock.declarations_in("[[review]]")) == declared
        assert by_lock.get("review").text == store.get("reviews/code", version=1).text


PINS = ["", "@1", "@2", "@good", "@new"]
FREE = ["[[one]] [[d/*]]", "[[two]] [[three]]", "[[d/*@1]]", "[[one@good]] {{ x }}", "plain"]
names = st.builds(str.__add__, st.sampled_from([*PATHS, "two", "E/three"]), st.sampled_from(PINS))
ask = st.tuples(st.just("path"), names) | st.tuples(st.sampled_from(["text", "in d"]), st.sampled_from(FREE))
asks = st.lists(ask, min_size=1, max_size=8)


def _ask(store: Store, what: tuple[str, str], *, strict: bool) -> Expansion | PromptKernelError:
    kind, content = what
    try:
        if kind == "path":
            return store.expand(content, {"x": 1}, strict=strict)
        return store.expand_text(content, {"x": 1}, strict=strict, directory="" if kind == "text" else "d")
    except PromptKernelError as error:
        return error


@settings(max_examples=60, deadline=None)
@given(before=histories, between=st.lists(asks, max_size=2), meanwhile=histories, last=asks, after=histories)
def test_after_any_history_a_lock_gives_what_was_used_last(
    before: list[tuple[str, Step]],
    between: list[list[tuple[str, str]]],
    meanwhile: list[tuple[str, Step]],
    last: list[tuple[str, str]],
    after: list[tuple[str, Step]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """What was asked for, at one moment or another, comes out again; or an error says that it is gone for good."""
    home = tmp_path_factory.mktemp("lock")
    uses.start()
    with Store(home / "prompts.db") as store:
        live_through(store, before)
        for some in between:
            for what in some:
                _ask(store, what, strict=False)
            live_through(store, meanwhile)
        said = [_ask(store, what, strict=False) for what in last]
        try:
            store.freeze(home / "prompts.lock")
        except LockFileError:
            assert all(isinstance(each, PromptKernelError) or len(each.manifest.entries) == 1 for each in said)
            return
        live_through(store, after)
        with locked(store, home / "prompts.lock") as by_lock:
            for what, then in zip(last, said, strict=True):
                if isinstance(then, Expansion):
                    _check(store, then, _ask(by_lock, what, strict=False))


def _check(store: Store, then: Expansion, now: Expansion | PromptKernelError) -> None:
    assert isinstance(now, (Expansion, LockFileError)), now
    if not then.path and None in then.manifest.entries[0].includes:
        return  # what led nowhere in a free text is no use of a name: an earlier one counts
    if isinstance(now, Expansion):
        assert (str(now), _versions(now)) == (str(then), _versions(then))
    else:
        with pytest.raises(PromptNotFoundError):
            store.expand_manifest(then.manifest, x=1, strict=False)


def _versions(expanded: Expansion) -> list[ManifestEntry]:
    return [entry for entry in expanded.manifest.entries if entry.version is not None]


def test_a_name_means_what_it_meant_last(store: Store, file: Path) -> None:
    """Half of the notebook has run before the change: each name is frozen as its own results were made."""
    store.save("tone", "Old tone")
    store.save("review", "[[tone]] review")
    store.save("report", "[[tone]] and [[review]]")
    store.expand("review")
    store.save("tone", "New tone")
    store.expand("report")
    store.freeze(file)

    with locked(store, file) as by_lock:
        assert by_lock.expand("review") == "Old tone review"
        assert by_lock.expand("report") == "New tone and New tone review"
        assert by_lock.expand_text("[[report]]") == "New tone and New tone review"
        with pytest.raises(
            ExpansionError, match=r"^review@1 is frozen twice, with different inclusions, and cannot be"
        ):
            by_lock.expand_text("[[report]] [[review]]")
        with pytest.raises(NotLockedError, match=r"^tone is not in .*: it is frozen only as a part of others, and in"):
            by_lock.expand("tone")
        assert by_lock.expand("tone@1") == "Old tone"
    assert '"review@1#2"' in file.read_text(encoding="utf-8")


def test_one_prompt_may_be_frozen_at_two_versions(store: Store, file: Path) -> None:
    store.save("tone", "Old")
    store.save("tone", "New")
    store.expand("tone@1")
    store.expand("tone")
    store.freeze(file)
    store.save("tone", "Newest")

    with locked(store, file) as by_lock:
        assert [by_lock.expand(name) for name in ("tone@1", "tone", "tone@2")] == ["Old", "New", "New"]
        assert by_lock.expand_text("[[tone@1]][[tone]]") == "OldNew"
        with pytest.raises(NotLockedError):
            by_lock.expand("tone@3")
        assert (by_lock.get("tone").version, by_lock.get("tone@3").text) == (2, "Newest")


def test_what_led_nowhere_stays_as_it_was_written_and_is_an_error_under_strict(store: Store, file: Path) -> None:
    store.save("review", "[[gone]] and {{ x }}")
    before = store.expand("review", strict=False)
    store.freeze(file)
    store.save("gone", "here now")

    with locked(store, file) as by_lock:
        after = by_lock.expand("review", strict=False)
        assert (after, [each.code for each in after.diagnostics]) == (before, ["not-found", "missing-variable"])
        with pytest.raises(NotLockedError, match=r"^gone is not in .*: it led nowhere when that was written; mend it"):
            by_lock.expand("review", x=1)


def test_a_circle_that_was_cut_stays_cut(store: Store, file: Path) -> None:
    store.save("a", "a[[b]]")
    store.save("b", "b[[a]]")
    before = store.expand("a", strict=False)
    store.freeze(file)
    store.save("b", "no circle")

    with locked(store, file) as by_lock:
        assert by_lock.expand("a", strict=False) == before == "ab[[a]]"


def test_expansions_that_were_allowed_to_be_large_can_be_frozen(store: Store, file: Path) -> None:
    store.save("a", "x" * 1_500_000)
    store.save("b", "[[a]][[a]]")
    large = Limits(characters=4_000_000)
    store.expand("b", limits=large)

    assert store.freeze(file).notes == ()
    with locked(store, file) as by_lock:
        assert len(by_lock.expand("b", limits=large)) == 3_000_000
        with pytest.raises(pk.errors.ExpansionTooLargeError):
            by_lock.expand("b")


# What is not frozen


def _unknown(name: str, meant: str = "") -> str:
    return f"nothing of that name was frozen{meant}; `%prompts freeze {name}` or `prompt-kernel freeze {name}` adds it"


def test_a_name_that_is_not_in_the_lock_is_an_error_that_says_what_to_do(library: Store, file: Path) -> None:
    library.freeze(file, ["style/base"])
    library.save("notes", "New")
    library.rename("style/base", "voice")

    with locked(library, file) as by_lock:
        for ask, name, reason in (
            (by_lock.expand, "notes", _unknown("notes")),
            (by_lock.get, "base", _unknown("base", " (did you mean style/base?)")),
            (by_lock.compile, "voice", "it is what was frozen as style/base; write that, or freeze again"),
            (by_lock.declarations, "notes@production", _unknown("notes@production")),
            (by_lock.expand, "rules/*", _unknown("rules/*")),
        ):
            with pytest.raises(NotLockedError) as caught:
                ask(name)
            assert (caught.value.name, caught.value.lock, caught.value.reason) == (name, str(file), reason)
        with pytest.raises(NotLockedError, match=r"(?s)^rules/\* is not in .*  text, line 1"):
            by_lock.expand_text("[[style/base]] [[rules/*]]")
        assert by_lock.expand_text("[[notes]]", strict=False) == "[[notes]]"
        assert ("notes" in by_lock, "style/base" in by_lock, by_lock["style/tone"].version) == (False, True, 1)
        assert by_lock.expand("style/tone") == library.expand("style/tone")
        with pytest.raises(MissingVariableError):
            by_lock.expand_text("[[style/base]] {{ x }}")


def test_saving_goes_on_and_changes_nothing_that_is_expanded(library: Store, file: Path, tmp_path: Path) -> None:
    library.freeze(file, ["style/tone"])
    frozen = library.expand("style/tone")

    with locked(library, file) as by_lock:
        by_lock.save("style/tone", "Louder!")
        by_lock.by("bob").save("new", "N")
        by_lock.restore("style/tone", 1)
        by_lock.label("style/tone", "production", version=2)
        assert by_lock.expand("style/tone") == by_lock.by("bob").expand("style/tone") == frozen
        assert by_lock.find_prompt("/style/tone ").version == by_lock.get("style/tone").version == 1
        assert [each.number for each in by_lock.history("style/tone")] == [3, 2, 1]
        assert str(by_lock.diff("style/tone", 1, 2, expanded=True)).endswith("+Louder!")
        assert (by_lock.unlocked.get("new").author, by_lock.unlocked.get("style/tone").version) == ("bob", 3)
        assert len(by_lock.export_folder(tmp_path / "out").written) == 5
        assert by_lock.import_folder(tmp_path / "out", into="again").created[0] == "again/format/json"
        assert by_lock.unlocked.expand("new") == "N"
        assert repr(by_lock) == f"{repr(library)[:-1]}, lock={str(file)!r})"


def test_a_text_in_place_of_a_prompt_includes_what_is_frozen(library: Store, file: Path) -> None:
    library.expand("style/tone")
    library.expand("style/base")
    library.freeze(file)
    library.save("style/tone", "Louder!")

    with locked(library, file) as by_lock:
        draft = by_lock.expand_as("style/base", "[[tone]]{{ more }}", more="!", tone="formal")

    assert draft == "Speak in a formal voice.\n!"


# What is gone, and what is not what it says


def test_a_prompt_in_the_trash_still_expands_and_can_be_read(library: Store, file: Path) -> None:
    library.freeze(file, ["format/json"])
    text, sha256 = library["format/json"].text, library["format/json"].sha256
    library.delete("format/json", force=True)
    library.save("format/json", "Another one")

    with locked(library, file) as by_lock:
        found = by_lock.get("format/json")
        assert by_lock.expand("format/json") == text
    assert (found.text, found.sha256, found.enabled, found.author) == (text, sha256, False, "ana")


def test_a_path_that_another_prompt_has_now_is_no_mistake(library: Store, file: Path) -> None:
    library.freeze(file, ["style/tone"])
    uid = library["style/tone"].uid
    library.rename("style/tone", "voice")
    library.save("other", "Other")
    library.rename("other", "style/tone")

    with locked(library, file) as by_lock:
        assert (by_lock["style/tone"].uid, by_lock["style/tone"].path) == (uid, "voice")
        assert by_lock.expand("style/tone") == "Speak in a plain voice.\n"


def test_a_purged_prompt_is_an_error_that_names_it(library: Store, file: Path) -> None:
    library.freeze(file, ["review", "style/tone"])
    library.delete("format/json", force=True)
    library.purge("format/json")

    with locked(library, file) as by_lock:
        with pytest.raises(LockFileError) as caught:
            by_lock.expand("review", code="")
        assert by_lock.expand("style/tone") == "Speak in a plain voice.\n"
    assert caught.value.reason == f"it has frozen format/json@1, and {GONE}"


def _edited(file: Path, key: str, **changes: Any) -> None:
    data = json.loads(file.read_bytes())
    data["prompts"][key] |= changes
    file.write_text(json.dumps(data), encoding="utf-8")


OTHER = (
    "the store's style/tone@1 is not the one that was frozen: the lock was changed by hand, this is another store or "
    "an older copy, or its file is damaged (`prompt-kernel doctor` tells)"
)
GONE = "the store has it no more, because it was purged, or this is another store"
TOO_MANY = "it is damaged (style/tone has 0 inclusions, and 1 were recorded: that is of another text)"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sha256": "0" * 64}, OTHER),
        ({"declares": "0" * 64}, OTHER),
        ({"declares": ""}, OTHER),
        ({"includes": [None]}, TOO_MANY),
        ({"uid": "nobody"}, f"it has frozen style/tone@1, and {GONE}"),
    ],
)  # fmt: skip
def test_a_lock_that_was_changed_by_hand_expands_nothing_else(
    library: Store, file: Path, changes: dict[str, Any], reason: str
) -> None:
    library.freeze(file, ["style/tone"])
    _edited(file, "style/tone@1", **changes)

    with locked(library, file) as by_lock, pytest.raises(LockFileError) as caught:
        by_lock.expand("style/tone")

    assert caught.value.reason == reason


def test_other_variables_under_the_same_text_are_another_version(library: Store, file: Path, tmp_path: Path) -> None:
    """As after an older backup was restored, and somebody saved again."""
    backup = library.backup(tmp_path / "backup.db")
    text = library["style/tone"].text
    library.save("style/tone", text, variables={"tone": "formal"})
    library.freeze(file, ["style/tone"])
    with Store(backup) as older:
        older.save("style/tone", text, variables={"tone": "plain"})

        with locked(older, file) as by_lock, pytest.raises(LockFileError) as caught:
            by_lock.expand("style/tone")

    assert caught.value.reason == OTHER.replace("@1", "@2")


def test_a_lock_that_cannot_be_read_opens_no_store(library: Store, file: Path) -> None:
    with pytest.raises(LockFileError, match="there is no such file"):
        pk.connect(library.url, lock=file)
