"""Speaking to PostgreSQL: a connection, our way of naming values, and what an error of it says in our words.

Import this on use only: psycopg is optional.
"""

import atexit
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from prompt_kernel.errors import StoreUnavailableError
from prompt_kernel.locations import shown

_T = TypeVar("_T")
#: Gives the rows of a statement with its values.
Rows = Callable[[str, Mapping[str, object]], list[tuple[Any, ...]]]

_VALUE: Final = re.compile(r"(?<![:\w]):(\w+)")
_MALFORMED: Final = "this is no URL of a database; write postgresql+psycopg://user:password@host/database"
LOST: Final = "the connection to its server was lost; try again"
HELD: Final = "another process held it for over ten seconds; nothing was saved, try again"
#: By the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html
_REASONS: Final = {
    "08": LOST,
    "25006": "its server takes no changes",
    "25P03": LOST,
    "40": "somebody else's change was in the way; nothing was saved, try again",
    "42P07": "there are tables of some other program in that schema; name another one: "
    "?options=-csearch_path%3Dprompts",
    "53100": "the disk of its server is full, so nothing was saved; free some space and try again",
    "53300": "its server has too many connections; close some, or let it take more",
    "55P03": HELD,
    "57P01": LOST,
    "57P02": LOST,
    "57P03": "its server is just starting or stopping; try again",
}


def connect(url: str, *, patience: int = 10) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect to the database at `url`; what the URL does not say is as libpq has it, `patience` is in seconds.

    Raises:
        StoreUnavailableError: the URL makes no sense, or the server cannot be reached or lets nobody in.
    """
    try:
        given = conninfo_to_dict("postgresql://" + url.partition("://")[2])
    except psycopg.Error:
        # What it says may hold the password.
        raise StoreUnavailableError(shown(url), _MALFORMED) from None
    try:
        options: dict[str, Any] = {"connect_timeout": patience, "application_name": "prompt-kernel", **given}
        return psycopg.connect(**options, autocommit=True, client_encoding="utf8")
    except (psycopg.Error, UnicodeError) as error:
        raise StoreUnavailableError(shown(url), _refusal(error)) from error


def _refusal(error: Exception) -> str:
    """Return why nobody was let in: what the server answered, or that nothing did."""
    _, answered, answer = str(error).partition("FATAL:")
    if answered:
        return "its server answers: " + answer.strip().split("\n")[0]
    return "its server cannot be reached: " + str(error).split("\n")[0].removeprefix("connection failed: ")


@lru_cache(maxsize=1024)
def named(statement: str) -> bytes:
    """Return a statement whose values are named `:so` as psycopg wants it, in which they are named `%(so)s`."""
    return _VALUE.sub(r"%(\1)s", statement.replace("%", "%%")).encode()


def reason_of(error: BaseException) -> str:
    """Return what went wrong as the end of a sentence."""
    if not isinstance(error, psycopg.Error):
        return str(error)
    state = error.sqlstate
    if state is None:
        return LOST if isinstance(error, psycopg.OperationalError) else str(error)
    known = _REASONS.get(state) or _REASONS.get(state[:2])
    return known or error.diag.message_primary or str(error)


# Glances

#: Seconds that a glance may take, and for which nobody is asked again who did not answer.
_PATIENCE: Final = 1
_PAUSE: Final = 10.0
_GLANCING: Final = "SET statement_timeout = '1s'; SET default_transaction_read_only = on"


class _Window:
    """A connection for glances, with when it was last in vain."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.Lock()
        self._process = os.getpid()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._failed_at: float | None = None

    def is_for(self, url: str) -> bool:
        return self.url == url and self._process == os.getpid()

    def ask(self, question: Callable[[Rows], _T]) -> _T:
        try:
            connection = self._opened()
            return question(lambda statement, values: connection.execute(named(statement), values).fetchall())
        except psycopg.Error as error:
            raise StoreUnavailableError(shown(self.url), reason_of(error)) from error
        finally:
            if self._connection is None or self._connection.closed:
                self._connection, self._failed_at = None, time.monotonic()

    def _opened(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None:
            if self._failed_at is not None and time.monotonic() < self._failed_at + _PAUSE:
                raise StoreUnavailableError(shown(self.url), LOST)
            self._connection = connect(self.url, patience=_PATIENCE)
            self._connection.execute(_GLANCING)
        return self._connection

    def close(self) -> None:
        # Where this process was forked, the connection is the other one's.
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()


#: The one that was looked through last: who completes names does so from one store.
_windows: Final[list[_Window]] = []
_choosing: Final = threading.Lock()


def glance(url: str, question: Callable[[Rows], _T]) -> _T:
    """Return what `question` finds in the database at `url`, over a connection that is kept for the next time.

    Raises:
        StoreUnavailableError: there is nothing to be found within a second or so.
    """
    window = _window_on(url)
    if not window.lock.acquire(timeout=_PATIENCE):
        raise StoreUnavailableError(shown(url), HELD)
    try:
        return window.ask(question)
    finally:
        window.lock.release()


def _window_on(url: str) -> _Window:
    with _choosing:
        if not _windows or not _windows[0].is_for(url):
            _close_windows()
            _windows.append(_Window(url))
        return _windows[0]


def _close_windows() -> None:
    while _windows:
        window = _windows.pop()
        with window.lock:
            window.close()


atexit.register(_close_windows)
