"""What pages share and hand to the browser module, and what stands around them; tests/server has servers that run."""

import asyncio
import json
import subprocess
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.testing.v1 import AppTest

import prompt_kernel as pk
from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.live import color_of
from prompt_kernel.server import Claim, Tokens
from prompt_kernel_dashboard import components, folders, launch, resources
from prompt_kernel_dashboard.host_config import HostConfig


def page(script: Callable[..., None], **given: Any) -> AppTest:
    """Run `script` as a page."""
    at = AppTest.from_function(script, default_timeout=30, kwargs=given).run()
    assert [error.value for error in at.exception] == []
    return at


def handed(at: AppTest) -> Any:
    """Return the data of the one component that a page shows."""
    [element] = at.get("bidi_component")
    return json.loads(element.proto.json)


# What pages share


def test_without_a_server_the_store_of_the_environment_is_opened(
    library: pk.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources.install(None)
    monkeypatch.setenv("PROMPT_KERNEL_URL", library.url)
    first = resources.get()
    assert (first.store.url, first.store.origin, first.hub) == (library.url, "dashboard", None)
    assert resources.get() is first
    monkeypatch.setenv("PROMPT_KERNEL_URL", str(tmp_path / "other.db"))
    second = resources.get()
    assert len(second.store) == 0
    second.store.close()


def test_where_one_must_log_in_a_page_shows_nothing_else(library: pk.Store) -> None:
    def script() -> None:
        import streamlit as st

        from prompt_kernel_dashboard import resources

        st.write(f"{len(resources.get().store)} prompts")

    resources.install(resources.Resources(library, Tokens(), must_log_in=True))
    at = page(script)
    assert ([found.label for found in at.button], [found.value for found in at.markdown]) == (
        ["Log in"],
        ["Log in to see the prompts."],
    )


def test_pages_reach_the_folders_that_were_named_and_no_others(library: pk.Store, tmp_path: Path) -> None:
    (tmp_path / "ours" / "prompts").mkdir(parents=True)
    resources.install(resources.Resources(library, Tokens(), roots=(tmp_path / "ours",)))
    assert folders.check(str(tmp_path / "ours" / "prompts")) == tmp_path / "ours" / "prompts"
    assert folders.complete(f"{tmp_path}/ours/p") == [f"{tmp_path}/ours/prompts/"]
    with pytest.raises(InvalidMetadataError, match=r"the server reaches .*/ours, with all below"):
        folders.check(str(tmp_path))
    resources.install(None)
    assert resources.roots() == ()


def test_where_people_must_log_in_programs_need_a_token(library: pk.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> object:
        return launch._guard("127.0.0.1", None, library).kwargs["locked"]  # noqa: SLF001 - it decides that

    assert locked() == "nothing"
    monkeypatch.setattr(launch, "_must_log_in", lambda: True)
    assert locked() == "programs"


# What the browser module is handed


def test_the_editor_gets_a_token_for_who_is_here(library: pk.Store) -> None:
    def script(path: str, read_only: bool) -> None:  # noqa: FBT001 - AppTest hands it over
        from prompt_kernel_dashboard import components, resources

        prompt = resources.get().store[path]
        components.editor(prompt, read_only=read_only, siblings=[{"path": "style/base", "name": "base"}])

    prompt = library["style/tone"]
    for read_only in (False, True):
        data = handed(page(script, path="style/tone", read_only=read_only))
        token = data.pop("token")
        assert resources.get().tokens.read(token) == Claim(prompt.uid, "ana", may_write=not read_only)
        assert data == {
            "uid": prompt.uid,
            "path": "style/tone",
            "url": f"live/{prompt.uid}",
            "copyUrl": f"live/{prompt.uid}/copy",
            "name": "ana",
            "color": color_of("ana"),
            "readOnly": read_only,
            "height": 560,
            "siblings": [{"path": "style/base", "name": "base"}],
        }


def test_the_other_components_get_what_the_page_says(library: pk.Store) -> None:
    def preview() -> None:
        from prompt_kernel_dashboard import components, resources

        components.preview(resources.get().store["review"], {"code": "x = 1", "n": 3})

    def library_of() -> None:
        from prompt_kernel_dashboard import components

        result = components.library({"rows": [], "total": 0})
        assert (result.query, result.action) == ("", None)

    def tree() -> None:
        from prompt_kernel_dashboard import components

        result = components.tree({"directories": []})
        assert (result.choose, result.move) == (None, None)

    def keys() -> None:
        from prompt_kernel_dashboard import components

        result = components.keys([{"id": "new", "keys": "Alt+N"}], name="Ana")
        assert result.pressed is None

    assert handed(page(preview)) == {"uid": library["review"].uid, "variables": {"code": "x = 1", "n": 3}}
    assert handed(page(library_of)) == {"rows": [], "total": 0}
    assert handed(page(tree)) == {"directories": []}
    assert handed(page(keys)) == {"bindings": [{"id": "new", "keys": "Alt+N"}], "name": "Ana", "open_help": 0}


def test_every_component_is_in_the_manifest() -> None:
    manifest = (Path(pk.__file__).parent / "pyproject.toml").read_text()
    assert [name for name in vars(components) if f'name = "{name}"' in manifest] == [
        "editor", "preview", "library", "tree", "keys",
    ]  # fmt: skip


# Streamlit's options


def test_the_server_is_set_whatever_the_users_configuration_says(tmp_path: Path, library: pk.Store) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text(
        '[server]\nenableCORS = false\nenableXsrfProtection = false\naddress = "0.0.0.0"\n'
        '[theme]\nbase = "dark"\n[client]\ntoolbarMode = "developer"\n'
    )
    script = """
import json, os, signal, sys
from prompt_kernel_dashboard import launch

def announce(line):
    import streamlit as st
    print(json.dumps({name: st.get_option(name) for name in sys.argv[2:]}), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

launch.run(sys.argv[1], port=0, open_browser=False, announce=announce)
"""
    expected = {
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.address": "127.0.0.1",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "theme.base": "dark",
        "theme.dark.primaryColor": "#4263eb",
    }
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", script, library.url, *expected],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == expected


# Opening a browser


@pytest.mark.parametrize(
    ("platform", "environment", "is_opened"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "w"}, True),
        ("linux", {"BROWSER": "b"}, True),
        ("darwin", {}, True),
    ],
)
def test_a_browser_is_opened_where_there_are_windows(
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    environment: dict[str, str],
    is_opened: bool,  # noqa: FBT001 - a case
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(launch.sys, "platform", platform)
    monkeypatch.setattr(launch.os, "environ", environment)
    monkeypatch.setattr(webbrowser, "open", opened.append)
    thread = launch.open_page("http://127.0.0.1:1")
    if thread is not None:
        thread.join(30)
    assert opened == ["http://127.0.0.1:1"] * is_opened


# What a page did not expect


def test_an_error_that_no_page_expected_is_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    def script(message: str) -> None:
        from prompt_kernel_dashboard.launch import LaunchError, apologise

        apologise(LaunchError(message) if message else ValueError("what it was"))

    assert [error.value for error in page(script, message="A sentence.").error] == ["A sentence."]
    assert [record for record in caplog.records if record.name == launch.__name__] == []
    said = [error.value for error in page(script, message="").error]
    assert said == ["Something went wrong here. What it was stands in the terminal of the server."]
    assert "ValueError: what it was" in caplog.text


# What Streamlit's page is told


def answer(parts: list[bytes], path: str = "/_stcore/host-config", kind: str = "http") -> list[Message]:
    """Return what comes of an answer in `parts` behind `HostConfig`."""
    sent: list[Message] = []

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        assert (b"accept-encoding", b"gzip") not in scope["headers"] or not path.endswith("host-config")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        for number, body in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(parts)})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": kind, "path": path, "headers": [(b"accept-encoding", b"gzip")]}
    asyncio.run(HostConfig(app)(scope, receive, send))
    return sent


def test_the_host_configuration_is_changed_whole() -> None:
    start, body = answer([b'{"blockErr', b'orDialogs": false, "other": 1}'])
    assert json.loads(body["body"]) == {
        "blockErrorDialogs": True,
        "allowedOrigins": [],
        "metricsUrl": "off",
        "other": 1,
    }
    assert start["headers"] == [(b"content-length", str(len(body["body"])).encode())]


@pytest.mark.parametrize("body", [b"{}x", b"[]", b""])
def test_what_is_no_configuration_is_left_as_it_is(body: bytes) -> None:
    assert answer([body])[1]["body"] == body


def test_other_answers_are_left_as_they_are() -> None:
    assert [message.get("body") for message in answer([b"{", b"}"], path="/other")] == [None, b"{", b"}"]
