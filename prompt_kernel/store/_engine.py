"""What a database is to the store: a held connection, its lock, and what a transaction is.

There are two: `_sqlite` and `_postgres`. What both do is here; where they differ, it is asked of them.
"""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import DBAPIError

from prompt_kernel.errors import MissingExtraError, PromptKernelError, ReadOnlyStoreError, StoreUnavailableError
from prompt_kernel.locations import file_of, is_postgres, remember, shown

#: The option of a connection that says which store it leads to, without a password.
PLACE: Final = "prompt_kernel_place"
#: A part of a transaction, which may fail without the rest.
_PART: Final = ("SAVEPOINT part", "RELEASE part", "ROLLBACK TO part; RELEASE part")
CLOSED: Final = "it was closed; open it again with connect()"
HELD: Final = "another process held it for over ten seconds; nothing was saved, try again"
FULL: Final = "the disk is full, so nothing was saved; free some space and try again"
#: For so many milliseconds a statement waits for what others hold.
PATIENCE: Final = 10_000


class Database(ABC):
    """One database: a held connection, its lock, and its transactions.

    `writes` counts what this object has committed. Several threads may use it, one at a time.
    """

    #: Which text of a statement it takes, of the few that have two.
    dialect: ClassVar[str]
    #: What its driver raises, by itself and through SQLAlchemy.
    failures: ClassVar[tuple[type[Exception], ...]] = (DBAPIError,)
    #: What makes its tables, one step after the other.
    steps: ClassVar[Sequence[Any]]

    #: The driver's own connection, and SQLAlchemy's over it.
    raw: Any
    _connection: Connection
    #: The statements that begin a transaction for reading and one for writing, and that commit one.
    _read: Any
    _write: Any
    _commit: Any

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """Open the database at `url`; see `open_database`."""
        self.url, self.place = url, remember(url)
        self.file: Path | None = file_of(url)
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

    # What an engine is asked for

    @abstractmethod
    def _open(self, *, read_only: bool) -> None:
        """Connect."""

    @abstractmethod
    def _reopen(self) -> None:
        """Connect anew in a process that was forked, or where the connection was lost."""

    @abstractmethod
    def _run(self, statement: Any) -> None:
        """Run a statement of a transaction's frame, which gives no rows."""

    @abstractmethod
    def _is_open(self) -> bool:
        """Tell whether the driver's connection has a transaction open."""

    @abstractmethod
    def reason_of(self, error: BaseException) -> str:
        """Return what went wrong as the end of a sentence."""

    @property
    @abstractmethod
    def journal(self) -> str:
        """How what is committed is kept, in a word or two."""

    @property
    @abstractmethod
    def pages(self) -> int:
        """How many pages it has, also where it is damaged."""

    @abstractmethod
    def schema(self) -> int:
        """Return the number of the last step that was done, 0 where there is nothing yet.

        Raises:
            StoreUnavailableError: there is something else than a store.
        """

    @abstractmethod
    def run_step(self, step: Any, number: int) -> None:
        """Do one step of the schema in the transaction that is open, and note its number."""

    @abstractmethod
    def protect(self) -> None:
        """Let the database itself refuse changes, too."""

    @abstractmethod
    def flaws(self) -> list[str]:
        """Return what the engine's own check of its structure finds."""

    @abstractmethod
    def revision(self) -> tuple[int, int]:
        """Return a value that changes with every commit, of this process or of another."""

    @abstractmethod
    def hear(self, known: object, timeout: float) -> tuple[object, list[str]]:
        """Wait as `wait` does, or until other processes tell something, and return what they told besides."""

    @abstractmethod
    def tell(self, messages: Sequence[str]) -> None:
        """Tell other processes something that nobody keeps, where that can be done."""

    @abstractmethod
    def wait(self, known: object, timeout: float) -> tuple[int, int]:
        """Return the revision once it is another than `known`, or after `timeout` seconds; other threads go on."""

    @abstractmethod
    def rows(self, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, past SQLAlchemy, whose share would be several times the database's.

        Only for the few that everything waits for; a single one needs no transaction to be of one moment.

        Raises:
            StoreUnavailableError: the database is damaged or locked.
        """

    @abstractmethod
    def _vacuum(self) -> None:
        """Give back the room of what was deleted."""

    # What both do

    def refuse_writes(self, reason: str | PromptKernelError) -> None:
        """From now on answer every write with an error."""
        self.read_only = (
            reason if isinstance(reason, PromptKernelError) else ReadOnlyStoreError(shown(self.url), reason)
        )

    def unavailable(self, reason: str) -> StoreUnavailableError:
        """Return the error that says why the database cannot be used."""
        return StoreUnavailableError(shown(self.url), reason)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give the connection in a transaction: everything read in it is of one moment."""
        with self._held():
            if self._depth > 1:
                yield self._connection
                return
            self._execute(self._read)
            try:
                yield self._connection
            except self.failures as error:
                raise self.translated(error) from error
            finally:
                # There is nothing to commit, and where an index is damaged even that would fail.
                self._undo()

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
            begin, commit, roll_back = (self._write, self._commit, "ROLLBACK") if outermost else _PART
            self._begin(begin, whole=outermost)
            self._writing = True
            try:
                yield self._connection
                self._execute(commit)
            except BaseException as error:
                self._undo(roll_back)
                self._vacuum_is_due &= not outermost
                # Whatever was read in here, and perhaps kept, was never committed.
                self.rollbacks += 1
                if isinstance(error, self.failures):
                    raise self.translated(error) from error
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
                raise self.unavailable(CLOSED)
            if not self._is_usable():
                self._reopen()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def _is_usable(self) -> bool:
        """Tell whether the connection is of this process: it must not be carried across a fork."""
        return self._process == os.getpid()

    def _begin(self, statement: Any, *, whole: bool) -> None:
        try:
            self._execute(statement)
        except BaseException:
            if whole:
                # It may have begun before it was found that somebody else holds the lock.
                self._undo()
            raise

    def _execute(self, statement: Any) -> None:
        try:
            self._run(statement)
        except self.failures as error:
            raise self.translated(error) from error

    def _undo(self, statement: str = "ROLLBACK") -> None:
        for part in statement.split("; "):
            # An error of the database may have ended the transaction already.
            if self._is_open():
                self._run(part)

    def translated(self, error: BaseException) -> PromptKernelError:
        """Return the error that says in our words what one of the driver's says in its own."""
        return self.unavailable(self.reason_of(error))

    def vacuum(self) -> None:
        """Give back the room of what was deleted; in a transaction, after its end.

        Raises:
            StoreUnavailableError: there is no room for it, or another process is in the way.
        """
        with self._held():
            self._vacuum_is_due = self._writing
            if not self._writing:
                self._vacuum()

    @abstractmethod
    def close(self) -> None:
        """Close the connection; what was opened from here is unusable afterwards."""


def survive_interrupts(engine: Engine) -> Engine:
    """Return `engine`, whose connection is kept when a user interrupts a statement: its transaction is undone anyway.

    SQLAlchemy would close it, because it cannot know that; and the store would be closed in the midst of a notebook.
    """

    def keep(context: ExceptionContext) -> None:
        if not isinstance(context.original_exception, Exception):
            context.is_disconnect = False

    event.listen(engine, "handle_error", keep)
    return engine


def open_database(url: str, *, read_only: bool = False) -> Database:
    """Open the database at `url`, making what there is none of yet.

    Raises:
        StoreUnavailableError: it cannot be opened.
        MissingExtraError: its driver is not installed.
    """
    if is_postgres(url):
        try:
            from prompt_kernel.store._postgres import PostgresDatabase  # noqa: PLC0415 - its driver is optional
        except ImportError as error:
            raise MissingExtraError("postgres", "A store in PostgreSQL") from error
        return PostgresDatabase(url, read_only=read_only)
    from prompt_kernel.store._sqlite import SqliteDatabase  # noqa: PLC0415 - it is made of what is above

    return SqliteDatabase(url, read_only=read_only)
