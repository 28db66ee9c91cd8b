"""Tokens: the keys of a server. The secret is shown once, when one is made; what is kept of it is a hash."""

import hashlib
import hmac
import secrets
from typing import Any, Final

from sqlalchemy import Connection, text

from prompt_kernel.errors import InvalidMetadataError, NotFoundError
from prompt_kernel.names import near
from prompt_kernel.records import Token
from prompt_kernel.store import _rows, _versions
from prompt_kernel.store._engine import Database
from prompt_kernel.store._rows import Writer

#: So that whoever finds one, a person or a scanner, knows what it opens.
PREFIX: Final = "pk_"
_BYTES: Final = 32
_LONGEST_NAME: Final = 100

_ALL: Final = text("SELECT name, sha256, may_write, author, created_at FROM token ORDER BY name")
_INSERT: Final = text(
    "INSERT INTO token (name, sha256, may_write, author, created_at)"
    " VALUES (:name, :sha256, :may_write, :author, :at) ON CONFLICT DO NOTHING"
)
_REMOVE: Final = text("DELETE FROM token WHERE name = :name")


def tokens(connection: Connection) -> list[Token]:
    """Return every token, ordered by name."""
    return [_token(row) for row in connection.execute(_ALL)]


def _token(row: Any) -> Token:
    return Token(row.name, bool(row.may_write), row.author, _rows.moment(row.created_at))


def add(connection: Connection, name: str, author: str, writer: Writer, *, may_write: bool) -> str:
    """Make a token, and return its secret.

    Raises:
        InvalidMetadataError: there is one of that name, or the name or the author cannot be one.
    """
    secret = PREFIX + secrets.token_urlsafe(_BYTES)
    values = {
        "name": _checked_name(name), "sha256": _hash_of(secret), "may_write": may_write,
        "author": _rows.checked_line("author", author).strip(), "at": _rows.now(),
    }  # fmt: skip
    if not connection.execute(_INSERT, values).rowcount:
        raise InvalidMetadataError(
            "token", f"there is one called {name} already; remove it first, or call this {name}-2"
        )
    rights = "may write" if may_write else "may read"
    whose = f", for {values['author']}" if values["author"] else ""
    _versions.log(connection, "token", None, "", None, writer, f"added {name}, which {rights}{whose}")
    return secret


def _checked_name(name: str) -> str:
    checked = _rows.checked_line("token", name)
    if checked != checked.strip() or not checked.isprintable() or not 0 < len(checked) <= _LONGEST_NAME:
        raise InvalidMetadataError("token", f"its name is one line of at most {_LONGEST_NAME} characters")
    return checked


def _hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def remove(connection: Connection, name: str, writer: Writer) -> Token:
    """Remove a token, so that it opens nothing any more; return what it was.

    Raises:
        NotFoundError: there is none of that name.
    """
    known = {token.name: token for token in tokens(connection)}
    if name not in known:
        meant = near(name, list(known))
        hint = f" Did you mean {' or '.join(meant)}?" if meant else ""
        raise NotFoundError(f"There is no token {name!r}.{hint}")
    connection.execute(_REMOVE, {"name": name})
    _versions.log(connection, "token", None, "", None, writer, f"removed {name}")
    return known[name]


class Keys:
    """The tokens of a database with their hashes, as they were at one revision: a server asks at every request."""

    def __init__(self, database: Database) -> None:
        """Look into `database` whenever it has changed."""
        self._database = database
        self._known: tuple[object, list[tuple[str, Token]]] = (None, [])

    def find(self, secret: str) -> Token | None:
        """Return the token of a secret; None if there is none."""
        given = _hash_of(secret)
        known = self._at(self._database.revision())
        return next((token for sha256, token in known if hmac.compare_digest(sha256, given)), None)

    def _at(self, revision: object) -> list[tuple[str, Token]]:
        seen, known = self._known
        if seen != revision:
            with self._database.reading() as connection:
                known = [(row.sha256, _token(row)) for row in connection.execute(_ALL)]
            self._known = revision, known
        return known
