"""A difference for people: lines, words, and no markup of the text's own."""

from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from prompt_kernel.records import TextDiff
from prompt_kernel_dashboard import diffs
from prompt_kernel_dashboard.diffs import Line, Run


def diff(before: str, after: str) -> TextDiff:
    return TextDiff(before, after, "a", "b")


def test_a_changed_line_has_its_changed_words_marked() -> None:
    assert diffs.marked(diff("Speak in a formal voice.\nBe brief.", "Speak in a plain voice.\nBe brief.")) == [
        Line("-", (Run("Speak in a "), Run("formal", changed=True), Run(" voice."))),
        Line("+", (Run("Speak in a "), Run("plain", changed=True), Run(" voice."))),
        Line(" ", (Run("Be brief."),)),
    ]


def test_lines_that_came_or_went_as_a_whole_are_marked_as_a_whole() -> None:
    assert diffs.marked(diff("a", "a\nb\nc")) == [
        Line(" ", (Run("a"),)),
        Line("+", (Run("b", changed=True),)),
        Line("+", (Run("c", changed=True),)),
    ]


def test_unchanged_lines_far_from_a_change_are_left_out() -> None:
    lines = [str(number) for number in range(40)]
    changed = ["first", *lines[1:-1], "last"]
    shown = diffs.marked(diff("\n".join(lines), "\n".join(changed)), context=1)
    assert [(line.sign, line.text) for line in shown] == [
        ("-", "0"), ("+", "first"), (" ", "1"), ("@", "…"), (" ", "38"), ("-", "39"), ("+", "last"),
    ]  # fmt: skip


@given(st.text("ab c1.\t"), st.text("ab c1.\t"))
def test_the_runs_of_two_lines_are_these_lines(before: str, after: str) -> None:
    left, right = diffs.words(before, after)
    assert ("".join(run.text for run in left), "".join(run.text for run in right)) == (before, after)
    unchanged = ["".join(run.text for run in side if not run.changed) for side in (left, right)]
    assert unchanged[0] == unchanged[1]


def test_a_line_of_very_many_words_is_marked_as_a_whole() -> None:
    long = "word " * 1000
    assert diffs.words(long, long + "more") == ((Run(long, changed=True),), (Run(long + "more", changed=True),))


def test_a_summary_counts_what_came_and_what_went() -> None:
    assert diffs.summary(diff("a\nb\n", "a\nc\nd\n")) == "2 lines came, 1 line went."
    assert diffs.summary(diff("a", "a\nb")) == "1 line came."
    assert diffs.summary(diff("a", "a")) == "There is no difference."


def test_texts_that_are_too_long_to_compare_say_so() -> None:
    long = diff("a\n" * 5000, "b\n")
    assert diffs.too_long(long)
    assert diffs.summary(long) == "From 5,000 lines to 1 line: too long to compare here."


def test_markup_in_a_text_is_shown_and_not_followed() -> None:
    shown = diffs.visible("<b>*x*</b> :smile: [a](b) `c` $d$ -> http://e.f")
    for active in ("<b>", "*x*", ":smile:", "[a](b)", "`c`", "$d$", "->", "http://"):
        assert active not in shown


def test_spaces_are_kept() -> None:
    assert diffs.visible(" a") == " a"
    assert diffs.visible("    a  b\tc ") == "\u00a0 \u00a0 a\u00a0 b\u00a0 \u00a0 c "


def test_lines_become_one_block_of_markdown() -> None:
    lines = [Line("-", (Run("a "), Run("b", changed=True))), Line("+", ()), Line(" ", (Run("c"),))]
    assert diffs.markdown(lines).splitlines() == [
        ":red[\u2212\u2002]a :red-background[b]\\",
        ":green[\\+\u2002]:gray[⏎]\\",
        "\u2060\u2002\u2002c",
    ]


def drawn(before: str, after: str) -> AppTest:
    def page(before: str, after: str) -> None:
        from prompt_kernel.records import TextDiff
        from prompt_kernel_dashboard import diffs

        diffs.show(TextDiff(before, after, "a", "b"), key="x")

    return AppTest.from_function(page, default_timeout=30, kwargs={"before": before, "after": after}).run()


def test_a_long_difference_is_folded() -> None:
    page = drawn("", "\n".join(map(str, range(2500))))
    assert [len(element.value.splitlines()) for element in page.markdown] == [diffs.MOST_SHOWN]
    page.toggle[0].set_value(True).run()
    assert [len(element.value.splitlines()) for element in page.markdown] == [120, 1880]
    assert [element.value for element in page.caption] == ["2,500 lines came.", "The first 2,000 lines of 2,500."]


def test_what_is_too_long_to_compare_is_not_drawn() -> None:
    page = drawn("a\n" * 5000, "b")
    assert (len(page.markdown), [element.value for element in page.caption]) == (
        0, ["From 5,000 lines to 1 line: too long to compare here."],
    )  # fmt: skip
