from typing import Any

import pytest
from IPython.core import completer

from prompt_kernel.store import Store

#: IPython before 8.6 shows a matcher neither the cell nor a way to keep others out.
KNOWS_CELLS = hasattr(completer, "context_matcher")


@pytest.mark.parametrize(
    ("code", "start", "expected"),
    [
        ("%prompt sty|", 8, ["style/base", "style/tone"]),
        ("x = %prompt style/b|", 12, ["style/base"]),
        ("a = 1\n%prompt sty|\nb", 14, ["style/base", "style/tone"]),
        ("%prompt review --le|", 15, ["--lenient"]),
        ("%prompt review to|", 15, ["tone="]),
        ("%prompts hist|", 9, ["history"]),
        ("%%prompt sty|", 9, ["style/base", "style/tone"]),
        ("%%prompt new\nIt's [[style/b|", 20, ["style/base]]"]),
        ("%%prompt new\n[[style/b|]] more", 15, ["style/base"]),
        ("%%prompt new\nnaïve-é 🙂 [[style/b|", 25, ["style/base]]"]),
    ],
)
def test_a_kernel_completes(kernel: Any, code: str, start: int, expected: list[str]) -> None:
    reply = kernel.complete(code)
    assert reply["cursor_start"] == start
    assert reply["matches"] == expected if KNOWS_CELLS else set(expected) <= set(reply["matches"])


def test_a_thread_of_the_kernel_completes_as_vs_code_asks_for_it(kernel: Any) -> None:
    kernel.run(
        "import threading\n"
        "found = []\n"
        "ask = lambda: found.append(get_ipython().kernel.do_complete('%prompt style/', 14)['matches'])\n"
        "thread = threading.Thread(target=ask)\n"
        "thread.start(); thread.join(60)"
    )
    shown = kernel.run("sorted(set(found[0]) & {'style/base', 'style/tone'})")
    assert shown[0]["data"]["text/plain"] == "['style/base', 'style/tone']"


def test_an_expansion_is_a_card_and_its_raw_text(kernel: Any) -> None:
    shown = kernel.run("%prompt review code='x = 1'")
    assert [output["type"] for output in shown] == ["execute_result"]
    assert set(shown[0]["data"]) == {"text/html", "text/plain"}
    assert shown[0]["data"]["text/plain"] == "Speak in a plain voice.\nBe brief.\nReview this: x = 1"
    assert '<div class="pk-card ' in shown[0]["data"]["text/html"]


def test_an_error_is_an_output_of_one_line_with_its_real_name(kernel: Any) -> None:
    shown = kernel.run("%prompt reviw")
    sentence = "There is no prompt 'reviw'. Did you mean review?"
    assert shown == [
        {
            "type": "error",
            "ename": "PromptNotFoundError",
            "evalue": sentence,
            "traceback": [f"PromptNotFoundError: {sentence}"],
        }
    ]


def test_a_wrong_line_is_one_line_on_stderr(kernel: Any) -> None:
    shown = kernel.run("%prompt")
    assert [(output["type"], output["name"]) for output in shown] == [("stream", "stderr")]
    assert shown[0]["text"].startswith("UsageError: %prompt: the following arguments are required: PATH@PIN.")


@pytest.mark.parametrize("silent", [False, True])
def test_a_body_with_python_sessions_is_saved_as_it_was_typed(kernel: Any, shared: Store, *, silent: bool) -> None:
    body = "User: add\nfoo\n>>> 1 + 1\n2\n... more\n" if not silent else "plain\nlines"
    kernel.run(f"%%prompt few/shot\n{body}", silent=silent)
    assert shared["few/shot"].text == body


def test_a_conflict_is_a_card_and_an_error(kernel: Any, shared: Store) -> None:
    kernel.run("%%prompt disputed\nmine")
    shared.save("disputed", "theirs")
    shown = kernel.run("%%prompt disputed\nmine again")
    assert [output["type"] for output in shown] == ["display_data", "error"]
    assert set(shown[0]["data"]) == {"text/html", "text/plain"}
    assert shown[1]["ename"] == "ConflictError"
    assert shared["disputed"].text == "theirs"
    assert [output["type"] for output in kernel.run("%%prompt disputed --mine\nmine again")] == ["execute_result"]
    assert (shared["disputed"].text, shared["disputed"].author) == ("mine again", "ana")


def test_help_is_plain_text(kernel: Any) -> None:
    shown = kernel.run("%prompts history --help")
    assert [(output["type"], list(output["data"])) for output in shown] == [("display_data", ["text/plain"])]
    assert shown[0]["data"]["text/plain"].startswith("usage: %prompts history")
