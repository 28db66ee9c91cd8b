"""PostgreSQL as the store uses it: one held connection, writers in a queue, and a notice of every commit.

Writers wait for one lock of the whole schema, as SQLite's do, so that the ids of the log come in the order of the
commits. Each commit counts the revision up and notifies whoever listens.
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from prompt_kernel import postgres
from prompt_kernel.postgres import connect, named
from prompt_kernel.store import _engine, _schema_postgres
from prompt_kernel.store._engine import Database, survive_interrupts
from prompt_kernel.store._listening import Ears

#: "PrKe" in ASCII: tells our locks from those of other programs on one database.
_LOCKS: Final = 0x50724B65
#: Everything lies in one schema: the first of the search path, whatever else is on it.
_TUNE: Final = (
    "SELECT set_config('lock_timeout', :patience, false),"
    " set_config('search_path', quote_ident(current_schema()), false),"
    " (SELECT oid FROM pg_namespace WHERE nspname = current_schema()),"
    " current_setting('server_encoding'), current_setting('transaction_read_only')"
)
#: Every statement has its index. PostgreSQL would read whole tables instead while it has not counted yet what is in
#: them, as in a new store; and it would plan each time anew, which takes longer than the rest.
_PLANNING: Final = (
    "SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),"
    " set_config('enable_mergejoin', 'off', false), set_config('jit', 'off', false),"
    " set_config('plan_cache_mode', 'force_generic_plan', false)"
)
_BEGIN: Final = sql.SQL("BEGIN; SELECT pg_advisory_xact_lock({}, {})")
#: What changed nothing is no new revision.
_COMMIT: Final = sql.SQL(
    "WITH changed AS (UPDATE store_state SET revision = revision + 1"
    " WHERE pg_current_xact_id_if_assigned() IS NOT NULL RETURNING revision)"
    " SELECT pg_notify({}, '') FROM changed; COMMIT"
)
_PROTECT: Final = "SET default_transaction_read_only = on"
_NUMBER: Final = "UPDATE store_state SET schema = :number"
_SCHEMA: Final = "SELECT schema FROM store_state"
#: From the catalog itself: what a name means is remembered, also while another process makes it.
_HAS_SCHEMA: Final = (
    "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relname = 'store_state')"
)
_REVISION: Final = "SELECT revision FROM store_state"
_PAGES: Final = "SELECT pg_relation_size('version') / current_setting('block_size')::int"
_TELL: Final = "SELECT pg_notify(:channel, :message)"
_VACUUM: Final = (
    "VACUUM (SKIP_LOCKED) prompt, version, reference, search, change, live_document, live_update, run,"
    " experiment_content"
)
#: So often it is looked for a notice that was lost, and for the end of the store.
_LOOK_EVERY: Final = 1.0


class PostgresDatabase(Database):
    """A schema of a database in PostgreSQL."""

    dialect = "postgresql"
    failures = (DBAPIError, psycopg.Error)
    steps = _schema_postgres.STEPS
    raw: psycopg.Connection[tuple[Any, ...]]
    _read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def _open(self, *, read_only: bool) -> None:
        #: What belongs to the process that this one was forked from: to close it here would end it there.
        self._inherited: list[object] = getattr(self, "_inherited", [])
        # Nothing is undone behind our back, which would reach into that other process, too.
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: connect(self.url), poolclass=StaticPool,
            isolation_level="AUTOCOMMIT", query_cache_size=1000, use_native_hstore=False, pool_reset_on_return=None,
            execution_options={_engine.PLACE: self.place},
        )  # fmt: skip
        self._engine = survive_interrupts(engine)
        try:
            self._connection = self._engine.connect()
            raw = self._connection.connection.driver_connection
            if not isinstance(raw, psycopg.Connection):
                raise self.unavailable("its driver is not psycopg")
            self.raw = raw
            self._tune(read_only=read_only)
        except self.failures as error:
            raise self.translated(error) from error

    def _tune(self, *, read_only: bool) -> None:
        self.raw.prepared_max = 500
        self.raw.execute(_PLANNING)
        answer = self.raw.execute(named(_TUNE), {"patience": str(_engine.PATIENCE)}).fetchone()
        _, _, schema, encoding, is_standby = answer or ("", "", None, "", "")
        if schema is None:
            raise self.unavailable("there is no such schema; make it with CREATE SCHEMA, or name another one")
        if encoding != "UTF8":
            raise self.unavailable(f"its texts are in {encoding}; make a database with ENCODING 'UTF8'")
        if is_standby == "on" and not read_only:
            read_only = True
            self.refuse_writes("its server takes no changes")
        if read_only:
            self.protect()
        self._channel = f"prompt_kernel_{schema}"
        # The lock's second number has a sign.
        self._write = _BEGIN.format(sql.Literal(_LOCKS), sql.Literal((schema + 2**31) % 2**32 - 2**31))
        self._commit = _COMMIT.format(sql.Literal(self._channel))
        self._ears = Ears(self.url, self._channel)

    def _is_usable(self) -> bool:
        return super()._is_usable() and (self._depth > 0 or not self.raw.closed)

    def _reopen(self) -> None:
        if self._process == os.getpid():
            self._let_go()
        else:
            self._inherited += [self._connection, self._engine, self.raw, self._ears]
        self._process = os.getpid()
        self._open(read_only=self.read_only is not None)
        self.writes += 1

    def _let_go(self) -> None:
        self._ears.close()
        with suppress(*self.failures):
            self._connection.close()
        self._engine.dispose()

    def _run(self, statement: Any) -> None:
        self.raw.execute(statement, prepare=False)

    def _is_open(self) -> bool:
        return not self.raw.closed and self.raw.info.transaction_status != TransactionStatus.IDLE

    def _undo(self, statement: str = "ROLLBACK") -> None:
        # Where the connection is lost there is nothing left to undo.
        with suppress(*self.failures):
            super()._undo(statement)

    def reason_of(self, error: BaseException) -> str:
        """Return what went wrong, in our words where we have any."""
        return postgres.reason_of(error.orig if isinstance(error, DBAPIError) and error.orig else error)

    @property
    def journal(self) -> str:
        """Which server keeps it."""
        return f"PostgreSQL {self.raw.info.parameter_status('server_version')}"

    @property
    def pages(self) -> int:
        """How many pages the versions have."""
        return int(self.rows(_PAGES, {})[0][0])

    # The schema

    def schema(self) -> int:
        """Return the number that is written down, 0 where there is nothing yet."""
        return int(self.rows(_SCHEMA, {})[0][0]) if self.rows(_HAS_SCHEMA, {})[0][0] else 0

    def run_step(self, step: Any, number: int) -> None:
        """Do one step of `_schema_postgres`, and write its number down."""
        step(self._run)
        self.rows(_NUMBER, {"number": number})

    def protect(self) -> None:
        """Let the server refuse changes by this connection, too."""
        self._execute(_PROTECT)

    def flaws(self) -> list[str]:
        """Return nothing: PostgreSQL lets no client check its files."""
        return []

    # What others do

    def revision(self) -> tuple[int, int]:
        """Return how many transactions have changed anything, and ours."""
        return self.rows(_REVISION, {})[0][0], self.writes

    def wait(self, known: object, timeout: float) -> tuple[int, int]:
        """Wait for a notice, while other threads use the connection."""
        until = time.monotonic() + timeout
        while True:
            heard = self._ears.listen()
            now = self.revision()
            left = until - time.monotonic()
            if now != known or left <= 0:
                return now
            self._ears.wait(heard, min(left, _LOOK_EVERY))

    def hear(self, known: object, timeout: float) -> tuple[object, list[str]]:
        """Wait for a notice or a message."""
        until = time.monotonic() + timeout
        while True:
            heard = self._ears.listen()
            now, messages = self.revision(), self._ears.take()
            left = until - time.monotonic()
            if now != known or messages or left <= 0:
                return now, messages
            self._ears.wait(heard, min(left, _LOOK_EVERY))

    def tell(self, messages: Sequence[str]) -> None:
        """Notify others of messages; each has less than 8,000 bytes."""
        for message in messages:
            self.rows(_TELL, {"channel": self._channel, "message": message})

    def rows(self, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Return the rows of one statement."""
        with self._held():
            try:
                cursor = self.raw.execute(named(statement), values)
                return cursor.fetchall() if cursor.description else []
            except psycopg.Error as error:
                raise self.translated(error) from error

    # Care

    def _vacuum(self) -> None:
        self._execute(_VACUUM)

    def close(self) -> None:
        """Close the connection, unless it is that of the process that this one was forked from."""
        with self._lock:
            if not self._closed and self._process == os.getpid():
                self._let_go()
            self._closed = True
