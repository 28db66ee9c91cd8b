"""The second half of `make demo`: serves the dashboard and JupyterLab on one store until Ctrl-C or SIGTERM.

The store is the one of PROMPT_KERNEL_URL. What the two servers have to say goes into files beside it.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Self

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
#: Seconds: to come up, and to end when asked to.
STARTING, ENDING = 60, 15


class Server:
    """A server in a process of its own, which ends with the block that it is used in."""

    def __init__(self, title: str, command: Sequence[str], address: str, answers: str, log: Path) -> None:
        """Start `command`, which is up when the URL `answers` does."""
        self.title, self.address, self.log = title, address, log
        self._answers = answers
        # A session of its own: Ctrl-C is for us, and we end it in order.
        with log.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def is_up(self) -> bool:
        """Whether it answers."""
        with suppress(OSError, HTTPException), urllib.request.urlopen(self._answers, timeout=5):  # noqa: S310 - our own address
            return True
        return False


def main() -> int:
    """Serve both until asked to end; 1 if one of them cannot."""
    store = Path(os.environ["PROMPT_KERNEL_URL"])
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        servers = [stack.enter_context(start(store.parent)) for start in (start_dashboard, start_lab)]
        print("\nStarting the dashboard and JupyterLab ...", flush=True)
        for _ in range(STARTING * 10):
            if all(server.is_up() for server in servers) or stopped.wait(0.1) or any(s.has_ended for s in servers):
                break
        if not stopped.is_set() and not any(server.has_ended for server in servers):
            show(servers)
        while not any(server.has_ended for server in servers):
            if stopped.wait(0.5):
                break
        broken = [] if stopped.is_set() else [server for server in servers if server.has_ended]
        print("\nStopping ..." if not broken else "", flush=True)
    for server in broken:
        print(f"{server.title} has stopped by itself; {server.log} says why:\n\n{tail(server.log)}")
    return 1 if broken else 0


def show(servers: Sequence[Server]) -> None:
    """Print where the servers are."""
    width = max(len(server.title) for server in servers)
    lines = [f"  {server.title:<{width}}  {server.address}" for server in servers]
    print("\n" + "\n".join(lines) + "\n\nBoth work on the same prompts. Ctrl-C stops them.", flush=True)


def start_dashboard(logs: Path) -> Server:
    """Start the dashboard on its usual port, or on a free one."""
    port = free_port(8501)
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "prompt_kernel.cli", "dashboard", "--no-open", "--port", str(port)]
    return Server("Dashboard", command, address, f"{address}/_stcore/health", logs / "dashboard.log")


def start_lab(logs: Path) -> Server:
    """Start JupyterLab with the quickstart notebook on its usual port, or on a free one."""
    port, token = free_port(8888), secrets.token_urlsafe(16)
    address = f"http://127.0.0.1:{port}"
    os.environ["JUPYTER_TOKEN"] = token
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.root_dir": NOTEBOOKS,
        "LabApp.default_url": "/lab/tree/quickstart.ipynb",
    }
    given = (f"--{name}={value}" for name, value in options.items())
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", *given]
    shown = f"{address}/lab/tree/quickstart.ipynb?token={token}"
    return Server("JupyterLab", command, shown, f"{address}/login", logs / "jupyterlab.log")


def free_port(usual: int) -> int:
    """Return `usual`, or a free port where that is taken."""
    for port in (usual, 0):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)) as probe:
            return int(probe.getsockname()[1])
    raise OSError("no port is free on 127.0.0.1")


def tail(log: Path) -> str:
    """Return the last lines of `log`."""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])


if __name__ == "__main__":
    sys.exit(main())
