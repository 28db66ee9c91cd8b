"""Hearing of commits in PostgreSQL: a connection that listens, for all threads that wait."""

import threading
from collections import deque
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg import sql

from prompt_kernel.postgres import connect

#: More than anybody tells between two looks.
_MOST_MESSAGES: Final = 10_000


class Ears:
    """Listens to one channel, over a connection that is made when somebody first waits.

    Of the threads that wait, one at a time sits at the connection, and the others are told by it.
    """

    def __init__(self, url: str, channel: str) -> None:
        """Be about to listen to `channel` of the database at `url`."""
        self._url, self._channel = url, channel
        self._told = threading.Condition()
        self._notices = 0
        self._messages: deque[str] = deque(maxlen=_MOST_MESSAGES)
        self._is_taken = self._closed = False
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def listen(self) -> int:
        """Make sure that from now on nothing is missed; return how many notices there were.

        Raises:
            StoreUnavailableError: the server cannot be reached.
        """
        with self._told:
            lost = self._connection is None or self._connection.closed
            if lost and not self._is_taken and not self._closed:
                self._connection = connect(self._url)
                self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            return self._notices

    def take(self) -> list[str]:
        """Return what was told and nobody has taken yet."""
        with self._told:
            messages = list(self._messages)
            self._messages.clear()
        return messages

    def wait(self, heard: int, timeout: float) -> None:
        """Wait until there were more than `heard` notices, at most `timeout` seconds."""
        with self._told:
            if self._notices != heard or self._closed:
                return
            connection = self._connection
            if self._is_taken or connection is None:
                self._told.wait(timeout)
                return
            self._is_taken = True
        found: list[str] = []
        try:
            # Where the connection is lost, whoever asks for the revision next is told so.
            with suppress(psycopg.Error):
                found = [notice.payload for notice in connection.notifies(timeout=timeout, stop_after=1)]
        finally:
            self._hand_over(found)

    def _hand_over(self, found: list[str]) -> None:
        """Tell the others what was found, and that the connection is free."""
        with self._told:
            self._is_taken = False
            self._notices += len(found)
            self._messages += [message for message in found if message]
            if self._closed:
                self._drop()
            self._told.notify_all()

    def close(self) -> None:
        """Stop listening, at the latest when whoever sits at the connection looks up."""
        with self._told:
            self._closed = True
            if not self._is_taken:
                self._drop()
            self._told.notify_all()

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
