"""The one place that opens a database: where it is, how it is tuned, and what a transaction is."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from prompt_kernel.errors import PromptKernelError, ReadOnlyStoreError, StoreUnavailableError
from prompt_kernel.locations import MEMORY, file_of

#: "PrKe" in ASCII: tells our files from other SQLite databases.
APPLICATION_ID: Final = 0x50724B65
_BUSY_MILLISECONDS: Final = 10_000
#: SQLite tells nobody that something was committed; asking costs it a few microseconds.
_LOOK_EVERY: Final = 0.02
#: How a transaction begins, ends and is undone; and a part of one, which may fail without the rest.
_WHOLE: Final = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
_PART: Final = ("SAVEPOINT part", "RELEASE part", "ROLLBACK TO part; RELEASE part")
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


class Database:
    """One SQLite database: a held connection, its lock, and its transactions.

    `writes` counts what this object has committed. Several threads may use it, one at a time.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """Open the database at `url`, creating it where it does not exist.

        Raises:
            StoreUnavailableError: it cannot be opened.
        """
        self.url = url
        self.file = file_of(url)
        self.read_only: PromptKernelError | None = None
        self.writes = self.rollbacks = 0
        self._depth = 0
        self._writing = self._vacuum_is_due = False
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        if read_only:
            self.refuse_writes("it was opened so")
        self._open(read_only=read_only)

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
            raise StoreUnavailableError(self.url, reason_of(error)) from error

    def _connect(self, *, read_only: bool, new: bool) -> None:
        location = MEMORY if self.file is None else f"{self.file.as_uri()}?mode={'ro' if read_only else 'rw'}"

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                location, uri=self.file is not None, check_same_thread=False, timeout=_BUSY_MILLISECONDS / 1000,
                isolation_level=None, cached_statements=512,
            )  # fmt: skip

        self._engine = create_engine(
            "sqlite://", creator=connect, poolclass=StaticPool, isolation_level="AUTOCOMMIT", query_cache_size=1000
        )
        event.listen(self._engine, "connect", lambda connection, _record: self._tune(connection, new=new))
        self._connection = self._engine.connect()
        raw = self._connection.connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):
            raise StoreUnavailableError(self.url, "its driver is not sqlite3")
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

    @property
    def journal(self) -> str:
        """The journal mode that is in force."""
        return str(self.raw.execute("PRAGMA journal_mode").fetchone()[0])

    def refuse_writes(self, reason: str | PromptKernelError) -> None:
        """From now on answer every write with an error."""
        self.read_only = reason if isinstance(reason, PromptKernelError) else ReadOnlyStoreError(self.url, reason)

    def revision(self) -> tuple[int, int]:
        """Return a value that changes with every commit, of this process or of another."""
        with self._lock:
            self._reopen_after_fork()
            try:
                return self.raw.execute("PRAGMA data_version").fetchone()[0], self.writes
            except sqlite3.Error as error:
                raise self._translated(error) from error

    def wait(self, known: object, timeout: float) -> tuple[int, int]:
        """Return the revision once it is another than `known`, or after `timeout` seconds; other threads go on."""
        until = time.monotonic() + timeout
        while (now := self.revision()) == known and time.monotonic() < until:
            time.sleep(min(_LOOK_EVERY, max(until - time.monotonic(), 0)))
        return now

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give the connection in a transaction: everything read in it is of one moment."""
        with self._held():
            if self._depth > 1:
                yield self._connection
                return
            self._execute("BEGIN")
            try:
                yield self._connection
            except (DBAPIError, sqlite3.Error) as error:
                raise self._translated(error) from error
            finally:
                # There is nothing to commit, and where an index is damaged even that would fail.
                self._undo()

    def rows(self, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Return the rows of one read, past SQLAlchemy, whose share would be several times that of the database.

        Only for the few reads that everything waits for; a single one needs no transaction to be of one moment.

        Raises:
            StoreUnavailableError: the database is damaged or locked.
        """
        with self._held():
            try:
                return self.raw.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._translated(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the connection in a write transaction, which is committed unless an error leaves the block.

        Inside of another one it is a part of that: an error undoes the part, and what comes before stays.

        Raises:
            ReadOnlyStoreError, SchemaTooNewError: the store takes no changes.
            StoreUnavailableError: the disk is full, the database is locked for too long, or it is damaged.
        """
        if self.read_only is not None:
            raise self.read_only
        with self._held():
            outermost = not self._writing
            begin, commit, roll_back = _WHOLE if outermost else _PART
            self._execute(begin)
            self._writing = True
            try:
                yield self._connection
                self._execute(commit)
            except BaseException as error:
                self._undo(roll_back)
                self._vacuum_is_due &= not outermost
                # Whatever was read in here, and perhaps kept, was never committed.
                self.rollbacks += 1
                if isinstance(error, DBAPIError | sqlite3.Error):
                    raise self._translated(error) from error
                raise
            finally:
                self.writes += 1
                self._writing = not outermost
            if outermost and self._vacuum_is_due:
                self.vacuum()

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise StoreUnavailableError(self.url, _CLOSED)
            self._reopen_after_fork()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def _reopen_after_fork(self) -> None:
        """Open the file anew in a process that was forked: a connection must not be carried across."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        if self.file is not None and not self._closed:
            self._open(read_only=self.read_only is not None)
            self.writes += 1

    def _execute(self, statement: str) -> None:
        try:
            self.raw.execute(statement)
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def _undo(self, statement: str = "ROLLBACK") -> None:
        for part in statement.split("; "):
            # An error of the database may have ended the transaction already.
            if self.raw.in_transaction:
                self.raw.execute(part)

    def _translated(self, error: DBAPIError | sqlite3.Error) -> PromptKernelError:
        if "malformed" in str(error):
            # What can still be read stays readable; a write could only make it worse.
            self.refuse_writes("the file is damaged; run `prompt-kernel doctor`")
        return StoreUnavailableError(self.url, reason_of(error))

    def vacuum(self) -> None:
        """Rewrite the file without what was deleted, and empty the write-ahead log; in a transaction, after its end.

        Raises:
            StoreUnavailableError: there is no room for the copy, or another process is in the way.
        """
        with self._held():
            self._vacuum_is_due = self._writing
            if self._writing:
                return
            self._execute("VACUUM")
            self._execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.writes += 1

    def close(self) -> None:
        """Close the connection; what was opened from here is unusable afterwards."""
        with self._lock:
            self._closed = True
            self._connection.close()
            self._engine.dispose()


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Tell whether the file is a store, or still empty: nothing is to be changed in any other."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return application == APPLICATION_ID or not connection.execute("PRAGMA page_count").fetchone()[0]


def reason_of(error: BaseException) -> str:
    """Return what went wrong as the end of a sentence."""
    text = str(error.orig if isinstance(error, DBAPIError) and error.orig else error)
    for sign, reason in _REASONS.items():
        if sign in text:
            return reason
    return text


_CLOSED = "it was closed; open it again with connect()"
_REASONS = {
    "closed database": _CLOSED,
    "database or disk is full": "the disk is full, so nothing was saved; free some space and try again",
    "database is locked": "another process held it for over ten seconds; nothing was saved, try again",
    "file is not a database": "the file is not an SQLite database",
    "malformed": "the file is damaged; restore a backup, or run `prompt-kernel doctor --rescue FOLDER`",
    "unable to open database file": "the file cannot be opened; check that it exists and may be read",
    "readonly database": "the file cannot be written",
}
