"""What a live text expands to, as its watchers are told."""

from typing import Any

import pytest

from prompt_kernel.live import protocol as wire
from prompt_kernel.live.previews import preview
from prompt_kernel.store import Store
from tests.live.client import Join


def pieces(payload: dict[str, Any]) -> list[tuple[str, str, int | None, str | None, int]]:
    return [(p["text"], p["path"], p["version"], p["variable"], p["origin"]) for p in payload["pieces"]]


async def test_a_preview_is_of_what_is_typed_and_follows_it(library: Store, join: Join) -> None:
    ana = await join("style/base", "ana")

    first = await ana.watch("preview", variables={"tone": "formal"})
    ana.insert(0, "🙂 ")
    await ana.pump()
    await ana.until(lambda: ana.previews["preview"][-1]["text"].startswith("🙂"))

    assert first["text"] == "Speak in a formal voice.\nBe brief.\n"
    assert pieces(first) == [
        ("Speak in a ", "style/tone", 1, None, 1),
        ("formal", "style/tone", 1, "tone", 1),
        (" voice.\n", "style/tone", 1, None, 1),
        ("Be brief.\n", "style/base", None, None, 0),
    ]
    last = ana.previews["preview"][-1]
    assert {key: last[key] for key in ("text", "composite", "characters", "cut", "problem", "inclusions")} == {
        "text": "🙂 Speak in a formal voice.\nBe brief.\n",
        "composite": True,
        "characters": 37,
        "cut": False,
        "problem": "",
        "inclusions": [
            {"from": 3, "to": 17, "spelled": "style/tone", "target": "style/tone", "version": 1, "near": []}
        ],
    }
    assert (last["variables"], last["missing"], last["diagnostics"]) == (["tone"], [], [])
    assert library["style/base"].version == 1


async def test_a_preview_follows_what_is_included(library: Store, join: Join) -> None:
    ana = await join("style/base", "ana")
    await ana.watch("preview", variables={})

    library.save("style/tone", "Speak up.\n")

    await ana.until(lambda: ana.previews["preview"][-1]["text"] == "Speak up.\nBe brief.\n")


@pytest.mark.usefixtures("library")
async def test_every_watcher_gets_what_its_values_make_and_pieces_only_if_wanted(join: Join) -> None:
    ana, ben = await join("style/base", "ana"), await join("style/base", "ben")

    one = await ana.watch("editor", variables={"tone": "formal"}, pieces=False)
    two = await ben.watch("preview", variables={"tone": "plain"})
    three = await ben.watch("editor", variables={"tone": "formal"}, pieces=False)

    assert one == three
    assert (one["pieces"], one["text"], one["characters"]) == ([], "", 35)
    assert two["text"].startswith("Speak in a plain")
    ben.send(wire.message(wire.WATCH, {"id": "preview", "off": True}))
    ben.append("!")
    await ben.pump()
    await ana.until(lambda: len(ana.previews["editor"]) == 2)
    await ben.until(lambda: len(ben.previews["editor"]) == 2)
    assert len(ben.previews["preview"]) == 1


@pytest.mark.usefixtures("library")
async def test_a_text_that_expands_to_the_same_is_not_sent_again(join: Join) -> None:
    ana = await join("style/base", "ana")
    first = await ana.watch("preview", variables={})
    ana.append("x")
    ana.change(len(ana.text) - 1, len(ana.text), "")
    await ana.pump()
    ana.append("y")
    await ana.pump()

    await ana.until(lambda: ana.previews["preview"][-1]["text"].endswith("y"))

    assert first["text"] not in [later["text"] for later in ana.previews["preview"][1:]]


@pytest.mark.parametrize(
    ("path", "text", "problem", "findings", "inclusions"),
    [
        (
            "style/base",
            "🙂 [[tonne]] {{ who }}",
            "There is no prompt 'tonne'. Did you mean style/tone",
            [("not-found", 3, 12, ["style/tone"]), ("missing-variable", 13, 22, [])],
            [("tonne", None, None, ["style/tone"])],
        ),
        (
            "style/base",
            "[[style/base]]",
            "These prompts include each other in a circle: style/base -> style/base.",
            [("cycle", 0, 14, [])],
            [("style/base", None, None, [])],
        ),
        (
            "style/tone",
            "[[base]]",
            "These prompts include each other in a circle: style/tone -> style/base -> style/tone.",
            [("cycle", None, None, [])],
            [("base", "style/base", 1, [])],
        ),
        (
            "review",
            "[[style/*]]",
            "",
            [],
            [("style/*", "style/base", 1, [])],
        ),
    ],
)
def test_a_preview_tells_what_is_wrong_and_where(
    library: Store,
    path: str,
    text: str,
    problem: str,
    findings: list[tuple[object, ...]],
    inclusions: list[tuple[object, ...]],
) -> None:
    payload = preview(library, path, text, {})

    assert payload["problem"].startswith(problem)
    assert bool(payload["problem"]) is bool(problem)
    assert [(f["code"], f["from"], f["to"], f["near"]) for f in payload["diagnostics"]] == findings
    assert [(i["spelled"], i["target"], i["version"], i["near"]) for i in payload["inclusions"]] == inclusions


def test_a_preview_uses_what_the_prompt_declares_and_names_what_is_missing(store: Store) -> None:
    store.save("note", "x", variables={"n": {"type": "integer", "default": 3}})

    payload = preview(store, "note", "{{ n }} {{ who }} {{ naïve }}", {"naïve": 1})

    assert (payload["text"], payload["variables"], payload["missing"]) == (
        "3 {{ who }} 1",
        ["n", "naïve", "who"],
        ["who"],
    )
    assert payload["composite"] is False
    assert payload["problem"].startswith("No value was given for the variable who.")


def test_a_template_is_shown_with_its_values_or_with_what_is_missing(store: Store) -> None:
    store.save("note", "x", engine="jinja")

    assert preview(store, "note", "{% for n in numbers %}{{ n }};{% endfor %}", {"numbers": [1, 2]})["text"] == "1;2;"
    assert preview(store, "note", "Dear {{ who }},", {})["missing"] == ["who"]


def test_a_long_text_is_cut_and_says_so(store: Store) -> None:
    store.save("note", "x")
    store.save("long", "🙂" * 150_000)

    payload = preview(store, "note", "[[long]][[long]]", {})

    assert (len(payload["text"]), payload["characters"], payload["cut"]) == (200_000, 300_000, True)
    assert [len(piece["text"]) for piece in payload["pieces"]] == [150_000, 50_000]


async def test_the_whole_expansion_of_a_long_text_can_be_asked_for(store: Store, join: Join) -> None:
    store.save("long", "a" * 150_000)
    store.save("note", "[[long]][[long]]{{ end }}")
    ana = await join("note", "ana")

    whole = {"ok": True, "text": "a" * 300_000 + ".", "composite": True, "incomplete": ""}
    assert await ana.ask("expand", variables={"end": "."}) == whole


def test_what_is_too_large_or_in_the_trash_is_shown_as_it_is_written(store: Store) -> None:
    store.save("note", "x")
    store.save("bomb", "a" * 1_500_000)

    payload = preview(store, "note", "[[bomb]][[bomb]]", {})
    assert (payload["text"], payload["problem"].startswith("This would expand to 3,000,000 characters")) == (
        "[[bomb]][[bomb]]",
        True,
    )
    store.delete("note")
    payload = preview(store, "note", "text", {})
    assert (payload["text"], payload["problem"].startswith("There is no prompt 'note'.")) == ("text", True)
