"""What a panel asks and is told, the cells that it writes, and what a notebook keeps of it; no browser is needed."""

import ast
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell

import prompt_kernel as pk
from prompt_kernel import uses
from prompt_kernel.notebook import _binding, _browse_answers, _browse_page
from prompt_kernel.notebook._browse_cell import binding, cell, word
from prompt_kernel.notebook._browse_place import Place
from prompt_kernel.notebook.arguments import PROMPT, read_values, split
from prompt_kernel.records import Draft
from prompt_kernel.store import Store

Ask = Callable[..., dict[str, Any]]
Run = Callable[[str], Any]


@pytest.fixture
def ask(library: Store) -> Ask:
    """Ask a panel on the small library, outside of a notebook: `ask("prompt", path="review")`."""
    return asking(Place(library))


@pytest.fixture
def inside(shell: InteractiveShell) -> Ask:
    """Ask a panel of a notebook, on the notebook's own store."""
    assert shell.magics_manager.registry["PromptMagics"]
    return asking(Place())


def asking(place: Place) -> Ask:
    def ask(does: str, **what: Any) -> dict[str, Any]:
        # What goes over the wire is JSON, and comes back as it went.
        answer: dict[str, Any] = json.loads(json.dumps(_browse_answers.answer(place, {"do": does, **what})))
        return answer

    return ask


# The tree and the lists ----------------------------------------------------------------------------------------------


def test_the_beginning_is_the_tree_with_its_counts(ask: Ask, library: Store) -> None:
    library.favourite("review")
    assert ask("begin") == {
        "ok": True,
        "where": library.url,
        "revision": str(library.revision),
        "directories": [
            {"path": "format", "name": "format", "prompts": 1, "enabled": True, "linked": False},
            {"path": "style", "name": "style", "prompts": 2, "enabled": True, "linked": False},
        ],
        "total": 4,
        "counts": {"favourites": 1, "recent": 0},
    }


def test_a_change_is_seen_by_the_revision(ask: Ask, library: Store) -> None:
    before = ask("revision")
    assert ask("revision") == before
    library.save("new", "x")
    assert ask("revision") != before


def test_the_list_of_a_directory_comes_in_pages(ask: Ask, library: Store) -> None:
    library.save_many(Draft(f"many/p{number:03}", "x") for number in range(120))
    first = ask("list", view="directory", directory="many")
    rest = ask("list", view="directory", directory="many", after=first["rows"][-1]["path"])
    paths = [row["path"] for answer in (first, rest) for row in answer["rows"]]
    assert (paths, first["more"], rest["more"]) == ([f"many/p{number:03}" for number in range(120)], True, False)


def test_a_row_says_what_a_list_needs(ask: Ask) -> None:
    assert ask("list", view="all")["rows"][2] == {
        "path": "style/base", "description": "", "version": 1, "enabled": True, "snippet": [],
    }  # fmt: skip


def test_favourites_and_what_was_opened_last_are_lists_too(ask: Ask, library: Store) -> None:
    library.favourite("style/tone")
    library.note_opened("format/json")
    found = {view: [row["path"] for row in ask("list", view=view)["rows"]] for view in ("favourites", "recent")}
    assert found == {"favourites": ["style/tone"], "recent": ["format/json"]}


def test_a_search_marks_what_it_found(ask: Ask, library: Store) -> None:
    library.save("emoji", "👍👍 <b>brevity</b> 👍")
    rows = ask("list", words="brevi")["rows"]
    assert [(row["path"], row["snippet"]) for row in rows] == [
        ("emoji", [["👍👍 <b>", False], ["brevity", True], ["</b> 👍", False]]),
    ]


def test_a_search_stays_in_a_directory_and_says_that_there_is_more(ask: Ask, library: Store) -> None:
    library.save_many(Draft(f"many/p{number}", "Be brief.") for number in range(60))
    assert [row["path"] for row in ask("list", words="brief", directory="style")["rows"]] == ["style/base"]
    found = ask("list", words="brief")
    assert (len(found["rows"]), found["cut"], found["more"]) == (50, True, False)


# One prompt ----------------------------------------------------------------------------------------------------------


def test_a_prompt_is_told_with_what_it_is(ask: Ask, library: Store) -> None:
    library.save("style/tone", "Speak.", tags=["style", "voice"])
    library.label("style/tone", "production", version=1)
    found = ask("prompt", path="style/tone@production")
    assert {name: found[name] for name in ("path", "version", "newest", "labels", "description", "tags", "text")} == {
        "path": "style/tone", "version": 1, "newest": 2, "labels": {"production": 1}, "description": "How to sound",
        "tags": ["style", "voice"], "text": "Speak in a {{ tone }} voice.\n",
    }  # fmt: skip


def test_the_form_is_made_from_the_declarations_of_all_that_is_included(ask: Ask) -> None:
    assert ask("preview", path="review")["fields"] == [
        {"name": "tone", "type": "enum", "choices": ["formal", "plain"], "default": "plain", "description": "",
         "required": True, "taken": None},
        {"name": "code", "type": "string", "choices": [], "default": None, "description": "the code",
         "required": True, "taken": None},
    ]  # fmt: skip


def test_defaults_are_told_as_people_type_them(ask: Ask, library: Store) -> None:
    library.save("a", "{{ b }}{{ n }}{{ x }}", variables={"b": True, "n": 3, "x": 2.50})
    assert [field["default"] for field in ask("preview", path="a")["fields"]] == ["true", "3", "2.5"]


def test_the_preview_is_the_expansion_in_pieces_with_their_origins(ask: Ask, library: Store) -> None:
    found = ask("preview", path="review", values={"code": "x = 1", "tone": "formal"})
    text = str(library.expand("review", code="x = 1", tone="formal"))
    assert "".join(piece["text"] for piece in found["pieces"]) == text
    assert (found["characters"], found["tokens"], found["exact"], found["missing"], found["problems"]) == (
        len(text), -(-len(text.encode()) // 4), False, [], {},
    )  # fmt: skip
    assert [(piece["origin"], piece["path"], piece["variable"]) for piece in found["pieces"]] == [
        (1, "style/tone", None), (1, "style/tone", "tone"), (1, "style/tone", None), (2, "style/base", None),
        (0, "review", None), (0, "review", "code"), (0, "review", None), (3, "format/json", None),
    ]  # fmt: skip


def test_under_a_lock_the_preview_is_what_the_magic_gives_and_the_rest_is_as_it_is_now(
    library: Store, tmp_path: Path
) -> None:
    library.freeze(tmp_path / "prompts.lock", ["style/base"])
    library.save("style/base", "Be long.\n")
    with pk.connect(library.url, lock=tmp_path / "prompts.lock") as locked:
        asked = asking(Place(locked))
        pieces = asked("preview", path="style/base", values={})["pieces"]
        assert "".join(piece["text"] for piece in pieces) == "Speak in a plain voice.\nBe brief.\n"
        assert asked("prompt", path="style/base")["text"] == "Be long.\n"
        assert "review is not in" in asked("preview", path="review", values={})["problem"]


def test_what_is_only_looked_at_is_no_use(library: Store) -> None:
    uses.start()
    try:
        asking(Place(library))("preview", path="style/base", values={})
        assert not uses.of(library.url)
        library.expand("style/base")
        assert uses.of(library.url)
    finally:
        uses.stop()


def test_what_is_missing_is_named_and_stays_as_it_is_written(ask: Ask) -> None:
    found = ask("preview", path="review")
    assert (found["missing"], found["diagnostics"], found["pieces"][5]["text"]) == (["code"], [], "{{ code }}")


def test_a_value_that_does_not_fit_is_one_sentence_at_its_field(ask: Ask) -> None:
    found = ask("preview", path="review", values={"tone": "odd", "code": "x"})
    assert found["problems"] == {"tone": "tone='odd' does not fit: it must be one of formal, plain."}
    assert "plain" in [piece["text"] for piece in found["pieces"]]


@pytest.mark.parametrize(
    ("declaration", "typed", "problem"),
    [
        ({"type": "integer"}, "2.5", "n='2.5' does not fit: it must be a whole number."),
        ({"type": "number"}, "two", "n='two' does not fit: it must be a number."),
        ({"type": "boolean"}, "perhaps", "n='perhaps' does not fit: it must be true or false."),
        ({"type": "integer"}, "12345678901234567890", None),
        ({"type": "number"}, "2.50", None),
        ({"type": "boolean"}, "false", None),
    ],
)
def test_what_is_typed_is_a_value_of_the_declared_type(
    ask: Ask, library: Store, declaration: dict[str, str], typed: str, problem: str | None
) -> None:
    library.save("a", "{{ n }}", variables={"n": declaration})
    found = ask("preview", path="a", values={"n": typed})
    assert found["problems"].get("n") == problem
    if problem is None:
        assert [piece["text"] for piece in found["pieces"]] == [str(library.expand("a", n=typed))]


def test_a_missing_inclusion_is_one_sentence_and_the_rest_is_shown(ask: Ask, library: Store) -> None:
    library.save("broken", "Hello\n[[style/nowhere]]")
    found = ask("preview", path="broken")
    assert found["diagnostics"] == [
        {"severity": "error", "message": "There is no prompt 'style/nowhere'.", "path": "broken", "line": 2}
    ]
    assert "".join(piece["text"] for piece in found["pieces"]) == "Hello\n[[style/nowhere]]"


def test_a_name_that_is_no_variable_any_more_is_left_out(ask: Ask) -> None:
    found = ask("preview", path="style/base", values={"code": "x", "tone": "formal"})
    assert (found["problems"], found["diagnostics"]) == ({}, [])


def test_half_a_character_does_not_stop_the_panel(ask: Ask) -> None:
    assert "�" in [piece["text"] for piece in ask("preview", path="review", values={"code": "\ud83d"})["pieces"]]


def test_a_template_takes_lists_and_objects_as_json(ask: Ask, library: Store) -> None:
    library.save("j", "{% for x in xs %}{{ x.n }};{% endfor %}", engine="jinja")
    found = ask("preview", path="j", values={"xs": '[{"n": 1}, {"n": null}]'})
    assert ("".join(piece["text"] for piece in found["pieces"]), found["problems"]) == ("1;None;", {})
    problems = [ask("preview", path="j", values={"xs": xs})["problems"]["xs"] for xs in ("[1", "[NaN]")]
    assert problems == [
        "xs='[1' does not fit: it begins like JSON and is none: Expecting ',' delimiter, line 1.",
        "xs='[NaN]' does not fit: it begins like JSON, which has no NaN.",
    ]


def test_a_very_long_expansion_is_told_by_its_beginning_and_copied_whole(ask: Ask, library: Store) -> None:
    library.save("long", "{{ a }}" + "x" * 60_000)
    found = ask("preview", path="long", values={"a": "A"})
    assert (found["characters"], found["cut"]) == (60_001, True)
    assert "".join(piece["text"] for piece in found["pieces"]) == "A" + "x" * 39_999
    assert len(ask("whole", path="long", values={"a": "A"})["text"]) == 60_001


def test_an_expansion_of_very_many_pieces_loses_their_origins_and_no_text(ask: Ask, library: Store) -> None:
    library.save("x", "x")
    library.save("many", "[[x]]-" * 3_000)
    pieces = ask("preview", path="many")["pieces"]
    assert len(pieces) < 2_100
    assert "".join(piece["text"] for piece in pieces) == str(library.expand("many"))


def test_the_whole_text_says_what_is_not_right_about_it_yet(ask: Ask) -> None:
    found = [
        ask("whole", path="review", values=values)["incomplete"] for values in ({"code": "x"}, {}, {"tone": "odd"})
    ]
    assert found == [
        "", "No value was given for the variable code. Give code=….",
        "tone='odd' does not fit: it must be one of formal, plain.",
    ]  # fmt: skip


# Its history ---------------------------------------------------------------------------------------------------------


def test_the_history_is_told_newest_first(ask: Ask, library: Store) -> None:
    library.save("style/tone", "Speak plainly.", message="simpler", author="ben")
    library.label("style/tone", "production", version=1)
    versions = ask("history", path="style/tone@1")["versions"]
    assert [(one["number"], one["labels"], one["author"], one["message"], one["characters"]) for one in versions] == [
        (2, [], "ben", "simpler", 14), (1, ["production"], "ana", "", 29),
    ]  # fmt: skip


def test_a_difference_is_told_in_lines(ask: Ask, library: Store) -> None:
    library.save("style/tone", "Speak up.\n")
    assert ask("diff", path="style/tone", before=1, after=2) == {
        "ok": True, "before": "style/tone@1", "after": "style/tone@2", "left": 0, "long": False,
        "lines": ["@@ -1 +1 @@", "-Speak in a {{ tone }} voice.", "+Speak up."],
    }  # fmt: skip
    expanded = ask("diff", path="style/tone", before=1, after=2, expanded=True)["lines"]
    assert expanded[1:] == ["-Speak in a plain voice.", "+Speak up."]


def test_differences_stay_small(ask: Ask, library: Store) -> None:
    for text in ("a", "b\n" * 2_000, "c\n" * 4_000, "d" * 5_000):
        library.save("grows", text)
    first, second = (ask("diff", path="grows", before=1, after=after) for after in (2, 3))
    assert (len(first["lines"]), first["left"], second["lines"], second["long"]) == (1_000, 1_002, [], True)
    longest = max(map(len, ask("diff", path="grows", before=1, after=4)["lines"]))
    assert 2_000 < longest < 2_100


# What goes wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"do": "prompt", "path": "reviw"}, "There is no prompt 'reviw'. Did you mean review?"),
        ({"do": "preview", "path": "review@9"}, "review has no version 9. It has version 1."),
        ({"do": "preview", "path": "review", "values": {"a": 1}}, "values are texts by name"),
        ({"do": "preview", "path": 7}, "path is a text"),
        ({"do": "diff", "path": "review"}, "before and after are versions"),
        ({"do": "drop"}, "there is no question 'drop'"),
        ({"do": ["begin"]}, "there is no question ['begin']"),
        ({}, "there is no question None"),
    ],
)
def test_what_goes_wrong_is_one_sentence(library: Store, question: dict[str, Any], problem: str) -> None:
    assert _browse_answers.answer(Place(library), question) == {"ok": False, "problem": problem}


def test_a_store_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    store = Store(tmp_path / "prompts.db")
    place = Place(store)
    store.close()
    answer = asking(place)("begin")
    assert (answer["ok"], answer["problem"].count("\n")) == (False, 0)
    assert "it was closed" in answer["problem"]


def test_a_fault_of_ours_is_a_sentence_too_and_stands_in_the_log(
    library: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def count(_: str) -> int:
        raise ZeroDivisionError

    place = Place(library, tokenizer=count)
    with caplog.at_level(logging.ERROR):
        answer = _browse_answers.answer(place, {"do": "preview", "path": "review"})
    assert answer == {"ok": False, "problem": "This did not work (ZeroDivisionError); the kernel's log says more."}
    assert [record.message for record in caplog.records] == ["The panel's question 'preview' failed."]


# The notebook's variables, and cells ---------------------------------------------------------------------------------


def test_a_field_that_is_empty_is_filled_from_the_notebook_as_the_magic_does(run: Run, inside: Ask) -> None:
    run("code, tone = 'y = 2', 'formal'")
    found = inside("preview", path="review", values={"tone": "plain"})
    assert [field["taken"] for field in found["fields"]] == [None, "y = 2"]
    assert "".join(piece["text"] for piece in found["pieces"]) == run("%prompt review tone=plain")
    assert found["missing"] == []


def test_a_cell_gives_the_text_that_the_panel_shows(run: Run, inside: Ask, shell: InteractiveShell) -> None:
    run("code = 'from the notebook'")
    values = {"tone": "formal"}
    shown = inside("whole", path="review", values=values)["text"]
    found = inside("cell", path="review", values=values)
    assert found == {"ok": True, "source": "text = %prompt review tone=formal", "remark": ""}
    run(found["source"])
    assert shell.user_ns["text"] == shown


def test_a_cell_leaves_out_what_does_not_fit_and_says_so(inside: Ask) -> None:
    assert inside("cell", path="review@1", values={"tone": "odd", "code": "x"}) == {
        "ok": True, "source": "text = %prompt review@1 code=x",
        "remark": "tone='odd' does not fit: it must be one of formal, plain.",
    }  # fmt: skip


def test_a_cell_on_another_store_uses_that_first(shell: InteractiveShell, tmp_path: Path) -> None:
    with Store(tmp_path / "it's another.db") as other:
        other.save("only/here", "x {{ a }}")
        source = asking(Place(other))("cell", path="only/here", values={"a": "1"})["source"]
        assert source == f'%prompts use "{other.url}"\ntext = %prompt only/here a=1'
        shell.run_cell(source).raise_error()
        assert shell.user_ns["text"] == "x 1"
        assert asking(Place(other))("cell", path="only/here")["source"] == "text = %prompt only/here"


def test_a_cell_without_the_extension_loads_it(bare_shell: InteractiveShell, library: Store) -> None:
    source = asking(Place(library))("cell", path="review", values={"code": "x"})["source"]
    assert source.splitlines()[0] == "%load_ext prompt_kernel"
    bare_shell.run_cell(source).raise_error()
    assert bare_shell.user_ns["text"] == library.expand("review", code="x")
    pk.unload_ipython_extension(bare_shell)


def test_a_password_never_gets_into_a_cell(shell: InteractiveShell) -> None:
    assert shell.magics_manager.registry["PromptMagics"]
    with Store(":memory:") as memory:
        memory.save("a", "x")
        found = asking(Place(memory))("cell", path="a")
    assert found["source"] == "text = %prompt a"
    assert found["remark"] == "The notebook's magics use another store than this panel, which shows sqlite:///:memory:."


@pytest.mark.parametrize(
    ("path", "values", "source"),
    [
        ("review", {}, "text = %prompt review"),
        ("a/b-c.d@3", {"n": "12", "x": "-2.5"}, "text = %prompt a/b-c.d@3 n=12 x='-2.5'"),
        ("my prompts/größe", {"größe": "L"}, "text = %prompt 'my prompts/größe' größe=L"),
        ("a", {"x": "two words", "y": "it's"}, "text = %prompt a x='two words' y=\"it's\""),
        ("a", {"x": "2nd", "y": "007", "z": "what?"}, "text = %prompt a x='2nd' y='007' z='what?'"),
        ("a", {"x": "one\ntwo"}, "text = %prompt a x:='one\\ntwo'"),
        ("a", {"x": "C:\\tmp\\"}, "text = %prompt a x:='C:\\\\tmp\\\\'"),
        ("a", {"x": "a\u2028b", "y": "\xa0"}, "text = %prompt a x:='a\\u2028b' y:='\\xa0'"),
        ("a", {"x": "'\""}, "text = %prompt a x:='\\'\"'"),
        ("a", {"x": [{"n": None}, True]}, "text = %prompt a x:=[{'n': None}, True]"),
    ],
)
def test_a_cell_is_written_as_a_person_would(path: str, values: dict[str, object], source: str) -> None:
    assert cell(path, values) == source


NAMES = st.from_regex(r"[^\W\d]\w{0,8}", fullmatch=True).filter(str.isidentifier)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1) | st.text(
    "'\" \\\n?;{}$[]()=:#-%!\t1a", min_size=1
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
SEGMENT = st.from_regex(r"[A-Za-z_ä][\w.-]{0,5}( [\wß-]{1,5})?", fullmatch=True)
PATHS = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
PINS = st.sampled_from(["", "@3", "@production", "@v1-beta"])


@settings(max_examples=100)
@given(PATHS, PINS, st.dictionaries(NAMES, TEXTS | DATA.filter(lambda value: not isinstance(value, str)), max_size=4))
def test_what_a_cell_gives_is_read_back_by_the_magic(path: str, pin: str, values: dict[str, object]) -> None:
    transformed = TransformerManager().transform_cell(cell(path + pin, values))
    (statement,) = ast.parse(transformed).body
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, ast.Call)
    name, line = (argument.value for argument in statement.value.args if isinstance(argument, ast.Constant))
    assert isinstance(line, str)
    read = PROMPT.read(line)
    bindings = read_values(read.values, "%prompt")
    assert (ast.unparse(statement.targets[0]), name, read.path) == ("text", "prompt", path + pin)
    assert _binding.evaluate(bindings, {}) == values


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_a_word_is_read_back(text: str) -> None:
    assert split(f"a {word(text)} b") == ["a", text, "b"]


@given(NAMES, TEXTS)
def test_a_binding_is_one_line_of_visible_characters(name: str, text: str) -> None:
    assert binding(name, text).removeprefix(name).isprintable()


# What a notebook keeps -----------------------------------------------------------------------------------------------


def test_a_saved_notebook_has_the_prompts_as_texts(library: Store) -> None:
    library.save("evil", "<script>alert(1)</script> $$x$$\u202e", description="<img src=x>")
    page = _browse_page.html(Place(library))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $$x$$⟨U+202E⟩" in page
    assert re.findall(r"<strong>(.*?)</strong>", page) == [
        "Prompts", "evil", "format/json", "review", "style/base", "style/tone",
    ]  # fmt: skip


def test_what_a_notebook_keeps_is_small_however_large_the_store_is(library: Store) -> None:
    library.save_many(Draft(f"many/p{number}", "long text " * 1_000, "described " * 100) for number in range(300))
    page = _browse_page.html(Place(library))
    assert len(page) < 100_000
    assert "… and 204 more prompts" in page


def test_a_store_that_is_away_is_a_sentence_in_the_page(tmp_path: Path) -> None:
    store = Store(tmp_path / "prompts.db")
    store.close()
    assert "it was closed" in _browse_page.html(Place(store))
    assert "it was closed" in _browse_page.plain(Place(store))
