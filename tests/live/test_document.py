"""The live text of a prompt, and the small edits that an outside change becomes."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from prompt_kernel.live import draft_text
from prompt_kernel.live.differences import edits
from prompt_kernel.live.document import Document, rebase, render, salvage, seed
from prompt_kernel.live.newlines import to_lf
from prompt_kernel.live.protocol import MalformedMessageError
from prompt_kernel.live.updates import parse
from prompt_kernel.store import Store

TEXTS = st.lists(
    st.sampled_from(["one ", "two", "\n", "é", "é", "🙂", "שלום", "\r\n", "👩\u200d🚀", "a", "[[x]]"]), max_size=25
).map("".join)


def typed(state: bytes, at: int, text: str) -> bytes:
    """Return what somebody types who has a document, as an update; `at` counts bytes."""
    doc: Doc[Text] = Doc()
    content = doc.get("text", type=Text)
    doc.apply_update(state)
    before = doc.get_state()
    content.insert(at, text)
    return doc.get_update(before)


@given(TEXTS, TEXTS)
def test_edits_make_one_text_of_the_other(old: str, new: str) -> None:
    made = old
    for edit in reversed(edits(old, new)):
        made = made[: edit.start] + edit.text + made[edit.end :]

    assert made == new


def test_edits_leave_alone_what_stayed() -> None:
    old = "The quick brown fox\njumps over\nthe lazy dog.\n"
    new = "The quick red fox\njumps over\nthe lazier dog!\n"

    assert [(old[start:end], text) for start, end, text in edits(old, new)] == [
        ("brown", "red"),
        ("y", "ier"),
        (".", "!"),
    ]


def test_many_equal_lines_do_not_take_for_ever() -> None:
    old, new = "a\nb\n" * 5000, "b\nc\n" * 5000
    made = old
    for edit in reversed(edits(old, new)):
        made = made[: edit.start] + edit.text + made[edit.end :]

    assert made == new


@given(TEXTS)
def test_a_document_holds_the_text_that_it_was_made_of(text: str) -> None:
    assert render(seed(text)) == text.replace("\r\n", "\n")


@given(TEXTS, TEXTS, TEXTS)
def test_what_was_typed_and_what_was_saved_meanwhile_are_both_there(base: str, saved: str, words: str) -> None:
    state = seed(base)
    document = Document(state)
    document.take(typed(state, 0, f"<{words}>"))
    update, synced = rebase(state, base, saved)
    document.take(update)

    assert render(synced) == saved.replace("\r\n", "\n")
    assert document.text.replace(f"<{words}>", "", 1) == saved.replace("\r\n", "\n")


@given(TEXTS, TEXTS)
def test_a_writer_who_began_with_the_live_text_doubles_nothing_of_it(base: str, words: str) -> None:
    state = seed(base)
    update = typed(state, 0, f"<{to_lf(words)}>")
    live = render(state, [update])
    document = Document(state, [update])

    update, synced = rebase(state, base, f"{live} and more", [state, update])
    document.take(update)

    assert render(synced) == document.text == f"{live} and more"


@pytest.mark.parametrize("saved", ["a cat sat down\n", "a dog\n", "a cat\n", "", "something else altogether\n"])
def test_what_was_typed_live_outlives_a_writer_who_did_not_know_of_it(saved: str) -> None:
    state = seed("a cat sat\n")
    update = typed(state, 5, "apult")

    changed, synced = rebase(state, "a cat sat\n", saved, [state, update])

    assert render(synced) == saved
    assert render(state, [update, changed]).count("apult") == 1


def test_taking_the_same_again_changes_nothing() -> None:
    state = seed("Hello.")
    update = typed(state, 5, " 🙂")
    document = Document(state)

    assert document.take(update) == update
    assert document.take(update) is None
    assert (document.text, document.size) == ("Hello 🙂.", len("Hello 🙂.".encode()))


def test_a_document_is_made_again_of_its_state_and_updates_and_none_may_be_missing() -> None:
    state = seed("x")
    first = typed(state, 1, "a")
    second = typed(render_state(state, first), 2, "b")

    with pytest.raises(MalformedMessageError, match="nobody has written"):
        Document(state, [second])
    document = Document(state, [first, second])
    assert Document(document.state()).text == "xab"


def render_state(state: bytes, *updates: bytes) -> bytes:
    return Document(state, updates).state()


def test_an_update_that_refers_to_what_nobody_wrote_is_refused() -> None:
    state = seed("x")
    first = typed(state, 1, "a")
    second = typed(render_state(state, first), 2, "b")
    document = Document(state)

    with pytest.raises(MalformedMessageError, match="nobody has written"):
        document.take(second)
    assert document.take(first) == first
    assert document.take(second) == second


def test_what_is_no_edit_of_the_text_is_refused_and_leaves_the_document_as_it_was() -> None:
    doc: Doc[Text] = Doc()
    content = doc.get("text", type=Text)
    doc.apply_update(seed("Hello."))
    start = doc.get_state()
    strange: list[bytes] = []
    doc.get("other", type=Text).insert(0, "elsewhere")
    strange.append(doc.get_update(start))
    start = doc.get_state()
    content.insert_embed(0, {"an": "object"})
    strange.append(doc.get_update(start))
    start = doc.get_state()
    content.format(0, 3, {"bold": True})
    strange.append(doc.get_update(start))
    start = doc.get_state()
    doc["map"] = Map({"key": "value"})
    strange.append(doc.get_update(start))
    document = Document(seed("Hello."))

    for update in strange:
        with pytest.raises(MalformedMessageError):
            document.take(update)
    assert document.text == "Hello."


def test_damaged_bytes_leave_a_document_as_it_was() -> None:
    dice = random.Random(5)  # noqa: S311 - dice
    state = seed("Hello, world. 🙂\n")
    document = Document(state)
    good = document.take(typed(state, 5, "!"))
    assert good is not None
    before = document.text

    for _ in range(500):
        damaged = bytearray(good)
        damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            change = document.take(bytes(damaged))
        except MalformedMessageError:
            continue
        if change is not None:
            document.take_back(change)
    assert document.text == before
    assert document.take(typed(document.state(), 0, "Still alive. ")) is not None
    assert document.text == f"Still alive. {before}"


def test_an_update_tells_what_it_holds() -> None:
    state = seed("ab")
    ours = parse(state)
    ((client, run),) = ours.runs.items()

    assert (run, ours.needs, ours.deletes) == ((0, 2), {}, False)
    doc: Doc[Text] = Doc()
    content = doc.get("text", type=Text)
    doc.apply_update(state)
    start = doc.get_state()
    del content[0:1]
    assert parse(doc.get_update(start)) == ({}, {client: 1}, True)


def test_what_can_be_read_of_a_damaged_document_is_salvaged() -> None:
    state = seed("Hello.")
    update = typed(state, 5, " there")

    assert salvage(state, [b"\xff\xff", update]) == "Hello there."
    assert salvage(b"\xff\xff", [b"damaged"]) is None


@pytest.mark.parametrize("text", ["One.\r\nTwo 🙂.\r\n", "One.\nTwo 🙂.\n"])
def test_the_draft_of_a_prompt_has_what_was_typed_and_its_own_line_ends(store: Store, text: str) -> None:
    prompt = store.save("note", text)
    assert draft_text(store, "note") == text

    kept = store.live.open(prompt.uid, seed)
    store.live.append([(prompt.uid, kept.epoch, typed(kept.state, 0, "Zero.\n"), "ana")], "process")

    newline = "\r\n" if "\r" in text else "\n"
    assert draft_text(store, "note") == f"Zero.{newline}{text}"
    store.save("note", text + "Three.")
    assert draft_text(store, "note") == f"Zero.{newline}{text}Three."
    assert store["note"].version == 2


def test_the_draft_of_a_damaged_document_is_the_head(store: Store) -> None:
    prompt = store.save("note", "Hello.")
    store.live.open(prompt.uid, lambda _: b"\xff\xffdamaged")

    assert draft_text(store, "note") == "Hello."


def test_without_its_extra_the_error_says_what_to_install() -> None:
    code = "import sys; sys.modules['pycrdt'] = None; import prompt_kernel.live"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert ended.stderr.rstrip().endswith(
        'Live editing needs an optional part. Install it with: pip install "prompt-kernel[dashboard]"'
    )
