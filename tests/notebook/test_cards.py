import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel.errors import ConflictError
from prompt_kernel.expansion import Expansion, Texts
from prompt_kernel.notebook import plain
from prompt_kernel.notebook._binding import BoundExpansion
from prompt_kernel.notebook._html import STYLE, visible
from prompt_kernel.notebook._saved import Saved
from prompt_kernel.notebook.cards import html
from prompt_kernel.records import (
    Change,
    Directory,
    Entry,
    ExportReport,
    Finding,
    Hit,
    Impact,
    ImportReport,
    Prompt,
    Reference,
    Rows,
    Suggestion,
    Summary,
    TextDiff,
    Trashed,
    Version,
)
from prompt_kernel.spans import Span
from prompt_kernel.store import Store
from prompt_kernel.variables import Declaration

WHEN = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
ELEMENTS = frozenset(
    ["style", "div", "p", "strong", "span", "pre", "code", "table", "thead", "tbody", "tr", "th", "td", "details",
     "summary", "mark", "ins", "del", "ul", "li"]
)  # fmt: skip
ATTRIBUTES = frozenset({"class", "style", "title", "open", "scope"})

STYLES = re.compile(r"(white-space:pre-wrap|background-color:rgba\([\d.,]+\))?")


class Card(HTMLParser):
    """A card, read as a browser reads it: its elements, their attributes, and its text."""

    def __init__(self, card: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self._open: list[str] = []
        self.feed(card)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self._open), data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment

    def text(self, within: str = "div") -> str:
        return "".join(data for path, data in self.texts if within in path)

    def titles(self) -> list[str]:
        return [attributes["title"] or "" for _, attributes in self.elements if "title" in attributes]


def card(value: object) -> Card:
    return Card(html(value))


def table(value: object) -> list[list[str]]:
    """Return the first table of a card, a list of cells for each row."""
    start = html(value).index("<table")
    rows = html(value)[start : html(value).index("</table>")].split("<tr>")[1:]
    return [["".join(data for _, data in Card(cell).texts) for cell in _cells(row)] for row in rows]


def _cells(row: str) -> Iterator[str]:
    for part in row.split("<t")[1:]:
        if part[:2] in ("h ", "d "):
            yield "<t" + part.split(f"</t{part[0]}>")[0] + f"</t{part[0]}>"


def prompt(**changes: Any) -> Prompt:
    values: dict[str, Any] = {
        "path": "style/tone",
        "version": 2,
        "text": "Speak in a {{ tone }} voice.\n[[style/base]]",
        "description": "How to sound",
        "tags": ("style", "short"),
        "engine": "simple",
        "variables": {
            "tone": Declaration("tone", "enum", "plain", "the voice", values=("formal", "plain")),
            "n": Declaration("n", "integer", required=False),
            "who": Declaration("who"),
        },
        "labels": {"production": 1},
        "author": "ana",
        "origin": "notebook",
        "message": "shorter",
        "updated_at": WHEN,
        "sha256": "0123456789abcdef" * 4,
        "uid": "u1",
        "display_name": "tone",
    }
    return Prompt(**{**values, **changes})


def version(**changes: Any) -> Version:
    values: dict[str, Any] = {
        "path": "style/tone",
        "number": 1,
        "text": "Speak.\n",
        "sha256": "ab" * 32,
        "engine": "jinja",
        "variables": {},
        "author": "bob",
        "origin": "dashboard",
        "message": "",
        "created_at": WHEN,
        "labels": ("production",),
    }
    return Version(**{**values, **changes})


def conflict(text: str = "x") -> ConflictError:
    return ConflictError("style/my tone", base="a\n", theirs=f"b {text}\n", mine=f"c {text}\n", version=3, author="bob")


# Expansions ----------------------------------------------------------------------------------------------------------


def test_an_expansion_shows_its_text_with_the_origin_of_each_piece(library: Store) -> None:
    shown = card(library.expand("review", code="x = 1"))
    assert shown.text("pre") == (
        '\nSpeak in a plain voice.\nBe brief.\nReview this code:\n\n```\nx = 1\n```\nAnswer as JSON: {"answer": "…"}\n'
    )
    assert shown.titles() == [
        "style/tone@1, characters 0 to 11",
        "the value of tone, in style/tone@1",
        "style/tone@1, characters 21 to 29",
        "style/base@1, characters 14 to 24",
        "review@1, characters 14 to 37",
        "the value of code, in review@1",
        "review@1, characters 47 to 52",
        "format/json@1, characters 0 to 32",
    ]


def test_an_expansion_says_its_size_and_that_its_tokens_are_a_guess(library: Store) -> None:
    shown = card(library.expand("review", code="x = 1"))
    assert "review@1 · expanded · 99 characters, 8 lines, ≈ 25 tokens (characters / 4)" in shown.text("p")


def test_an_expansion_has_a_legend_of_its_origins_in_their_colours(library: Store) -> None:
    shown = card(library.expand("review", code="x = 1"))
    chips = [attributes for _, attributes in shown.elements if attributes.get("class") == "pk-chip"]
    assert "Characters by origin: review@1 (33) style/tone@1 (24) style/base@1 (10) format/json@1 (32)" in shown.text(
        "p"
    )
    assert len({chip.get("style") for chip in chips}) == 4
    assert chips[0].get("style") is None


def test_an_expansion_of_one_text_needs_no_legend() -> None:
    assert "origin" not in card(pk.expand("Hello")).text()


def test_an_expansion_says_who_gave_each_variable() -> None:
    texts = Texts({})
    expansion = pk.expand("{{ a }} {{ b }}", texts, a="given", b=2)
    bound = BoundExpansion.of(expansion, ["b"])
    assert table(bound) == [["variable", "value", "from"], ["a", "given", "given"], ["b", "2", "notebook"]]
    assert table(expansion)[2] == ["b", "2", "given"]


def test_an_expansion_names_its_defaults(library: Store) -> None:
    assert table(library.expand("style/tone")) == [["variable", "value", "from"], ["tone", "plain", "default"]]


def test_an_expansion_names_the_versions_that_it_is_made_of(library: Store) -> None:
    expansion = library.expand("style/base")
    shown = card(expansion)
    assert "Made of 2 texts" in shown.text("summary")
    assert all(entry.sha256[:12] in shown.text("details") for entry in expansion.manifest.entries)
    assert "style/base@1" in shown.text("details")


def test_an_expansion_shows_what_was_found_wrong() -> None:
    shown = card(pk.expand("[[nowhere]] {{ x }}", {}, strict=False))
    assert "error: There is no prompt 'nowhere'." in shown.text("pre")
    assert "^^^^^^^^^^^" in shown.text("pre")
    assert {"pk-error"} == {a.get("class") for tag, a in shown.elements if tag == "strong" and a.get("class")}


def test_a_finding_and_a_manifest_have_cards_of_their_own(library: Store) -> None:
    found = pk.expand("[[nowhere]]", {}, strict=False).diagnostics[0]
    assert card(found).text("pre").startswith("\nerror: There is no prompt 'nowhere'.")
    assert card(library.expand("style/base").manifest).text("p") == "Manifest · 2 texts"
    assert card(Expansion("").manifest).text("p") == "Manifest · empty"


def test_an_expansion_made_by_hand_has_a_card() -> None:
    assert card(Expansion("text")).text() == "text · expanded · 4 characters, 1 line, ≈ 1 token (characters / 4)\ntext"


def test_neighbours_of_one_origin_are_one_element() -> None:
    assert card(pk.expand(r"a \[[b]] c \{{ d }}")).titles() == ["text, characters 0 to 19"]


# Everything that the store hands out ---------------------------------------------------------------------------------


def test_a_prompt_shows_what_is_said_of_it() -> None:
    shown = card(prompt())
    assert shown.text("p") == (
        "style/tone · version 2 · tags style, short · labels production → 1"
        "How to sound"
        "saved 2026-03-01 09:05 UTC by ana from notebook: shorter"
        "43 characters, 2 lines, ≈ 11 tokens (characters / 4), sha256 0123456789ab"
    )
    assert shown.text("pre") == "\nSpeak in a {{ tone }} voice.\n[[style/base]]"
    assert shown.titles() == ["variable tone", "includes style/base"]
    assert table(prompt()) == [
        ["variable", "type", "default", "description"],
        ["tone", "formal | plain", "plain", "the voice"],
        ["n", "integer", "empty text", ""],
        ["who", "string", "", ""],
    ]


def test_a_prompt_of_a_disabled_directory_says_so() -> None:
    assert "Its directory is disabled" in card(prompt(enabled=False)).text()


def test_a_bare_prompt_has_a_bare_card() -> None:
    bare = prompt(text="", description="", tags=(), labels={}, variables={}, author="", message="")
    assert card(bare).text("p") == (
        "style/tone · version 2saved 2026-03-01 09:05 UTC from notebook"
        "0 characters, 0 lines, ≈ 0 tokens (characters / 4), sha256 0123456789ab"
    )


def test_a_saved_prompt_shows_what_changed_and_folds_its_text() -> None:
    shown = card(Saved.of(prompt(), TextDiff("a\n", "b\n", "version 1", "version 2"), "Merged."))
    assert shown.text("p").startswith("Merged.style/tone · version 2")
    assert shown.text("summary") == "What changedThe text"
    assert "-a\n+b" in shown.text("pre")
    assert [attributes for tag, attributes in shown.elements if tag == "details"] == [{"open": "open"}, {}]
    assert card(Saved.of(prompt(), None)).text("summary") == "The text"


def test_a_version_shows_its_engine_and_labels() -> None:
    assert card(version()).text("p") == (
        "style/tone · version 1 · labels production"
        "saved 2026-03-01 09:05 UTC by bob from dashboard"
        "7 characters, 1 line, ≈ 2 tokens (characters / 4), engine jinja, sha256 abababababab"
    )


ENTRY = Entry("a/b", 3, "What it is", ("x", "y"), WHEN, "ana", 1234, enabled=True)
HIT = Hit("a/b", 3, "What it is", (), "one two three", (Span(4, 7),))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [ENTRY, ENTRY._replace(enabled=False)],
            [
                ["prompt", "version", "description", "tags", "characters", "changed", "by", ""],
                ["a/b", "3", "What it is", "x, y", "1,234", "2026-03-01 09:05 UTC", "ana", ""],
                ["a/b", "3", "What it is", "x, y", "1,234", "2026-03-01 09:05 UTC", "ana", "disabled"],
            ],
        ),
        ([HIT], [["prompt", "version", "match", "description"], ["a/b", "3", "one two three", "What it is"]]),
        (
            [version()],
            [
                ["version", "labels", "saved", "by", "from", "characters"],
                ["1", "production", "2026-03-01 09:05 UTC", "bob", "dashboard", "7"],
            ],
        ),
        (
            [prompt()],
            [
                ["prompt", "version", "description", "tags", "characters", "changed", "by"],
                ["style/tone", "2", "How to sound", "style, short", "43", "2026-03-01 09:05 UTC", "ana"],
            ],
        ),
        (
            [Directory("a/b", "Notes", True, "/notes", 12), Directory("c", "", False, "", 0)],  # noqa: FBT003 - its order
            [
                ["directory", "prompts", "description", "linked to", ""],
                ["a/b", "12", "Notes", "/notes", ""],
                ["c", "0", "", "", "disabled"],
            ],
        ),
        (
            [Reference("a", "b", 3, "x/b", 7), Reference("a", "no", None, None, 8)],
            [["in", "line", "written", "leads to"], ["a", "7", "[[b@3]]", "x/b"], ["a", "8", "[[no]]", "nothing"]],
        ),
        (
            [Trashed("a", "u9", 2, WHEN, "bob")],
            [["prompt", "version", "deleted", "by", "id"], ["a", "2", "2026-03-01 09:05 UTC", "bob", "u9"]],
        ),
        (
            [Change(5, "saved", "a", 2, "why", "bob", "api", WHEN), Change(6, "moved", "a", None, "", "", "cli", WHEN)],
            [
                ["change", "at", "kind", "prompt", "detail", "by", "from"],
                ["5", "2026-03-01 09:05 UTC", "saved", "a@2", "why", "bob", "api"],
                ["6", "2026-03-01 09:05 UTC", "moved", "a", "", "", "cli"],
            ],
        ),
        (
            [Finding("error", "unresolved", "a", "leads nowhere")],
            [["", "prompt", "finding"], ["error", "a", "leads nowhere"]],
        ),
        (
            [Impact("a", Expansion("x"), Expansion("xyz"), "breaks")],
            [["prompt", "characters now", "then", "problem"], ["a", "1", "3", "breaks"]],
        ),
        ([Suggestion("a/b", "b", "")], [["prompt", "name"], ["a/b", "b"]]),
        (["a/b", "c"], [[""], ["a/b"], ["c"]]),
        ([""], [[""], [""]]),
    ],
)
def test_rows_are_a_table_without_empty_columns(rows: list[object], expected: list[list[str]]) -> None:
    assert table(Rows(rows, title="Found")) == expected


def test_rows_have_a_title_and_say_when_there_are_none() -> None:
    assert card(Rows(["a"], title="Rewritten")).text("p") == "Rewritten · 1 row"
    assert card(Rows(["a"])).text("p") == ""
    assert card(Rows(title="Trash", empty="The trash is empty.")).text("p") == "Trash · 0 rowsThe trash is empty."


def test_a_hit_marks_what_matched() -> None:
    assert card(Rows([HIT])).text("mark") == "two"


def test_a_directory_shows_its_link_and_whether_it_is_disabled() -> None:
    shown = card(Directory("a/b", "Notes", enabled=False, source="/notes", prompts=1))
    assert shown.text("p") == "a/b/ · 1 prompt · disabledNoteslinked to /notes"
    assert card(Directory("a", "", enabled=True, source="", prompts=2)).text("p") == "a/ · 2 prompts"


def test_a_difference_marks_what_changed_inside_of_a_line() -> None:
    shown = card(TextDiff("one\nkeep\nsay it now\n", "one\nkeep\nsay that now\nand then\n", "a@1", "a@2"))
    assert shown.text("p") == "a@1 → a@2"
    assert shown.text("pre") == "\n@@ -1,3 +1,4 @@\n one\n keep\n-say it now\n+say that now\n+and then"
    shown = card(TextDiff("say it now\n", "say that now\n", "a", "b"))
    assert (shown.text("del"), shown.text("ins")) == ("i", "tha")


def test_a_difference_of_line_ends_is_one_too() -> None:
    assert card(TextDiff("a", "a\n", "x", "y")).text("pre") == "\n@@ -1 +1,2 @@\n a\n+"


def test_a_difference_in_a_long_line_shows_the_place() -> None:
    before, after = "a" * 500 + "X" + "b" * 500, "a" * 500 + "YZ" + "b" * 500
    shown = card(TextDiff(before, after, "a", "b"))
    assert shown.text("pre") == (f"\n@@ -1 +1 @@\n-…{'a' * 80}X{'b' * 80}…\n+…{'a' * 80}YZ{'b' * 80}…")


def test_a_line_that_only_grew_marks_what_came() -> None:
    shown = card(TextDiff("say\n", "say it\n", "a", "b"))
    assert (shown.text("del"), shown.text("ins")) == ("", " it")


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("a", "a", "There is no difference."),
        ("a\n" * 5_000, "b\n", "These texts are too long to compare in a card; print the difference instead."),
    ],
)
def test_a_difference_without_lines_to_show_says_why(before: str, after: str, sentence: str) -> None:
    assert card(TextDiff(before, after, "x", "y")).text("p") == f"x → y{sentence}"


def test_a_large_difference_is_cut() -> None:
    before, after = ("\n".join(f"{name} {number}" for number in range(2_000)) for name in "ab")
    assert card(TextDiff(before, after, "x", "y")).text("p") == "x → y… and 3,701 more lines"


def test_an_impact_shows_the_difference_and_what_breaks() -> None:
    shown = card(Impact("review", Expansion("old\n"), Expansion("new\n"), "It breaks."))
    assert shown.text("p") == "review · would changeerror: It breaks."
    assert "-old\n+new" in shown.text("pre")
    assert "error" not in card(Impact("review", Expansion("old\n"), Expansion("new\n"))).text("p")


def test_a_list_of_impacts_holds_their_differences() -> None:
    shown = card(Rows([Impact("a", Expansion("old\n"), Expansion("new\n"))] * 30))
    assert shown.text("summary") == "a" * 20
    assert shown.text("pre").count("-old\n+new") == 20


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (Finding("error", "c", "a", "leads nowhere"), "error: a: leads nowhere"),
        (Finding("info", "c", "", "all of it"), "info: all of it"),
    ],
)
def test_a_finding_is_a_line(finding: Finding, sentence: str) -> None:
    assert card(finding).text("p") == sentence


def test_a_summary_counts() -> None:
    summary = Summary("sqlite:///x.db", 1_200, 3, 4, 5, 6, 7, 1, "wal")
    assert card(summary).text("p") == "sqlite:///x.db"
    assert table(summary)[0] == ["prompts", "1,200"]
    assert len(table(summary)) == 7
    assert table(Summary("x", 1, 1, 1, 1, 1, 1, 1, "wal", "a newer one wrote it"))[-1] == [
        "read only", "a newer one wrote it",
    ]  # fmt: skip


def test_reports_list_their_paths() -> None:
    shown = card(ImportReport("notes", ("a", "b"), (), ("c",), {"d": "it is a link"}))
    assert shown.text("p") == "Imported notes: 2 created, 0 updated, 1 unchanged, 1 skipped."
    assert shown.text("details") == "created: 2abunchanged: 1cskipped: 1d: it is a link"
    shown = card(ExportReport("out", ("a.md",), ()))
    assert shown.text() == "Exported to out: 1 written, 0 unchanged.written: 1a.md"


def test_a_conflict_shows_both_texts_and_the_two_ways_out() -> None:
    shown = card(conflict())
    assert shown.text("code") == '%%prompt "style/my tone" --mine%%prompt "style/my tone" --theirs'
    assert "-b x\n+c x" in shown.text("pre")
    assert all(f"\n{text}" in shown.text("pre") for text in ("b x\n", "c x\n", "a\n"))
    assert "version 3 by bob" in shown.text("summary")
    nameless = ConflictError("a", base="", theirs="b", mine="c", version=3)
    assert "%%prompt a --mine" in card(nameless).text("code")


def test_anything_else_is_shown_as_its_text() -> None:
    assert card(ValueError("<b>")).text("pre") == "\n<b>"


# Whatever the text ---------------------------------------------------------------------------------------------------

NASTY = [
    "<script>alert(1)</script>",
    "</pre></div><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "</style><script>alert(1)</script>",
    "<style>*{display:none}</style>",
    "<!-- hidden --><![CDATA[x]]><?php x ?><!DOCTYPE x>",
    "javascript:alert(1)",
    "&lt;script&gt;&#60;b&#62;&amp;&quot;",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg onload=alert(1)><math><mtext></mtext></math></svg>",
    "<plaintext><textarea><title><xmp>",
    "$$x$$ **bold** [a](javascript:x) `code`",
    "\u202ereversed\u202c \u2066isolated\u2069 \u200bzero\ufeff\u00adsoft",
    "\x1b[31mred\x1b[0m \x00 \x07 \x7f \x85 \x9b",
    "\ud800 lone \udfff",
    "\U000e0041\U000e0042 tags \U000e0100",
    "<\x00script>alert(1)</script>",
    "line\u2028separator\u2029",
]  # fmt: skip


def everything(text: str) -> Iterator[object]:
    """Give a value of every kind that has `text` in every place that a stranger can fill."""
    expansion = pk.expand(f"{text} [[other]] {{{{ x }}}} [[none]]", {"other": text}, strict=False, x=text, y=1)
    declared = {"x": Declaration("x", "enum", text, text, values=(text,))}
    nasty = prompt(
        path=text, text=text + "\n[[a]] {{ b }}", description=text, tags=(text,), variables=declared,
        labels={text: 1}, author=text, origin=text, message=text, sha256=text,
    )  # fmt: skip
    diff = TextDiff(f"a {text} b\nsame\n", f"a {text}{text} b\nsame\nmore {text}", text, text)
    yield from (expansion, BoundExpansion.of(expansion, ["x"]), expansion.manifest, *expansion.diagnostics)
    yield from (nasty, Saved.of(nasty, diff, text), diff, conflict(text))
    yield version(path=text, text=text, author=text, origin=text, message=text, labels=(text,), variables=declared)
    yield from (Directory(text, text, False, text, 1), Finding("error", text, text, text))  # noqa: FBT003 - its order
    yield Summary(text, 1, 1, 1, 1, 1, 1, 1, text, text)
    yield from (ImportReport(text, (text,), (text,), (text,), {text: text}), ExportReport(text, (text,), (text,)))
    yield Impact(text, expansion, Expansion(text), text)
    yield Rows([Entry(text, 1, text, (text,), WHEN, text, 1, enabled=False)], title=text)
    yield Rows([Hit(text, 1, text, (text,), text, (Span(0, len(text)),))], title=text)
    yield from (Rows([Reference(text, text, text, text, 1)]), Rows([Trashed(text, text, 1, WHEN, text)]))
    yield from (Rows([Change(1, text, text, 1, text, text, text, WHEN)]), Rows([version(path=text, message=text)]))
    yield from (Rows([text]), Rows(title=text, empty=text), Rows([Suggestion(text, text, text)]), ValueError(text))


@pytest.mark.parametrize("text", NASTY)
def test_no_text_becomes_markup(text: str) -> None:
    classes = set(re.findall(r"pk-\w+", STYLE)) | {"pk-line pk-soft", "pk-card tex2jax_ignore mathjax_ignore"}
    for value in everything(text):
        shown = card(value)
        assert {tag for tag, _ in shown.elements} <= ELEMENTS
        for _, attributes in shown.elements:
            assert set(attributes) <= ATTRIBUTES
            assert attributes.get("class") in {None, *classes}
            assert STYLES.fullmatch(attributes.get("style") or "")
        html(value).encode("utf-8")
        assert visible(html(value)) == html(value)


@pytest.mark.parametrize("text", NASTY)
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    for value in everything(text):
        if not isinstance(value, Expansion):
            assert visible(plain.text(value)) == plain.text(value)


@given(st.text(st.characters(exclude_characters="\r")), st.text(st.characters(exclude_characters="\r")))
def test_a_card_shows_exactly_the_text(text: str, value: str) -> None:
    expansion = pk.expand("{{ text }}[[other]]", {"other": "{{ value }}"}, {"text": text, "value": value})
    assert card(expansion).text("pre") == "\n" + visible(text + value)
    assert card(prompt(text=text, engine="plain")).text("pre") == "\n" + visible(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc", "a\nb\tc"),
        ("\x00\x1b\r\x7f", "⟨U+0000⟩⟨U+001B⟩⟨U+000D⟩⟨U+007F⟩"),
        ("\u202e\U000e0041\x85", "⟨U+202E⟩⟨U+E0041⟩⟨U+0085⟩"),
        ("👩‍💻 é ק", "👩‍💻 é ק"),
    ],
)
def test_what_nobody_sees_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


# However large -------------------------------------------------------------------------------------------------------


def test_a_card_stays_small_and_tells_what_it_left_out() -> None:
    shown = pk.expand("x" * 2_000_000)
    assert len(html(shown)) < 30_000
    assert "… and 1,980,000 more characters, which the value holds." in card(shown).text()
    assert len(html(prompt(text="\u202e" * 2_000_000))) < 400_000


def test_a_card_of_ten_thousand_pieces_stays_small() -> None:
    many = pk.expand("".join(f"[[p{number % 500}]]-" for number in range(9_000)), {f"p{n}": "ab" for n in range(500)})
    assert len(html(many)) < 120_000
    assert len(card(many).text("pre")) == 20_001
    assert "… and 489 more" in card(many).text("p")
    assert "… and 301 more texts" in card(many).text("details")


def test_a_card_of_many_variables_stays_small() -> None:
    names = [f"v{number}" for number in range(1_000)]
    many = pk.expand("".join(f"{{{{ {name} }}}}" for name in names), None, dict.fromkeys(names, "y" * 1_500))
    assert len(html(many)) < 150_000
    assert "… and 800 more variables" in card(many).text("p")
    declared = prompt(variables={name: Declaration(name, description="d" * 900) for name in names})
    assert "… and 800 more variables" in card(declared).text("p")


@pytest.mark.parametrize(
    ("make", "left"),
    [
        (lambda: Rows([ENTRY] * 5_000), "… and 4,800 more rows"),
        (lambda: ImportReport("x", tuple(f"p{number}" for number in range(5_000))), "… and 4,800 more paths"),
        (lambda: pk.expand("[[none]]" * 3_000, {}, strict=False), "… and 2,800 more findings"),
        (lambda: Rows([ENTRY] * 201), "… and 1 more row"),
    ],
)
def test_a_long_list_is_cut(make: Callable[[], object], left: str) -> None:
    assert left in card(make()).text("p").split("Made of")[0]
    assert len(html(make())) < 300_000


# In a terminal -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (prompt(text="[[a]]"), "style/tone · version 2 · tags style, short · labels production\n\n[[a]]"),
        (prompt(tags=(), labels={}, text="x"), "style/tone · version 2\n\nx"),
        (Saved.of(prompt(), None, "Merged."), "Merged.\nstyle/tone · version 2"),
        (version(), "style/tone · version 1 · 2026-03-01 09:05 UTC by bob\n\nSpeak.\n"),
        (version(author=""), "style/tone · version 1 · 2026-03-01 09:05 UTC\n\nSpeak.\n"),
        (Rows([HIT, HIT._replace(path="long/path", snippet="many   words\nand more " + "x" * 60)], title="Search"),
         """\
Search
prompt     version  match                                             description
a/b        3        one two three                                     What it is
long/path  3        many words and more xxxxxxxxxxxxxxxxxxxxxxxxxxx…  What it is"""),
        (Rows(["a", "b"]), "a\nb"),
        (Rows(empty="Nothing matches."), "Nothing matches."),
        (Rows(["x"] * 300), "\n".join(["x"] * 200 + ["… and 100 more"])),
        (Directory("a", "Notes", enabled=True, source="", prompts=2),
         "directory  prompts  description\na          2        Notes"),
        (TextDiff("a\n", "b\n", "x", "y"), "--- x\n+++ y\n@@ -1 +1 @@\n-a\n+b"),
        (TextDiff("a", "a", "x", "y"), "There is no difference."),
        (Impact("a", Expansion("x"), Expansion("x"), "It breaks."), "It breaks.\nThere is no difference."),
        (Impact("a", Expansion("x"), Expansion("x")), "There is no difference."),
        (Finding("info", "c", "a", "odd"), "info: a: odd"),
    ],
)  # fmt: skip
def test_a_terminal_shows_plain_text(value: object, text: str) -> None:
    assert plain.text(value) == text


def test_a_terminal_shows_a_conflict_with_the_two_ways_out() -> None:
    assert plain.text(conflict()) == (
        "style/my tone was changed meanwhile, in the same lines; nothing was saved. Run this cell again with\n"
        "  --mine    to save this cell; theirs stays in the history\n"
        "  --theirs  to keep version 3 by bob; this cell is not saved\n"
        "\n--- version 3 by bob\n+++ this cell\n@@ -1 +1 @@\n-b x\n+c x"
    )
    assert "keep version 3;" in plain.text(ConflictError("a", base="", theirs="b", mine="c", version=3))
