"""A model behind a URL, on a real server that speaks OpenAI's protocol."""

import json
import socket
from typing import Any

import pytest

import prompt_kernel as pk
from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.experiments import Retry
from prompt_kernel.store import Store
from tests.experiments.openai_server import ServerProcess

QUICK = Retry(attempts=4, wait=0.001, jitter=0.001)


def asked(store: Store, model: Any, text: str = "Hello", **settings: Any) -> Any:
    """What came of one text and one model."""
    experiment = pk.Experiment("one", store=store, prompts={"p": text}, models=model)
    (run,) = experiment.run(progress=False, **{"retry": QUICK, **settings}).runs
    return run


def test_an_answer_comes_with_tokens_and_cost(store: Store, openai: ServerProcess) -> None:
    endpoint = pk.Endpoint(
        openai.url, "echo", key="secret", headers={"X-Team": "maths"}, parameters={"temperature": 0}, price=(2, 10)
    )
    run = asked(store, {"gpt": endpoint})

    assert (run.output, run.error) == ("echo: Hello", "")
    assert (run.tokens_in, run.tokens_out, run.cost) == (100, 20, (100 * 2 + 20 * 10) / 1e6)
    assert run.parameters == {"model": "echo", "temperature": 0}
    (call,) = openai.calls
    assert call["body"] == {
        "temperature": 0, "model": "echo", "messages": [{"role": "user", "content": "Hello"}],
    }  # fmt: skip
    assert (call["headers"]["authorization"], call["headers"]["x-team"]) == ("Bearer secret", "maths")


def test_a_url_alone_is_a_model_called_by_its_name(store: Store, openai: ServerProcess) -> None:
    assert asked(store, {"echo": openai.url}).output == "echo: Hello"
    assert asked(store, {"echo": f"{openai.url}/chat/completions?api-version=2"}, "Again").output == "echo: Again"
    assert "authorization" not in openai.calls[0]["headers"]


def test_roles_in_a_text_become_messages(store: Store, openai: ServerProcess) -> None:
    asked(store, {"echo": openai.url}, "system:\nBe brief.\n\nuser:\nHello")

    assert openai.calls[0]["body"]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]


def test_a_rate_limit_is_waited_for_as_the_server_says(store: Store, openai: ServerProcess) -> None:
    run = asked(store, {"busy": openai.url}, retry=Retry(attempts=3, wait=3600, longest=3600, jitter=0))

    assert (run.output, len(openai.calls)) == ("busy: Hello", 3)


def test_what_passes_is_tried_again(store: Store, openai: ServerProcess) -> None:
    assert (asked(store, {"flaky": openai.url}).output, len(openai.calls)) == ("flaky: Hello", 2)


def test_what_does_not_pass_is_a_row_after_the_last_attempt(store: Store, openai: ServerProcess) -> None:
    run = asked(store, {"down": openai.url})

    assert run.error == f"down gave no answer: {openai.url} says 500."
    assert (run.output, len(openai.calls)) == (None, 4)


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("later", "{url} says 429, Come tomorrow."),
        ("poor", "{url} says 429, You exceeded your quota."),
        ("denied", "{url} says 401, Incorrect API key provided: Bearer …."),
        ("page", "{url} does not answer as this protocol has it."),
        ("odd", "{url} does not answer as this protocol has it."),
        ("prim", "I would rather not."),
        ("mute", "it ended with length and no text."),
    ],
)
def test_what_waiting_does_not_help_is_tried_once(store: Store, openai: ServerProcess, model: str, error: str) -> None:
    run = asked(store, {model: pk.Endpoint(openai.url, key="sk-secret")})

    said = error.format(url=openai.url)
    assert run.error.rstrip(".") == f"{model} gave no answer: {said}".rstrip(".")
    assert len(openai.calls) == 1


@pytest.mark.parametrize("model", ["denied", "poor", "nowhere"])
def test_what_every_call_would_be_refused_for_is_asked_once(store: Store, openai: ServerProcess, model: str) -> None:
    """A wrong key, no money, an unknown model: ten thousand rows need not all find out."""
    models = {"it": pk.Endpoint(openai.url, model, key="sk-secret"), "echo": openai.url}
    texts = {str(number): f"Text {number}" for number in range(5)}
    experiment = pk.Experiment("one", store=store, prompts=texts, models=models)
    runs = [run for run in experiment.run(progress=False, concurrency=1).runs if run.model == "it"]

    (reason,) = {run.error.removeprefix("it gave no answer: ").rstrip(".") for run in runs[:1]}
    not_made = f"it gave no answer: an earlier call was refused ({reason}), so this one was not made."
    assert [run.error for run in runs[1:]] == [not_made] * 4
    assert sorted(call["model"] for call in openai.calls) == sorted([model, *["echo"] * 5])

    experiment.run(progress=False, concurrency=1)

    assert [call["model"] for call in openai.calls].count(model) == 2


def test_a_key_that_the_users_own_client_was_refused_with_is_tried_once(store: Store) -> None:
    class AuthenticationError(Exception):
        status_code = 401

    asked_for: list[str] = []

    def ask(text: str) -> str:
        asked_for.append(text)
        raise AuthenticationError("the key is wrong")

    inputs = [{"n": number} for number in range(3)]
    experiment = pk.Experiment("one", store=store, prompts={"p": "{{ n }}"}, inputs=inputs, models={"mine": ask})
    runs = experiment.run(progress=False, concurrency=1).runs

    reason = "AuthenticationError: the key is wrong"
    not_made = f"mine gave no answer: an earlier call was refused ({reason}), so this one was not made."
    assert [run.error for run in runs] == [reason, not_made, not_made]
    assert asked_for == ["0"]


def test_an_answer_that_takes_too_long_is_a_row(store: Store, openai: ServerProcess) -> None:
    run = asked(store, {"hanging": pk.Endpoint(openai.url, timeout=0.05)}, retry=2)

    assert run.error == "hanging gave no answer: nothing came within 0.05 s."
    assert len(openai.calls) == 2


def test_a_server_that_is_not_there_is_a_row(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    run = asked(store, {"gone": f"http://127.0.0.1:{port}/v1"})

    assert run.error.startswith("gone gave no answer: ")
    assert run.output is None


def test_an_answer_in_parts_is_one_text_and_the_server_may_know_the_cost(store: Store, openai: ServerProcess) -> None:
    run = asked(store, {"parts": openai.url})

    assert (run.output, run.tokens_in, run.cost) == ("one two", None, 0.5)


def test_a_judge_asks_an_endpoint_too(store: Store, openai: ServerProcess) -> None:
    store.save("judge", "Rate this answer to {{ question }}: {{ answer }}")
    found = pk.Experiment(
        "judged",
        store=store,
        prompts={"p": "Tell me of {{ topic }}."},
        inputs=[{"topic": "sums"}, {"topic": "the maps of the world"}],
        models={"echo": openai.url},
        scorers={"j": pk.scorers.judge("judge", pk.Endpoint(openai.url, "judge", price=(1000, 0)))},
    ).run(progress=False)

    assert [run.scores["j"].value for run in found.runs] == [1.0, 1.0]
    assert {run.scores["j"].cost for run in found.runs} == {0.1}
    assert store.experiments.get("judged").cost == pytest.approx(0.2)


def test_a_server_that_has_moved_is_the_same_model(store: Store, openai: ServerProcess) -> None:
    asked(store, {"echo": openai.url})
    asked(store, {"echo": openai.url.replace("127.0.0.1", "localhost")})

    assert len(openai.calls) == 1


def test_the_key_is_never_shown_or_recorded(store: Store, openai: ServerProcess) -> None:
    endpoint = pk.Endpoint(openai.url, "echo", key="sk-secret", headers={"X-Key": "sk-other"})
    experiment = pk.Experiment("one", store=store, prompts={"p": "Hello"}, models={"m": endpoint})
    (run,) = experiment.run(progress=False).runs
    said = f"{endpoint!r} {experiment!r} {run!r} {experiment.plan()} {run.parameters}"

    assert "sk-" not in said
    assert b"sk-" not in b"".join(path.read_bytes() for path in store_files(store))


def store_files(store: Store) -> list[Any]:
    from pathlib import Path

    return list(Path(store.url.removeprefix("sqlite:///")).parent.glob("prompts.db*"))


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://api.openai.com/v1", "Bearer from-the-environment"),
        ("http://api.openai.com/v1", None),
        ("https://api.openai.com.example.org/v1", None),
        ("https://example.org/v1", None),
    ],
)
def test_the_key_of_the_environment_is_for_one_host(
    monkeypatch: pytest.MonkeyPatch, url: str, sent: str | None
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")

    assert pk.Endpoint(url).request_headers().get("Authorization") == sent
    assert "Authorization" not in pk.Endpoint(url, key="").request_headers()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://a/v1", "http://a/v1/chat/completions"),
        ("http://a/v1/", "http://a/v1/chat/completions"),
        ("http://a/v1/chat/completions", "http://a/v1/chat/completions"),
        ("https://a/x?api-version=3#top", "https://a/x/chat/completions?api-version=3"),
    ],
)
def test_requests_go_to_chat_completions(url: str, address: str) -> None:
    assert pk.Endpoint(url).address == address


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"url": "ftp://a"}, "endpoint: 'ftp://a' is no address; it begins with http:// or https://."),
        ({"url": "http://"}, "endpoint: 'http://' is no address; it begins with http:// or https://."),
        ({"url": "http://a:x/"}, "endpoint: 'http://a:x/' is no address; it begins with http:// or https://."),
        ({"url": "http://me:pw@a/"}, "endpoint: an address takes no name or password; give the key as key=…."),
        ({"key": "naïve"}, "endpoint: Authorization has characters that no header has; copy it again."),
        ({"key": "two\nlines"}, "endpoint: Authorization has characters that no header has; copy it again."),
        ({"parameters": {"stream": True}}, "endpoint: answers are taken whole, so leave stream out of the parameters."),
        ({"per_minute": 0}, "endpoint: per_minute is a number above 0."),
        ({"price": (1,)}, "endpoint: price is a pair: of a million tokens in, and of a million out."),
    ],
)
def test_an_endpoint_that_cannot_be_is_said_at_once(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        pk.Endpoint(**{"url": "http://a", **settings})
    assert str(caught.value) == sentence


def test_parameters_are_plain_data() -> None:
    with pytest.raises(InvalidMetadataError, match="the parameters are no plain data"):
        pk.Endpoint("http://a", parameters={"stop": {1, 2}})
    assert json.loads(pk.Endpoint("http://a", parameters={"stop": ("a",)}).body("m", []))["stop"] == ["a"]
