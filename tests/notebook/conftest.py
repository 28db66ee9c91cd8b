"""Fixtures of the notebook's tests: a shell with the extension in it, and a kernel of its own process."""

import os
from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from traitlets.config import Config

import prompt_kernel
from prompt_kernel.store import Store

SECONDS = 60


@pytest.fixture
def bare_shell() -> Iterator[InteractiveShell]:
    """A shell without the extension."""
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare_shell: InteractiveShell, library: Store) -> Iterator[InteractiveShell]:
    """A shell with the extension, on the small library."""
    bare_shell.config.PromptMagics.store = library.url
    bare_shell.config.PromptMagics.author = "ana"
    prompt_kernel.load_ipython_extension(bare_shell)
    yield bare_shell
    prompt_kernel.unload_ipython_extension(bare_shell)


@pytest.fixture
def run(shell: InteractiveShell) -> Callable[[str], Any]:
    """Run a cell, raise what it raises, and return what it shows."""

    def run_cell(source: str) -> Any:
        outcome = shell.run_cell(source)
        outcome.raise_error()
        return outcome.result

    return run_cell


_FLUSH = "import sys; sys.stdout.flush(); sys.stderr.flush()"


class Kernel:
    """A running kernel that is asked and waited for."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, code: str, *, silent: bool = False) -> list[dict[str, Any]]:
        """Run a cell and return what it put out: the contents of the messages, with their type."""
        # An old kernel may send what was written to a stream only after it has said that it is idle, and under
        # another heading; nobody else uses this one, so that all it says until it has flushed belongs to the cell.
        return [*self._said(code, silent=silent), *self._said(_FLUSH, silent=True)]

    def _said(self, code: str, *, silent: bool) -> list[dict[str, Any]]:
        asked = self._client.execute(code, silent=silent)
        outputs = []
        while True:
            message = self._client.get_iopub_msg(timeout=SECONDS)
            kind, content = message["msg_type"], message["content"]
            is_answer = message["parent_header"].get("msg_id") == asked
            if is_answer and kind == "status" and content["execution_state"] == "idle":
                break
            if kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append({"type": kind, **content})
        self._client.get_shell_msg(timeout=SECONDS)
        return outputs

    def complete(self, code: str) -> dict[str, Any]:
        """Return the reply to a Tab at the `|` in `code`."""
        self._drain()
        self._client.complete(code.replace("|", "", 1), code.index("|"))
        return dict(self._client.get_shell_msg(timeout=SECONDS)["content"])

    def _drain(self) -> None:
        try:
            while True:
                self._client.get_shell_msg(timeout=0)
        except Empty:
            return


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that a kernel and the test use at the same time, for all tests of a module."""
    with Store(tmp_path_factory.mktemp("shared") / "prompts.db", author="bob") as opened:
        opened.save("style/tone", "Speak in a {{ tone }} voice.\n", variables={"tone": "plain"})
        opened.save("style/base", "[[style/tone]]Be brief.\n")
        opened.save("review", "[[style/base]]Review this: {{ code }}")
        yield opened


@pytest.fixture(scope="module")
def kernel(shared: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with the extension loaded, on the shared store: starting one takes longer than what it is asked."""
    home = tmp_path_factory.mktemp("kernel")
    manager = KernelManager(kernel_name="python3", connection_file=str(home / "kernel.json"))
    homes = dict.fromkeys(("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "XDG_DATA_HOME"), str(home))
    manager.start_kernel(env={**os.environ, **homes, "PROMPT_KERNEL_URL": shared.url})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        started = Kernel(client)
        started.run("%load_ext prompt_kernel\n%config PromptMagics.author = 'ana'")
        yield started
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
