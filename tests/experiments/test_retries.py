"""What may pass by itself, how long to wait for it, and who waits with it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

import prompt_kernel as pk
from prompt_kernel.errors import InvalidMetadataError, ModelError
from prompt_kernel.experiments import Retry
from prompt_kernel.experiments._retries import Gate, pause_after, wait_in
from prompt_kernel.store import Store

QUICK = Retry(attempts=3, wait=0.001, jitter=0)


class StatusError(Exception):
    """How others' clients say what a server has answered."""

    def __init__(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"status {status}")
        self.status_code = status
        self.response = httpx.Response(status, headers=headers or {})


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (ValueError("no"), False),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (httpx.ReadTimeout("late"), True),
        (httpx.InvalidURL("no"), False),
        (StatusError(400), False),
        (StatusError(429), True),
        (StatusError(529), True),
        (StatusError(501), False),
        (StatusError(429, {"retry-after": "7"}), 7.0),
        (StatusError(503, {"Retry-After-Ms": "250"}), 0.25),
        (StatusError(429, {"retry-after": "61"}), False),
        (StatusError(429, {"retry-after": "soon"}), True),
        (ModelError("m", "r"), False),
        (ModelError("m", "r", may_pass=True), True),
        (ModelError("m", "r", may_pass=True, retry_after=3), 3),
    ],
    ids=repr,
)
def test_what_may_pass_is_waited_for(error: Exception, pause: bool | float) -> None:  # noqa: FBT001 - a case
    found = pause_after(error, longest=60)

    assert (found, type(found)) == (pause, type(pause))


def test_a_wait_can_be_given_as_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)

    assert 25 < (wait_in({"retry-after": format_datetime(soon, usegmt=True)}) or 0) <= 30
    assert wait_in({"retry-after": format_datetime(soon.replace(tzinfo=None) - timedelta(days=9))}) == 0
    assert wait_in({"retry-after": "-5"}) == 0
    assert wait_in({}) is None


def test_a_gate_holds_back_all_who_come_later() -> None:
    now = 100.0
    gate = Gate(clock=lambda: now)
    assert gate.wait() == 0
    gate.hold(5)
    gate.hold(2)
    assert gate.wait() == 5
    now = 105.0
    assert gate.wait() == 0


def test_a_gate_spaces_calls() -> None:
    now = 100.0
    gate = Gate(per_minute=30, clock=lambda: now)

    assert [gate.wait() for _ in range(3)] == [0, 2, 4]
    now = 110.0
    assert [gate.wait() for _ in range(2)] == [0, 2]


@pytest.mark.parametrize(("given", "expected"), [(None, Retry()), (3, Retry(3)), (QUICK, QUICK), (True, Retry(1))])
def test_a_number_says_how_often(given: Any, expected: Retry) -> None:
    assert Retry.of(given) == expected


@pytest.mark.parametrize("given", [0, -1, False, "often", Retry(0)])
def test_no_attempt_is_an_error(given: Any) -> None:
    with pytest.raises(InvalidMetadataError, match="write how often to try"):
        Retry.of(given)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_function_that_fails_for_now_is_tried_again(store: Store, *, is_async: bool) -> None:
    tried: list[str] = []

    def ask(text: str) -> str:
        tried.append(text)
        if len(tried) < 3:
            raise StatusError(429, {"retry-after-ms": "1"})
        return text

    async def awaited(text: str) -> str:
        return ask(text)

    experiment = pk.Experiment("e", store=store, prompts={"p": "Hello"}, models={"m": awaited if is_async else ask})
    assert [run.output for run in experiment.run(progress=False).runs] == ["Hello"]
    assert len(tried) == 3


def test_after_the_last_attempt_the_error_is_the_row(store: Store) -> None:
    tried: list[str] = []

    def ask(text: str) -> str:
        tried.append(text)
        raise TimeoutError("too slow")

    experiment = pk.Experiment("e", store=store, prompts={"p": "Hello"}, models={"m": ask})
    for settings, attempts in [({"retry": QUICK}, 3), ({"retry": 1}, 1)]:
        tried.clear()
        found = experiment.run(progress=False, **settings)  # type: ignore[arg-type]  # what a retry may be
        assert [run.error for run in found.runs] == ["TimeoutError: too slow"]
        assert len(tried) == attempts


def test_what_does_not_pass_is_tried_once(store: Store) -> None:
    tried: list[str] = []

    def ask(text: str) -> str:
        tried.append(text)
        raise KeyError(text)

    found = pk.Experiment("e", store=store, prompts={"p": "Hello"}, models={"m": ask}).run(progress=False)
    assert [run.error for run in found.runs] == ["KeyError: 'Hello'"]
    assert len(tried) == 1


def test_a_model_that_is_spaced_is_asked_all_the_same(store: Store, openai: Any) -> None:
    endpoint = pk.Endpoint(openai.url, "echo", per_minute=60_000)
    found = pk.Experiment("e", store=store, prompts={"p": "{{ n }}"}, inputs=[{"n": n} for n in range(20)],
                          models={"m": endpoint}).run(progress=False)  # fmt: skip

    assert [run.output for run in found.runs] == [f"echo: {n}" for n in range(20)]
