"""One story, told to a store, to a client that waits and to one that is awaited: each step gives the same."""

import asyncio
import inspect
import re
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from prompt_kernel import wire
from prompt_kernel.client import AsyncClient, Client
from prompt_kernel.errors import PromptKernelError
from prompt_kernel.expansion import Limits, Manifest, ManifestEntry
from prompt_kernel.names import MAX_PATH_CHARACTERS
from prompt_kernel.records import Draft, Rows
from prompt_kernel.store import Store
from tests.client.servers import ServerProcess

Said = dict[str, Any]
TONE = {"tone": {"type": "enum", "values": ["formal", "plain"], "default": "plain", "description": "How"}}

#: Each step is one verb: what it is given, and what was said before it.
STORY: list[Callable[[Any, Said], Any]] = [
    lambda s, _: s.prompts(),
    lambda s, _: s.summary(),
    lambda s, _: s.save(
        "style/tone", "Speak {{ tone }}.\n", variables=TONE, tags=["style"], description="How to sound"
    ),
    lambda s, _: s.save("style/base", "[[style/tone]]Be brief.\n", tags=["style", "base"], message="the base"),
    lambda s, _: s.save("review", "[[style/base]]Review:\n{{ code }}\n", engine="simple", variables={"code": None}),
    lambda s, _: s.save("other/tone", "Another.\r\nWith CRLF, é, 🙂 and \\[[ x ]]"),
    lambda s, _: s.save("Ärger mit 100-Prozent/Ünïcode nàme.v2", "{{ ünï }} 中文"),
    lambda s, _: s.save("style/tone", "Speak {{ tone }}.\n"),
    lambda s, _: s.save("style/tone", "Speak in a {{ tone }} voice.\n", message="longer", expected=1, author="zoe"),
    lambda s, _: s.save("style/tone", "Speak {{ tone }}!\n", expected=1),
    lambda s, _: s.save("style/tone", "x", expected=0),
    lambda s, _: s.save("merge", "a\nb\nc\nd\ne\n"),
    lambda s, _: s.save("merge", "A\nb\nc\nd\ne\n", expected=1, origin="notebook"),
    lambda s, _: s.save("merge", "a\nb\nc\nd\nE\n", expected=1),
    lambda s, _: s.save("../x", "x"),
    lambda s, _: s.save("a//b", "x"),
    lambda s, _: s.save("", "x"),
    lambda s, _: s.save("x" * (MAX_PATH_CHARACTERS + 1), "x"),
    lambda s, _: s.save("wrong", 5),
    lambda s, _: s.save("wrong", "a\0b"),
    lambda s, _: s.save("wrong", "x", tags="style"),
    lambda s, _: s.save("wrong", "x", tags=[""]),
    lambda s, _: s.save("wrong", "x", engine="mustache"),
    lambda s, _: s.save("wrong", "x", variables={"n": {"type": "wrong"}}),
    lambda s, _: s.save("wrong", "x", variables=5),
    lambda s, _: s.save("wrong", "x", expected=3),
    lambda s, _: s.get("style/tone"),
    lambda s, _: s.get("base"),
    lambda s, _: s.get("tone"),
    lambda s, _: s.get("STYLE/Tone"),
    lambda s, _: s.get("style/tone@1"),
    lambda s, _: s.get("style/tone", version=1),
    lambda s, _: s.get("style/tone@99"),
    lambda s, _: s.get("style/tone", version="production"),
    lambda s, _: s.get("stile/tone"),
    lambda s, _: s.get("a?b#c%20d&e=f"),
    lambda s, _: s.get("a\\b;c:d@"),
    lambda s, _: s.get("Ünïcode nàme.v2"),
    lambda s, _: s.describe("style/tone", description="How to sound, really", tags=["b", "a"]),
    lambda s, _: s.describe("nowhere", description="x"),
    lambda s, _: s.label("style/tone", "production", version=1),
    lambda s, _: s.label("style/tone", "staging"),
    lambda s, _: s.label("style/tone", "9 wrong"),
    lambda s, _: s.get("style/tone@production"),
    lambda s, _: s.unlabel("style/tone", "staging"),
    lambda s, _: s.unlabel("style/tone", "staging"),
    lambda s, _: s.history("style/tone"),
    lambda s, _: s.history("nowhere"),
    lambda s, _: s.diff("style/tone"),
    lambda s, _: s.diff("style/tone", 1, 2),
    lambda s, _: s.diff("style/tone", "production", expanded=True),
    lambda s, _: s.diff("style/tone", 1, 77),
    lambda s, _: s.restore("style/tone", "production", message="back"),
    lambda s, _: s.restore("style/tone", 1),
    lambda s, _: s.restore("style/tone", 2),
    lambda s, _: s.prompts(),
    lambda s, _: s.prompts(limit=2),
    lambda s, _: s.prompts(limit=2, after="other/tone"),
    lambda s, _: s.prompts(limit=0),
    lambda s, _: s.prompts(directory="style", tag="base"),
    lambda s, _: s.prompts(sort="version", descending=True),
    lambda s, _: s.prompts(sort="wrong"),
    lambda s, _: s.count(),
    lambda s, _: s.count("style"),
    lambda s, _: s.count(tag="base"),
    lambda s, _: s.entries(["review", "nowhere", "style/tone"]),
    lambda s, _: s.find_prompt("revi"),
    lambda s, _: s.find_prompt("tone"),
    lambda s, _: s.find_prompt("xyzzy"),
    lambda s, _: s.find_directory("styl"),
    lambda s, _: s.find_directory("xyzzy"),
    lambda s, _: s.search("speak voice"),
    lambda s, _: s.search("brief", directory="style", tag="base", limit=1),
    lambda s, _: s.search(""),
    lambda s, _: s.search('50% "quoted" (AND OR) é&x=y#z'),
    lambda s, _: s.suggest("sty"),
    lambda s, _: s.suggest("", directory="style", limit=2),
    lambda s, _: s.display_names(["style/tone", "other/tone", "review"]),
    lambda s, _: s.tags(),
    lambda s, _: s.authors(),
    lambda s, _: s.layouts(["review", "style/tone"]),
    lambda s, _: s.expand("review", code="x = 1"),
    lambda s, _: s.expand("review@1", {"code": "{{ x }} [[y]]"}, tone="formal"),
    lambda s, _: s.expand("review"),
    lambda s, _: s.expand("review", strict=False),
    lambda s, _: s.expand("style/tone@production", tone="loud"),
    lambda s, _: s.expand("review", code=5, limits=Limits(characters=10)),
    lambda s, _: s.expand("review", {"code": [1, 2.5, True, {"a": "b"}]}, unused=1),
    lambda s, _: s.expand("review", path="clash", code="clash", self="clash"),
    lambda s, _: s.expand("nowhere"),
    lambda s, _: s.expand("style/tone@9"),
    lambda s, _: s.expand_text("[[base]] {{ a }}", a="b", directory="style"),
    lambda s, _: s.expand_text("[[nowhere]]", strict=False),
    lambda s, _: s.expand_text(""),
    lambda s, _: s.expand_as("style/tone", "Now: {{ tone }}", {"tone": "formal"}),
    lambda s, said: s.expand_manifest(said["expand('review', code='x = 1')"].manifest, code="x = 2"),
    lambda s, _: s.compile("review"),
    lambda s, _: s.compile("style/tone@production"),
    lambda s, _: s.compile("style/tone@1", limits=Limits(characters=10)),
    lambda s, said: s.compile_manifest(said["expand('review', code='x = 1')"].manifest),
    lambda s, _: s.compile_manifest(Manifest((ManifestEntry("a", 1, "nobody", "0" * 64),))),
    lambda s, _: s.compile("nowhere"),
    lambda s, _: s.compile("style/tone@9"),
    lambda s, _: s.compile_text("[[base]] {{ a }}", directory="style"),
    lambda s, _: s.compile_text("[[nowhere]]"),
    lambda s, _: s.render("review", [{"code": 1}, {"code": "{{ x }}", "tone": "formal"}], {"tone": "plain"}),
    lambda s, _: s.render("review@1", [{"code": 1}, {}]),
    lambda s, _: s.render("review@1", [{"code": 1}, {}], strict=False),
    lambda s, _: s.render("nowhere", [{}]),
    lambda s, _: s.render("review", []),
    lambda s, _: s.render_frame("review", [{"code": 1}, {"code": "x", "tone": "formal"}]),
    lambda s, _: s.render_frame("review@1", [{"code": 1, "tone": "loud"}], progress=False, tone="formal"),
    lambda s, _: s.render_frame("review", [{"code": 1, "tone": "loud"}]),
    lambda s, _: s.render_frame("review", [{"cod": 1}], {"variables": 1}),
    lambda s, _: s.render_frame("nowhere", []),
    lambda s, _: s.check_frame("review", [{"code": 1}, {"code": None}], tone="formal"),
    lambda s, _: s.check_frame("review", "no rows"),
    lambda s, _: s.measure("review", [{"code": 1}], {"tone": "formal"}, limit=3, price=1.5),
    lambda s, _: s.measure("review", [{"code": 1}], tokenizer=5),
    lambda s, _: s.declarations("review"),
    lambda s, _: s.declarations("style/tone@1"),
    lambda s, _: s.declarations("nowhere"),
    lambda s, _: s.declarations_in("[[tone]] {{ a }}", directory="style"),
    lambda s, _: s.includes("review"),
    lambda s, _: s.referrers("base"),
    lambda s, _: s.referrers("review"),
    lambda s, _: s.impact("style/tone", "Shout.\n{{ more }}"),
    lambda s, _: s.check(),
    lambda s, _: s.rename("style/tone", "voice/tone"),
    lambda s, _: s.rename("voice/tone", "review"),
    lambda s, _: s.rename_directory("voice", "speech"),
    lambda s, _: s.get("style/tone"),
    lambda s, _: s.get("style/base"),
    lambda s, _: s.delete("speech/tone"),
    lambda s, _: s.delete("speech/tone", force=True),
    lambda s, _: s.delete("speech/tone"),
    lambda s, _: s.trash(),
    lambda s, _: s.recover("speech/tone", to="style/tone"),
    lambda s, _: s.recover("nowhere"),
    lambda s, _: s.delete("other/tone"),
    lambda s, _: s.purge("other/tone"),
    lambda s, _: s.purge("other/tone"),
    lambda s, _: s.delete("merge"),
    lambda s, _: s.purge(),
    lambda s, _: s.save_many(
        [Draft("many/a", "[[many/b]]", tags=("x",), layout={"file": "a.md", "n": [1]}), Draft("many/b", "b {{ n }}")],
        message="two",
        origin="import",
    ),
    lambda s, _: s.save_many([Draft("many/a", "[[many/b]]"), Draft("many/c", "c", variables={"n": 3})]),
    lambda s, _: s.save_many([Draft("many/d", "d"), Draft("many//e", "e")]),
    lambda s, _: s.save_many([]),
    lambda s, _: s.layouts(["many/a"]),
    lambda s, _: s.replacements("b", "B", directory="many"),
    lambda s, _: s.replacements("(b)", "<$1>", regex=True, case=True, paths=["many/b"], limit=1),
    lambda s, _: s.replacements("(", "x", regex=True),
    lambda s, _: s.replace("{{ n }}", "{{ m }}", directory="many"),
    lambda s, said: s.undo_replace(said["replace('{{ n }}', '{{ m }}', directory='many')"].id),
    lambda s, _: s.undo_replace("nowhere"),
    lambda s, _: s.favourite("review"),
    lambda s, _: s.favourite("style/tone"),
    lambda s, _: s.favourite("style/tone", on=False),
    lambda s, _: s.favourite("nowhere"),
    lambda s, _: s.favourites(),
    lambda s, _: s.note_opened("style/tone"),
    lambda s, _: s.note_opened("review"),
    lambda s, _: s.recent(),
    lambda s, _: s.recent(1),
    lambda s, _: s.preference("theme", "none"),
    lambda s, _: s.set_preference("theme/a b", {"dark": [1, None]}),
    lambda s, _: s.preference("theme/a b"),
    lambda s, _: s.set_preference("wrong", {1, 2}),
    lambda s, _: s.directories(),
    lambda s, _: s.add_directory("drafts/new", description="not yet"),
    lambda s, _: s.add_directory("drafts/new"),
    lambda s, _: s.add_directory("drafts//x"),
    lambda s, _: s.update_directory("many", enabled=False, description="off"),
    lambda s, _: s.update_directory("nowhere", enabled=False),
    lambda s, _: s.expand("many/a", strict=False),
    lambda s, _: s.remove_directory("drafts/new"),
    lambda s, _: s.remove_directory("many"),
    lambda s, _: s.remove_directory("nowhere"),
    lambda s, _: s.changes(),
    lambda s, _: s.changes(3, limit=2),
    lambda s, _: s.activity(),
    lambda s, _: s.activity(limit=3, before=9),
    lambda s, _: s.activity(author="zoe"),
    lambda s, _: s.activity(kind="renamed"),
    lambda s, _: s.activity(path="review", directory="style"),
    lambda s, _: s.authors(),
    lambda s, _: s.summary(),
]


class _Called:
    """Says what a step calls, to name it by."""

    def __getattr__(self, verb: str) -> Callable[..., str]:
        def call(*given: object, **named: object) -> str:
            shown = [repr(value)[:60] for value in given] + [f"{name}={value!r}"[:60] for name, value in named.items()]
            return f"{verb}({', '.join(shown)})"

        return call


def _name(step: Callable[[Any, Said], Any]) -> str:
    class Result:
        manifest, id = "…", "…"

    class Results(dict[str, Any]):
        def __missing__(self, key: str) -> Result:
            return Result()

    return str(step(_Called(), Results()))


NAMES = [_name(step) for step in STORY]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00")
_UID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])|replace-[0-9a-f]{12}")


class _Masks:
    """Puts numbers in the place of what is new each time: uids, times, and where the store is."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: dict[str, str] = {}
        self._numbers = count()

    def masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.masked(entry) for name, entry in value.items()}
        if isinstance(value, list):
            return [self.masked(entry) for entry in value]
        if not isinstance(value, str):
            return value
        return self._text(value.replace(self._url, "<url>"))

    def _text(self, text: str) -> str:
        text = _TIME.sub("<time>", text)
        return _UID.sub(lambda found: self._known.setdefault(found[0], f"<id {next(self._numbers)}>"), text)


def _told(value: Any) -> Any:
    """Everything there is to a result: its type, what heads it, its data."""
    if isinstance(value, PromptKernelError):
        return [type(value).__name__, str(value), wire.error_to_data(value)]
    heading = [value.title, value.empty] if isinstance(value, Rows) else []
    return [type(value).__name__, heading, wire.to_data(value)]


async def _tell(teller: Any) -> list[Any]:
    masks, said, told = _Masks(teller.url), {}, []
    for name, step in zip(NAMES, STORY, strict=True):
        try:
            value = step(teller, said)
            said[name] = await value if inspect.isawaitable(value) else value
            told.append(masks.masked(_told(said[name])))
        except PromptKernelError as error:
            told.append(masks.masked(_told(error)))
    return told


@pytest.fixture(scope="module")
def by_store(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    with Store(tmp_path_factory.mktemp("local") / "prompts.db", author="ana") as store:
        return asyncio.run(_tell(store))


@pytest.fixture(scope="module")
def by_client(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    with ServerProcess(tmp_path_factory.mktemp("remote")) as server, Client(server.url, author="ana") as client:
        return asyncio.run(_tell(client))


@pytest.fixture(scope="module")
def by_async_client(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    async def tell(url: str) -> list[Any]:
        async with AsyncClient(url, author="ana") as client:
            return await _tell(client)

    with ServerProcess(tmp_path_factory.mktemp("awaited")) as server:
        return asyncio.run(tell(server.url))


@pytest.mark.parametrize("number", range(len(STORY)), ids=[f"{at}-{name}" for at, name in enumerate(NAMES)])
def test_a_client_gives_what_the_store_gives(
    by_store: list[Any], by_client: list[Any], by_async_client: list[Any], number: int
) -> None:
    assert by_client[number] == by_store[number]
    assert by_async_client[number] == by_store[number]
