"""The panel's widget without a page: what it answers over its comm, from every kind of store."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import prompt_kernel as pk
from prompt_kernel.errors import StoreUnavailableError, TokenizerError
from prompt_kernel.notebook._browse_widget import Browser
from prompt_kernel.notebook._rooms import close_rooms
from prompt_kernel.store import Store
from tests.client.servers import ServerProcess
from tests.notebook.conftest import bare_shell, shell

__all__ = ["bare_shell", "shell"]
WIDGET = "application/vnd.jupyter.widget-view+json"


class Page:
    """A page that shows a panel: `ask` speaks as its component does."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.said: list[dict[str, Any]] = []
        browser.comm.send = self._hear

    def _hear(self, data: dict[str, Any], buffers: object) -> None:
        assert not buffers
        if data["method"] == "custom":
            self.said.append(data["content"])

    def tell(self, content: Any) -> None:
        """Say something to the kernel, as its handler of comm messages gets it."""
        message = {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
        self.browser._handle_msg(message)  # noqa: SLF001 - what a comm calls

    def ask(self, does: str, **what: Any) -> dict[str, Any]:
        self.tell({"kind": "ask", "id": f"p-{len(self.said)}", "do": does, **what})
        assert self.said[-1]["id"] == f"p-{len(self.said) - 1}"
        return self.said[-1]


def fill(store: Store) -> None:
    store.save("style/tone", "Speak in a {{ tone }} voice.\n", variables={"tone": "plain"}, tags=["style"])
    store.save("review", "[[style/tone]]Review this: {{ code }}")
    store.save("review", "[[style/tone]]Review this, please: {{ code }}", message="politely")


@pytest.fixture(params=["file", "postgresql", "http"])
def any_place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a store is, of each kind, with two prompts in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if request.param == "http":
        with ServerProcess(tmp_path) as server:
            with Store(server.store_url) as direct:
                fill(direct)
            yield server.url
        return
    place = request.getfixturevalue("postgres") if request.param == "postgresql" else str(tmp_path / "prompts.db")
    with Store(place) as direct:
        fill(direct)
    yield place


def test_a_panel_answers_from_any_store(any_place: str) -> None:
    browser = pk.browse("review", store=any_place)
    page = Page(browser)
    try:
        begun = page.ask("begin")
        assert (begun["ok"], begun["total"], [each["path"] for each in begun["directories"]]) == (True, 2, ["style"])
        assert [row["path"] for row in page.ask("list", words="pleas")["rows"]] == ["review"]
        assert [row["path"] for row in page.ask("list", view="all")["rows"]] == ["review", "style/tone"]
        assert page.ask("list", view="favourites")["rows"] == []
        assert page.ask("prompt", path="review@1")["newest"] == 2
        found = page.ask("preview", path="review", values={"code": "x = 1"})
        assert [(piece["text"], piece["origin"]) for piece in found["pieces"]] == [
            ("Speak in a ", 1), ("plain", 1), (" voice.\n", 1), ("Review this, please: ", 0), ("x = 1", 0),
        ]  # fmt: skip
        assert page.ask("whole", path="review", values={"code": "x = 1"})["incomplete"] == ""
        assert [version["message"] for version in page.ask("history", path="review")["versions"]] == ["politely", ""]
        assert len(page.ask("diff", path="review", before=1, after=2)["lines"]) == 3
        assert page.ask("prompt", path="reviw")["problem"] == "There is no prompt 'reviw'. Did you mean review?"
        assert browser.data["start"] == "review"
    finally:
        browser.close()


def test_a_panel_says_nothing_to_what_is_no_question(library: Store) -> None:
    page = Page(pk.browse(store=library))
    for content in ({}, {"kind": "trigger"}, "ask", None, {"kind": "answer", "id": "p-0", "do": "begin"}):
        page.tell(content)
    assert page.said == []


def test_the_magic_gives_a_panel_on_the_store_of_the_notebook(shell: InteractiveShell, library: Store) -> None:
    outcome = shell.run_cell("%prompts browse style/tone")
    outcome.raise_error()
    browser = outcome.result
    assert isinstance(browser, Browser)
    assert browser.data == {"start": "style/tone", "model": browser.model_id}
    begun = Page(browser).ask("begin")
    assert (begun["where"], begun["total"]) == (library.url, 4)


def test_a_panel_follows_the_notebook_to_another_store(shell: InteractiveShell, library: Store, tmp_path: Path) -> None:
    with Store(tmp_path / "other.db") as other:
        other.save("only/here", "x")
        url = other.url
    page = Page(pk.browse())
    before = page.ask("revision"), page.ask("begin")["where"]
    shell.run_cell(f"%prompts use '{url}'").raise_error()
    assert (before[1], page.ask("begin")["where"]) == (library.url, url)


def test_a_panel_outside_of_a_notebook_shows_the_usual_store(library: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    InteractiveShell.clear_instance()
    monkeypatch.setenv("PROMPT_KERNEL_URL", library.url)
    browser = pk.browse()
    assert Page(browser).ask("begin")["total"] == 4
    assert Page(browser).ask("cell", path="review")["source"] == "%load_ext prompt_kernel\ntext = %prompt review"
    browser.close()
    assert len(library) == 4


def test_closing_a_panel_leaves_a_store_open_that_was_handed_to_it(library: Store) -> None:
    pk.browse(store=library).close()
    assert len(library) == 4


def test_an_editor_is_opened_in_the_panel_and_closed_with_it(library: Store) -> None:
    try:
        browser = pk.browse(store=library)
        page = Page(browser)
        first, second = (page.ask("edit", path=path)["model"] for path in ("review", "style/tone"))
        assert first != second
        assert page.ask("leave")["ok"]
        assert page.ask("leave")["ok"]
        page.ask("edit", path="review")
        browser.close()
    finally:
        close_rooms()


def test_an_editor_that_cannot_be_opened_is_a_sentence() -> None:
    with Store(":memory:") as memory:
        memory.save("a", "x")
        answer = Page(pk.browse(store=memory)).ask("edit", path="a")
    assert answer["ok"] is False
    assert "memory" in answer["problem"]


def test_what_a_notebook_keeps_is_the_list_and_a_line(library: Store) -> None:
    bundle = pk.browse(store=library)._repr_mimebundle_()[0]
    assert set(bundle) == {WIDGET, "text/html", "text/plain"}
    assert "Speak in a {{ tone }} voice." in bundle["text/html"]
    assert bundle["text/plain"] == f"4 prompts in {library.url}; this needs a notebook to browse them."


def test_what_cannot_be_opened_or_counted_is_an_error_at_once(library: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        pk.browse(store=tmp_path)
    with pytest.raises(TokenizerError):
        pk.browse(store=library, tokenizer=7)


def test_tokens_are_counted_by_the_tokenizer_that_is_given(library: Store) -> None:
    found = Page(pk.browse(store=library, tokenizer=str.split)).ask("preview", path="style/base")
    assert (found["tokens"], found["exact"], found["tokenizer"]) == (7, True, "split")


def test_without_the_part_for_widgets_there_is_a_sentence() -> None:
    program = (
        "import sys; sys.modules['anywidget'] = None\n"
        "import prompt_kernel as pk\n"
        "try: pk.browse(store=':memory:')\n"
        "except pk.errors.MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)  # noqa: S603 - ours
    assert done.stdout.strip().endswith('pip install "prompt-kernel[notebook]"')
