"""SQLite as the store uses it: where its file is, how it is tuned, and how it says that somebody committed."""

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.locations import MEMORY
from prompt_kernel.store import _engine, _schema
from prompt_kernel.store._engine import CLOSED, FULL, HELD, Database, survive_interrupts

#: "PrKe" in ASCII: tells our files from other SQLite databases.
APPLICATION_ID: Final = 0x50724B65
#: SQLite tells nobody that something was committed; asking costs it a few microseconds.
_LOOK_EVERY: Final = 0.02
#: Milliseconds that SQLite waits by itself for its turn to write, and where in an error's code its kind is.
_LOOK_AGAIN: Final = 10
_KIND: Final = 0xFF
#: Shared file systems, where SQLite's write-ahead log must not be used (https://sqlite.org/wal.html).
_SHARED_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "drvfs", "afs", "ceph", "gluster")


def wal_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Tell whether this SQLite is free of the WAL-reset bug: fixed in 3.51.3, 3.50.7 and 3.44.6 of their lines."""
    line = version[:2]
    fixed = {(3, 44): 6, (3, 50): 7, (3, 51): 3}
    return line > (3, 51) or (line in fixed and version[2] >= fixed[line])


def is_local(path: Path, mounts: str = "/proc/self/mounts") -> bool:
    """Tell whether `path` lies on a disk of this machine, as far as the system says so."""
    try:
        lines = Path(mounts).read_text("utf-8", "replace").splitlines()
    except OSError:
        return True  # only Linux has this list; elsewhere the default folder is local
    best, kind = "", ""
    target = str(path.resolve().parent)
    for _, mount, file_system, *_ in (line.split(" ") for line in lines if line.count(" ") > 2):  # noqa: PLR2004 - the list's columns
        if (target + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
            best, kind = mount, file_system
    return not kind.startswith(_SHARED_FILE_SYSTEMS)


class SqliteDatabase(Database):
    """A database in one file, or in memory."""

    dialect = "sqlite"
    failures = (DBAPIError, sqlite3.Error)
    steps = _schema.STEPS
    raw: sqlite3.Connection
    _read, _write, _commit = "BEGIN", "BEGIN IMMEDIATE", "COMMIT"

    def _open(self, *, read_only: bool) -> None:
        new = self.file is None or not self.file.exists()
        try:
            if self.file is not None and new and not read_only:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                # Prompts can hold secrets: the file is its owner's.
                os.close(os.open(self.file, os.O_CREAT | os.O_WRONLY, 0o600))
            writable = self.file is None or os.access(self.file, os.W_OK)
            if not writable and not read_only:
                read_only = True
                self.refuse_writes("its file cannot be written")
            self._connect(read_only=read_only, new=new)
        except (OSError, ValueError, DBAPIError, sqlite3.Error) as error:
            raise self.unavailable(self.reason_of(error)) from error

    def _connect(self, *, read_only: bool, new: bool) -> None:
        location = MEMORY if self.file is None else f"{self.file.as_uri()}?mode={'ro' if read_only else 'rw'}"

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                location, uri=self.file is not None, check_same_thread=False, timeout=_engine.PATIENCE / 1000,
                isolation_level=None, cached_statements=512,
            )  # fmt: skip

        engine = create_engine(
            "sqlite://", creator=connect, poolclass=StaticPool, isolation_level="AUTOCOMMIT", query_cache_size=1000,
            execution_options={_engine.PLACE: self.place},
        )  # fmt: skip
        self._engine = survive_interrupts(engine)
        event.listen(self._engine, "connect", lambda connection, _record: self._tune(connection, new=new))
        self._connection = self._engine.connect()
        raw = self._connection.connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):
            raise self.unavailable("its driver is not sqlite3")
        self.raw = raw

    def _tune(self, connection: sqlite3.Connection, *, new: bool) -> None:
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "trusted_schema = OFF", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")  # the pragmas are those above
        if self.read_only is not None:
            connection.execute("PRAGMA query_only = ON")
        elif self.file is not None and (new or _is_ours(connection)):
            self._choose_journal(connection, self.file, new=new)

    def _choose_journal(self, connection: sqlite3.Connection, file: Path, *, new: bool) -> None:
        found = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
        safe = wal_is_safe() and is_local(file)
        wanted = "wal" if safe and (new or found == "wal") else "truncate"
        if found == wanted:
            return
        try:
            connection.execute(f"PRAGMA journal_mode = {wanted}")  # one of the two above
        except sqlite3.OperationalError:
            # Somebody has the database open in the other mode, which cannot be changed under them.
            return

    def _reopen(self) -> None:
        self._process = os.getpid()
        if self.file is not None and not self._closed:
            self._open(read_only=self.read_only is not None)
            self.writes += 1

    def _run(self, statement: str) -> None:
        if statement == self._write and self.file is not None:
            self._take_turn()
        else:
            self.raw.execute(statement)

    def _take_turn(self) -> None:
        """Begin to write as soon as nobody else does.

        Waiting by itself SQLite soon looks ten times a second only, and beside somebody who saves without a pause it
        may look in vain until its patience ends. This looks at least a hundred times a second.
        """
        until = time.monotonic() + _engine.PATIENCE / 1000
        self.raw.execute(f"PRAGMA busy_timeout = {_LOOK_AGAIN}")  # a number of ours
        try:
            while True:
                try:
                    self.raw.execute(self._write)
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & _KIND != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                        raise
                else:
                    return
        finally:
            self.raw.execute(f"PRAGMA busy_timeout = {_engine.PATIENCE}")  # a number of ours

    def _is_open(self) -> bool:
        return self.raw.in_transaction

    @property
    def journal(self) -> str:
        """The journal mode that is in force."""
        return str(self._pragma("journal_mode"))

    @property
    def pages(self) -> int:
        """How many pages the file has."""
        return int(self._pragma("page_count"))

    def _pragma(self, name: str) -> Any:
        return self.raw.execute(f"PRAGMA {name}").fetchone()[0]  # the names stand in this module

    # The schema

    def schema(self) -> int:
        """Return the number that the file bears.

        Raises:
            StoreUnavailableError: the file is a database of some other program.
        """
        if self.raw.in_transaction:
            return int(self._pragma("user_version"))
        # In one transaction, because another process may be making the store just now.
        with self.reading():
            application, version = self._pragma("application_id"), int(self._pragma("user_version"))
            tables = self.raw.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION_ID and tables:
            raise self.unavailable("the file is a database of some other program")
        return version

    def run_step(self, step: Any, number: int) -> None:
        """Do one step of `_schema`, and number the file."""
        step(self.raw)
        self.raw.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        self.raw.execute(f"PRAGMA user_version = {number:d}")

    def protect(self) -> None:
        """Let SQLite refuse changes, too."""
        self.raw.execute("PRAGMA query_only = ON")

    def flaws(self) -> list[str]:
        """Return what SQLite's own check of the file finds."""
        return structure(self.raw)

    # What others do

    def revision(self) -> tuple[int, int]:
        """Return SQLite's own counter of what others have committed, and ours."""
        with self._lock:
            if not self._is_usable():
                self._reopen()
            try:
                return self.raw.execute("PRAGMA data_version").fetchone()[0], self.writes
            except sqlite3.Error as error:
                raise self.translated(error) from error

    def wait(self, known: object, timeout: float) -> tuple[int, int]:
        """Look for another revision every few milliseconds."""
        until = time.monotonic() + timeout
        while (now := self.revision()) == known and time.monotonic() < until:
            time.sleep(min(_LOOK_EVERY, max(until - time.monotonic(), 0)))
        return now

    def tell(self, messages: Sequence[str]) -> None:
        """Tell nobody: SQLite can not."""

    def hear(self, known: object, timeout: float) -> tuple[object, list[str]]:
        """Wait; nobody tells anything."""
        return self.wait(known, timeout), []

    def rows(self, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Return the rows of one statement."""
        with self._held():
            try:
                return self.raw.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self.translated(error) from error

    # Care

    def translated(self, error: BaseException) -> PromptKernelError:
        """Return what an error of SQLite means to us; in a damaged file nothing is written from now on."""
        if "malformed" in str(error):
            # What can still be read stays readable; a write could only make it worse.
            self.refuse_writes("the file is damaged; run `prompt-kernel doctor`")
        return super().translated(error)

    def reason_of(self, error: BaseException) -> str:
        """Return what went wrong, in our words where we have any."""
        return reason_of(error)

    def _vacuum(self) -> None:
        """Rewrite the file without what was deleted, and empty the write-ahead log."""
        self._execute("VACUUM")
        self._execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.writes += 1

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._closed = True
            self._connection.close()
            self._engine.dispose()


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Tell whether the file is a store, or still empty: nothing is to be changed in any other."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return application == APPLICATION_ID or not connection.execute("PRAGMA page_count").fetchone()[0]


def structure(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite's own check of a file finds."""
    return [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]


def reason_of(error: BaseException) -> str:
    """Return what went wrong as the end of a sentence."""
    text = str(error.orig if isinstance(error, DBAPIError) and error.orig else error)
    for sign, reason in _REASONS.items():
        if sign in text:
            return reason
    return text


_REASONS = {
    "closed database": CLOSED,
    "database or disk is full": FULL,
    "database is locked": HELD,
    "file is not a database": "the file is not an SQLite database",
    "malformed": "the file is damaged; restore a backup, or run `prompt-kernel doctor --rescue FOLDER`",
    "unable to open database file": "the file cannot be opened; check that it exists and may be read",
    "readonly database": "the file cannot be written",
}
