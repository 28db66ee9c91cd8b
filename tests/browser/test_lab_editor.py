"""The shared editor in a real JupyterLab: with a dashboard beside it, in two views, over restarts and busy kernels."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from prompt_kernel.store import Store
from tests.browser.lab import LabEditor, OpenNotebook
from tests.browser.people import Dashboard, Enter, until

START = "Speak plainly.\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "prompts.db", author="ana") as opened:
        opened.save("style/tone", START)
        opened.save("review", "[[style/tone]]Review this: {{ code }}\n")
        yield opened


async def test_notebooks_and_a_dashboard_type_in_one_text_by_the_store_and_by_the_server(
    dashboard: Dashboard, enter: Enter, open_notebook: OpenNotebook
) -> None:
    notebook = await open_notebook(dashboard.store.url, author="Zoë")
    by_store = LabEditor(notebook, await notebook.run("%prompt style/tone --edit"))
    remote = f"import prompt_kernel as pk\npk.connect('{dashboard.url}')['style/tone'].edit(author='Eve')"
    by_server = LabEditor(notebook, await notebook.run(remote))
    ben = await enter("Ben")
    await ben.edit("style/tone")
    await by_store.synced()
    await by_server.synced()

    await by_store.type("From the notebook. ")
    await ben.sees(START + "From the notebook. ")
    await ben.type("From the dashboard. ", at=0)
    await by_server.sees("From the dashboard. " + START + "From the notebook. ")
    await by_server.type("By its server.")
    whole = "From the dashboard. " + START + "From the notebook. By its server."
    await by_store.sees(whole)
    await ben.sees(whole)
    await expect(ben.root.get_by_role("button", name="Eve")).to_be_visible()
    await expect(by_server.root.get_by_role("button", name="Ben")).to_be_visible()
    for editor in (by_store, by_server):
        await editor.is_in("saved")
    await ben.saved()

    await by_store.content.press("Control+s")
    await expect(by_store.root).to_have_attribute("data-version", "2")
    saved = dashboard.store["style/tone"]
    assert (saved.text, saved.author, saved.origin) == (whole, "Zoë", "notebook")


async def test_views_of_one_editor_are_in_step_and_their_keys_are_no_commands_of_the_notebook(
    store: Store, open_notebook: OpenNotebook
) -> None:
    notebook = await open_notebook(store.url)
    first = LabEditor(notebook, await notebook.run("import prompt_kernel as pk\ne = pk.connect()['review'].edit()\ne"))
    second = LabEditor(notebook, await notebook.run("e"))
    await first.synced()
    await second.synced()
    cells = await notebook.sources()

    await first.type("xdda")
    await notebook.page.keyboard.press("Shift+Enter")
    await second.type("zb")
    both = "[[style/tone]]Review this: {{ code }}\nxdda\nzb"
    await first.sees(both)
    await second.sees(both)
    await second.root.get_by_role("button", name="Copy").focus()
    await notebook.page.keyboard.type("dd")
    assert await notebook.sources() == cells

    # The view that began the connection goes; the other one goes on.
    await notebook.page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells.at(-2).setOutputs([])"
    )
    await expect(first.root).to_have_count(0)
    await second.type("!")
    await second.is_in("saved")
    await until(lambda: notebook.value("(draft := pk.live.draft_text(pk.connect(), 'review'))"), both + "!")


async def test_following_an_inclusion_leads_there_and_back_and_the_saved_notebook_has_the_text_as_it_was(
    store: Store, open_notebook: OpenNotebook
) -> None:
    notebook = await open_notebook(store.url)
    output = await notebook.run("%prompt review --edit")
    editor = LabEditor(notebook, output)
    await editor.synced()
    await editor.content.locator(".pk-inclusion").first.click(modifiers=["Control"])
    await editor.sees(START)
    await output.get_by_title("Back to where you came from").click()
    await editor.sees("[[style/tone]]Review this: {{ code }}\n")

    written = await notebook.save()
    (kept,) = written["cells"][-1]["outputs"]
    assert "".join(kept["data"]["text/plain"]) == "[[style/tone]]Review this: {{ code }}\n"
    assert "Review this: " in "".join(kept["data"]["text/html"])
    # The module of the browser is not kept with every notebook.
    assert len(json.dumps(written)) < 20_000


async def test_a_restarted_kernel_keeps_what_was_typed_and_says_so(store: Store, open_notebook: OpenNotebook) -> None:
    notebook = await open_notebook(store.url)
    editor = LabEditor(notebook, await notebook.run("%prompt style/tone --edit"))
    await editor.synced()
    await editor.type("Before. ")
    await editor.is_in("saved")

    await notebook.restart()
    banner = editor.root.get_by_role("alert")
    await expect(banner).to_contain_text("The kernel of this notebook was restarted, or has ended. Run the cell again")
    await editor.type("Meanwhile. ")
    await expect(banner).to_contain_text("What you typed is kept in this browser.")

    again = LabEditor(notebook, await notebook.run("%prompt style/tone --edit"))
    await again.synced()
    await again.sees(START + "Before. Meanwhile. ")
    await expect(again.root).to_contain_text("What you had typed here and was not saved then has been put back.")
    await again.is_in("saved")
    assert store["style/tone"].text == START + "Before. "


@pytest.mark.parametrize("subshells", ["perCommTarget", "disabled"])
async def test_nothing_is_lost_while_the_kernel_is_busy(
    store: Store, open_notebook: OpenNotebook, tmp_path: Path, subshells: str
) -> None:
    notebook = await open_notebook(store.url)
    await notebook.page.evaluate(
        "how => { jupyterapp.shell.currentWidget.sessionContext.session.kernel.commsOverSubshells = how; }", subshells
    )
    editor = LabEditor(notebook, await notebook.run("%prompt style/tone --edit"))
    await editor.synced()
    # What is typed before JupyterLab knows its subshell waits in the main shell, behind the cell.
    await notebook.page.wait_for_function(
        "how => [...jupyterapp.shell.currentWidget.sessionContext.session.kernel._comms.values()]"
        ".every(comm => how === 'disabled' || comm.subshellId)",
        arg=subshells,
    )
    flag = tmp_path / "go on"
    await notebook.begin(f"import os, time\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.01)")
    await editor.type("Typed while a cell runs. ")
    await editor.is_in("saved" if subshells == "perCommTarget" else "saving")

    flag.touch()
    await editor.is_in("saved")
    await notebook.ready()
    await editor.sees(START + "Typed while a cell runs. ")
