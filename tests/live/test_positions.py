"""Positions in characters, UTF-16 units and bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.live.positions import Positions, utf8_length, utf16_length

TEXTS = st.text(st.sampled_from("aZé́שלом\n中🙂👩\u200d🏽"), max_size=30)


@given(TEXTS)
def test_lengths_are_those_of_the_encodings(text: str) -> None:
    assert (utf8_length(text), utf16_length(text)) == (len(text.encode()), len(text.encode("utf-16-le")) // 2)


@given(TEXTS)
def test_every_position_is_the_length_of_what_comes_before_it_and_leads_back(text: str) -> None:
    positions = Positions(text)
    places = range(len(text) + 1)

    assert [positions.to_utf8(at) for at in places] == [utf8_length(text[:at]) for at in places]
    assert [positions.to_utf16(at) for at in places] == [utf16_length(text[:at]) for at in places]
    assert [positions.from_utf8(positions.to_utf8(at)) for at in places] == list(places)
    assert [positions.from_utf16(positions.to_utf16(at)) for at in places] == list(places)


@pytest.mark.parametrize(
    ("text", "units", "expected"),
    [("a🙂b", 2, 1), ("🙂", 1, 0), ("🙂🙂", 3, 1), ("🙂b", 3, 2), ("éa", 2, 2), ("", 0, 0)],
)
def test_a_position_inside_of_a_pair_is_where_its_character_begins(text: str, units: int, expected: int) -> None:
    assert Positions(text).from_utf16(units) == expected


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [("a🙂b", 2, 1), ("a🙂b", 3, 1), ("a🙂b", 4, 1), ("a🙂b", 5, 2), ("éa", 1, 0), ("中中", 4, 1), ("中中", 6, 2)],
)
def test_a_byte_inside_of_a_character_is_where_that_begins(text: str, offset: int, expected: int) -> None:
    assert Positions(text).from_utf8(offset) == expected
