"""Runs that are killed, interrupted, or started where a loop is running already: in real processes and kernels."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

import prompt_kernel as pk
from prompt_kernel.store import Store
from tests.client.servers import ServerProcess as PromptServer
from tests.experiments.conftest import eventually
from tests.experiments.openai_server import ServerProcess

_RUN = """
import sys
import prompt_kernel as pk

with pk.connect(sys.argv[1]) as store:
    results = pk.Experiment(
        "taps", store=store, prompts={"p": "Call {{ n }}"}, inputs=[{"n": n} for n in range(20)],
        models={"tap": sys.argv[2]},
    ).run(concurrency=3, progress=False)
    print(len(results.runs), len(results.errors))
"""
SECONDS = 60


def started(store: Store, server: ServerProcess) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _RUN, store.url, server.url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves


def count(store: Store, name: str) -> int:
    known = {summary.name for summary in store.experiments.list()}
    return store.experiments.count(name) if name in known else 0


def test_a_killed_run_goes_on_and_pays_no_recorded_call_twice(store: Store, openai: ServerProcess) -> None:
    with started(store, openai) as first:
        # The server answers six, and holds the next three, which are all that one asks for at a time.
        eventually(lambda: count(store, "taps") == 6 and len(openai.calls) == 9)
        first.kill()
    recorded = {f"Call {run.inputs['n']}" for run in store.experiments.runs("taps")}
    openai.open()
    with started(store, openai) as second:
        assert second.communicate(timeout=SECONDS)[0] == "20 0\n"

    sent = openai.texts()
    assert len(sent) == 20
    assert {text for text, times in sent.items() if times > 1}.isdisjoint(recorded)
    assert Counter(sent.values()) == {1: 17, 2: 3}


@pytest.fixture
def kernel(store: Store, tmp_path: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    manager = KernelManager(kernel_name="python3", connection_file=str(tmp_path / "kernel.json"))
    manager.start_kernel(env={**os.environ, "PROMPT_KERNEL_URL": store.url})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def outputs(client: BlockingKernelClient, asked: str) -> list[dict[str, Any]]:
    """What a cell has put out, when it is done."""
    found: list[dict[str, Any]] = []
    while True:
        message = client.get_iopub_msg(timeout=SECONDS)
        if message["parent_header"].get("msg_id") != asked:
            continue
        content = message["content"]
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return found
        if message["msg_type"] in ("stream", "error", "execute_result", "display_data"):
            found.append(content)


_CELL = """
import asyncio, threading
import prompt_kernel as pk
held = threading.Event()
asked = []

def ask(text):
    asked.append(text)
    if len(asked) > 4:
        held.wait()
    return text

experiment = pk.Experiment(
    "held", prompts={"p": "Call {{ n }}"}, inputs=[{"n": n} for n in range(10)], models={"ask": ask}
)
"""


def test_an_interrupt_in_a_kernel_keeps_what_is_done(store: Store, kernel: tuple[Any, Any]) -> None:
    manager, client = kernel
    outputs(client, client.execute(_CELL))
    running = client.execute("experiment.run(concurrency=2, progress=False)")
    eventually(lambda: count(store, "held") == 4)
    manager.interrupt_kernel()
    assert [output.get("ename") for output in outputs(client, running)] == ["KeyboardInterrupt"]

    shown = outputs(client, client.execute("held.set(); len(experiment.results().runs), experiment.plan().calls"))
    assert shown[0]["data"]["text/plain"] == "(4, 6)"
    # Awaited in the kernel's own loop, what is left is asked for: the two that were held are asked for again.
    shown = outputs(client, client.execute("len((await experiment.arun(progress=False)).runs), len(asked)"))
    assert shown[0]["data"]["text/plain"] == "(10, 12)"
    shown = outputs(client, client.execute("len(experiment.run(progress=False).runs), len(asked)"))
    assert shown[0]["data"]["text/plain"] == "(10, 12)"


def test_a_bar_in_a_kernel_is_in_the_cell_that_runs(store: Store, kernel: tuple[Any, Any]) -> None:
    assert store.url
    _, client = kernel
    outputs(client, client.execute(_CELL + "held.set()\nfrom prompt_kernel import progress\nprogress._PATIENCE = 0"))
    for _ in range(2):
        shown = outputs(client, client.execute("_ = experiment.run(again=True)"))
        assert any("held" in str(output) for output in shown)


def test_a_retry_prints_nothing(store: Store) -> None:
    program = """
import sys
import prompt_kernel as pk
from prompt_kernel.experiments import Retry

tried = []

def ask(text):
    tried.append(text)
    if len(tried) == 1:
        raise TimeoutError
    return text

with pk.connect(sys.argv[1]) as store:
    pk.Experiment("quiet", store=store, prompts={"p": "Hello"}, models={"ask": ask}).run(
        progress=False, retry=Retry(wait=0, jitter=0)
    )
print(len(tried))
"""
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", program, store.url], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_an_experiment_on_the_store_of_a_server(tmp_path: Path, upper: Any) -> None:
    with PromptServer(tmp_path) as server, pk.connect(server.url) as store:
        store.save("lesson", "Explain {{ topic }}.")
        experiment = pk.Experiment(
            "far", store=store, prompts="lesson", inputs=[{"topic": "sums"}, {"topic": None}], models=upper
        )
        for _ in range(2):
            found = experiment.run(progress=False)
            assert [(run.output, bool(run.error)) for run in found.runs] == [("EXPLAIN SUMS.", False), (None, True)]
        assert str(found.expansion(found.runs[0])) == "Explain sums."
        assert upper.texts == ["Explain sums."]


def test_a_run_within_asyncio_run_and_a_child_that_was_forked_off(store: Store) -> None:
    program = """
import asyncio, os, sys
import prompt_kernel as pk

async def ask(text):
    await asyncio.sleep(0)
    return text

def experiment(store):
    return pk.Experiment("loops", store=store, prompts={"p": "Hello"}, models={"ask": ask})

async def main(store):
    return len(experiment(store).run(progress=False).runs), len((await experiment(store).arun(progress=False)).runs)

with pk.connect(sys.argv[1]) as store:
    print(asyncio.run(main(store)), flush=True)
child = os.fork()
if not child:
    with pk.connect(sys.argv[1]) as store:
        found = experiment(store).run(progress=False, again=True)
        print(len(found.runs), found.round, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", program, store.url], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert done.stdout == "(1, 1)\n1 3\n"
    assert pk.Experiment("loops", store=store, prompts={"p": "Hello"}, models={"ask": str.upper}).plan().known == 1
