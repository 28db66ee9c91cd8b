"""The editor's widget without a page: what its kernel does with the sockets of its views."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import prompt_kernel as pk
from prompt_kernel import wire
from prompt_kernel.cli._output import as_json
from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.live import Hub
from prompt_kernel.locations import recall
from prompt_kernel.notebook._editor_widget import Editor
from prompt_kernel.notebook._rooms import close_rooms
from prompt_kernel.store import Store
from tests.live.client import Client
from tests.widgets.client import Page

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def _end_rooms() -> Iterator[None]:
    yield
    close_rooms()


async def test_views_of_one_editor_have_one_text_which_becomes_a_version_when_all_have_left(library: Store) -> None:
    page = Page(library["style/tone"].edit(author="ben"))
    one, other = await page.client().join(), await page.client().join()
    await one.until(lambda: one.is_synced)

    one.append("Be kind.\n")
    await one.pump()
    await other.until(lambda: other.text.endswith("Be kind.\n"))
    other.insert(0, "Always. ")
    await other.pump()
    await one.until(lambda: one.text.startswith("Always. "))
    await one.until_saved()
    await other.until_saved()

    text = "Always. Speak in a {{ tone }} voice.\nBe kind.\n"
    assert (one.text, other.text, library["style/tone"].version) == (text, text, 1)
    await one.drop()
    await other.drop()
    close_rooms()
    saved = library["style/tone"]
    assert (saved.text, saved.version, saved.author, saved.origin) == (text, 2, "ben", "notebook")


async def test_an_editor_and_a_dashboard_meet_in_the_store(library: Store) -> None:
    hub = Hub(library.url)
    await hub.start()
    try:
        uid = library["style/tone"].uid
        ana = await Client(hub, uid, "ana").join()
        ben = await Page(library["style/tone"].edit(author="ben")).client().join()
        await ben.until(lambda: ben.is_synced)

        ana.append("From the dashboard.\n")
        await ana.pump()
        await ben.until(lambda: ben.text.endswith("From the dashboard.\n"))
        ben.append("From the notebook.\n")
        await ben.pump()
        await ana.until(lambda: ana.text.endswith("From the notebook.\n"))

        answer = await ben.ask("save", message="both of us")
        assert answer == {"ok": True, "version": 2, "changed": True}
        await ana.until_noticed("merged")
    finally:
        await hub.stop()
    saved = library["style/tone"]
    assert saved.text.endswith("From the dashboard.\nFrom the notebook.\n")
    assert (saved.author, saved.origin, saved.message) == ("ben", "notebook", "both of us")


async def test_who_is_in_the_room_has_the_name_that_the_kernel_gives(library: Store) -> None:
    editor = library["review"].edit(author="Zoë", read_only=True)
    reader = await Page(editor).client().join()
    await reader.until(lambda: bool(reader.hello))

    assert reader.hello["you"]["name"] == "Zoë"
    assert reader.hello["readOnly"] is True
    assert {name: editor.data[name] for name in ("name", "readOnly", "path", "trail")} == {
        "name": "Zoë",
        "readOnly": True,
        "path": "review",
        "trail": [],
    }
    reader.append("not mine to change")
    await reader.until_noticed("refused")


async def test_following_an_inclusion_shows_that_prompt_and_the_way_back(library: Store) -> None:
    page = Page(library["review"].edit())
    seen = []
    for value in ({"path": "style/base"}, {"path": "style/tone"}):
        page.tell({"kind": "trigger", "name": "open", "value": value})
        seen.append((page.editor.data["path"], page.editor.data["trail"]))
    page.tell({"kind": "trigger", "name": "open", "value": {"path": "style/nothing"}})
    for _ in range(3):
        page.tell({"kind": "trigger", "name": "back"})
        seen.append((page.editor.data["path"], page.editor.data["trail"]))

    assert seen == [
        ("style/base", ["review"]),
        ("style/tone", ["review", "style/base"]),
        ("style/base", ["review"]),
        ("review", []),
        ("review", []),
    ]
    assert page.editor.data["uid"] == library["review"].uid
    said = await page.until_said(kind="remark")
    assert "There is no prompt 'style/nothing'." in said["message"]


async def test_a_socket_of_an_editor_that_was_closed_is_told_to_come_again(library: Store) -> None:
    page = Page(library["review"].edit())
    page.tell({"kind": "data", "socket": "old"}, b"\x00")
    assert (await page.until_said(kind="close"))["code"] == 1006


async def test_the_room_of_a_prompt_that_is_gone_is_closed_for_good(library: Store) -> None:
    editor = library["format/json"].edit()
    library.delete("format/json", force=True)
    library.purge("format/json")
    client = Page(editor).client()
    await client.connect()
    assert await client.until_closed() == 4404


async def test_a_page_gets_the_browser_module_once_it_asks(library: Store) -> None:
    editor = library["review"].edit()
    module: list[bytes] = []
    page = Page(editor)
    editor.comm.send = lambda data, buffers: module.extend(map(bytes, buffers))  # noqa: ARG005 - as it is called
    page.tell({"kind": "module"})
    assert b"pk-editor" in module[0]
    assert len(editor.get_state()["_esm"]) < 2_000


def test_without_widgets_an_editor_is_the_card_and_the_text_of_its_prompt(library: Store) -> None:
    prompt = library["style/base"]
    bundle, *_ = prompt.edit()._repr_mimebundle_()
    assert set(bundle) == {WIDGET, "text/html", "text/plain"}
    assert bundle["text/plain"] == prompt.text
    assert bundle["text/html"] == prompt._repr_html_()


def test_the_magic_opens_the_editor_as_the_author_of_the_notebook(
    shell: InteractiveShell, run: Callable[[str], Any]
) -> None:
    editor = run("%prompt base --edit --out opened")
    assert isinstance(editor, Editor)
    assert shell.user_ns["opened"] is editor
    assert (editor.data["path"], editor.data["name"], editor.data["readOnly"]) == ("style/base", "ana", False)
    assert run("p = %prompts show review\np.edit()").data["name"] == "ana"


async def test_unloading_the_extension_ends_the_rooms(bare_shell: InteractiveShell, library: Store) -> None:
    pk.load_ipython_extension(bare_shell)
    page = Page(library["review"].edit())
    client = await page.client().join()
    await client.until(lambda: client.is_synced)
    pk.unload_ipython_extension(bare_shell)
    assert await client.until_closed() == 1001
    assert "prompt-kernel-rooms" not in {thread.name for thread in threading.enumerate()}


def test_a_prompt_knows_its_store_and_tells_nobody(library: Store) -> None:
    prompt = library["review"]
    others = [library.get("review", version=1), library.save("review", "new"), library.restore("review", 1)]
    assert {one.store_url for one in [prompt, *others]} == {library.url}
    assert "prompts.db" not in repr(prompt) + json.dumps(wire.to_data(prompt)) + as_json(prompt)
    assert replace(prompt, store_url="") == prompt


def test_a_prompt_of_no_store_or_of_one_in_memory_cannot_be_edited(library: Store) -> None:
    homeless = wire.from_data(pk.Prompt, wire.to_data(library["review"]))
    with pytest.raises(StoreUnavailableError, match="was not read from a store"):
        homeless.edit()
    with pk.connect(":memory:") as store, pytest.raises(StoreUnavailableError, match="a store in a file"):
        store.save("a", "text").edit()


def test_a_password_is_not_in_a_prompt_and_opens_the_store_all_the_same(postgres: str) -> None:
    with pk.connect(postgres) as store:
        prompt = store.save("a", "text")
        with pk.connect(recall(prompt.store_url)) as again:
            assert again["a"] == prompt


AT_THE_END = """
import asyncio, sys
import prompt_kernel as pk
from tests.widgets.client import Page

async def main():
    with pk.connect(sys.argv[1]) as store:
        client = await Page(store["note"].edit(author="ben")).client().join()
        await client.until(lambda: client.is_synced)
        client.append(" and more")
        await client.until_saved()

asyncio.run(main())
"""


def test_the_end_of_a_kernel_makes_a_version_of_what_was_typed_in_it(file_store: Store) -> None:
    file_store.save("note", "text")
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", AT_THE_END, file_store.url], cwd=root, check=True, timeout=60)  # noqa: S603 - ourselves
    saved = file_store["note"]
    assert (saved.text, saved.version, saved.author, saved.origin) == ("text and more", 2, "ben", "notebook")
