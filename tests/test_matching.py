"""Names that are nearly right: what they mean, what they may mean, and what they cannot mean."""

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompt_kernel as pk
from prompt_kernel import matching
from prompt_kernel.errors import AmbiguousNameError, DirectoryNotFoundError, PromptNotFoundError, VersionNotFoundError
from prompt_kernel.matching import match

PATHS = ["Alpha", "Beta", "style/tone", "style/tones", "style/base", "team/Style", "lib/Tone", "café/Menü"]

MEANT = [
    # the original prompt manager's own cases
    ("Alpha", ["Alpha", "Beta"], "Alpha"),
    ("Alph", ["Alpha", "Beta"], "Alpha"),
    ("/alp", ["Alpha", "Beta"], "Alpha"),
    ("alpha", ["Alpha", "Beta"], "Alpha"),
    # exactly comes before in another case, the path before its end, and all of it before a beginning
    ("style/tone", PATHS, "style/tone"),
    ("STYLE/TONE", PATHS, "style/tone"),
    ("tone", PATHS, "style/tone"),
    ("Tone", PATHS, "lib/Tone"),
    ("Alpha", ["Alpha", "Alphabeta"], "Alpha"),
    ("ALPHA", ["x/Alpha", "alphabeta"], "x/Alpha"),
    ("tone", ["a/b/tone", "tone"], "tone"),
    ("b/tone", ["a/b/tone", "c/tone"], "a/b/tone"),
    ("MENÜ", PATHS, "café/Menü"),
    ("cafe\u0301", ["café", "cave"], "café"),
    # a beginning of the name comes before a beginning of the path, so that a directory is not its own contents
    ("bas", PATHS, "style/base"),
    ("style/b", PATHS, "style/base"),
    ("tea", ["team", "team/alpha", "team/beta"], "team"),
    ("team/", ["team", "team/alpha"], "team"),
    ("caf", PATHS, "café/Menü"),
    # slips: another character, too many, too few, two swapped
    ("bete", PATHS, "Beta"),
    ("betta", ["Beta", "Theta"], "Beta"),
    ("style/bsae", PATHS, "style/base"),
    ("stlye/base", PATHS, "style/base"),
    ("tonne", ["a/tone", "b/tongue"], "a/tone"),
    ("summarize", ["summarise", "summary"], "summarise"),
]

AMBIGUOUS = [
    ("Alph", ["Alpha", "Alphabeta"], ("Alpha", "Alphabeta")),
    ("ton", PATHS, ("lib/Tone", "style/tone", "style/tones")),
    ("base", ["a/base", "b/base", "c/basement"], ("a/base", "b/base")),
    ("bate", ["bake", "bale"], ("bake", "bale")),
    ("a", ["a/x", "a/y"], ("a/x", "a/y")),
    ("p", [f"p{number:02}" for number in range(30)], tuple(f"p{number:02}" for number in range(20))),
]

NOTHING = [
    ("Gamma", ["Alpha", "Beta"], ()),
    ("", PATHS, ()),
    ("/", PATHS, ()),
    ("abc", ["abd", "xyz"], ("abd",)),
    ("tune", [], ()),
    ("x" * 2_000, PATHS, ()),
    ("[[%_\\", PATHS, ()),
]


@pytest.mark.parametrize(("name", "paths", "meant"), MEANT)
def test_a_name_that_is_nearly_right_means_one_path(name: str, paths: list[str], meant: str) -> None:
    assert match(name, paths) == match(name, paths[::-1]) == meant


@pytest.mark.parametrize(("name", "paths", "candidates"), AMBIGUOUS)
def test_a_name_that_fits_several_lists_them(name: str, paths: list[str], candidates: tuple[str, ...]) -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        match(name, paths)

    assert (caught.value.name, caught.value.candidates) == (name, candidates)


@pytest.mark.parametrize(("name", "paths", "near"), NOTHING)
def test_a_name_that_is_near_to_nothing_is_the_error_that_was_asked_for(
    name: str, paths: list[str], near: tuple[str, ...]
) -> None:
    with pytest.raises(DirectoryNotFoundError) as caught:
        match(name, paths, DirectoryNotFoundError)

    assert (caught.value.path, caught.value.suggestions) == (name, near)


def distance(one: str, other: str) -> int:
    """The edit distance with swapped neighbours as one slip, computed cell by cell from its definition."""
    cells: dict[tuple[int, int], int] = {}
    for row, column in product(range(len(one) + 1), range(len(other) + 1)):
        if not row or not column:
            cells[row, column] = row + column
            continue
        same = one[row - 1] == other[column - 1]
        costs = [cells[row - 1, column - 1] + (not same), cells[row - 1, column] + 1, cells[row, column - 1] + 1]
        if row > 1 and column > 1 and one[row - 1] == other[column - 2] and one[row - 2] == other[column - 1]:
            costs.append(cells[row - 2, column - 2] + 1)
        cells[row, column] = min(costs)
    return cells[len(one), len(other)]


WORDS = st.text("abcd", min_size=1, max_size=14)


@given(WORDS, st.lists(WORDS, unique=True, max_size=8))
@settings(max_examples=500, deadline=None)
def test_the_fewest_slips_are_found_as_their_definition_has_them(wanted: str, paths: list[str]) -> None:
    slips = {path: distance(wanted, path) for path in paths}
    fewest = min(slips.values(), default=99)
    expected = [path for path in paths if slips[path] == fewest] if fewest <= matching.slips_allowed(wanted) else []
    if fewest == 0:
        return  # it is there exactly, and nobody counts slips

    assert matching.misspelt(wanted, matching.candidates_for(wanted, paths)) == expected


# The verbs of a store

FOUND = [
    ("style/tone", "style/tone@2"),
    ("STYLE/TONE", "style/tone@2"),
    ("tone", "style/tone@2"),
    ("/style/tone/", "style/tone@2"),
    ("style/tone@1", "style/tone@1"),
    ("ton@1", "style/tone@1"),
    ("tnoe@draft", "style/tone@1"),
    ("ton", "style/tone@2"),
    ("style/t", "style/tone@2"),
    ("styl/tone", "style/tone@2"),
    ("reveiw", "review@1"),
    ("old/name", "review@1"),
    ("off/hidden", "off/hidden@1"),
    ("hidde", "off/hidden@1"),
]

NOT_FOUND: list[tuple[str, type[Exception], str]] = [
    ("Gamma", PromptNotFoundError, "There is no prompt 'Gamma'."),
    ("", PromptNotFoundError, "There is no prompt ''."),
    ("thrown-away", PromptNotFoundError, "There is no prompt 'thrown-away'."),
    ("style/b@9", VersionNotFoundError, "style/base has no version 9. It has version 1."),
    ("same", AmbiguousNameError, "'same' could be a/same or b/same. Write one of these paths."),
    ("sam", AmbiguousNameError, "'sam' could be a/same or b/same. Write one of these paths."),
    ("saem", AmbiguousNameError, "'saem' could be a/same or b/same. Write one of these paths."),
    ("%", PromptNotFoundError, "There is no prompt '%'."),
]


@pytest.fixture
def world(library: pk.Store) -> pk.Store:
    library.save("style/tone", "Speak in a {{ tone }} voice, always.\n")
    library.label("style/tone", "draft", version=1)
    library.rename("review", "old/name")
    library.rename("old/name", "review")
    library.save("a/same", "one")
    library.save("b/same", "two")
    library.save("off/hidden", "three")
    library.update_directory("off", enabled=False)
    library.save("thrown-away", "four")
    library.delete("thrown-away")
    return library


@pytest.mark.parametrize(("name", "found"), FOUND)
def test_find_prompt_finds_what_get_finds_and_what_is_nearly_right(world: pk.Store, name: str, found: str) -> None:
    prompt = world.find_prompt(name)

    assert f"{prompt.path}@{prompt.version}" == found


@pytest.mark.parametrize(("name", "error", "sentence"), NOT_FOUND)
def test_find_prompt_says_what_it_cannot_tell(
    world: pk.Store, name: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=re.escape(sentence)) as caught:
        world.find_prompt(name)

    assert type(caught.value) is error


def test_find_directory_finds_disabled_ones_too_and_says_what_it_cannot_tell(world: pk.Store) -> None:
    assert [world.find_directory(name).path for name in ("styl", "FORMAT", "of", "/style")] == [
        "style",
        "format",
        "off",
        "style",
    ]
    with pytest.raises(DirectoryNotFoundError, match="There is no directory 'gamma'"):
        world.find_directory("gamma")
    with pytest.raises(DirectoryNotFoundError, match="There is no directory ''"):
        world.find_directory("")


def test_a_prompt_that_is_found_by_its_name_reads_no_list_of_paths(
    world: pk.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "match", None)
    monkeypatch.setattr(matching, "misspelt", None)

    assert [world.find_prompt(name).path for name in ("style/tone", "json", "revi")] == [
        "style/tone",
        "format/json",
        "review",
    ]
