import pytest

from prompt_kernel.errors import PathTakenError, PromptNotFoundError
from prompt_kernel.store import Store
from prompt_kernel.variables import declare
from prompt_kernel_dashboard import creating
from prompt_kernel_dashboard.creating import Report, Upload


@pytest.mark.parametrize(
    ("directory", "name", "path"),
    [
        ("", "tone", "tone"),
        ("style", "tone", "style/tone"),
        (" style/ ", " /tone ", "style/tone"),
        ("style", "a/b", "style/a/b"),
    ],
)
def test_a_path_comes_of_directory_and_name(directory: str, name: str, path: str) -> None:
    assert creating.path_for(directory, name) == path


TAKEN = "Choose another path, or rename the other one first."
PROBLEMS = {
    "style/new": "",
    "tone": "",  # the display name of style/tone, which another prompt can have as its path
    "style/tone": f"style/tone exists already. {TAKEN}",
    "Style/TONE": f"Style/TONE is too close to style/tone, which exists. {TAKEN}",
    "former": "latter was called former before, and texts may still include it by that name. Choose another path.",
    "a//b": "'a//b' cannot be a path: it has an empty segment; write it without a slash at either end.",
    "con": "'con' cannot be a path: 'con' is a device on Windows, so it could not be exported.",
    "a/9": "'a/9' cannot be a path: '9' must start with a letter or _ and hold letters, digits, _, -, and inside . "
    "or single spaces.",
}


@pytest.mark.parametrize("path", PROBLEMS)
def test_a_path_that_cannot_be_had_says_why(library: Store, path: str) -> None:
    library.save("former", "x")
    library.rename("former", "latter")
    assert creating.problem_with(library, path) == PROBLEMS[path]


def test_a_name_that_several_prompts_have_can_be_a_path(library: Store) -> None:
    library.save("voice/tone", "x")
    assert creating.problem_with(library, "tone") == ""


def test_a_prompt_starts_empty(store: Store) -> None:
    made = creating.create(store, "style/new")
    assert (made.path, made.version, made.text) == ("style/new", 1, "")


def test_a_copy_has_the_text_and_all_metadata(library: Store) -> None:
    made = creating.create(library, "style/voice", copy_of="style/tone")
    assert (made.text, made.description, made.tags, made.engine, made.message) == (
        "Speak in a {{ tone }} voice.\n",
        "How to sound",
        ("style",),
        "simple",
        "copied from style/tone@1",
    )
    assert made.variables == declare({"tone": {"type": "enum", "values": ["formal", "plain"], "default": "plain"}})


def test_a_copy_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(PromptNotFoundError):
        creating.create(store, "new", copy_of="gone")


def test_a_path_that_somebody_took_meanwhile_is_not_written_over(library: Store) -> None:
    with pytest.raises(PathTakenError):
        creating.create(library, "style/tone", copy_of="format/json")
    assert library.get("style/tone").text == "Speak in a {{ tone }} voice.\n"


def test_an_upload_keeps_its_front_matter(store: Store) -> None:
    data = b"---\ndescription: How\ntags: [a, b]\nother: kept\n---\nHello \xf0\x9f\x98\x80\r\n"
    report = creating.upload(store, "style", [Upload("tone.md", data)])
    made = store.get("style/tone")
    assert report == Report(("style/tone",), {})
    assert (made.text, made.description, made.tags, made.message) == ("Hello 😀\r\n", "How", ("a", "b"), "uploaded")


def test_a_single_upload_can_be_given_another_name(store: Store) -> None:
    assert creating.upload(store, "", [Upload("01 intro.md", b"x")], name="sub/intro") == Report(("sub/intro",), {})


def test_uploads_that_cannot_be_prompts_are_left_out_and_nothing_is_changed(library: Store) -> None:
    uploads = [
        Upload("good.md", b"fine"),
        Upload("tone.md", b"another"),
        Upload("notes.txt", b"text"),
        Upload("C:\\files\\ok.md", b"fine"),
        Upload("2.md", b"x"),
        Upload("binary.md", b"\xff\xfe\x00\x01\x02"),
        Upload("good.md", b"twice"),
    ]
    report = creating.upload(library, "style", uploads)
    assert report.created == ("style/good", "style/ok")
    assert list(report.skipped) == ["tone.md", "notes.txt", "2.md", "binary.md", "good.md"]
    assert report.skipped["notes.txt"] == "it is no .md file"
    assert report.skipped["tone.md"].startswith("style/tone exists already.")
    assert str(report) == "2 created, 5 left out."
    assert library.get("style/tone").version == 1


def test_a_report_of_nothing_says_so() -> None:
    assert [str(Report((), {})), str(Report(("a",), {})), str(Report((), {"b": "x"}))] == [
        "Nothing was created.",
        "1 created.",
        "Nothing was created, 1 left out.",
    ]
