"""A text tells who says what by lines that name a role, and by nothing else."""

import pytest

from prompt_kernel.chats import marker, turns

ROLE = marker(["system", "user"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", []),
        ("Hello", []),
        ("system:\nBe brief.", [("system", "Be brief.")]),
        ("system:\nBe brief.\n\nuser:\nHello\n", [("system", "Be brief.\n\n"), ("user", "Hello\n")]),
        ("system: \t\r\nA\r\nuser:", [("system", "A\r\n"), ("user", "")]),
        ("Before\nuser:\nAfter", [("user", "After")]),
        ("system: be brief\n user:\nUser:\nusers:\ntool:\n", []),
    ],
)
def test_a_line_with_a_role_begins_a_turn(text: str, said: list[tuple[str, str]]) -> None:
    assert list(turns(text, list(ROLE.finditer(text)))) == said
