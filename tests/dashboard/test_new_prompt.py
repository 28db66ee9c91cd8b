from collections.abc import Callable
from typing import Any

import pytest

from prompt_kernel.store import Store
from prompt_kernel_dashboard import frame
from prompt_kernel_dashboard.app_pages import new_prompt
from prompt_kernel_dashboard.creating import Report
from prompt_kernel_dashboard.state import Asked
from tests.dashboard.session import Session

OpenApp = Callable[..., Any]


def asked(**details: Any) -> dict[str, Any]:
    return {"pk_asked": Asked("new", details)}


def test_the_path_is_shown_as_it_will_be_and_the_editor_opens(library: Store, app: OpenApp) -> None:
    page = app().press("New prompt")
    assert (page.texts, "Create" in page.buttons) == (["Type a name."], False)
    page.at.selectbox(key="pk_new_directory").set_value("style")
    page.type("Name", "voice")
    assert page.texts == ["Its path: style/voice"]
    page.press("Create")
    assert library.get("style/voice").text == ""
    assert (page.handed("editor")["path"], page.at.query_params) == ("style/voice", {"prompt": "style/voice"})
    assert "pk_asked" not in page.memory


TAKEN = r"Choose another path, or rename the other one first\."
PROBLEMS = {
    "style/tone": rf"style/tone exists already\. {TAKEN}",
    "Style/Tone": rf"Style/Tone is too close to style/tone, which exists\. {TAKEN}",
    "<b>": r"'\<b\>' cannot be a path: '\<b\>' must start with a letter or \_ and hold letters, digits, \_, \-, "
    r"and inside \. or single spaces\.",
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_name_that_cannot_be_had_is_explained_as_it_is_typed(library: Store, app: OpenApp, name: str) -> None:
    page = app(asked()).type("Name", name)
    assert (page.problems, "Create" in page.buttons, len(library)) == ([PROBLEMS[name]], False, 4)


def test_enter_creates(library: Store, app: OpenApp) -> None:
    page = app(asked()).type("Name", "voice")
    page.know(pk_pressed="create").run()
    assert (library.get("voice").version, page.handed("editor")["path"]) == (1, "voice")


def test_enter_on_a_bad_name_creates_nothing(library: Store, app: OpenApp) -> None:
    page = app(asked()).type("Name", "9")
    page.know(pk_pressed="create").run()
    assert (len(library), len(page.problems)) == (4, 1)


def test_the_key_for_enter_is_heard_in_the_name(session: Session) -> None:
    frame.pressed("create")
    frame.pressed("new")
    assert session.memory == {"pk_pressed": "create", "pk_asked": Asked("new", {})}


def test_a_copy_is_found_by_what_is_typed(library: Store, app: OpenApp) -> None:
    page = app(asked(start="copy"))
    page.type("Copy of", "jso")
    assert page.at.selectbox(key="pk_new_copy:jso").options == ["format/json"]
    page.type("Name", "copied")
    page.press("Create")
    made = library.get("copied")
    assert (made.text, made.tags, made.message) == (
        'Answer as JSON: {"answer": "…"}\n',
        ("format",),
        "copied from format/json@1",
    )


def test_a_copy_of_nothing_cannot_be_made(library: Store, app: OpenApp) -> None:
    assert library
    page = app(asked(start="copy"))
    page.type("Copy of", "nothing like it")
    page.type("Name", "copied")
    assert (page.texts, "Create" in page.buttons) == (["No prompt has such a name.", "Its path: copied"], False)


def test_one_file_is_named_after_itself_and_opens(store: Store, app: OpenApp) -> None:
    page = app(asked(start="upload"))
    page.at.file_uploader[0].upload("voice.md", b"---\ntags: [a]\n---\nHello\n", "text/markdown")
    page.run()
    assert page.texts[-1] == "Its path: voice"
    page.press("Create")
    made = store.get("voice")
    assert (made.text, made.tags, page.handed("editor")["path"]) == ("Hello\n", ("a",), "voice")


def test_several_files_go_into_a_directory_and_what_is_left_out_is_said(library: Store, app: OpenApp) -> None:
    page = app(asked(start="upload", directory="style"))
    page.at.file_uploader[0].set_value(
        [("tone.md", b"other", "text/markdown"), ("a.md", b"A", "text/markdown"), ("b.md", b"B", "text/markdown")]
    )
    page.run()
    taken = "style/tone exists already. Choose another path, or rename the other one first."
    assert page.tables == [
        [
            {"File": "tone.md", "Prompt": "", "Left out because": taken},
            {"File": "a.md", "Prompt": "style/a", "Left out because": ""},
            {"File": "b.md", "Prompt": "style/b", "Left out because": ""},
        ]
    ]
    page.press("Create 2")
    assert [library.get(path).text for path in ("style/a", "style/b")] == ["A", "B"]
    assert library.get("style/tone").version == 1
    assert page.texts == [f"2 created, 1 left out. tone.md: {taken}"]


def test_what_became_of_uploads_is_a_sentence() -> None:
    assert new_prompt.sentence_of(Report(("a", "b"), {})) == "2 created. a and b"
