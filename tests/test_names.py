"""Paths and names: which are legal, which cannot both exist, and what a prompt is called for short."""

import subprocess
import sys
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import InvalidPathError
from prompt_kernel.names import (
    MAX_PATH_CHARACTERS,
    MAX_SEGMENT_BYTES,
    ancestors,
    check_path,
    directory_of,
    is_inside,
    is_label,
    is_path,
    is_suffix,
    join,
    key_of,
    name_of,
    near,
    shortest_names,
    without_marks,
)

MANY = settings(max_examples=500, deadline=None)
ANY_TEXT = st.text(st.characters(), max_size=30)
#: Few segments that differ in case and look, so that names clash often.
SEGMENTS = st.sampled_from(["a", "b", "A", "ab", "b c", "é", "E\u0301", "ß", "ss", "ﬁ", "fi", "ab\u0301"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)
LIBRARIES = st.lists(PATHS, max_size=12, unique_by=key_of)

LOOK_ALIKES = [
    ("Tone", "tone"),
    ("STYLE/TONE", "style/tone"),
    ("caf\u00e9", "cafe\u0301"),
    ("CAF\u00c9", "cafe\u0301"),
    ("Stra\u00dfe", "STRASSE"),
    ("\u1e9e", "\u00df"),
    ("\ufb01le", "file"),
    ("\u2075a", "5a"),
    ("x\u00b2", "x2"),
    ("\uff54\uff4f\uff4e\uff45", "tone"),
    ("\u212b", "\u00e5"),
    ("\u212a", "k"),
    ("\u03c3\u03c2", "\u03a3\u03a3"),
    ("to\u200bne", "tone"),
    ("to\u00adne", "tone"),
    ("to\u200dne", "tone"),
    ("\u202etone\u202c", "tone"),
    ("\ufefftone", "tone"),
    ("to\x00ne", "tone"),
    ("tone\x7f", "tone"),
    ("tone\ufe0f", "tone"),
    ("葛\U000e0100", "葛"),
    ("to\u034fne", "tone"),
    ("to\u3164ne", "tone"),
    ("\u30ab\u3099", "\u30ac"),
    ("\uff76\uff9e", "\u30ac"),
    ("\u1100\u1161", "\uac00"),
    ("\u0958", "\u0915\u093c"),
    ("\u0345\u0399", "\u03b9\u03b9"),
]


# What may be a path


@pytest.mark.parametrize(
    "path",
    [
        *("a", "_", "A1", "style/tone", "a/b/c/d/e", "a-b", "a_b", "a.b", "a b", "a..b", "v1.2.3", "a-", "a_", "_a/_b"),
        *("my notes/to do", "naïve", "cafe\u0301", "शैली/लहजा", "نَبْرة", "语气", "プロンプト", "สไตล์", "тон", "ǅ", "ª"),
        *("葛\U000e0100城", "a²", "a1/b½", "a\u0661"),
    ],
    ids=ascii,
)
def test_a_path_is_segments_of_letters_and_digits(path: str) -> None:
    assert is_path(path)
    assert check_path(path) == unicodedata.normalize("NFC", path)


_RULE = "must start with a letter or _ and hold letters, digits, _, -, and inside . or single spaces"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "it is empty"),
        ("/", "it has an empty segment; write it without a slash at either end"),
        ("/a", "it has an empty segment; write it without a slash at either end"),
        ("a/", "it has an empty segment; write it without a slash at either end"),
        ("a//b", "it has an empty segment; write it without a slash at either end"),
        ("a" * 1_001, "it has 1,001 characters, and 1,000 is the most"),
        *(
            (segment, f"{segment!r} {_RULE}")
            for segment in (
                *(" ", " a", "a ", "a  b", "a\tb", "a\nb", "a\u00a0b", ".", "..", ".a", "a.", "a. b", "a .b"),
                *(
                    "con.",
                    "nul ",
                    "COM1 .txt",
                    "-a",
                    "1",
                    "1a",
                    "²",
                    "½a",
                    "Ⅳ",
                    "٣a",
                    "a@1",
                    "a(b)",
                    "a[b]",
                    "a*",
                    "a:b",
                    "a\\b",
                    "a|b",
                    "a#b",
                ),
                *("a?", "a<b>", "a&b", "a'b", 'a"b', "a,b", "a;b", "a=b", "a+b", "a$", "a%", "~", "a~1", "a`b"),
                *("\u0301a", "a \u0301b", "a.\u0301b", "a\u200bb", "a\u200db", "a\u202eb", "\ufeffa", "a\x00", "a\x7f"),
                *("🙂", "a\ud800", "\u3164", "a\u1160b"),
            )
        ),
        ("a/b c /d", f"'b c ' {_RULE}"),
        ("../../x", f"'..' {_RULE}"),
        ("ok/1/2", f"'1' {_RULE}"),
        ("a" * 241, "aaaaaaaaaaaaaaaaaaaa… is longer than the 240 bytes that a file name can have"),
        ("b/" + "é" * 121, "éééééééééééééééééééé… is longer than the 240 bytes that a file name can have"),
        *(
            (device, f"{device!r} is a device on Windows, so it could not be exported")
            for device in (
                "con",
                "PRN",
                "Aux",
                "nul",
                "COM1",
                "lpt9",
                "con.txt",
                "NUL.tar.gz",
                "com¹",
                "\uff43\uff4f\uff4e",
            )
        ),
        ("a/con/b", "'con' is a device on Windows, so it could not be exported"),
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_any_other_path_is_refused_with_the_reason(path: str, reason: str) -> None:
    with pytest.raises(InvalidPathError) as caught:
        check_path(path)

    shown = repr(path) if len(repr(path)) <= 60 else repr(path)[:57] + "…"
    assert str(caught.value) == f"{shown} cannot be a path: {reason}."
    assert (caught.value.path, caught.value.reason) == (path, reason)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (None, "'None' cannot be a path: a path is text, not NoneType."),
        (3, "'3' cannot be a path: a path is text, not int."),
        (b"a", "\"b'a'\" cannot be a path: a path is text, not bytes."),
    ],
)
def test_what_is_no_text_is_no_path(path: object, sentence: str) -> None:
    with pytest.raises(InvalidPathError) as caught:
        check_path(path)  # type: ignore[arg-type]  # on purpose

    assert str(caught.value) == sentence


def test_a_path_is_kept_in_its_composed_form() -> None:
    assert check_path("cafe\u0301/e\u0301") == "caf\u00e9/\u00e9"


@pytest.mark.parametrize("device", ["cons", "com", "com0", "com10", "lpt", "auxiliary", "a.con", "console", "a con"])
def test_what_only_begins_like_a_device_is_no_device(device: str) -> None:
    assert check_path(device) == device


def test_the_limits_are_the_last_lengths_that_pass() -> None:
    longest_segment = "a" * MAX_SEGMENT_BYTES
    longest_path = "/".join(["a" * 199] * 4 + ["a" * 200])

    assert check_path(longest_segment) == longest_segment
    assert check_path("é" * (MAX_SEGMENT_BYTES // 2)) == "é" * 120
    assert len(longest_path) == MAX_PATH_CHARACTERS
    assert check_path(longest_path) == longest_path


@given(ANY_TEXT | PATHS)
@MANY
def test_a_path_that_was_checked_is_a_path_and_stays_one(text: str) -> None:
    try:
        path = check_path(text)
    except InvalidPathError:
        return
    assert is_path(path)
    assert check_path(path) == path
    assert key_of(path) == key_of(text)
    assert key_of(path).count("/") == path.count("/")


@pytest.mark.parametrize("label", ["production", "_", "v1.2-rc", "a.", "a-", "ऐच्छिक", "a..b"])
def test_a_label_is_a_word(label: str) -> None:
    assert is_label(label)


@pytest.mark.parametrize(
    "label", ["", "1", "1a", "-a", ".a", "a b", "a/b", "a@b", "²", "\u0301", "a\n", "🙂", "\u3164"]
)
def test_anything_else_is_no_label(label: str) -> None:
    assert not is_label(label)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("tone", "tone"), ("e\u0301e", "ee"), ("\u0301a", "\u0301a"), ("a \u0301", "a \u0301"), ("a\u0301\u0302", "a")],
    ids=ascii,
)
def test_marks_go_with_their_letter(text: str, expected: str) -> None:
    assert without_marks(text) == expected


# What cannot exist side by side


@pytest.mark.parametrize(("one", "other"), LOOK_ALIKES, ids=ascii)
def test_look_alikes_share_a_key(one: str, other: str) -> None:
    assert one != other
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        ("a b", "ab"),
        ("a-b", "a_b"),
        ("a.b", "ab"),
        ("a/b", "ab"),
        ("e", "\u00e9"),
        ("\u0939", "\u0939\u093f"),
        # Letters of two scripts look alike and are two letters; the dotted capital I keeps its dot.
        ("a", "\u0430"),
        ("i", "\u0130"),
    ],
    ids=ascii,
)
def test_what_differs_to_the_eye_of_a_reader_has_two_keys(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


@given(ANY_TEXT)
@example("\u0345\u0399")
@example("\u1e9e\u0130")
@MANY
def test_a_key_is_its_own_key(text: str) -> None:
    assert key_of(key_of(text)) == key_of(text)


@given(ANY_TEXT)
@MANY
def test_no_key_depends_on_case_or_composition(text: str) -> None:
    # Upper case is no inverse of lower case for a few letters, as for the dotless i; folding knows.
    variations = {text.casefold(), *(unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD"))}

    assert {key_of(variation) for variation in variations} == {key_of(text)}


def test_every_character_that_has_another_form_has_a_key_that_is_its_own_key() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    changing = [c for c in characters if unicodedata.normalize("NFKD", c).casefold() != c or c in "\u1160\u034f"]

    assert len(changing) > 15_000
    assert [c for c in changing if key_of.__wrapped__(key_of.__wrapped__(c)) != key_of.__wrapped__(c)] == []


def test_no_letter_or_digit_becomes_a_slash() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    slashes = [c for c in characters if "/" in unicodedata.normalize("NFKC", c) and c != "/"]

    assert "\u2105" in slashes
    assert [c for c in slashes if is_path(c) or is_path("a" + c)] == []


# Parts of a path


@pytest.mark.parametrize(
    ("path", "directory", "name", "directories"),
    [("tone", "", "tone", []), ("style/tone", "style", "tone", ["style"]), ("a/b/c", "a/b", "c", ["a", "a/b"])],
)
def test_a_path_is_a_directory_and_a_name(path: str, directory: str, name: str, directories: list[str]) -> None:
    assert (directory_of(path), name_of(path), ancestors(path)) == (directory, name, directories)
    assert join(directory, name) == path


@given(PATHS)
@MANY
def test_join_puts_together_what_was_taken_apart(path: str) -> None:
    assert join(directory_of(path), name_of(path)) == path
    assert all(path.startswith(directory + "/") for directory in ancestors(path))
    assert ancestors(path)[-1:] == ([directory_of(path)] if directory_of(path) else [])


@pytest.mark.parametrize(
    ("short", "path", "expected"),
    [
        ("tone", "style/tone", True),
        ("style/tone", "style/tone", True),
        ("one", "style/tone", False),
        ("tone", "tone", True),
        ("a/tone", "style/tone", False),
        ("style/tone", "tone", False),
    ],
)
def test_a_suffix_is_made_of_whole_segments(short: str, path: str, expected: bool) -> None:  # noqa: FBT001 - a column
    assert is_suffix(short, path) is expected


@pytest.mark.parametrize(
    ("path", "directory", "expected"),
    [
        ("a", "", True),
        ("a/b", "a", True),
        ("a/b/c", "a", True),
        ("a/b/c", "a/b", True),
        ("A/B", "a", True),
        ("a", "a", False),
        ("ab/c", "a", False),
        ("b/a/c", "a", False),
    ],
)
def test_a_directory_holds_what_is_below_it(path: str, directory: str, expected: bool) -> None:  # noqa: FBT001 - a column
    assert is_inside(path, directory) is expected


# The shortest names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([], []),
        (["a"], ["a"]),
        (["style/tone", "format/json"], ["tone", "json"]),
        (["projectA/restart", "projectB/restart"], ["projectA/restart", "projectB/restart"]),
        (["x/a/restart", "y/b/restart"], ["a/restart", "b/restart"]),
        (["x/a/restart", "y/a/restart", "a/restart"], ["x/a/restart", "y/a/restart", "a/restart"]),
        (["tone", "style/tone"], ["tone", "style/tone"]),
        (["a/b/c", "b/c", "d/c"], ["a/b/c", "b/c", "d/c"]),
        (["u/a/p", "v/a/p", "w/b/p"], ["u/a/p", "v/a/p", "b/p"]),
        (["x/Tone", "y/tone"], ["x/Tone", "y/tone"]),
        (["x/cafe\u0301", "y/caf\u00e9", "z/The"], ["x/cafe\u0301", "y/caf\u00e9", "The"]),
    ],
)
def test_the_shortest_name_is_the_shortest_suffix_of_its_own(paths: list[str], names: list[str]) -> None:
    assert shortest_names(paths) == dict(zip(paths, names, strict=True))


def _suffixes(path: str) -> Iterable[str]:
    segments = path.split("/")
    return ("/".join(segments[-depth:]) for depth in range(1, len(segments) + 1))


def _ends_in(path: str, short: str) -> bool:
    return is_suffix(key_of(short), key_of(path))


def _by_trying(path: str, paths: list[str]) -> str:
    alone = (short for short in _suffixes(path) if sum(_ends_in(other, short) for other in paths) == 1)
    return next(alone, path)


@given(LIBRARIES)
@MANY
def test_the_shortest_names_are_those_that_trying_finds(paths: list[str]) -> None:
    assert shortest_names(paths) == {path: _by_trying(path, paths) for path in paths}


@given(LIBRARIES)
@MANY
def test_a_shortest_name_leads_back_to_its_path(paths: list[str]) -> None:
    names = shortest_names(iter(paths))

    assert len({key_of(name) for name in names.values()}) == len(paths)
    for path, name in names.items():
        exact = [other for other in paths if key_of(other) == key_of(name)]
        assert (exact or [other for other in paths if _ends_in(other, name)]) == [path]
        assert is_suffix(name, path)


@given(LIBRARIES, LIBRARIES)
@MANY
def test_prompts_of_other_names_change_no_name(paths: list[str], others: list[str]) -> None:
    taken = {key_of(name_of(path)) for path in paths}
    strangers = [path for path in others if key_of(name_of(path)) not in taken]

    assert shortest_names(paths).items() <= shortest_names(paths + strangers).items()


NAME_MANY = """
from prompt_kernel.names import near, shortest_names
deep = ["/".join(f"d{(number >> bit) & 1}" for bit in range(17)) + "/same" for number in range(100_000)]
assert len(set(shortest_names(deep).values())) == 100_000
assert near("d0/d1/sane", deep)
"""


def test_a_hundred_thousand_deep_paths_of_one_name_are_named_at_once() -> None:
    """Trying each against all would take hours."""
    subprocess.run([sys.executable, "-c", NAME_MANY], timeout=60, check=True)  # noqa: S603 - our own program


# Near names

LIBRARY = [
    "format/json",
    "format/xml",
    "review",
    "style/base",
    "style/tone",
    "style/tonality",
    "translate",
    "übung/ton",
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tone", ["style/tone", "übung/ton"]),
        ("style/tine", ["style/tone", "style/base", "style/tonality"]),
        ("stile/tone", ["style/tone", "übung/ton", "style/tonality"]),
        ("STYLE/TONE", ["style/tone", "übung/ton", "style/tonality"]),
        ("reviw", ["review"]),
        ("Review", ["review"]),
        ("revue", ["review"]),
        ("jsn", ["format/json"]),
        ("tranlsate", ["translate"]),
        ("format/yaml", ["format/xml", "format/json"]),
        ("UBUNG/TON", ["übung/ton", "style/tone"]),
        ("zzz", []),
        ("", []),
    ],
)
def test_near_names_are_the_likeliest_first(name: str, expected: list[str]) -> None:
    assert near(name, LIBRARY) == expected


def test_as_many_near_names_are_given_as_asked_for() -> None:
    assert near("tone", LIBRARY, most=1) == ["style/tone"]
    assert near("tone", []) == []
    assert near("a", ["x/a", "b/a", "a/a"]) == ["a/a", "b/a", "x/a"]


@pytest.mark.parametrize("name", ["style/tine", "tone", "tranlsate", "reviw", "format/yaml"])
def test_a_near_name_is_found_among_many(name: str) -> None:
    many = [f"filler/{number:05}/entry {number}" for number in range(5_000)]

    assert near(name, [*many[:2_500], *LIBRARY, *many[2_500:]], most=1) == near(name, LIBRARY, most=1)
    assert near("x", [f"f{number}" for number in range(5_000)]) == []
