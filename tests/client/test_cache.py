"""What was read before: never served unasked, unless the server is out of reach and that is wanted."""

import json
import stat
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel import wire
from prompt_kernel.client import AsyncClient, Client, OfflineWarning
from prompt_kernel.errors import PromptNotFoundError, StoreUnavailableError
from prompt_kernel.store import Store
from tests.client.servers import Between, Canned, ServerProcess, canned

TONE = "/api/prompts/cached/tone"


@pytest.fixture
def between(server: ServerProcess) -> Any:
    with Between(server.port) as proxy:
        yield proxy


def test_each_read_asks_and_what_has_not_changed_is_not_sent(direct: Store, between: Between) -> None:
    direct.save("cached/tone", "one")
    with Client(between.url) as client:
        first = [client.get("cached/tone") for _ in range(4)]
        direct.save("cached/tone", "two")
        second = [client.get("cached/tone") for _ in range(3)]
        direct.delete("cached/tone")
        with pytest.raises(PromptNotFoundError):
            client.get("cached/tone")
        direct.recover("cached/tone")
        third = client.get("cached/tone")

    assert [prompt.text for prompt in [*first, *second, third]] == ["one"] * 4 + ["two"] * 3 + ["two"]
    assert between.statuses("GET", TONE) == [200, 304, 304, 304, 200, 304, 304, 404, 304]
    assert all(prompt is first[0] for prompt in first)


async def test_the_same_awaited(direct: Store, between: Between) -> None:
    direct.save("cached/awaited", "one")
    async with AsyncClient(between.url) as client:
        await client.get("cached/awaited")
        direct.describe("cached/awaited", description="new")
        assert (await client.get("cached/awaited")).description == "new"
        await client.get("cached/awaited")

    assert between.statuses("GET", "/api/prompts/cached/awaited") == [200, 200, 304]


def test_versions_are_known_apart(direct: Store, between: Between) -> None:
    direct.save("cached/many", "one")
    direct.save("cached/many", "two")
    with Client(between.url) as client:
        texts = [client.get(path).text for path in ("cached/many@1", "cached/many", "cached/many@2", "cached/many@1")]

    assert texts == ["one", "two", "two", "one"]
    assert between.statuses("GET", "/api/prompts/cached/many?version=1") == [200, 304]


def test_what_was_handed_out_may_be_changed(direct: Store, client: Client) -> None:
    direct.save("cached/list", "x", tags=["cached"])
    client.set_preference("mine", {"a": [1]})
    client.prompts(tag="cached").clear()
    client.tags().clear()
    client.authors().clear()
    client.preference("mine")["a"].append(2)

    assert [entry.path for entry in client.prompts(tag="cached")] == ["cached/list"]
    assert client.tags()["cached"] == 1
    assert client.authors()
    assert client.preference("mine") == {"a": [1]}


def test_people_of_one_client_have_what_is_theirs(direct: Store, client: Client) -> None:
    direct.save("cached/liked", "x")
    client.by("zoe").favourite("cached/liked")

    assert [len(client.by(author).favourites()) for author in ("zoe", "kim", "zoe", "kim")] == [1, 0, 1, 0]


# Offline


def _outage(between: Between, verb: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return what a verb gives now that nobody can be asked, and what it warns of."""
    between.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return verb(), [str(warning.message) for warning in caught]


def test_without_being_asked_nothing_old_is_served(direct: Store, between: Between) -> None:
    direct.save("cached/strict", "x")
    with Client(between.url) as client:
        client.get("cached/strict")
        between.close()
        with pytest.raises(StoreUnavailableError):
            client.get("cached/strict")


def test_offline_serves_what_was_read_before_and_says_so_once(direct: Store, between: Between) -> None:
    direct.save("cached/there", "There: {{ a }}", variables={"a": "x"})
    with pk.connect(between.url, offline=True) as store:
        read = (store["cached/there"], store.expand("cached/there", a="y"), store.declarations("cached/there"))

        def again() -> tuple[Any, ...]:
            return (store["cached/there"], store.expand("cached/there", a="y"), store.declarations("cached/there"))

        found, said = _outage(between, again)
        with pytest.raises(
            StoreUnavailableError, match="was never read here before, so that it cannot be served offline"
        ):
            store.get("cached/other")
        with pytest.raises(StoreUnavailableError, match="was never read here before"):
            store.expand("cached/there", a="z")
        with pytest.raises(StoreUnavailableError) as refused:
            store.save("cached/there", "new")

    assert found == read
    assert [str(expansion) for expansion in (found[1], read[1])] == ["There: y"] * 2
    assert found[1].pieces == read[1].pieces
    assert len(said) == 1
    assert said[0].startswith(f"The server {between.url} is out of reach, and what was read before is served: the ")
    assert "never read" not in str(refused.value)


def test_the_warning_is_about_the_line_that_asked(direct: Store, between: Between) -> None:
    direct.save("cached/line", "x")
    with Client(between.url, offline=True) as client:
        client.get("cached/line")
        between.close()
        line = sys._getframe().f_lineno + 2  # noqa: SLF001 - where we are
        with pytest.warns(OfflineWarning) as caught:
            client.get("cached/line")

    assert [(warning.filename, warning.lineno) for warning in caught] == [(__file__, line)]


def test_a_server_that_is_back_is_asked_again_and_its_next_outage_is_told(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as first, Client(first.url, offline=True) as client:
        client.save("a", "one")
        client.get("a")
        first.stop()
        with pytest.warns(OfflineWarning):
            assert client.get("a").text == "one"
        with ServerProcess(tmp_path, port=first.port) as second:
            client.save("a", "two")
            assert client.get("a").text == "two"
            second.stop()
        with pytest.warns(OfflineWarning):
            assert client.get("a").text == "two"


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Service Unavailable"])
def test_a_proxy_that_answers_for_a_server_that_is_gone(direct: Store, status: str) -> None:
    direct.save("cached/proxied", "x")
    body, gone = json.dumps(wire.to_data(direct["cached/proxied"])), False

    class Gateway(Canned):
        def answer_to(self, first: str) -> bytes:  # noqa: ARG002 - it says the same to all
            return canned(status) if gone else canned("200 OK", body, "application/json", ETag='"1"')

    with Gateway(b"") as gateway, Client(gateway.url, offline=True) as client:
        read = client.get("cached/proxied")
        gone = True
        with pytest.warns(OfflineWarning, match=f"a proxy answered {status} for the server"):
            assert client.get("cached/proxied") == read


def test_errors_of_the_server_are_not_covered_up(direct: Store, server: ServerProcess) -> None:
    direct.save("cached/gone", "x")
    with Client(server.url, offline=True) as client:
        client.get("cached/gone")
        direct.delete("cached/gone")
        with pytest.raises(PromptNotFoundError):
            client.get("cached/gone")


def test_what_was_read_outlives_the_process(direct: Store, between: Between, tmp_path: Path) -> None:
    direct.save("cached/kept", "é 🙂 {{ a }}", variables={"a": "x"}, tags=["t"])
    with Client(between.url, offline=True) as client:
        read = client["cached/kept"], client.expand("cached/kept"), client.prompts()
    between.close()
    with pk.connect(between.url, offline=True) as other, pytest.warns(OfflineWarning):
        assert (other["cached/kept"], other.expand("cached/kept"), other.prompts()) == read

    (folder,) = (tmp_path / "cache" / "prompt-kernel" / "servers").iterdir()
    files = list(folder.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {file.suffix for file in files} == {".json"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_written_to_disk_unless_that_is_asked_for(direct: Store, between: Between, tmp_path: Path) -> None:
    direct.save("cached/private", "x")
    with Client(between.url) as client:
        client.get("cached/private")
        assert not (tmp_path / "cache").exists()
        client.offline = True
        between.close()
        with pytest.warns(OfflineWarning):
            assert client.get("cached/private").text == "x"
    with Client(between.url, offline=True) as other, pytest.warns(OfflineWarning):
        assert other.get("cached/private").text == "x"
    with Client(between.url) as other, pytest.raises(StoreUnavailableError):
        other.get("cached/private")


def test_what_another_version_kept_is_asked_for_again(direct: Store, between: Between, tmp_path: Path) -> None:
    direct.save("cached/older", "x")
    with Client(between.url, offline=True) as client:
        client.get("cached/older")
    for file in (tmp_path / "cache").rglob("*.json"):
        kept = json.loads(file.read_bytes())
        del kept["data"]["sha256"]
        file.write_text(json.dumps(kept))
    with Client(between.url, offline=True) as client:
        assert client.get("cached/older").text == "x"

    assert between.statuses("GET", "/api/prompts/cached/older") == [200, 200]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"key": "other"}', b"\xff\xfe"])
def test_a_damaged_file_is_as_good_as_none(direct: Store, between: Between, tmp_path: Path, damage: bytes) -> None:
    direct.save("cached/damaged", "x")
    with Client(between.url, offline=True) as client:
        client.get("cached/damaged")
    for file in (tmp_path / "cache").rglob("*.json"):
        file.write_bytes(damage)
    with Client(between.url, offline=True) as client:
        assert client.get("cached/damaged").text == "x"


def test_a_cache_that_cannot_be_written_is_no_error(
    direct: Store, server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct.save("cached/unwritable", "x")
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with Client(server.url, offline=True) as client:
        assert client.get("cached/unwritable").text == "x"


async def test_the_asynchronous_client_is_offline_too(direct: Store, between: Between) -> None:
    direct.save("cached/async", "x")
    async with AsyncClient(between.url, offline=True) as client:
        await client.get("cached/async")
        between.close()
        with pytest.warns(OfflineWarning):
            assert (await client.get("cached/async")).text == "x"


def test_only_so_much_is_kept(direct: Store, between: Between, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prompt_kernel.client._cache._MOST", 2)
    monkeypatch.setattr("prompt_kernel.client._cache._MOST_FILES", 2)
    for number in range(3):
        direct.save(f"cached/much{number}", "x")
    with Client(between.url) as client:
        for number in (0, 1, 2, 0):
            client.get(f"cached/much{number}")
    assert between.statuses("GET", "/api/prompts/cached/much0") == [200, 200]
    with Client(between.url, offline=True) as client:
        for number in range(3):
            client.get(f"cached/much{number}")
    with Client(between.url, offline=True):
        assert len(list((tmp_path / "cache").rglob("*.json"))) == 2


async def test_opening_asks_only_who_must_be_there(between: Between) -> None:
    between.close()
    with Client(between.url, offline=True) as client:
        assert client.opened() is client
    async with AsyncClient(between.url, offline=True) as aclient:
        assert await aclient.opened() is aclient
    with pytest.raises(StoreUnavailableError):
        await AsyncClient(between.url).opened()
