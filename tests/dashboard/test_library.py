from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from prompt_kernel.records import Draft, Rows
from prompt_kernel.store import Store
from prompt_kernel_dashboard.app_pages import library as library_page
from prompt_kernel_dashboard.batch import Done
from prompt_kernel_dashboard.state import Asked, Going
from prompt_kernel_dashboard.view import View
from tests.dashboard.session import Session

OpenApp = Callable[..., Any]


def rows(page: Any) -> list[str]:
    return [row["path"] for row in page.handed("library")["rows"]]


def test_the_library_shows_all_prompts_and_the_tree(library: Store, app: OpenApp) -> None:
    page = app()
    assert rows(page) == list(library)
    assert [found["path"] for found in page.handed("tree")["directories"]] == ["format", "style"]


def test_an_empty_store_says_what_to_do_first(store: Store, app: OpenApp) -> None:
    assert len(store) == 0
    page = app()
    assert page.handed("library") is None
    assert page.texts == [
        "Begin in one of these ways.",
        "Give it a name, and write it in the editor.",
        "Each becomes a prompt; its front matter is kept.",
        "Every .md file in it becomes a prompt, every folder a directory.",
    ]
    page.press("Upload files")
    assert page.at.segmented_control[0].value == "upload"


def test_a_folder_is_imported_into_an_empty_store(
    store: Store, app: OpenApp, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("someone")
    monkeypatch.setenv("HOME", str(home))
    (home / "prompts" / "style").mkdir(parents=True)
    (home / "prompts" / "style" / "tone.md").write_text("Plainly.", encoding="utf-8")
    (home / "prompts" / "link.md").symlink_to(home / "prompts" / "style" / "tone.md")
    page = app()
    page.type("Folder", "~/pro")
    assert page.at.pills[0].options == [r"\~/prompts/"]
    page.at.pills[0].set_value("~/prompts/")
    assert page.run().at.text_input(key="pk_first_folder").value == "~/prompts/"
    page.press("Import")
    assert list(store) == ["style/tone"]
    report = f"Imported {home / 'prompts'}: 1 created, 0 updated, 0 unchanged, 1 skipped."
    assert page.texts == [f"{report} Left out: link.md (this is a link, and links are not followed)."]
    assert rows(page) == ["style/tone"]


def test_a_folder_that_cannot_be_imported_says_why(store: Store, app: OpenApp) -> None:
    assert len(store) == 0
    page = app()
    page.type("Folder", "/etc")
    page.press("Import")
    assert page.problems[0].startswith("folder: the server reaches ")


def test_what_a_session_looks_at_survives_another_page(library: Store, app: OpenApp) -> None:
    assert library
    page = app({"pk_view": View(query="brief")})
    assert (rows(page), page.handed("library")["query"]) == (["style/base"], "brief")
    page.know(pk_going=Going("trash", {})).run()
    page.know(pk_going=Going("", {})).run()
    assert (rows(page), page.handed("library")["query"]) == (["style/base"], "brief")


def test_opening_leads_to_the_editor(library: Store, session: Session) -> None:
    library_page.act(library, {"kind": "open", "path": "review", "newTab": False})
    assert session.memory["pk_going"] == Going("edit", {"prompt": "review"})


def test_a_star_makes_a_favourite_and_unmakes_it(library: Store, session: Session) -> None:
    library_page.act(library, {"kind": "favourite", "path": "review", "on": True})
    assert [entry.path for entry in library.favourites()] == ["review"]
    library_page.act(library, {"kind": "favourite", "path": "review", "on": False})
    assert (list(library.favourites()), session.memory) == ([], {})


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ({"kind": "new"}, Asked("new", {})),
        ({"kind": "bulk", "do": "move", "paths": ["a"]}, Asked("move", {"paths": ["a"]})),
        ({"kind": "bulk", "do": "delete", "paths": ["a", "b"]}, Asked("delete", {"paths": ["a", "b"]})),
        ({"kind": "bulk", "do": "delete", "paths": []}, None),
        ({"kind": "bulk", "do": "drop table", "paths": ["a"]}, None),
        ({"kind": "bulk", "do": "move", "paths": "a"}, None),
    ],
)
def test_what_asks_for_more_opens_its_dialog(
    library: Store, session: Session, action: dict[str, Any], asked: Asked | None
) -> None:
    library_page.act(library, action)
    assert session.memory.get("pk_asked") == asked


def test_every_other_action_changes_the_view(library: Store, session: Session) -> None:
    library_page.act(library, {"kind": "sort", "column": "author"})
    assert session.memory["pk_view"] == View(sort="author")


def test_what_the_components_say_arrives(library: Store, session: Session) -> None:
    session["library"] = {"query": "tone", "action": {"kind": "tag", "tag": "style"}}
    session["tree"] = {"choose": {"view": "directory", "path": "style"}, "move": {"paths": ["review"], "to": "style"}}
    library_page._typed()  # noqa: SLF001 - what Streamlit calls
    library_page._acted()  # noqa: SLF001 - the same
    library_page._chosen()  # noqa: SLF001 - the same
    assert session.memory["pk_view"] == View(kind="directory", directory="style", tag="style", query="tone")
    library_page._dropped()  # noqa: SLF001 - the same
    assert "style/review" in library
    assert session.memory["pk_done"].sentence == "Moved 1 prompt to style."


def test_a_drop_that_fails_is_told(library: Store, session: Session) -> None:
    library.save("style/review", "x")
    session["tree"] = {"move": {"paths": ["review"], "to": "style"}}
    library_page._dropped()  # noqa: SLF001 - what Streamlit calls
    assert [told.sentence for told in session.memory["pk_flashes"]] == [
        "style/review exists already. Choose another path, or rename the other one first."
    ]


def test_replacing_begins_with_what_is_selected_or_looked_at(library: Store, session: Session) -> None:
    session.memory["pk_view"] = View(kind="directory", directory="style", tag="t")
    library_page.act(library, {"kind": "bulk", "do": "replace", "paths": []})
    assert session.memory["pk_asked"] == Asked("replace", {"directory": "style", "tag": "t"})
    library_page.act(library, {"kind": "bulk", "do": "replace", "paths": ["review"]})
    assert session.memory["pk_asked"] == Asked("replace", {"paths": ["review"]})


def test_nothing_said_changes_nothing(library: Store, session: Session) -> None:
    assert library
    for heard in (library_page._acted, library_page._chosen, library_page._dropped):  # noqa: SLF001 - what Streamlit calls
        heard()
    assert session.memory == {}


def test_names_are_never_markdown(store: Store, app: OpenApp) -> None:
    store.save("style/__init__", "x", tags=["<b>:smile:"], description="**x** [a](b)")
    page = app({"pk_done": Done("Moved style/__init__ <b>.")})
    row = page.handed("library")["rows"][0]
    assert (row["description"], row["tags"], page.texts) == (
        "**x** [a](b)",
        ["<b>:smile:"],
        ["Moved style/__init__ <b>."],
    )


@pytest.mark.parametrize(
    "shown",
    [
        View(),
        View(query="word"),
        View(sort="updated", descending=True),
        View(tag="t1"),
        View(kind="directory", directory="d3"),
    ],
)
def test_a_page_of_many_prompts_asks_little_of_the_store(
    store: Store, app: OpenApp, monkeypatch: pytest.MonkeyPatch, shown: View
) -> None:
    store.save_many(
        [Draft(f"d{number % 20}/p{number}", "some word", tags=(f"t{number % 9}",)) for number in range(2_000)]
    )
    page = app({"pk_view": shown})
    calls: Counter[str] = Counter()
    handed = Counter[str]()

    def counting(verb: str) -> None:
        genuine = getattr(Store, verb)

        def counted(self: Store, *arguments: Any, **options: Any) -> Any:
            found = genuine(self, *arguments, **options)
            calls[verb] += 1
            handed[verb] += len(found) if isinstance(found, Rows | dict | list) else 1
            return found

        monkeypatch.setattr(Store, verb, counted)

    for verb in [name for name in dir(Store) if not name.startswith("_") and callable(getattr(Store, name))]:
        counting(verb)
    monkeypatch.setattr(Store, "__iter__", None)
    page.run()
    assert (len(rows(page)), sum(calls.values()) <= 12, max(handed.values()) <= 200) == (50, True, True), calls
