"""`%prompts freeze`, `%prompts verify`, `%prompts use --lock`: the lock beside the notebook."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import prompt_kernel as pk
from prompt_kernel import uses
from prompt_kernel.errors import LockFileError, NotLockedError
from prompt_kernel.lock import Lock
from prompt_kernel.notebook import plain
from prompt_kernel.notebook.cards import html
from prompt_kernel.records import Drift, Frozen, Rows, TextDiff
from prompt_kernel.store import Store

Run = Callable[[str], Any]


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    uses.forget_all()
    yield
    uses.forget_all()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the notebook."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def names_in(file: Path) -> list[str]:
    return list(Lock.read(file).names)


def test_freeze_writes_what_magics_and_python_have_used(run: Run, folder: Path, library: Store) -> None:
    run("%prompt review code=x")
    run("%%expand\n[[tone]]")
    run("%prompt style/base --raw")
    run("import prompt_kernel as pk")
    run(f"with pk.connect({library.url!r}) as store: store.render('format/json', [{{}}])")
    for looking in (
        "%prompts show style/tone",
        "%prompts diff style/tone",
        "%prompts check",
        "%prompts referrers tone",
    ):
        run(looking)
    run("%%prompt new\nsaved")

    report = run("%prompts freeze")

    assert report == Frozen(str(folder / "prompts.lock"), 4, added=("format/json", "review", "style/base", "tone"))
    assert names_in(folder / "prompts.lock") == list(report.added)


def test_a_lock_stands_beside_the_notebook_whatever_it_is_called(
    run: Run, shell: InteractiveShell, folder: Path, tmp_path: Path
) -> None:
    run("%prompts freeze review a.lock")
    assert names_in(folder / "a.lock") == ["review"]
    (tmp_path / "elsewhere").mkdir()
    shell.user_ns["__vsc_ipynb_file__"] = str(tmp_path / "elsewhere" / "analysis.ipynb")
    run("%prompts freeze review")
    assert names_in(tmp_path / "elsewhere" / "prompts.lock") == ["review"]
    assert run("%prompts verify") == []
    assert run(f'%prompts verify "{folder / "a.lock"}"') == []
    with pytest.raises(UsageError, match=r"a\.lock and b\.lock are two files; give one"):
        run("%prompts freeze a.lock b.lock")


def test_reloading_the_extension_forgets_nothing(run: Run, folder: Path) -> None:
    run("%prompt format/json")
    run("%reload_ext prompt_kernel")
    run("%prompt style/tone")

    assert run("%prompts freeze").added == ("format/json", "style/tone")
    assert folder.exists()


def test_what_is_not_loaded_records_nothing(bare_shell: InteractiveShell, library: Store) -> None:
    assert bare_shell is not None
    library.expand("style/tone")

    assert uses.of(library.url).last == []


@pytest.mark.usefixtures("folder")
def test_an_unused_lock_and_an_unused_notebook_say_so(run: Run) -> None:
    with pytest.raises(LockFileError, match="nothing was expanded here yet"):
        run("%prompts freeze")
    with pytest.raises(LockFileError, match="there is no such file"):
        run("%prompts verify")


@pytest.mark.usefixtures("folder")
def test_a_draft_and_a_prune_are_told_of(run: Run, library: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run("%prompts freeze style/base")
    editing = SimpleNamespace(draft_text=lambda _store, _path: "typed just now")
    monkeypatch.setitem(sys.modules, "prompt_kernel.live", editing)
    run("%prompt style/tone --draft")
    run("%prompt format/json")

    report = run("%prompts freeze --prune")

    assert (report.added, report.dropped) == (("format/json",), ("style/base",))
    assert report.notes[0].startswith("style/tone was last expanded with a text that is not saved (a draft)")
    run("%prompt style/tone --draft --raw")
    assert len(run("%prompts freeze").notes) == 1
    assert library["style/tone"].version == 1


@pytest.mark.usefixtures("folder")
def test_verify_shows_what_has_drifted(run: Run, library: Store) -> None:
    run("%prompt review code=x")
    run("%prompts freeze")
    assert plain.text(run("%prompts verify")).endswith("1 name and 4 prompts are as they were frozen.")
    library.save("style/tone", "Shout.\n", variables={})

    found = run("%prompts verify")

    text, card = plain.text(found), html(found)
    assert [drift.kind for drift in found] == ["changed"]
    assert "style/tone@1  changed  style/tone@2  it is version 2 now  review" in text
    assert text.endswith("-Speak in a {{ tone }} voice.\n+Shout.")
    assert all(part in card for part in ("style/tone@1", "it is version 2 now", "S<ins>hout"))


def test_a_notebook_that_goes_by_a_lock_expands_what_was_frozen(run: Run, folder: Path, library: Store) -> None:
    before = run("%prompt review code=x"), run("%%expand\n[[tone]]")
    run("%prompts freeze")
    library.save("style/tone", "Shout.\n", variables={})
    library.rename("review", "code")
    library.save("review", "Another one")

    lock = run("%prompts use --lock prompts.lock")

    assert (lock, lock.file) == (Lock.read("prompts.lock"), folder / "prompts.lock")
    assert plain.text(lock).splitlines()[0] == f"{folder / 'prompts.lock'}: 2 names, 4 prompts"
    assert "tone -&gt; style/tone@1" in html(lock)
    assert (run("%prompt review code=x"), run("%%expand\n[[tone]]")) == before
    assert run("%prompt tone --raw") == "Speak in a {{ tone }} voice.\n"
    assert run("%prompts show tone").version == 2
    with pytest.raises(NotLockedError, match="%prompts freeze style/tone@2"):
        run("%prompt style/tone@2")
    library.save("notes", "N")
    with pytest.raises(NotLockedError, match="%prompts freeze notes"):
        run("%prompt notes")
    run("%prompts freeze notes")
    assert run("%prompt notes") == "N"

    run("%prompts use --no-lock")

    assert run("%prompt tone --raw") == "Shout.\n"
    assert run("%prompts use --lock prompts.lock") == Lock.read("prompts.lock")
    assert str(run(f"%prompts use {library.url}")).startswith(library.url)
    assert run("%prompt tone --raw") == "Shout.\n"


@pytest.mark.usefixtures("folder")
def test_a_save_under_a_lock_says_what_is_still_expanded(run: Run, library: Store) -> None:
    run("%prompt tone")
    run("%prompts freeze")
    run("%prompts use --lock prompts.lock")

    saved = run("%%prompt style/tone\nShout.\n")

    file = Path("prompts.lock").absolute()
    assert saved.notes == (f"This notebook goes by {file}, and expands version 1; %prompts freeze tone moves it on.",)
    assert run("%%prompt new\n[[tone]]").notes == ("new is new.",)
    assert run("%prompt tone") == "Speak in a plain voice.\n"
    run("%prompts freeze tone")
    assert run("%prompt tone") == "Shout.\n"
    assert library["style/tone"].text == "Shout.\n"


def test_a_lock_in_the_configuration_counts_from_the_beginning(
    bare_shell: InteractiveShell, library: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.freeze("prompts.lock", ["style/tone"])
    library.save("style/tone", "New", variables={})
    bare_shell.config.PromptMagics.store = library.url
    bare_shell.config.PromptMagics.lock = "prompts.lock"
    pk.load_ipython_extension(bare_shell)
    monkeypatch.chdir(folder.parent)

    outcome = bare_shell.run_cell("%prompt style/tone")
    pk.unload_ipython_extension(bare_shell)

    assert outcome.result == "Speak in a plain voice.\n"


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_used_leaves_things_as_they_were(run: Run, shell: InteractiveShell, library: Store) -> None:
    run("%prompts freeze tone")
    run("%prompts use --lock prompts.lock")
    library.save("style/tone", "New", variables={})

    with pytest.raises(LockFileError):
        run("%prompts use --lock nowhere.lock")
    with pytest.raises(UsageError, match="give the URL of a store, --lock FILE, or both"):
        run("%prompts use")

    assert run("%prompt tone") == "Speak in a plain voice.\n"
    assert run("%prompts verify")[0].kind == "changed"
    assert shell.magics_manager.registry["PromptMagics"].lock == str(Path("prompts.lock").absolute())


# How it looks


DRIFT = Drift("changed", "a<b>", 1, "a@2", "it is version 2 now", ("x", "y"), TextDiff("old", "new", "a@1", "a@2"))


def test_the_card_of_a_freeze_begins_with_what_has_to_be_known() -> None:
    report = Frozen("/x/prompts.lock", 3, ("a",), ("b",), (), ("c",), ("d",), ("Mind <this>.",), (DRIFT,))

    card = html(report)

    assert "/x/prompts.lock holds 3 names, 3 prompts: 1 new, 1 changed, 1 kept as they were, 1 dropped." in card
    assert "Mind &lt;this&gt;." in card
    assert card.index("Mind") < card.index("new: 1") < card.index("dropped: 1") < card.index("a&lt;b&gt;")
    assert plain.text(report).splitlines()[1:] == [
        "Mind <this>.",
        "The store has moved on since this was used: a<b>@1: changed: it is version 2 now (in x, y).",
    ]


def test_the_card_of_a_drift_has_the_difference() -> None:
    card, rows = html(DRIFT), html(Rows([DRIFT], title="What has drifted"))

    assert all("<del>old</del>" in each and "<ins>new</ins>" in each for each in (card, rows))
    assert "a&lt;b&gt;@1" in card
    assert plain.text(DRIFT) == "a<b>@1: changed: it is version 2 now (in x, y)"
