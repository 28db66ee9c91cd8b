"""The editor's widget on the store of a server: a real dashboard has the room, and its tokens say who may do what."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import prompt_kernel as pk
from prompt_kernel.notebook._rooms import close_rooms
from prompt_kernel.store import Store
from tests.server.conftest import Server
from tests.widgets.client import Page

SECRET = "a token: of some length"  # noqa: S105 - of a server that lives for a test


@pytest.fixture(autouse=True)
def _end_rooms() -> Iterator[None]:
    yield
    close_rooms()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard that asks for a token, on a store with one prompt."""
    home = tmp_path_factory.mktemp("server")
    with Store(home / "prompts.db") as store:
        store.save("note", "text")
    started = Server(home, "--token", SECRET)
    yield started
    started.end()


@pytest.fixture
def place(server: Server) -> Iterator[Store]:
    """The store of the server, opened beside it."""
    with Store(server.log.parent / "prompts.db") as store:
        yield store


def _open(server: Server, token: str, **settings: object) -> pk.Prompt:
    with pk.connect(f"http://127.0.0.1:{server.port}", token=token, **settings) as store:  # type: ignore[arg-type]  # a few
        return store["note"]


async def test_who_may_write_types_in_the_room_under_the_name_of_the_token(server: Server, place: Store) -> None:
    token = place.add_token("kim", author="Kim", write=True)
    prompt = _open(server, token)
    assert token not in repr(prompt) + prompt.store_url
    one = await Page(prompt.edit(author="not Kim")).client().join()
    host = await Page(_open(server, SECRET).edit(author="Zoë")).client().join()
    await one.until(lambda: one.is_synced)
    await host.until(lambda: host.is_synced)

    one.append(" from Kim")
    await one.until_saved()
    await host.until(lambda: host.text == "text from Kim")
    assert (one.hello["you"]["name"], host.hello["you"]["name"]) == ("Kim", "Zoë")
    answer = await one.ask("save", message="")
    assert answer["ok"]
    assert (place["note"].text, place["note"].author) == ("text from Kim", "Kim")


async def test_a_token_that_may_only_read_and_an_editor_that_is_read_only_change_nothing(
    server: Server, place: Store
) -> None:
    reading = _open(server, place.add_token("lee", author="Lee"))
    for editor in (reading.edit(), _open(server, SECRET).edit(read_only=True)):
        reader = await Page(editor).client().join()
        await reader.until(lambda: bool(reader.hello))  # noqa: B023 - it is awaited within this turn
        assert reader.hello["readOnly"]
        reader.append("not mine to change")
        await reader.until_noticed("refused")


async def test_a_token_that_was_removed_is_refused_with_a_sentence(server: Server, place: Store) -> None:
    prompt = _open(server, place.add_token("max", author="Max", write=True))
    editor = prompt.edit()
    place.remove_token("max")
    page = Page(editor)
    await page.client().connect()
    said = await page.until_said(kind="close")
    assert said["code"] == 4410
    assert said["reason"].startswith("This token is not known here, or was removed.")


def test_the_rooms_for_programs_are_behind_the_same_guard_as_the_api(server: Server, place: Store) -> None:
    room = f"/api/live/{place['note'].uid}"
    bearer: dict[str, str | None] = {"Authorization": f"Bearer {SECRET}"}
    foreign = {**bearer, "Origin": "http://evil.example"}
    assert [server.knock(room, headers).status for headers in ({}, foreign, bearer)] == [401, 403, 101]


async def test_a_server_without_pages_says_that_it_has_no_rooms(tmp_path: Path) -> None:
    with Store(tmp_path / "prompts.db") as store:
        store.save("note", "text")
    programs = Server(tmp_path, pages=False)
    try:
        page = Page(_open(programs, "").edit())
        await page.client().connect()
        said = await page.until_said(kind="close")
        assert (said["code"], said["reason"]) == (
            4410,
            "The server has no live rooms. They are where its dashboard is: prompt-kernel dashboard",
        )
    finally:
        programs.end()


async def test_a_server_that_stops_and_comes_back_is_joined_again(tmp_path: Path) -> None:
    with Store(tmp_path / "prompts.db") as store:
        store.save("note", "text")
    first = Server(tmp_path)
    page = Page(_open(first, "").edit(author="Zoë"))
    client = await page.client().join()
    await client.until(lambda: client.is_synced)
    first.end()
    assert await client.until_closed() in (1001, 1006, 1012)
    await client.connect()
    assert await client.until_closed() == 1013

    again = Server(tmp_path, port=first.port)
    try:
        client.append(" while it was away")
        await client.join()
        await client.until(lambda: client.is_saved)
    finally:
        again.end()
    with Store(tmp_path / "prompts.db") as store:
        assert store["note"].text == "text while it was away"
