import gc
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.oinspect import getdoc

import prompt_kernel
from prompt_kernel.errors import (
    ConflictError,
    InvalidPathError,
    InvalidVariableError,
    MissingExtraError,
    MissingVariableError,
    PromptNotFoundError,
    StoreUnavailableError,
)
from prompt_kernel.expansion import Expansion
from prompt_kernel.notebook._binding import is_value, take
from prompt_kernel.notebook._commands import COMMANDS
from prompt_kernel.notebook._progress import Progress
from prompt_kernel.records import Prompt
from prompt_kernel.store import Store

Run = Callable[[str], Any]
TONE = "Speak in a {{ tone }} voice.\n"


@pytest.fixture
def shown(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Collect what is displayed besides a cell's value."""
    collected: list[dict[str, str]] = []
    monkeypatch.setattr(shell.display_pub, "publish", lambda data, *_, **__: collected.append(data))
    return collected


# %prompt -------------------------------------------------------------------------------------------------------------


def test_prompt_loads_and_expands(run: Run, library: Store) -> None:
    found = run("%prompt review code='x = 1' tone=formal")
    assert found == library.expand("review", code="x = 1", tone="formal")
    assert isinstance(found, Expansion)


def test_a_variable_that_nobody_gave_comes_from_the_notebook(run: Run) -> None:
    run("code = 'y = 2'")
    found = run("%prompt review")
    assert (found.variables, found.defaults, found.from_notebook) == (
        {"tone": "plain", "code": "y = 2"}, {"tone"}, {"code"},
    )  # fmt: skip


def test_what_the_line_gives_counts_before_the_notebook_and_the_notebook_before_the_default(run: Run) -> None:
    run("code, tone = 'mine', 'formal'")
    found = run("%prompt review code=given")
    assert (found.variables, found.from_notebook) == ({"tone": "formal", "code": "given"}, {"tone"})


def test_an_expression_is_evaluated_in_the_notebook(run: Run) -> None:
    run("rows = ['a b', 'c']")
    assert run("%prompt review code:=rows[0].upper()+'!'").variables["code"] == "A B!"
    assert run("%prompt review code:=[row for row in rows if row in rows]").variables["code"] == ["a b", "c"]


def test_a_function_gives_its_own_names(run: Run) -> None:
    run("def ask(code):\n    other = 'formal'\n    text = %prompt review tone:=other\n    return text")
    assert run("ask('local')").variables == {"tone": "formal", "code": "local"}


def test_a_long_line_goes_on_after_a_backslash(run: Run) -> None:
    run("text = %prompt review \\\n    code=x \\\n    tone=formal")
    assert run("text").variables == {"tone": "formal", "code": "x"}


def test_nothing_of_a_line_is_interpolated(run: Run) -> None:
    run("name = 'Ada'")
    assert (
        run("%prompt review code='{name} ${name} $name {{name}}'").variables["code"] == "{name} ${name} $name {{name}}"
    )


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("%prompt reviw", PromptNotFoundError, "There is no prompt 'reviw'. Did you mean review?"),
        ("%prompt review code=x tone=odd", InvalidVariableError, "tone='odd' does not fit"),
        ("%prompt review", MissingVariableError, "code"),
        ("%prompt review code:=nobody", InvalidVariableError, "(NameError: name 'nobody' is not defined)"),
        ("%prompt review code:=1+", InvalidVariableError, "SyntaxError"),
        ("%prompt review code", UsageError, "'code' is not name=value"),
        ("%prompt", UsageError, "the following arguments are required: PATH@PIN"),
        ("%prompt review --raw code=x", UsageError, "--raw expands nothing, so it takes no values"),
        ("%prompt review@1 --draft", UsageError, "--draft is what is being edited now, so it takes no @"),
        ("%prompt review --edit code=x", UsageError, "--edit opens what is being edited now, so it takes a PATH alone"),
        ("%prompt review@1 --edit", UsageError, "--edit opens what is being edited now, so it takes a PATH alone"),
        ("%%expand code\nx", UsageError, "'code' is not name=value"),
        ("%prompts lst", UsageError, "Did you mean list?"),
        ("%prompts impact review nobody", UsageError, "nobody is no variable of this notebook that holds a text"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_the_real_error(run: Run, line: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        run(line)
    assert message in str(raised.value)


def test_an_error_is_one_sentence_and_no_traceback(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("%prompt reviw")
    assert capsys.readouterr().out.strip() == "PromptNotFoundError: There is no prompt 'reviw'. Did you mean review?"


def test_lenient_keeps_what_cannot_be_expanded(run: Run, library: Store) -> None:
    library.save("broken", "[[nowhere]] {{ x }}")
    found = run("%prompt broken --lenient")
    assert found == "[[nowhere]] {{ x }}"
    assert [finding.code for finding in found.diagnostics] == ["not-found", "missing-variable"]


def test_raw_gives_the_stored_text(run: Run, library: Store) -> None:
    assert run("%prompt style/base --raw") == library["style/base"].text
    assert type(run("_")) is str


@pytest.fixture
def edited(library: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The library while somebody edits: `review` asks for something else, and `other` has other braces."""
    drafts = {"review": "[[base]]{{ what }}, {{ code }}?", "other": "{{ what }}"}
    library.save("other", "plain", engine="plain")

    def draft_text(store: Store, path: str) -> str:
        assert store.url == library.url
        return drafts.get(path) or store[path].text

    monkeypatch.setitem(sys.modules, "prompt_kernel.live", SimpleNamespace(draft_text=draft_text))
    return library


def test_draft_takes_the_text_that_is_being_edited(run: Run, edited: Store) -> None:
    run("what, code = 'why', 'x'")
    found = run("%prompt review --draft code=y")
    assert found == "Speak in a plain voice.\nBe brief.\nwhy, y?"
    assert (found.from_notebook, isinstance(found, Expansion)) == ({"what"}, True)
    assert run("%prompt review --draft --raw") == "[[base]]{{ what }}, {{ code }}?"
    assert run("%prompt other --draft") == "{{ what }}"
    assert run("%prompt style/base --draft") == edited.expand("style/base")
    assert run("%prompt review") == edited.expand("review", code="x")


def test_draft_without_its_optional_part_says_how_to_install_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [name for name in sys.modules if name.startswith("prompt_kernel.live")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pycrdt", None)
    with pytest.raises(MissingExtraError, match='pip install "prompt-kernel\\[dashboard\\]"'):
        run("%prompt style/tone --draft")
    assert "Traceback" not in capsys.readouterr().out


def test_out_puts_the_result_into_a_variable(run: Run, library: Store) -> None:
    for line, name in (("%prompt style/tone -o a", "a"), ("%%expand -o b\n[[style/tone]]", "b")):
        assert run(line) == run(name) == library.expand("style/tone")
    assert run("%%prompt new --out c\ntext").text == run("c").text == "text"
    assert run("%prompt style/tone --raw -o d") == run("d") == TONE


def test_a_version_or_a_label_can_be_pinned(run: Run, library: Store) -> None:
    library.save("style/tone", "New.\n")
    library.label("style/tone", "production", version=1)
    assert [run(f"%prompt style/tone{pin}") for pin in ("", "@1", "@production")] == [
        "New.\n", "Speak in a plain voice.\n", "Speak in a plain voice.\n",
    ]  # fmt: skip


def test_a_semicolon_shows_nothing_but_gives_the_value(run: Run) -> None:
    assert run("%prompt style/tone;") is None
    assert run("%prompt style/tone ; ") is None
    assert run("%prompts list;") is None
    assert run("%%expand ;\ntext") is None
    run("text = %prompt style/tone;")
    assert run("text") == "Speak in a plain voice.\n"


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("x", "x"), (1, 1), (1.5, 1.5), (True, True), (["a"], ["a"]), ({"a": 1}, {"a": 1}), ((1,), (1,)),
        (Path("a"), "a"), (1j, "1j"), ({1}, "{1}"),
    ],
)  # fmt: skip
def test_values_of_the_notebook_are_taken_as_they_are_or_as_text(value: object, taken: object) -> None:
    assert take(["v", "absent"], {"v": value}) == {"v": taken}


class Opaque:
    """Its text is only its address."""


@pytest.mark.parametrize("value", [None, len, Opaque, sys, Opaque(), lambda: 1, "".join])
def test_what_is_no_value_is_never_taken(value: object) -> None:
    assert not is_value(value)
    assert take(["v"], {"v": value}) == {}


def test_a_template_takes_plain_data_only() -> None:
    assert take(["a", "b"], {"a": [1], "b": Path("x")}, "jinja") == {"a": [1]}


def test_a_template_takes_a_list_of_the_notebook(run: Run, library: Store) -> None:
    library.save("list", "{% for item in items %}- {{ item }}\n{% endfor %}", engine="jinja")
    run("items = ['a', 'b']")
    assert run("%prompt list") == "- a\n- b\n"


# %%expand ------------------------------------------------------------------------------------------------------------


def test_expand_expands_a_cell_and_saves_nothing(run: Run, library: Store) -> None:
    run("code = 'x'; tone = 'formal'")
    found = run("%%expand name=Ada\n[[style/tone]]{{ name }}: {{ code }}")
    assert found == "Speak in a formal voice.\nAda: x"
    assert found.from_notebook == {"tone", "code"}
    assert library.summary().versions == 4


def test_expand_is_strict_unless_it_is_told_to_be_lenient(run: Run) -> None:
    with pytest.raises(MissingVariableError):
        run("%%expand\n{{ nobody }}")
    with pytest.raises(PromptNotFoundError):
        run("%%expand\n[[nowhere]]")
    run("somebody = 'Ada'")
    assert run("%%expand --lenient\n{{ nobody }} {{ somebody }}") == "{{ nobody }} Ada"
    assert run("%%expand --lenient\n[[nowhere]]") == "[[nowhere]]"


# %%prompt ------------------------------------------------------------------------------------------------------------


def test_a_cell_is_saved_as_a_new_prompt(run: Run, library: Store) -> None:
    run('%%prompt new/one -m "first try" --tag a --tag b --description "What it is" --engine plain\nA {{ text }}.')
    saved = library["new/one"]
    assert (saved.version, saved.text, saved.message, saved.tags, saved.description, saved.engine) == (
        1, "A {{ text }}.", "first try", ("a", "b"), "What it is", "plain",
    )  # fmt: skip
    assert (saved.author, saved.origin) == ("ana", "notebook")
    assert run("_").notes == ("new/one is new.",)


BODIES = [
    "plain",
    "two\nlines\n",
    ">>> 1 + 1\n2\n>>> 2 + 2\n4",
    "Example:\n>>> f(1)\n... more\n2",
    "In [1]: x\nOut[1]: 2",
    "... dots\n... more",
    "    indented\n        more",
    "\n\nblank lines first",
    "blank lines last\n\n\n",
    "%magic\n!shell\n?help",
    "trailing spaces  \n\ttab",
    "crlf\r\nlines\r\n",
    "%%prompt other\nnested",
    "'''quotes\"\"\" \\n \\",
    "{name} $name {{ name }} [[a]]",
    "é ü 🙂 \u2028 \x0b",
    " ",
]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_is_saved_character_for_character(run: Run, library: Store, body: str) -> None:
    run(f"%%prompt new\n{body}")
    assert library["new"].text == body


@pytest.mark.parametrize("before", ["\n\n", "%%time\n", "%%capture output\n", "\n%%capture output\n\n%%time\n"])
def test_what_stands_before_the_magic_is_no_part_of_the_body(run: Run, library: Store, before: str) -> None:
    run(f"{before}%%prompt new\n>>> 1 + 1\n2")
    assert library["new"].text == ">>> 1 + 1\n2"


def test_an_indented_cell_stays_indented(run: Run, library: Store) -> None:
    run("  %%prompt new\n  >>> 1 + 1\n  2")
    assert library["new"].text == "  >>> 1 + 1\n  2"


def test_expand_takes_its_body_character_for_character(run: Run) -> None:
    assert run("%%expand\n>>> 1 + 1\n2") == ">>> 1 + 1\n2"


def test_a_cell_that_was_not_announced_is_taken_as_ipython_gives_it(shell: InteractiveShell, library: Store) -> None:
    shell.run_line_magic("prompts", "list")
    shell.run_cell_magic("prompt", "new", "as in a script\n")
    assert library["new"].text == "as in a script"
    shell.run_cell("%%prompt new\nannounced")
    shell.run_cell("%%prompt new\nsilent", silent=True)
    assert library["new"].text == "silent"
    shell.run_cell("x = 1\nget_ipython().run_cell_magic('prompt', 'new', 'by hand\\n')")
    assert library["new"].text == "by hand"


def test_saving_again_makes_a_version_and_shows_the_change(run: Run, library: Store) -> None:
    run("%%prompt new\nfirst\n")
    saved = run("%%prompt new -m second\nsecond\n")
    assert (saved.version, saved.notes, str(saved.change)) == (
        2, (), "--- version 1\n+++ version 2\n@@ -1 +1 @@\n-first\n+second",
    )  # fmt: skip
    same = run("%%prompt new\nsecond\n")
    assert (same.version, same.notes, same.change) == (2, ("Nothing to save: version 2 says the same.",), None)
    assert isinstance(same, Prompt)
    assert [version.message for version in library.history("new")] == ["second", ""]


def test_tags_and_description_stay_unless_they_are_given(run: Run, library: Store) -> None:
    run("%%prompt style/tone\nSpeak.")
    assert (library["style/tone"].tags, library["style/tone"].description) == (("style",), "How to sound")


@pytest.mark.parametrize(
    "look",
    [
        "%prompt style/base", "%prompt base", "%prompt style/base --raw", "%prompts show style/base",
        "%prompts history style/base", "%prompts diff style/base", "%prompts restore style/base 1",
    ],
)  # fmt: skip
def test_a_prompt_that_was_looked_at_is_saved_over_without_a_remark(run: Run, look: str) -> None:
    run(look)
    assert run("%%prompt style/base\nNew.").notes == ()


def test_a_prompt_that_could_not_be_shown_was_not_seen(run: Run) -> None:
    with pytest.raises(MissingVariableError):
        run("%prompt review")
    assert "unseen by this notebook" in run("%%prompt review\nNew.").notes[0]


def test_a_prompt_never_looked_at_is_saved_with_what_was_there_in_sight(run: Run) -> None:
    run("%prompts list")
    saved = run("%%prompt style/tone\nSpeak.")
    told = 'Version 1 by ana was there, unseen by this notebook; %prompts restore "style/tone" 1 brings it back.'
    assert saved.notes == (told,)
    assert str(saved.change).endswith(f"-{TONE}+Speak.")


def test_a_notebook_that_runs_again_from_the_top_reverts_nobody(run: Run, library: Store) -> None:
    library.save("style/tone", "Speak up.\n", author="bob")
    kept = run(f"%%prompt style/tone\n{TONE}")
    assert (kept.text, kept.version, kept.notes) == (
        "Speak up.\n", 2, ("This cell is version 1. Version 2 by bob is newer, and stays; --mine saves this cell.",),
    )  # fmt: skip
    assert run(f"%%prompt style/tone --mine\n{TONE}").version == 3
    assert library["style/tone"].text == TONE


def test_what_somebody_else_changed_elsewhere_is_merged(run: Run, library: Store) -> None:
    run("%%prompt new\none\ntwo\nthree\n")
    library.save("new", "ONE\ntwo\nthree\n", author="bob")
    saved = run("%%prompt new\none\ntwo\nTHREE\n")
    assert (saved.text, saved.version, saved.notes) == (
        "ONE\ntwo\nTHREE\n", 3,
        ("Merged: version 3 also has what others changed meanwhile; this cell has not.",),
    )  # fmt: skip
    assert str(saved.change).splitlines()[:2] == ["--- this cell", "+++ version 3"]


@pytest.fixture
def disputed(run: Run, library: Store) -> None:
    """A prompt that this notebook saved, and that bob has changed since."""
    run("%%prompt new\nmine 1\n")
    library.save("new", "theirs\n", author="bob")


@pytest.mark.usefixtures("disputed")
def test_a_conflict_saves_nothing_and_shows_both_texts(run: Run, library: Store, shown: list[dict[str, str]]) -> None:
    with pytest.raises(ConflictError) as raised:
        run("%%prompt new\nmine 2\n")
    assert (raised.value.base, raised.value.theirs, raised.value.mine) == ("mine 1\n", "theirs\n", "mine 2\n")
    assert library["new"].text == "theirs\n"
    assert "-theirs\n+mine 2" in shown[0]["text/plain"]
    assert "%%prompt new --mine" in shown[0]["text/html"]
    assert "%%prompt new --theirs" in shown[0]["text/html"]


@pytest.mark.usefixtures("disputed", "shown")
def test_a_conflict_stays_one_until_it_is_settled(run: Run, library: Store) -> None:
    for _ in range(2):
        with pytest.raises(ConflictError):
            run("%%prompt new\nmine 2\n")
    assert library["new"].version == 2


@pytest.mark.usefixtures("disputed", "shown")
def test_mine_saves_the_cell_and_keeps_theirs_in_the_history(run: Run, library: Store) -> None:
    with pytest.raises(ConflictError):
        run("%%prompt new\nmine 2\n")
    saved = run("%%prompt new --mine\nmine 2\n")
    assert [version.text for version in library.history("new")] == ["mine 2\n", "theirs\n", "mine 1\n"]
    assert saved.notes == ()
    assert run("%%prompt new\nmine 3\n").version == 4


@pytest.mark.usefixtures("disputed", "shown")
def test_mine_does_not_pass_over_what_came_after_the_conflict_was_shown(run: Run, library: Store) -> None:
    with pytest.raises(ConflictError):
        run("%%prompt new\nmine 2\n")
    library.save("new", "theirs again\n", author="eve")
    with pytest.raises(ConflictError, match="eve"):
        run("%%prompt new --mine\nmine 2\n")
    assert run("%%prompt new --mine\nmine 2\n").version == 4


@pytest.mark.usefixtures("disputed", "shown")
def test_mine_counts_from_what_was_looked_at_since_the_conflict(run: Run, library: Store) -> None:
    with pytest.raises(ConflictError):
        run("%%prompt new\nmine 2\n")
    library.save("new", "theirs again\n", author="eve")
    run("%prompts show new")
    assert run("%%prompt new --mine\nmine 2\n").version == 4


@pytest.mark.usefixtures("disputed")
def test_theirs_saves_nothing(run: Run, library: Store) -> None:
    kept = run("%%prompt new --theirs\nmine 2\n")
    assert (kept.text, kept.notes) == ("theirs\n", ("Nothing was saved. Version 2 by bob stays as it is.",))
    assert str(kept.change).endswith("-mine 2\n+theirs")
    assert library["new"].version == 2
    assert run("%%prompt new\nmine 3\n").version == 3


def test_mine_and_theirs_need_no_conflict(run: Run, library: Store) -> None:
    assert run("%%prompt new --mine\na").version == 1
    with pytest.raises(PromptNotFoundError):
        run("%%prompt other --theirs\na")
    assert "other" not in library


def test_a_short_name_of_another_prompt_is_a_new_prompt(run: Run, library: Store) -> None:
    assert run("%%prompt tone\nAnother.").notes == ("tone is new.",)
    assert library["style/tone"].text == TONE
    library.save("a/same", "1")
    library.save("b/same", "2")
    assert run("%%prompt same\n3").version == 1


def test_the_old_path_of_a_renamed_prompt_saves_the_renamed_one(run: Run, library: Store) -> None:
    run("%%prompt old/name\none\n")
    library.rename("old/name", "new/path")
    saved = run("%%prompt old/name\ntwo\n")
    assert (saved.path, saved.version, saved.notes) == ("new/path", 2, ("old/name is called new/path now.",))
    assert "old/name" not in set(library)


def test_what_was_seen_is_remembered_through_a_rename(run: Run) -> None:
    run("%prompts show style/tone")
    run("%prompts rename style/tone style/voice")
    assert run("%%prompt style/voice\nSpeak.").notes == ()


def test_a_new_prompt_of_an_old_path_is_not_what_was_seen(run: Run, library: Store) -> None:
    for number in range(3):
        run(f"%%prompt new\n{number}")
    library.delete("new")
    library.save("new", "another", author="bob")
    saved = run("%%prompt new\nmine")
    assert (saved.version, "unseen by this notebook" in saved.notes[0]) == (2, True)


def test_a_path_that_cannot_be_one_is_refused(run: Run) -> None:
    with pytest.raises(InvalidPathError):
        run("%%prompt new@3\ntext")


# %prompts ------------------------------------------------------------------------------------------------------------


def test_prompts_alone_is_an_overview(run: Run, library: Store, shown: list[dict[str, str]]) -> None:
    assert run("%prompts") == library.summary()
    assert [line.split()[0] for line in shown[0]["text/plain"].splitlines()[2:]] == list(COMMANDS)


@pytest.mark.parametrize(
    ("line", "ask"),
    [
        ("list", lambda store: store.prompts()),
        ("list style --tag style --limit 1", lambda store: store.prompts(directory="style", tag="style", limit=1)),
        ("list --after review", lambda store: store.prompts(after="review")),
        ("search plain voice", lambda store: store.search("plain voice")),
        ("search voice --tag style --directory style",
         lambda store: store.search("voice", tag="style", directory="style")),
        ("show style/tone@1", lambda store: store["style/tone@1"]),
        ("history style/tone", lambda store: store.history("style/tone")),
        ("diff style/base", lambda store: store.diff("style/base")),
        ("diff style/tone 1 newest", lambda store: store.diff("style/tone", 1, "newest")),
        ("diff style/base 1 --expanded", lambda store: store.diff("style/base", 1, expanded=True)),
        ("dirs", lambda store: store.directories()),
        ("trash", lambda store: store.trash()),
        ("check", lambda store: store.check()),
        ("referrers style/tone", lambda store: store.referrers("style/tone")),
        ("where", lambda store: store.summary()),
    ],
)  # fmt: skip
def test_a_command_gives_what_the_store_gives(
    run: Run, library: Store, line: str, ask: Callable[[Store], object]
) -> None:
    library.label("style/tone", "newest")
    assert run(f"%prompts {line}") == ask(library)


def test_a_label_is_set_and_moved(run: Run, library: Store) -> None:
    library.save("style/tone", "Speak.")
    assert run("%prompts label style/tone production").version == 2
    assert run("%prompts label style/tone production 1").version == 1
    assert library["style/tone"].labels == {"production": 1}


def test_a_version_is_restored(run: Run, library: Store) -> None:
    library.save("style/tone", "Speak.")
    assert run("%prompts restore style/tone 1 -m back").text == TONE
    assert library["style/tone"].message == "back"


def test_rename_rewrites_the_referrers(run: Run, library: Store) -> None:
    assert run("%prompts rename style/tone style/voice") == ["style/base"]
    assert library["style/base"].text == "[[style/voice]]Be brief.\n"


def test_a_prompt_is_deleted_and_recovered(run: Run, library: Store) -> None:
    assert [trashed.path for trashed in run("%prompts delete style/tone --force")] == ["style/tone"]
    assert "style/tone" not in library
    assert run("%prompts recover style/tone --to style/back").path == "style/back"
    assert "style/back" in library


def test_an_impact_is_asked_with_a_text_of_the_notebook(run: Run, library: Store) -> None:
    run("new_text = 'Speak up.'")
    assert run("%prompts impact style/tone new_text") == library.impact("style/tone", "Speak up.")


def test_a_folder_goes_out_and_comes_in(run: Run, library: Store, tmp_path: Path) -> None:
    out = tmp_path / "out folder"
    report = run(f"%prompts export '{out}' --directory style")
    assert sorted(report.written) == ["style/base.md", "style/tone.md"] or sorted(report.written) == [
        "base.md", "tone.md",
    ]  # fmt: skip
    report = run(f"%prompts import '{out}' --into copy -m 'brought in'")
    assert len(report.created) == 2
    assert {entry.path for entry in library.prompts(directory="copy")} == set(report.created)
    assert library[report.created[0]].message == "brought in"


def test_the_prompts_of_another_tool_go_out_and_come_in(run: Run, library: Store, tmp_path: Path) -> None:
    out = tmp_path / "prompts"
    assert run(f"%prompts export '{out}' --format dotprompt --directory style").format == "dotprompt"
    report = run(f"%prompts import '{out}' --into copy")
    assert (report.format, len(report.created)) == ("dotprompt", 2)
    assert library["copy/tone"].variables == library["style/tone"].variables


def test_another_store_is_used_and_made_on_the_way(run: Run, shell: InteractiveShell, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    assert run(f"%prompts use {other}").prompts == 0
    run("%%prompt only/here\ntext")
    with Store(other) as opened:
        assert list(opened) == ["only/here"]
    with pytest.raises(StoreUnavailableError):
        run("%prompts use mysql://nowhere")
    assert shell.magics_manager.registry["PromptMagics"].store == f"sqlite:///{other}"
    assert run("%prompts list")[0].path == "only/here"


def test_a_long_run_shows_how_far_it_is_and_clears_up() -> None:
    shown: list[str] = []

    def display(data: dict[str, str], *, raw: bool, display_id: bool) -> SimpleNamespace:
        assert (raw, display_id) == (True, True)
        shown.append(data["text/plain"])
        return SimpleNamespace(update=lambda data, *, raw: shown.append(data["text/plain"] * raw))

    times = iter([0.0, 0.1, 0.6, 0.7, 0.9])
    progress = Progress("Importing", display, lambda: next(times))
    for done in range(4):
        progress(done * 1_000, 4_000)
    progress.end()
    assert shown == ["Importing: 1,000 of 4,000", "Importing: 3,000 of 4,000", ""]


def test_a_short_run_shows_nothing() -> None:
    progress = Progress("Importing", pytest.fail)
    progress(1, 1)
    progress.end()


@pytest.mark.parametrize(
    "line", ["%prompt --help", "%prompts --help", "%prompts list -h", "%%prompt -h\nx", "%%expand -h\nx"]
)
def test_help_is_shown_where_it_is_asked_for(run: Run, shown: list[dict[str, str]], line: str) -> None:
    assert run(line) is None
    assert set(shown[0]) == {"text/plain"}
    assert line.split(maxsplit=1)[0] in shown[0]["text/plain"]


@pytest.mark.parametrize(
    ("kind", "name"), [("line", "prompt"), ("cell", "prompt"), ("cell", "expand"), ("line", "prompts")]
)
def test_a_question_mark_shows_the_same_help(shell: InteractiveShell, kind: str, name: str) -> None:
    magic = shell.find_magic(name, kind)
    assert ("%" if kind == "line" else "%%") + name in str(getdoc(magic)).splitlines()[0]
    assert getattr(magic, "_ipython_magic_no_var_expand", False)


# The shell -----------------------------------------------------------------------------------------------------------


def test_values_are_plain_text_in_a_terminal(shell: InteractiveShell, run: Run) -> None:
    plain = shell.display_formatter.formatters["text/plain"]  # type: ignore[index]  # there is one
    assert plain(run("%prompt style/tone")) == "Speak in a plain voice.\n"
    assert plain(run("%prompts list style/")).splitlines()[1].split()[:3] == ["prompt", "version", "description"]
    assert plain(run("%prompts show style/tone")) == f"style/tone · version 1 · tags style\n\n{TONE}"
    assert plain([run("%prompts diff style/tone")]) == "[There is no difference.]"


def test_the_author_is_a_setting(run: Run, library: Store) -> None:
    run("%config PromptMagics.author = 'eve'")
    run("%%prompt new\ntext")
    assert library["new"].author == "eve"


def test_the_store_is_a_setting(run: Run, tmp_path: Path) -> None:
    run("%prompts where")
    run(f"%config PromptMagics.store = {str(tmp_path / 'third.db')!r}")
    assert run("%prompts where").prompts == 0


def state_of(shell: InteractiveShell) -> dict[str, Any]:
    """Return all of a shell that an extension can leave something in."""
    plain = shell.display_formatter.formatters["text/plain"]  # type: ignore[index]  # there is one
    shell.magics_manager.lsmagic_docs()  # IPython 9 loads its own magics on use; now they are all there
    return {
        "magics": {kind: set(table) for kind, table in shell.magics_manager.magics.items()},
        "registry": set(shell.magics_manager.registry),
        "configurables": list(map(id, shell.configurables)),
        "events": {event: list(map(repr, found)) for event, found in shell.events.callbacks.items()},
        "matchers": list(shell.Completer.custom_matchers),
        "names": set(shell.user_ns),
        "deferred": set(plain.deferred_printers),
        "printers": set(plain.type_printers),
    }


def test_unloading_leaves_nothing_behind(bare_shell: InteractiveShell, library: Store) -> None:
    bare_shell.config.PromptMagics.store = library.url
    before = state_of(bare_shell)
    bare_shell.run_line_magic("load_ext", "prompt_kernel")
    assert state_of(bare_shell) != before
    bare_shell.run_line_magic("prompts", "list")
    magics = weakref.ref(bare_shell.magics_manager.registry["PromptMagics"])
    # A value that was shown has made IPython look its kind up.
    bare_shell.display_formatter.format(library.prompts())  # type: ignore[union-attr]  # there is one
    bare_shell.run_line_magic("unload_ext", "prompt_kernel")
    assert state_of(bare_shell) == before
    gc.collect()
    assert magics() is None


def test_reloading_leaks_nothing(bare_shell: InteractiveShell) -> None:
    bare_shell.run_line_magic("load_ext", "prompt_kernel")
    before = {name: len(found) for name, found in state_of(bare_shell).items()}
    for _ in range(3):
        bare_shell.run_line_magic("reload_ext", "prompt_kernel")
        prompt_kernel.load_ipython_extension(bare_shell)
    assert {name: len(found) for name, found in state_of(bare_shell).items()} == before
    bare_shell.run_line_magic("unload_ext", "prompt_kernel")
    prompt_kernel.unload_ipython_extension(bare_shell)


HEAVY = ("sqlmodel", "sqlalchemy", "pydantic", "jinja2", "pandas", "polars", "ipywidgets", "anywidget", "streamlit",
         "httpx", "rich")  # fmt: skip
BUDGET = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.completer import provisionalcompleter
from traitlets.config import Config
config = Config()
config.HistoryManager.enabled = False
config.PromptMagics.store = sys.argv[1]
shell = InteractiveShell.instance(config=config)
before = set(sys.modules)
shell.run_line_magic("load_ext", "prompt_kernel")
with provisionalcompleter():
    texts = [found.text for found in shell.Completer.completions("%prompt sty", 11)]
heavy = sorted(set({HEAVY!r}) & (set(sys.modules) - before))
sys.stdout.write(repr((heavy, "style/tone" in texts)))
"""


def test_loading_and_completing_imports_nothing_heavy(library: Store) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", BUDGET, library.url], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "([], True)"
