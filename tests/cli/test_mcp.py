"""`prompt-kernel mcp`: the protocol and nothing else on stdout, for as long as stdin is open."""

import argparse
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import prompt_kernel as pk
from prompt_kernel.cli._command import parse
from prompt_kernel.cli._mcp import COMMANDS
from prompt_kernel.server.mcp._tools import TOOLS
from tests.cli.conftest import Run
from tests.server.agents import HANDSHAKE, MODERN, over_http, over_stdio

START = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
Start = Callable[..., "subprocess.Popen[bytes]"]


def message(method: str, number: int | None = None, **params: Any) -> bytes:
    data = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
    return json.dumps(data).encode() + b"\n"


OPENING = message("initialize", 1, **START) + message("notifications/initialized")


def answers(process: Start, given: bytes, wanted: int, *arguments: str) -> tuple[int, dict[int | None, Any], bytes]:
    """Give a process `given`, and close its stdin after so many answers; return its exit code, these, and its stderr.

    What is not yet answered when stdin is closed need not be answered any more.
    """
    found: list[dict[str, Any]] = []
    with process("mcp", *arguments, stdin=-1, stdout=-1, stderr=-1) as started:
        started.stdin.write(given)
        started.stdin.flush()
        while len(found) < wanted and (line := started.stdout.readline()):
            found += [entry for entry in [json.loads(line)] if "method" not in entry]
        out, err = started.communicate(timeout=60)
    return started.returncode, {entry.get("id"): entry for entry in found}, out + err


def test_it_answers_until_stdin_is_closed(process: Start) -> None:
    given = (
        OPENING + message("tools/list", 2) + message("prompts/get", 3, name="style/tone", arguments={"tone": "plain"})
    )
    code, found, said = answers(process, given, 3)

    assert (code, sorted(found), said) == (0, [1, 2, 3], b"")
    assert found[1]["result"]["serverInfo"]["version"] == pk.__version__
    assert "save_prompt" not in {tool["name"] for tool in found[2]["result"]["tools"]}
    assert found[3]["result"]["messages"][0]["content"]["text"] == "Speak in a plain voice.\n"


def test_with_write_a_model_saves_as_the_author_that_is_named(process: Start, library: pk.Store) -> None:
    call = {"name": "save_prompt", "arguments": {"path": "style/loud", "text": "Shout.\n"}}
    code, found, _ = answers(process, OPENING + message("tools/call", 2, **call), 2, "--write", "--author", "claude")

    saved = library.get("style/loud")
    assert (code, found[2]["result"]["isError"]) == (0, False)
    assert (saved.text, saved.author, saved.origin) == ("Shout.\n", "claude", "mcp")


MALFORMED = [
    b"not json\n",
    b"{}\n",
    b"[1]\n",
    b"\xff\xfe\n",
    b"\n",
    b'{"jsonrpc":"2.0","id":7}\n',
    b"x" * 1_000_000 + b"\n",
]


@pytest.mark.parametrize("line", MALFORMED, ids=lambda line: repr(line[:20]))
def test_a_malformed_line_ends_nothing(process: Start, line: bytes) -> None:
    code, found, _ = answers(process, line + OPENING + line + message("ping", 2) + line, 2)

    assert (code, found[2]) == (0, {"jsonrpc": "2.0", "id": 2, "result": {}})


def test_stdin_that_is_closed_at_once_ends_it(process: Start) -> None:
    assert answers(process, b"", 0) == (0, {}, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_while_stdin_is_open(process: Start, number: signal.Signals) -> None:
    with process("mcp", stdin=-1, stdout=-1) as started:
        started.stdin.write(OPENING)
        started.stdin.flush()
        assert b'"id":1' in started.stdout.readline()
        started.send_signal(number)
        assert started.wait(20) == -number


def test_a_store_that_cannot_be_opened_is_one_sentence_on_stderr(process: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    code, found, said = answers(process, b"", 1, "--store", str(tmp_path / "file" / "prompts.db"))

    assert (code, found) == (1, {})
    assert said.startswith(f"prompt-kernel: The store sqlite:///{tmp_path}/file/prompts.db cannot be used: ".encode())
    assert said.count(b"\n") == 1


def test_without_the_optional_part_it_says_how_to_install_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("mcp.", "prompt_kernel.server.mcp"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)

    result = run("mcp")
    assert (result.code, result.out, result.err) == (
        1,
        "",
        'prompt-kernel: The MCP server needs an optional part. Install it with: pip install "prompt-kernel[mcp]"\n',
    )


# Through a server


@pytest.fixture
def server(process: Start) -> Iterator[str]:
    """`prompt-kernel serve` on the library, where agents may write; its address."""
    with process("serve", "--port", "0", "--mcp-write", stdout=-1, stderr=subprocess.DEVNULL) as started:
        line = started.stdout.readline().decode()
        yield line.partition(": ")[2].partition("/api ")[0]
        started.send_signal(signal.SIGTERM)
        started.wait(30)


@pytest.mark.parametrize("mode", [HANDSHAKE, MODERN])
async def test_a_server_has_the_same_at_mcp(server: str, library: pk.Store, mode: str) -> None:
    key = library.add_token("agent", write=True, author="claude")
    async with over_http(f"{server}/mcp", mode, bearer=key) as client:
        assert [prompt.name for prompt in (await client.list_prompts()).prompts] == list(library)
        saved = await client.call_tool("save_prompt", {"path": "style/loud", "text": "Shout.\n"})
    assert saved.structured_content["author"] == library.get("style/loud").author == "claude"


def test_a_server_leads_nobody_elsewhere_and_refuses_a_key_that_nobody_knows(server: str) -> None:
    started = httpx.post(
        f"{server}/mcp",
        content=message("initialize", 1, **START),
        headers={"Accept": "application/json, text/event-stream", "Content-Type": "application/json"},
    )
    refused = httpx.post(f"{server}/mcp", content=b"", headers={"Authorization": "Bearer nobody-knows-this-one"})

    assert (started.status_code, started.history, refused.status_code) == (200, [], 401)


async def test_the_command_serves_a_store_that_another_server_has(server: str, library: pk.Store) -> None:
    async with over_stdio(server, MODERN, "--write") as client:
        prompts = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        got = await client.get_prompt("review", {"code": "x"})
        resource = (await client.read_resource("prompt://style/tone")).contents[0].text
        found = (await client.call_tool("get_prompt", {"path": "tnoe"})).structured_content
        listed = (await client.call_tool("list_prompts", {"directory": "styl"})).structured_content
        searched = (await client.call_tool("search_prompts", {"words": "brief"})).structured_content
        directories = (await client.call_tool("list_directories", {})).structured_content
        saved = (await client.call_tool("save_prompt", {"path": "styl/loud", "text": "Shout.\n"})).structured_content
        stale = await client.call_tool("save_prompt", {"path": "style/loud", "text": "Whisper.\n", "expected": 0})
        renamed = (
            await client.call_tool("rename_prompt", {"path": "tone", "new_path": "style/voice"})
        ).structured_content

    assert [(entry.name, entry.required) for entry in prompts["review"].arguments] == [("tone", False), ("code", True)]
    assert got.messages[0].content.text == str(library.expand("review", code="x"))
    assert resource == "Speak in a {{ tone }} voice.\n"
    assert (found["path"], found["variables"][0]["values"]) == ("style/tone", ["formal", "plain"])
    assert [entry["path"] for entry in listed["prompts"]] == ["style/base", "style/tone"]
    assert [entry["path"] for entry in searched["prompts"]] == ["style/base"]
    assert [entry["path"] for entry in directories["directories"]] == ["format", "style"]
    assert (saved["path"], saved["author"], saved["created"]) == ("style/loud", "ada", True)
    assert library.history("style/loud")[0].origin == "mcp"
    assert (stale.is_error, '"mine": "Whisper.\\n"' in stale.content[-1].text) == (True, True)
    assert (renamed["rewritten"], library.get("style/tone").path) == (["style/base"], "style/voice")


def test_the_documentation_has_the_tools_there_are_and_commands_that_parse() -> None:
    page = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text("utf-8")
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    entries = [entry for block in blocks for entry in (block.get("mcpServers") or block["servers"]).values()]

    assert [name for name in TOOLS if f"`{name}`" not in page] == []
    for entry in entries:
        if "url" in entry:
            assert entry["url"].endswith("/mcp")
            assert entry["headers"]["Authorization"].startswith("Bearer ")
        else:
            assert (entry["command"], entry["args"][0]) == ("prompt-kernel", "mcp")
            parse("mcp", COMMANDS["mcp"], entry["args"][1:], argparse.Namespace())
    assert len(entries) == 4
