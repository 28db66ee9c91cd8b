"""Line ends of live and of stored texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.live.newlines import like, to_lf

TEXTS = st.lists(st.sampled_from(["\n", "\r\n", "\r", "a", "b", "\u2028", "🙂", " "]), max_size=30).map("".join)


@given(TEXTS)
def test_what_was_not_edited_comes_back_byte_for_byte(text: str) -> None:
    assert like(text, to_lf(text)) == text


@given(TEXTS, TEXTS)
def test_an_edited_text_is_the_same_but_for_its_line_ends(original: str, edited: str) -> None:
    assert to_lf(like(original, to_lf(edited))) == to_lf(edited)


@pytest.mark.parametrize(
    ("original", "edited", "expected"),
    [
        ("a\r\nb\r\n", "a\nnew\nb\n", "a\r\nnew\r\nb\r\n"),
        ("a\nb\n", "a\nb\nc", "a\nb\nc"),
        ("a\r\nb\nc\r\n", "a\nb\nnew\nc\n", "a\r\nb\nnew\r\nc\r\n"),
        ("a\r\nb\nc\n", "a\nB\nc\n", "a\r\nB\nc\n"),
        ("a\rb\r", "a\rb\n\r\nc", "a\rb\r\rc"),
        ("", "a\nb", "a\nb"),
        ("a\r\nb", "a\nb\nc\n", "a\r\nb\r\nc\r\n"),
        ("a\n\ra", "\n\n", "\n\n"),
    ],
)
def test_lines_keep_their_ends_and_new_ones_take_the_commonest(original: str, edited: str, expected: str) -> None:
    assert like(original, edited) == expected


def test_a_long_text_of_few_lines_is_not_compared_for_ever() -> None:
    original = "a\r\n" * 5000 + "b\n" + "a\r\n" * 5000
    edited = "x\n" + "a\n" * 9000 + "y\n"

    assert to_lf(like(original, edited)) == edited
