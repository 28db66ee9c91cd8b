"""Who may come in: names, pages and tokens, on real servers; and what no request may get past."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

import prompt_kernel
from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.records import Token
from prompt_kernel.server import Claim, Guard, Tokens, hosts_of, is_loopback
from prompt_kernel.server.callers import Caller, caller_of
from prompt_kernel.store import Store

Server = Any
Serve = Callable[..., Any]

TOKEN = "a token: of some length"  # noqa: S105 - of a test
BUNDLE = next((Path(prompt_kernel.__file__).parent / "live" / "static").glob("editor-*.js")).name
ASSET = f"/_stcore/bidi-components/prompt-kernel.editor/{BUNDLE}"
#: What the server has, with the answer of each to who is let in.
ROUTES = {
    ("GET", "/"): 200,
    ("GET", "/edit?prompt=style/tone"): 200,
    ("GET", "/static/none.js"): 200,  # the page: the app has addresses of its own
    ("GET", "/_stcore/health"): 200,
    ("GET", "/_stcore/host-config"): 200,
    ("GET", "/_stcore/metrics"): 200,
    ("GET", "/media/none.png"): 404,
    ("PUT", "/_stcore/upload_file/a/b"): 403,  # Streamlit wants its XSRF token
    ("GET", "/component/none/index.html"): 404,
    ("POST", "/live/abc/copy"): 401,  # it wants the token of a prompt
    ("SOCKET", "/_stcore/stream"): 101,
    ("SOCKET", "/live/abc"): 101,
}
#: What it has for programs, and all that a server without pages has.
PROGRAMS = {
    ("GET", "/api"): 307,  # to its page
    ("GET", "/api/docs"): 200,
    ("GET", "/api/openapi.json"): 200,
    ("GET", "/api/prompts"): 200,
    ("GET", "/api/none"): 404,
    ("POST", "/api/purge"): 422,
    ("HEAD", "/api/events"): 405,
    ("SOCKET", "/api/events"): 101,
    ("SOCKET", "/api/none"): 403,
    ("GET", "/mcp"): 406,  # it wants to be asked as by an agent
    ("POST", "/mcp"): 400,
    ("DELETE", "/mcp/"): 400,
    ("SOCKET", "/mcp"): 403,
}
FOR_PROGRAMS = [
    ("GET", "/api/health", 200),
    ("SOCKET", "/api/events", 101),
    ("HEAD", "/api/events", 405),
    ("GET", "/mcp", 406),
]
SIX = [
    ("GET", "/", 200),
    ("GET", "/favicon.png", 200),
    ("GET", ASSET, 200),
    ("SOCKET", "/_stcore/stream", 101),
    ("SOCKET", "/live/abc", 101),
    ("POST", "/live/abc/copy", 401),
]


def send(server: Server, method: str, target: str, headers: dict[str, str | None] | None = None) -> Any:
    return server.knock(target, headers) if method == "SOCKET" else server.ask(method, target, headers)


# Hosts and origins


@pytest.mark.parametrize(("method", "target", "through"), [*SIX, *FOR_PROGRAMS])
def test_only_its_own_names_and_pages_reach_anything(
    open_server: Server, method: str, target: str, through: int
) -> None:
    port = open_server.port
    hosts = {
        "good": f"127.0.0.1:{port}",
        "localhost": f"LocalHost:{port}",
        "six": f"[::1]:{port}",
        "evil": "evil.example",
        "evil with the port": f"evil.example:{port}",
        "suffix": f"localhost.evil.example:{port}",
        "user": f"localhost@evil.example:{port}",
        "nonsense": "[",
        "empty": "",
        "missing": None,
    }
    origins = {
        "none": None,
        "same": f"http://127.0.0.1:{port}",
        "localhost": f"http://localhost:{port}",
        "six": f"http://[::1]:{port}",
        "evil": "http://evil.example",
        "evil with the port": f"http://evil.example:{port}",
        "another port": "http://127.0.0.1:8888",
        "no port": "http://localhost",
        "null": "null",
        "file": "file://localhost",
        "empty": "",
    }
    answered = {
        (host, origin): send(open_server, method, target, {"Host": hosts[host], "Origin": origins[origin]}).status
        for host in hosts
        for origin in origins
    }
    own = {"good", "localhost", "six"}, {"none", "same", "localhost", "six"}
    expected = {
        (host, origin): through if host in own[0] and origin in own[1] else 403 for host in hosts for origin in origins
    }
    # A request without any Host may be refused by the HTTP parser already, before it reaches us.
    assert {where: 403 if status == 400 else status for where, status in answered.items()} == expected


def test_two_hosts_are_none(open_server: Server) -> None:
    good = f"127.0.0.1:{open_server.port}"
    assert open_server.ask("GET", "/", {"Host": good, "host": "evil.example"}).status in (400, 403)
    assert open_server.ask("GET", "/", {"Origin": f"http://{good}", "origin": "http://evil.example"}).status == 403


@pytest.mark.parametrize("method", ["GET", "SOCKET"])
def test_a_refusal_is_a_sentence(open_server: Server, method: str) -> None:
    refused = send(open_server, method, "/live/abc", {"Origin": "http://evil.example"})
    assert refused.body == b"Pages of another site cannot use this server. Open it by the address that was printed."
    refused = send(open_server, method, "/live/abc", {"Host": "evil.example"})
    assert refused.body == (
        b"This server does not answer to that name. Open it by the address that was printed at its start."
    )


@pytest.mark.parametrize("target", ["/", ASSET, "/live/abc"])
def test_no_page_may_frame_ours_or_guess_what_a_file_is(open_server: Server, target: str) -> None:
    answer = open_server.ask("GET", target)
    names = ["x-content-type-options", "x-frame-options", "content-security-policy", "referrer-policy"]
    assert [answer.header(name) for name in names] == ["nosniff", "sameorigin", "frame-ancestors 'self'", "same-origin"]


def test_a_refusal_to_a_program_is_a_problem_that_it_can_read(open_server: Server) -> None:
    for method, target, _ in FOR_PROGRAMS:
        if method == "HEAD":
            continue
        for headers, sentence in [
            ({"Origin": "http://evil.example"}, "Pages of another site cannot use this server."),
            ({"Host": "evil.example"}, "This server does not answer to that name."),
        ]:
            refused = send(open_server, method, target, dict(headers))
            problem = json.loads(refused.body)
            assert (refused.status, refused.header("content-type")) == (403, "application/problem+json")
            assert (problem["status"], problem["error"]) == (403, "AccessDeniedError")
            assert problem["detail"].startswith(sentence)


def test_no_foreign_page_is_ever_told_that_it_may_read(open_server: Server) -> None:
    for target in ("/", "/api/prompts", "/mcp", "/_stcore/health"):
        preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
        for method in ("OPTIONS", "GET", "POST"):
            answer = open_server.ask(method, target, dict(preflight))
            assert (answer.status, "access-control-allow" in answer.headers) == (403, False)


# Tokens of the server


def operations(server: Server, headers: dict[str, str | None]) -> list[tuple[str, str]]:
    """Return every operation that the API's own description lists, with something for each part of its path."""
    described = json.loads(server.ask("GET", "/api/openapi.json", headers).body)
    return [
        (method.upper(), "/api" + re.sub(r"\{[^}]*\}", "a", path))
        for path, entry in described["paths"].items()
        for method in entry
        if method in ("get", "put", "post", "delete", "patch", "head", "options")
    ]


@pytest.mark.parametrize("kind", ["locked_server", "locked_programs"])
def test_without_its_token_every_route_answers_401(kind: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(kind)
    described = operations(server, {"Authorization": f"Bearer {TOKEN}"})
    assert len(described) > 30
    pages = [*ROUTES, *((method, target) for method, target, _ in SIX)]
    programs = [*PROGRAMS, *described]
    wrong: list[dict[str, str | None]] = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Cookie": "pk_00000000=wrong; token=wrong"},
    ]
    answers = {
        (route, number): send(server, *route, wrong[number]) for route in [*pages, *programs] for number in range(5)
    }
    assert {where: answer.status for where, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert {answer.body for (route, _), answer in answers.items() if route in pages} == {
        b"This server needs its token. Open it by the address with the token, as it was given at its start."
    }
    told = {
        (json.loads(answer.body)["detail"], answer.header("www-authenticate"))
        for ((method, target), _), answer in answers.items()
        if (method, target) in programs and method != "HEAD"
    }
    assert told == {
        (
            "This server needs a token, sent as `Authorization: Bearer`. Make one with: prompt-kernel token NAME",
            "bearer",
        ),
        (
            "This token is not known here, or was removed. Make one with: prompt-kernel token NAME",
            'bearer error="invalid_token"',
        ),
    }


@pytest.mark.parametrize("kind", ["locked_server", "locked_programs", "open_server", "open_programs"])
def test_who_may_come_in_reaches_what_is_for_programs(kind: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(kind)
    bearer: dict[str, str | None] = {"Authorization": f"Bearer {TOKEN}"} if kind.startswith("locked") else {}
    assert {route: send(server, *route, bearer).status for route in PROGRAMS} == PROGRAMS
    described = operations(server, bearer)
    assert {route: 401 for route in described if send(server, *route, bearer).status in (401, 403)} == {}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_with_its_token_every_route_answers(locked_server: Server, scheme: str) -> None:
    bearer: dict[str, str | None] = {"Authorization": f"{scheme} {TOKEN}"}
    assert {route: send(locked_server, *route, bearer).status for route in ROUTES} == ROUTES


def test_the_address_with_the_token_sets_a_cookie_and_leads_to_the_address_without_it(locked_server: Server) -> None:
    answer = locked_server.ask("GET", f"/edit?prompt=a/b%20c&token={quote(TOKEN)}&x=1")
    cookie = answer.header("set-cookie")
    assert (answer.status, answer.header("location")) == (303, "/edit?prompt=a%2fb+c&x=1")
    assert re.fullmatch(r"pk_[0-9a-f]{8}=[0-9a-f]{56}; httponly; path=/; samesite=strict", cookie)
    assert answer.header("cache-control") == "no-store"
    given: dict[str, str | None] = {"Cookie": cookie.partition(";")[0]}
    assert {route: send(locked_server, *route, given).status for route in ROUTES} == ROUTES


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "///evil.example/", "/%5cevil.example"])
def test_the_way_in_leads_nowhere_else(locked_server: Server, target: str) -> None:
    answer = locked_server.ask("GET", f"{target}?token={quote(TOKEN)}")
    assert re.fullmatch(r"/[^/\\]*evil.example/?", answer.header("location"))


def test_a_browser_without_the_token_gets_a_page_that_says_so(locked_server: Server) -> None:
    answer = locked_server.ask("GET", "/?prompt=<script>", {"Accept": "text/html,*/*"})
    assert (answer.status, answer.header("content-type")) == (401, "text/html; charset=utf-8")
    assert b"This server needs its token." in answer.body
    assert b"script" not in answer.body


def test_the_token_stands_in_no_log(serve: Serve) -> None:
    server = serve("--token", TOKEN)
    server.ask("GET", f"/?token={quote(TOKEN)}")
    server.ask("GET", f"/?token={quote(TOKEN)}", {"Host": "evil.example"})
    server.knock(f"/live/abc?token={quote(TOKEN)}")
    server.knock(f"/_stcore/stream?token={quote(TOKEN)}", {"Authorization": f"Bearer {TOKEN}"})
    assert server.end() == 0
    written = server.line + server.log.read_text()
    assert [spelled for spelled in (TOKEN, quote(TOKEN)) if spelled in written] == []


def get(guard: Guard, url: str, **options: Any) -> httpx.Response:
    async def send_it() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard)) as client:
            return await client.get(url, **options)

    return asyncio.run(send_it())


async def _reached(scope: Scope, _: Receive, __: Send) -> None:
    raise AssertionError(f"{scope['path']} was reached")


@given(st.text(), st.dictionaries(st.sampled_from(["token", "Token", "x"]), st.text(max_size=30)))
def test_nothing_gets_past_the_guard_without_its_token(path: str, query: dict[str, str]) -> None:
    guard = Guard(_reached, token=f"{TOKEN}!")
    assert get(guard, f"http://localhost/{quote(path)}", params=query).status_code == 401
    assert get(guard, "http://localhost/", headers={"Cookie": f"pk_1={quote(path)}"}).status_code == 401


def test_a_cookie_that_travels_over_https_does_so_only() -> None:
    answer = get(Guard(_reached, token=TOKEN), "https://localhost/", params={"token": TOKEN})
    assert "; Secure" in answer.headers["set-cookie"]


# Tokens of the store

MADE = datetime(2030, 1, 1, tzinfo=UTC)
KNOWN = {
    "pk_reader": Token("ci", may_write=False, author="", created_at=MADE),
    "pk_writer": Token("ana", may_write=True, author="Ana", created_at=MADE),
}
SERVER = Caller("Me", may_write=True, origin="cli")


class Door:
    """A guard before an application that only notes who has come in."""

    def __init__(self, **options: Any) -> None:
        self.asked: list[str] = []
        self.guard = Guard(self.app, token_of=self.token_of, **options)

    def token_of(self, secret: str) -> Token | None:
        self.asked.append(secret)
        if secret == "pk_broken":  # noqa: S105 - of a test
            raise StoreUnavailableError("x", "it is locked")
        return KNOWN.get(secret)

    async def app(self, scope: Scope, _: Receive, send: Send) -> None:
        self.caller = caller_of(HTTPConnection(scope))
        await _fine(scope, _, send)

    def knock(self, target: str, **headers: str) -> Any:
        """Return who came in, or the status of the refusal."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        status = get(self.guard, f"http://localhost{target}", headers=given).status_code
        return self.caller if status == 200 else status


@pytest.mark.parametrize("options", [{}, {"locked": "programs"}, {"locked": "everything"}, {"token": TOKEN}])
@pytest.mark.parametrize("place", ["/api", "/api/", "/api/prompts", "/api/events", "/mcp", "/mcp/", "/mcp/x"])
def test_a_token_of_the_store_opens_what_is_for_programs_with_its_rights(options: dict[str, Any], place: str) -> None:
    door = Door(**options)
    says = {"Prompt_Kernel_Author": "Me", "Prompt_Kernel_Origin": "cli"}
    assert door.knock(place, Authorization="Bearer pk_reader", **says) == Caller("Me", may_write=False, origin="cli")
    # Whose token it is counts more than what somebody says.
    assert door.knock(place, Authorization="Bearer pk_writer", **says) == Caller("Ana", may_write=True, origin="cli")
    assert door.knock(place, Authorization="bearer  pk_writer") == Caller("Ana", may_write=True, origin="api")
    assert door.knock(place, Authorization="Bearer pk_other") == 401
    assert door.knock(place, Authorization="Bearer ") == 401
    assert door.knock(place, Authorization="Bearer pk_broken") == 503
    assert door.knock(place, **says) == (401 if options else SERVER)


@pytest.mark.parametrize("place", ["/", "/edit", "/apis", "/api.html", "/mcpx", "/live/x/copy", "//api/x", "/x/api/x"])
def test_a_token_of_the_store_opens_no_page(place: str) -> None:
    expected = {"nothing": 200, "programs": 200, "everything": 401}
    for locked, status in expected.items():
        door = Door(locked=locked)
        for secret in ("pk_reader", "pk_writer", "pk_other"):
            reached = door.knock(place, Authorization=f"Bearer {secret}")
            assert (reached if isinstance(reached, int) else 200) == status
        assert door.asked == []


def test_in_an_address_a_token_of_the_store_counts_for_events_alone() -> None:
    for options in ({}, {"locked": "programs"}, {"token": TOKEN}):
        door = Door(**options)
        assert door.knock("/api/events?token=pk_reader") == Caller("", may_write=False, origin="api")
        assert door.knock("/api/events?token=pk_other&after=3") == 401
        assert door.knock("/api/events?token=") == 401
        assert door.knock("/api/events?token=pk_reader", Authorization="Bearer pk_other") == 401
        for place in ("/api/prompts", "/api/events/x", "/mcp", "/api"):
            assert door.knock(f"{place}?token=pk_writer") == (401 if options else Caller())
    assert Door(token=TOKEN).knock(f"/api/events?token={quote(TOKEN)}") == Caller()


def test_who_brings_no_token_costs_the_store_nothing() -> None:
    door = Door()
    for target in ("/", "/api/prompts", "/api/events", "/mcp", "/api/prompts?token=x"):
        assert door.knock(target) == Caller()
    own = Door(token=TOKEN)
    assert own.knock("/api/prompts", Authorization=f"Bearer {TOKEN}") == Caller()
    assert (door.asked, own.asked) == ([], [])


def test_a_token_of_the_store_opens_a_real_server_until_it_is_removed(serve: Serve, store: Store) -> None:
    reader, writer = store.add_token("ci"), store.add_token("ana", write=True, author="Ana")
    server = serve("--store", store.url, "--token", TOKEN, pages=False)
    json_type: dict[str, str | None] = {"Content-Type": "application/json", "Prompt-Kernel-Author": "Mallory"}

    def save(secret: str, path: str) -> Any:
        headers = json_type | {"Authorization": f"Bearer {secret}"}
        return server.ask("POST", "/api/prompts", headers, json.dumps({"path": path, "text": "x"}).encode())

    def read(secret: str) -> int:
        return int(server.ask("GET", "/api/prompts/a", {"Authorization": f"Bearer {secret}"}).status)

    assert (save(writer, "a").status, store["a"].author, store["a"].origin) == (201, "Ana", "api")
    refused = save(reader, "b")
    assert (refused.status, json.loads(refused.body)["error"], "b" in store) == (403, "AccessDeniedError", False)
    assert [read(secret) for secret in (reader, writer, TOKEN, "pk_x")] == [200, 200, 200, 401]
    assert server.knock(f"/api/events?token={reader}").status == 101
    assert server.knock("/api/events?token=pk_x").status == 401
    assert server.ask("GET", "/", {"Authorization": f"Bearer {writer}"}).status == 401
    store.remove_token("ci")
    assert [read(secret) for secret in (reader, writer)] == [401, 200]
    assert server.knock(f"/api/events?token={reader}").status == 401
    assert server.end() == 0
    written = server.line + server.log.read_text()
    assert [secret for secret in (reader, writer) if secret in written] == []


# Names of other machines


async def _fine(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("host", "origin", "expected"),
    [
        ("prompts.example", None, 200),
        ("this.example:8501", "http://this.example:8501", 200),
        ("this.example:8501", "http://this.example:8888", 403),
        ("localhost:8501", "http://localhost:8888", 403),
        ("Prompts.Example.", "https://prompts.example", 200),
        ("127.0.0.1:8501", "https://prompts.example", 200),
        ("192.168.1.5:8501", "http://192.168.1.5:8501", 200),
        ("192.168.1.5:8501", "http://192.168.1.6:80", 403),
        ("[fe80::1]:8501", None, 200),
        ("evil.example", None, 403),
        ("prompts.example", "http://evil.example", 403),
        ("192.168.1.500", None, 403),
    ],
)
def test_a_server_for_others_answers_to_its_names_and_to_addresses(
    host: str, origin: str | None, expected: int
) -> None:
    guard = Guard(_fine, hosts=["this.example"], proxies=["prompts.example"], addresses=True)
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    assert get(guard, "http://any/", headers=headers).status_code == expected


def test_hosts_are_read_from_names_and_urls() -> None:
    given = ["https://Prompts.example/oauth2callback", "other.example:8501", "third", "http://[::1]:80", ""]
    assert hosts_of(given) == {"prompts.example", "other.example", "third", "[::1]"}


def test_what_is_loopback() -> None:
    hosts = ["127.0.0.1", "127.0.0.9", "localhost", "::1", "[::1]", "0.0.0.0", "::", "192.0.2.1", ""]  # noqa: S104 - it is asked about
    assert [host for host in hosts if is_loopback(host)] == hosts[:5]


# Tokens of prompts


def test_a_token_tells_what_was_put_in() -> None:
    tokens = Tokens()
    assert tokens.read(tokens.mint("abc", "Ana ☕")) == Claim("abc", "Ana ☕", may_write=True)
    assert tokens.read(tokens.mint("abc", "Ana", may_write=False)) == Claim("abc", "Ana", may_write=False)


def test_a_token_can_be_offered_as_a_subprotocol() -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+", Tokens().mint("abc", "Ana ☕" * 100))


def test_a_token_stays_the_same_for_a_while() -> None:
    tokens = Tokens()
    assert tokens.mint("abc", "Ana") == tokens.mint("abc", "Ana")
    assert len({tokens.mint("abc", "Ana"), tokens.mint("abd", "Ana"), tokens.mint("abc", "Ben")}) == 3


def test_tokens_of_another_server_forged_ones_and_old_ones_say_nothing() -> None:
    tokens, old = Tokens(), Tokens(lifetime=-1)
    good = tokens.mint("abc", "Ana")
    forged = [good[:-1], good[1:], f"{good}x", good.replace(".", ""), "", ".", "☕", "a.b.c"]
    assert [tokens.read(token) for token in [*forged, Tokens().mint("abc", "Ana")]] == [None] * 9
    assert old.read(old.mint("abc", "Ana")) is None


@given(st.text())
def test_no_text_is_a_token(text: str) -> None:
    assert Tokens().read(text) is None
