"""What goes over the wire."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Decoder, create_awareness_message, create_update_message

from prompt_kernel.live import protocol as wire
from prompt_kernel.live.presence import Presence
from prompt_kernel.live.protocol import MalformedMessageError, Reader, State
from prompt_kernel.live.settings import Participant

ANA, BEN = Participant("Ana", "#112233"), Participant("Ben", "#445566")


@given(st.integers(0, 2**53 - 1), st.binary(max_size=300), st.text(max_size=50))
def test_what_is_written_is_read(number: int, data: bytes, text: str) -> None:
    text = text.encode(errors="replace").decode()
    reader = Reader(wire.number(number) + wire.block(data) + wire.block(text.encode()))

    assert (reader.number(), reader.block(), reader.string(), reader.is_done) == (number, data, text, True)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_an_error_of_ours(data: bytes) -> None:
    with suppress(MalformedMessageError):
        assert wire.read(data).kind in (
            wire.SYNC,
            wire.AWARENESS,
            wire.QUERY_AWARENESS,
            wire.WATCH,
            wire.ASK,
            wire.PING,
        )


def test_messages_are_those_of_the_protocol_of_yjs() -> None:
    assert wire.sync(wire.UPDATE, b"abc") == create_update_message(b"abc")
    states = [State(7, 1, '{"a":"é"}')]
    payload = Decoder(wire.awareness(states)[1:]).read_message()
    assert payload is not None
    assert wire.awareness(states) == create_awareness_message(payload)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ends too early"),
        (b"\x80", "ends too early"),
        (b"\xff" * 12, "ends too early"),
        (b"\xff" * 11 + b"\x01", "too high"),
        (b"\x00\x07\x00", "no synchronisation 7"),
        (b"\x00\x02\x05ab", "ends too early"),
        (b"\x00\x02\x01ab", "more than belongs to it"),
        (b"\x02", "no message 2"),
        (wire.number(wire.ACK) + b"\x01", "no message 100"),
        (wire.number(wire.ASK) + wire.block(b"[1]"), "not a JSON object"),
        (wire.number(wire.ASK) + wire.block(b"{"), "not JSON"),
        (wire.number(wire.ASK) + wire.block(b"[" * 100_000), "not JSON"),
        (wire.number(wire.ASK) + wire.block(b"\xff"), "not UTF-8"),
        (wire.number(wire.PING) + b"\x00", "more than belongs to it"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessageError, match=reason):
        wire.read(data)


def test_somebody_is_seen_under_the_name_of_the_session() -> None:
    presence = Presence()

    state = presence.accept("a", ANA, (State(1, 5, '{"user":{"name":"The boss"},"cursor":3}'),))

    expected = State(1, 5, '{"user":{"name":"Ana","color":"#112233","colorLight":"#11223333"},"cursor":3}')
    assert state == expected
    assert presence.states == [expected]


def test_nobody_speaks_for_the_client_of_another() -> None:
    presence = Presence()
    presence.accept("a", ANA, (State(1, 1, "{}"),))

    assert presence.accept("b", BEN, (State(1, 9, "null"),)) is None
    own = presence.accept("b", BEN, (State(1, 9, "{}"), State(2, 1, "{}")))
    assert own is not None
    assert own.client == 2
    assert presence.accept("b", BEN, (State(3, 1, "{}"), State(1, 9, "{}"))) is None
    assert [(state.client, '"Ana"' in state.content) for state in presence.states] == [(1, True), (2, False)]


def test_the_same_person_takes_over_a_connection_that_was_lost() -> None:
    presence = Presence()
    presence.accept("old", ANA, (State(1, 1, "{}"),))

    assert presence.accept("new", ANA, (State(1, 1, "{}"),)) is not None
    assert presence.leave("old") == []
    assert presence.leave("new") == [State(1, 1, "null")]
    assert presence.states == []


def test_an_older_state_does_not_replace_a_newer_one() -> None:
    presence = Presence()
    presence.accept("a", ANA, (State(1, 5, "{}"),))

    assert presence.accept("a", ANA, (State(1, 4, "null"),)) is None
    assert presence.accept("a", ANA, (State(1, 6, "null"),)) == State(1, 6, "null")
    assert presence.leave("a") == []


@pytest.mark.parametrize("content", ["[]", "3", "{", '{"a":"' + "x" * 10_000 + '"}'])
def test_a_cursor_that_is_none_is_refused(content: str) -> None:
    with pytest.raises(MalformedMessageError):
        Presence().accept("a", ANA, (State(1, 1, content),))
