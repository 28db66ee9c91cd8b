import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core import completer
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.notebook import _matchers
from prompt_kernel.notebook._commands import PARSERS
from prompt_kernel.notebook.completion import NOTHING, Offer, offer
from prompt_kernel.store import Store

#: IPython before 8.6 shows a matcher neither the cell nor a way to keep others out.
KNOWS_CELLS = hasattr(completer, "context_matcher")


class SmallWorld:
    """Three prompts, and one of them with a space in its name."""

    commands = PARSERS

    def paths(self, beginning: str, limit: int) -> list[str]:
        found = ["format/json", "style/base", "style/tone", "my notes/first one"]
        return [path for path in found if path.startswith(beginning) or path.endswith("/" + beginning)][:limit]

    def pins(self, path: str) -> list[str]:
        return ["production", "2", "1"] if path == "style/tone" else []

    def variables(self, path: str) -> list[str]:
        return ["tone", "code"] if path in ("style/tone", "review") else []

    def values(self) -> list[str]:
        return ["frame", "note"]


def asked(code: str) -> Offer:
    """Ask for what may stand at the `|` of `code`."""
    before, after = code.split("|")
    row = before.count("\n")
    return offer(before + after, row, len(before.split("\n")[-1]), SmallWorld())


@pytest.mark.parametrize(
    ("code", "fragment", "texts"),
    [
        ("%prompt st|", "st", ["style/base", "style/tone"]),
        ("%prompt tone|", "tone", ["style/tone"]),
        ("x = %prompt st|", "st", ["style/base", "style/tone"]),
        ("a = 1\nif a:\n    x = %prompt st|\nb", "st", ["style/base", "style/tone"]),
        ("%prompt style/tone@|", "style/tone@", ["style/tone@production", "style/tone@2", "style/tone@1"]),
        ("%prompt style/tone@p|", "style/tone@p", ["style/tone@production"]),
        ("%prompt my|", "my", ['"my notes/first one"']),
        ("%prompt 'my n|", "'my n", ["'my notes/first one'"]),
        ("%prompt style/tone |", "", ["tone=", "code="]),
        ("%prompt style/tone tone=x c|", "c", ["code="]),
        ("%prompt style/tone code:=x |", "", ["tone="]),
        ("%prompt --lenient style/tone --|", "--", ["--help", "--lenient", "--raw", "--draft", "--edit", "--out"]),
        ("%prompt style/tone -o n|", "n", ["note"]),
        ("%prompt style/tone code:=f|", "f", ["frame"]),
        ("%prompt style/tone code:=len(fr|", "fr", ["frame"]),
        ("%prompt style/tone \\\n  code=x \\\n  to|", "to", ["tone="]),
        ("%%prompt st|", "st", ["style/base", "style/tone"]),
        ("\n%%prompt st|\nbody", "st", ["style/base", "style/tone"]),
        ("%%prompt style/tone --engine p|\nbody", "p", ["plain"]),
        ("%%prompt style/tone --th|", "--th", ["--theirs"]),
        ("%%expand --l|\nbody", "--l", ["--lenient"]),
        ("%prompts re|", "re", ["restore", "rename", "recover", "referrers"]),
        ("%prompts |", "", list(PARSERS)),
        ("%prompts history st|", "st", ["style/base", "style/tone"]),
        ("%prompts show style/tone@2|", "style/tone@2", ["style/tone@2"]),
        ("%prompts diff style/tone |", "", ["production", "2", "1"]),
        ("%prompts diff style/tone 1 2|", "2", ["2"]),
        ("%prompts label style/tone p|", "p", ["production"]),
        ("%prompts list s|", "s", ["style"]),
        ("%prompts list --tag x --directory s|", "s", ["s"]),
        ("%prompts search --directory f|", "f", ["format"]),
        ("%prompts rename style/tone format/|", "format/", ["format/json"]),
        ("%prompts impact style/tone fr|", "fr", ["frame"]),
        ("%%prompt new\nText [[st|", "st", ["style/base]]", "style/tone]]"]),
        ("%%prompt new\nText [[|", "", ["format/json]]", "style/base]]", "style/tone]]", "my notes/first one]]"]),
        ("%%prompt new\nText [[st|]] more", "st", ["style/base", "style/tone"]),
        ("%%prompt new\nIt's naïve-é 🙂 ![[tone|", "tone", ["style/tone]]"]),
        ("%%expand\n[[style/tone@|", "style/tone@", ["style/tone@production]]", "style/tone@2]]", "style/tone@1]]"]),
        ("%%expand\n[[style/tone@p|]]", "style/tone@p", ["style/tone@production"]),
        ("%%expand\n[[style/tone(to|", "to", ["tone="]),
        ('%%expand\n[[style/tone@2(tone="a", |', "", ["tone=", "code="]),
        ("%%expand\n{{ fr|", "fr", ["frame }}"]),
        ("%%expand\n{{fr|", "fr", ["frame}}"]),
        ("%%expand\n{{ fr| }}", "fr", ["frame"]),
        ("%%prompt review\n{{ mine }} {{ |", "", ["mine }}", "tone }}", "code }}", "frame }}", "note }}"]),
        ("%%prompt\nHello {{ h|ello }}", "h", ["hello }}"]),
        ("%%expand\nSummarise the summary. Sum|", "Sum", ["Summarise"]),
        ("%%expand\nword |", "", ["[[", "{{ "]),
    ],
)  # fmt: skip
def test_tab_offers_what_may_stand_there(code: str, fragment: str, texts: list[str]) -> None:
    found = asked(code)
    assert (found.fragment, list(found.texts)) == (fragment, texts)


@pytest.mark.parametrize(
    "code",
    ["%prompt zzz|", "%prompt a b c=v|", "%prompt a x:=frame.col|", "%%prompt a -m 'two wo|", "%prompts search wor|",
     "%prompts check mo|", "%prompts history a b|", "%%prompt a b|", "%%expand\nnoth [[zzz|", "%%expand\n{{ zzz|",
     "%%expand\nalone|", "%prompts diff 'style/tone' '2|"],
)  # fmt: skip
def test_where_there_is_nothing_to_offer_the_characters_stay_and_others_are_kept_out(code: str) -> None:
    found = asked(code)
    assert found.texts == (found.fragment,) != ("",)
    assert code.split("|", 1)[0].endswith(found.fragment)


@pytest.mark.parametrize(
    "code",
    ["import o|", "df[['a|", "x = y %prompt|", "'%prompt st|", "%timeit a|", "%%time\nx.a|", "|", "%%prompt|",
     "%prompts import fol|", "%prompts export ~/|", "%prompts use da|", "%prompts nonsense a|", "%promptst a|"],
)  # fmt: skip
def test_what_is_not_ours_is_left_to_others(code: str) -> None:
    assert asked(code) == NOTHING


def test_a_line_of_a_million_characters_is_completed_at_once() -> None:
    found = offer(f"%%expand\n{'x' * 1_000_000} [[st", 1, 1_000_005, SmallWorld())
    assert found == Offer("st", ("style/base]]", "style/tone]]"), "prompt")
    assert offer(f"%%expand\n{'x' * 1_000_000}", 1, 1_000_000, SmallWorld()).fragment == "x"


def test_many_prompts_are_entered_by_directories() -> None:
    class Large(SmallWorld):
        def paths(self, beginning: str, limit: int) -> list[str]:
            found = [f"{folder}/{part}/p{number}" for folder in "ab" for part in "xy" for number in range(20)]
            return [path for path in found if path.startswith(beginning)][:limit]

    found = offer("%prompt ", 0, 8, Large())
    assert found.texts[:3] == ("a/", "b/", "a/x/p0")
    assert len(found.texts) == 82
    assert offer("%prompt a/", 0, 10, Large()).texts[:3] == ("a/x/", "a/y/", "a/x/p0")
    assert offer("%%expand\n[[a/", 1, 4, Large()).texts[:3] == ("a/x/", "a/y/", "a/x/p0]]")
    assert len(offer("%prompt a/x/", 0, 12, Large()).texts) == 20


# In IPython ----------------------------------------------------------------------------------------------------------


def tab(shell: InteractiveShell, code: str) -> list[tuple[int, str]]:
    """Return where each completion at the end of `code` starts, and what it says."""
    with provisionalcompleter():
        return [(found.start, found.text) for found in shell.Completer.completions(code, len(code))]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%prompt sty", [(8, "style/base"), (8, "style/tone")]),
        ("x = %prompt sty", [(12, "style/base"), (12, "style/tone")]),
        ("%prompt style/b", [(8, "style/base")]),
        ("%%prompt sty", [(9, "style/base"), (9, "style/tone")]),
        ("%prompts hi", [(9, "history")]),
        ("%prompt review --le", [(15, "--lenient")]),
        ("%prompt review co", [(15, "code=")]),
        ("%%prompt new\nSay [[style/b", [(19, "style/base]]")]),
    ],
)
def test_ipython_shows_what_is_offered(shell: InteractiveShell, code: str, expected: list[tuple[int, str]]) -> None:
    found = tab(shell, code)
    assert found == expected if KNOWS_CELLS else set(expected) <= set(found)


def test_python_is_left_to_ipython(shell: InteractiveShell) -> None:
    assert "json" in [text for _, text in tab(shell, "import jso")]


def test_pins_and_labels_come_from_the_file(shell: InteractiveShell, library: Store) -> None:
    library.save("style/tone", "Speak.")
    library.label("style/tone", "production", version=1)
    texts = [text for _, text in tab(shell, "%prompt style/tone@")]
    pins = ["production", "2", "1"]
    assert texts == [f"style/tone@{pin}" for pin in pins] if KNOWS_CELLS else set(pins) <= set(texts)


def test_the_names_of_plain_values_are_offered_and_no_others(shell: InteractiveShell) -> None:
    shell.run_cell("zebra = 'x'; zebra_function = len; import zlib; _zeta = 1")
    found = [text for _, text in tab(shell, "%prompt review -o z")]
    assert found == ["zebra"] if KNOWS_CELLS else "zebra" in found


def test_a_thread_in_the_background_completes_as_well(shell: InteractiveShell) -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(tab(shell, "%prompt style/")))
    thread.start()
    thread.join(timeout=60)
    assert {(8, "style/base"), (8, "style/tone")} <= set(found)


def test_completion_opens_no_store(bare_shell: InteractiveShell, library: Store) -> None:
    bare_shell.config.PromptMagics.store = library.url
    bare_shell.run_line_magic("load_ext", "prompt_kernel")
    tab(bare_shell, "%prompt sty")
    magics = bare_shell.magics_manager.registry["PromptMagics"]
    assert magics.session._store is None  # noqa: SLF001 - asking for the store would open it
    bare_shell.run_line_magic("unload_ext", "prompt_kernel")


def test_a_store_that_cannot_be_read_offers_nothing(shell: InteractiveShell) -> None:
    shell.magics_manager.registry["PromptMagics"].store = "mysql://nowhere"
    assert not [text for _, text in tab(shell, "%prompt sty") if text.startswith("style")]


def old_matcher(line: str, after: str = "") -> Callable[[str], list[str]]:
    return _matchers.old_matcher(SmallWorld, SimpleNamespace(text_until_cursor=line, line_buffer=line + after))


@pytest.mark.parametrize(
    ("line", "after", "token", "texts"),
    [
        ("%prompt st", "", "st", ["style/base", "style/tone"]),
        ("%prompt style/tone@pro", "", "pro", ["production"]),
        ("%prompt 'my no", "", "no", ["notes/first one'"]),
        ("%prompt my", "", "my", ['"my notes/first one"']),
        ("%%prompt st", "", "st", ["style/base", "style/tone"]),
        ("%%expand --le", "", "--le", ["--lenient"]),
        ("Say [[style/b", "", "style/b", ["style/base]]"]),
        ("Say [[style/b", "]]", "style/b", ["style/base"]),
        ("Say a-[[tone", "", "a-[[tone", ["a-[[style/tone]]"]),
        ("x = df[['st", "", "st", []),
        ("x = df[[st", "", "st", []),
        ("import st", "", "st", []),
    ],
)
def test_an_older_ipython_gets_the_same_in_its_own_words(line: str, after: str, token: str, texts: list[str]) -> None:
    assert old_matcher(line, after)(token) == texts


def test_where_ipython_is_older_the_older_matcher_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython.core.completer", SimpleNamespace())
    match = _matchers.matcher_for(SmallWorld, SimpleNamespace(text_until_cursor="%prompt st", line_buffer="%prompt st"))
    assert match("st") == ["style/base", "style/tone"]


@pytest.mark.parametrize("error", [StoreUnavailableError("x", "y"), OSError("gone")])
def test_an_error_is_no_answer_to_a_tab(error: Exception) -> None:
    class Broken(SmallWorld):
        def paths(self, *_asked: object) -> list[str]:
            raise error

    match = _matchers.old_matcher(Broken, SimpleNamespace(text_until_cursor="%prompt st", line_buffer="%prompt st"))
    assert match("st") == []
