"""The panel in a real JupyterLab: a prompt is found, filled in, and put into a cell that runs."""

import json

import pytest
from playwright.async_api import Locator, expect

from prompt_kernel.store import Store
from tests.browser.lab import Notebook, OpenNotebook
from tests.browser.people import SECONDS


@pytest.fixture
def place(library: Store) -> str:
    """A file with the small library, which somebody else has open too."""
    library.save("count", "Give {{ n }} reasons.", variables={"n": {"type": "integer", "default": 3}})
    return library.url


async def opened(notebook: Notebook, source: str = "%prompts browse") -> Locator:
    """Run a cell that shows a panel; return the panel when it has its prompts."""
    panel = (await notebook.run(source)).locator(".pk-browse")
    await expect(panel.get_by_role("option").first).to_be_visible()
    return panel


async def test_a_prompt_is_found_filled_in_and_put_into_a_cell_that_runs(
    open_notebook: OpenNotebook, place: str, library: Store
) -> None:
    notebook = await open_notebook(place)
    panel = await opened(notebook)
    await panel.get_by_role("searchbox", name="Search prompts").fill("some code")
    await expect(panel.get_by_role("option")).to_have_count(1)
    await panel.get_by_role("option").click()
    await expect(panel.get_by_text("Not filled in: code")).to_be_visible()
    await panel.get_by_label("code", exact=True).fill('say "it\'s"\n  and indent')
    await panel.get_by_label("tone", exact=True).select_option("formal")
    wanted = str(library.expand("review", code='say "it\'s"\n  and indent', tone="formal"))
    text = panel.get_by_role("region", name="Expanded text")
    await expect(text).to_contain_text("formal")
    assert await text.text_content() == wanted
    await expect(panel.get_by_text(f"{len(wanted)} characters from 4 prompts")).to_be_visible()
    await expect(text.get_by_title("style/base, version 1")).to_have_text("Be brief.\n")

    await panel.get_by_role("button", name="Insert as a cell").click()
    await expect(panel.get_by_text("Put a new cell below this one.")).to_be_visible()
    sources = await notebook.sources()
    assert sources[-1] == "text = %prompt review tone=formal code:='say \"it\\'s\"\\n  and indent'"
    assert sources[-2] == "%prompts browse"
    await notebook.page.evaluate(
        "async () => { jupyterapp.shell.currentWidget.content.activeCellIndex += 1;"
        " await jupyterapp.commands.execute('notebook:run-cell'); }"
    )
    assert await notebook.value("str(text)") == wanted
    assert (notebook.errors, notebook.alerts) == ([], [])


async def test_what_is_copied_is_the_expansion(open_notebook: OpenNotebook, place: str) -> None:
    notebook = await open_notebook(place)
    await notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel = await opened(notebook, "n = 7\nimport prompt_kernel as pk\npk.browse('count')")
    await expect(panel.get_by_placeholder("from the notebook: 7")).to_be_visible()
    await panel.get_by_role("button", name="Copy").click()
    await expect(panel.get_by_text("Copied the expanded text, 15 characters.")).to_be_visible()
    assert await notebook.page.evaluate("navigator.clipboard.readText()") == "Give 7 reasons."
    await panel.get_by_label("n", exact=True).fill("2.5")
    await expect(panel.get_by_text("n='2.5' does not fit: it must be a whole number.")).to_be_visible()


async def test_all_of_it_goes_by_keyboard_and_no_key_reaches_the_notebook(
    open_notebook: OpenNotebook, place: str
) -> None:
    notebook = await open_notebook(place)
    panel = await opened(notebook)
    before = await notebook.sources()
    keyboard = notebook.page.keyboard
    await panel.get_by_role("searchbox").focus()
    # In a cell's output these would delete, add, cut and paste cells.
    await keyboard.type("ddbaxvm")
    await expect(panel.get_by_text("Nothing matches.")).to_be_visible()
    await keyboard.press("Escape")
    await expect(panel.get_by_role("option")).to_have_count(5)
    await keyboard.press("ArrowDown")
    await keyboard.press("ArrowDown")
    await keyboard.press("End")
    await expect(panel.get_by_role("heading", name="style/tone")).to_be_visible()
    await keyboard.press("Tab")
    await expect(panel.get_by_role("combobox", name="Version")).to_be_focused()
    await keyboard.press("Tab")
    await expect(panel.get_by_role("tab", name="Preview")).to_be_focused()
    await keyboard.press("ArrowLeft")
    await expect(panel.get_by_role("tab", name="History")).to_be_focused()
    await expect(panel.get_by_text("This is its only version.")).to_be_visible()
    await keyboard.press("Shift+Enter")
    assert await notebook.sources() == before
    assert notebook.errors == []


async def test_an_edit_in_the_panel_is_a_version_that_the_panel_shows(
    open_notebook: OpenNotebook, place: str, library: Store
) -> None:
    notebook = await open_notebook(place)
    panel = await opened(notebook, "%prompts browse count")
    await panel.get_by_role("button", name="Edit").click()
    text = panel.locator(".cm-content")
    await expect(text).to_contain_text("reasons.")
    await text.click()
    await notebook.page.keyboard.press("Control+End")
    await notebook.page.keyboard.type(" Be kind.")
    await panel.get_by_role("button", name="Save version", exact=True).click()
    await expect(panel.get_by_text("Saved as version 2.")).to_be_visible()
    await panel.get_by_role("button", name="Close the editor").click()
    await expect(panel.get_by_role("region", name="Expanded text")).to_have_text("Give 3 reasons. Be kind.")
    assert library["count"].text == "Give {{ n }} reasons. Be kind."
    await panel.get_by_role("tab", name="History").click()
    await expect(panel.get_by_role("region", name="What changed").locator("ins")).to_have_text(" Be kind.")


async def test_it_looks_like_its_notebook_and_fits_into_it(open_notebook: OpenNotebook, place: str) -> None:
    notebook = await open_notebook(place, width=480, dark=True)
    panel = await opened(notebook, "%prompts browse review")
    await expect(panel.get_by_text("Not filled in: code")).to_be_visible()
    looks = await panel.evaluate(
        "panel => { const probe = document.body.appendChild(document.createElement('div'));"
        " probe.style.background = 'var(--jp-layout-color0)';"
        " const look = [getComputedStyle(panel).backgroundColor, getComputedStyle(probe).backgroundColor];"
        " probe.remove(); return look; }"
    )
    assert looks[0] == looks[1] != "rgb(255, 255, 255)"
    wider = await panel.evaluate(
        "panel => [...panel.querySelectorAll('*')].filter(each => each.getBoundingClientRect().right >"
        " panel.getBoundingClientRect().right + 1).map(each => each.className)"
    )
    assert wider == []


async def test_a_notebook_that_was_saved_has_the_prompts_without_a_widget(
    open_notebook: OpenNotebook, place: str
) -> None:
    notebook = await open_notebook(place)
    await opened(notebook)
    written = await notebook.save()
    (output,) = written["cells"][-1]["outputs"]
    page = "".join(output["data"]["text/html"])
    assert "Speak in a {{ tone }} voice." in page
    assert len(json.dumps(written)) < 40_000


async def test_a_kernel_that_was_restarted_is_said_in_the_panel(open_notebook: OpenNotebook, place: str) -> None:
    notebook = await open_notebook(place)
    panel = await opened(notebook)
    await notebook.restart()
    await expect(panel.get_by_role("alert")).to_have_text(
        "The kernel of this notebook was restarted, or has ended. Run the cell again to go on.", timeout=20 * SECONDS
    )
