from datetime import UTC, datetime, timedelta

import pytest

from prompt_kernel_dashboard.widgets import ago, count_of, literal, named

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JOINER = "\u2060"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("style/tone", "style/tone"),
        ("", ""),
        ("**bold** _x_ `y`", r"\*\*bold\*\* \_x\_ \`y\`"),
        ("<b>x</b>", r"\<b\>x\</b\>"),
        ("[a](b)", r"\[a\]\(b\)"),
        ("$x$ ~y~", r"\$x\$ \~y\~"),
        ("# a", r"\# a"),
        (":smile:", f":{JOINER}smile:"),
        (":red[x]", rf":{JOINER}red\[x\]"),
        (":material/home:", f":{JOINER}material/home:"),
        ("a -> b", rf"a \-{JOINER}\> b"),
        ("a <- b", rf"a \<{JOINER}\- b"),
        ("a -- b", rf"a \-{JOINER}\- b"),
        ("a >= b", rf"a \>{JOINER}\= b"),
        ("https://example.org", rf"https:{JOINER}//example\.org"),
        ("www.example.org", rf"www{JOINER}\.example\.org"),
        ("a@example.org", rf"a@{JOINER}example\.org"),
        ("one\n  two", "one  \n\u00a0\u00a0two"),
        ("😀 é ½", "😀 é ½"),
    ],
)
def test_what_is_markdown_to_streamlit_is_shown_literally(text: str, shown: str) -> None:
    assert literal(text) == shown


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(days=30), "2026-01-30"),
    ],
)
def test_a_moment_is_said_as_how_long_ago_it_was(before: timedelta, said: str) -> None:
    assert ago(NOW - before, NOW) == said


def test_numbers_have_their_noun() -> None:
    assert [count_of(1, "prompt"), count_of(1200, "prompt"), count_of(2, "directory"), count_of(0, "match")] == [
        "1 prompt",
        "1,200 prompts",
        "2 directories",
        "0 matches",
    ]


def test_a_list_in_a_sentence_names_the_first_few() -> None:
    assert [named([]), named(["a"]), named(["a", "b"]), named(["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert named([f"p{number}" for number in range(9)]) == "p0, p1, p2, p3, p4 and 4 more"
