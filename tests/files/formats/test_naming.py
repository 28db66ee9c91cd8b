"""Every name becomes a path, no two the same, and one that is a path stays it."""

from hypothesis import given
from hypothesis import strategies as st

from prompt_kernel.files.formats._naming import Paths, identifier, path_like
from prompt_kernel.names import check_path, is_path, key_of

NAMES = {
    "style/tone": "style/tone",
    "Job Interviewer": "Job Interviewer",
    "It's (really) good!": "Its really good",
    "2024-01-01": "_2024-01-01",
    "../../etc/passwd": "etc/passwd",
    "/etc/passwd": "etc/passwd",
    "C:\\temp\\x": "C/temp/x",
    "a\0b\nc": "a b c",
    "a  -  b": "a b",
    "..": "unnamed",
    "": "unnamed",
    "😀": "_",
    "con": "_con",
    "e\u0301t\u00e9": "\u00e9t\u00e9",
    "a." * 3: "a.a.a",
    "名前/二": "名前/二",
}


def test_names_become_paths() -> None:
    assert {name: path_like(name) for name in NAMES} == NAMES


@given(st.text(max_size=300))
def test_any_name_becomes_a_path(name: str) -> None:
    path = path_like(name)
    assert check_path(path) == path
    assert path_like(path) == path


@given(st.lists(st.text(max_size=8) | st.sampled_from(["a", "A", "a!", "a-2", "😀", "ﬁ", "fi"]), max_size=12))
def test_no_two_names_get_one_path(names: list[str]) -> None:
    given_paths = Paths()
    found = [given_paths.give(name) for name in names]
    assert len(set(map(key_of, found))) == len(names)
    assert all(map(is_path, found))


@given(st.text(max_size=20))
def test_any_name_becomes_an_identifier(name: str) -> None:
    assert identifier(name).isidentifier()
    assert identifier(identifier(name)) == identifier(name)
