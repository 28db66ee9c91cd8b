"""What a freeze writes: what was used here, and nothing in silence."""

from contextlib import suppress
from pathlib import Path

import pytest

import prompt_kernel as pk
from prompt_kernel import uses
from prompt_kernel.errors import LockFileError, PromptNotFoundError
from prompt_kernel.lock import Lock
from prompt_kernel.records import Frozen
from prompt_kernel.store import Store
from tests.processes import run_together


def names_in(file: Path) -> dict[str, list[str]]:
    lock = Lock.read(file)
    return {name: [str(lock.prompts[key]) for key in keys] for name, keys in lock.names.items()}


def test_what_was_expanded_is_frozen_whoever_expanded_it(library: Store, file: Path) -> None:
    library.expand("review", code="")
    library.expand("review", code="again, which is planned already")
    library.compile("style/base")
    library.render("tone", [{"tone": "formal"}])
    library.expand_text("[[json]] `[[base]]` \\[[nothing]]")
    library.by("bob").expand_text("[[tone]]", directory="style")
    with Store(library.url) as other:
        other.expand("format/json@1")
    library.get("style/base")
    library.declarations("style/base@1")
    library.diff("format/json", 1, 1, expanded=True)

    report = library.freeze(file)

    assert names_in(file) == {
        "format/json@1": ["format/json@1"],
        "json": ["format/json@1"],
        "review": ["review@1"],
        "style/base": ["style/base@1"],
        "style/tone": ["style/tone@1"],
        "tone": ["style/tone@1"],
    }
    assert report == Frozen(str(file), 4, added=tuple(names_in(file)))
    assert str(report) == f"{file} holds 6 names, 4 prompts: 6 new."


def test_what_was_expanded_before_the_recording_began_counts_when_it_is_expanded_again(
    library: Store, file: Path
) -> None:
    uses.stop()
    library.expand("review", code="")
    uses.start()
    with pytest.raises(LockFileError, match="nothing was expanded here yet"):
        library.freeze(file)

    library.expand("review", code="")

    assert library.freeze(file).added == ("review",)


def test_looking_is_no_use_and_hides_none(library: Store, file: Path) -> None:
    with uses.aside():
        library.expand("format/json")
    library.expand("format/json")
    with uses.aside():
        library.expand("review", code="")

    assert library.freeze(file).added == ("format/json",)


def test_a_store_in_memory_has_uses_of_its_own(file: Path) -> None:
    with Store(":memory:") as one, Store(":memory:") as other:
        one.save("a", "A")
        one.expand("a")
        with pytest.raises(LockFileError, match="there is nothing to freeze; run the notebook, or name prompts"):
            other.freeze(file)
        assert one.freeze(file).added == ("a",)


def test_freezing_again_keeps_what_another_notebook_needs_and_says_so(library: Store, file: Path) -> None:
    library.freeze(file, ["review", "style/tone"])
    library.save("style/tone", "New")
    library.expand("style/tone")
    library.expand("format/json")

    report = library.freeze(file)

    stays = "review was not used here, and stays as it was"
    note = f"{stays}, because another notebook may need it; prune takes such names out."
    assert report == Frozen(
        str(file), 5, added=("format/json",), changed=("style/tone",), kept=("review",), notes=(note,)
    )
    with uses.aside(), pk.connect(library.url, lock=file) as by_lock:
        assert by_lock.expand("review", code="").startswith("Speak in a plain voice.")
        assert by_lock.expand("style/tone") == "New"

    again = library.freeze(file, prune=True)

    assert again == Frozen(str(file), 2, unchanged=("format/json", "style/tone"), dropped=("review",))
    assert names_in(file) == {"format/json": ["format/json@1"], "style/tone": ["style/tone@2"]}
    assert str(again) == f"{file} holds 2 names, 2 prompts: 2 as before, 1 dropped."


FREEZE = """
import sys
import prompt_kernel as pk

with pk.connect(sys.argv[1]) as store:
    print("ready", flush=True)
    input()
    for path in sys.argv[3:]:
        store.freeze(sys.argv[2], [path])
"""


def test_two_processes_that_freeze_into_one_file_lose_none_of_it(library: Store, file: Path) -> None:
    names = [[f"{mine}{number}" for number in range(10)] for mine in "ab"]
    for path in [*names[0], *names[1]]:
        library.save(path, path)
    programs = [[library.url, str(file), *mine] for mine in names]

    assert run_together(FREEZE, *programs) == [0, 0]
    assert sorted(Lock.read(file).names) == sorted([*names[0], *names[1]])


def test_a_name_keeps_its_place_however_it_is_spelled(library: Store, file: Path) -> None:
    library.freeze(file, ["Style/Tone"])

    assert library.freeze(file, ["style/tone"]).unchanged == ("style/tone",)
    assert names_in(file) == {"style/tone": ["style/tone@1"]}


def test_named_prompts_are_frozen_as_they_are_now_and_a_note_tells_of_other_uses(library: Store, file: Path) -> None:
    library.expand("style/tone")
    library.expand("review", code="")
    library.save("style/tone", "New")

    report = library.freeze(file, ["style/tone", "style/*"])

    assert names_in(file) == {"style/*": ["style/base@1", "style/tone@2"], "style/tone": ["style/tone@2"]}
    assert report.remarks == (
        "style/tone was used here as it was before; the lock has it as it is now, so run its cells again.",
    )
    assert library.freeze(file, "review").added == ("review",)


def test_what_the_store_says_now_is_told_when_it_is_not_what_was_used(library: Store, file: Path) -> None:
    library.expand("review", code="")
    library.save("style/tone", "New")

    report = library.freeze(file)

    (drift,) = report.drift
    assert (drift.path, drift.version, drift.now, drift.names) == ("style/tone", 1, "style/tone@2", ("review",))
    assert report.remarks == (
        "The store has moved on since this was used: style/tone@1: changed: it is version 2 now (in review).",
    )
    assert library.freeze(file).drift == ()


def test_a_draft_cannot_be_frozen_and_is_told_of(library: Store, file: Path) -> None:
    library.expand("style/tone")
    library.expand("format/json")
    library.expand_as("style/tone", "A draft")
    note = (
        "style/tone was last expanded with a text that is not saved (a draft), which no lock can hold: save it, run "
        "the cell again, and freeze again."
    )

    assert library.freeze(file) == Frozen(str(file), 1, added=("format/json",), notes=(note,))
    library.save("style/tone", "A draft")
    library.expand("style/tone")
    assert library.freeze(file).notes == ()


def test_what_only_drafts_were_used_of_is_no_lock(library: Store, file: Path) -> None:
    library.expand_as("style/tone", "A draft")

    with pytest.raises(LockFileError, match=r"there is nothing to freeze\. style/tone was last expanded with"):
        library.freeze(file)

    assert not file.exists()


def test_prompts_of_another_store_are_told_of(library: Store, file: Path, tmp_path: Path) -> None:
    library.expand("style/tone")
    with Store(tmp_path / "other.db") as other:
        other.save("a", "A")
        other.expand("a")
        (note,) = library.freeze(file).notes

    assert note == f"Prompts of {other.url} were used here too; a lock is of one store, so freeze these there."


def test_what_was_used_and_is_in_no_store_any_more_is_left_out_and_told_of(library: Store, file: Path) -> None:
    library.expand("format/json")
    library.expand("style/tone")
    with suppress(ZeroDivisionError), library.together():
        library.save("style/base", "Never saved in the end")
        library.expand("style/base")
        raise ZeroDivisionError
    library.delete("format/json", force=True)
    library.purge("format/json")

    report = library.freeze(file)

    assert names_in(file) == {"style/tone": ["style/tone@1"]}
    assert report.notes == (
        "format/json was used here, and cannot be frozen: There is no prompt 'format/json@1'.",
        "style/base was used here, and cannot be frozen: There is no prompt 'style/base@2'.",
    )


def test_what_cannot_be_expanded_cannot_be_frozen_by_name(library: Store, file: Path) -> None:
    library.save("broken", "[[gone]]")

    for path in ("nowhere", "broken", "none/*"):
        with pytest.raises(PromptNotFoundError):
            library.freeze(file, ["style/tone", path])
    with pytest.raises(LockFileError, match="there is nothing to freeze"):
        library.freeze(file, [])

    assert not file.exists()


def test_a_store_that_goes_by_a_lock_goes_by_the_new_one_at_once(library: Store, file: Path, tmp_path: Path) -> None:
    library.freeze(file, ["style/tone"])
    library.save("style/tone", "New")

    with pk.connect(library.url, lock=file) as by_lock:
        assert by_lock.expand("style/tone") == "Speak in a plain voice.\n"
        by_lock.freeze(tmp_path / "another.lock", ["style/tone"])
        assert by_lock.expand("style/tone") == "Speak in a plain voice.\n"
        assert by_lock.freeze(file).unchanged == ("style/tone",)
        assert by_lock.freeze(file, ["style/tone"]).changed == ("style/tone",)
        assert by_lock.expand("style/tone") == "New"
